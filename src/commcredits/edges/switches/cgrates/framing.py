"""A stream of JSON objects, one after the other with or without white space between: where each ends.

Knows braces, brackets and strings (RFC 8259). Refuses to know what is in an object, and whether it is right inside.
"""

from __future__ import annotations

import re
from typing import Final

_STRUCTURE: Final = re.compile(rb'["{}\[\]]')
_IN_STRING: Final = re.compile(rb'[\\"]')
_SPACE: Final = b" \t\r\n"


class StreamFaultError(Exception):
    """What came cannot be the beginning of an object, or is larger than is taken; one word says which."""


class ObjectStream:
    """What came over one connection, cut into objects."""

    __slots__ = ("_buffer", "_bytes_max", "_closers", "_depth_max", "_escaped", "_in_string", "_looked_at")

    def __init__(self, *, bytes_max: int, depth_max: int) -> None:
        self._bytes_max = bytes_max
        self._depth_max = depth_max
        self._buffer = bytearray()
        self._closers = bytearray()
        self._looked_at = 0
        self._in_string = False
        self._escaped = False

    @property
    def is_partial(self) -> bool:
        """Whether an object has begun that is not here whole."""
        return bool(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The objects that are whole now, in order. Raises StreamFaultError; then the stream is of no use any more."""
        self._buffer += data
        objects = []
        while (end := self._find_end()) is not None:
            objects.append(bytes(self._buffer[:end]))
            del self._buffer[:end]
            self._looked_at = 0
        if len(self._buffer) > self._bytes_max:
            raise StreamFaultError("oversize")
        return objects

    def _find_end(self) -> int | None:
        """Where the first object ends, once that is known."""
        if not self._closers and not self._begins():
            return None
        buffer = self._buffer
        while True:
            if self._in_string:
                if not self._pass_string():
                    return None
                continue
            match = _STRUCTURE.search(buffer, self._looked_at)
            if match is None:
                self._looked_at = len(buffer)
                return None
            self._looked_at = match.end()
            if self._take(match[0][0]):
                if self._looked_at > self._bytes_max:
                    raise StreamFaultError("oversize")
                return self._looked_at

    def _begins(self) -> bool:
        del self._buffer[: len(self._buffer) - len(self._buffer.lstrip(_SPACE))]
        if not self._buffer:
            return False
        if self._buffer[0] != ord("{"):
            raise StreamFaultError("malformed")
        return True

    def _take(self, byte: int) -> bool:
        """Note one structural byte outside of strings; whether it closes the object."""
        if byte == ord('"'):
            self._in_string = True
        elif byte in b"{[":
            if len(self._closers) >= self._depth_max:
                raise StreamFaultError("too deep")
            self._closers.append(ord("}") if byte == ord("{") else ord("]"))
        else:
            if self._closers.pop() != byte:
                raise StreamFaultError("malformed")
            return not self._closers
        return False

    def _pass_string(self) -> bool:
        """Go to the end of a string; whether it is here."""
        while True:
            if self._escaped:
                if self._looked_at >= len(self._buffer):
                    return False
                self._looked_at += 1
                self._escaped = False
            match = _IN_STRING.search(self._buffer, self._looked_at)
            if match is None:
                self._looked_at = len(self._buffer)
                return False
            self._looked_at = match.end()
            if match[0] == b'"':
                self._in_string = False
                return True
            self._escaped = True
