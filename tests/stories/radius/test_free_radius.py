"""Access servers behind FreeRADIUS, which asks our charging endpoints with the configuration of deploy/freeradius."""

import asyncio
import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from commcredits.edges.http.charging.serve import ChargingServer, ListenAddress, serve_charging
from commcredits.operations.numbers import NumberDirectory
from commcredits.storage.committer import Committer
from tests.edges.radius.access_server import WAIT_SECONDS, AccessServer, call_of, of_call
from tests.edges.radius.world import World, open_world
from tests.operations.office import CALLEE, CALLER
from tests.stories.radius.free_radius import (
    DEPLOYED,
    Answer,
    FreeRadius,
    charging_server,
    local_values,
    missing_programs,
    program,
    radclient,
)

pytestmark = [
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

TOKEN = "the-operators-token-of-the-story"
DEBIANS = Path("/etc/freeradius/3.0")


@dataclass(kw_only=True)
class House:
    """The world, its charging endpoints, and FreeRADIUS before them."""

    world: World
    charging: ChargingServer
    front: FreeRadius

    async def ask(
        self, caller: str = CALLER, callee: str = CALLEE, own_id: str = "5A", *, proven: bool = True
    ) -> Answer:
        """An Access-Request of radclient's."""
        attributes = [("User-Name", '"somebody"'), ("Calling-Station-Id", f'"{caller}"')]
        attributes += [("Called-Station-Id", f'"{callee}"'), ("Acct-Session-Id", f'"{own_id}"')]
        return await radclient(self.front.port, "auth", attributes, proven=proven)

    async def tell(self, status: str, token: str, *more: tuple[str, str]) -> Answer:
        """An Accounting-Request of radclient's."""
        attributes = [("Acct-Status-Type", status), ("Acct-Session-Id", '"5A"'), ("Class", token), *more]
        return await radclient(self.front.port + 1, "acct", attributes, proven=False)


@asynccontextmanager
async def open_house(
    database_url: str, directory: Path, *, token: str = TOKEN, funds_micros: int = 50_000_000
) -> AsyncIterator[House]:
    """Everything up; FreeRADIUS knows the token by this name."""
    async with open_world(database_url, funds_micros=funds_micros) as world:
        charging = await _serve(world)
        front = charging_server(directory, charging_url=f"http://127.0.0.1:{charging.port}", token=token)
        try:
            with front:
                yield House(world=world, charging=charging, front=front)
        finally:
            await charging.stop(grace_seconds=1)


async def _serve(world: World, port: int = 0) -> ChargingServer:
    services = world.office.services
    directory = NumberDirectory()
    await directory.load(services.pool, services.shard_id)
    committer = services.executor
    assert isinstance(committer, Committer)
    return await serve_charging(
        committer, directory, token=TOKEN.encode(), now=world.office.clock, address=ListenAddress(port=port)
    )


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    """FreeRADIUS in front of charging."""
    async with open_house(database_url, tmp_path) as opened:
        yield opened


async def test_a_call_behind_freeradius_is_granted_reported_and_ended(house: House) -> None:
    accept = await house.ask()
    assert accept.code == "Access-Accept", accept.said
    assert (accept.attributes["Session-Timeout"], accept.attributes["Acct-Interim-Interval"]) == ("60", "60")
    assert next(iter(accept.attributes)) == "Message-Authenticator"
    token = accept.attributes["Class"]
    assert (await house.tell("Start", token)).code == "Accounting-Response"
    assert (await house.world.call())["state"] == "started"
    house.world.office.clock.advance(seconds=30)
    for _ in range(2):
        await house.tell("Interim-Update", token, ("Acct-Session-Time", "30"))
    assert (await house.world.call())["charged_micros"] == 300_000
    house.world.office.clock.advance(seconds=10)
    for _ in range(2):
        stopped = await house.tell("Stop", token, ("Acct-Session-Time", "40"), ("Acct-Terminate-Cause", "User-Request"))
        assert stopped.code == "Accounting-Response", stopped.said

    call = await house.world.call()
    assert (call["used_seconds"], call["charged_micros"], call["granted_seconds"]) == (40, 400_000, 60)
    assert call["cause"] == "user-request"
    assert call["session_id"].startswith("gateway~5A~")
    assert await house.world.money() == (50_000_000 - 400_000, 0)


async def test_refusals_reach_the_access_server(database_url: str, tmp_path: Path) -> None:
    async with open_house(database_url, tmp_path, funds_micros=1) as house:
        broke = await house.ask()
        assert (broke.code, broke.attributes["Reply-Message"]) == (
            "Access-Reject",
            "The credit does not cover this call.",
        )
        for caller, callee in (("+40311999999", CALLEE), ("anonymous", CALLEE), (CALLER, "nobody"), (CALLER, "")):
            refused = await house.ask(caller, callee)
            assert (refused.code, refused.attributes["Reply-Message"]) == (
                "Access-Reject",
                "This call is not allowed.",
            )


async def test_an_emergency_passes_without_funds(database_url: str, tmp_path: Path) -> None:
    async with open_house(database_url, tmp_path, funds_micros=1) as house:
        accept = await house.ask(callee="112")
        assert (accept.code, accept.attributes["Session-Timeout"]) == ("Access-Accept", "86400")
        assert "Class" in accept.attributes


async def test_while_charging_is_away_nothing_is_answered_but_emergencies(house: House) -> None:
    token = (await house.ask()).attributes["Class"]
    port = house.charging.port
    await house.charging.stop(grace_seconds=0)
    assert (await house.ask(own_id="5B")).code == ""
    assert (await house.tell("Start", token)).code == ""
    assert (await house.ask(callee="112")).attributes["Session-Timeout"] == "86400"

    house.charging = again = await _serve(house.world, port)
    try:
        async with asyncio.timeout(30):
            while not (await house.tell("Start", token)).code:  # noqa: ASYNC110 # another program tries again by itself
                await asyncio.sleep(0.2)
        assert (await house.world.call())["state"] == "started"
    finally:
        await again.stop(grace_seconds=0)


async def test_a_wrong_token_is_no_refusal(database_url: str, tmp_path: Path) -> None:
    async with open_house(database_url, tmp_path, token="another-token-of-somebody") as house:
        assert (await house.ask()).code == ""
        assert await house.world.calls() == []


async def test_a_request_without_message_authenticator_is_not_answered(house: House) -> None:
    assert (await house.ask(proven=False)).code == ""
    assert await house.world.calls() == []


async def test_what_cannot_be_charged_is_answered_and_changes_nothing(house: House) -> None:
    token = (await house.ask()).attributes["Class"]
    for status in ("Stop", "Interim-Update", "Accounting-On", "Accounting-Off"):
        assert (await house.tell(status, token)).code == "Accounting-Response"
    assert (await house.world.call())["state"] == "authorised"


async def test_a_report_behind_a_later_one_is_answered_and_changes_nothing(house: House) -> None:
    token = (await house.ask()).attributes["Class"]
    await house.tell("Start", token)
    house.world.office.clock.advance(seconds=30)
    for seconds in ("30", "20", "10"):
        told = await house.tell("Interim-Update", token, ("Acct-Session-Time", seconds))
        assert told.code == "Accounting-Response"
    await house.tell("Stop", token, ("Acct-Session-Time", "30"))
    assert (await house.tell("Interim-Update", token, ("Acct-Session-Time", "31"))).code == "Accounting-Response"
    assert (await house.world.call())["used_seconds"] == 30


async def test_a_class_that_somebody_made_up_is_not_believed(house: House) -> None:
    token = bytes.fromhex((await house.ask()).attributes["Class"].removeprefix("0x")).decode()
    other = token.replace(token.split("~")[1], "0" * 40)
    another = token[:-1] + ("1" if token.endswith("0") else "0")
    for forged in (other, another, "commcredits~", "nothing"):
        assert (await house.tell("Start", "0x" + forged.encode().hex())).code == "Accounting-Response"
    assert (await house.world.call())["state"] == "authorised"


@pytest.mark.parametrize(
    "hostile",
    ['\\"}{', "%{exec:/bin/false}", "%{User-Name}", "\\\\", "5A\\nAuthorization: x", "é", "~" * 60],
)
async def test_hostile_text_of_an_access_server_stays_text(house: House, hostile: str) -> None:
    accept = await house.ask(own_id=hostile)
    assert accept.code == "Access-Accept", accept.said
    refused = await house.ask(caller=hostile)
    assert refused.code == "Access-Reject", refused.said
    call = await house.world.call()
    assert call["session_id"].startswith("gateway~~")


async def test_the_same_id_later_is_another_call_and_the_same_request_is_not(house: House) -> None:
    access = AccessServer((house.front.port, house.front.port + 1))
    await access.open()
    accept = await access.ask(call_of(CALLER, CALLEE, "5A"))
    access.wait_seconds = 0.5
    repeated = None
    while repeated is None:
        # FreeRADIUS drops a repetition while it is still busy with the first.
        with contextlib.suppress(TimeoutError):
            repeated = await access.exchange(*access.last)
    assert repeated.raw == accept.raw
    access.wait_seconds = WAIT_SECONDS
    other = await access.ask(call_of(CALLER, CALLEE, "5A"))
    await access.close()
    assert other.raw != accept.raw
    assert len(await house.world.calls()) == 2
    assert of_call(other, "5A") != of_call(accept, "5A")


def test_the_files_fit_debians_own_configuration(tmp_path: Path) -> None:
    if not os.access(DEBIANS / "clients.conf", os.R_OK):
        pytest.skip("Debian's configuration may be read by FreeRADIUS' user alone")
    raddb = tmp_path / "3.0"
    shutil.copytree(DEBIANS, raddb, symlinks=True)
    for name in ("mods-available/commcredits", "sites-available/commcredits", "policy.d/commcredits"):
        shutil.copy(DEPLOYED / name, raddb / name)
    local = local_values(charging_url="http://127.0.0.1:8081", token=TOKEN)
    (raddb / "commcredits.conf").write_text(local, "utf-8")
    main = (raddb / "radiusd.conf").read_text("utf-8")
    main = main.replace("$INCLUDE clients.conf", "$INCLUDE clients.conf\n$INCLUDE commcredits.conf")
    # Who runs the tests may read the copy, and Debian's own user may not.
    main = re.sub(r"^\s*(user|group) = freerad$", "", main, flags=re.MULTILINE)
    (raddb / "radiusd.conf").write_text(main, "utf-8")
    (raddb / "mods-enabled" / "commcredits").symlink_to("../mods-available/commcredits")
    for site in ("default", "inner-tunnel"):
        (raddb / "sites-enabled" / site).unlink()
    (raddb / "mods-enabled" / "eap").unlink()
    (raddb / "sites-enabled" / "commcredits").symlink_to("../sites-available/commcredits")
    checked = subprocess.run(
        [program("freeradius") or "freeradius", "-XC", "-d", str(raddb)],
        check=False,
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert "Configuration appears to be OK" in checked.stdout, checked.stdout[-3_000:]
