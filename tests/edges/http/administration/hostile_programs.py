"""Requests about keys and sandboxes that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import ORGANIZATION, UNKNOWN_ID, Hostile, send

KEYS = f"{ORGANIZATION}/api-keys"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
KEY: dict[str, Any] = {"name": "Program", "scopes": ["funds.read"]}
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}


def _key(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, KEYS, {**KEY, wrong: value, **others}, wrong)


HOSTILE_PROGRAMS = [
    _key("a key without a name", "name", ""),
    _key("a key with a name of two lines", "name", "two\nlines"),
    _key("a key with a name that reverses text", "name", "\u202eevil"),
    _key("a key with a long note", "note", "a" * 501),
    _key("a key without scopes", "scopes", []),
    _key("a key with a scope twice", "scopes", ["funds.read", "funds.read"]),
    _key("a key with a scope of the operator", "scopes", ["operator.funds"]),
    _key("a key with a scope that is none", "scopes", ["everything"]),
    _key("a key with scopes in a text", "scopes", "funds.read"),
    _key("a key that has ended already", "expires_at", "2020-01-01T00:00:00Z"),
    _key("a key that lasts for ever", "expires_at", "2999-01-01T00:00:00Z"),
    _key("a key that is perhaps a sandbox's", "sandbox", "yes"),
    _key("a sandbox key without a sandbox", "sandbox", value=True),
    _key("a key whose secret is chosen", "secret", "cck_aaaaaaaa_" + "A" * 43),
    send("a key of nobody", f"{NOWHERE}/api-keys", KEY, "", **UNKNOWN),
    send("an overlap without end", f"{KEYS}/{UNKNOWN_ID}/rotate", {"overlap_hours": 169}, "overlap_hours"),
    send("an overlap below nothing", f"{KEYS}/{UNKNOWN_ID}/rotate", {"overlap_hours": -1}, "overlap_hours"),
    send(
        "rotating a key that is not there",
        f"{KEYS}/{UNKNOWN_ID}/rotate",
        {"overlap_hours": 1},
        "",
        status=404,
        code="unknown_api_key",
    ),
    send("play money in a number", f"{ORGANIZATION}/sandbox/funds", {"amount": 5}, "amount"),
    send(
        "play money without a sandbox",
        f"{ORGANIZATION}/sandbox/funds",
        {"amount": "5"},
        "",
        status=409,
        code="sandbox_not_allowed",
        headers={"Content-Type": "application/json", "Idempotency-Key": "{new_key}"},
    ),
]
