"""A walk over the paths of administrators and staff, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Any

from commcredits.operations.invitations import Invitation, find_invitation, use_invitation
from commcredits.operations.passkeys import new_person
from commcredits.operations.visits import Way
from tests.edges.http.administration.world import World

UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"


def _somebody(world: World, role: str) -> dict[str, Any]:
    """Somebody who is nobody's administrator yet."""
    address = f"{world.key()['Idempotency-Key']}@example.com"
    return {"address": address, "name": "Recepție", "roles": [role], "language": "ro"}


async def walk_well_over_access(world: World, organization: str) -> None:
    """Invite, see, change, shut out and let in again, for an organization and for the operator."""
    for path, other in ((f"/v1/organizations/{organization}/administrators", "reports_reader"), ("/v1/staff", "")):
        somebody = _somebody(world, "support" if other else "operator_staff")
        invited = await world.created(path, {**somebody, "by_link": True})
        assert "/portal/invitation/" in invited["link"]
        one = f"{path}/{invited['administrator_id']}"
        assert (await world.client.get(one)).json()["state"] == "invited"
        changed = await world.client.put(f"{one}/roles", json={"roles": [other or "operator_owner"]})
        assert changed.status_code == 200, changed.text
        for act in ("invite", "disable", "enable", "invite", "withdraw"):
            done = await world.client.post(f"{one}/{act}")
            assert done.status_code == 200, (act, done.text)
        listed = (await world.client.get(path)).json()["items"]
        assert invited["administrator_id"] not in {each["administrator_id"] for each in listed}


async def _accepted(world: World, path: str, role: str) -> str:
    """Where somebody is who was invited and came."""
    invited = await world.created(path, {**_somebody(world, role), "by_link": True})
    services = world.services
    invitation = await find_invitation(services, invited["link"].rpartition("/")[2])
    assert isinstance(invitation, Invitation), invitation
    async with services.pool.acquire() as connection, connection.transaction():
        await use_invitation(connection, services, invitation, person_id=new_person(services), way=Way.PASSKEY)
    return f"{path}/{invited['administrator_id']}"


async def walk_into_refusals_of_access(world: World, organization: str) -> None:
    """People who are there already, or are not there at all, and the last one who may do everything."""
    for path, role, lesser in (
        (f"/v1/organizations/{organization}/administrators", "global_administrator", "support"),
        ("/v1/staff", "operator_owner", "operator_staff"),
    ):
        last = await _accepted(world, path, role)
        for refused in (
            await world.client.post(f"{last}/disable"),
            await world.client.put(f"{last}/roles", json={"roles": [lesser]}),
        ):
            assert (refused.status_code, refused.json()["code"]) == (409, "last_administrator")
    for path, role in (
        (f"/v1/organizations/{organization}/administrators", "support"),
        ("/v1/staff", "operator_staff"),
    ):
        somebody = _somebody(world, role)
        await world.created(path, somebody)
        taken = await world.client.post(path, json=somebody, headers=world.key())
        assert (taken.status_code, taken.json()["code"]) == (409, "administrator_taken")
        one = f"{path}/{UNKNOWN_ID}"
        for act in ("invite", "disable", "enable"):
            assert (await world.client.post(f"{one}/{act}")).json()["code"] == "unknown_administrator", act
        assert (await world.client.get(one)).status_code == 404
        assert (await world.client.put(f"{one}/roles", json={"roles": [role]})).status_code == 404
