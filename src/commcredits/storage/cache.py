"""Accounts and calls as this process last saw them.

Knows what was read or committed at which version. Refuses to be believed: every answer that rests on it is checked
against the database's version before it is given (decision record 0003).
"""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import Final

from commcredits.core.account import Account, Session
from commcredits.storage.loading import LoadedAccount
from commcredits.storage.surrounding import Vicinity

ACCOUNTS_MAX: Final = 200_000
"""Most organizations kept; the one unused for longest is forgotten first."""

ENDED_SESSIONS_MAX: Final = 50_000
"""Most ended calls kept, so that a retransmitted end needs no reading."""


class Entry:
    """One organization: its account at ``version``, and calls of it that are known to be as of that version."""

    __slots__ = ("account", "is_stale", "sessions", "version", "vicinity")

    def __init__(self, loaded: LoadedAccount) -> None:
        self.is_stale = False
        self.account: Account = loaded.account
        self.version: int = loaded.version
        self.sessions: dict[str, Session | None] = {}
        self.vicinity = Vicinity()

    def inherit(self, before: Entry) -> None:
        """Take over whom the entry before knew, while the roster is the same: its version covers people and numbers.

        They were read after that version was, so what a later one changed can be among them only under an older one's
        name. Who was looked for in vain is looked for again, and meters move with every call.
        """
        roster, known = self.account.roster, before.account.roster
        if roster is not None and known is not None and roster.version == known.version:
            for known_by_name in (before.vicinity.lines, before.vicinity.parties):
                for name in [name for name, found in known_by_name.items() if found is None]:
                    del known_by_name[name]
            # Handed over, not copied: a busy organization is loaded anew many times a second.
            self.vicinity, before.vicinity = before.vicinity, Vicinity()
            self.vicinity.meters = {}


class AccountCache:
    """Entries by organization id, bounded in number."""

    __slots__ = ("_accounts_max", "_ended", "_ended_max", "_entries")

    def __init__(self, *, accounts_max: int = ACCOUNTS_MAX, ended_sessions_max: int = ENDED_SESSIONS_MAX) -> None:
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        # Of an entry only its calls, so that nothing else of it is kept once it is replaced.
        self._ended: deque[tuple[dict[str, Session | None], str]] = deque()
        self._accounts_max = accounts_max
        self._ended_max = ended_sessions_max

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, organization_id: str) -> Entry | None:
        """The entry, now the most recently used, or None."""
        entry = self._entries.get(organization_id)
        if entry is None or entry.is_stale:
            return None
        self._entries.move_to_end(organization_id)
        return entry

    def put(self, organization_id: str, loaded: LoadedAccount) -> Entry:
        """A fresh entry in place of whatever was known, but for people and numbers that have not changed since."""
        entry = Entry(loaded)
        before = self._entries.get(organization_id)
        if before is not None:
            entry.inherit(before)
        self._entries[organization_id] = entry
        self._entries.move_to_end(organization_id)
        if len(self._entries) > self._accounts_max:
            self._entries.popitem(last=False)
        return entry

    def forget(self, organization_id: str) -> None:
        """Drop what is known of an organization and its calls; its people are kept for ``put`` to judge by."""
        entry = self._entries.get(organization_id)
        if entry is None:
            return
        if entry.account.roster is None:
            del self._entries[organization_id]
            return
        entry.is_stale = True
        entry.sessions.clear()
        entry.vicinity.meters = {}

    def note_ended(self, entry: Entry, session_id: str) -> None:
        """A call of this entry is over: it may be forgotten once many others have ended after it."""
        self._ended.append((entry.sessions, session_id))
        if len(self._ended) > self._ended_max:
            oldest, ended_id = self._ended.popleft()
            oldest.pop(ended_id, None)
