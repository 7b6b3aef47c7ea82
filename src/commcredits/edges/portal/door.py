"""The door that every request passes: who is it, is the form ours, and what cookies go back.

Knows cookies, CSRF tokens, the way to the sign-in page, and the way to the page where people prove again who they are.
Refuses to know pages: it hands each one a Page and takes an answer back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges import translations
from commcredits.edges.portal import languages
from commcredits.edges.portal.formatting import Formats
from commcredits.edges.portal.forms import FieldsReader, read_fields
from commcredits.edges.portal.links import Links
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.rendering import Renderer
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.portal.settings import PortalSettings
from commcredits.edges.portal.visits import Visit, VisitKeeper
from commcredits.edges.translations import marked
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.services import Services
from commcredits.operations.visits import BROWSER_CHARACTERS_MAX, Came, Entrant, HeldForm

VISIT_COOKIE: Final = "commcredits_portal"
SECURE_VISIT_COOKIE: Final = f"__Host-{VISIT_COOKIE}"
"""The same over TLS: browsers then let no other host and no unencrypted page set it (RFC 6265bis §4.1.3.2)."""
LANGUAGE_COOKIE: Final = "commcredits_language"
THEME_COOKIE: Final = "commcredits_theme"
FORM_TOKEN: Final = "form_token"  # noqa: S105 - the name of a form's field, not a secret
THEMES: Final = ("light", "dark")

_UNKNOWN: Final = "unknown_"
_STATUSES: Final = {
    RefusalCode.NOT_PERMITTED: 403,
    RefusalCode.PROOF_REQUIRED: 403,
    RefusalCode.BUSY: 503,
    RefusalCode.INTERNAL_ERROR: 500,
    RefusalCode.INVALID_INPUT: 422,
}
_PREFERENCE_SECONDS: Final = 31_536_000
_HELD_ADDRESS_CHARACTERS_MAX: Final = 500
_POST: Final = "POST"

Answer = Callable[[Page], Awaitable[Response]]
"""A page's own work: from who asks to what they get."""

