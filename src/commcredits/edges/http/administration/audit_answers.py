"""What the JSON bodies of answers about the audit log hold, made from what operations return.

Knows how instants and hashes are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from commcredits.core.audit import AuditOutcome, ChainFault
from commcredits.edges.http.administration.answers import Identity, Time, time, time_or_none
from commcredits.operations.audit_checking import AuditProof as ProofRecord
from commcredits.operations.audit_checking import write_anchor
from commcredits.operations.audit_log import AuditedAct as ActRecord
from commcredits.storage.audit import ChainHead as HeadRecord
from commcredits.storage.identifiers import OPERATOR_ID

Place = Annotated[int, Field(ge=1, description="The place of an entry in its chain, counted from 1.")]
Values = Annotated[dict[str, Any], Field(description="Values by name; secrets are withheld, long ones cut.")]
Hash = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="SHA-256 in hexadecimal digits.")]


class AuditAct(BaseModel):
    """What somebody wanted, and what became of it.

    ``organization_id`` is null for what stands in the operator's own log. An ``outcome`` "asked" was cut off: what was
    wanted may have been done or not. ``code`` says why not, ``made`` the
    id of what was made. ``before`` and ``after`` hold what the act changes, as it
    stood; empty where the log does not follow it.
    """

    organization_id: Identity | None
    sequence: Place
    answer_sequence: Place | None
    at: Time
    answered_at: Time | None
    actor_kind: Literal["person", "key", "terminal"]
    actor_id: str
    actor_name: str
    roles: list[str]
    interface: str
    source: str
    operation: str
    subject: str
    made: str
    outcome: AuditOutcome
    code: str
    reason: str
    parameters: Values
    before: Values
    after: Values


class AuditHead(BaseModel):
    """Where a chain ends. ``anchor`` says it in one text, to be kept elsewhere and shown to the proof later."""

    organization_id: Identity | None
    sequence: Place
    hash: Hash
    anchor: str


class AuditFault(BaseModel):
    """One place where a chain is not what it was."""

    organization_id: Identity | None
    sequence: Place
    fault: ChainFault


class AuditProof(BaseModel):
    """How many chains and entries were walked, and what is wrong; nothing, if all is well."""

    chains: int
    entries: int
    faults: list[AuditFault]


def act(record: ActRecord) -> AuditAct:
    """An act as it is answered."""
    return AuditAct(
        organization_id=record.organization_id,
        sequence=record.sequence,
        answer_sequence=record.answer_sequence,
        at=time(record.at),
        answered_at=time_or_none(record.answered_at),
        actor_kind=_kind(record.actor_kind),
        actor_id=record.actor_id,
        actor_name=record.actor_name,
        roles=list(record.roles),
        interface=record.edge,
        source=record.source,
        operation=record.operation,
        subject=record.subject,
        made=record.made,
        outcome=record.outcome,
        code=record.code,
        reason=record.reason,
        parameters=dict(record.parameters),
        before=dict(record.before),
        after=dict(record.after),
    )


def head(record: HeadRecord) -> AuditHead:
    """The end of a chain as it is answered."""
    return AuditHead(
        organization_id=_owner(record.organization_id),
        sequence=record.sequence,
        hash=record.hash.hex(),
        anchor=write_anchor(record),
    )


def proof(record: ProofRecord) -> AuditProof:
    """A proof as it is answered."""
    return AuditProof(
        chains=record.chains,
        entries=record.entries,
        faults=[
            AuditFault(organization_id=_owner(each.organization_id), sequence=each.sequence, fault=each.fault)
            for each in record.faults
        ],
    )


def _owner(organization_id: str) -> str | None:
    return None if organization_id == OPERATOR_ID else organization_id


def _kind(text: str) -> Literal["person", "key", "terminal"]:
    match text:
        case "person" | "key" | "terminal":
            return text
        case _:
            raise AssertionError("the table takes no other kind")
