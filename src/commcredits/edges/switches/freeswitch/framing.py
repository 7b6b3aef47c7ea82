"""Messages of an event socket out of the bytes that carry them.

Knows header lines, blank lines and Content-Length, as mod_event_socket writes them. Refuses to know what it says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.edges.switches.freeswitch.limits import EventSocketLimits

_LENGTH: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_END_OF_HEADER: Final = b"\n\n"


class FramingError(Exception):
    """What came is no message, or is larger than any may be; its text is for the log and repeats nothing of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message: its header as it came, by names in lower case (the first of a name counts), and its body."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def kind(self) -> str:
        """What sort of message it is: its content type."""
        return self.headers.get("content-type", "")


class MessageFraming:
    """The bytes of one connection, message by message, however they were cut up on their way."""

    __slots__ = ("_buffer", "_headers", "_length", "_limits", "_searched")

    def __init__(self, limits: EventSocketLimits) -> None:
        self._limits = limits
        self._buffer = bytearray()
        self._searched = 0
        self._headers: Mapping[str, str] | None = None
        self._length = 0

    def feed(self, data: bytes) -> list[Message]:
        """The messages that these bytes complete. FramingError when there can be no more of them."""
        self._buffer += data
        messages: list[Message] = []
        while True:
            if self._headers is None and not self._take_header():
                return messages
            if len(self._buffer) < self._length or self._headers is None:
                return messages
            body = bytes(self._buffer[: self._length])
            del self._buffer[: self._length]
            messages.append(Message(headers=self._headers, body=body))
            self._headers, self._length = None, 0

    def _take_header(self) -> bool:
        if self._searched == 0:
            # Between messages there may be empty lines.
            start = len(self._buffer) - len(self._buffer.lstrip(b"\r\n"))
            del self._buffer[:start]
        end = self._buffer.find(_END_OF_HEADER, max(0, self._searched - 1))
        if end < 0:
            self._searched = len(self._buffer)
            if self._searched > self._limits.header_bytes_max:
                raise FramingError("header too large")
            return False
        if end > self._limits.header_bytes_max:
            raise FramingError("header too large")
        headers = read_headers(bytes(self._buffer[:end]), self._limits.headers_max)
        del self._buffer[: end + len(_END_OF_HEADER)]
        self._searched = 0
        length = headers.get("content-length", "0")
        if _LENGTH.fullmatch(length) is None:
            raise FramingError("length of the body is no number")
        self._length = int(length)
        if self._length > self._limits.body_bytes_max:
            raise FramingError("body too large")
        self._headers = headers
        return True


def read_headers(block: bytes, headers_max: int) -> dict[str, str]:
    """Header lines by names in lower case; the first of a name counts. FramingError when a line is none."""
    lines = block.decode("utf-8", "replace").split("\n")
    if len(lines) > headers_max:
        raise FramingError("too many header lines")
    headers: dict[str, str] = {}
    for line in lines:
        text = line.rstrip("\r")
        if not text:
            continue
        name, colon, value = text.partition(":")
        if not colon:
            raise FramingError("header line without a colon")
        headers.setdefault(name.strip().lower(), value.strip())
    return headers
