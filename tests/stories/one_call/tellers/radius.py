"""The story told over RADIUS, as an access server does that takes changes of running calls (RFC 2865, 2866, 5176).

Knows the packets of a call. Refuses to know what they lead to. A longer time reaches the access server by a request of
ours, so what ``update`` says is what it was last told.
"""

from __future__ import annotations

import asyncio
from typing import Final

from pydantic import SecretStr

from commcredits.edges.radius.attributes import Attribute, Code, Status
from commcredits.edges.radius.packets import Packet
from commcredits.edges.radius.refusals import REFUSALS
from commcredits.edges.radius.serve import RadiusServer, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.radius import RadiusClient, RadiusSettings
from tests.edges.radius.access_server import HOST, SECRET, AccessServer, call_of, of_call
from tests.stories.one_call.steps import SLICE_SECONDS
from tests.stories.one_call.teller import Told

NAME: Final = "radius"
PROTOCOL: Final = "radius"
CANNOT: Final[dict[str, str]] = {
    "granted_the_slice_that_it_asks_for": "an Access-Request has no attribute for the time that is wanted",
}

_CHANGE_SECONDS: Final = 0.25
"""How long nothing more may be heard where the books promised nothing more."""
_GRANTED: Final = "select max(granted_seconds) from call_sessions where position($1 in session_id) > 0 and live"
_CODES: Final = {text: code.value for code, text in REFUSALS.items() if text}


class RadiusTeller:
    """An access server that keeps the Class of each of its calls, and how long each may last."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._access = AccessServer((0, 0))
        self._server: RadiusServer | None = None
        self._accepted: dict[str, Packet] = {}
        self._granted: dict[str, int] = {}
        self._last = ""
        self._last_told: str = ""

    async def open(self) -> None:
        """Start the edge, and the access server."""
        await self._access.open()
        await self._serve()

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """An Access-Request."""
        assert slice_seconds is None, "RADIUS has no word for it"
        self._last, self._last_told = call_id, "asked"
        return self._asked(call_id, await self._access.ask(call_of(caller, callee, call_id)))

    async def start(self, call_id: str) -> None:
        """Accounting: Start."""
        self._last, self._last_told = call_id, "started"
        await self._access.account(Status.START, of_call(self._accepted[call_id], call_id))

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """Accounting: Interim-Update; then what the access server is told of."""
        self._last, self._last_told = call_id, "reported"
        content = of_call(self._accepted[call_id], call_id, seconds=used_seconds)
        before = len(self._access.ear.heard)
        await self._access.account(Status.INTERIM_UPDATE, content)
        return await self._reported(call_id, before)

    async def end(self, call_id: str, used_seconds: int) -> None:
        """Accounting: Stop."""
        self._last, self._last_told = call_id, "ended"
        self._granted.pop(call_id, None)
        await self._access.account(Status.STOP, of_call(self._accepted[call_id], call_id, seconds=used_seconds))

    async def repeat_last(self) -> Told:
        """The last packet once more."""
        before = len(self._access.ear.heard)
        port = self._access.ports[0] if self._last_told == "asked" else self._access.ports[1]
        answer = await self._access.exchange(port, self._access.last[1])
        if self._last_told == "asked":
            return self._asked(self._last, answer)
        return await self._reported(self._last, before) if self._last_told == "reported" else Told()

    async def lose_connection(self) -> None:
        """There is none; but the next packet comes from another port."""
        await self._access.move()

    async def restart_edge(self) -> None:
        """The edge stops and starts on other ports, with nothing in its memory."""
        assert self._server is not None
        await self._server.stop()
        await self._serve()

    async def aclose(self) -> None:
        """Stop the edge, close the sockets."""
        if self._server is not None:
            await self._server.stop()
        await self._access.close()
        assert self._access.ear.wrong == []

    async def _serve(self) -> None:
        client = RadiusClient(name="story", secret=SecretStr(SECRET), disconnect_port=self._access.ear.port)
        settings = RadiusSettings(
            authentication_port=0, accounting_port=0, clients={HOST: client}, slice_seconds=SLICE_SECONDS
        )
        self._server = await serve(self._parts, settings)
        self._access.ports = (self._server.port, self._server.accounting_port)

    def _asked(self, call_id: str, answer: Packet) -> Told:
        if answer.code == Code.ACCESS_REJECT:
            return Told(refused=_CODES[answer.text(Attribute.REPLY_MESSAGE)])
        self._accepted[call_id] = answer
        granted = self._granted[call_id] = answer.number(Attribute.SESSION_TIMEOUT) or 0
        return Told(granted_seconds=granted)

    async def _reported(self, call_id: str, before: int) -> Told:
        """What the access server knows after a report: a longer time, if it comes to be told of one."""
        if call_id not in self._granted:
            return Told()
        ear = self._access.ear
        granted = await self._parts.services.pool.fetchval(_GRANTED, f"~{call_id}~")
        if granted > self._granted[call_id]:
            await ear.wait_for(before + 1)
        try:
            async with asyncio.timeout(_CHANGE_SECONDS):
                await ear.wait_for(before + 1)
        except TimeoutError:
            return Told(granted_seconds=self._granted[call_id])
        changed = ear.heard[-1]
        assert changed.code == Code.COA_REQUEST
        assert changed.text(Attribute.ACCT_SESSION_ID) == call_id
        self._granted[call_id] = changed.number(Attribute.SESSION_TIMEOUT) or 0
        return Told(granted_seconds=self._granted[call_id])


async def open_teller(parts: SwitchParts) -> RadiusTeller:
    """The edge on free ports, and an access server that it knows."""
    teller = RadiusTeller(parts)
    await teller.open()
    return teller
