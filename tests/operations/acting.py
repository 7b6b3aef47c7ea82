"""People and programs that act: an actor with these roles, of one organization or of the operator."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.operations.services import Services
from tests.operations.office import NOON


def actor_of(*roles: Role, organization_id: str | None = None, at: datetime = NOON, **fields: Any) -> Actor:
    """A person with these roles who has just proved who they are."""
    known = "-".join(role.value for role in roles)
    actor = Actor(
        kind=ActorKind.PERSON,
        actor_id=f"person:{known}",
        name=known.replace("_", " "),
        permissions=permissions_of(roles),
        organization_id=organization_id,
        roles=roles,
        source="192.0.2.7",
        edge="portal",
        proved_at=at,
    )
    return replace(actor, **fields)


def administrator(services: Services, organization_id: str, **fields: Any) -> Services:
    """The services of an organization's global administrator."""
    return services.acting_as(actor_of(Role.GLOBAL_ADMINISTRATOR, organization_id=organization_id, **fields))


def owner(services: Services, **fields: Any) -> Services:
    """The services of whoever owns the installation."""
    return services.acting_as(actor_of(Role.OPERATOR_OWNER, **fields))
