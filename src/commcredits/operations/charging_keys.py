"""The keys of switches in memory, for the charging processes: reading one costs no round trip.

Knows every key with the scope of charging, and what has become of it. Refuses to know headers. A key that is revoked
anywhere opens nothing here within the interval of ``follow``; that one is over is known at its very instant.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Final

import asyncpg
import structlog

from commcredits.operations.key_secrets import read_key
from commcredits.storage.connection import Pool, load_statement

_SUBJECT: Final = "api_keys"
_KEY_CHARACTERS_MAX: Final = 64
_NOTED_EVERY_SECONDS: Final = 60.0
# What the driver raises while the database restarts, whatever it was about to do with the connection.
_DATABASE_AWAY: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class ChargingKey:
    """One key. Whoever remembers that it was shown right asks ``ends_at`` again each time: revoked, it has ended."""

    __slots__ = ("ends_at", "is_used", "key_id", "noted_until", "organization_id", "owner_id", "secret_hash")

    def __init__(
        self, *, key_id: str, owner_id: str, organization_id: str, secret_hash: bytes, ends_at: datetime
    ) -> None:
        self.key_id = key_id
        self.owner_id = owner_id
        self.organization_id = organization_id
        self.secret_hash = secret_hash
        self.ends_at = ends_at
        self.is_used = False
        self.noted_until = 0.0

    def __repr__(self) -> str:
        return f"ChargingKey({self.key_id})"


class ChargingKeys:
    """Every key of a switch of a shard. Load it once, then let ``follow`` run."""

    __slots__ = ("_generation", "_keys")

    def __init__(self) -> None:
        self._keys: dict[str, ChargingKey] = {}
        self._generation = 0

    def __len__(self) -> int:
        return len(self._keys)

    def find(self, text: str) -> ChargingKey | None:
        """The key that this text is, compared in constant time; its end is for the caller to look at."""
        if len(text) > _KEY_CHARACTERS_MAX:
            return None
        shown = read_key(text)
        known = None if shown is None else self._keys.get(shown.prefix)
        if shown is None or known is None or not shown.opens(known.secret_hash):
            return None
        return known

    async def load(self, pool: Pool, shard_id: int) -> int:
        """Take in what is newer than what is known; returns how many. Raises what the driver raises."""
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            # Read before the keys, as for telephone numbers.
            generation = await connection.fetchval(load_statement("get_generation"), shard_id, _SUBJECT)
            rows = await connection.fetch(load_statement("load_charging_keys"), shard_id, self._generation)
        for row in rows:
            self._take(row)
        self._generation = generation or 0
        return len(rows)

    async def follow(self, pool: Pool, shard_id: int, interval_seconds: float) -> None:
        """Take in what changes and write down what was used, until cancelled.

        While the database is away, what is known stays known: calls go on.
        """
        log = structlog.get_logger("charging_keys")
        away = False
        while True:
            await asyncio.sleep(interval_seconds)
            try:
                moved = await pool.fetchval(load_statement("get_generation"), shard_id, _SUBJECT)
                if moved is not None and moved > self._generation:
                    await self.load(pool, shard_id)
                await self._note_uses(pool, shard_id)
            except _DATABASE_AWAY as error:
                if not away:
                    log.warning("keys of switches cannot be followed", reason=type(error).__name__)
                away = True
                continue
            if away:
                log.info("keys of switches are followed again", keys=len(self))
            away = False

    def _take(self, row: asyncpg.Record) -> None:
        known = self._keys.pop(row["prefix"], None)
        if row["is_revoked"]:
            if known is not None:
                known.ends_at = known.ends_at.min.replace(tzinfo=known.ends_at.tzinfo)
            return
        if known is not None:
            known.ends_at = row["expires_at"]
        self._keys[row["prefix"]] = known or ChargingKey(
            key_id=str(row["key_id"]),
            owner_id=str(row["organization_id"]),
            organization_id=str(row["sandbox_id"] or row["organization_id"]),
            secret_hash=row["secret_hash"],
            ends_at=row["expires_at"],
        )

    async def _note_uses(self, pool: Pool, shard_id: int) -> None:
        seconds = asyncio.get_running_loop().time()
        for key in tuple(self._keys.values()):
            if key.is_used and seconds >= key.noted_until:
                key.is_used = False
                key.noted_until = seconds + _NOTED_EVERY_SECONDS
                await pool.execute(load_statement("note_charging_key_used"), shard_id, key.owner_id, key.key_id)
