"""A walk over the paths of payment methods, waiting payments, refunds, disputes and gateways (see documented.py).

Knows the way to each answer. Refuses to judge them: the client of the tests does.
"""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.world import World

UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"
BY_HAND = {"gateway": "bank_transfer", "reference": "bank"}


async def walk_well_over_payments(world: World, organization: str) -> None:
    """Enter a card, give roles, replace, remove; pay by hand; refund; look at what the gateway told."""
    client, path = world.client, f"/v1/organizations/{organization}"
    begun = await world.created(f"{path}/payment-method-setups", {"gateway": "simulator"})
    assert begun["hosted_url"].startswith("http")
    finished = await client.post(f"{path}/payment-method-setups/finish", json={"gateway": "simulator"})
    assert finished.status_code == 200, finished.text
    first, second, third = [await world.add_card(organization) for _ in range(3)]
    roles = {"default": first, "backup": second}
    chosen = await client.put(f"{path}/payment-method-roles", json=roles, headers=world.key())
    assert chosen.status_code == 200, chosen.text
    replaced = await client.post(
        f"{path}/payment-methods/{second}/replacement", json={"by": third}, headers=world.key()
    )
    assert (replaced.status_code, replaced.json()["is_backup"]) == (200, True), replaced.text
    free = await world.add_card(organization)
    assert (await client.delete(f"{path}/payment-methods/{free}")).json() == {"changed": True}
    waiting = (await world.buy(organization, await world.add_card(organization, "sim_authenticate"))).json()
    resumed = await client.post(f"{path}/top-ups/{waiting['top_up_id']}/resume", json={})
    assert resumed.json()["action_url"], resumed.text
    await _pay_by_hand(world, path)
    assert (await client.get(f"{path}/disputes")).json()["items"] == []
    body, headers = world.message()
    await client.post("/v1/gateways/simulator/webhooks", content=body, headers=headers)
    events = (await client.get("/v1/gateway-events?gateway=simulator&limit=1")).json()["items"]
    processed = await client.post(f"/v1/gateway-events/{events[0]['gateway_event_id']}/process")
    assert processed.status_code == 200, processed.text
    assert (await client.get("/v1/gateway-payouts")).status_code == 200


async def _pay_by_hand(world: World, path: str) -> None:
    """Confirm one payment and reject another; refund the first, confirm that and reject another."""
    client = world.client
    method = (await world.created(f"{path}/payment-methods", BY_HAND))["payment_method"]
    seen, reason = {"reference": "statement 7"}, {"reason": "never came"}
    paid: list[dict[str, Any]] = []
    for _ in range(2):
        body = {"amount": "60", "payment_method": method}
        asked = await client.post(f"{path}/top-ups", json=body, headers=world.key())
        assert (asked.status_code, asked.json()["state"]) == (202, "processing"), asked.text
        paid.append(asked.json())
    confirmed = await client.post(f"{path}/top-ups/{paid[0]['top_up_id']}/confirm", json=seen)
    assert (confirmed.status_code, confirmed.json()["state"]) == (200, "succeeded"), confirmed.text
    rejected = await client.post(f"{path}/top-ups/{paid[1]['top_up_id']}/reject", json=reason)
    assert (rejected.status_code, rejected.json()["state"]) == (200, "declined"), rejected.text
    for verdict, words, state in (("confirm", seen, "refunded"), ("reject", reason, "refused")):
        body = {"top_up_id": paid[0]["top_up_id"], "amount": "10.00", "reason": "asked for"}
        refund = await world.created(f"{path}/refunds", body)
        assert (refund["state"], refund["requested_by"]) == ("processing", "operator")
        told = await client.post(f"{path}/refunds/{refund['refund_id']}/{verdict}", json=words)
        assert (told.status_code, told.json()["state"]) == (200, state), told.text
        assert (await client.get(f"{path}/refunds/{refund['refund_id']}")).json() == told.json()
    assert len((await client.get(f"{path}/refunds")).json()["items"]) == 2


async def walk_into_refusals_of_payments(world: World, organization: str) -> None:
    """Things of nobody, things in use, and what is settled already."""
    client, path = world.client, f"/v1/organizations/{organization}"
    nobody = f"/v1/organizations/{UNKNOWN_ID}"
    card, used = await world.add_card(organization), await world.add_card(organization, "sim_authenticate")
    paid = (await world.buy(organization, card)).json()["top_up_id"]
    await world.buy(organization, used)
    key = world.key()
    for return_url in (None, "http://127.0.0.1:8080/elsewhere"):
        body = {"gateway": "simulator", "return_url": return_url}
        await client.post(f"{path}/payment-method-setups", json=body, headers=key)
    await client.post(f"{nobody}/payment-method-setups", json={"gateway": "simulator"}, headers=world.key())
    await client.post(f"{nobody}/payment-method-setups/finish", json={"gateway": "simulator"})
    for backup in (None, used):
        await client.put(f"{path}/payment-method-roles", json={"default": card, "backup": backup}, headers=key)
    of_nobody = {"default": UNKNOWN_ID}
    await client.put(f"{path}/payment-method-roles", json=of_nobody, headers=world.key())
    await client.post(f"{path}/payment-methods/{used}/replacement", json={"by": card}, headers=world.key())
    await client.post(f"{path}/payment-methods/{card}/replacement", json={"by": UNKNOWN_ID}, headers=world.key())
    await client.delete(f"{path}/payment-methods/{used}")
    await client.delete(f"{path}/payment-methods/{UNKNOWN_ID}")
    refund = await world.created(f"{path}/refunds", {"top_up_id": paid, "reason": "asked for"})
    await client.post(f"{path}/refunds", json={"top_up_id": paid, "reason": "asked for"}, headers=world.key())
    await client.post(f"{path}/refunds", json={"top_up_id": UNKNOWN_ID, "reason": "asked for"}, headers=world.key())
    words: dict[str, dict[str, str]] = {
        "resume": {},
        "confirm": {"reference": "statement 7"},
        "reject": {"reason": "never came"},
    }
    for top_up in (paid, UNKNOWN_ID):
        for word, content in words.items():
            await client.post(f"{path}/top-ups/{top_up}/{word}", json=content)
    for refunded in (refund["refund_id"], UNKNOWN_ID):
        await client.get(f"{path}/refunds/{refunded}")
        for word in ("confirm", "reject"):
            await client.post(f"{path}/refunds/{refunded}/{word}", json=words[word])
    for listed in ("refunds", "disputes"):
        await client.get(f"{nobody}/{listed}")
