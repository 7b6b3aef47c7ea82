"""Who is let in, what goes with every answer, and what nobody is told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from pydantic import SecretStr
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send
from structlog.testing import capture_logs

from commcredits.edges.http.administration import bodies
from commcredits.edges.http.administration.access import ActingOperator, Guard, KeyRing
from commcredits.edges.http.administration.app import administration_app
from commcredits.edges.http.administration.bearers import Bearers
from commcredits.operations.key_holders import KeyHolders
from tests.edges.http.administration.world import TOKEN, World, client_of, rate_deck_csv

pytestmark = pytest.mark.asyncio(loop_scope="module")

JSON = {"Content-Type": "application/json"}


async def test_every_answer_forbids_to_keep_it_to_frame_it_and_to_guess_its_type(world: World) -> None:
    for path in ("/v1/organizations", "/v1/health", "/v1/organizations/7", "/v1/nothing", "/v1/charging/nothing"):
        response = await world.client.get(path)
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert response.headers["referrer-policy"] == "no-referrer"


async def test_a_stranger_is_refused_before_a_byte_of_the_body_is_read(world: World) -> None:
    asked_for = False

    async def body() -> AsyncIterator[bytes]:
        nonlocal asked_for
        asked_for = True
        yield b"{}"

    async with client_of(world.app, world.documentation, token="") as stranger:
        refused = await stranger.post("/v1/organizations", content=body(), headers=JSON)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, 'Bearer realm="commcredits"')
    assert not asked_for


async def test_two_tokens_are_none(world: World) -> None:
    request = world.client.build_request("GET", "/v1/organizations")
    request.headers = httpx.Headers([*request.headers.multi_items(), ("Authorization", f"Bearer {TOKEN}")])
    assert (await world.client.send(request)).status_code == 401


async def test_an_empty_token_opens_nothing(world: World) -> None:
    with pytest.raises(ValueError, match="empty"):
        administration_app(world.services, operator_token=SecretStr(""), charging_address=None)


async def test_whoever_has_a_token_of_his_own_is_known_by_his_name(world: World) -> None:
    keys = {"alice": SecretStr("alice-has-a-token"), "bob": SecretStr("bob-has-another-one")}
    app = administration_app(world.services, operator_token=SecretStr(TOKEN), operators=keys, charging_address=None)

    @app.get("/v1/who")
    async def who(operator: ActingOperator) -> str:
        return operator

    tokens = {"alice": "alice-has-a-token", "bob": "bob-has-another-one", "operator": TOKEN}
    for name, token in tokens.items():
        async with client_of(app, None, token=token) as client:
            assert (await client.get("/v1/who")).json() == name
    for wrong in ("alice", "alice-has-a-token2", "bob-has-another-on", ""):
        async with client_of(app, None, token=wrong) as client:
            assert (await client.get("/v1/who")).status_code == 401


async def test_a_ring_of_keys_shows_names_and_no_token() -> None:
    assert repr(KeyRing({"alice": SecretStr("alice-has-a-token")})) == "KeyRing(alice)"


async def test_a_method_that_a_path_does_not_take_is_told_which_it_does(world: World) -> None:
    refused = await world.client.delete("/v1/organizations")
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, POST")


async def test_what_is_mounted_beside_the_api_keeps_its_own_door_and_header_fields(world: World) -> None:
    app = administration_app(world.services, operator_token=SecretStr(TOKEN), charging_address=None)
    app.mount("/pages", PlainTextResponse("welcome", headers={"Cache-Control": "max-age=60"}))
    async with client_of(app, None, token="") as visitor:
        page, closed = await visitor.get("/pages/home"), await visitor.get("/v1/pages")
    assert (page.status_code, page.text, page.headers["cache-control"]) == (200, "welcome", "max-age=60")
    assert "content-security-policy" not in page.headers
    assert closed.status_code == 401


async def test_a_body_that_stops_arriving_is_given_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "CHUNK_SECONDS_MAX", 0.05)
    never = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        yield rate_deck_csv()
        await never.wait()

    for path, media_type in (
        ("/v1/organizations", "application/json"),
        ("/v1/rate-decks?name=Slow&currency=EUR", "text/csv"),
        ("/v1/gateways/simulator/webhooks", "application/json"),
    ):
        headers = {"Content-Type": media_type, **world.key()}
        response = await world.client.post(path, content=stalled(), headers=headers)
        assert (response.status_code, response.json()["code"]) == (408, "request_timeout")


async def test_a_fault_of_ours_tells_a_stranger_nothing_and_the_log_no_secret(
    own_world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await own_world.services.pool.close()
    with capture_logs() as logged, caplog.at_level(logging.DEBUG):
        response = await own_world.client.get(f"/v1/organizations?limit=7&token={TOKEN}")
        assert response.status_code == 422
        response = await own_world.client.get("/v1/organizations")
    assert (response.status_code, response.json()["code"]) == (500, "internal_error")
    assert "pool" not in response.text
    (entry,) = logged
    assert entry["error"] == "InterfaceError"
    assert TOKEN not in str(logged)
    assert TOKEN not in "".join(record.getMessage() for record in caplog.records if record.name != "httpx")


@pytest.mark.parametrize("error", [ConnectionRefusedError(111, "the database"), TimeoutError()])
async def test_a_database_that_cannot_be_reached_is_busy_and_not_a_fault(own_world: World, error: Exception) -> None:
    async def unreachable(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    ring = KeyRing({"operator": SecretStr("token")})
    bearers = Bearers(operators=ring, holders=KeyHolders(own_world.services))
    transport = httpx.ASGITransport(Guard(unreachable, bearers, own_world.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://administration") as client:
        response = await client.get("/v1/organizations", headers={"Authorization": "Bearer token"})
    assert (response.status_code, response.json()["code"]) == (503, "busy")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize(("error", "status"), [(TimeoutError(), 503), (LookupError("a secret"), 500)])
async def test_a_directory_is_told_of_faults_in_the_words_of_scim(
    own_world: World, error: Exception, status: int
) -> None:
    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise error

    ring = KeyRing({"operator": SecretStr("token")})
    bearers = Bearers(operators=ring, holders=KeyHolders(own_world.services))
    transport = httpx.ASGITransport(Guard(broken, bearers, own_world.services))
    async with httpx.AsyncClient(transport=transport, base_url="http://administration") as client:
        response = await client.get("/scim/v2/anything/Users", headers={"Authorization": "Bearer token"})
    assert (response.status_code, response.json()["status"]) == (status, str(status))
    assert response.json()["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert response.headers["content-type"] == "application/scim+json"
    assert response.headers.get("retry-after") == ("1" if status == 503 else None)
    assert "secret" not in response.text
