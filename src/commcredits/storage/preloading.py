"""Reading what a batch needs and this process does not know yet.

Knows which commands name what. Refuses to decide. Most batches of a warm process need nothing and cost no round trip.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Final

from commcredits.core.account import Context
from commcredits.core.commands import (
    AssignRateDeck,
    Authorise,
    CloseDispute,
    Command,
    CorrectCall,
    End,
    Expire,
    OpenDispute,
    RecordCall,
    RecordPayment,
    RecordRefund,
    RefundCall,
    RequestRefund,
    SendTopUp,
    Start,
    Update,
)
from commcredits.core.tariffs import RateDeck
from commcredits.storage.cache import AccountCache, Entry
from commcredits.storage.connection import Connection
from commcredits.storage.deciding import OPERATIONS, IdentifiedCommand, Preloaded
from commcredits.storage.decks import load_deck
from commcredits.storage.loading import (
    load_accounts,
    load_answers,
    load_refunds,
    load_sessions,
    load_top_ups,
    lock_accounts,
)
from commcredits.storage.pending import Pending
from commcredits.storage.surrounding import Touched, load_meters, load_people

_STEPS: Final = (Update, End, Start, Expire)
_OF_KNOWN_CALLS: Final = (*_STEPS, RecordCall, CorrectCall, RefundCall)
"""Commands that name a call which was authorised before, but for one that is recorded and may be new."""


async def load_entries(
    connection: Connection, shard_id: int, cache: AccountCache, groups: Mapping[str, list[Pending]], *, locked: bool
) -> dict[str, Entry]:
    """The entries of these organizations, read where the cache has none; ``locked`` reads all anew, under lock.

    An organization that does not exist is missing from the result.
    """
    entries: dict[str, Entry] = {}
    missing: list[str] = []
    for organization_id in groups:
        entry = None if locked else cache.get(organization_id)
        if entry is None:
            missing.append(organization_id)
        else:
            entries[organization_id] = entry
    if missing:
        if locked:
            await lock_accounts(connection, shard_id, missing)
        for organization_id, loaded in (await load_accounts(connection, shard_id, missing)).items():
            entries[organization_id] = cache.put(organization_id, loaded)
    return entries


async def preload(
    connection: Connection,
    shard_id: int,
    groups: Mapping[str, list[Pending]],
    entries: Mapping[str, Entry],
    *,
    locked: bool,
) -> Preloaded:
    """Calls, top-ups and remembered answers that the commands name and the entries do not hold.

    A call that is to be authorised is taken for new without looking, for it nearly always is, and the commit checks it;
    ``locked``, after that check has failed, looks.
    """
    wanted = _Wanted()
    for organization_id, entry in entries.items():
        for pending in groups[organization_id]:
            wanted.note(organization_id, entry, pending.command, locked=locked)
    if wanted.sessions:
        currencies = {organization_id: entry.account.currency for organization_id, entry in entries.items()}
        found = await load_sessions(connection, shard_id, dict.fromkeys(wanted.sessions), currencies)
        for (organization_id, session_id), session in found.items():
            entries[organization_id].sessions[session_id] = session
    return Preloaded(
        answers=await load_answers(connection, shard_id, wanted.answers) if wanted.answers else None,
        top_ups=await load_top_ups(connection, shard_id, wanted.top_ups) if wanted.top_ups else None,
        refunds=await load_refunds(connection, shard_id, wanted.refunds) if wanted.refunds else None,
        assigned=wanted.decks,
    )


async def preload_surroundings(
    connection: Connection,
    shard_id: int,
    groups: Mapping[str, list[Pending]],
    entries: Mapping[str, Entry],
    context: Context,
) -> None:
    """People, numbers and meters that commands of organizations with a roster touch; decks and calls are there."""
    touched = {
        organization_id: _touched(entry, groups[organization_id])
        for organization_id, entry in entries.items()
        if entry.account.roster is not None
    }
    if touched:
        for each in touched.values():
            each.vicinity.trim()
        await load_people(connection, shard_id, touched)
        await load_meters(connection, shard_id, touched, context)
        for organization_id, each in touched.items():
            _hand_over(each, groups[organization_id])


async def read_what_is_needed(
    connection: Connection,
    shard_id: int,
    cache: AccountCache,
    groups: Mapping[str, list[Pending]],
    decks: dict[str, RateDeck],
    context_now: Callable[[], Context],
    *,
    locked: bool,
) -> tuple[dict[str, Entry], Preloaded, Context]:
    """What the commands of these organizations rest on, from the cache and where it has none from the database."""
    entries = await load_entries(connection, shard_id, cache, groups, locked=locked)
    preloaded = await preload(connection, shard_id, groups, entries, locked=locked)
    await load_missing_decks(connection, shard_id, entries, preloaded.assigned, decks)
    # Taken here, after what may take long: meters are chosen and decided at one instant.
    context = context_now()
    await preload_surroundings(connection, shard_id, groups, entries, context)
    return entries, preloaded, context


def needs_no_reading(entry: Entry, waiting: list[Pending], context: Context) -> bool:
    """Whether the entry and the context's decks hold everything that these commands rest on."""
    account = entry.account
    decks, current, following = context.decks, account.rate_deck_id, account.next_rate_deck_id
    if (current is not None and current not in decks) or (following is not None and following not in decks):
        return False
    for pending in waiting:
        command = pending.command
        # Nearly every command is one of these two; of the others it is noted what they name.
        if isinstance(command, Authorise) or (isinstance(command, _STEPS) and command.session_id in entry.sessions):
            continue
        wanted = _Wanted()
        wanted.note(account.organization_id, entry, command, locked=False)
        if wanted.sessions or wanted.top_ups or wanted.answers or wanted.decks:
            return False
    if account.roster is None:
        return True
    touched = _touched(entry, waiting)
    try:
        if touched.missing_lines() or touched.missing_parties() or touched.missing_meters(context):
            return False
    except Exception:  # noqa: BLE001 - whoever raises here raises again where it is answered, and no batch is under way
        return False
    _hand_over(touched, waiting)
    return True


