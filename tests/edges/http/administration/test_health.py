"""Whether the service is ready: anybody may ask, and learns no more than that."""

from __future__ import annotations

import pytest

from tests.edges.http.administration.world import World, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_service_whose_parts_answer_is_ready_and_anybody_may_know(world: World) -> None:
    async with client_of(world.app, world.documentation, token="") as stranger:
        response = await stranger.get("/v1/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


async def test_a_service_without_its_committer_is_not_ready(own_world: World) -> None:
    await own_world.committer.close()
    response = await own_world.client.get("/v1/health")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.json()["detail"] == "The committer does not answer."


async def test_a_service_without_its_database_is_not_ready(own_world: World) -> None:
    await own_world.services.pool.close()
    response = await own_world.client.get("/v1/health")
    assert (response.status_code, response.json()["code"]) == (503, "not_ready")
    assert response.json()["detail"] == "The database does not answer."
