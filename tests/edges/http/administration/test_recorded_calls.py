"""Calls that are over come by the API, are priced anew by it, and what an organization brings with it moves in."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from commcredits.operations.call_mappings import shipped_document
from tests.edges.http.administration.world import GERMANY, ROMANIA, World
from tests.operations.call_files import file_of, line, zip_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

CSV = {"Content-Type": "text/csv"}
ROMANIAN, GERMAN = "+40723456789", "+4930123456"
PERIOD = {"begins_at": "2020-01-01T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}
DEARER = ("40", "Romania", "outbound", "0.060", "0", "30", "6", "2020-01-01", "")
RECORDS = [
    line("r-1", callee=ROMANIAN, started_at="2026-01-20T09:00:00Z"),
    line("r-2", callee=ROMANIAN, started_at="2026-01-20T09:00:00Z", duration_seconds="32"),
    line("r-3", callee="+99912345678", started_at="2026-01-20T09:00:00Z"),
]


async def calling_organization(world: World, *, funded: bool = True) -> str:
    """An organization whose calls are priced, with a balance if wanted."""
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}"
    if funded:
        await world.buy(organization, await world.add_card(organization))
    deck = await world.publish(ROMANIA, GERMANY)
    assert (await world.client.put(f"{path}/rate-deck", json={"rate_deck_id": deck})).status_code == 200
    return organization


async def import_calls(
    world: World, organization: str, content: bytes, media_type: str = "text/csv", **query: str
) -> httpx.Response:
    return await world.client.post(
        f"/v1/organizations/{organization}/recorded-calls/import",
        params=query,
        content=content,
        headers={"Content-Type": media_type},
    )


async def answered(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return response.json()


async def test_a_file_of_calls_is_charged_once_and_told_line_by_line(world: World) -> None:
    organization = await calling_organization(world)
    file = file_of(*RECORDS, line("r-4", callee="nobody"))

    first = await answered(await import_calls(world, organization, file))
    again = await answered(await import_calls(world, organization, zip_of({"calls.csv": file}), "application/zip"))

    assert (first["accepted"], first["known"], first["rejected"], first["free_calls"]) == (3, 0, 1, 1)
    # A minute at 0.006, and 36 of 32 seconds.
    assert (first["charged"], first["owed"], first["currency"]) == ("0.009600", "0.000000", "EUR")
    (rejected,) = first["rejections"]
    assert (rejected["line"], rejected["column"], rejected["value"]) == (5, "callee", "nobody")
    assert (again["accepted"], again["known"], again["charged"]) == (0, 3, "0.000000")
    assert (await world.balance(organization))["available"] == "49.990400"


async def test_the_operator_finds_the_calls_that_no_rate_was_known_for(world: World) -> None:
    organization = await calling_organization(world)
    await import_calls(world, organization, file_of(*RECORDS))
    path = f"/v1/organizations/{organization}/calls"

    free = await answered(await world.client.get(path, params={"free": "true"}))
    every = await answered(await world.client.get(path, params={"free": "false"}))

    assert [(each["session_id"], each["cause"]) for each in free["items"]] == [("r-3", "FREECALL")]
    assert len(every["items"]) == 3


async def test_what_is_owed_stands_beside_the_balance_until_it_is_repaid(world: World) -> None:
    organization = await calling_organization(world, funded=False)
    path = f"/v1/organizations/{organization}"
    record = {
        "record_id": "r-1",
        "service": "outbound",
        "callee": ROMANIAN,
        "started_at": "2026-01-20T09:00:00Z",
        "duration_seconds": 60,
    }

    recorded = await answered(await world.client.post(f"{path}/recorded-calls", json={"records": [record, {}]}))
    assert (recorded["accepted"], recorded["rejected"], recorded["owed"]) == (1, 1, "0.006000")
    assert (await world.balance(organization))["owed"] == "0.006000"

    await world.buy(organization, await world.add_card(organization))
    balance = await world.balance(organization)
    assert (balance["owed"], balance["available"]) == ("0.000000", "49.994000")
    journal = await answered(await world.client.get(f"{path}/journal"))
    assert [(each["reason"], each["lot_id"] is None) for each in journal["items"]] == [
        ("repayment", False),
        ("gateway_fee", True),
        ("top_up", False),
        ("call_owed", True),
    ]


async def test_a_saved_mapping_reads_a_file_by_its_name(world: World) -> None:
    organization = await calling_organization(world)
    document = shipped_document("asterisk_csv").replace(b"asterisk_csv", b"our_pbx")
    saved = await world.client.put(
        "/v1/call-mappings/our_pbx",
        content=b'{"document":' + document + b"}",
        headers={"Content-Type": "application/json"},
    )
    mapping = await answered(saved)
    listed = await answered(await world.client.get("/v1/call-mappings"))
    row = (
        f'"","100","{ROMANIAN.lstrip("+")}","","","","","","","2026-01-20 09:00:00","2026-01-20 11:00:00",'
        '"2026-01-20 11:01:00",60,60,"ANSWERED","","id-1",""\n'
    )

    imported = await answered(
        await import_calls(world, organization, row.encode(), mapping="our_pbx", time_zone="Europe/Bucharest")
    )

    assert (mapping["name"], mapping["saved_at"] is None) == ("our_pbx", False)
    assert [each["name"] for each in listed["items"]] == ["commcredits", "pstn_export", "asterisk_csv", "our_pbx"]
    assert imported["accepted"] == 1
    path = f"/v1/organizations/{organization}/calls/id-1"
    assert (await answered(await world.client.get(path)))["started_at"] == "2026-01-20T09:00:00Z"


async def test_a_file_that_stops_in_the_middle_says_what_was_done(world: World) -> None:
    organization = await calling_organization(world)
    packed = bytearray(zip_of({"calls.csv": file_of(*(line(f"r-{n}", callee=ROMANIAN) for n in range(2_000)))}, 0))
    packed[-2_000] ^= 1

    stopped = await import_calls(world, organization, bytes(packed), "application/zip")

    assert stopped.status_code == 422
    problem = stopped.json()
    assert problem["errors"][0]["field"] == "file"
    assert 0 < problem["done"]["accepted"] < 2_000


async def test_a_correction_charges_what_the_simulation_said(world: World) -> None:
    organization = await calling_organization(world)
    await import_calls(world, organization, file_of(*RECORDS))
    deck = await world.publish(DEARER)
    path, body = f"/v1/organizations/{organization}/rerating", {**PERIOD, "rate_deck_id": deck}

    simulated = await answered(await world.client.post(f"{path}/simulations", json=body))
    before = await world.balance(organization)
    key = world.key()
    corrected = await answered(await world.client.post(f"{path}/corrections", json=body, headers=key))
    again = await answered(await world.client.post(f"{path}/corrections", json=body, headers=key))

    assert (simulated["charged"], simulated["would_cost"], simulated["difference"]) == (
        "0.009600",
        "0.096000",
        "0.086400",
    )
    assert [each["key"] for each in simulated["destinations"]] == ["Romania", ""]
    assert [each["session_id"] for each in simulated["dearest"]] == ["r-1", "r-2"]
    assert before["available"] == "49.990400"
    assert (corrected["correction_id"], corrected["corrected"]) == (key["Idempotency-Key"], 2)
    assert (corrected["charged"], corrected["free_calls"]) == ("0.086400", 1)
    assert (again["corrected"], again["unchanged"]) == (0, 2)
    assert (await world.balance(organization))["available"] == "49.904000"
    verified = await answered(await world.client.post("/v1/verify"))
    assert verified["discrepancies"] == []


async def test_balances_and_numbers_move_in_after_a_dry_run(world: World) -> None:
    organization = await world.open_organization()
    path = f"/v1/organizations/{organization}"
    files = {
        "lots": b"amount,purchased_at,expires_at,reference\n50,2026-01-01,2098-01-01,inv-1\n",
        "numbers": b"number,kind,display_name\n+40212345771,user,Desk\n",
    }

    for name, file in files.items():
        for dry_run in ("true", "false"):
            report = await answered(
                await world.client.post(
                    f"{path}/moving-in/{name}", params={"dry_run": dry_run}, content=file, headers=CSV
                )
            )
            assert (report["added"], report["written"]) == (1, dry_run == "false")
            assert (report["errors"], report["refusal"]) == ([], None)
    (lot,) = (await answered(await world.client.get(f"{path}/lots")))["items"]
    (number,) = (await answered(await world.client.get(f"{path}/numbers")))["items"]
    assert (lot["source"], lot["amount"], lot["expires_at"]) == ("opening_balance", "50.000000", "2098-01-01T00:00:00Z")
    assert (number["number"], number["display_name"]) == ("+40212345771", "Desk")


async def test_a_dry_run_tells_everything_that_is_wrong(world: World) -> None:
    organization = await world.open_organization()
    file = b"amount,purchased_at\n0,2026-01-01\n5,2020-01-01\n5,2026-01-01\n"
    path = f"/v1/organizations/{organization}/moving-in/lots"

    dry = await answered(await world.client.post(path, params={"dry_run": "true"}, content=file, headers=CSV))
    wet = await world.client.post(path, content=file, headers=CSV)

    assert (dry["written"], dry["error_count"], dry["refusal"]["code"]) == (False, 2, "invalid_input")
    assert [(each["line"], each["column"], each["code"]) for each in dry["errors"]] == [
        (2, "amount", "invalid_input"),
        (3, "expires_at", "expiry_not_allowed"),
    ]
    assert (wet.status_code, wet.json()["error_count"]) == (422, 2)
    assert (await world.balance(organization))["posted"] == "0.000000"
