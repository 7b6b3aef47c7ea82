"""What the menus are made of: entries under headings.

Knows their shape. Refuses to know which there are.
"""

from __future__ import annotations

from dataclasses import dataclass

from commcredits.core.access import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry. ``key`` is what a page says it is (its template sets ``here``); ``path`` stands below the menu's root.

    ``label`` is a marked sentence, ``icon`` a name of the vendored icons.
    """

    key: str
    label: str
    icon: str
    path: str
    permission: Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Entries under a heading, a marked sentence; empty for those at the top."""

    key: str
    heading: str
    entries: tuple[Entry, ...]
