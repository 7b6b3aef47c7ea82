"""Answers that a call remembers, so that a retransmission gets the first one again.

Knows which command was answered, what it asked for and what it got. Refuses to decide anything new. The same id with
the same content gets the first answer; the same id with other content is a conflict (decision record
0005; RFC 8506 §8.2).
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

from commcredits.core.account import Account, Decision, Memory, Session
from commcredits.core.commands import Authorise
from commcredits.core.outcomes import CallOutcome, RefusalCode, Refused

UPDATES_REMEMBERED: Final = 2
"""How many of a call's latest updates get their first answer again; an older one is refused as stale."""


def content_of(command: Authorise) -> str:
    """A digest of what an authorise asks for: the same id with other content is a conflict."""
    fields = f"{command.service}|{command.caller}|{command.callee}|{command.slice_seconds or ''}|{command.answered:d}"
    if command.call_type is not None or command.user or command.conference_id:
        fields = f"{fields}|{command.call_type or ''}|{command.user}|{command.conference_id}"
    if command.switch:
        fields = f"{fields}|{command.switch}"
    return blake2b(fields.encode(), digest_size=8).hexdigest()


def remember(memory: Memory, key: str, content: str, outcome: CallOutcome) -> Memory:
    """The memory with one more answer: all of authorise, start and end, and the latest updates."""
    kept = memory
    # Fewer answers than that need not be looked through.
    if len(memory) >= UPDATES_REMEMBERED and key.startswith("update:"):
        updates = [entry for entry in memory if entry[0].startswith("update:")]
        if len(updates) >= UPDATES_REMEMBERED:
            kept = tuple(entry for entry in memory if entry is not updates[0])
    return (*kept, (key, content, outcome))


def repeat(account: Account, session: Session, key: str, content: str) -> Decision:
    """The first answer again when the call remembers this command with this content; a conflict otherwise."""
    for remembered, content_before, answer in session.memory:
        if remembered == key and content_before == content:
            return Decision(outcome=answer, account=account)
    facts = {"session_id": session.terms.session_id, "command": key}
    return Decision(outcome=Refused(code=RefusalCode.CONFLICT, facts=facts), account=account)


def find_update(account: Account, session: Session, key: str, number: int, content: str) -> Decision | None:
    """The answer to an update that came before, or None for a new one."""
    newest = 0
    for remembered, _content_before, _answer in session.memory:
        if remembered == key:
            return repeat(account, session, key, content)
        if remembered.startswith("update:"):
            newest = max(newest, int(remembered[7:]))
    if number < newest:
        facts: dict[str, str | int] = {"request_number": number, "newest": newest}
        return Decision(outcome=Refused(code=RefusalCode.STALE_REQUEST, facts=facts), account=account)
    return None
