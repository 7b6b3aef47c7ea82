"""A walk over the paths of notices, recipients and webhooks, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Any

from commcredits.operations.handing_on import hand_on_notices
from tests.edges.http.administration.world import World
from tests.operations.telling import notice

ENDPOINT: dict[str, Any] = {"url": "https://93.184.215.14/hooks", "description": "Exemplu", "kinds": ["balance"]}
UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"


async def walk_well_over_telling(world: World, organization: str) -> None:
    """Choose recipients, add, change and switch an endpoint, list what was told, send a delivery again."""
    client, path = world.client, f"/v1/organizations/{organization}"
    for query in ("", "?language=ro"):
        assert (await client.get(f"/v1/notice-kinds{query}")).status_code == 200
    saved = await client.post(f"{path}/notice-recipients", json={"address": "ana@example.com", "kinds": ["all"]})
    assert saved.status_code == 200, saved.text
    endpoint = await world.created(f"{path}/webhook-endpoints", ENDPOINT)
    assert endpoint["secret"].startswith("whsec_")
    one = f"{path}/webhook-endpoints/{endpoint['endpoint_id']}"
    await notice(world.services, organization)
    await hand_on_notices(world.services)
    for switch in ("rotate-secret", "disable", "enable"):
        assert (await client.post(f"{one}/{switch}")).status_code == 200, switch
    assert (await client.put(one, json=ENDPOINT)).status_code == 200
    deliveries = (await client.get(f"{path}/webhook-deliveries?state=failed&limit=1")).json()["items"]
    resent = await client.post(f"{path}/webhook-deliveries/{deliveries[0]['delivery_id']}/resend")
    assert resent.status_code == 200, resent.text
    for read in ("notices", "notices?kind=balance_low", "notice-recipients", "webhook-endpoints", "webhook-deliveries"):
        assert (await client.get(f"{path}/{read}")).status_code == 200, read
    for gone in (one, f"{path}/notice-recipients/{saved.json()['recipient_id']}"):
        assert [(await client.delete(gone)).json() for _ in range(2)] == [{"changed": True}, {"changed": False}]


async def walk_into_refusals_of_telling(world: World, organization: str) -> None:
    """Addresses inside, and endpoints and deliveries that are not there."""
    client, path = world.client, f"/v1/organizations/{organization}"
    inside = {**ENDPOINT, "url": "https://169.254.169.254/latest"}
    await client.post(f"{path}/webhook-endpoints", json=inside)
    endpoint = await world.created(f"{path}/webhook-endpoints", ENDPOINT)
    await client.put(f"{path}/webhook-endpoints/{endpoint['endpoint_id']}", json=inside)
    await client.put(f"{path}/webhook-endpoints/{UNKNOWN_ID}", json=ENDPOINT)
    for switch in ("rotate-secret", "disable", "enable"):
        await client.post(f"{path}/webhook-endpoints/{UNKNOWN_ID}/{switch}")
    await client.post(f"{path}/webhook-deliveries/{UNKNOWN_ID}/resend")
    await client.delete(f"{path}/webhook-endpoints/{endpoint['endpoint_id']}")
