"""Paying after use: what is there drains first, then a line of credit, which is no balance and never refills itself."""

from typing import Any

from commcredits.core.commands import RequestTopUp, SaveRechargeRule
from commcredits.core.outcomes import Done, Granted, RechargeRuleSaved, RefusalCode, Refused
from commcredits.operations.billing_terms import switch_billing
from commcredits.operations.recharging import read_auto_recharge
from commcredits.operations.reports import Balance, list_lots, read_balance
from commcredits.operations.verify import verify_books
from tests.operations.office import Office, new_id

UNIT = 1_000_000


async def switched(office: Office, organization_id: str, *, line: int = 0, post_usage: bool = True) -> None:
    outcome = await switch_billing(
        office.services,
        organization_id=organization_id,
        command_id=new_id(),
        post_usage=post_usage,
        credit_line_micros=line * UNIT,
    )
    assert outcome == Done(changed=True)


async def balance_of(office: Office, organization_id: str) -> Balance:
    balance = await read_balance(office.services, organization_id=organization_id)
    assert isinstance(balance, Balance)
    return balance


async def posted_and_line(office: Office, organization_id: str) -> tuple[int, int, int]:
    balance = await balance_of(office, organization_id)
    assert balance.available_micros == balance.posted_micros - balance.held_micros
    return balance.posted_micros, balance.credit_line_micros, balance.credit_line_used_micros


async def clean(office: Office) -> None:
    assert (await verify_books(office.services)).discrepancies == ()


def rule(organization_id: str) -> SaveRechargeRule:
    return SaveRechargeRule(
        organization_id=organization_id,
        command_id=new_id(),
        enabled=True,
        recharge_amount_micros=50 * UNIT,
        trigger_amount_micros=UNIT,
        monthly_cap_micros=None,
        payment_method="card",
    )


def top_up(organization_id: str) -> RequestTopUp:
    return RequestTopUp(
        organization_id=organization_id, command_id=new_id(), amount_micros=50 * UNIT, payment_method="card"
    )


async def test_the_rest_drains_first_and_then_the_line_which_is_shown_beside_the_balance(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=1 * UNIT)
    await switched(office, organization, line=10)
    assert await posted_and_line(office, organization) == (1 * UNIT, 10 * UNIT, 0)

    await office.call(organization, "drains", 60)  # 0.60 of the 1.00 that is left
    assert await posted_and_line(office, organization) == (400_000, 10 * UNIT, 0)
    await office.call(organization, "both", 120)  # 1.20: 0.40 of the rest, 0.80 of the line
    assert await posted_and_line(office, organization) == (0, 10 * UNIT, 800_000)
    assert await list_lots(office.services, organization_id=organization) == ()
    await clean(office)


async def test_what_a_call_holds_of_the_line_is_used_and_not_held_of_the_balance(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=1 * UNIT)
    await switched(office, organization, line=10)
    assert isinstance(await office.authorise(organization, "running", answered=True), Granted)  # holds 3.00
    balance = await balance_of(office, organization)
    assert (balance.posted_micros, balance.held_micros, balance.available_micros) == (1 * UNIT, 1 * UNIT, 0)
    assert balance.credit_line_used_micros == 2 * UNIT


async def test_a_line_that_is_used_up_ends_calls_and_stays_used_until_it_is_renewed(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=600_000)
    await switched(office, organization, line=1)
    await office.call(organization, "drains", 60)
    await office.call(organization, "uses-it-up", 100)
    assert await posted_and_line(office, organization) == (0, 1 * UNIT, 1 * UNIT)
    refused = await office.authorise(organization, "too-much")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INSUFFICIENT_FUNDS

    await switched(office, organization, line=2)
    assert await posted_and_line(office, organization) == (0, 2 * UNIT, 0)
    await office.call(organization, "again", 60)
    assert await posted_and_line(office, organization) == (0, 2 * UNIT, 600_000)
    await clean(office)


async def test_purchases_are_refused_and_the_rule_is_off_and_stays_off(office: Office) -> None:
    organization = await office.calling_organization()
    assert await office.execute(rule(organization)) == RechargeRuleSaved(recharge_started=False)
    await switched(office, organization, line=10)

    saved = await read_auto_recharge(office.services, organization_id=organization)
    assert saved is not None
    assert not isinstance(saved, Refused)
    assert not saved.enabled
    for command in (top_up(organization), rule(organization)):
        refused = await office.execute(command)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.POST_USAGE
    await switched(office, organization, post_usage=False)
    again = await read_auto_recharge(office.services, organization_id=organization)
    assert not isinstance(again, Refused | None)
    assert not again.enabled


async def test_back_to_prepaid_the_unused_line_is_gone_at_once_and_what_calls_hold_when_they_release_it(
    office: Office,
) -> None:
    organization = await office.calling_organization(funds_micros=600_000)
    await switched(office, organization, line=10)
    await office.authorise(organization, "running", answered=True)  # holds 0.60 of the rest and 2.40 of the line
    await switched(office, organization, post_usage=False)
    assert await posted_and_line(office, organization) == (600_000, 0, 0)
    refused = await office.authorise(organization, "another")
    assert isinstance(refused, Refused)

    office.clock.advance(seconds=100)
    ended = await office.end(organization, "running", 100)
    assert ended.charged_micros == 1 * UNIT
    assert await posted_and_line(office, organization) == (0, 0, 0)
    assert isinstance(await office.authorise(organization, "none-left"), Refused)
    await clean(office)


async def test_what_a_call_releases_of_a_renewed_line_does_not_enlarge_the_new_one(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=600_000)
    await office.call(organization, "drains", 60)
    await switched(office, organization, line=3)
    await office.authorise(organization, "running", answered=True)  # holds the whole line of 3.00
    await switched(office, organization, line=5)
    await office.end(organization, "running", 0)

    assert await posted_and_line(office, organization) == (0, 5 * UNIT, 0)
    rows = await office.services.pool.fetch(
        "select posted_micros from accounts where organization_id = $1", organization
    )
    assert [row["posted_micros"] for row in rows] == [5 * UNIT]
    await clean(office)


async def test_the_same_command_switches_once(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=600_000)
    fields: dict[str, Any] = {"command_id": "switch", "post_usage": True, "credit_line_micros": 5 * UNIT}
    for _ in range(2):
        assert await switch_billing(office.services, organization_id=organization, **fields) == Done(changed=True)
    await office.call(organization, "some", 120)
    assert await switch_billing(office.services, organization_id=organization, **fields) == Done(changed=True)
    assert (await posted_and_line(office, organization))[2] == 600_000
    other = await switch_billing(
        office.services, organization_id=organization, **{**fields, "credit_line_micros": 6 * UNIT}
    )
    assert isinstance(other, Refused)
    assert other.code is RefusalCode.CONFLICT


async def test_paying_after_use_needs_a_line(office: Office) -> None:
    organization = await office.calling_organization()
    for line in (0, -1, 10**16):
        refused = await switch_billing(
            office.services,
            organization_id=organization,
            command_id=new_id(),
            post_usage=True,
            credit_line_micros=line,
        )
        assert isinstance(refused, Refused)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "credit_line")
