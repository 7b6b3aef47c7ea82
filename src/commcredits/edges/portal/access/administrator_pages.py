"""The pages Administrators of an organization and Staff of the operator: who there is, inviting, roles, shutting out.

Knows one set of pages for both; a desk says whom they are about and asks the operations. Refuses to decide who may.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from starlette.responses import Response

from commcredits.core.access import Role
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.access.words import ROLE_EXPLANATIONS, ROLE_NAMES
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.rendering import OTHER_LANGUAGE_NAMES
from commcredits.edges.translations import marked
from commcredits.operations import administrators, staff
from commcredits.operations.administrator_records import ORGANIZATION_ROLES, STAFF_ROLES, Invited
from commcredits.operations.organizations import Organization

_DONE: Final = {
    "invited": marked("The invitation is on its way"),
    "withdrawn": marked("The invitation was withdrawn"),
    "changed": marked("The roles were changed"),
    "disabled": marked("The access was switched off"),
    "enabled": marked("The access was switched on"),
}
_FIELDS: Final = ("name", "address", "language")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Whom the pages are about: ``place`` are the operations' arguments for it, ``root`` the address of the list."""

    root: str
    roles: tuple[Role, ...]
    writes: bool
    organization: Organization | None
    place: dict[str, str] = field(default_factory=dict)
    everybody: Callable[..., Awaitable[Any]]
    one: Callable[..., Awaitable[Any]]
    invite: Callable[..., Awaitable[Any]]
    invite_again: Callable[..., Awaitable[Any]]
    withdraw: Callable[..., Awaitable[Any]]
    change_roles: Callable[..., Awaitable[Any]]
    disable: Callable[..., Awaitable[Any]]
    enable: Callable[..., Awaitable[Any]]

    @property
    def frame(self) -> dict[str, object]:
        """What the frame around a page needs."""
        return {"console": True} if self.organization is None else {"organization": self.organization}


async def organization_desk(door: Door, page: Page) -> Desk | Refused:
    """The administrators of the organization that the address names."""
    organization = await door.organization(page)
    if isinstance(organization, Refused):
        return organization
    return Desk(
        root=f"{page.links.root}/organizations/{page.organization_id}/administrators",
        roles=ORGANIZATION_ROLES,
        writes=page.may("administrators.write"),
        organization=organization,
        place={"organization_id": page.organization_id},
        everybody=administrators.list_administrators,
        one=administrators.get_administrator,
        invite=administrators.invite_administrator,
        invite_again=administrators.resend_invitation,
        withdraw=administrators.withdraw_invitation,
        change_roles=administrators.change_administrator_roles,
        disable=administrators.disable_administrator,
        enable=administrators.enable_administrator,
    )


