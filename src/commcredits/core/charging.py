"""The call-session table: what each command does to a call in each of its states.

Knows holds, charges and grants. Refuses to know protocols and storage.

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

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import (
    Account,
    Context,
    Decision,
    OrganizationStatus,
    Session,
    SessionState,
    SessionTerms,
)
from commcredits.core.commands import Authorise, End, Expire, Service, Start, Update
from commcredits.core.funds import available_micros, draw, hold, release, restore
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason, revenue_account
from commcredits.core.outcomes import Done, Ended, Granted, RefusalCode, Refused, Started
from commcredits.core.rating import CALL_SECONDS_MAX, affordable_seconds, billed_seconds, price_micros
from commcredits.core.remembering import content_of, find_update, remember, repeat
from commcredits.core.tariffs import Rate, find_rate

_SECOND: Final = timedelta(seconds=1)

EMERGENCY_RATE: Final = Rate(
    prefix="",
    destination="Emergency",
    service=Service.EMERGENCY,
    price_per_minute_micros=0,
    connection_fee_micros=0,
    first_increment_seconds=1,
    next_increment_seconds=1,
    effective_from=datetime.fromisoformat("2000-01-01T00:00:00+00:00"),
)
"""Emergency calls are always allowed, free and uncounted (domain.md §5, row 20)."""


def authorise(account: Account, session: Session | None, command: Authorise, context: Context) -> Decision:
    """Hold the first slice of a call, or refuse it; either is remembered under the session id."""
    content = content_of(command)
    if session is not None:
        return repeat(account, session, "authorise", content)
    emergency = command.service is Service.EMERGENCY
    if account.status is not OrganizationStatus.OPEN and not emergency:
        return _refuse(account, command, None, content, Refused(code=RefusalCode.ORGANIZATION_CLOSED), context)
    rate = EMERGENCY_RATE if emergency else _rate(account, command, context)
    if rate is None:
        facts: dict[str, str | int] = {"callee": command.callee, "service": command.service.value}
        return _refuse(account, command, None, content, Refused(code=RefusalCode.NO_RATE, facts=facts), context)
    available = available_micros(account.lots, context.now)
    seconds = billed_seconds(rate, command.slice_seconds or context.charging.slice_seconds)
    needed = price_micros(rate, seconds)
    final = needed > available
    if final:
        seconds = affordable_seconds(rate, available)
        needed = price_micros(rate, seconds)
        if seconds == 0:
            refused = _insufficient(account, rate, available)
            return _refuse(account, command, rate, content, refused, context)
    lots, parts = hold(account.lots, (), needed, context.now)
    state = SessionState.STARTED if command.answered else SessionState.AUTHORISED
    outcome = Granted(
        grant_number=1,
        granted_seconds=seconds,
        valid_seconds=seconds + context.charging.grant_margin_seconds,
        final=final,
        charged_micros=0,
        held_micros=needed,
        currency=account.currency,
    )
    opened = Session(
        terms=_terms(account, command, rate, context),
        state=state,
        grant_number=1,
        granted_seconds=seconds,
        final=final,
        grant_ends_at=_grant_ends_at(state, seconds, context),
        used_seconds=0,
        overrun_seconds=0,
        charged_micros=0,
        parts=parts,
        started_at=context.now if command.answered else None,
        ended_at=None,
        cause="",
        memory=(("authorise", content, outcome),),
    )
    return Decision(outcome=outcome, account=account.with_lots(lots), session=opened)


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
    )
    started = replace(
        session,
        state=SessionState.STARTED,
        started_at=session.started_at or max(session.terms.authorised_at, context.now),
        grant_ends_at=_grant_ends_at(SessionState.STARTED, left, context),
        memory=remember(session.memory, "start", "", outcome),
    )
    return Decision(outcome=outcome, account=account, session=started)


def update(account: Account, session: Session | None, command: Update, context: Context) -> Decision:
    """Charge what was used and hold the next slice. What is granted already is never taken back."""
    if session is None:
        return _unknown(account, command.session_id)
    key = f"update:{command.request_number}"
    content = f"{command.used_seconds}/{command.slice_seconds or ''}"
    repeated = find_update(account, session, key, command.request_number, content)
    if repeated is not None:
        return repeated
    rate = session.terms.rate
    if not session.is_live or rate is None:
        return _over(account, session)
    reached = _reached_seconds(session, command.used_seconds, context.now)
    used = min(reached, session.granted_seconds)
    charged = price_micros(rate, used)
    lots, parts, drawn = draw(account.lots, session.parts, charged - session.charged_micros)
    granted, final = session.granted_seconds, False
    slice_seconds = command.slice_seconds or context.charging.slice_seconds
    wanted = billed_seconds(rate, min(reached + slice_seconds, CALL_SECONDS_MAX))
    if wanted > granted:
        covered = price_micros(rate, granted)
        available = available_micros(lots, context.now)
        final = price_micros(rate, wanted) > covered + available
        granted = max(granted, affordable_seconds(rate, covered + available)) if final else wanted
        lots, parts = hold(lots, parts, price_micros(rate, granted) - covered, context.now)
    left = max(0, granted - reached)
    # A report of no seconds does not show that the call was answered: it may be ringing still.
    state = session.state if command.used_seconds <= 0 else SessionState.STARTED
    outcome = Granted(
        grant_number=session.grant_number + 1,
        granted_seconds=granted,
        valid_seconds=left + context.charging.grant_margin_seconds,
        final=final,
        charged_micros=charged,
        held_micros=price_micros(rate, granted) - charged,
        currency=account.currency,
    )
    extended = Session(
        terms=session.terms,
        state=state,
        grant_number=session.grant_number + 1,
        granted_seconds=granted,
        final=final,
        grant_ends_at=_grant_ends_at(state, left, context),
        used_seconds=used,
        overrun_seconds=max(session.overrun_seconds, command.used_seconds - session.granted_seconds),
        charged_micros=charged,
        parts=parts,
        started_at=_started_at(session, reached, context.now),
        ended_at=None,
        cause="",
        memory=remember(session.memory, key, content, outcome),
    )
    return Decision(
        outcome=outcome,
        account=account.with_lots(lots),
        session=extended,
        transfers=_charges(session.terms, drawn),
    )


def end(account: Account, session: Session | None, command: End, context: Context) -> Decision:
    """Post the final charge and release the rest. After the reaper: correct its charge downwards, never upwards."""
    if session is None:
        return _unknown(account, command.session_id)
    for key, _content_before, answer in session.memory:
        if key == "end":
            return Decision(outcome=answer, account=account)
    if session.terms.rate is None or session.state is SessionState.REFUSED:
        return _over(account, session)
    if session.state is SessionState.EXPIRED:
        return _correct(account, session, command, context)
    used = min(max(command.used_seconds, session.used_seconds), session.granted_seconds)
    overrun = max(session.overrun_seconds, command.used_seconds - session.granted_seconds)
    return _close(account, session, context, SessionState.ENDED, used, overrun, command.cause)


def expire(account: Account, session: Session | None, command: Expire, context: Context) -> Decision:
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
    return _close(account, session, context, SessionState.EXPIRED, used, session.overrun_seconds, "silent")


def _close(
    account: Account,
    session: Session,
    context: Context,
    state: SessionState,
    used: int,
    overrun: int,
    cause: str,
) -> Decision:
    rate = session.terms.rate
    charged = 0 if rate is None else price_micros(rate, used)
    lots, parts, drawn = draw(account.lots, session.parts, charged - session.charged_micros)
    lots, parts = release(lots, parts)
    outcome = Ended(duration_seconds=used, charged_micros=charged, currency=account.currency)
    memory = session.memory if state is SessionState.EXPIRED else remember(session.memory, "end", "", outcome)
    closed = Session(
        terms=session.terms,
        state=state,
        grant_number=session.grant_number,
        granted_seconds=session.granted_seconds,
        final=session.final,
        grant_ends_at=session.grant_ends_at,
        used_seconds=used,
        overrun_seconds=overrun,
        charged_micros=charged,
        parts=parts,
        started_at=_started_at(session, used, context.now),
        ended_at=context.now,
        cause=cause,
        memory=memory,
    )
    return Decision(
        outcome=outcome, account=account.with_lots(lots), session=closed, transfers=_charges(session.terms, drawn)
    )


def _correct(account: Account, session: Session, command: End, context: Context) -> Decision:
    """The true end of a call that the reaper closed: give back what was charged too much, to the lots it came from."""
    rate = session.terms.rate
    assert rate is not None
    used = max(0, min(command.used_seconds, session.used_seconds))
    charged = price_micros(rate, used)
    lots, parts, restored = restore(account.lots, session.parts, session.charged_micros - charged)
    corrections = tuple(
        Transfer(
            source=revenue_account(session.terms.service),
            target=LedgerAccount.CUSTOMER_CREDITS,
            amount_micros=amount,
            reason=TransferReason.CALL_CORRECTION,
            lot_id=lot_id,
            session_id=session.terms.session_id,
        )
        for lot_id, amount in restored
    )
    outcome = Ended(duration_seconds=used, charged_micros=charged, currency=account.currency)
    corrected = replace(
        session,
        state=SessionState.ENDED,
        used_seconds=used,
        overrun_seconds=max(session.overrun_seconds, command.used_seconds - session.granted_seconds),
        charged_micros=charged,
        parts=parts,
        ended_at=context.now,
        cause=command.cause,
        memory=remember(session.memory, "end", "", outcome),
    )
    return Decision(outcome=outcome, account=account.with_lots(lots), session=corrected, transfers=corrections)


def _refuse(
    account: Account, command: Authorise, rate: Rate | None, content: str, refused: Refused, context: Context
) -> Decision:
    """A refused call is a call too: it is recorded, and its repetition gets the same answer."""
    session = Session(
        terms=_terms(account, command, rate, context),
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


def _rate(account: Account, command: Authorise, context: Context) -> Rate | None:
    deck = context.decks.get(account.rate_deck_id) if account.rate_deck_id is not None else None
    return None if deck is None else find_rate(deck, command.service, command.callee, context.now)


def _terms(account: Account, command: Authorise, rate: Rate | None, context: Context) -> SessionTerms:
    return SessionTerms(
        session_id=command.session_id,
        service=command.service,
        caller=command.caller,
        callee=command.callee,
        rate=rate,
        rate_deck_id=account.rate_deck_id,
        authorised_at=context.now,
    )


def _insufficient(account: Account, rate: Rate, available: int) -> Refused:
    facts: dict[str, str | int] = {
        "available_micros": available,
        "needed_micros": price_micros(rate, rate.first_increment_seconds),
        "currency": account.currency,
    }
    return Refused(code=RefusalCode.INSUFFICIENT_FUNDS, facts=facts)


def _reached_seconds(session: Session, used_seconds: int, now: datetime) -> int:
    """How far a call has come by a report; reports never fall, and beyond the grant the clock must bear them out.

    So a late report extends a call from where it is, and a switch that counts in the wrong unit cannot hold a fortune.
    """
    granted = session.granted_seconds
    if used_seconds <= granted:
        return max(used_seconds, session.used_seconds)
    passed = (now - session.terms.authorised_at) // _SECOND
    return max(granted, min(used_seconds, passed))


def _grant_ends_at(state: SessionState, seconds_left: int, context: Context) -> datetime:
    """Until when silence is borne: what is left of the grant and a margin, after the time to ring if it may ring still.

    A switch that does not tell when the call was answered reports first at the end of a slice that began after ringing.
    """
    terms = context.charging
    waits = seconds_left + terms.grant_margin_seconds
    if state is SessionState.AUTHORISED:
        waits += terms.ring_seconds_max
    return context.now + timedelta(seconds=waits)


def _started_at(session: Session, reached_seconds: int, now: datetime) -> datetime | None:
    """When the call was answered: as told, or reckoned from a report, but never before it was authorised."""
    if session.started_at is not None or reached_seconds <= 0:
        return session.started_at
    return max(session.terms.authorised_at, now - timedelta(seconds=reached_seconds))


def _charges(terms: SessionTerms, drawn: tuple[tuple[str, int], ...]) -> tuple[Transfer, ...]:
    return tuple(
        Transfer(
            source=LedgerAccount.CUSTOMER_CREDITS,
            target=revenue_account(terms.service),
            amount_micros=amount,
            reason=TransferReason.CALL,
            lot_id=lot_id,
            session_id=terms.session_id,
        )
        for lot_id, amount in drawn
    )


def _unknown(account: Account, session_id: str) -> Decision:
    facts = {"session_id": session_id}
    return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_SESSION, facts=facts), account=account)


def _over(account: Account, session: Session) -> Decision:
    facts = {"session_id": session.terms.session_id, "state": session.state.value}
    return Decision(outcome=Refused(code=RefusalCode.SESSION_ENDED, facts=facts), account=account)
