"""The charging paths at the administration's address: passed on, answered, and never taken for an answer of our own."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from commcredits.edges.http.administration.app import administration_app
from commcredits.edges.http.charging.serve import ListenAddress, serve_charging
from commcredits.operations.numbers import NumberDirectory
from tests.edges.http.administration.world import TOKEN, World, bound_socket, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CALL = {"session_id": "call-1", "caller": "+40212345678", "callee": "+40723456789"}


async def test_a_command_and_its_refusal_come_back_as_the_charging_process_gave_them(world: World) -> None:
    organization = await world.open_organization()
    refused = await world.client.post("/v1/charging/authorise", json={**CALL, "organization_id": organization})
    assert (refused.status_code, refused.json()["code"]) == (403, "no_rate")
    assert refused.headers["content-type"] == "application/problem+json"
    batch = await world.client.post("/v1/charging/batch", json=[{"command": "start", **CALL}, {"command": "dance"}])
    assert [answer["code"] for answer in batch.json()] == ["invalid_input", "invalid_input"]


async def test_the_charging_process_checks_the_token_itself(world: World) -> None:
    async with client_of(world.app, world.documentation, token="another-token-altogether") as stranger:
        refused = await stranger.post("/v1/charging/authorise", json=CALL)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorised")
    assert "www-authenticate" in refused.headers


async def test_a_path_or_method_that_charging_does_not_have_is_refused(world: World) -> None:
    assert (await world.client.post("/v1/charging/dance", json={})).json()["code"] == "not_found"
    refused = await world.client.get("/v1/charging/authorise")
    assert (refused.status_code, refused.headers["allow"]) == (405, "POST")


async def test_a_charging_process_that_is_away_is_busy_and_not_an_error(world: World) -> None:
    with bound_socket() as nobody:
        app = administration_app(world.services, operator_token=SecretStr(TOKEN), charging_address=nobody.getsockname())
        async with app.router.lifespan_context(app), client_of(app, world.documentation) as client:
            response = await client.post("/v1/charging/authorise", json=CALL)
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert response.headers["retry-after"] == "1"


async def test_a_charging_process_that_came_back_is_found_again(own_world: World) -> None:
    address = ListenAddress(port=own_world.charging.port)
    organization = await own_world.open_organization()
    call = {**CALL, "organization_id": organization}
    assert (await own_world.client.post("/v1/charging/authorise", json=call)).status_code == 403
    await own_world.charging.stop(grace_seconds=2)
    assert (await own_world.client.post("/v1/charging/authorise", json=call)).status_code == 503
    again = await serve_charging(
        own_world.committer, NumberDirectory(), token=TOKEN.encode(), now=own_world.services.clock, address=address
    )
    try:
        assert (await own_world.client.post("/v1/charging/authorise", json=call)).status_code == 403
    finally:
        await again.stop(grace_seconds=2)


async def test_an_installation_that_forwards_nothing_has_no_charging_paths(world: World) -> None:
    app = administration_app(world.services, operator_token=SecretStr(TOKEN), charging_address=None)
    async with client_of(app, None) as client:
        response = await client.post("/v1/charging/authorise", json=CALL)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_a_body_longer_than_charging_takes_is_refused_before_it_is_passed_on(world: World) -> None:
    refused = await world.client.post(
        "/v1/charging/batch", content=b" " * 1_048_577, headers={"Content-Type": "application/json"}
    )
    assert (refused.status_code, refused.json()["code"]) == (413, "payload_too_large")


async def test_header_fields_that_are_no_ascii_are_the_charging_processs_to_refuse(world: World) -> None:
    headers = {b"Authorization": "Bearer țoken".encode(), b"Content-Type": b"application/json"}
    async with client_of(world.app, world.documentation, token="") as stranger:
        refused = await stranger.post("/v1/charging/authorise", content=b"{}", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "unauthorised")
