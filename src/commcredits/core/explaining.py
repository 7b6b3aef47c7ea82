"""May this call be made now, and why not: what authorise would answer, with all that the answer rests on.

Knows how to ask the functions that charging asks, so that the two can never differ. Refuses to change or keep anything,
and to decide anything of its own; what would change a refusal is said by commcredits.core.remedies.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from commcredits.core.account import Account, Booking, Context, Surroundings
from commcredits.core.admission import FREE_SOURCES, Admission, admit
from commcredits.core.authorising import authorise, first_bounds
from commcredits.core.commands import Authorise, Service
from commcredits.core.covering import SECONDS_PER_MINUTE, Bounds
from commcredits.core.funds import available_micros
from commcredits.core.meters import Meter, MeterId, left_of, read_meter
from commcredits.core.outcomes import Granted, Refused
from commcredits.core.plans import TABLE, Row, Source
from commcredits.core.policies import Binding
from commcredits.core.pools import read_pool_key
from commcredits.core.rating import CALL_SECONDS_MAX, affordable_seconds, price_micros
from commcredits.core.roster import Licence, Party
from commcredits.core.tariffs import Rate

_ROWS: Final[Mapping[int, Row]] = {row.number: row for row in TABLE}
_EMERGENCY: Final = 20


class PoolStanding(Struct, frozen=True, kw_only=True, gc=False):
    """A minute pool in its month. ``empty_since`` is since when nothing of it is left, where that is known."""

    key: str
    month: str
    minutes: int
    used: int
    held: int
    left: int
    empty_since: datetime | None


class LimitStanding(Struct, frozen=True, kw_only=True, gc=False):
    """A limit that binds the call: calls at once, or millionths of the currency, as its binding says."""

    binding: Binding
    used: int
    held: int
    left: int
    reached_at: datetime | None


class CreditsStanding(Struct, frozen=True, kw_only=True, gc=False):
    """What credits can do for the call. ``refused``: why they may not pay at all; there is no rate then.

    They begin to pay at ``begins_at``, when minutes, if there are any, are used up; a first minute costs
    ``first_minute_micros`` then, connection fee included. ``available_micros`` of the balance are free; limits leave
    ``spendable_micros`` of that for this call, the one of the meter ``bound_by`` the least; empty when none does.
    """

    begins_at: datetime
    refused: Refused | None
    rate: Rate | None
    first_minute_micros: int
    available_micros: int
    spendable_micros: int
    bound_by: str
    affordable_seconds: int


class Answer(Struct, frozen=True, kw_only=True, gc=False):
    """What authorise would answer, and all that it rests on.

    ``row`` is that of the table of who pays; None for a plain wallet, whose calls all draw on credits. ``party`` is who
    the call is booked to, ``user`` whose call it is where another's plan pays. ``first`` pays first, from ``pool``
    where it is a minute pool; ``stopped_by`` is another pool whose end stops that one. Of a call that may not be made
    whatever pays, nothing is said of who would. An allowed call may last ``seconds_max``, the first
    ``included_seconds`` by minutes. ``would_change_it`` holds the keys of commcredits.core.remedies.
    """

    call: Authorise
    at: datetime
    outcome: Granted | Refused
    service: Service
    booking: Booking | None
    row: Row | None
    party: Party | None
    user: Party | None
    first: Source | None
    pool: PoolStanding | None
    stopped_by: PoolStanding | None
    credits: CreditsStanding | None
    limits: tuple[LimitStanding, ...]
    included_seconds: int
    seconds_max: int
    would_change_it: tuple[str, ...]

    @property
    def allowed(self) -> bool:
        """Whether the call may be made."""
        return isinstance(self.outcome, Granted)


def explain(account: Account, call: Authorise, context: Context, around: Surroundings) -> Answer:
    """What authorise would answer to this call at this instant; nothing is held and nothing remembered."""
    outcome = authorise(account, None, call, context, around).outcome
    assert isinstance(outcome, Granted | Refused), "a call that is asked for is granted or refused"
    admission = admit(account, call, context.now, context, around)
    booking, meters = admission.booking, around.meters
    bounds = first_bounds(account, admission, around, context.now)
    included = min(bounds.pool_minutes * SECONDS_PER_MINUTE, CALL_SECONDS_MAX)
    first = _first_of(admission)
    by_credits = None
    if first is not None and first not in FREE_SOURCES:
        by_credits = _credits_of(account, admission, bounds, context.now, timedelta(seconds=included))
    refused = isinstance(outcome, Refused)
    affordable = CALL_SECONDS_MAX if by_credits is None else by_credits.affordable_seconds
    return Answer(
        call=call,
        at=context.now,
        outcome=outcome,
        service=admission.service,
        booking=booking,
        row=_row_of(admission),
        party=None if booking is None else around.parties.get(booking.party_id),
        user=None if booking is None else around.parties.get(booking.user_id),
        first=first,
        pool=_pool_of(admission, meters),
        stopped_by=_stopping_pool(admission, meters),
        credits=by_credits,
        limits=tuple(_limit(binding, meters) for binding in admission.bindings),
        included_seconds=included,
        seconds_max=0 if refused else min(included + affordable, CALL_SECONDS_MAX),
        would_change_it=outcome.would_change_it if isinstance(outcome, Refused) else (),
    )


def _row_of(admission: Admission) -> Row | None:
    if admission.service is Service.EMERGENCY:
        return _ROWS[_EMERGENCY]
    return None if admission.booking is None else _ROWS[admission.booking.row]


def _first_of(admission: Admission) -> Source | None:
    """What pays first; rows that refer to others are resolved. None for a call that may not be made at all."""
    row, booking = _row_of(admission), admission.booking
    if admission.refused is not None:
        return None
    if booking is not None and booking.pool_key:
        name = read_pool_key(booking.pool_key)
        if name.licence is Licence.AUDIO_CONFERENCING:
            return Source.CONFERENCE_POOL
        return Source.INTERNATIONAL_POOL if name.international else Source.DOMESTIC_POOL
    return row.first if row is not None and row.first in FREE_SOURCES else Source.CREDITS


def _pool_of(admission: Admission, meters: Mapping[MeterId, Meter]) -> PoolStanding | None:
    booking = admission.booking
    if admission.refused is not None or booking is None or not booking.pool_key:
        return None
    return _pool(booking.pool_key, booking.pool_period, admission.pool_minutes, meters)


def _stopping_pool(admission: Admission, meters: Mapping[MeterId, Meter]) -> PoolStanding | None:
    booking = admission.booking
    if booking is not None:
        for key, minutes in admission.stopping_pools:
            other = _pool(key, booking.pool_period, minutes, meters)
            if other.left == 0:
                return other
    return None


def _pool(key: str, month: str, minutes: int, meters: Mapping[MeterId, Meter]) -> PoolStanding:
    meter = read_meter(meters, key, month)
    return PoolStanding(
        key=key,
        month=month,
        minutes=minutes,
        used=meter.used,
        held=meter.held,
        left=left_of(meter, minutes),
        empty_since=meter.reached_at,
    )


def _limit(binding: Binding, meters: Mapping[MeterId, Meter]) -> LimitStanding:
    meter = read_meter(meters, binding.key, binding.period)
    left = left_of(meter, binding.limit)
    return LimitStanding(
        binding=binding, used=max(0, meter.used), held=meter.held, left=left, reached_at=meter.reached_at
    )


def _credits_of(
    account: Account, admission: Admission, bounds: Bounds, now: datetime, minutes_last: timedelta
) -> CreditsStanding:
    rate, begins_at = admission.rate, now + minutes_last
    bound_by = bounds.money_bound_by
    return CreditsStanding(
        begins_at=begins_at,
        refused=admission.credits_refusal,
        rate=rate,
        first_minute_micros=0 if rate is None else price_micros(rate, SECONDS_PER_MINUTE, begins_at),
        available_micros=available_micros(account.lots, now),
        spendable_micros=bounds.money_micros,
        bound_by="" if bound_by is None else bound_by.key,
        affordable_seconds=0 if rate is None else affordable_seconds(rate, bounds.money_micros, begins_at),
    )
