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
    if session.is_live or session.state is SessionState.REFUSED:
        facts["state"] = session.state.value
        return Decision(outcome=Refused(code=RefusalCode.CONFLICT, facts=facts), account=account)
    used = max(0, min(command.used_seconds, session.used_seconds))
    charged = price_of(session.terms, session.included_seconds, used)
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