async def staff_desk(_door: Door, page: Page) -> Desk | Refused:
    """The operator's staff."""
    return Desk(
        root=f"{page.links.root}/console/staff",
        roles=STAFF_ROLES,
        writes=page.may("operator.staff"),
        organization=None,
        everybody=staff.list_staff,
        one=staff.get_staff,
        invite=staff.invite_staff,
        invite_again=staff.resend_staff_invitation,
        withdraw=staff.withdraw_staff_invitation,
        change_roles=staff.change_staff_roles,
        disable=staff.disable_staff,
        enable=staff.enable_staff,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdministratorPages:
    """Each method answers one address; ``desk_of`` says whom a page is about."""

    door: Door
    desk_of: Callable[[Door, Page], Awaitable[Desk | Refused]]

    async def show(self, page: Page) -> Response:
        """Everybody, by name."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        people = await desk.everybody(page.services, **desk.place)
        if isinstance(people, Refused):
            return self.door.refused(page, people)
        done = _DONE.get(page.request.query_params.get("done", ""), "")
        return self._html("access/administrators.html", page, desk, people=people, done=done)

    async def invite_form(self, page: Page) -> Response:
        """Whom to invite, and with which roles."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        if not desk.writes:
            return self.door.refused(page, Refused(code=RefusalCode.NOT_PERMITTED))
        language = page.language if desk.organization is None else desk.organization.language
        form = FormView(values={"name": "", "address": "", "language": language}, command_id=new_command_id())
        return self._html("access/administrator_invite.html", page, desk, form=form, chosen=())

    async def invite(self, page: Page) -> Response:
        """Invite somebody; the link is shown, once, where no letter brings it."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        chosen = _chosen_roles(page, desk)
        values = {name: page.form.get(name, "").strip() for name in _FIELDS}
        invited = await desk.invite(page.services, **desk.place, **values, roles=chosen)
        if isinstance(invited, Refused):
            form = _refused_form(page, invited, values)
            if form is None:
                return self.door.refused(page, invited)
            return self._html("access/administrator_invite.html", page, desk, status=422, form=form, chosen=chosen)
        return self._invited(page, desk, invited)

    async def one(self, page: Page) -> Response:
        """One of them: state, invitation, roles."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        return await self._one(page, desk)

    async def change_roles(self, page: Page) -> Response:
        """Give somebody other roles."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        changed = await desk.change_roles(page.services, **desk.place, **_who(page), roles=_chosen_roles(page, desk))
        if isinstance(changed, Refused) and changed.facts.get("field") == "roles":
            return await self._one(page, desk, problem=page.speech.say(marked("Choose at least one role.")))
        return await self._done(page, desk, changed, "changed")

    async def invite_again(self, page: Page) -> Response:
        """Send another invitation; the one before opens nothing any more."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        invited = await desk.invite_again(page.services, **desk.place, **_who(page))
        if isinstance(invited, Refused):
            return self.door.refused(page, invited)
        return self._invited(page, desk, invited)

    async def withdraw(self, page: Page) -> Response:
        """Withdraw an invitation."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        return await self._done(page, desk, await desk.withdraw(page.services, **desk.place, **_who(page)), "withdrawn")

    async def disable(self, page: Page) -> Response:
        """Shut somebody out."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        return await self._done(page, desk, await desk.disable(page.services, **desk.place, **_who(page)), "disabled")

    async def enable(self, page: Page) -> Response:
        """Let somebody in again."""
        desk, page = await self._begin(page)
        if isinstance(desk, Refused):
            return self.door.refused(page, desk)
        return await self._done(page, desk, await desk.enable(page.services, **desk.place, **_who(page)), "enabled")

    async def _begin(self, page: Page) -> tuple[Desk | Refused, Page]:
        desk = await self.desk_of(self.door, page)
        if isinstance(desk, Refused) or desk.organization is None:
            return desk, page
        return desk, page.in_time_zone(desk.organization.time_zone)

    async def _one(self, page: Page, desk: Desk, *, problem: str = "") -> Response:
        found = await desk.one(page.services, **desk.place, **_who(page))
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        return self._html(
            "access/administrator.html", page, desk, status=422 if problem else 200, person=found, problem=problem
        )

    async def _done(self, page: Page, desk: Desk, outcome: object, done: str) -> Response:
        if not isinstance(outcome, Refused):
            return self.door.see_other(f"{desk.root}?done={done}")
        if outcome.code is RefusalCode.LAST_ADMINISTRATOR:
            return await self._one(page, desk, problem=page.speech.refusal(outcome, ""))
        return self.door.refused(page, outcome)

    def _invited(self, page: Page, desk: Desk, invited: Invited) -> Response:
        if invited.link is None:
            return self.door.see_other(f"{desk.root}?done=invited")
        return self._html(
            "access/administrator_link.html",
            page,
            desk,
            person=invited.administrator,
            link=invited.link.get_secret_value(),
        )

    def _html(self, template: str, page: Page, desk: Desk, *, status: int = 200, **values: object) -> Response:
        return self.door.html(
            template,
            page,
            status=status,
            desk=desk,
            now=self.door.now(),
            role_names=ROLE_NAMES,
            role_explanations=ROLE_EXPLANATIONS,
            language_names=OTHER_LANGUAGE_NAMES,
            **desk.frame,
            **values,
        )


def _who(page: Page) -> dict[str, str]:
    return {"administrator_id": str(page.request.path_params["administrator_id"])}


def _chosen_roles(page: Page, desk: Desk) -> Sequence[str]:
    return [role.value for role in desk.roles if page.form.get(f"role_{role.value}")]


def _refused_form(page: Page, refused: Refused, values: dict[str, str]) -> FormView | None:
    """The form with what is wrong in it; None where no field is."""
    field_name = str(refused.facts.get("field", ""))
    if refused.code is RefusalCode.ADMINISTRATOR_TAKEN:
        errors = {"address": page.speech.refusal(refused, "")}
    elif refused.code is RefusalCode.INVALID_INPUT and field_name in _SENTENCES:
        errors = {field_name: page.speech.say(_SENTENCES[field_name])}
    else:
        return None
    return FormView(values=values, errors=errors, command_id=new_command_id())


_SENTENCES: Final = {
    "name": marked("Enter a name of at most 200 characters."),
    "address": marked("Enter a plain mail address, such as front.desk@example.com."),
    "language": marked("Choose one of the languages."),
    "roles": marked("Choose at least one role."),
}
