"""Accepting an invitation: with a new passkey, with one that the person has, or through a provider.

Knows the page that the letter leads to. Refuses to show anything of an invitation that its token does not open.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.access import challenges
from commcredits.edges.portal.access.sign_in_pages import ACCEPT, SignInPages
from commcredits.edges.portal.access.words import ROLE_EXPLANATIONS, ROLE_NAMES, failure_sentence
from commcredits.edges.portal.door import Door, came_from
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked
from commcredits.operations.invitations import Invitation, find_invitation
from commcredits.operations.passkeys import (
    PasskeyTakenError,
    accept_with_new_passkey,
    accept_with_own_passkey,
    new_person,
    recognise,
)
from commcredits.operations.services import Services
from commcredits.operations.sign_in_providers import Provider
from commcredits.operations.visits import Entrant, digest_of

_NEW_PURPOSE: Final = "accept with a new passkey"
_OWN_PURPOSE: Final = "accept with a passkey"
_TOKEN_CHARACTERS_MAX: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitationPages:
    """Each method answers one address; ``sign_in`` leads to providers."""

    door: Door
    sign_in: SignInPages

    async def show(self, page: Page) -> Response:
        """Who invites, to what, and the ways to accept."""
        invitation = await self._invitation(page)
        return self._closed(page) if isinstance(invitation, Refused) else self._open(page, invitation)

    async def accept(self, page: Page) -> Response:
        """Accept with a passkey: a new one, or one that the person has."""
        invitation = await self._invitation(page)
        if isinstance(invitation, Refused):
            return self._closed(page)
        is_new = page.form.get("way", "") == "new"
        entrant = await (self._by_new(page, invitation) if is_new else self._by_own(page, invitation))
        if isinstance(entrant, Refused):
            if entrant.code is RefusalCode.INVITATION_NOT_VALID:
                return self._closed(page)
            return self._open(page, invitation, status=422, problem=failure_sentence(page, entrant))
        return await self.door.enter(page, entrant, page.links.home())

    async def to_provider(self, page: Page) -> Response:
        """Accept through a provider that speaks for the organization."""
        invitation = await self._invitation(page)
        if isinstance(invitation, Refused):
            return self._closed(page)
        name = str(page.request.path_params["provider"])
        if name not in {each.name for each in self._providers(invitation)}:
            return self._closed(page)
        # The token itself would stand in the provider's logs; its digest opens nothing there.
        about = {"for": ACCEPT, "to": page.links.home(), "invitation": digest_of(_token(page)).hex()}
        return await self.sign_in.lead_away(page, self.sign_in.clients[name], about)

    async def _by_new(self, page: Page, invitation: Invitation) -> Entrant | Refused:
        read = challenges.read_answer(self.door, page, _NEW_PURPOSE)
        site = challenges.site_of(self.door, page)
        if read is None or site is None:
            return Refused(code=RefusalCode.SIGN_IN_FAILED)
        answer, person_id = read
        name = page.speech.say(marked("First passkey"))
        try:
            return await accept_with_new_passkey(
                self._services, invitation, answer, site, person_id=person_id, name=name
            )
        except PasskeyTakenError:
            return Refused(code=RefusalCode.SIGN_IN_FAILED)

    async def _by_own(self, page: Page, invitation: Invitation) -> Entrant | Refused:
        read = challenges.read_answer(self.door, page, _OWN_PURPOSE)
        site = challenges.site_of(self.door, page)
        if read is None or site is None:
            return Refused(code=RefusalCode.SIGN_IN_FAILED)
        recognised = await recognise(self._services, read[0], site, came=came_from(page.request))
        if isinstance(recognised, Refused):
            return recognised
        return await accept_with_own_passkey(self._services, invitation, recognised)

    async def _invitation(self, page: Page) -> Invitation | Refused:
        token = _token(page)
        if len(token) > _TOKEN_CHARACTERS_MAX:
            return Refused(code=RefusalCode.INVITATION_NOT_VALID)
        return await find_invitation(self._services, token)

    def _open(self, page: Page, invitation: Invitation, *, status: int = 200, problem: str = "") -> Response:
        new = challenges.ask_for_new_passkey(
            self.door, page, _NEW_PURPOSE, person_id=new_person(self._services), label=invitation.address
        )
        return self.door.html(
            "access/invitation.html",
            page,
            status=status,
            invitation=invitation,
            problem=problem,
            new=new,
            own=challenges.ask_for_passkey(self.door, page, _OWN_PURPOSE),
            providers=self._providers(invitation),
            here_path=f"{page.links.root}/invitation/{_token(page)}",
            role_names=ROLE_NAMES,
            role_explanations=ROLE_EXPLANATIONS,
        )

    def _closed(self, page: Page) -> Response:
        return self.door.problem(
            page,
            status=404,
            title=page.speech.say(marked("This invitation opens nothing")),
            sentence=page.speech.say(
                marked("It was used, was withdrawn, or has ended. Ask whoever invited you for another one.")
            ),
        )

    def _providers(self, invitation: Invitation) -> list[Provider]:
        """The providers that may speak for the organization."""
        return [
            client.provider
            for client in self.sign_in.clients.values()
            if client.provider.organization_id == invitation.organization_id
            or (
                client.provider.organization_id is None
                and invitation.organization_id in client.provider.organizations.values()
            )
        ]

    @property
    def _services(self) -> Services:
        assert self.door.services is not None, "these pages are routed only where there are services"
        return self.door.services


def _token(page: Page) -> str:
    return str(page.request.path_params["token"])
