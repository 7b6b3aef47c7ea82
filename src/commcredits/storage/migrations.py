"""Brings a database to the schema that this code expects, forwards only.

A migration is a file `NNNN_name.sql` whose first line is a comment that says what it does. Each runs once, in a
transaction of its own, and leaves its row in `schema_migrations`. A file is never changed after it was applied
anywhere: that would make two databases of one version differ, and is refused. This module runs the files; it refuses
to know what stands in them.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from importlib.resources.abc import Traversable

import asyncpg

from commcredits.storage.connection import Connection

SERVER_VERSION_MIN = 15
MIGRATION_SECONDS_MAX = 3600
WAIT_SECONDS_MAX = 600
"""How long a migrator waits for another one to finish."""
ADVISORY_LOCK_KEY = 0x636F6D6D63726564
"""The letters of our name as a number; only migrators take this lock."""

_CREATE_TABLE = """
create table if not exists schema_migrations (
    version    integer     primary key,
    name       text        not null,
    sha256     text        not null,
    applied_at timestamptz not null default now()
)
"""
_SELECT_APPLIED = "select version, name, sha256, applied_at from schema_migrations order by version"
_INSERT_APPLIED = """
insert into schema_migrations (version, name, sha256) values ($1, $2, $3)
returning version, name, sha256, applied_at
"""


class MigrationError(Exception):
    """The database cannot be brought to this code's schema; the message says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One step of the schema, as it stands in its file."""

    version: int
    name: str
    sql: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedMigration:
    """One step that a database has taken."""

    version: int
    name: str
    sha256: str
    applied_at: datetime


async def migrate(connection: Connection, *, directory: Traversable | None = None) -> list[AppliedMigration]:
    """Apply what is pending, in order; the steps applied now, none when the schema is up to date.

    Several processes may call this at once: one works, the others wait for it and find nothing to do. A step that
    waits longer than five seconds for a lock gives up, so that a migration never queues up the traffic behind it.
    `directory` holds the files; by default those of this package.
    Raises MigrationError: the server is older than PostgreSQL 15, a file is malformed or was changed after it had
    been applied, the database is newer than this code, or a step failed (earlier steps stay applied).
    """
    migrations = load_migrations(directory)
    _check_server(connection)
    async with _only_migrator(connection):
        await connection.execute(_CREATE_TABLE)
        applied = await _applied(connection)
        return [await _apply(connection, migration) for migration in _remaining(migrations, applied)]


async def pending(connection: Connection, *, directory: Traversable | None = None) -> list[Migration]:
    """The steps that `migrate` would apply, in order. Changes nothing and raises what `migrate` raises."""
    migrations = load_migrations(directory)
    _check_server(connection)
    is_new = await connection.fetchval("select to_regclass('schema_migrations') is null")
    return _remaining(migrations, [] if is_new else await _applied(connection))


def load_migrations(directory: Traversable | None = None) -> list[Migration]:
    """The migrations in a directory (by default those of this package), numbered from 1 without gap, in order.

    Raises MigrationError when a name or a first line is malformed, or a number is missing or taken twice.
    """
    if directory is None:
        directory = files("commcredits.storage").joinpath("sql", "migrations")
    found = [_read(file) for file in directory.iterdir() if file.name.endswith(".sql")] if directory.is_dir() else []
    migrations = sorted(found, key=lambda migration: migration.version)
    for number, migration in enumerate(migrations, start=1):
        if migration.version != number:
            raise MigrationError(
                f"migration files must be numbered 0001, 0002 … without gap or double: "
                f"expected {number:04}, found {migration.name}"
            )
    return migrations


def _read(file: Traversable) -> Migration:
    match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", file.name)
    if match is None:
        raise MigrationError(f"the migration file {file.name} must be named like 0001_what_it_makes.sql")
    # Line ends may differ between checkouts of the same file.
    sql = file.read_bytes().decode("utf-8").replace("\r\n", "\n")
    if not re.match(r"--[ \t]*\S", sql):
        raise MigrationError(f"the first line of the migration file {file.name} must be a comment saying what it does")
    return Migration(
        version=int(match[1]),
        name=file.name.removesuffix(".sql"),
        sql=sql,
        sha256=hashlib.sha256(sql.encode()).hexdigest(),
    )


def _check_server(connection: Connection) -> None:
    version = connection.get_server_version()
    if version.major < SERVER_VERSION_MIN:
        raise MigrationError(
            f"the database server is PostgreSQL {version.major}.{version.minor}; "
            f"this product needs PostgreSQL {SERVER_VERSION_MIN} or newer"
        )


async def _applied(connection: Connection) -> list[AppliedMigration]:
    return [AppliedMigration(**dict(row)) for row in await connection.fetch(_SELECT_APPLIED)]


def _remaining(migrations: Sequence[Migration], applied: Sequence[AppliedMigration]) -> list[Migration]:
    """The migrations after the last applied one, once those applied are known to be the ones in the files."""
    if len(applied) > len(migrations):
        raise MigrationError(
            f"the database is newer than this program: it has migration {applied[-1].name}, this program knows "
            f"{len(migrations)} migrations; run the newer program"
        )
    for migration, step in zip(migrations, applied, strict=False):
        if (migration.version, migration.sha256) != (step.version, step.sha256):
            raise MigrationError(
                f"the migration {migration.name} was applied at {step.applied_at:%Y-%m-%d %H:%M:%S} UTC with other "
                "content; an applied migration is never changed: restore the file and write a new one"
            )
    return list(migrations[len(applied) :])


async def _apply(connection: Connection, migration: Migration) -> AppliedMigration:
    try:
        async with connection.transaction():
            await connection.execute("set local lock_timeout = '5s'")
            await connection.execute(migration.sql, timeout=MIGRATION_SECONDS_MAX)
            row = await connection.fetchrow(_INSERT_APPLIED, migration.version, migration.name, migration.sha256)
    except asyncpg.LockNotAvailableError as error:
        raise MigrationError(
            f"the migration {migration.name} waited longer than five seconds for a lock; nothing of it was applied: "
            "try again when there is less traffic"
        ) from error
    except (asyncpg.PostgresError, TimeoutError) as error:
        raise MigrationError(f"the migration {migration.name} failed and nothing of it was applied: {error}") from error
    assert row is not None, "an insert without a condition returns its row"
    return AppliedMigration(**dict(row))


@asynccontextmanager
async def _only_migrator(connection: Connection) -> AsyncIterator[None]:
    """Hold the migrators' lock. It belongs to the connection, so it ends with a migrator that crashes."""
    try:
        await connection.execute("select pg_advisory_lock($1)", ADVISORY_LOCK_KEY, timeout=WAIT_SECONDS_MAX)
    except TimeoutError as error:
        raise MigrationError("another process has been migrating this database for ten minutes; try later") from error
    try:
        yield
    finally:
        # A lost connection has lost its lock already, and its own error is the one to hear about.
        if not connection.is_closed():
            await connection.execute("select pg_advisory_unlock($1)", ADVISORY_LOCK_KEY)
