"""A recharge that waits for a worker is not sent when other funds have come meanwhile; nobody pays for what he has."""

from commcredits.core.purchases import TopUpState
from tests.core.books import books, rate
from tests.core.recharging import below_trigger, decline, due, pay
from tests.core.test_disputes import spend


def test_a_recharge_that_other_funds_overtook_is_not_sent() -> None:
    account = below_trigger()
    waiting = due(account)
    account.wait(hours=6)
    account.add_funds("1000")
    account.send(waiting.top_up_id)
    (cancelled,) = account.recharges(TopUpState.CANCELLED)
    assert (cancelled.top_up_id, cancelled.reason) == (waiting.top_up_id, "not_needed")
    assert account.account.recharge.month_micros == 0
    assert account.account.open_top_ups == ()


def test_funds_that_do_not_reach_the_trigger_overtake_nothing() -> None:
    account = below_trigger(trigger="100")
    account.wait(seconds=1)
    account.add_funds("50")
    account.send(due(account).top_up_id)
    assert len(account.recharges(TopUpState.SENT)) == 1


def test_a_balance_that_calls_gave_back_is_recharged_all_the_same() -> None:
    account = below_trigger(recharge="100", trigger="9.95")
    assert account.recharges(TopUpState.DUE) == []
    account.authorise("live", slice_seconds=600, answered=True)
    waiting = due(account)
    account.end(0, "live")
    account.send(waiting.top_up_id)
    assert len(account.recharges(TopUpState.SENT)) == 1


def test_the_next_fall_below_the_trigger_recharges_again() -> None:
    account = books(rate(per_minute="60"), balance="10")
    account.save_rule(recharge="50", trigger="20")
    account.wait(seconds=1)
    account.add_funds("50")
    account.send(due(account).top_up_id)
    account.wait(seconds=1)
    spend(account, 45)
    pay(account)
    assert len(account.recharges(TopUpState.SUCCEEDED)) == 1


def test_a_backup_attempt_is_not_overtaken_by_funds_that_came_before_it() -> None:
    account = below_trigger(trigger="5000")
    account.wait(seconds=1)
    account.add_funds("60")
    decline(account)
    assert account.recharges(TopUpState.DUE) == []
