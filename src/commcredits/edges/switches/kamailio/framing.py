"""Netstrings: where one message ends and the next begins, on the way in and on the way out.

Knows netstrings, and the one fault of the reader in Kamailio's module ``evapi``. Refuses to know what a message says.
"""

from __future__ import annotations

from typing import Final

FRAME_BYTES_MAX: Final = 16_384
"""The longest message that is taken; Kamailio's own are a few hundred bytes, a part of a list of calls is 8,000."""

PITCH_BYTES: Final = 217
"""Every frame that leaves begins at a multiple of this in the stream.

A Kamailio with deploy/kamailio/kamailio-evapi.cfg needs none of it: that puts messages together itself, wherever the
stream is cut. It is for a configuration that leaves this to the module (``netstring_format`` of 1). The module of 5.6
reads 32,767 bytes at most at a time, drops a frame whose length is cut in two by the end of what it read, and takes the
rest of the length for a length. 32,767 is 151 times 217, so no read that is as long as it can be ends inside a length.
A shorter one ends where what has arrived ends, which may be any end of a TCP segment: such a Kamailio still loses that
frame now and then, and what arrives with the rest of it.
"""

_LENGTH_DIGITS_MAX: Final = len(str(FRAME_BYTES_MAX))
_COMMA: Final = 0x2C
_SPACE: Final = 0x20


class FramingError(Exception):
    """What came is no netstring, or a longer one than is taken; nothing after it can be understood."""


class NetstringReader:
    """Cuts a stream of bytes into messages; keeps at most one that is not whole yet."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    @property
    def kept_bytes(self) -> int:
        """How much waits for the rest of its message."""
        return len(self._rest)

    def feed(self, data: bytes) -> list[bytes]:
        """The messages that are whole now. Raises FramingError; what was whole before the fault is lost with it."""
        if self._rest:
            data = self._rest + data
        messages: list[bytes] = []
        at, size = 0, len(data)
        while at < size:
            if data[at] == _SPACE:  # between messages there may be any number
                at += 1
                continue
            colon = data.find(b":", at, at + _LENGTH_DIGITS_MAX + 1)
            if colon < 0:
                digits = data[at : at + _LENGTH_DIGITS_MAX + 1]
                if len(digits) > _LENGTH_DIGITS_MAX or not digits.isdigit():
                    raise FramingError("a message does not begin with its length")
                break
            digits = data[at:colon]
            if not digits.isdigit():
                raise FramingError("a message does not begin with its length")
            length = int(digits)
            if length > FRAME_BYTES_MAX:
                raise FramingError(f"a message of {length} bytes; {FRAME_BYTES_MAX} are taken")
            end = colon + 1 + length
            if end >= size:
                break
            if data[end] != _COMMA:
                raise FramingError("a message does not end where its length says")
            messages.append(data[colon + 1 : end])
            at = end + 1
        self._rest = data[at:]
        return messages


def frame(message: bytes) -> bytes:
    """The message as it leaves: a netstring, and as many spaces as bring the next one to its pitch."""
    netstring = b"%d:%b," % (len(message), message)
    return netstring + b" " * (-len(netstring) % PITCH_BYTES)
