"""A switch's own list of live calls beside ours: no call goes on unpaid, and no call that is gone holds money.

Knows what a difference means once it has lasted from one list to the next. Refuses to know how a switch is asked, and
to cut: it names the calls, and the edge that holds the link cuts them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
import structlog

from commcredits.core.account import SessionState
from commcredits.core.commands import End
from commcredits.core.flags import GONE, FlagKind
from commcredits.core.outcomes import Ended
from commcredits.operations.charging import ChargingDesk
from commcredits.storage.codec import encode_facts
from commcredits.storage.connection import Pool, load_statement

YOUNG_SECONDS: Final = 10
"""A call that was authorised this recently may be missing from its switch's list by rights."""

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""Whose call a call is that we know nothing of."""

_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """What a comparison led to: calls that were ended here, and calls to be cut at the switch, by session id."""

    ended: tuple[str, ...]
    to_cut: tuple[str, ...]


class Reconciler:
    """Compares one switch's lists, one after the other, with the calls that we hold money for."""

    __slots__ = ("_desk", "_log", "_missing", "_pool", "_seen_at", "_shard_id", "_stray", "_switch")

    def __init__(self, *, desk: ChargingDesk, pool: Pool, shard_id: int, switch: str) -> None:
        self._desk = desk
        self._pool = pool
        self._shard_id = shard_id
        self._switch = switch
        self._missing: frozenset[str] = frozenset()
        self._stray: frozenset[str] = frozenset()
        # When a list last showed that each call ran.
        self._seen_at: dict[str, datetime] = {}
        self._log = structlog.get_logger("reconciling").bind(switch=switch)

    async def compare(self, running: Mapping[str, str], ending: Collection[str] = ()) -> Reconciled:
        """Take a list of the calls that run at the switch now: session ids, and whose they are where that is known.

        ``ending`` are the session ids of calls that are over at the switch, which has not heard yet that their end was
        taken. We may have taken it or not, so such a call is neither gone nor free, and no longer seen to run.

        The list must be complete: an emergency call that is recorded with this link and is not on it counts as gone. It
        must leave out calls that have no record, and calls that the switch never asked us for. A difference counts once
        two lists in a row show it: an end, or an answer, may be on its way. Raises what the driver raises.
        """
        now = self._desk.clock()
        rows = await self._pool.fetch(load_statement("list_live_calls_of_switch"), self._shard_id, self._switch)
        ours = {row["session_id"]: row for row in rows}
        over = frozenset(ending)
        missing = frozenset(
            session_id
            for session_id, row in ours.items()
            if session_id not in running
            and session_id not in over
            and now - row["authorised_at"] > timedelta(seconds=YOUNG_SECONDS)
        )
        stray = frozenset(running.keys() - ours.keys() - over)
        ended = [session_id for session_id in missing & self._missing if await self._end(ours[session_id])]
        to_cut = stray & self._stray
        for session_id in to_cut:
            await self._flag(running[session_id] or NOBODY, session_id, now)
        self._missing, self._stray = missing, stray
        seen_before = {each: at for each, at in self._seen_at.items() if each in missing or each in over}
        self._seen_at = {**seen_before, **dict.fromkeys((running.keys() & ours.keys()) - over, now)}
        return Reconciled(ended=tuple(ended), to_cut=tuple(to_cut))

    async def _end(self, row: asyncpg.Record) -> bool:
        """End a call that its switch has lost, at the last instant that the switch is known to have had it."""
        session_id, used_seconds = row["session_id"], row["used_seconds"]
        seen_at, started_at = self._seen_at.get(session_id), row["started_at"]
        if row["state"] == SessionState.STARTED and seen_at is not None and started_at is not None:
            used_seconds = max(used_seconds, (seen_at - started_at) // _SECOND)
        outcome = await self._desk.execute(
            End(
                organization_id=str(row["organization_id"]),
                session_id=session_id,
                used_seconds=min(used_seconds, row["granted_seconds"]),
                cause=GONE,
            )
        )
        ended = isinstance(outcome, Ended)
        if ended:
            self._log.warning("call gone from its switch", session_id=session_id, used_seconds=used_seconds)
        return ended

    async def _flag(self, organization_id: str, session_id: str, now: datetime) -> None:
        self._log.warning("call that nothing pays for", session_id=session_id)
        await self._pool.execute(
            load_statement("insert_call_flag"),
            self._shard_id,
            organization_id,
            session_id,
            FlagKind.NOT_CHARGED.value,
            now,
            encode_facts({"switch": self._switch}),
        )
