"""Operator adjustments and post-usage billing: funds given and taken by hand, and a line of credit that drains last."""

import pytest
from msgspec.structs import replace

from commcredits.core.account import OrganizationStatus, PauseReason
from commcredits.core.funds import LotSource
from commcredits.core.ledger import LedgerAccount
from commcredits.core.outcomes import Adjusted, Done, Granted, RefusalCode, Refused
from commcredits.core.post_usage import NEVER
from tests.core.audit import audit
from tests.core.books import Books, books, rate, units
from tests.core.money_moves import adjust, switch_billing


def _spend(account: Books, seconds: int) -> int:
    """A call of at most so many seconds, each of which costs one unit; how many there were."""
    name = f"call-{len(account.sessions)}"
    granted = account.authorise(name, slice_seconds=seconds, answered=True)
    if not isinstance(granted, Granted):
        return 0
    account.wait(seconds=granted.granted_seconds)
    account.end(granted.granted_seconds, name)
    audit(account)
    return granted.granted_seconds


# ---- adjustments


def test_funds_given_by_hand_are_a_lot_of_twelve_months() -> None:
    account = books()
    outcome = adjust(account, "12.345678")
    assert isinstance(outcome, Adjusted)
    (lot,) = account.account.lots
    assert (lot.terms.source, lot.free_micros, lot.terms.lot_id) == (
        LotSource.ADJUSTMENT,
        units("12.345678"),
        outcome.lot_id,
    )
    assert lot.terms.expires_at == account.now.replace(year=account.now.year + 1)
    audit(account)


def test_funds_are_taken_in_their_order_of_use_and_what_is_not_there_is_owed() -> None:
    account = books(balance="10")
    adjust(account, "20")
    outcome = adjust(account, "-15")
    assert isinstance(outcome, Adjusted)
    assert (outcome.amount_micros, outcome.owed_micros) == (-units("15"), 0)
    assert [(lot.terms.source, lot.free_micros) for lot in account.account.lots] == [
        (LotSource.ADJUSTMENT, units("15"))
    ]
    outcome = adjust(account, "-40")
    assert isinstance(outcome, Adjusted)
    assert outcome.owed_micros == account.account.owed_micros == units("25")
    adjust(account, "30")
    assert (account.account.owed_micros, account.available_micros) == (0, units("5"))
    audit(account)


def test_what_calls_hold_is_never_taken_by_hand() -> None:
    account = books(rate(per_minute="60"), balance="50")
    account.authorise("live", slice_seconds=30, answered=True)
    adjust(account, "-40")
    assert (account.held_micros, account.available_micros, account.account.owed_micros) == (units("30"), 0, units("20"))
    account.wait(seconds=5)
    account.end(5, "live")
    assert (account.account.owed_micros, account.available_micros) == (0, units("5"))
    audit(account)


def test_nothing_and_amounts_beyond_counting_are_refused() -> None:
    account = books(balance="50")
    for amount, code in (
        ("0", RefusalCode.AMOUNT_BELOW_MINIMUM),
        ("9999999999999", RefusalCode.AMOUNT_ABOVE_MAXIMUM),
        ("-9999999999999", RefusalCode.AMOUNT_BELOW_MINIMUM),
    ):
        outcome = adjust(account, amount)
        assert isinstance(outcome, Refused)
        assert outcome.code is code


def test_a_closed_organization_is_adjusted_no_more() -> None:
    account = books(balance="50")
    account.account = replace(account.account, status=OrganizationStatus.CLOSED)
    outcome = adjust(account, "1")
    assert isinstance(outcome, Refused)
    assert outcome.code is RefusalCode.ORGANIZATION_CLOSED


def test_a_fall_by_an_adjustment_pauses_the_rule_and_one_that_leaves_enough_does_not() -> None:
    account = books(balance="100")
    account.save_rule(recharge="100", trigger="50")
    adjust(account, "-50")
    assert account.available_micros == units("50")
    paused_by = [account.account.recharge.paused]
    adjust(account, "-0.000001")
    paused_by.append(account.account.recharge.paused)
    assert paused_by == [None, PauseReason.ADJUSTMENT]
    assert account.recharges() == []


# ---- post-usage billing


def test_the_rest_of_the_balance_drains_before_the_line_is_used() -> None:
    account = books(rate(per_minute="60"), balance="10")
    switch_billing(account, "100")
    line = account.account.lots[-1]
    assert (line.terms.source, line.terms.expires_at, line.free_micros) == (LotSource.POST_USAGE, NEVER, units("100"))
    _spend(account, 10)
    assert account.account.lots == (line,)
    assert _spend(account, 15) == 15
    assert account.available_micros == units("85")
    assert account.ledger_micros(LedgerAccount.RECEIVABLE) == -units("100")
    assert account.account.owed_micros == 0


def test_new_funds_are_used_before_the_line() -> None:
    account = books(rate(per_minute="60"))
    switch_billing(account, "100")
    adjust(account, "5")
    _spend(account, 5)
    assert account.available_micros == units("100")


def test_the_line_is_the_most_that_calls_may_use() -> None:
    account = books(rate(per_minute="60"), balance="10")
    switch_billing(account, "20")
    assert _spend(account, 60) == 30
    assert _spend(account, 1) == 0


def test_renewing_the_line_bills_what_was_used_and_opens_the_whole_line_anew() -> None:
    account = books(rate(per_minute="60"))
    switch_billing(account, "100")
    _spend(account, 30)
    switch_billing(account, "100")
    audit(account)
    assert account.available_micros == units("100")
    # 30 of the old line are billed; the 100 of the new one are lent.
    assert account.ledger_micros(LedgerAccount.RECEIVABLE) == -units("130")


def test_what_a_call_releases_of_an_old_line_makes_the_new_one_no_longer() -> None:
    account = books(rate(per_minute="60"))
    switch_billing(account, "100")
    account.authorise("live", slice_seconds=60, answered=True)
    switch_billing(account, "100")
    account.wait(seconds=10)
    account.end(10, "live")
    audit(account)
    assert account.available_micros == units("100")
    assert account.ledger_micros(LedgerAccount.RECEIVABLE) == -units("110")


def test_the_way_back_closes_the_line_and_calls_keep_what_they_hold_of_it() -> None:
    account = books(rate(per_minute="60"), balance="10")
    switch_billing(account, "100")
    account.authorise("live", slice_seconds=40, answered=True)
    switch_billing(account)
    audit(account)
    assert (account.available_micros, account.held_micros) == (0, units("40"))
    account.wait(seconds=20)
    account.end(20, "live")
    audit(account)
    assert account.available_micros == 0
    assert account.ledger_micros(LedgerAccount.RECEIVABLE) == -units("10")


def test_a_debt_is_not_repaid_from_a_line_of_credit() -> None:
    account = books(rate(per_minute="60"))
    adjust(account, "-30")
    switch_billing(account, "100")
    assert (account.account.owed_micros, account.available_micros) == (units("30"), units("100"))
    audit(account)


@pytest.mark.parametrize("line", ["0.000001", "100"])
def test_a_line_is_neither_a_purchase_nor_refundable(line: str) -> None:
    account = books()
    assert switch_billing(account, line) == Done(changed=True)
    refused = account.request_top_up("50")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.POST_USAGE
