"""Tax on purchases: which row of the operator's table applies, how much it is, and what goes back of it."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.commands import PaymentState
from commcredits.core.ledger import LedgerAccount
from commcredits.core.outcomes import TopUpTaken
from commcredits.core.taxes import NO_TAX, Tax, TaxRow, TaxTreatment, tax_on_purchase, tax_share_micros
from tests.core.audit import audit
from tests.core.books import FUNDING, NOON, books, units

TWENTY_ONE_PERCENT = 210_000
ROMANIA = TaxRow(
    country="RO",
    effective_from=datetime(2025, 8, 1, tzinfo=UTC),
    treatment=TaxTreatment.ON_TOP_UP,
    rate_micros=TWENTY_ONE_PERCENT,
    reverse_charge_with_tax_id=False,
)

amounts = st.integers(1, 10_000_000_000)
rates = st.integers(0, 1_000_000)


def _tax(*rows: TaxRow, amount: str = "50", now: datetime = NOON, digits: int = 2, has_tax_id: bool = False) -> Tax:
    return tax_on_purchase(
        rows, country="RO", has_tax_id=has_tax_id, amount_micros=units(amount), minor_digits=digits, now=now
    )


def test_a_country_without_a_row_is_charged_no_tax() -> None:
    assert _tax() == NO_TAX
    assert _tax(replace(ROMANIA, country="BG")) == NO_TAX


def test_tax_on_the_top_up_is_charged_beside_the_net_amount() -> None:
    assert _tax(ROMANIA) == Tax(treatment=TaxTreatment.ON_TOP_UP, rate_micros=TWENTY_ONE_PERCENT, micros=units("10.50"))


def test_half_a_cent_is_rounded_up_and_less_down() -> None:
    assert _tax(ROMANIA, amount="50.50").micros == units("10.61")  # 10.605
    assert _tax(ROMANIA, amount="50.49").micros == units("10.60")  # 10.6029
    assert _tax(ROMANIA, amount="50", digits=0).micros == units("11")  # 10.5


def test_the_latest_row_in_force_applies_from_its_instant_on() -> None:
    raised = replace(ROMANIA, effective_from=NOON, rate_micros=250_000)
    before = NOON - timedelta(microseconds=1)
    for rows in ((ROMANIA, raised), (raised, ROMANIA)):
        assert _tax(*rows, now=before).micros == units("10.50")
        assert _tax(*rows, now=NOON).micros == units("12.50")
    assert _tax(raised, now=before) == NO_TAX


def test_a_buyer_with_a_checked_tax_id_owes_it_himself_where_the_row_says_so() -> None:
    row = replace(ROMANIA, reverse_charge_with_tax_id=True)
    assert _tax(row, has_tax_id=True) == Tax(treatment=TaxTreatment.REVERSE_CHARGE)
    assert _tax(row, has_tax_id=False).micros == units("10.50")
    assert _tax(ROMANIA, has_tax_id=True).micros == units("10.50")


def test_tax_on_use_is_noted_and_not_charged_with_the_purchase() -> None:
    row = replace(ROMANIA, treatment=TaxTreatment.ON_USE)
    assert _tax(row) == Tax(treatment=TaxTreatment.ON_USE, rate_micros=TWENTY_ONE_PERCENT)
    assert _tax(replace(ROMANIA, treatment=TaxTreatment.NONE)) == NO_TAX


@given(amount=amounts, rate_micros=rates, digits=st.sampled_from([0, 2, 3]))
def test_tax_is_whole_minor_units_and_off_by_half_of_one_at_most(amount: int, rate_micros: int, digits: int) -> None:
    row = replace(ROMANIA, rate_micros=rate_micros)
    tax = tax_on_purchase((row,), country="RO", has_tax_id=False, amount_micros=amount, minor_digits=digits, now=NOON)
    unit = 10 ** (6 - digits)
    assert tax.micros % unit == 0
    assert abs(2 * (tax.micros * 1_000_000 - amount * rate_micros)) <= unit * 1_000_000


@given(
    amount=amounts,
    rate_micros=rates,
    digits=st.sampled_from([0, 2, 3]),
    parts=st.lists(st.integers(0, 10_000_000_000), max_size=6),
)
def test_shares_of_growing_parts_never_fall_and_add_up_to_the_tax(
    amount: int, rate_micros: int, digits: int, parts: list[int]
) -> None:
    row = replace(ROMANIA, rate_micros=rate_micros)
    tax = tax_on_purchase((row,), country="RO", has_tax_id=False, amount_micros=amount, minor_digits=digits, now=NOON)
    shares = [
        tax_share_micros(tax_micros=tax.micros, amount_micros=amount, part_micros=part, minor_digits=digits)
        for part in sorted(min(part, amount) for part in [0, *parts, amount])
    ]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, tax.micros)


def test_a_purchase_keeps_the_tax_that_it_was_made_with_and_the_lot_is_net() -> None:
    account = books(funding=replace(FUNDING, taxes=(ROMANIA,)))
    taken = account.request_top_up("100")
    assert isinstance(taken, TopUpTaken)
    assert (taken.amount_micros, taken.tax_micros) == (units("100"), units("21"))
    account.funding = replace(FUNDING, taxes=(replace(ROMANIA, rate_micros=500_000),))
    account.record(taken.top_up_id, PaymentState.SUCCEEDED, fee="1.75")
    assert account.available_micros == units("100")
    assert account.ledger_micros(LedgerAccount.TAX) == units("21")
    assert account.ledger_micros(LedgerAccount.GATEWAY_CLEARING) == -units("119.25")
    audit(account)


def test_a_fee_that_is_told_later_is_booked_once() -> None:
    account = books()
    taken = account.request_top_up("100")
    assert isinstance(taken, TopUpTaken)
    for fee in ("0", "1.75", "1.75", "0", "2"):
        account.record(taken.top_up_id, PaymentState.SUCCEEDED, fee=fee)
        audit(account)
    assert account.ledger_micros(LedgerAccount.GATEWAY_FEES) == -units("1.75")


def test_a_recharge_is_taxed_like_a_purchase_and_the_cap_counts_it_net() -> None:
    account = books(balance="10", funding=replace(FUNDING, taxes=(ROMANIA,)))
    account.save_rule(recharge="100", trigger="50", cap="100")
    (attempt,) = account.recharges()
    assert (attempt.gross_micros, account.account.recharge.month_micros) == (units("121"), units("100"))
