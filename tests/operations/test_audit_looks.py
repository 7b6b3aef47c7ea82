"""How things stood before an act and after it, as the log tells it."""

from __future__ import annotations

from typing import Any

from commcredits.core.outcomes import Refused
from commcredits.core.parties import Party as Buyer
from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.balance_alerts import save_balance_alerts
from commcredits.operations.billing_details import save_billing_details
from commcredits.operations.billing_terms import change_currency, switch_billing
from commcredits.operations.blocks import lift_block, set_block
from commcredits.operations.closing import close_organization
from commcredits.operations.funding import grant_promotion
from commcredits.operations.licences import assign_licences, set_purchased
from commcredits.operations.numbers import add_number, assign_number
from commcredits.operations.payment_method_roles import choose_payment_methods
from commcredits.operations.people import PartyFields, add_party, change_party, remove_party
from commcredits.operations.recharging import RechargeTerms, save_auto_recharge, switch_auto_recharge_off
from commcredits.operations.recipients import save_recipient
from commcredits.operations.rules import Rules, change_rules, read_rules
from commcredits.operations.services import Services
from commcredits.operations.tariffs import assign_rate_deck
from commcredits.operations.webhook_endpoints import add_endpoint, disable_endpoint
from tests.operations.acting import administrator, owner
from tests.operations.office import Office, new_id
from tests.operations.test_auditing import log_of
from tests.operations.till import Till


async def _changes(services: Services, organization: str) -> dict[str, tuple[Any, Any]]:
    """What the latest act changed."""
    act = (await log_of(services, organization))[0]
    assert act.outcome.value == "done", (act.outcome, act.code, act.parameters)
    return {name: (before, after) for name, before, after in act.changes}


async def test_money_matters_are_told_before_and_after(office: Office) -> None:
    organization = await office.organization()
    there, services = organization.organization_id, owner(office.services)
    await change_currency(services, organization_id=there, currency="RON")
    assert await _changes(services, there) == {"currency": ("EUR", "RON")}
    await switch_billing(
        services, organization_id=there, command_id=new_id(), post_usage=True, credit_line_micros=5_000_000
    )
    assert (await _changes(services, there))["post_usage"] == (False, True)
    await switch_billing(services, organization_id=there, command_id=new_id(), post_usage=False)
    deck = await office.deck("RON")
    await assign_rate_deck(services, organization_id=there, command_id=new_id(), rate_deck_id=deck.rate_deck_id)
    assert await _changes(services, there) == {"rate_deck_id": (None, deck.rate_deck_id)}
    await save_balance_alerts(services, organization_id=there, command_id=new_id(), amounts_micros=[10_000_000])
    assert await _changes(services, there) == {"amounts_micros": ([], [10_000_000])}
    await grant_promotion(
        services,
        organization_id=there,
        command_id=new_id(),
        amount_micros=7_000_000,
        expires_at=office.clock.now.replace(year=2027),
        reason="welcome",
    )
    assert await _changes(services, there) == {"balance_micros": (0, 7_000_000)}
    assert (await log_of(services, there))[0].reason == "welcome"
    await close_organization(services, organization_id=there, requested_by="front.desk")
    assert (await _changes(services, there))["status"][0] == "open"


async def test_a_rule_and_its_methods_are_told_before_and_after(till: Till) -> None:
    there = await till.organization()
    card = await till.card(there)
    terms = RechargeTerms(
        enabled=True,
        trigger_amount_micros=10_000_000,
        payment_method_id=card.payment_method_id,
        recharge_amount_micros=50_000_000,
    )
    services = administrator(till.services, there)
    await save_auto_recharge(services, organization_id=there, command_id=new_id(), terms=terms)
    assert (await _changes(services, there))["trigger_amount_micros"] == (None, 10_000_000)
    await switch_auto_recharge_off(services, organization_id=there, command_id=new_id())
    assert await _changes(services, there) == {"enabled": (True, False)}
    added = await till.card(there)
    await choose_payment_methods(
        services,
        organization_id=there,
        command_id=new_id(),
        default_id=added.payment_method_id,
        backup_id=card.payment_method_id,
    )
    changed = await _changes(services, there)
    assert set(changed) == {card.payment_method_id, added.payment_method_id}
    assert changed[added.payment_method_id][1]["last4"] == added.last4


