"""What every page needs to be written: who asks, in which language and theme, and where the portal is mounted.

Knows one request. Refuses to know what the page is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from starlette.requests import Request

from commcredits.edges.portal.formatting import Formats
from commcredits.edges.portal.links import Links
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.portal.visits import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A request on its way to an answer.

    ``theme`` is ``light``, ``dark`` or empty for the system's own; ``form_token`` goes into every form; ``form``
    holds the fields that were posted, none for a GET.
    """

    request: Request
    links: Links
    visit: Visit
    form_token: str
    speech: Speech
    theme: str
    form: Mapping[str, str]

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
