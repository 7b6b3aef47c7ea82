"""The backup method: tried at once when the first is declined, and for good when a bank has said "never"."""

from datetime import timedelta
from typing import Any

import pytest

from commcredits.core.account import BackupUse
from commcredits.core.commands import ChoosePaymentMethods, PaymentState, SwitchBilling
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from tests.core.audit import audit
from tests.core.books import ORGANIZATION, Books, books, units
from tests.core.recharging import CHECK, decline, due, pay

BACKUP: dict[str, Any] = {"backup_payment_method": "second"}


def _below(**rule: Any) -> Books:
    account = books(balance="10")
    account.save_rule(**{**BACKUP, **rule})
    return account


def _methods(account: Books) -> list[str]:
    return [attempt.payment_method for attempt in account.recharges()]


def _choose(account: Books, first: str, backup: str = "") -> object:
    return account.do(
        ChoosePaymentMethods(
            organization_id=ORGANIZATION, command_id="methods", payment_method=first, backup_payment_method=backup
        )
    )


def test_a_decline_sends_the_backup_at_once_in_the_same_breath() -> None:
    account = _below()
    decline(account)
    assert _methods(account) == ["card", "second"]
    assert due(account).payment_method == "second"
    assert (account.account.recharge.declines, account.account.recharge.retry_at) == (0, None)
    (failed,) = account.notices(NoticeKind.RECHARGE_FAILED)
    assert failed.facts["next"] == "backup"


def test_a_backup_that_pays_lets_the_first_method_try_again_next_time() -> None:
    account = _below(recharge_amount_micros=units("50"), trigger_amount_micros=units("200"))
    decline(account)
    pay(account)
    assert account.account.recharge.backup_use is BackupUse.NONE
    account.wait(minutes=5)
    account.do(CHECK)
    assert _methods(account) == ["card", "second", "card"]


def test_when_both_are_declined_the_rule_waits_and_then_begins_with_the_first() -> None:
    account = _below()
    for wait in (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24)):
        decline(account)
        decline(account)
        assert account.account.recharge.retry_at == account.now + wait
        account.now += wait - timedelta(microseconds=1)
        account.do(CHECK)
        assert account.recharges(TopUpState.DUE) == []
        account.now += timedelta(microseconds=1)
        account.do(CHECK)
        assert due(account).payment_method == "card"
    decline(account)
    decline(account)
    assert account.account.recharge.suspended
    account.wait(days=100)
    account.do(CHECK)
    assert _methods(account) == ["card", "second"] * 4
    assert len(account.notices(NoticeKind.RECHARGE_SUSPENDED)) == 1


def test_a_first_method_that_may_never_be_tried_again_is_left_alone_for_as_long_as_the_rule_stands() -> None:
    account = _below(recharge_amount_micros=units("50"), trigger_amount_micros=units("500"))
    decline(account, retryable=False)
    for _ in range(3):
        pay(account)
        account.wait(minutes=5)
        account.do(CHECK)
    decline(account)
    account.wait(hours=1)
    account.do(CHECK)
    assert _methods(account) == ["card", *["second"] * 5]
    account.save_rule(**BACKUP, recharge="50", trigger="500")
    assert due(account).payment_method == "card"


def test_a_backup_that_may_never_be_tried_again_suspends_the_rule() -> None:
    account = _below()
    decline(account)
    decline(account, retryable=False)
    assert account.account.recharge.suspended
    account.wait(days=2)
    account.do(CHECK)
    assert len(account.recharges()) == 2


def test_the_attempt_with_the_backup_counts_in_the_cap_and_the_declined_one_does_not() -> None:
    account = _below(monthly_cap_micros=units("100"))
    decline(account)
    assert account.account.recharge.month_micros == units("100")
    pay(account)
    assert account.account.recharge.month_micros == units("100")


def test_a_first_method_that_pays_after_all_beside_the_backup_counts_as_well() -> None:
    account = _below(monthly_cap_micros=units("200"))
    decline(account)
    pay(account)
    (declined,) = account.recharges(TopUpState.DECLINED)
    account.record(declined.top_up_id, PaymentState.SUCCEEDED)
    assert account.account.recharge.month_micros == units("200")
    audit(account)


def test_an_approval_that_never_came_lets_the_backup_try() -> None:
    account = _below()
    attempt = due(account)
    account.send(attempt.top_up_id)
    account.record(attempt.top_up_id, PaymentState.ACTION_REQUIRED, action_url="https://pay.example/1")
    assert len(account.notices(NoticeKind.AUTHENTICATION_NEEDED)) == 1
    account.record(attempt.top_up_id, PaymentState.NOT_TAKEN, reason="not_approved")
    assert due(account).payment_method == "second"


