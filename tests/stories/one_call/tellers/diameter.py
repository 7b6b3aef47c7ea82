"""The story told over Diameter, as a SIP server with Ro does: one rating group, differences for reports.

Knows what a client keeps of a session: its id, the last request number and what it has reported. Refuses to know what
we remember.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.diameter.serve import CreditControlServer, serve
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.diameter import DiameterPeer, DiameterSettings
from tests.edges.diameter import credit_client as wire
from tests.edges.diameter.credit_client import CreditClient
from tests.stories.one_call.teller import UNSAID, Told

NAME: Final = "diameter"
PROTOCOL: Final = "diameter"
CANNOT: Final[dict[str, str]] = {}

_CLIENT: Final = "gateway.example"
_SETTINGS: Final = DiameterSettings(
    port=0,
    origin_host="charging.example",
    origin_realm="example",
    peers={_CLIENT: DiameterPeer(networks=("127.0.0.0/8",))},
)
_CODES: Final = frozenset(code.value for code in RefusalCode)


@dataclass(slots=True)
class _Session:
    """What the client keeps of a call."""

    session_id: str
    number: int = 0
    reported_seconds: int = 0


class DiameterTeller:
    """A client of credit control."""

    def __init__(self, parts: SwitchParts) -> None:
        self._parts = parts
        self._server: CreditControlServer | None = None
        self._client: CreditClient | None = None
        self._sessions: dict[str, _Session] = {}
        self._last: tuple[bytes, int] = (b"", 0)

    async def open(self) -> None:
        """Start the edge and connect."""
        self._server = await serve(self._parts, _SETTINGS)
        self._client = await CreditClient.connect(self._server.port, _CLIENT)

    async def authorise(self, caller: str, callee: str, *, call_id: str, slice_seconds: int | None = None) -> Told:
        """INITIAL_REQUEST, with the parties as SIP has them."""
        session = self._sessions.setdefault(call_id, _Session(f"{_CLIENT};1;{call_id}"))
        return await self._ask(
            session.session_id,
            1,
            0,
            0,
            wire.subscription(f"sip:{caller}@ims.example", 2),
            wire.information(f"sip:{caller}@ims.example", f"sip:{callee}@ims.example;user=phone"),
            wire.group(requested=slice_seconds or 0),
        )

    async def start(self, call_id: str) -> None:
        """UPDATE_REQUEST at the answer, which says when it was (TS 32.260 §5.3.2.2)."""
        session = self._sessions[call_id]
        session.number += 1
        answered = wire.information(answered_at=self._parts.desk.clock())
        await self._ask(session.session_id, 2, session.number, 0, answered, wire.group(used=0))

    async def update(self, call_id: str, used_seconds: int) -> Told:
        """UPDATE_REQUEST with what was used since the last report."""
        session = self._sessions[call_id]
        used = self._since_last_report(session, used_seconds)
        return await self._ask(session.session_id, 2, session.number, used_seconds, wire.group(used=used))

    async def end(self, call_id: str, used_seconds: int) -> None:
        """TERMINATION_REQUEST with what was used since the last report."""
        session = self._sessions[call_id]
        used = self._since_last_report(session, used_seconds)
        group = wire.group(requested=None, used=used)
        await self._ask(session.session_id, 3, session.number, used_seconds, wire.cause(1), group)

    async def repeat_last(self) -> Told:
        """The same octets, with the T flag."""
        avps, reported = self._last
        return await self._tell(avps, reported, retransmitted=True)

    async def lose_connection(self) -> None:
        """Cut it, and connect again."""
        assert self._client is not None
        assert self._server is not None
        await self._client.close()
        self._client = await CreditClient.connect(self._server.port, _CLIENT)

    async def restart_edge(self) -> None:
        """Another edge, which remembers nothing."""
        await self.aclose()
        await self.open()

    async def aclose(self) -> None:
        """Close the connection, then stop the edge."""
        assert self._client is not None
        assert self._server is not None
        await self._client.close()
        await self._server.stop()

    @staticmethod
    def _since_last_report(session: _Session, used_seconds: int) -> int:
        used = used_seconds - session.reported_seconds
        session.number += 1
        session.reported_seconds = used_seconds
        return used

    async def _ask(self, session_id: str, kind: int, number: int, reported: int, *avps: bytes) -> Told:
        assert self._client is not None
        return await self._tell(self._client.request_avps(session_id, kind, number, *avps), reported)

    async def _tell(self, avps: bytes, reported: int, *, retransmitted: bool = False) -> Told:
        assert self._client is not None
        self._last = (avps, reported)
        self._client.last = avps
        told = await self._client.again(retransmitted=retransmitted)
        if told.result != 2001:
            return Told(refused=told.code if told.code in _CODES else UNSAID)
        granted = told.only.granted
        if granted is None:
            return Told()
        return Told(granted_seconds=reported + granted, final=told.only.final)


async def open_teller(parts: SwitchParts) -> DiameterTeller:
    """The edge on a free port, and a client of it."""
    teller = DiameterTeller(parts)
    await teller.open()
    return teller
