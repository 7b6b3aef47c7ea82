"""The story told over FastAGI: a dial plan that runs our scripts.

Knows the scripts, and the variables that a channel keeps between them. Refuses to know what they lead to.
"""

from __future__ import annotations

from typing import Final

from commcredits.edges.switches.asterisk.serve import AsteriskServer, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.asterisk import AsteriskSettings
from tests.edges.switches.asterisk.agi_asterisk import AgiChannel
from tests.stories.one_call.teller import Told

NAME: Final = "asterisk-fastagi"
PROTOCOL: Final = "asterisk"
CANNOT: Final[dict[str, str]] = {
    "extended_after_a_top_up": "the limit of Dial() cannot be moved once the call is up",
    "beside_another_on_the_last_money": "the first call is granted all there is, so the second is refused",
    "whose_report_is_lost": "the whole call is granted at once, and nothing is reported on the way",
    "longer_than_its_grant": "the whole call is granted at once, and Dial() ends it there",
    "whose_end_is_lost": "the grant is all that the organization can pay, and the reaper charges for all of it",
    "whose_end_comes_after_the_reaper": "the grant is longer than the story, so the reaper does not come in time",
    "never_heard_of_again": "the grant is longer than the story, so the reaper does not come in time",
}


class AgiTeller:
    """A dial plan, and its channels by the story's names of their calls."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._server: AsteriskServer | None = None
        self._channels: dict[str, AgiChannel] = {}
        self._last: tuple[str, str, tuple[str, ...]] = ("", "", ())

    async def open(self) -> None:
        """Start the edge."""
        self._server = await serve(self._parts, AsteriskSettings(port=0))
        for channel in self._channels.values():
            channel.port = self._server.port

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """AGI(agi://…/authorise,…)."""
        assert self._server is not None
        self._channels.setdefault(call_id, AgiChannel(port=self._server.port, unique_id=f"1700000000.{call_id}"))
        slices = () if slice_seconds is None else (f"slice={slice_seconds}",)
        return await self._run(call_id, "authorise", f"caller={caller}", f"callee={callee}", *slices)

    async def start(self, call_id: str) -> None:
        """AGI(agi://…/start,…) of the subroutine that Dial() runs on the called channel."""
        await self._run(call_id, "start", *self._names(call_id))

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """Nothing is said before the end."""
        del call_id, used_seconds
        return Told()

    async def end(self, call_id: str, used_seconds: int) -> None:
        """AGI(agi://…/end,…) of the hang-up handler; a call that was not answered has no time."""
        answered = f"{used_seconds * 1_000}" if used_seconds else ""
        await self._run(call_id, "end", *self._names(call_id), f"answered_ms={answered}", "cause=16")

    async def repeat_last(self) -> Told:
        """The same script with the same arguments."""
        call_id, script, arguments = self._last
        return await self._run(call_id, script, *arguments)

    async def lose_connection(self) -> None:
        """There is none between two scripts."""

    async def restart_edge(self) -> None:
        """The listener stops and starts on another port."""
        await self.aclose()
        await self.open()

    async def aclose(self) -> None:
        """Stop the edge."""
        if self._server is not None:
            await self._server.stop()

    def _names(self, call_id: str) -> tuple[str, str]:
        variables = self._channels[call_id].variables
        return (
            f"session={variables['COMMCREDITS_SESSION']}",
            f"organization={variables['COMMCREDITS_ORGANIZATION']}",
        )

    async def _run(self, call_id: str, script: str, *arguments: str) -> Told:
        self._last = (call_id, script, arguments)
        channel = self._channels[call_id]
        await channel.run(script, *arguments)
        if script != "authorise":
            return Told()
        if channel.variables["COMMCREDITS_RESULT"] != "granted":
            return Told(refused=channel.variables["COMMCREDITS_REASON"])
        # A longer grant than others get is no difference in the end, unless a slice was asked for.
        asked = any(argument.startswith("slice=") for argument in arguments)
        return Told(granted_seconds=int(channel.variables["COMMCREDITS_LIMIT_MS"]) // 1_000) if asked else Told()


async def open_teller(parts: SwitchParts) -> AgiTeller:
    """An edge on a free port, and a dial plan that knows it."""
    teller = AgiTeller(parts)
    await teller.open()
    return teller
