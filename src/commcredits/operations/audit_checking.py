"""Proof that nobody rewrote the audit log: every chain is walked from its beginning, or from an anchor, to its head.

Knows what can be wrong with a chain. Refuses to repair one, and to hold more of it in memory than a few entries.
Whoever can write to the database's files can rewrite a whole chain; only a head that was kept elsewhere shows that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.audit import ChainFault, ChainWalk, first_link
from commcredits.core.outcomes import Refused
from commcredits.operations.audit_log import SEQUENCE_MAX
from commcredits.operations.inputs import invalid_input
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.audit import ChainHead, list_heads, walk_chains
from commcredits.storage.connection import Connection

_ANCHOR: Final = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):([0-9]{1,19}):([0-9a-f]{64})", re.ASCII)

FAULTS_MAX: Final = 1_000
"""Most faults that are told; a log that is wrong in more places needs no longer list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFault:
    """One place where a chain is not what it was. ``organization_id`` is all zeros for the operator's chain."""

    organization_id: str
    sequence: int
    fault: ChainFault


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditProof:
    """How many chains and entries were walked, and what is wrong; nothing, if all is well."""

    chains: int
    entries: int
    faults: tuple[AuditFault, ...]


@reads(Permission.OPERATOR_AUDIT)
async def verify_audit(services: Services, *, since: ChainHead | None = None) -> AuditProof | Refused:
    """Walk every chain; or one, from an entry whose hash was kept elsewhere on."""
    if since is not None:
        # Whoever made it by hand may have made what the database cannot even compare.
        checked = read_anchor(write_anchor(since))
        if isinstance(checked, Refused):
            return checked
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await walk_audit(connection, services.shard_id, since=since)


async def walk_audit(connection: Connection, shard_id: int, *, since: ChainHead | None = None) -> AuditProof:
    """The same, in the caller's snapshot."""
    only = None if since is None else since.organization_id
    heads = {head.organization_id: head for head in await list_heads(connection, shard_id, only)}
    proof = _Proof(heads, since)
    async for chained in walk_chains(connection, shard_id, only, 0 if since is None else since.sequence - 1):
        proof.entries += 1
        proof.note(
            chained.organization_id,
            proof.walk_of(chained.organization_id).step(chained, proof.head_sequence(chained.organization_id)),
        )
        if since is not None and chained.sequence == since.sequence and chained.hash != since.hash:
            proof.note(chained.organization_id, [(chained.sequence, ChainFault.ANCHOR)])
    proof.finish()
    return AuditProof(chains=len(proof.walks), entries=proof.entries, faults=tuple(proof.faults))


class _Proof:
    """What was found so far. ``walks`` holds a place and a hash for each chain, and no entry."""

    def __init__(self, heads: dict[str, ChainHead], since: ChainHead | None) -> None:
        self.walks: dict[str, ChainWalk] = {}
        self.faults: list[AuditFault] = []
        self.entries = 0
        self._heads = heads
        self._since = since

    def walk_of(self, organization_id: str) -> ChainWalk:
        """The walk along this chain, which begins at its beginning or before the anchor."""
        if organization_id not in self.walks:
            self.walks[organization_id] = ChainWalk(0, first_link(organization_id))
        return self.walks[organization_id]

    def head_sequence(self, organization_id: str) -> int:
        """Where the chain ends; 0 where no head says so."""
        head = self._heads.get(organization_id)
        return 0 if head is None else head.sequence

    def note(self, organization_id: str, faults: list[tuple[int, ChainFault]]) -> None:
        """Keep what is wrong; what lies before an anchor is not looked at."""
        for sequence, fault in faults:
            before_anchor = self._since is not None and sequence < self._since.sequence
            if not before_anchor and len(self.faults) < FAULTS_MAX:
                self.faults.append(AuditFault(organization_id=organization_id, sequence=sequence, fault=fault))

    def finish(self) -> None:
        """Look at the ends: of every chain that has a head, and of the anchor's even where nothing is left of it."""
        for head in self._heads.values():
            self.note(head.organization_id, self.walk_of(head.organization_id).finish(head.sequence, head.hash))
        anchor = self._since
        if anchor is not None and self.head_sequence(anchor.organization_id) < anchor.sequence:
            self.note(anchor.organization_id, [(anchor.sequence, ChainFault.MISSING)])


def write_anchor(head: ChainHead) -> str:
    """Where a chain ends as one text without blanks, to be kept elsewhere."""
    return f"{head.organization_id}:{head.sequence}:{head.hash.hex()}"


def read_anchor(text: str) -> ChainHead | Refused:
    """The place and hash that ``write_anchor`` wrote."""
    found = _ANCHOR.fullmatch(text)
    if found is None or not 1 <= int(found[2]) <= SEQUENCE_MAX:
        return invalid_input("since", text, "what `audit head` gave, such as ORGANIZATION:42:HASH")
    return ChainHead(organization_id=found[1], sequence=int(found[2]), hash=bytes.fromhex(found[3]))
