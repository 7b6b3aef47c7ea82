"""Requests about adjustments, vouchers and periods that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import JSON, ORGANIZATION, UNKNOWN_ID, Hostile, get, send
from tests.edges.http.administration.walk_over_funding_rules import VOUCHERS

ADJUSTMENTS = f"{ORGANIZATION}/adjustments"
ADJUSTMENT = {"amount": "5.00", "reason": "Goodwill"}
REDEEM = f"{ORGANIZATION}/voucher-redemptions"
PERIOD = "from=2026-01-01T00:00:00Z&to=2026-02-01T00:00:00Z"
NOT_VALID: dict[str, Any] = {"status": 409, "code": "voucher_not_valid"}


def _adjust(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, ADJUSTMENTS, {**ADJUSTMENT, wrong: value}, wrong, **others)


def _issue(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, "/v1/voucher-batches", {**VOUCHERS, wrong: value}, wrong, **others)


def _put(name: str, path: str, body: Any, wrong: str, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/{path}", body, wrong, method="PUT", **others)


HOSTILE_FUNDING_RULES = [
    _adjust("an adjustment of nothing", "amount", "0"),
    _adjust("an adjustment of a number", "amount", -5),
    _adjust("an adjustment beyond counting", "amount", "-99999999999"),
    _adjust("an adjustment with two signs", "amount", "--5"),
    _adjust("an adjustment without a reason", "reason", "ok"),
    _adjust("an adjustment for blanks", "reason", "     "),
    _adjust("an adjustment for a novel", "reason", "x" * 501),
    _adjust("an adjustment for two lines", "reason", "one\ntwo"),
    _adjust("an adjustment in somebody's name", "requested_by", "alice"),
    _adjust("an adjustment in another currency", "currency", "RON", status=409, code="currency_mismatch", field=""),
    send("an adjustment without a key", ADJUSTMENTS, ADJUSTMENT, "Idempotency-Key", headers=JSON),
    send("an approval of another's", f"{ADJUSTMENTS}/{UNKNOWN_ID}/approval", "", "", status=404,
         code="unknown_adjustment", headers={}),
    get("adjustments in no state", f"{ADJUSTMENTS}?state=stolen", "state"),
    _issue("no vouchers", "quantity", 0),
    _issue("too many vouchers", "quantity", 10_001),
    _issue("vouchers of nothing", "amount", "0", status=422, code="amount_below_minimum", field=""),
    _issue("vouchers of a fortune", "amount", "10001", status=422, code="amount_above_maximum", field=""),
    _issue("vouchers of no currency", "currency", "XXX"),
    _issue("vouchers that are too late", "redeem_until", "2020-01-01T00:00:00Z"),
    _issue("vouchers for ever", "redeem_until", "2098-01-01T00:00:00Z"),
    _issue("vouchers whose funds never are", "lot_days", 0),
    _issue("vouchers with codes of one's own", "codes", ["A"]),
    send("a code that is none", REDEEM, {"code": "AAAAA-AAAAA-AAAAA-AAAAB"}, "", **NOT_VALID),
    send("a code with SQL", REDEEM, {"code": "'; drop table vouchers; --"}, "code"),
    send("a code without an end", REDEEM, {"code": "A" * 65}, "code"),
    send("a code in full-width letters", REDEEM, {"code": "ＡＢＣ"}, "code"),
    send("a list of codes", REDEEM, {"code": ["A", "B"]}, "code"),
    _put("a currency with funds", "currency", {"currency": "RON"}, "", status=409, code="currency_fixed"),
    _put("a change to a currency that is none", "currency", {"currency": "R2D"}, "currency"),
    _put("billing without a line", "billing", {"post_usage": True}, "credit_line"),
    _put("a line below nothing", "billing", {"post_usage": True, "credit_line": "-1"}, "credit_line"),
    _put("billing by a word", "billing", {"post_usage": "yes", "credit_line": "1"}, "post_usage"),
    _put("a closing into somebody's pocket", "closing", {"remainder": "mine"}, "remainder"),
    get("a period that is not over", "/v1/accounting/journal.csv?from=2026-01-01T00:00:00Z&to=2098-01-01T00:00:00Z",
        "to"),
    get("a period backwards", "/v1/accounting/entries.csv?from=2026-01-01T00:00:00Z&to=2025-01-01T00:00:00Z", "to"),
    get("a period without an end", "/v1/accounting/period.journal?from=2026-01-01T00:00:00Z", "to"),
    get("a period at the end of time",
        "/v1/accounting/accounts?from=9999-01-01T00:00:00Z&to=9999-02-01T00:00:00Z", "to"),
    get("a period at the beginning of time",
        "/v1/accounting/tax-on-use?from=0001-01-01T00:00:00Z&to=0005-01-01T00:00:00Z&time_zone=America/New_York",
        "from"),
    get("a period on Mars", f"/v1/accounting/accounts?{PERIOD}&time_zone=Mars/Phobos", "time_zone"),
    get("a period of no organization", f"/v1/accounting/journal.csv?{PERIOD}&organization_id=7", "organization_id"),
    get("taxes of a century", "/v1/accounting/tax-on-use?from=1926-01-01T00:00:00Z&to=2026-01-01T00:00:00Z", "to"),
]  # fmt: skip
