"""What the JSON bodies of spending, statements and dial-out hold, made from what operations return.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, Field

from commcredits.core.money import format_micros
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Seconds, Time, time
from commcredits.operations import dial_out, statements
from commcredits.operations import spending as spending_reports
from commcredits.operations.spending import SpendingBy, SpendingEvery
from commcredits.operations.statements import StatementEntry


class Spent(BaseModel):
    """What calls came to; ``charged`` with connection fees, ``pool_minutes`` of minute pools beside it."""

    calls: int
    seconds: Seconds
    pool_minutes: int
    charged: Amount


class SpendingLine(Spent):
    """One department, user, destination, service or capability. ``over_time`` is null but for the dearest lines."""

    key: str = Field(description="Empty for calls of none: of no department, of nobody.")
    name: str = Field(description="A destination as the rate has it, and a service's call type.")
    display_name: str
    user_principal_name: str
    over_time: list[Spent] | None


class SpendingBucket(Spent):
    """One day, week or month, by its first day."""

    first_day: date


class Spending(BaseModel):
    """What calls of these days of the organization's time zone came to; ``others`` are all lines beyond the top."""

    by: SpendingBy
    every: SpendingEvery
    first_day: date
    last_day: date
    time_zone: str
    currency: Currency
    as_of: Time
    total: Spent
    over_time: list[SpendingBucket]
    lines: list[SpendingLine]
    others: Spent
    others_count: int


class StatementLine(BaseModel):
    """What came, above zero, or went, below zero, for one reason; ``service`` of calls, null else."""

    entry: StatementEntry
    service: str | None
    amount: Amount


class Statement(BaseModel):
    """A month of the balance: ``opening`` and the lines come to ``closing``. Debts and tax stand beside the balance."""

    month: str
    begins_at: Time
    ends_at: Time
    is_over: bool
    opening: Amount
    lines: list[StatementLine]
    closing: Amount
    owed_opening: Amount
    owed_closing: Amount
    tax: Amount
    tax_given_back: Amount
    currency: Currency
    time_zone: str
    as_of: Time


class DialOutOrganizer(Spent):
    """Conference legs of one organizer; ``user_id`` is null for legs that no organizer was told for."""

    user_id: Identity | None
    display_name: str
    user_principal_name: str
    country: str


class DialOut(BaseModel):
    """Organizers with what their legs came to, the dearest first."""

    first_day: date
    last_day: date
    total: Spent
    organizers: list[DialOutOrganizer]
    currency: Currency
    time_zone: str
    as_of: Time


class DialOutLeg(BaseModel):
    """One conference leg; the number as the organization may see it."""

    session_id: str
    conference_id: str
    began_at: Time
    callee: str
    destination: str
    country: str
    seconds: Seconds
    pool_minutes: int
    charged: Amount
    capability: str


class DialOutLegs(BaseModel):
    """The legs of one organizer, newest first."""

    user_id: Identity
    display_name: str
    user_principal_name: str
    legs: list[DialOutLeg]


def spending(record: spending_reports.SpendingReport) -> Spending:
    """A report of spending as it is answered."""
    return Spending(
        by=record.by,
        every=record.every,
        first_day=record.first_day,
        last_day=record.last_day,
        time_zone=record.time_zone,
        currency=record.currency,
        as_of=time(record.as_of),
        total=_spent(record.total),
        over_time=[
            SpendingBucket(first_day=bucket, **_spent(spent).model_dump())
            for bucket, spent in zip(record.buckets, record.over_time, strict=True)
        ],
        lines=[
            SpendingLine(
                key=line.key,
                name=line.name,
                display_name=line.display_name,
                user_principal_name=line.user_principal_name,
                over_time=[_spent(each) for each in line.over_time] if line.over_time else None,
                **_spent(line.spent).model_dump(),
            )
            for line in record.lines
        ],
        others=_spent(record.others),
        others_count=record.others_count,
    )


def statement(record: statements.Statement) -> Statement:
    """A month as it is answered."""
    return Statement(
        month=record.month,
        begins_at=time(record.begins_at),
        ends_at=time(record.ends_at),
        is_over=record.is_over,
        opening=format_micros(record.opening_micros),
        lines=[
            StatementLine(
                entry=line.entry,
                service=None if line.service is None else line.service.value,
                amount=format_micros(line.amount_micros),
            )
            for line in record.lines
        ],
        closing=format_micros(record.closing_micros),
        owed_opening=format_micros(record.owed_opening_micros),
        owed_closing=format_micros(record.owed_closing_micros),
        tax=format_micros(record.tax_micros),
        tax_given_back=format_micros(record.tax_given_back_micros),
        currency=record.currency,
        time_zone=record.time_zone,
        as_of=time(record.as_of),
    )


def dial_out_report(record: dial_out.DialOutReport) -> DialOut:
    """Conference dial-out as it is answered."""
    return DialOut(
        first_day=record.first_day,
        last_day=record.last_day,
        total=_spent(record.total),
        organizers=[
            DialOutOrganizer(
                user_id=each.user_id or None,
                display_name=each.display_name,
                user_principal_name=each.user_principal_name,
                country=each.country,
                **_spent(each.spent).model_dump(),
            )
            for each in record.organizers
        ],
        currency=record.currency,
        time_zone=record.time_zone,
        as_of=time(record.as_of),
    )


def dial_out_legs(record: dial_out.DialOutLegs) -> DialOutLegs:
    """An organizer's legs as they are answered."""
    return DialOutLegs(
        user_id=record.user_id,
        display_name=record.display_name,
        user_principal_name=record.user_principal_name,
        legs=[
            DialOutLeg(
                session_id=leg.session_id,
                conference_id=leg.conference_id,
                began_at=time(leg.began_at),
                callee=leg.callee,
                destination=leg.destination,
                country=leg.country,
                seconds=leg.seconds,
                pool_minutes=leg.pool_minutes,
                charged=format_micros(leg.charged_micros),
                capability=leg.capability,
            )
            for leg in record.legs
        ],
    )


def _spent(record: spending_reports.Spent) -> Spent:
    return Spent(
        calls=record.calls,
        seconds=record.seconds,
        pool_minutes=record.pool_minutes,
        charged=format_micros(record.charged_micros),
    )
