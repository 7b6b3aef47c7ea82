"""Exports of calls: a file at once, piece by piece; or one that the worker writes and that is kept for some days.

Knows what becomes of an export: waiting, writing, ready, failed, removed. Refuses to hold a file in memory, and to hold
a connection of the database for whoever reads slowly. What a writer that died has left, the next one begins anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import asyncpg
import msgspec
import structlog

from commcredits.core.access import Permission
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations.organizations import Organization, check_identifier, get_organization
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.operations.usage import UsageQuery, checked_organization, read_usage, sum_usage
from commcredits.operations.usage_files import UsageArchive, archive_name
from commcredits.storage.connection import load_statement

OPEN_EXPORTS_MAX: Final = 3
"""How many exports of one organization may wait or be written at once."""

LISTED_MAX: Final = 50
"""How many exports are listed: the newest."""

PIECE_BYTES: Final = 1 << 20
"""How large a piece of a kept export is."""

TRIES_MAX: Final = 3
"""How often an export is begun whose writers die."""

_SILENT_SECONDS_MAX: Final = 120
_FORGOTTEN_DAYS: Final = 90
_REMOVED_AT_ONCE: Final = 50


class ExportState(StrEnum):
    """What has become of an export. Stable: interfaces show these words."""

    WAITING = "waiting"
    WRITING = "writing"
    READY = "ready"
    FAILED = "failed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallExport:
    """One export. Of ``calls_expected``, known once it is being written, ``calls_written`` are in it.

    It can be fetched until ``expires_at``, under ``file_name``.
    """

    export_id: str
    query: UsageQuery
    state: ExportState
    requested_by: str
    requested_at: datetime
    calls_expected: int
    calls_written: int
    rows_written: int
    bytes_written: int
    finished_at: datetime | None
    expires_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Whether it is still to be written."""
        return self.state in (ExportState.WAITING, ExportState.WRITING)

    @property
    def percent(self) -> int:
        """How much of it is written."""
        if self.state is ExportState.READY:
            return 100
        return min(99, self.calls_written * 100 // self.calls_expected) if self.calls_expected else 0

    @property
    def file_name(self) -> str:
        """What the file is called."""
        return archive_name(self.requested_at)


@reads(Permission.CALL_RECORDS_READ, audited=True)
async def export_usage(
    services: Services, *, organization_id: str, query: UsageQuery
) -> AsyncIterator[bytes] | Refused:
    """The archive of a period, piece by piece as it is made; one that was cut off cannot be opened."""
    organization = await checked_organization(services, organization_id, query)
    if isinstance(organization, Refused):
        return organization
    return _pieces(services, organization, query)


@acts(Permission.CALL_RECORDS_READ)
async def request_export(services: Services, *, organization_id: str, query: UsageQuery) -> CallExport | Refused:
    """Have the archive of a period written by the worker. BUSY while too many of the organization wait."""
    organization = await checked_organization(services, organization_id, query)
    if isinstance(organization, Refused):
        return organization
    export_id = services.new_id()
    made = await services.pool.fetchval(
        load_statement("insert_call_export"),
        services.shard_id,
        organization_id,
        export_id,
        msgspec.json.encode(query).decode(),
        query.begins,
        query.ends,
        services.actor.name,
        OPEN_EXPORTS_MAX,
        services.clock(),
    )
    if made is None:
        return Refused(code=RefusalCode.BUSY)
    return await get_export(services, organization_id=organization_id, export_id=export_id)


@reads(Permission.CALL_RECORDS_READ)
async def list_exports(services: Services, *, organization_id: str) -> tuple[CallExport, ...] | Refused:
    """The newest exports of an organization, newest first."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    rows = await services.pool.fetch(
        load_statement("list_call_exports"), services.shard_id, organization_id, LISTED_MAX
    )
    return tuple(_export_of(row) for row in rows)


@reads(Permission.CALL_RECORDS_READ)
async def get_export(services: Services, *, organization_id: str, export_id: str) -> CallExport | Refused:
    """One export of this organization; another's is as unknown as none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    checked = check_identifier("export_id", export_id)
    if isinstance(checked, Refused):
        return checked
    row = await services.pool.fetchrow(load_statement("get_call_export"), services.shard_id, organization_id, export_id)
    if row is None:
        return Refused(code=RefusalCode.UNKNOWN_EXPORT, facts={"export_id": export_id})
    return _export_of(row)


@reads(Permission.CALL_RECORDS_READ, audited=True)
async def fetch_export(
    services: Services, *, organization_id: str, export_id: str
) -> tuple[CallExport, AsyncIterator[bytes]] | Refused:
    """A written export and its pieces. UNKNOWN_EXPORT for one that is not written yet, or removed."""
    export = await get_export(services, organization_id=organization_id, export_id=export_id)
    if isinstance(export, Refused):
        return export
    now = services.clock()
    if export.state is not ExportState.READY or export.expires_at is None or export.expires_at <= now:
        return Refused(code=RefusalCode.UNKNOWN_EXPORT, facts={"export_id": export_id, "state": export.state.value})
    return export, _kept_pieces(services, organization_id, export)


@acts(Permission.CALL_RECORDS_READ)
async def remove_export(services: Services, *, organization_id: str, export_id: str) -> Done | Refused:
    """Remove an export, written or not; once removed, again is no fault."""
    export = await get_export(services, organization_id=organization_id, export_id=export_id)
    if isinstance(export, Refused):
        return export
    await _remove(services, organization_id, export_id)
    return Done(changed=export.state is not ExportState.REMOVED)


async def write_exports(services: Services) -> int:
    """Write the exports that wait, one after the other; returns how many were written."""
    written = 0
    while (row := await _claim(services)) is not None:
        if row["state"] == ExportState.WRITING:
            written += await _write(services, row)
    return written


async def remove_old_exports(services: Services) -> int:
    """Remove exports whose days are over, and forget those of long ago; returns how many were removed."""
    now = services.clock()
    rows = await services.pool.fetch(
        load_statement("list_call_exports_to_remove"), services.shard_id, now, _REMOVED_AT_ONCE
    )
    for row in rows:
        await _remove(services, str(row["organization_id"]), str(row["export_id"]))
    await services.pool.execute(
        load_statement("forget_call_exports"),
        services.shard_id,
        now - timedelta(days=_FORGOTTEN_DAYS),
        _REMOVED_AT_ONCE,
    )
    return len(rows)


async def _pieces(services: Services, organization: Organization, query: UsageQuery) -> AsyncIterator[bytes]:
    archive = _archive(services, organization, query)
    batches = await read_usage(services, organization_id=organization.organization_id, query=query)
    assert not isinstance(batches, Refused), "the organization and the query were checked"
    async for rows in batches:
        piece = await asyncio.to_thread(archive.add, rows)
        if piece:
            yield piece
    yield await asyncio.to_thread(archive.finish)


async def _kept_pieces(services: Services, organization_id: str, export: CallExport) -> AsyncIterator[bytes]:
    number, left = 0, export.bytes_written
    while left > 0:
        content = await services.pool.fetchval(
            load_statement("get_call_export_piece"), services.shard_id, organization_id, export.export_id, number
        )
        if content is None:
            # Removed while it was fetched: whoever fetches sees that bytes are missing.
            raise ConnectionAbortedError("the export was removed while it was fetched")
        left -= len(content)
        number += 1
        yield content


async def _claim(services: Services) -> asyncpg.Record | None:
    now = services.clock()
    return await services.pool.fetchrow(
        load_statement("claim_call_export"),
        services.shard_id,
        now,
        now - timedelta(seconds=_SILENT_SECONDS_MAX),
        TRIES_MAX,
    )


class _LostError(Exception):
    """The export is not this writer's any more."""


@dataclass(slots=True, kw_only=True)
class _Writing:
    """An export while it is written: what waits to be a piece, and how far it is."""

    services: Services
    claimed: asyncpg.Record
    calls_expected: int = 0
    pieces: int = 0
    bytes_written: int = 0
    waiting: bytes = b""

    def whose(self) -> tuple[object, ...]:
        """What every statement about it begins with."""
        row = self.claimed
        return (self.services.shard_id, row["organization_id"], row["export_id"], row["attempts"])

    async def add(self, content: bytes, *, is_last: bool = False) -> None:
        """Keep what fills a piece; all of it at the end."""
        self.waiting += content
        while len(self.waiting) >= PIECE_BYTES or (is_last and self.waiting):
            piece, self.waiting = self.waiting[:PIECE_BYTES], self.waiting[PIECE_BYTES:]
            status = await self.services.pool.execute(
                load_statement("insert_call_export_piece"), *self.whose(), self.pieces, piece
            )
            if not status.endswith(" 1"):
                raise _LostError
            self.pieces += 1
            self.bytes_written += len(piece)

    async def note(self, archive: UsageArchive) -> None:
        """Tell how far it is."""
        noted = await self.services.pool.fetchval(
            load_statement("note_call_export"),
            *self.whose(),
            self.services.clock(),
            self.calls_expected,
            archive.calls,
            archive.rows,
            self.bytes_written,
        )
        if noted is None:
            raise _LostError


async def _write(services: Services, claimed: asyncpg.Record) -> int:
    """Write one export; returns 1, or 0 where it was removed meanwhile."""
    organization_id = str(claimed["organization_id"])
    query = _query_of(claimed)
    organization = await get_organization(services, organization_id=organization_id)
    sums = await sum_usage(services, organization_id=organization_id, query=query)
    batches = await read_usage(services, organization_id=organization_id, query=query)
    assert not isinstance(organization, Refused), "an organization with an export exists"
    assert not isinstance(sums, Refused), "what is kept was checked"
    assert not isinstance(batches, Refused), "what is kept was checked"
    archive = _archive(services, organization, query)
    writing = _Writing(services=services, claimed=claimed, calls_expected=sums.calls)
    try:
        async for rows in batches:
            await writing.add(await asyncio.to_thread(archive.add, rows))
            await writing.note(archive)
        await writing.add(await asyncio.to_thread(archive.finish), is_last=True)
        await writing.note(archive)
        now = services.clock()
        expires_at = now + timedelta(days=services.reports.export_days)
        await services.pool.execute(load_statement("finish_call_export"), *writing.whose(), now, expires_at)
    except _LostError:
        structlog.get_logger("worker").info("an export was removed while it was written")
        return 0
    return 1


async def _remove(services: Services, organization_id: str, export_id: str) -> None:
    await services.pool.execute(
        load_statement("remove_call_export"), services.shard_id, organization_id, export_id, services.clock()
    )


def _archive(services: Services, organization: Organization, query: UsageQuery) -> UsageArchive:
    return UsageArchive(
        organization_id=organization.organization_id,
        query=query,
        currency=organization.currency,
        at=services.clock(),
    )


def _query_of(row: asyncpg.Record) -> UsageQuery:
    return msgspec.json.decode(row["parameters"], type=UsageQuery)


def _export_of(row: asyncpg.Record) -> CallExport:
    return CallExport(
        export_id=str(row["export_id"]),
        query=_query_of(row),
        state=ExportState(row["state"]),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
        calls_expected=row["calls_expected"],
        calls_written=row["calls_written"],
        rows_written=row["rows_written"],
        bytes_written=row["bytes_written"],
        finished_at=row["finished_at"],
        expires_at=row["expires_at"],
    )