Clock = Callable[[], datetime]
"""Tells the present instant, aware UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Opens and closes requests; ``speeches`` are the languages by name. ``stopping`` is set when the process ends."""

    settings: PortalSettings
    keeper: VisitKeeper
    renderer: Renderer
    speeches: Mapping[str, Speech]
    now: Clock
    services: Services | None = None
    stopping: asyncio.Event | None = None

    async def is_signed_in(self, request: Request) -> bool:
        """Whether the visit of this request is signed in still, for an answer that goes on and on."""
        return (await self._visit(request)).is_signed_in

    def guarded(
        self,
        answer: Answer,
        *,
        signed_in: bool = True,
        renews: bool = True,
        needs_proof: bool = False,
        reads: FieldsReader = read_fields,
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that lets a request through to the page, or shows it the way to the sign-in page.

        ``renews`` False is for what a browser asks by itself: it does not count as a sign of life. ``needs_proof``
        is for what changes who pays: whoever signed in too long ago proves again who they are, before a form is shown
        and when it is sent, and is then led back; what was typed waits meanwhile. ``reads`` reads what is posted, for
        forms that are larger than most or bring a file.
        """

        async def endpoint(request: Request) -> Response:
            visit = await self._visit(request)
            page = self.page(request, visit)
            if self._comes_from_elsewhere(request):
                return self.html("coming_back.html", page)
            if signed_in and not visit.is_signed_in:
                return await self._with_visit(self._to_sign_in(page), page, visit)
            if request.method == _POST:
                fields = await reads(request)
                if fields is None or not self.keeper.is_form_token(visit, fields.get(FORM_TOKEN, "")):
                    return await self._with_visit(self.form_is_not_ours(page), page, visit)
                page = self.page(request, visit, fields)
            if needs_proof and page.actor.proof_refusal(self.now()) is not None:
                return await self._with_visit(await self._to_proof(page), page, visit)
            response = await answer(page)
            if not _cookies_set(response) & {VISIT_COOKIE, SECURE_VISIT_COOKIE} and renews:
                response = await self._with_visit(response, page, visit)
            return response

        return endpoint

    def page(self, request: Request, visit: Visit, form: Mapping[str, str] | None = None) -> Page:
        """The request as pages see it."""
        language = languages.choose(
            cookie=request.cookies.get(LANGUAGE_COOKIE, ""),
            accept_language=request.headers.get("accept-language", ""),
            available=translations.LANGUAGES,
        )
        theme = request.cookies.get(THEME_COOKIE, "")
        return Page(
            request=request,
            links=Links(root=str(request.scope.get("root_path", "")).rstrip("/")),
            visit=visit,
            form_token=self.keeper.form_token(visit),
            speech=self.speeches[language],
            theme=theme if theme in THEMES else "",
            form=form or {},
            actor=visit.actor,
            acting=None if self.services is None else self.services.acting_as(visit.actor),
        )

    async def stranger(self, request: Request) -> Page:
        """The page of a request that no endpoint took: an address that does not exist, or a fault of ours."""
        return self.page(request, await self._visit(request))

    def nobody(self, request: Request) -> Page:
        """The page of a request of which nothing can be found out: the database may be what is broken."""
        return self.page(request, self.keeper.begin(self.now()))

    def html(self, template: str, page: Page, *, status: int = 200, **values: object) -> Response:
        """A rendered template as an answer."""
        return HTMLResponse(self.renderer.render(template, page, **values), status_code=status)

    def problem(self, page: Page, *, status: int, title: str, sentence: str) -> Response:
        """A page that says what is wrong; for htmx the message alone, set at the top of what is there."""
        if not page.is_fragment:
            return self.html("problem.html", page, status=status, title=title, sentence=sentence)
        response = self.html("_problem.html", page, status=status, title=title, sentence=sentence)
        response.headers["HX-Retarget"] = "#problem"
        response.headers["HX-Reswap"] = "innerHTML"
        return response

    def refused(self, page: Page, refused: Refused, currency: str = "") -> Response:
        """The page that says why something can't be shown, or was not done."""
        status = _STATUSES.get(refused.code, 404 if refused.code.startswith(_UNKNOWN) else 409)
        title = {404: marked("There is nothing here"), 403: marked("You may not do this")}.get(
            status, marked("This page can't be shown now")
        )
        sentence = page.speech.refusal(refused, currency)
        response = self.problem(page, status=status, title=page.speech.say(title), sentence=sentence)
        if refused.code is RefusalCode.BUSY:
            response.headers["Retry-After"] = "1"
        return response

    async def organization(self, page: Page) -> Organization | Refused:
        """The organization that the address names, for the frame around a page about it."""
        return await get_organization(page.services, organization_id=page.organization_id)

    def form_is_not_ours(self, page: Page) -> Response:
        """The answer to a form whose token is missing or of another visit."""
        return self.problem(
            page,
            status=403,
            title=page.speech.say(marked("This form is no longer valid")),
            sentence=page.speech.say(marked("Nothing was done. Open the page again and send the form once more.")),
        )

    async def enter(self, page: Page, entrant: Entrant, address: str) -> Response:
        """Sign somebody in, in a visit with a fresh secret, and lead them on; the visit before is over."""
        if page.visit.open is not None:
            await self.keeper.visits.end(page.visit.open)
        secret = await self.keeper.visits.begin(entrant, came_from(page.request))
        response = self.see_other(address)
        self._set_visit_cookie(response, page, self.keeper.write_secret(secret))
        return response

    async def leave(self, page: Page, address: str) -> Response:
        """Sign somebody out in every process, and lead them on as a stranger."""
        if page.visit.open is not None:
            await self.keeper.visits.end(page.visit.open)
        now = self.now()
        response = self.see_other(address)
        self._set_visit_cookie(response, page, self.keeper.write(self.keeper.begin(now), now))
        return response

    def set_preference(self, response: Response, page: Page, name: str, value: str) -> None:
        """Keep a language or a theme for a year."""
        self._set_cookie(response, page, name, value, max_age=_PREFERENCE_SECONDS, same_site="lax")

    def see_other(self, address: str) -> Response:
        """Lead the browser on after a form was done."""
        return RedirectResponse(address, status_code=303)

    async def _visit(self, request: Request) -> Visit:
        now = self.now()
        cookie = request.cookies.get(self._visit_cookie(request), "")
        return await self.keeper.read(cookie, now, source_of(request)) or self.keeper.begin(now)

    async def _with_visit(self, response: Response, page: Page, visit: Visit) -> Response:
        """The response with the visit's cookie, where that is new or has grown old; a sign of life is noted."""
        now = self.now()
        is_stale = self.keeper.is_stale(visit, now)
        if visit.open is not None:
            if is_stale:
                await self.keeper.visits.see(visit.open)
            return response
        cookie = page.request.cookies.get(self._visit_cookie(page.request), "")
        known = await self.keeper.read(cookie, now, "") if cookie.startswith("1.") else None
        if is_stale or known is None:
            self._set_visit_cookie(response, page, self.keeper.write(visit, now))
        return response

    async def _to_proof(self, page: Page) -> Response:
        """To the page where people prove again who they are, which leads back; a form that was sent waits for it."""
        visit = page.visit.open
        assert visit is not None, "strangers are led to the sign-in page before"
        if page.request.method != _POST and not page.is_fragment:
            return self.see_other(page.links.prove(page.here))
        came_from = urlsplit(page.request.headers.get("referer", ""))
        back = page.links.inside(came_from.path + (f"?{came_from.query}" if came_from.query else ""))
        if page.request.method == _POST and len(page.here) <= _HELD_ADDRESS_CHARACTERS_MAX:
            fields = {name: value for name, value in page.form.items() if name != FORM_TOKEN}
            held = await self.keeper.visits.hold(visit, HeldForm(address=page.here, fields=fields))
            back = page.links.go_on(held)
        elif page.request.method != _POST:
            back = page.here
        address = page.links.prove(back)
        if page.is_fragment:
            return Response(status_code=403, headers={"HX-Redirect": address})
        return self.see_other(address)

    def _to_sign_in(self, page: Page) -> Response:
        """A redirect; htmx is told to lead the whole page there, for a fragment has no place for a sign-in form."""
        leads_back = page.request.method != _POST and not page.is_fragment and page.here != page.links.home()
        address = page.links.sign_in(page.here if leads_back else "")
        if page.is_fragment:
            return Response(status_code=401, headers={"HX-Redirect": address})
        return self.see_other(address)

    def _is_secure(self, request: Request) -> bool:
        secure = self.settings.secure_cookies
        return request.url.scheme == "https" if secure is None else secure

    def _visit_cookie(self, request: Request) -> str:
        return SECURE_VISIT_COOKIE if self._is_secure(request) else VISIT_COOKIE

    def _set_visit_cookie(self, response: Response, page: Page, value: str) -> None:
        name = self._visit_cookie(page.request)
        self._set_cookie(response, page, name, value, max_age=None, same_site="strict")

    def _comes_from_elsewhere(self, request: Request) -> bool:
        """Whether a link of another site led here, such as a gateway's or a letter's.

        Then the visit's cookie, if there is one, was withheld. The page that is answered asks again from within, so
        that no new visit takes the place of the old one.
        """
        asked_by = (request.headers.get("sec-fetch-site"), request.headers.get("sec-fetch-mode"))
        has_cookie = self._visit_cookie(request) in request.cookies
        return request.method != _POST and asked_by == ("cross-site", "navigate") and not has_cookie

    def _set_cookie(
        self,
        response: Response,
        page: Page,
        name: str,
        value: str,
        *,
        max_age: int | None,
        same_site: Literal["lax", "strict"],
    ) -> None:
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path="/" if name == SECURE_VISIT_COOKIE else page.links.root or "/",
            secure=self._is_secure(page.request),
            httponly=True,
            samesite=same_site,
        )


def speeches() -> dict[str, Speech]:
    """Every language, loaded."""
    return {
        language: Speech(translations=translations.load(language), formats=Formats(language=language))
        for language in translations.LANGUAGES
    }


def came_from(request: Request) -> Came:
    """Where a request comes from, and what its browser calls itself."""
    browser = request.headers.get("user-agent", "")[:BROWSER_CHARACTERS_MAX]
    return Came(source=source_of(request), browser=browser)


def source_of(request: Request) -> str:
    """The network address that a request came from, as the server saw it."""
    return "" if request.client is None else request.client.host


def _cookies_set(response: Response) -> set[str]:
    return {value.partition("=")[0] for name, value in response.headers.items() if name == "set-cookie"}
