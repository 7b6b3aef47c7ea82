"""Five hundred calls that radclient places, reports twice and ends: none is lost, and the sums are exact."""

import asyncio
import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.edges.radius.access_server import SECRET
from tests.edges.radius.world import World, open_world
from tests.operations.office import CALLEE, CALLER
from tests.stories.radius.free_radius import HOST, missing_programs, program

pytestmark = [
    pytest.mark.alone,
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
    pytest.mark.timeout(180),
]

CALLS = 500
SECOND_MICROS = 10_000
AT_ONCE = 50
CALL = (
    f'User-Name = "{CALLER}"',
    f'Calling-Station-Id = "{CALLER}"',
    f'Called-Station-Id = "{CALLEE}"',
    "Message-Authenticator = 0x00",
)


async def _radclient(port: int, command: str, packets: list[list[str]], directory: Path) -> str:
    """What radclient says of many packets, AT_ONCE of them under way."""
    file = directory / f"{command}-{random.Random(len(packets)).random()}"
    file.write_text("\n\n".join("\n".join(packet) for packet in packets) + "\n", "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(program("radclient") or "radclient", "-x", "-s", "-t", "3", "-r", "5", "-p", str(AT_ONCE)),
        *("-f", str(file), f"{HOST}:{port}", command, SECRET),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    return output.decode("utf-8", "replace")


def _tokens(said: str) -> Mapping[str, str]:
    """The Class of each call by its own id, which our session id holds."""
    found = {}
    for token in re.findall(r"^\s+Class = 0x([0-9a-f]+)$", said, re.MULTILINE):
        _name, own_id, _unique = bytes.fromhex(token)[36:].decode().split("~")
        found[own_id] = f"0x{token}"
    return found


def _reports(status: str, tokens: Mapping[str, str], seconds: Mapping[str, int]) -> list[list[str]]:
    return [
        [f"Acct-Status-Type = {status}", f'Acct-Session-Id = "{own_id}"', f"Class = {token}"]
        + ([f"Acct-Session-Time = {seconds[own_id]}"] if own_id in seconds else [])
        for own_id, token in tokens.items()
    ]


async def test_the_sums_of_five_hundred_calls_are_exact(database_url: str, tmp_path: Path) -> None:
    chance = random.Random(2_865)
    own_ids = [f"call-{number:03d}" for number in range(CALLS)]
    ends = {own_id: chance.randrange(0, 1_200) for own_id in own_ids}
    halves = {own_id: seconds // 2 for own_id, seconds in ends.items()}
    funds_micros = CALLS * 1_200 * SECOND_MICROS
    async with open_world(database_url, funds_micros=funds_micros, slice_seconds=1_200, disconnect_port=0) as world:
        authentication, accounting = world.access.ports
        asked = [[*CALL, f'Acct-Session-Id = "{own_id}"'] for own_id in own_ids]
        tokens = _tokens(await _radclient(authentication, "auth", asked, tmp_path))
        assert sorted(tokens) == own_ids
        assert await world.money() == (funds_micros, funds_micros)
        await _radclient(accounting, "acct", _reports("Start", tokens, {}), tmp_path)
        world.office.clock.advance(seconds=600)
        await _radclient(accounting, "acct", _reports("Interim-Update", tokens, halves), tmp_path)
        world.office.clock.advance(seconds=600)
        told = await _radclient(accounting, "acct", _reports("Stop", tokens, ends), tmp_path)
        # Every end once more, as if the answers had been lost.
        again = await _radclient(accounting, "acct", _reports("Stop", tokens, ends), tmp_path)

        for said in (told, again):
            assert said.count("Received Accounting-Response") == CALLS, said[-500:]
        await _check(world, ends, funds_micros)


async def _check(world: World, ends: Mapping[str, int], funds_micros: int) -> None:
    calls = {call["session_id"].split("~")[1]: call for call in await world.calls()}
    assert {own_id: call["used_seconds"] for own_id, call in calls.items()} == dict(ends)
    assert {call["state"] for call in calls.values()} == {"ended"}
    assert all(call["charged_micros"] == ends[own_id] * SECOND_MICROS for own_id, call in calls.items())
    assert await world.money() == (funds_micros - sum(ends.values()) * SECOND_MICROS, 0)
    assert await world.flags() == []
