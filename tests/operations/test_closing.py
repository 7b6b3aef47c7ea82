"""An organization closes in order: nothing new at once, running calls to their end, the rest back or forfeited."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import pytest

from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import PaymentState, RecordPayment, RequestTopUp, SaveRechargeRule
from commcredits.core.outcomes import Done, Granted, RechargeRuleSaved, RefusalCode, Refused
from commcredits.gateways.protocol import CustomerRequest, RefundOutcome, RefundRequest, Unavailable
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.control import SimulatorControl
from commcredits.gateways.simulator.server import SimulatorSettings, running_simulator
from commcredits.operations.billing_terms import switch_billing
from commcredits.operations.closing import Closing, ClosingWait, close_organization, finish_closings, get_closing
from commcredits.operations.funding import add_funds, grant_promotion
from commcredits.operations.funding_rules import Remainder
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.payment_methods import add_payment_method
from commcredits.operations.refunds import list_refunds
from commcredits.operations.reports import Balance, list_journal, read_balance
from commcredits.operations.verify import verify_books
from commcredits.storage.payments import PaymentMethodRecord, TopUpRecord
from tests.operations.office import Office, new_id

UNIT = 1_000_000


class DyingExecutor:
    """The process dies before the account hears of it."""

    async def execute(self, _command: Any) -> NoReturn:
        raise ConnectionResetError


@dataclass(frozen=True, kw_only=True)
class Shop:
    """An office that sells over the simulated gateway."""

    office: Office
    base_url: str

    async def buy(self, organization_id: str, units: int, card: str = "sim_ok") -> TopUpRecord:
        """A paid top-up."""
        gateway = self.office.services.gateways["simulator"]
        customer = await gateway.create_customer(CustomerRequest(idempotency_key=organization_id, name="Office"))
        assert not isinstance(customer, Unavailable)
        async with SimulatorControl(self.base_url) as control:
            reference = (await control.attach_card(customer.reference, card)).reference
        method = await add_payment_method(
            self.office.services, organization_id=organization_id, gateway="simulator", reference=reference
        )
        assert isinstance(method, PaymentMethodRecord), method
        bought = await add_funds(
            self.office.services,
            organization_id=organization_id,
            command_id=new_id(),
            amount_micros=units * UNIT,
            payment_method_id=method.payment_method_id,
        )
        assert isinstance(bought, TopUpRecord), bought
        return bought

    async def buy_elsewhere(self, units: int) -> TopUpRecord:
        """A paid top-up of somebody else."""
        return await self.buy((await self.office.organization(name="Elsewhere")).organization_id, units)


@pytest.fixture
async def shop(office: Office, tmp_path: Path) -> AsyncIterator[Shop]:
    """A simulated gateway of its own, and an office that knows it."""
    async with running_simulator(SimulatorSettings(state_path=tmp_path / "books.sqlite3", port=0)) as base_url:
        gateway = SimulatorGateway(base_url)
        services = replace(office.services, gateways={"simulator": gateway})
        yield Shop(office=replace(office, services=services), base_url=base_url)
        await gateway.aclose()


async def close(office: Office, organization_id: str, remainder: Remainder | None = None) -> Closing:
    closing = await close_organization(
        office.services, organization_id=organization_id, requested_by="alice", remainder=remainder
    )
    assert isinstance(closing, Closing), closing
    return closing


async def standing(office: Office, organization_id: str) -> tuple[OrganizationStatus, ClosingWait | None]:
    closing = await get_closing(office.services, organization_id=organization_id)
    organization = await get_organization(office.services, organization_id=organization_id)
    assert isinstance(closing, Closing), closing
    assert isinstance(organization, Organization)
    assert (closing.closed_at is None) == (closing.waits_for is not None)
    return organization.status, closing.waits_for


async def posted(office: Office, organization_id: str) -> int:
    balance = await read_balance(office.services, organization_id=organization_id)
    assert isinstance(balance, Balance)
    return balance.posted_micros


async def reasons(office: Office, organization_id: str) -> list[tuple[str, int]]:
    page = await list_journal(office.services, organization_id=organization_id, cursor=None, limit=100)
    assert not isinstance(page, Refused)
    return [(each.reason.value, each.amount_micros) for each in reversed(page.items)]


async def clean(office: Office) -> None:
    assert (await verify_books(office.services)).discrepancies == ()


CLOSED = (OrganizationStatus.CLOSED, None)


async def test_new_calls_and_purchases_are_refused_at_once_and_a_running_call_goes_on_to_its_end(
    office: Office,
) -> None:
    organization = await office.calling_organization(funds_micros=5 * UNIT)
    await office.authorise(organization, "running", answered=True)
    closing = await close(office, organization)
    assert closing.waits_for is ClosingWait.CALLS_IN_PROGRESS

    top_up = RequestTopUp(
        organization_id=organization, command_id=new_id(), amount_micros=50 * UNIT, payment_method="card"
    )
    for refused in (
        await office.authorise(organization, "new"),
        await office.execute(top_up),
        await grant_promotion(
            office.services,
            organization_id=organization,
            command_id=new_id(),
            amount_micros=UNIT,
            expires_at=office.clock.now.replace(year=2030),
            reason="too late",
        ),
    ):
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.ORGANIZATION_CLOSED
    assert await finish_closings(office.services) == 0
    office.clock.advance(seconds=100)
    assert (await office.end(organization, "running", 100)).charged_micros == UNIT
    assert await finish_closings(office.services) == 1

    assert await standing(office, organization) == CLOSED
    assert await posted(office, organization) == 0
    assert (await reasons(office, organization))[-2:] == [("call", UNIT), ("closing", 4 * UNIT)]
    assert await finish_closings(office.services) == 0
    await clean(office)


async def test_what_was_bought_goes_back_to_the_cards_and_what_was_given_is_forfeited(shop: Shop) -> None:
    office = shop.office
    organization = await office.calling_organization(funds_micros=2 * UNIT)
    await shop.buy(organization, 50)
    await shop.buy(organization, 70)
    await office.call(organization, "some", 300)  # 3.00: the grant of 2.00, and 1.00 of the first purchase
    await office.grant(organization, 4 * UNIT)
    await close(office, organization, Remainder.REFUND)
    assert await finish_closings(office.services) == 1

    assert await standing(office, organization) == CLOSED
    page = await list_refunds(office.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert sorted((each.amount_micros, each.state.value) for each in page.items) == [
        (49 * UNIT, "refunded"),
        (70 * UNIT, "refunded"),
    ]
    assert (await reasons(office, organization))[-1] == ("closing", 4 * UNIT)
    assert await posted(office, organization) == 0
    await clean(office)


async def test_what_a_card_does_not_take_back_waits_until_somebody_decides(shop: Shop) -> None:
    office = shop.office
    organization = await office.calling_organization(funds_micros=UNIT)
    await shop.buy(organization, 50, "sim_refund_refused")
    await close(office, organization)
    for _ in range(3):
        assert await finish_closings(office.services) == 0
    assert await standing(office, organization) == (OrganizationStatus.CLOSING, ClosingWait.REFUND_REFUSED)
    assert await posted(office, organization) == 51 * UNIT
    page = await list_refunds(office.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert [each.state.value for each in page.items] == ["refused"]

    await close(office, organization, Remainder.FORFEIT)
    assert await finish_closings(office.services) == 1
    assert await standing(office, organization) == CLOSED
    assert await posted(office, organization) == 0
    await clean(office)


class Breaking(SimulatorGateway):
    """A gateway whose plug-in fails over refunds of one amount."""

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        if request.amount_minor == 5_000:
            raise ZeroDivisionError
        return await super().refund(request)


async def test_a_refund_that_breaks_its_gateway_is_told_and_keeps_nobody_else_from_closing(shop: Shop) -> None:
    first, second = [await shop.office.calling_organization(funds_micros=UNIT) for _ in range(2)]
    await shop.buy(first, 50)
    await shop.buy(second, 70)
    gateway = Breaking(shop.base_url)
    office = replace(shop.office, services=replace(shop.office.services, gateways={"simulator": gateway}))
    await close(office, first)
    await close(office, second)
    with pytest.raises(ExceptionGroup, match="closings") as told:
        await finish_closings(office.services)
    await gateway.aclose()
    assert [type(each) for each in told.value.exceptions] == [ZeroDivisionError]
    assert await standing(office, second) == CLOSED
    assert (await standing(office, first))[0] is OrganizationStatus.CLOSING
    await clean(office)


async def test_a_purchase_under_way_is_waited_for_and_what_it_brings_is_given_back(shop: Shop) -> None:
    office = shop.office
    organization = await office.calling_organization(funds_micros=UNIT)
    bought = await shop.buy(organization, 50, "sim_authenticate")
    await close(office, organization)
    assert await finish_closings(office.services) == 0
    assert await standing(office, organization) == (OrganizationStatus.CLOSING, ClosingWait.PAYMENTS_OPEN)
    assert bought.state.value == "action_required"


async def test_a_rule_is_off_and_a_line_of_credit_gone(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=20 * UNIT)
    rule = SaveRechargeRule(
        organization_id=organization,
        command_id=new_id(),
        enabled=True,
        recharge_amount_micros=50 * UNIT,
        trigger_amount_micros=UNIT,
        monthly_cap_micros=None,
        payment_method="card",
    )
    assert await office.execute(rule) == RechargeRuleSaved(recharge_started=False)
    await close(office, organization, Remainder.FORFEIT)
    assert await finish_closings(office.services) == 1
    rows = await office.services.pool.fetch("select enabled from recharge_rules")
    assert [row["enabled"] for row in rows] == [False]
    assert "top_up" not in dict(await reasons(office, organization))

    other = await office.calling_organization(funds_micros=UNIT)
    switched = await switch_billing(
        office.services, organization_id=other, command_id=new_id(), post_usage=True, credit_line_micros=9 * UNIT
    )
    assert switched == Done(changed=True)
    await close(office, other, Remainder.FORFEIT)
    assert await finish_closings(office.services) == 1
    assert await posted(office, other) == 0
    await clean(office)


async def test_a_closing_whose_process_died_before_it_began_is_begun_by_the_worker(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=UNIT)
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    with pytest.raises(ConnectionResetError):
        await close(dying, organization, Remainder.FORFEIT)
    found = await get_organization(office.services, organization_id=organization)
    assert isinstance(found, Organization)
    assert found.status is OrganizationStatus.OPEN
    assert await finish_closings(office.services) == 1
    assert await standing(office, organization) == CLOSED


async def test_several_workers_close_and_refund_once(shop: Shop) -> None:
    office = shop.office
    organization = await office.calling_organization(funds_micros=UNIT)
    await shop.buy(organization, 50)
    await close(office, organization)
    closed = await asyncio.gather(*(finish_closings(office.services) for _ in range(4)))
    closed.append(await finish_closings(office.services))
    assert sum(closed) <= 1
    assert await standing(office, organization) == CLOSED
    page = await list_refunds(office.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert [each.amount_micros for each in page.items] == [50 * UNIT]
    await clean(office)


async def test_closing_again_says_how_far_it_is(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=UNIT)
    first = await close(office, organization, Remainder.FORFEIT)
    assert await close(office, organization) == first
    await finish_closings(office.services)
    after = await close(office, organization, Remainder.REFUND)
    assert (after.remainder, after.closed_at, after.waits_for) == (Remainder.FORFEIT, office.clock.now, None)


async def test_one_that_does_not_close_has_no_closing(office: Office) -> None:
    organization = (await office.organization()).organization_id
    assert isinstance(await get_closing(office.services, organization_id=organization), Refused)
    unknown = await close_organization(office.services, organization_id=new_id(), requested_by="alice")
    assert isinstance(unknown, Refused)
    assert unknown.code is RefusalCode.UNKNOWN_ORGANIZATION


async def test_a_call_that_begins_as_its_organization_closes_is_either_refused_or_waited_for(office: Office) -> None:
    for _ in range(5):
        organization = await office.calling_organization(funds_micros=5 * UNIT)
        outcome, _closing = await asyncio.gather(
            office.authorise(organization, "same-instant", answered=True),
            close(office, organization, Remainder.FORFEIT),
        )
        if isinstance(outcome, Granted):
            assert await finish_closings(office.services) == 0
            await office.end(organization, "same-instant", 0)
        assert await finish_closings(office.services) == 1
    await clean(office)


@pytest.mark.parametrize(("remainder", "refunded"), [(Remainder.REFUND, ["refunded"]), (Remainder.FORFEIT, [])])
async def test_a_payment_that_succeeds_after_the_end_goes_the_way_of_the_rest(
    shop: Shop, remainder: Remainder, refunded: list[str]
) -> None:
    office = shop.office
    organization = await office.calling_organization(funds_micros=UNIT)
    paid, late = await shop.buy(organization, 50), await shop.buy(organization, 50, "sim_decline_do_not_honour")
    await close(office, organization, remainder)
    assert await finish_closings(office.services) == 1
    await office.execute(
        RecordPayment(
            organization_id=organization,
            top_up_id=late.top_up_id,
            state=PaymentState.SUCCEEDED,
            gateway="simulator",
            gateway_reference=(await shop.buy_elsewhere(50)).gateway_reference,
        )
    )
    for _ in range(2):
        assert await finish_closings(office.services) == 0
    assert await posted(office, organization) == 0
    page = await list_refunds(office.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert [each.state.value for each in page.items if each.top_up_id != paid.top_up_id] == refunded
    assert await standing(office, organization) == CLOSED
    await clean(office)


async def test_what_a_card_does_not_take_back_after_the_end_is_not_forfeited(shop: Shop) -> None:
    office = shop.office
    organization = await office.calling_organization(funds_micros=UNIT)
    late = await shop.buy(organization, 50, "sim_decline_do_not_honour")
    await close(office, organization, Remainder.REFUND)
    assert await finish_closings(office.services) == 1
    await office.execute(
        RecordPayment(
            organization_id=organization,
            top_up_id=late.top_up_id,
            state=PaymentState.SUCCEEDED,
            gateway="simulator",
            gateway_reference="unknown to the gateway",
        )
    )
    for _ in range(3):
        assert await finish_closings(office.services) == 0
    assert await posted(office, organization) == 50 * UNIT
    await clean(office)
