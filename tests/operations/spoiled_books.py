"""Ways to spoil the books, read from ``spoiled_*.sql``, and how they are put back for the next one.

Knows tables. Refuses to know what is wrong with spoiled books: those files say it.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from commcredits.storage.connection import Connection


def _blocks(name: str) -> list[str]:
    return Path(__file__).with_name(name).read_text("utf-8").split("\n\n")


_BUILT_ON, *_CASES = _blocks("spoiled_books.sql")
_CASES += _blocks("spoiled_calls.sql")[1:]
_CASE: Final = re.compile(r"-- (?P<name>.+)\n-- found by (?P<checks>.+(?:\n-- .+)*)\n(?P<sql>(?s:.+))")
_TABLES: Final = (
    "organizations",
    "accounts",
    "fund_lots",
    "top_ups",
    "call_sessions",
    "journal",
    "meters",
    "rate_decks",
    "rates",
    "parties",
    "phone_numbers",
    "receipt_series",
    "receipts",
    "refunds",
    "audit_heads",
)


@dataclass(frozen=True, kw_only=True)
class Spoiled:
    """What was done, and the names of the checks that find it."""

    name: str
    sql: str
    found_by: frozenset[str]


def _read(case: str) -> Spoiled:
    match = _CASE.fullmatch(case)
    assert match is not None, case
    return Spoiled(name=match["name"], sql=match["sql"], found_by=frozenset(re.findall(r"\w+", match["checks"])))


SPOILED: Final = tuple(_read(case) for case in _CASES)


async def keep(connection: Connection) -> None:
    """Remember these books as they are, and take away the constraints that stand in the way of spoiling them."""
    await connection.execute(_BUILT_ON)
    for table in _TABLES:
        await connection.execute(f"create table kept_{table} as table {table}")


async def restore(connection: Connection) -> None:
    """Put everything back as it was kept."""
    for table in _TABLES:
        await spoil(connection, f"delete from {table}; insert into {table} table kept_{table}")  # noqa: S608 - the names are those of this module


async def spoil(connection: Connection, sql: str) -> None:
    """Do what no part of the product can: with the triggers off."""
    async with connection.transaction():
        await connection.execute(f"set local session_replication_role = replica; {sql}")
