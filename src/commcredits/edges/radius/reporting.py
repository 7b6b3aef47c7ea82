"""How far calls have come, told to the books, and the time that this brings them.

Knows when a call should hold its next slice. Refuses to know packets, and who reports: an access server, or funds that
have arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from commcredits.core.commands import Update
from commcredits.core.outcomes import Granted, Outcome, RefusalCode, Refused
from commcredits.edges.radius.calls import Call
from commcredits.edges.radius.pushing import Pushing
from commcredits.operations.charging import ChargingDesk

NOTHING_MORE_SECONDS: Final = 1
"""A slice that is within what a call was granted: the report charges, and holds nothing more."""

_TRIES: Final = 3


class Reporting:
    """Reports calls, with numbers that rise.

    RADIUS numbers no reports. The clock does, in milliseconds, so that a report after a restart of ours is newer than
    those before it; seconds are cumulative, so a report that is told twice changes nothing.
    """

    __slots__ = ("_desk", "_interim_seconds", "_number", "_pushing")

    def __init__(self, desk: ChargingDesk, pushing: Pushing, interim_seconds: int) -> None:
        self._desk = desk
        self._pushing = pushing
        self._interim_seconds = interim_seconds
        self._number = 0

    def slice_of(self, call: Call, used_seconds: int) -> int:
        """How much a report should hold.

        The next slice for a call that comes near the end of its grant, or that money limited, if its access server can
        be told; nothing more for any other. An emergency call costs nothing, and was let through for a day.
        """
        client = call.client
        if call.token.emergency:
            return client.slice_seconds
        if not client.disconnect_port:
            return NOTHING_MORE_SECONDS
        left = (call.granted_seconds or 0) - used_seconds
        if call.final or left <= max(client.slice_seconds // 2, 2 * self._interim_seconds):
            return client.slice_seconds
        return NOTHING_MORE_SECONDS

    def report(
        self, call: Call, used_seconds: int, slice_seconds: int, settle: Callable[[Outcome], None], tries: int = _TRIES
    ) -> None:
        """Charge what was used and hold that much more; the access server is told of a longer time.

        ``settle`` hears the outcome.
        """
        now_number = int(self._desk.clock().timestamp() * 1_000)
        self._number = max(self._number + 1, now_number)
        command = Update(
            organization_id=call.token.organization_id,
            session_id=call.token.session_id,
            request_number=self._number,
            used_seconds=used_seconds,
            slice_seconds=slice_seconds,
        )
        self._desk.submit(command, partial(self._reported, call, command, settle, tries))

    def _reported(
        self, call: Call, command: Update, settle: Callable[[Outcome], None], tries: int, outcome: Outcome
    ) -> None:
        if isinstance(outcome, Granted):
            call.granted_seconds, call.final = outcome.granted_seconds, outcome.final
            call.used_seconds = max(call.used_seconds, command.used_seconds)
            self._pushing.extend(call)
        elif _came_too_early(outcome) and tries > 1:
            # Our clock was set back: go on from the number that the call remembers.
            newest = outcome.facts.get("newest", 0) if isinstance(outcome, Refused) else 0
            self._number = max(self._number, int(newest))
            self.report(call, command.used_seconds, command.slice_seconds or NOTHING_MORE_SECONDS, settle, tries - 1)
            return
        settle(outcome)


def _came_too_early(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.code in {RefusalCode.STALE_REQUEST, RefusalCode.CONFLICT}
