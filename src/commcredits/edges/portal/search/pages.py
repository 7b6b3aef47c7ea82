"""The page of the one search: results by kind, each leading to its page.

Knows the form and the template. Refuses to know how anything is found, and to keep what was searched for: it stands in
the address, which no log of ours has, and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.framing import framed
from commcredits.edges.portal.numbers.links import number_links
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.links import people_links
from commcredits.operations.search import CALLS_LOOKED_AT, QUERY_CHARACTERS_MAX, QUERY_CHARACTERS_MIN, search

SEARCH: Final = "/organizations/{organization_id:uuid}/search"
QUERY: Final = "q"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPages:
    """Answers one address."""

    door: Door

    async def search(self, page: Page) -> Response:
        """What the query finds; without one, the form and what it can find."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        query = page.request.query_params.get(QUERY, "").strip()
        results, is_wrong = None, False
        if query:
            found = await search(page.services, organization_id=page.organization_id, query=query)
            if not isinstance(found, Refused):
                results = found
            elif found.code is RefusalCode.INVALID_INPUT:
                is_wrong = True
            else:
                return self.door.refused(page, found)
        return self.door.html(
            "search/search.html",
            frame.page,
            status=422 if is_wrong else 200,
            organization=frame.organization,
            searched=query[:QUERY_CHARACTERS_MAX],
            results=results,
            is_wrong=is_wrong,
            people=people_links(page),
            numbers=number_links(page),
            base=f"{page.links.root}/organizations/{page.organization_id}",
            words=roster_words,
            calls_looked_at=CALLS_LOOKED_AT,
            characters_min=QUERY_CHARACTERS_MIN,
            characters_max=QUERY_CHARACTERS_MAX,
        )
