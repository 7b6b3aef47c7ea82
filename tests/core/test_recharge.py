"""Auto-recharge: strictly below the trigger, once, within its limits, and never again after it was switched off."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import ExpireLots, PaymentState
from commcredits.core.outcomes import Granted, Outcome, RechargeRuleSaved, RefusalCode, Refused, TopUpTaken
from commcredits.core.purchases import TopUpState
from tests.core.books import FUNDING, NOON, ORGANIZATION, books, rate, units
from tests.core.recharging import CHECK, below_trigger, due, pay


def _code(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


# ---- when it fires


def test_a_balance_exactly_at_the_trigger_does_not_recharge_and_a_millionth_below_does() -> None:
    account = books(rate(per_minute="0.000060"), balance="50.000001")
    account.save_rule(trigger="50")
    account.authorise("call-1", slice_seconds=1)
    assert account.available_micros == units("50")
    assert account.recharges() == []
    account.authorise("call-2", slice_seconds=1)
    assert account.available_micros == units("49.999999")
    assert len(account.recharges(TopUpState.DUE)) == 1


def test_five_charges_of_twenty_at_once_on_a_hundred_recharge_once_and_leave_exactly_a_hundred() -> None:
    account = books(rate(per_minute="20", increments=(60, 60)), balance="100")
    account.save_rule(recharge="100", trigger="50")
    calls = [f"call-{number}" for number in range(5)]
    for call in calls:
        assert isinstance(account.authorise(call, slice_seconds=60, answered=True), Granted)
    for call in calls:
        account.end(60, call)
    assert len(account.recharges()) == 1
    pay(account)
    assert len(account.recharges()) == 1
    assert account.available_micros == account.ledger_micros() == units("100")


def test_a_hold_alone_makes_the_balance_fall() -> None:
    account = books(balance="52")
    account.save_rule(trigger="50")
    account.authorise()
    assert account.available_micros == units("49")
    assert due(account).amount_micros == units("100")
    assert account.ledger_micros() == units("52")


def test_an_expiring_lot_makes_the_balance_fall() -> None:
    account = books(balance="40")
    account.grant_promotion("20", NOON + timedelta(days=1))
    account.save_rule(trigger="50")
    account.wait(days=1, microseconds=-1)
    account.do(ExpireLots(organization_id=ORGANIZATION))
    assert account.recharges() == []
    account.wait(microseconds=1)
    account.do(ExpireLots(organization_id=ORGANIZATION))
    assert len(account.recharges(TopUpState.DUE)) == 1


def test_saving_a_rule_below_its_trigger_says_so_and_recharges_once() -> None:
    account = books(balance="10")
    assert account.save_rule() == RechargeRuleSaved(recharge_started=True)
    assert account.save_rule() == RechargeRuleSaved(recharge_started=True)
    assert len(account.recharges(TopUpState.DUE)) == 1
    assert len(account.recharges(TopUpState.CANCELLED)) == 1


def test_saving_a_rule_above_its_trigger_recharges_nothing() -> None:
    account = books(balance="50")
    assert account.save_rule() == RechargeRuleSaved(recharge_started=False)
    assert account.recharges() == []


def test_the_fixed_amount_is_added_and_funds_come_only_with_the_payment() -> None:
    account = below_trigger()
    attempt = due(account)
    assert account.available_micros == units("10")
    assert isinstance(taken := account.send(attempt.top_up_id), TopUpTaken)
    assert taken.send
    assert account.available_micros == units("10")
    account.record(attempt.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("110")


def test_a_manual_top_up_is_possible_while_auto_recharge_is_on() -> None:
    account = below_trigger()
    account.add_funds("75")
    assert account.available_micros == units("85")


# ---- one attempt, one claim


def test_there_is_never_a_second_open_attempt_whatever_the_gateway_says() -> None:
    account = below_trigger()
    attempt = due(account)
    account.send(attempt.top_up_id)
    for state in (PaymentState.UNKNOWN, PaymentState.PROCESSING, PaymentState.ACTION_REQUIRED, PaymentState.UNKNOWN):
        account.record(attempt.top_up_id, state)
        account.wait(days=3)
        account.do(CHECK)
        account.authorise(f"call-{state}-{account.now}")
        assert len(account.recharges()) == 1


def test_only_the_first_claim_of_an_attempt_may_go_to_the_gateway() -> None:
    account = below_trigger()
    attempt = due(account)
    first, second = account.send(attempt.top_up_id), account.send(attempt.top_up_id)
    assert isinstance(first, TopUpTaken)
    assert isinstance(second, TopUpTaken)
    assert (first.send, second.send) == (True, False)


# ---- switching off


def test_switching_off_cancels_an_attempt_not_yet_sent_and_is_final() -> None:
    account = below_trigger()
    attempt = due(account)
    assert account.save_rule(enabled=False) == RechargeRuleSaved(recharge_started=False)
    assert account.top_ups[attempt.top_up_id].state is TopUpState.CANCELLED
    assert account.account.recharge.month_micros == 0
    sent = account.send(attempt.top_up_id)
    assert isinstance(sent, TopUpTaken)
    assert not sent.send
    account.record(attempt.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("10")
    for _ in range(10):
        account.wait(days=40)
        account.do(CHECK)
        account.authorise(f"call-{account.now}")
    assert len(account.recharges()) == 1


def test_an_attempt_that_was_sent_before_switching_off_still_grants_what_was_paid() -> None:
    account = below_trigger()
    attempt = due(account)
    account.send(attempt.top_up_id)
    account.save_rule(enabled=False)
    account.record(attempt.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("110")


def test_switching_off_is_never_refused_and_stores_no_nonsense() -> None:
    account = below_trigger(recharge="100", trigger="50")
    assert isinstance(account.save_rule(recharge="0.001", trigger="0", cap="0", enabled=False), RechargeRuleSaved)
    rule = account.account.recharge.rule
    assert rule is not None
    assert (rule.enabled, rule.recharge_amount_micros, rule.trigger_amount_micros) == (False, units("100"), units("50"))
    fresh = books()
    assert isinstance(fresh.save_rule(recharge="0", enabled=False), RechargeRuleSaved)
    assert fresh.account.recharge.rule is None


def test_a_rule_that_is_saved_switched_off_keeps_its_new_amounts_for_later() -> None:
    account = books(balance="10")
    account.save_rule(recharge="75", trigger="25", enabled=False)
    rule = account.account.recharge.rule
    assert rule is not None
    assert (rule.recharge_amount_micros, rule.trigger_amount_micros) == (units("75"), units("25"))
    assert account.recharges() == []


@pytest.mark.parametrize("status", [OrganizationStatus.CLOSING, OrganizationStatus.CLOSED])
def test_an_attempt_of_an_organization_that_closes_meanwhile_is_cancelled_when_it_is_claimed(
    status: OrganizationStatus,
) -> None:
    account = below_trigger()
    attempt = due(account)
    account.account = replace(account.account, status=status)
    claimed = account.send(attempt.top_up_id)
    assert isinstance(claimed, TopUpTaken)
    assert (claimed.send, claimed.state) == (False, "cancelled")
    assert account.account.recharge.month_micros == 0
    assert isinstance(account.save_rule(enabled=False), RechargeRuleSaved)


# ---- what a rule may say


@pytest.mark.parametrize(
    ("recharge", "trigger", "cap", "code"),
    [
        ("49.99", "10", None, RefusalCode.AMOUNT_BELOW_MINIMUM),
        ("0", "10", None, RefusalCode.AMOUNT_BELOW_MINIMUM),
        ("10000.01", "10", None, RefusalCode.AMOUNT_ABOVE_MAXIMUM),
        ("50.001", "10", None, RefusalCode.AMOUNT_NOT_PAYABLE),
        ("50", "0", None, RefusalCode.TRIGGER_NOT_ALLOWED),
        ("50", "10000.000001", None, RefusalCode.TRIGGER_NOT_ALLOWED),
        ("50", "10", "49.99", RefusalCode.CAP_BELOW_AMOUNT),
    ],
)
def test_a_rule_that_cannot_work_is_refused_and_the_old_one_stays(
    recharge: str, trigger: str, cap: str | None, code: RefusalCode
) -> None:
    account = books(balance="60")
    account.save_rule(recharge="100", trigger="50")
    before = account.account
    assert _code(account.save_rule(recharge=recharge, trigger=trigger, cap=cap)) is code
    assert account.account == before


def test_credits_that_cannot_be_bought_in_a_country_are_not_bought_by_a_rule_either() -> None:
    account = books(balance="60")
    account.save_rule()
    account.funding = replace(FUNDING, unavailable_countries=frozenset({"RO"}))
    assert _code(account.save_rule()) is RefusalCode.COUNTRY_NOT_AVAILABLE
    account.authorise("call-1", slice_seconds=14_400)
    assert account.recharges() == []


def test_a_closed_organization_sets_no_rule() -> None:
    account = books(balance="10")
    account.account = replace(account.account, status=OrganizationStatus.CLOSING)
    assert _code(account.save_rule()) is RefusalCode.ORGANIZATION_CLOSED
