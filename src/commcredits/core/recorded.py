"""Calls told after the fact, and ended calls priced anew by another deck.

Knows that such a call happened whatever the balance, the policies and the licences say: it is booked, never refused for
want of anything. What funds do not cover is owed (domain.md §3, Overdraft). Refuses to update what was posted: a
correction is another transfer.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import blake2b
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, Session, SessionState, SessionTerms, Surroundings
from commcredits.core.admission import Admission, admit, rate_in
from commcredits.core.authorising import pool_left_minutes
from commcredits.core.commands import CorrectCall, RecordCall
from commcredits.core.covering import SECONDS_PER_MINUTE, pool_minutes, price_of, share_out
from commcredits.core.funds import Lots, Parts, available_micros, draw, hold
from commcredits.core.giving_back import give_back
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason, revenue_account
from commcredits.core.limiting import limits_of
from commcredits.core.meters import MeterPart, note_reached
from commcredits.core.money import divide_up
from commcredits.core.outcomes import Recorded, RefusalCode, Refused
from commcredits.core.policies import LimitKind
from commcredits.core.remembering import remember, repeat

FREE_CALL: Final = "FREECALL"
"""The cause of a call that no rate was known for: charged nothing, flagged to the operator (domain.md §5, row 21)."""

RECORDED: Final = "recorded"
"""The cause of a call that was told after the fact."""

_Drawn = tuple[tuple[str, int], ...]


def record(
    account: Account,
    session: Session | None,
    command: RecordCall,
    context: Context,
    around: Surroundings,
    admission: Admission | None = None,
) -> Decision:
    """Rate and charge a call that is over: minutes of its month's pool, then free funds, then a debt.

    ``admission`` is what ``admit`` says of all this, if somebody has asked already.
    """
    content = _content_of(command)
    if session is not None:
        return repeat(account, session, "record", content)
    # Reckoned back from now: the end of a call that begins on the last day of the calendar could not be told.
    if command.started_at > context.now - timedelta(seconds=command.duration_seconds):
        facts: dict[str, str | int] = {
            "field": "started_at",
            "value": command.started_at.isoformat(),
            "allowed": "the beginning of a call that is over",
        }
        return Decision(outcome=Refused(code=RefusalCode.INVALID_INPUT, facts=facts), account=account)
    admission = admission or admit(account, command, command.started_at, context, around)
    if admission.refused is not None and admission.refused.code is RefusalCode.UNKNOWN_USER:
        return Decision(outcome=admission.refused, account=account)
    return _book(account, command, content, admission, context, around)


def _book(
    account: Account,
    command: RecordCall,
    content: str,
    admission: Admission,
    context: Context,
    around: Surroundings,
) -> Decision:
    terms = SessionTerms(
        session_id=command.record_id,
        service=admission.service,
        caller=command.caller,
        callee=command.callee,
        rate=admission.rate,
        rate_deck_id=account.rate_deck_at(command.started_at),
        authorised_at=command.started_at,
        booking=admission.booking,
    )
    seconds = command.duration_seconds
    included = _included_seconds(admission, around, seconds)
    charged = price_of(terms, included, seconds)
    free_call = terms.rate is None and seconds > included
    lots, parts, drawn, owed = _take(account.lots, (), charged, context)
    shares, meters = share_out(
        terms,
        _parts(admission),
        around.meters,
        included_seconds=included,
        used_seconds=seconds,
        granted_seconds=seconds,
        live=False,
    )
    outcome = Recorded(
        duration_seconds=seconds,
        pool_minutes=pool_minutes(included, seconds),
        charged_micros=charged,
        owed_micros=owed,
        free_call=free_call,
        currency=account.currency,
    )
    over = replace(
        _over(terms, seconds, context),
        charged_micros=charged,
        parts=parts,
        cause=FREE_CALL if free_call else RECORDED,
        memory=(("record", content, outcome),),
        included_seconds=included,
        meter_parts=shares,
        owed_micros=owed,
    )
    return Decision(
        outcome=outcome,
        account=replace(account, lots=lots, owed_micros=account.owed_micros + owed),
        session=over,
        transfers=_charges(terms, drawn, owed),
        meters=note_reached(meters, limits_of(admission.bindings, terms.booking, admission.pool_minutes), context.now),
    )


def _over(terms: SessionTerms, seconds: int, context: Context) -> Session:
    """A call that is over after so many seconds, before anything is charged for it."""
    return Session(
        terms=terms,
        state=SessionState.ENDED,
        grant_number=0,
        granted_seconds=seconds,
        final=True,
        grant_ends_at=context.now,
        used_seconds=seconds,
        overrun_seconds=0,
        charged_micros=0,
        parts=(),
        started_at=terms.authorised_at,
        ended_at=terms.authorised_at + timedelta(seconds=seconds),
        cause="",
        memory=(),
    )


def correct(
    account: Account, session: Session | None, command: CorrectCall, context: Context, around: Surroundings
) -> Decision:
    """Price an ended call by another deck, at the instant it began: give back the difference, or charge it.

    Refused while the call runs, when the deck is in another currency or has no rate for it.
    """
    facts: dict[str, str | int] = {"session_id": command.session_id}
    if session is None:
        return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_SESSION, facts=facts), account=account)
    key = f"correct:{command.command_id}"
    if any(remembered == key for remembered, _content, _answer in session.memory):
        return repeat(account, session, key, command.rate_deck_id)
    deck = context.decks[command.rate_deck_id]
    if deck.currency != account.currency:
        facts |= {"currency": deck.currency, "allowed": account.currency}
        return Decision(outcome=Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=facts), account=account)
    if session.is_live or session.state is SessionState.REFUSED:
        facts["state"] = session.state.value
        return Decision(outcome=Refused(code=RefusalCode.CONFLICT, facts=facts), account=account)
    terms = session.terms
    rate = terms.rate
    if rate is None or rate.prefix:
        rate = rate_in(deck, terms.service, terms.caller, terms.callee, terms.authorised_at)
        if rate is None:
            facts |= {"callee": terms.callee, "service": terms.service.value}
            return Decision(outcome=Refused(code=RefusalCode.NO_RATE, facts=facts), account=account)
    terms = replace(terms, rate=rate, rate_deck_id=command.rate_deck_id)
    return _repriced(account, replace(session, terms=terms), command, context, around)


def _repriced(
    account: Account, session: Session, command: CorrectCall, context: Context, around: Surroundings
) -> Decision:
    terms, seconds, included = session.terms, session.used_seconds, session.included_seconds
    charged = price_of(terms, included, seconds)
    if charged >= session.charged_micros:
        lots, parts, drawn, more_owed = _take(account.lots, session.parts, charged - session.charged_micros, context)
        owed = session.owed_micros + more_owed
        moved = replace(account, lots=lots, owed_micros=account.owed_micros + more_owed)
        transfers = _charges(terms, drawn, more_owed)
    else:
        given_back = give_back(account, session, session.charged_micros - charged)
        if isinstance(given_back, Refused):
            return Decision(outcome=given_back, account=account)
        moved, parts, owed = given_back.account, given_back.parts, given_back.owed_micros
        transfers = given_back.transfers
    shares, meters = share_out(
        terms,
        session.meter_parts,
        around.meters,
        included_seconds=included,
        used_seconds=seconds,
        granted_seconds=seconds,
        live=False,
    )
    outcome = Recorded(
        duration_seconds=seconds,
        pool_minutes=pool_minutes(included, seconds),
        charged_micros=charged,
        owed_micros=owed,
        free_call=False,
        currency=account.currency,
    )
    corrected = replace(
        session,
        charged_micros=charged,
        parts=parts,
        owed_micros=owed,
        meter_parts=shares,
        cause=RECORDED if session.cause == FREE_CALL else session.cause,
        memory=remember(session.memory, f"correct:{command.command_id}", command.rate_deck_id, outcome),
    )
    return Decision(
        outcome=outcome,
        account=moved,
        session=corrected,
        transfers=transfers,
        meters=meters,
    )


def _take(lots: Lots, parts: Parts, amount_micros: int, context: Context) -> tuple[Lots, Parts, _Drawn, int]:
    """Spend what is free of an amount; returns lots, the call's parts, what came from which lot, and what is owed."""
    paid = min(amount_micros, available_micros(lots, context.now))
    lots, parts = hold(lots, parts, paid, context.now)
    lots, parts, drawn = draw(lots, parts, paid)
    return lots, parts, drawn, amount_micros - paid


