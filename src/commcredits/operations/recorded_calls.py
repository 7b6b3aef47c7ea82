"""Importing call records after the fact: rated, charged, each once, however often a file is imported.

Knows how records become commands, several hundred at a time, and what to tell of what became of them. Refuses to know
files (commcredits.operations.recorded_calls_csv) and prices. What funds do not cover is owed, and the next funds repay
it first (domain.md §3, Overdraft); a call without a rate is charged nothing and flagged (domain.md §5, row 21).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.calendar import is_time_zone
from commcredits.core.outcomes import Outcome, Recorded, RefusalCode, Refused
from commcredits.operations.call_fields import RecordReader
from commcredits.operations.call_mappings import CallMapping
from commcredits.operations.csv_lines import ERRORS_MAX, LineError, Source
from commcredits.operations.inputs import invalid_input
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts
from commcredits.operations.recorded_calls_csv import CallFileReader, RecordLine, line_error
from commcredits.operations.recorded_calls_json import JsonCalls, read_json_calls
from commcredits.operations.sending import COMMANDS_AT_ONCE, send_all
from commcredits.operations.services import Services
from commcredits.operations.zip_files import UnreadableFileError, unpacked
from commcredits.storage.connection import load_statement

_CONFLICT_ALLOWED: Final = "an id that no other call has"

CallSource = Source | JsonCalls
"""A file of call records, CSV or a ZIP that holds one; or records as a decoded JSON array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallImport:
    """What became of a file. Amounts in millionths.

    ``accepted`` records are new, ``known`` ones were in the books before, ``skipped`` ones the mapping leaves out.
    ``free_calls``, ``pool_minutes``, ``charged_micros`` and ``owed_micros`` are those of the accepted ones: no rate,
    minutes out of pools, what they cost, and how much of that found no funds. ``rejections`` are the first 200 of
    ``rejected``. ``refused`` is why the import stopped before the end: the same file again goes on where it did.
    """

    accepted: int
    known: int
    skipped: int
    rejected: int
    free_calls: int
    pool_minutes: int
    charged_micros: int
    owed_micros: int
    currency: str
    rejections: tuple[LineError, ...]
    refused: Refused | None


