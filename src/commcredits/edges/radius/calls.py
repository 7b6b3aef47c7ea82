"""The calls that this process has heard of: what it needs to tell their access servers something.

Knows what was granted and told last. Refuses to be needed for charging: a call's Class says whose it is, and whatever
is forgotten here is learnt from the next packet, or from the id of the call.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from commcredits.edges.radius.attributes import Attribute
from commcredits.edges.radius.clients import Client
from commcredits.edges.radius.packets import Attributes, Packet
from commcredits.edges.radius.reading import acct_session_id_of
from commcredits.edges.radius.tokens import Token

CALLS_MAX: Final = 100_000
"""How many calls are remembered; the oldest goes first."""

ENDED_MAX: Final = 10_000
"""How many of the calls that ended last are known as such."""

_IDENTIFYING: Final = (
    Attribute.NAS_IP_ADDRESS,
    Attribute.NAS_IDENTIFIER,
    Attribute.NAS_IPV6_ADDRESS,
    Attribute.USER_NAME,
    Attribute.ACCT_SESSION_ID,
)
_WITHOUT_ID: Final = (Attribute.CALLING_STATION_ID, Attribute.CALLED_STATION_ID)


@dataclass(slots=True, kw_only=True)
class Call:
    """One call, as far as it is known. Times are monotonic seconds.

    ``granted_seconds`` and ``told_seconds`` are totals from the answer: what the books grant, and what the access
    server knows of; None when that is forgotten. ``names`` are the attributes by which it knows the call (RFC 5176
    §3). ``given_up``: what was held was let go, for nothing was heard.
    """

    token: Token
    client: Client
    switch: str
    host: str
    names: Attributes
    acct_session_id: bytes
    asked_at: float
    granted_seconds: int | None = None
    told_seconds: int | None = None
    final: bool = True
    used_seconds: int = 0
    answered_at: float | None = None
    heard: bool = False
    given_up: bool = False
    telling: bool = field(default=False, repr=False)


class Calls:
    """All of them, by session id, and by their access servers' own ids."""

    __slots__ = ("_by_own_id", "_by_session_id", "_calls_max", "_ended", "_unheard")

    def __init__(self, *, calls_max: int = CALLS_MAX) -> None:
        self._calls_max = calls_max
        self._by_session_id: dict[str, Call] = {}
        self._by_own_id: dict[tuple[str, bytes], Call] = {}
        self._unheard: deque[tuple[float, str]] = deque()
        self._ended: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._by_session_id)

    def __iter__(self) -> Iterator[Call]:
        return iter(tuple(self._by_session_id.values()))

    def add(self, call: Call) -> None:
        """Remember a call, and forget the oldest where there are too many."""
        while len(self._by_session_id) >= self._calls_max:
            self.forget(next(iter(self._by_session_id.values())))
        self._by_session_id[call.token.session_id] = call
        if call.acct_session_id:
            self._by_own_id[call.switch, call.acct_session_id] = call

    def forget(self, call: Call) -> None:
        """Remove a call that is over."""
        self._by_session_id.pop(call.token.session_id, None)
        own = (call.switch, call.acct_session_id)
        if self._by_own_id.get(own) is call:
            del self._by_own_id[own]

    def end(self, call: Call) -> None:
        """Remove a call whose end was told; that it was is remembered for a while."""
        self.forget(call)
        self._ended[call.token.session_id] = None
        if len(self._ended) > ENDED_MAX:
            del self._ended[next(iter(self._ended))]

    def was_ended(self, call: Call) -> bool:
        """Whether the end of this call was told lately."""
        return call.token.session_id in self._ended

    def find(self, session_id: str) -> Call | None:
        """The call of a session id."""
        return self._by_session_id.get(session_id)

    def find_own(self, switch: str, acct_session_id: bytes) -> Call | None:
        """The call that its access server calls so."""
        return self._by_own_id.get((switch, acct_session_id)) if acct_session_id else None

    def await_word(self, call: Call, until: float) -> None:
        """Something should be heard of this call until then; instants of later calls are later."""
        self._unheard.append((until, call.token.session_id))

    def unheard(self, now: float) -> Iterator[Call]:
        """The calls of which nothing was heard in time, each once."""
        while self._unheard and self._unheard[0][0] <= now:
            call = self._by_session_id.get(self._unheard.popleft()[1])
            if call is not None and not call.heard and not call.given_up:
                yield call


def names_of(packet: Packet) -> Attributes:
    """The attributes of a packet by which its access server knows the call: all of them must fit (RFC 5176 §3)."""
    names = [(number, packet.firsts[number]) for number in _IDENTIFYING if number in packet.firsts]
    if Attribute.ACCT_SESSION_ID not in packet.firsts:
        names += [(number, packet.firsts[number]) for number in _WITHOUT_ID if number in packet.firsts]
    return tuple((int(number), value) for number, value in names)


def recall(client: Client, switch: str, token: Token) -> Call | None:
    """A call out of nothing but what the books know of it, after a restart; None where that is too little."""
    acct_session_id = acct_session_id_of(token.session_id).encode()
    if not client.address or client.proxy or not acct_session_id:
        return None
    return Call(
        token=token,
        client=client,
        switch=switch,
        host=client.address,
        names=((int(Attribute.ACCT_SESSION_ID), acct_session_id),),
        acct_session_id=acct_session_id,
        asked_at=0.0,
        heard=True,
    )
