"""What a key opens over HTTP: its own organization, what its scopes say, for as long as it lasts."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from commcredits.edges.http.administration.guessing import ADDRESSES_MAX, FAILURES_MAX, WINDOW_SECONDS, Guesses
from tests.edges.http.administration.world import World, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOKEN_PATH = "/v1/oauth/token"
GRANT = {"grant_type": "client_credentials"}


async def _key(world: World, organization: str, *scopes: str, **fields: Any) -> dict[str, Any]:
    body = {"name": "Program", "scopes": list(scopes), **fields}
    made: dict[str, Any] = await world.created(f"/v1/organizations/{organization}/api-keys", body)
    return made


def _secret_part(key: dict[str, Any]) -> str:
    return str(key["secret"]).removeprefix(f"{key['prefix']}_")


async def _token(world: World, **content: Any) -> httpx.Response:
    async with client_of(world.app, world.documentation, token="") as program:
        return await program.post(TOKEN_PATH, **content)


def _problem(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


async def test_a_key_opens_what_its_scopes_say_and_is_told_what_it_lacks(world: World) -> None:
    organization = await world.open_organization()
    key = await _key(world, organization, "funds.read")
    path = f"/v1/organizations/{organization}"
    async with client_of(world.app, world.documentation, token=key["secret"]) as program:
        assert (await program.get(f"{path}/balance")).status_code == 200
        for refused in (
            await program.get(f"{path}/users"),
            await program.get(path),
            await program.get("/v1/organizations"),
            await program.post("/v1/verify"),
            await program.get(f"{path}/api-keys"),
            await program.get("/v1/number-stock"),
        ):
            assert _problem(refused) == (403, "not_permitted")
            assert refused.headers["www-authenticate"] == 'Bearer realm="commcredits", error="insufficient_scope"'


async def test_a_key_is_confined_to_its_organization_which_is_all_that_it_learns_of(world: World) -> None:
    ours, theirs = await world.open_organization(), await world.open_organization()
    everything = (await world.client.get("/.well-known/oauth-authorization-server")).json()["scopes_supported"]
    key = await _key(world, ours, *everything)
    nobody = "019353b4-7c1e-7000-8000-000000000000"
    async with client_of(world.app, world.documentation, token=key["secret"]) as program:
        for place in ("", "/balance", "/users", "/numbers", "/receipts", "/calls", "/api-keys", "/webhook-endpoints"):
            there = await program.get(f"/v1/organizations/{theirs}{place}")
            nowhere = await program.get(f"/v1/organizations/{nobody}{place}")
            assert _problem(there) == _problem(nowhere) == (404, "unknown_organization"), place
            assert (await program.get(f"/v1/organizations/{ours}{place}")).status_code == 200, place
        bought = await program.post(
            f"/v1/organizations/{theirs}/top-ups",
            json={"amount": "50", "payment_method": nobody},
            headers=world.key(),
        )
        assert _problem(bought) == (404, "unknown_organization")
        child = await program.post(
            f"/v1/organizations/{ours}/api-keys", json={"name": "Child", "scopes": ["operator.read"]}
        )
        assert _problem(child) == (422, "invalid_input")


async def test_every_failure_to_say_who_one_is_is_answered_alike(world: World) -> None:
    organization = await world.open_organization()
    key = await _key(world, organization, "funds.read")
    gone = await _key(world, organization, "funds.read")
    await world.client.post(f"/v1/organizations/{organization}/api-keys/{gone['key_id']}/revoke")
    wrong = [
        "cck_aaaaaaaa_" + "A" * 43,
        f"{key['prefix']}_" + "A" * 43,
        gone["secret"],
        "cct_" + "A" * 43,
        "a.b.c",
        "x" * 9_000,
        "cck_",
    ]
    seen = set()
    for token in wrong:
        async with client_of(world.app, world.documentation, token=token) as stranger:
            refused = await stranger.get(f"/v1/organizations/{organization}/balance")
            seen.add((refused.status_code, refused.content, refused.headers["www-authenticate"]))
    assert len(seen) == 1
    ((status, _body, challenge),) = seen
    assert (status, challenge) == (401, 'Bearer realm="commcredits", error="invalid_token"')
    async with client_of(world.app, world.documentation, token="") as stranger:
        silent = await stranger.get(f"/v1/organizations/{organization}/balance")
    assert (silent.status_code, silent.headers["www-authenticate"]) == (401, 'Bearer realm="commcredits"')


async def test_a_token_is_got_with_a_key_either_way_and_ends_with_it(world: World) -> None:
    organization = await world.open_organization()
    key = await _key(world, organization, "funds.read", "users.read")
    path, secret = f"/v1/organizations/{organization}", _secret_part(key)
    in_header = await _token(world, data=GRANT, auth=(key["prefix"], secret))
    in_form = await _token(world, data={**GRANT, "client_id": key["prefix"], "client_secret": secret})
    narrow = await _token(world, data={**GRANT, "scope": "users.read"}, auth=(key["prefix"], secret))
    assert (in_header.status_code, in_form.status_code, narrow.status_code) == (200, 200, 200)
    told = narrow.json()
    assert (told["token_type"], told["scope"], told["expires_in"]) == ("Bearer", "users.read", 600)
    assert narrow.headers["cache-control"] == "no-store"
    async with client_of(world.app, world.documentation, token=told["access_token"]) as program:
        assert (await program.get(f"{path}/users")).json() == {"items": [], "next_cursor": None}
        assert _problem(await program.get(f"{path}/balance")) == (403, "not_permitted")
        await world.client.post(f"{path}/api-keys/{key['key_id']}/revoke")
        await asyncio.sleep(1.1)
        assert (await program.get(f"{path}/users")).status_code == 401
    assert (await _token(world, data=GRANT, auth=(key["prefix"], secret))).status_code == 401


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"content": b"scope="}, 400, "invalid_request"),
        ({"data": {"grant_type": "password"}}, 400, "unsupported_grant_type"),
        ({"data": {**GRANT, "scope": "funds.write"}}, 400, "invalid_scope"),
        ({"data": {**GRANT, "scope": "users.read  funds.read"}}, 400, "invalid_scope"),
        ({"content": b"grant_type=client_credentials&grant_type=client_credentials"}, 400, "invalid_request"),
        ({"content": b"\xff"}, 400, "invalid_request"),
        ({"content": b"&".join(b"%d=1" % number for number in range(20))}, 400, "invalid_request"),
        ({"data": {**GRANT, "client_secret": "both"}}, 400, "invalid_request"),
        ({"auth": ("cck_aaaaaaaa", "A" * 43)}, 401, "invalid_client"),
        ({"headers": {"Authorization": "Basic !!!"}, "auth": None}, 401, "invalid_client"),
        ({"headers": {"Authorization": "Basic " + base64.b64encode(b"no colon").decode()}}, 401, "invalid_client"),
        ({"headers": {"Authorization": "Bearer x"}, "auth": None}, 401, "invalid_client"),
        ({"data": {**GRANT, "client_id": "cck_bbbbbbbb"}}, 401, "invalid_client"),
    ],
)
async def test_the_errors_are_those_of_oauth(world: World, change: dict[str, Any], status: int, error: str) -> None:
    organization = await world.open_organization()
    key = await _key(world, organization, "users.read")
    content: dict[str, Any] = {"data": GRANT, "auth": (key["prefix"], _secret_part(key)), **change}
    if "headers" in change:
        content["auth"] = None
    if "content" in change:
        del content["data"]
        content["headers"] = {"Content-Type": "application/x-www-form-urlencoded"}
    answered = await _token(world, **content)
    assert (answered.status_code, answered.json()["error"]) == (status, error)
    assert ("www-authenticate" in answered.headers) == (status == 401)
    if status == 401:
        assert answered.headers["www-authenticate"].startswith("Basic ")


async def test_no_key_and_no_token_is_ever_logged_or_shown_again(world: World) -> None:
    organization = await world.open_organization()
    with capture_logs() as logged:
        key = await _key(world, organization, "funds.read")
        issued = (await _token(world, data=GRANT, auth=(key["prefix"], _secret_part(key)))).json()["access_token"]
        async with client_of(world.app, world.documentation, token=key["secret"]) as program:
            await program.get(f"/v1/organizations/{organization}/balance")
        listed = await world.client.get(f"/v1/organizations/{organization}/api-keys")
    for secret in (_secret_part(key), issued):
        assert secret not in listed.text
        assert secret not in str(logged)
    (shown,) = listed.json()["items"]
    assert (shown["prefix"], "secret" in shown, shown["created_by"]) == (key["prefix"], False, "operator")
    assert shown["last_used_at"] is not None


async def test_a_sandbox_key_acts_on_the_sandbox_alone_and_moves_no_money(world: World) -> None:
    real = await world.open_organization()
    sandbox = (await world.client.post(f"/v1/organizations/{real}/sandbox")).json()["organization_id"]
    key = await _key(world, real, "funds.read", "funds.write", "payment_methods.write", sandbox=True)
    async with client_of(world.app, world.documentation, token=key["secret"]) as program:
        balance = await program.get(f"/v1/organizations/{sandbox}/balance")
        assert balance.json()["available"] == "100.000000"
        assert _problem(await program.get(f"/v1/organizations/{real}/balance")) == (404, "unknown_organization")
        card = await program.post(
            f"/v1/organizations/{sandbox}/payment-methods", json={"gateway": "simulator", "reference": "pm_1"}
        )
        assert _problem(card) == (409, "sandbox_not_allowed")
        more = await program.post(
            f"/v1/organizations/{sandbox}/sandbox/funds", json={"amount": "1"}, headers=world.key()
        )
        assert more.status_code == 201, more.text
    listed = (await world.client.get("/v1/organizations", params={"limit": "200"})).json()["items"]
    assert real in {each["organization_id"] for each in listed}
    assert sandbox not in {each["organization_id"] for each in listed}


async def test_guessing_is_slowed_down_and_remembered_within_bounds(own_world: World) -> None:
    organization = await own_world.open_organization()
    known, fresh = [await _key(own_world, organization, "funds.read") for _ in range(2)]
    path = f"/v1/organizations/{organization}/balance"

    async def status(token: str) -> int:
        async with client_of(own_world.app, None, token=token) as program:
            return (await program.get(path)).status_code

    assert await status(known["secret"]) == 200
    for _ in range(FAILURES_MAX):
        assert await status("cck_aaaaaaaa_" + "A" * 43) == 401
    assert await status(fresh["secret"]) == 401
    assert await status(known["secret"]) == 200
    guesses = Guesses()
    for number in range(ADDRESSES_MAX + 100):
        guesses.note(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", 0.0)
    assert len(guesses) == ADDRESSES_MAX
    for number in range(FAILURES_MAX):
        guesses.note(f"2001:db8::{number:x}", 1.0)
    assert guesses.are_too_many("2001:db8::ffff", 2.0)
    assert not guesses.are_too_many("2001:db8:0:1::1", 2.0)
    assert not guesses.are_too_many("2001:db8::ffff", 1.0 + WINDOW_SECONDS)
