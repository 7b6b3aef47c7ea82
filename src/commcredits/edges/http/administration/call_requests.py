"""What the JSON bodies of requests about recorded calls and their prices hold.

Knows the names of fields on the wire. Refuses to know what is done with them.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from commcredits.edges.http.administration.call_forms import MappingDocument, RecordsArray
from commcredits.edges.http.administration.forms import Flag, Identifier, Instant

_ID: Final = "019353b4-7c1e-7000-8000-0123456789ab"


def _strict(example: dict[str, Any]) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [example]})


class CallsToRecord(BaseModel):
    """Calls that are over. ``ignore_users`` leaves out whose they were, so that the organization's numbers say it."""

    model_config = _strict(
        {
            "records": [
                {
                    "record_id": "1f6c7f4e-2a5f-4c1d-9f3e-0a1b2c3d4e5f",
                    "service": "outbound",
                    "caller": "+40212345678",
                    "callee": "+442079460000",
                    "started_at": "2026-11-20T09:00:00Z",
                    "duration_seconds": 90,
                }
            ]
        }
    )

    records: RecordsArray
    ignore_users: Flag = False


class CallMappingToSave(BaseModel):
    """A mapping of files of call records, under the name that it says itself."""

    model_config = _strict(
        {
            "document": {
                "name": "my_switch",
                "fields": {
                    "record_id": "id",
                    "service": {"columns": ["direction"], "values": {"out": "outbound", "in": "toll_in"}},
                    "caller": "from",
                    "callee": "to",
                    "started_at": "began",
                    "duration_seconds": "lasted",
                },
                "numbers": {"international_prefix": "00", "trunk_prefix": "0", "country_code": "40"},
                "time": {"format": "%Y-%m-%d %H:%M:%S", "zone": "Europe/Bucharest"},
            }
        }
    )

    document: MappingDocument


class PeriodToRate(BaseModel):
    """Calls that began in a period, its end left out, and the rate deck that they are rated by."""

    model_config = _strict(
        {"rate_deck_id": _ID, "begins_at": "2026-10-01T00:00:00Z", "ends_at": "2026-11-01T00:00:00Z"}
    )

    rate_deck_id: Identifier
    begins_at: Instant
    ends_at: Instant
