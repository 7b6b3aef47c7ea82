"""Charges: taken once per key, decided now, later, or by the card's holder, and closed by a cancellation.

succeeded | declined | processing → succeeded | declined | action_required → succeeded | declined
"""

import secrets
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec

from commcredits.gateways.minor_units import UnknownCurrency, minor_unit_rule
from commcredits.gateways.simulator.answers import answer_once, was_answered
from commcredits.gateways.simulator.cards import TEST_CARDS
from commcredits.gateways.simulator.customers import is_expired
from commcredits.gateways.simulator.events import note_event
from commcredits.gateways.simulator.faults import (
    DECLINE_MEANINGS,
    Authenticate,
    ChargeFault,
    Decline,
    DeclineCode,
    Delay,
    DelayWebhook,
    DropWebhook,
    Error,
    LoseAnswer,
    Process,
    RepeatWebhook,
    ReplyFault,
    WebhookFault,
    first_of,
)
from commcredits.gateways.simulator.scripts import take_from_script
from commcredits.gateways.simulator.store import Books, instant_text
from commcredits.gateways.simulator.wire import (
    AMOUNT_MINOR_MAX,
    Charge,
    ChargeAnswer,
    ChargeBody,
    ChargeList,
    ChargeStatus,
    CurrencyTotal,
    DeclineAnswer,
    Problem,
    Totals,
)

CHARGE_FAULTS: Final[tuple[type[ChargeFault], ...]] = (Decline, Authenticate, Process)
REPLY_FAULTS: Final[tuple[type[ReplyFault], ...]] = (Delay, LoseAnswer, Error)
WEBHOOK_FAULTS: Final[tuple[type[WebhookFault], ...]] = (RepeatWebhook, DelayWebhook, DropWebhook)

FEE_FIXED_MINOR: Final = 25
FEE_PERMILLE: Final = 15
_PERMILLE: Final = 1_000

NO_SUCH_CHARGE: Final = Problem(status=404, code="no_such_charge", message="there is no such charge")


def reply_fault_of_charge(books: Books, *, idempotency_key: str, body: ChargeBody) -> ReplyFault | None:
    """Find what will go wrong with the answer: by script in every request, by the card only in a key's first one."""
    with books.store.transaction():
        scripted = take_from_script(
            books.store, operation="charge", payment_method=body.payment_method, kinds=REPLY_FAULTS
        )
        if scripted is not None:
            return scripted
        if was_answered(books.store, operation="charge", idempotency_key=idempotency_key):
            return None
        method = books.store.find("find_payment_method", reference=body.payment_method)
        return None if method is None else first_of(TEST_CARDS[method["card_name"]].faults, REPLY_FAULTS)


def charge(books: Books, *, idempotency_key: str, body: ChargeBody, now: datetime) -> ChargeAnswer | Problem:
    """Take money once per key; the answer to a known key is the first one, word for word."""
    with books.store.transaction():
        return answer_once(
            books.store,
            operation="charge",
            idempotency_key=idempotency_key,
            content=body,
            answer_type=ChargeAnswer,
            act=lambda: _charge(books, idempotency_key=idempotency_key, body=body, now=now),
        )


def look_up_charge(books: Books, *, idempotency_key: str, now: datetime) -> ChargeAnswer | Problem:
    """Tell what became of a key, as things are now."""
    settle_due(books, now=now)
    return _look_up(books, idempotency_key) or NO_SUCH_CHARGE


def cancel_charge(books: Books, *, idempotency_key: str, now: datetime) -> ChargeAnswer:
    """Close a key: what waits for its holder is declined, what never came can't come any more, the rest stays."""
    settle_due(books, now=now)
    with books.store.transaction():
        row = books.store.find("find_charge_by_key", idempotency_key=idempotency_key)
        if row is None:
            books.store.write("close_key", idempotency_key=idempotency_key, now=instant_text(now))
        elif row["status"] == "action_required":
            _decide(books, row, decline_code=DeclineCode.CANCELLED, now=now)
        answer = _look_up(books, idempotency_key)
        assert answer is not None, "a cancelled key is known"
        return answer


def resume_charge(books: Books, *, idempotency_key: str, return_url: str, now: datetime) -> ChargeAnswer | Problem:
    """Let the page of a charge that waits for its holder lead back to there; whatever else it came to is told."""
    settle_due(books, now=now)
    with books.store.transaction():
        books.store.write("resume_charge", idempotency_key=idempotency_key, return_url=return_url)
    return look_up_charge(books, idempotency_key=idempotency_key, now=now)


