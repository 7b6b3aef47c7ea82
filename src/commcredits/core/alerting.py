"""Alerts about the balance: it fell below an amount that somebody chose, or nothing is left to pay calls with.

Knows crossings. Refuses to know whom to tell. Amounts are compared with the posted balance, which only falls by use and
expiry: the available one falls and rises with every call in progress, and would cross the same amount again and again.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from commcredits.core.account import Account, BalanceAlerts, Context, Decision
from commcredits.core.commands import SaveBalanceAlerts
from commcredits.core.funds import Lots, LotSource
from commcredits.core.money import AMOUNT_MICROS_MAX, MICROS_PER_UNIT
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import Done, RefusalCode, Refused

ALERTS_MAX: Final = 10
"""Most amounts that somebody may want to hear of."""


def save_alerts(account: Account, command: SaveBalanceAlerts) -> Decision:
    """Keep these amounts; each tells from the next time on that the balance falls below it."""
    amounts = tuple(sorted(set(command.amounts_micros), reverse=True))
    if len(amounts) > ALERTS_MAX or any(not 0 < amount <= AMOUNT_MICROS_MAX for amount in amounts):
        facts: dict[str, str | int] = {
            "field": "amounts",
            "value": len(amounts),
            "allowed": f"at most {ALERTS_MAX} amounts above 0",
        }
        return Decision(outcome=Refused(code=RefusalCode.INVALID_INPUT, facts=facts), account=account)
    if amounts == account.alerts.amounts_micros:
        return Decision(outcome=Done(changed=False), account=account)
    alerts = replace(account.alerts, amounts_micros=amounts)
    return Decision(outcome=Done(changed=True), account=replace(account, alerts=alerts))


def alert(before: Account, decision: Decision, context: Context) -> Decision:
    """The decision with what is to be told of the balance that it leaves.

    A rest of less than one unit that a call was refused on is as good as nothing.
    """
    account = decision.account
    outcome = decision.outcome
    # A refusal is new where it leaves a call behind; a repetition of one says nothing of the balance by now.
    refused = (
        decision.session is not None and isinstance(outcome, Refused) and outcome.code is RefusalCode.INSUFFICIENT_FUNDS
    )
    if account.lots is before.lots and not refused:
        return decision
    alerts = account.alerts
    nobody_asked = not alerts.amounts_micros and not decision.new_lots
    if nobody_asked and (alerts.zero_told or (not refused and _any(account.lots))):
        return decision
    notices: list[Notice] = []
    was, left = _total_micros(before.lots), _total_micros(account.lots)
    if left < was:
        notices.extend(
            Notice(
                kind=NoticeKind.BALANCE_LOW,
                key=context.new_id(),
                facts={"alert_micros": amount, "balance_micros": left, "currency": account.currency},
            )
            for amount in alerts.amounts_micros
            if left < amount <= was
        )
    if decision.new_lots and alerts.zero_told and left:
        alerts = BalanceAlerts(amounts_micros=alerts.amounts_micros, zero_told=False)
    elif not alerts.zero_told and (not left or (refused and left < MICROS_PER_UNIT)):
        alerts = BalanceAlerts(amounts_micros=alerts.amounts_micros, zero_told=True)
        facts: dict[str, str | int] = {"balance_micros": left, "currency": account.currency}
        notices.append(Notice(kind=NoticeKind.BALANCE_ZERO, key=context.new_id(), facts=facts))
    if alerts is not account.alerts:
        account = replace(account, alerts=alerts)
    elif not notices:
        return decision
    return replace(decision, account=account, notices=(*decision.notices, *notices))


def _any(lots: Lots) -> bool:
    """Whether anything is left; asked at each step of each call, and nearly always the first lot says so."""
    for lot in lots:  # noqa: SIM110 - a generator costs more than what it goes through
        if (lot.free_micros or lot.held_micros) and lot.terms.source is not LotSource.POST_USAGE:
            return True
    return False


def _total_micros(lots: Lots) -> int:
    """Free and held of all that was bought or given, whether or not the breakage of the expired is booked yet."""
    total = 0
    for lot in lots:
        if lot.terms.source is not LotSource.POST_USAGE:
            total += lot.free_micros + lot.held_micros
    return total
