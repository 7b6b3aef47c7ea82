"""Calls that a dial plan asks for over FastAGI."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import structlog

from commcredits.edges.switches.asterisk import fastagi_dialog, fastagi_scripts
from commcredits.edges.switches.asterisk.serve import AsteriskServer, serve
from commcredits.edges.switches.switch_side import ControlTerms
from commcredits.operations.following import CallOrder, OrderKind
from commcredits.settings.asterisk import AsteriskSettings
from tests.edges.switches.asterisk.agi_asterisk import AgiChannel
from tests.edges.switches.asterisk.scene import BRITISH, NUMBER, all_calls, only_call, open_scene
from tests.operations.office import soon
from tests.stories.one_call.world import World

CALL = (f"caller={NUMBER}", f"callee={BRITISH}")


@asynccontextmanager
async def edge(
    database_url: str, *, funds_micros: int = 5_000_000, **changed: object
) -> AsyncIterator[tuple[World, AsteriskServer]]:
    async with open_scene(database_url, funds_micros=funds_micros) as (world, parts):
        server = await serve(parts, AsteriskSettings.model_validate({"port": 0, **changed}))
        try:
            yield world, server
        finally:
            await server.stop()


def _channel(server: AsteriskServer, unique_id: str = "1700000000.1") -> AgiChannel:
    return AgiChannel(port=server.port, unique_id=unique_id)


def _names(channel: AgiChannel) -> tuple[str, str]:
    return (
        f"session={channel.variables['COMMCREDITS_SESSION']}",
        f"organization={channel.variables['COMMCREDITS_ORGANIZATION']}",
    )


async def test_a_call_is_granted_all_that_its_organization_can_pay(database_url: str) -> None:
    async with edge(database_url, funds_micros=5_000_000) as (world, server):
        channel = _channel(server)
        named = await channel.run("authorise", *CALL)
        assert named[-1] == "COMMCREDITS_RESULT", "a dial plan that sees the result has everything else"
        assert channel.variables["COMMCREDITS_RESULT"] == "granted"
        assert channel.variables["COMMCREDITS_LIMIT_MS"] == "500000"
        assert channel.variables["COMMCREDITS_ORGANIZATION"] == world.organization_id
        call = await only_call(world)
        assert (call["switch"], call["granted_seconds"], call["state"]) == ("asterisk:fastagi", 500, "authorised")


async def test_a_call_is_charged_from_its_answer_for_each_second_that_began(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        await channel.run("start", *_names(channel))
        assert (await only_call(world))["state"] == "started"
        await channel.run("end", *_names(channel), "answered_ms=12004", "cause=16")
        call = await only_call(world)
        assert (call["state"], call["used_seconds"], call["charged_micros"]) == ("ended", 13, 130_000)


async def test_an_end_that_is_told_twice_is_charged_once(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        await channel.run("end", *_names(channel), "answered_ms=10000")
        await channel.run("end", *_names(channel), "answered_ms=99000")
        assert (await only_call(world))["charged_micros"] == 100_000


async def test_a_call_that_nobody_answers_costs_nothing(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        await channel.run("end", *_names(channel), "answered_ms=", "cause=19")
        call = await only_call(world)
        assert (call["state"], call["charged_micros"]) == ("ended", 0)
        assert (await world.ledger()).account == (5_000_000, 0)


async def test_a_refused_caller_is_told_why_and_with_which_cause(database_url: str) -> None:
    async with edge(database_url, funds_micros=0) as (_world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        assert channel.variables == {
            "COMMCREDITS_REASON": "insufficient_funds",
            "COMMCREDITS_CAUSE": "21",
            "COMMCREDITS_RESULT": "refused",
        }


async def test_a_dial_plan_may_ask_for_a_shorter_call(database_url: str) -> None:
    async with edge(database_url) as (_world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL, "slice=20")
        assert channel.variables["COMMCREDITS_LIMIT_MS"] == "20000"


@pytest.mark.parametrize(
    "arguments",
    [
        ("caller=+40212300001",),
        ("caller=40212300001", f"callee={BRITISH}"),
        (*CALL, "organization=nobody"),
        (*CALL, "type=call"),
        (*CALL, "slice=0"),
        (*CALL, "callee=+40212300002"),
        (*CALL, "colour=blue"),
        (*CALL, "user"),
        tuple(f"user={number}" for number in range(40)),
    ],
)
async def test_wrong_arguments_are_refused(database_url: str, arguments: tuple[str, ...]) -> None:
    async with edge(database_url) as (_world, server):
        channel = _channel(server)
        await channel.run("authorise", *arguments)
        assert channel.variables["COMMCREDITS_REASON"] == "invalid_input"
        assert channel.variables["COMMCREDITS_CAUSE"] == "28"


async def test_an_emergency_passes_whatever_is_wrong_and_without_money(database_url: str) -> None:
    async with edge(database_url, funds_micros=0) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", f"caller={NUMBER}", "callee=112", "colour=blue")
        assert channel.variables["COMMCREDITS_RESULT"] == "granted"
        assert channel.variables["COMMCREDITS_LIMIT_MS"] == "86400000"
        await channel.run("end", *_names(channel), "answered_ms=30000")
        call = await only_call(world)
        assert (call["service"], call["charged_micros"]) == ("emergency", 0)


async def test_a_caller_who_hangs_up_before_the_answer_holds_nothing(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = AgiChannel(port=server.port, unique_id="1700000000.1", hangs_up_after=1)
        await channel.run("authorise", *CALL)
        assert "COMMCREDITS_RESULT" not in channel.variables
        await _over(world)
        assert (await world.ledger()).account == (5_000_000, 0)


async def test_a_connection_that_breaks_before_the_answer_holds_nothing(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        _reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        lines = "".join(f"{line}\n" for line in channel.environment("authorise", CALL))
        writer.write(f"{lines}\n".encode())
        writer.write_eof()
        await _over(world)
        writer.close()
        assert (await world.ledger()).account == (5_000_000, 0)


async def test_a_script_that_runs_twice_on_one_channel_asks_for_one_call(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        await channel.run("authorise", *CALL)
        assert channel.variables["COMMCREDITS_RESULT"] == "granted"
        await only_call(world)


async def test_we_may_be_restarted_in_the_middle_of_a_call(database_url: str) -> None:
    async with open_scene(database_url) as (world, parts):
        first = await serve(parts, AsteriskSettings(port=0))
        channel = _channel(first)
        await channel.run("authorise", *CALL)
        await first.stop()
        second = await serve(parts, AsteriskSettings(port=0))
        channel.port = second.port
        await channel.run("end", *_names(channel), "answered_ms=9000")
        await second.stop()
        assert (await only_call(world))["charged_micros"] == 90_000


async def test_a_report_without_its_organization_is_charged_all_the_same(database_url: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        await channel.run("end", _names(channel)[0], "answered_ms=9000")
        assert (await only_call(world))["charged_micros"] == 90_000


@pytest.mark.parametrize("unique_id", ["", "1,2", 'a"b\\c', "x" * 400, "$(reboot)"])
async def test_a_strange_channel_gets_a_session_that_survives_a_dial_plan(database_url: str, unique_id: str) -> None:
    async with edge(database_url) as (world, server):
        channel = _channel(server, unique_id)
        await channel.run("authorise", *CALL)
        await channel.run("end", *_names(channel), "answered_ms=9000")
        assert (await only_call(world))["charged_micros"] == 90_000


async def test_orders_for_a_call_by_fastagi_are_logged_once(database_url: str) -> None:
    order = CallOrder(
        kind=OrderKind.CUT, organization_id="", session_id="fastagi~1", switch="asterisk:fastagi", reason="fraud"
    )
    with structlog.testing.capture_logs() as logs:
        async with edge(database_url) as (_world, server):
            server.deliver(order)
            server.deliver(order)
    assert _warning(logs)["event"] == "order not delivered, for its call has no link that could be told"


async def test_a_dial_plan_that_cannot_be_answered_in_time_is_told_so(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastagi_scripts, "TERMS", ControlTerms(ask_seconds_max=0.0))
    async with edge(database_url) as (world, server):
        channel = _channel(server)
        await channel.run("authorise", *CALL)
        assert channel.variables == {
            "COMMCREDITS_REASON": "busy",
            "COMMCREDITS_CAUSE": "42",
            "COMMCREDITS_RESULT": "unavailable",
        }
        await _over(world)
        assert (await world.ledger()).account == (5_000_000, 0), "what was granted too late is let go"


async def test_whoever_may_not_connect_is_not_read(database_url: str) -> None:
    with structlog.testing.capture_logs() as logs:
        async with edge(database_url, networks=["192.0.2.0/24"]) as (world, server):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
            writer.close()
            assert await all_calls(world) == []
    assert {"event": "fastagi connection refused", "peer": "127.0.0.1"}.items() <= _warning(logs).items()


async def test_who_writes_slowly_is_closed_and_disturbs_nobody(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fastagi_dialog, "ENVIRONMENT_SECONDS_MAX", 1.0)
    with structlog.testing.capture_logs() as logs:
        async with edge(database_url) as (_world, server):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(b"agi_network: yes\nagi_net")
            channel = _channel(server)
            await channel.run("authorise", *CALL)
            assert channel.variables["COMMCREDITS_RESULT"] == "granted"
            assert await reader.read() == b""
            writer.close()
    assert _warning(logs)["reason"] == "too slow"


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n", "a line of the environment is none"),
        (b"x" * 5_000, "a line is too long"),
        (b"".join(b"agi_x%d: 1\n" % number for number in range(200)), "the environment is too long"),
        (b"agi_network_script: reboot\n\n", "there is no such script"),
        (b"\x16\x03\x01\x02\x00\n", "a line of the environment is none"),
    ],
)
async def test_what_is_no_agi_is_closed_with_a_line_in_the_log(database_url: str, sent: bytes, reason: str) -> None:
    with structlog.testing.capture_logs() as logs:
        async with edge(database_url) as (_world, server):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(sent)
            assert await reader.read() == b""
            writer.close()
    warning = _warning(logs)
    assert (warning["event"], warning["peer"], warning["reason"]) == (
        "fastagi connection closed",
        "127.0.0.1",
        reason,
    )


async def _over(world: World) -> None:
    """Wait until the one call is over."""
    calls: list[str] = []

    async def look() -> None:
        while "ended" not in calls:
            calls.extend(call["state"] for call in await all_calls(world))
            await asyncio.sleep(0.01)

    looking = asyncio.create_task(look())
    await soon(looking.done)


def _warning(logs: list[structlog.typing.EventDict]) -> structlog.typing.EventDict:
    """The one warning of the edge; what a machine under load makes others say is theirs."""
    ours = [each for each in logs if each["event"].startswith(("fastagi connection", "order"))]
    (warning,) = (each for each in ours if each["log_level"] == "warning")
    return warning
