"""A walk over the paths of spending, statements, conference dial-out and explained calls.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from typing import Final

from tests.edges.http.administration.world import World

UNKNOWN_ID: Final = "019353b4-7c1e-7000-8000-000000000000"
DAYS: Final = {"first_day": "2026-01-01", "last_day": "2026-01-31"}


async def walk_well_over_spending(world: World, organization: str) -> None:
    """Report spending in every way, every statement, dial-out and its legs, and explain each call that there is."""
    client, path = world.client, f"/v1/organizations/{organization}"
    for by in ("department", "user", "destination", "service", "capability"):
        report = (await client.get(f"{path}/spending", params={"by": by, "top": "5"})).json()
        assert report["by"] == by
    monthly = {"every": "month", "first_day": "2026-01-01", "last_day": "2026-12-31"}
    assert len((await client.get(f"{path}/spending", params=monthly)).json()["over_time"]) == 12
    listed = (await client.get(f"{path}/statements")).json()["items"]
    shown = (await client.get(f"{path}/statements/{listed[0]['month']}")).json()
    assert shown["opening"] == listed[0]["opening"]
    for organizer in (await client.get(f"{path}/dial-out")).json()["organizers"]:
        if organizer["user_id"]:
            assert (await client.get(f"{path}/dial-out/{organizer['user_id']}", params=DAYS)).status_code == 200
    assert (await client.get(f"{path}/dial-out/{UNKNOWN_ID}", params=DAYS)).json()["legs"] == []
    for call in (await client.get(f"{path}/calls")).json()["items"][:20]:
        told = (await client.get(f"{path}/explained-calls/{call['session_id']}")).json()
        assert told["call"] == call


async def walk_into_refusals_of_spending(world: World, organization: str) -> None:
    """Organizations, calls, days and months that do not exist."""
    client = world.client
    ours, nowhere = f"/v1/organizations/{organization}", f"/v1/organizations/{UNKNOWN_ID}"
    for path in ("spending", "statements", "statements/2026-01", "dial-out", "explained-calls/any"):
        assert (await client.get(f"{nowhere}/{path}")).status_code == 404
    assert (await client.get(f"{nowhere}/dial-out/{UNKNOWN_ID}", params=DAYS)).status_code == 404
    assert (await client.get(f"{ours}/explained-calls/nothing-by-that-name")).status_code == 404
    for path in ("spending?first_day=2026-02-31", "statements/2098-01", "dial-out?last_day=2026-02-31"):
        assert (await client.get(f"{ours}/{path}")).status_code == 422
    assert (await client.get(f"{ours}/dial-out/{UNKNOWN_ID}")).status_code == 422
