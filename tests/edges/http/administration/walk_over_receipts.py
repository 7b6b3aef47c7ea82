"""A walk over the paths of receipts and billing details, for whoever holds answers against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from commcredits.operations.receipts import issue_receipts
from tests.edges.http.administration.world import World
from tests.operations.selling import LONG_AGO, TERMS

DETAILS: Final[dict[str, Any]] = {
    "legal_name": "Țânțar & Fiii SRL",
    "address_lines": ["Bd. Unirii 10"],
    "city": "Cluj-Napoca",
    "county": "RO-CJ",
    "tax_id": "10000008",
}


async def issue(world: World) -> None:
    """What the worker does of an operator that has said who sells."""
    issued = await issue_receipts(replace(world.services, receipts=TERMS), since=LONG_AGO)
    assert issued.failures == ()


async def walk_well_over_receipts(world: World, organization: str) -> None:
    """Say who buys; list what was bought, show it, and save it in every format."""
    client, path = world.client, f"/v1/organizations/{organization}"
    assert (await client.put(f"{path}/billing-details", json=DETAILS)).status_code == 200
    assert (await client.get(f"{path}/billing-details")).status_code == 200
    assert (await world.buy(organization, await world.add_card(organization))).status_code == 201
    await issue(world)
    listed = await client.get(f"{path}/receipts")
    number = listed.json()["items"][0]["number"]
    for ending in ("", ".html", ".pdf", ".xml"):
        assert (await client.get(f"{path}/receipts/{number}{ending}")).status_code == 200


async def walk_into_refusals_of_receipts(world: World, organization: str) -> None:
    """A tax id of nobody, and receipts that there are not."""
    client, path = world.client, f"/v1/organizations/{organization}"
    await client.put(f"{path}/billing-details", json={**DETAILS, "tax_id": "RO1"})
    for ending in ("", ".html", ".pdf", ".xml"):
        await client.get(f"{path}/receipts/CC-999999{ending}")
