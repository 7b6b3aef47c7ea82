"""The portal's pages that ask the operations themselves, by feature.

Knows which features there are; each lists its own routes. Refuses to know what a page shows.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from commcredits.edges.portal.calls.routes import call_routes
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.reports.routes import report_routes


def feature_routes(door: Door) -> list[BaseRoute]:
    """The routes of every feature. ``door`` has services."""
    assert door.services is not None, "features ask operations"
    return [
        *report_routes(door),
        *call_routes(door),
    ]
