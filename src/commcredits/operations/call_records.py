"""Calls as the rows of usage reports: what the usage page, the export and the call-record API all show (domain.md §7).

Knows what each field of a row says, and that a call which a pool paid first and credits after is two rows with one Call
ID. Refuses to know which calls are asked for, and to show an external number in full where the organization's country
hides its end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from hashlib import sha1
from typing import Final
from uuid import UUID

import asyncpg
from babel import Locale

from commcredits.core.commands import CallType, Service
from commcredits.core.numbers import classify
from commcredits.core.plans import US_AND_CANADA
from commcredits.operations.organizations import Organization
from commcredits.operations.report_terms import ReportTerms

CALL_ID_CHARACTERS_MAX: Final = 64
"""Most characters of a Call ID on a row; a switch's longer one is cut."""

DURATION_SOURCE: Final = "operator"
"""Whose clock a duration is by: always the switch of whoever carried the call."""

INBOUND_TYPES: Final = frozenset(
    {CallType.USER_IN, CallType.CONF_IN, CallType.UCAP_IN, CallType.UNASSIGNED_IN, CallType.DR_IN}
)
"""The types of calls that come in: there the caller is the external party, else the callee is."""

SERVICES_IN: Final = frozenset({Service.TOLL_IN, Service.TOLL_FREE_IN})
"""The services of calls that come in, where no call type says so."""

_RESOURCE_ACCOUNTS_OWN: Final = frozenset({CallType.UCAP_IN, CallType.UCAP_OUT})
_SERVICE_NUMBERS: Final = frozenset({CallType.CONF_IN, CallType.CONF_OUT, CallType.UCAP_IN, CallType.UCAP_OUT})
_USAGE_IDS: Final = UUID("5f3b6f0e-6c5a-5d0e-9b8e-2f1f5b1d7c42").bytes


class NumberType(StrEnum):
    """Which kind of the organization's own numbers a call was on. Stable: report tools group by these words."""

    SUBSCRIBER = "Subscriber"
    SERVICE = "Service"
    TOLL_FREE = "TollFree"


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """One row of a report. Amounts in millionths: ``charge_micros`` without the connection fee.

    ``part`` counts the rows of one call from 1. ``domestic`` is None where a call has no such side. ``caller`` and
    ``callee`` are as they may be shown; ``object_id`` is empty for calls of resource accounts and of nobody.
    ``party_id`` is whose call it is whatever the kind of call, for links. ``session_id`` is the whole Call ID.
    """

    usage_id: str
    session_id: str
    part: int
    call_id: str
    conference_id: str
    user_location: str
    object_id: str
    party_id: str
    user_principal_name: str
    display_name: str
    call_type: CallType
    inbound: bool
    number_type: NumberType
    domestic: bool | None
    destination: str
    caller: str
    callee: str
    external_country: str
    own_country: str
    started_at: datetime
    ended_at: datetime
    duration_seconds: int
    fee_micros: int
    charge_micros: int
    currency: str
    capability: str
    operator: str
    department: str

    @property
    def own_number(self) -> str:
        """The organization's own number in the call."""
        return self.callee if self.inbound else self.caller


def rows_of(record: asyncpg.Record, organization: Organization, terms: ReportTerms) -> Iterator[UsageRow]:
    """The one or two rows of a call, as ``usage_calls`` tells of it, in order of time."""
    call_type = CallType(record["call_type"])
    inbound = call_type in INBOUND_TYPES
    external = record["caller"] if inbound else record["callee"]
    own = record["callee"] if inbound else record["caller"]
    external_country = classify(external).country if record["other_country"] is None else record["other_country"]
    location = organization.country if record["usage_location"] is None else record["usage_location"]
    caller, callee = terms.privacy.shown(
        record["caller"], record["callee"], inbound=inbound, country=organization.country
    )
    party_id = "" if record["object_id"] is None else str(record["object_id"])
    domestic = record["domestic"]
    if domestic is None and record["other_country"] is None and not inbound and call_type is not CallType.EMERGENCY_OUT:
        domestic = _is_domestic(location, external_country)
    own_country = classify(own).country
    dialled = own_country if inbound else external_country
    session_id = record["session_id"]
    split = record["then_capability"] is not None
    began_at, first_seconds = record["began_at"], record["first_seconds"]
    crossed_at = began_at + timedelta(seconds=first_seconds)
    charge = record["charged_micros"] - record["fee_micros"]
    for is_first in (True, False) if split else (True,):
        pays = not (is_first and split)
        part = 1 if is_first else 2
        seconds = first_seconds if is_first else record["then_seconds"]
        starts = began_at if is_first else crossed_at
        yield UsageRow(
            usage_id=usage_id(organization.organization_id, session_id, part),
            session_id=session_id,
            part=part,
            call_id=session_id[:CALL_ID_CHARACTERS_MAX],
            conference_id=record["conference_id"] or "",
            user_location=location,
            object_id="" if call_type in _RESOURCE_ACCOUNTS_OWN else party_id,
            party_id=party_id,
            user_principal_name=record["user_principal_name"] or "",
            display_name=record["display_name"] or "",
            call_type=call_type,
            inbound=inbound,
            number_type=_number_type(call_type, record["service"]),
            domestic=domestic,
            destination=record["destination"] or country_name(dialled),
            caller=caller,
            callee=callee,
            external_country=external_country,
            own_country=own_country,
            started_at=starts,
            ended_at=starts + timedelta(seconds=seconds),
            duration_seconds=seconds,
            fee_micros=record["fee_micros"] if pays else 0,
            charge_micros=charge if pays else 0,
            currency=organization.currency,
            capability=record["first_capability"] if is_first else record["then_capability"],
            operator=terms.operator,
            department=record["department"] or "",
        )


def usage_id(organization_id: str, session_id: str, part: int) -> str:
    """The id of a row: a UUID by name (RFC 9562 §5.5), the same whenever and wherever the row is told."""
    name = f"{organization_id}/{session_id}/{part}".encode()
    digest = sha1(_USAGE_IDS + name, usedforsecurity=False).digest()
    return str(UUID(bytes=digest[:16], version=5))


@lru_cache(maxsize=512)
def country_name(code: str) -> str:
    """A country's English name, as report tools have it; empty for none."""
    return str(Locale("en").territories.get(code, code)) if code else ""


def _is_domestic(location: str, country: str) -> bool | None:
    if not location or not country:
        return None
    return country == location or (country in US_AND_CANADA and location in US_AND_CANADA)


def _number_type(call_type: CallType, service: str) -> NumberType:
    if service == Service.TOLL_FREE_IN:
        return NumberType.TOLL_FREE
    return NumberType.SERVICE if call_type in _SERVICE_NUMBERS else NumberType.SUBSCRIBER
