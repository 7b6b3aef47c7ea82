"""Over HTTP, what the operator does with funds carries a name, and files of a period arrive whole."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from commcredits.edges.http.administration.accounting import EXPORTS_AT_ONCE
from tests.edges.http.administration.walk_over_funding_rules import VOUCHERS, as_alice
from tests.edges.http.administration.walk_over_refund_requests import refundable
from tests.edges.http.administration.world import ALICE_TOKEN, World, client_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


def period_until_now() -> dict[str, str]:
    """A period that has just ended."""
    now = datetime.now(UTC)
    return {"from": (now - timedelta(days=1)).isoformat(), "to": now.isoformat()}


async def test_four_eyes_are_two_tokens(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}/adjustments"
    body = {"amount": "500", "reason": "Paid by bank transfer"}
    async with client_of(world.app, world.documentation, token=ALICE_TOKEN) as alice:
        asked = (await alice.post(path, json=body, headers=world.key())).json()
        assert (asked["state"], asked["requested_by"]) == ("pending", "alice")
        own = await alice.post(f"{path}/{asked['adjustment_id']}/approval")
        assert (own.status_code, own.json()["code"]) == (403, "second_person_required")
    agreed = await world.client.post(f"{path}/{asked['adjustment_id']}/approval")
    assert (agreed.json()["state"], agreed.json()["decided_by"]) == ("applied", "operator")
    balance = (await world.client.get(f"/v1/organizations/{organization}/balance")).json()
    assert balance["posted"] == "500.000000"


async def test_a_refund_above_the_limit_waits_for_a_second_token(world: World) -> None:
    path, top_up = await refundable(world)
    balance = f"{path}/balance"
    key, body = world.key(), {"top_up_id": top_up, "reason": "Left us"}
    asked = [await world.client.post(f"{path}/refunds", json=body, headers=key) for _ in range(2)]
    assert [(each.status_code, each.json()["state"]) for each in asked] == [(202, "pending")] * 2
    assert (asked[0].json(), asked[0].json()["asked"]) == (asked[1].json(), None)
    assert (await world.client.get(balance)).json()["posted"] == "400.000000"
    place = f"{path}/refund-requests/{asked[0].json()['refund_request_id']}/approval"
    own = await world.client.post(place)
    assert (own.status_code, own.json()["code"]) == (403, "second_person_required")
    agreed = (await as_alice(world, place)).json()
    assert (agreed["state"], agreed["decided_by"]) == ("applied", "alice")
    refund = (await world.client.get(f"{path}/refunds/{agreed['refund_id']}")).json()
    assert (refund["amount"], refund["requested_by"]) == ("400.000000", "operator")
    assert (await world.client.get(balance)).json()["posted"] == "0.000000"


async def test_no_log_line_has_a_code_or_a_token(world: World) -> None:
    organization = await world.open_organization()
    with capture_logs() as logged:
        issued = await world.created("/v1/voucher-batches", VOUCHERS)
        for code in (issued["codes"][0], issued["codes"][0][:-1]):
            await world.client.post(f"/v1/organizations/{organization}/voucher-redemptions", json={"code": code})
    assert issued["codes"][0] not in str(logged)
    assert ALICE_TOKEN not in str(logged)


async def test_a_period_arrives_whole_and_with_a_name(world: World) -> None:
    organization = await world.open_organization("=HYPERLINK(evil)")
    body = {"amount": "7", "expires_at": "2098-01-01T00:00:00Z", "reason": "Welcome"}
    for _ in range(3):
        await world.created(f"/v1/organizations/{organization}/promotions", body)
    saved = await world.client.get(
        "/v1/accounting/journal.csv", params={**period_until_now(), "organization_id": organization}
    )
    assert saved.headers["content-disposition"] == 'attachment; filename="journal.csv"'
    assert int(saved.headers["content-length"]) == len(saved.content)
    rows = list(csv.DictReader(io.StringIO(saved.text, newline="")))
    assert [row["amount"] for row in rows] == ["7.000000"] * 3
    assert {row["organization_name"] for row in rows} == {"'=HYPERLINK(evil)"}

    sums = await world.client.get(
        "/v1/accounting/accounts", params={**period_until_now(), "organization_id": organization}
    )
    assert {each["account"]: each["closing"] for each in sums.json()["items"]} == {
        "customer_credits": "-21.000000",
        "promotions": "21.000000",
    }


async def test_many_exports_at_once_are_served_or_told_to_come_back(world: World) -> None:
    params = period_until_now()
    answers = await asyncio.gather(
        *(world.client.get("/v1/accounting/entries.csv", params=params) for _ in range(EXPORTS_AT_ONCE * 4))
    )
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert (await world.client.get("/v1/accounting/entries.csv", params=params)).status_code == 200
