"""What the database itself refuses, whatever the program believes."""

import re
from pathlib import Path

import asyncpg
import pytest

import commcredits.storage
from commcredits.storage.connection import Connection

ORGANIZATION = "0192e0c8-0000-7000-8000-000000000001"
LOT = "0192e0c8-0000-7000-8000-000000000002"
OTHER_LOT = "0192e0c8-0000-7000-8000-000000000003"

INSERT_ACCOUNT = """
insert into accounts (
    shard_id, organization_id, version, posted_micros, held_micros, lot_ids, lot_free_micros, lot_held_micros
) values (0, $1, 1, $2, $3, $4, $5, $6)
"""
INSERT_TOP_UP = """
insert into top_ups (
    shard_id, organization_id, top_up_id, kind, state, amount_micros, payment_method, created_at, gateway,
    gateway_reference, reason, action_url
) values (0, $1, gen_random_uuid(), $2, $3, 1, 'card', now(), '', '', '', '')
"""
INSERT_JOURNAL = """
insert into journal (shard_id, organization_id, transfer_id, at, source, target, amount_micros, reason, lot_id)
values (0, $1, gen_random_uuid(), now(), $2, $3, $4, 'call', $1)
"""
INSERT_LOT = """
insert into fund_lots (shard_id, organization_id, lot_id, source, amount_micros, purchased_at, expires_at)
values (0, $1, $1, 'manual', $2, now(), now())
"""
INSERT_RATE = """
insert into rates (
    shard_id, organization_id, rate_deck_id, service, prefix, effective_from, effective_to, destination,
    price_per_minute_micros, connection_fee_micros, first_increment_seconds, next_increment_seconds
) values (0, $1, $1, 'outbound', $2, '2026-01-01', $3::text::timestamptz, 'Somewhere', $4, 0, $5, 1)
"""


async def test_every_table_and_its_primary_key_lead_with_shard_and_organization(database: Connection) -> None:
    rows = await database.fetch(
        """
        select
            c.relname as name,
            (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
                where a.attrelid = c.oid and a.attnum in (1, 2)) as columns,
            (select array_agg(a.attname::text order by k.place) from pg_index i
                cross join lateral unnest(i.indkey) with ordinality as k (attnum, place)
                join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
                where i.indrelid = c.oid and i.indisprimary and k.place <= 2) as key
        from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
        """
    )
    led = ["shard_id", "organization_id"]
    wrong = [row["name"] for row in rows if (row["columns"], row["key"]) != (led, led)]
    assert wrong == ["schema_migrations"]
    assert len(rows) > 10


async def test_every_index_leads_with_the_shard(database: Connection) -> None:
    astray = await database.fetch(
        """
        select i.indexrelid::regclass::text as name
        from pg_index i
        join pg_class c on c.oid = i.indrelid
        join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
        where c.relnamespace = 'public'::regnamespace and a.attname <> 'shard_id'
        """
    )
    assert [row["name"] for row in astray] == ["schema_migrations_pkey"]


async def test_no_statement_looks_for_calls_by_what_has_no_statistics(database: Connection) -> None:
    rows = await database.fetch(
        """
        select attname
        from pg_attribute
        where attrelid = 'call_sessions'::regclass and attnum > 0 and attstattarget = 0
        """
    )
    names = "|".join(row["attname"] for row in rows)
    looked_for = re.compile(rf"\b(?:where|and|or|on)\s+(?:\w+\.)?(?:{names})\s*(?:=|<|>|is\b|in\b|between\b)")
    assert looked_for.search("where s.shard_id = $1 and s.started_at is null"), "the pattern finds what it looks for"

    folder = Path(commcredits.storage.__file__).parent / "sql"
    # The books are verified call by call, and what is compared there is compared for all of them.
    texts = [path for path in folder.rglob("*.sql") if path.parent.name not in {"migrations", "verify"}]

    assert len(texts) > 100
    assert [path.name for path in texts if looked_for.search(path.read_text("utf-8"))] == []


