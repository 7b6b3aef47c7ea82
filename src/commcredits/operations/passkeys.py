"""Passkeys (WebAuthn): new ones, signing in with one, and looking over one's own.

Knows persons, whose passkeys they are, and the checks of W3C Web Authentication through its library. Refuses a passkey
that did not make sure of its owner (a PIN, a fingerprint, a face), and one whose counter went back. Refuses to know
where challenges come from: whoever shows the page makes them, and each is spent here.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from webauthn import verify_authentication_response, verify_registration_response
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.registration.verify_registration_response import VerifiedRegistration

from commcredits.core.access import Role
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.invitations import Invitation, use_invitation
from commcredits.operations.services import Services
from commcredits.operations.sign_in_throttle import count_try, forgive
from commcredits.operations.visits import Came, Entrant, OpenVisit, Way, spend_code
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID

PASSKEYS_MAX: Final = 20
"""Most passkeys of one person."""

NAME_CHARACTERS_MAX: Final = 100
CHALLENGE_LASTS: Final = timedelta(minutes=10)

_TRANSPORTS: Final = frozenset({"ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"})
_MALFORMED: Final = (WebAuthnException, ValueError, KeyError, TypeError, AttributeError)
"""What the library raises for what is not right, and for what is no answer of a passkey at all."""

REFUSED: Final = Refused(code=RefusalCode.SIGN_IN_FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where passkeys hold: the host's name and the whole origin, as browsers say it."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a browser answered to a challenge: JSON text, as it came."""

    credential: str
    challenge: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One passkey, as its owner sees it; ``used_at`` is None until somebody signed in with it."""

    passkey_id: str
    name: str
    credential_id: bytes
    transports: tuple[str, ...]
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognised:
    """Whose passkey it was, and whom that person may be."""

    person_id: str
    entrants: tuple[Entrant, ...]


def new_person(services: Services) -> str:
    """An id for somebody who has no passkey yet: random, for passkeys carry it."""
    return str(uuid.UUID(int=services.random_bits(128), version=4))


def handle_of(person_id: str) -> bytes:
    """What a passkey knows its person by."""
    return uuid.UUID(person_id).bytes


async def recognise(services: Services, answer: Answer, site: Site, *, came: Came) -> Recognised | Refused:
    """Whose passkey answered, and whom they may be: nobody, where every administrator of theirs is disabled.

    Unknown and wrong get the same answer.
    """
    counted = await count_try(services, source=came.source)
    if isinstance(counted, Refused):
        return counted
    person_id = await _verified_person(services, answer, site)
    if person_id is None:
        return REFUSED
    await forgive(services, counted)
    rows = await services.pool.fetch(load_statement("administrators_of_person"), services.shard_id, person_id)
    entrants = tuple(
        Entrant(
            organization_id=str(row["organization_id"]),
            administrator_id=str(row["administrator_id"]),
            roles=tuple(Role(word) for word in row["roles"]),
            way=Way.PASSKEY,
            organization_name=row["organization_name"],
        )
        for row in rows
    )
    return Recognised(person_id=person_id, entrants=entrants)


async def accept_with_new_passkey(
    services: Services, invitation: Invitation, answer: Answer, site: Site, *, person_id: str, name: str
) -> Entrant | Refused:
    """Accept an invitation by a passkey that was made for it, for a person of its own."""
    made = await _verified_new(services, answer, site)
    if isinstance(made, Refused):
        return made
    async with services.pool.acquire() as connection, connection.transaction():
        entrant = await use_invitation(connection, services, invitation, person_id=person_id, way=Way.PASSKEY)
        if isinstance(entrant, Refused):
            return entrant
        if not await _keep(connection, services, person_id, made, answer, name):
            # Nothing stays of it: the invitation can be accepted by another passkey.
            raise PasskeyTakenError
    return entrant


async def accept_with_own_passkey(
    services: Services, invitation: Invitation, recognised: Recognised
) -> Entrant | Refused:
    """Accept an invitation by a passkey that the person has already, so that one opens all that they administer."""
    async with services.pool.acquire() as connection, connection.transaction():
        return await use_invitation(connection, services, invitation, person_id=recognised.person_id, way=Way.PASSKEY)


async def list_own_passkeys(services: Services, visit: OpenVisit) -> tuple[Passkey, ...]:
    """The passkeys of whoever is signed in, oldest first."""
    if visit.person_id is None:
        return ()
    rows = await services.pool.fetch(load_statement("list_passkeys"), services.shard_id, OPERATOR_ID, visit.person_id)
    return tuple(
        Passkey(
            passkey_id=str(row["passkey_id"]),
            name=row["name"],
            credential_id=row["credential_id"],
            transports=tuple(row["transports"]),
            created_at=row["created_at"],
            used_at=row["used_at"],
        )
        for row in rows
    )


async def add_own_passkey(
    services: Services, visit: OpenVisit, answer: Answer, site: Site, *, name: str
) -> Done | Refused:
    """Give whoever is signed in one more passkey; they must have proved lately who they are."""
    if visit.person_id is None:
        return REFUSED
    refused = refuse_name("name", name, NAME_CHARACTERS_MAX)
    if refused is not None:
        return refused
    made = await _verified_new(services, answer, site)
    if isinstance(made, Refused):
        return made
    async with services.pool.acquire() as connection:
        kept = await _keep(connection, services, visit.person_id, made, answer, name)
    return Done(changed=True) if kept else invalid_input("name", name, f"one of at most {PASSKEYS_MAX} passkeys")


async def remove_own_passkey(
    services: Services, visit: OpenVisit, *, passkey_id: str, other_way: bool
) -> Done | Refused:
    """Forget a passkey of whoever is signed in; the last one only where they have another way in."""
    if visit.person_id is None or not is_identifier(passkey_id):
        return Done(changed=False)
    place = (services.shard_id, OPERATOR_ID, visit.person_id)
    async with services.pool.acquire() as connection, connection.transaction():
        held = await connection.fetch(load_statement("lock_passkeys"), *place)
        gone = await connection.fetchval(load_statement("delete_passkey"), *place, passkey_id, other_way)
    if gone is None and any(str(row["passkey_id"]) == passkey_id for row in held):
        return invalid_input("passkey_id", passkey_id, "not the only way in: add another passkey first")
    return Done(changed=gone is not None)


class PasskeyTakenError(Exception):
    """The authenticator answered with a passkey that is kept already, which an honest one never does."""


async def _verified_person(services: Services, answer: Answer, site: Site) -> str | None:
    parsed = _parsed(answer.credential)
    if parsed is None:
        return None
    row = await services.pool.fetchrow(
        load_statement("find_passkey"), services.shard_id, OPERATOR_ID, parsed.credential_id
    )
    if row is None or parsed.user_handle != handle_of(str(row["person_id"])):
        return None
    try:
        verified: VerifiedAuthentication = verify_authentication_response(
            credential=parsed.document,
            expected_challenge=answer.challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            credential_public_key=row["public_key"],
            credential_current_sign_count=row["sign_count"],
            require_user_verification=True,
        )
    except _MALFORMED:
        return None
    if not await spend_code(services, answer.challenge.hex(), lasts=CHALLENGE_LASTS):
        return None
    used = await services.pool.fetchval(
        load_statement("use_passkey"),
        services.shard_id,
        OPERATOR_ID,
        row["passkey_id"],
        row["sign_count"],
        verified.new_sign_count,
        services.clock(),
    )
    return None if used is None else str(row["person_id"])


async def _verified_new(services: Services, answer: Answer, site: Site) -> VerifiedRegistration | Refused:
    parsed = _parsed(answer.credential)
    if parsed is None:
        return REFUSED
    try:
        made = verify_registration_response(
            credential=parsed.document,
            expected_challenge=answer.challenge,
            expected_rp_id=site.host,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _MALFORMED:
        return REFUSED
    if not await spend_code(services, answer.challenge.hex(), lasts=CHALLENGE_LASTS):
        return REFUSED
    return made


async def _keep(
    connection: Connection,
    services: Services,
    person_id: str,
    made: VerifiedRegistration,
    answer: Answer,
    name: str,
) -> bool:
    parsed = _parsed(answer.credential)
    transports: Any = None if parsed is None else parsed.document.get("response", {}).get("transports")
    known = sorted(_TRANSPORTS.intersection(each for each in transports or () if isinstance(each, str)))
    kept = await connection.fetchval(
        load_statement("insert_passkey"),
        services.shard_id,
        OPERATOR_ID,
        services.new_id(),
        person_id,
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        known,
        name,
        services.clock(),
        PASSKEYS_MAX,
    )
    return kept is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parsed:
    document: dict[str, Any]
    credential_id: bytes
    user_handle: bytes


def _parsed(credential: str) -> _Parsed | None:
    """The answer's parts that are looked at before the library checks it; None for what is none."""
    try:
        document = json.loads(credential)
        response = document["response"]
        return _Parsed(
            document=document,
            credential_id=_decoded(document["id"]),
            user_handle=_decoded(response.get("userHandle") or ""),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error):
        return None


def _decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
