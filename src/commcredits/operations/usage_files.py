"""The files of a usage export: one ZIP with the rows as CSV and what was asked for as JSON (domain.md §7, Export).

Knows the 25 columns and how each value is written (RFC 4180). Refuses to hold the archive: what is compressed is handed
on as it comes, and to let a spreadsheet run what somebody has put into a name. Amounts have six decimals.

Text that a spreadsheet would take for a formula has an apostrophe before it. A telephone number is none, though it
begins with a plus sign: it stands as it is, for whatever reads the file looks numbers up by it.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, Final, cast

import msgspec

from commcredits.core.calendar import instant_text
from commcredits.core.money import format_micros
from commcredits.operations.accounting_files import harmless
from commcredits.operations.call_records import DURATION_SOURCE, UsageRow
from commcredits.operations.usage import UsageQuery

COLUMNS: Final = (
    "UsageId",
    "Call ID",
    "Conference ID",
    "User Location",
    "ObjectId",
    "UPN",
    "User Display Name",
    "Caller ID",
    "Call Type",
    "Call Direction",
    "Number Type",
    "Domestic/International",
    "Destination Dialed",
    "Destination Number",
    "External Country",
    "Start Time",
    "End Time",
    "Duration Seconds",
    "Connection Fee",
    "Charge",
    "Currency",
    "Capability",
    "Operator",
    "Source of Call Duration",
    "Administrative Units",
)
"""The header row, in order."""

PARAMETERS_NAME: Final = "parameters.json"
_LEVEL: Final = 6
_NUMBER: Final = re.compile(r"\+[0-9*]{1,20}", re.ASCII)


@dataclass(slots=True, kw_only=True)
class _Totals:
    rows: int = 0
    calls: int = 0
    seconds: int = 0
    charge_micros: int = 0
    fee_micros: int = 0


class UsageArchive:
    """One archive in the making: its bytes come out piece by piece, in order, and are kept nowhere."""

    def __init__(self, *, organization_id: str, query: UsageQuery, currency: str, at: datetime) -> None:
        self._organization_id = organization_id
        self._query = query
        self._currency = currency
        self._at = at
        self._sink = _Sink()
        # A file that can only be written to: sizes and sums then follow each member's content (APPNOTE 4.3.9).
        self._zip = zipfile.ZipFile(cast("IO[bytes]", self._sink), "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL)
        self._file = self._zip.open(self._member(csv_name(at)), "w", force_zip64=True)
        self._file.write(_lines([COLUMNS]))
        self._totals = _Totals()
        self._capabilities: set[str] = set()

    @property
    def rows(self) -> int:
        """How many rows are in it so far."""
        return self._totals.rows

    @property
    def calls(self) -> int:
        """How many calls are in it so far."""
        return self._totals.calls

    def add(self, rows: Iterable[UsageRow]) -> bytes:
        """Write rows; returns what has come out of the archive since, perhaps nothing yet."""
        lines = []
        totals = self._totals
        for row in rows:
            lines.append(line_of(row))
            totals.rows += 1
            totals.calls += row.part == 1
            totals.seconds += row.duration_seconds
            totals.charge_micros += row.charge_micros
            totals.fee_micros += row.fee_micros
            self._capabilities.add(row.capability)
        self._file.write(_lines(lines))
        return self._sink.take()

    def finish(self) -> bytes:
        """The rest of the archive; nothing can be added after it."""
        self._file.close()
        self._zip.writestr(self._member(PARAMETERS_NAME), self._parameters())
        self._zip.close()
        return self._sink.take()

    def _member(self, name: str) -> zipfile.ZipInfo:
        at = self._at
        info = zipfile.ZipInfo(name, (at.year, at.month, at.day, at.hour, at.minute, at.second))
        info.compress_type = zipfile.ZIP_DEFLATED
        return info

    def _parameters(self) -> bytes:
        """What was asked for, and what it came to, so that a reader can see that nothing is missing."""
        totals = self._totals
        document: dict[str, Any] = {
            "organizationId": self._organization_id,
            "generatedAt": instant_text(self._at),
            **parameters_of(self._query),
            "capabilities": sorted(self._capabilities - {""}),
            "file": csv_name(self._at),
            "columns": list(COLUMNS),
            "rows": totals.rows,
            "calls": totals.calls,
            "durationSeconds": totals.seconds,
            "connectionFee": format_micros(totals.fee_micros),
            "charge": format_micros(totals.charge_micros),
            "currency": self._currency,
        }
        return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def csv_name(at: datetime) -> str:
    """The name of the CSV file in an archive that is made at that instant (UTC)."""
    return f"PSTN.calls.{at:%Y-%m-%d}.csv"


def archive_name(at: datetime) -> str:
    """The name of the archive itself."""
    return f"PSTN.calls.{at:%Y-%m-%d}.zip"


def parameters_of(query: UsageQuery) -> dict[str, Any]:
    """Which calls were asked for, as the archive tells it."""
    asked = {
        "userId": query.user_id,
        "callType": query.call_type,
        "country": query.country,
        "capability": query.capability,
    }
    return {
        "fromDateTime": instant_text(query.begins),
        "toDateTime": instant_text(query.ends),
        **{name: value for name, value in asked.items() if value},
        "chargedOnly": query.charged_only,
    }


def line_of(row: UsageRow) -> tuple[str, ...]:
    """A row's 25 values, in the order of the columns."""
    return (
        row.usage_id,
        harmless(row.call_id),
        harmless(row.conference_id),
        row.user_location,
        row.object_id,
        harmless(row.user_principal_name),
        harmless(row.display_name),
        _number(row.caller),
        row.call_type.value,
        "Inbound" if row.inbound else "Outbound",
        row.number_type.value,
        context_word(row),
        harmless(row.destination),
        _number(row.callee),
        row.external_country,
        instant_text(row.started_at),
        instant_text(row.ended_at),
        str(row.duration_seconds),
        format_micros(row.fee_micros),
        format_micros(row.charge_micros),
        row.currency,
        row.capability,
        harmless(row.operator),
        DURATION_SOURCE,
        harmless(row.department),
    )


def context_word(row: UsageRow) -> str:
    """Domestic, International, or nothing where a call has no such side."""
    if row.domestic is None:
        return ""
    return "Domestic" if row.domestic else "International"


def _number(text: str) -> str:
    return text if _NUMBER.fullmatch(text) else harmless(text)


def _lines(rows: Iterable[tuple[str, ...]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue().encode()


class _Sink:
    """Takes bytes in and gives them out once; cannot be read back or moved in, and says so by having no ``seek``."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        """Keep a piece until it is taken."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing waits elsewhere."""

    def take(self) -> bytes:
        """All pieces since the last time."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
