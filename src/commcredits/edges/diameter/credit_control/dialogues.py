"""What is remembered of sessions: enough to answer without asking the database, nothing that is not also in there.

Knows ids, groups and the answers that were given. Refuses to know what to answer. Everything is bounded: what is
forgotten is found in the database again.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from hashlib import blake2b
from typing import Final

from commcredits.core.outcomes import Granted
from commcredits.edges.diameter.credit_control.counting import UsedSeconds
from commcredits.edges.diameter.credit_control.dictionary import RequestType
from commcredits.edges.diameter.ports import Peer
from commcredits.operations.charging import fit_session_id

LIVE_MAX: Final = 100_000
"""So many sessions are known at once without asking the database."""

ENDED_MAX: Final = 20_000
"""So many ended ones get their last answer again from memory."""

REPLIES_MAX: Final = 4
"""So many answers of a session are given again as they were."""

BASE_CHARACTERS_MAX: Final = 88
"""Of the part of our id that the Session-Id gives; the rest is for the group."""

_LABEL_CHARACTERS_MAX: Final = 38
_DIGEST_OCTETS: Final = 12
_LABELLED: Final = re.compile(r"(?P<base>.+)~(?:rg[0-9]*(?:si[0-9]+)*|(?:si[0-9]+)+|g[0-9a-f]{24})", re.ASCII)

Answering = Callable[[bytes], None]
"""Sends the AVPs of an answer, the Proxy-Info of its request apart."""


class Reply:
    """The answer to one request: given, or awaited by whoever has asked for it."""

    __slots__ = ("avps", "content", "result", "waiting")

    def __init__(self, content: tuple[object, ...]) -> None:
        self.content = content
        self.avps = b""
        self.result = 0
        self.waiting: list[Callable[[Reply], None]] = []

    @property
    def is_given(self) -> bool:
        """Whether the answer is there."""
        return bool(self.avps)


class GroupState:
    """One of our calls: what a session has of one target."""

    __slots__ = ("cutting", "emergency", "ended", "granted_seconds", "session_id", "started", "used")

    def __init__(self, session_id: str, used: UsedSeconds) -> None:
        self.session_id = session_id
        self.used = used
        self.granted_seconds = 0
        self.started = False
        self.ended = False
        self.emergency = False
        self.cutting: Callable[[], None] | None = None
        """Set while somebody wants the call cut; called once the client was told."""

    def take_grant(self, granted: Granted) -> None:
        """Remember how long the call may last; an answer that is overtaken by a later one changes nothing."""
        self.granted_seconds = max(self.granted_seconds, granted.granted_seconds)


class Dialogue:
    """One session of a client. ``peer`` is the connection over which it was heard last."""

    __slots__ = ("groups", "newest", "organization_id", "origin_host", "peer", "realm", "replies", "session_id")

    def __init__(self, session_id: str, origin_host: str, organization_id: str, newest: int) -> None:
        self.session_id = session_id
        self.origin_host = origin_host
        self.organization_id = organization_id
        self.newest = newest
        self.peer: Peer | None = None
        self.realm = ""
        self.groups: dict[str, GroupState] = {}
        self.replies: dict[tuple[RequestType, int], Reply] = {}

    @property
    def is_over(self) -> bool:
        """Whether every group has ended."""
        return all(group.ended for group in self.groups.values())

    def note(self, number: int) -> bool:
        """Take a request's number; True where requests before it never came."""
        gap = number > self.newest + 1
        self.newest = max(self.newest, number)
        return gap

    def expect(self, kind: RequestType, number: int, reply: Reply) -> None:
        """Remember a reply in the place of the oldest."""
        self.replies[kind, number] = reply
        if len(self.replies) > REPLIES_MAX:
            del self.replies[next(iter(self.replies))]


class Dialogues:
    """All that are remembered, by Session-Id."""

    __slots__ = ("_ended", "_ended_max", "_live", "_live_max")

    def __init__(self, *, live_max: int = LIVE_MAX, ended_max: int = ENDED_MAX) -> None:
        self._live: OrderedDict[str, Dialogue] = OrderedDict()
        self._ended: OrderedDict[str, Dialogue] = OrderedDict()
        self._live_max = live_max
        self._ended_max = ended_max

    def __len__(self) -> int:
        return len(self._live) + len(self._ended)

    def __iter__(self) -> Iterator[Dialogue]:
        yield from self._live.values()

    def find(self, session_id: str) -> Dialogue | None:
        """The session, if it is remembered."""
        found = self._live.get(session_id)
        if found is None:
            return self._ended.get(session_id)
        self._live.move_to_end(session_id)
        return found

    def keep(self, dialogue: Dialogue) -> None:
        """Remember a session, in the place of the one that nothing was heard of for longest."""
        self._live[dialogue.session_id] = dialogue
        if len(self._live) > self._live_max:
            self._live.popitem(last=False)

    def end(self, dialogue: Dialogue) -> None:
        """The session is over; its last answers are remembered for a while."""
        if self._live.get(dialogue.session_id) is dialogue:
            del self._live[dialogue.session_id]
        self._ended[dialogue.session_id] = dialogue
        if len(self._ended) > self._ended_max:
            self._ended.popitem(last=False)

    def forget(self, dialogue: Dialogue) -> None:
        """Nothing came of the session."""
        if self._live.get(dialogue.session_id) is dialogue:
            del self._live[dialogue.session_id]


def base_of(session_id: str) -> str:
    """What our ids of a session's calls begin with."""
    base = fit_session_id(session_id)
    if len(base) <= BASE_CHARACTERS_MAX:
        return base
    return f"{base[: BASE_CHARACTERS_MAX - 2 * _DIGEST_OCTETS - 1]}~{_digest(session_id)}"


def call_id_of(base: str, label: str) -> str:
    """Our id of the call that a group is; it is never longer than an id may be."""
    if not label:
        return base
    return f"{base}~{label if len(label) <= _LABEL_CHARACTERS_MAX else 'g' + _digest(label)}"


def session_id_of(call_id: str) -> str:
    """The Session-Id that one of our ids came from, where it is short and plain enough to have been left as it was."""
    labelled = _LABELLED.fullmatch(call_id)
    return call_id if labelled is None else labelled["base"]


def label_of(call_id: str) -> str:
    """The group that one of our ids is for; empty where the session has none, or its label was too long."""
    label = call_id[len(session_id_of(call_id)) + 1 :]
    return "" if label.startswith("g") else label


def _digest(text: str) -> str:
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_OCTETS).hexdigest()
