"""The life of a deck over the API: drafted, looked at, compared, explained, published at an instant, rolled back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.edges.http.administration.world import GERMANY, ROMANIA, World, rate_deck_csv

pytestmark = pytest.mark.asyncio(loop_scope="module")

TERMS = {
    "time_zone": "Europe/Bucharest",
    "holidays": ["2026-12-25"],
    "bands": {"peak": {"weekdays": "mon-fri", "from": "08:00", "to": "20:00"}},
    "rounding": {"digits": 4, "mode": "half_up"},
}
ROMANIA_DEARER: dict[str, Any] = {
    "prefix": "40",
    "destination": "Romania",
    "service": "outbound",
    "price_per_minute": "0.012",
    "connection_fee": "0.01",
    "first_increment": 60,
    "next_increment": 60,
    "effective_from": "2026-01-01",
    "band_prices": [{"band": "peak", "price_per_minute": "0.024"}],
    "charge_max": "5.00",
}
FRANCE: dict[str, Any] = {
    **ROMANIA_DEARER,
    "prefix": "33",
    "destination": "France",
    "band_prices": None,
    "steps": [{"from_seconds": 600, "price_per_minute": "0.006"}],
    "charge_max": None,
    "origin_country": "DE",
}
NUMBER = "+40212345678"


async def drafted(world: World, *rates: dict[str, Any]) -> str:
    body = {"name": "Draft", "currency": "EUR", "terms": TERMS, "rates": list(rates or (ROMANIA_DEARER, FRANCE))}
    return str((await world.created("/v1/rate-decks/drafts", body))["rate_deck_id"])


async def got(world: World, path: str, **parameters: str) -> Any:
    response = await world.client.get(path, params=parameters)
    assert response.status_code == 200, response.text
    return response.json()


async def posted(world: World, path: str, body: Any = None, key: dict[str, str] | None = None) -> Any:
    response = await world.client.post(path, json=body, headers=key or world.key())
    assert response.status_code == 200, response.text
    return response.json()


async def minute_price(world: World, organization: str) -> str:
    explained = await got(
        world,
        f"/v1/organizations/{organization}/rate-explanation",
        number=NUMBER,
        at=datetime.now(UTC).isoformat(),
        seconds="60",
    )
    return str(explained["rate"]["price_per_minute"])


async def test_a_draft_from_json_shows_what_it_was_given(world: World) -> None:
    draft = await drafted(world)
    shown = await got(world, f"/v1/rate-decks/{draft}")
    assert (shown["state"], shown["rate_count"], shown["published_at"]) == ("draft", 2, None)
    terms = await got(world, f"/v1/rate-decks/{draft}/terms")
    peak = {"weekdays": "mon,tue,wed,thu,fri", "from": "08:00", "to": "20:00", "holidays": False}
    assert terms == {**TERMS, "bands": {"peak": [peak]}}
    france, romania = (await got(world, f"/v1/rate-decks/{draft}/rates"))["items"]
    assert (france["steps"], france["origin_country"]) == (
        [{"from_seconds": 600, "price_per_minute": "0.006000"}],
        "DE",
    )
    assert romania == {
        **ROMANIA_DEARER,
        "origin_country": "",
        "price_per_minute": "0.012000",
        "connection_fee": "0.010000",
        "effective_from": "2026-01-01T00:00:00Z",
        "effective_to": None,
        "band_prices": [{"band": "peak", "price_per_minute": "0.024000"}],
        "steps": [],
        "charge_max": "5.000000",
    }


async def test_what_is_listed_of_a_deck_can_be_drafted_again(world: World) -> None:
    draft = await drafted(world)
    listed = (await got(world, f"/v1/rate-decks/{draft}/rates"))["items"]
    terms = await got(world, f"/v1/rate-decks/{draft}/terms")
    body = {"name": "Again", "currency": "EUR", "terms": terms, "rates": listed}
    again = (await world.created("/v1/rate-decks/drafts", body))["rate_deck_id"]
    compared = await got(world, f"/v1/rate-decks/{again}/comparison", replaces=draft)
    assert compared["terms_changed"] == []
    assert [(each["changed"], each["unchanged"]) for each in compared["services"]] == [(0, 2)]


async def test_a_file_can_be_drafted_with_terms(world: World) -> None:
    response = await world.client.post(
        "/v1/rate-decks",
        params={"name": "File", "currency": "EUR", "draft": "true", "terms": json.dumps(TERMS)},
        content=rate_deck_csv(ROMANIA, GERMANY),
        headers={"Content-Type": "text/csv", **world.key()},
    )
    assert (response.status_code, response.json()["state"]) == (201, "draft")
    terms = await got(world, f"{response.headers['location']}/terms")
    assert terms["rounding"] == TERMS["rounding"]
    drafts = (await got(world, "/v1/rate-decks", state="draft"))["items"]
    assert response.json() in drafts


async def test_a_deck_is_compared_with_the_one_whose_place_it_would_take(world: World) -> None:
    old, draft = await world.publish(ROMANIA, GERMANY), await drafted(world)
    compared = await got(world, f"/v1/rate-decks/{draft}/comparison", replaces=old)
    assert compared["terms_changed"] == ["time_zone", "holidays", "rounding", "bands.peak"]
    assert compared["services"] == [
        {"service": "outbound", "added": 1, "removed": 1, "changed": 1, "dearer": 1, "cheaper": 0, "unchanged": 0}
    ]
    path = f"/v1/rate-decks/{draft}/differences"
    first = await got(world, path, replaces=old, limit="1")
    rest = await got(world, path, replaces=old, cursor=first["next_cursor"])
    found = [*first["items"], *rest["items"]]
    assert [each["difference"] for each in found] == ["added", "changed", "removed"]
    assert (found[1]["earlier"]["price_per_minute"], found[1]["later"]["price_per_minute"]) == ("0.006000", "0.012000")
    assert found[2]["later"] is None


async def test_a_price_is_explained_step_by_step(world: World) -> None:
    draft = await drafted(world)
    # Friday 19:59:30 in Bucharest: one minute of the peak, one after it.
    explained = await got(
        world,
        f"/v1/rate-decks/{draft}/explanation",
        number=NUMBER,
        at="2026-11-20T17:59:30Z",
        seconds="61",
        origin_country="FR",
    )
    assert [each["verdict"] for each in explained["candidates"]] == ["chosen"]
    assert explained["sum"] == {
        "price": "0.046000",
        "billed_seconds": 120,
        "connection_fee": "0.010000",
        "parts": [
            {
                "begins_second": 0,
                "increments": 1,
                "seconds": 60,
                "price_per_minute": "0.024000",
                "band": "peak",
                "cost_sixtieths": 1_440_000,
            },
            {
                "begins_second": 60,
                "increments": 1,
                "seconds": 60,
                "price_per_minute": "0.012000",
                "band": "",
                "cost_sixtieths": 720_000,
            },
        ],
        "rounding_sixtieths": 0,
        "above_maximum": "0.000000",
    }
    nothing = await got(
        world, f"/v1/rate-decks/{draft}/explanation", number="+33123456789", at="2026-11-20T17:59:30Z", seconds="61"
    )
    assert (nothing["rate"], nothing["sum"], nothing["candidates"][0]["verdict"]) == (None, None, "other_origin")


async def test_a_deck_takes_anothers_place_at_once_and_is_rolled_back(world: World) -> None:
    old, draft = await world.publish(ROMANIA), await drafted(world)
    organization = await world.open_organization()
    await world.client.put(f"/v1/organizations/{organization}/rate-deck", json={"rate_deck_id": old})
    assert await minute_price(world, organization) == "0.006000"

    key = world.key()
    moved = await posted(world, f"/v1/rate-decks/{draft}/publication", {"replaces_rate_deck_id": old}, key)
    assert (moved["organizations"], moved["left"], moved["deck"]["state"]) == (1, [], "published")
    assert await minute_price(world, organization) == "0.012000"
    again = await posted(world, f"/v1/rate-decks/{draft}/publication", {"replaces_rate_deck_id": old}, key)
    assert again == moved

    back = await posted(world, f"/v1/rate-decks/{draft}/roll-back")
    assert (back["organizations"], back["deck"]["rolled_back_at"] is not None) == (1, True)
    assert await minute_price(world, organization) == "0.006000"


async def test_a_deck_is_published_and_assigned_for_an_instant(world: World) -> None:
    old, draft = await world.publish(ROMANIA), await drafted(world)
    organization = await world.open_organization()
    await world.client.put(f"/v1/organizations/{organization}/rate-deck", json={"rate_deck_id": old})
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).replace(microsecond=0)
    at = tomorrow.isoformat().replace("+00:00", "Z")
    published = await posted(world, f"/v1/rate-decks/{draft}/publication", {"in_force_at": at})
    assert published["deck"]["in_force_at"] == at
    body = {"rate_deck_id": draft, "in_force_at": at}
    assigned = await world.client.put(f"/v1/organizations/{organization}/rate-deck", json=body)
    assert assigned.json() == {"changed": True}
    assert await minute_price(world, organization) == "0.006000"
    then = await got(world, f"/v1/organizations/{organization}/rate-explanation", number=NUMBER, at=at, seconds="60")
    assert then["deck"]["rate_deck_id"] == draft


async def test_a_draft_is_discarded(world: World) -> None:
    draft = await drafted(world)
    for _ in range(2):
        response = await world.client.delete(f"/v1/rate-decks/{draft}")
        assert (response.status_code, response.json()["state"]) == (200, "discarded")
    assert (await got(world, f"/v1/rate-decks/{draft}/rates"))["items"] == []
    assert draft not in {each["rate_deck_id"] for each in (await got(world, "/v1/rate-decks"))["items"]}


async def test_a_draft_of_many_rates_comes_as_one_long_body(world: World) -> None:
    rates = [{**ROMANIA_DEARER, "prefix": str(prefix)} for prefix in range(10_000, 12_000)]
    draft = await drafted(world, *rates)
    assert (await got(world, f"/v1/rate-decks/{draft}"))["rate_count"] == 2_000
