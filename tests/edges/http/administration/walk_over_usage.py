"""A walk over the paths of usage and its exports.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from commcredits.core.commands import RecordCall, Service
from commcredits.core.outcomes import Recorded
from commcredits.operations.call_exports import write_exports
from tests.edges.http.administration.world import World

UNKNOWN_ID: Final = "019353b4-7c1e-7000-8000-000000000000"
GRAPH: Final = "/graph/v1.0/communications"


def period(days: int = 1) -> dict[str, str]:
    """The last days until now."""
    now = datetime.now(UTC)
    return {"from": (now - timedelta(days=days)).isoformat(), "to": now.isoformat()}


async def tell(world: World, organization: str, count: int, **fields: Any) -> None:
    """Calls that are over, a second apart, the last one just now."""
    now = datetime.now(UTC)
    for number in range(count):
        call: dict[str, Any] = {
            "record_id": f"usage-{number}",
            "service": Service.OUTBOUND,
            "caller": "+40212345678",
            "callee": "+40722123456",
            "started_at": now - timedelta(seconds=count - number + 60),
            "duration_seconds": 30,
            **fields,
        }
        outcome = await world.committer.execute(RecordCall(organization_id=organization, **call))
        assert isinstance(outcome, Recorded), outcome


async def walk_well_over_usage(world: World, organization: str) -> None:
    """Tell of calls, list, sum, save at once, have an export written, fetch it, remove it; and as report tools do."""
    client, path = world.client, f"/v1/organizations/{organization}/usage"
    await tell(world, organization, 3)
    first = (await client.get(path, params={**period(), "limit": 2})).json()
    rest = (await client.get(path, params={**period(), "limit": 2, "cursor": first["next_cursor"]})).json()
    listed = [row["session_id"] for row in (*first["items"], *rest["items"])]
    assert listed[:3] == ["usage-2", "usage-1", "usage-0"]
    sums = (await client.get(f"{path}/sums", params={**period(), "call_type": "user_out"})).json()
    assert sums["calls"] >= 3
    saved = await client.get(f"{path}/export", params=period())
    assert zipfile.ZipFile(io.BytesIO(saved.content)).testzip() is None
    export = await client.post(f"{path}/exports", params=period())
    assert export.status_code == 201
    export_path = f"{path}/exports/{export.json()['export_id']}"
    assert (await client.get(f"{export_path}/file")).status_code == 404
    assert await write_exports(world.services) >= 1
    assert (await client.get(export_path)).json()["state"] == "ready"
    fetched = await client.get(f"{export_path}/file")
    assert len(fetched.content) == int(fetched.headers["content-length"])
    assert (await client.get(f"{path}/exports")).json()["items"][0]["state"] == "ready"
    assert (await client.delete(export_path)).json() == {"changed": True}
    assert (await client.delete(export_path)).json() == {"changed": False}
    times = "(fromDateTime=2026-11-01,toDateTime=2026-11-02)"
    for name in ("getPstnCalls", "getPstnBlockedUsersLog", "getPstnOnlineMeetingDialoutReport"):
        answer = await client.get(f"{GRAPH}/callRecords/{name}{times}", params={"organization_id": organization})
        assert answer.status_code == 200, answer.text
    for name in ("balance", "pools", "funds"):
        answer = await client.get(f"{GRAPH}/credits/{name}", headers={"X-Organization-Id": organization})
        assert answer.status_code == 200, answer.text


async def walk_into_refusals_of_usage(world: World, organization: str) -> None:
    """Periods that are none, and exports and organizations that do not exist."""
    client = world.client
    for place, status in ((organization, 422), (UNKNOWN_ID, 404)):
        path = f"/v1/organizations/{place}/usage"
        wrong = {"from": "2026-01-02T00:00:00Z", "to": "2026-01-01T00:00:00Z"} if status == 422 else period()
        for end in ("", "/sums", "/export"):
            assert (await client.get(path + end, params=wrong)).status_code == status
        assert (await client.post(f"{path}/exports", params=wrong)).status_code == status
    path = f"/v1/organizations/{organization}/usage/exports/{UNKNOWN_ID}"
    for end in ("", "/file"):
        assert (await client.get(path + end)).json()["code"] == "unknown_export"
    assert (await client.delete(path)).json()["code"] == "unknown_export"
    nowhere = f"/v1/organizations/{UNKNOWN_ID}/usage/exports"
    assert (await client.get(nowhere)).json()["code"] == "unknown_organization"
    for end in ("", "/file"):
        assert (await client.get(f"{nowhere}/{UNKNOWN_ID}{end}")).json()["code"] == "unknown_organization"
    assert (await client.delete(f"{nowhere}/{UNKNOWN_ID}")).json()["code"] == "unknown_organization"
