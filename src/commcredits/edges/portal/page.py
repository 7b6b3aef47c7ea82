"""What every page needs to be written: who asks, in which language and theme, and where the portal is mounted.

Knows one request. Refuses to know what the page is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request

from commcredits.core.access import Actor, Permission
from commcredits.edges.portal.formatting import Formats
from commcredits.edges.portal.links import Links
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.portal.visits import Visit
from commcredits.operations.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A request on its way to an answer.

    ``theme`` is ``light``, ``dark`` or empty for the system's own; ``form_token`` goes into every form; ``form``
    holds the fields that were posted, none for a GET. ``actor`` is whoever asks, NOBODY before sign-in, and
    ``acting`` are the services acting as them; None only where the portal was put together without any.
    """

    request: Request
    links: Links
    visit: Visit
    form_token: str
    speech: Speech
    theme: str
    form: Mapping[str, str]
    actor: Actor
    acting: Services | None = None

    @property
    def services(self) -> Services:
        """The services, acting as whoever asks."""
        assert self.acting is not None, "pages that ask operations are routed only where there are services"
        return self.acting

    @property
    def organization_id(self) -> str:
        """The organization that the address names; empty where it names none."""
        return str(self.request.path_params.get("organization_id", ""))

    def may(self, permission: str) -> bool:
        """Whether whoever asks has this permission, for the organization of the address where it names one.

        For what a page offers: the operations decide again. Raises ValueError for a word that is no permission.
        """
        return self.actor.may(Permission(permission), self.organization_id or None)

    @property
    def language(self) -> str:
        """The language of the page."""
        return self.speech.formats.language

    @property
    def direction(self) -> str:
        """Which way the language is written: ``ltr`` or ``rtl``."""
        return self.speech.formats.locale.text_direction

    @property
    def is_fragment(self) -> bool:
        """Whether htmx asks, and so wants a part of a page."""
        return self.request.headers.get("hx-request") == "true"

    @property
    def here(self) -> str:
        """The address of this page, for forms that lead back to it."""
        query = self.request.url.query
        return self.links.inside(self.request.url.path + (f"?{query}" if query else ""))

    def in_time_zone(self, time_zone: str) -> Page:
        """The same page, with instants shown in this IANA zone."""
        formats = Formats(language=self.language, time_zone=time_zone)
        return replace(self, speech=replace(self.speech, formats=formats))
