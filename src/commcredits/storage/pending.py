"""Commands that wait for their outcome, and whom to tell.

Knows that each is answered exactly once. Refuses to decide, and to know when an outcome is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import structlog

from commcredits.core.admission import Admission
from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome


class Pending:
    """A command that waits, and whom to tell. It is answered exactly once.

    ``admission`` is what was found out about its call when the batch was prepared; each preparation finds out anew.
    ``warmed`` says that what it needs was read for once (commcredits.storage.warming). ``outcome`` is what was decided
    last, and is told when that is durable.
    """

    __slots__ = ("admission", "answered", "callback", "command", "outcome", "warmed")

    outcome: Outcome

    def __init__(self, command: Command, callback: Callable[[Outcome], None]) -> None:
        self.command = command
        self.callback = callback
        self.answered = False
        self.admission: Admission | None = None
        self.warmed = False

    def answer(self, outcome: Outcome) -> None:
        """Tell the outcome, once. A callback that fails is its owner's bug and stops nothing here."""
        if self.answered:
            return
        self.answered = True
        try:
            self.callback(outcome)
        except Exception:  # noqa: BLE001 - whatever the callback's bug is, others wait for their answers
            structlog.get_logger("committer").exception("callback failed")


def group(pending: Iterable[Pending]) -> dict[str, list[Pending]]:
    """Commands by organization, each in the order in which they came."""
    groups: dict[str, list[Pending]] = {}
    for each in pending:
        organization_id = each.command.organization_id
        waiting = groups.get(organization_id)
        if waiting is None:
            groups[organization_id] = [each]
        else:
            waiting.append(each)
    return groups


def unanswered(pending: Iterable[Pending]) -> list[Pending]:
    """Those that nobody has told anything yet."""
    return [each for each in pending if not each.answered]


def answer_all(pending: Iterable[Pending], outcome: Outcome) -> None:
    """Tell all of these the same."""
    for each in pending:
        each.answer(outcome)
