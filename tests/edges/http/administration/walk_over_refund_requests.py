"""A walk over the paths of refunds that wait for a second person (see documented.py).

Knows the way to each answer. Refuses to judge them: the client of the tests does.
"""

from __future__ import annotations

from typing import Any, Final

from tests.edges.http.administration.walk_over_funding_rules import as_alice
from tests.edges.http.administration.world import World

UNKNOWN_ID: Final = "019353b4-7c1e-7000-8000-000000000000"


async def refundable(world: World) -> tuple[str, str]:
    """The path of an organization that has bought 400, and the purchase."""
    organization = await world.open_organization("Refunded SRL")
    bought = await world.buy(organization, await world.add_card(organization), "400.00")
    assert bought.status_code == 201, bought.text
    return f"/v1/organizations/{organization}", bought.json()["top_up_id"]


async def ask(world: World, path: str, top_up: str, amount: str) -> Any:
    """A refund that has to wait."""
    body = {"top_up_id": top_up, "amount": amount, "reason": "Left us"}
    asked = await world.client.post(f"{path}/refunds", json=body, headers=world.key())
    assert (asked.status_code, asked.json()["state"]) == (202, "pending"), asked.text
    assert asked.headers["location"] == f"{path}/refund-requests/{asked.json()['refund_request_id']}"
    return asked.json()


async def walk_well_over_refund_requests(world: World) -> None:
    """Ask for refunds of a purchase and of a call; have one approved and one rejected; list them."""
    client = world.client
    path, top_up = await refundable(world)
    for act, state in (("approval", "applied"), ("rejection", "rejected")):
        place = f"{path}/refund-requests/{(await ask(world, path, top_up, '101.00'))['refund_request_id']}"
        settled = await as_alice(world, f"{place}/{act}")
        assert (settled.json()["state"], settled.json()["decided_by"]) == (state, "alice"), settled.text
        assert (await client.get(place)).json() == settled.json()
    listed = await client.get(f"{path}/refund-requests?state=rejected&limit=5")
    assert [each["state"] for each in listed.json()["items"]] == ["rejected"]
    await world.created(f"{path}/refunds", {"top_up_id": top_up, "amount": "100", "reason": "All that one may"})

    await client.put(f"{path}/rate-deck", json={"rate_deck_id": await world.publish()})
    call = {"organization_id": path.rpartition("/")[2], "session_id": "refunded"}
    numbers = {"caller": "+40212345678", "callee": "+40723456789"}
    assert (await client.post("/v1/charging/authorise", json={**call, **numbers})).status_code == 200
    assert (await client.post("/v1/charging/end", json={**call, "used_seconds": 60})).status_code == 200
    body = {"session_id": "refunded", "reason": "No audio"}
    asked = await client.post(f"{path}/call-refunds", json=body, headers=world.key())
    assert (asked.status_code, asked.json()["session_id"], asked.json()["top_up_id"]) == (202, "refunded", None)


async def walk_into_refusals_of_refund_requests(world: World) -> None:
    """People who agree with themselves, what is settled, and what nobody asked for."""
    client = world.client
    path, top_up = await refundable(world)
    pending = await ask(world, path, top_up, "200")
    place = f"{path}/refund-requests/{pending['refund_request_id']}"
    own = await client.post(f"{place}/approval")
    assert (own.status_code, own.json()["code"]) == (403, "second_person_required")
    await as_alice(world, f"{place}/approval")
    for act in ("approval", "rejection"):
        late = await client.post(f"{place}/{act}")
        assert (late.status_code, late.json()["code"]) == (409, "refund_settled")
        await client.post(f"{path}/refund-requests/{UNKNOWN_ID}/{act}")
    await client.get(f"{path}/refund-requests/{UNKNOWN_ID}")
    await client.get(f"/v1/organizations/{UNKNOWN_ID}/refund-requests")
    key = world.key()
    for amount in ("1", "2"):
        body = {"top_up_id": top_up, "amount": amount, "reason": "Twice"}
        await client.post(f"{path}/refunds", json=body, headers=key)
