"""A walk over the paths of keys, tokens and sandboxes, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.world import World, client_of

KEY: dict[str, Any] = {"name": "Walk", "scopes": ["call_records.read"]}
UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"


async def walk_well_over_programs(world: World, organization: str) -> None:
    """Create a key, rotate it, get a token with it, revoke it; open a sandbox and put play money into it."""
    client, path = world.client, f"/v1/organizations/{organization}"
    made = await world.created(f"{path}/api-keys", KEY)
    rotated = await world.created(f"{path}/api-keys/{made['key_id']}/rotate", {"overlap_hours": 1})
    async with client_of(world.app, world.documentation, token="") as program:
        prefix, secret = rotated["prefix"], rotated["secret"].rpartition(f"{rotated['prefix']}_")[2]
        asked = await program.post("/v1/oauth/token", data={"grant_type": "client_credentials"}, auth=(prefix, secret))
        assert asked.status_code == 200, asked.text
        assert (await program.get("/.well-known/oauth-authorization-server")).status_code == 200
        assert (await program.post("/v1/oauth/token", data={"grant_type": "password"})).status_code == 401
        assert (await program.post("/v1/oauth/token", data={"scope": "a" * 9_000})).status_code == 413
        wrong = {"grant_type": "password", "client_id": prefix, "client_secret": secret}
        assert (await program.post("/v1/oauth/token", data=wrong)).status_code == 400
    revoked = [(await client.post(f"{path}/api-keys/{made['key_id']}/revoke")).json() for _ in range(2)]
    assert revoked == [{"changed": True}, {"changed": False}]
    assert (await client.post(f"{path}/sandbox")).status_code == 200
    await world.created(f"{path}/sandbox/funds", {"amount": "1"})
    for read in ("api-keys", "sandbox"):
        assert (await client.get(f"{path}/{read}")).status_code == 200, read


async def walk_into_refusals_of_programs(world: World, organization: str) -> None:
    """Keys that are not there, too much play money, and a sandbox of a sandbox."""
    client, path = world.client, f"/v1/organizations/{organization}"
    await client.get(f"{path}/sandbox")
    await client.post(f"{path}/sandbox/funds", json={"amount": "1"}, headers=world.key())
    sandbox = (await client.post(f"{path}/sandbox")).json()["organization_id"]
    await client.post(f"/v1/organizations/{sandbox}/sandbox")
    await client.post(f"{path}/sandbox/funds", json={"amount": "9999"}, headers=world.key())
    inside = f"/v1/organizations/{sandbox}"
    await client.post(f"{inside}/payment-methods", json={"gateway": "simulator", "reference": "pm_1"})
    csv = {"Content-Type": "text/csv"}
    await client.post(f"{inside}/moving-in/lots", content=b"amount,purchased_at\n", headers=csv)
    await client.post(f"{path}/api-keys/{UNKNOWN_ID}/rotate", json={"overlap_hours": 1})
    await client.post(f"{path}/api-keys/{UNKNOWN_ID}/revoke")


async def walk_into_closed_doors_of_programs(world: World, organization: str) -> None:
    """What an organization that is closed cannot have any more."""
    await world.client.post(f"/v1/organizations/{organization}/api-keys", json=KEY)
