"""Attribute-value pairs as they are written (RFC 6733 §4).

Knows how the basic types are encoded, each by a function from a value to the octets of one AVP, padding included; what
is made of them is joined by whoever knows the message. Refuses to know which AVPs a message has.

The vendor and its flag follow from the key. The M bit is set unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address
from struct import Struct as Layout
from typing import Final

from commcredits.edges.diameter.avps import MANDATORY, VENDOR, encode_avp

_FIXED32: Final = Layout(">QI")
_FIXED32_VENDOR: Final = Layout(">QII")
_FIXED32_SIGNED: Final = Layout(">Qi")
_FIXED32_SIGNED_VENDOR: Final = Layout(">QIi")
_FIXED64: Final = Layout(">QQ")
_FIXED64_VENDOR: Final = Layout(">QIQ")
_FIXED64_SIGNED: Final = Layout(">Qq")
_FIXED64_SIGNED_VENDOR: Final = Layout(">QIq")
_SECONDS_1900_TO_1970: Final = 2_208_988_800
_FAMILY: Final = {4: b"\x00\x01", 6: b"\x00\x02"}


def flags_of(key: int, *, mandatory: bool) -> int:
    """The flags that go with the key."""
    return (VENDOR if key >> 32 else 0) | (MANDATORY if mandatory else 0)


def write_octets(key: int, value: bytes, *, mandatory: bool = True) -> bytes:
    """OctetString."""
    return encode_avp(key, flags_of(key, mandatory=mandatory), value)


def write_utf8(key: int, value: str, *, mandatory: bool = True) -> bytes:
    """UTF8String, DiameterIdentity, DiameterURI."""
    return encode_avp(key, flags_of(key, mandatory=mandatory), value.encode())


def write_group(key: int, *parts: bytes, mandatory: bool = True) -> bytes:
    """Grouped, of AVPs that are written already."""
    return encode_avp(key, flags_of(key, mandatory=mandatory), b"".join(parts))


def write_unsigned32(key: int, value: int, *, mandatory: bool = True) -> bytes:
    """Unsigned32; struct.error for a value outside of it, which is a bug of whoever writes."""
    return unsigned32_writer(key, mandatory=mandatory)(value)


def write_unsigned64(key: int, value: int, *, mandatory: bool = True) -> bytes:
    """Unsigned64."""
    return unsigned64_writer(key, mandatory=mandatory)(value)


def write_integer32(key: int, value: int, *, mandatory: bool = True) -> bytes:
    """Integer32, Enumerated."""
    return integer32_writer(key, mandatory=mandatory)(value)


def write_integer64(key: int, value: int, *, mandatory: bool = True) -> bytes:
    """Integer64."""
    return integer64_writer(key, mandatory=mandatory)(value)


def write_time(key: int, value: datetime, *, mandatory: bool = True) -> bytes:
    """Time: an aware instant, cut to whole seconds; from 2036 on it counts in the next era (§4.3.1)."""
    seconds = int(value.astimezone(UTC).timestamp()) + _SECONDS_1900_TO_1970
    return write_unsigned32(key, seconds & 0xFFFF_FFFF, mandatory=mandatory)


def write_address(key: int, value: IPv4Address | IPv6Address, *, mandatory: bool = True) -> bytes:
    """Address."""
    return write_octets(key, _FAMILY[value.version] + value.packed, mandatory=mandatory)


def unsigned32_writer(key: int, *, mandatory: bool = True) -> Callable[[int], bytes]:
    """What writes this one Unsigned32 AVP, prepared, for paths where microseconds count."""
    return _writer(_FIXED32, _FIXED32_VENDOR, key, mandatory=mandatory)


def unsigned64_writer(key: int, *, mandatory: bool = True) -> Callable[[int], bytes]:
    """What writes this one Unsigned64 AVP, prepared."""
    return _writer(_FIXED64, _FIXED64_VENDOR, key, mandatory=mandatory)


def integer32_writer(key: int, *, mandatory: bool = True) -> Callable[[int], bytes]:
    """What writes this one Integer32 or Enumerated AVP, prepared."""
    return _writer(_FIXED32_SIGNED, _FIXED32_SIGNED_VENDOR, key, mandatory=mandatory)


def integer64_writer(key: int, *, mandatory: bool = True) -> Callable[[int], bytes]:
    """What writes this one Integer64 AVP, prepared."""
    return _writer(_FIXED64_SIGNED, _FIXED64_SIGNED_VENDOR, key, mandatory=mandatory)


def _writer(plain: Layout, with_vendor: Layout, key: int, *, mandatory: bool) -> Callable[[int], bytes]:
    vendor_id = key >> 32
    layout = with_vendor if vendor_id else plain
    head = (key & 0xFFFF_FFFF) << 32 | flags_of(key, mandatory=mandatory) << 24 | layout.size
    return partial(layout.pack, head, vendor_id) if vendor_id else partial(layout.pack, head)