async def test_people_numbers_and_policies_are_told_before_and_after(office: Office) -> None:
    there = (await office.organization()).organization_id
    services = administrator(office.services, there)
    await set_purchased(services, organization_id=there, licence=Licence.DOMESTIC_120.value, country="", quantity=5)
    assert list((await _changes(services, there))["bought"]) == [{}, {f"{Licence.DOMESTIC_120.value}/": 5}]
    content = PartyFields(user_principal_name="ana@example.com", display_name="Ana", usage_location="RO")
    who: dict[str, Any] = {"organization_id": there, "kind": PartyKind.USER}
    await add_party(services, **who, content=content)
    assert (await _changes(services, there))["display_name"] == (None, "Ana")
    await change_party(services, **who, user="ana@example.com", content=PartyFields(department="Sales"))
    assert await _changes(services, there) == {"department": ("", "Sales")}
    await assign_licences(
        services, organization_id=there, users=["ana@example.com"], licences=[Licence.DOMESTIC_120.value]
    )
    assert await _changes(services, there) == {"ana@example.com": ([], [Licence.DOMESTIC_120.value])}
    await add_number(owner(services), organization_id=there, number="+40312000001", kind="user", display_name="Desk")
    await assign_number(
        services, organization_id=there, number="+40312000001", purpose="person", user="ana@example.com"
    )
    assert (await _changes(services, there))["party_id"][0] is None
    await assign_number(services, organization_id=there, number="+40312000001", purpose="unassigned")
    await remove_party(services, **who, user="ana@example.com")
    assert (await _changes(services, there))["display_name"] == ("Ana", None)
    await change_rules(services, organization_id=there, change=_with_premium)
    assert await _changes(services, there) == {"premium_allowed": (False, True)}


def _with_premium(_rules: Rules) -> Rules:
    return Rules(premium_allowed=True)


async def test_blocks_details_recipients_and_endpoints_are_told_before_and_after(office: Office) -> None:
    there = (await office.organization()).organization_id
    services, operator = administrator(office.services, there), owner(office.services)
    block = await set_block(operator, organization_id=there, command_id=new_id(), kind="destination", subject="GB")
    assert await _changes(services, there) == {"blocks": ([], ["destination GB"])}
    assert not isinstance(block, Refused)
    await lift_block(
        operator, organization_id=there, command_id=new_id(), block_id=block.block_id, lifted_by="front.desk"
    )
    assert (await _changes(services, there))["lifted_by"] == ("", "front.desk")
    await save_billing_details(
        services,
        organization_id=there,
        details=Buyer(
            legal_name="Exemplu SRL",
            country="RO",
            address_lines=("Strada Lungă 1",),
            city="Cluj-Napoca",
            county="RO-CJ",
        ),
    )
    assert (await _changes(services, there))["legal_name"] == (None, "Exemplu SRL")
    await save_recipient(services, organization_id=there, address="a@example.com", language="en", kinds=["all"])
    assert await _changes(services, there) == {"a@example.com": (None, "en all")}
    added = await add_endpoint(services, organization_id=there, url="https://93.184.215.14/hooks")
    assert not isinstance(added, Refused)
    await disable_endpoint(services, organization_id=there, endpoint_id=added.endpoint.endpoint_id)
    ((before, after),) = (await _changes(services, there)).values()
    assert (before["state"], after["state"]) == ("enabled", "disabled")
    assert added.secret not in str(await office.services.pool.fetch("select * from audit_entries"))


async def test_what_cannot_be_read_does_not_turn_a_refusal_into_a_fault(office: Office) -> None:
    there = (await office.organization()).organization_id
    services = owner(office.services)
    await lift_block(services, organization_id=there, command_id=new_id(), block_id="7", lifted_by="front.desk")
    await save_recipient(services, organization_id="7", address="a@example.com")
    await read_rules(services, organization_id=there)
    act = (await log_of(services, there))[0]
    assert (act.outcome.value, act.before, act.after) == ("refused", {}, {})