def test_an_approval_that_never_came_counts_as_a_decline_where_there_is_no_backup() -> None:
    account = books(balance="10")
    account.save_rule()
    attempt = due(account)
    account.send(attempt.top_up_id)
    account.record(attempt.top_up_id, PaymentState.NOT_TAKEN, reason="not_approved")
    assert account.account.recharge.declines == 1
    assert account.account.recharge.retry_at == account.now + timedelta(hours=1)


def test_the_backup_must_be_another_method() -> None:
    account = books(balance="60")
    refused = account.save_rule(backup_payment_method="card")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.PAYMENT_METHOD_NOT_ALLOWED
    account.save_rule()
    chosen = _choose(account, "second", "second")
    assert isinstance(chosen, Refused)
    assert chosen.code is RefusalCode.PAYMENT_METHOD_NOT_ALLOWED


# ---- a changed rule and an attempt that was sent


@pytest.mark.parametrize("retryable", [True, False])
def test_a_rule_that_pays_otherwise_by_now_learns_nothing_from_an_old_methods_decline(retryable: bool) -> None:  # noqa: FBT001 - a parameter of the test
    account = books(balance="10")
    account.save_rule(cap="100")
    old = due(account)
    account.send(old.top_up_id)
    account.save_rule(cap="100", payment_method="new")
    account.record(old.top_up_id, PaymentState.DECLINED, retryable=retryable)
    state = account.account.recharge
    assert (state.declines, state.retry_at, state.suspended, state.month_micros) == (0, None, False, 0)
    account.wait(minutes=5)
    account.do(CHECK)
    assert due(account).payment_method == "new"


def test_a_rule_that_was_switched_off_tries_no_backup() -> None:
    account = _below()
    attempt = due(account)
    account.send(attempt.top_up_id)
    account.save_rule(enabled=False, **BACKUP)
    account.record(attempt.top_up_id, PaymentState.DECLINED)
    account.wait(days=1)
    account.do(CHECK)
    assert len(account.recharges()) == 1
    (failed,) = account.notices(NoticeKind.RECHARGE_FAILED)
    assert failed.facts["next"] == "rule_changed"


def test_an_attempt_that_was_sent_goes_on_with_its_own_amount_and_method() -> None:
    account = books(balance="10")
    account.save_rule(recharge="100")
    sent = due(account)
    account.send(sent.top_up_id)
    account.save_rule(recharge="70", payment_method="new")
    assert account.top_ups[sent.top_up_id].payment_method == "card"
    account.record(sent.top_up_id, PaymentState.SUCCEEDED)
    assert account.available_micros == units("110")
    assert len(account.recharges()) == 1


def test_other_methods_take_the_place_of_those_of_an_attempt_that_nobody_has_sent() -> None:
    account = _below()
    decline(account, retryable=False)
    assert _choose(account, "third", "fourth") == Done(changed=True)
    account.wait(minutes=5)
    account.do(CHECK)
    assert due(account).payment_method == "third"
    assert [each.reason for each in account.recharges(TopUpState.CANCELLED)] == ["rule_changed"]
    assert account.account.recharge.backup_use is BackupUse.NONE
    assert _choose(account, "third", "fourth") == Done(changed=False)


def test_methods_are_chosen_in_vain_where_there_is_no_rule() -> None:
    assert _choose(books(balance="10"), "third") == Done(changed=False)


# ---- switching off


def test_switched_off_for_post_usage_it_stays_off_after_the_way_back() -> None:
    account = _below()
    for post_usage in (True, False):
        account.do(
            SwitchBilling(
                organization_id=ORGANIZATION,
                command_id=f"billing-{post_usage}",
                post_usage=post_usage,
                credit_line_micros=units("100"),
            )
        )
        account.wait(days=1)
        account.do(CHECK)
    assert [each.state for each in account.recharges()] == [TopUpState.CANCELLED]
    assert [each.facts["reason"] for each in account.notices(NoticeKind.RECHARGE_SWITCHED_OFF)] == ["post_usage"]
    refused = account.do(
        SwitchBilling(organization_id=ORGANIZATION, command_id="again", post_usage=True, credit_line_micros=1)
    )
    assert isinstance(refused, Done)
    saved = account.save_rule()
    assert isinstance(saved, Refused)
    assert saved.code is RefusalCode.POST_USAGE
