"""Top-ups: the states of an attempt to buy funds, and the lot that a paid one leaves.

Knows the table of moves below. Refuses to know how a gateway is reached; what it answered arrives as a command.
Funds are granted only after the payment succeeded, once per attempt; an unknown outcome stays open until it is looked
up (domain.md §3).

    due → sent → processing | action_required | unknown → succeeded | declined | cancelled
    due → cancelled
    succeeded → disputed → succeeded | reversed          (commcredits.core.disputes)
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
)
from commcredits.core.calendar import month_of
from commcredits.core.commands import RequestTopUp, SendTopUp
from commcredits.core.funds import LOTS_MAX, own_micros
from commcredits.core.money import MICROS_PER_UNIT
from commcredits.core.outcomes import Done, RefusalCode, Refused, TopUpTaken
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from commcredits.core.taxes import Tax, tax_on_purchase

OPEN_STATES: Final = frozenset(
    {TopUpState.DUE, TopUpState.SENT, TopUpState.PROCESSING, TopUpState.ACTION_REQUIRED, TopUpState.UNKNOWN}
)
"""States in which money may still move."""

CARRIED_STATES: Final = OPEN_STATES | {TopUpState.DISPUTED}
"""States in which an account carries a top-up: a disputed one, for what is released of its lot has to be frozen."""

NOT_APPROVED: Final = "not_approved"
"""Why an attempt was closed whose payer had a day to approve it."""

TOO_MANY_ATTEMPTS: Final = "too_many_attempts"
"""Why an attempt was closed that was made with a new card after too many others."""

OPEN_TOP_UPS_MAX: Final = 20
"""Most attempts of one organization that may be unresolved at once; a purchase beyond waits for them."""


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


def tax_of(account: Account, amount_micros: int, context: Context) -> Tax:
    """The tax of a purchase that is made now; it stays what it was, whatever becomes of the table."""
    return tax_on_purchase(
        context.funding.taxes,
        country=account.country,
        has_tax_id=account.has_tax_id,
        amount_micros=amount_micros,
        minor_digits=account.minor_digits,
        now=context.now,
    )


def may_recharge(account: Account, terms: FundingTerms) -> bool:
    """Whether this organization may buy by its rule at all: switched on, open, and in a country that sells credits."""
    rule = account.recharge.rule
    return (
        rule is not None
        and rule.enabled
        and account.status is OrganizationStatus.OPEN
        and not account.post_usage
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
        tax=tax_of(account, command.amount_micros, context),
    )
    return Decision(
        outcome=taken(top_up, account, send=True),
        remembered=taken(top_up, account),
        account=replace(account, open_top_ups=(*account.open_top_ups, top_up)),
        top_ups=(top_up,),
    )


def send(account: Account, top_up: TopUp | None, command: SendTopUp, context: Context) -> Decision:
    """Claim a due attempt for the gateway; the cool-down runs from here.

    Its rule is asked once more: an attempt that the organization may not make any more, or whose rule was paused
    meanwhile, as by a dispute, is cancelled instead. So is one that nobody needs any more, because other funds came
    while it waited for a worker.
    """
    if top_up is None:
        return Decision(outcome=unknown_top_up(command.top_up_id), account=account)
    if top_up.state is not TopUpState.DUE:
        return Decision(outcome=taken(top_up, account), account=account)
    reason = ""
    if not may_recharge(account, context.funding) or account.recharge.paused is not None:
        reason = "recharge_not_allowed"
    elif _is_overtaken(account, top_up, context):
        reason = "not_needed"
    if reason:
        cancelled = replace(top_up, state=TopUpState.CANCELLED, settled_at=context.now, reason=reason)
        state = give_back_to_cap(account.recharge, cancelled, account.time_zone)
        account = replace(replaced(account, cancelled), recharge=state)
        return Decision(outcome=taken(cancelled, account), account=account, top_ups=(cancelled,))
    sent = replace(top_up, state=TopUpState.SENT, sent_at=context.now)
    cool_down_until = context.now + timedelta(seconds=context.funding.cool_down_seconds)
    account = replace(replaced(account, sent), recharge=replace(account.recharge, cool_down_until=cool_down_until))
    return Decision(outcome=taken(sent, account, send=True), account=account, top_ups=(sent,))


def _is_overtaken(account: Account, top_up: TopUp, context: Context) -> bool:
    """Whether funds that came after the attempt was opened have lifted the balance to its trigger.

    A balance that rose for other reasons, as when a call released what it held, does not count: it did fall below.
    """
    rule = account.recharge.rule
    if rule is None or not any(lot.terms.purchased_at > top_up.created_at for lot in account.lots):
        return False
    at = context.now + timedelta(days=rule.expiry_ahead_days)
    return own_micros(account.lots, at) - account.owed_micros >= rule.trigger_amount_micros


def give_back_to_cap(state: RechargeState, top_up: TopUp, time_zone: str) -> RechargeState:
    """The month's total without an attempt that bought nothing, if it was counted in that month."""
    if state.month != month_of(top_up.created_at, time_zone):
        return state
    return replace(state, month_micros=max(0, state.month_micros - top_up.amount_micros))


def nothing_changed(account: Account) -> Decision:
    """The decision of a command whose whole effect is what every decision does: expire lots, look at the trigger."""
    return Decision(outcome=Done(changed=False), account=account)


def replaced(account: Account, top_up: TopUp) -> Account:
    """The account with this attempt as it now stands; settled attempts are no longer carried."""
    others = tuple(each for each in account.open_top_ups if each.top_up_id != top_up.top_up_id)
    carried = (*others, top_up) if top_up.state in CARRIED_STATES else others
    return replace(account, open_top_ups=carried)


def _refuse_purchase(account: Account, terms: FundingTerms) -> Refused | None:
    if account.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    if account.post_usage:
        return Refused(code=RefusalCode.POST_USAGE)
    if account.country in terms.unavailable_countries:
        return Refused(code=RefusalCode.COUNTRY_NOT_AVAILABLE, facts={"country": account.country})
    if len(account.lots) >= LOTS_MAX:
        return too_many_lots()
    if sum(each.state in OPEN_STATES for each in account.open_top_ups) >= OPEN_TOP_UPS_MAX:
        return Refused(code=RefusalCode.TOP_UP_OPEN, facts={"maximum": OPEN_TOP_UPS_MAX})
    return None


def too_many_lots() -> Refused:
    """An organization keeps LOTS_MAX lots at most."""
    return Refused(code=RefusalCode.TOO_MANY_LOTS, facts={"maximum": LOTS_MAX})


def unknown_top_up(top_up_id: str) -> Refused:
    """There is no such top-up here."""
    return Refused(code=RefusalCode.UNKNOWN_TOP_UP, facts={"top_up_id": top_up_id})


def taken(top_up: TopUp, account: Account, *, send: bool = False) -> TopUpTaken:
    """The answer that tells of a top-up as it stands."""
    return TopUpTaken(
        top_up_id=top_up.top_up_id,
        state=top_up.state.value,
        amount_micros=top_up.amount_micros,
        currency=account.currency,
        payment_method=top_up.payment_method,
        send=send,
        reason=top_up.reason,
        action_url=top_up.action_url,
        tax_micros=top_up.tax.micros,
    )
