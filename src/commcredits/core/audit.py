"""The audit log's entries: what one says, and how each is chained to the one before it.

Knows the words of an entry, its canonical form and the arithmetic of the chain. Refuses to know who is asked, and
where entries are kept. A chain begins at its organization's id, so that no chain can stand in for another's.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec

HASH_BYTES: Final = 32

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class AuditOutcome(StrEnum):
    """What became of what somebody wanted. Stable: interfaces and exports show these words.

    ASKED stands before an act, in a transaction of its own; DONE, REFUSED or FAILED answers it. An ASKED without an
    answer was cut off: what it wanted may have been done or not. DENIED is an act that somebody had no permission for,
    READ a look at something that is worth an entry; neither has an answer.
    """

    ASKED = "asked"
    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"
    DENIED = "denied"
    READ = "read"


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One entry as it is hashed.

    ``answers`` is the place in the chain of the entry that this one answers. ``code`` says why not, where something was
    not done. ``parameters``, ``before`` and ``after`` are JSON texts, empty where there is nothing to say; instants are
    aware UTC. ``source`` is the network address, ``edge`` the interface.
    """

    at: datetime
    actor_kind: str
    actor_id: str
    actor_name: str
    roles: tuple[str, ...]
    edge: str
    source: str
    operation: str
    answers: int | None
    outcome: str
    subject: str
    code: str
    reason: str
    parameters: str
    before: str
    after: str


class ChainedEntry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry at its place: the hash of the one before it, and its own."""

    organization_id: str
    sequence: int
    entry: AuditEntry
    previous: bytes
    hash: bytes

    @property
    def is_itself(self) -> bool:
        """Whether the hash is the one that its content and its predecessor make."""
        return linked(self.previous, content_digest(self.entry)) == self.hash


def canonical(entry: AuditEntry) -> bytes:
    """The one form that is hashed: a JSON array of all fields in their order, the instant in whole microseconds."""
    at, *others = (getattr(entry, name) for name in AuditEntry.__struct_fields__)
    return _encode([(at - _EPOCH) // _MICROSECOND, *others])


def content_digest(entry: AuditEntry) -> bytes:
    """SHA-256 of what an entry says."""
    return sha256(canonical(entry)).digest()


def first_link(organization_id: str) -> bytes:
    """What the first entry of an organization's chain has for its predecessor's hash."""
    return sha256(f"commcredits audit {organization_id}".encode()).digest()


def linked(previous: bytes, digest: bytes) -> bytes:
    """The hash of an entry: SHA-256 of the hash before it followed by the digest of what it says."""
    return sha256(previous + digest).digest()


class ChainFault(StrEnum):
    """What is wrong at one place of a chain. Stable: reports show these words.

    CHANGED: the entry says something else than it did. OUT_OF_ORDER: it does not follow the entry before it, because
    one was put in, taken out or moved there. MISSING: no entry has this place. BEYOND_THE_HEAD: it was put behind the
    last one. HEAD: the chain ends at another hash than its head says. ANCHOR: an entry whose hash was kept elsewhere
    is another one now.
    """

    CHANGED = "changed"
    OUT_OF_ORDER = "out_of_order"
    MISSING = "missing"
    BEYOND_THE_HEAD = "beyond_the_head"
    HEAD = "head"
    ANCHOR = "anchor"


class ChainWalk:
    """Walks along one chain, entry by entry in the order of their places, and says what is wrong at each.

    ``sequence`` and ``hash`` are what the walk begins behind: 0 and ``first_link`` for a whole chain.
    """

    __slots__ = ("hash", "sequence")

    def __init__(self, sequence: int, previous: bytes) -> None:
        self.sequence = sequence
        self.hash = previous

    def step(self, chained: ChainedEntry, head_sequence: int) -> list[tuple[int, ChainFault]]:
        """What is wrong here, each with its place; the walk goes on behind this entry as it now stands."""
        gap = range(self.sequence + 1, chained.sequence)
        faults = [] if not gap else [(gap[0], ChainFault.MISSING)]
        if not chained.is_itself:
            faults.append((chained.sequence, ChainFault.CHANGED))
        elif chained.previous != self.hash and not gap:
            faults.append((chained.sequence, ChainFault.OUT_OF_ORDER))
        if chained.sequence > head_sequence:
            faults.append((chained.sequence, ChainFault.BEYOND_THE_HEAD))
        self.sequence, self.hash = chained.sequence, chained.hash
        return faults

    def finish(self, head_sequence: int, head_hash: bytes) -> list[tuple[int, ChainFault]]:
        """What is wrong at the end: entries that are gone, or a head that says something else."""
        if self.sequence < head_sequence:
            return [(self.sequence + 1, ChainFault.MISSING)]
        if self.sequence == head_sequence and self.hash != head_hash:
            return [(head_sequence, ChainFault.HEAD)]
        return []