@acts(Permission.OPERATOR_CALLS)
async def import_calls(
    services: Services,
    *,
    organization_id: str,
    source: CallSource,
    mapping: CallMapping,
    time_zone: str | None = None,
    ignore_users: bool = False,
    reject: Callable[[LineError], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> CallImport | Refused:
    """Record the calls of a file, each under its record's id, so that none is ever charged twice.

    ``time_zone`` is that of instants without an offset, instead of the mapping's. ``ignore_users`` leaves out whose
    calls they were. ``reject`` is told every line that is not taken, ``progress`` how many records are done. Refused
    only before anything is read: an unknown organization, an unknown zone.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if time_zone is not None and not is_time_zone(time_zone):
        return invalid_input("time_zone", time_zone, "the IANA name of a time zone, such as Europe/Bucharest")

    def reader_for(header: Sequence[str]) -> RecordReader:
        return RecordReader(
            mapping, header, organization_id=organization_id, time_zone=time_zone, ignore_users=ignore_users
        )

    tally = _Tally(mapping=mapping, reject=reject or (lambda _error: None), progress=progress or (lambda _count: None))
    sender = _Sender(services, organization_id, tally)
    try:
        if isinstance(source, JsonCalls):
            found = read_json_calls(source, reader_for)
            if isinstance(found, Refused):
                return found
            await sender.take(found)
        else:
            await _import_file(source, mapping, CallFileReader(mapping, reader_for), sender)
        await sender.finish()
    finally:
        await sender.stop()
    return tally.report(organization.currency)


async def _import_file(source: Source, mapping: CallMapping, reader: CallFileReader, sender: _Sender) -> None:
    tally = sender.tally
    try:
        async with unpacked(source, mapping.member) as pieces:
            async for found in _found_in(pieces, reader):
                tally.skipped = reader.skipped
                await sender.take(found)
                if tally.refused is not None:
                    return
    except UnreadableFileError as error:
        tally.refused = error.refused
    else:
        tally.refused = tally.refused or reader.refused
    tally.skipped = reader.skipped


async def _found_in(
    pieces: AsyncIterator[bytes], reader: CallFileReader
) -> AsyncIterator[Sequence[RecordLine | LineError]]:
    """What stands in a file, as it is read."""
    async for piece in pieces:
        reader.take(piece)
        found, reader.found = reader.found, []
        yield found
        if reader.refused is not None:
            return
    reader.finish()
    yield reader.found


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What has become of a file so far."""

    mapping: CallMapping
    reject: Callable[[LineError], None]
    progress: Callable[[int], None]
    accepted: int = 0
    known: int = 0
    skipped: int = 0
    rejected: int = 0
    free_calls: int = 0
    pool_minutes: int = 0
    charged_micros: int = 0
    owed_micros: int = 0
    rejections: list[LineError] = field(default_factory=list)
    refused: Refused | None = None

    def note_rejection(self, error: LineError) -> None:
        self.rejected += 1
        if len(self.rejections) < ERRORS_MAX:
            self.rejections.append(error)
        self.reject(error)

    def note(self, line: RecordLine, outcome: Outcome, *, was_known: bool) -> None:
        if isinstance(outcome, Refused):
            self.note_rejection(_rejection(line, outcome, self.mapping))
            return
        assert isinstance(outcome, Recorded), "a call is recorded or refused"
        if was_known:
            self.known += 1
            return
        self.accepted += 1
        self.free_calls += outcome.free_call
        self.pool_minutes += outcome.pool_minutes
        self.charged_micros += outcome.charged_micros
        self.owed_micros += outcome.owed_micros

    def tell(self) -> None:
        self.progress(self.accepted + self.known + self.rejected)

    def report(self, currency: str) -> CallImport:
        return CallImport(
            accepted=self.accepted,
            known=self.known,
            skipped=self.skipped,
            rejected=self.rejected,
            free_calls=self.free_calls,
            pool_minutes=self.pool_minutes,
            charged_micros=self.charged_micros,
            owed_micros=self.owed_micros,
            currency=currency,
            rejections=tuple(sorted(self.rejections, key=lambda error: error.line)),
            refused=self.refused,
        )


class _Sender:
    """Sends records to the books in portions of different ids, one portion while the next one is read."""

    def __init__(self, services: Services, organization_id: str, tally: _Tally) -> None:
        self.tally = tally
        self._services = services
        self._organization_id = organization_id
        self._portion: dict[str, RecordLine] = {}
        self._under_way: asyncio.Task[None] | None = None

    async def take(self, found: Sequence[RecordLine | LineError]) -> None:
        """Send what was found, or keep it until there is more."""
        for each in found:
            if isinstance(each, LineError):
                self.tally.note_rejection(each)
                continue
            # A record that stands in a file twice is sent again only when what became of the first one is known.
            if each.record.record_id in self._portion or len(self._portion) >= COMMANDS_AT_ONCE:
                await self._send()
                if self.tally.refused is not None:
                    return
            self._portion[each.record.record_id] = each

    async def finish(self) -> None:
        """Send the rest and wait until all of it is in the books."""
        if self.tally.refused is None or self._portion:
            await self._send()
        await self._wait()
        self.tally.tell()

    async def stop(self) -> None:
        """Leave nothing running; what is on its way to the books is recorded all the same, or was not begun."""
        if self._under_way is not None:
            self._under_way.cancel()
            with suppress(asyncio.CancelledError):
                await self._under_way

    async def _send(self) -> None:
        portion, self._portion = self._portion, {}
        await self._wait()
        if portion and self.tally.refused is None:
            self._under_way = asyncio.create_task(self._record(list(portion.values())))

    async def _wait(self) -> None:
        if self._under_way is not None:
            await self._under_way
            self._under_way = None

    async def _record(self, lines: Sequence[RecordLine]) -> None:
        ids = [line.record.record_id for line in lines]
        rows = await self._services.pool.fetch(
            load_statement("find_known_calls"), self._services.shard_id, self._organization_id, ids
        )
        known = {row["session_id"] for row in rows}
        outcomes = await send_all(self._services, [line.record for line in lines])
        for line, outcome in zip(lines, outcomes, strict=True):
            if isinstance(outcome, Refused) and outcome.code is RefusalCode.BUSY:
                self.tally.refused = outcome
            else:
                self.tally.note(line, outcome, was_known=line.record.record_id in known)
        self.tally.tell()


def _rejection(line: RecordLine, refused: Refused, mapping: CallMapping) -> LineError:
    """What is wrong with a record that the books did not take."""
    record, facts = line.record, refused.facts
    given: dict[RefusalCode, tuple[str, str, str]] = {
        RefusalCode.CONFLICT: ("record_id", record.record_id, _CONFLICT_ALLOWED),
        RefusalCode.UNKNOWN_USER: ("user", record.user, "a user or resource account of the organization"),
        RefusalCode.INVALID_INPUT: _fact_texts(facts),
    }
    name, value, allowed = given.get(refused.code, ("", refused.code.value, "a record that the books can take"))
    return line_error(line.line, mapping.column_of(name), value, allowed, refused.code)


def _fact_texts(facts: Mapping[str, str | int]) -> tuple[str, str, str]:
    return str(facts.get("field", "")), str(facts.get("value", "")), str(facts.get("allowed", ""))
