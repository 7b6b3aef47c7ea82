"""The audit log as a file: every entry as it was hashed, in CSV or as one JSON object a line.

Knows both forms. Refuses to hold a log in memory or a connection for whoever reads slowly, and to write a cell that a
spreadsheet would take for a formula. Lines of JSON hold an entry exactly, so that anybody can reckon its hash again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from commcredits.core.access import Permission
from commcredits.core.audit import AuditEntry, ChainedEntry
from commcredits.core.outcomes import Refused
from commcredits.operations.audit_log import AuditQuery, check_query
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.audit import ChainHead, list_heads, read_chain

_LINES_AT_ONCE: Final = 200
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "|", "%")
_DOCUMENTS: Final = ("parameters", "before", "after")

COLUMNS: Final = ("organization_id", "sequence", *AuditEntry.__struct_fields__, "previous", "hash")
"""What stands in a line, in order."""


class AuditForm(StrEnum):
    """Which file."""

    CSV = "csv"
    JSON_LINES = "jsonl"


@reads(Permission.AUDIT_READ, audited=True)
async def export_audit(
    services: Services,
    *,
    organization_id: str,
    form: AuditForm,
    begins: datetime | None = None,
    ends: datetime | None = None,
) -> AsyncIterator[bytes] | Refused:
    """An organization's log as a file in UTF-8, piece by piece, up to where its chain ends now."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    heads = await list_heads(services.pool, services.shard_id, organization_id)
    return check_query(AuditQuery(begins=begins, ends=ends)) or _pieces(services, heads, form, begins, ends)


@reads(Permission.OPERATOR_AUDIT, audited=True)
async def export_all_audit(
    services: Services, *, form: AuditForm, begins: datetime | None = None, ends: datetime | None = None
) -> AsyncIterator[bytes] | Refused:
    """Every log as one file, chain by chain, the operator's own first."""
    heads = await list_heads(services.pool, services.shard_id)
    return check_query(AuditQuery(begins=begins, ends=ends)) or _pieces(services, heads, form, begins, ends)


async def _pieces(
    services: Services,
    heads: tuple[ChainHead, ...],
    form: AuditForm,
    begins: datetime | None,
    ends: datetime | None,
) -> AsyncIterator[bytes]:
    write = _csv_line if form is AuditForm.CSV else _json_line
    lines = [_cells(COLUMNS)] if form is AuditForm.CSV else []
    for head in heads:
        async for chained in read_chain(services.pool, services.shard_id, head, begins, ends):
            lines.append(write(chained))
            if len(lines) >= _LINES_AT_ONCE:
                yield b"".join(lines)
                lines.clear()
    yield b"".join(lines)


def _values(chained: ChainedEntry) -> list[object]:
    entry = (getattr(chained.entry, name) for name in AuditEntry.__struct_fields__)
    return [chained.organization_id, chained.sequence, *entry, chained.previous.hex(), chained.hash.hex()]


def _csv_line(chained: ChainedEntry) -> bytes:
    return _cells(_text(value) for value in _values(chained))


def _json_line(chained: ChainedEntry) -> bytes:
    written = dict(zip(COLUMNS, _values(chained), strict=True))
    # What is JSON already stands as it is; an empty text is nothing.
    for name in _DOCUMENTS:
        text = str(written[name])
        written[name] = msgspec.Raw(text.encode()) if text else None
    return msgspec.json.encode({**written, "at": _text(chained.entry.at)}) + b"\n"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.isoformat(timespec="microseconds").replace("+00:00", "Z")
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _cells(values: Iterable[str]) -> bytes:
    """A line of RFC 4180. A cell that begins like a formula gets an apostrophe before it, as spreadsheets want it."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow(
        [f"'{text}" if text.startswith(_FORMULA) else text for text in values]
    )
    return line.getvalue().encode()
