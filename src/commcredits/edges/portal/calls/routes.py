"""The routes of calls.

Knows which page answers which address. Refuses to know what the pages show.
"""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from commcredits.edges.portal.calls import links
from commcredits.edges.portal.calls.pages import CallPages
from commcredits.edges.portal.door import Door


def call_routes(door: Door) -> list[BaseRoute]:
    """The routes of calls."""
    pages, guarded = CallPages(door=door), door.guarded
    return [
        Route(links.MAY_CALL, guarded(pages.may_call)),
        Route(links.CALLS, guarded(pages.calls)),
        Route(links.CALL, guarded(pages.call)),
    ]
