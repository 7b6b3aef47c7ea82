"""The door that every request passes: who is it, is the form ours, and what cookies go back.

Knows cookies, CSRF tokens and the way to the sign-in page. Refuses to know pages: it hands each one a Page and takes an
answer back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from commcredits.core.access import NOBODY, Actor, ActorKind, Role, permissions_of
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

VISIT_COOKIE: Final = "commcredits_portal"
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
_RENEWED_AFTER_SECONDS: Final = 60
_POST: Final = "POST"

Answer = Callable[[Page], Awaitable[Response]]
"""A page's own work: from who asks to what they get."""

Clock = Callable[[], datetime]
"""Tells the present instant, aware UTC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Opens and closes requests; ``speeches`` are the languages by name."""

    settings: PortalSettings
    keeper: VisitKeeper
    renderer: Renderer
    speeches: Mapping[str, Speech]
    now: Clock
    services: Services | None = None

    def guarded(
        self, answer: Answer, *, signed_in: bool = True, renews: bool = True, reads: FieldsReader = read_fields
    ) -> Callable[[Request], Awaitable[Response]]:
        """An endpoint that lets a request through to the page, or shows it the way to the sign-in page.

        ``renews`` False is for what a browser asks by itself: it does not count as a sign of life. ``reads`` reads what
        is posted, for forms that are larger than most or bring a file.
        """

        async def endpoint(request: Request) -> Response:
            visit = self._visit(request)
            page = self.page(request, visit)
            if _comes_from_elsewhere(request):
                return self.html("coming_back.html", page)
            if signed_in and not visit.is_signed_in:
                return self._with_visit(self._to_sign_in(page), page, visit)
            if request.method == _POST:
                fields = await reads(request)
                if fields is None or not self.keeper.is_form_token(visit, fields.get(FORM_TOKEN, "")):
                    return self._with_visit(self.form_is_not_ours(page), page, visit)
                page = self.page(request, visit, fields)
            response = await answer(page)
            if VISIT_COOKIE not in _cookies_set(response) and renews:
                response = self._with_visit(response, page, visit)
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
        actor = _actor_of(request, visit)
        return Page(
            request=request,
            links=Links(root=str(request.scope.get("root_path", "")).rstrip("/")),
            visit=visit,
            form_token=self.keeper.form_token(visit),
            speech=self.speeches[language],
            theme=theme if theme in THEMES else "",
            form=form or {},
            actor=actor,
            acting=None if self.services is None else self.services.acting_as(actor),
        )

    def stranger(self, request: Request) -> Page:
        """The page of a request that no endpoint took: an address that does not exist, or a fault of ours."""
        return self.page(request, self._visit(request))

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

    def set_visit(self, response: Response, page: Page, visit: Visit) -> None:
        """Give the browser this visit."""
        self._set_cookie(response, page, VISIT_COOKIE, self.keeper.write(visit), max_age=None, same_site="strict")

    def set_preference(self, response: Response, page: Page, name: str, value: str) -> None:
        """Keep a language or a theme for a year."""
        self._set_cookie(response, page, name, value, max_age=_PREFERENCE_SECONDS, same_site="lax")

    def see_other(self, address: str) -> Response:
        """Lead the browser on after a form was done."""
        return RedirectResponse(address, status_code=303)

    def _visit(self, request: Request) -> Visit:
        now = self.now()
        return self.keeper.read(request.cookies.get(VISIT_COOKIE, ""), now) or self.keeper.begin(now)

    def _with_visit(self, response: Response, page: Page, visit: Visit) -> Response:
        """The response with the visit's cookie, where that is new or has grown old."""
        now = self.now()
        known = VISIT_COOKIE in page.request.cookies and self.keeper.read(page.request.cookies[VISIT_COOKIE], now)
        if not known or now.timestamp() - visit.seen_at > _RENEWED_AFTER_SECONDS:
            self.set_visit(response, page, self.keeper.seen(visit, now))
        return response

    def _to_sign_in(self, page: Page) -> Response:
        """A redirect; htmx is told to lead the whole page there, for a fragment has no place for a sign-in form."""
        leads_back = page.request.method != _POST and not page.is_fragment and page.here != page.links.home()
        address = page.links.sign_in(page.here if leads_back else "")
        if page.is_fragment:
            return Response(status_code=401, headers={"HX-Redirect": address})
        return self.see_other(address)

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
        secure = self.settings.secure_cookies
        response.set_cookie(
            name,
            value,
            max_age=max_age,
            path=page.links.root or "/",
            secure=page.request.url.scheme == "https" if secure is None else secure,
            httponly=True,
            samesite=same_site,
        )


def speeches() -> dict[str, Speech]:
    """Every language, loaded."""
    return {
        language: Speech(translations=translations.load(language), formats=Formats(language=language))
        for language in translations.LANGUAGES
    }


def _actor_of(request: Request, visit: Visit) -> Actor:
    """Whoever asks. Whoever knows the operator token owns the installation."""
    if not visit.is_signed_in:
        return NOBODY
    return Actor(
        kind=ActorKind.PERSON,
        actor_id="operator:operator",
        name="operator",
        permissions=permissions_of((Role.OPERATOR_OWNER,)),
        roles=(Role.OPERATOR_OWNER,),
        source="" if request.client is None else request.client.host,
        edge="portal",
        proved_at=datetime.fromtimestamp(visit.signed_in_at, UTC),
    )


def _comes_from_elsewhere(request: Request) -> bool:
    """Whether a link of another site led here, such as a gateway's or a letter's.

    Then the visit's cookie, if there is one, was withheld. The page that is answered asks again from within, so that no
    new visit takes the place of the old one.
    """
    asked_by = (request.headers.get("sec-fetch-site"), request.headers.get("sec-fetch-mode"))
    return request.method != _POST and asked_by == ("cross-site", "navigate") and VISIT_COOKIE not in request.cookies


def _cookies_set(response: Response) -> set[str]:
    return {value.partition("=")[0] for name, value in response.headers.items() if name == "set-cookie"}
