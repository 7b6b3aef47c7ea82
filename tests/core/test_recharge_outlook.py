"""What auto-recharge does next and when: each wait by its name, and the instant at which it is over."""

from datetime import UTC, datetime, timedelta
from typing import Any

from commcredits.core.commands import PaymentState
from commcredits.core.purchases import TopUpState
from commcredits.core.recharge_outlook import NextKind, NextStep, next_step
from tests.core.books import NOON, Books, books, lot, units
from tests.core.money_moves import adjust
from tests.core.recharging import CHECK, below_trigger, decline, due, pay

DAY = 24 * 3_600


def _next(account: Books) -> NextStep:
    return next_step(account.account, account.context, approval_seconds=DAY)


def test_without_a_rule_and_with_one_that_is_off_nothing_comes() -> None:
    assert _next(books(balance="10")) == NextStep(kind=NextKind.NOTHING)
    account = books(balance="10")
    account.save_rule(enabled=False)
    assert _next(account) == NextStep(kind=NextKind.NOTHING)


def test_above_the_trigger_it_watches_and_says_what_it_would_charge() -> None:
    account = books(balance="60")
    account.save_rule(recharge="100", trigger="50")
    step = _next(account)
    assert (step.kind, step.amount_micros, step.payment_method_id) == (NextKind.WATCH, units("100"), "card")
    account.save_rule(trigger="50", target="80", mode="to_target")
    assert _next(account).amount_micros is None


def test_above_the_trigger_it_says_when_expiry_alone_will_do_it() -> None:
    lots = (
        lot("a", units("20"), expires_at=NOON + timedelta(days=10)),
        lot("b", units("45"), expires_at=NOON + timedelta(days=40)),
    )
    rules: tuple[tuple[dict[str, Any], datetime], ...] = (
        ({}, NOON + timedelta(days=10)),
        ({"expiry_ahead_days": 7}, NOON + timedelta(days=3)),
        ({"trigger": "45"}, NOON + timedelta(days=40)),
    )
    for rule, at in rules:
        account = books(lots=lots)
        account.save_rule(**{"trigger": "50", **rule})
        assert _next(account).at == at
        account.now = at - timedelta(microseconds=1)
        account.do(CHECK)
        assert account.recharges() == []
        account.now = at
        account.do(CHECK)
        assert len(account.recharges()) == 1


def test_an_attempt_is_followed_from_the_worker_to_the_gateway_and_its_payer() -> None:
    account = below_trigger()
    attempt = due(account)
    assert _next(account) == NextStep(kind=NextKind.CHARGE, amount_micros=units("100"), payment_method_id="card")
    account.send(attempt.top_up_id)
    assert _next(account).kind is NextKind.ANSWER
    sent_at = account.now
    account.wait(minutes=1)
    account.record(attempt.top_up_id, PaymentState.ACTION_REQUIRED, action_url="https://pay.example/1")
    step = _next(account)
    assert (step.kind, step.at) == (NextKind.APPROVAL, sent_at + timedelta(days=1))
    account.save_rule(enabled=False)
    assert _next(account).kind is NextKind.APPROVAL, "what was sent goes on though the rule is off"


def test_after_a_decline_it_retries_at_the_end_of_the_back_off() -> None:
    account = below_trigger()
    for hours in (1, 6, 24):
        decline(account)
        step = _next(account)
        assert (step.kind, step.at) == (NextKind.RETRY, account.now + timedelta(hours=hours))
        account.now = step.at or NOON
        account.do(CHECK)
        assert len(account.recharges(TopUpState.DUE)) == 1
    decline(account)
    assert _next(account) == NextStep(kind=NextKind.SAVE)


def test_after_a_decline_with_a_backup_the_backup_comes_now() -> None:
    account = books(balance="10")
    account.save_rule(backup_payment_method="second")
    decline(account)
    step = _next(account)
    assert (step.kind, step.payment_method_id) == (NextKind.CHARGE, "second")


def test_after_a_recharge_that_was_too_little_it_waits_for_the_cool_down() -> None:
    account = below_trigger(recharge="50", trigger="200")
    pay(account)
    step = _next(account)
    assert (step.kind, step.at) == (NextKind.COOL_DOWN, account.now + timedelta(minutes=5))


def test_at_the_cap_it_waits_for_the_month_to_end_in_the_organizations_zone() -> None:
    account = books(balance="10", time_zone="Europe/Bucharest")
    account.save_rule(recharge="50", trigger="1000", cap="50")
    pay(account)
    account.wait(minutes=5)
    account.do(CHECK)
    step = _next(account)
    assert (step.kind, step.at) == (NextKind.NEXT_MONTH, datetime(2026, 11, 30, 22, tzinfo=UTC))
    account.now = datetime(2026, 11, 30, 22, tzinfo=UTC)
    account.do(CHECK)
    assert len(account.recharges(TopUpState.DUE)) == 1


def test_a_paused_rule_waits_for_somebody_to_look() -> None:
    account = books(balance="60")
    account.save_rule()
    adjust(account, "-50")
    assert _next(account) == NextStep(kind=NextKind.LOOK)
