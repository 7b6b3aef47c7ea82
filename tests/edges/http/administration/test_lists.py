"""Long lists come in pages that show everything once."""

from __future__ import annotations

from typing import Any

import pytest

from tests.edges.http.administration.world import GERMANY, ROMANIA, World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _walk(world: World, path: str, limit: int) -> list[Any]:
    items: list[Any] = []
    parameters: dict[str, str] = {"limit": str(limit)}
    while True:
        response = await world.client.get(path, params=parameters)
        assert response.status_code == 200, response.text
        page = response.json()
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        parameters["cursor"] = page["next_cursor"]


async def test_every_list_shows_everything_once_whatever_the_size_of_its_pages(own_world: World) -> None:
    organization = await own_world.open_organization("Alfa")
    await own_world.open_organization("Beta")
    await own_world.open_organization("Gama")
    path = f"/v1/organizations/{organization}"
    for number in range(3):
        await own_world.created(f"{path}/numbers", {"number": f"+4021234567{number}", "kind": "user"})
        for kind in ("users", "resource-accounts"):
            await own_world.created(f"{path}/{kind}", {"user_principal_name": f"{kind}.{number}@example.com"})
        await own_world.created("/v1/number-stock", {"number": f"+4021234568{number}", "kind": "user"})
        deck = await own_world.publish(ROMANIA, GERMANY)
        await own_world.created(f"{path}/blocks", {"kind": "destination", "subject": ("LV", "CU", "SO")[number]})
        await own_world.buy(organization, await own_world.add_card(organization))
        await own_world.client.put(f"{path}/rate-deck", json={"rate_deck_id": deck})
        call = {"organization_id": organization, "session_id": f"call-{number}/a", "caller": "+40212345678"}
        await own_world.client.post("/v1/charging/authorise", json={**call, "callee": "+40723456789"})
        session = {"organization_id": organization, "session_id": f"call-{number}/a", "used_seconds": 30}
        await own_world.client.post("/v1/charging/end", json=session)
    lists = {
        "/v1/organizations": ("organization_id", 3),
        "/v1/rate-decks": ("rate_deck_id", 3),
        "/v1/number-stock": ("number", 3),
        f"{path}/users": ("object_id", 3),
        f"{path}/resource-accounts": ("object_id", 3),
        f"{path}/numbers": ("number", 3),
        f"{path}/top-ups": ("top_up_id", 3),
        f"{path}/journal": ("transfer_id", 9),
        f"{path}/calls": ("session_id", 3),
        f"{path}/blocks": ("block_id", 3),
    }
    for list_path, (name, count) in lists.items():
        whole = await _walk(own_world, list_path, 200)
        assert len({item[name] for item in whole}) == len(whole) == count, list_path
        assert await _walk(own_world, list_path, 1) == whole
        assert await _walk(own_world, list_path, 2) == whole


async def test_organizations_come_in_order_of_name(own_world: World) -> None:
    for name in ("Gama", "Alfa", "Beta"):
        await own_world.open_organization(name)
    listed = await _walk(own_world, "/v1/organizations", 2)
    assert [each["name"] for each in listed] == ["Alfa", "Beta", "Gama"]


async def test_a_call_whose_id_holds_a_slash_is_found(world: World) -> None:
    organization = await world.open_organization()
    session = {"organization_id": organization, "session_id": "a/b@192.0.2.1"}
    await world.client.post(
        "/v1/charging/authorise", json={**session, "caller": "+40212345678", "callee": "+4072345678"}
    )
    shown = await world.client.get(f"/v1/organizations/{organization}/calls/a%2Fb@192.0.2.1")
    assert (shown.status_code, shown.json()["session_id"], shown.json()["state"]) == (200, "a/b@192.0.2.1", "refused")
    assert shown.json()["refusal"] == "no_rate"
