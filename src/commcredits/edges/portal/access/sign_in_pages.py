"""Signing in by passkey, by a provider, or with the break-glass password; choosing whom to be; proving again.

Knows the forms, the tickets that they bring back, and where each way leads. Refuses to judge a proof: the operations
and the provider's client do. A ticket belongs to one visit of one browser, and is spent by its first use.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.access import challenges
from commcredits.edges.portal.access.oidc import Flow, ProviderAwayError, ProviderClient, TokenRefusedError
from commcredits.edges.portal.access.words import failure_sentence
from commcredits.edges.portal.access_pages import PROVE_PURPOSE, SIGN_IN_PURPOSE, AccessPages
from commcredits.edges.portal.door import Door, came_from
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked
from commcredits.operations.invitations import open_invitation
from commcredits.operations.passkeys import Recognised, recognise
from commcredits.operations.services import Services
from commcredits.operations.sign_in_operator import sign_in_with_password
from commcredits.operations.sign_in_providers import (
    Identity,
    IdentityTakenError,
    accept_with_identity,
    identity_of,
    is_same_person,
    link_own_identity,
    sign_in_identity,
)
from commcredits.operations.visits import Entrant, Way, spend_code

SIGN_IN: Final = "sign-in"
PROVE: Final = "prove"
LINK: Final = "link"
ACCEPT: Final = "accept"
"""What somebody goes to a provider for."""

LINK_PURPOSE: Final = "link an account"
"""What the tickets of the links on the page Security are for."""

_LINK_LASTS: Final = timedelta(hours=1)
_FLOW_PURPOSE: Final = "provider"
_FLOW_LASTS: Final = timedelta(minutes=10)
_CHOICE_PURPOSE: Final = "choice"
_CHOICE_LASTS: Final = timedelta(minutes=5)
_CODE_CHARACTERS_MAX: Final = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInPages:
    """Each method answers one address. ``clients`` are providers by name, ``access`` has the page with the ways in."""

    door: Door
    access: AccessPages
    clients: Mapping[str, ProviderClient]

    async def by_passkey(self, page: Page) -> Response:
        """Sign in with a passkey."""
        return_to = page.form.get("return_to", "")
        recognised = await self._recognised(page, SIGN_IN_PURPOSE)
        if isinstance(recognised, Refused):
            return self._not_in(page, recognised, return_to)
        if not recognised.entrants:
            return self._not_in(page, _failed("nobody"), return_to)
        if len(recognised.entrants) == 1:
            return await self.door.enter(page, recognised.entrants[0], page.links.inside(return_to))
        content = {"who": [[each.organization_id, each.administrator_id] for each in recognised.entrants]}
        ticket = self.door.keeper.ticket(page.visit, _CHOICE_PURPOSE, content, self.door.now())
        return self.door.html(
            "access/choose.html", page, entrants=recognised.entrants, ticket=ticket, return_to=return_to
        )

    async def choose(self, page: Page) -> Response:
        """Be one of those that the passkey opened."""
        ticket = page.form.get("ticket", "")
        content = self.door.keeper.read_ticket(
            page.visit, _CHOICE_PURPOSE, ticket, self.door.now(), lasts=_CHOICE_LASTS
        )
        chosen = page.form.get("administrator", "")
        found = next((each for each in (content or {}).get("who", []) if each[1] == chosen), None)
        if found is None or not await spend_code(self._services, ticket, lasts=_CHOICE_LASTS):
            return self._not_in(page, Refused(code=RefusalCode.SIGN_IN_FAILED), "")
        # The roles are read with each request; what is noted here is for the list of visits alone.
        entrant = Entrant(organization_id=found[0], administrator_id=found[1], roles=(), way=Way.PASSKEY)
        return await self.door.enter(page, entrant, page.links.inside(page.form.get("return_to", "")))

    async def password_form(self, page: Page) -> Response:
        """The break-glass form."""
        return_to = page.request.query_params.get("return_to", "")
        return self.door.html("access/operator.html", page, problem="", return_to=return_to)

    async def by_password(self, page: Page) -> Response:
        """Sign in with the break-glass password and a code."""
        return_to = page.form.get("return_to", "")
        entrant = await self._password_entrant(page)
        if isinstance(entrant, Refused):
            problem = failure_sentence(page, entrant)
            return self.door.html("access/operator.html", page, status=422, problem=problem, return_to=return_to)
        return await self.door.enter(page, entrant, page.links.inside(return_to))

    async def prove_by_password(self, page: Page) -> Response:
        """Prove again by the break-glass password and a code."""
        visit = page.visit.open
        if visit is None or visit.way is not Way.PASSWORD:
            raise HTTPException(404)
        entrant = await self._password_entrant(page)
        if isinstance(entrant, Refused):
            return self._not_proved(page, entrant, page.form.get("return_to", ""))
        return await self._proved(page, page.form.get("return_to", ""))

    async def prove_by_passkey(self, page: Page) -> Response:
        """Prove again by a passkey of the same person."""
        visit = page.visit.open
        return_to = page.form.get("return_to", "")
        recognised = await self._recognised(page, PROVE_PURPOSE)
        if isinstance(recognised, Refused):
            return self._not_proved(page, recognised, return_to)
        if visit is None or visit.person_id != recognised.person_id:
            return self._not_proved(page, _failed("not_you"), return_to)
        return await self._proved(page, return_to)

    async def to_provider(self, page: Page) -> Response:
        """Lead to a provider, to sign in, prove again or link an account."""
        query = page.request.query_params
        purpose = query.get("for", SIGN_IN)
        return_to = page.links.inside(query.get("return_to", ""))
        if purpose not in {SIGN_IN, PROVE, LINK} or (purpose == SIGN_IN) == page.visit.is_signed_in:
            return self.door.see_other(return_to)
        if purpose == LINK and not self._is_asked_here(page, query.get("asked", "")):
            return self.door.see_other(f"{page.links.root}/security")
        if purpose == LINK and page.actor.proof_refusal(self.door.now()) is not None:
            return self.door.see_other(page.links.prove(page.here))
        return await self.lead_away(page, self._client(page), {"for": purpose, "to": return_to})

    def _is_asked_here(self, page: Page, asked: str) -> bool:
        """Whether a page of this visit led here. A link of another site does not link whatever account is at hand."""
        keeper = self.door.keeper
        return keeper.read_ticket(page.visit, LINK_PURPOSE, asked, self.door.now(), lasts=_LINK_LASTS) is not None

    async def lead_away(self, page: Page, client: ProviderClient, about: Mapping[str, str]) -> Response:
        """Lead to this provider; ``about`` comes back with the answer."""
        content = {**about, "provider": client.provider.name}
        state = self.door.keeper.ticket(page.visit, _FLOW_PURPOSE, content, self.door.now())
        try:
            address = await client.address(self._flow(page, client, state, content))
        except ProviderAwayError as error:
            _log(client, error)
            return self._not_in(page, _failed("provider_away"), about.get("to", ""))
        return self.door.see_other(address)

    async def back(self, page: Page) -> Response:
        """Where a provider leads back to: what it says is taken once, and in the visit that was led away."""
        client = self._client(page)
        query = page.request.query_params
        state = query.get("state", "")
        content = self.door.keeper.read_ticket(page.visit, _FLOW_PURPOSE, state, self.door.now(), lasts=_FLOW_LASTS)
        if content is None or content["provider"] != client.provider.name:
            return self._not_in(page, Refused(code=RefusalCode.SIGN_IN_FAILED), "")
        if not await spend_code(self._services, state, lasts=_FLOW_LASTS):
            return self._not_in(page, Refused(code=RefusalCode.SIGN_IN_FAILED), "")
        code = query.get("code", "")
        if not 1 <= len(code) <= _CODE_CHARACTERS_MAX:
            return self._not_in(page, _failed("cancelled"), content["to"])
        flow = self._flow(page, client, state, content)
        try:
            claims = await client.claims(flow, code=code, issuer=query.get("iss"))
        except (ProviderAwayError, TokenRefusedError) as error:
            _log(client, error)
            away = isinstance(error, ProviderAwayError)
            refused = _failed("provider_away") if away else Refused(code=RefusalCode.SIGN_IN_FAILED)
            return self._not_in(page, refused, content["to"])
        identity = identity_of(client.provider, claims)
        if isinstance(identity, Refused):
            return self._not_in(page, identity, content["to"])
        return await self._arrived(page, identity, content)

    async def _arrived(self, page: Page, identity: Identity, content: Mapping[str, Any]) -> Response:
        """What somebody went to the provider for, done."""
        visit, return_to = page.visit.open, str(content["to"])
        if content["for"] == PROVE:
            if visit is None or not await is_same_person(self._services, visit, identity):
                return self._not_in(page, _failed("not_you"), return_to)
            return await self._proved(page, return_to)
        if content["for"] == LINK:
            if visit is None or page.actor.proof_refusal(self.door.now()) is not None:
                return self._not_in(page, Refused(code=RefusalCode.PROOF_REQUIRED), return_to)
            linked = await link_own_identity(self._services, visit, identity)
            return (
                self._not_in(page, linked, return_to) if isinstance(linked, Refused) else self.door.see_other(return_to)
            )
        if content["for"] == ACCEPT:
            invitation = await open_invitation(self._services, bytes.fromhex(str(content["invitation"])))
            if isinstance(invitation, Refused):
                return self._not_in(page, invitation, "")
            try:
                entrant = await accept_with_identity(self._services, invitation, identity)
            except IdentityTakenError:
                entrant = _failed("identity_taken")
        else:
            entrant = await sign_in_identity(self._services, identity)
        if isinstance(entrant, Refused):
            return self._not_in(page, entrant, return_to)
        return await self.door.enter(page, entrant, page.links.inside(return_to))

    async def _recognised(self, page: Page, purpose: str) -> Recognised | Refused:
        answer = challenges.read_answer(self.door, page, purpose)
        site = challenges.site_of(self.door, page)
        if answer is None or site is None:
            return Refused(code=RefusalCode.SIGN_IN_FAILED)
        return await recognise(self._services, answer[0], site, came=came_from(page.request))

    async def _password_entrant(self, page: Page) -> Entrant | Refused:
        return await sign_in_with_password(
            self._services, page.form.get("password", ""), page.form.get("code", ""), came=came_from(page.request)
        )

    async def _proved(self, page: Page, return_to: str) -> Response:
        visit = page.visit.open
        assert visit is not None, "whoever proves again is signed in"
        await self.door.keeper.visits.prove(visit)
        return self.door.see_other(page.links.inside(return_to))

    def _not_proved(self, page: Page, refused: Refused, return_to: str) -> Response:
        problem = failure_sentence(page, refused)
        return self.access.prove_page(page, status=422, problem=problem, return_to=return_to)

    def _not_in(self, page: Page, refused: Refused, return_to: str) -> Response:
        """The page with the ways in, or what it is for whoever is signed in, and why this one did not work."""
        problem = failure_sentence(page, refused)
        if page.visit.is_signed_in:
            title = page.speech.say(marked("This did not work"))
            return self.door.problem(page, status=403, title=title, sentence=problem)
        return self.access.sign_in_page(page, status=403, problem=problem, return_to=return_to)

    def _flow(self, page: Page, client: ProviderClient, state: str, content: Mapping[str, Any]) -> Flow:
        keeper = self.door.keeper
        known = keeper.read_ticket(page.visit, _FLOW_PURPOSE, state, self.door.now(), lasts=_FLOW_LASTS)
        assert known is not None, "the state was made or read just now"
        path = f"{page.links.root}/sign-in/back/{client.provider.name}"
        return Flow(
            redirect_uri=self.door.settings.origin.rstrip("/") + path,
            state=state,
            nonce=keeper.secret_of(state, "nonce"),
            verifier=keeper.secret_of(state, "verifier"),
            asked_at=int(known["at"]),
            proves_again=content["for"] == PROVE,
        )

    def _client(self, page: Page) -> ProviderClient:
        client = self.clients.get(str(page.request.path_params["provider"]))
        if client is None or not self.door.settings.origin:
            raise HTTPException(404)
        return client

    @property
    def _services(self) -> Services:
        assert self.door.services is not None, "these pages are routed only where there are services"
        return self.door.services


def _failed(reason: str) -> Refused:
    return Refused(code=RefusalCode.SIGN_IN_FAILED, facts={"reason": reason})


def _log(client: ProviderClient, error: Exception) -> None:
    structlog.get_logger("portal").warning(
        "provider did not prove anybody", provider=client.provider.name, trouble=f"{type(error).__name__}: {error}"
    )
