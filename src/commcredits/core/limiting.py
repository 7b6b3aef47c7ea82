"""What caps and fraud limits do to one call: refuse it, shorten its grant, stop it, block what comes after it.

Knows limits that were found to bind (commcredits.core.policies). Refuses to know who set them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from commcredits.core.account import Account, Booking, Context, Surroundings
from commcredits.core.admission import Admission
from commcredits.core.calendar import instant_text
from commcredits.core.covering import Bounds
from commcredits.core.meters import Meter, MeterId, left_of, read_meter
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.policies import Binding, LimitKind, refuse_blocked
from commcredits.core.rating import price_micros
from commcredits.core.roster import Block, BlockedKind, BlockReason

Facts = dict[str, str | int]


def refuse_concurrency(bindings: Iterable[Binding], meters: Mapping[MeterId, Meter]) -> Refused | None:
    """Why no further call may begin now, or None."""
    for binding in bindings:
        if binding.kind is LimitKind.CALLS:
            meter = read_meter(meters, binding.key, binding.period)
            if left_of(meter, binding.limit) == 0:
                facts: Facts = {"meter": binding.key, "allowed": binding.limit, "running": meter.held}
                return Refused(code=RefusalCode.TOO_MANY_CALLS, facts=facts)
    return None


def refuse_grant(
    account: Account, admission: Admission, bounds: Bounds, meters: Mapping[MeterId, Meter], now: datetime
) -> Refused:
    """Why nothing at all can be granted, with the facts behind it: the pool, then credits, then what binds them."""
    facts = pool_facts(admission, meters)
    if admission.credits_refusal is not None:
        refused = admission.credits_refusal
        return Refused(code=refused.code, facts={**refused.facts, **facts})
    rate = admission.rate
    assert rate is not None, "a call without minutes and without credits was refused when it was admitted"
    needed = price_micros(rate, 1, now)
    bound_by = bounds.money_bound_by
    if bound_by is None:
        facts |= {"available_micros": bounds.money_micros, "needed_micros": needed, "currency": account.currency}
        return Refused(code=RefusalCode.INSUFFICIENT_FUNDS, facts=facts)
    meter = read_meter(meters, bound_by.key, bound_by.period)
    facts |= {
        "meter": bound_by.key,
        "period": bound_by.period,
        "limit_micros": bound_by.limit,
        "used_micros": max(0, meter.used),
        "held_micros": meter.held,
        "needed_micros": needed,
        "currency": account.currency,
    }
    if meter.reached_at is not None:
        facts["reached_at"] = instant_text(meter.reached_at)
    if bound_by.blocks is None:
        return Refused(code=RefusalCode.CAP_REACHED, facts=facts)
    facts |= {
        "blocked": _blocked_kind(bound_by.blocks).value,
        "subject": bound_by.subject,
        "reason": bound_by.blocks.value,
    }
    return Refused(code=RefusalCode.BLOCKED, facts=facts)


def is_stopped(account: Account, booking: Booking, around: Surroundings) -> bool:
    """Whether money pays for no more of a running call: it is blocked by now, or whoever it is booked to is gone.

    With somebody who is gone, the caps and limits are gone that bound the call.
    """
    return any(
        (party_id and around.parties.get(party_id) is None)
        or refuse_blocked(account.blocks, party_id, booking.other_country, booking.call_type)
        for party_id in (booking.party_id, booking.user_id)
    )


def pool_facts(admission: Admission, meters: Mapping[MeterId, Meter]) -> Facts:
    """How the call's minute pool stands, and which other pool's end stops it; nothing for a call that has none."""
    booking = admission.booking
    if booking is None or not booking.pool_key:
        return {}
    meter = read_meter(meters, booking.pool_key, booking.pool_period)
    facts: Facts = {
        "pool": booking.pool_key,
        "pool_month": booking.pool_period,
        "pool_minutes": admission.pool_minutes,
        "pool_minutes_used": meter.used,
        "pool_minutes_held": meter.held,
    }
    if meter.reached_at is not None:
        facts["pool_empty_since"] = instant_text(meter.reached_at)
    for key, size in admission.stopping_pools:
        other = read_meter(meters, key, booking.pool_period)
        if left_of(other, size) == 0:
            facts["stopped_by_pool"] = key
            if other.reached_at is not None:
                facts["stopped_since"] = instant_text(other.reached_at)
    return facts


def limits_of(bindings: Iterable[Binding], booking: Booking | None, pool_minutes: int) -> Mapping[MeterId, int]:
    """The limit of each meter that a call moves."""
    limits: dict[MeterId, int] = {(binding.key, binding.period): binding.limit for binding in bindings}
    if booking is not None and booking.pool_key:
        limits[booking.pool_key, booking.pool_period] = pool_minutes
    return limits


def block_for(
    account: Account, bounds: Bounds, context: Context, moved: Iterable[Meter] = ()
) -> tuple[Account, tuple[Block, ...]]:
    """The account with one more block when a fraud limit is what ended the grant; running calls keep their grants.

    ``moved`` are the meters as the call that sets it off leaves them: what it holds counts as spent.
    """
    bound_by = bounds.money_bound_by
    if bound_by is None or bound_by.blocks is None:
        return account, ()
    kind = _blocked_kind(bound_by.blocks)
    for known in account.blocks:
        if known.kind is kind and known.subject == bound_by.subject:
            return account, ()
    limit_id = (bound_by.key, bound_by.period)
    spent = [meter.used + meter.held for meter in moved if meter.meter_id == limit_id]
    block = Block(
        block_id=context.new_id(),
        kind=kind,
        subject=bound_by.subject,
        reason=bound_by.blocks,
        limit_micros=bound_by.limit,
        spent_micros=spent[0] if spent else bound_by.limit - bounds.money_micros,
        blocked_at=context.now,
        period=bound_by.period,
    )
    return replace(account, blocks=(*account.blocks, block)), (block,)


def _blocked_kind(reason: BlockReason) -> BlockedKind:
    """What a fraud limit of this kind blocks."""
    return BlockedKind.USER if reason is BlockReason.SPEND_VELOCITY else BlockedKind.DESTINATION
