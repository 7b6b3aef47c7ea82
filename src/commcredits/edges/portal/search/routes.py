"""The route of the search.

Knows its address, and what a page's top bar needs to lead there. Refuses to know what is found.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.door import Door
from commcredits.edges.portal.search.pages import SEARCH, SearchPages


def search_routes(door: Door) -> list[BaseRoute]:
    """One page."""
    return [Route(SEARCH, door.guarded(SearchPages(door=door).search))]
