"""Migrations, on the embedded server and on the system's own PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commcredits.storage.connection import Connection, connect
from commcredits.storage.migrations import MigrationError, load_migrations, migrate, pending

FIRST = "-- Makes the table of letters.\ncreate table letters (letter text primary key);\n"
SECOND = "-- Writes the first letter.\ninsert into letters values ('a');\n"


def write(directory: Path, **files: str) -> Path:
    for name, sql in files.items():
        (directory / f"{name[1:]}.sql").write_text(sql, encoding="utf-8")
    return directory


@pytest.fixture
def two_migrations(tmp_path: Path) -> Path:
    return write(tmp_path, _0001_letters=FIRST, _0002_first_letter=SECOND)


@pytest.fixture
async def empty(empty_database_url: str) -> AsyncIterator[Connection]:
    connection = await connect(empty_database_url)
    yield connection
    await connection.close()


async def test_migrations_are_applied_in_order_and_recorded(empty: Connection, two_migrations: Path) -> None:
    applied = await migrate(empty, directory=two_migrations)

    assert [(step.version, step.name) for step in applied] == [(1, "0001_letters"), (2, "0002_first_letter")]
    assert await empty.fetchval("select letter from letters") == "a"
    assert await empty.fetchval("select count(*) from schema_migrations") == 2


async def test_a_second_run_applies_nothing(empty: Connection, two_migrations: Path) -> None:
    await migrate(empty, directory=two_migrations)

    assert await migrate(empty, directory=two_migrations) == []


async def test_pending_names_what_would_be_applied_and_changes_nothing(empty: Connection, two_migrations: Path) -> None:
    assert [step.version for step in await pending(empty, directory=two_migrations)] == [1, 2]
    assert await empty.fetchval("select to_regclass('schema_migrations') is null")

    await migrate(empty, directory=two_migrations)
    write(two_migrations, _0003_more="-- Writes another letter.\ninsert into letters values ('b');")

    assert [step.name for step in await pending(empty, directory=two_migrations)] == ["0003_more"]


async def test_a_failing_migration_leaves_nothing_of_itself_and_keeps_the_ones_before(
    empty: Connection, two_migrations: Path
) -> None:
    write(two_migrations, _0003_broken="-- Breaks half-way.\ninsert into letters values ('b');\nselect 1 / 0;")

    with pytest.raises(MigrationError, match="0003_broken failed and nothing of it was applied: division by zero"):
        await migrate(empty, directory=two_migrations)

    assert await empty.fetchval("select array_agg(letter) from letters") == ["a"]
    assert [step.version for step in await pending(empty, directory=two_migrations)] == [3]


async def test_a_changed_file_that_was_applied_is_refused(empty: Connection, two_migrations: Path) -> None:
    await migrate(empty, directory=two_migrations)
    write(two_migrations, _0001_letters=FIRST + "-- an afterthought\n")

    with pytest.raises(MigrationError, match=r"0001_letters was applied .* with other content"):
        await migrate(empty, directory=two_migrations)
    with pytest.raises(MigrationError, match="0001_letters"):
        await pending(empty, directory=two_migrations)


async def test_line_ends_of_another_system_are_no_change(empty: Connection, two_migrations: Path) -> None:
    await migrate(empty, directory=two_migrations)
    (two_migrations / "0001_letters.sql").write_bytes(FIRST.replace("\n", "\r\n").encode())

    assert await migrate(empty, directory=two_migrations) == []


async def test_a_database_newer_than_the_program_is_refused(empty: Connection, two_migrations: Path) -> None:
    await migrate(empty, directory=two_migrations)
    (two_migrations / "0002_first_letter.sql").unlink()

    with pytest.raises(MigrationError, match="newer than this program: it has migration 0002_first_letter"):
        await migrate(empty, directory=two_migrations)


async def test_migrators_at_the_same_time_apply_each_migration_once(
    empty_database_url: str, two_migrations: Path
) -> None:
    connections = [await connect(empty_database_url) for _ in range(5)]

    steps = await asyncio.gather(*(migrate(connection, directory=two_migrations) for connection in connections))

    assert sorted(len(each) for each in steps) == [0, 0, 0, 0, 2]
    for connection in connections:
        await connection.close()


async def test_a_migration_gives_up_waiting_for_a_table_in_use(
    empty: Connection, empty_database_url: str, two_migrations: Path
) -> None:
    await migrate(empty, directory=two_migrations)
    write(two_migrations, _0003_drop="-- Drops the table of letters.\ndrop table letters;")
    reader = await connect(empty_database_url)
    async with reader.transaction():
        await reader.fetch("select * from letters")

        with pytest.raises(MigrationError, match="0003_drop waited longer than five seconds for a lock"):
            await migrate(empty, directory=two_migrations)
    await reader.close()

    assert [step.version for step in await migrate(empty, directory=two_migrations)] == [3]


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"_1_letters": FIRST}, "must be named like 0001_what_it_makes.sql"),
        ({"_0001_Letters": FIRST}, "must be named like"),
        ({"_0002_letters": FIRST}, "expected 0001, found 0002_letters"),
        ({"_0001_a": FIRST, "_0001_b": SECOND}, "expected 0002, found 0001_"),
        ({"_0001_letters": "create table letters ();"}, "first line .* must be a comment"),
        ({"_0001_letters": ""}, "first line .* must be a comment"),
        ({"_0001_letters": "--\nselect 1;"}, "first line .* must be a comment"),
    ],
)
def test_a_malformed_migration_file_is_refused(tmp_path: Path, files: dict[str, str], complaint: str) -> None:
    with pytest.raises(MigrationError, match=complaint):
        load_migrations(write(tmp_path, **files))


@pytest.mark.postgresql
async def test_every_migration_of_the_product_runs_on_the_systems_own_postgresql(system_postgresql_url: str) -> None:
    connection = await connect(system_postgresql_url)
    try:
        applied = await migrate(connection)
        assert [step.version for step in applied] == [step.version for step in load_migrations()]
        assert await migrate(connection) == []
    finally:
        await connection.close()
