"""The pages of notices: what there was to tell and to whom it was told, and who hears of what.

Knows which question each page asks of the operations and which template shows the answer. Refuses to know how mails are
sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commcredits.core.access import Permission
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.rendering import OTHER_LANGUAGE_NAMES
from commcredits.edges.portal.telling.words import groups_of_kinds
from commcredits.edges.portal.uploads import many_fields
from commcredits.edges.translations import marked
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations import notices, recipients
from commcredits.operations.notice_kinds import CHOICES, NoticeGroup
from commcredits.operations.organizations import Organization
from commcredits.operations.recipients import Recipient

NOTICES_PER_PAGE: Final = 25

_ROOT: Final = "/organizations/{organization_id:uuid}/notices"
_FIELDS: Final = ("address", "language")
_BOXES: Final = many_fields(bytes_max=16_384, fields_max=80)
_DONE: Final = {"saved": marked("The recipient was saved"), "removed": marked("The recipient was removed")}
_WRONG: Final = {
    "address": marked("Enter one mail address, such as billing@example.com."),
    "language": marked("Choose one of the languages."),
    "kinds": marked("Choose at least one."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingLinks:
    """Below one organization's pages."""

    root: str

    def notices(self, **query: str) -> str:
        """What there was to tell."""
        given = {name: value for name, value in query.items() if value}
        return f"{self.root}?{urlencode(given)}" if given else self.root

    def recipients(self, step: str = "", **query: str) -> str:
        """Who hears of what, or a step there."""
        return f"{self.root}/recipients{step}" + (f"?{urlencode(query)}" if query else "")


def telling_routes(door: Door) -> list[BaseRoute]:
    """The routes. ``door`` has services."""
    pages, guarded, post = TellingPages(door=door), door.guarded, ["POST"]
    people = f"{_ROOT}/recipients"
    return [
        Route(_ROOT, guarded(pages.notices)),
        Route(people, guarded(pages.recipients)),
        Route(f"{people}/new", guarded(pages.new_form)),
        Route(f"{people}/new", guarded(pages.save, reads=_BOXES), methods=post),
        Route(f"{people}/{{recipient_id}}", guarded(pages.change_form)),
        Route(f"{people}/{{recipient_id}}/remove", guarded(pages.remove_form)),
        Route(f"{people}/{{recipient_id}}/remove", guarded(pages.remove), methods=post),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class TellingPages:
    """Each method answers one address."""

    door: Door

    async def notices(self, page: Page) -> Response:
        """What there was to tell, newest first."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        page = page.in_time_zone(organization.time_zone)
        kind = page.request.query_params.get("kind", "")
        cursor = page.request.query_params.get("cursor")
        listed = await notices.list_notices(
            page.services,
            organization_id=page.organization_id,
            kind=kind if kind in tuple(NoticeKind) else None,
            cursor=cursor,
            limit=NOTICES_PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        return self._html("telling/notices.html", page, organization, listed=listed, kind=kind, is_first=cursor is None)

    async def recipients(self, page: Page) -> Response:
        """Who hears of what."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        found = await recipients.list_recipients(page.services, organization_id=page.organization_id)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        done = _DONE.get(page.request.query_params.get("done", ""), "")
        return self._html("telling/recipients.html", page, organization, found=found, done=done)

    async def new_form(self, page: Page) -> Response:
        """Somebody who shall hear of something."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        if not page.may(Permission.NOTICES_WRITE):
            return self.door.refused(page, Refused(code=RefusalCode.NOT_PERMITTED))
        values = {"address": "", "language": organization.language}
        form = FormView(values=values, command_id=new_command_id())
        return self._form(page, organization, form, (NoticeGroup.ALL.value,), is_new=True)

    async def change_form(self, page: Page) -> Response:
        """What somebody hears of, to be changed."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        recipient = await self._one(page)
        if isinstance(recipient, Refused):
            return self.door.refused(page, recipient)
        values = {"address": recipient.address, "language": recipient.language or organization.language}
        form = FormView(values=values, command_id=new_command_id())
        return self._form(page, organization, form, recipient.kinds, is_new=False)

    async def save(self, page: Page) -> Response:
        """Keep who hears of what; an address that is there already is changed."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        chosen = tuple(choice for choice in CHOICES if page.form.get(f"kinds:{choice}") == "yes")
        values = {name: page.form.get(name, "").strip() for name in _FIELDS}
        saved = await recipients.save_recipient(
            page.services, organization_id=page.organization_id, kinds=chosen, **values
        )
        if not isinstance(saved, Refused):
            return self.door.see_other(_links(page).recipients(done="saved"))
        field = str(saved.facts.get("field", ""))
        if saved.code is not RefusalCode.INVALID_INPUT or field not in _WRONG:
            return self.door.refused(page, saved)
        form = FormView(values=values, errors={field: page.speech.say(_WRONG[field])}, command_id=new_command_id())
        return self._form(page, organization, form, chosen, is_new=True, status=422)

    async def remove_form(self, page: Page) -> Response:
        """Whether somebody shall hear of nothing more."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        recipient = await self._one(page)
        if isinstance(recipient, Refused):
            return self.door.refused(page, recipient)
        return self._html("telling/recipient_remove.html", page, organization, recipient=recipient)

    async def remove(self, page: Page) -> Response:
        """Tell somebody nothing more."""
        done = await recipients.remove_recipient(
            page.services,
            organization_id=page.organization_id,
            recipient_id=str(page.request.path_params["recipient_id"]),
        )
        if isinstance(done, Refused):
            return self.door.refused(page, done)
        return self.door.see_other(_links(page).recipients(done="removed"))

    async def _one(self, page: Page) -> Recipient | Refused:
        if not page.may(Permission.NOTICES_WRITE):
            return Refused(code=RefusalCode.NOT_PERMITTED)
        found = await recipients.list_recipients(page.services, organization_id=page.organization_id)
        if isinstance(found, Refused):
            return found
        wanted = str(page.request.path_params["recipient_id"])
        unknown = Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": wanted[:64]})
        return next((each for each in found.chosen if each.recipient_id == wanted), unknown)

    def _form(
        self,
        page: Page,
        organization: Organization,
        form: FormView,
        chosen: tuple[str, ...],
        *,
        is_new: bool,
        status: int = 200,
    ) -> Response:
        return self._html(
            "telling/recipient_form.html",
            page,
            organization,
            status=status,
            form=form,
            chosen=chosen,
            is_new=is_new,
            languages=OTHER_LANGUAGE_NAMES,
        )

    def _html(
        self, template: str, page: Page, organization: Organization, *, status: int = 200, **values: object
    ) -> Response:
        return self.door.html(
            template,
            page,
            status=status,
            organization=organization,
            to=_links(page),
            groups=groups_of_kinds(),
            explanations={kind.value: sentence for kind, sentence in EXPLANATIONS.items()},
            **values,
        )


def _links(page: Page) -> TellingLinks:
    return TellingLinks(root=f"{page.links.root}/organizations/{page.organization_id}/notices")
