"""Writing the audit log: what is wanted before it is done, what became of it after.

Knows when an entry is due and what goes into it. Refuses to let an act begin that could not be written down: then
nothing is done. Acts of the product itself leave no entry here; the journal and the notices tell of them. Charging
does not either: calls have records of their own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from commcredits.core.access import Actor, ActorKind, Permission
from commcredits.core.audit import AuditEntry, AuditOutcome
from commcredits.core.outcomes import Refused
from commcredits.operations.audit_values import one_line, written, written_value
from commcredits.operations.services import Services
from commcredits.storage.audit import ChainPlace, append_entry

Look = Callable[[Services, Mapping[str, Any]], Awaitable[object]]
"""Reads what an act is about to change, from its parameters by name; asked before the act and after it."""

REASON_CHARACTERS_MAX: Final = 500

_AUDITED: Final = frozenset({ActorKind.PERSON, ActorKind.KEY, ActorKind.TERMINAL})
_REASONS: Final = ("reason", "note", "comment")
_SUBJECTS: Final = ("number", "user", "address", "name", "rate_deck_id", "locale")
_NO_SUBJECTS: Final = frozenset({"organization_id", "command_id"})
_ID: Final = "_id"

_log: Final = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody wants: which operation, for which organization, with which parameters.

    ``look`` reads what is about to change; ``services`` are those of the act itself.
    """

    services: Services
    operation: str
    organization_id: str | None
    given: Mapping[str, Any]
    look: Look | None = None


def is_audited(actor: Actor, permission: Permission) -> bool:
    """Whether acts of this actor leave an entry: people's, programs' and the terminal's do."""
    return actor.kind in _AUDITED and not actor.is_checked and permission is not Permission.CHARGING


async def ask(wanted: Wanted) -> ChainPlace:
    """Write down what is wanted, before it is done. What this raises ends the act before it began."""
    before = await _looked(wanted)
    return await _append(wanted, AuditOutcome.ASKED, before=before)


async def answer(wanted: Wanted, asked: ChainPlace, outcome: AuditOutcome, result: object) -> None:
    """Write down what became of it.

    It has happened by now, so a failure to write is logged and hidden from whoever acted: the entry that stands before
    the act has no answer then, which says just that.
    """
    code = result.code.value if isinstance(result, Refused) else ""
    if isinstance(result, BaseException):
        code = type(result).__name__
    try:
        after = await _looked(wanted) if outcome is AuditOutcome.DONE else ""
        await _append(
            wanted,
            outcome,
            chain=asked.organization_id,
            answers=asked.sequence,
            code=code,
            after=after,
            subject=_made(result) if outcome is AuditOutcome.DONE else "",
        )
    except Exception as error:  # noqa: BLE001 - the act is done; nothing may make it look undone
        _log.error("audit answer failed", operation=wanted.operation, sequence=asked.sequence, error=repr(error)[:200])


async def deny(wanted: Wanted, refused: Refused) -> None:
    """Write down that somebody wanted what they may not do, in the chain of whoever asked.

    The organization that they asked of, if it is not theirs, is the subject: nobody writes into another's log.
    """
    actor = wanted.services.actor
    subject = wanted.organization_id or "" if wanted.organization_id != actor.organization_id else ""
    await _append(wanted, AuditOutcome.DENIED, chain=actor.organization_id, code=refused.code.value, subject=subject)


async def note_read(wanted: Wanted) -> None:
    """Write down that somebody is about to be given what is worth an entry."""
    await _append(wanted, AuditOutcome.READ)


async def _append(
    wanted: Wanted,
    outcome: AuditOutcome,
    *,
    chain: str | None = None,
    answers: int | None = None,
    subject: str = "",
    code: str = "",
    before: str = "",
    after: str = "",
) -> ChainPlace:
    services, actor = wanted.services, wanted.services.actor
    given = {name: value for name, value in wanted.given.items() if name != "organization_id"}
    reason = next((given.pop(name) for name in _REASONS if isinstance(given.get(name), str)), "")
    is_answer = answers is not None
    entry = AuditEntry(
        at=services.clock(),
        actor_kind=actor.kind.value,
        actor_id=one_line(actor.actor_id),
        actor_name=one_line(actor.name),
        roles=tuple(role.value for role in actor.roles),
        edge=one_line(actor.edge),
        source=one_line(actor.source),
        operation=wanted.operation,
        answers=answers,
        outcome=outcome.value,
        subject=subject or ("" if is_answer else _subject(given)),
        code=one_line(code),
        reason="" if is_answer else one_line(reason, REASON_CHARACTERS_MAX),
        parameters="" if is_answer else written(given),
        before=before,
        after=after,
    )
    return await append_entry(
        services.pool, services.shard_id, wanted.organization_id if chain is None else chain, entry
    )


async def _looked(wanted: Wanted) -> str:
    """What the act changes, as it stands; nothing where it cannot be read, for that must not stop the act itself."""
    if wanted.look is None:
        return ""
    try:
        found = await wanted.look(wanted.services, wanted.given)
    except Exception as error:  # noqa: BLE001 - the operation itself refuses what is wrong with its input
        _log.info("audit look failed", operation=wanted.operation, error=type(error).__name__)
        return ""
    return "" if isinstance(found, Refused) else written_value(found)


def _subject(given: Mapping[str, object]) -> str:
    """What an act is about, by the name of its parameter: an id before a number, a person, a name."""
    ids = (name for name in given if name.endswith(_ID) and name not in _NO_SUBJECTS)
    for name in (*ids, *_SUBJECTS):
        value = given.get(name)
        if isinstance(value, str) and value:
            return one_line(value)
    return ""


def _made(result: object) -> str:
    """The id of what an act made, where its result begins with one."""
    names = getattr(type(result), "__struct_fields__", None) or getattr(type(result), "__dataclass_fields__", None)
    for name in names or ():
        value = getattr(result, name, None)
        if str(name).endswith(_ID) and name != "organization_id" and isinstance(value, str):
            return one_line(value)
    found = getattr(result, "organization_id", None)
    return one_line(found) if isinstance(found, str) else ""
