"""A walk over the paths of flags, cuts and refunds, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from tests.edges.http.administration.world import World

UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"
CALL = {"caller": "+40212345678", "callee": "+40723456789", "switch": "kamailio:edge-1"}


async def walk_well_over_handling(world: World, organization: str) -> None:
    """Cut a call, refund one that is over, list what was noticed."""
    client, path = world.client, f"/v1/organizations/{organization}"
    call = {"organization_id": organization, "session_id": "handled"}
    assert (await client.post("/v1/charging/authorise", json={**CALL, **call})).status_code == 200
    cut = await client.post(f"{path}/call-cuts", json={"session_id": "handled", "reason": "fraud"})
    assert cut.status_code == 200, cut.text
    assert cut.json()["switch"] == "kamailio:edge-1"
    assert (await client.post("/v1/charging/end", json={**call, "used_seconds": 60})).status_code == 200
    for _ in range(2):
        refunded = await client.post(f"{path}/call-refunds", json={"session_id": "handled"}, headers=world.key())
        assert refunded.status_code == 200, refunded.text
        assert refunded.json()["charged"] == "0.000000"
    assert (await client.get("/v1/flags")).status_code == 200
    flags = await client.get(f"/v1/flags?organization_id={organization}&limit=1")
    assert flags.status_code == 200, flags.text
    assert flags.json()["items"][0]["kind"] == "ahead_of_the_clock"


async def walk_into_refusals_of_handling(world: World, organization: str) -> None:
    """Calls of nobody, calls that are over, calls without a link, refunds of running calls."""
    client, path = world.client, f"/v1/organizations/{organization}"
    nobody = f"/v1/organizations/{UNKNOWN_ID}"
    call = {"organization_id": organization, "session_id": "unlinked", "caller": "+40212345678"}
    await client.post("/v1/charging/authorise", json={**call, "callee": "+40723456789"})
    for session_id in ("unlinked", "handled", "never"):
        body = {"session_id": session_id}
        await client.post(f"{path}/call-cuts", json=body)
        await client.post(f"{path}/call-refunds", json=body, headers=world.key())
    await client.post(f"{nobody}/call-cuts", json={"session_id": "never"})
    await client.post(f"{nobody}/call-refunds", json={"session_id": "never"}, headers=world.key())
    await client.get(f"/v1/flags?organization_id={UNKNOWN_ID}")
