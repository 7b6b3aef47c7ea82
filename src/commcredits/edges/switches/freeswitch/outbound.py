"""Calls that connect to us: the ``socket`` application of a dial plan (outbound, in FreeSWITCH's words).

Knows who may connect, and what is said before a call can be decided about: connect, linger, myevents. Refuses to know
what is decided. One connection is one call, and what goes wrong on it harms no other.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final, cast

import structlog

from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.complaints import Complaints
from commcredits.edges.switches.freeswitch import channel
from commcredits.edges.switches.freeswitch.calls import Calls
from commcredits.edges.switches.freeswitch.events import Event
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from commcredits.edges.switches.freeswitch.line import Line, Reply

_log: Final = structlog.get_logger("freeswitch")


class OutboundListener:
    """Everybody who connects. ``networks`` are those that a switch may connect from."""

    def __init__(self, calls: Calls, *, timers: Timers, limits: EventSocketLimits, networks: Iterable[str]) -> None:
        self.calls = calls
        self.timers = timers
        self.limits = limits
        self._networks: tuple[IPv4Network | IPv6Network, ...] = tuple(
            ip_network(network, strict=False) for network in networks
        )
        self._complaints = Complaints(timers, "freeswitch")
        self._open: set[OutboundCall] = set()

    def new_connection(self) -> asyncio.Protocol:
        """A protocol for whoever connects next."""
        return _Door(self)

    def admit(self, transport: asyncio.Transport) -> str | None:
        """The address of who connects; None when nothing may be read from there."""
        address = str((transport.get_extra_info("peername") or ("",))[0]).partition("%")[0]
        try:
            found = ip_address(address)
        except ValueError:
            return None
        mapped = getattr(found, "ipv4_mapped", None)
        found = mapped or found
        if not any(found in network for network in self._networks):
            self._complaints.say("event socket refused", peer=address, reason="not in the networks of the settings")
            return None
        if len(self._open) >= self.limits.connections_max:
            self._complaints.say("event socket refused", peer=address, reason="too many connections")
            return None
        return address

    def opened(self, call: OutboundCall) -> None:
        """One more is open."""
        self._open.add(call)

    def closed(self, call: OutboundCall) -> None:
        """One is not open any more."""
        self._open.discard(call)

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return len(self._open)

    def close(self) -> None:
        """Close every connection: what was admitted goes on, what waits is refused by its dial plan."""
        for call in list(self._open):
            call.line.close()

    def abort(self) -> None:
        """Close at once what is left."""
        for call in list(self._open):
            call.line.abort()


class _Door(asyncio.Protocol):
    """A connection until it is known who made it: nothing is read before."""

    def __init__(self, listener: OutboundListener) -> None:
        self._listener = listener

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: somebody connected."""
        opened = cast("asyncio.Transport", transport)
        peer = self._listener.admit(opened)
        if peer is None:
            opened.abort()
            return
        keep_alive(opened)
        call = OutboundCall(self._listener, peer)
        opened.set_protocol(call.line)
        call.line.connection_made(opened)


class OutboundCall:
    """One connection of one call; hears what comes over its line."""

    def __init__(self, listener: OutboundListener, peer: str) -> None:
        self._listener = listener
        self._calls = listener.calls
        self._switch = ""
        self._uuid = ""
        self._lingered = Alarm(listener.timers, self._close)
        self.line = Line(self, timers=listener.timers, limits=listener.limits, peer=peer)

    def greeted(self, line: Line) -> None:
        """LineUser: the switch waits for us to begin."""
        self._listener.opened(self)
        line.say("connect", self._connected)

    def happened(self, line: Line, event: Event) -> None:
        """LineUser: an event of the call."""
        if event.uuid == self._uuid:
            self._calls.happened(event, self._switch, line)

    def disconnecting(self, line: Line, *, lingers: bool) -> None:
        """LineUser: the call is over; where the socket lingers, its last event is still to come."""
        if lingers:
            self._lingered.set_at(self._listener.timers.time() + self._listener.limits.linger_seconds)
        else:
            line.close()

    def lost(self, line: Line) -> None:
        """LineUser: the connection is gone."""
        self._lingered.cancel()
        self._listener.closed(self)
        if self._uuid:
            self._calls.line_lost(self._switch, self._uuid, line)

    def _connected(self, reply: Reply) -> None:
        event = Event(reply.message.headers)
        mode, control = event.text("socket-mode"), event.text("control")
        if (mode, control) != ("async", "full"):
            _log.error(
                "call not looked after", peer=self.line.peer, reason='the dial plan\'s socket is not "async full"'
            )
            self._close()
            return
        self.line.say(f"linger {self._listener.limits.linger_seconds}")
        self.line.say("myevents plain")
        self._switch, self._uuid = channel.switch_of(event), event.uuid
        known = channel.known_call(event)
        if known is not None:
            # What it was admitted for was decided once, and need not be what it asks for now.
            _log.warning("call asks again", switch=self._switch, call=known.session_id)
            self._close()
        elif not self._calls.ask(event, self._switch, self.line, self._close):
            self._close()

    def _close(self) -> None:
        """There is nothing more to hear: let go of the call's socket, once the switch has read what we said."""
        self.line.say("exit", lambda _reply: self.line.close())


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Have the kernel notice a half-open connection within a minute."""
    opened = transport.get_extra_info("socket")
    with contextlib.suppress(OSError, AttributeError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)
