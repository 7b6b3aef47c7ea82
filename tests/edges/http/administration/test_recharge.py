"""Auto-recharge over the API: what a rule says comes back, what it does next is told, and each attempt is explained."""

from __future__ import annotations

from typing import Any

import pytest

from commcredits.core.commands import Adjust
from commcredits.operations.recharging import run_due_recharges
from tests.edges.http.administration.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULE = {"enabled": True, "recharge_amount": "100.00", "trigger_amount": "20.00"}


async def _give(world: World, organization: str, amount_micros: int) -> None:
    command = Adjust(
        organization_id=organization, command_id=world.services.new_id(), amount_micros=amount_micros, reason="test"
    )
    await world.services.executor.execute(command)


async def _save(world: World, organization: str, **rule: Any) -> dict[str, Any]:
    answer = await world.client.put(f"/v1/organizations/{organization}/auto-recharge", json={**RULE, **rule})
    assert answer.status_code == 200, answer.text
    saved: dict[str, Any] = answer.json()
    return saved


async def _attempts(world: World, organization: str) -> list[dict[str, Any]]:
    answer = await world.client.get(f"/v1/organizations/{organization}/auto-recharge/attempts")
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


async def test_every_term_of_a_rule_comes_back_as_it_was_saved(world: World) -> None:
    organization = await world.open_organization()
    await _give(world, organization, 60_000_000)
    first, backup = await world.add_card(organization), await world.add_card(organization)
    terms = {
        "mode": "to_target",
        "recharge_amount": "0.000000",
        "target_amount": "80.000000",
        "trigger_amount": "25.000000",
        "monthly_cap": "300.000000",
        "payment_method": first,
        "backup_payment_method": backup,
        "expiry_ahead_days": 30,
    }
    saved = await _save(world, organization, **terms)
    assert {name: saved[name] for name in terms} == terms
    assert (saved["recharge_started"], saved["standing"], saved["measured"]) == (False, "above_trigger", "60.000000")
    assert (saved["cap_left"], saved["declines"], saved["suspended"], saved["paused"]) == ("300.000000", 0, False, None)


async def test_a_rule_with_a_target_charges_exactly_what_is_missing(world: World) -> None:
    organization = await world.open_organization()
    await _give(world, organization, 21_000_000)
    method = await world.add_card(organization)
    saved = await _save(
        world, organization, mode="to_target", target_amount="50", trigger_amount="25", payment_method=method
    )
    assert saved["recharge_started"] is True
    assert saved["next_step"] == {
        "kind": "charge",
        "at": None,
        "amount": "29.000000",
        "payment_method": method,
    }
    await run_due_recharges(world.services)
    (attempt,) = await _attempts(world, organization)
    assert (attempt["outcome"], attempt["amount"], attempt["follow_up"]) == ("paid", "29.000000", "none")
    assert (await world.balance(organization))["posted"] == "50.000000"


async def test_a_rule_that_is_saved_below_its_trigger_says_so_and_recharges_once(world: World) -> None:
    organization = await world.open_organization()
    method = await world.add_card(organization)
    for started in (True, True):
        # The second save cancels the attempt of the first, which nobody has sent, and opens its own.
        assert (await _save(world, organization, payment_method=method))["recharge_started"] is started
    await run_due_recharges(world.services)
    assert (await _save(world, organization, payment_method=method))["recharge_started"] is False
    await run_due_recharges(world.services)
    outcomes = [each["outcome"] for each in await _attempts(world, organization)]
    assert outcomes == ["paid", "rule_changed"]
    assert (await world.balance(organization))["posted"] == "100.000000"


async def test_a_declined_attempt_says_why_and_that_the_backup_followed_at_once(world: World) -> None:
    organization = await world.open_organization()
    first = await world.add_card(organization, "sim_decline_insufficient_funds")
    backup = await world.add_card(organization)
    await _save(world, organization, payment_method=first, backup_payment_method=backup)
    await run_due_recharges(world.services)
    await run_due_recharges(world.services)
    by_backup, declined = await _attempts(world, organization)
    assert (declined["outcome"], declined["reason"], declined["follow_up"]) == (
        "declined",
        "insufficient_funds",
        "backup",
    )
    assert (by_backup["outcome"], by_backup["payment_method"]) == ("paid", backup)


async def test_a_decline_without_a_backup_says_when_the_next_attempt_follows(world: World) -> None:
    organization = await world.open_organization()
    first = await world.add_card(organization, "sim_decline_insufficient_funds")
    await _save(world, organization, payment_method=first)
    await run_due_recharges(world.services)
    (declined,) = await _attempts(world, organization)
    shown = (await world.client.get(f"/v1/organizations/{organization}/auto-recharge")).json()
    assert (declined["outcome"], declined["follow_up"]) == ("declined", "retry")
    assert (shown["next_step"]["kind"], shown["next_step"]["at"]) == ("retry", declined["retry_at"])
    assert (shown["standing"], shown["declines"], shown["retry_at"]) == ("back_off", 1, declined["retry_at"])


async def test_a_card_that_may_never_be_tried_again_suspends_the_rule_until_it_is_saved(world: World) -> None:
    organization = await world.open_organization()
    first = await world.add_card(organization, "sim_decline_stolen_card")
    await _save(world, organization, payment_method=first)
    await run_due_recharges(world.services)
    shown = (await world.client.get(f"/v1/organizations/{organization}/auto-recharge")).json()
    assert (shown["suspended"], shown["next_step"]["kind"]) == (True, "save")
    (declined,) = await _attempts(world, organization)
    assert declined["follow_up"] == "suspended"


async def test_funds_that_an_operator_took_pause_the_rule_instead_of_being_bought_anew(world: World) -> None:
    organization = await world.open_organization()
    await _give(world, organization, 60_000_000)
    await _save(world, organization, payment_method=await world.add_card(organization))
    await _give(world, organization, -50_000_000)
    shown = (await world.client.get(f"/v1/organizations/{organization}/auto-recharge")).json()
    assert (shown["standing"], shown["paused"], shown["next_step"]["kind"]) == ("paused", "adjustment", "look")
    assert await _attempts(world, organization) == []


async def test_attempts_are_listed_page_by_page_and_to_nobody_else(world: World) -> None:
    organization, other = await world.open_organization(), await world.open_organization()
    method = await world.add_card(organization)
    for _ in range(3):
        await _save(world, organization, payment_method=method)
    path, seen, cursor = f"/v1/organizations/{organization}/auto-recharge/attempts", [], None
    while True:
        page = (await world.client.get(path, params={"limit": "1", **({"cursor": cursor} if cursor else {})})).json()
        seen += [each["top_up_id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [each["top_up_id"] for each in await _attempts(world, organization)]
    assert len(set(seen)) == 3
    assert await _attempts(world, other) == []


async def test_balance_alerts_are_kept_highest_first_and_each_once(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}/balance-alerts"
    assert (await world.client.get(path)).json() == {"amounts": [], "currency": "EUR"}
    saved = await world.client.put(path, json={"amounts": ["10", "50.00", "10.000000"]})
    assert saved.json() == {"amounts": ["50.000000", "10.000000"], "currency": "EUR"}
    assert (await world.client.get(path)).json() == saved.json()
    assert (await world.client.put(path, json={"amounts": []})).json()["amounts"] == []
