"""A walk over the paths of adjustments, vouchers, currency, billing, closing and accounting.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Any, Final

import httpx

from commcredits.core.voucher_codes import write_code
from commcredits.operations.closing import finish_closings
from commcredits.operations.vouchers import FAILURES_MAX
from tests.edges.http.administration.world import ALICE_TOKEN, World, client_of

UNKNOWN_ID: Final = "019353b4-7c1e-7000-8000-000000000000"
VOUCHERS: Final[dict[str, Any]] = {
    "quantity": 3,
    "amount": "5",
    "currency": "EUR",
    "redeem_until": "2030-01-01T00:00:00Z",
    "lot_days": 90,
}
PERIOD: Final = "from=2024-01-01T00:00:00Z&to=2026-01-01T00:00:00Z"
FILES: Final = ("journal.csv", "entries.csv", "period.journal")


async def adjust(world: World, organization: str, amount: str) -> Any:
    """An adjustment that the shared token asks for."""
    body = {"amount": amount, "reason": "A walk", "currency": "EUR"}
    return await world.created(f"/v1/organizations/{organization}/adjustments", body)


async def as_alice(world: World, path: str) -> httpx.Response:
    """A POST without a body, by somebody with a token of her own."""
    async with client_of(world.app, world.documentation, token=ALICE_TOKEN) as alice:
        return await alice.post(path)


async def closed_organization(world: World) -> str:
    """An organization that had nothing and is closed."""
    organization = await world.open_organization("Closed SRL")
    path = f"/v1/organizations/{organization}/closing"
    assert (await world.client.put(path, json={"remainder": "forfeit"})).status_code == 200
    assert await finish_closings(world.services) >= 1
    assert (await world.client.get(path)).json()["closed_at"] is not None
    return organization


async def walk_well_over_funding_rules(world: World, organization: str) -> None:
    """Adjust with one person and with two, issue and redeem and void, change terms, save a period."""
    client, path = world.client, f"/v1/organizations/{organization}"
    small = await adjust(world, organization, "-1")
    assert (small["state"], small["requested_by"]) == ("applied", "operator")
    for act, state in (("approval", "applied"), ("rejection", "rejected")):
        pending = await adjust(world, organization, "500")
        settled = await as_alice(world, f"{path}/adjustments/{pending['adjustment_id']}/{act}")
        assert (settled.json()["state"], settled.json()["decided_by"]) == (state, "alice")
        assert (await client.get(f"{path}/adjustments/{pending['adjustment_id']}")).json() == settled.json()
    listed = await client.get(f"{path}/adjustments?state=rejected&limit=5")
    assert [each["state"] for each in listed.json()["items"]] == ["rejected"]

    issued = await world.created("/v1/voucher-batches", VOUCHERS)
    redeemed = await client.post(f"{path}/voucher-redemptions", json={"code": issued["codes"][0]})
    assert (redeemed.status_code, redeemed.json()["amount"]) == (201, "5.000000")
    assert (await client.post("/v1/vouchers/search", json={"code": issued["codes"][0]})).json()["state"] == "redeemed"
    assert (await client.post("/v1/vouchers/voiding", json={"code": issued["codes"][1]})).json()["state"] == "voided"
    voided = await client.post(f"/v1/voucher-batches/{issued['batch_id']}/voiding")
    assert (voided.json()["redeemed_count"], voided.json()["voided_count"]) == (1, 2)
    assert (await client.get("/v1/voucher-batches")).json()["items"][0]["note"] == ""

    other = f"/v1/organizations/{await world.open_organization()}"
    assert (await client.put(f"{other}/currency", json={"currency": "RON"})).json()["currency"] == "RON"
    line = {"post_usage": True, "credit_line": "9"}
    billed = await client.put(f"{other}/billing", json=line, headers=world.key())
    assert (billed.json()["credit_line"], billed.json()["posted"]) == ("9.000000", "0.000000")
    for name in (*FILES, "accounts", "tax-on-use"):
        assert (await client.get(f"/v1/accounting/{name}?{PERIOD}")).status_code == 200


async def walk_into_refusals_of_funding_rules(world: World) -> None:
    """Keys that were used, people who agree with themselves, what is settled, closed, fixed, guessed or unknown."""
    organization = await world.open_organization("Refused SRL")
    client, path = world.client, f"/v1/organizations/{organization}"
    nobody, closed = f"/v1/organizations/{UNKNOWN_ID}", f"/v1/organizations/{await closed_organization(world)}"
    pending = await adjust(world, organization, "700")
    place = f"{path}/adjustments/{pending['adjustment_id']}"
    await client.post(f"{place}/approval")
    await as_alice(world, f"{place}/approval")
    await client.post(f"{place}/approval")
    await client.post(f"{place}/rejection")
    key, line = world.key(), {"post_usage": True, "credit_line": "1"}
    for amount in ("1", "2"):
        body = {"amount": amount, "reason": "Twice"}
        await client.post(f"{path}/adjustments", json=body, headers=key)
        await client.post("/v1/voucher-batches", json=VOUCHERS, headers=key)
        await client.put(f"{path}/billing", json={**line, "credit_line": amount}, headers=key)
    for where in (nobody, closed):
        await client.post(f"{where}/adjustments", json={"amount": "1", "reason": "Nobody"}, headers=world.key())
        await client.post(f"{where}/voucher-redemptions", json={"code": write_code(1)})
        await client.put(f"{where}/currency", json={"currency": "RON"})
        await client.put(f"{where}/billing", json=line, headers=world.key())
    await client.put(f"{path}/currency", json={"currency": "RON"})
    await client.put(f"{nobody}/closing", json={})
    await client.get(f"{nobody}/closing")
    await client.post("/v1/vouchers/voiding", json={"code": write_code(1)})
    for number in range(FAILURES_MAX + 1):
        await client.post(f"{path}/voucher-redemptions", json={"code": write_code(number)})
    for name in (*FILES, "accounts"):
        await client.get(f"/v1/accounting/{name}?{PERIOD}&organization_id={UNKNOWN_ID}")
