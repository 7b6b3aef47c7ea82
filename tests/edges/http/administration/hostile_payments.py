"""Requests about payments and gateways that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import JSON, KEY, ORGANIZATION, UNKNOWN_ID, Hostile, get, send

SETUPS = f"{ORGANIZATION}/payment-method-setups"
ROLES = f"{ORGANIZATION}/payment-method-roles"
METHOD = f"{ORGANIZATION}/payment-methods/{{payment_method}}"
TOP_UP = f"{ORGANIZATION}/top-ups/{{top_up}}"
REFUNDS = f"{ORGANIZATION}/refunds"
REQUESTS = f"{ORGANIZATION}/refund-requests"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
NOBODY: dict[str, Any] = {"status": 404, "code": "unknown_organization"}
NO_METHOD: dict[str, Any] = {"status": 422, "code": "unknown_payment_method"}
NO_TOP_UP: dict[str, Any] = {"status": 404, "code": "unknown_top_up"}
NOT_OPEN: dict[str, Any] = {"status": 409, "code": "payment_not_open"}
SETUP = {"gateway": "simulator"}
GIVE_BACK = {"top_up_id": "{top_up}", "amount": "1.00", "reason": "asked for"}
SEEN = {"reference": "statement 7"}


def _setup(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, SETUPS, {**SETUP, wrong: value}, wrong, **others)


def _refund(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, REFUNDS, {**GIVE_BACK, wrong: value}, wrong, **others)


def _delete(name: str, path: str, **others: Any) -> Hostile:
    return Hostile(name=name, method="DELETE", path=path, **others)


HOSTILE_PAYMENTS = [
    _setup("a page of a gateway that is none", "gateway", "paypal"),
    _setup("a page of a gateway without pages", "gateway", "../simulator"),
    _setup("a page that leads to somebody else", "return_url", "https://evil.example/portal"),
    _setup("a page that leads to a name like ours", "return_url", "http://127.0.0.1:8080.evil.example/"),
    _setup("a page that hides its host", "return_url", "http://127.0.0.1:8080@evil.example/"),
    _setup("a page that is a program", "return_url", "javascript:alert(1)"),
    _setup("a page behind a line break", "return_url", "http://127.0.0.1:8080/\r\nLocation: //evil.example"),
    _setup("a page of 3,000 letters", "return_url", "http://127.0.0.1:8080/" + "a" * 3_000),
    send("a page without a key", SETUPS, SETUP, "Idempotency-Key", headers=JSON),
    send("a page in nobody's name", f"{NOWHERE}/payment-method-setups", SETUP, "", **NOBODY),
    send("cards of nobody", f"{NOWHERE}/payment-method-setups/finish", SETUP, "", **NOBODY),
    send("cards of a gateway that is none", f"{SETUPS}/finish", {"gateway": "paypal"}, "gateway"),
    send("another's method as the default", ROLES, {"default": "{foreign_payment_method}"}, "", method="PUT",
         **NO_METHOD),
    send("another's method as the backup", ROLES,
         {"default": "{payment_method}", "backup": "{foreign_payment_method}"}, "", method="PUT", **NO_METHOD),
    send("a method that backs itself up", ROLES, {"default": "{payment_method}", "backup": "{payment_method}"}, "",
         method="PUT", code="payment_method_not_allowed"),
    send("a method replaced by another's", f"{METHOD}/replacement", {"by": "{foreign_payment_method}"}, "",
         **NO_METHOD),
    send("a method replaced by itself", f"{METHOD}/replacement", {"by": "{payment_method}"}, "",
         code="payment_method_not_allowed"),
    send("another's method replaced by ours", f"{ORGANIZATION}/payment-methods/{{foreign_payment_method}}/replacement",
         {"by": "{payment_method}"}, "", **NO_METHOD),
    _delete("another's method removed", f"{ORGANIZATION}/payment-methods/{{foreign_payment_method}}", **NO_METHOD),
    _delete("our method removed in nobody's name", f"{NOWHERE}/payment-methods/{{payment_method}}", **NOBODY),
    send("another's payment resumed", f"{ORGANIZATION}/top-ups/{{foreign_top_up}}/resume", {}, "", **NO_TOP_UP),
    send("a paid payment resumed", f"{TOP_UP}/resume", {}, "", **NOT_OPEN),
    send("a payment resumed for somebody else", f"{TOP_UP}/resume", {"return_url": "https://evil.example/"},
         "return_url"),
    send("a card's payment confirmed by hand", f"{TOP_UP}/confirm", SEEN, "", **NOT_OPEN),
    send("a card's payment rejected by hand", f"{TOP_UP}/reject", {"reason": "never came"}, "", **NOT_OPEN),
    send("another's payment confirmed", f"{ORGANIZATION}/top-ups/{{foreign_top_up}}/confirm", SEEN, "", **NO_TOP_UP),
    send("a payment confirmed without a reference", f"{TOP_UP}/confirm", {"reference": ""}, "reference"),
    send("a payment confirmed on two lines", f"{TOP_UP}/confirm", {"reference": "a\nb"}, "reference"),
    send("a payment confirmed by somebody else", f"{TOP_UP}/confirm", {**SEEN, "confirmed_by": "ceo"}, "confirmed_by"),
    _refund("another's payment refunded", "top_up_id", "{foreign_top_up}", field="", **NO_TOP_UP),
    _refund("a refund of a JSON number", "amount", 1),
    _refund("a refund of nothing", "amount", "0"),
    _refund("a negative refund", "amount", "-1.00"),
    _refund("a refund beyond what was paid", "amount", "250.01", field="", status=409, code="nothing_to_refund"),
    _refund("a refund of a part of a cent", "amount", "0.001", field="", status=409, code="nothing_to_refund"),
    _refund("a refund to another card", "payment_method", "{payment_method}"),
    _refund("a refund for no reason", "reason", ""),
    send("a refund of funds without a key", REFUNDS, GIVE_BACK, "Idempotency-Key", headers=JSON),
    send("a refund of nobody's payment", f"{NOWHERE}/refunds", GIVE_BACK, "", **NO_TOP_UP),
    send("a refund that never was, confirmed", f"{REFUNDS}/{UNKNOWN_ID}/confirm", SEEN, "", status=404,
         code="unknown_refund"),
    get("disputes of nobody", f"{NOWHERE}/disputes", "", **NOBODY),
    get("refunds after a place that is none", f"{REFUNDS}?cursor=7", "cursor"),
    get("refund requests in no state", f"{REQUESTS}?state=stolen", "state"),
    get("refund requests after a place that is none", f"{REQUESTS}?cursor=7", "cursor"),
    get("a refund request that is no id", f"{REQUESTS}/7", "refund_request_id"),
    send("a refund that nobody asked for, approved", f"{REQUESTS}/{UNKNOWN_ID}/approval", "", "", status=404,
         code="unknown_refund", headers={}),
    send("a refund that nobody asked for, rejected", f"{REQUESTS}/{UNKNOWN_ID}/rejection", "", "", status=404,
         code="unknown_refund", headers={}),
    get("events in a state that is none", "/v1/gateway-events?state=lost", "state"),
    get("events after a place that is none", "/v1/gateway-events?cursor=7", "cursor"),
    get("payouts after a place of another list", "/v1/gateway-payouts?cursor=WyJjYWxscyIsIjEiLCJhIl0", "cursor"),
    Hostile(name="an event that nobody told of", method="POST", path=f"/v1/gateway-events/{UNKNOWN_ID}/process",
            status=422, code="invalid_input", field="gateway_event_id", headers=KEY),
]  # fmt: skip
