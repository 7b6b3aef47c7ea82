"""What is told, and how often: the cap at 80 and 100 %, low balances, the empty balance, the ends of attempts."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from commcredits.core.alerting import ALERTS_MAX
from commcredits.core.commands import ExpireLots, PaymentState, SaveBalanceAlerts
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import Done, Granted, Outcome, RefusalCode, Refused, TopUpTaken
from tests.core.books import NOON, ORGANIZATION, Books, books, lot, rate, units
from tests.core.recharging import CHECK, pay

CAPS = (NoticeKind.CAP_NEARLY_REACHED, NoticeKind.CAP_REACHED)


def _spend(account: Books, seconds: int) -> Outcome:
    """A call that costs one unit a second."""
    name = f"call-{len(account.sessions)}"
    outcome = account.authorise(name, slice_seconds=seconds, answered=True)
    if isinstance(outcome, Granted):
        account.wait(seconds=outcome.granted_seconds)
        account.end(outcome.granted_seconds, name)
    return outcome


def _alert_at(account: Books, *amounts: str) -> Outcome:
    return account.do(
        SaveBalanceAlerts(organization_id=ORGANIZATION, command_id="alerts", amounts_micros=tuple(map(units, amounts)))
    )


# ---- the cap


def _recharge_on(account: Books, times: int) -> None:
    for _ in range(times):
        pay(account)
        account.wait(minutes=5)
        account.do(CHECK)


def test_the_cap_is_told_of_at_80_and_at_100_percent_once_each() -> None:
    account = books(balance="10")
    account.save_rule(recharge="50", trigger="1000", cap="250")
    _recharge_on(account, 3)
    assert account.notices(*CAPS) == []
    _recharge_on(account, 1)
    assert [each.kind for each in account.notices(*CAPS)] == [NoticeKind.CAP_NEARLY_REACHED]
    pay(account)
    for _ in range(20):
        account.wait(minutes=5)
        account.do(CHECK)
    nearly, reached = account.notices(*CAPS)
    assert (nearly.facts["recharged_micros"], reached.facts["recharged_micros"]) == (units("200"), units("250"))
    assert (nearly.key, reached.key) == ("2026-11:250000000", "2026-11:250000000")


def test_a_cap_that_leaves_no_room_for_the_next_recharge_is_told_of_as_reached() -> None:
    account = books(balance="10")
    account.save_rule(recharge="50", trigger="1000", cap="99")
    _recharge_on(account, 1)
    account.do(CHECK)
    assert [each.kind for each in account.notices(*CAPS)] == [NoticeKind.CAP_REACHED]


def test_each_month_and_each_other_cap_is_told_of_anew() -> None:
    account = books(balance="10")
    account.save_rule(recharge="50", trigger="1000", cap="50")
    _recharge_on(account, 1)
    account.save_rule(recharge="50", trigger="1000", cap="50")
    account.do(CHECK)
    assert len(account.notices(*CAPS)) == 1
    account.save_rule(recharge="50", trigger="1000", cap="60")
    account.do(CHECK)
    assert len(account.notices(*CAPS)) == 2
    account.now = datetime(2026, 12, 1, tzinfo=UTC)
    account.do(CHECK)
    _recharge_on(account, 1)
    assert [each.key for each in account.notices(*CAPS)] == [
        "2026-11:50000000",
        "2026-11:60000000",
        *["2026-12:60000000"] * 2,  # 50 of 60 are more than 80 %, and leave no room for another 50
    ]


def test_a_rule_that_is_off_tells_of_no_cap() -> None:
    account = books(balance="10")
    account.save_rule(recharge="50", trigger="1000", cap="50")
    (attempt,) = account.recharges()
    account.send(attempt.top_up_id)
    account.save_rule(enabled=False, recharge="50", trigger="1000", cap="50")
    account.record(attempt.top_up_id, PaymentState.SUCCEEDED)
    assert account.notices(*CAPS) == []
    assert len(account.notices(NoticeKind.RECHARGE_SUCCEEDED)) == 1


def test_an_attempt_is_told_of_once_however_often_its_end_is_heard() -> None:
    account = books(balance="10")
    taken = account.request_top_up("50")
    assert isinstance(taken, TopUpTaken)
    for state in (PaymentState.DECLINED, PaymentState.DECLINED, PaymentState.SUCCEEDED, PaymentState.SUCCEEDED):
        account.record(taken.top_up_id, state)
    assert [each.kind for each in account.told.values()] == [NoticeKind.TOP_UP_FAILED, NoticeKind.TOP_UP_SUCCEEDED]


# ---- low balance


def test_an_alert_is_told_once_per_crossing_of_the_posted_balance() -> None:
    account = books(rate(per_minute="60"), balance="30")
    _alert_at(account, "20", "10")
    account.authorise("held", slice_seconds=25, answered=True)
    assert account.notices(NoticeKind.BALANCE_LOW) == []  # held, and not used yet
    account.wait(seconds=10)
    account.end(10, "held")
    assert account.notices(NoticeKind.BALANCE_LOW) == []  # exactly 20
    _spend(account, 1)
    _spend(account, 1)
    assert [each.facts["alert_micros"] for each in account.notices(NoticeKind.BALANCE_LOW)] == [units("20")]
    _spend(account, 9)
    assert [each.facts["balance_micros"] for each in account.notices(NoticeKind.BALANCE_LOW)] == [
        units("19"),
        units("9"),
    ]
    account.add_funds("50")
    _spend(account, 45)
    assert [each.facts["alert_micros"] for each in account.notices(NoticeKind.BALANCE_LOW)] == [
        units("20"),
        units("10"),
        units("20"),
    ]


def test_one_fall_past_several_amounts_tells_of_each() -> None:
    account = books(rate(per_minute="60"), balance="30")
    _alert_at(account, "20", "10", "20", "40")
    _spend(account, 25)
    assert [each.facts["alert_micros"] for each in account.notices(NoticeKind.BALANCE_LOW)] == [
        units("20"),
        units("10"),
    ]


def test_funds_that_expire_cross_amounts_as_well() -> None:
    account = books(lots=(lot("a", units("30"), expires_at=NOON + timedelta(days=1)), lot("b", units("5"))))
    _alert_at(account, "20")
    account.wait(days=1)
    account.do(ExpireLots(organization_id=ORGANIZATION))
    (low,) = account.notices(NoticeKind.BALANCE_LOW)
    assert low.facts["balance_micros"] == units("5")


def test_amounts_are_kept_highest_first_each_once_and_not_too_many() -> None:
    account = books(balance="30")
    assert _alert_at(account, "10", "20", "10") == Done(changed=True)
    assert account.account.alerts.amounts_micros == (units("20"), units("10"))
    assert _alert_at(account, "20", "10") == Done(changed=False)
    for wrong in (["0"], [str(amount) for amount in range(1, ALERTS_MAX + 2)]):
        refused = _alert_at(account, *wrong)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.INVALID_INPUT
    assert account.account.alerts.amounts_micros == (units("20"), units("10"))


# ---- nothing left


def test_an_empty_balance_is_told_once_until_new_funds_come() -> None:
    account = books(rate(per_minute="60"), balance="5")
    _spend(account, 5)
    assert len(account.notices(NoticeKind.BALANCE_ZERO)) == 1
    for _ in range(3):
        assert isinstance(_spend(account, 5), Refused)
    assert len(account.notices(NoticeKind.BALANCE_ZERO)) == 1
    account.add_funds("50")
    _spend(account, 50)
    assert len(account.notices(NoticeKind.BALANCE_ZERO)) == 2


def test_an_account_that_never_had_funds_has_not_run_out_of_any() -> None:
    account = books(rate(per_minute="60"))
    for _ in range(3):
        assert isinstance(_spend(account, 5), Refused)
    assert account.told == {}


def test_a_rest_that_pays_no_call_is_as_good_as_nothing() -> None:
    account = books(rate(per_minute="60", increments=(60, 60)), balance="0.50")
    assert isinstance(_spend(account, 60), Refused)
    assert isinstance(_spend(account, 60), Refused)
    (zero,) = account.notices(NoticeKind.BALANCE_ZERO)
    assert zero.facts["balance_micros"] == units("0.50")


def test_a_dear_call_that_is_refused_does_not_make_a_good_balance_empty() -> None:
    account = books(rate(per_minute="60", increments=(60, 60)), balance="40")
    assert isinstance(_spend(account, 60), Refused)
    assert account.notices(NoticeKind.BALANCE_ZERO) == []


def test_a_refusal_that_is_told_again_says_nothing_of_the_balance_by_now() -> None:
    account = books(rate(per_minute="60", increments=(60, 60)), balance="0.50")
    assert isinstance(account.authorise("refused", slice_seconds=60), Refused)
    account.grant_promotion("0.10", NOON + timedelta(days=9))
    before = account.account
    assert isinstance(account.authorise("refused", slice_seconds=60), Refused)
    assert account.account is before
    assert len(account.notices(NoticeKind.BALANCE_ZERO)) == 1


# ---- the end of a wait


@pytest.mark.parametrize("enabled", [True, False])
def test_switching_off_is_told_once_and_only_where_it_was_on(enabled: bool) -> None:  # noqa: FBT001 - a parameter of the test
    account = books(balance="60")
    account.save_rule(enabled=enabled)
    account.save_rule(enabled=False)
    account.save_rule(enabled=False)
    assert len(account.notices(NoticeKind.RECHARGE_SWITCHED_OFF)) == int(enabled)


def test_a_posted_balance_that_a_call_holds_is_not_empty() -> None:
    account = books(rate(per_minute="60"), balance="5")
    account.authorise("holds-all", slice_seconds=5, answered=True)
    account.account = replace(account.account, lots=account.account.lots)
    assert account.available_micros == 0
    assert account.notices(NoticeKind.BALANCE_ZERO) == []
