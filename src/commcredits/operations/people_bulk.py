"""Licences of many users at once: for those who were picked, or for everybody who meets a filter.

Knows that what was looked at is what is done: an act names the digest of its preview, and nothing is written where
people, licences or stock have moved since. Refuses to fail as a whole because somebody cannot have a licence: whoever
can gets it, and the report says who stays without and why.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.allotting import Share, Wish, allot
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence
from commcredits.operations.inputs import invalid_input, is_identifier
from commcredits.operations.organizations import get_organization
from commcredits.operations.people_lists import PeopleFilter, filter_values
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.parties import party_of, update_parties
from commcredits.storage.rosters import changing_roster, count_licences

CHOSEN_MAX: Final = 100_000
"""Most people whose licences change together."""

PICKED_MAX: Final = 1_000
"""Most people who are picked one by one."""

SHOWN_MAX: Final = 200
"""How many of each kind a report names; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Whose licences change: those with these object ids, or, without any, everybody who meets the filter."""

    party_ids: tuple[str, ...] = ()
    narrowed: PeopleFilter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkReport:
    """What becomes of the people who were chosen, each in one of four groups; of each the first 200 are named.

    ``changes`` get other licences; ``kept_count`` have them as they shall be already; ``conflicts`` cannot have them;
    for ``without`` there are not enough. ``missing`` counts picked people who are not there, or not there any more.
    ``digest`` stands for all of it. ``moved`` tells that the digest of the preview is not this one any more, so that
    nothing was written.
    """

    changes: tuple[Share, ...]
    change_count: int
    kept_count: int
    conflicts: tuple[Share, ...]
    conflict_count: int
    without: tuple[Share, ...]
    without_count: int
    missing: int
    digest: str
    written: bool
    moved: bool = False

    @property
    def chosen_count(self) -> int:
        """How many people were chosen."""
        return self.change_count + self.kept_count + self.conflict_count + self.without_count


@acts(Permission.USERS_WRITE)
async def change_licences_together(
    services: Services,
    *,
    organization_id: str,
    selection: Selection,
    wish: Wish,
    expected: str = "",
    dry_run: bool = False,
) -> BulkReport | Refused:
    """Give and take licences of everybody who was chosen, in order of display name, as long as they last.

    With ``dry_run`` nothing is written. Otherwise ``expected`` is the digest of the preview that somebody agreed to.
    """
    refused = _refuse(selection, wish)
    if refused is not None:
        return refused
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN and wish.assign:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    async with (change := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        shares = await _shares(connection, services.shard_id, organization_id, selection, wish)
        if isinstance(shares, Refused):
            change.withdraw()
            return shares
        digest = _digest_of(shares, wish)
        moved = not dry_run and digest != expected
        changed = [share.after for share in shares if share.changes]
        written = bool(changed) and not dry_run and not moved
        if written:
            await update_parties(connection, services.shard_id, organization_id, changed)
        else:
            change.withdraw()
    missing = max(0, len(set(selection.party_ids)) - len(shares))
    return _report(shares, digest, missing=missing, written=written, moved=moved)


async def _shares(
    connection: Connection, shard_id: int, organization_id: str, selection: Selection, wish: Wish
) -> tuple[Share, ...] | Refused:
    """What each gets, within the roster's lock, so that nobody else takes a licence in between."""
    if selection.party_ids:
        wanted: tuple[object, ...] = ("", "", None, None, "", "", list(selection.party_ids))
    else:
        wanted = (*filter_values(selection.narrowed or PeopleFilter()), None)
    rows = await connection.fetch(load_statement("choose_people"), shard_id, organization_id, *wanted, CHOSEN_MAX + 1)
    if len(rows) > CHOSEN_MAX:
        return invalid_input("users", f"more than {CHOSEN_MAX} users", f"at most {CHOSEN_MAX} users at once")
    counts = await count_licences(connection, shard_id, organization_id)
    # In a thread, for it can be one long piece of work, and others of this process want their turns.
    return await asyncio.to_thread(lambda: allot(map(party_of, rows), wish, counts.assigned, counts.bought))


def _report(shares: tuple[Share, ...], digest: str, *, missing: int, written: bool, moved: bool) -> BulkReport:
    changes = [share for share in shares if share.changes]
    refused = [share for share in shares if share.refused is not None]
    without = [each for each in refused if each.refused and each.refused.code is RefusalCode.LICENCE_NOT_AVAILABLE]
    conflicts = [
        each for each in refused if each.refused and each.refused.code is not RefusalCode.LICENCE_NOT_AVAILABLE
    ]
    return BulkReport(
        changes=tuple(changes[:SHOWN_MAX]),
        change_count=len(changes),
        kept_count=len(shares) - len(changes) - len(refused),
        conflicts=tuple(conflicts[:SHOWN_MAX]),
        conflict_count=len(conflicts),
        without=tuple(without[:SHOWN_MAX]),
        without_count=len(without),
        missing=missing,
        digest=digest,
        written=written,
        moved=moved,
    )


def _digest_of(shares: Iterable[Share], wish: Wish) -> str:
    """One text for what would be done: to whom, from which licences to which, and who cannot."""
    sum_of = hashlib.sha256(f"{sorted(wish.assign)}{sorted(wish.take)}{wish.replaces}".encode())
    for share in shares:
        why = "" if share.refused is None else share.refused.code.value
        before, after = (",".join(sorted(each.licences)) for each in (share.before, share.after))
        sum_of.update(f"\n{share.before.party_id}|{before}|{after}|{why}".encode())
    return sum_of.hexdigest()


def _refuse(selection: Selection, wish: Wish) -> Refused | None:
    if not wish.assign and not wish.take:
        return invalid_input("licences", "", f"at least one of {', '.join(Licence)}")
    if both := wish.assign & wish.take:
        return invalid_input("licences", min(both), "a licence either to give or to take")
    if not selection.party_ids and selection.narrowed is None:
        return invalid_input("users", "", "at least one user")
    if len(selection.party_ids) > PICKED_MAX:
        return invalid_input("users", f"{len(selection.party_ids)} users", f"at most {PICKED_MAX} users")
    for party_id in selection.party_ids:
        if not is_identifier(party_id):
            return invalid_input("users", party_id, "object ids of users")
    return None if selection.narrowed is None else selection.narrowed.refusal()
