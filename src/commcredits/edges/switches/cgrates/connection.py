"""One connection of a client: its requests in, our answers and questions out, within limits.

Knows when to read no further and when to close. Refuses to know what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, cast

import structlog

from commcredits.edges.switches.cgrates import refusals
from commcredits.edges.switches.cgrates.framing import ObjectStream, StreamFaultError
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.messages import MalformedError, Reply, Request, read_message, write_error
from commcredits.edges.switches.cgrates.peers import Peers

_log: Final = structlog.get_logger("cgrates")


class Taker(Protocol):
    """Whoever takes requests; see ``methods.Methods``."""

    def take(self, request: Request, switch: str, answer: Callable[[bytes], None]) -> None:
        """Take a request; ``answer`` is called exactly once."""
        ...


class Doorkeeper(Protocol):
    """Whoever knows the connections of a listener."""

    def admit(self, connection: CgratesConnection) -> bool:
        """A client connected; False when as many are connected as may be."""
        ...

    def forget(self, connection: CgratesConnection) -> None:
        """A connection is gone."""
        ...

    def name_of(self, address: str) -> str | None:
        """What the client at this address is called on its calls; None when it may not come."""
        ...

    def complain(self, event: str, *, peer: str, reason: str) -> None:
        """Warn of a client, and not a thousand times."""
        ...


class CgratesConnection(asyncio.Protocol):
    """The protocol of one connection."""

    __slots__ = (
        "_closing",
        "_doorkeeper",
        "_in_flight",
        "_limits",
        "_loop",
        "_partial_since",
        "_peers",
        "_reading",
        "_stalled_since",
        "_stream",
        "_taker",
        "_transport",
        "switch",
    )

    def __init__(self, *, taker: Taker, peers: Peers, doorkeeper: Doorkeeper, limits: CgratesLimits) -> None:
        self.switch = ""
        self._taker = taker
        self._peers = peers
        self._doorkeeper = doorkeeper
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._stream = ObjectStream(bytes_max=limits.message_bytes_max, depth_max=limits.depth_max)
        self._transport: asyncio.Transport | None = None
        self._in_flight = 0
        self._reading = True
        self._closing = False
        self._partial_since: float | None = None
        self._stalled_since: float | None = None

    @property
    def in_flight_count(self) -> int:
        """How many requests are not answered yet."""
        return self._in_flight

    # ---- asyncio's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: somebody connected."""
        self._transport = cast("asyncio.Transport", transport)
        address = str((transport.get_extra_info("peername") or ("",))[0])
        name = self._doorkeeper.name_of(address)
        if name is None:
            self._doorkeeper.complain("connection refused", peer=address, reason="not in networks")
            self._transport.abort()
            return
        if not self._doorkeeper.admit(self):
            self._doorkeeper.complain("connection refused", peer=address, reason="too many connections")
            self._transport.abort()
            return
        self.switch = name
        self._peers.add(name, self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio names and passes it; why a client left changes nothing here
        """asyncio: the connection is gone; commands in flight go on, their answers go nowhere."""
        self._transport = None
        self._doorkeeper.forget(self)
        if self.switch:
            self._peers.remove(self.switch, self)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes arrived."""
        if self._closing or not self.switch:
            return
        try:
            objects = self._stream.feed(data)
            for raw in objects:
                self._take(raw)
        except StreamFaultError as fault:
            self._abort(str(fault))
        except MalformedError:
            self._abort("malformed")
        else:
            if not self._stream.is_partial:
                self._partial_since = None
            elif objects or self._partial_since is None:
                self._partial_since = self._loop.time()

    def pause_writing(self) -> None:
        """asyncio: the client reads its answers more slowly than it asks."""
        self._stalled_since = self._loop.time()
        self._pause()

    def resume_writing(self) -> None:
        """asyncio: the client caught up."""
        self._stalled_since = None
        self._resume()

    # ---- requests and answers --------------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Put a message on the connection, if it is open still."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def _take(self, raw: bytes) -> None:
        message = read_message(raw)
        if isinstance(message, Reply):
            self._peers.take(self, message)
            return
        self._in_flight += 1
        if self._in_flight >= self._limits.in_flight_max:
            self._pause()
        try:
            self._taker.take(message, self.switch, self._answer)
        except Exception:  # noqa: BLE001 # a bug of ours may neither leave a client without an answer nor harm the others
            _log.exception("request failed", peer=self.switch, method=message.method)
            self._answer(write_error(message, refusals.INTERNAL))

    def _answer(self, data: bytes) -> None:
        self._in_flight -= 1
        self.send(data)
        if not self._reading and self._in_flight < self._limits.in_flight_max:
            self._resume()
        if self._closing and self._in_flight == 0 and self._transport is not None:
            self._transport.close()

    def _pause(self) -> None:
        if self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._reading or self._stalled_since is not None or self._transport is None:
            return
        if not self._transport.is_closing():
            self._reading = True
            self._transport.resume_reading()

    # ---- its end ---------------------------------------------------------------------------------------------------

    def sweep(self, now: float) -> None:
        """Hold the connection to its times."""
        if (
            self._partial_since is not None
            and self._reading
            and now - self._partial_since > self._limits.message_seconds
        ):
            self._abort("too slow")
        elif self._stalled_since is not None and now - self._stalled_since > self._limits.write_seconds:
            self._abort("reads no answers")

    def drain(self) -> None:
        """Take nothing new, answer what was asked, close."""
        self._closing = True
        if self._in_flight == 0 and self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _abort(self, reason: str) -> None:
        self._doorkeeper.complain("connection closed", peer=self.switch, reason=reason)
        self._closing = True
        self.abort()
