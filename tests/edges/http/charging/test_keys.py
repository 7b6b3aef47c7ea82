"""The key of a switch charges its own organization, while it lasts, and nothing else."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from commcredits.operations.charging_keys import ChargingKey
from commcredits.operations.key_secrets import ShownKey, new_key
from tests.edges.http.charging.harness import (
    AUTHORISE,
    BODIES,
    KNOWN_NUMBER,
    ORGANIZATION,
    START,
    TOKEN,
    UPDATE,
    Response,
    request,
    serving,
)

OTHER = "019353b4-7c1e-7000-8000-00000000ffff"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


class Ring:
    """Two keys: one of the organization whose number is known, one of another."""

    def __init__(self) -> None:
        self.own, self.foreign = new_key(secrets.randbits), new_key(secrets.randbits)
        self.keys = {
            shown.text: ChargingKey(
                key_id=organization,
                owner_id=organization,
                organization_id=organization,
                secret_hash=shown.secret_hash,
                ends_at=NOON + timedelta(hours=1),
            )
            for shown, organization in ((self.own, ORGANIZATION), (self.foreign, OTHER))
        }

    def find(self, text: str) -> ChargingKey | None:
        return self.keys.get(text)


def _ask(path: str, body: Any, key: ShownKey) -> bytes:
    return request(path, body, token=key.text.encode())


def _refused(response: Response) -> tuple[int, str]:
    return response.status, response.document["code"]


@pytest.mark.parametrize("path", BODIES)
async def test_a_key_charges_its_own_organization_on_every_path(path: str) -> None:
    ring = Ring()
    async with serving(keys=ring, now=lambda: NOON) as house, await house.connect() as client:
        for _ in range(3):
            assert (await client.ask(_ask(path, BODIES[path], ring.own))).status == 200
    assert [command.organization_id for command in house.desk.commands] == [ORGANIZATION] * 3
    assert ring.keys[ring.own.text].is_used
    assert not ring.keys[ring.foreign.text].is_used


@pytest.mark.parametrize("path", BODIES)
async def test_a_command_of_another_organization_is_unknown_on_every_path(path: str) -> None:
    ring = Ring()
    async with serving(keys=ring, now=lambda: NOON) as house, await house.connect() as client:
        for _ in range(2):
            assert _refused(await client.ask(_ask(path, BODIES[path], ring.foreign))) == (404, "unknown_organization")
        batch = [{"command": path, **BODIES[path]}]
        (answer,) = (await client.ask(_ask("batch", batch, ring.foreign))).document
        assert answer["code"] == "unknown_organization"
        (answer,) = (await client.ask(_ask("batch", batch, ring.own))).document
        assert "code" not in answer
    assert len(house.desk.commands) == 1


async def test_a_number_of_another_and_a_number_of_nobody_are_answered_alike() -> None:
    ring, unnamed = Ring(), {name: value for name, value in AUTHORISE.items() if name != "organization_id"}
    async with serving(keys=ring, now=lambda: NOON) as house, await house.connect() as client:
        others = await client.ask(_ask("authorise", unnamed, ring.foreign))
        nobodys = await client.ask(_ask("authorise", {**unnamed, "caller": "+40219999999"}, ring.foreign))
        assert _refused(others) == (404, "unknown_organization")
        assert others.body == nobodys.body
        assert KNOWN_NUMBER.encode() not in others.body
        assert (await client.ask(_ask("authorise", unnamed, ring.own))).status == 200
    assert len(house.desk.commands) == 1


async def test_a_key_that_has_ended_opens_nothing_from_that_instant_on_also_where_it_was_seen_before() -> None:
    ring, clock = Ring(), [NOON]
    async with serving(keys=ring, now=lambda: clock[0]) as house, await house.connect() as client:
        asked = _ask("update", UPDATE, ring.own)
        assert [(await client.ask(asked)).status for _ in range(3)] == [200] * 3
        clock[0] = NOON + timedelta(hours=1) - timedelta(microseconds=1)
        assert (await client.ask(asked)).status == 200
        clock[0] = NOON + timedelta(hours=1)
        ended = await client.ask(asked)
        assert _refused(ended) == (401, "unauthorised")
        wrong = await client.ask(request("update", UPDATE, token=b"wrong"))
        assert (ended.body, ended.fields.keys()) == (wrong.body, wrong.fields.keys())
    assert len(house.desk.commands) == 4


async def test_what_is_almost_a_key_opens_nothing_and_the_token_of_all_goes_on_opening() -> None:
    ring = Ring()
    text = ring.own.text
    async with serving(keys=ring, now=lambda: NOON) as house, await house.connect() as client:
        for wrong in (text[:-1], text + "A", text.upper(), ring.own.secret, f"cck_{ring.own.prefix}", "cck_", "é" * 60):
            sent = request("start", START, token=b"x").replace(b"Bearer x", b"Bearer " + wrong.encode())
            assert (await client.ask(sent)).status == 401, wrong
        assert (await client.ask(request("start", START, token=TOKEN))).status == 200
        basic = request("start", START, token=b"x").replace(b"Bearer x", b"Basic " + text.encode())
        assert (await client.ask(basic)).status == 401
    assert len(house.desk.commands) == 1


async def test_an_emergency_passes_with_any_key_and_leaves_no_record_with_another() -> None:
    ring, emergency = Ring(), {**AUTHORISE, "callee": "112"}
    async with serving(keys=ring, now=lambda: NOON) as house, await house.connect() as client:
        own = await client.ask(_ask("authorise", emergency, ring.own))
        assert (own.status, own.document["organization_id"]) == (200, ORGANIZATION)
        others = await client.ask(_ask("authorise", emergency, ring.foreign))
        assert (others.status, others.document["organization_id"]) == (200, None)
        assert others.document["granted_seconds"] == own.document["granted_seconds"]
        unreadable = json.dumps({**emergency, "slice_seconds": "many"}).encode()
        assert (await client.ask(_ask("authorise", unreadable, ring.foreign))).status == 200
    assert [command.organization_id for command in house.desk.commands] == [ORGANIZATION]
