"""One connection of the fake FreeSWITCH's event socket, as mod_event_socket serves it, whoever has opened it.

Knows the framing, the commands and their answers: what is before and after the password, filters, myevents, linger, the
disconnect notice. Refuses to know calls beside the one that it belongs to; commands of ``api`` are the server's.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

from tests.edges.switches.freeswitch.fake_channel import FakeChannel, Headers, serialized

if TYPE_CHECKING:
    from tests.edges.switches.freeswitch.fake_freeswitch import FakeFreeswitch

GOODBYE = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"


class FakeSocket(asyncio.Protocol):
    """A listener thread's worth of protocol. ``channel`` makes it outbound: the dial plan's ``socket`` opened it."""

    def __init__(self, server: FakeFreeswitch, channel: FakeChannel | None = None, options: str = "async full") -> None:
        self.server = server
        self.channel = channel
        self.options = options.split()
        self.frozen = False
        """Half-open: what is said to it is not read, and it says nothing, but the connection stands."""
        self.commands: list[str] = []
        self.is_open = False
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._authorised = channel is not None
        self._events: set[str] = set()
        self._filters: list[tuple[str, str]] = []
        self._my_events = False
        self._linger_seconds: int | None = None
        self._exiting = False

    # ---- asyncio's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True
        self.server.sockets.append(self)
        if self.channel is None:
            if self.server.rejects:
                message = "Access Denied, go away.\n"
                self._write(f"Content-Type: text/rude-rejection\nContent-Length: {len(message)}\n\n{message}")
                self._transport.close()
            elif not self.server.mute:
                self._write("Content-Type: auth/request\n\n")

    def data_received(self, data: bytes) -> None:
        if self.frozen:
            return
        self._buffer += data
        while b"\n\n" in self._buffer and self.is_open and not self._exiting:
            block, self._buffer = self._buffer.split(b"\n\n", 1)
            command = block.decode().strip("\n")
            self.commands.append(command)
            self.server.before_reply()
            self._obey(command)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.is_open = False
        self.server.socket_closed(self)

    # ---- what happens at the switch --------------------------------------------------------------------------------

    def fire(self, name: str, headers: Headers) -> None:
        """An event, if it is one that was asked for."""
        if name not in self._events or not self.is_open or self.frozen:
            return
        values = {key.lower(): value for key, value in headers}
        if self._my_events and values.get("unique-id") != (self.channel.uuid if self.channel else ""):
            return
        if self._filters and not any(values.get(key.lower()) == value for key, value in self._filters):
            return
        body = serialized(headers)
        self._write(f"Content-Length: {len(body.encode())}\nContent-Type: text/event-plain\n\n{body}")

    def call_is_down(self) -> None:
        """The call of an outbound socket was hung up: linger, or close."""
        if self._linger_seconds is None:
            self.drop_politely()
            return
        assert self.channel is not None
        self._write(
            "Content-Type: text/disconnect-notice\n"
            f"Controlled-Session-UUID: {self.channel.uuid}\n"
            "Content-Disposition: linger\n"
            f"Channel-Name: sofia/internal/{self.channel.caller}@192.0.2.10\n"
            f"Linger-Time: {self._linger_seconds}\n"
            "Content-Length: 0\n\n"
        )
        self.server.clock.call_at(self.server.clock.time() + self._linger_seconds, self.drop_politely)

    def drop_politely(self) -> None:
        """Say goodbye and close."""
        if not self.is_open or self._transport is None or self.frozen:
            return
        own = ""
        if self.channel is not None:
            own = f"Controlled-Session-UUID: {self.channel.uuid}\nContent-Disposition: disconnect\n"
        self._write(f"Content-Type: text/disconnect-notice\n{own}Content-Length: {len(GOODBYE)}\n\n{GOODBYE}")
        self.is_open = False
        self._transport.close()

    def drop(self) -> None:
        """Close without a word."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    # ---- commands --------------------------------------------------------------------------------------------------

    def _obey(self, command: str) -> None:
        verb, _space, rest = command.partition(" ")
        if verb == "exit":
            self._reply("+OK bye")
            self._exiting = True
            self.drop_politely()
        elif not self._authorised:
            self._log_in(verb, rest)
        elif verb == "filter":
            key, _space, value = rest.partition(" ")
            self._filters.append((key, value))
            self._reply(f"+OK filter added. [{key}]=[{value}]")
        elif verb == "connect" and self.channel is not None:
            self._connect(self.channel)
        elif verb == "myevents" and self.channel is not None:
            self._my_events = True
            self._events |= {"CHANNEL_ANSWER", "CHANNEL_PARK", "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"}
            self._events |= {"CHANNEL_DESTROY", "CHANNEL_UNPARK"}
            self._reply("+OK Events Enabled")
        elif self.channel is not None and "full" not in self.options:
            self._reply("-ERR command not found")
        elif verb == "linger":
            self._linger_seconds = int(rest)
            self._reply(f"+OK will linger {rest} seconds")
        elif verb == "event":
            self._events |= set(rest.split()[1:])
            self._reply("+OK event listener enabled plain")
        elif verb == "api":
            answer = self.server.api(rest)
            self._write(f"Content-Type: api/response\nContent-Length: {len(answer.encode())}\n\n{answer}")
        else:
            self._reply("-ERR command not found")

    def _log_in(self, verb: str, password: str) -> None:
        if verb != "auth":
            self._reply("-ERR command not found")
        elif password == self.server.password:
            self._authorised = True
            self._reply("+OK accepted")
        else:
            self._reply("-ERR invalid")
            self.drop_politely()

    def _connect(self, channel: FakeChannel) -> None:
        headers = self.server.head("CHANNEL_DATA") + channel.headers()
        headers += [
            ("Content-Type", "command/reply"),
            ("Reply-Text", "+OK\n"),
            ("Socket-Mode", "async" if "async" in self.options else "static"),
            ("Control", "full" if "full" in self.options else "single-channel"),
        ]
        self._write(serialized(headers))
        self.server.park(channel)

    def _reply(self, text: str) -> None:
        self._write(f"Content-Type: command/reply\nReply-Text: {text}\n\n")

    def _write(self, text: str) -> None:
        if self._transport is None or self.frozen:
            return
        data = text.encode()
        step = self.server.bytes_a_write or len(data)
        for start in range(0, len(data), step):
            self._transport.write(data[start : start + step])
