"""Heaps of seeded nonsense at every path: whatever comes, the answer is documented and never a fault of ours."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest

from tests.edges.http.administration.world import World, rate_deck_csv

pytestmark = pytest.mark.asyncio(loop_scope="module")

REQUESTS = 1_500
ODD_TEXTS = (
    "", " ", "0", "-1", "1e9", "NaN", "null", "true", "[]", "{}", "'", '"', "\\", "%", "..", "%00", "\0", "\n", "\x7f",
    "é", "ț", "漢", "𝔘", "\u202e", "\ufeff", "\ufffd", "ª", "٣", "a" * 129, "9" * 400, "+40212345678", "EUR",
    "RO", "50.00",
    "2098-01-01T00:00:00Z", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "2016-12-31T23:59:60Z", "user",
    "simulator", "019353b4-7c1e-7000-8000-0123456789ab", "019353B4-7C1E-7000-8000-0123456789AB", "prefix,destination",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    *ODD_TEXTS,
    None,
    True,
    False,
    0,
    -1,
    1.5,
    1e308,
    2**63,
    2**64,
    10**30,
    [],
    [[]],
    {},
    {"a": []},
)
ODD_MEDIA_TYPES = (
    "application/json", "application/json; charset=utf-8", "application/json; charset*=utf-8''x", "text/csv",
    'text/csv; charset="', "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=b",
    "multipart/form-data; boundary*=utf-8''b", f"multipart/form-data; boundary={'b' * 300}", "", ";",
    "/", "text", "*/*",
)  # fmt: skip


def _odd_body(chance: random.Random, example: Any) -> bytes:
    match chance.randrange(6):
        case 0:
            return chance.randbytes(chance.randrange(64))
        case 1:
            return json.dumps(chance.choice(ODD_VALUES)).encode()
        case 2:
            file = bytearray(rate_deck_csv(("40", "Romania", "outbound", "1", "0", "1", "1", "2026-01-01", "")))
            file[chance.randrange(len(file))] = chance.randrange(256)
            return bytes(file)
        case _:
            body = dict(example or {"a": "b"})
            for name in chance.sample(sorted(body), chance.randint(1, min(2, len(body)))):
                body[name] = chance.choice(ODD_VALUES)
            return json.dumps(body, ensure_ascii=chance.random() < 0.5).encode()


def _odd_path(chance: random.Random, path: str, organization: str) -> str:
    """The path with an organization that exists, more often than not, and oddities in its other places."""
    if chance.random() < 0.7:
        path = path.replace("{organization_id}", organization)
    return re.sub(r"\{[a-z_]+\}", lambda _: _quoted(chance.choice(ODD_TEXTS)), path)


def _odd_header(chance: random.Random) -> bytes:
    return chance.choice(("key-1", "", "a b", "é", "k" * 200, "\x01", "key-2")).encode("latin-1")


async def test_no_heap_of_nonsense_makes_a_fault_of_ours(world: World) -> None:
    chance = random.Random(20_261_122)
    organization = await world.open_organization()
    operations = [each for each in world.documentation.operations() if each[2]["operationId"] != "verify"]
    schemas = world.documentation.document["components"]["schemas"]
    refused = 0
    for _ in range(REQUESTS):
        method, path, operation = chance.choice(operations)
        content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        example = schemas.get(content.get("$ref", "").rpartition("/")[2], {}).get("examples", [None])[0]
        filled = _odd_path(chance, path, organization)
        headers = {b"Content-Type": chance.choice(ODD_MEDIA_TYPES).encode(), b"Idempotency-Key": _odd_header(chance)}
        if chance.random() < 0.5:
            headers = {b"Content-Type": b"application/json", b"Idempotency-Key": b"key-%d" % chance.randrange(9)}
        parameters = {
            chance.choice(("limit", "cursor", "name", "currency", "x")): chance.choice(ODD_TEXTS)
            for _ in range(chance.choice((0, 0, 1, 2)))
        }
        response = await world.client.request(
            method, filled, params=parameters, content=_odd_body(chance, example), headers=headers
        )
        assert response.status_code < 500, (method, filled, parameters, response.text)
        refused += response.status_code >= 400
    assert refused > REQUESTS // 2
    verified = (await world.client.post("/v1/verify")).json()
    assert verified["discrepancies"] == []


def _quoted(text: str) -> str:
    """The text as a part of a path; what would leave the path is spelt out."""
    return "".join(f"%{byte:02X}" for byte in text.encode()) or "%20"
