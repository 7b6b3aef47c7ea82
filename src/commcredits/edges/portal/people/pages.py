"""The pages of users and resource accounts: the list, one of them, adding, changing and removing.

Knows which question each page asks and which template shows the answer. Refuses to know licences of many at once
(commcredits.edges.portal.people.bulk_pages) and files (commcredits.edges.portal.people.file_pages).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.countries import countries_of
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed, number_in
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people import filters
from commcredits.edges.portal.people.forms import (
    PARTY_ID,
    SHARED,
    blank_person,
    person_form,
    read_person,
    refused_person,
)
from commcredits.edges.portal.people.links import people_links
from commcredits.operations.inputs import is_identifier
from commcredits.operations.limit_use import read_party_use
from commcredits.operations.people import PartyInfo, add_party, change_party, get_party, remove_party
from commcredits.operations.people_lists import PeopleFilter, count_people, find_people, list_groups
from commcredits.operations.rules import read_rules

PEOPLE_PER_PAGE: Final = 50
"""How many people a list shows at once."""

ACCOUNTS_OFFERED_MAX: Final = 200
"""How many resource accounts a form offers to call by."""

NOTICES: Final = ("added", "changed", "removed", "policy", "licences")
"""What a page may be told to announce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeoplePages:
    """Each method answers one address, for people of one ``kind``."""

    door: Door
    kind: PartyKind

    async def people(self, page: Page) -> Response:
        """The list, narrowed by what the address says."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        services, place = frame.page.services, {"organization_id": page.organization_id}
        narrowed = filters.read_filter(page.request.query_params, self.kind)
        cursor = page.request.query_params.get("cursor")
        listed = await find_people(services, **place, narrowed=narrowed, cursor=cursor, limit=PEOPLE_PER_PAGE)
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        groups = await list_groups(services, **place, kind=self.kind)
        if isinstance(groups, Refused):
            return self.door.refused(page, groups)
        is_narrowed = bool(filters.written(narrowed))
        # Everybody is in one country or in none, so that without a filter the groups have counted already.
        count: int | Refused = sum(group.people for group in groups.countries)
        if is_narrowed:
            count = await count_people(services, **place, narrowed=narrowed)
        if isinstance(count, Refused):
            return self.door.refused(page, count)
        return self._html(
            "people/people.html",
            frame,
            listed=listed,
            count=count,
            choices=filters.choices(groups, frame.page.speech),
            form=FormView(values=filters.shown(narrowed), command_id=""),
            query=filters.written(narrowed),
            is_narrowed=is_narrowed,
            is_first=cursor is None,
            changed_count=number_in(page, "count"),
        )

    async def one(self, page: Page) -> Response:
        """Everything about one user or resource account."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        found = await self._found(frame.page)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        services, place = frame.page.services, {"organization_id": page.organization_id}
        use = rules = None
        if page.may(Permission.POLICIES_READ):
            use = await read_party_use(services, **place, kind=self.kind, user=found.party.party_id)
            rules = await read_rules(services, **place)
        shared = None
        if found.party.shared_calling_account:
            account = found.party.shared_calling_account
            shared = await get_party(services, **place, kind=PartyKind.RESOURCE_ACCOUNT, user=account)
        return self._html(
            "people/person.html",
            frame,
            person=found,
            use=None if isinstance(use, Refused) else use,
            rules=None if isinstance(rules, Refused) else rules,
            shared=None if isinstance(shared, Refused) else shared,
        )

    async def add_form(self, page: Page) -> Response:
        """The form for somebody new."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        if not page.may(Permission.USERS_WRITE):
            return self.door.refused(page, _not_permitted())
        return await self._form(frame, blank_person(page.services.new_id()), None)

    async def add(self, page: Page) -> Response:
        """Add somebody; a form with something wrong in it comes back."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        party_id = page.form.get(PARTY_ID, "")
        party_id = party_id if is_identifier(party_id) else page.services.new_id()
        added = await add_party(
            page.services,
            organization_id=page.organization_id,
            kind=self.kind,
            content=read_person(page.form, self.kind),
            party_id=party_id,
        )
        if isinstance(added, Refused):
            if added.code is RefusalCode.NOT_PERMITTED:
                return self.door.refused(page, added)
            return await self._form(frame, refused_person(added, page.form, party_id, page.speech), None, status=422)
        return self.door.see_other(people_links(page).one(self.kind, added.party.party_id, notice="added"))

    async def change_form(self, page: Page) -> Response:
        """What is known of somebody, to be changed."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        found = await self._found(page)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        if not page.may(Permission.USERS_WRITE):
            return self.door.refused(page, _not_permitted())
        return await self._form(frame, person_form(found.party), found)

    async def change(self, page: Page) -> Response:
        """Change what is known of somebody; a form with something wrong in it comes back."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        found = await self._found(page)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        changed = await change_party(
            page.services,
            organization_id=page.organization_id,
            kind=self.kind,
            user=found.party.party_id,
            content=read_person(page.form, self.kind),
        )
        if isinstance(changed, Refused):
            if changed.code is RefusalCode.NOT_PERMITTED:
                return self.door.refused(page, changed)
            form = refused_person(changed, page.form, found.party.party_id, page.speech)
            return await self._form(frame, form, found, status=422)
        return self.door.see_other(people_links(page).one(self.kind, changed.party.party_id, notice="changed"))

    async def remove_form(self, page: Page) -> Response:
        """Whether somebody shall be removed, and what that means."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        found = await self._found(page)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        if not page.may(Permission.USERS_WRITE):
            return self.door.refused(page, _not_permitted())
        return self._html("people/remove.html", frame, person=found, problem="")

    async def remove(self, page: Page) -> Response:
        """Remove somebody, or say what stands against it."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        found = await self._found(page)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        removed = await remove_party(
            page.services, organization_id=page.organization_id, kind=self.kind, user=found.party.party_id
        )
        if not isinstance(removed, Refused):
            return self.door.see_other(people_links(page).people(self.kind, notice="removed"))
        if removed.code is RefusalCode.NOT_PERMITTED:
            return self.door.refused(page, removed)
        problem = "sharing" if removed.code is RefusalCode.INVALID_INPUT else "numbers"
        return self._html("people/remove.html", frame, status=409, person=found, problem=problem)

    async def _found(self, page: Page) -> PartyInfo | Refused:
        user = str(page.request.path_params["party_id"])
        return await get_party(page.services, organization_id=page.organization_id, kind=self.kind, user=user)

    async def _form(self, frame: Framed, form: FormView, person: PartyInfo | None, *, status: int = 200) -> Response:
        accounts = await find_people(
            frame.page.services,
            organization_id=frame.page.organization_id,
            narrowed=PeopleFilter(kind=PartyKind.RESOURCE_ACCOUNT),
            cursor=None,
            limit=ACCOUNTS_OFFERED_MAX,
        )
        offered = () if isinstance(accounts, Refused) or self.kind is not PartyKind.USER else accounts.items
        named = {info.party.party_id: info.party.display_name or info.party.user_principal_name for info in offered}
        # Beyond what is offered there may be the one that is chosen already.
        chosen = form.values.get(SHARED, "")
        if is_identifier(chosen):
            named.setdefault(chosen, chosen)
        return self._html(
            "people/person_form.html",
            frame,
            status=status,
            form=form,
            person=person,
            countries=countries_of(frame.page.language),
            accounts=tuple(named.items()),
        )

    def _html(self, template: str, frame: Framed, *, status: int = 200, **values: object) -> Response:
        notice = frame.page.request.query_params.get("notice", "")
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            people=people_links(frame.page),
            kind=self.kind,
            words=roster_words,
            licence_codes=tuple(Licence),
            notice=notice if notice in NOTICES else "",
            **values,
        )


def _not_permitted() -> Refused:
    return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": Permission.USERS_WRITE.value})
