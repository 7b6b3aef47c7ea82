"""What the JSON body of an explained call holds, made from what the operation returns.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from pydantic import BaseModel

from commcredits.core.money import format_micros
from commcredits.core.policies import LimitKind
from commcredits.edges.http.administration import report_answers
from commcredits.edges.http.administration.answers import Amount, Identity, Seconds, Time, time, time_or_none
from commcredits.edges.http.administration.report_answers import Call
from commcredits.operations import call_explaining


class MinutesOfCall(BaseModel):
    """What a minute pool paid; ``crossed_at`` is when credits took over, null where they did not."""

    pool: str
    period: str
    included_seconds: Seconds
    minutes: int
    crossed_at: Time | None


class PartOfPrice(BaseModel):
    """Increments that cost the same. ``cost_sixtieths`` is exact, in sixtieths of a millionth of the major unit."""

    begins_second: int
    increments: int
    seconds: Seconds
    price_per_minute: Amount
    band: str
    cost_sixtieths: int


class MoneyOfCall(BaseModel):
    """What credits paid, by one rate, with every step of the sum."""

    began_at: Time
    seconds: Seconds
    prefix: str
    destination: str
    deck_name: str
    first_increment_seconds: int
    next_increment_seconds: int
    billed_seconds: Seconds
    connection_fee: Amount
    parts: list[PartOfPrice]
    rounding_sixtieths: int
    above_maximum: Amount
    price: Amount


class LotOfCall(BaseModel):
    """A fund lot that the call drew on, in order of use."""

    lot_id: Identity
    source: str
    purchased_at: Time
    expires_at: Time
    drawn: Amount
    held: Amount


class LimitOfCall(BaseModel):
    """A cap or limit that bound the call, and its share: an amount, or null where calls are counted."""

    meter: str
    period: str
    kind: LimitKind
    used: Amount | None
    held: Amount | None


class StepOfCall(BaseModel):
    """An answer that the switch got."""

    step: str
    granted_seconds: Seconds
    included_seconds: Seconds
    held: Amount
    charged: Amount
    final: bool


class LaterChange(BaseModel):
    """What was given back after the call was over."""

    at: Time
    reason: str
    amount: Amount
    lot_id: Identity | None


class ExplainedCall(BaseModel):
    """A call with every reason.

    ``row`` is the number of the row in the table of who pays, null for a plain wallet. ``lots`` is null for whoever may
    not read funds. ``refusal_facts`` and ``would_change_it`` are those of the answer that a refused call got.
    """

    call: Call
    row: int | None
    department: str
    usage_location: str
    other_country: str
    domestic: bool | None
    conference_id: str
    user_principal_name: str
    minutes: MinutesOfCall | None
    money: MoneyOfCall | None
    owed: Amount
    lots: list[LotOfCall] | None
    limits: list[LimitOfCall]
    steps: list[StepOfCall]
    later: list[LaterChange]
    refusal_facts: dict[str, str | int]
    would_change_it: list[str]
    time_zone: str


def explained_call(record: call_explaining.CallExplanation) -> ExplainedCall:
    """An explained call as it is answered."""
    refusal, minutes = record.refusal, record.minutes
    return ExplainedCall(
        call=report_answers.call(record.call),
        row=None if record.row is None else record.row.number,
        department=record.department,
        usage_location=record.usage_location,
        other_country=record.other_country,
        domestic=record.domestic,
        conference_id=record.conference_id,
        user_principal_name=record.user_principal_name,
        minutes=None
        if minutes is None
        else MinutesOfCall(
            pool=minutes.pool,
            period=minutes.period,
            included_seconds=minutes.included_seconds,
            minutes=minutes.minutes,
            crossed_at=time_or_none(minutes.crossed_at),
        ),
        money=None if record.money is None else _money(record.money),
        owed=format_micros(record.owed_micros),
        lots=None if record.lots is None else [_lot(lot) for lot in record.lots],
        limits=[_limit(limit) for limit in record.limits],
        steps=[
            StepOfCall(
                step=step.step,
                granted_seconds=step.granted_seconds,
                included_seconds=step.included_seconds,
                held=format_micros(step.held_micros),
                charged=format_micros(step.charged_micros),
                final=step.final,
            )
            for step in record.steps
        ],
        later=[
            LaterChange(
                at=time(each.at), reason=each.reason, amount=format_micros(each.amount_micros), lot_id=each.lot_id
            )
            for each in record.later
        ],
        refusal_facts={} if refusal is None else dict(refusal.facts),
        would_change_it=[] if refusal is None else list(refusal.would_change_it),
        time_zone=record.time_zone,
    )


def _money(record: call_explaining.MoneyPart) -> MoneyOfCall:
    return MoneyOfCall(
        began_at=time(record.began_at),
        seconds=record.seconds,
        prefix=record.rate.prefix,
        destination=record.rate.destination,
        deck_name=record.deck_name,
        first_increment_seconds=record.rate.first_increment_seconds,
        next_increment_seconds=record.rate.next_increment_seconds,
        billed_seconds=record.sum.billed_seconds,
        connection_fee=format_micros(record.sum.connection_fee_micros),
        parts=[
            PartOfPrice(
                begins_second=part.begins_second,
                increments=part.increments,
                seconds=part.seconds,
                price_per_minute=format_micros(part.price_per_minute_micros),
                band=part.band,
                cost_sixtieths=part.cost_sixtieths,
            )
            for part in record.sum.parts
        ],
        rounding_sixtieths=record.sum.rounding_sixtieths,
        above_maximum=format_micros(record.sum.above_maximum_micros),
        price=format_micros(record.sum.price_micros),
    )


def _lot(record: call_explaining.LotDrawn) -> LotOfCall:
    return LotOfCall(
        lot_id=record.lot_id,
        source=record.source,
        purchased_at=time(record.purchased_at),
        expires_at=time(record.expires_at),
        drawn=format_micros(record.drawn_micros),
        held=format_micros(record.held_micros),
    )


def _limit(record: call_explaining.LimitShare) -> LimitOfCall:
    is_money = record.kind is LimitKind.MICROS
    return LimitOfCall(
        meter=record.key,
        period=record.period,
        kind=record.kind,
        used=format_micros(record.used) if is_money else None,
        held=format_micros(record.held) if is_money else None,
    )
