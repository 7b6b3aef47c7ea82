"""The portal's pages that ask the operations themselves, by feature.

Knows which features there are; each lists its own routes. Refuses to know what a page shows.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from commcredits.edges.portal.advice.pages import advice_routes
from commcredits.edges.portal.audit.pages import audit_routes
from commcredits.edges.portal.calls.routes import call_routes
from commcredits.edges.portal.console.routes import console_routes
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.home.pages import home_routes
from commcredits.edges.portal.numbers.routes import number_routes
from commcredits.edges.portal.people.routes import people_routes
from commcredits.edges.portal.policies.routes import policy_routes
from commcredits.edges.portal.programs.routes import program_routes
from commcredits.edges.portal.reports.routes import report_routes
from commcredits.edges.portal.search.routes import search_routes
from commcredits.edges.portal.settings_pages.pages import settings_routes
from commcredits.edges.portal.telling.pages import telling_routes
from commcredits.edges.portal.usage.pages import usage_routes


def feature_routes(door: Door) -> list[BaseRoute]:
    """The routes of every feature. ``door`` has services."""
    assert door.services is not None, "features ask operations"
    return [
        *people_routes(door),
        *number_routes(door),
        *policy_routes(door),
        *search_routes(door),
        *home_routes(door),
        *audit_routes(door),
        *settings_routes(door),
        *advice_routes(door),
        *report_routes(door),
        *call_routes(door),
        *program_routes(door),
        *telling_routes(door),
        *usage_routes(door),
        *console_routes(door),
    ]
