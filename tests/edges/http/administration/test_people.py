"""People and licences over the API: one by one and by the file, and each organization's own."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.edges.http.administration.world import World
from tests.operations.colleagues import INSERT_NUMBER

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = {"Content-Type": "text/csv"}
ID = "019353b4-7c1e-7000-8000-0123456789ab"
DESK = "front.desk@example.com"
FILE = (
    "user_principal_name,display_name,usage_location,department,licences,kind\n"
    "one@example.com,One,RO,Vânzări,MCOPSTN5;MCOPSTNC,user\n"
    "queue@example.com,Queue,RO,,MCOPSTN5,resource_account\n"
)


async def _opened(world: World, **purchased: int) -> str:
    """The path of a new organization with so many licences."""
    path = f"/v1/organizations/{await world.open_organization()}"
    for licence, quantity in purchased.items():
        response = await world.client.put(f"{path}/licences/{licence}", json={"purchased": quantity})
        assert response.json() == {"changed": True}, response.text
    return path


async def _add(world: World, path: str, name: str = DESK, **fields: Any) -> dict[str, Any]:
    body = {"user_principal_name": name, "usage_location": "RO", **fields}
    added: dict[str, Any] = await world.created(f"{path}/users", body)
    return added


async def _import(world: World, path: str, file: str, **parameters: str) -> httpx.Response:
    return await world.client.post(f"{path}/users/import", content=file, params=parameters, headers=CSV)


async def _licences_of(world: World, path: str, name: str, kind: str = "users") -> list[str]:
    licences: list[str] = (await world.client.get(f"{path}/{kind}/{name}")).json()["licences"]
    return licences


async def test_a_user_is_added_shown_changed_and_removed(world: World) -> None:
    path, client = await _opened(world), world.client
    account = await world.created(f"{path}/resource-accounts", {"user_principal_name": "queue@example.com"})
    added = await _add(
        world,
        path,
        object_id=ID,
        display_name="Recepție",
        department="Vânzări",
        dial_out={"conference": "zone_a", "user": "domestic"},
        monthly_cap="25",
        shared_calling_account=account["object_id"],
    )
    created_at = added.pop("created_at")
    assert created_at.endswith("Z")
    assert added == {
        "object_id": ID,
        "user_principal_name": DESK,
        "display_name": "Recepție",
        "usage_location": "RO",
        "department": "Vânzări",
        "licences": [],
        "numbers": [],
        "dial_out": {"conference": "zone_a", "user": "domestic"},
        "premium_allowed": None,
        "toll_free_allowed": True,
        "monthly_cap": "25.000000",
        "currency": "EUR",
        "shared_calling_account": account["object_id"],
    }
    for name in (ID, DESK, DESK.upper()):
        assert (await client.get(f"{path}/users/{name}")).json() == {**added, "created_at": created_at}

    change = {"department": "", "dial_out": None, "premium_allowed": True, "shared_calling_account": None}
    changed = await client.patch(f"{path}/users/{DESK}", json={**change, "monthly_cap": None})
    assert changed.status_code == 200, changed.text
    assert changed.json() == {**added, **change, "monthly_cap": None, "created_at": created_at}
    assert (await client.patch(f"{path}/users/{ID}", json={})).json() == changed.json()

    assert (await client.delete(f"{path}/users/{DESK}")).json() == {"changed": True}
    assert (await client.get(f"{path}/users/{ID}")).status_code == 404


async def test_a_user_with_a_number_stays(world: World) -> None:
    path = await _opened(world)
    user = await _add(world, path)
    await world.services.pool.execute(INSERT_NUMBER, path.rpartition("/")[2], "+40214449001", user["object_id"])
    refused = await world.client.delete(f"{path}/users/{DESK}")
    assert (refused.status_code, refused.json()["code"]) == (409, "number_in_use")
    assert (refused.json()["number"], refused.json()["numbers"]) == ("+40214449001", 1)
    assert (await world.client.get(f"{path}/users/{DESK}")).json()["numbers"] == ["+40214449001"]


async def test_people_are_searched(world: World) -> None:
    path = await _opened(world)
    await _add(world, path, "one@example.com", display_name="Ștefan", department="Sales")
    await _add(world, path, "two@example.com", display_name="Bianca")
    await world.created(f"{path}/resource-accounts", {"user_principal_name": "three@example.com"})
    await world.client.post(f"{path}/licences/assignments", json={"users": ["two@example.com"], "assign": ["MCOPSTNC"]})

    async def found(kind: str = "users", **filters: str) -> list[str]:
        items = (await world.client.get(f"{path}/{kind}", params=filters)).json()["items"]
        return [each["user_principal_name"].partition("@")[0] for each in items]

    assert await found() == ["two", "one"]
    assert await found("resource-accounts") == ["three"]
    assert await found(text="ștef") == await found(text="ONE@") == await found(department="Sales") == ["one"]
    assert await found(licence="MCOPSTNC") == await found(department="") == ["two"]


async def test_licences_are_bought_assigned_and_listed(world: World) -> None:
    path, client = await _opened(world, MCOPSTN5=2), world.client
    for name in ("one", "two"):
        await _add(world, path, f"{name}@example.com")
    await client.put(f"{path}/licences/MCOPSTN1", json={"purchased": 1, "country": "RO"})
    body = {"users": ["one@example.com", "TWO@example.com"], "assign": ["MCOPSTN5", "MCOPSTNC"]}

    preview = await client.post(f"{path}/licences/assignments", json=body, params={"dry_run": "true"})
    assert (preview.status_code, preview.json()["written"], preview.json()["refusal"]) == (200, False, None)
    assert await _licences_of(world, path, "one@example.com") == []
    done = await client.post(f"{path}/licences/assignments", json=body)

    assert done.json()["written"] is True
    assert done.json()["lines"] == preview.json()["lines"]
    assert [(line["user"], line["changed"], line["licences"]) for line in done.json()["lines"]] == [
        ("one@example.com", True, ["MCOPSTN5", "MCOPSTNC"]),
        ("TWO@example.com", True, ["MCOPSTN5", "MCOPSTNC"]),
    ]
    swap = {"users": ["one@example.com"], "take": ["MCOPSTN5"], "assign": ["MCOPSTN1"]}
    assert (await client.post(f"{path}/licences/assignments", json=swap)).json()["written"] is True
    assert await _licences_of(world, path, "one@example.com") == ["MCOPSTN1", "MCOPSTNC"]
    assert (await client.get(f"{path}/licences")).json() == {
        "items": [
            {"licence": "MCOPSTN5", "country": "", "purchased": 2, "assigned": 1, "free": 1},
            {"licence": "MCOPSTN1", "country": "RO", "purchased": 1, "assigned": 1, "free": 0},
            {"licence": "MCOPSTNC", "country": "", "purchased": None, "assigned": 2, "free": None},
        ],
        "next_cursor": None,
    }


async def test_an_assignment_that_cannot_be_tells_which_lines_are_to_blame(world: World) -> None:
    path, client = await _opened(world, MCOPSTN5=2), world.client
    await _add(world, path, "one@example.com")
    body = {"users": ["one@example.com", "nobody@example.com"], "assign": ["MCOPSTN5"]}
    refused = await client.post(f"{path}/licences/assignments", json=body)
    assert (refused.status_code, refused.json()["code"], refused.json()["user"]) == (
        404,
        "unknown_user",
        "nobody@example.com",
    )
    (line,) = refused.json()["lines"]
    assert (line["user"], line["object_id"], line["refusal"]["code"]) == ("nobody@example.com", None, "unknown_user")
    preview = await client.post(f"{path}/licences/assignments", json=body, params={"dry_run": "true"})
    assert preview.status_code == 200
    assert [each["refusal"] and each["refusal"]["code"] for each in preview.json()["lines"]] == [None, "unknown_user"]
    assert await _licences_of(world, path, "one@example.com") == []


async def test_people_come_from_a_file(world: World) -> None:
    path = await _opened(world, MCOPSTN5=2)
    preview = await _import(world, path, FILE, dry_run="true")
    assert (preview.status_code, preview.json()["written"], preview.json()["added"]) == (200, False, 2)
    assert (await world.client.get(f"{path}/users")).json()["items"] == []
    done = await _import(world, path, FILE)
    assert done.json() == {
        "written": True,
        "added": 2,
        "changed": 0,
        "unchanged": 0,
        "numbers": 0,
        "licences": [
            {"licence": "MCOPSTN5", "purchased": 2, "needed": 2, "short": 0},
            {"licence": "MCOPSTNC", "purchased": None, "needed": 1, "short": 0},
        ],
        "error_count": 0,
        "errors": [],
        "refusal": None,
    }
    assert await _licences_of(world, path, "queue@example.com", "resource-accounts") == ["MCOPSTN5"]
    multipart = await world.client.post(f"{path}/users/import", files={"file": ("people.csv", FILE, "text/csv")})
    assert (multipart.json()["unchanged"], multipart.json()["written"]) == (2, False)


async def test_a_file_that_is_wrong_is_told_line_by_line_and_not_imported(world: World) -> None:
    path = await _opened(world, MCOPSTN5=1)
    wrong = FILE + "".join(f"user{number},,ZZ,,,\n" for number in range(150))
    refused = await _import(world, path, wrong)
    assert (refused.status_code, refused.json()["code"], refused.json()["error_count"]) == (422, "invalid_input", 300)
    assert len(refused.json()["errors"]) == 20
    assert refused.json()["errors"][1]["field"] == "line 4, column usage_location"
    preview = (await _import(world, path, wrong, dry_run="true")).json()
    assert (len(preview["errors"]), preview["error_count"], preview["refusal"]["code"]) == (200, 300, "invalid_input")
    assert preview["errors"][0] == {
        "line": 4,
        "column": "user_principal_name",
        "value": "user0",
        "allowed": "a user principal name such as front.desk@example.com, in ASCII",
        "code": "invalid_input",
    }

    short = await _import(world, path, FILE)
    assert (short.status_code, short.json()["code"]) == (409, "licence_not_available")
    assert {name: short.json()[name] for name in ("licence", "purchased", "assigned", "needed")} == {
        "licence": "MCOPSTN5",
        "purchased": 1,
        "assigned": 0,
        "needed": 2,
    }
    assert (await world.client.get(f"{path}/users")).json()["items"] == []


async def test_licences_come_from_a_file(world: World) -> None:
    path = await _opened(world, MCOPSTN5=2)
    await _import(world, path, FILE)
    file = "user_principal_name,assign,take\none@example.com,,MCOPSTN5;MCOPSTNC\n"
    there = f"{path}/licences/assignments/import"
    preview = await world.client.post(there, content=file, headers=CSV, params={"dry_run": "true"})
    assert (preview.json()["changed"], preview.json()["written"]) == (1, False)
    done = await world.client.post(there, content=file, headers=CSV)
    assert (done.json()["changed"], done.json()["written"]) == (1, True)
    assert await _licences_of(world, path, "one@example.com") == []


async def test_no_organization_sees_changes_or_licenses_anothers_people(world: World) -> None:
    ours, theirs = await _opened(world, MCOPSTN5=1), await _opened(world, MCOPSTN5=1)
    user = await _add(world, theirs, object_id=ID)
    client = world.client
    before = await world.dump()
    for name in (ID, DESK):
        answers = [
            await client.get(f"{ours}/users/{name}"),
            await client.patch(f"{ours}/users/{name}", json={"department": "Ours"}),
            await client.delete(f"{ours}/users/{name}"),
            await client.post(f"{ours}/licences/assignments", json={"users": [name], "assign": ["MCOPSTN5"]}),
        ]
        assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(404, "unknown_user")] * 4
    assert (await client.get(f"{ours}/users")).json()["items"] == []
    assert await world.dump() == before
    assert (await client.get(f"{theirs}/users/{ID}")).json() == user