def authenticate_charge(
    books: Books, *, page_token: str, decision: Literal["approve", "refuse"], now: datetime
) -> Charge | Problem:
    """Let the card's holder decide; a charge that was decided already stays as it is."""
    with books.store.transaction():
        row = books.store.find("find_charge_by_page_token", page_token=page_token)
        if row is None:
            return NO_SUCH_CHARGE
        if row["status"] == "action_required":
            code = None if decision == "approve" else DeclineCode.AUTHENTICATION_FAILED
            _decide(books, row, decline_code=code, now=now)
        return _charge_of(_row(books, row["reference"]))


def settle_due(books: Books, *, now: datetime) -> None:
    """Decide the charges whose processing time is over; called wherever a charge is looked at, and by the clock."""
    if not books.store.rows("list_charges_to_settle", now=instant_text(now)):
        return
    with books.store.transaction():
        for row in books.store.rows("list_charges_to_settle", now=instant_text(now)):
            code = row["settles_declined_code"]
            _decide(books, row, decline_code=None if code is None else DeclineCode(code), now=now)


def dispute_charge(
    books: Books, *, reference: str, state: Literal["opened", "won", "lost"], now: datetime
) -> Charge | Problem:
    """Open a dispute of a charge that succeeded, or end an open one."""
    with books.store.transaction():
        row = books.store.find("find_charge_by_reference", reference=reference)
        if row is None:
            return NO_SUCH_CHARGE
        if row["status"] != "succeeded" or row["dispute_state"] != (None if state == "opened" else "opened"):
            return Problem(
                status=422,
                code="dispute_not_possible",
                message="only a charge that succeeded can be disputed, once; only an open dispute can be won or lost",
            )
        books.store.write("dispute_charge", reference=reference, dispute_state=state)
        _note(books, row, kind=f"dispute_{state}", now=now)
        return _charge_of(_row(books, reference))


def list_charges(books: Books, *, after: int, limit: int, now: datetime) -> ChargeList:
    """List the gateway's own books, oldest first."""
    settle_due(books, now=now)
    rows = books.store.rows("list_charges", after=after, limit=limit + 1)
    more = str(rows[limit - 1]["sequence"]) if len(rows) > limit else None
    return ChargeList(items=[_charge_of(row) for row in rows[:limit]], next_cursor=more)


def total_charges(books: Books, *, now: datetime) -> Totals:
    """Sum up what was taken and given back, per currency."""
    settle_due(books, now=now)
    return Totals(items=[CurrencyTotal(**row) for row in books.store.rows("total_charges")])


