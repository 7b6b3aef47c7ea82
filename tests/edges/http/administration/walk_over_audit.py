"""A walk over the paths of the audit log, held against the OpenAPI document.

Knows the way to each answer. Refuses to judge them: the client of the tests does (see documented.py).
"""

from __future__ import annotations

from tests.edges.http.administration.world import World


async def walk_well_over_audit(world: World, organization: str) -> None:
    """Read both logs by their filters, save them as files, keep an anchor and prove from it on."""
    client, path = world.client, f"/v1/organizations/{organization}"
    saved = await client.post(f"{path}/notice-recipients", json={"address": "audit@example.com"})
    assert saved.status_code == 200, saved.text
    for log in (f"{path}/audit", "/v1/audit"):
        query = "?operation=save_recipient&subject=audit@example.com&actor=operator&limit=1&from=2020-01-01T00:00:00Z"
        listed = await client.get(f"{log}{query}")
        assert listed.status_code == 200, listed.text
        (act,) = listed.json()["items"]
        assert (act["outcome"], act["interface"], act["actor_kind"]) == ("done", "api", "key")
        assert act["after"]["audit@example.com"].endswith("all")
        for form in ("csv", "jsonl"):
            file = await client.get(f"{log}.{form}")
            assert "save_recipient" in file.text
            assert file.headers["content-disposition"] == f'attachment; filename="audit.{form}"'
    head = (await client.get(f"{path}/audit/head")).json()
    assert head in (await client.get("/v1/audit/heads")).json()["items"]
    for query in ("", f"?since={head['anchor']}"):
        assert (await client.post(f"/v1/audit/verify{query}")).json()["faults"] == []
    empty = await world.open_organization()
    assert (await client.get(f"/v1/organizations/{empty}/audit/head")).json() is None
