"""The story told over JSON-RPC as CGRateS speaks it, by a client that holds its own slices (SessionSv1).

Knows the requests. Refuses to know what they lead to. OpenSIPS holds no slices: its flow has tests of its own, in
tests/edges/switches/cgrates.
"""

from __future__ import annotations

from itertools import count
from typing import Any, Final

from commcredits.edges.switches.cgrates.serve import CgratesServer, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.cgrates import CgratesSettings
from tests.edges.switches.cgrates.clients import Client
from tests.stories.one_call.steps import SLICE_SECONDS
from tests.stories.one_call.teller import UNSAID, Told

NAME: Final = "cgrates"
PROTOCOL: Final = "cgrates"
CANNOT: Final[dict[str, str]] = {}

_NANOSECONDS: Final = 1_000_000_000


class CgratesTeller:
    """A client of SessionSv1: it counts what it used of each slice, as that interface wants it."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._server: CgratesServer | None = None
        self._client: Client | None = None
        self._events: dict[str, dict[str, Any]] = {}
        self._used: dict[str, int] = {}
        self._ids = count(1)
        self._last: tuple[str, dict[str, Any], int] = ("", {}, 0)

    async def open(self) -> None:
        """Start the edge and connect to it."""
        self._server = await serve(self._parts, CgratesSettings(port=0))
        self._client = await Client.connect(self._server.port)

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """SessionSv1.AuthorizeEvent."""
        event = {
            "OriginID": call_id,
            "OriginHost": "story",
            "ToR": "*voice",
            "RequestType": "*prepaid",
            "Account": caller,
            "Destination": callee,
        }
        self._events.setdefault(call_id, event)
        self._used.setdefault(call_id, 0)
        usage = {"Usage": f"{slice_seconds or SLICE_SECONDS}s"}
        return await self._ask("AuthorizeEvent", {"GetMaxUsage": True}, {**event, **usage}, 0)

    async def start(self, call_id: str) -> None:
        """SessionSv1.InitiateSession."""
        usage = {"AnswerTime": "2026-11-22T12:00:00Z", "Usage": SLICE_SECONDS * _NANOSECONDS}
        await self._ask("InitiateSession", {"InitSession": True}, {**self._events[call_id], **usage}, 0)

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """SessionSv1.UpdateSession."""
        last = used_seconds - self._used[call_id]
        self._used[call_id] = used_seconds
        usage = {"Usage": f"{SLICE_SECONDS}s", "LastUsed": f"{last}s"}
        return await self._ask(
            "UpdateSession", {"UpdateSession": True}, {**self._events[call_id], **usage}, used_seconds
        )

    async def end(self, call_id: str, used_seconds: int) -> None:
        """SessionSv1.TerminateSession."""
        usage = {"Usage": used_seconds * _NANOSECONDS}
        await self._ask("TerminateSession", {"TerminateSession": True}, {**self._events[call_id], **usage}, 0)

    async def repeat_last(self) -> Told:
        """The last request once more."""
        return await self._send(*self._last)

    async def lose_connection(self) -> None:
        """Break the connection and make another."""
        assert self._client is not None
        assert self._server is not None
        await self._client.lose()
        self._client = await Client.connect(self._server.port)

    async def restart_edge(self) -> None:
        """The edge stops; another takes its place."""
        await self.aclose()
        await self.open()

    async def aclose(self) -> None:
        """Close the connection, then the edge."""
        if self._client is not None:
            await self._client.close()
        if self._server is not None:
            await self._server.stop()

    async def _ask(self, name: str, flags: dict[str, Any], event: dict[str, Any], used_seconds: int) -> Told:
        request = {**flags, "Tenant": "cgrates.org", "ID": f"event-{next(self._ids)}", "Event": event}
        return await self._send(name, request, used_seconds)

    async def _send(self, name: str, request: dict[str, Any], used_seconds: int) -> Told:
        self._last = (name, request, used_seconds)
        assert self._client is not None
        answer = await self._client.call(f"SessionSv1.{name}", request)
        if answer["error"] is not None:
            return Told(refused=UNSAID)
        if name == "TerminateSession":
            return Told()
        more_seconds, rest = divmod(answer["result"]["MaxUsage"], _NANOSECONDS)
        assert rest == 0
        return Told(granted_seconds=used_seconds + more_seconds)


async def open_teller(parts: SwitchParts) -> CgratesTeller:
    """An edge on a free port, and a client of it."""
    teller = CgratesTeller(parts)
    await teller.open()
    return teller
