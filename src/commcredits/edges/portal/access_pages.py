"""The pages around the content: sign-in, sign-out, and the switches of language and theme.

Knows the operator token's form. Refuses to know organizations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from commcredits.core.outcomes import Refused
from commcredits.edges import translations
from commcredits.edges.portal.door import LANGUAGE_COOKIE, THEME_COOKIE, THEMES, Door
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import PortalOperations
from commcredits.edges.translations import marked


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPages:
    """Each method answers one address."""

    door: Door
    operations: Callable[[Page], PortalOperations]

    async def sign_in_form(self, page: Page) -> Response:
        """The form that asks for the operator token; whoever is signed in already is led on."""
        return_to = page.request.query_params.get("return_to", "")
        if page.visit.is_signed_in:
            return self.door.see_other(page.links.inside(return_to))
        return self.door.html("sign_in.html", page, error="", return_to=return_to)

    async def sign_in(self, page: Page) -> Response:
        """Take the token, or show the form again and say that it is not the one."""
        return_to = page.form.get("return_to", "")
        token = page.form.get("operator_token", "").strip()
        visit = self.door.keeper.sign_in(token, self.door.now())
        if visit is None:
            error = marked("This is not the operator token.") if token else marked("Enter the operator token.")
            sentence = page.speech.say(error)
            return self.door.html("sign_in.html", page, status=422, error=sentence, return_to=return_to)
        response = self.door.see_other(page.links.inside(return_to) if return_to else await self._first_page(page))
        self.door.set_visit(response, page, visit)
        return response

    async def sign_out(self, page: Page) -> Response:
        """End the visit."""
        response = self.door.see_other(page.links.sign_in())
        self.door.set_visit(response, page, self.door.keeper.sign_out(page.visit, self.door.now()))
        return response

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

    async def _first_page(self, page: Page) -> str:
        """The only organization's page where there is just one, else the list to pick from."""
        listed = await self.operations(page).list_organizations(cursor=None, limit=2)
        if isinstance(listed, Refused) or len(listed.items) != 1:
            return page.links.home()
        return page.links.credits(listed.items[0].organization_id)
