"""Whoever connects and is no switch, or a broken one, is turned away with a line in the log; calls go on."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commcredits.edges.switches.alarms import Timers
from commcredits.edges.switches.freeswitch.events import Event
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from commcredits.edges.switches.freeswitch.line import Line
from tests.edges.switches.freeswitch.scene import open_scene
from tests.edges.switches.virtual_clock import VirtualClock
from tests.operations.office import soon

CONNECT = b"connect\n\n"


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([b"HTTP/1.1 400 Bad Request\n\n"], "header line without a colon"),
        ([b"Content-Type: command/reply\nContent-Length: 99999999999\n\n"], "body too large"),
        ([b"a: b\n" * 60_000], "header too large"),
        ([b"Content-Type: command/reply\nSocket-Mode: async\nControl: full\nUnique-ID: a%0Ab\n\n"], "its id is none"),
        ([b"Content-Type: command/reply\n\n"], 'socket is not "async full"'),
        ([b"Content-Type: text/strange\n\n"], "unknown kind"),
        ([b"Content-Type: command/reply\nReply-Text: +OK\n\n" * 3], 'socket is not "async full"'),
        ([b"Content-Type: text/event-plain\nContent-Length: 1\n\nx"], "without a colon"),
    ],
)
async def test_what_no_switch_says_ends_the_connection_and_is_logged(
    database_url: str, answers: list[bytes], reason: str
) -> None:
    async with open_scene(database_url) as scene:
        running = await scene.dial()
        await scene.answer(running)
        open_before = scene.server.listener.connection_count
        assert open_before == 1
        with structlog.testing.capture_logs() as lines:
            reader, writer = await asyncio.open_connection("127.0.0.1", scene.server.port)
            assert await reader.readuntil(b"\n\n") == CONNECT
            for answer in answers:
                writer.write(answer)
            writer.write_eof()
            async with asyncio.timeout(10):
                await _read_to_the_end(reader)
            writer.close()
            await soon(lambda: scene.server.listener.connection_count == open_before)
        assert any(reason in str(line.get("reason", "")) for line in lines), lines
        await scene.pass_time(70)
        assert running.is_up


async def _read_to_the_end(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionResetError):
        await reader.read()


async def test_nothing_is_read_of_who_is_in_no_network(database_url: str) -> None:
    async with open_scene(database_url, networks=("192.0.2.0/24",)) as scene:
        with structlog.testing.capture_logs() as lines:
            for _ in range(5):
                reader, writer = await asyncio.open_connection("127.0.0.1", scene.server.port)
                await _read_to_the_end(reader)
                writer.close()
        # One line for all of them: who comes again and again does not fill the log.
        assert [line["peer"] for line in lines if line["event"] == "event socket refused"] == ["127.0.0.1"]


async def test_who_says_nothing_is_given_five_seconds(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        reader, writer = await asyncio.open_connection("127.0.0.1", scene.server.port)
        assert await reader.readuntil(b"\n\n") == CONNECT
        await scene.pass_time(4)
        assert scene.server.listener.connection_count == 1
        await scene.pass_time(2)
        assert scene.server.listener.connection_count == 0
        await _read_to_the_end(reader)
        writer.close()


async def test_variables_cannot_say_commands(database_url: str) -> None:
    async with open_scene(database_url) as scene:
        hostile = "x\n\napi shutdown;commcredits_granted_seconds=99999"
        names = ("callee", "caller", "user", "conference_id", "granted", "refused", "service", "switch")
        for name in names:
            channel = scene.place(**{f"commcredits_{name}": hostile})
            await scene.connect(channel)
        channel = scene.place("112\n\napi shutdown")
        await scene.connect(channel)
        said = [command for command in scene.switch.api_commands if "shutdown" in command or "99999" in command]
        assert said == []


class Listener:
    """Hears what comes over a line, and remembers how it ended."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.lost_times = 0

    def greeted(self, line: Line) -> None:
        line.say("connect")

    def happened(self, line: Line, event: Event) -> None:
        del line
        self.events.append(event)

    def disconnecting(self, line: Line, *, lingers: bool) -> None:
        if not lingers:
            line.close()

    def lost(self, line: Line) -> None:
        del line
        self.lost_times += 1


class Pipe(asyncio.Transport):
    """A transport whose other end is the test."""

    def __init__(self, line: Line) -> None:
        super().__init__()
        self._line = line
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview[int]) -> None:
        self.written += bytes(data)

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        del high, low

    def abort(self) -> None:
        self._line.connection_lost(None)

    close = abort


MESSAGES = st.sampled_from(
    [
        b"Content-Type: command/reply\nReply-Text: +OK\n\n",
        b"Content-Type: api/response\nContent-Length: 3\n\n+OK",
        b"Content-Type: text/event-plain\nContent-Length: 16\n\nEvent-Name: X\n\nab",
        b"Content-Type: text/disconnect-notice\nContent-Disposition: linger\nContent-Length: 0\n\n",
        b"Content-Type: auth/request\n\n",
        b"Content-Type: log/data\nContent-Length: 2\n\nhi",
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(MESSAGES, st.binary(max_size=80)), max_size=12))
def test_a_line_never_fails_whatever_it_hears_and_ends_once(chunks: list[bytes]) -> None:
    clock: Timers = VirtualClock()
    listener = Listener()
    line = Line(listener, timers=clock, limits=EventSocketLimits(), peer="somebody")
    line.connection_made(Pipe(line))
    for chunk in chunks:
        line.data_received(chunk)
    line.abort()
    assert listener.lost_times <= 1
    assert not line.is_open


def test_a_command_of_two_lines_is_not_said() -> None:
    line = Line(Listener(), timers=VirtualClock(), limits=EventSocketLimits(), peer="somebody")
    pipe = Pipe(line)
    line.connection_made(pipe)
    with pytest.raises(ValueError, match="one line"):
        line.say("api status\n\napi shutdown")
    assert pipe.written == CONNECT


async def test_who_reads_nothing_is_let_go(database_url: str) -> None:
    del database_url
    clock = VirtualClock()
    listener = Listener()
    line = Line(listener, timers=clock, limits=EventSocketLimits(waiting_replies_max=5), peer="somebody")
    line.connection_made(Pipe(line))
    for _turn in range(10):
        line.say("api status")
    assert not line.is_open
    assert clock.waiting == 0
