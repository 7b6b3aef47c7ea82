"""One organization twice: in the database behind its committers, and in the memory of a test that only asks the core.

Knows how to do the same to both and how to compare all that is left of it. Refuses to know what is done.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from msgspec.structs import asdict, replace

from commcredits.core.account import Account, Session
from commcredits.core.commands import Command
from commcredits.core.meters import Meter, MeterId
from commcredits.core.outcomes import BlockSet, LotGranted, Outcome, Refused
from commcredits.core.roster import Block, Line, NumberKind, NumberPurpose
from commcredits.storage.committer import Committer
from commcredits.storage.decks import load_deck
from commcredits.storage.loading import load_accounts, load_sessions
from commcredits.storage.parties import party_of
from commcredits.storage.surrounding import block_of
from tests.core.books import Books
from tests.storage.committer.staff import Staff
from tests.storage.committer.world import FUNDING, SHARD, execute_all


@dataclass(kw_only=True)
class Twins:
    """The staff's organization, and its books in memory, which nobody but ``do`` writes."""

    staff: Staff
    books: Books

    async def do(self, committer: Committer, commands: Sequence[Command]) -> list[Outcome]:
        """What these commands, in one breath, get from the committer; AssertionError when the core says otherwise."""
        self.books.now = self.staff.world.clock.now
        answers = await execute_all(committer, commands)
        for command, answer in zip(commands, answers, strict=True):
            expected = self.books.do(command)
            assert _comparable(answer) == _comparable(expected), f"{command}: told {answer}, decided {expected}"
            if isinstance(answer, LotGranted) and isinstance(expected, LotGranted):
                self._rename_lot(expected.lot_id, answer.lot_id)
        return answers

    async def learn_people(self) -> None:
        """Take over whom the database knows by now."""
        database, organization_id = self.staff.world.database, self.staff.organization_id
        self.books.account = replace(self.books.account, roster=(await self._account()).roster)
        self.books.parties = {}
        for row in await database.fetch("select * from parties where organization_id = $1", organization_id):
            party = party_of(row)
            self.books.parties[party.party_id] = party
            self.books.parties[party.user_principal_name.lower()] = party
        self.books.lines = {}
        for row in await database.fetch("select * from phone_numbers where organization_id = $1", organization_id):
            party_id = None if row["party_id"] is None else str(row["party_id"])
            self.books.lines[row["number"]] = Line(
                number=row["number"],
                kind=NumberKind(row["kind"]),
                purpose=NumberPurpose(row["purpose"]),
                party_id=party_id,
            )

    async def learn_calls(self) -> None:
        """Take over which calls the database knows by now, and what they left on meters."""
        self.books.sessions = await self._sessions()
        self.books.meters = await self._meters()

    async def compare(self) -> None:
        """Account, calls, meters and blocks are the same on both sides, in every field."""
        account = await self._account()
        self._rename_blocks(account.blocks)
        _same("account", asdict(account), asdict(self.books.account))
        _same("meters", await self._meters(), _counting(self.books.meters))
        _same("blocks", dict(enumerate(await self._blocks())), dict(enumerate(_in_order(self.books.blocks.values()))))
        _same("calls", _told(await self._sessions()), _told(self.books.sessions))

    async def _account(self) -> Account:
        organization_id = self.staff.organization_id
        loaded = await load_accounts(self.staff.world.database, SHARD, [organization_id])
        return loaded[organization_id].account

    async def _meters(self) -> dict[MeterId, Meter]:
        rows = await self.staff.world.database.fetch(
            "select * from meters where organization_id = $1", self.staff.organization_id
        )
        meters = [
            Meter(
                key=row["key"], period=row["period"], used=row["used"], held=row["held"], reached_at=row["reached_at"]
            )
            for row in rows
        ]
        return _counting({meter.meter_id: meter for meter in meters})

    async def _blocks(self) -> list[Block]:
        rows = await self.staff.world.database.fetch(
            "select * from blocks where organization_id = $1", self.staff.organization_id
        )
        return _in_order(block_of(row) for row in rows)

    async def _sessions(self) -> dict[str, Session]:
        organization_id = self.staff.organization_id
        rows = await self.staff.world.database.fetch(
            "select session_id from call_sessions where organization_id = $1", organization_id
        )
        loaded = await load_sessions(
            self.staff.world.database,
            SHARD,
            [(organization_id, row["session_id"]) for row in rows],
            {organization_id: self.books.account.currency},
        )
        return {session_id: session for (_organization_id, session_id), session in loaded.items()}

    def _rename_lot(self, before: str, after: str) -> None:
        """Call a lot in memory, which nothing was drawn on yet, by its name in the database."""
        lots = tuple(
            replace(lot, terms=replace(lot.terms, lot_id=after)) if lot.terms.lot_id == before else lot
            for lot in self.books.account.lots
        )
        self.books.account = replace(self.books.account, lots=lots)

    def _rename_blocks(self, known: Sequence[Block]) -> None:
        names = {(block.kind, block.subject): block.block_id for block in known}
        blocks = tuple(
            replace(block, block_id=names.get((block.kind, block.subject), "missing"))
            for block in self.books.account.blocks
        )
        # Those set at one instant stand in the order of their names in the database.
        blocks = tuple(sorted(blocks, key=lambda block: (block.blocked_at, block.block_id)))
        for memory, named in zip(self.books.account.blocks, blocks, strict=True):
            self.books.blocks.pop(memory.block_id, None)
            self.books.blocks[named.block_id] = named
        self.books.account = replace(self.books.account, blocks=blocks)


