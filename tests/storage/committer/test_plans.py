"""The charging statements are planned once, often on empty tables: their plans must be probes by key all the same."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from commcredits.storage.connection import Connection, connect, load_statement
from commcredits.storage.link import CONNECTION_SETTINGS, whole_statement
from tests.storage.committer.world import World, authorise, end, execute_all

KEYS: Final = {
    "accounts": ("organization_id",),
    "balance_alerts": ("organization_id",),
    "batches": ("organization_id", "batch_id"),
    "blocks": ("organization_id", "block_id"),
    "call_sessions": ("organization_id", "session_id"),
    "commands": ("organization_id", "operation", "command_id"),
    "fund_lots": ("organization_id", "lot_id"),
    "live_calls": ("organization_id", "session_id"),
    "meters": ("organization_id", "key", "period"),
    "next_rate_decks": ("organization_id",),
    "organizations": ("organization_id",),
    "parties": ("organization_id", r"(?:party_id|lower\(user_principal_name\))"),
    "phone_numbers": ("number",),
    "rate_decks": ("organization_id", "rate_deck_id"),
    "rates": ("organization_id", "rate_deck_id"),
    "recharge_rules": ("organization_id",),
    "rosters": ("organization_id",),
    "top_ups": ("organization_id", "top_up_id"),
}
"""What a probe of each table must name, beside the shard."""

WHOLE: Final = "commit_batch with commit_seldom"
STATEMENTS: Final = (
    "commit_batch",
    WHOLE,
    "lock_accounts",
    "load_accounts",
    "load_blocks",
    "load_sessions",
    "load_commands",
    "load_lines",
    "load_lots",
    "load_meters",
    "load_parties",
    "load_top_ups",
    "load_open_top_ups",
    "load_rate_deck",
    "load_rates",
    "resolve_batch",
    "written_by_batch",
)
PER_ORGANIZATION: Final = {"load_blocks", "load_open_top_ups"}
"""Statements that read several rows of an organization on purpose."""


async def _plan(connection: Connection, name: str) -> dict[str, Any]:
    """The generic plan of a statement, as the committer's connection makes it."""
    sql = whole_statement() if name == WHOLE else load_statement(name)
    parameters = max(int(number) for number in re.findall(r"\$(\d+)", sql))
    await connection.execute(f"prepare probed as {sql}")
    text = await connection.fetchval(f"explain (format json) execute probed({', '.join(['null'] * parameters)})")
    await connection.execute("deallocate probed")
    plan: dict[str, Any] = json.loads(text)[0]["Plan"]
    return plan


def _scans(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in plan and plan["Node Type"] != "ModifyTable":
        yield plan
    for child in plan.get("Plans", ()):
        yield from _scans(child)


def _is_a_probe(scan: dict[str, Any], name: str) -> bool:
    if scan["Node Type"] == "Tid Scan":
        return True
    key = KEYS[scan["Relation Name"]][: 1 if name in PER_ORGANIZATION else None]
    condition = scan.get("Index Cond", "")
    named = all(re.search(rf"\b{column} = ", condition) for column in ("shard_id", *key))
    return scan["Node Type"] in {"Index Scan", "Index Only Scan"} and named


async def _strays(world: World) -> list[str]:
    """Every scan of the charging statements that is not a probe, in words."""
    connection = await connect(world.url, settings=CONNECTION_SETTINGS)
    try:
        return [
            f"{name}: {scan['Node Type']} on {scan['Relation Name']} by {scan.get('Index Cond')}"
            for name in STATEMENTS
            for scan in _scans(await _plan(connection, name))
            if not _is_a_probe(scan, name)
        ]
    finally:
        await connection.close()


async def test_plans_made_on_empty_tables_probe_by_key(either_world: World) -> None:
    strays = await _strays(either_world)
    assert strays == [], "\n".join(strays)


async def test_plans_made_on_small_tables_with_statistics_probe_by_key(either_world: World) -> None:
    organizations = await either_world.open_organizations(30, funds_micros=10_000_000)
    async with either_world.committer() as committer:
        await execute_all(committer, [authorise(each, f"{number}") for each in organizations for number in range(9)])
        await execute_all(committer, [end(each, f"{number}", 5) for each in organizations for number in range(9)])
    await either_world.check_books()
    await either_world.database.execute("vacuum analyze")
    strays = await _strays(either_world)
    assert strays == [], "\n".join(strays)
