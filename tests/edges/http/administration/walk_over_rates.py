"""A walk over the paths of rates: everything once that can be done, and every "no" that they promise.

Knows the paths. Refuses to judge: the client of the walk holds each answer against the OpenAPI document.
"""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.world import ROMANIA, World, rate_deck_csv

CALL = {"number": "+40212345678", "at": "2026-11-22T12:00:00Z", "seconds": "60"}
RATE: dict[str, Any] = {
    "prefix": "40",
    "destination": "Romania",
    "service": "outbound",
    "price_per_minute": "0.006",
    "connection_fee": "0",
    "first_increment": 30,
    "next_increment": 6,
    "effective_from": "2026-01-01",
}
JSON = {"Content-Type": "application/json"}
UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"


async def walk_well_over_rates(world: World, organization: str, deck: str) -> None:
    """Draft, look, compare, explain, publish, roll back and discard; ``deck`` prices the organization's calls."""
    client = world.client
    draft = await _draft(world)
    for path, parameters in (
        (f"/v1/rate-decks/{draft}/terms", {}),
        (f"/v1/rate-decks/{draft}/rates", {}),
        (f"/v1/rate-decks/{draft}/comparison", {"replaces": deck}),
        (f"/v1/rate-decks/{draft}/differences", {"replaces": deck}),
        (f"/v1/rate-decks/{draft}/explanation", CALL),
        (f"/v1/organizations/{organization}/rate-explanation", CALL),
    ):
        assert (await client.get(path, params=parameters)).status_code == 200, path
    body = {"replaces_rate_deck_id": deck}
    for path, content in (
        (f"/v1/rate-decks/{draft}/publication", body),
        (f"/v1/rate-decks/{draft}/roll-back", None),
    ):
        assert (await client.post(path, json=content, headers=world.key())).status_code == 200, path
    assert (await client.delete(f"/v1/rate-decks/{await _draft(world)}")).status_code == 200


async def walk_into_refusals_of_rates(world: World, organization: str) -> None:
    """Decks that are no drafts, or nothing else; other currencies; keys that were used; a deck that is not there."""
    client, key = world.client, world.key()
    draft, dollars = await _draft(world), await world.publish(currency="USD")
    for name in ("Walk", "Run"):
        body = {"name": name, "currency": "EUR", "rates": [RATE]}
        await client.post("/v1/rate-decks/drafts", json=body, headers=key)
    await client.post("/v1/rate-decks/drafts", content=b"{}", headers={**JSON, "Content-Length": str(2**29)})
    for path in ("comparison", "differences"):
        for other in (dollars, UNKNOWN_ID):
            await client.get(f"/v1/rate-decks/{draft}/{path}", params={"replaces": other})
    await client.get(f"/v1/rate-decks/{UNKNOWN_ID}/explanation", params=CALL)
    for other in (organization, UNKNOWN_ID):
        await client.get(f"/v1/organizations/{other}/rate-explanation", params=CALL)
    for replaced in (draft, dollars):
        body = {"replaces_rate_deck_id": replaced}
        await client.post(f"/v1/rate-decks/{draft}/publication", json=body, headers=world.key())
    await client.post(f"/v1/rate-decks/{dollars}/publication", json={}, headers=world.key())
    published, other = await _draft(world), await _draft(world)
    for each in (published, other):
        await client.post(f"/v1/rate-decks/{each}/publication", json={"replaces_rate_deck_id": await world.publish()},
                          headers=key)  # fmt: skip
    for each in (draft, published):
        await client.post(f"/v1/rate-decks/{each}/roll-back", headers=key)
    replacing = await _draft(world)
    body = {"replaces_rate_deck_id": published}
    await client.post(f"/v1/rate-decks/{replacing}/publication", json=body, headers=world.key())
    await client.post(f"/v1/rate-decks/{replacing}/roll-back", headers=key)
    await client.delete(f"/v1/rate-decks/{published}")
    await client.put(f"/v1/organizations/{organization}/rate-deck", json={"rate_deck_id": draft})


async def _draft(world: World) -> str:
    response = await world.client.post(
        "/v1/rate-decks",
        params={"name": "Walk", "currency": "EUR", "draft": "true"},
        content=rate_deck_csv(ROMANIA),
        headers={"Content-Type": "text/csv", **world.key()},
    )
    assert response.status_code == 201, response.text
    return str(response.json()["rate_deck_id"])
