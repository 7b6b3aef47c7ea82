"""One TCP connection that speaks the event socket, whoever has opened it: commands in order, their answers, events.

Knows that answers come in the order of commands, with events in between, and when the other side counts as gone.
Refuses to know what commands are for. No task and no wait per command.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, cast

import structlog

from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.freeswitch.events import Event, read_event
from commcredits.edges.switches.freeswitch.framing import FramingError, Message, MessageFraming
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits

_log: Final = structlog.get_logger("freeswitch")


class LineLostError(Exception):
    """The connection is gone, and with it the answers to what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The answer to one command: the header of a ``command/reply``, or the body of an ``api/response``."""

    message: Message

    @property
    def text(self) -> str:
        """What it says, without white space around it."""
        message = self.message
        said = message.body.decode("utf-8", "replace") if message.body else message.headers.get("reply-text", "")
        return said.strip()

    @property
    def is_error(self) -> bool:
        """Whether the switch refused, or did not understand."""
        return self.text.startswith(("-ERR", "-USAGE"))


Answered = Callable[[Reply], object]


class LineUser(Protocol):
    """Who hears what comes over a line beside the answers."""

    def greeted(self, line: Line) -> None:
        """The connection stands; for a link, the switch asks for the password."""
        ...

    def happened(self, line: Line, event: Event) -> None:
        """An event."""
        ...

    def disconnecting(self, line: Line, *, lingers: bool) -> None:
        """The switch is about to close; ``lingers``: only after the last events of the call that is over."""
        ...

    def lost(self, line: Line) -> None:
        """The connection is gone; told once."""
        ...


class Line(asyncio.Protocol):
    """The protocol of one connection. ``peer`` is what log lines call the other side."""

    def __init__(
        self, user: LineUser, *, timers: Timers, limits: EventSocketLimits, peer: str, greets: bool = False
    ) -> None:
        self.peer = peer
        self._user = user
        self._timers = timers
        self._limits = limits
        self._greets = greets
        self._framing = MessageFraming(limits)
        self._transport: asyncio.Transport | None = None
        self._waiting: deque[Answered | None] = deque()
        self._silence = Alarm(timers, self._silent)
        self._asked: set[asyncio.Future[Reply]] = set()
        self._stays_awake = False
        self._closed = False

    # ---- asyncio's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: the connection stands."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=self._limits.written_bytes_max)
        if self._greets:
            self._silence.set_at(self._timers.time() + self._limits.greeting_seconds)
        else:
            self._user.greeted(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes arrived."""
        if self._closed:
            return
        try:
            for message in self._framing.feed(data):
                self._told(message)
        except FramingError as error:
            _log.warning("event socket broken off", peer=self.peer, reason=str(error))
            self.abort()
        except Exception:  # noqa: BLE001 - a bug of ours may cost this connection, and no other
            _log.exception("event socket failed", peer=self.peer)
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio names it; why makes no difference
        """asyncio: the connection is gone."""
        self._closed = True
        self._transport = None
        self._silence.cancel()
        self._waiting.clear()
        for asked in self._asked:
            asked.set_exception(LineLostError())
        self._user.lost(self)

    def pause_writing(self) -> None:
        """asyncio: the switch does not read what we write; nothing that waits for it would be in time."""
        _log.warning("event socket broken off", peer=self.peer, reason="reads too slowly")
        self.abort()

    # ---- what we say -----------------------------------------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether commands can be said."""
        return not self._closed and self._transport is not None

    def say(self, command: str, answered: Answered | None = None) -> None:
        """Say a command of one line; ``answered`` is called with its answer, and never when the line is lost before.

        ValueError for a command that is more than a line: what a variable holds must not become a command of its own.
        """
        if "\n" in command or "\r" in command:
            raise ValueError("a command is one line")
        if self._closed or self._transport is None:
            return
        if len(self._waiting) >= self._limits.waiting_replies_max:
            _log.warning("event socket broken off", peer=self.peer, reason="answers nothing")
            self.abort()
            return
        self._waiting.append(answered)
        if len(self._waiting) == 1:
            self._silence.set_at(self._timers.time() + self._limits.reply_seconds)
        self._transport.write(f"{command}\n\n".encode())

    async def ask(self, command: str) -> Reply:
        """The answer to a command. LineLostError when the connection is lost before."""
        if not self.is_open:
            raise LineLostError
        asked: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._asked.add(asked)
        asked.add_done_callback(self._asked.discard)
        self.say(command, lambda reply: None if asked.done() else asked.set_result(reply))
        return await asked

    def stay_awake(self) -> None:
        """From now on ask an idle other side now and then whether it is there: a half-open socket is noticed."""
        self._stays_awake = True
        self._rest()

    def close(self) -> None:
        """Close once what was said is on its way."""
        self._closed = True
        self._silence.cancel()
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        self._closed = True
        self._silence.cancel()
        if self._transport is not None:
            self._transport.abort()

    # ---- what we hear ----------------------------------------------------------------------------------------------

    def _told(self, message: Message) -> None:
        if self._closed:
            return
        match message.kind:
            case "text/event-plain":
                self._user.happened(self, read_event(message.body, self._limits.headers_max))
            case "command/reply" | "api/response":
                self._replied(Reply(message=message))
            case "auth/request" if self._greets:
                self._greets = False
                self._silence.cancel()
                self._user.greeted(self)
            case "text/disconnect-notice":
                self._user.disconnecting(self, lingers=message.headers.get("content-disposition", "") == "linger")
            case "text/rude-rejection":
                _log.warning("event socket refused by the switch's access list", peer=self.peer)
                self.abort()
            case "log/data":
                pass
            case _:
                raise FramingError("message of an unknown kind")

    def _replied(self, reply: Reply) -> None:
        if not self._waiting:
            raise FramingError("answer that nobody asked for")
        answered = self._waiting.popleft()
        if self._waiting:
            self._silence.set_at(self._timers.time() + self._limits.reply_seconds)
        else:
            self._rest()
        if answered is not None:
            answered(reply)

    def _rest(self) -> None:
        if self._waiting:
            return
        if self._stays_awake and self.is_open:
            self._silence.set_at(self._timers.time() + self._limits.idle_seconds)
        else:
            self._silence.cancel()

    def _silent(self) -> None:
        if self._waiting or self._greets:
            _log.warning("event socket broken off", peer=self.peer, reason="does not answer")
            self.abort()
            return
        # The answer says nothing but that the other side is there.
        self.say("api status")
