"""Who shows a key or a token of one: the actor behind a credential.

Knows how a credential is found and how long what was found may be believed. Refuses to know headers and forms. What is
kept in memory is bounded and believed for a second, so a key that is revoked anywhere opens nothing within two; that
one is over is known at its very instant.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from commcredits.core.access import Actor, ActorKind, Permission
from commcredits.operations.key_secrets import ShownKey, hashed
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

BELIEVED_SECONDS: Final = 1.0
"""How long a key that was found is not looked up again."""

KNOWN_MAX: Final = 1_024
"""Most keys and tokens that one process keeps in mind."""

USE_NOTED_EVERY: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A key as it was found; ``secret_hash`` is what the secret has to hash to."""

    organization_id: str
    key_id: str
    name: str
    secret_hash: bytes
    scopes: tuple[str, ...]
    sandbox_id: str | None
    expires_at: datetime
    last_used_at: datetime | None

    def actor(self, *, edge: str, source: str) -> Actor:
        """Whoever shows the key: they may touch one organization, its own or its sandbox, and nothing else."""
        return Actor(
            kind=ActorKind.KEY,
            actor_id=f"key:{self.key_id}",
            name=self.name,
            permissions=permissions_of_scopes(self.scopes),
            organization_id=self.sandbox_id or self.organization_id,
            source=source,
            edge=edge,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A holder, and until when of the loop's clock it is believed."""

    holder: Holder
    believed_until: float


class KeyHolders:
    """The holders of keys and tokens; one per process. Each method raises what the driver raises."""

    __slots__ = ("_kept", "_services")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    async def of_key(self, shown: ShownKey, *, may_search: bool = True) -> Holder | None:
        """Whose key this is, while it is neither revoked nor expired. With the wrong secret it is nobody's.

        Without ``may_search`` only a key that was right in this process before is looked up.
        """
        mark = shown.prefix.encode()
        kept = self._believed(mark)
        holder = None if kept is None else kept.holder
        if holder is None:
            if not may_search and mark not in self._kept:
                return None
            row = await self._services.pool.fetchrow(
                load_statement("find_api_key"), self._services.shard_id, shown.prefix
            )
            holder = _holder_of(row)
        # Compared also where there is none, so that an answer takes as long.
        is_right = shown.opens(hashed("") if holder is None else holder.secret_hash)
        if holder is None or not is_right:
            if holder is None:
                self._kept.pop(mark, None)
            return None
        return self._good(mark, holder, is_new=kept is None)

    async def of_token(self, token: str, *, may_search: bool = True) -> Holder | None:
        """Whose short-lived token this is, with the scopes that the token has."""
        mark = hashed(token)
        kept = self._believed(mark)
        holder = None if kept is None else kept.holder
        if holder is None:
            if not may_search and mark not in self._kept:
                return None
            row = await self._services.pool.fetchrow(
                load_statement("find_api_key_token"), self._services.shard_id, mark
            )
            holder = _holder_of(row)
        if holder is None:
            self._kept.pop(mark, None)
            return None
        return self._good(mark, holder, is_new=kept is None)

    async def note_use(self, holder: Holder) -> None:
        """Write down that a key was used, at most once in a minute."""
        now = self._services.clock()
        if holder.last_used_at is not None and now - holder.last_used_at < USE_NOTED_EVERY:
            return
        await self._services.pool.execute(
            load_statement("note_api_key_used"),
            self._services.shard_id,
            holder.organization_id,
            holder.key_id,
            now,
        )
        for mark, kept in self._kept.items():
            if kept.holder.key_id == holder.key_id:
                self._kept[mark] = replace(kept, holder=replace(kept.holder, last_used_at=now))

    def _believed(self, mark: bytes) -> _Kept | None:
        kept = self._kept.get(mark)
        return kept if kept is not None and asyncio.get_running_loop().time() < kept.believed_until else None

    def _good(self, mark: bytes, holder: Holder, *, is_new: bool) -> Holder | None:
        if self._services.clock() >= holder.expires_at:
            self._kept.pop(mark, None)
            return None
        if is_new:
            until = asyncio.get_running_loop().time() + BELIEVED_SECONDS
            self._kept[mark] = _Kept(holder=holder, believed_until=until)
        self._kept.move_to_end(mark)
        while len(self._kept) > KNOWN_MAX:
            self._kept.popitem(last=False)
        return holder


def permissions_of_scopes(scopes: Sequence[str]) -> frozenset[Permission]:
    """The permissions that these words are. The operator's are none of an organization's key, whatever is stored."""
    return frozenset(each for each in Permission if each.value in scopes and not each.is_operators)


def _holder_of(row: asyncpg.Record | None) -> Holder | None:
    """The holder in a row; None where there is none, or it is revoked."""
    if row is None or row["revoked_at"] is not None:
        return None
    return Holder(
        organization_id=str(row["organization_id"]),
        key_id=str(row["key_id"]),
        name=row["name"],
        secret_hash=row["secret_hash"],
        scopes=tuple(row["scopes"]),
        sandbox_id=None if row["sandbox_id"] is None else str(row["sandbox_id"]),
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
    )
