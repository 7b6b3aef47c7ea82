"""What the JSON body of an answer about a possible call holds, made from what the core says.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from commcredits.core import explaining
from commcredits.core.commands import CallType, Service
from commcredits.core.money import format_micros
from commcredits.core.outcomes import Refused
from commcredits.core.plans import BookedTo, Source
from commcredits.core.policies import LimitKind
from commcredits.core.roster import BlockReason, Party, PartyKind
from commcredits.core.tariffs import Rate
from commcredits.edges.http.administration.answers import (
    Amount,
    Currency,
    Identity,
    Seconds,
    Time,
    time,
    time_or_none,
)
from commcredits.edges.http.administration.people_answers import Count, Refusal
from commcredits.edges.http.administration.policy_answers import Month, PoolKey
from commcredits.edges.http.problems import refusal_problem
from commcredits.operations.may_call import CallAnswer

Quantity = Count | Amount


class CallParty(BaseModel):
    """A user or resource account that has to do with the call."""

    object_id: Identity
    kind: PartyKind
    user_principal_name: str
    display_name: str
    usage_location: str
    department: str


class PoolStanding(BaseModel):
    """How a minute pool stands in its month."""

    pool: PoolKey
    month: Month
    total_minutes: Count
    used_minutes: Count
    held_minutes: Count
    available_minutes: Count
    empty_since: Time | None


class CallRate(BaseModel):
    """The rate that would price the call. ``shaped``: bands, steps or a maximum change what a minute costs."""

    prefix: str
    destination: str
    price_per_minute: Amount
    connection_fee: Amount
    first_increment: Seconds
    next_increment: Seconds
    origin_country: str
    shaped: bool


class CreditsStanding(BaseModel):
    """What credits can do for the call; ``refusal`` says why they may not pay at all.

    They begin to pay at ``begins_at``, after the minutes, if there are any; ``first_minute`` is the price of the minute
    from then on, connection fee included. Limits leave ``spendable`` of what is ``available``, the one of the meter
    ``bound_by`` the least; null when none leaves less than the balance does.
    """

    begins_at: Time
    refusal: Refusal
    rate: CallRate | None
    first_minute: Amount | None
    available: Amount
    spendable: Amount
    bound_by: str | None
    affordable_seconds: Seconds


class LimitStanding(BaseModel):
    """A limit that binds the call: so many calls at once, or an amount; ``blocks``: reaching it blocks what follows."""

    meter: Annotated[str, Field(examples=["cap:department:Vânzări"])]
    period: Annotated[str, Field(description="A month, a day or an hour; empty for calls at once.")]
    counts: Annotated[str, Field(pattern="^(calls|money)$", examples=["money"])]
    limit: Quantity
    used: Quantity
    held: Quantity
    left: Quantity
    reached_at: Time | None
    blocks: BlockReason | None


class MayCall(BaseModel):
    """What authorise would answer now, and all that it rests on.

    ``row`` and ``situation`` are those of the table of who pays; null for a plain wallet. ``party`` is who the call is
    booked to, ``user`` whose call it is where another's plan pays. ``first`` pays first, from ``pool`` where it is a
    minute pool; ``stopped_by`` is another pool whose end stops it. A call that may not be made whatever pays says
    nothing of who would. An allowed one may last ``seconds_max``, of which minutes pay the first ``included_seconds``.
    """

    allowed: bool
    refusal: Refusal
    would_change_it: Annotated[
        list[str],
        Field(
            description="Stable keys of what would change a refusal, each alone, the nearest first; see "
            "docs/policies.md.",
            examples=[["add_funds", "wait_until:2026-11-30T22:00:00Z"]],
        ),
    ]
    at: Time
    caller: str
    callee: str
    service: Service
    call_type: CallType | None
    row: int | None
    situation: str | None
    booked_to: BookedTo | None
    party: CallParty | None
    user: CallParty | None
    destination_country: str | None
    domestic: bool | None
    first: Source | None
    pool: PoolStanding | None
    stopped_by: PoolStanding | None
    credits: CreditsStanding | None
    limits: list[LimitStanding]
    included_seconds: Seconds
    seconds_max: Seconds
    currency: Currency


def may_call(record: CallAnswer) -> MayCall:
    """The answer about a possible call as it is answered."""
    answer, booking = record.answer, record.answer.booking
    return MayCall(
        allowed=answer.allowed,
        refusal=_problem(answer.outcome if isinstance(answer.outcome, Refused) else None),
        would_change_it=list(answer.would_change_it),
        at=time(answer.at),
        caller=answer.call.caller,
        callee=answer.call.callee,
        service=answer.service,
        call_type=answer.call.call_type if booking is None else booking.call_type,
        row=None if answer.row is None else answer.row.number,
        situation=None if answer.row is None else answer.row.situation,
        booked_to=None if answer.row is None else answer.row.booked_to,
        party=_party(answer.party),
        user=_party(answer.user),
        destination_country=None if booking is None else booking.other_country,
        domestic=None if booking is None else booking.domestic,
        first=answer.first,
        pool=_pool(answer.pool),
        stopped_by=_pool(answer.stopped_by),
        credits=_credits(answer.credits),
        limits=[_limit(each) for each in answer.limits],
        included_seconds=answer.included_seconds,
        seconds_max=answer.seconds_max,
        currency=record.currency,
    )


def _problem(refused: Refused | None) -> dict[str, Any] | None:
    return None if refused is None else dict(refusal_problem(refused).document)


def _party(party: Party | None) -> CallParty | None:
    if party is None:
        return None
    return CallParty(
        object_id=party.party_id,
        kind=party.kind,
        user_principal_name=party.user_principal_name,
        display_name=party.display_name,
        usage_location=party.usage_location,
        department=party.department,
    )


def _pool(standing: explaining.PoolStanding | None) -> PoolStanding | None:
    if standing is None:
        return None
    return PoolStanding(
        pool=standing.key,
        month=standing.month,
        total_minutes=standing.minutes,
        used_minutes=standing.used,
        held_minutes=standing.held,
        available_minutes=standing.left,
        empty_since=time_or_none(standing.empty_since),
    )


def _credits(standing: explaining.CreditsStanding | None) -> CreditsStanding | None:
    if standing is None:
        return None
    return CreditsStanding(
        begins_at=time(standing.begins_at),
        refusal=_problem(standing.refused),
        rate=_rate(standing.rate),
        first_minute=None if standing.rate is None else format_micros(standing.first_minute_micros),
        available=format_micros(standing.available_micros),
        spendable=format_micros(standing.spendable_micros),
        bound_by=standing.bound_by or None,
        affordable_seconds=standing.affordable_seconds,
    )


def _rate(rate: Rate | None) -> CallRate | None:
    if rate is None:
        return None
    return CallRate(
        prefix=rate.prefix,
        destination=rate.destination,
        price_per_minute=format_micros(rate.price_per_minute_micros),
        connection_fee=format_micros(rate.connection_fee_micros),
        first_increment=rate.first_increment_seconds,
        next_increment=rate.next_increment_seconds,
        origin_country=rate.origin_country,
        shaped=rate.shape is not None,
    )


def _limit(standing: explaining.LimitStanding) -> LimitStanding:
    binding = standing.binding
    calls = binding.kind is LimitKind.CALLS

    def quantity(number: int) -> int | str:
        return number if calls else format_micros(number)

    return LimitStanding(
        meter=binding.key,
        period=binding.period,
        counts="calls" if calls else "money",
        limit=quantity(binding.limit),
        used=quantity(standing.used),
        held=quantity(standing.held),
        left=quantity(standing.left),
        reached_at=time_or_none(standing.reached_at),
        blocks=binding.blocks,
    )
