"""A till: an office whose organizations pay at a simulated gateway of their own, or by hand.

Knows the shortest way to a card, a purchase and a message of the gateway. Refuses to know what is tested.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from commcredits.core.commands import SaveRechargeRule
from commcredits.core.outcomes import Refused
from commcredits.gateways.bank_transfer.gateway import open_bank_transfer
from commcredits.gateways.protocol import EventPage, Gateway, WebhookEvent
from commcredits.gateways.simulator import wire
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.gateways.simulator.server import SimulatorSettings, running_simulator
from commcredits.gateways.simulator.signing import new_webhook_secret, signed_headers
from commcredits.operations.funding import add_funds
from commcredits.operations.payment_messages import receive_webhook
from commcredits.operations.payment_methods import (
    MethodSetup,
    add_payment_method,
    begin_adding_method,
    finish_adding_methods,
)
from commcredits.operations.services import Services
from commcredits.operations.verify import verify_books
from commcredits.storage.payment_methods import read_customers
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord, read_top_up
from tests.operations.office import SHARD, Office, new_id

FIFTY = 50_000_000


@dataclass(kw_only=True)
class Till:
    """An office with gateways; ``secret`` signs the simulated gateway's messages."""

    office: Office
    services: Services
    control: SimulatorControl
    gateway: SimulatorGateway

    async def organization(self, name: str = "Example") -> str:
        """The id of a new organization."""
        return (await self.office.organization(name)).organization_id

    async def card(self, organization_id: str, card: str = "sim_ok") -> PaymentMethodRecord:
        """A card that somebody has entered on the gateway's page."""
        begun = await begin_adding_method(
            self.services, organization_id=organization_id, command_id=new_id(), gateway="simulator"
        )
        assert isinstance(begun, MethodSetup), begun
        (customer,) = await read_customers(self.services.pool, SHARD, organization_id, "simulator")
        reference = (await self.control.attach_card(customer, card)).reference
        kept = await finish_adding_methods(self.services, organization_id=organization_id, gateway="simulator")
        assert not isinstance(kept, Refused), kept
        (found,) = (each for each in kept if each.reference == reference)
        return found

    async def by_hand(self, organization_id: str) -> PaymentMethodRecord:
        """A bank transfer as the way to pay."""
        added = await add_payment_method(
            self.services, organization_id=organization_id, gateway="bank_transfer", reference="bank"
        )
        assert isinstance(added, PaymentMethodRecord), added
        return added

    async def buy(self, organization_id: str, method: PaymentMethodRecord, amount_micros: int = FIFTY) -> TopUpRecord:
        """A purchase under a fresh id."""
        bought = await add_funds(
            self.services,
            organization_id=organization_id,
            command_id=new_id(),
            amount_micros=amount_micros,
            payment_method_id=method.payment_method_id,
        )
        assert isinstance(bought, TopUpRecord), bought
        return bought

    async def rule(self, organization_id: str, method: str, backup: str = "", *, enabled: bool = True) -> None:
        """A recharge rule that never fires by itself here: its trigger is a cent."""
        await self.office.execute(
            SaveRechargeRule(
                organization_id=organization_id,
                command_id=new_id(),
                enabled=enabled,
                recharge_amount_micros=FIFTY,
                trigger_amount_micros=10_000,
                monthly_cap_micros=None,
                payment_method=method,
                backup_payment_method=backup,
            )
        )

    async def shown(self, top_up: TopUpRecord) -> TopUpRecord:
        """A purchase as it stands now."""
        found = await read_top_up(self.services.pool, SHARD, top_up.organization_id, top_up.top_up_id)
        assert found is not None
        return found

    async def events(self) -> tuple[WebhookEvent, ...]:
        """Everything that the gateway has noted, oldest first."""
        page = await self.gateway.list_since(None)
        assert isinstance(page, EventPage)
        return page.events

    async def deliver(self, event: WebhookEvent) -> object:
        """What we answer to the gateway's message of an event."""
        told = wire.Event(
            id=event.id,
            kind=event.kind.value,
            object_reference=event.object_reference,
            idempotency_key=event.idempotency_key,
            occurred_at=event.occurred_at.isoformat(),
        )
        body = msgspec.json.encode(told)
        secret = self.gateway._webhook_secret  # noqa: SLF001 - the test plays the gateway's own part
        assert secret is not None
        headers = signed_headers(secret, event_id=event.id, body=body.decode(), now=datetime.now(UTC))
        return await receive_webhook(
            self.services, gateway="simulator", headers={**headers, "authorization": "Bearer secret"}, raw_body=body
        )

    async def books_agree(self) -> bool:
        """Whether journal, lots and balances agree."""
        return not (await verify_books(self.services)).discrepancies


@asynccontextmanager
async def open_till(office: Office, folder: Path) -> AsyncIterator[Till]:
    """The till, over a simulated gateway that is fresh."""
    async with running_simulator(SimulatorSettings(state_path=folder / "books.sqlite3", port=0)) as base_url:
        gateway = SimulatorGateway(base_url, webhook_secret=new_webhook_secret())
        gateways: dict[str, Gateway] = {"simulator": gateway, "bank_transfer": open_bank_transfer({})}
        async with SimulatorControl(base_url) as control:
            services = replace(office.services, gateways=gateways)
            yield Till(office=office, services=services, control=control, gateway=gateway)
        await gateway.aclose()
