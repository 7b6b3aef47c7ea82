"""Reading beside the committer: commands whose accounts or calls this process does not know wait here, others do not.

Knows which commands wait for what is read, and gives them back in the order in which they came. Refuses to decide:
what cannot be read here is read again where the committer handles a database that is away. Only what the database does
not hand out in time is answered here, with "busy": the committer would wait as long, and everybody else with it.

An organization's commands stay in order: once one of them waits here, those that follow wait behind it. Nothing is read
for an organization while the committer has commands of it in hand, for both would fill in the same memory: what is read
then lacks what is about to be written, under a version that has it. Whatever else has changed meanwhile the version
check at commit finds out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from itertools import chain, islice
from typing import Final

import structlog

from commcredits.core.commands import Authorise, End, Expire, Start, Update
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.storage.cache import AccountCache
from commcredits.storage.connection import Connection
from commcredits.storage.link import CONTENDED, LOST, Link
from commcredits.storage.pending import Pending, answer_all, group, unanswered

_WARMED = (Authorise, Update, End, Start, Expire)
"""Commands that need nothing but accounts, calls and what is around them; of the others only the account is read."""

READ_ORGANIZATIONS_MAX: Final = 500
"""Most organizations read for at once: while their rows become records, nobody is answered."""

Read = Callable[[Connection, dict[str, list[Pending]]], Awaitable[object]]


class Warmer:
    """Belongs to one committer, and to its event loop. ``give_back`` gets commands that can be decided now."""

    __slots__ = (
        "_cache",
        "_count",
        "_give_back",
        "_in_hand",
        "_link",
        "_log",
        "_read",
        "_reading",
        "_task",
        "_waiting",
    )

    def __init__(
        self, *, link: Link, read: Read, cache: AccountCache, give_back: Callable[[list[Pending]], None]
    ) -> None:
        self._link = link
        self._cache = cache
        self._read = read
        self._give_back = give_back
        self._waiting: dict[str, list[Pending]] = {}
        self._reading: dict[str, list[Pending]] = {}
        self._in_hand: frozenset[str] = frozenset()
        self._count = 0
        self._task: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("committer")

    def __len__(self) -> int:
        return self._count

    def holds(self, organization_id: str) -> bool:
        """Whether commands of this organization wait here: those that follow must wait behind them."""
        return organization_id in self._waiting or organization_id in self._reading

    def take(self, pending: Iterable[Pending], in_hand: Iterable[Pending] = ()) -> list[Pending]:
        """Keep those whose organization waits here already, and those that reading can help; returns the others.

        ``in_hand``: what the committer is busy with until it says ``go_on``.
        """
        self._in_hand = frozenset([each.command.organization_id for each in in_hand])
        left: list[Pending] = []
        for organization_id, commands in group(pending).items():
            if self.holds(organization_id) or self._helps(organization_id, commands):
                self._waiting.setdefault(organization_id, []).extend(commands)
                self._count += len(commands)
            else:
                left += commands
        self._begin()
        return left

    def go_on(self) -> None:
        """The committer has nothing in hand any more: what waited for that can be read."""
        if self._in_hand:
            self._in_hand = frozenset()
            self._begin()

    def take_cold(self, pending: list[Pending]) -> list[Pending]:
        """Keep those that must wait here: their organization does so already, or is not known.

        Also when nobody else waits: whoever comes while they are read would wait for that. But a process that knows
        nobody at all has nobody to hold up, and its committer reads for itself.
        """
        cold = {
            organization_id
            for organization_id in {each.command.organization_id for each in pending}
            if self.holds(organization_id) or self._cache.get(organization_id) is None
        }
        if not cold or not (self._cache or self._count):
            return pending
        known = [each for each in pending if each.command.organization_id not in cold]
        return known + self.take([each for each in pending if each.command.organization_id in cold])

    def _helps(self, organization_id: str, commands: list[Pending]) -> bool:
        """Whether something can be read ahead for these that was not."""
        if any(each.warmed for each in commands):
            return False
        return self._cache.get(organization_id) is None or all(isinstance(each.command, _WARMED) for each in commands)

    def stop(self) -> list[Pending]:
        """Read no more, and give up what waits."""
        if self._task is not None:
            self._task.cancel()
        waiting = list(chain.from_iterable(chain(self._reading.values(), self._waiting.values())))
        self._reading, self._waiting, self._count = {}, {}, 0
        self._link.drop()
        return waiting

    def _begin(self) -> None:
        if self._task is None and not self._waiting.keys() <= self._in_hand:
            self._task = asyncio.create_task(self._run(), name="warming")

    async def _run(self) -> None:
        """Read for those that wait, until nobody does whose commands are not in hand."""
        try:
            while wanted := list(
                islice((each for each in self._waiting if each not in self._in_hand), READ_ORGANIZATIONS_MAX)
            ):
                self._reading = {each: self._waiting.pop(each) for each in wanted}
                await self._read_for(self._reading)
                ready = list(chain.from_iterable(self._reading.values()))
                for each in ready:
                    each.warmed = True
                # What came for them meanwhile follows them at once: it was not read for, and may not need it.
                for organization_id in self._reading:
                    ready += self._waiting.pop(organization_id, [])
                self._reading = {}
                self._count -= len(ready)
                self._give_back(unanswered(ready))
        finally:
            self._task = None

    async def _read_for(self, groups: dict[str, list[Pending]]) -> None:
        wanted = {
            organization_id: [each for each in commands if isinstance(each.command, _WARMED)]
            for organization_id, commands in groups.items()
        }
        try:
            await self._read(await self._link.connection(), wanted)
        except TimeoutError:
            # The connection is kept: the driver is cancelling what it asked, which would wait on at the server.
            self._log.warning("accounts could not be read in time", organizations=len(groups))
            busy = Refused(code=RefusalCode.BUSY, facts={"waiting": self._count})
            answer_all(chain.from_iterable(groups.values()), busy)
        except (*LOST, *CONTENDED) as error:
            self._link.drop()
            self._log.debug("nothing was read ahead", reason=f"{type(error).__name__}: {error}")
        except Exception:  # noqa: BLE001 - what cannot be read here is read, and fails, where each is answered
            self._link.drop()
            self._log.debug("nothing could be read ahead", exc_info=True)