def _included_seconds(admission: Admission, around: Surroundings, seconds: int) -> int:
    minutes = min(divide_up(seconds, SECONDS_PER_MINUTE), pool_left_minutes(admission, around))
    return minutes * SECONDS_PER_MINUTE


def _parts(admission: Admission) -> tuple[MeterPart, ...]:
    """The meters that a call counts on which is over: its pool and the caps on money, whatever they leave."""
    booking = admission.booking
    if booking is None:
        return ()
    parts = tuple(
        MeterPart(key=binding.key, period=binding.period)
        for binding in admission.bindings
        if binding.kind is LimitKind.MICROS
    )
    if booking.pool_key:
        return (MeterPart(key=booking.pool_key, period=booking.pool_period), *parts)
    return parts


def _charges(terms: SessionTerms, drawn: _Drawn, owed_micros: int) -> tuple[Transfer, ...]:
    charges = tuple(
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
    if not owed_micros:
        return charges
    debt = Transfer(
        source=LedgerAccount.RECEIVABLE,
        target=revenue_account(terms.service),
        amount_micros=owed_micros,
        reason=TransferReason.CALL_OWED,
        lot_id=None,
        session_id=terms.session_id,
    )
    return (*charges, debt)


def _content_of(command: RecordCall) -> str:
    fields = (
        command.service,
        command.caller,
        command.callee,
        command.started_at.isoformat(),
        str(command.duration_seconds),
        command.call_type or "",
        command.user,
        command.conference_id,
    )
    return blake2b("|".join(fields).encode(), digest_size=8).hexdigest()
