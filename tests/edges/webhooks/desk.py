"""An organization whose notices go to webhooks, and whoever delivers them.

Knows how both are put together over a real database and a real carrier. Refuses to judge what becomes of a delivery.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from commcredits.edges.webhooks.carrying import HttpCarrier
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.services import Services
from commcredits.operations.webhook_deliveries import Delivery, list_deliveries
from commcredits.operations.webhook_delivering import WebhookDelivering
from commcredits.operations.webhook_endpoints import Endpoint, EndpointWithSecret, add_endpoint, list_endpoints
from tests.operations.office import Office, open_office
from tests.operations.telling import notice, that_tells


@dataclass(kw_only=True)
class Desk:
    """An organization whose notices go to webhooks, and who delivers them."""

    office: Office
    services: Services
    delivering: WebhookDelivering
    organization_id: str

    async def endpoint(self, url: str, *kinds: str) -> EndpointWithSecret:
        added = await add_endpoint(self.services, organization_id=self.organization_id, url=url, kinds=kinds)
        assert isinstance(added, EndpointWithSecret), added
        return added

    async def tell(self) -> None:
        await notice(self.services, self.organization_id)
        await hand_on_notices(self.services)

    async def log(self, **only: str) -> tuple[Delivery, ...]:
        """Deliveries, oldest first."""
        asked = {"endpoint_id": None, "state": None, **only}
        page = await list_deliveries(
            self.services, organization_id=self.organization_id, cursor=None, limit=200, **asked
        )
        assert hasattr(page, "items"), page
        return tuple(reversed(page.items))

    async def known(self) -> Endpoint:
        endpoints = await list_endpoints(self.services, organization_id=self.organization_id)
        assert isinstance(endpoints, tuple)
        (endpoint,) = endpoints
        return endpoint


@asynccontextmanager
async def open_desk(database_url: str) -> AsyncIterator[Desk]:
    """A desk whose clock shows the real time, for receivers refuse what is old."""
    async with open_office(database_url) as office:
        office.clock.now = datetime.now(UTC)
        services = that_tells(office, loopback_allowed=True)
        carrier = HttpCarrier(user_agent="commcredits")
        delivering = WebhookDelivering(services, carrier)
        organization = await office.organization()
        try:
            yield Desk(
                office=office,
                services=services,
                delivering=delivering,
                organization_id=organization.organization_id,
            )
        finally:
            await delivering.aclose()
            await carrier.aclose()
