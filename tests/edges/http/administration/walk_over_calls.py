"""A walk over the paths of recorded calls, their prices and of moving in, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Any

from commcredits.operations.call_mappings import shipped_document
from tests.edges.http.administration.world import World
from tests.operations.call_files import zip_of

CSV = {"Content-Type": "text/csv"}
ZIP = {"Content-Type": "application/zip"}
JSON = {"Content-Type": "application/json"}
UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"
PERIOD = {"begins_at": "2026-01-01T00:00:00Z", "ends_at": "2026-12-01T00:00:00Z"}
RECORD: dict[str, Any] = {
    "record_id": "record-1",
    "service": "outbound",
    "caller": "+40212345678",
    "callee": "+40723456789",
    "started_at": "2026-10-20T09:00:00Z",
    "duration_seconds": 60,
}
FILE = (
    b"record_id,service,caller,callee,started_at,duration_seconds\n"
    b"record-2,outbound,+40212345678,+40723456789,2026-10-20T09:00:00Z,60\n"
)
LOTS = b"amount,purchased_at,expires_at,reference\n50,2026-10-01,2098-01-01,walk\n"
NUMBERS = b"number,kind\n+40212345650,user\n"


async def walk_well_over_calls(world: World, organization: str, deck: str) -> None:
    """Record calls, keep a mapping, price a period anew, move in."""
    client, path = world.client, f"/v1/organizations/{organization}"
    recorded = await client.post(f"{path}/recorded-calls", json={"records": [RECORD]})
    assert recorded.status_code == 200, recorded.text
    for content, headers in ((FILE, CSV), (zip_of({"calls.csv": FILE}), ZIP)):
        imported = await client.post(f"{path}/recorded-calls/import", content=content, headers=headers)
        assert imported.status_code == 200, imported.text
    document = shipped_document("asterisk_csv").replace(b"asterisk_csv", b"walk")
    body = b'{"document":' + document + b"}"
    for method, sent in (("PUT", body), ("GET", b""), ("DELETE", b"")):
        answer = await client.request(method, "/v1/call-mappings/walk", content=sent, headers=JSON)
        assert answer.status_code == 200, answer.text
    assert (await client.get("/v1/call-mappings")).status_code == 200
    for name in ("simulations", "corrections"):
        period = {**PERIOD, "rate_deck_id": deck}
        rated = await client.post(f"{path}/rerating/{name}", json=period, headers=world.key())
        assert rated.status_code == 200, rated.text
    for name, file in (("lots", LOTS), ("numbers", NUMBERS)):
        for dry_run in ("true", "false"):
            moved = await client.post(
                f"{path}/moving-in/{name}", params={"dry_run": dry_run}, content=file, headers=CSV
            )
            assert moved.status_code == 200, moved.text


async def walk_into_refusals_of_calls(world: World, organization: str) -> None:
    """Nobody's calls, decks that are not there, not published or in another currency, and files that are wrong."""
    client, path = world.client, f"/v1/organizations/{organization}"
    nobody = f"/v1/organizations/{UNKNOWN_ID}"
    await client.post(f"{nobody}/recorded-calls", json={"records": [RECORD]})
    too_long = {**JSON, "Content-Length": str(2**29)}
    await client.post(f"{path}/recorded-calls", content=b"{}", headers=too_long)
    await client.post(f"{nobody}/recorded-calls/import", content=FILE, headers=CSV)
    rate = {
        "prefix": "40",
        "destination": "Romania",
        "service": "outbound",
        "price_per_minute": "0.006",
        "connection_fee": "0",
        "first_increment": 30,
        "next_increment": 6,
        "effective_from": "2026-01-01",
    }
    draft = await world.created("/v1/rate-decks/drafts", {"name": "Walk", "currency": "EUR", "rates": [rate]})
    dollars = await world.publish(currency="USD")
    for name in ("simulations", "corrections"):
        for deck in (UNKNOWN_ID, dollars, draft["rate_deck_id"]):
            body = {**PERIOD, "rate_deck_id": deck}
            await client.post(f"{path}/rerating/{name}", json=body, headers=world.key())
            await client.post(f"{nobody}/rerating/{name}", json=body, headers=world.key())
    for name, file in (("lots", LOTS), ("numbers", NUMBERS)):
        await client.post(f"{nobody}/moving-in/{name}", content=file, headers=CSV)
    for there in ("recorded-calls/import", "moving-in/lots", "moving-in/numbers"):
        for headers in (
            {"Content-Type": "text/plain"},
            {**CSV, "Content-Length": str(2**29)},
            {"Content-Type": "multipart/form-data"},
        ):
            await client.post(f"{path}/{there}", content=b"{}", headers=headers)


async def walk_into_closed_doors_of_moving_in(world: World, organization: str) -> None:
    """Nobody moves into an organization that is closed."""
    path = f"/v1/organizations/{organization}/moving-in"
    await world.client.post(f"{path}/numbers", content=NUMBERS, headers=CSV)