def fee_minor_of(amount_minor: int) -> int:
    """Compute the simulated gateway's fee: a fixed part and 1.5 %, rounded down, never more than the charge."""
    return min(amount_minor, FEE_FIXED_MINOR + amount_minor * FEE_PERMILLE // _PERMILLE)


def webhook_fault_of(row: dict[str, Any]) -> WebhookFault | None:
    """Read the webhook fault that a charge was made with."""
    return None if row["webhook_fault"] is None else msgspec.json.decode(row["webhook_fault"], type=WebhookFault)


def _charge(books: Books, *, idempotency_key: str, body: ChargeBody, now: datetime) -> ChargeAnswer | Problem:
    closed = _look_up(books, idempotency_key)
    if closed is not None:
        return closed
    method = books.store.find("find_payment_method", reference=body.payment_method)
    if method is None or method["detached_at"] is not None:
        return Problem(
            status=422, code="unknown_payment_method", message="payment_method was never stored, or was detached"
        )
    if isinstance(minor_unit_rule(body.currency), UnknownCurrency):
        return Problem(status=422, code="unknown_currency", message="currency is not an ISO 4217 code with minor units")
    if body.amount_minor > AMOUNT_MINOR_MAX:
        return Problem(status=422, code="amount_too_large", message=f"amount_minor is at most {AMOUNT_MINOR_MAX}")
    reference = books.new_reference("ch")
    _insert(books, reference=reference, idempotency_key=idempotency_key, body=body, method=method, now=now)
    row = _row(books, reference)
    _note(books, row, kind=f"charge_{row['status']}", now=now)
    return _answer_of(row)


def _insert(
    books: Books, *, reference: str, idempotency_key: str, body: ChargeBody, method: dict[str, Any], now: datetime
) -> None:
    fault = _charge_fault(books, method, now)
    status: ChargeStatus = "succeeded"
    if isinstance(fault, Decline):
        status = "declined"
    elif isinstance(fault, Process):
        status = "processing"
    elif isinstance(fault, Authenticate) and (body.off_session or not fault.off_session_only):
        status = "action_required"
    webhook_fault = _webhook_fault(books, method)
    books.store.insert(
        "insert_charge",
        reference=reference,
        idempotency_key=idempotency_key,
        payment_method_reference=body.payment_method,
        amount_minor=body.amount_minor,
        currency=body.currency,
        off_session=int(body.off_session),
        description=body.description,
        metadata=msgspec.json.encode(body.metadata).decode(),
        return_url=body.return_url,
        status=status,
        decline_code=fault.code.value if isinstance(fault, Decline) else None,
        fee_minor=fee_minor_of(body.amount_minor) if status == "succeeded" else None,
        page_token=secrets.token_urlsafe(24) if status == "action_required" else None,
        settles_at=(
            instant_text(now + timedelta(milliseconds=fault.milliseconds)) if isinstance(fault, Process) else None
        ),
        settles_declined_code=fault.decline_code.value if isinstance(fault, Process) and fault.decline_code else None,
        webhook_fault=None if webhook_fault is None else msgspec.json.encode(webhook_fault).decode(),
        now=instant_text(now),
    )


def _charge_fault(books: Books, method: dict[str, Any], now: datetime) -> ChargeFault | None:
    scripted = take_from_script(
        books.store, operation="charge", payment_method=method["reference"], kinds=CHARGE_FAULTS
    )
    if scripted is not None:
        return scripted
    if is_expired(method, now):
        return Decline(code=DeclineCode.EXPIRED_CARD)
    return first_of(TEST_CARDS[method["card_name"]].faults, CHARGE_FAULTS)


def _webhook_fault(books: Books, method: dict[str, Any]) -> WebhookFault | None:
    scripted = take_from_script(
        books.store, operation="charge", payment_method=method["reference"], kinds=WEBHOOK_FAULTS
    )
    return scripted or first_of(TEST_CARDS[method["card_name"]].faults, WEBHOOK_FAULTS)


def _decide(books: Books, row: dict[str, Any], *, decline_code: DeclineCode | None, now: datetime) -> None:
    status = "succeeded" if decline_code is None else "declined"
    books.store.write(
        "decide_charge",
        reference=row["reference"],
        status=status,
        decline_code=None if decline_code is None else decline_code.value,
        fee_minor=fee_minor_of(row["amount_minor"]) if decline_code is None else None,
    )
    _note(books, row, kind=f"charge_{status}", now=now)


def _note(books: Books, row: dict[str, Any], *, kind: str, now: datetime) -> None:
    note_event(
        books,
        kind=kind,
        object_reference=row["reference"],
        idempotency_key=row["idempotency_key"],
        webhook_fault=webhook_fault_of(row),
        now=now,
    )


def _row(books: Books, reference: str) -> dict[str, Any]:
    row = books.store.find("find_charge_by_reference", reference=reference)
    assert row is not None, "the charge was found or stored in this very transaction"
    return row


def _look_up(books: Books, idempotency_key: str) -> ChargeAnswer | None:
    row = books.store.find("find_charge_by_key", idempotency_key=idempotency_key)
    if row is not None:
        return _answer_of(row)
    if books.store.find("find_closed_key", idempotency_key=idempotency_key) is None:
        return None
    return ChargeAnswer(
        reference=None,
        idempotency_key=idempotency_key,
        status="declined",
        decline=_decline_of(DeclineCode.CANCELLED),
    )


def _decline_of(code: DeclineCode) -> DeclineAnswer:
    meaning = DECLINE_MEANINGS[code]
    return DeclineAnswer(code=code.value, retryable=meaning.retryable, message=meaning.message)


def _answer_of(row: dict[str, Any]) -> ChargeAnswer:
    waits = row["status"] == "action_required"
    return ChargeAnswer(
        reference=row["reference"],
        idempotency_key=row["idempotency_key"],
        status=row["status"],
        fee_minor=row["fee_minor"],
        action_url=f"/authenticate/{row['page_token']}" if waits else None,
        decline=None if row["decline_code"] is None else _decline_of(DeclineCode(row["decline_code"])),
    )


def _charge_of(row: dict[str, Any]) -> Charge:
    return Charge(
        reference=row["reference"],
        idempotency_key=row["idempotency_key"],
        payment_method=row["payment_method_reference"],
        amount_minor=row["amount_minor"],
        currency=row["currency"],
        off_session=bool(row["off_session"]),
        description=row["description"],
        metadata=msgspec.json.decode(row["metadata"], type=dict[str, str]),
        status=row["status"],
        decline_code=row["decline_code"],
        fee_minor=row["fee_minor"],
        refunded_minor=row["refunded_minor"],
        dispute_state=row["dispute_state"],
        created_at=row["created_at"],
    )
