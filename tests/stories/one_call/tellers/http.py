"""The story told over HTTP, as a switch does that posts JSON: the reference that every other teller must equal.

Knows the charging paths. Refuses to know what they lead to.
"""

from __future__ import annotations

from typing import Any, Final

import httpx

from commcredits.edges.http.charging.serve import ChargingServer, serve_charging
from commcredits.operations.numbers import NumberDirectory
from commcredits.operations.switch_parts import SwitchParts
from commcredits.storage.committer import Committer
from tests.stories.one_call.teller import Told

NAME: Final = "http"
PROTOCOL: Final = ""
CANNOT: Final[dict[str, str]] = {}

_TOKEN: Final = "the-token-of-the-story"


class HttpTeller:
    """A client of the charging paths, which remembers of each call whose it is, as a switch's own variables do."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._server: ChargingServer | None = None
        self._http = httpx.AsyncClient()
        self._organization_ids: dict[str, str] = {}
        self._request_numbers: dict[str, int] = {}
        self._last: tuple[str, dict[str, Any]] = ("", {})

    async def open(self) -> None:
        """Start the listener and make a client."""
        services = self._parts.services
        directory = NumberDirectory()
        await directory.load(services.pool, services.shard_id)
        committer = services.executor
        assert isinstance(committer, Committer)
        self._server = await serve_charging(committer, directory, token=_TOKEN.encode(), now=self._parts.desk.clock)
        self._connect()

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """POST /v1/charging/authorise."""
        body: dict[str, Any] = {"session_id": call_id, "caller": caller, "callee": callee}
        if slice_seconds is not None:
            body["slice_seconds"] = slice_seconds
        return await self._ask("authorise", body)

    async def start(self, call_id: str) -> None:
        """POST /v1/charging/start."""
        await self._ask("start", self._names(call_id))

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """POST /v1/charging/update."""
        number = self._request_numbers[call_id] = self._request_numbers.get(call_id, 0) + 1
        return await self._ask(
            "update", {**self._names(call_id), "request_number": number, "used_seconds": used_seconds}
        )

    async def end(self, call_id: str, used_seconds: int) -> None:
        """POST /v1/charging/end."""
        await self._ask("end", {**self._names(call_id), "used_seconds": used_seconds, "cause": "normal"})

    async def repeat_last(self) -> Told:
        """The last body once more."""
        return await self._ask(*self._last)

    async def lose_connection(self) -> None:
        """A new client has connections of its own."""
        await self._http.aclose()
        self._connect()

    async def restart_edge(self) -> None:
        """The listener stops and starts on another port."""
        await self.aclose()
        await self.open()

    async def aclose(self) -> None:
        """Close the client, then the listener."""
        await self._http.aclose()
        if self._server is not None:
            await self._server.stop(grace_seconds=1)

    def _connect(self) -> None:
        assert self._server is not None
        self._http = httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self._server.port}/v1/charging/",
            headers={"Authorization": f"Bearer {_TOKEN}"},
        )

    def _names(self, call_id: str) -> dict[str, Any]:
        return {"organization_id": self._organization_ids[call_id], "session_id": call_id}

    async def _ask(self, command: str, body: dict[str, Any]) -> Told:
        self._last = (command, body)
        document: dict[str, Any] = (await self._http.post(command, json=body)).json()
        match document.get("outcome"):
            case "granted" | "started":
                self._organization_ids[body["session_id"]] = document["organization_id"]
                return Told(granted_seconds=document["granted_seconds"], final=document["final"])
            case "ended":
                return Told()
            case _:
                return Told(refused=document["code"])


async def open_teller(parts: SwitchParts) -> HttpTeller:
    """A listener on a free port, and a client of it."""
    teller = HttpTeller(parts)
    await teller.open()
    return teller
