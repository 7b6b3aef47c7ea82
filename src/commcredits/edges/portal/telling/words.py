"""What groups of notices are called on the pages, and which kinds each holds.

Knows words. Refuses to know who chose what.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.edges.translations import marked
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations.notice_kinds import GROUP_OF, NoticeGroup

GROUPS: Final[Mapping[NoticeGroup, str]] = {
    NoticeGroup.ALL: marked("Everything, also what is added later"),
    NoticeGroup.PAYMENTS: marked("All about payments"),
    NoticeGroup.AUTO_RECHARGE: marked("All about auto-recharge"),
    NoticeGroup.BALANCE: marked("All about the balance"),
    NoticeGroup.MINUTES: marked("All about minute pools"),
    NoticeGroup.DISPUTES: marked("All about disputes"),
    NoticeGroup.WEBHOOKS: marked("All about webhooks"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KindGroup:
    """A group as a form offers it: its word, and its kinds with theirs. ``label`` and sentences are marked."""

    key: str
    label: str
    kinds: tuple[tuple[str, str], ...]


def groups_of_kinds() -> tuple[KindGroup, ...]:
    """Every group in order, each with its own kinds; the group of all holds none of its own."""
    return tuple(
        KindGroup(
            key=group.value,
            label=label,
            kinds=tuple((kind.value, EXPLANATIONS[kind]) for kind in EXPLANATIONS if GROUP_OF.get(kind) is group),
        )
        for group, label in GROUPS.items()
    )
