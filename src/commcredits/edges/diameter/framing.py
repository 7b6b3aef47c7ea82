"""From octets to messages (RFC 6733 §3).

Knows where a message ends, and which headers end the framing itself. Refuses to know what messages say.
"""

from __future__ import annotations

import struct
from typing import Final

from commcredits.edges.diameter.avps import Fault
from commcredits.edges.diameter.dictionary import ResultCode
from commcredits.edges.diameter.messages import HEADER_OCTETS, VERSION, Message

_HEADER: Final = struct.Struct(">IIIII")


class Framing:
    """What one connection has sent so far.

    ``message_bytes_max`` may be set anew at any time. Once ``fault`` is set there are no more messages: where the next
    one begins is not known, and ``faulty`` is the header that this came from, without anything after it.
    """

    __slots__ = ("_needed", "_rest", "fault", "faulty", "message_bytes_max")

    def __init__(self, message_bytes_max: int) -> None:
        self.message_bytes_max = message_bytes_max
        self.fault: Fault | None = None
        self.faulty: Message | None = None
        self._rest = bytearray()
        self._needed = HEADER_OCTETS

    @property
    def is_within_message(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._rest)

    def feed(self, octets: bytes) -> list[Message]:
        """The messages that end in these octets, in their order."""
        if self.fault is not None:
            return []
        rest = self._rest
        if rest:
            # Collected until the message is whole, so that one that comes octet by octet is copied once.
            rest += octets
            if len(rest) < self._needed:
                return []
            octets = bytes(rest)
            rest.clear()
        found: list[Message] = []
        unpack = _HEADER.unpack_from
        at, end = 0, len(octets)
        needed = HEADER_OCTETS
        while end - at >= HEADER_OCTETS:
            word, command, application_id, hop_by_hop, end_to_end = unpack(octets, at)
            length = word & 0xFF_FFFF
            stop = at + length
            if word >> 24 != VERSION or length < HEADER_OCTETS or length & 3 or length > self.message_bytes_max:
                header = octets[at : at + HEADER_OCTETS]
                self.faulty = Message(
                    command >> 24, command & 0xFF_FFFF, application_id, hop_by_hop, end_to_end, header
                )
                self.fault = _fault_of(word >> 24)
                return found
            if stop > end:
                needed = length
                break
            found.append(
                Message(command >> 24, command & 0xFF_FFFF, application_id, hop_by_hop, end_to_end, octets[at:stop])
            )
            at = stop
        if at < end:
            rest += octets[at:]
            self._needed = needed
        return found


def _fault_of(version: int) -> Fault:
    if version != VERSION:
        return Fault(code=ResultCode.UNSUPPORTED_VERSION, reason="not version 1 of Diameter")
    return Fault(code=ResultCode.INVALID_MESSAGE_LENGTH, reason="the message's length cannot be taken")
