"""The resources that we keep of a directory, as SCIM describes them, and the way between them and our records.

Knows attributes. Refuses to publish an attribute that would not be kept: what a directory sends beyond these is left.
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import Field
from scim2_models import (
    URN,
    AnyExtension,
    CaseExact,
    ComplexAttribute,
    Extension,
    Meta,
    Mutability,
    Reference,
    Required,
    Resource,
    Uniqueness,
)

from commcredits.operations.directory_groups import DirectoryGroup, GroupContent
from commcredits.operations.directory_users import DirectoryUser, UserContent

USER: Final = "User"
GROUP: Final = "Group"


class Name(ComplexAttribute):
    """What a person is called."""

    given_name: str | None = None
    family_name: str | None = None


class GroupOfUser(ComplexAttribute):
    """A group that a user is in."""

    value: Annotated[str | None, Mutability.read_only, CaseExact.true] = None
    display: Annotated[str | None, Mutability.read_only] = None


class Department(Extension):
    """What of the enterprise extension is kept."""

    __schema__ = URN("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User")

    department: str | None = None


class Telephony(Extension):
    """What telephony needs of a user: the country that calls and minutes go by, ISO 3166-1 alpha-2."""

    __schema__ = URN("urn:commcredits:scim:schemas:extension:telephony:2.0:User")

    usage_location: Annotated[str | None, CaseExact.true] = Field(default=None, examples=["RO", "DE", "US"])


class User(Resource[AnyExtension]):
    """A user. ``active`` false takes every licence."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:User")

    user_name: Annotated[str | None, Uniqueness.server, Required.true] = None
    name: Name | None = None
    display_name: str | None = None
    active: bool | None = None
    groups: Annotated[list[GroupOfUser] | None, Mutability.read_only] = None


OurUser = User[Department | Telephony]
"""A user with both extensions."""


class Member(ComplexAttribute):
    """A user who is in a group."""

    value: Annotated[str | None, Mutability.immutable, CaseExact.true] = None
    ref: Annotated[Reference[User] | None, Mutability.immutable] = Field(  # type: ignore[type-arg] # by its name alone
        default=None, serialization_alias="$ref", validation_alias="$ref"
    )
    type: Annotated[str | None, Mutability.immutable] = Field(default=None, examples=["User"])


class Group(Resource[Any]):
    """A group, whose members have its licences."""

    __schema__ = URN("urn:ietf:params:scim:schemas:core:2.0:Group")

    display_name: Annotated[str | None, Required.true] = None
    members: list[Member] | None = None


def user_resource(user: DirectoryUser, root: str) -> OurUser:
    """A user as SCIM tells it; ``root`` is the address of the organization's service."""
    resource = OurUser(
        id=user.party_id,
        external_id=user.external_id or None,
        user_name=user.user_name,
        display_name=user.display_name or None,
        active=user.is_active,
        name=Name(given_name=user.given_name or None, family_name=user.family_name or None)
        if user.given_name or user.family_name
        else None,
        groups=[GroupOfUser(value=each, display=name) for each, name in user.groups] or None,
        meta=Meta(
            resource_type=USER,
            created=user.created_at,
            last_modified=user.changed_at,
            location=Reference(f"{root}/Users/{user.party_id}"),
        ),
    )
    if user.department:
        resource[Department] = Department(department=user.department)
    if user.usage_location:
        resource[Telephony] = Telephony(usage_location=user.usage_location)
    return resource


def user_content(resource: OurUser) -> UserContent:
    """What a directory says of a user."""
    name = resource.name or Name()
    department, telephony = resource[Department], resource[Telephony]
    return UserContent(
        user_name=resource.user_name or "",
        display_name=resource.display_name or "",
        given_name=name.given_name or "",
        family_name=name.family_name or "",
        usage_location=(telephony.usage_location if telephony else None) or "",
        department=(department.department if department else None) or "",
        external_id=resource.external_id or "",
        is_active=resource.active is not False,
    )


def group_resource(group: DirectoryGroup, root: str) -> Group:
    """A group as SCIM tells it."""
    members = [Member(value=each, type=USER, ref=Reference(f"{root}/Users/{each}")) for each in group.members]
    return Group(
        id=group.group_id,
        external_id=group.external_id or None,
        display_name=group.display_name,
        members=members or None,
        meta=Meta(
            resource_type=GROUP,
            created=group.created_at,
            last_modified=group.changed_at,
            location=Reference(f"{root}/Groups/{group.group_id}"),
        ),
    )


def group_content(resource: Group) -> GroupContent:
    """What a directory says of a group."""
    return GroupContent(
        display_name=resource.display_name or "",
        external_id=resource.external_id or "",
        members=tuple(each.value for each in resource.members or () if each.value),
    )
