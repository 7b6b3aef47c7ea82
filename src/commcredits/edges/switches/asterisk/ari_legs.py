"""The two channels of a call at Asterisk, the bridge between them, and the requests about them.

Knows ids, variables and what a request's answer means. Refuses to know when something is due
(commcredits.edges.switches.asterisk.ari_call).
"""

from __future__ import annotations

import asyncio
from typing import Final

from commcredits.core.outcomes import Refused
from commcredits.edges.switches.asterisk.ari_events import CALL_VARIABLE
from commcredits.edges.switches.asterisk.ari_requests import AriAnswer, AriRequests
from commcredits.edges.switches.asterisk.causes import REFUSAL_CAUSES
from commcredits.settings.asterisk import AsteriskLink

LEG_PREFIX: Final = "commcredits-"
"""How the ids of our outgoing channels, and of our bridges, begin; the caller's channel id follows."""

LEG_ARGUMENT: Final = "commcredits-leg"
"""The first argument with which our outgoing channels enter the application."""

LIMIT: Final = "TIMEOUT(absolute)"
_LIMIT_SECONDS_MIN: Final = 0.05


class Legs:
    """The caller's channel, and the callee's once it is made. ``gone`` are those that are over or not ours any more."""

    __slots__ = ("_link", "_requests", "callee_id", "caller_id", "gone", "has_callee")

    def __init__(self, requests: AriRequests, link: AsteriskLink, caller_id: str) -> None:
        self._requests = requests
        self._link = link
        self.caller_id = caller_id
        self.callee_id = f"{LEG_PREFIX}{caller_id}"
        self.has_callee = False
        self.gone: set[str] = set()

    @property
    def left(self) -> tuple[str, ...]:
        """The channels that there are, as far as is known."""
        both = (self.caller_id, self.callee_id) if self.has_callee else (self.caller_id,)
        return tuple(each for each in both if each not in self.gone)

    async def carry(self, record: str) -> AriAnswer:
        """Make the caller's channel carry the record of its call."""
        return await self._requests.set_variable(self.caller_id, CALL_VARIABLE, record)

    async def limit(self, left_seconds: float) -> bool:
        """Have every channel end by itself so long from now; True also where one is gone already."""
        value = f"{max(left_seconds, _LIMIT_SECONDS_MIN):.3f}"
        answers = await asyncio.gather(*[self._requests.set_variable(each, LIMIT, value) for each in self.left])
        return all(answer.done or answer.gone for answer in answers)

    async def make_callee(self, endpoint: str) -> AriAnswer:
        """Make the callee's channel; it is dialled after it has entered the application."""
        self.has_callee = True
        answer = await self._requests.create(
            self.callee_id,
            endpoint=endpoint,
            application=self._link.application,
            arguments=f"{LEG_ARGUMENT},{self.caller_id}",
        )
        return AriAnswer(status=200) if answer.conflict else answer

    async def connect(self) -> AriAnswer:
        """Put both into a bridge, so that ringing and early media pass, and dial."""
        answer = await self._requests.make_bridge(self.callee_id)
        if answer.done:
            answer = await self._requests.join(self.callee_id, self.caller_id, self.callee_id)
        if answer.done:
            answer = await self._requests.dial(
                self.callee_id, caller=self.caller_id, ring_seconds=self._link.ring_seconds
            )
        return answer

    async def answer(self) -> None:
        """Answer the caller. The bridge does so too; whoever comes second changes nothing."""
        await self._requests.answer(self.caller_id)

    async def hang_up(self, cause: int) -> bool:
        """End every channel with a cause of Q.850; whether Asterisk has taken it for all of them."""
        channel_ids = self.left
        answers = await asyncio.gather(*[self._requests.hang_up(each, cause) for each in channel_ids])
        return all(answer.done or answer.gone for answer in answers)

    async def drop_bridge(self) -> None:
        """Shut the bridge down."""
        if self.has_callee:
            await self._requests.drop_bridge(self.callee_id)

    async def refuse(self, refused: Refused) -> bool:
        """End the caller's channel, or let it go on in the dial plan where the link says so; whether it is done."""
        cause, context = REFUSAL_CAUSES[refused.code], self._link.refused_context
        await self._requests.set_variable(self.caller_id, "COMMCREDITS_REASON", refused.code.value)
        if context:
            await self._requests.set_variable(self.caller_id, "COMMCREDITS_CAUSE", str(cause))
            if (await self._requests.go_on(self.caller_id, context=context)).done:
                return True
        answer = await self._requests.hang_up(self.caller_id, cause)
        return answer.done or answer.gone
