"""One connection: answers in request order, and no more work taken than can be answered.

Knows the order of exchanges, when to stop reading, and how a connection ends. Refuses to know what is in a request
(commcredits.edges.http.charging.framing) and what is in an answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, cast

from commcredits.edges.http.charging.answers import answer_problem
from commcredits.edges.http.charging.exchanges import Exchange
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.charging.framing import (
    BODY,
    CLOSE,
    HEADER,
    IDLE,
    Endpoint,
    RequestFaultError,
    RequestFraming,
)
from commcredits.edges.http.charging.responses import CONTINUE
from commcredits.edges.http.problems import HttpFault, fault_problem

if TYPE_CHECKING:
    from commcredits.edges.http.charging.listener import Listener


class ChargingConnection(asyncio.Protocol):
    """The protocol of one connection."""

    __slots__ = (
        "_accepting",
        "_closing",
        "_continue_wanted",
        "_draining",
        "_framing",
        "_in_flight",
        "_lingering",
        "_listener",
        "_queue",
        "_reading",
        "_since",
        "_transport",
        "_write_paused",
    )

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._queue: deque[Exchange] = deque()
        self._transport: asyncio.Transport | None = None
        self._in_flight = 0
        self._reading = True
        self._accepting = True
        self._draining = False
        self._closing = False
        self._lingering = False
        self._write_paused = False
        self._continue_wanted = False
        self._since = listener.clock.seconds
        self._framing = RequestFraming(
            self, listener.endpoints, listener.doors, listener.limits, listener.clock, listener.known_headers
        )

    # ---- asyncio's side --------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio: a client connected."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._listener.admit(self):
            self._refuse(HttpFault.TOO_MANY_CONNECTIONS, lingering=False)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 # asyncio names and passes it; why a client left changes nothing here
        """asyncio: the connection is gone; commands in flight go on, their answers go nowhere."""
        self._transport = None
        self._accepting = False
        self._queue.clear()
        self._listener.forget(self)

    def data_received(self, data: bytes) -> None:
        """asyncio: bytes arrived."""
        if not self._accepting:
            return  # read and thrown away, so that the last answer is not lost to a reset (RFC 9112 §9.6)
        try:
            self._framing.feed(data)
        except RequestFaultError as error:
            self._refuse(error.fault)
        except Exception as error:  # noqa: BLE001 # a bug of ours may neither leave a client without an answer nor take the process along
            log_failure("charging request failed", error)
            self._refuse(HttpFault.INTERNAL_ERROR)

    def eof_received(self) -> bool:
        """asyncio: the client sends no more; what it asked is still answered where the transport can."""
        self._accepting = False
        if not self._queue or self._lingering or self._transport is None:
            return False
        self._queue[-1].connection_field = CLOSE
        return self._transport.can_write_eof()

    def pause_writing(self) -> None:
        """asyncio: the client reads its answers more slowly than it sends requests."""
        self._write_paused = True
        self._since = self._listener.clock.seconds
        self._stop_reading()

    def resume_writing(self) -> None:
        """asyncio: the client caught up."""
        self._write_paused = False
        self._since = self._listener.clock.seconds
        self._resume_reading()

    # ---- the side of requests --------------------------------------------------------------------------------------

    def request_received(
        self,
        endpoint: Endpoint | None,
        fault: HttpFault | None,
        body: bytes,
        connection_field: bytes,
        *,
        bodiless: bool,
    ) -> None:
        """Framing: one whole request."""
        if not self._accepting:
            return
        self._continue_wanted = False
        if self._draining:
            connection_field = CLOSE
        exchange = Exchange(self, connection_field, bodiless=bodiless)
        self._queue.append(exchange)
        self._in_flight += 1
        if connection_field is CLOSE:
            self._accepting = False
        elif self._in_flight >= self._listener.limits.in_flight_commands_max:
            self._stop_reading()
        if fault is not None or endpoint is None:
            exchange.answer(answer_problem(fault_problem(fault or HttpFault.NOT_FOUND)))
            return
        try:
            endpoint.take(exchange, body)
        except Exception as error:  # noqa: BLE001 # as in data_received; this exchange has its place in the queue already
            log_failure("charging request failed", error)
            exchange.answer(answer_problem(fault_problem(HttpFault.INTERNAL_ERROR)))

    def continue_wanted(self) -> None:
        """Framing: the client waits for ``100 Continue``; it is sent after every earlier answer."""
        if self._queue or self._transport is None:
            self._continue_wanted = True
        else:
            self._transport.write(CONTINUE)

    # ---- the side of answers ---------------------------------------------------------------------------------------

    def answered(self, exchange: Exchange, status: int, body: bytes) -> None:
        """Exchange: the answer is there."""
        if self._transport is None or exchange.payload is not None:
            return
        exchange.payload = self._listener.heads.compose(
            status, body, exchange.connection_field, bodiless=exchange.bodiless
        )
        if self._queue[0] is exchange:
            self._flush(self._transport)

    def weighed(self, commands_more: int) -> None:
        """Exchange: a batch counts for each of its commands."""
        self._in_flight += commands_more
        if self._in_flight >= self._listener.limits.in_flight_commands_max:
            self._stop_reading()

    def _flush(self, transport: asyncio.Transport) -> None:
        queue = self._queue
        while queue and (payload := queue[0].payload) is not None:
            exchange = queue.popleft()
            self._in_flight -= exchange.weight
            transport.write(payload)
            if exchange.connection_field is CLOSE:
                queue.clear()
                self._finish(transport)
                return
        if not self._reading:
            self._resume_reading()
        if not queue:
            self._since = self._listener.clock.seconds
            if self._continue_wanted:
                self._continue_wanted = False
                transport.write(CONTINUE)

    # ---- the end of a connection -----------------------------------------------------------------------------------

    def drain(self) -> None:
        """Answer what was asked, then close; a request that is half here may still arrive whole."""
        self._draining = True
        if self._framing.phase != IDLE and self._accepting:
            return
        if self._queue:
            self._queue[-1].connection_field = CLOSE
            self._accepting = False
        elif not self._closing and self._transport is not None:
            self._finish(self._transport)

    def abort(self) -> None:
        """Close at once, whatever is unanswered."""
        if self._transport is not None:
            self._transport.abort()

    def sweep(self, now_seconds: float) -> None:
        """Hold the connection to its times."""
        transport, limits = self._transport, self._listener.limits
        if transport is None:
            return
        since_seconds = now_seconds - self._since
        if self._closing:
            answered = self._lingering and transport.get_write_buffer_size() == 0
            if since_seconds > (limits.linger_seconds if answered else limits.write_seconds):
                transport.abort()
        elif self._write_paused:
            if since_seconds > limits.write_seconds:
                transport.abort()
        elif self._reading and self._accepting:
            self._sweep_reading(transport, now_seconds)

    def _sweep_reading(self, transport: asyncio.Transport, now_seconds: float) -> None:
        limits, phase = self._listener.limits, self._framing.phase
        phase_seconds = now_seconds - self._framing.phase_since
        if phase == IDLE:
            if not self._queue and min(phase_seconds, now_seconds - self._since) > limits.idle_seconds:
                self._finish(transport)
        elif (phase == HEADER and phase_seconds > limits.header_seconds) or (
            phase == BODY and phase_seconds > limits.body_seconds
        ):
            self._refuse(HttpFault.REQUEST_TIMEOUT)

    def _refuse(self, fault: HttpFault, *, lingering: bool = True) -> None:
        """Answer, after every earlier request, that nothing more of this connection is read."""
        if not self._accepting:
            return
        self._accepting = False
        self._lingering = lingering
        exchange = Exchange(self, CLOSE, bodiless=False)
        self._queue.append(exchange)
        self._in_flight += 1
        exchange.answer(answer_problem(fault_problem(fault)))

    def _finish(self, transport: asyncio.Transport) -> None:
        self._accepting = False
        self._closing = True
        self._since = self._listener.clock.seconds
        if self._lingering and transport.can_write_eof():
            # A close with unread bytes resets the connection, and the reset may overtake the answer.
            if not self._reading:
                transport.resume_reading()
            transport.write_eof()
        else:
            transport.close()

    # ---- back-pressure ---------------------------------------------------------------------------------------------

    def _stop_reading(self) -> None:
        if self._reading and self._transport is not None and not self._transport.is_closing():
            self._reading = False
            self._transport.pause_reading()

    def _resume_reading(self) -> None:
        if (
            self._reading
            or self._write_paused
            or self._transport is None
            or self._transport.is_closing()
            or self._in_flight > self._listener.limits.in_flight_commands_max // 2
        ):
            return
        self._reading = True
        self._framing.phase_since = self._listener.clock.seconds
        self._transport.resume_reading()
