"""What the migration of money in makes of an installation that runs already: nothing is bought, told or taxed anew."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commcredits.core.account import BackupUse, BalanceAlerts, RechargeMode
from commcredits.core.purchases import TopUpState
from commcredits.core.taxes import NO_TAX
from commcredits.storage.connection import Connection, connect
from commcredits.storage.loading import load_accounts, load_top_ups
from commcredits.storage.migrations import load_migrations, migrate

FUNDED = "0192e0c8-0000-7000-8000-000000000001"
EMPTY = "0192e0c8-0000-7000-8000-000000000002"
LOT = "0192e0c8-0000-7000-8000-000000000003"
TOP_UP = "0192e0c8-0000-7000-8000-000000000004"
MIGRATIONS = Path(__file__).parents[2] / "src" / "commcredits" / "storage" / "sql" / "migrations"

BEFORE = f"""
insert into organizations (
    shard_id, organization_id, name, country, currency, minor_digits, time_zone, language, created_at
)
select 0, id, 'Before', 'RO', 'EUR', 2, 'UTC', 'en', now()
from unnest(array['{FUNDED}', '{EMPTY}']::uuid[]) as id;
insert into accounts (
    shard_id, organization_id, version, posted_micros, held_micros, lot_ids, lot_free_micros, lot_held_micros
) values (0, '{FUNDED}', 1, 50000000, 0, array['{LOT}'::uuid], array[50000000], array[0]),
    (0, '{EMPTY}', 1, 0, 0, '{{}}', '{{}}', '{{}}');
insert into fund_lots (shard_id, organization_id, lot_id, source, amount_micros, purchased_at, expires_at)
values (0, '{FUNDED}', '{LOT}', 'manual', 50000000, now(), now() + interval '1 year');
insert into recharge_rules (
    shard_id, organization_id, enabled, recharge_amount_micros, trigger_amount_micros, monthly_cap_micros,
    payment_method, declines, suspended, month, month_micros
) values (0, '{FUNDED}', true, 50000000, 10000000, 500000000, 'card', 2, true, '2026-11', 50000000);
insert into top_ups (
    shard_id, organization_id, top_up_id, kind, state, amount_micros, payment_method, created_at, sent_at, settled_at,
    gateway, gateway_reference, reason, action_url, lot_id
) values (0, '{FUNDED}', '{TOP_UP}', 'manual', 'succeeded', 50000000, 'card', now(), now(), now(), 'simulator', 'ch_1',
    '', '', '{LOT}');
"""  # noqa: S608 - the ids are those of this module


@pytest.fixture
async def migrated(empty_database_url: str, tmp_path: Path) -> AsyncIterator[Connection]:
    """A database that was in use before money came in, brought to the schema of this version."""
    for step in load_migrations():
        if step.version < 4:
            shutil.copy(MIGRATIONS / f"{step.name}.sql", tmp_path)
    connection = await connect(empty_database_url)
    try:
        await migrate(connection, directory=tmp_path)
        await connection.execute(BEFORE)
        await migrate(connection)
        yield connection
    finally:
        await connection.close()


async def test_a_rule_goes_on_as_it_was(migrated: Connection) -> None:
    account = (await load_accounts(migrated, 0, [FUNDED]))[FUNDED].account
    state, rule = account.recharge, account.recharge.rule
    assert rule is not None
    assert (rule.enabled, rule.mode, rule.backup_payment_method, rule.expiry_ahead_days) == (
        True,
        RechargeMode.FIXED,
        "",
        0,
    )
    assert (state.suspended, state.declines, state.month_micros) == (True, 2, 50_000_000)
    assert (state.paused, state.backup_use, state.cap_told_percent) == (None, BackupUse.NONE, 0)
    assert (account.post_usage, account.has_tax_id, account.owed_micros) == (False, False, 0)


async def test_an_empty_balance_will_be_told_where_there_were_funds_and_nowhere_else(migrated: Connection) -> None:
    accounts = await load_accounts(migrated, 0, [FUNDED, EMPTY])
    assert accounts[FUNDED].account.alerts == BalanceAlerts(zero_told=False)
    assert accounts[EMPTY].account.alerts == BalanceAlerts(zero_told=True)
    assert await migrated.fetchval("select count(*) from notices") == 0


async def test_a_purchase_of_before_had_no_tax_and_can_be_refunded_and_disputed(migrated: Connection) -> None:
    known = (await load_top_ups(migrated, 0, [(FUNDED, TOP_UP)]))[FUNDED, TOP_UP]
    assert (known.top_up.state, known.top_up.tax, known.top_up.fee_micros) == (TopUpState.SUCCEEDED, NO_TAX, 0)
    assert known.lot is not None
    assert known.lot.lot_id == LOT
