"""Refunds of top-ups: the free remainder and no more, tax in proportion, and back exactly where a gateway refuses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.account import PauseReason
from commcredits.core.ledger import LedgerAccount
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import Granted, Outcome, RefundTaken, RefusalCode, Refused
from commcredits.core.purchases import RefundState, TopUpState
from tests.core.audit import audit
from tests.core.books import Books, books, units
from tests.core.money_moves import adjust, record_refund, refund_top_up
from tests.core.test_disputes import TAXED, bought, close, dispute, only, spend


def _refunded(outcome: Outcome) -> RefundTaken:
    assert isinstance(outcome, RefundTaken), outcome
    return outcome


def _nothing(outcome: Outcome) -> dict[str, str | int]:
    assert isinstance(outcome, Refused), outcome
    assert outcome.code is RefusalCode.NOTHING_TO_REFUND
    return dict(outcome.facts)


def test_all_that_is_left_goes_back_with_its_tax() -> None:
    account = bought()
    spend(account, 30)
    taken = _refunded(refund_top_up(account))
    assert (taken.amount_micros, taken.tax_micros, taken.send) == (units("70"), units("14.70"), True)
    assert account.available_micros == 0
    assert account.ledger_micros(LedgerAccount.REFUNDS) == units("84.70")
    record_refund(account, taken.refund_id, RefundState.REFUNDED)
    audit(account)
    assert account.ledger_micros(LedgerAccount.REFUNDS) == 0
    assert account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == -units("36.30")
    assert account.ledger_micros(LedgerAccount.TAX) == units("6.30")
    assert len(account.notices(NoticeKind.REFUND_SUCCEEDED)) == 1


def test_what_calls_hold_stays_with_them() -> None:
    account = bought()
    account.authorise("live", slice_seconds=60, answered=True)
    assert _nothing(refund_top_up(account, "40.01"))["maximum_micros"] == units("40")
    assert _refunded(refund_top_up(account)).amount_micros == units("40")
    assert _nothing(refund_top_up(account))["maximum_micros"] == 0
    audit(account)


def test_a_fraction_of_a_cent_stays() -> None:
    account = bought()
    adjust(account, "-0.005")
    assert _refunded(refund_top_up(account)).amount_micros == units("99.99")
    assert account.available_micros == units("0.005")


@pytest.mark.parametrize("amount", ["0", "100.01", "0.001"])
def test_an_amount_that_cannot_go_back_is_refused_and_changes_nothing(amount: str) -> None:
    account = bought()
    before = account.account
    assert _nothing(refund_top_up(account, amount))["maximum_micros"] == units("100")
    assert account.account is before


def test_an_expired_lot_has_nothing_to_give_back() -> None:
    account = bought()
    account.wait(days=365)
    _nothing(refund_top_up(account))


def test_a_gateway_that_refuses_gives_back_exactly() -> None:
    account = bought()
    spend(account, 30)
    lots = account.account.lots
    taken = _refunded(refund_top_up(account, "33.33"))
    record_refund(account, taken.refund_id, RefundState.UNKNOWN)
    record_refund(account, taken.refund_id, RefundState.REFUSED)
    audit(account)
    assert (account.account.lots, only(account).refunded_micros) == (lots, 0)
    assert account.ledger_micros(LedgerAccount.TAX) == units("21")
    assert len(account.notices(NoticeKind.REFUND_REFUSED)) == 1


def test_news_of_a_refund_that_is_told_again_or_is_older_changes_nothing() -> None:
    account = bought()
    taken = _refunded(refund_top_up(account))
    record_refund(account, taken.refund_id, RefundState.PROCESSING)
    for old in (RefundState.PROCESSING, RefundState.UNKNOWN, RefundState.SENT):
        before = account.account
        record_refund(account, taken.refund_id, old)
        assert account.account is before
    record_refund(account, taken.refund_id, RefundState.REFUNDED)
    for late in (RefundState.REFUNDED, RefundState.UNKNOWN, RefundState.PROCESSING):
        before = account.account
        assert _refunded(record_refund(account, taken.refund_id, late)).state == "refunded"
        assert account.account is before
    unknown = record_refund(account, "nobody's", RefundState.REFUNDED)
    assert isinstance(unknown, Refused)
    assert unknown.code is RefusalCode.UNKNOWN_REFUND


def test_a_refund_that_the_payers_bank_sends_back_returns_the_funds_once_and_for_good() -> None:
    account = bought()
    taken = _refunded(refund_top_up(account, "40"))
    record_refund(account, taken.refund_id, RefundState.REFUNDED)
    record_refund(account, taken.refund_id, RefundState.REFUSED)
    audit(account)
    assert (account.available_micros, only(account).refunded_micros) == (units("100"), 0)
    assert account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == -units("121")
    assert account.ledger_micros(LedgerAccount.TAX) == units("21")
    for late in (RefundState.REFUSED, RefundState.REFUNDED):
        before = account.account
        record_refund(account, taken.refund_id, late)
        assert account.account is before
    assert _refunded(refund_top_up(account)).amount_micros == units("100")


@given(cents=st.lists(st.integers(1, 3_000), min_size=1, max_size=12), refused=st.sets(st.integers(0, 11)))
def test_the_tax_of_any_slices_adds_up(cents: list[int], refused: set[int]) -> None:
    account = books(funding=TAXED)
    account.add_funds("99.99")
    for index, amount in enumerate(cents):
        outcome = refund_top_up(account, f"{amount // 100}.{amount % 100:02d}")
        if isinstance(outcome, RefundTaken) and index in refused:
            record_refund(account, outcome.refund_id, RefundState.REFUSED)
        elif isinstance(outcome, RefundTaken):
            record_refund(account, outcome.refund_id, RefundState.REFUNDED)
        audit(account)
    if account.available_micros:
        record_refund(account, _refunded(refund_top_up(account)).refund_id, RefundState.REFUNDED)
    audit(account)
    gone = [refund for refund in account.refunds.values() if refund.state is RefundState.REFUNDED]
    assert sum(refund.amount_micros for refund in gone) == units("99.99")
    assert sum(refund.tax_micros for refund in gone) == units("21")
    assert account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == account.ledger_micros(LedgerAccount.TAX) == 0


@given(
    cents=st.lists(st.integers(1, 3_000), min_size=2, max_size=12),
    verdicts=st.lists(st.booleans(), min_size=12, max_size=12),
    overlap=st.integers(1, 4),
)
def test_the_tax_of_refunds_that_overlap_is_never_more_than_was_paid(
    cents: list[int], verdicts: list[bool], overlap: int
) -> None:
    account = books(funding=TAXED)
    account.add_funds("99.99")
    waiting: list[str] = []

    def settle() -> None:
        state = RefundState.REFUNDED if verdicts[len(account.refunds) % 12] else RefundState.REFUSED
        record_refund(account, waiting.pop(0), state)

    for amount in cents:
        outcome = refund_top_up(account, f"{amount // 100}.{amount % 100:02d}")
        if isinstance(outcome, RefundTaken):
            waiting.append(outcome.refund_id)
        if len(waiting) > overlap:
            settle()
    while waiting:
        settle()
    if account.available_micros:
        record_refund(account, _refunded(refund_top_up(account)).refund_id, RefundState.REFUNDED)
    audit(account)
    gone = [refund for refund in account.refunds.values() if refund.state is RefundState.REFUNDED]
    assert sum(refund.amount_micros for refund in gone) == units("99.99")
    assert sum(refund.tax_micros for refund in gone) == units("21")


# ---- disputes of the same purchase


def test_nothing_goes_back_while_a_purchase_is_disputed_or_after_it_was_reversed() -> None:
    account = bought()
    dispute(account)
    assert _nothing(refund_top_up(account))["maximum_micros"] == 0
    close(account, lost="60.50")
    assert account.available_micros == units("50")
    assert _nothing(refund_top_up(account))["maximum_micros"] == 0


def test_a_refund_that_is_refused_while_its_purchase_is_disputed_is_frozen() -> None:
    account = bought()
    taken = _refunded(refund_top_up(account, "40"))
    dispute(account)
    record_refund(account, taken.refund_id, RefundState.REFUSED)
    audit(account)
    assert (account.available_micros, only(account).disputed_micros) == (0, units("100"))


def test_a_bank_that_takes_a_refund_under_way_as_well_leaves_no_funds_that_nobody_paid_for() -> None:
    account = bought()
    taken = _refunded(refund_top_up(account, "40"))
    dispute(account)
    close(account, lost="121")
    record_refund(account, taken.refund_id, RefundState.REFUSED)
    audit(account)
    assert (account.available_micros, account.account.owed_micros) == (0, 0)
    assert account.ledger_micros(LedgerAccount.TAX) == account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == 0


def test_a_bank_that_takes_what_was_refunded_already_leaves_a_debt() -> None:
    account = bought()
    taken = _refunded(refund_top_up(account, "40"))
    record_refund(account, taken.refund_id, RefundState.REFUNDED)
    dispute(account)
    close(account, lost="121")
    assert only(account).state is TopUpState.REVERSED
    assert account.account.owed_micros == units("48.40")
    assert account.ledger_micros(LedgerAccount.TAX) == 0


# ---- the rule, and debts


def test_a_fall_by_a_refund_pauses_the_rule() -> None:
    account = bought()
    account.save_rule(recharge="100", trigger="50")
    _refunded(refund_top_up(account, "60"))
    assert account.account.recharge.paused is PauseReason.REFUND
    assert account.recharges() == []


def test_funds_that_repaid_a_debt_cannot_go_back() -> None:
    account = books(funding=TAXED)
    adjust(account, "-30")
    account.add_funds("100")
    assert account.account.owed_micros == 0
    assert _refunded(refund_top_up(account)).amount_micros == units("70")


def test_calls_cannot_use_what_is_on_its_way_back() -> None:
    account: Books = bought()
    _refunded(refund_top_up(account, "95"))
    outcome = account.authorise("short", slice_seconds=60, answered=True)
    assert isinstance(outcome, Granted)
    assert outcome.granted_seconds == 5
