"""Top-ups: the states of an attempt to buy funds, and the lot that a paid one leaves.

Knows the table of moves below. Refuses to know how a gateway is reached; what it answered arrives as a command.
Funds are granted only after the payment succeeded, once per attempt; an unknown outcome stays open until it is looked
up (domain.md §3).

    due → sent → processing | action_required | unknown → succeeded | declined | cancelled
    due → cancelled
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import (
    Account,
    Context,
    Decision,
    FundingTerms,
    OrganizationStatus,
    RechargeState,
    TopUp,
    TopUpKind,
    TopUpState,
)
from commcredits.core.calendar import month_of, twelve_months_after
from commcredits.core.commands import GrantPromotion, ImportLot, PaymentState, RecordPayment, RequestTopUp, SendTopUp
from commcredits.core.funds import LOTS_MAX, Lot, LotSource, LotTerms, add
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.money import AMOUNT_MICROS_MAX, MICROS_PER_UNIT
from commcredits.core.outcomes import Done, LotGranted, RefusalCode, Refused, TopUpTaken

OPEN_STATES: Final = frozenset(
    {TopUpState.DUE, TopUpState.SENT, TopUpState.PROCESSING, TopUpState.ACTION_REQUIRED, TopUpState.UNKNOWN}
)
"""States in which money may still move."""

_BOUGHT_NOTHING: Final = frozenset({TopUpState.DECLINED, TopUpState.CANCELLED})

OPEN_TOP_UPS_MAX: Final = 20
"""Most attempts of one organization that may be unresolved at once; a purchase beyond waits for them."""

_SOURCE: Final = {TopUpKind.MANUAL: LotSource.MANUAL, TopUpKind.AUTO_RECHARGE: LotSource.AUTO_RECHARGE}


def refuse_amount(account: Account, amount_micros: int, terms: FundingTerms) -> Refused | None:
    """Why this amount cannot be bought, or None: whole minor units, the minimum and the maximum (domain.md §3)."""
    minimum = terms.top_up_minimum_micros.get(account.currency, terms.top_up_minimum_default_micros)
    facts: dict[str, str | int] = {
        "amount_micros": amount_micros,
        "minimum_micros": minimum,
        "maximum_micros": terms.top_up_maximum_micros,
        "currency": account.currency,
    }
    if amount_micros < minimum:
        return Refused(code=RefusalCode.AMOUNT_BELOW_MINIMUM, facts=facts)
    if amount_micros > terms.top_up_maximum_micros:
        return Refused(code=RefusalCode.AMOUNT_ABOVE_MAXIMUM, facts=facts)
    if amount_micros * 10**account.minor_digits % MICROS_PER_UNIT:
        return Refused(code=RefusalCode.AMOUNT_NOT_PAYABLE, facts={**facts, "decimal_digits": account.minor_digits})
    return None


def may_recharge(account: Account, terms: FundingTerms) -> bool:
    """Whether this organization may buy by its rule at all: switched on, open, and in a country that sells credits."""
    rule = account.recharge.rule
    return (
        rule is not None
        and rule.enabled
        and account.status is OrganizationStatus.OPEN
        and account.country not in terms.unavailable_countries
    )


def request(account: Account, command: RequestTopUp, context: Context) -> Decision:
    """Open an attempt by hand, in state ``sent``: whoever gets this answer, and nobody else, goes to the gateway."""
    refusal = _refuse_purchase(account, context.funding) or refuse_amount(
        account, command.amount_micros, context.funding
    )
    if refusal is not None:
        return Decision(outcome=refusal, account=account)
    top_up = TopUp(
        top_up_id=context.new_id(),
        kind=TopUpKind.MANUAL,
        state=TopUpState.SENT,
        amount_micros=command.amount_micros,
        payment_method=command.payment_method,
        created_at=context.now,
        sent_at=context.now,
    )
    return Decision(
        outcome=_taken(top_up, account, send=True),
        remembered=_taken(top_up, account),
        account=replace(account, open_top_ups=(*account.open_top_ups, top_up)),
        top_ups=(top_up,),
    )


def send(account: Account, top_up: TopUp | None, command: SendTopUp, context: Context) -> Decision:
    """Claim a due attempt for the gateway; the cool-down runs from here.

    Its rule is asked once more: an attempt that the organization may not make any more is cancelled instead.
    """
    if top_up is None:
        return Decision(outcome=_unknown(command.top_up_id), account=account)
    if top_up.state is not TopUpState.DUE:
        return Decision(outcome=_taken(top_up, account), account=account)
    if not may_recharge(account, context.funding):
        cancelled = replace(top_up, state=TopUpState.CANCELLED, settled_at=context.now, reason="recharge_not_allowed")
        state = give_back_to_cap(account.recharge, cancelled, account.time_zone)
        account = replace(_replaced(account, cancelled), recharge=state)
        return Decision(outcome=_taken(cancelled, account), account=account, top_ups=(cancelled,))
    sent = replace(top_up, state=TopUpState.SENT, sent_at=context.now)
    cool_down_until = context.now + timedelta(seconds=context.funding.cool_down_seconds)
    account = replace(_replaced(account, sent), recharge=replace(account.recharge, cool_down_until=cool_down_until))
    return Decision(outcome=_taken(sent, account, send=True), account=account, top_ups=(sent,))


def record_payment(account: Account, top_up: TopUp | None, command: RecordPayment, context: Context) -> Decision:
    """Write down what the gateway said of an attempt; a repetition, or news older than what is known, changes nothing.

    A success counts even for an attempt that was taken for declined or not taken at all: the customer has paid.
    """
    if top_up is None:
        return Decision(outcome=_unknown(command.top_up_id), account=account)
    if top_up.state is TopUpState.SUCCEEDED or top_up.sent_at is None:
        return Decision(outcome=_taken(top_up, account), account=account)
    if command.state is PaymentState.SUCCEEDED:
        return _succeed(account, top_up, command, context)
    if top_up.state in _BOUGHT_NOTHING:
        return Decision(outcome=_taken(top_up, account), account=account)
    if command.state is PaymentState.DECLINED:
        return _decline(account, top_up, command, context)
    if command.state is PaymentState.NOT_TAKEN:
        return _not_taken(account, top_up, command, context)
    if command.state is PaymentState.UNKNOWN and top_up.state is not TopUpState.SENT:
        # Not to know is no news of an attempt of which something is known, such as where its buyer has to confirm it.
        return Decision(outcome=_taken(top_up, account), account=account)
    waiting = replace(
        top_up,
        state=TopUpState(command.state.value),
        gateway=command.gateway,
        gateway_reference=command.gateway_reference or top_up.gateway_reference,
        reason=command.reason,
        action_url=command.action_url,
    )
    if waiting == top_up:
        return Decision(outcome=_taken(top_up, account), account=account)
    return Decision(outcome=_taken(waiting, account), account=_replaced(account, waiting), top_ups=(waiting,))


def grant_promotion(account: Account, command: GrantPromotion, context: Context) -> Decision:
    """Add promotional funds; the operator gives them, so neither minimum nor country applies."""
    if account.status is not OrganizationStatus.OPEN:
        return Decision(outcome=Refused(code=RefusalCode.ORGANIZATION_CLOSED), account=account)
    maximum = context.funding.top_up_maximum_micros
    if not 0 < command.amount_micros <= maximum:
        code = RefusalCode.AMOUNT_ABOVE_MAXIMUM if command.amount_micros > 0 else RefusalCode.AMOUNT_BELOW_MINIMUM
        facts = {"amount_micros": command.amount_micros, "minimum_micros": 1, "maximum_micros": maximum}
        return Decision(outcome=Refused(code=code, facts=facts), account=account)
    if command.expires_at <= context.now:
        facts_expiry = {"expires_at": command.expires_at.isoformat(), "now": context.now.isoformat()}
        return Decision(outcome=Refused(code=RefusalCode.EXPIRY_NOT_ALLOWED, facts=facts_expiry), account=account)
    if len(account.lots) >= LOTS_MAX:
        return Decision(outcome=_too_many_lots(), account=account)
    terms = LotTerms(
        lot_id=context.new_id(),
        source=LotSource.PROMOTION,
        purchased_at=context.now,
        expires_at=command.expires_at,
    )
    lot = Lot(terms=terms, free_micros=command.amount_micros, held_micros=0)
    transfer = Transfer(
        source=LedgerAccount.PROMOTIONS,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=command.amount_micros,
        reason=TransferReason.PROMOTION,
        lot_id=terms.lot_id,
    )
    outcome = LotGranted(
        lot_id=terms.lot_id,
        amount_micros=command.amount_micros,
        currency=account.currency,
        expires_at=command.expires_at,
    )
    return Decision(
        outcome=outcome, account=account.with_lots(add(account.lots, lot)), transfers=(transfer,), new_lots=(lot,)
    )


def import_lot(account: Account, command: ImportLot, context: Context) -> Decision:
    """Take over an opening balance with its own dates; neither minimum, maximum nor country applies to it."""
    refused = _refuse_opening_balance(account, command, context)
    if refused is not None:
        return Decision(outcome=refused, account=account)
    terms = LotTerms(
        lot_id=context.new_id(),
        source=LotSource.PROMOTION if command.promotional else LotSource.OPENING_BALANCE,
        purchased_at=command.purchased_at,
        expires_at=command.expires_at,
    )
    lot = Lot(terms=terms, free_micros=command.amount_micros, held_micros=0)
    transfer = Transfer(
        source=LedgerAccount.ADJUSTMENTS,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=command.amount_micros,
        reason=TransferReason.OPENING_BALANCE,
        lot_id=terms.lot_id,
    )
    outcome = LotGranted(
        lot_id=terms.lot_id,
        amount_micros=command.amount_micros,
        currency=account.currency,
        expires_at=command.expires_at,
    )
    return Decision(
        outcome=outcome, account=account.with_lots(add(account.lots, lot)), transfers=(transfer,), new_lots=(lot,)
    )


def _refuse_opening_balance(account: Account, command: ImportLot, context: Context) -> Refused | None:
    if account.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    facts: dict[str, str | int] = {"amount_micros": command.amount_micros, "minimum_micros": 1}
    if command.amount_micros < 1:
        return Refused(code=RefusalCode.AMOUNT_BELOW_MINIMUM, facts=facts)
    if command.amount_micros > AMOUNT_MICROS_MAX:
        facts["maximum_micros"] = AMOUNT_MICROS_MAX
        return Refused(code=RefusalCode.AMOUNT_ABOVE_MAXIMUM, facts=facts)
    if not command.purchased_at <= context.now < command.expires_at:
        dates: dict[str, str | int] = {
            "purchased_at": command.purchased_at.isoformat(),
            "expires_at": command.expires_at.isoformat(),
            "now": context.now.isoformat(),
        }
        return Refused(code=RefusalCode.EXPIRY_NOT_ALLOWED, facts=dates)
    return _too_many_lots() if len(account.lots) >= LOTS_MAX else None


def give_back_to_cap(state: RechargeState, top_up: TopUp, time_zone: str) -> RechargeState:
    """The month's total without an attempt that bought nothing, if it was counted in that month."""
    if state.month != month_of(top_up.created_at, time_zone):
        return state
    return replace(state, month_micros=max(0, state.month_micros - top_up.amount_micros))


