"""Giving back the charge of a call that is over, wholly or for its last part.

Knows that a refund leaves a call as if it had lasted less, so that its price stays that of its seconds. Refuses to give
back more than was charged, and to touch a call that still runs.
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, Session, SessionState, Surroundings
from commcredits.core.commands import RefundCall
from commcredits.core.covering import pool_minutes, price_of, share_out
from commcredits.core.giving_back import give_back
from commcredits.core.outcomes import Ended, RefusalCode, Refused
from commcredits.core.remembering import remember, repeat


def refund(
    account: Account, session: Session | None, command: RefundCall, context: Context, around: Surroundings
) -> Decision:
    """Charge an ended call for ``used_seconds`` only; the rest returns to the lots and pools that paid.

    Where nothing is to be given back, nothing changes. Refused while the call runs, and as ``give_back`` says.
    """
    facts: dict[str, str | int] = {"session_id": command.session_id}
    if session is None:
        return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_SESSION, facts=facts), account=account)
    key, content = f"refund:{command.command_id}", str(command.used_seconds)
    if any(remembered == key for remembered, _content, _answer in session.memory):
        return repeat(account, session, key, content)
    refused = refuse_refund(session)
    if refused is not None:
        return Decision(outcome=refused, account=account)
    used, charged = _kept(session, command.used_seconds)
    outcome = Ended(
        duration_seconds=used,
        charged_micros=charged,
        currency=account.currency,
        pool_minutes=pool_minutes(session.included_seconds, used),
    )
    if used == session.used_seconds:
        return Decision(outcome=outcome, account=account)
    given_back = give_back(account, session, session.charged_micros - charged)
    if isinstance(given_back, Refused):
        return Decision(outcome=given_back, account=account)
    shares, meters = share_out(
        session.terms,
        session.meter_parts,
        around.meters,
        included_seconds=session.included_seconds,
        used_seconds=used,
        granted_seconds=used,
        live=False,
    )
    refunded = replace(
        session,
        state=SessionState.ENDED,
        used_seconds=used,
        charged_micros=charged,
        parts=given_back.parts,
        memory=remember(session.memory, key, content, outcome),
        meter_parts=shares,
        owed_micros=given_back.owed_micros,
        ended_at=session.ended_at or context.now,
    )
    return Decision(
        outcome=outcome,
        account=given_back.account,
        session=refunded,
        transfers=given_back.transfers,
        meters=meters,
    )


def refuse_refund(session: Session) -> Refused | None:
    """CONFLICT for a call that still runs, or that was never made."""
    if not session.is_live and session.state is not SessionState.REFUSED:
        return None
    facts: dict[str, str | int] = {"session_id": session.terms.session_id, "state": session.state.value}
    return Refused(code=RefusalCode.CONFLICT, facts=facts)


def refund_worth_micros(session: Session, used_seconds: int) -> int:
    """What a refund that leaves these seconds charged would give back of an ended call now, in millionths."""
    return session.charged_micros - _kept(session, used_seconds)[1]


def _kept(session: Session, used_seconds: int) -> tuple[int, int]:
    """The seconds that stay charged, never more than were, and their price."""
    used = max(0, min(used_seconds, session.used_seconds))
    return used, price_of(session.terms, session.included_seconds, used)
