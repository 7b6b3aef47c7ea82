"""What happens after the money was taken: disputes, payouts and fees, in the shapes that Stripe documents."""

from datetime import date

import pytest

from commcredits.gateways.protocol import Dispute, DisputeState, NotFound, Payout, PayoutPage, Succeeded, Unavailable
from commcredits.gateways.stripe import shapes
from commcredits.gateways.stripe.gateway import StripeGateway
from commcredits.gateways.stripe.translation import outcome_of
from tests.gateways.stripe.fake_stripe import FakeStripe, Fault
from tests.gateways.stripe.test_stripe_charges import charge_of


async def _charged(fake: FakeStripe, gateway: StripeGateway) -> str:
    charged = await gateway.charge(charge_of(fake.store_card()))
    assert isinstance(charged, Succeeded)
    return charged.reference


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("needs_response", DisputeState.OPEN),
        ("under_review", DisputeState.OPEN),
        ("won", DisputeState.WON),
        ("prevented", DisputeState.WON),
        ("lost", DisputeState.LOST),
    ],
)
async def test_a_dispute_is_told_as_it_stands(
    fake: FakeStripe, gateway: StripeGateway, status: str, state: DisputeState
) -> None:
    charge = await _charged(fake, gateway)
    reference = fake.books.dispute(charge, status)["id"]
    assert await gateway.find_dispute(charge) == Dispute(
        reference=reference,
        charge_reference=charge,
        amount_minor=5_950,
        currency="RON",
        state=state,
        reason="fraudulent",
    )


@pytest.mark.parametrize("status", ["warning_needs_response", "warning_under_review", "warning_closed"])
async def test_an_early_warning_takes_no_money_and_is_no_dispute(
    fake: FakeStripe, gateway: StripeGateway, status: str
) -> None:
    charge = await _charged(fake, gateway)
    fake.books.dispute(charge, status)
    assert await gateway.find_dispute(charge) == NotFound()


async def test_the_latest_dispute_of_this_charge_alone_counts(fake: FakeStripe, gateway: StripeGateway) -> None:
    charge = await _charged(fake, gateway)
    other = await gateway.charge(charge_of(fake.store_card(), key="another"))
    assert isinstance(other, Succeeded)
    fake.books.dispute(charge, "won")
    latest = fake.books.dispute(charge, "lost")["id"]
    fake.books.dispute(charge, "warning_needs_response")
    fake.books.dispute(other.reference, "needs_response")
    found = await gateway.find_dispute(charge)
    assert isinstance(found, Dispute)
    assert (found.reference, found.state) == (latest, DisputeState.LOST)
    assert await gateway.find_dispute("no-such-charge") == NotFound()


async def test_payouts_are_told_once_and_the_oldest_first(fake: FakeStripe, gateway: StripeGateway) -> None:
    made = [fake.books.pay_out(amount) for amount in range(1, 151)]
    told: list[Payout] = []
    cursor = None
    while True:
        page = await gateway.list_payouts(cursor)
        assert isinstance(page, PayoutPage)
        told += page.payouts
        cursor = page.next_cursor
        if not page.has_more:
            break
    assert [payout.reference for payout in told] == made
    assert told[0] == Payout(
        reference=made[0], amount_minor=1, currency="RON", arrives_on=date(2026, 8, 1), state="paid"
    )
    fake.books.pay_out(-500)
    page = await gateway.list_payouts(cursor)
    assert isinstance(page, PayoutPage)
    assert [payout.amount_minor for payout in page.payouts] == [-500]


async def test_what_stripe_does_not_answer_is_unavailable(fake: FakeStripe, gateway: StripeGateway) -> None:
    fake.faults.append(Fault("/payouts", status=503, times=3))
    fake.faults.append(Fault("/disputes", status=503, times=3))
    assert isinstance(await gateway.list_payouts(None), Unavailable)
    assert isinstance(await gateway.find_dispute("pi_1"), Unavailable)


@pytest.mark.parametrize(
    ("transaction", "fee_minor"),
    [
        (shapes.BalanceTransaction(fee=114, currency="ron"), 114),
        (shapes.BalanceTransaction(fee=23, currency="eur"), None),
        ("txn_1", None),
        (None, None),
    ],
)
def test_a_fee_is_told_where_it_is_in_the_charges_currency(
    transaction: shapes.BalanceTransaction | str | None, fee_minor: int | None
) -> None:
    charge = shapes.Charge(id="ch_1", status="succeeded", amount=5_950, balance_transaction=transaction)
    intent = shapes.PaymentIntent(id="pi_1", status="succeeded", amount=5_950, currency="ron", latest_charge=charge)
    assert outcome_of(intent) == Succeeded(reference="pi_1", fee_minor=fee_minor)
