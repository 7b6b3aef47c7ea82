"""The limits of auto-recharge: what a month may take, how long a declined card is left alone, and when it is over."""

from datetime import UTC, datetime, timedelta

import pytest

from commcredits.core.commands import PaymentState
from commcredits.core.outcomes import RechargeRuleSaved, TopUpTaken
from commcredits.core.purchases import TopUpState
from tests.core.books import books, units
from tests.core.recharging import CHECK, below_trigger, decline, due, pay

# ---- limits


def test_the_cool_down_runs_from_the_gateway_to_the_next_attempt() -> None:
    account = below_trigger(recharge="50", trigger="200")
    account.wait(minutes=10)
    pay(account)
    account.wait(seconds=300, microseconds=-1)
    account.do(CHECK)
    assert len(account.recharges()) == 1
    account.wait(microseconds=1)
    account.do(CHECK)
    assert len(account.recharges()) == 2


def test_saving_again_and_again_within_the_cool_down_recharges_once() -> None:
    account = below_trigger(recharge="50", trigger="200")
    pay(account)
    for _ in range(9):
        account.wait(seconds=33)
        account.save_rule(recharge="50", trigger="200")
        account.save_rule(enabled=False)
        account.save_rule(recharge="50", trigger="200")
    assert len(account.recharges(TopUpState.SUCCEEDED)) == len(account.recharges()) == 1


def test_a_recharge_that_never_reaches_its_trigger_stops_at_the_cap_and_not_after_twenty_nine() -> None:
    account = below_trigger(recharge="50", trigger="10000", cap="175")
    for _ in range(24 * 12):
        if account.recharges(TopUpState.DUE):
            pay(account)
        account.wait(minutes=5)
        account.do(CHECK)
    assert len(account.recharges(TopUpState.SUCCEEDED)) == len(account.recharges()) == 3


def test_without_a_cap_ten_recharges_are_the_most_of_a_month() -> None:
    account = below_trigger(recharge="50", trigger="10000")
    for _ in range(50):
        if account.recharges(TopUpState.DUE):
            pay(account)
        account.wait(minutes=5)
        account.do(CHECK)
    assert len(account.recharges()) == 10


def test_the_cap_is_of_the_calendar_month_in_the_organizations_zone() -> None:
    account = books(balance="10", time_zone="Europe/Bucharest")
    account.save_rule(recharge="50", trigger="1000", cap="50")
    pay(account)
    account.now = datetime(2026, 11, 30, 21, 59, 59, tzinfo=UTC)
    account.do(CHECK)
    assert len(account.recharges()) == 1
    account.now = datetime(2026, 11, 30, 22, tzinfo=UTC)
    account.do(CHECK)
    assert len(account.recharges()) == 2


def test_a_clock_put_back_over_the_end_of_a_month_does_not_open_its_cap_again() -> None:
    account = below_trigger(recharge="50", trigger="1000", cap="50")
    pay(account)
    account.now = datetime(2026, 12, 1, tzinfo=UTC)
    account.do(CHECK)
    assert account.account.recharge.month_micros == units("50")
    account.wait(seconds=-1)
    account.save_rule(recharge="50", trigger="1000", cap="50")
    # What was opened and cancelled in December is opened again in December's account, not in November's.
    assert account.account.recharge.month == "2026-12"
    assert account.account.recharge.month_micros == units("50")
    pay(account)
    account.wait(minutes=10)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.SUCCEEDED)) == 2
    assert account.recharges(TopUpState.DUE) == []


def test_an_attempt_of_last_month_that_is_declined_takes_nothing_from_this_month() -> None:
    account = books(balance="10")
    account.now = datetime(2026, 11, 30, 23, 59, tzinfo=UTC)
    account.save_rule(recharge="50", trigger="1000", cap="100")
    last_month = due(account)
    account.send(last_month.top_up_id)
    account.now = datetime(2026, 12, 1, 0, 10, tzinfo=UTC)
    account.record(last_month.top_up_id, PaymentState.DECLINED)
    account.wait(hours=1)
    account.do(CHECK)
    assert account.account.recharge.month == "2026-12"
    assert account.account.recharge.month_micros == units("50")


# ---- declines


def test_declines_wait_an_hour_six_a_day_and_are_then_suspended() -> None:
    account = below_trigger()
    for wait in (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24)):
        decline(account)
        assert account.account.recharge.retry_at == account.now + wait
        account.wait(seconds=wait.total_seconds(), microseconds=-1)
        account.do(CHECK)
        assert account.recharges(TopUpState.DUE) == []
        account.wait(microseconds=1)
        account.do(CHECK)
    decline(account)
    assert account.account.recharge.suspended
    account.wait(days=300)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.DECLINED)) == len(account.recharges()) == 4


def test_a_decline_that_cannot_be_retried_suspends_at_once() -> None:
    account = below_trigger()
    decline(account, retryable=False)
    assert account.account.recharge.suspended
    account.wait(days=2)
    account.do(CHECK)
    assert len(account.recharges()) == 1


def test_declined_attempts_take_nothing_of_the_months_cap() -> None:
    account = below_trigger(cap="100")
    decline(account)
    assert account.account.recharge.month_micros == 0
    account.wait(hours=1)
    account.do(CHECK)
    pay(account)
    assert account.account.recharge.month_micros == units("100")


def test_a_recharge_that_never_reached_its_gateway_costs_no_cap_and_tries_again_after_the_cool_down() -> None:
    account = below_trigger(cap="100")
    attempt = due(account)
    account.send(attempt.top_up_id)
    account.record(attempt.top_up_id, PaymentState.NOT_TAKEN)
    assert (account.account.recharge.month_micros, account.account.recharge.declines) == (0, 0)
    assert len(account.recharges()) == 1
    account.wait(minutes=5)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.DUE)) == 1


@pytest.mark.parametrize("news", [PaymentState.DECLINED, PaymentState.NOT_TAKEN])
def test_a_recharge_that_was_paid_after_all_counts_in_its_month(news: PaymentState) -> None:
    account = below_trigger(recharge="50", trigger="1000", cap="50")
    attempt = due(account)
    account.send(attempt.top_up_id)
    account.record(attempt.top_up_id, news)
    account.record(attempt.top_up_id, PaymentState.SUCCEEDED)
    assert account.account.recharge.month_micros == units("50")
    account.wait(hours=2)
    account.do(CHECK)
    assert len(account.recharges()) == 1


def test_a_payment_that_succeeds_forgives_the_declines_before_it() -> None:
    account = below_trigger(recharge="50", trigger="1000")
    decline(account)
    account.wait(hours=1)
    account.do(CHECK)
    pay(account)
    assert (account.account.recharge.declines, account.account.recharge.retry_at) == (0, None)


def test_saving_the_rule_lifts_a_suspension_but_not_the_cool_down() -> None:
    account = below_trigger()
    decline(account, retryable=False)
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
