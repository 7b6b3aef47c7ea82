"""Payment methods as rows, for the statements that add, choose, lock and remove them.

Knows those statements. Refuses to lock: tests/simulation/pooling.py does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from commcredits.core.topups import OPEN_STATES

if TYPE_CHECKING:
    from tests.simulation.tables import Tables

Row = Mapping[str, Any]

_COLUMNS: Final = (
    "payment_method_id",
    "gateway",
    "reference",
    "kind",
    "brand",
    "last4",
    "expiry_month",
    "expiry_year",
    "created_at",
    "customer_reference",
    "fingerprint",
    "country",
)


class MethodTable:
    """The statements on payment methods, by name."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.answers: dict[str, Callable[..., list[Row]]] = {
            "list_payment_methods": self._list,
            "lock_payment_methods": self._lock,
            "hold_payment_method": self._hold,
            "insert_payment_method": self._insert,
            "find_uses_of_payment_method": self._find_uses,
            "remove_payment_method": self._remove,
            "clear_payment_roles": self._clear_roles,
            "give_payment_roles": self._give_roles,
            "get_recharge_methods": self._get_recharge_methods,
            "note_method_detached": self._note_detached,
            "list_methods_to_detach": self._list_to_detach,
        }

    def _rows(self, organization_id: str) -> list[dict[str, Any]]:
        return self._tables.methods.setdefault(organization_id, [])

    def _list(self, organization_id: str, with_removed: bool) -> list[Row]:  # noqa: FBT001 - the statement's own parameter
        return [dict(row) for row in self._rows(organization_id) if with_removed or row["removed_at"] is None]

    def _lock(self, organization_id: str) -> list[Row]:
        return [dict(row) for row in self._rows(organization_id)]

    def _hold(self, organization_id: str, method_id: str) -> list[Row]:
        return [dict(row) for row in self._rows(organization_id) if row["payment_method_id"] == method_id]

    def _insert(self, organization_id: str, *values: Any) -> list[Row]:
        *described, _again = values
        row: dict[str, Any] = dict(zip(_COLUMNS, described, strict=True))
        row |= {
            "organization_id": organization_id,
            "is_default": False,
            "is_backup": False,
            "removed_at": None,
            "detach_owed": False,
        }
        self._rows(organization_id).append(row)
        return [dict(row)]

    def _find_uses(self, organization_id: str, method_id: str) -> list[Row]:
        account = self._tables.ledger.organizations[organization_id].account
        rule = account.recharge.rule
        in_rule = rule is not None and rule.enabled and method_id in {rule.payment_method, rule.backup_payment_method}
        still_open = [
            each.top_up_id
            for each in account.open_top_ups
            if each.payment_method == method_id and each.state in OPEN_STATES
        ]
        return [{"in_rule": in_rule, "open_top_up_id": still_open[0] if still_open else None}]

    def _remove(self, organization_id: str, method_id: str, at: object, owed: bool) -> list[Row]:  # noqa: FBT001 - the statement's own parameter
        for row in self._rows(organization_id):
            if row["payment_method_id"] == method_id and row["removed_at"] is None:
                row.update(removed_at=at, is_default=False, is_backup=False, detach_owed=owed)
        return []

    def _clear_roles(self, organization_id: str) -> list[Row]:
        for row in self._rows(organization_id):
            row.update(is_default=False, is_backup=False)
        return []

    def _give_roles(self, organization_id: str, default_id: str, backup_id: str) -> list[Row]:
        for row in self._rows(organization_id):
            method_id = row["payment_method_id"]
            if method_id in {default_id, backup_id} and row["removed_at"] is None:
                row.update(is_default=method_id == default_id, is_backup=method_id == backup_id)
        return []

    def _get_recharge_methods(self, organization_id: str) -> list[Row]:
        rule = self._tables.ledger.organizations[organization_id].account.recharge.rule
        if rule is None:
            return []
        return [
            {
                "enabled": rule.enabled,
                "payment_method": rule.payment_method,
                "backup_payment_method": rule.backup_payment_method,
            }
        ]

    def _note_detached(self, organization_id: str, method_id: str) -> list[Row]:
        for row in self._rows(organization_id):
            if row["payment_method_id"] == method_id:
                row["detach_owed"] = False
        return []

    def _list_to_detach(self, after: str, limit: int) -> list[Row]:
        owed: list[Row] = [
            dict(row)
            for rows in self._tables.methods.values()
            for row in rows
            if row["detach_owed"] and row["payment_method_id"] > after
        ]
        return sorted(owed, key=lambda row: row["payment_method_id"])[:limit]
