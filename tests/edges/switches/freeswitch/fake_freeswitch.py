"""A FreeSWITCH as its event socket shows it: calls, a dial plan of three extensions, a scheduler, both directions.

Written after mod_event_socket.c, mod_commands.c, switch_ivr.c and switch_scheduler.c of FreeSWITCH 1.10, and after
what real servers wrote. Knows the order of events and of answers. Refuses to know media and SIP, beyond the status that
a refused caller hears. Time is a clock that the test moves.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

from tests.edges.switches.freeswitch.fake_channel import FakeChannel, Headers, serialized
from tests.edges.switches.freeswitch.fake_socket import FakeSocket
from tests.edges.switches.virtual_clock import VirtualAlarm, VirtualClock

PASSWORD: Final = "the password of the event socket"
EPOCH_SECONDS: Final = 1_790_000_000
NOBODY_THERE: Final = "-ERR No such channel!\n"


class FakeFreeswitch:
    """The server. ``open_socket`` is the dial plan's ``socket``; ``start`` opens the port for links."""

    def __init__(self, clock: VirtualClock | None = None) -> None:
        self.clock = clock or VirtualClock()
        self.password = PASSWORD
        self.rejects = False
        self.mute = False
        self.bytes_a_write = 0
        """How many bytes go into one write; 0: all at once."""
        self.errors: dict[str, str] = {}
        """Answers of ``api`` commands that go wrong, by the name of the command."""
        self.before_answer: list[FakeChannel] = []
        """Calls that park before the next answer is written: events come in between."""
        self.channels: dict[str, FakeChannel] = {}
        self.gone: dict[str, FakeChannel] = {}
        self.sockets: list[FakeSocket] = []
        self.api_commands: list[str] = []
        self.loses_last_events = False
        self._tasks: dict[str, list[VirtualAlarm]] = {}
        self._sequence = 0
        self._calls = 0
        self._server: asyncio.Server | None = None
        self._port = 0

    # ---- the server ------------------------------------------------------------------------------------------------

    async def start(self) -> str:
        """Open the event socket; its address, the same again after ``stop``."""
        self._server = await asyncio.get_running_loop().create_server(lambda: FakeSocket(self), "127.0.0.1", self._port)
        self._port = int(self._server.sockets[0].getsockname()[1])
        return f"127.0.0.1:{self._port}"

    async def stop(self) -> None:
        """Close the port and every connection."""
        if self._server is not None:
            self._server.close()
        for each in list(self.sockets):
            each.drop()
        if self._server is not None:
            await self._server.wait_closed()
        self._server = None

    async def restart(self) -> None:
        """All calls are lost, and nobody tells of their end."""
        await self.stop()
        self.channels.clear()
        for alarms in self._tasks.values():
            for alarm in alarms:
                alarm.cancel()
        await self.start()

    # ---- the dial plan ---------------------------------------------------------------------------------------------

    def place_call(self, caller: str, destination: str, *, answered: bool = False, **variables: str) -> FakeChannel:
        """A call that comes in, as far as the extension that asks charging."""
        self._calls += 1
        now = self.microseconds()
        channel = FakeChannel(
            uuid=f"e3133bf7-dcde-4daf-9663-{self._calls:012d}",
            caller=caller,
            destination=destination,
            created_at=now,
            answered_at=now if answered else 0,
            variables=dict(variables),
        )
        self.channels[channel.uuid] = channel
        return channel

    def park(self, channel: FakeChannel) -> None:
        """The application ``park``; a socket with ``async`` parks too."""
        if channel.parked or not channel.is_up:
            return
        channel.parked = True
        seconds, _colon, cause = channel.variables.pop("park_timeout", "").partition(":")
        if seconds:
            self._schedule(f"park {channel.uuid}", float(seconds), lambda: self._park_ran_out(channel, cause))
        self.fire("CHANNEL_PARK", channel)

    async def open_socket(self, channel: FakeChannel, port: int, options: str = "async full") -> FakeSocket:
        """The application ``socket``. When it closes while the call waits, the dial plan answers 503 and hangs up."""
        _transport, opened = await asyncio.get_running_loop().create_connection(
            lambda: FakeSocket(self, channel, options), "127.0.0.1", port
        )
        return opened

    def answer(self, channel: FakeChannel) -> None:
        """The called party answers: first what ``execute_on_answer`` says, then the event."""
        channel.answered_at = self.microseconds()
        application, _space, data = channel.variables.get("execute_on_answer", "").partition(" ")
        if application == "sched_hangup":
            when, _space, cause = data.partition(" ")
            self._schedule_hangup(channel, int(when.removeprefix("+")), cause or "ALLOTTED_TIMEOUT")
        self.fire("CHANNEL_ANSWER", channel)

    def hang_up(self, channel: FakeChannel, cause: str = "NORMAL_CLEARING", *, silently: bool = False) -> None:
        """The call is over. From here it cannot be found by its id any more, and then its last events come."""
        if not channel.is_up:
            return
        channel.hung_up_at, channel.hangup_cause = self.microseconds(), cause
        self.gone[channel.uuid] = self.channels.pop(channel.uuid)
        self._delete_tasks(channel.uuid)
        self._delete_tasks(f"park {channel.uuid}")
        if silently:
            return
        self.fire("CHANNEL_HANGUP", channel)
        for each in list(self.sockets):
            if each.channel is channel:
                each.call_is_down()
        if not self.loses_last_events:
            self.fire("CHANNEL_HANGUP_COMPLETE", channel)
            self.fire("CHANNEL_DESTROY", channel)

    def fire(self, name: str, channel: FakeChannel) -> None:
        """An event of a call, to everybody who asked for it."""
        headers = self.head(name) + channel.headers()
        for each in list(self.sockets):
            each.fire(name, headers)

    # ---- what sockets need -----------------------------------------------------------------------------------------

    def head(self, name: str) -> Headers:
        """How every event begins."""
        self._sequence += 1
        return [
            ("Event-Name", name),
            ("Core-UUID", "651a8db2-4f67-4cf8-b622-169e8a482e50"),
            ("FreeSWITCH-Hostname", "fake"),
            ("FreeSWITCH-Switchname", "fake"),
            ("Event-Date-Local", "2026-11-22 12:00:00"),
            ("Event-Date-GMT", "Sun, 22 Nov 2026 10:00:00 GMT"),
            ("Event-Date-Timestamp", str(self.microseconds())),
            ("Event-Calling-Function", "fake"),
            ("Event-Sequence", str(self._sequence)),
        ]

    def before_reply(self) -> None:
        """Events that come between a command and its answer."""
        while self.before_answer:
            self.park(self.before_answer.pop())

    def socket_closed(self, closed: FakeSocket) -> None:
        """A socket of a call that still waits leaves it to the rest of its extension, which refuses."""
        self.sockets = [each for each in self.sockets if each is not closed]
        channel = closed.channel
        if channel is not None and channel.is_up and not channel.extensions:
            channel.sip_status = "503 Charging Unavailable"
            self.hang_up(channel, "NORMAL_TEMPORARY_FAILURE")

    def microseconds(self) -> int:
        """The server's clock."""
        return EPOCH_SECONDS * 1_000_000 + round(self.clock.time() * 1_000_000)

    # ---- api -------------------------------------------------------------------------------------------------------

    def api(self, line: str) -> str:
        """The answer to an ``api`` command."""
        self.api_commands.append(line)
        name, _space, rest = line.partition(" ")
        if name in self.errors:
            return self.errors[name]
        if name == "status":
            return "UP 0 years, 0 days, 0 hours, 1 minute\nFreeSWITCH (Version 1.10.12 -release) is ready\n"
        if name == "show":
            return self._show()
        if name == "sched_del":
            return f"+OK Deleted: {self._delete_tasks(rest)}\n"
        if name == "sched_hangup":
            when, _space, rest = rest.partition(" ")
            uuid, _space, cause = rest.partition(" ")
            return self._on_channel(
                uuid, lambda channel: self._schedule_hangup(channel, int(when.removeprefix("+")), cause)
            )
        uuid, _space, rest = rest.partition(" ")
        channel = self.channels.get(uuid)
        if channel is None:
            return "-ERR No Such Channel!\n" if name == "uuid_kill" else NOBODY_THERE
        return self._on_call(name, channel, rest)

    def _on_call(self, name: str, channel: FakeChannel, rest: str) -> str:
        match name:
            case "uuid_setvar_multi":
                for pair in rest.split(";"):
                    variable, _equals, value = pair.partition("=")
                    channel.variables[variable] = value
            case "uuid_setvar":
                variable, _space, value = rest.partition(" ")
                channel.variables[variable] = value
            case "uuid_getvar":
                return channel.variables.get(rest, "_undef_")
            case "uuid_dump":
                headers = self.head("CHANNEL_DATA") + channel.headers()
                return serialized(headers)
            case "uuid_kill":
                self.hang_up(channel, rest or "NORMAL_CLEARING")
            case "uuid_transfer":
                self._transfer(channel, *rest.split(" "))
            case "uuid_broadcast":
                channel.played.append(rest)
                return "+OK Message sent\n"
            case _:
                return f"-ERR {name} Command not found!\n"
        return "+OK\n"

    def _on_channel(self, uuid: str, change: object) -> str:
        channel = self.channels.get(uuid)
        if channel is None or not callable(change):
            return "-ERR No Such Channel!\n"
        change(channel)
        return "+OK\n"

    def _transfer(self, channel: FakeChannel, extension: str, dialplan: str, context: str) -> None:
        assert dialplan == "XML", dialplan
        channel.extensions.append((extension, context))
        channel.parked = False
        self._delete_tasks(f"park {channel.uuid}")
        if extension == "commcredits_refused":
            if not channel.answered_at:
                channel.sip_status = channel.variables["commcredits_status"]
            self.hang_up(channel, channel.variables["commcredits_cause"])

    def _show(self) -> str:
        rows = [{"uuid": uuid, "state": "CS_EXECUTE"} for uuid in self.channels]
        return json.dumps({"row_count": len(rows), **({"rows": rows} if rows else {})}) + "\n"

    # ---- the scheduler ---------------------------------------------------------------------------------------------

    def _schedule_hangup(self, channel: FakeChannel, seconds: int, cause: str) -> None:
        """Runs at a whole second of the server's clock, as switch_scheduler.c counts."""
        due = self.microseconds() // 1_000_000 + seconds - EPOCH_SECONDS
        self._schedule(channel.uuid, due - self.clock.time(), lambda: self.hang_up(channel, cause))

    def _schedule(self, group: str, seconds: float, run: object) -> None:
        assert callable(run)
        alarm = self.clock.call_at(self.clock.time() + seconds, run)
        self._tasks.setdefault(group, []).append(alarm)

    def _delete_tasks(self, group: str) -> int:
        alarms = self._tasks.pop(group, [])
        live = [alarm for alarm in alarms if alarm.callback is not None]
        for alarm in live:
            alarm.cancel()
        return len(live)

    def _park_ran_out(self, channel: FakeChannel, cause: str) -> None:
        channel.sip_status = "503 Service Unavailable"
        self.hang_up(channel, cause)
