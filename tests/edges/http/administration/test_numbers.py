"""Telephone numbers over the API: from a file into stock, out of stock to an organization, and to whom they serve."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from tests.edges.http.administration.world import World
from tests.operations.staff import hire

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = {"Content-Type": "text/csv"}
FILE = "number,kind,country,place\n+40214440001,user,RO,București\n+40214440002,toll,,Cluj-Napoca\n"


async def _import(world: World, file: str | bytes) -> httpx.Response:
    return await world.client.post("/v1/number-stock/import", content=file, headers=CSV)


async def _staffed(world: World, licences: int = 2) -> str:
    organization = await world.open_organization()
    names = [f"sales.{each}@example.com" for each in range(licences)]
    await hire(world.services, organization, *names, licences=("MCOPSTN1",))
    return organization


async def _search(world: World, **filters: str) -> list[dict[str, Any]]:
    response = await world.client.get("/v1/number-stock", params=filters)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


async def test_a_number_goes_from_a_file_to_the_one_who_answers_it(own_world: World) -> None:
    client = own_world.client
    imported = await _import(own_world, FILE)
    assert (imported.status_code, imported.json()) == (200, {"number_count": 2})
    assert await _search(own_world, place="bucur") == [
        {
            "number": "+40214440001",
            "kind": "user",
            "country": "RO",
            "place": "București",
            "dialled_kind": "ordinary",
        }
    ]
    organization = await _staffed(own_world)
    path = f"/v1/organizations/{organization}"
    reserved = await own_world.created(f"{path}/number-reservations", {"number": "+40214440001"})
    again = await own_world.created(f"{path}/number-reservations", {"number": "+40214440001"})
    assert again == reserved
    acquired = await own_world.created(
        f"{path}/number-acquisitions", {"number": "+40214440001", "display_name": "Recepție"}
    )
    assert (acquired["kind"], acquired["purpose"], acquired["party_id"]) == ("user", "unassigned", None)

    assignment = f"{path}/numbers/+40214440001/assignment"
    assigned = await client.put(assignment, json={"purpose": "person", "user": "SALES.1@example.com"})
    assert assigned.status_code == 200, assigned.text
    assert (assigned.json()["purpose"], assigned.json()["display_name"]) == ("person", "Recepție")
    assert (await client.get(f"{path}/numbers/%2B40214440001")).json() == assigned.json()
    in_use = await client.put(assignment, json={"purpose": "person", "user": "sales.0@example.com"})
    assert (in_use.status_code, in_use.json()["party_id"]) == (409, assigned.json()["party_id"])
    freed = await client.put(assignment, json={"purpose": "unassigned"})
    assert freed.json() == acquired
    assert (await client.get(f"{path}/number-quotas")).json() == {
        "licences": 2,
        "user_numbers": 1,
        "user_number_quota": 12,
        "service_numbers": 0,
        "service_number_quota": 5,
        "credits_set_up": False,
    }


async def test_two_organizations_that_ask_for_a_number_at_once_are_told_apart(world: World) -> None:
    await world.created("/v1/number-stock", {"number": "+40214441001", "kind": "user"})
    organizations = [await _staffed(world) for _ in range(4)]
    body = {"number": "+40214441001"}
    answers = await asyncio.gather(
        *(world.client.post(f"/v1/organizations/{each}/number-reservations", json=body) for each in organizations)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json().get("code") for answer in answers} == {None, "number_not_available"}


async def test_a_toll_free_number_is_told_what_would_help(world: World) -> None:
    await world.created("/v1/number-stock", {"number": "+40800441002", "kind": "toll_free"})
    organization = await _staffed(world)
    path = f"/v1/organizations/{organization}"
    await world.created(f"{path}/number-reservations", {"number": "+40800441002"})
    refused = await world.client.post(f"{path}/number-acquisitions", json={"number": "+40800441002"})
    assert (refused.status_code, refused.json()["code"]) == (403, "credits_not_set_up")
    assert "add funds first" in refused.json()["detail"]


async def test_a_quota_that_is_reached_is_told_with_what_it_rests_on(world: World) -> None:
    await world.created("/v1/number-stock", {"number": "+40214441003", "kind": "user"})
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}"
    await world.created(f"{path}/number-reservations", {"number": "+40214441003"})
    refused = (await world.client.post(f"{path}/number-acquisitions", json={"number": "+40214441003"})).json()
    assert refused["code"] == "quota_reached"
    assert (refused["kind"], refused["quota"], refused["in_use"], refused["licences"]) == ("user", 0, 0, 0)


async def test_every_wrong_line_of_a_file_is_told_and_nothing_of_it_is_kept(own_world: World) -> None:
    refused = await _import(own_world, FILE + "0214,user,RO,\n+40214440003,fax,RO,\n")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["error_count"]) == (422, "invalid_input", 2)
    assert [(error["field"], error["value"]) for error in problem["errors"]] == [
        ("line 4, column number", "0214"),
        ("line 5, column kind", "fax"),
    ]
    assert await _search(own_world) == []


async def test_a_file_may_come_as_a_part(world: World) -> None:
    file = "number,kind\n+40214442001,user\n"
    response = await world.client.post("/v1/number-stock/import", files={"file": ("numbers.csv", file)})
    assert (response.status_code, response.json()) == (200, {"number_count": 1})


async def test_what_is_premium_or_shares_its_cost_is_shown_with_the_number(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}/numbers"
    for number, kind in (("+40900123456", "premium"), ("+40801123456", "shared_cost")):
        added = await world.created(path, {"number": number, "kind": "toll"})
        assert (added["country"], added["dialled_kind"]) == ("RO", kind)
