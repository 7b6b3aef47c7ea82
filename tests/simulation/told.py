"""What gateways have told of, and refunds, as rows: for the statements that keep, list and settle them.

Knows those statements. Refuses to know what an event means.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from commcredits.core.purchases import Refund
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from tests.simulation.ledger import Kept, MemoryLedger

Row = Mapping[str, Any]

_COLUMNS: Final = ("gateway_event_id", "event_id", "kind", "object_reference", "idempotency_key", "occurred_at")


class Told:
    """Events, how far lists were read, and refunds with what their gateway calls their charge."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self._ledger = ledger
        self._events: dict[str, dict[str, Any]] = {}
        """By the gateway's own id of the event: there is one gateway here."""
        self._cursors: dict[str, str | None] = {}
        self.answers: dict[str, Callable[..., list[Row]]] = {
            "keep_gateway_message": self._keep_message,
            "keep_gateway_page": self._keep_page,
            "get_gateway_cursor": self._get_cursor,
            "list_waiting_gateway_events": self._list_waiting,
            "settle_gateway_event": self._settle,
            "find_refund": self._find_refund,
            "get_refund": self._get_refund,
            "list_unresolved_refunds": self._list_unresolved_refunds,
        }

    @property
    def waits(self) -> bool:
        """Whether an event is still to be dealt with."""
        return any(row["state"] == "waiting" for row in self._events.values())

    def _keep_message(self, _operator: str, message_id: str, gateway: str, *values: Any) -> list[Row]:
        _headers, _body, received_at, *columns = values
        return self._keep(gateway, message_id, received_at, columns)

    def _keep_page(self, _operator: str, gateway: str, cursor: str | None, *values: Any) -> list[Row]:
        next_cursor, at, *columns = values
        if self._cursors.get(gateway, cursor) != cursor:
            return []
        self._cursors[gateway] = next_cursor
        return self._keep(gateway, None, at, columns)

    def _keep(self, gateway: str, message_id: str | None, at: datetime, columns: Sequence[Any]) -> list[Row]:
        fresh: list[Row] = []
        for values in zip(*columns, strict=True):
            row: dict[str, Any] = dict(zip(_COLUMNS, values, strict=True))
            if row["event_id"] in self._events:
                continue
            row |= {
                "gateway": gateway,
                "noted_at": at,
                "message_id": message_id,
                "state": "waiting",
                "attempts": 0,
                "next_try_at": at,
                "failure": "",
            }
            self._events[row["event_id"]] = row
            fresh.append(dict(row))
        return sorted(fresh, key=lambda row: row["gateway_event_id"])

    def _get_cursor(self, _operator: str, gateway: str, _list: str) -> list[Row]:
        return [{"cursor": self._cursors[gateway]}] if gateway in self._cursors else []

    def _list_waiting(self, _operator: str, now: datetime, limit: int) -> list[Row]:
        found = [row for row in self._events.values() if row["state"] == "waiting" and row["next_try_at"] <= now]
        found.sort(key=lambda row: (row["next_try_at"], row["gateway_event_id"]))
        return [dict(row) for row in found[:limit]]

    def _settle(self, _operator: str, event_id: str, state: str, next_try_at: datetime, failure: str) -> list[Row]:
        for row in self._events.values():
            if row["gateway_event_id"] == event_id and row["state"] != "done":
                row.update(state=state, attempts=row["attempts"] + 1, next_try_at=next_try_at, failure=failure)
        return []

    def _find_refund(self, gateway: str, key: str, reference: str) -> list[Row]:
        found = [
            row
            for row in self._refund_rows()
            if row["gateway"] == gateway
            and (row["refund_id"] == key or (reference and row["gateway_reference"] == reference))
        ]
        found.sort(key=lambda row: row["refund_id"] != key)
        return found[:1]

    def _get_refund(self, organization_id: str, refund_id: str) -> list[Row]:
        return [
            row
            for row in self._refund_rows()
            if row["organization_id"] == organization_id and row["refund_id"] == refund_id
        ]

    def _list_unresolved_refunds(self, before: datetime, after: str, limit: int) -> list[Row]:
        found = [
            row
            for row in self._refund_rows()
            if row["state"] in OPEN_REFUNDS and row["created_at"] < before and row["refund_id"] > after
        ]
        return sorted(found, key=lambda row: row["refund_id"])[:limit]

    def _refund_rows(self) -> list[Row]:
        return [
            _refund_row(kept, refund)
            for kept in self._ledger.organizations.values()
            for refund in kept.refunds.values()
        ]


def _refund_row(kept: Kept, refund: Refund) -> Row:
    top_up = kept.top_ups[refund.top_up_id]
    row = {name: getattr(refund, name) for name in Refund.__struct_fields__ if name != "lot"}
    return row | {
        "organization_id": kept.account.organization_id,
        "lot_id": refund.lot.lot_id,
        "gateway": top_up.gateway,
        "charge_reference": top_up.gateway_reference,
        "currency": kept.account.currency,
    }