def _hand_over(touched: Touched, waiting: list[Pending]) -> None:
    """Let the decisions that follow have what was found out about their calls."""
    for place, admission in touched.admissions.items():
        waiting[place].admission = admission


def _touched(entry: Entry, waiting: Iterable[Pending]) -> Touched:
    commands = [pending.command for pending in waiting]
    return Touched(entry.account, entry.vicinity, entry.sessions, commands)


async def load_missing_decks(
    connection: Connection,
    shard_id: int,
    entries: Mapping[str, Entry],
    assigned: Iterable[str],
    decks: dict[str, RateDeck],
) -> None:
    """Read the decks of these accounts, and those being assigned, that are not in ``decks`` yet.

    A published deck never changes. LookupError for one that was never published.
    """
    of_accounts = chain.from_iterable(
        (entry.account.rate_deck_id, entry.account.next_rate_deck_id) for entry in entries.values()
    )
    for rate_deck_id in chain(of_accounts, assigned):
        if rate_deck_id is not None and rate_deck_id not in decks:
            decks[rate_deck_id] = await load_deck(connection, shard_id, rate_deck_id)


class _Wanted:
    """What the commands of a batch name and nobody holds yet."""

    __slots__ = ("answers", "decks", "refunds", "sessions", "top_ups")

    def __init__(self) -> None:
        self.sessions: list[tuple[str, str]] = []
        self.top_ups: list[tuple[str, str]] = []
        self.refunds: list[tuple[str, str]] = []
        self.answers: list[tuple[str, str, str]] = []
        self.decks: list[str] = []

    def note(self, organization_id: str, entry: Entry, command: Command, *, locked: bool) -> None:
        if isinstance(command, Authorise):
            if locked and command.session_id not in entry.sessions:
                self.sessions.append((organization_id, command.session_id))
        elif isinstance(command, _OF_KNOWN_CALLS):
            if command.session_id not in entry.sessions:
                self.sessions.append((organization_id, command.session_id))
            if isinstance(command, CorrectCall):
                self.decks.append(command.rate_deck_id)
        elif isinstance(command, SendTopUp | RecordPayment | OpenDispute | CloseDispute):
            self.top_ups.append((organization_id, command.top_up_id))
        elif isinstance(command, RecordRefund):
            self.top_ups.append((organization_id, command.top_up_id))
            self.refunds.append((organization_id, command.refund_id))
        elif isinstance(command, IdentifiedCommand):
            self.answers.append((organization_id, OPERATIONS[type(command)], command.command_id))
            if isinstance(command, AssignRateDeck):
                self.decks.append(command.rate_deck_id)
            elif isinstance(command, RequestRefund):
                self.top_ups.append((organization_id, command.top_up_id))
