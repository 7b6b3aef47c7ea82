"""Receipts over HTTP: from the purchase to the file, in the language that is asked for."""

from __future__ import annotations

import re

import pytest

from tests.edges.http.administration.walk_over_receipts import DETAILS, issue
from tests.edges.http.administration.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def _bought(world: World) -> tuple[str, str]:
    """The path of an organization's receipts, and the number of the one that it has."""
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}"
    assert (await world.client.put(f"{path}/billing-details", json=DETAILS)).status_code == 200
    assert (await world.buy(organization, await world.add_card(organization), "50.00")).status_code == 201
    await issue(world)
    listed = (await world.client.get(f"{path}/receipts")).json()
    (receipt,) = listed["items"]
    assert listed["next_cursor"] is None
    return f"{path}/receipts", receipt["number"]


async def test_a_purchase_is_listed_with_what_was_true(world: World) -> None:
    path, number = await _bought(world)
    receipt = (await world.client.get(f"{path}/{number}")).json()
    assert (receipt["net"], receipt["tax"], receipt["gross"]) == ("50.000000", "0.000000", "50.000000")
    assert (receipt["kind"], receipt["cause"], receipt["tax_treatment"]) == ("receipt", "top_up", "none")
    assert (receipt["buyer"]["tax_id"], receipt["buyer"]["tax_id_checked"]) == ("RO10000008", True)
    assert receipt["paid_with"]["last4"]
    assert (receipt["refund_id"], receipt["corrects"]) == (None, None)


@pytest.mark.parametrize(
    ("ending", "media_type", "begins", "shown"),
    [
        ("html", "text/html; charset=utf-8", b"<!DOCTYPE html>", "inline"),
        ("pdf", "application/pdf", b"%PDF-", "attachment"),
        ("xml", "application/xml", b"<?xml", "attachment"),
    ],
)
async def test_a_file_has_its_type_its_name_and_no_rights(
    world: World, ending: str, media_type: str, begins: bytes, shown: str
) -> None:
    path, number = await _bought(world)
    response = await world.client.get(f"{path}/{number}.{ending}")
    assert response.content.startswith(begins)
    assert response.headers["content-type"] == media_type
    assert response.headers["content-disposition"] == f'{shown}; filename="{number}.{ending}"'
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "no-store" in response.headers["cache-control"]


async def test_a_page_is_in_the_language_of_the_organization_or_the_one_that_is_named(world: World) -> None:
    path, number = await _bought(world)
    for query, language, word in (
        ("", "ro", "Cumpărător"),
        ("?language=en", "en", "Buyer"),
        ("?language=ro", "ro", "Vânzător"),
    ):
        text = (await world.client.get(f"{path}/{number}.html{query}")).text
        assert f'<html lang="{language}">' in text
        assert word in text


async def test_receipts_come_a_page_at_a_time(world: World) -> None:
    organization = await world.open_organization()
    method = await world.add_card(organization)
    for _ in range(3):
        assert (await world.buy(organization, method)).status_code == 201
    await issue(world)
    path = f"/v1/organizations/{organization}/receipts?limit=2"
    first = (await world.client.get(path)).json()
    second = (await world.client.get(f"{path}&cursor={first['next_cursor']}")).json()
    numbers = [item["number"] for item in (*first["items"], *second["items"])]
    assert (len(first["items"]), second["next_cursor"]) == (2, None)
    assert sorted(set(numbers), reverse=True) == numbers
    assert all(re.fullmatch(r"CC-\d{6}", number) for number in numbers)
