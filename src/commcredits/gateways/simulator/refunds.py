"""Refunds: given once per key, of charges that succeeded, together never more than was taken."""

from datetime import datetime
from typing import Any, Final

from commcredits.gateways.simulator.answers import answer_once
from commcredits.gateways.simulator.cards import TEST_CARDS
from commcredits.gateways.simulator.charges import WEBHOOK_FAULTS, settle_due
from commcredits.gateways.simulator.events import note_event
from commcredits.gateways.simulator.faults import RefuseRefund, first_of
from commcredits.gateways.simulator.scripts import take_from_script
from commcredits.gateways.simulator.store import Books, instant_text
from commcredits.gateways.simulator.wire import Problem, RefundAnswer, RefundBody

NO_SUCH_REFUND: Final = Problem(status=404, code="no_such_refund", message="there is no such refund")

_MESSAGES: Final = {
    "charge_not_succeeded": "The charge has not succeeded, so there is nothing to give back.",
    "charge_disputed": "The charge is disputed; the payer's bank decides.",
    "exceeds_charge": "The refund is more than what is left of the charge.",
    "refund_refused": "The bank refused the refund.",
}


def refund(books: Books, *, idempotency_key: str, body: RefundBody, now: datetime) -> RefundAnswer | Problem:
    """Give money back once per key; a refusal is remembered under its key like a success."""
    settle_due(books, now=now)
    with books.store.transaction():
        return answer_once(
            books.store,
            operation="refund",
            idempotency_key=idempotency_key,
            content=body,
            answer_type=RefundAnswer,
            act=lambda: _refund(books, idempotency_key=idempotency_key, body=body, now=now),
        )


def look_up_refund(books: Books, *, idempotency_key: str) -> RefundAnswer | Problem:
    """Tell what became of a refund's key."""
    row = books.store.find("find_refund_by_key", idempotency_key=idempotency_key)
    return NO_SUCH_REFUND if row is None else _answer_of(row)


def _refund(books: Books, *, idempotency_key: str, body: RefundBody, now: datetime) -> RefundAnswer | Problem:
    charge = books.store.find("find_charge_by_reference", reference=body.charge)
    if charge is None:
        return Problem(status=422, code="unknown_charge", message="charge names no charge")
    if charge["currency"] != body.currency:
        return Problem(status=422, code="currency_mismatch", message="currency is not the charge's currency")
    refusal_code = _refusal_code(books, charge, body.amount_minor)
    reference = books.new_reference("re")
    books.store.insert(
        "insert_refund",
        reference=reference,
        idempotency_key=idempotency_key,
        charge_reference=body.charge,
        amount_minor=body.amount_minor,
        currency=body.currency,
        reason=body.reason,
        refusal_code=refusal_code,
        now=instant_text(now),
    )
    if refusal_code is None:
        books.store.write("add_to_refunded", reference=body.charge, amount_minor=body.amount_minor)
    webhook_fault = take_from_script(books.store, operation="refund", payment_method=None, kinds=WEBHOOK_FAULTS)
    note_event(
        books,
        kind="refund_succeeded" if refusal_code is None else "refund_refused",
        object_reference=reference,
        idempotency_key=idempotency_key,
        webhook_fault=webhook_fault,
        now=now,
    )
    row = books.store.find("find_refund_by_key", idempotency_key=idempotency_key)
    assert row is not None, "the refund was stored a moment ago"
    return _answer_of(row)


def _refusal_code(books: Books, charge: dict[str, Any], amount_minor: int) -> str | None:
    if charge["status"] != "succeeded":
        return "charge_not_succeeded"
    if charge["dispute_state"] in ("opened", "lost"):
        return "charge_disputed"
    if amount_minor > charge["amount_minor"] - charge["refunded_minor"]:
        return "exceeds_charge"
    scripted = take_from_script(books.store, operation="refund", payment_method=None, kinds=(RefuseRefund,))
    method = books.store.find("find_payment_method", reference=charge["payment_method_reference"])
    assert method is not None, "a charge names a stored card"
    by_card = first_of(TEST_CARDS[method["card_name"]].faults, (RefuseRefund,))
    return "refund_refused" if scripted or by_card else None


def _answer_of(row: dict[str, Any]) -> RefundAnswer:
    code = row["refusal_code"]
    return RefundAnswer(
        reference=row["reference"],
        idempotency_key=row["idempotency_key"],
        charge=row["charge_reference"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        status="succeeded" if code is None else "refused",
        refusal_code=code,
        message="" if code is None else _MESSAGES[code],
    )
