"""Events and the webhooks due for them. What is sent, and how often, is decided when the event is noted."""

from datetime import datetime, timedelta

from commcredits.gateways.simulator.faults import DelayWebhook, DropWebhook, RepeatWebhook, WebhookFault
from commcredits.gateways.simulator.store import Books, instant_text
from commcredits.gateways.simulator.wire import Event, EventList


def note_event(
    books: Books,
    *,
    kind: str,
    object_reference: str,
    idempotency_key: str | None,
    webhook_fault: WebhookFault | None,
    now: datetime,
) -> None:
    """Write down what happened and queue its webhooks; only inside a transaction."""
    event_sequence = books.store.insert(
        "insert_event",
        id=books.new_reference("evt"),
        kind=kind,
        object_reference=object_reference,
        idempotency_key=idempotency_key,
        now=instant_text(now),
    )
    if not books.sends_webhooks or isinstance(webhook_fault, DropWebhook):
        return
    due_at = now
    if isinstance(webhook_fault, DelayWebhook) and _is_first_event(books, object_reference):
        due_at = now + timedelta(milliseconds=webhook_fault.milliseconds)
    copies = webhook_fault.copies if isinstance(webhook_fault, RepeatWebhook) else 1
    for _ in range(copies):
        books.store.insert("insert_delivery", event_sequence=event_sequence, due_at=instant_text(due_at))


def list_events(books: Books, *, after: int, limit: int) -> EventList:
    """List at most `limit` events noted after the place `after`."""
    rows = books.store.rows("list_events", after=after, limit=limit + 1)
    shown = rows[:limit]
    return EventList(
        items=[event_of(row) for row in shown],
        next_cursor=str(shown[-1]["sequence"] if shown else after),
        has_more=len(rows) > limit,
    )


def event_of(row: dict[str, str]) -> Event:
    """Read an event from its columns."""
    return Event(
        id=row["id"],
        kind=row["kind"],
        object_reference=row["object_reference"],
        idempotency_key=row["idempotency_key"],
        occurred_at=row["occurred_at"],
    )


def _is_first_event(books: Books, object_reference: str) -> bool:
    counted = books.store.find("count_events_of", object_reference=object_reference)
    return counted is not None and counted["events"] == 1
