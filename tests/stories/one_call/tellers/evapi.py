"""The story told over evapi, as Kamailio's configuration does: one TCP link that we open, JSON in netstrings.

Knows what Kamailio keeps of a call: its session id, whose it is and how often it has asked. Refuses to know what we
remember.
"""

from __future__ import annotations

import itertools
from typing import Any, Final

from pydantic import SecretStr

from commcredits.edges.switches.kamailio.serve import KamailioLinks, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.kamailio import KamailioLink, KamailioSettings
from tests.edges.switches.kamailio.evapi_peer import SECRET, EvapiPeer, listening
from tests.stories.one_call.steps import EMERGENCY
from tests.stories.one_call.teller import Told

NAME: Final = "evapi"
PROTOCOL: Final = "kamailio"
CANNOT: Final[dict[str, str]] = {}


class EvapiTeller:
    """A listener that we connect to, which remembers of each call whose it is, as dialog variables do."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._peer = EvapiPeer()
        self._listening = listening(self._peer)
        self._links: KamailioLinks | None = None
        self._organization_ids: dict[str, str] = {}
        self._request_numbers: dict[str, int] = {}
        self._transactions = itertools.count(1)
        self._reports = itertools.count(1)
        self._last: dict[str, Any] = {}

    async def open(self) -> None:
        """Listen, and let the edge connect."""
        await self._listening.__aenter__()
        await self._start()

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """An INVITE is put aside, and goes on with the answer."""
        asked: dict[str, Any] = {"session_id": call_id, "caller": caller, "callee": callee}
        if slice_seconds is not None:
            asked["slice_seconds"] = slice_seconds
        return await self._ask({"say": "authorise", "tindex": next(self._transactions), "tlabel": 7, **asked})

    async def start(self, call_id: str) -> None:
        """A report, told until it is taken."""
        await self._report("start", call_id)

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """A question that nobody waits for: the call goes on meanwhile."""
        number = self._request_numbers[call_id] = self._request_numbers.get(call_id, 0) + 1
        asked = {"request_number": number, "used_seconds": used_seconds}
        return await self._ask({"say": "update", **self._names(call_id), **asked})

    async def end(self, call_id: str, used_seconds: int) -> None:
        """A report, told until it is taken."""
        await self._report("end", call_id, used_seconds=used_seconds, cause="caller_hung_up")
        self._peer.calls.pop(call_id, None)

    async def repeat_last(self) -> Told:
        """The last message once more."""
        return await self._ask(self._last)

    async def lose_connection(self) -> None:
        """The edge finds its way back by itself."""
        times = self._peer.links
        self._peer.break_off()
        await self._peer.linked(times + 1)

    async def restart_edge(self) -> None:
        """Another edge, which remembers nothing, connects."""
        await self._stop()
        await self._start()

    async def aclose(self) -> None:
        """Stop the edge, then listen no more."""
        await self._stop()
        await self._listening.__aexit__(None, None, None)

    async def _start(self) -> None:
        link = KamailioLink(way="evapi", address=f"127.0.0.1:{self._peer.port}", secret=SecretStr(SECRET))
        times = self._peer.links
        self._links = await serve(self._parts, KamailioSettings(links={"proxy": link}, reconcile_seconds=3_600))
        await self._peer.linked(times + 1)

    async def _stop(self) -> None:
        assert self._links is not None
        await self._links.stop()

    async def _report(self, say: str, call_id: str, **told: Any) -> None:
        report = f"{say}/{next(self._reports)}/{call_id}"
        await self._ask({"say": say, "report": report, **self._names(call_id), **told})

    def _names(self, call_id: str) -> dict[str, Any]:
        return {"organization_id": self._organization_ids[call_id], "session_id": call_id}

    async def _ask(self, message: dict[str, Any]) -> Told:
        self._last = message
        answer = await self._peer.ask(**message)
        match answer["do"]:
            case "answer" if answer["status"] == 200:
                session_id = message["session_id"]
                self._organization_ids[session_id] = answer["organization_id"]
                if message["callee"] != EMERGENCY:
                    self._peer.calls[session_id] = answer["organization_id"]
                return Told(granted_seconds=answer["granted_seconds"])
            case "answer" | "stay":
                return Told(refused=answer["code"])
            case "extend":
                return Told(granted_seconds=answer["granted_seconds"])
            case _:
                return Told()


async def open_teller(parts: SwitchParts) -> EvapiTeller:
    """A listener on a free port that the edge has connected to."""
    teller = EvapiTeller(parts)
    await teller.open()
    return teller
