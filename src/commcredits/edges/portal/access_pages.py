"""The pages around the content: sign-in, sign-out, proving again, and the switches of language and theme.

Knows the operator token's form, and where somebody goes first. Refuses to know providers and passkeys, but to show
their buttons.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route

from commcredits.core.outcomes import Refused
from commcredits.edges import translations
from commcredits.edges.portal.access import challenges
from commcredits.edges.portal.access.words import failure_sentence
from commcredits.edges.portal.door import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Door, came_from
from commcredits.edges.portal.menu import organization_menu
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import PortalOperations
from commcredits.edges.translations import marked
from commcredits.operations.visits import Entrant, Way

SIGN_IN_PURPOSE: Final = "sign in"
PROVE_PURPOSE: Final = "prove"
"""What the tickets of the passkey buttons on these pages are for."""

_HOME_OF_ORGANIZATION: Final = "/organizations/{organization_id:uuid}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPages:
    """Each method answers one address."""

    door: Door
    operations: Callable[[Page], PortalOperations]
    list_organizations: Callable[[Page], Awaitable[Response]]

    async def home(self, page: Page) -> Response:
        """Where whoever is signed in begins: the operator at the list of organizations, others at their own."""
        if page.actor.organization_id is None:
            return await self.list_organizations(page)
        return self.door.see_other(self._own_home(page, page.actor.organization_id))

    async def sign_in_form(self, page: Page) -> Response:
        """The ways in; whoever is signed in already is led on."""
        return_to = page.request.query_params.get("return_to", "")
        if page.visit.is_signed_in:
            return self.door.see_other(page.links.inside(return_to))
        return self.sign_in_page(page, return_to=return_to)

    def sign_in_page(
        self, page: Page, *, return_to: str, error: str = "", problem: str = "", status: int = 200
    ) -> Response:
        """The ways in: ``error`` stands beside the token's field, ``problem`` above everything."""
        passkey = None
        if self.door.services is not None:
            passkey = challenges.ask_for_passkey(self.door, page, SIGN_IN_PURPOSE)
        return self.door.html(
            "sign_in.html",
            page,
            status=status,
            error=error,
            problem=problem,
            return_to=return_to,
            providers=self.door.settings.providers if self.door.services is not None else (),
            passkey=passkey,
            token_opens=self.door.settings.operator_token_opens,
            has_password=self.door.services is not None,
        )

    async def sign_in(self, page: Page) -> Response:
        """Take the token, or show the form again and say that it is not the one."""
        return_to = page.form.get("return_to", "")
        if not self.door.settings.operator_token_opens:
            raise HTTPException(404)
        entrant = await self._token_entrant(page)
        if isinstance(entrant, str):
            return self.sign_in_page(page, status=422, error=entrant, return_to=return_to)
        return await self.door.enter(
            page, entrant, page.links.inside(return_to) if return_to else await self._first_page(page)
        )

    async def sign_out(self, page: Page) -> Response:
        """End the visit, in every process."""
        return await self.door.leave(page, page.links.sign_in())

    async def prove_form(self, page: Page) -> Response:
        """The ways to prove again who one is: those that somebody came in by."""
        return self.prove_page(page, return_to=page.request.query_params.get("return_to", ""))

    def prove_page(
        self, page: Page, *, return_to: str, error: str = "", problem: str = "", status: int = 200
    ) -> Response:
        """The ways to prove again who one is: ``error`` stands beside the field, ``problem`` above everything."""
        visit = page.visit.open
        assert visit is not None, "the door lets nobody else through"
        passkey = None
        if visit.person_id is not None:
            passkey = challenges.ask_for_passkey(self.door, page, PROVE_PURPOSE)
        providers = [
            each for each in self.door.settings.providers if visit.way is Way.PROVIDER and each.name == visit.detail
        ]
        return self.door.html(
            "prove.html",
            page,
            status=status,
            error=error,
            problem=problem,
            return_to=return_to,
            way=visit.way.value,
            providers=providers,
            passkey=passkey,
        )

    async def prove(self, page: Page) -> Response:
        """Take the token of whoever came in by it."""
        visit = page.visit.open
        if visit is None or visit.way is not Way.TOKEN:
            raise HTTPException(404)
        return_to = page.form.get("return_to", "")
        entrant = await self._token_entrant(page)
        if isinstance(entrant, str):
            return self.prove_page(page, status=422, error=entrant, return_to=return_to)
        await self.door.keeper.visits.prove(visit)
        return self.door.see_other(page.links.inside(return_to))

    async def go_on(self, page: Page) -> Response:
        """The form that waited, to be sent after all, by whoever sent it before."""
        visit = page.visit.open
        assert visit is not None, "the door lets nobody else through"
        held = await self.door.keeper.visits.take(visit, str(page.request.path_params["form_id"]))
        if held is None:
            return self.door.problem(
                page,
                status=404,
                title=page.speech.say(marked("This form is no longer valid")),
                sentence=page.speech.say(marked("Nothing was done. Open the page again and send the form once more.")),
            )
        return self.door.html("go_on.html", page, address=page.links.inside(held.address), fields=held.fields)

    async def choose_language(self, page: Page) -> Response:
        """Keep the chosen language and go back."""
        response = self.door.see_other(page.links.inside(page.form.get("return_to", "")))
        language = page.form.get("language", "")
        if language in translations.LANGUAGES:
            self.door.set_preference(response, page, LANGUAGE_COOKIE, language)
        return response

    async def choose_theme(self, page: Page) -> Response:
        """Keep the chosen theme and go back."""
        response = self.door.see_other(page.links.inside(page.form.get("return_to", "")))
        theme = page.form.get("theme", "")
        if theme in THEMES:
            self.door.set_preference(response, page, THEME_COOKIE, theme)
        return response

    async def _token_entrant(self, page: Page) -> Entrant | str:
        """Whoever knows the token, or what is said of what was entered."""
        token = page.form.get("operator_token", "").strip()
        if not token:
            return page.speech.say(marked("Enter the operator token."))
        entrant = await self.door.keeper.visits.token_entrant(token, came_from(page.request))
        if not isinstance(entrant, Refused):
            return entrant
        if "wait_seconds" in entrant.facts:
            return failure_sentence(page, entrant)
        return page.speech.say(marked("This is not the operator token."))

    async def _first_page(self, page: Page) -> str:
        """The only organization's page where there is just one, else the list to pick from."""
        listed = await self.operations(page).list_organizations(cursor=None, limit=2)
        if isinstance(listed, Refused) or len(listed.items) != 1:
            return page.links.home()
        return page.links.credits(listed.items[0].organization_id)

    def _own_home(self, page: Page, organization_id: str) -> str:
        """An organization's home, or the first page of its menu that may be opened, or one's own security."""
        routes = page.request.app.routes
        if any(isinstance(route, Route) and route.path == _HOME_OF_ORGANIZATION for route in routes):
            return f"{page.links.root}/organizations/{organization_id}"
        sections = organization_menu(page, organization_id)
        return sections[0].items[0].address if sections else f"{page.links.root}/security"