async def test_the_charging_path_has_no_sequence_and_no_foreign_key(database: Connection) -> None:
    assert await database.fetch("select relname from pg_class where relkind = 'S'") == []
    assert await database.fetch("select conname from pg_constraint where contype = 'f'") == []


@pytest.mark.parametrize(
    ("posted", "held", "lots", "free", "held_of_lots", "constraint"),
    [
        (100, 101, [LOT], [0], [101], "held_within_posted"),
        (100, -1, [LOT], [101], [-1], "held_within_posted"),
        (-1, 0, [LOT], [-1], [0], "held_within_posted"),
        (100, 0, [LOT, OTHER_LOT], [101, -1], [0, 0], "lots_never_negative"),
        (100, 0, [LOT, OTHER_LOT], [100, 0], [1, -1], "lots_never_negative"),
        (100, 0, [LOT, OTHER_LOT], [100], [0, 0], "lots_in_step"),
        (100, 0, [LOT], [100], [], "lots_in_step"),
    ],
)
async def test_an_account_is_never_overdrawn_and_its_lots_stay_in_step(
    database: Connection,
    posted: int,
    held: int,
    lots: list[str],
    free: list[int],
    held_of_lots: list[int],
    constraint: str,
) -> None:
    with pytest.raises(asyncpg.CheckViolationError, match=constraint):
        await database.execute(INSERT_ACCOUNT, ORGANIZATION, posted, held, lots, free, held_of_lots)
    await database.execute(INSERT_ACCOUNT, ORGANIZATION, 100, 100, [LOT], [0], [100])


@pytest.mark.parametrize("state", ["due", "sent", "processing", "action_required", "unknown"])
async def test_an_organization_has_at_most_one_open_recharge(database: Connection, state: str) -> None:
    for harmless in (("manual", state), ("auto_recharge", "declined"), ("auto_recharge", "succeeded")):
        await database.execute(INSERT_TOP_UP, ORGANIZATION, *harmless)
        await database.execute(INSERT_TOP_UP, ORGANIZATION, *harmless)
    await database.execute(INSERT_TOP_UP, ORGANIZATION, "auto_recharge", "sent")
    with pytest.raises(asyncpg.UniqueViolationError, match="top_ups_one_open_recharge"):
        await database.execute(INSERT_TOP_UP, ORGANIZATION, "auto_recharge", state)
    await database.execute(INSERT_TOP_UP, OTHER_LOT, "auto_recharge", state)


@pytest.mark.parametrize("table", ["journal", "fund_lots", "rates"])
@pytest.mark.parametrize("change", ["update {} set shard_id = 1", "delete from {}", "truncate {}"])
async def test_what_was_written_down_is_never_changed(database: Connection, table: str, change: str) -> None:
    await database.execute(INSERT_JOURNAL, ORGANIZATION, "promotions", "customer_credits", 1)
    await database.execute(INSERT_LOT, ORGANIZATION, 1)
    await database.execute(INSERT_RATE, ORGANIZATION, "44", None, 1, 1)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match=f"{table} is append-only"):
        await database.execute(change.format(table))
    assert await database.fetchval(f"select count(*) from {table} where shard_id = 0") == 1  # noqa: S608 - a table of ours


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (INSERT_JOURNAL, ("promotions", "customer_credits", 0)),
        (INSERT_JOURNAL, ("promotions", "customer_credits", -1)),
        (INSERT_JOURNAL, ("customer_credits", "customer_credits", 1)),
        (INSERT_LOT, (0,)),
        (INSERT_RATE, ("", None, 1, 1)),
        (INSERT_RATE, ("+44", None, 1, 1)),
        (INSERT_RATE, ("44", "2026-01-01", 1, 1)),
        (INSERT_RATE, ("44", None, -1, 1)),
        (INSERT_RATE, ("44", None, 1, 0)),
        (INSERT_TOP_UP, ("manual", "lost")),
        (INSERT_TOP_UP, ("gift", "due")),
    ],
)
async def test_a_row_that_means_nothing_is_refused(
    database: Connection, statement: str, values: tuple[object, ...]
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await database.execute(statement, ORGANIZATION, *values)
