"""Customers, their stored test cards, and the page on which they choose one."""

import hashlib
import secrets
from datetime import datetime
from typing import Any, Final

import msgspec

from commcredits.gateways.simulator.answers import answer_once
from commcredits.gateways.simulator.cards import BRAND, TEST_CARDS, SimulatedCard
from commcredits.gateways.simulator.events import note_event
from commcredits.gateways.simulator.store import Books, instant_text
from commcredits.gateways.simulator.wire import (
    Customer,
    CustomerBody,
    PaymentMethod,
    PaymentMethodBody,
    PaymentMethodList,
    Problem,
    Setup,
    SetupBody,
)

NO_SUCH_CUSTOMER: Final = Problem(status=404, code="no_such_customer", message="there is no such customer")
NO_SUCH_PAYMENT_METHOD: Final = Problem(
    status=404, code="no_such_payment_method", message="there is no such payment method, or it was detached"
)
_MONTHS_PER_YEAR: Final = 12


def create_customer(books: Books, *, idempotency_key: str, body: CustomerBody, now: datetime) -> Customer | Problem:
    """Make a customer once per key."""

    def act() -> Customer:
        reference = books.new_reference("cus")
        books.store.insert(
            "insert_customer",
            reference=reference,
            name=body.name,
            metadata=msgspec.json.encode(body.metadata).decode(),
            now=instant_text(now),
        )
        return Customer(reference=reference, name=body.name)

    with books.store.transaction():
        return answer_once(
            books.store,
            operation="customer",
            idempotency_key=idempotency_key,
            content=body,
            answer_type=Customer,
            act=act,
        )


def attach_payment_method(books: Books, *, body: PaymentMethodBody, now: datetime) -> PaymentMethod | Problem:
    """Store a test card for a customer."""
    card = TEST_CARDS.get(body.card)
    if card is None:
        # What was sent is not repeated: it might be the number of somebody's real card.
        return Problem(
            status=422,
            code="unknown_test_card",
            message=f"card is not a test card; the test cards are {', '.join(TEST_CARDS)}",
        )
    with books.store.transaction():
        if books.store.find("find_customer", reference=body.customer) is None:
            return NO_SUCH_CUSTOMER
        return _attach(books, customer_reference=body.customer, card=card, now=now)


def describe_payment_method(books: Books, reference: str) -> PaymentMethod | Problem:
    """Give a stored card, unless it was detached."""
    row = books.store.find("find_payment_method", reference=reference)
    return NO_SUCH_PAYMENT_METHOD if row is None or row["detached_at"] is not None else _payment_method_of(row)


def list_payment_methods(books: Books, customer_reference: str) -> PaymentMethodList | Problem:
    """List a customer's stored cards."""
    if books.store.find("find_customer", reference=customer_reference) is None:
        return NO_SUCH_CUSTOMER
    rows = books.store.rows("list_payment_methods", customer_reference=customer_reference)
    return PaymentMethodList(items=[_payment_method_of(row) for row in rows])


def detach_payment_method(books: Books, *, reference: str, now: datetime) -> PaymentMethod | Problem:
    """Make a stored card unusable; doing it again changes nothing."""
    with books.store.transaction():
        changed = books.store.write("detach_payment_method", reference=reference, now=instant_text(now))
        row = books.store.find("find_payment_method", reference=reference)
        if row is None:
            return NO_SUCH_PAYMENT_METHOD
        if changed:
            note_event(
                books,
                kind="payment_method_detached",
                object_reference=reference,
                idempotency_key=None,
                webhook_fault=None,
                now=now,
            )
        return _payment_method_of(row)


def begin_setup(books: Books, *, idempotency_key: str, body: SetupBody) -> Setup | Problem:
    """Open a page once per key; `hosted_url` is its path, which the server completes."""

    def act() -> Setup | Problem:
        if books.store.find("find_customer", reference=body.customer) is None:
            return NO_SUCH_CUSTOMER
        reference = books.new_reference("set")
        page_token = secrets.token_urlsafe(24)
        books.store.insert(
            "insert_setup",
            reference=reference,
            page_token=page_token,
            customer_reference=body.customer,
            return_url=body.return_url,
        )
        return Setup(reference=reference, hosted_url=f"/setup/{page_token}")

    with books.store.transaction():
        return answer_once(
            books.store,
            operation="setup",
            idempotency_key=idempotency_key,
            content=body,
            answer_type=Setup,
            act=act,
        )


def finish_setup(books: Books, *, page_token: str, card_name: str, now: datetime) -> PaymentMethod | Problem:
    """Store the card chosen on the page; a page that was used gives the card chosen first."""
    card = TEST_CARDS.get(card_name)
    with books.store.transaction():
        setup = books.store.find("find_setup_by_page_token", page_token=page_token)
        if setup is None:
            return NO_SUCH_PAYMENT_METHOD
        if setup["payment_method_reference"] is not None:
            row = books.store.find("find_payment_method", reference=setup["payment_method_reference"])
            assert row is not None, "a finished setup names a stored card"
            return _payment_method_of(row)
        if card is None:
            return Problem(status=422, code="unknown_test_card", message="choose one of the test cards")
        method = _attach(books, customer_reference=setup["customer_reference"], card=card, now=now)
        books.store.write("finish_setup", reference=setup["reference"], payment_method_reference=method.reference)
        return method


def is_expired(row: dict[str, Any], now: datetime) -> bool:
    """Say whether a stored card's last month is over."""
    return (now.year, now.month) > (row["expiry_year"], row["expiry_month"])


def _attach(books: Books, *, customer_reference: str, card: SimulatedCard, now: datetime) -> PaymentMethod:
    reference = books.new_reference("pm")
    months = now.year * _MONTHS_PER_YEAR + now.month - 1 + card.valid_months
    books.store.insert(
        "insert_payment_method",
        reference=reference,
        customer_reference=customer_reference,
        card_name=card.name,
        last4=card.last4,
        expiry_month=months % _MONTHS_PER_YEAR + 1,
        expiry_year=months // _MONTHS_PER_YEAR,
        fingerprint=hashlib.sha256(card.name.encode()).hexdigest()[:16],
    )
    note_event(
        books,
        kind="payment_method_added",
        object_reference=reference,
        idempotency_key=None,
        webhook_fault=None,
        now=now,
    )
    row = books.store.find("find_payment_method", reference=reference)
    assert row is not None, "the card was stored two statements ago"
    return _payment_method_of(row)


def _payment_method_of(row: dict[str, Any]) -> PaymentMethod:
    return PaymentMethod(
        reference=row["reference"],
        customer=row["customer_reference"],
        card=row["card_name"],
        brand=BRAND,
        last4=row["last4"],
        expiry_month=row["expiry_month"],
        expiry_year=row["expiry_year"],
        fingerprint=row["fingerprint"],
        detached=row["detached_at"] is not None,
    )
