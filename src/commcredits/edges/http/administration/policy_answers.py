"""What the JSON bodies of answers about rules, blocks, pools and possible calls hold, made from what operations return.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.money import format_micros
from commcredits.core.roster import BlockedKind, BlockReason, CallsWithoutUser, Licence, PoolSize
from commcredits.core.roster import Limits as LimitsRecord
from commcredits.edges.http.administration.answers import (
    Amount,
    Currency,
    Identity,
    Seconds,
    Time,
    time,
    time_or_none,
)
from commcredits.edges.http.administration.people_answers import Count, DialOut
from commcredits.operations.blocks import BlockRecord
from commcredits.operations.pools import MinutesBeyond as MinutesBeyondRecord
from commcredits.operations.pools import PoolRecord
from commcredits.operations.pools import PoolsReport as PoolsReportRecord
from commcredits.operations.rules import RulesRecord

Month = Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}$", examples=["2026-11"])]
PoolKey = Annotated[str, Field(description="The pool's meter.", examples=["pool:MCOPSTN1:RO"])]


class Limits(BaseModel):
    """Caps and fraud limits; null is no limit. A user's own cap wins over ``user_monthly_max``.

    ``user_hourly_max`` and ``destination_daily_max`` block when reached. The latter binds calls to one country other
    than the organization's own; a day may cost ``destination_factor`` times what is usual there, if that is more.
    """

    calls_max: int | None
    user_calls_max: int | None
    user_monthly_max: Amount | None
    department_monthly_max: dict[str, Amount]
    user_hourly_max: Amount | None
    destination_daily_max: Amount | None
    destination_factor: int
    toll_free_caller_daily_max: Amount | None


class Rules(BaseModel):
    """An organization's rules; not ``in_force`` where it never had people or rules, and all calls draw on credits.

    ``usual_daily`` is what a day of calls to a country cost at most in the last weeks, where a limit rests on it.
    """

    in_force: bool
    dial_out: DialOut
    premium_allowed: bool
    calls_without_user: CallsWithoutUser
    pool_size_by: dict[Licence, PoolSize]
    international_stops_both: bool
    limits: Limits
    usual_daily: dict[str, Amount]
    currency: Currency


class Block(BaseModel):
    """A block; ``lifted_at`` is null while it is in force.

    ``subject`` is the object id of a user, whose names are empty once it is gone, or the code of a country. ``limit``
    and ``spent`` are what set it off; null where somebody set it.
    """

    block_id: Identity
    kind: BlockedKind
    subject: str
    display_name: str
    user_principal_name: str
    reason: BlockReason
    limit: Amount | None
    spent: Amount | None
    currency: Currency
    blocked_at: Time
    lifted_at: Time | None
    lifted_by: str


class MinutesBeyond(BaseModel):
    """What calls that had a pool came to beyond its minutes, paid by credits."""

    calls: Count
    seconds: Seconds
    charged: Amount


class Pool(BaseModel):
    """A minute pool, or the minutes that ``users`` in one country have each for themselves; those have no ``pool``.

    ``available_minutes`` are neither used nor held by running calls. ``stopped_by`` is another pool whose end stops
    this one. ``empty_since`` is null while there is something left, and where nobody noticed when it went.
    """

    pool: PoolKey | None
    licence: Licence
    capability: str
    description: str
    country: str
    international: bool
    users: Count | None
    total_minutes: Count
    used_minutes: Count
    held_minutes: Count
    available_minutes: Count
    empty_since: Time | None
    stopped_by: PoolKey | None
    beyond: MinutesBeyond


class PoolsReport(BaseModel):
    """All minutes of an organization in a month, their sums, and the ``available`` credits that pay beyond them.

    Totals go by the licences that there are now, also for a month that is over.
    """

    month: Month
    begins_at: Time
    ends_at: Time
    pools: list[Pool]
    total_minutes: Count
    used_minutes: Count
    held_minutes: Count
    available_minutes: Count
    beyond: MinutesBeyond
    available: Amount
    currency: Currency
    as_of: Time


def rules(record: RulesRecord) -> Rules:
    """Rules as they are answered."""
    standing = record.rules
    return Rules(
        in_force=record.in_force,
        dial_out=DialOut(conference=standing.dial_out.conference, user=standing.dial_out.user),
        premium_allowed=standing.premium_allowed,
        calls_without_user=standing.calls_without_user,
        pool_size_by=dict(standing.pool_size_by),
        international_stops_both=standing.international_stops_both,
        limits=_limits(standing.limits),
        usual_daily={country: format_micros(micros) for country, micros in record.usual_daily_micros.items()},
        currency=record.currency,
    )


def _limits(record: LimitsRecord) -> Limits:
    departments = record.department_monthly_max_micros.items()
    return Limits(
        calls_max=record.calls_max,
        user_calls_max=record.user_calls_max,
        user_monthly_max=amount_or_none(record.user_monthly_max_micros),
        department_monthly_max={department: format_micros(micros) for department, micros in departments},
        user_hourly_max=amount_or_none(record.user_hourly_max_micros),
        destination_daily_max=amount_or_none(record.destination_daily_max_micros),
        destination_factor=record.destination_factor,
        toll_free_caller_daily_max=amount_or_none(record.toll_free_caller_daily_max_micros),
    )


def block(record: BlockRecord) -> Block:
    """A block as it is answered."""
    return Block(
        block_id=record.block_id,
        kind=record.kind,
        subject=record.subject,
        display_name=record.display_name,
        user_principal_name=record.user_principal_name,
        reason=record.reason,
        limit=amount_or_none(record.limit_micros),
        spent=amount_or_none(record.spent_micros),
        currency=record.currency,
        blocked_at=time(record.blocked_at),
        lifted_at=time_or_none(record.lifted_at),
        lifted_by=record.lifted_by,
    )


def pools_report(record: PoolsReportRecord) -> PoolsReport:
    """The report of minute pools as it is answered."""
    return PoolsReport(
        month=record.month,
        begins_at=time(record.begins_at),
        ends_at=time(record.ends_at),
        pools=[_pool(each) for each in record.pools],
        total_minutes=record.total_minutes,
        used_minutes=record.used_minutes,
        held_minutes=record.held_minutes,
        available_minutes=record.available_minutes,
        beyond=_beyond(record.beyond),
        available=format_micros(record.available_micros),
        currency=record.currency,
        as_of=time(record.as_of),
    )


def _pool(record: PoolRecord) -> Pool:
    return Pool(
        pool=record.pool,
        licence=record.licence,
        capability=record.capability,
        description=record.description,
        country=record.country,
        international=record.international,
        users=record.users,
        total_minutes=record.total_minutes,
        used_minutes=record.used_minutes,
        held_minutes=record.held_minutes,
        available_minutes=record.available_minutes,
        empty_since=time_or_none(record.empty_since),
        stopped_by=record.stopped_by,
        beyond=_beyond(record.beyond),
    )


def _beyond(record: MinutesBeyondRecord) -> MinutesBeyond:
    return MinutesBeyond(calls=record.calls, seconds=record.seconds, charged=format_micros(record.charged_micros))


def amount_or_none(amount_micros: int | None) -> str | None:
    """An amount as it is written, if there is one."""
    return None if amount_micros is None else format_micros(amount_micros)
