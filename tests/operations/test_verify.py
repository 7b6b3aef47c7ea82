"""Books that agree are found to agree, also while calls go on; a millionth that is out of place is found, and where."""

import asyncio
import random
from collections.abc import AsyncIterator, Iterator
from importlib.resources import files

import pytest

from commcredits.core.commands import Service
from commcredits.core.rating import price_micros
from commcredits.core.tariffs import Rate
from commcredits.operations import verify
from commcredits.operations.verify import AUDIT_CHAINS, CHECKS, SHAPED_PRICES, Discrepancy, Verification, verify_books
from commcredits.storage.connection import load_statement
from commcredits.storage.embedded import EmbeddedServer
from tests.operations.books import fill_books
from tests.operations.office import NOON, SHARD, Office, new_id, open_office
from tests.operations.spoiled_books import SPOILED, Spoiled, keep, restore, spoil
from tests.storage_fixtures import execute, run

BOOKS = "books_to_spoil"


@pytest.fixture(scope="module")
def books_url(embedded_server: EmbeddedServer, migrated_template: str) -> Iterator[str]:
    """The address of a database in which everything has happened once, and that tests put back as it was."""

    async def fill(url: str) -> None:
        async with open_office(url) as office:
            await fill_books(office)
            async with office.services.pool.acquire() as connection:
                await keep(connection)

    run(execute(embedded_server.url, f"create database {BOOKS} template {migrated_template}"))
    run(fill(embedded_server.url_of(BOOKS)))
    yield embedded_server.url_of(BOOKS)
    run(execute(embedded_server.url, f"drop database {BOOKS} with (force)"))


@pytest.fixture
async def books(books_url: str) -> AsyncIterator[Office]:
    """An office over those books, and a connection of the test's own to spoil them."""
    async with open_office(books_url) as office:
        yield office
        async with office.services.pool.acquire() as connection:
            await restore(connection)


async def spoiled_by(office: Office, sql: str) -> None:
    async with office.services.pool.acquire() as connection:
        await spoil(connection, sql)


async def found(office: Office) -> tuple[Discrepancy, ...]:
    return (await verify_books(office.services)).discrepancies


async def test_books_without_any_entry_agree(office: Office) -> None:
    assert await verify_books(office.services) == Verification(organizations=0, transfers=0, discrepancies=())


async def test_books_in_which_everything_has_happened_agree(books: Office) -> None:
    assert await verify_books(books.services) == Verification(organizations=3, transfers=26, discrepancies=())


@pytest.mark.parametrize("spoiled", SPOILED, ids=lambda spoiled: spoiled.name)
async def test_spoiled_books_are_found_out(books: Office, spoiled: Spoiled) -> None:
    await spoiled_by(books, spoiled.sql)
    assert {discrepancy.check for discrepancy in await found(books)} == spoiled.found_by


def test_every_check_is_needed_and_every_statement_is_a_check() -> None:
    assert {check for spoiled in SPOILED for check in spoiled.found_by} == set(CHECKS)
    statements = files("commcredits.storage").joinpath("sql", "verify").iterdir()
    checks = set(CHECKS) - {SHAPED_PRICES, AUDIT_CHAINS}
    assert {file.name.removesuffix(".sql") for file in statements} == {*checks, "counts", "list_shaped_calls"}


async def test_a_discrepancy_says_exactly_where_and_how_much(books: Office) -> None:
    await spoiled_by(books, "update journal set amount_micros = amount_micros - 1 where session_id = 'short'")
    row = await books.services.pool.fetchrow("select organization_id, lot_id from journal where session_id = 'short'")
    assert row is not None
    organization_id, lot = str(row["organization_id"]), f"lot {row['lot_id']}"
    assert await found(books) == tuple(
        Discrepancy(
            organization_id=organization_id, check=check, subject=subject, expected_micros=told, found_micros=stored
        )
        for check, subject, told, stored in (
            ("posted_equals_journal", "account", 47_200_001, 47_200_000),
            ("lots_equal_journal", lot, 1, 0),
            ("charges_equal_journal", "call short", 599_999, 600_000),
            ("draws_equal_journal", f"call short on {lot}", 599_999, 600_000),
        )
    )


AMOUNTS = [
    # How many rows of a table, its key, the amount; and of which rows the amount stands anywhere else.
    (26, "journal", "transfer_id", "amount_micros", "true"),
    (7, "fund_lots", "lot_id", "amount_micros", "true"),
    (2, "top_ups", "top_up_id", "amount_micros", "state = 'succeeded'"),
    (2, "receipts", "receipt_id", "net_micros", "true"),
    (3, "accounts", "organization_id", "posted_micros", "true"),
    (3, "accounts", "organization_id", "held_micros", "true"),
    (3, "accounts", "organization_id", "lot_free_micros[1]", "true"),
    (3, "accounts", "organization_id", "lot_held_micros[1]", "true"),
    (3, "accounts", "organization_id", "owed_micros", "true"),
    (18, "call_sessions", "session_id", "charged_micros", "true"),
    (18, "call_sessions", "session_id", "owed_micros", "true"),
    (12, "call_sessions", "session_id", "part_drawn_micros[1]", "cardinality(part_lot_ids) > 0"),
    (12, "call_sessions", "session_id", "part_held_micros[1]", "cardinality(part_lot_ids) > 0"),
    (14, "call_sessions", "session_id", "connection_fee_micros", "rate_prefix <> ''"),
    (14, "call_sessions", "session_id", "price_per_minute_micros", "rate_prefix <> ''"),
    (12, "meters", "(key || period)", "held", "true"),
    # Those of fraud limits begin anew when a block is lifted.
    (5, "meters", "(key || period)", "used", "key like 'pool:%' or key like 'cap:%'"),
]


