"""Attribute-value pairs as they are read (RFC 6733 §4): lean, because every charge passes through here.

Knows the form of an AVP and of the basic types, and with which result code a malformed one is answered. Refuses to know
what an AVP is for.
"""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from commcredits.edges.diameter.dictionary import ResultCode

VENDOR: Final = 0x80
MANDATORY: Final = 0x40
PROTECTED: Final = 0x20
_UNUSUAL: Final = VENDOR | PROTECTED

_HEAD: Final = struct.Struct(">II")
_UNSIGNED32: Final = struct.Struct(">I")
_UNSIGNED64: Final = struct.Struct(">Q")
_INTEGER32: Final = struct.Struct(">i")
_INTEGER64: Final = struct.Struct(">q")
_IP_BY_FAMILY: Final[dict[bytes, tuple[Callable[[bytes], ipaddress.IPv4Address | ipaddress.IPv6Address], int]]] = {
    b"\x00\x01": (ipaddress.IPv4Address, 4),
    b"\x00\x02": (ipaddress.IPv6Address, 16),
}
"""The address families that are IP, by IANA's number, and how many octets an address has."""

# Seconds count from 1900 up to 2036, and from there on anew (RFC 6733 §4.3.1, RFC 5905): the highest bit tells which.
_ERA_1900: Final = datetime(1900, 1, 1, tzinfo=UTC)
_ERA_2036: Final = _ERA_1900 + timedelta(seconds=1 << 32)
_HIGHEST_BIT: Final = 1 << 31


def key_of(code: int, vendor_id: int = 0) -> int:
    """What tells an AVP from every other: its code and whose it is, in one number."""
    return vendor_id << 32 | code


class Fault(Struct, frozen=True, kw_only=True):
    """What is wrong with a message: the result code, the encoded AVPs for Failed-AVP, and words for the other side.

    The code is one of ResultCode or of an application's own. The words go into Error-Message and into logs; they must
    not repeat values.
    """

    code: int
    failed: bytes = b""
    reason: str = ""


class FaultError(Exception):
    """A message that cannot be taken as it is; whoever reads it answers with the fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.reason or str(int(fault.code)))
        self.fault = fault


class Avp(Struct, frozen=True, gc=False):
    """One AVP: its key (see key_of), its flags, its value without padding.

    Every reader of the value raises FaultError: 5014 for a wrong length, 5004 for a value that cannot be.
    """

    key: int
    flags: int
    data: bytes

    @property
    def code(self) -> int:
        """The AVP code."""
        return self.key & 0xFFFF_FFFF

    @property
    def vendor_id(self) -> int:
        """Whose AVP it is; 0 for the IETF's."""
        return self.key >> 32

    @property
    def is_mandatory(self) -> bool:
        """Whether a receiver that does not know it must refuse the message."""
        return bool(self.flags & MANDATORY)

    def unsigned32(self) -> int:
        """Unsigned32."""
        try:
            return int(_UNSIGNED32.unpack(self.data)[0])
        except struct.error:
            raise self.wrong_length(4) from None

    def unsigned64(self) -> int:
        """Unsigned64."""
        try:
            return int(_UNSIGNED64.unpack(self.data)[0])
        except struct.error:
            raise self.wrong_length(8) from None

    def integer32(self) -> int:
        """Integer32, and Enumerated."""
        try:
            return int(_INTEGER32.unpack(self.data)[0])
        except struct.error:
            raise self.wrong_length(4) from None

    def integer64(self) -> int:
        """Integer64."""
        try:
            return int(_INTEGER64.unpack(self.data)[0])
        except struct.error:
            raise self.wrong_length(8) from None

    def utf8(self) -> str:
        """UTF8String, and the types that are made of it: DiameterIdentity, DiameterURI."""
        try:
            return self.data.decode()
        except UnicodeDecodeError:
            raise self.wrong_value("not UTF-8") from None

    def time(self) -> datetime:
        """Time, in whole seconds."""
        seconds = self.unsigned32()
        return (_ERA_1900 if seconds & _HIGHEST_BIT else _ERA_2036) + timedelta(seconds=seconds)

    def address(self) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
        """Address; None for one that is no IP address."""
        family, value = self.data[:2], self.data[2:]
        if len(family) < len(b"\x00\x00"):
            raise self.wrong_length(2)
        if family not in _IP_BY_FAMILY:
            return None
        kind, octets = _IP_BY_FAMILY[family]
        if len(value) != octets:
            raise self.wrong_length(2 + octets)
        return kind(value)

    def group(self) -> list[Avp]:
        """The AVPs of a Grouped one."""
        return read_avps(self.data)

    def encoded(self) -> bytes:
        """The AVP as it came, for Failed-AVP and for what is copied into an answer."""
        return encode_avp(self.key, self.flags, self.data)

    def wrong_value(self, reason: str) -> FaultError:
        """The error that says so of this AVP (5004); the reason is for a log and must not hold the value."""
        return FaultError(self._fault(ResultCode.INVALID_AVP_VALUE, self.encoded(), reason))

    def wrong_length(self, octets: int) -> FaultError:
        """The error that says that the value should be so many octets (5014)."""
        failed = encode_avp(self.key, self.flags, bytes(octets))
        return FaultError(self._fault(ResultCode.INVALID_AVP_LENGTH, failed, "wrong length"))

    def unsupported(self) -> FaultError:
        """The error that says that nobody here knows this AVP (5001)."""
        return FaultError(self._fault(ResultCode.AVP_UNSUPPORTED, self.encoded(), "unknown, and must be understood"))

    def not_allowed(self) -> FaultError:
        """The error that says that this AVP may not be there (5008)."""
        return FaultError(self._fault(ResultCode.AVP_NOT_ALLOWED, self.encoded(), "not allowed here"))

    def occurs_too_often(self) -> FaultError:
        """The error that says that this AVP is one too many (5009)."""
        return FaultError(self._fault(ResultCode.AVP_OCCURS_TOO_MANY_TIMES, self.encoded(), "one too many"))

    def _fault(self, code: ResultCode, failed: bytes, reason: str) -> Fault:
        return Fault(code=code, failed=failed, reason=f"AVP {self.code} of vendor {self.vendor_id}: {reason}")


