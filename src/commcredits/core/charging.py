"""The call-session table: what each command does to a call in each of its states.

Knows holds, charges and grants; the first step is in commcredits.core.authorising. Refuses to know protocols and
storage.

              no session        authorised         started            ended · refused     expired
    authorise grant or refuse   repeat | conflict  repeat | conflict  repeat | conflict   repeat | conflict
    start     unknown_session   started            repeat             session_ended       session_ended
    update    unknown_session   charge, extend     charge, extend     session_ended       session_ended
    end       unknown_session   charge, release    charge, release    repeat | ended      correct downwards
    expire    unknown_session   release            charge the grant   no change           no change

What a step posts is the rounded price of the whole call so far less what was posted before, so any slicing of a call
costs the same (domain.md §5). A call is never charged beyond what was held for it. Reasons: decision record 0005.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.account import (
    NOTHING_AROUND,
    Account,
    Context,
    Decision,
    Session,
    SessionState,
    SessionTerms,
    Surroundings,
)
from commcredits.core.admission import Admission, readmit
from commcredits.core.authorising import blocked, first_bounds
from commcredits.core.commands import End, Expire, Start, Update
from commcredits.core.covering import Bounds, Cover, cover, pool_minutes, price_of, share_out
from commcredits.core.flags import flags_of_end, flags_of_report, silent
from commcredits.core.funds import Lots, Parts, available_micros, draw, hold, release
from commcredits.core.giving_back import give_back
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason, revenue_account
from commcredits.core.limiting import is_stopped, limits_of
from commcredits.core.meters import Meter, MeterPart, note_reached
from commcredits.core.outcomes import Done, Ended, Granted, RefusalCode, Refused, Started
from commcredits.core.progress import reached_seconds, started_at
from commcredits.core.remembering import find_update, remember
from commcredits.core.silence import grant_ends_at


def start(account: Account, session: Session | None, command: Start, context: Context) -> Decision:
    """The call was answered: its grant counts from now."""
    if session is None:
        return _unknown(account, command.session_id)
    for key, _content_before, answer in session.memory:
        if key == "start":
            return Decision(outcome=answer, account=account)
    if not session.is_live:
        return _over(account, session)
    left = session.granted_seconds - session.used_seconds
    outcome = Started(
        grant_number=session.grant_number,
        granted_seconds=session.granted_seconds,
        valid_seconds=left + context.charging.grant_margin_seconds,
        final=session.final,
        charged_micros=session.charged_micros,
        held_micros=sum(part.held_micros for part in session.parts),
        currency=account.currency,
        included_seconds=session.included_seconds,
    )
    started = replace(
        session,
        state=SessionState.STARTED,
        started_at=session.started_at or max(session.terms.authorised_at, context.now),
        grant_ends_at=grant_ends_at(SessionState.STARTED, left, context),
        memory=remember(session.memory, "start", "", outcome),
    )
    return Decision(outcome=outcome, account=account, session=started)


def update(
    account: Account,
    session: Session | None,
    command: Update,
    context: Context,
    around: Surroundings = NOTHING_AROUND,
) -> Decision:
    """Charge what was used and hold the next slice. What is granted already is never taken back."""
    if session is None:
        return _unknown(account, command.session_id)
    key = f"update:{command.request_number}"
    content = f"{command.used_seconds}/{command.slice_seconds or ''}"
    repeated = find_update(account, session, key, command.request_number, content)
    if repeated is not None:
        return repeated
    if not session.is_live:
        return _over(account, session)
    step = _charge_and_hold(account, session, command, context, around)
    covered, used = step.covered, step.used_seconds
    left = max(0, covered.granted_seconds - step.reached_seconds)
    # A report of no seconds does not show that the call was answered: it may be ringing still.
    state = session.state if command.used_seconds <= 0 else SessionState.STARTED
    outcome = _granted(account, session, step, left + context.charging.grant_margin_seconds)
    shares, meters = share_out(
        session.terms,
        session.meter_parts,
        around.meters,
        included_seconds=covered.included_seconds,
        used_seconds=used,
        granted_seconds=covered.granted_seconds,
        live=True,
    )
    extended = replace(
        session,
        state=state,
        grant_number=session.grant_number + 1,
        granted_seconds=covered.granted_seconds,
        final=covered.final,
        grant_ends_at=grant_ends_at(state, left, context),
        used_seconds=used,
        overrun_seconds=max(session.overrun_seconds, command.used_seconds - session.granted_seconds),
        charged_micros=step.charged_micros,
        parts=step.parts,
        started_at=started_at(session, step.reached_seconds, context.now),
        memory=remember(session.memory, key, content, outcome),
        included_seconds=covered.included_seconds,
        meter_parts=shares,
    )
    decision = Decision(
        outcome=outcome,
        account=account.with_lots(step.lots),
        session=extended,
        transfers=_charges(session.terms, step.drawn),
        flags=flags_of_report(session, command.used_seconds, context),
    )
    return decision if step.running is None else _within_limits(decision, step.running, covered, meters, context)


class _Step(Struct, frozen=True, kw_only=True, gc=False):
    """What an update comes to in money and minutes; ``running`` is None for a call that funds alone bound."""

    lots: Lots
    parts: Parts
    drawn: tuple[tuple[str, int], ...]
    reached_seconds: int
    used_seconds: int
    charged_micros: int
    covered: Cover
    running: Admission | None


def _granted(account: Account, session: Session, step: _Step, valid_seconds: int) -> Granted:
    covered = step.covered
    return Granted(
        grant_number=session.grant_number + 1,
        granted_seconds=covered.granted_seconds,
        valid_seconds=valid_seconds,
        final=covered.final,
        charged_micros=step.charged_micros,
        held_micros=covered.price_micros - step.charged_micros,
        currency=account.currency,
        included_seconds=covered.included_seconds,
    )


def _charge_and_hold(
    account: Account, session: Session, command: Update, context: Context, around: Surroundings
) -> _Step:
    terms, included, granted = session.terms, session.included_seconds, session.granted_seconds
    reached = reached_seconds(session, command.used_seconds, context.now)
    used = min(reached, granted)
    charged = price_of(terms, included, used)
    lots, parts, drawn = draw(account.lots, session.parts, charged - session.charged_micros)
    running = None
    if terms.booking is None:
        bounds = Bounds(pool_minutes=0, money_micros=available_micros(lots, context.now))
    else:
        running = readmit(account, session, around)
        bounds = first_bounds(account, running, around, context.now)
        if is_stopped(account, terms.booking, around):
            bounds = Bounds(pool_minutes=bounds.pool_minutes, money_micros=0)
    slice_seconds = command.slice_seconds or context.charging.slice_seconds
    covered = cover(terms, included, granted, reached + slice_seconds, bounds)
    if covered.more_micros:
        lots, parts = hold(lots, parts, covered.more_micros, context.now)
    return _Step(
        lots=lots,
        parts=parts,
        drawn=drawn,
        reached_seconds=reached,
        used_seconds=used,
        charged_micros=charged,
        covered=covered,
        running=running,
    )


def _within_limits(
    decision: Decision, running: Admission, covered: Cover, meters: tuple[Meter, ...], context: Context
) -> Decision:
    """The decision with the meters that it moves, and the block that it sets off if a fraud limit ends the grant."""
    limits = limits_of(running.bindings, running.booking, running.pool_minutes)
    decision = replace(decision, meters=note_reached(meters, limits, context.now))
    return blocked(decision, covered.bounds, context) if covered.final else decision


def end(
    account: Account,
    session: Session | None,
    command: End,
    context: Context,
    around: Surroundings = NOTHING_AROUND,
) -> Decision:
    """Post the final charge and release the rest. After the reaper: correct its charge downwards, never upwards."""
    if session is None:
        return _unknown(account, command.session_id)
    for key, _content_before, answer in session.memory:
        if key == "end":
            return Decision(outcome=answer, account=account)
    if session.state is SessionState.EXPIRED:
        return _correct(account, session, command, context, around)
    if not session.is_live:
        return _over(account, session)
    used = min(max(command.used_seconds, session.used_seconds), session.granted_seconds)
    overrun = max(session.overrun_seconds, command.used_seconds - session.granted_seconds)
    closed = _close(account, session, context, around, SessionState.ENDED, used, overrun, command.cause)
    return replace(closed, flags=flags_of_end(session, command, used, context))


def expire(
    account: Account,
    session: Session | None,
    command: Expire,
    context: Context,
    around: Surroundings = NOTHING_AROUND,
) -> Decision:
    """Close a silent session at the end of its grant; nothing happens when the call has moved on.

    A call that never reported its answer is released uncharged. One that did is charged for its grant, or for what it
    last reported where the operator says so.
    """
    if session is None:
        return _unknown(account, command.session_id)
    moved_on = session.grant_number != command.grant_number or context.now < session.grant_ends_at
    if not session.is_live or moved_on:
        return Decision(outcome=Done(changed=False), account=account)
    used = session.used_seconds
    if session.state is SessionState.STARTED and context.charging.silence_charges_grant:
        used = session.granted_seconds
    closed = _close(account, session, context, around, SessionState.EXPIRED, used, session.overrun_seconds, "silent")
    return replace(closed, flags=silent(session, used))


def _close(
    account: Account,
    session: Session,
    context: Context,
    around: Surroundings,
    state: SessionState,
    used: int,
    overrun: int,
    cause: str,
) -> Decision:
    included = session.included_seconds
    charged = price_of(session.terms, included, used)
    lots, parts, drawn = draw(account.lots, session.parts, charged - session.charged_micros)
    lots, parts = release(lots, parts)
    outcome = Ended(
        duration_seconds=used,
        charged_micros=charged,
        currency=account.currency,
        pool_minutes=pool_minutes(included, used),
    )
    shares, meters = _last_shares(session, used, around)
    memory = session.memory if state is SessionState.EXPIRED else remember(session.memory, "end", "", outcome)
    closed = replace(
        session,
        state=state,
        used_seconds=used,
        overrun_seconds=overrun,
        charged_micros=charged,
        parts=parts,
        started_at=started_at(session, used, context.now),
        ended_at=context.now,
        cause=cause,
        memory=memory,
        meter_parts=shares,
    )
    return Decision(
        outcome=outcome,
        account=account.with_lots(lots),
        session=closed,
        transfers=_charges(session.terms, drawn),
        meters=meters,
    )


def _last_shares(
    session: Session, used_seconds: int, around: Surroundings
) -> tuple[tuple[MeterPart, ...], tuple[Meter, ...]]:
    """What a call that is over has used of its meters; it holds nothing of them any more."""
    return share_out(
        session.terms,
        session.meter_parts,
        around.meters,
        included_seconds=session.included_seconds,
        used_seconds=used_seconds,
        granted_seconds=used_seconds,
        live=False,
    )


def _correct(account: Account, session: Session, command: End, context: Context, around: Surroundings) -> Decision:
    """The true end of a call that the reaper closed: give back what was charged too much, to the lots it came from.

    Refused when the call was priced anew meanwhile and its debt repaid: see ``give_back``.
    """
    used = max(0, min(command.used_seconds, session.used_seconds))
    charged = price_of(session.terms, session.included_seconds, used)
    given_back = give_back(account, session, session.charged_micros - charged)
    if isinstance(given_back, Refused):
        return Decision(outcome=given_back, account=account)
    outcome = Ended(
        duration_seconds=used,
        charged_micros=charged,
        currency=account.currency,
        pool_minutes=pool_minutes(session.included_seconds, used),
    )
    shares, meters = _last_shares(session, used, around)
    corrected = replace(
        session,
        state=SessionState.ENDED,
        used_seconds=used,
        overrun_seconds=max(session.overrun_seconds, command.used_seconds - session.granted_seconds),
        charged_micros=charged,
        parts=given_back.parts,
        ended_at=context.now,
        cause=command.cause,
        memory=remember(session.memory, "end", "", outcome),
        meter_parts=shares,
        owed_micros=given_back.owed_micros,
    )
    return Decision(
        outcome=outcome,
        account=given_back.account,
        session=corrected,
        transfers=given_back.transfers,
        meters=meters,
    )


def _charges(terms: SessionTerms, drawn: tuple[tuple[str, int], ...]) -> tuple[Transfer, ...]:
    return tuple(
        [
            Transfer(
                source=LedgerAccount.CUSTOMER_CREDITS,
                target=revenue_account(terms.service),
                amount_micros=amount,
                reason=TransferReason.CALL,
                lot_id=lot_id,
                session_id=terms.session_id,
            )
            for lot_id, amount in drawn
        ]
    )


def _unknown(account: Account, session_id: str) -> Decision:
    refused = Refused(code=RefusalCode.UNKNOWN_SESSION, facts={"session_id": session_id})
    return Decision(outcome=refused, account=account)


def _over(account: Account, session: Session) -> Decision:
    facts = {"session_id": session.terms.session_id, "state": session.state.value}
    return Decision(outcome=Refused(code=RefusalCode.SESSION_ENDED, facts=facts), account=account)
