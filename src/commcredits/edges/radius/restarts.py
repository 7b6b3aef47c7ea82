"""Access servers that were started or are about to stop: the calls that they had are gone (RFC 2866 §5.1).

Knows which calls are from before. Refuses to know how calls are compared with the books.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from commcredits.core.commands import End
from commcredits.core.flags import GONE
from commcredits.core.outcomes import Refused
from commcredits.edges.radius.attributes import Attribute
from commcredits.edges.radius.calls import Call, Calls
from commcredits.edges.radius.exchanges import Exchange
from commcredits.edges.radius.reading import name_of_switch, read_seconds
from commcredits.edges.radius.refusals import is_trouble
from commcredits.edges.radius.tasks import Tasks
from commcredits.operations.switch_parts import SwitchParts

_LISTS: Final = 2
"""A call counts as gone once two lists in a row lack it; here the access server itself says that it has none."""

_log: Final = structlog.get_logger("radius")


class Restarts:
    """Ends those calls; ``clock`` gives monotonic seconds."""

    __slots__ = ("_calls", "_clock", "_parts", "_tasks")

    def __init__(self, parts: SwitchParts, calls: Calls, tasks: Tasks, clock: Callable[[], float]) -> None:
        self._parts = parts
        self._calls = calls
        self._tasks = tasks
        self._clock = clock

    def take(self, exchange: Exchange) -> None:
        """Take an Accounting-On or -Off: answered once every call from before is ended in the books."""
        packet, client = exchange.packet, exchange.client
        switch = client.switch(exchange.host, name_of_switch(packet))
        delay = read_seconds(packet, Attribute.ACCT_DELAY_TIME) or 0
        if not self._tasks.spawn(self._end_calls(exchange, switch, self._clock() - delay), name="radius: restart"):
            exchange.drop()

    async def _end_calls(self, exchange: Exchange, switch: str, before: float) -> None:
        try:
            of_switch = [call for call in self._calls if call.switch == switch]
            gone = [call for call in of_switch if call.asked_at <= before]
            later = {call.token.session_id: call.token.organization_id for call in of_switch if call.asked_at > before}
            # Those that we know of are ended however young they are; the books may know of more.
            for call in gone:
                if not await self._end(call):
                    exchange.drop()
                    return
            reconciler = self._parts.reconciler(switch)
            ended = 0
            for _ in range(_LISTS):
                ended += len((await reconciler.compare(later)).ended)
        except asyncio.CancelledError:
            exchange.drop()
            raise
        except Exception as error:  # noqa: BLE001 # whatever the database is away with: the access server tells it again
            exchange.drop()
            _log.warning("calls from before a restart were not ended", switch=switch, error=type(error).__name__)
            return
        _log.info("access server was restarted", switch=switch, ended=ended + len(gone))
        exchange.acknowledge()

    async def _end(self, call: Call) -> bool:
        """Whether the books took it."""
        outcome = await self._parts.desk.execute(
            End(
                organization_id=call.token.organization_id,
                session_id=call.token.session_id,
                used_seconds=call.used_seconds,
                cause=GONE,
            )
        )
        if isinstance(outcome, Refused) and is_trouble(outcome.code):
            return False
        self._calls.end(call)
        return True