def nothing_changed(account: Account) -> Decision:
    """The decision of a command whose whole effect is what every decision does: expire lots, look at the trigger."""
    return Decision(outcome=Done(changed=False), account=account)


def _succeed(account: Account, top_up: TopUp, command: RecordPayment, context: Context) -> Decision:
    terms = LotTerms(
        lot_id=context.new_id(),
        source=_SOURCE[top_up.kind],
        purchased_at=context.now,
        expires_at=twelve_months_after(context.now),
    )
    lot = Lot(terms=terms, free_micros=top_up.amount_micros, held_micros=0)
    paid = replace(
        top_up,
        state=TopUpState.SUCCEEDED,
        settled_at=context.now,
        gateway=command.gateway,
        gateway_reference=command.gateway_reference or top_up.gateway_reference,
        reason="",
        action_url="",
        lot_id=terms.lot_id,
    )
    transfer = Transfer(
        source=LedgerAccount.GATEWAY_CLEARING,
        target=LedgerAccount.CUSTOMER_CREDITS,
        amount_micros=top_up.amount_micros,
        reason=TransferReason.TOP_UP,
        lot_id=terms.lot_id,
        top_up_id=top_up.top_up_id,
    )
    recharge = account.recharge
    if top_up.kind is TopUpKind.AUTO_RECHARGE:
        if top_up.state in _BOUGHT_NOTHING:
            recharge = _count_again(recharge, top_up, account.time_zone)
        recharge = replace(recharge, declines=0, retry_at=None)
    account = replace(_replaced(account, paid), lots=add(account.lots, lot), recharge=recharge)
    return Decision(
        outcome=_taken(paid, account), account=account, transfers=(transfer,), new_lots=(lot,), top_ups=(paid,)
    )


