"""A whole job over the API: an organization is opened, funded, given rates, and telephones; the balance is exact."""

from __future__ import annotations

import pytest

from tests.edges.http.administration.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _amounts(world: World, organization: str) -> tuple[str, str, str]:
    balance = await world.balance(organization)
    return balance["posted"], balance["held"], balance["available"]


async def test_from_opening_an_organization_to_a_balance_exact_to_the_millionth(world: World) -> None:
    client = world.client
    organization = await world.open_organization()
    method = await world.add_card(organization)
    top_up = await world.created(
        f"/v1/organizations/{organization}/top-ups", {"amount": "50.00", "payment_method": method, "currency": "EUR"}
    )
    assert (top_up["state"], top_up["amount"], top_up["currency"]) == ("succeeded", "50.000000", "EUR")
    assert await _amounts(world, organization) == ("50.000000", "0.000000", "50.000000")
    deck = await world.publish()
    assigned = await client.put(f"/v1/organizations/{organization}/rate-deck", json={"rate_deck_id": deck})
    assert assigned.json() == {"changed": True}

    session = {"organization_id": organization, "session_id": "a84b4c76e66710@192.0.2.1"}
    parties = {"caller": "+40212345678", "callee": "+40723456789"}
    granted = await client.post("/v1/charging/authorise", json={**session, **parties})
    assert (granted.json()["granted_seconds"], granted.json()["held"]) == (300, "0.030000")
    assert (await client.post("/v1/charging/start", json=session)).json()["outcome"] == "started"
    assert await _amounts(world, organization) == ("50.000000", "0.030000", "49.970000")
    ended = await client.post("/v1/charging/end", json={**session, "used_seconds": 47})
    # 47 seconds at 30/6 are billed as 48, and 48 of 60 seconds at 0.006 a minute are 0.0048.
    assert ended.json()["charged"] == "0.004800"
    assert await _amounts(world, organization) == ("49.995200", "0.000000", "49.995200")

    (call,) = (await client.get(f"/v1/organizations/{organization}/calls")).json()["items"]
    assert (call["state"], call["destination"], call["charged"]) == ("ended", "Romania", "0.004800")
    journal = (await client.get(f"/v1/organizations/{organization}/journal")).json()["items"]
    # The call, what the gateway kept of the payment, the payment.
    moved = [(entry["amount"], entry["currency"]) for entry in journal]
    assert moved == [("0.004800", "EUR"), ("1.000000", "EUR"), ("50.000000", "EUR")]
    verified = (await client.post("/v1/verify")).json()
    assert (verified["organizations"], verified["discrepancies"]) == (1, [])
