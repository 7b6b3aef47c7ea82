"""An organization's currency is changed until its first lot, and never under a purchase's feet."""

import asyncio
from datetime import timedelta

import pytest

from commcredits.core.commands import (
    Authorise,
    PaymentState,
    RecordCall,
    RecordPayment,
    RequestTopUp,
    SaveRechargeRule,
    Service,
)
from commcredits.core.outcomes import RechargeRuleSaved, RefusalCode, Refused, TopUpTaken
from commcredits.operations.billing_terms import change_currency
from commcredits.operations.funding import list_top_ups
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.recharging import read_auto_recharge
from commcredits.operations.verify import verify_books
from tests.operations.office import CALLEE, CALLER, Office, new_id

UNIT = 1_000_000


async def changed(office: Office, organization_id: str, currency: str = "JPY") -> Organization:
    organization = await change_currency(office.services, organization_id=organization_id, currency=currency)
    assert isinstance(organization, Organization), organization
    return organization


async def reason_against(office: Office, organization_id: str) -> str:
    refused = await change_currency(office.services, organization_id=organization_id, currency="JPY")
    assert isinstance(refused, Refused), refused
    assert refused.code is RefusalCode.CURRENCY_FIXED
    assert refused.facts["currency"] == "EUR"
    return str(refused.facts["reason"])


def top_up(organization_id: str, micros: int = 50 * UNIT) -> RequestTopUp:
    return RequestTopUp(
        organization_id=organization_id, command_id=new_id(), amount_micros=micros, payment_method="card"
    )


async def test_the_currency_changes_with_its_digits_and_every_process_knows_at_once(office: Office) -> None:
    organization = (await office.organization()).organization_id
    # The committer knows the account in its old currency from now on.
    refused = await office.execute(top_up(organization, UNIT))
    assert isinstance(refused, Refused)
    assert refused.facts["currency"] == "EUR"

    after = await changed(office, organization)

    assert (after.currency, after.minor_digits) == ("JPY", 0)
    refused = await office.execute(top_up(organization, 50_500_000))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["currency"]) == (RefusalCode.AMOUNT_NOT_PAYABLE, "JPY")
    assert (await changed(office, organization, "EUR")).minor_digits == 2


async def test_a_deck_of_another_currency_is_taken_away_and_one_of_the_new_currency_can_be_had(office: Office) -> None:
    organization = await office.organization()
    await office.assign_deck(organization)
    after = await changed(office, organization.organization_id, "RON")
    assert after.rate_deck_id is None
    await office.assign_deck(after)
    found = await get_organization(office.services, organization_id=organization.organization_id)
    assert isinstance(found, Organization)
    assert found.rate_deck_id is not None
    assert (await verify_books(office.services)).discrepancies == ()


async def test_once_there_was_a_lot_the_currency_is_fixed_though_nothing_is_left_of_it(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=600_000)
    await office.call(organization, "all-of-it", 60)
    assert await reason_against(office, organization) == "funds"


async def test_a_debt_fixes_the_currency_too(office: Office) -> None:
    organization = await office.organization()
    await office.assign_deck(organization)
    await office.execute(
        RecordCall(
            organization_id=organization.organization_id,
            record_id="late",
            service=Service.OUTBOUND,
            caller=CALLER,
            callee=CALLEE,
            started_at=office.clock.now - timedelta(hours=1),
            duration_seconds=60,
        )
    )
    assert await reason_against(office, organization.organization_id) == "booked"


async def test_a_purchase_under_way_fixes_the_currency_and_a_declined_one_does_not(office: Office) -> None:
    organization = (await office.organization()).organization_id
    taken = await office.execute(top_up(organization))
    assert isinstance(taken, TopUpTaken)
    assert await reason_against(office, organization) == "top_up_open"
    declined = RecordPayment(
        organization_id=organization, top_up_id=taken.top_up_id, state=PaymentState.DECLINED, gateway="simulator"
    )
    await office.execute(declined)
    assert (await changed(office, organization)).currency == "JPY"


async def test_an_auto_recharge_rule_is_switched_off_with_what_it_was_about_to_buy(office: Office) -> None:
    organization = (await office.organization()).organization_id
    saved = await office.execute(
        SaveRechargeRule(
            organization_id=organization,
            command_id=new_id(),
            enabled=True,
            recharge_amount_micros=50 * UNIT,
            trigger_amount_micros=10 * UNIT,
            monthly_cap_micros=None,
            payment_method="card",
        )
    )
    assert saved == RechargeRuleSaved(recharge_started=True)

    await changed(office, organization)

    rule = await read_auto_recharge(office.services, organization_id=organization)
    assert rule is not None
    assert not isinstance(rule, Refused)
    assert not rule.enabled
    page = await list_top_ups(office.services, organization_id=organization, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert [each.state.value for each in page.items] == ["cancelled"]


@pytest.mark.parametrize("head_start_seconds", [0.0, 0.002, 0.004])
async def test_a_purchase_at_the_same_instant_comes_wholly_before_or_wholly_after(
    office: Office, head_start_seconds: float
) -> None:
    seen = set()
    for _ in range(8):
        organization = (await office.organization()).organization_id
        await office.execute(top_up(organization, UNIT))  # the committer knows the account

        async def change(organization_id: str = organization) -> Organization | Refused:
            await asyncio.sleep(head_start_seconds)
            return await change_currency(office.services, organization_id=organization_id, currency="RON")

        outcome, bought = await asyncio.gather(change(), office.execute(top_up(organization)))
        found = await get_organization(office.services, organization_id=organization)
        assert isinstance(found, Organization)
        assert isinstance(bought, TopUpTaken), bought
        # Whatever came first, the purchase is in the currency that the organization has from then on.
        assert bought.currency == found.currency
        assert isinstance(outcome, Refused) == (found.currency == "EUR")
        seen.add(found.currency)
    assert seen <= {"EUR", "RON"}


async def test_a_call_in_progress_fixes_the_currency(office: Office) -> None:
    organization = await office.organization()
    await office.assign_deck(organization)
    emergency = Authorise(
        organization_id=organization.organization_id,
        session_id="help",
        service=Service.EMERGENCY,
        caller=CALLER,
        callee="112",
        answered=True,
    )
    await office.execute(emergency)
    assert await reason_against(office, organization.organization_id) == "calls_in_progress"


@pytest.mark.parametrize("currency", ["eur", "XXX", "EURO", "", "E R"])
async def test_what_is_no_currency_is_refused(office: Office, currency: str) -> None:
    organization = (await office.organization()).organization_id
    refused = await change_currency(office.services, organization_id=organization, currency=currency)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INVALID_INPUT
