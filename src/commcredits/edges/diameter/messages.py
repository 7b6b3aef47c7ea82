"""Diameter messages (RFC 6733 §3): the header as it is read, answers and requests as they are written.

Knows flags, identifiers, and what every answer owes to its request: the identifiers, the P bit and Proxy-Info come
back. Refuses to know sockets and what a message asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from struct import Struct as Layout
from typing import Final

from msgspec import Struct

from commcredits.edges.diameter.avp_writing import unsigned32_writer, write_group, write_utf8
from commcredits.edges.diameter.avps import Avp, Fault, FaultError, find_avp, read_avps
from commcredits.edges.diameter.dictionary import (
    ERROR_MESSAGE,
    FAILED_AVP,
    ORIGIN_HOST,
    ORIGIN_REALM,
    PROTOCOL_ERRORS,
    PROXY_INFO,
    RESULT_CODE,
    SESSION_ID,
)

HEADER_OCTETS: Final = 20
VERSION: Final = 1

REQUEST: Final = 0x80
PROXIABLE: Final = 0x40
ERROR: Final = 0x20
RETRANSMITTED: Final = 0x10

write_result: Final = unsigned32_writer(RESULT_CODE)
"""A Result-Code AVP."""

_HEADER: Final = Layout(">IIIII")


class Message(Struct, frozen=True, gc=False):
    """One whole message: its header taken apart, and its octets with header. Its AVPs are read when asked for."""

    flags: int
    command_code: int
    application_id: int
    hop_by_hop: int
    end_to_end: int
    octets: bytes

    @property
    def is_request(self) -> bool:
        """The R bit."""
        return bool(self.flags & REQUEST)

    @property
    def is_error(self) -> bool:
        """The E bit."""
        return bool(self.flags & ERROR)

    @property
    def is_retransmitted(self) -> bool:
        """The T bit: sent again after a failover, so that the first may have been taken (§3, Appendix C)."""
        return bool(self.flags & RETRANSMITTED)

    def avps(self) -> list[Avp]:
        """The AVPs, read anew at each call; FaultError when they are malformed."""
        return read_avps(self.octets, HEADER_OCTETS)


class Identity:
    """Who we are, as every message of ours says it: ``avps`` is Origin-Host and Origin-Realm, encoded."""

    __slots__ = ("avps", "host", "realm")

    def __init__(self, host: str, realm: str) -> None:
        self.host = host
        self.realm = realm
        self.avps = write_utf8(ORIGIN_HOST, host) + write_utf8(ORIGIN_REALM, realm)


def read_message(octets: bytes) -> Message:
    """The message that these octets are, from its header to its end, whatever the header says about its length."""
    _, word, application_id, hop_by_hop, end_to_end = _HEADER.unpack_from(octets)
    return Message(word >> 24, word & 0xFF_FFFF, application_id, hop_by_hop, end_to_end, octets)


def write_answer(request: Message, avps: bytes, *, error: bool = False) -> bytes:
    """The answer to a request; with ``error`` it has the E bit, which goes with result codes 3xxx (§7.1.3)."""
    return (
        _HEADER.pack(
            VERSION << 24 | len(avps) + HEADER_OCTETS,
            (request.flags & PROXIABLE | (ERROR if error else 0)) << 24 | request.command_code,
            request.application_id,
            request.hop_by_hop,
            request.end_to_end,
        )
        + avps
    )


def write_request(
    command_code: int, application_id: int, avps: bytes, *, hop_by_hop: int, end_to_end: int, flags: int = REQUEST
) -> bytes:
    """A request of ours."""
    return (
        _HEADER.pack(
            VERSION << 24 | len(avps) + HEADER_OCTETS,
            flags << 24 | command_code,
            application_id,
            hop_by_hop,
            end_to_end,
        )
        + avps
    )


def proxy_infos(avps: Sequence[Avp]) -> bytes:
    """The Proxy-Info AVPs of a request, which its answer gives back in their order (§6.2); mostly none."""
    return b"".join([avp.encoded() for avp in avps if avp.key == PROXY_INFO])


def write_refusal(request: Message, fault: Fault, identity: Identity, extra: bytes = b"") -> bytes:
    """The answer to a request that is not taken: result code, Failed-AVP, what has to come back (§6.2, §7.2).

    ``extra`` are AVPs that the command's grammar wants besides. Works for requests whose AVPs are malformed.
    """
    try:
        avps = request.avps()
    except FaultError:
        avps = []
    session_id = find_avp(avps, SESSION_ID)
    return write_answer(
        request,
        b"".join([
            b"" if session_id is None else session_id.encoded(),
            write_result(fault.code),
            identity.avps,
            extra,
            write_utf8(ERROR_MESSAGE, fault.reason, mandatory=False) if fault.reason else b"",
            write_group(FAILED_AVP, fault.failed) if fault.failed else b"",
            proxy_infos(avps),
        ]),
        error=fault.code in PROTOCOL_ERRORS,
    )  # fmt: skip


def result_of(answer: Message) -> int | None:
    """The result code of an answer; None when it has none. FaultError when it is malformed."""
    avp = find_avp(answer.avps(), RESULT_CODE)
    return None if avp is None else avp.unsigned32()
