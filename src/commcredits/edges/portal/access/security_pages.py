"""The page Security: one's own visits, passkeys and linked accounts.

Knows what whoever is signed in may look over and end. Refuses to show anybody else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.access import challenges
from commcredits.edges.portal.access.sign_in_pages import LINK_PURPOSE
from commcredits.edges.portal.access.words import ROLE_EXPLANATIONS, ROLE_NAMES, failure_sentence
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked
from commcredits.operations.passkeys import PASSKEYS_MAX, add_own_passkey, list_own_passkeys, remove_own_passkey
from commcredits.operations.services import Services
from commcredits.operations.sign_in_providers import Provider, list_own_issuers
from commcredits.operations.visits import OpenVisit, VisitTerms, end_own_visits, list_own_visits

_ADD_PURPOSE: Final = "add a passkey"
_DONE: Final = {
    "ended": marked("The other visits were ended"),
    "added": marked("The passkey was added"),
    "removed": marked("The passkey was removed"),
    "linked": marked("The account was linked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecurityPages:
    """Each method answers one address."""

    door: Door

    async def show(self, page: Page) -> Response:
        """Visits, passkeys and linked accounts."""
        done = _DONE.get(page.request.query_params.get("done", ""), "")
        return await self._security(page, done=page.speech.say(done) if done else "")

    async def end_one(self, page: Page) -> Response:
        """End another visit of one's own."""
        await end_own_visits(self._services, _visit(page), visit_id=str(page.request.path_params["visit_id"]))
        return self._back(page, "ended")

    async def end_others(self, page: Page) -> Response:
        """End every other visit of one's own."""
        await end_own_visits(self._services, _visit(page), visit_id=None)
        return self._back(page, "ended")

    async def add_form(self, page: Page) -> Response:
        """What a further passkey shall be called, and the button that makes it."""
        return await self._add_form(page, name="")

    async def add(self, page: Page) -> Response:
        """Keep a new passkey."""
        read = challenges.read_answer(self.door, page, _ADD_PURPOSE)
        site = challenges.site_of(self.door, page)
        name = page.form.get("name", "").strip()
        if read is None or site is None:
            refused: object = Refused(code=RefusalCode.SIGN_IN_FAILED)
        else:
            refused = await add_own_passkey(self._services, _visit(page), read[0], site, name=name)
        if isinstance(refused, Refused):
            problem = failure_sentence(page, refused)
            if refused.facts.get("field") == "name":
                problem = page.speech.say(marked("Give the passkey a name of at most 100 characters."))
            return await self._add_form(page, name=name, problem=problem)
        return self._back(page, "added")

    async def remove(self, page: Page) -> Response:
        """Forget a passkey."""
        visit = _visit(page)
        removed = await remove_own_passkey(
            self._services,
            visit,
            passkey_id=str(page.request.path_params["passkey_id"]),
            other_way=bool(await self._linked(visit)),
        )
        if isinstance(removed, Refused):
            problem = page.speech.say(marked("This is your only way in. Add another passkey first."))
            return await self._security(page, problem=problem, status=409)
        return self._back(page, "removed")

    async def _security(self, page: Page, *, done: str = "", problem: str = "", status: int = 200) -> Response:
        visit = _visit(page)
        terms = VisitTerms(
            idle_seconds=self.door.settings.idle_seconds, longest_seconds=self.door.settings.visit_seconds_max
        )
        linked = await self._linked(visit)
        return self.door.html(
            "access/security.html",
            page,
            status=status,
            visit=visit,
            visits=await list_own_visits(self._services, visit, terms=terms),
            passkeys=await list_own_passkeys(self._services, visit),
            passkeys_max=PASSKEYS_MAX,
            can_add=visit.person_id is not None and challenges.site_of(self.door, page) is not None,
            linked=linked,
            link_ticket=self.door.keeper.ticket(page.visit, LINK_PURPOSE, {}, self.door.now()),
            linkable=[each for each in self._providers(visit) if each not in linked],
            provider_titles={each.name: each.title for each in self.door.settings.providers},
            role_names=ROLE_NAMES,
            role_explanations=ROLE_EXPLANATIONS,
            done=done,
            problem=problem,
        )

    async def _add_form(self, page: Page, *, name: str, problem: str = "") -> Response:
        visit = _visit(page)
        question = None
        if visit.person_id is not None:
            question = challenges.ask_for_new_passkey(
                self.door,
                page,
                _ADD_PURPOSE,
                person_id=visit.person_id,
                label=visit.address or visit.name,
                known=await list_own_passkeys(self._services, visit),
            )
        return self.door.html(
            "access/passkey_add.html",
            page,
            status=422 if problem else 200,
            question=question,
            name=name,
            problem=problem,
        )

    async def _linked(self, visit: OpenVisit) -> list[Provider]:
        issuers = await list_own_issuers(self._services, visit)
        return [each for each in self._providers(visit) if each.issuer in issuers]

    def _providers(self, visit: OpenVisit) -> list[Provider]:
        """The providers that may speak for whoever is signed in."""
        if visit.administrator_id is None:
            return []
        return [
            each
            for each in self.door.settings.providers
            if visit.organization_id == each.organization_id
            or (each.organization_id is None and visit.organization_id in each.organizations.values())
        ]

    def _back(self, page: Page, done: str) -> Response:
        return self.door.see_other(f"{page.links.root}/security?done={done}")

    @property
    def _services(self) -> Services:
        assert self.door.services is not None, "these pages are routed only where there are services"
        return self.door.services


def _visit(page: Page) -> OpenVisit:
    assert page.visit.open is not None, "the door lets nobody else through"
    return page.visit.open
