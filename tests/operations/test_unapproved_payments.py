"""Payments that wait for their payer, over the simulated gateway: they wait a day, and then stand in nobody's way."""

from dataclasses import replace
from pathlib import Path

from commcredits.core.purchases import TopUpState
from commcredits.gateways.protocol import CustomerRequest, Unavailable
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.gateways.simulator.server import SimulatorSettings, running_simulator
from commcredits.operations.funding import add_funds, get_top_up
from commcredits.operations.payment_methods import add_payment_method
from commcredits.operations.payments import APPROVAL_SECONDS_MAX, RESOLVE_AFTER_SECONDS, resolve_open_top_ups
from commcredits.operations.services import Services
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord
from tests.operations.office import Office, new_id


async def buy_with_a_card_that_asks(services: Services, base_url: str, organization_id: str) -> TopUpRecord:
    """A purchase whose payer has yet to approve it."""
    gateway = SimulatorGateway(base_url)
    customer = await gateway.create_customer(CustomerRequest(idempotency_key=organization_id, name="Office"))
    assert not isinstance(customer, Unavailable)
    await gateway.aclose()
    async with SimulatorControl(base_url) as control:
        card = await control.attach_card(customer.reference, "sim_authenticate")
    method = await add_payment_method(
        services, organization_id=organization_id, gateway="simulator", reference=card.reference
    )
    assert isinstance(method, PaymentMethodRecord)
    bought = await add_funds(
        services,
        organization_id=organization_id,
        command_id=new_id(),
        amount_micros=60_000_000,
        payment_method_id=method.payment_method_id,
    )
    assert isinstance(bought, TopUpRecord)
    return bought


async def test_a_payment_that_nobody_approves_is_closed_at_the_gateway_after_a_day(
    office: Office, tmp_path: Path
) -> None:
    organization_id = (await office.organization()).organization_id
    async with running_simulator(SimulatorSettings(state_path=tmp_path / "books.sqlite3", port=0)) as base_url:
        gateway = SimulatorGateway(base_url)
        services = replace(office.services, gateways={"simulator": gateway})
        bought = await buy_with_a_card_that_asks(services, base_url, organization_id)
        assert bought.state is TopUpState.ACTION_REQUIRED

        office.clock.advance(seconds=RESOLVE_AFTER_SECONDS + 1)
        await resolve_open_top_ups(services)
        waiting = await get_top_up(services, organization_id=organization_id, top_up_id=bought.top_up_id)
        assert isinstance(waiting, TopUpRecord)
        assert waiting.state is TopUpState.ACTION_REQUIRED

        office.clock.advance(seconds=APPROVAL_SECONDS_MAX)
        await resolve_open_top_ups(services)
        closed = await get_top_up(services, organization_id=organization_id, top_up_id=bought.top_up_id)
        assert isinstance(closed, TopUpRecord)
        assert (closed.state, closed.reason) == (TopUpState.CANCELLED, "not_approved")
        async with SimulatorControl(base_url) as control:
            assert [charge.status for charge in await control.charges()] == ["declined"]
        await gateway.aclose()