def _decline(account: Account, top_up: TopUp, command: RecordPayment, context: Context) -> Decision:
    declined = replace(
        top_up,
        state=TopUpState.DECLINED,
        settled_at=context.now,
        gateway=command.gateway,
        gateway_reference=command.gateway_reference or top_up.gateway_reference,
        reason=command.reason,
        action_url="",
    )
    recharge = account.recharge
    if top_up.kind is TopUpKind.AUTO_RECHARGE:
        recharge = _backed_off(recharge, top_up, account.time_zone, context, retryable=command.retryable)
    account = replace(_replaced(account, declined), recharge=recharge)
    return Decision(outcome=_taken(declined, account), account=account, top_ups=(declined,))


def _not_taken(account: Account, top_up: TopUp, command: RecordPayment, context: Context) -> Decision:
    """The gateway never had it: no decline to count, and the cap is given back; the cool-down still spaces attempts."""
    cancelled = replace(
        top_up, state=TopUpState.CANCELLED, settled_at=context.now, gateway=command.gateway, reason=command.reason
    )
    recharge = account.recharge
    if top_up.kind is TopUpKind.AUTO_RECHARGE:
        recharge = give_back_to_cap(recharge, top_up, account.time_zone)
    account = replace(_replaced(account, cancelled), recharge=recharge)
    return Decision(outcome=_taken(cancelled, account), account=account, top_ups=(cancelled,))


