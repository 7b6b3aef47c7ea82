"""The base protocol's own messages (RFC 6733 §5.3-5.5): what a CER tells, and how CEA, DWR, DWA, DPR, DPA are written.

Knows their grammar. Refuses to know connections, and who may speak (commcredits.edges.diameter.admission).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from commcredits.edges.diameter.avp_writing import (
    write_address,
    write_group,
    write_integer32,
    write_unsigned32,
    write_utf8,
)
from commcredits.edges.diameter.avps import Avp, Fault, find_avp, missing_avp, refuse_unknown
from commcredits.edges.diameter.dictionary import (
    AUTH_APPLICATION_ID,
    BASE_AVPS,
    DISCONNECT_CAUSE,
    HOST_IP_ADDRESS,
    INBAND_SECURITY_ID,
    ORIGIN_HOST,
    ORIGIN_REALM,
    ORIGIN_STATE_ID,
    PRODUCT_NAME,
    RELAY,
    SUPPORTED_VENDOR_ID,
    THREE_GPP,
    VENDOR_ID,
    VENDOR_SPECIFIC_APPLICATION_ID,
    DisconnectCause,
    ResultCode,
)
from commcredits.edges.diameter.messages import Identity, Message, write_answer, write_result

_PRODUCT: Final = "commcredits"
_NO_VENDOR: Final = 0
"""Our Vendor-Id: none is registered, and 0 tells the peer to ignore the field (§5.3.3)."""
_NO_INBAND_SECURITY: Final = 0
_PRODUCT_NAME_CHARACTERS_MAX: Final = 64
_IDENTITY_CHARACTERS_MAX: Final = 255
_CAUSES: Final = frozenset(int(cause) for cause in DisconnectCause)

NO_COMMON_APPLICATION: Final = Fault(code=ResultCode.NO_COMMON_APPLICATION, reason="no application in common")
NO_COMMON_SECURITY: Final = Fault(code=ResultCode.NO_COMMON_SECURITY, reason="TLS begins before Diameter or not at all")
TOO_MANY_CONNECTIONS: Final = Fault(code=ResultCode.TOO_BUSY, reason="too many connections of this peer")


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a peer says of itself; ``origin_state_id`` is 0 where it says nothing (§8.16)."""

    origin_host: str
    origin_realm: str
    product_name: str
    application_ids: frozenset[int]
    origin_state_id: int
    plain_transport: bool

    def shares(self, application_id: int) -> bool:
        """Whether it can carry this application, as its own or as a relay."""
        return application_id in self.application_ids or RELAY in self.application_ids


def read_origin_host(message: Message) -> str:
    """Who says it, in lower case. FaultError where that cannot be read, or is said twice."""
    return _identity(message.avps(), ORIGIN_HOST)


def read_capabilities(message: Message) -> Capabilities:
    """What a CER tells. FaultError for what is malformed, missing or must be understood and is not."""
    avps = message.avps()
    refuse_unknown(avps, BASE_AVPS)
    application_ids: set[int] = set()
    for avp in avps:
        if avp.key == AUTH_APPLICATION_ID:
            application_ids.add(avp.unsigned32())
        elif avp.key == VENDOR_SPECIFIC_APPLICATION_ID:
            application_ids.update(inner.unsigned32() for inner in avp.group() if inner.key == AUTH_APPLICATION_ID)
    security = [avp.unsigned32() for avp in avps if avp.key == INBAND_SECURITY_ID]
    product_name = _single(avps, PRODUCT_NAME)
    state_id = _single(avps, ORIGIN_STATE_ID)
    return Capabilities(
        origin_host=_identity(avps, ORIGIN_HOST),
        origin_realm=_identity(avps, ORIGIN_REALM),
        product_name="" if product_name is None else _printable(product_name.utf8()),
        application_ids=frozenset(application_ids),
        origin_state_id=0 if state_id is None else state_id.unsigned32(),
        plain_transport=not security or _NO_INBAND_SECURITY in security,
    )


def write_capabilities(
    request: Message, identity: Identity, application_id: int, addresses: Sequence[IPv4Address | IPv6Address]
) -> bytes:
    """The CEA that agrees.

    The application stands there twice, by itself and as 3GPP's, because clients look for either. There is no
    Origin-State-Id: a higher one would tell peers that our sessions are lost (§8.16), and they outlive this process.
    """
    return write_answer(
        request, write_result(ResultCode.SUCCESS) + identity.avps + capability_avps(application_id, addresses)
    )


def capability_avps(application_id: int, addresses: Sequence[IPv4Address | IPv6Address]) -> bytes:
    """What a CEA says of us besides who we are, which one that refuses says too (§5.3.2)."""
    application = write_unsigned32(AUTH_APPLICATION_ID, application_id)
    return b"".join([
        *(write_address(HOST_IP_ADDRESS, address) for address in addresses),
        write_unsigned32(VENDOR_ID, _NO_VENDOR),
        write_utf8(PRODUCT_NAME, _PRODUCT, mandatory=False),
        write_unsigned32(SUPPORTED_VENDOR_ID, THREE_GPP),
        application,
        write_group(VENDOR_SPECIFIC_APPLICATION_ID, write_unsigned32(VENDOR_ID, THREE_GPP), application),
    ])  # fmt: skip


def write_success(request: Message, identity: Identity) -> bytes:
    """DWA and DPA."""
    return write_answer(request, write_result(ResultCode.SUCCESS) + identity.avps)


def check_base_request(message: Message) -> None:
    """Raise FaultError where a DWR or DPR is malformed or holds what must be understood and is not."""
    refuse_unknown(message.avps(), BASE_AVPS)


def disconnect_avps(identity: Identity, cause: DisconnectCause) -> bytes:
    """What a DPR says."""
    return identity.avps + write_integer32(DISCONNECT_CAUSE, cause)


def read_disconnect_cause(message: Message) -> str:
    """Why the peer leaves, as a word for a log."""
    avp = find_avp(message.avps(), DISCONNECT_CAUSE)
    if avp is None:
        return "unsaid"
    cause = avp.integer32()
    return DisconnectCause(cause).name.lower() if cause in _CAUSES else str(cause)


def _identity(avps: Sequence[Avp], key: int) -> str:
    avp = _single(avps, key)
    if avp is None:
        raise missing_avp(key)
    text = avp.utf8().lower()
    if not text or len(text) > _IDENTITY_CHARACTERS_MAX or not text.isascii() or not text.isprintable():
        raise avp.wrong_value("no DiameterIdentity")
    return text


def _single(avps: Sequence[Avp], key: int) -> Avp | None:
    found = [avp for avp in avps if avp.key == key]
    if len(found) > 1:
        raise found[1].occurs_too_often()
    return found[0] if found else None


def _printable(text: str) -> str:
    """A text of the peer as a log may hold it."""
    return "".join(
        letter for letter in text[:_PRODUCT_NAME_CHARACTERS_MAX] if letter.isascii() and letter.isprintable()
    )
