"""Buying funds over the API: what succeeds, what is declined, what nobody knows yet, and what is done only once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.edges.http.administration.world import (
    WAIT_SECONDS_MAX,
    World,
    bound_socket,
    new_simulator,
    open_world,
    served,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

RULE = {"enabled": True, "recharge_amount": "100.00", "trigger_amount": "20.00"}


async def test_a_declined_card_is_a_problem_that_names_the_attempt_and_adds_no_funds(world: World) -> None:
    organization = await world.open_organization()
    method = await world.add_card(organization, "sim_decline_insufficient_funds")
    declined = await world.buy(organization, method)
    problem = declined.json()
    assert (declined.status_code, problem["code"], problem["reason"]) == (402, "payment_declined", "insufficient_funds")
    assert (problem["amount"], problem["currency"]) == ("50.000000", "EUR")
    shown = await world.client.get(f"/v1/organizations/{organization}/top-ups/{problem['top_up_id']}")
    assert (shown.json()["state"], shown.json()["lot_id"]) == ("declined", None)
    assert (await world.balance(organization))["posted"] == "0.000000"


async def test_the_same_key_buys_once_and_gets_the_same_answer(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}/top-ups"
    body = {"amount": "60", "payment_method": await world.add_card(organization)}
    key = world.key()
    answers = await asyncio.gather(*(world.client.post(path, json=body, headers=key) for _ in range(8)))
    assert {answer.json()["top_up_id"] for answer in answers} == {answers[0].json()["top_up_id"]}
    # Those that came while the gateway was asked say so; the one that asked says how it ended.
    assert {answer.status_code for answer in answers} <= {201, 202}
    again = await world.client.post(path, json=body, headers=key)
    assert (again.status_code, again.json()["state"]) == (201, "succeeded")
    assert again.headers["location"] == f"{path}/{again.json()['top_up_id']}"
    assert (await world.balance(organization))["posted"] == "60.000000"


async def test_a_declined_purchase_stays_declined_under_its_key(world: World) -> None:
    organization = await world.open_organization()
    method = await world.add_card(organization, "sim_decline_stolen_card")
    path, key = f"/v1/organizations/{organization}/top-ups", world.key()
    body = {"amount": "50", "payment_method": method}
    first = await world.client.post(path, json=body, headers=key)
    second = await world.client.post(path, json=body, headers=key)
    assert first.status_code == second.status_code == 402
    assert first.json() == second.json()


async def test_a_payment_that_the_payer_must_approve_is_accepted_with_the_address_of_the_page(world: World) -> None:
    organization = await world.open_organization()
    bought = await world.buy(organization, await world.add_card(organization, "sim_authenticate"))
    assert (bought.status_code, bought.json()["state"]) == (202, "action_required")
    assert bought.json()["action_url"].startswith(world.simulator.base_url)
    assert (await world.balance(organization))["posted"] == "0.000000"


async def test_a_lost_answer_is_not_a_failure(world: World) -> None:
    organization = await world.open_organization()
    bought = await world.buy(organization, await world.add_card(organization, "sim_timeout_after_charge"))
    assert (bought.status_code, bought.json()["state"]) == (202, "unknown")


async def test_a_payment_method_is_shown_as_its_gateway_describes_it(world: World) -> None:
    organization = await world.open_organization()
    method = await world.add_card(organization)
    (listed,) = (await world.client.get(f"/v1/organizations/{organization}/payment-methods")).json()["items"]
    assert (listed["payment_method"], listed["brand"], listed["last4"]) == (method, "Simcard", "0001")
    again = await world.created(
        f"/v1/organizations/{organization}/payment-methods", {"gateway": "simulator", "reference": listed["reference"]}
    )
    assert again == listed


async def test_promotional_funds_are_granted_once_and_expire_when_the_request_says(world: World) -> None:
    organization = await world.open_organization()
    path, key = f"/v1/organizations/{organization}/promotions", world.key()
    body = {"amount": "5.00", "expires_at": "2098-01-31T12:00:00+02:00", "reason": "Bun venit", "currency": "EUR"}
    first = await world.client.post(path, json=body, headers=key)
    assert (first.status_code, first.json()["expires_at"]) == (201, "2098-01-31T10:00:00Z")
    assert (await world.client.post(path, json=body, headers=key)).json() == first.json()
    (lot,) = (await world.client.get(f"/v1/organizations/{organization}/lots")).json()["items"]
    assert (lot["lot_id"], lot["source"], lot["free"]) == (first.json()["lot_id"], "promotion", "5.000000")


async def test_an_auto_recharge_rule_is_shown_as_it_was_saved_and_starts_when_the_balance_is_low(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}/auto-recharge"
    missing = await world.client.get(path)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    rule = {**RULE, "payment_method": await world.add_card(organization)}
    saved = await world.client.put(path, json=rule)
    assert saved.json()["recharge_started"] is True
    assert saved.json()["monthly_cap"] == "1000.000000"
    shown = (await world.client.get(path)).json()
    assert shown == {name: value for name, value in saved.json().items() if name != "recharge_started"}
    assert (shown["standing"], shown["recharged_this_month"]) == ("attempt_open", "100.000000")
    off = await world.client.put(path, json={**rule, "enabled": False, "monthly_cap": "300", "currency": "EUR"})
    assert (off.json()["standing"], off.json()["monthly_cap"]) == ("off", "300.000000")


@asynccontextmanager
async def _messaged_world(database_url: str, folder: Path) -> AsyncIterator[World]:
    """An installation behind a real server, to which the gateway sends its messages."""
    with bound_socket() as listening:
        port = listening.getsockname()[1]
        messages = f"http://127.0.0.1:{port}/v1/gateways/simulator/webhooks"
        simulator = new_simulator(folder, "--webhook-url", messages).start()
        try:
            async with open_world(database_url, simulator) as world, served(world.app, listening):
                yield world
        finally:
            simulator.stop()


async def test_the_gateways_own_message_settles_what_was_under_way(database_url: str, tmp_path: Path) -> None:
    async with _messaged_world(database_url, tmp_path) as world:
        organization = await world.open_organization()
        bought = await world.buy(organization, await world.add_card(organization, "sim_processing"))
        assert (bought.status_code, bought.json()["state"]) == (202, "processing")
        settled = await _settled(world, bought.headers["location"])
        assert settled["state"] == "succeeded"
        assert (await world.balance(organization))["posted"] == "50.000000"


async def _settled(world: World, path: str) -> dict[str, str]:
    top_up: dict[str, str] = {}
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not top_up.get("settled_at"):
            top_up = (await world.client.get(path)).json()
            await asyncio.sleep(0.02)
    return top_up
