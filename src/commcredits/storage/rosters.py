"""Rosters in the database: the one way to change people, licences, numbers and rules, and reading back what counts.

Knows rows, locks and counts. Refuses to judge: operations say what may be changed. Everything that a decision reads is
covered by the account's version (decision record 0003), so a change of people moves that version in its own
transaction, and every process that decides finds its copy stale.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Final

import msgspec
from msgspec.structs import replace

from commcredits.core.roster import Roster
from commcredits.storage.connection import Connection, Pool, load_statement

ROSTERS_DECODED: Final = 256
"""How many rosters are kept as they were last read; the text of a large one has a hundred kilobytes."""

_encode: Final = msgspec.json.Encoder(order="deterministic").encode
_decode: Final = msgspec.json.Decoder(Roster).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceCounts:
    """Licences of an organization by ``(licence, country)``.

    ``assigned`` goes by the usage location of whoever has the licence, empty for none; ``bought`` by the country that
    it was bought for, empty for none in particular. ``country`` is the organization's own.
    """

    country: str
    assigned: Mapping[tuple[str, str], int]
    bought: Mapping[tuple[str, str], int]


def changing_roster(pool: Pool, shard_id: int, organization_id: str) -> RosterChange:
    """One transaction that may change what an organization's calls rest on: ``async with … as connection``.

    Changes of one organization follow each other. Whoever leaves without an error commits: licences are counted anew,
    the roster and the account get their next version. Whoever leaves with an error, or after ``withdraw()``, leaves no
    trace. Rows are locked in one order: the roster, then whatever is changed, the account last.
    """
    return RosterChange(pool, shard_id, organization_id)


class RosterChange:
    """What ``changing_roster`` gives: to be entered once."""

    __slots__ = ("_organization_id", "_pool", "_shard_id", "_transaction", "_withdrawn")

    def __init__(self, pool: Pool, shard_id: int, organization_id: str) -> None:
        self._pool = pool
        self._shard_id = shard_id
        self._organization_id = organization_id
        self._withdrawn = False
        self._transaction = self._begin()

    def withdraw(self) -> None:
        """Leave without a trace: what was written so far and until the end is rolled back."""
        self._withdrawn = True

    async def __aenter__(self) -> Connection:
        return await self._transaction.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._transaction.__aexit__(kind, error, traceback)

    @asynccontextmanager
    async def _begin(self) -> AsyncIterator[Connection]:
        place = (self._shard_id, self._organization_id)
        with suppress(_WithdrawnError):
            async with self._pool.acquire() as connection, connection.transaction():
                await connection.execute(load_statement("insert_roster"), *place)
                await connection.execute(load_statement("lock_roster"), *place)
                yield connection
                if self._withdrawn:
                    raise _WithdrawnError
                await _write(connection, *place)


class _WithdrawnError(Exception):
    """Rolls a transaction back whose caller has changed its mind."""


async def change_rules(connection: Connection, shard_id: int, organization_id: str, rules: Roster) -> None:
    """Put these rules in force, within ``changing_roster``; version and counts of ``rules`` are not looked at."""
    before = await load_roster(connection, shard_id, organization_id)
    assert before is not None, "its row is locked"
    text = _encode(replace(rules, version=before.version)).decode()
    await connection.execute(load_statement("write_rules"), shard_id, organization_id, text)


async def load_roster(connection: Connection, shard_id: int, organization_id: str) -> Roster | None:
    """What of an organization's people counts for all of its calls; None when it has no people and no rules."""
    text = await connection.fetchval(load_statement("load_roster"), shard_id, organization_id)
    return None if text is None else decode_roster(text)


@lru_cache(maxsize=ROSTERS_DECODED)
def decode_roster(text: str) -> Roster:
    """The roster in a row's text: an account that others charge too is read often, and its roster moves seldom."""
    return _decode(text)


async def count_licences(connection: Connection, shard_id: int, organization_id: str) -> LicenceCounts:
    """What is assigned and bought now, this transaction's own changes included."""
    rows = await connection.fetch(load_statement("count_licences"), shard_id, organization_id)
    counted: dict[bool, dict[tuple[str, str], int]] = {False: {}, True: {}}
    for row in rows:
        counted[row["bought"]][row["licence"], row["country"]] = row["quantity"]
    country = rows[0]["home"] if rows else ""
    return LicenceCounts(country=country, assigned=counted[False], bought=counted[True])


async def _write(connection: Connection, shard_id: int, organization_id: str) -> None:
    before = await load_roster(connection, shard_id, organization_id)
    assert before is not None, "its row is locked"
    counts = await count_licences(connection, shard_id, organization_id)
    roster = replace(
        before,
        version=before.version + 1,
        assigned=_by_text(counts.assigned),
        purchased=_by_text(_at_home(counts)),
    )
    text = _encode(roster).decode()
    moved = await connection.fetchval(load_statement("write_roster"), shard_id, organization_id, roster.version, text)
    if moved is None:
        raise LookupError(f"organization {organization_id} has no account")


def _at_home(counts: LicenceCounts) -> dict[tuple[str, str], int]:
    """Bought licences, those for no country in particular counted for the organization's own."""
    placed: dict[tuple[str, str], int] = {}
    for (licence, country), quantity in counts.bought.items():
        key = (licence, country or counts.country)
        placed[key] = placed.get(key, 0) + quantity
    return placed


def _by_text(counts: Mapping[tuple[str, str], int]) -> dict[str, int]:
    return {f"{licence}/{country}": quantity for (licence, country), quantity in counts.items() if quantity}
