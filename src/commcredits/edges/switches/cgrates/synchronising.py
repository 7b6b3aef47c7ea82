"""What runs at a client, by its own word, beside what we hold money for.

Knows ``SessionSv1.GetActiveSessionIDs``, which OpenSIPS answers with the calls that it has told us of; older ones do
not know it, and are asked no more. Refuses to know what a difference means (commcredits.operations.reconciling).
"""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from commcredits.edges.switches.cgrates.book import OVER_KEPT_SECONDS, CallBook
from commcredits.edges.switches.cgrates.holding import Holder
from commcredits.edges.switches.cgrates.limits import CgratesLimits
from commcredits.edges.switches.cgrates.owners import key_of
from commcredits.edges.switches.cgrates.peers import NO_ANSWER, Peers
from commcredits.edges.switches.cgrates.refusals import FORCED_DISCONNECT
from commcredits.operations.reconciling import Reconciler
from commcredits.operations.switch_parts import SwitchParts

GET_ACTIVE: Final = "SessionSv1.GetActiveSessionIDs"
_SWITCHES_MAX: Final = 4_096
_log: Final = structlog.get_logger("cgrates")


class Synchroniser:
    """Asks clients, one list of each at a time."""

    __slots__ = ("_book", "_holder", "_limits", "_mute", "_parts", "_peers", "_reconcilers", "_tasks")

    def __init__(
        self, *, parts: SwitchParts, book: CallBook, holder: Holder, peers: Peers, limits: CgratesLimits
    ) -> None:
        self._parts = parts
        self._book = book
        self._holder = holder
        self._peers = peers
        self._limits = limits
        self._reconcilers: dict[str, Reconciler] = {}
        self._mute: set[str] = set()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def synchronise(self, switch: str) -> None:
        """Ask a client now, unless it is being asked, or knows no answer."""
        if switch in self._mute or switch in self._tasks:
            return

        def answered(result: object, error: str) -> None:
            self._answered(switch, result, error)

        self._peers.ask(switch, GET_ACTIVE, "", answered)

    async def close(self) -> None:
        """Compare nothing more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _answered(self, switch: str, result: object, error: str) -> None:
        if error:
            if error != NO_ANSWER and len(self._mute) < _SWITCHES_MAX:
                self._mute.add(switch)
                _log.info("client lists no calls", peer=switch, error=error)
            return
        listed = self._read(switch, result)
        if listed is None:
            _log.warning("list of calls not understood", peer=switch)
            return
        if switch in self._tasks:
            return
        task = asyncio.create_task(self._compare(switch, listed), name="cgrates-compare")
        self._tasks[switch] = task
        task.add_done_callback(lambda _task: self._tasks.pop(switch, None))

    def _read(self, switch: str, result: object) -> set[str] | None:
        if not isinstance(result, list) or len(result) > self._limits.listed_calls_max:
            return None
        listed = set()
        for each in result:
            if not isinstance(each, dict) or not isinstance(each.get("OriginID"), str):
                return None
            host = each.get("OriginHost")
            listed.add(key_of(switch, host if isinstance(host, str) else "", each["OriginID"]))
        return listed

    async def _compare(self, switch: str, listed: set[str]) -> None:
        running = {}
        for key in listed:
            known = self._book.find(key)
            if known is None:
                running[key] = ""
            elif not known.emergency:
                running[known.session_id] = known.organization_id
        for call in self._book.of_switch(switch):
            if not call.over and (call.answered_at is None or not call.ours or call.emergency):
                # It is not on the list by rights: it rings, or another kind of client holds it.
                running[call.session_id] = call.organization_id
        reconciler = self._reconcilers.get(switch)
        if reconciler is None:
            reconciler = self._reconcilers[switch] = self._parts.reconciler(switch)
        try:
            reconciled = await reconciler.compare(running)
        except Exception:  # noqa: BLE001 # the database may be away in any way; the next list comes soon
            _log.exception("calls not compared", peer=switch)
            return
        now = self._parts.desk.clock()
        for session_id in reconciled.ended:
            self._holder.release(session_id)
            gone = self._book.of_session(session_id)
            if gone is not None:
                gone.end(now, kept_seconds=OVER_KEPT_SECONDS)
        for session_id in reconciled.to_cut:
            known = self._book.of_session(session_id)
            if known is not None:
                self._holder.cut(known, FORCED_DISCONNECT)
