"""Requests about recorded calls and moving in that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import (
    CSV,
    JSON,
    ORGANIZATION,
    UNKNOWN_ID,
    Hostile,
    endless_line,
    get,
    send,
)
from tests.edges.http.administration.walk_over_calls import FILE, LOTS, NUMBERS, RECORD
from tests.operations.call_files import zip_of

CALLS = f"{ORGANIZATION}/recorded-calls"
IMPORT = f"{CALLS}/import"
MAPPINGS = "/v1/call-mappings"
ZIP = {"Content-Type": "application/zip"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
PERIOD: dict[str, Any] = {
    "rate_deck_id": "{deck}",
    "begins_at": "2026-01-01T00:00:00Z",
    "ends_at": "2026-02-01T00:00:00Z",
}
MAPPING: dict[str, Any] = {
    "name": "hostile",
    "fields": {
        "record_id": "id",
        "service": {"value": "outbound"},
        "callee": "to",
        "started_at": "began",
        "duration_seconds": "lasted",
    },
}
NUMBER_HEADER = b"number,kind,display_name,user,purpose\n"
LOT_HEADER = b"amount,purchased_at,expires_at,promotional,reference\n"
NOBODY: dict[str, Any] = {"status": 404, "code": "unknown_organization"}


def _records(name: str, value: Any, **others: Any) -> Hostile:
    return send(name, CALLS, {"records": value}, **{"wrong": "records", **others})


def _file(name: str, content: bytes, wrong: str = "", **others: Any) -> Hostile:
    return send(name, IMPORT, content, wrong, **{"headers": CSV, **others})


def _mapping(name: str, wrong: str, **members: Any) -> Hostile:
    body = {"document": {**MAPPING, **members}}
    return send(name, f"{MAPPINGS}/hostile", body, wrong, method="PUT", headers=JSON)


def _rerate(name: str, wrong: str, where: str = "simulations", **others: Any) -> Hostile:
    """A period with these fields changed; ``others`` may hold what is expected, too."""
    body = {**PERIOD, **others.pop("fields", {})}
    return send(name, f"{ORGANIZATION}/rerating/{where}", body, wrong, **others)


def _lots(name: str, line: bytes, wrong: str, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/moving-in/lots", LOT_HEADER + line, wrong, **{"headers": CSV, **others})


def _numbers(name: str, line: bytes, wrong: str, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/moving-in/numbers", NUMBER_HEADER + line, wrong, **{"headers": CSV, **others})


RECORDS = [
    _records("no records", []),
    _records("records that are an object", {"0": RECORD}),
    _records("records that are a text", "all of them"),
    _records("more records than may come at once", [0] * 10_001),
    send("records that are not there", CALLS, {}, "records"),
    send("records of another organization", CALLS, {"records": [RECORD], "organization_id": "{foreign_organization}"},
         "organization_id"),
    send("records of nobody", f"/v1/organizations/{UNKNOWN_ID}/recorded-calls", {"records": [RECORD]}, "", **NOBODY),
    send("records nested without end", CALLS, b'{"records":' + b"[" * 100_000, "", status=400, code="malformed_json"),
]  # fmt: skip

FILES = [
    _file("an empty file of calls", b"", "line 1"),
    _file("a file of calls without the columns", b"caller,callee\n", "line 1"),
    _file("a file of calls with a column too many", FILE.replace(b"service", b"charge"), "line 1"),
    _file("bytes that are no file of calls", b"\xff\xfe\x00", "line 1"),
    _file("a mapping that is none", FILE, "mapping", path=f"{IMPORT}?mapping=nobody"),
    _file("a mapping by a path", FILE, "mapping", path=f"{IMPORT}?mapping=../../etc/passwd"),
    _file("a zone that is none", FILE, "time_zone", path=f"{IMPORT}?time_zone=Europe/Nowhere"),
    _file("users that are perhaps ignored", FILE, "ignore_users", path=f"{IMPORT}?ignore_users=perhaps"),
    _file("a bomb of calls", zip_of({"calls.csv": b"0" * 50_000_000}), "line 1", headers=ZIP),
    _file("a ZIP without calls", zip_of({"parameters.json": b"{}"}), "file", headers=ZIP),
    _file("a ZIP with calls twice", zip_of({"a.csv": FILE, "b.csv": FILE}), "file", headers=ZIP),
    _file("half a ZIP of calls", zip_of({"calls.csv": FILE})[:60], "file", headers=ZIP),
    _file("a ZIP that is none", b"PK\x03\x04 and nothing else", "file", headers=ZIP),
    _file("calls in an archive of another kind", b"\x1f\x8b\x08", "", headers={"Content-Type": "application/gzip"},
          status=415, code="unsupported_media_type"),
    _file("calls in no part", b"--b--\r\n", "file", headers=MULTIPART),
    _file("calls of nobody", FILE, "", path=f"/v1/organizations/{UNKNOWN_ID}/recorded-calls/import", **NOBODY),
    Hostile(name="calls without end", method="POST", path=IMPORT, status=422, code="invalid_input", field="line 1",
            headers=CSV, stream=endless_line),
]  # fmt: skip

OF_MAPPINGS = [
    send("a mapping under another name", f"{MAPPINGS}/other", {"document": MAPPING}, "mapping.name", method="PUT",
         headers=JSON),
    send("a mapping in the place of ours", f"{MAPPINGS}/pstn_export", {"document": {**MAPPING, "name": "pstn_export"}},
         "mapping.name", method="PUT", headers=JSON),
    send("a mapping that is a text", f"{MAPPINGS}/hostile", {"document": "x"}, "document", method="PUT", headers=JSON),
    _mapping("a mapping with a member of its own", "mapping", run="rm"),
    _mapping("a mapping of nothing", "mapping.fields.record_id", fields={}),
    _mapping("a mapping to a zone by a path", "mapping.time.zone", time={"zone": "../../etc/passwd"}),
    _mapping("a mapping with a pattern without end", "mapping.time.format", time={"format": "%Y" * 10_000}),
    send("a mapping with a decimal", f"{MAPPINGS}/hostile", {"document": {**MAPPING, "name": 1.5}}, "mapping.name",
         method="PUT", headers=JSON),
    get("a mapping that is not there", f"{MAPPINGS}/nobody", "mapping"),
    get("a mapping by a name that is none", f"{MAPPINGS}/Every%20one", "mapping"),
    Hostile(name="our own mapping removed", method="DELETE", path=f"{MAPPINGS}/commcredits", status=422,
            code="invalid_input", field="mapping"),
]  # fmt: skip

RERATING = [
    _rerate("a deck of nobody", "", fields={"rate_deck_id": UNKNOWN_ID}, status=404, code="unknown_rate_deck"),
    _rerate("a deck in another currency for a period", "", fields={"rate_deck_id": "{foreign_deck}"}, status=409,
            code="currency_mismatch"),
    _rerate("a draft to charge by", "", "corrections", fields={"rate_deck_id": "{draft}"}, status=409,
            code="rate_deck_not_published"),
    _rerate("a period without an offset", "begins_at", fields={"begins_at": "2026-01-01T00:00:00"}),
    _rerate("a period that ends before it begins", "ends_at", fields={"ends_at": "2025-12-31T23:59:59Z"}),
    _rerate("a period of a number", "ends_at", fields={"ends_at": 7}),
    _rerate("a period of another organization", "organization_id", fields={"organization_id": "{organization}"}),
    _rerate("a correction without a key", "Idempotency-Key", "corrections", headers=JSON),
    _rerate("a correction under a key with blanks", "Idempotency-Key", "corrections",
            headers={**JSON, "Idempotency-Key": "a b"}),
    _rerate("a period of nobody", "", path=f"/v1/organizations/{UNKNOWN_ID}/rerating/simulations", **NOBODY),
]  # fmt: skip

MOVING_IN = [
    _lots("an opening balance below nothing", b"-5,2026-03-01,,,\n", "line 2, column amount"),
    _lots("an opening balance without end", b"9" * 40 + b",2026-03-01,,,\n", "line 2, column amount"),
    _lots("an opening balance that has expired", b"5,2020-03-01,,,\n", "line 2, column expires_at"),
    _lots("an opening balance from the future", b"5,2098-03-01,,,\n", "line 2, column expires_at"),
    _lots("an opening balance under one reference twice", b"5,2026-10-01,,,x\n6,2026-10-01,,,x\n",
          "line 3, column reference"),
    _lots("opening balances of nobody", b"5,2026-10-01,,,\n", "",
          path=f"/v1/organizations/{UNKNOWN_ID}/moving-in/lots", **NOBODY),
    send("a dry run of money that is perhaps one", f"{ORGANIZATION}/moving-in/lots?dry_run=perhaps", LOTS, "dry_run",
         headers=CSV),
    Hostile(name="opening balances without end", method="POST", path=f"{ORGANIZATION}/moving-in/lots", status=413,
            code="payload_too_large", headers={**CSV, "Content-Length": str(2**30)}, body=b""),
    _numbers("a number that moves in from nowhere", b"0212345678,user,,,\n", "line 2, column number"),
    _numbers("a number of another organization", b"{foreign_number},user,,,\n", "line 2, column number"),
    _numbers("a number for another organization's user", b"+40212345999,user,,{foreign_user},\n",
             "line 2, column user"),
    _numbers("a user number that moves in for the bridge", b"+40212345999,user,,,conference_bridge\n",
             "line 2, column purpose"),
    _numbers("a number that moves in twice", b"+40212345999,user,,,\n+40212345999,user,,,\n", "line 3, column number"),
    _numbers("numbers of nobody that move in", b"+40212345999,user,,,\n", "",
             path=f"/v1/organizations/{UNKNOWN_ID}/moving-in/numbers", **NOBODY),
    send("numbers that move in as JSON", f"{ORGANIZATION}/moving-in/numbers", NUMBERS, "", headers=JSON, status=415,
         code="unsupported_media_type"),
]  # fmt: skip

HOSTILE_CALLS = [*RECORDS, *FILES, *OF_MAPPINGS, *RERATING, *MOVING_IN]
