"""A walk over the paths of rules, blocks, pools and possible calls, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.world import World
from tests.operations.staff import hire

LATVIA: dict[str, Any] = {"kind": "destination", "subject": "LV"}


async def walk_well_over_policies(world: World, organization: str) -> None:
    """Save rules, set and lift a block, report pools, ask about calls that may be made and calls that may not."""
    client, path = world.client, f"/v1/organizations/{organization}"
    await hire(world.services, organization, "policed@example.com", licences=("MCOPSTN1", "MCOMEETADV", "MCOPSTNC"))
    limits = {"calls_max": 5, "department_monthly_max": {"Vânzări": "10"}, "user_monthly_max": "1"}
    rules = {"limits": limits, "pool_size_by": {"MCOPSTN6": "purchased"}, "premium_allowed": True}
    assert (await client.put(f"{path}/rules", json=rules)).status_code == 200
    block = await world.created(f"{path}/blocks", LATVIA)
    for ask in (
        {"user": "policed@example.com", "callee": "+40316300000"},
        {"user": "policed@example.com", "callee": "+4930123456"},
        {"user": "policed@example.com", "callee": "+37167000000"},
        {"user": "nobody@example.com", "callee": "+4930123456"},
        {"caller": "+40219999999", "callee": "+4930123456", "service": "conference_dial_out"},
        {"callee": "112"},
    ):
        answer = await client.post(f"{path}/may-call", json=ask)
        assert answer.status_code == 200, answer.text
    for _ in range(2):
        lifted = await client.post(f"{path}/blocks/{block['block_id']}/lift")
        assert lifted.status_code == 200, lifted.text
    for read in ("rules", "blocks", "blocks?in_force=true", "pools", "pools?month=2026-01", "search?q=policed"):
        assert (await client.get(f"{path}/{read}")).status_code == 200, read


async def walk_into_refusals_of_policies(world: World, organization: str) -> None:
    """Rules in another currency, users who are not there, blocks that are not, and keys that were used before."""
    client, path = world.client, f"/v1/organizations/{organization}"
    await client.put(f"{path}/rules", json={"currency": "USD"})
    await client.post(f"{path}/blocks", json={"kind": "user", "subject": "nobody@example.com"})
    await client.post(f"{path}/blocks/{organization}/lift")
    key = world.key()
    blocks = [
        (await client.post(f"{path}/blocks", json={**LATVIA, "subject": country}, headers=headers)).json()
        for country, headers in (("LV", key), ("CU", world.key()))
    ]
    await client.post(f"{path}/blocks", json={**LATVIA, "subject": "SO"}, headers=key)
    for block in blocks:
        await client.post(f"{path}/blocks/{block['block_id']}/lift", headers=key)
