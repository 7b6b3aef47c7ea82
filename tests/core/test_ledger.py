"""The ledger: an entry that does not balance cannot be written down."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.commands import Service
from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason, balance_micros, revenue_account

amounts = st.integers(1, 10**15)
pairs = st.lists(st.sampled_from(LedgerAccount), min_size=2, max_size=2, unique=True)
transfers = st.builds(
    lambda pair, amount_micros, reason: Transfer(
        source=pair[0], target=pair[1], amount_micros=amount_micros, reason=reason, lot_id="lot-1"
    ),
    pairs,
    amounts,
    st.sampled_from(TransferReason),
)


@given(st.lists(transfers))
def test_what_leaves_one_account_enters_another(journal: list[Transfer]) -> None:
    assert sum(balance_micros(account, journal) for account in LedgerAccount) == 0


@given(pairs, st.integers(max_value=0))
def test_a_transfer_of_nothing_or_less_is_refused(pair: list[LedgerAccount], amount_micros: int) -> None:
    with pytest.raises(ValueError, match="not a transfer"):
        Transfer(
            source=pair[0], target=pair[1], amount_micros=amount_micros, reason=TransferReason.CALL, lot_id="lot-1"
        )


@pytest.mark.parametrize("account", LedgerAccount)
def test_a_transfer_to_itself_is_refused(account: LedgerAccount) -> None:
    with pytest.raises(ValueError, match="not a transfer"):
        Transfer(source=account, target=account, amount_micros=1, reason=TransferReason.CALL, lot_id="lot-1")


def test_each_service_that_is_charged_earns_its_own_revenue() -> None:
    charged = [service for service in Service if service is not Service.EMERGENCY]
    earned = {revenue_account(service) for service in charged}
    assert len(earned) == len(charged)
    assert all(account.value.startswith("revenue_") for account in earned)
    assert {account for account in LedgerAccount if account.value.startswith("revenue_")} == earned


def test_an_emergency_call_has_no_account_to_earn_on() -> None:
    with pytest.raises(KeyError):
        revenue_account(Service.EMERGENCY)


def test_the_chart_has_the_accounts_that_the_books_are_read_by() -> None:
    assert {account.value for account in LedgerAccount} == {
        "customer_credits",
        "gateway_clearing",
        "revenue_outbound",
        "revenue_toll_free_in",
        "revenue_toll_in",
        "receivable",
        "disputed",
        "gateway_fees",
        "revenue_conference_dial_out",
        "breakage",
        "promotions",
        "refunds",
        "tax",
        "adjustments",
    }
