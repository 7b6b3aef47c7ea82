"""What stands around an organization's calls: reading its people, numbers, meters and blocks.

Knows which of them a batch of commands touches and which of those are not in memory yet. Refuses to decide with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import asyncpg

from commcredits.core.account import Account, Context, Session, Surroundings
from commcredits.core.admission import Admission, admit, meters_of, own_number, readmit
from commcredits.core.blocking import meter_of
from commcredits.core.commands import (
    Authorise,
    Command,
    CorrectCall,
    End,
    Expire,
    LiftBlock,
    RecordCall,
    RefundCall,
    Start,
    Update,
)
from commcredits.core.meters import Meter, MeterId
from commcredits.core.roster import (
    Block,
    BlockedKind,
    BlockReason,
    Line,
    NumberKind,
    NumberPurpose,
    Party,
)
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import identifier_or_none
from commcredits.storage.parties import party_of

PEOPLE_MAX: Final = 100_000
"""Most numbers, and most people, kept in memory per organization: callers from outside choose what is looked up."""


class Vicinity:
    """What is known around one organization's calls; a name that is nobody's maps to None."""

    __slots__ = ("lines", "meters", "parties")

    def __init__(self) -> None:
        self.lines: dict[str, Line | None] = {}
        self.parties: dict[str, Party | None] = {}
        self.meters: dict[MeterId, Meter] = {}

    def view(self) -> Surroundings:
        """What decisions see; it follows what is loaded later."""
        return Surroundings(lines=self.lines, parties=self.parties, meters=self.meters)

    def trim(self) -> None:
        """Forget everything once it has grown too large; whatever is needed is read again."""
        for known in (self.lines, self.parties, self.meters):
            if len(known) > PEOPLE_MAX:
                known.clear()


class Touched:
    """One organization's commands with the calls that they name, and what is around them.

    ``admissions`` holds, once meters were looked for, what the core says of each command that begins a call, by its
    place: to be handed to the decision, which would ask the same.
    """

    __slots__ = ("account", "admissions", "commands", "sessions", "vicinity")

    def __init__(
        self,
        account: Account,
        vicinity: Vicinity,
        sessions: Mapping[str, Session | None],
        commands: Iterable[Command],
    ) -> None:
        self.account = account
        self.admissions: dict[int, Admission] = {}
        self.vicinity = vicinity
        self.sessions = sessions
        self.commands = commands

    def missing_lines(self) -> set[str]:
        """Own numbers that no look-up was made for yet."""
        lines = self.vicinity.lines
        numbers = {own_number(command) for command in self.commands if isinstance(command, Authorise | RecordCall)}
        return {number for number in numbers if number not in lines}

    def missing_parties(self) -> set[str]:
        """Object ids and names in lower case that no look-up was made for yet, as far as numbers and people tell."""
        parties = self.vicinity.parties
        return {name for name in self._named() if name not in parties}

    def missing_meters(self, context: Context) -> set[MeterId]:
        """Meters that these commands would hold, use or look at."""
        meters = self.vicinity.meters
        around = self.vicinity.view()
        return {meter_id for meter_id in self._metered(context, around) if meter_id not in meters}

    def _named(self) -> Iterator[str]:
        for command in self.commands:
            if isinstance(command, Authorise | RecordCall):
                if command.user:
                    yield from self._and_shared_calling(command.user.lower())
                    continue
                line = self.vicinity.lines.get(own_number(command))
                if line is not None and line.party_id is not None:
                    yield from self._and_shared_calling(line.party_id)
            elif isinstance(command, Update):
                session = self.sessions.get(command.session_id)
                booking = None if session is None else session.terms.booking
                if booking is not None:
                    yield from (party_id for party_id in (booking.party_id, booking.user_id) if party_id)

    def _and_shared_calling(self, name: str) -> Iterator[str]:
        yield name
        party = self.vicinity.parties.get(name)
        if party is not None and party.shared_calling_account:
            yield party.shared_calling_account

    def _metered(self, context: Context, around: Surroundings) -> Iterator[MeterId]:
        for place, command in enumerate(self.commands):
            if isinstance(command, Authorise | RecordCall):
                at = context.now if isinstance(command, Authorise) else command.started_at
                if at > context.now:
                    continue  # it is refused, and no zone may have a month for the last instants of the calendar
                admission = self.admissions[place] = admit(self.account, command, at, context, around)
                yield from meters_of(admission)
            elif isinstance(command, Update | End | Start | Expire | CorrectCall | RefundCall):
                session = self.sessions.get(command.session_id)
                if session is not None and session.meter_parts:
                    yield from (part.meter_id for part in session.meter_parts)
                    if isinstance(command, Update) and session.terms.booking is not None:
                        yield from meters_of(readmit(self.account, session, around))
            elif isinstance(command, LiftBlock):
                for block in self.account.blocks:
                    meter_id = meter_of(block)
                    if block.block_id == command.block_id and meter_id is not None:
                        yield meter_id


async def load_people(connection: Connection, shard_id: int, touched: Mapping[str, Touched]) -> None:
    """Look up the numbers and people that these commands touch. A look-up that finds nobody is remembered as such.

    Nothing is noted before it is read: should the connection be lost, nobody may be taken for unknown.
    """
    numbers = [
        (organization_id, number) for organization_id, each in touched.items() for number in each.missing_lines()
    ]
    if numbers:
        rows = await connection.fetch(load_statement("load_lines"), shard_id, *_columns(numbers))
        for organization_id, number in numbers:
            touched[organization_id].vicinity.lines[number] = None
        for row in rows:
            touched[str(row["organization_id"])].vicinity.lines[row["number"]] = _line_of(row)
    # A number leads to a person, and a person to the account that pays for shared calling.
    while names := [
        (organization_id, name) for organization_id, each in touched.items() for name in each.missing_parties()
    ]:
        identifiers = [identifier_or_none(name) for _organization_id, name in names]
        rows = await connection.fetch(load_statement("load_parties"), shard_id, *_columns(names), identifiers)
        for organization_id, name in names:
            touched[organization_id].vicinity.parties[name] = None
        for row in rows:
            party = party_of(row)
            parties = touched[str(row["organization_id"])].vicinity.parties
            parties[row["name"]] = parties[party.party_id] = party


async def load_meters(connection: Connection, shard_id: int, touched: Mapping[str, Touched], context: Context) -> None:
    """Read the meters that these commands touch; one that nothing was counted on stands at zero.

    Nothing is noted before it is read: should the connection be lost, nobody may take it for zero.
    """
    wanted = [
        (organization_id, *meter_id)
        for organization_id, each in touched.items()
        for meter_id in each.missing_meters(context)
    ]
    if not wanted:
        return
    rows = await connection.fetch(load_statement("load_meters"), shard_id, *_columns(wanted))
    for organization_id, key, period in wanted:
        touched[organization_id].vicinity.meters[key, period] = Meter(key=key, period=period)
    for row in rows:
        meter = Meter(
            key=row["key"], period=row["period"], used=row["used"], held=row["held"], reached_at=row["reached_at"]
        )
        touched[str(row["organization_id"])].vicinity.meters[meter.meter_id] = meter


async def load_blocks(
    connection: Connection, shard_id: int, organization_ids: list[str]
) -> dict[str, tuple[Block, ...]]:
    """The blocks in force by organization id; organizations without one are missing from the result."""
    if not organization_ids:
        return {}
    found: dict[str, list[Block]] = {}
    for row in await connection.fetch(load_statement("load_blocks"), shard_id, organization_ids):
        found.setdefault(str(row["organization_id"]), []).append(block_of(row))
    return {organization_id: tuple(blocks) for organization_id, blocks in found.items()}


def block_of(row: asyncpg.Record) -> Block:
    """The core's record of a row of ``blocks``."""
    return Block(
        block_id=str(row["block_id"]),
        kind=BlockedKind(row["kind"]),
        subject=row["subject"],
        reason=BlockReason(row["reason"]),
        limit_micros=row["limit_micros"],
        spent_micros=row["spent_micros"],
        blocked_at=row["blocked_at"],
        lifted_at=row["lifted_at"],
        lifted_by=row["lifted_by"],
        period=row["period"],
    )


def _line_of(row: asyncpg.Record) -> Line:
    return Line(
        number=row["number"],
        kind=NumberKind(row["kind"]),
        purpose=NumberPurpose(row["purpose"]),
        party_id=None if row["party_id"] is None else str(row["party_id"]),
    )


def _columns(rows: Iterable[tuple[str, ...]]) -> Iterator[list[str]]:
    return (list(column) for column in zip(*rows, strict=True))