async def test_a_millionth_too_much_in_any_row_is_found(books: Office) -> None:
    for count, table, key, amount, condition in AMOUNTS:
        rows = await books.services.pool.fetch(f"select {key}::text from {table} where {condition}")  # noqa: S608 - the names are those listed above
        assert len(rows) == count, (table, amount)
        for (identifier,) in rows:
            change = f"update {table} set {amount} = {amount} {{}} 1 where {key}::text = '{identifier}'"  # noqa: S608 - as the line before
            await spoiled_by(books, change.format("+"))
            assert await found(books), (table, amount, identifier)
            await spoiled_by(books, change.format("-"))
    assert await found(books) == ()


async def test_the_price_of_a_call_is_reckoned_as_charging_reckons_it(office: Office) -> None:
    """Two thousand calls at rates of every kind, charged by the core; then each a millionth more."""
    drawn = random.Random(20_261_122)
    organization = await office.organization()
    calls = [(f"call-{number}", *_call(drawn)) for number in range(2_000)]
    async with office.services.pool.acquire() as connection:
        await connection.executemany(
            """insert into call_sessions (
                shard_id, organization_id, session_id, service, caller, callee, price_per_minute_micros,
                connection_fee_micros, first_increment_seconds, next_increment_seconds, authorised_at, state, live,
                grant_number, granted_seconds, final, grant_ends_at, used_seconds, overrun_seconds, charged_micros,
                part_lot_ids, part_held_micros, part_drawn_micros, cause, memory
            ) values (
                0, $1, $2, 'outbound', '', '', $3, $4, $5, $6, $9, 'ended', false, 1, $7, false, $9, $7, 0, $8, '{}',
                '{}', '{}', '', ''
            )""",
            [(organization.organization_id, *call, NOON) for call in calls],
        )
        check = load_statement("verify/charges_equal_price")
        assert await connection.fetch(check, SHARD, 10_000) == []
        await connection.execute("update call_sessions set charged_micros = charged_micros + 1")
        assert len(await connection.fetch(check, SHARD, 10_000)) == 2_000


def _call(drawn: random.Random) -> tuple[int, int, int, int, int, int]:
    """Price per minute, connection fee, increments, duration, and what that costs."""
    rate = Rate(
        prefix="4",
        destination="Anywhere",
        service=Service.OUTBOUND,
        price_per_minute_micros=drawn.choice([0, 1, 59, 61, 600_000, 10**12, drawn.randrange(10**7)]),
        connection_fee_micros=drawn.choice([0, 1, drawn.randrange(10**6)]),
        first_increment_seconds=drawn.choice([1, 6, 12, 30, 60, 3_600]),
        next_increment_seconds=drawn.choice([1, 6, 11, 13, 60, 3_600]),
        effective_from=NOON,
    )
    seconds = drawn.choice([0, 1, 11, 12, 13, 59, 60, 61, 3_600, drawn.randrange(10**5)])
    return (
        rate.price_per_minute_micros,
        rate.connection_fee_micros,
        rate.first_increment_seconds,
        rate.next_increment_seconds,
        seconds,
        price_micros(rate, seconds),
    )


async def test_books_agree_at_every_instant_while_calls_go_on(office: Office) -> None:
    organizations = [await office.calling_organization(funds_micros=500_000_000) for _ in range(4)]
    over = False

    async def traffic(organization_id: str, caller: int) -> None:
        for number in range(40):
            session_id = f"call-{caller}-{number}"
            await office.authorise(organization_id, session_id, answered=True)
            if number % 4:
                await office.end(organization_id, session_id, number)

    async def verification() -> int:
        rounds = 0
        while not over:
            assert await found(office) == ()
            rounds += 1
        return rounds

    verifying = asyncio.create_task(verification())
    await asyncio.gather(*(traffic(each, caller) for each in organizations for caller in range(6)))
    over = True
    assert await verifying > 0
    last = await verify_books(office.services)
    assert (last.transfers, last.discrepancies) == (4 + 4 * 6 * 30, ())


async def test_progress_is_told_check_by_check(office: Office) -> None:
    told: list[tuple[int, int]] = []
    await verify_books(office.services, progress=lambda done, total: told.append((done, total)))
    assert told == [(number, len(CHECKS)) for number in range(1, len(CHECKS) + 1)]


async def test_books_that_disagree_everywhere_are_reported_up_to_a_limit(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "DISCREPANCIES_PER_CHECK_MAX", 3)
    for _ in range(5):
        await office.organization(new_id())
    await office.services.pool.execute("delete from accounts")
    assert [each.check for each in await found(office)] == ["each_organization_has_an_account"] * 3


async def test_verification_changes_nothing_and_leaves_the_connection_as_it_was(books: Office) -> None:
    await spoiled_by(books, "delete from journal where session_id = 'short'")
    first = await verify_books(books.services)
    assert await verify_books(books.services) == first
    async with books.services.pool.acquire() as connection:
        assert await connection.fetchval("show work_mem") == "4MB"
        assert await connection.fetchval("show transaction_read_only") == "off"