def read_avps(octets: bytes, at: int = 0) -> list[Avp]:
    """The AVPs from ``at``, a multiple of four, to the end of the octets.

    Raises FaultError: 5014 where a length is too small or passes the end, 3009 for the P bit. Other reserved bits are
    ignored, and so is missing padding after the last AVP.
    """
    found: list[Avp] = []
    append = found.append
    unpack, unpack_vendor = _HEAD.unpack_from, _UNSIGNED32.unpack_from
    end = len(octets)
    try:
        while at < end:
            key, word = unpack(octets, at)
            stop = at + (word & 0xFF_FFFF)
            flags = word >> 24
            start = at + 8
            if flags & _UNUSUAL:
                if flags & PROTECTED:
                    raise _protected(key, flags)
                key |= unpack_vendor(octets, start)[0] << 32
                start += 4
            if stop > end or stop < start:
                raise _wrong_bounds(key, flags)
            append(Avp(key, flags, octets[start:stop]))
            at = (stop + 3) & -4
    except struct.error:
        # Fewer octets are left than the shortest AVP has, so that not even its code is sure.
        raise FaultError(Fault(code=ResultCode.INVALID_AVP_LENGTH, reason="an AVP is cut off in its header")) from None
    return found


def find_avp(avps: Sequence[Avp], key: int) -> Avp | None:
    """The first AVP of that key."""
    for avp in avps:
        if avp.key == key:
            return avp
    return None


def need_avp(avps: Sequence[Avp], key: int, octets_min: int = 0) -> Avp:
    """The first AVP of that key; raises FaultError (5005) when there is none, naming one of so many octets."""
    avp = find_avp(avps, key)
    if avp is None:
        raise missing_avp(key, octets_min)
    return avp


def missing_avp(key: int, octets_min: int = 0) -> FaultError:
    """The error that says that an AVP is missing (5005), with an example of it (RFC 6733 §7.5)."""
    flags = MANDATORY | (VENDOR if key >> 32 else 0)
    reason = f"AVP {key & 0xFFFF_FFFF} of vendor {key >> 32} is missing"
    failed = encode_avp(key, flags, bytes(octets_min))
    return FaultError(Fault(code=ResultCode.MISSING_AVP, failed=failed, reason=reason))


def refuse_unknown(avps: Sequence[Avp], known: Collection[int]) -> None:
    """Raise FaultError (5001) for the first AVP that must be understood and has no key in ``known`` (a set)."""
    for avp in avps:
        if avp.flags & MANDATORY and avp.key not in known:
            raise avp.unsupported()


def encode_avp(key: int, flags: int, data: bytes) -> bytes:
    """An AVP with these flags; the vendor is written where the V flag is set."""
    if flags & VENDOR:
        head = _HEAD.pack(key & 0xFFFF_FFFF, flags << 24 | len(data) + 12) + _UNSIGNED32.pack(key >> 32)
    else:
        head = _HEAD.pack(key & 0xFFFF_FFFF, flags << 24 | len(data) + 8)
    return head + data + bytes(-len(data) & 3)


def _protected(code: int, flags: int) -> FaultError:
    failed = encode_avp(code, flags & ~VENDOR, b"")
    return FaultError(Fault(code=ResultCode.INVALID_AVP_BITS, failed=failed, reason=f"AVP {code} has the P bit"))


def _wrong_bounds(key: int, flags: int) -> FaultError:
    return FaultError(
        Fault(
            code=ResultCode.INVALID_AVP_LENGTH,
            failed=encode_avp(key, flags, b""),
            reason=f"AVP {key & 0xFFFF_FFFF} of vendor {key >> 32}: its length cannot be",
        )
    )
