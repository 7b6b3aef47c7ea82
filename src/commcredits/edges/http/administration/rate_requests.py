"""What the JSON bodies of requests about rate decks hold.

Knows the names of fields on the wire. Refuses to know what is done with them.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from commcredits.edges.http.administration.forms import CurrencyCode, Identifier, Instant, Name
from commcredits.edges.http.administration.rate_forms import RatesArray, TermsObject

_ID: Final = "019353b4-7c1e-7000-8000-0123456789ab"


class RateDeckToDraft(BaseModel):
    """A draft with its rates; ``terms`` is what the deck says once for all of them."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "Standard 2027",
                    "currency": "EUR",
                    "terms": {
                        "time_zone": "Europe/Bucharest",
                        "holidays": ["2027-01-01"],
                        "bands": {"peak": {"weekdays": "mon-fri", "from": "08:00", "to": "20:00"}},
                        "rounding": {"digits": 4, "mode": "half_up"},
                    },
                    "rates": [
                        {
                            "prefix": "40",
                            "destination": "Romania",
                            "service": "outbound",
                            "price_per_minute": "0.006",
                            "connection_fee": "0",
                            "first_increment": 30,
                            "next_increment": 6,
                            "effective_from": "2027-01-01",
                            "band_prices": [{"band": "peak", "price_per_minute": "0.008"}],
                        }
                    ],
                }
            ]
        },
    )

    name: Name
    currency: CurrencyCode
    rates: RatesArray
    terms: TermsObject | None = None


class PublicationToMake(BaseModel):
    """A draft to publish: from when, and in the place of which deck. Without ``in_force_at``: at once."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"in_force_at": "2027-01-31T00:00:00Z", "replaces_rate_deck_id": _ID}]},
    )

    in_force_at: Instant | None = None
    replaces_rate_deck_id: Identifier | None = None


class RateDeckToAssign(BaseModel):
    """The rate deck that prices an organization's calls, and from when. Without ``in_force_at``: at once."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={"examples": [{"rate_deck_id": _ID, "in_force_at": "2027-01-31T00:00:00Z"}]},
    )

    rate_deck_id: Identifier
    in_force_at: Instant | None = None
