"""What the JSON bodies of usage hold: rows, sums by day, exports.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null or empty.
"""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from commcredits.core.commands import CallType
from commcredits.core.money import format_micros
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Seconds, Time, time, time_or_none
from commcredits.operations import call_exports
from commcredits.operations.call_exports import ExportState
from commcredits.operations.call_records import NumberType
from commcredits.operations.call_records import UsageRow as UsageRowRecord
from commcredits.operations.usage import UsageSums as UsageSumsRecord


class UsageRow(BaseModel):
    """One row of usage: a call, or the part of one that one source paid. ``charge`` is without ``connection_fee``.

    ``domestic`` is null where a call has no such side. External numbers are as they may be shown.
    """

    usage_id: Identity
    session_id: str
    part: int = Field(ge=1, le=2)
    user_id: Identity | None
    user_principal_name: str
    display_name: str
    user_location: str
    department: str
    call_type: CallType
    number_type: NumberType
    domestic: bool | None
    caller: str
    callee: str
    destination: str
    external_country: str
    conference_id: str
    started_at: Time
    ended_at: Time
    duration_seconds: Seconds
    connection_fee: Amount
    charge: Amount
    currency: Currency
    capability: str


class DayOfUsage(BaseModel):
    """What the calls that began on one day (UTC) came to; the charge is without connection fees."""

    day: date
    calls: int = Field(ge=0)
    duration_seconds: Seconds
    connection_fee: Amount
    charge: Amount


class UsageSums(BaseModel):
    """What the calls of a period came to, in all and by day, the days without calls included."""

    calls: int = Field(ge=0)
    duration_seconds: Seconds
    connection_fee: Amount
    charge: Amount
    currency: Currency
    days: list[DayOfUsage]


class CallExport(BaseModel):
    """An export that the worker writes; ``calls_expected`` is known once it is being written."""

    export_id: Identity
    state: ExportState
    begins_at: Time
    ends_at: Time
    requested_by: str
    requested_at: Time
    calls_expected: int = Field(ge=0)
    calls_written: int = Field(ge=0)
    rows_written: int = Field(ge=0)
    bytes_written: int = Field(ge=0)
    finished_at: Time | None
    expires_at: Time | None


def usage_row(row: UsageRowRecord) -> UsageRow:
    """A row as it is answered."""
    return UsageRow(
        usage_id=row.usage_id,
        session_id=row.session_id,
        part=row.part,
        user_id=row.party_id or None,
        user_principal_name=row.user_principal_name,
        display_name=row.display_name,
        user_location=row.user_location,
        department=row.department,
        call_type=row.call_type,
        number_type=row.number_type,
        domestic=row.domestic,
        caller=row.caller,
        callee=row.callee,
        destination=row.destination,
        external_country=row.external_country,
        conference_id=row.conference_id,
        started_at=time(row.started_at),
        ended_at=time(row.ended_at),
        duration_seconds=row.duration_seconds,
        connection_fee=format_micros(row.fee_micros),
        charge=format_micros(row.charge_micros),
        currency=row.currency,
        capability=row.capability,
    )


def usage_sums(sums: UsageSumsRecord) -> UsageSums:
    """Sums as they are answered."""
    return UsageSums(
        calls=sums.calls,
        duration_seconds=sums.seconds,
        connection_fee=format_micros(sums.fee_micros),
        charge=format_micros(sums.charge_micros),
        currency=sums.currency,
        days=[
            DayOfUsage(
                day=day.day,
                calls=day.calls,
                duration_seconds=day.seconds,
                connection_fee=format_micros(day.fee_micros),
                charge=format_micros(day.charge_micros),
            )
            for day in sums.days
        ],
    )


def call_export(export: call_exports.CallExport) -> CallExport:
    """An export as it is answered."""
    return CallExport(
        export_id=export.export_id,
        state=export.state,
        begins_at=time(export.query.begins),
        ends_at=time(export.query.ends),
        requested_by=export.requested_by,
        requested_at=time(export.requested_at),
        calls_expected=export.calls_expected,
        calls_written=export.calls_written,
        rows_written=export.rows_written,
        bytes_written=export.bytes_written,
        finished_at=time_or_none(export.finished_at),
        expires_at=time_or_none(export.expires_at),
    )
