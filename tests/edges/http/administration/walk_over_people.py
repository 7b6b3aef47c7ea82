"""A walk over the paths of people and licences, for whoever holds answers against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from tests.edges.http.administration.world import World
from tests.operations.colleagues import INSERT_NUMBER

CSV = {"Content-Type": "text/csv"}


async def walk_well_over_people(world: World, organization: str) -> None:
    """Add people, license them one by one and by the file, change and remove them."""
    client, path = world.client, f"/v1/organizations/{organization}"
    assert (await client.put(f"{path}/licences/MCOPSTN1", json={"purchased": 5})).status_code == 200
    for kind in ("users", "resource-accounts"):
        there = f"{path}/{kind}/{kind}@example.com"
        await world.created(f"{path}/{kind}", {"user_principal_name": f"{kind}@example.com", "usage_location": "RO"})
        assigned = {"users": [f"{kind}@example.com"], "assign": ["MCOPSTN1"]}
        assert (await client.post(f"{path}/licences/assignments", json=assigned)).status_code == 200
        assert (await client.patch(there, json={"department": "Walk"})).status_code == 200
        for read in (f"{path}/{kind}", there):
            assert (await client.get(read)).status_code == 200
        assert (await client.delete(there)).status_code == 200
    assert (await client.get(f"{path}/licences")).status_code == 200
    for importing, file in (
        ("users/import", b"user_principal_name\nwalk@example.com\n"),
        ("licences/assignments/import", b"user_principal_name,assign\nwalk@example.com,MCOPSTNC\n"),
    ):
        imported = await client.post(f"{path}/{importing}", content=file, headers=CSV)
        assert imported.status_code == 200, imported.text


async def walk_into_refusals_of_people(world: World, organization: str) -> None:
    """People who are taken, cannot go, and want licences that do not go together or are not there."""
    client, path = world.client, f"/v1/organizations/{organization}"
    moved = {"usage_location": "GB"}
    for kind in ("users", "resource-accounts"):
        one, other = (
            {"user_principal_name": f"{name}.{kind}@example.com", "usage_location": "RO"} for name in ("one", "other")
        )
        there = f"{path}/{kind}/{one['user_principal_name']}"
        user = await world.created(f"{path}/{kind}", one)
        await world.created(f"{path}/{kind}", other)
        await client.post(f"{path}/{kind}", json={**one, "department": "Walk"})
        await client.patch(there, json={"user_principal_name": other["user_principal_name"]})
        await client.put(f"{path}/licences/MCOPSTN2", json={"purchased": 2, "country": "RO"})
        for licence in ("MCOPSTN2", "MCOPSTN5"):
            body = {"users": [user["object_id"]], "assign": [licence]}
            await client.post(f"{path}/licences/assignments", json=body)
        await client.patch(there, json=moved)
        number = f"+4021234580{len(kind)}"
        await world.services.pool.execute(INSERT_NUMBER, organization, number, user["object_id"])
        for name in (one["user_principal_name"], "nobody@example.com"):
            await client.delete(f"{path}/{kind}/{name}")
            await client.get(f"{path}/{kind}/nobody@example.com")
            await client.patch(f"{path}/{kind}/nobody@example.com", json=moved)
    for importing in ("users/import", "licences/assignments/import"):
        for headers, content in (
            ({"Content-Type": "text/plain"}, b"{}"),
            ({**CSV, "Content-Length": str(2**29)}, b""),
            ({"Content-Type": "multipart/form-data"}, b""),
        ):
            await client.post(f"{path}/{importing}", content=content, headers=headers)
    short = {"users": ["other.users@example.com"], "assign": ["MCOPSTN8"]}
    await client.post(f"{path}/licences/assignments", json=short)
    await client.post(f"{path}/licences/assignments", json={**short, "users": ["nobody@example.com"]})
    await client.put(f"{path}/licences/MCOPSTN2", json={"purchased": 0, "country": "RO"})
    await client.post(
        f"{path}/users/import",
        content=b"user_principal_name,usage_location,licences\nx@example.com,RO,MCOPSTN8\n",
        headers=CSV,
    )
    await client.post(
        f"{path}/licences/assignments/import",
        content=b"user_principal_name,assign\nother.users@example.com,MCOPSTN8\n",
        headers=CSV,
    )


async def walk_into_closed_doors_of_people(world: World, organization: str) -> None:
    """Nobody joins an organization that is closed."""
    client, path = world.client, f"/v1/organizations/{organization}"
    for kind in ("users", "resource-accounts"):
        await client.post(f"{path}/{kind}", json={"user_principal_name": "late@example.com"})
    await client.post(f"{path}/licences/assignments", json={"users": ["late@example.com"], "assign": ["MCOPSTNC"]})
    for importing in ("users/import", "licences/assignments/import"):
        file = b"user_principal_name\nlate@example.com\n"
        await client.post(f"{path}/{importing}", content=file, headers=CSV)
