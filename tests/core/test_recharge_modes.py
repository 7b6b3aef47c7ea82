"""How much a recharge charges: a fixed amount, up to a target, or the fewest whole amounts that close the gap."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.commands import PaymentState
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import Granted, Outcome, RechargeRuleSaved, RefusalCode, Refused
from commcredits.core.recharge_rules import EXPIRY_AHEAD_DAYS_MAX
from tests.core.books import FUNDING, NOON, Books, books, lot, rate, units
from tests.core.recharging import CHECK, due, pay

TO_TARGET: dict[str, Any] = {"mode": "to_target"}
CLOSE_GAP: dict[str, Any] = {"mode": "close_gap"}


def _code(outcome: Outcome) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


def _spend(account: Books, amount: str) -> None:
    """A call that costs this much: one unit a second."""
    name = f"call-{len(account.sessions)}"
    outcome = account.authorise(name, slice_seconds=int(amount), answered=True)
    assert isinstance(outcome, Granted), outcome
    account.wait(seconds=int(amount))
    account.end(int(amount), name)


# ---- to a target


def test_from_26_to_21_with_trigger_25_and_target_50_charges_29() -> None:
    account = books(rate(per_minute="60"), balance="26")
    account.save_rule(trigger="25", target="50", **TO_TARGET)
    assert account.recharges() == []
    _spend(account, "5")
    assert due(account).amount_micros == units("29")
    pay(account)
    assert account.available_micros == units("50")


def test_exactly_at_the_trigger_does_not_fire_and_one_millionth_below_does() -> None:
    modes: tuple[dict[str, Any], ...] = ({}, TO_TARGET, CLOSE_GAP)
    for mode in modes:
        for balance, fires in (("25", False), ("24.999999", True)):
            account = books(balance=balance)
            saved = account.save_rule(recharge="50", trigger="25", target="50", **mode)
            assert saved == RechargeRuleSaved(recharge_started=fires)
            assert len(account.recharges()) == int(fires)


def test_a_fraction_of_a_cent_that_is_missing_is_charged_as_a_whole_one() -> None:
    account = books(balance="20.000001")
    account.save_rule(trigger="25", target="50", **TO_TARGET)
    assert due(account).amount_micros == units("30")
    for digits, amount in ((0, "30"), (3, "30")):
        account = books(balance="20.000001")
        account.account = replace(account.account, minor_digits=digits)
        account.save_rule(trigger="25", target="50", **TO_TARGET)
        assert due(account).amount_micros == units(amount)


def test_a_debt_is_charged_with_what_is_missing() -> None:
    account = books(lots=(lot("a", units("10")),))
    account.account = replace(account.account, owed_micros=units("15"))
    account.save_rule(trigger="25", target="50", **TO_TARGET)
    assert due(account).amount_micros == units("55")


def test_a_target_is_charged_up_to_what_one_top_up_may_be() -> None:
    account = books(balance="20")
    account.save_rule(trigger="25", target="10000", **TO_TARGET)
    account.funding = replace(FUNDING, top_up_maximum_micros=units("100.005"))
    account.save_rule(trigger="25", target="100", **TO_TARGET)
    assert due(account).amount_micros == units("80")
    account.account = replace(account.account, owed_micros=units("900"))
    account.save_rule(trigger="25", target="100", **TO_TARGET)
    assert due(account).amount_micros == units("100")


@pytest.mark.parametrize(
    ("target", "trigger", "cap", "code"),
    [
        ("25.999999", "25", None, RefusalCode.TARGET_NOT_ALLOWED),
        ("25", "25", None, RefusalCode.TARGET_NOT_ALLOWED),
        ("10000.000001", "25", None, RefusalCode.TARGET_NOT_ALLOWED),
        ("50", "0", None, RefusalCode.TRIGGER_NOT_ALLOWED),
        ("50", "25", "24.999999", RefusalCode.CAP_BELOW_AMOUNT),
    ],
)
def test_a_target_that_cannot_work_is_refused(target: str, trigger: str, cap: str | None, code: RefusalCode) -> None:
    account = books(balance="60")
    assert _code(account.save_rule(trigger=trigger, target=target, cap=cap, **TO_TARGET)) is code
    assert account.account.recharge.rule is None


def test_a_target_knows_no_minimum_and_its_cap_is_ten_targets() -> None:
    account = books(balance="2")
    account.save_rule(recharge="0", trigger="3", target="4", **TO_TARGET)
    assert due(account).amount_micros == units("2")
    rule = account.account.recharge.rule
    assert rule is not None
    assert rule.monthly_cap_micros == units("40")


@given(
    balance=st.integers(0, 100_000_000),
    trigger=st.integers(1, 100_000_000),
    above=st.integers(1_000_000, 100_000_000),
    digits=st.sampled_from([0, 2, 3]),
)
def test_a_target_is_reached_and_passed_by_less_than_the_smallest_coin(
    balance: int, trigger: int, above: int, digits: int
) -> None:
    account = books(lots=(lot("a", balance),) if balance else ())
    account.account = replace(account.account, minor_digits=digits)
    command: dict[str, Any] = {"trigger_amount_micros": trigger, "target_amount_micros": trigger + above}
    account.save_rule(**TO_TARGET, **command, monthly_cap_micros=10**12)
    if balance >= trigger:
        assert account.recharges() == []
        return
    pay(account)
    assert 0 <= account.available_micros - (trigger + above) < 10 ** (6 - digits)


# ---- closing the gap


def test_a_gap_of_several_amounts_is_closed_in_one_charge() -> None:
    account = books(balance="10")
    account.save_rule(recharge="50", trigger="200", **CLOSE_GAP)
    (attempt,) = account.recharges()
    assert attempt.amount_micros == units("200")
    pay(account)
    account.wait(hours=1)
    account.do(CHECK)
    assert len(account.recharges()) == 1


def test_a_gap_takes_one_amount_at_least_and_no_more_than_one_top_up_may_be() -> None:
    account = books(balance="199.999999")
    account.save_rule(recharge="50", trigger="200", **CLOSE_GAP)
    assert due(account).amount_micros == units("50")
    account = books(balance="1")
    account.save_rule(recharge="3000", trigger="10000", cap="100000", **CLOSE_GAP)
    assert due(account).amount_micros == units("9000")


@given(balance=st.integers(0, 10**9), trigger=st.integers(1, 10**9), cents=st.integers(5_000, 100_000))
def test_a_gap_is_closed_by_the_fewest_whole_amounts(balance: int, trigger: int, cents: int) -> None:
    amount = cents * 10_000
    account = books(lots=(lot("a", balance),) if balance else ())
    account.save_rule(
        **CLOSE_GAP, recharge_amount_micros=amount, trigger_amount_micros=trigger, monthly_cap_micros=10**12
    )
    if balance >= trigger:
        assert account.recharges() == []
        return
    times, rest = divmod(due(account).amount_micros, amount)
    assert rest == 0
    assert times >= 1
    assert balance + times * amount >= trigger
    assert times == 1 or balance + (times - 1) * amount < trigger


# ---- the cap with amounts that are worked out


def test_an_amount_that_does_not_fit_into_the_cap_is_not_charged_in_part() -> None:
    account = books(balance="10")
    account.save_rule(recharge="50", trigger="200", cap="150", **CLOSE_GAP)
    assert account.recharges() == []
    (notice,) = account.notices(NoticeKind.CAP_REACHED)
    assert notice.facts["monthly_cap_micros"] == units("150")


def test_the_cap_counts_what_was_charged_and_not_the_recharge_amount() -> None:
    account = books(rate(per_minute="60"), balance="20")
    account.save_rule(trigger="25", target="50", cap="45", **TO_TARGET)
    pay(account)
    assert account.account.recharge.month_micros == units("30")
    account.wait(minutes=5)
    _spend(account, "30")
    assert len(account.recharges()) == 1  # another 30 would make 60
    assert len(account.notices(NoticeKind.CAP_REACHED)) == 1


# ---- funds that are about to expire


def test_funds_about_to_expire_count_as_gone_so_many_days_ahead() -> None:
    account = books(lots=(lot("a", units("60"), expires_at=NOON + timedelta(days=30)),))
    account.save_rule(recharge="100", trigger="50", expiry_ahead_days=7)
    account.now = NOON + timedelta(days=23) - timedelta(microseconds=1)
    account.do(CHECK)
    assert account.recharges() == []
    account.wait(microseconds=1)
    account.do(CHECK)
    assert len(account.recharges()) == 1


def test_a_recharge_ahead_of_expiry_is_one_and_no_loop() -> None:
    account = books(lots=(lot("a", units("60"), expires_at=NOON + timedelta(days=5)),))
    account.save_rule(recharge="100", trigger="50", expiry_ahead_days=EXPIRY_AHEAD_DAYS_MAX)
    pay(account)
    for _ in range(24 * 40):
        account.wait(hours=1)
        account.do(CHECK)
    assert len(account.recharges()) == 1


@pytest.mark.parametrize("days", [-1, EXPIRY_AHEAD_DAYS_MAX + 1])
def test_a_rule_looks_three_months_ahead_at_most(days: int) -> None:
    account = books(balance="60")
    assert _code(account.save_rule(expiry_ahead_days=days)) is RefusalCode.INVALID_INPUT


# ---- five charges at once (the numeric case of the product)


def test_five_charges_of_20_at_once_on_100_with_trigger_50_recharge_once_and_leave_exactly_100() -> None:
    account = books(rate(per_minute="60"), balance="100")
    account.save_rule(recharge="100", trigger="50")
    for number in range(5):
        assert isinstance(account.authorise(f"at-once-{number}", slice_seconds=20, answered=True), Granted)
    account.wait(seconds=20)
    for number in range(5):
        account.end(20, f"at-once-{number}")
    attempt = due(account)
    account.send(attempt.top_up_id)
    for _ in range(3):
        account.record(attempt.top_up_id, PaymentState.SUCCEEDED)
    account.wait(hours=1)
    account.do(CHECK)
    assert len(account.recharges()) == 1
    assert account.available_micros == units("100")
