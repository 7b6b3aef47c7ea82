"""The first step of a call: hold its first slice, or refuse it and say why.

Knows how an admitted call becomes a session. Refuses to know who pays for it (commcredits.core.admission) and what
comes after (commcredits.core.charging).
"""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, Session, SessionState, SessionTerms, Surroundings
from commcredits.core.admission import Admission, admit
from commcredits.core.commands import Authorise
from commcredits.core.covering import Bounds, Cover, bounds_of, cover, share_out
from commcredits.core.flags import claimed_twice
from commcredits.core.funds import available_micros, hold
from commcredits.core.limiting import block_for, limits_of, refuse_concurrency, refuse_grant
from commcredits.core.meters import MeterPart, left_of, note_reached, read_meter
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.remedies import with_remedies
from commcredits.core.remembering import content_of, repeat
from commcredits.core.silence import grant_ends_at


def authorise(
    account: Account,
    session: Session | None,
    command: Authorise,
    context: Context,
    around: Surroundings,
    admission: Admission | None = None,
) -> Decision:
    """Hold the first slice of a call, or refuse it; either is remembered under the session id.

    ``admission`` is what ``admit`` says of all this, if somebody has asked already.
    """
    content = content_of(command)
    if session is not None:
        repeated = repeat(account, session, "authorise", content)
        if isinstance(repeated.outcome, Refused) and repeated.outcome.code is RefusalCode.CONFLICT:
            return replace(repeated, flags=claimed_twice(session, command.switch))
        return repeated
    admission = admission or admit(account, command, context.now, context, around)
    terms = _terms(account, command, admission, context)
    refused = admission.refused or refuse_concurrency(admission.bindings, around.meters)
    if refused is not None:
        refused = with_remedies(refused, account, command, admission, around)
        return _refuse(account, terms, content, refused, context)
    bounds = first_bounds(account, admission, around, context.now)
    covered = cover(terms, 0, 0, command.slice_seconds or context.charging.slice_seconds, bounds)
    if covered.granted_seconds == 0:
        refused = refuse_grant(account, admission, bounds, around.meters, context.now)
        refused = with_remedies(refused, account, command, admission, around)
        refusal = _refuse(account, terms, content, refused, context)
        return blocked(refusal, bounds, context)
    return _open(account, command, content, terms, admission, covered, context, around)


def first_bounds(account: Account, admission: Admission, around: Surroundings, now: datetime) -> Bounds:
    """What is left for a call that holds nothing yet."""
    available = available_micros(account.lots, now)
    booking = admission.booking
    if booking is None:
        return Bounds(pool_minutes=0, money_micros=available)
    return bounds_of(available, admission.bindings, around.meters, pool_left_minutes(admission, around))


def pool_left_minutes(admission: Admission, around: Surroundings) -> int:
    """Minutes of the call's pool that nobody has used or holds; none when another pool's end stops it."""
    booking = admission.booking
    if booking is None or not booking.pool_key:
        return 0
    for key, size in admission.stopping_pools:
        if left_of(read_meter(around.meters, key, booking.pool_period), size) == 0:
            return 0
    return left_of(read_meter(around.meters, booking.pool_key, booking.pool_period), admission.pool_minutes)


def _open(
    account: Account,
    command: Authorise,
    content: str,
    terms: SessionTerms,
    admission: Admission,
    covered: Cover,
    context: Context,
    around: Surroundings,
) -> Decision:
    lots, parts = hold(account.lots, (), covered.price_micros, context.now)
    state = SessionState.STARTED if command.answered else SessionState.AUTHORISED
    seconds = covered.granted_seconds
    outcome = Granted(
        grant_number=1,
        granted_seconds=seconds,
        valid_seconds=seconds + context.charging.grant_margin_seconds,
        final=covered.final,
        charged_micros=0,
        held_micros=covered.price_micros,
        currency=account.currency,
        included_seconds=covered.included_seconds,
    )
    shares, meters = share_out(
        terms,
        _first_parts(admission),
        around.meters,
        included_seconds=covered.included_seconds,
        used_seconds=0,
        granted_seconds=seconds,
        live=True,
    )
    opened = Session(
        terms=terms,
        state=state,
        grant_number=1,
        granted_seconds=seconds,
        final=covered.final,
        grant_ends_at=grant_ends_at(state, seconds, context),
        used_seconds=0,
        overrun_seconds=0,
        charged_micros=0,
        parts=parts,
        started_at=context.now if command.answered else None,
        ended_at=None,
        cause="",
        memory=(("authorise", content, outcome),),
        included_seconds=covered.included_seconds,
        meter_parts=shares,
    )
    decision = Decision(outcome=outcome, account=account.with_lots(lots), session=opened)
    if not shares:
        return decision
    limits = limits_of(admission.bindings, terms.booking, admission.pool_minutes)
    decision = replace(decision, meters=note_reached(meters, limits, context.now))
    return blocked(decision, covered.bounds, context) if covered.final else decision


def blocked(decision: Decision, bounds: Bounds, context: Context) -> Decision:
    """The decision, and the block that it sets off when a fraud limit is what left nothing.

    Where credits may not pay at all, that is why nothing is left, however small the limit beside it.
    """
    if decision.session is None or decision.session.terms.rate is None:
        return decision
    account, blocks = block_for(decision.account, bounds, context, decision.meters)
    return replace(decision, account=account, blocks=blocks) if blocks else decision


def _first_parts(admission: Admission) -> tuple[MeterPart, ...]:
    booking = admission.booking
    if booking is None:
        return ()
    parts = tuple(MeterPart(key=binding.key, period=binding.period) for binding in admission.bindings)
    if booking.pool_key:
        return (MeterPart(key=booking.pool_key, period=booking.pool_period), *parts)
    return parts


def _refuse(account: Account, terms: SessionTerms, content: str, refused: Refused, context: Context) -> Decision:
    """A refused call is a call too: it is recorded, and its repetition gets the same answer."""
    session = Session(
        terms=terms,
        state=SessionState.REFUSED,
        grant_number=0,
        granted_seconds=0,
        final=True,
        grant_ends_at=context.now,
        used_seconds=0,
        overrun_seconds=0,
        charged_micros=0,
        parts=(),
        started_at=None,
        ended_at=context.now,
        cause=refused.code.value,
        memory=(("authorise", content, refused),),
    )
    return Decision(outcome=refused, account=account, session=session)


def _terms(account: Account, command: Authorise, admission: Admission, context: Context) -> SessionTerms:
    return SessionTerms(
        session_id=command.session_id,
        service=admission.service,
        caller=command.caller,
        callee=command.callee,
        rate=admission.rate,
        rate_deck_id=account.rate_deck_at(context.now),
        authorised_at=context.now,
        booking=admission.booking,
        switch=command.switch,
    )
