"""Signing in through a provider of identities: which administrator its subject is.

Knows providers as the operator set them: whom they speak for, and which of their role values give which role. Refuses
to know how a provider is spoken to. Nobody enters without a role that the settings map, and nobody becomes somebody
else by having their mail address: an address is what a provider says, a subject is who they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import SecretStr

from commcredits.core.access import Role
from commcredits.core.mail_addresses import is_mail_address
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.administrator_records import ADMINISTRATORS_MAX, LANGUAGES, NAME_CHARACTERS_MAX
from commcredits.operations.inputs import UNSHOWABLE
from commcredits.operations.invitations import Invitation, use_invitation
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.services import Services
from commcredits.operations.visits import Entrant, OpenVisit, Way
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID

SUBJECT_CHARACTERS_MAX: Final = 255
"""OpenID Connect Core 1.0 §2, ``sub``."""

_ROLE_VALUES_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A provider as it was set. ``title`` is what its button says.

    ``organization_id`` is whom it speaks for, the operator's id for staff; None where the value of
    ``organization_claim`` says so by ``organizations``. ``roles`` maps values of ``role_claim``.
    """

    name: str
    title: str
    issuer: str
    client_id: str
    client_secret: SecretStr | None = field(repr=False)
    organization_id: str | None
    organization_claim: str
    organizations: Mapping[str, str]
    role_claim: str
    roles: Mapping[str, Role]
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who a provider says somebody is, and for whom; ``roles`` are those that the settings map, at least one."""

    provider: str
    issuer: str
    subject: str
    organization_id: str
    roles: tuple[Role, ...]
    address: str
    name: str
    language: str


def identity_of(provider: Provider, claims: Mapping[str, Any]) -> Identity | Refused:
    """The identity that checked claims tell. SIGN_IN_FAILED says in ``reason`` what the settings do not map."""
    organization_id = provider.organization_id
    if organization_id is None:
        value = claims.get(provider.organization_claim)
        organization_id = provider.organizations.get(value) if isinstance(value, str) else None
    if organization_id is None:
        return _refused("wrong_organization")
    values = claims.get(provider.role_claim)
    values = [values] if isinstance(values, str) else values if isinstance(values, list) else []
    said = {provider.roles.get(value) for value in values[:_ROLE_VALUES_MAX] if isinstance(value, str)} - {None}
    roles = tuple(role for role in Role if role in said and role.is_operators == (organization_id == OPERATOR_ID))
    if not roles:
        return _refused("no_role")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 1 <= len(subject) <= SUBJECT_CHARACTERS_MAX or UNSHOWABLE.search(subject):
        return _refused("no_subject")
    address = next(
        (text for name in ("email", "preferred_username", "upn") if is_mail_address(text := str(claims.get(name, "")))),
        "",
    )
    name = UNSHOWABLE.sub("", str(claims.get("name") or ""))[:NAME_CHARACTERS_MAX].strip()
    locale = str(claims.get("locale") or "")[:2].lower()
    return Identity(
        provider=provider.name,
        issuer=str(claims["iss"]),
        subject=subject,
        organization_id=organization_id,
        roles=roles,
        address=address,
        name=name or address,
        language=locale if locale in LANGUAGES else "",
    )


async def sign_in_identity(services: Services, identity: Identity) -> Entrant | Refused:
    """The administrator whom this identity is; one is made at the first sign-in.

    SIGN_IN_FAILED says in ``reason``: disabled, no_address, or address_taken, where somebody else who has this address
    is an administrator already and has to link the identity to themselves.
    """
    place = (services.shard_id, identity.organization_id)
    organization_name, language = "", "en"
    if identity.organization_id != OPERATOR_ID:
        organization = await get_organization(services, organization_id=identity.organization_id)
        if not isinstance(organization, Organization):
            return _refused("wrong_organization")
        organization_name, language = organization.name, organization.language
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.fetch(load_statement("lock_administrators"), *place)
        row = await connection.fetchrow(load_statement("find_identity"), *place, identity.issuer, identity.subject)
        if row is None:
            entrant = await _first_sign_in(connection, services, identity, identity.language or language)
        elif row["state"] != "active":
            return _refused("disabled")
        else:
            roles = tuple(Role(word) for word in row["roles"])
            administrator_id = str(row["administrator_id"])
            if row["roles_from_provider"] and roles != identity.roles:
                roles = identity.roles
                words = [role.value for role in roles]
                await connection.execute(load_statement("set_administrator_roles"), *place, administrator_id, words)
                now = services.clock()
                await connection.execute(
                    load_statement("end_visits_of_administrator"), *place, administrator_id, now, None
                )
            entrant = _entrant(identity, administrator_id, roles)
    if isinstance(entrant, Refused):
        return entrant
    return Entrant(
        organization_id=entrant.organization_id,
        administrator_id=entrant.administrator_id,
        roles=entrant.roles,
        way=Way.PROVIDER,
        detail=identity.provider,
        organization_name=organization_name,
    )


async def accept_with_identity(services: Services, invitation: Invitation, identity: Identity) -> Entrant | Refused:
    """Accept an invitation as whoever a provider knows, if the provider speaks for that organization."""
    if identity.organization_id != invitation.organization_id:
        return _refused("wrong_organization")
    async with services.pool.acquire() as connection, connection.transaction():
        entrant = await use_invitation(
            connection, services, invitation, person_id=None, way=Way.PROVIDER, detail=identity.provider
        )
        if isinstance(entrant, Refused):
            return entrant
        if not await _link(connection, services, identity, invitation.administrator_id):
            raise IdentityTakenError
    return entrant


async def link_own_identity(services: Services, visit: OpenVisit, identity: Identity) -> Done | Refused:
    """Link an identity to whoever is signed in, if the provider speaks for their organization."""
    if visit.administrator_id is None or identity.organization_id != visit.organization_id:
        return _refused("wrong_organization")
    async with services.pool.acquire() as connection:
        linked = await _link(connection, services, identity, visit.administrator_id)
    return Done(changed=True) if linked else _refused("identity_taken")


async def is_same_person(services: Services, visit: OpenVisit, identity: Identity) -> bool:
    """Whether an identity is whoever is signed in."""
    row = await services.pool.fetchrow(
        load_statement("find_identity"),
        services.shard_id,
        visit.organization_id,
        identity.issuer,
        identity.subject,
    )
    return (
        row is not None
        and identity.organization_id == visit.organization_id
        and str(row["administrator_id"]) == visit.administrator_id
    )


async def list_own_issuers(services: Services, visit: OpenVisit) -> tuple[str, ...]:
    """At which providers whoever is signed in is known, by issuer."""
    if visit.administrator_id is None:
        return ()
    rows = await services.pool.fetch(
        load_statement("list_identities"), services.shard_id, visit.organization_id, visit.administrator_id
    )
    return tuple(row["issuer"] for row in rows)


class IdentityTakenError(Exception):
    """Somebody else here is this identity already; whatever was begun is undone."""


async def _first_sign_in(
    connection: Connection, services: Services, identity: Identity, language: str
) -> Entrant | Refused:
    if not identity.address:
        return _refused("no_address")
    administrator_id = services.new_id()
    now = services.clock()
    kept = await connection.fetchval(
        load_statement("insert_administrator"),
        services.shard_id,
        identity.organization_id,
        administrator_id,
        identity.address,
        identity.name,
        language,
        [role.value for role in identity.roles],
        True,  # noqa: FBT003 - a parameter of the statement: the provider says the roles
        "active",
        now,
        now,
        ADMINISTRATORS_MAX,
    )
    if kept is None:
        return _refused("address_taken")
    linked = await _link(connection, services, identity, administrator_id)
    assert linked, "the administrators are locked, so nobody else linked it meanwhile"
    return _entrant(identity, administrator_id, identity.roles)


async def _link(connection: Connection, services: Services, identity: Identity, administrator_id: str) -> bool:
    linked = await connection.fetchval(
        load_statement("link_identity"),
        services.shard_id,
        identity.organization_id,
        identity.issuer,
        identity.subject,
        administrator_id,
        services.clock(),
    )
    return linked is not None


def _entrant(identity: Identity, administrator_id: str, roles: tuple[Role, ...]) -> Entrant:
    return Entrant(
        organization_id=identity.organization_id,
        administrator_id=administrator_id,
        roles=roles,
        way=Way.PROVIDER,
        detail=identity.provider,
    )


def _refused(reason: str) -> Refused:
    return Refused(code=RefusalCode.SIGN_IN_FAILED, facts={"reason": reason})
