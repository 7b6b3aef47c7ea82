"""The home of an organization, and the stream that says when its live parts have moved.

Knows which question each address asks of the operations and which template shows the answer. Refuses to decide what
needs attention.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commcredits.core.access import SYSTEM
from commcredits.core.outcomes import Refused
from commcredits.edges.portal import charts
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.home import links, sentences
from commcredits.edges.portal.home.streams import EventStream, Gate
from commcredits.edges.portal.home.watching import Watcher
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.ports import PaymentMethodView
from commcredits.edges.portal.recharge_adapter import rule_view
from commcredits.edges.portal.recharge_sentences import outlook
from commcredits.operations.attention import Home, read_home, read_live_marks
from commcredits.operations.services import Services

MARK_CHARACTERS_MAX: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class HomePages:
    """Each method answers one address."""

    door: Door
    watcher: Watcher
    gate: Gate

    async def home(self, page: Page) -> Response:
        """The home."""
        found = await read_home(page.services, organization_id=page.organization_id)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        page = page.in_time_zone(found.organization.time_zone)
        return self.door.html("home/home.html", page, **self._content(page, found))

    async def part(self, page: Page) -> Response:
        """What of it changes while one looks."""
        found = await read_home(page.services, organization_id=page.organization_id)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        page = page.in_time_zone(found.organization.time_zone)
        return self.door.html("home/_live.html", page, **self._content(page, found))

    async def live(self, page: Page) -> Response:
        """A stream that says when something has moved."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        headers, query = page.request.headers, page.request.query_params
        known = headers.get("last-event-id") or query.get("after", "")

        async def lasts() -> bool:
            return await self.door.is_signed_in(page.request)

        return EventStream(
            watcher=self.watcher,
            gate=self.gate,
            visit_id=page.visit.visit_id,
            organization_id=organization.organization_id,
            known=known if known.isdigit() and len(known) <= MARK_CHARACTERS_MAX else "",
            lasts=lasts,
        )

    def _content(self, page: Page, found: Home) -> dict[str, Any]:
        organization = found.organization
        rule = found.rule
        methods = tuple(
            PaymentMethodView(payment_method=each.payment_method_id, brand=each.brand, last4=each.last4, kind=each.kind)
            for each in found.methods
        )
        return {
            "organization": organization,
            "home": found,
            "told": tuple(
                sentences.told(page, matter, organization.currency, place) for place, matter in enumerate(found.matters)
            ),
            "outlook": () if rule is None else outlook(page.speech, rule_view(rule), methods, organization.currency),
            "pools": tuple((sentences.pool_name(page, pool.name), pool) for pool in found.pools),
            "share": charts.share,
            "live_seconds": self.door.settings.live_seconds,
            "part_address": links.part(page, organization.organization_id),
            "live_address": links.live(page, organization.organization_id),
            "base": links.home(page, organization.organization_id),
        }


def home_routes(door: Door) -> list[BaseRoute]:
    """The routes of the home. ``door`` has services."""
    assert door.services is not None, "features ask operations"
    services = door.services.acting_as(SYSTEM)
    pages = HomePages(door=door, watcher=Watcher(_marks(services), stopping=door.stopping), gate=Gate())
    return [
        Route(links.HOME, door.guarded(pages.home)),
        Route(links.PART, door.guarded(pages.part, renews=False)),
        Route(links.LIVE, door.guarded(pages.live, renews=False)),
    ]


def _marks(services: Services) -> Any:
    """What the watcher asks: the product itself looks, for everybody who watches."""

    async def marks(organization_ids: tuple[str, ...]) -> dict[str, str]:
        found = await read_live_marks(services, organization_ids=organization_ids)
        return {} if isinstance(found, Refused) else found

    return marks
