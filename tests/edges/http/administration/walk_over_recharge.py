"""A walk into the refusals of auto-recharge and balance alerts, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from commcredits.core.commands import SwitchBilling
from tests.edges.http.administration.world import World


async def walk_into_refusals_of_recharge(world: World, organization: str) -> None:
    """Rules in another currency, with one method twice, with a key used before, and where calls are paid after use."""
    client, path = world.client, f"/v1/organizations/{organization}"
    method = await world.add_card(organization)
    rule = {"enabled": True, "recharge_amount": "50", "trigger_amount": "10", "payment_method": method}
    await client.put(f"{path}/auto-recharge", json={**rule, "currency": "USD"})
    await client.put(f"{path}/auto-recharge", json={**rule, "backup_payment_method": method})
    key = world.key()
    for amount in ("20", "30"):
        await client.put(f"{path}/balance-alerts", json={"amounts": [amount]}, headers=key)
    postpaid = await world.open_organization()
    own = {**rule, "payment_method": await world.add_card(postpaid)}
    command = SwitchBilling(
        organization_id=postpaid, command_id="walk", post_usage=True, credit_line_micros=100_000_000
    )
    await world.services.executor.execute(command)
    refused = await client.put(f"/v1/organizations/{postpaid}/auto-recharge", json=own)
    assert refused.json()["code"] == "post_usage"
