"""A walk over the paths of advice.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Final

from tests.edges.http.administration.world import World

UNKNOWN_ID: Final = "019353b4-7c1e-7000-8000-000000000000"


async def walk_well_over_advice(world: World, organization: str) -> None:
    """Show all advice."""
    for path in ("advice", "advice/plans"):
        assert (await world.client.get(f"/v1/organizations/{organization}/{path}")).status_code == 200


async def walk_into_refusals_of_advice(world: World) -> None:
    """An organization that does not exist."""
    for path in ("advice", "advice/plans"):
        assert (await world.client.get(f"/v1/organizations/{UNKNOWN_ID}/{path}")).status_code == 404
