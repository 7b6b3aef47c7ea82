"""What the simulated gateway sends to the merchant's bank adds up to what it took, gave back and lost."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commcredits.gateways.simulator import charges, customers, payouts, refunds, wire
from commcredits.gateways.simulator.store import Books, open_store

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
FEE_OF_5000 = 25 + 75


@pytest.fixture
def books(tmp_path: Path) -> Iterator[Books]:
    store = open_store(tmp_path / "simulator.sqlite")
    yield Books(store=store, reference_seed=b"seed", sends_webhooks=False)
    store.close()


def take(books: Books, key: str, now: datetime) -> str:
    customer = customers.create_customer(
        books, idempotency_key=key, body=wire.CustomerBody(name="a", metadata={}), now=now
    )
    assert isinstance(customer, wire.Customer)
    body = wire.PaymentMethodBody(customer=customer.reference, card="sim_ok")
    method = customers.attach_payment_method(books, body=body, now=now)
    assert isinstance(method, wire.PaymentMethod)
    charge = wire.ChargeBody(amount_minor=5_000, currency="EUR", payment_method=method.reference, off_session=True)
    taken = charges.charge(books, idempotency_key=key, body=charge, now=now)
    assert isinstance(taken, wire.ChargeAnswer)
    assert taken.reference is not None
    return taken.reference


def test_each_day_is_paid_out_when_it_is_over_and_later_acts_never_change_it(books: Books) -> None:
    first = take(books, "first", MONDAY)
    second = take(books, "second", MONDAY)
    on_monday = payouts.list_payouts(books, after=0, now=MONDAY + timedelta(hours=5))
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    of_monday = payouts.list_payouts(books, after=0, now=tuesday)
    body = wire.RefundBody(charge=first, amount_minor=2_000, currency="EUR")
    refunds.refund(books, idempotency_key="back", body=body, now=tuesday)
    charges.dispute_charge(books, reference=second, state="opened", now=tuesday)
    charges.dispute_charge(books, reference=second, state="lost", now=tuesday)
    both = payouts.list_payouts(books, after=0, now=wednesday)
    since = payouts.list_payouts(books, after=int(of_monday.next_cursor), now=wednesday)

    assert on_monday.items == []
    assert [(each.amount_minor, each.arrives_on) for each in of_monday.items] == [
        (2 * (5_000 - FEE_OF_5000), "2026-11-24")
    ]
    assert both.items[:1] == of_monday.items
    assert [(each.amount_minor, each.arrives_on) for each in since.items] == [(-2_000 - 5_000, "2026-11-25")]
    assert both.items[1:] == since.items
