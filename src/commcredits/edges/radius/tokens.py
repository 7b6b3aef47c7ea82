"""What a call's Class says: whose it is and which session, so that a restart of ours forgets nothing (RFC 2865 §5.25).

Knows its form and its proof. Refuses to know calls. An access server sends the Class of an Access-Accept back with each
accounting request; the proof keeps one client from telling of the calls of another.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from commcredits.edges.radius.attributes import Attribute
from commcredits.edges.radius.clients import Client
from commcredits.edges.radius.packets import Packet

_CALL: Final = b"cc1c"
_EMERGENCY: Final = b"cc1e"
_MARK_BYTES: Final = 4
_PROOF_BYTES: Final = 16
_ORGANIZATION_AT: Final = _MARK_BYTES + _PROOF_BYTES
_SESSION_AT: Final = _ORGANIZATION_AT + 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """Whose call it is; an emergency is never cut."""

    organization_id: str
    session_id: str
    emergency: bool = False


def write_token(client: Client, token: Token) -> bytes:
    """The Class of a call of this client: at most 164 octets."""
    mark = _EMERGENCY if token.emergency else _CALL
    content = UUID(token.organization_id).bytes + token.session_id.encode("ascii")
    return mark + _proof(client, mark, content) + content


def read_token(client: Client, packet: Packet) -> Token | None:
    """What the first Class of ours in a packet of this client says; None where there is none that is proven."""
    for number, value in packet.attributes:
        if number != Attribute.CLASS or len(value) <= _SESSION_AT:
            continue
        mark, proof, content = value[:_MARK_BYTES], value[_MARK_BYTES:_ORGANIZATION_AT], value[_ORGANIZATION_AT:]
        if mark not in {_CALL, _EMERGENCY} or not hmac.compare_digest(proof, _proof(client, mark, content)):
            continue
        return Token(
            organization_id=str(UUID(bytes=content[:16])),
            session_id=content[16:].decode("ascii"),
            emergency=mark == _EMERGENCY,
        )
    return None


def _proof(client: Client, mark: bytes, content: bytes) -> bytes:
    return hmac.digest(client.class_key, mark + content, "sha256")[:_PROOF_BYTES]
