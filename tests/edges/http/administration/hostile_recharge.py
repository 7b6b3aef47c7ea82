"""Requests about auto-recharge and alerts that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import ORGANIZATION, RULE, UNKNOWN_ID, Hostile, get, send

ATTEMPTS = f"{ORGANIZATION}/auto-recharge/attempts"
ALERTS = f"{ORGANIZATION}/balance-alerts"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}


def _rule(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/auto-recharge", {**RULE, wrong: value}, wrong, **{"method": "PUT", **others})


def _target(name: str, target: str, trigger: str, **others: Any) -> Hostile:
    body = {**RULE, "mode": "to_target", "target_amount": target, "trigger_amount": trigger}
    path = f"{ORGANIZATION}/auto-recharge"
    return send(name, path, body, "", **{"method": "PUT", "code": "target_not_allowed", **others})


def _alerts(name: str, value: Any, **others: Any) -> Hostile:
    return send(name, ALERTS, {"amounts": value}, "amounts", **{"method": "PUT", **others})


HOSTILE_RECHARGE = [
    _rule("a mode that is none", "mode", "everything"),
    _rule("a mode of null", "mode", None),
    _rule("a mode in capitals", "mode", "FIXED"),
    _rule("a target of a JSON number", "target_amount", 50),
    _rule("a target below nothing", "target_amount", "-50"),
    _rule("a target beyond counting", "target_amount", "9" * 400),
    _target("a target at its trigger", "10.00", "10.00"),
    _target("a target almost at its trigger", "10.99", "10.00"),
    _target("a target above what may be bought", "10000.01", "10.00"),
    _rule("an expiry ahead of a year", "expiry_ahead_days", 365),
    _rule("an expiry behind", "expiry_ahead_days", -1),
    _rule("an expiry in a text", "expiry_ahead_days", "7"),
    _rule("an expiry of true", "expiry_ahead_days", value=True),
    _rule("an expiry of half a day", "expiry_ahead_days", 0.5),
    _rule("a backup that is no id", "backup_payment_method", "card"),
    _rule("a backup of another organization", "backup_payment_method", "{foreign_payment_method}",
          code="unknown_payment_method", field=""),
    _rule("a backup that is the first", "backup_payment_method", "{payment_method}",
          code="payment_method_not_allowed", field=""),
    _rule("a pause lifted by hand", "paused", None),
    _rule("a suspension set by hand", "suspended", value=True),
    _rule("a rule of somebody else's", "organization_id", "{foreign_organization}"),
    _alerts("an alert of a JSON number", [50]),
    _alerts("an alert below nothing", ["-1"]),
    _alerts("an alert at nothing", ["0"]),
    _alerts("an alert with seven decimals", ["1.0000001"]),
    _alerts("an alert with an exponent", ["1e3"]),
    _alerts("an alert in other digits", ["５"]),
    _alerts("an alert beyond counting", ["9" * 400]),
    _alerts("an alert of null", [None]),
    _alerts("alerts of null", None),
    _alerts("alerts in a text", "50"),
    _alerts("alerts in an object", {"50": True}),
    _alerts("more alerts than anybody reads", [str(amount) for amount in range(1, 12)]),
    send("alerts in an organization that is not there", f"{NOWHERE}/balance-alerts", {"amounts": []}, "",
         **{"method": "PUT", **UNKNOWN}),
    get("the alerts of an organization that is not there", f"{NOWHERE}/balance-alerts", "", **UNKNOWN),
    get("the attempts of an organization that is not there", f"{NOWHERE}/auto-recharge/attempts", "", **UNKNOWN),
    get("the attempts after a cursor of another list", f"{ATTEMPTS}?cursor=Zm9v", "cursor"),
    get("more attempts than a page may hold", f"{ATTEMPTS}?limit=201", "limit"),
]  # fmt: skip
"""All of them."""
