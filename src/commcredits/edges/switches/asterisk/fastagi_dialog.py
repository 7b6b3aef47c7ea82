"""One FastAGI connection: the environment in, commands out, within bounds of size and time.

Knows a stream and its deadlines. Refuses to know what is asked (commcredits.edges.switches.asterisk.fastagi_scripts).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from commcredits.edges.switches.asterisk.fastagi_framing import (
    AgiEnvironment,
    AgiFramingError,
    EnvironmentReader,
    LineSplitter,
    ReplyReader,
    Sign,
    set_variable,
)

ENVIRONMENT_SECONDS_MAX: Final = 5.0
"""How long Asterisk may take for the whole environment: it writes it at once."""

COMMAND_SECONDS_MAX: Final = 5.0
_READ_BYTES: Final = 4_096


class AgiOverError(Exception):
    """The other side is gone."""


class AgiDialog:
    """What is said on one connection. Not to be used by two at once."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._splitter = LineSplitter()
        self._replies = ReplyReader()
        self._lines: deque[str] = deque()
        self.hung_up = False

    async def read_environment(self) -> AgiEnvironment:
        """What Asterisk says first. Raises AgiFramingError, AgiOverError, TimeoutError."""
        collected = EnvironmentReader()
        async with asyncio.timeout(ENVIRONMENT_SECONDS_MAX):
            while (environment := collected.take(await self._line())) is None:
                pass
        return environment

    async def set_variable(self, name: str, value: str | int) -> bool:
        """Set a variable of the channel; whether Asterisk did. Raises as ``read_environment``, and OSError."""
        async with asyncio.timeout(COMMAND_SECONDS_MAX):
            self._writer.write(set_variable(name, value))
            await self._writer.drain()
            while True:
                sign = self._replies.take(await self._line())
                if sign is Sign.HANGUP:
                    self.hung_up = True
                elif sign is not None:
                    return sign is Sign.DONE

    async def _line(self) -> str:
        while not self._lines:
            data = await self._reader.read(_READ_BYTES)
            if not data:
                raise AgiOverError("closed by the other side")
            self._lines.extend(self._splitter.feed(data))
        return self._lines.popleft()


__all__ = ["AgiDialog", "AgiFramingError", "AgiOverError"]
