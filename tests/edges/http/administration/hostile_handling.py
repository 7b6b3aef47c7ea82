"""Requests about single calls and flags that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import JSON, ORGANIZATION, UNKNOWN_ID, Hostile, get, send

CUTS = f"{ORGANIZATION}/call-cuts"
REFUNDS = f"{ORGANIZATION}/call-refunds"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}
CALL = {"session_id": "never"}


def _cut(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, CUTS, {**CALL, wrong: value}, wrong, **others)


def _refund(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, REFUNDS, {**CALL, wrong: value}, wrong, **others)


HOSTILE_HANDLING = [
    _cut("a cut of a call without an id", "session_id", ""),
    _cut("a cut of a call with a space", "session_id", "two words"),
    _cut("a cut for a reason that ends a header", "reason", "fraud\r\nVia: SIP/2.0/UDP example.com"),
    _cut("a cut for a reason in quotation marks", "reason", '"fraud"'),
    _cut("a cut for a reason of 65 letters", "reason", "x" * 65),
    _cut("a cut for no reason", "reason", None),
    _cut("a cut at another switch", "switch", "kamailio:edge-2"),
    _cut("a cut of a call that never was", "session_id", "never", status=404, code="unknown_session", field=""),
    send("a cut in nobody's name", f"{NOWHERE}/call-cuts", CALL, "", **UNKNOWN),
    _refund("a refund below nothing", "used_seconds", -1),
    _refund("a refund of half a second", "used_seconds", 0.5),
    _refund("a refund of a text", "used_seconds", "0"),
    _refund("a refund of true", "used_seconds", value=True),
    _refund("a refund beyond counting", "used_seconds", 10**30),
    _refund("a refund of an amount", "amount", "5"),
    _refund("a refund of a call for a novel", "reason", "x" * 201),
    _refund("a refund of a call for two lines", "reason", "one\ntwo"),
    _refund("a refund of a call in somebody's name", "requested_by", "alice"),
    _refund("a refund of a call that never was", "session_id", "never", status=404, code="unknown_session", field=""),
    send("a refund without a key", REFUNDS, CALL, "Idempotency-Key", headers=JSON),
    send("a refund in nobody's name", f"{NOWHERE}/call-refunds", CALL, "", **UNKNOWN),
    get("flags of an organization that is no id", "/v1/flags?organization_id=7", "organization_id"),
    get("flags of nobody", f"/v1/flags?organization_id={UNKNOWN_ID}", "", **UNKNOWN),
    get("flags after a place of another list", "/v1/flags?cursor=WyJjYWxscyIsIjEiLCJhIl0", "cursor"),
    get("too many flags at once", "/v1/flags?limit=201", "limit"),
]  # fmt: skip
