"""Auto-recharge: strictly below the trigger, once, within its limits, and never again after it was switched off."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from commcredits.core.account import OrganizationStatus, TopUp, TopUpState
from commcredits.core.commands import CheckRecharge, ExpireLots, PaymentState
from commcredits.core.outcomes import Granted, Outcome, RechargeRuleSaved, RefusalCode, Refused, TopUpTaken
from tests.core.books import FUNDING, NOON, ORGANIZATION, Books, books, rate, units

CHECK = CheckRecharge(organization_id=ORGANIZATION)


def _code(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def _due(account: Books) -> TopUp:
    (top_up,) = account.recharges(TopUpState.DUE)
    return top_up


def _pay(account: Books) -> None:
    due = _due(account)
    account.send(due.top_up_id)
    account.record(due.top_up_id, PaymentState.SUCCEEDED)


def _decline(account: Books, *, retryable: bool = True) -> None:
    due = _due(account)
    account.send(due.top_up_id)
    account.record(due.top_up_id, PaymentState.DECLINED, retryable=retryable)


def _below(recharge: str = "100", trigger: str = "50", cap: str | None = None) -> Books:
    """Books whose balance of 10 is below the trigger when the rule is saved."""
    account = books(balance="10")
    account.save_rule(recharge=recharge, trigger=trigger, cap=cap)
    return account


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
    _pay(account)
    assert len(account.recharges()) == 1
    assert account.available_micros == account.ledger_micros() == units("100")


def test_a_hold_alone_makes_the_balance_fall() -> None:
    account = books(balance="52")
    account.save_rule(trigger="50")
    account.authorise()
    assert account.available_micros == units("49")
    assert _due(account).amount_micros == units("100")
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
    account = _below()
    due = _due(account)
    assert account.available_micros == units("10")
    assert isinstance(taken := account.send(due.top_up_id), TopUpTaken)
    assert taken.send
    assert account.available_micros == units("10")
    account.record(due.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("110")


def test_a_manual_top_up_is_possible_while_auto_recharge_is_on() -> None:
    account = _below()
    account.add_funds("75")
    assert account.available_micros == units("85")


# ---- one attempt, one claim


def test_there_is_never_a_second_open_attempt_whatever_the_gateway_says() -> None:
    account = _below()
    due = _due(account)
    account.send(due.top_up_id)
    for state in (PaymentState.UNKNOWN, PaymentState.PROCESSING, PaymentState.ACTION_REQUIRED, PaymentState.UNKNOWN):
        account.record(due.top_up_id, state)
        account.wait(days=3)
        account.do(CHECK)
        account.authorise(f"call-{state}-{account.now}")
        assert len(account.recharges()) == 1


def test_only_the_first_claim_of_an_attempt_may_go_to_the_gateway() -> None:
    account = _below()
    due = _due(account)
    first, second = account.send(due.top_up_id), account.send(due.top_up_id)
    assert isinstance(first, TopUpTaken)
    assert isinstance(second, TopUpTaken)
    assert (first.send, second.send) == (True, False)


# ---- limits


def test_the_cool_down_runs_from_the_gateway_to_the_next_attempt() -> None:
    account = _below(recharge="50", trigger="200")
    account.wait(minutes=10)
    _pay(account)
    account.wait(seconds=300, microseconds=-1)
    account.do(CHECK)
    assert len(account.recharges()) == 1
    account.wait(microseconds=1)
    account.do(CHECK)
    assert len(account.recharges()) == 2


def test_saving_again_and_again_within_the_cool_down_recharges_once() -> None:
    account = _below(recharge="50", trigger="200")
    _pay(account)
    for _ in range(9):
        account.wait(seconds=33)
        account.save_rule(recharge="50", trigger="200")
        account.save_rule(enabled=False)
        account.save_rule(recharge="50", trigger="200")
    assert len(account.recharges(TopUpState.SUCCEEDED)) == len(account.recharges()) == 1


def test_a_recharge_that_never_reaches_its_trigger_stops_at_the_cap_and_not_after_twenty_nine() -> None:
    account = _below(recharge="50", trigger="10000", cap="175")
    for _ in range(24 * 12):
        if account.recharges(TopUpState.DUE):
            _pay(account)
        account.wait(minutes=5)
        account.do(CHECK)
    assert len(account.recharges(TopUpState.SUCCEEDED)) == len(account.recharges()) == 3


def test_without_a_cap_ten_recharges_are_the_most_of_a_month() -> None:
    account = _below(recharge="50", trigger="10000")
    for _ in range(50):
        if account.recharges(TopUpState.DUE):
            _pay(account)
        account.wait(minutes=5)
        account.do(CHECK)
    assert len(account.recharges()) == 10


def test_the_cap_is_of_the_calendar_month_in_the_organizations_zone() -> None:
    account = books(balance="10", time_zone="Europe/Bucharest")
    account.save_rule(recharge="50", trigger="1000", cap="50")
    _pay(account)
    account.now = datetime(2026, 11, 30, 21, 59, 59, tzinfo=UTC)
    account.do(CHECK)
    assert len(account.recharges()) == 1
    account.now = datetime(2026, 11, 30, 22, tzinfo=UTC)
    account.do(CHECK)
    assert len(account.recharges()) == 2


def test_a_clock_put_back_over_the_end_of_a_month_does_not_open_its_cap_again() -> None:
    account = _below(recharge="50", trigger="1000", cap="50")
    _pay(account)
    account.now = datetime(2026, 12, 1, tzinfo=UTC)
    account.do(CHECK)
    assert account.account.recharge.month_micros == units("50")
    account.wait(seconds=-1)
    account.save_rule(recharge="50", trigger="1000", cap="50")
    # What was opened and cancelled in December is opened again in December's account, not in November's.
    assert account.account.recharge.month == "2026-12"
    assert account.account.recharge.month_micros == units("50")
    _pay(account)
    account.wait(minutes=10)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.SUCCEEDED)) == 2
    assert account.recharges(TopUpState.DUE) == []


def test_an_attempt_of_last_month_that_is_declined_takes_nothing_from_this_month() -> None:
    account = books(balance="10")
    account.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    account.save_rule(recharge="50", trigger="1000", cap="100")
    last_month = _due(account)
    account.send(last_month.top_up_id)
    account.now = datetime(2026, 12, 1, 0, 10, tzinfo=UTC)
    account.record(last_month.top_up_id, PaymentState.DECLINED)
    account.wait(hours=1)
    account.do(CHECK)
    assert account.account.recharge.month == "2026-12"
    assert account.account.recharge.month_micros == units("50")


# ---- declines


def test_declines_wait_an_hour_six_a_day_and_are_then_suspended() -> None:
    account = _below()
    for wait in (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24)):
        _decline(account)
        assert account.account.recharge.retry_at == account.now + wait
        account.wait(seconds=wait.total_seconds(), microseconds=-1)
        account.do(CHECK)
        assert account.recharges(TopUpState.DUE) == []
        account.wait(microseconds=1)
        account.do(CHECK)
    _decline(account)
    assert account.account.recharge.suspended
    account.wait(days=300)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.DECLINED)) == len(account.recharges()) == 4


def test_a_decline_that_cannot_be_retried_suspends_at_once() -> None:
    account = _below()
    _decline(account, retryable=False)
    assert account.account.recharge.suspended
    account.wait(days=2)
    account.do(CHECK)
    assert len(account.recharges()) == 1


def test_declined_attempts_take_nothing_of_the_months_cap() -> None:
    account = _below(cap="100")
    _decline(account)
    assert account.account.recharge.month_micros == 0
    account.wait(hours=1)
    account.do(CHECK)
    _pay(account)
    assert account.account.recharge.month_micros == units("100")


def test_a_recharge_that_never_reached_its_gateway_costs_no_cap_and_tries_again_after_the_cool_down() -> None:
    account = _below(cap="100")
    due = _due(account)
    account.send(due.top_up_id)
    account.record(due.top_up_id, PaymentState.NOT_TAKEN)
    assert (account.account.recharge.month_micros, account.account.recharge.declines) == (0, 0)
    assert len(account.recharges()) == 1
    account.wait(minutes=5)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.DUE)) == 1


@pytest.mark.parametrize("news", [PaymentState.DECLINED, PaymentState.NOT_TAKEN])
def test_a_recharge_that_was_paid_after_all_counts_in_its_month(news: PaymentState) -> None:
    account = _below(recharge="50", trigger="1000", cap="50")
    due = _due(account)
    account.send(due.top_up_id)
    account.record(due.top_up_id, news)
    account.record(due.top_up_id, PaymentState.SUCCEEDED)
    assert account.account.recharge.month_micros == units("50")
    account.wait(hours=2)
    account.do(CHECK)
    assert len(account.recharges()) == 1


def test_a_payment_that_succeeds_forgives_the_declines_before_it() -> None:
    account = _below(recharge="50", trigger="1000")
    _decline(account)
    account.wait(hours=1)
    account.do(CHECK)
    _pay(account)
    assert (account.account.recharge.declines, account.account.recharge.retry_at) == (0, None)


def test_saving_the_rule_lifts_a_suspension_but_not_the_cool_down() -> None:
    account = _below()
    _decline(account, retryable=False)
    account.wait(seconds=10)
    assert account.save_rule() == RechargeRuleSaved(recharge_started=False)
    assert not account.account.recharge.suspended
    account.wait(seconds=290)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.DUE)) == 1


def test_a_declined_manual_top_up_says_nothing_about_the_rule() -> None:
    account = books(balance="60")
    account.save_rule()
    taken = account.request_top_up("50")
    assert isinstance(taken, TopUpTaken)
    account.record(taken.top_up_id, PaymentState.DECLINED, retryable=False)
    assert (account.account.recharge.declines, account.account.recharge.suspended) == (0, False)


# ---- switching off


def test_switching_off_cancels_an_attempt_not_yet_sent_and_is_final() -> None:
    account = _below()
    due = _due(account)
    assert account.save_rule(enabled=False) == RechargeRuleSaved(recharge_started=False)
    assert account.top_ups[due.top_up_id].state is TopUpState.CANCELLED
    assert account.account.recharge.month_micros == 0
    sent = account.send(due.top_up_id)
    assert isinstance(sent, TopUpTaken)
    assert not sent.send
    account.record(due.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("10")
    for _ in range(10):
        account.wait(days=40)
        account.do(CHECK)
        account.authorise(f"call-{account.now}")
    assert len(account.recharges()) == 1


def test_an_attempt_that_was_sent_before_switching_off_still_grants_what_was_paid() -> None:
    account = _below()
    due = _due(account)
    account.send(due.top_up_id)
    account.save_rule(enabled=False)
    account.record(due.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("110")


def test_switching_off_is_never_refused_and_stores_no_nonsense() -> None:
    account = _below(recharge="100", trigger="50")
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
    account = _below()
    due = _due(account)
    account.account = replace(account.account, status=status)
    claimed = account.send(due.top_up_id)
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
