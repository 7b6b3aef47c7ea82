"""What the JSON bodies of requests and answers about administrators and staff hold.

Knows fields on the wire. Refuses to know who may change what; the operations do. A link is answered where it was just
made, and nowhere else.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from commcredits.core.access import Role
from commcredits.edges.http.administration.answers import Identity, Time, time, time_or_none
from commcredits.edges.http.administration.forms import FieldForm, LanguageCode, Name, NotOfFormError
from commcredits.edges.http.administration.telling_forms import MailAddress
from commcredits.operations.administrator_records import ORGANIZATION_ROLES, STAFF_ROLES, Invited
from commcredits.operations.administrator_records import Administrator as AdministratorRecord

State = Literal["invited", "active", "disabled"]
MailState = Literal["none", "waiting", "sent", "failed"]


def _roles_form(allowed: tuple[Role, ...]) -> FieldForm:
    words = [role.value for role in allowed]

    def read(value: object) -> list[str]:
        if not isinstance(value, list) or not value or any(each not in words for each in value):
            raise NotOfFormError
        if len(set(value)) != len(value):
            raise NotOfFormError
        return value

    schema: dict[str, Any] = {
        "type": "array",
        "minItems": 1,
        "maxItems": len(words),
        "uniqueItems": True,
        "items": {"type": "string", "enum": words},
    }
    return FieldForm(read=read, allowed=f"an array of one or more of {', '.join(words)}, each once", schema=schema)


AdministratorRoles = Annotated[list[str], _roles_form(ORGANIZATION_ROLES)]
StaffRoles = Annotated[list[str], _roles_form(STAFF_ROLES)]


def _by_link(value: object) -> bool:
    if type(value) is not bool:
        raise NotOfFormError
    return value


ByLink = Annotated[
    bool,
    FieldForm(
        read=_by_link,
        allowed="true or false",
        schema={
            "type": "boolean",
            "description": "Whether the link is answered, once, instead of mailed: for the operator's people alone.",
        },
    ),
]

_EXAMPLE: Final[dict[str, Any]] = {"address": "front.desk@example.com", "name": "Recepție"}


def _strict(**example: Any) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class AdministratorToInvite(BaseModel):
    """Whom to invite. Left out, the language is the organization's."""

    model_config = _strict(**_EXAMPLE, roles=["billing_administrator"], language="ro")

    address: MailAddress
    name: Name
    roles: AdministratorRoles
    language: LanguageCode | None = None
    by_link: ByLink = False


class StaffToInvite(BaseModel):
    """Whom to invite. Left out, the language is English."""

    model_config = _strict(**_EXAMPLE, roles=["operator_staff"])

    address: MailAddress
    name: Name
    roles: StaffRoles
    language: LanguageCode | None = None
    by_link: ByLink = False


class AdministratorRolesToGive(BaseModel):
    """Roles in the place of those before."""

    model_config = _strict(roles=["support", "reports_reader"])

    roles: AdministratorRoles


class StaffRolesToGive(BaseModel):
    """Roles in the place of those before."""

    model_config = _strict(roles=["operator_staff"])

    roles: StaffRoles


class InvitationOpen(BaseModel):
    """An invitation that waits; ``mail_state`` is none where the link was handed over by hand."""

    expires_at: Time
    mail_state: MailState


class Administrator(BaseModel):
    """Somebody who administers, or is to. ``invitation`` is null where none is open.

    ``roles_from_provider`` says that a provider of identities gives the roles anew at each sign-in.
    """

    administrator_id: Identity
    address: str
    name: str
    language: str
    roles: list[Role]
    roles_from_provider: bool
    state: State
    created_at: Time
    accepted_at: Time | None
    signed_in_at: Time | None
    invitation: InvitationOpen | None


class AdministratorInvited(Administrator):
    """The same with a fresh invitation; ``link`` is null where a letter brings it."""

    link: Annotated[str | None, Field(description="Where the invitation is accepted, once. It is shown this once.")]


def administrator(record: AdministratorRecord) -> Administrator:
    """Somebody, as they are answered."""
    return Administrator(**_fields(record))


def invited(record: Invited) -> AdministratorInvited:
    """Somebody who was just invited, as they are answered."""
    link = None if record.link is None else record.link.get_secret_value()
    return AdministratorInvited(**_fields(record.administrator), link=link)


def _fields(record: AdministratorRecord) -> dict[str, Any]:
    waiting = record.invitation
    return {
        "administrator_id": record.administrator_id,
        "address": record.address,
        "name": record.name,
        "language": record.language,
        "roles": list(record.roles),
        "roles_from_provider": record.roles_from_provider,
        "state": record.state,
        "created_at": time(record.created_at),
        "accepted_at": time_or_none(record.accepted_at),
        "signed_in_at": time_or_none(record.signed_in_at),
        "invitation": None
        if waiting is None
        else InvitationOpen(expires_at=time(waiting.expires_at), mail_state=waiting.mail_state),
    }
