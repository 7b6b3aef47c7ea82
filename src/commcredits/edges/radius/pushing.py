"""What access servers are told of running calls: that one may last longer, or that it is over.

Knows which total an access server was told last. Refuses to know how packets are sent, and who decides.
"""

from __future__ import annotations

from typing import Final

from commcredits.edges.radius.attributes import SESSION_CONTEXT_NOT_FOUND, Attribute, Code
from commcredits.edges.radius.calls import Call
from commcredits.edges.radius.changing import Changing
from commcredits.edges.radius.grumbling import Grumbling
from commcredits.edges.radius.packets import number_value
from commcredits.edges.radius.tasks import Tasks

_UNPAID: Final = "a call that nothing pays for"


class Pushing:
    """Tells them, each call's news one after the other."""

    __slots__ = ("_changing", "_grumbling", "_tasks")

    def __init__(self, changing: Changing, tasks: Tasks, grumbling: Grumbling) -> None:
        self._changing = changing
        self._tasks = tasks
        self._grumbling = grumbling

    def extend(self, call: Call) -> None:
        """Tell the access server how long the call may last in all, where that is more than it knows of."""
        known, granted = call.told_seconds, call.granted_seconds
        if granted is None or (known is not None and granted <= known):
            return
        if call.telling or call.token.emergency or not call.client.disconnect_port:
            return
        call.telling = self._tasks.spawn(self._extend(call), name="radius: extend")

    def cut_unpaid(self, call: Call) -> None:
        """End a call that the books have closed and its access server has not."""
        if call.token.emergency or not call.client.disconnect_port:
            return
        self._grumbling.complain(_UNPAID, call.client.name, session_id=call.token.session_id)
        if not call.telling:
            call.telling = self._tasks.spawn(self._cut_unpaid(call), name="radius: cut")

    async def cut(self, call: Call) -> bool:
        """Ask the access server to end the call; whether it did, or has it no more."""
        change = await self._changing.request(Code.DISCONNECT_REQUEST, call.client, call.host, call.names)
        if change.taken or change.error_cause == SESSION_CONTEXT_NOT_FOUND:
            return True
        reason = "a cut was not answered" if change.taken is None else "a call was not cut"
        self._complain(reason, call, change.error_cause)
        return False

    async def _cut_unpaid(self, call: Call) -> None:
        try:
            await self.cut(call)
        finally:
            call.telling = False

    async def _extend(self, call: Call) -> None:
        try:
            while call.granted_seconds is not None and call.granted_seconds != call.told_seconds:
                total = call.granted_seconds
                names = (*call.names, (int(Attribute.SESSION_TIMEOUT), number_value(total)))
                change = await self._changing.request(Code.COA_REQUEST, call.client, call.host, names)
                if change.taken is None:
                    # The next report of the call tries again.
                    self._complain("a call's longer time was not answered", call, 0)
                    return
                call.told_seconds = total
                if not change.taken:
                    self._complain("a call's longer time was refused", call, change.error_cause)
        finally:
            call.telling = False

    def _complain(self, reason: str, call: Call, error_cause: int) -> None:
        facts = {"error_cause": error_cause} if error_cause else {}
        self._grumbling.complain(reason, call.client.name, session_id=call.token.session_id, **facts)