async def twins_of(staff: Staff) -> Twins:
    """The organization as it is now, twice, with every deck that there is."""
    loaded = await load_accounts(staff.world.database, SHARD, [staff.organization_id])
    account = loaded[staff.organization_id].account
    published = await staff.world.database.fetch("select rate_deck_id::text from rate_decks")
    decks = [await load_deck(staff.world.database, SHARD, row["rate_deck_id"]) for row in published]
    books = Books(
        account=account,
        now=staff.world.clock.now,
        decks={deck.rate_deck_id: deck for deck in decks},
        charging=staff.world.charging,
        funding=FUNDING,
    )
    twins = Twins(staff=staff, books=books)
    await twins.learn_people()
    await twins.learn_calls()
    return twins


def _comparable(outcome: Outcome) -> object:
    """An answer without the names that each side makes up itself."""
    if isinstance(outcome, LotGranted):
        return replace(outcome, lot_id="")
    if isinstance(outcome, BlockSet):
        return replace(outcome, block_id="")
    if isinstance(outcome, Refused):
        return replace(
            outcome,
            facts={name: fact for name, fact in outcome.facts.items() if name != "block_id"},
            would_change_it=tuple(key.partition(":")[0] for key in outcome.would_change_it),
        )
    return outcome


def _told(sessions: Mapping[str, Session]) -> dict[str, object]:
    """Calls without the names that their remembered answers tell."""
    return {
        session_id: (
            replace(session, memory=()),
            [(key, content, _comparable(answer)) for key, content, answer in session.memory],
        )
        for session_id, session in sessions.items()
    }


def _counting(meters: Mapping[MeterId, Meter]) -> dict[MeterId, Meter]:
    """Meters without those that stand at zero, as meters that were never heard of do."""
    return {key: meter for key, meter in meters.items() if meter != Meter(key=meter.key, period=meter.period)}


def _in_order(blocks: Iterable[Block]) -> list[Block]:
    """Blocks without their names, in an order that both sides share."""
    return sorted((replace(block, block_id="") for block in blocks), key=lambda block: (block.blocked_at, str(block)))


def _same(what: str, found: Mapping[Any, object], expected: Mapping[Any, object]) -> None:
    """Complain about the first thing that differs, if any does."""
    for name in {**found, **expected}:
        assert found.get(name) == expected.get(name), (
            f"{what} {name}: stored {found.get(name)}, decided {expected.get(name)}"
        )
