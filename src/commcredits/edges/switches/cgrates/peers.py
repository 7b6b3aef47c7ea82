"""Who is connected, by the name that calls carry; and what we ask of them over the connections that they opened.

Knows which connection to ask over, and how long to wait. Refuses to know what is asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Protocol

import structlog

from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.messages import Reply, write_request

Answered = Callable[[object, str], None]
"""Told what a client answered to a question of ours: the result, and the error, which is empty where there is none."""

NO_ANSWER = "no answer"
"""The error where nothing was answered in time, or the connection broke."""


class Line(Protocol):
    """One open connection."""

    @property
    def in_flight_count(self) -> int:
        """How many of its requests are not answered yet."""
        ...

    def send(self, data: bytes) -> None:
        """Put a message on it."""
        ...


class Peers:
    """The connections of every client. Times are those of the event loop."""

    __slots__ = ("_began_at", "_heard_at", "_limits", "_lines", "_log", "_loop", "_numbers", "_waiting")

    def __init__(self, limits: CgratesLimits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._began_at = self._loop.time()
        self._lines: dict[str, list[Line]] = {}
        self._heard_at: dict[str, float] = {}
        self._numbers = count(1)
        self._waiting: dict[tuple[Line, int], tuple[Answered, asyncio.TimerHandle]] = {}
        self._log = structlog.get_logger("cgrates")

    @property
    def connection_count(self) -> int:
        """How many connections are open."""
        return sum(len(lines) for lines in self._lines.values())

    def names(self) -> list[str]:
        """Whoever is connected now."""
        return list(self._lines)

    def add(self, name: str, line: Line) -> None:
        """A client connected."""
        self._lines.setdefault(name, []).append(line)

    def remove(self, name: str, line: Line) -> None:
        """A connection is gone, and with it whatever was asked over it."""
        lines = self._lines.get(name, [])
        if line in lines:
            lines.remove(line)
            self._heard_at[name] = self._loop.time()
        if not lines:
            self._lines.pop(name, None)
        for key in [key for key in self._waiting if key[0] is line]:
            self._settle(key, None, NO_ANSWER)

    def is_there(self, name: str) -> bool:
        """Whether a client is connected, or was a moment ago."""
        # Whoever was connected to the process before us has as long to find us.
        heard_at = self._heard_at.get(name, self._began_at)
        return name in self._lines or self._loop.time() - heard_at <= self._limits.link_grace_seconds

    def forget_old(self) -> None:
        """Let go of clients that have been away for long."""
        before = self._loop.time() - self._limits.link_grace_seconds
        if self._began_at < before:
            self._heard_at = {name: at for name, at in self._heard_at.items() if at >= before}

    def ask(self, name: str, method: str, parameter: object, answered: Answered) -> bool:
        """Ask a client something; False where it is not connected.

        Over the connection that waits for least: OpenSIPS of some versions takes a question for the answer that a
        process of it is waiting for on that connection.
        """
        lines = self._lines.get(name)
        if not lines:
            return False
        line = min(lines, key=lambda each: each.in_flight_count)
        number = next(self._numbers)
        key = (line, number)
        timer = self._loop.call_later(self._limits.reply_seconds, self._settle, key, None, NO_ANSWER)
        self._waiting[key] = (answered, timer)
        line.send(write_request(number, method, parameter))
        return True

    def take(self, line: Line, reply: Reply) -> None:
        """A client answered; what nobody asked is passed over."""
        if isinstance(reply.id, int):
            self._settle((line, reply.id), reply.result, reply.error)

    def close(self) -> None:
        """Wait for nothing any more."""
        for _answered, timer in self._waiting.values():
            timer.cancel()
        self._waiting.clear()

    def _settle(self, key: tuple[Line, int], result: object, error: str) -> None:
        waiting = self._waiting.pop(key, None)
        if waiting is None:
            return
        answered, timer = waiting
        timer.cancel()
        try:
            answered(result, error)
        except Exception:  # noqa: BLE001 # a bug in what one answer leads to harms neither connections nor other calls
            self._log.exception("answer of a client not taken")
