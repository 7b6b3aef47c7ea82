"""The gateway's books in one SQLite file: transactions and named statements, nothing decided.

Every write is durable before it is answered (write-ahead log, full synchronisation), so a killed process has
forgotten nothing that it said. One connection, used by one thread; a transaction never waits for anything.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

SCHEMA_VERSION: Final = 1
BUSY_MILLISECONDS_MAX: Final = 5_000

_SQL_FOLDER: Final = Path(__file__).parent / "sql"
_STATEMENT_NAME: Final = re.compile(r"^-- name: (\w+)$", re.MULTILINE)

SqlValue = str | int | bytes | None


class StateFileError(Exception):
    """The state file can't be used: another program's, another version's, or damaged."""


def instant_text(instant: datetime) -> str:
    """Write an aware instant as RFC 3339 in UTC with microseconds, a form that sorts as text."""
    return instant.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def instant_of(text: str) -> datetime:
    """Read what `instant_text` wrote."""
    return datetime.fromisoformat(text)


class Store:
    """An open state file; `open_store` makes it."""

    def __init__(self, connection: sqlite3.Connection, statements: Mapping[str, str]) -> None:
        self._connection = connection
        self._statements = statements

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Do all of the block's writes, durably, or none of them."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()

    def write(self, statement: str, **values: SqlValue) -> int:
        """Run a statement that changes rows; gives the number of rows that it changed."""
        return self._connection.execute(self._statements[statement], values).rowcount

    def insert(self, statement: str, **values: SqlValue) -> int:
        """Run an insert; gives the number of the new row."""
        row_number = self._connection.execute(self._statements[statement], values).lastrowid
        assert row_number is not None, "an insert always has a row number"
        return row_number

    def find(self, statement: str, **values: SqlValue) -> dict[str, Any] | None:
        """Give the first row, or None."""
        rows = self.rows(statement, **values)
        return rows[0] if rows else None

    def rows(self, statement: str, **values: SqlValue) -> list[dict[str, Any]]:
        """Give all rows, each by the names of its columns."""
        return [dict(row) for row in self._connection.execute(self._statements[statement], values).fetchall()]

    def close(self) -> None:
        """Close the file."""
        self._connection.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The store together with what every act needs to write in it.

    `reference_seed` makes references: the same seed and the same acts give the same ones.
    """

    store: Store
    reference_seed: bytes
    sends_webhooks: bool

    def new_reference(self, prefix: str) -> str:
        """Give out a reference that was never given out before; only inside a transaction."""
        counted = self.store.find("count_reference")
        assert counted is not None, "the counter has its one row from the beginning"
        number = int(counted["given_out"])
        digest = hashlib.blake2b(number.to_bytes(8), key=self.reference_seed, digest_size=12)
        return f"{prefix}_{digest.hexdigest()}"


def open_store(path: Path) -> Store:
    """Open the state file, made with its folder if there is none; raises `StateFileError` if it is not one of ours."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # The file holds the addresses of open payment pages, so it is its owner's alone from the first moment.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StateFileError(f"{path} can't be used as the simulator's state: {error.strerror}") from error
    connection = sqlite3.connect(path, timeout=BUSY_MILLISECONDS_MAX / 1_000, isolation_level=None)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        connection.execute("pragma foreign_keys = on")
        _prepare_schema(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StateFileError(f"{path} can't be used as the simulator's state: {error}") from error
    except StateFileError:
        connection.close()
        raise
    return Store(connection, _named_statements((_SQL_FOLDER / "statements.sql").read_text("utf-8")))


def _prepare_schema(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("pragma user_version").fetchone()
    if version == SCHEMA_VERSION:
        return
    (tables,) = connection.execute("select count(*) from sqlite_schema").fetchone()
    if version != 0 or tables != 0:
        raise StateFileError(f"{path} is not a state file of this version of the simulator; name another file")
    schema = (_SQL_FOLDER / "schema.sql").read_text("utf-8")
    connection.executescript(f"begin immediate;\n{schema}\npragma user_version = {SCHEMA_VERSION};\ncommit;")


def _named_statements(text: str) -> Mapping[str, str]:
    parts = _STATEMENT_NAME.split(text)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}