def _backed_off(
    state: RechargeState, top_up: TopUp, time_zone: str, context: Context, *, retryable: bool
) -> RechargeState:
    """Wait longer after each decline; after the last, or one that cannot be retried, stop until a rule is saved."""
    back_off = context.funding.back_off_seconds
    declines = state.declines + 1
    state = give_back_to_cap(state, top_up, time_zone)
    if declines > len(back_off) or not retryable:
        return replace(state, declines=declines, retry_at=None, suspended=True)
    return replace(state, declines=declines, retry_at=context.now + timedelta(seconds=back_off[declines - 1]))


def _count_again(state: RechargeState, top_up: TopUp, time_zone: str) -> RechargeState:
    """A success that was first taken for a failure counts in its month after all."""
    if state.month != month_of(top_up.created_at, time_zone):
        return state
    return replace(state, month_micros=state.month_micros + top_up.amount_micros)


def _replaced(account: Account, top_up: TopUp) -> Account:
    """The account with this attempt as it now stands; settled attempts are no longer carried."""
    others = tuple(each for each in account.open_top_ups if each.top_up_id != top_up.top_up_id)
    carried = (*others, top_up) if top_up.state in OPEN_STATES else others
    return replace(account, open_top_ups=carried)


def _refuse_purchase(account: Account, terms: FundingTerms) -> Refused | None:
    if account.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    if account.country in terms.unavailable_countries:
        return Refused(code=RefusalCode.COUNTRY_NOT_AVAILABLE, facts={"country": account.country})
    if len(account.lots) >= LOTS_MAX:
        return _too_many_lots()
    if len(account.open_top_ups) >= OPEN_TOP_UPS_MAX:
        return Refused(code=RefusalCode.TOP_UP_OPEN, facts={"maximum": OPEN_TOP_UPS_MAX})
    return None


def _too_many_lots() -> Refused:
    return Refused(code=RefusalCode.TOO_MANY_LOTS, facts={"maximum": LOTS_MAX})


def _unknown(top_up_id: str) -> Refused:
    return Refused(code=RefusalCode.UNKNOWN_TOP_UP, facts={"top_up_id": top_up_id})


def _taken(top_up: TopUp, account: Account, *, send: bool = False) -> TopUpTaken:
    return TopUpTaken(
        top_up_id=top_up.top_up_id,
        state=top_up.state.value,
        amount_micros=top_up.amount_micros,
        currency=account.currency,
        payment_method=top_up.payment_method,
        send=send,
        reason=top_up.reason,
        action_url=top_up.action_url,
    )
