"""Our edge and the programs of others: radclient asks it for calls, FreeRADIUS is the access server that it tells."""

import asyncio
import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.changing import Changing
from commcredits.edges.radius.clients import Client, Clients
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.packets import number_value
from commcredits.edges.radius.refusals import REFUSALS
from commcredits.settings.radius import RadiusSettings
from tests.edges.radius.access_server import SECRET, AccessServer
from tests.edges.radius.world import World, open_world, settings_for
from tests.operations.office import CALLEE, CALLER
from tests.stories.radius.free_radius import access_server, missing_programs, radclient

pytestmark = [
    pytest.mark.switch,
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())}"),
]

EXAMPLES = Path(__file__).resolve().parents[3] / "deploy" / "radius"
CALL = (
    ("User-Name", f'"{CALLER}"'),
    ("Calling-Station-Id", f'"{CALLER}"'),
    ("Called-Station-Id", f'"{CALLEE}"'),
    ("NAS-Identifier", '"gateway"'),
    ("Acct-Session-Id", '"5A"'),
)


def _told(status: str, token: str, seconds: int | None = None) -> list[tuple[str, str]]:
    attributes = [("Acct-Status-Type", status), ("Acct-Session-Id", '"5A"'), ("Class", token)]
    return attributes if seconds is None else [*attributes, ("Acct-Session-Time", str(seconds))]


async def test_radclient_asks_for_a_call_reports_and_ends_it(world: World) -> None:
    authentication, accounting = world.access.ports
    accept = await radclient(authentication, "auth", CALL)

    assert accept.code == "Access-Accept", accept.said
    assert (accept.attributes["Session-Timeout"], accept.attributes["Acct-Interim-Interval"]) == ("60", "60")
    assert next(iter(accept.attributes)) == "Message-Authenticator"
    token = accept.attributes["Class"]
    assert (await radclient(accounting, "acct", _told("Start", token), proven=False)).code == "Accounting-Response"
    world.office.clock.advance(seconds=50)
    await radclient(accounting, "acct", _told("Interim-Update", token, 50))
    world.office.clock.advance(seconds=20)
    stopped = await radclient(accounting, "acct", [*_told("Stop", token, 70), ("Acct-Terminate-Cause", "User-Request")])

    assert stopped.code == "Accounting-Response", stopped.said
    call = await world.call()
    assert (call["used_seconds"], call["charged_micros"], call["cause"]) == (70, 700_000, "user_request")


async def test_the_examples_of_deploy_radius_are_what_they_say(world: World) -> None:
    settings = RadiusSettings.model_validate_json((EXAMPLES / "settings.json").read_text("utf-8"))
    assert [client.name for client in settings.clients.values()] == ["gateway-1", "gateway-2", "branch-offices"]
    lines = (EXAMPLES / "ask.txt").read_text("utf-8").splitlines()
    pairs = [(name, value) for name, _, value in (line.partition(" = ") for line in lines)]
    assert (await radclient(world.access.ports[0], "auth", pairs, proven=False)).code == "Access-Accept"


async def test_radclient_is_told_why_a_call_is_refused(world: World) -> None:
    stranger = [(name, '"+40311999999"' if "Calling" in name else value) for name, value in CALL]
    reject = await radclient(world.access.ports[0], "auth", stranger)
    assert reject.code == "Access-Reject", reject.said
    assert reject.attributes["Reply-Message"] == REFUSALS[RefusalCode.UNKNOWN_NUMBER]
    assert next(iter(reject.attributes)) == "Message-Authenticator"


async def test_radclient_asks_in_vain_with_a_wrong_secret_or_without_a_proof(world: World) -> None:
    authentication, accounting = world.access.ports
    with capture_logs() as logs:
        assert not (await radclient(authentication, "auth", CALL, secret="a-wrong-secret-of-it", seconds=0.5)).code
        assert not (await radclient(authentication, "auth", CALL, proven=False, seconds=0.5)).code
        assert not (await radclient(accounting, "acct", CALL, secret="a-wrong-secret-of-it", seconds=0.5)).code
    assert {each["event"] for each in logs} == {"wrong secret", "request without Message-Authenticator"}
    assert not re.search(f"a-wrong-secret-of-it|{SECRET}|{re.escape(CALLER)}", str(logs))
    assert await world.calls() == []


async def test_radclient_asks_whether_we_are_there(world: World) -> None:
    authentication, accounting = world.access.ports
    assert (await radclient(authentication, "status", [])).code == "Access-Accept"
    assert (await radclient(accounting, "status", [])).code == "Accounting-Response"


async def test_radclient_sends_the_changes_that_our_test_access_server_expects_of_us() -> None:
    access = AccessServer((0, 0))
    await access.open()
    for command, code in (("disconnect", "Disconnect-ACK"), ("coa", "CoA-ACK")):
        attributes = [("Message-Authenticator", "0x00"), ("Acct-Session-Id", '"5A"'), ("Event-Timestamp", "1700000000")]
        assert (await radclient(access.ear.port, command, attributes, proven=False)).code == code
    await access.close()
    assert access.ear.wrong == []


def _client_at(port: int) -> Client:
    client = Clients(settings_for(None, disconnect_port=port)).find("127.0.0.1")
    assert client is not None
    return client


async def _changed(world: World, port: int, code: Code) -> object:
    changing = Changing(Grumbling(asyncio.get_running_loop().time), world.office.clock)
    names = ((int(Attribute.ACCT_SESSION_ID), b"5A"), (int(Attribute.SESSION_TIMEOUT), number_value(110)))
    try:
        return (await changing.request(code, _client_at(port), "127.0.0.1", names)).taken
    finally:
        changing.close()
        await asyncio.sleep(0)


async def test_freeradius_takes_our_changes_of_calls(world: World, tmp_path: Path) -> None:
    with access_server(tmp_path) as switch:
        assert await _changed(world, switch.port, Code.COA_REQUEST)
        assert await _changed(world, switch.port, Code.DISCONNECT_REQUEST)
        assert [line.split()[:3] for line in switch.changes] == [
            ["CoA-Request", "id=5A", "seconds=110"],
            ["Disconnect-Request", "id=5A", "seconds=110"],
        ]


async def test_freeradius_refuses_our_changes_of_calls(world: World, tmp_path: Path) -> None:
    with access_server(tmp_path, answer="reject") as switch:
        assert await _changed(world, switch.port, Code.COA_REQUEST) is False
        assert await _changed(world, switch.port, Code.DISCONNECT_REQUEST) is False


async def test_a_call_of_radclient_is_extended_and_cut_at_freeradius(database_url: str, tmp_path: Path) -> None:
    with access_server(tmp_path) as switch:
        async with open_world(database_url, disconnect_port=switch.port, funds_micros=300_000) as world:
            accept = await radclient(world.access.ports[0], "auth", CALL)
            assert accept.attributes["Session-Timeout"] == "30"
            await radclient(world.access.ports[1], "acct", _told("Start", accept.attributes["Class"]))
            await world.office.grant(world.organization_id, 5_000_000)
            await _lines(lambda: len(switch.changes) == 1)
            await world.order_cut()
            await world.until_told()

            assert [line.split()[:3] for line in switch.changes] == [
                ["CoA-Request", "id=5A", "seconds=60"],
                ["Disconnect-Request", "id=5A", "seconds="],
            ]


async def _lines(there: object) -> None:
    assert callable(there)
    async with asyncio.timeout(30):
        while not there():  # noqa: ASYNC110 # another program writes the file
            await asyncio.sleep(0.02)
