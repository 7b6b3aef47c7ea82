"""Payments over HTTP: limits on new cards, messages that come twice, a whole way from a card to its refund."""

from __future__ import annotations

import asyncio

import pytest

from commcredits.operations.payment_terms import NewMethodLimits, PaymentTerms
from tests.edges.http.administration.world import World, open_world
from tests.gateways.simulator_process import SimulatorProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_twenty_purchases_at_once_with_a_new_card_do_not_get_past_its_limit(
    database_url: str, simulator: SimulatorProcess
) -> None:
    terms = PaymentTerms(new_methods=NewMethodLimits(attempts_max=4))
    async with open_world(database_url, simulator, payments=terms) as world:
        organization = await world.open_organization()
        card = await world.add_card(organization)
        answers = await asyncio.gather(*(world.buy(organization, card) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [201] * 4 + [429] * 16
        refused = next(answer.json() for answer in answers if answer.status_code == 429)
        assert refused["code"] == "too_many_attempts"
        assert (await world.balance(organization))["posted"] == "200.000000"


async def test_a_message_that_comes_twice_is_taken_twice_and_kept_once(world: World) -> None:
    body, headers = world.message()
    for _ in range(2):
        answer = await world.client.post("/v1/gateways/simulator/webhooks", content=body, headers=headers)
        assert (answer.status_code, answer.json()) == (200, {"changed": False})
    events = (await world.client.get("/v1/gateway-events?gateway=simulator")).json()["items"]
    assert [(each["event_id"], each["state"], each["by_message"]) for each in events] == [("evt_1", "ignored", True)]
    forged = await world.client.post("/v1/gateways/simulator/webhooks", content=body + b" ", headers=headers)
    assert (forged.status_code, forged.json()["code"]) == (400, "message_not_proven")


async def test_the_same_key_refunds_once_and_gets_the_same_answer(world: World) -> None:
    organization = await world.open_organization()
    bought = (await world.buy(organization, await world.add_card(organization))).json()
    assert (bought["tax"], bought["fee"], bought["refunded"]) == ("0.000000", "1.000000", "0.000000")
    body, key = {"top_up_id": bought["top_up_id"], "amount": "20", "reason": "asked for"}, world.key()
    path = f"/v1/organizations/{organization}"
    answers = [await world.client.post(f"{path}/refunds", json=body, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["state"], answers[0].json()["amount"]) == ("refunded", "20.000000")
    shown = (await world.client.get(f"{path}/top-ups/{bought['top_up_id']}")).json()
    assert (shown["refunded"], (await world.balance(organization))["posted"]) == ("20.000000", "30.000000")


async def test_nobodys_card_number_is_asked_for_and_the_page_is_the_gateways_own(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}"
    begun = await world.created(f"{path}/payment-method-setups", {"gateway": "simulator"})
    assert begun["hosted_url"].startswith(world.simulator.base_url)
    with_number = {"gateway": "simulator", "number": "4242424242424242"}
    refused = await world.client.post(f"{path}/payment-method-setups", json=with_number, headers=world.key())
    assert refused.status_code == 422
