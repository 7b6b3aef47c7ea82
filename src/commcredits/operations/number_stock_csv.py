"""The operator's stock of numbers from a CSV file: all of it, or nothing and what is wrong with its lines.

Knows the file's columns. Refuses to know how numbers are kept (commcredits.operations.number_stock).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.access import Permission
from commcredits.core.numbers import classify, is_e164
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind
from commcredits.operations.csv_lines import Column, CsvReader, LineError, Source, one_of, read_csv
from commcredits.operations.inputs import UNSHOWABLE
from commcredits.operations.number_stock import PLACE_CHARACTERS_MAX, StockEntry, write_stock
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services

STOCK_ROWS_MAX: Final = 1_000_000
"""Most numbers in a file."""

STOCK_BYTES_MAX: Final = 128 * 1024 * 1024
"""Largest file of numbers; a million with long places need half of it."""


def read_number(text: str) -> str:
    """A number in international form. Raises ValueError."""
    if not is_e164(text):
        raise ValueError(text)
    return text


def read_country(text: str) -> str:
    """A country's code, or nothing. Raises ValueError."""
    if text and text not in SUPPORTED_REGIONS:
        raise ValueError(text)
    return text


def read_place(text: str) -> str:
    """The name of a place, or nothing. Raises ValueError."""
    if (text and not text.strip()) or len(text) > PLACE_CHARACTERS_MAX or UNSHOWABLE.search(text):
        raise ValueError(text)
    return text


COLUMNS: Final[Mapping[str, Column]] = {
    "number": Column(
        read=read_number, allowed="a number in international form: a plus sign and 5 to 15 digits", required=True
    ),
    "kind": Column(read=one_of([kind.value for kind in NumberKind]), allowed=", ".join(NumberKind), required=True),
    "country": Column(
        read=read_country, allowed="empty, or the ISO 3166-1 code of a country with telephone numbers, such as RO"
    ),
    "place": Column(read=read_place, allowed=f"at most {PLACE_CHARACTERS_MAX} characters"),
}
"""Each column with what reads it and what may stand in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockImport:
    """What became of a file: so many numbers are in stock now, some perhaps before; or none, for it has errors.

    ``errors`` are the first in order of lines, of ``error_count`` in all.
    """

    number_count: int
    errors: tuple[LineError, ...] = ()
    error_count: int = 0


@acts(Permission.OPERATOR_NUMBERS)
async def import_stock(
    services: Services, *, lines: Source, progress: Callable[[str, int], None] | None = None
) -> StockImport | Refused:
    """Put all numbers of a CSV file in stock, or none when any line is wrong.

    ``progress`` is told ``"read"`` or ``"written"``, and how many rows that is so far. The same file again changes
    nothing; numbers that are in stock are corrected. Refused only when the file is too large.
    """
    tell = progress or (lambda _what, _count: None)
    reader = await read_csv(
        lines,
        COLUMNS,
        rows_max=STOCK_ROWS_MAX,
        bytes_max=STOCK_BYTES_MAX,
        progress=lambda count: tell("read", count),
    )
    if isinstance(reader, Refused):
        return reader
    # In a thread, for it is one long piece of work.
    entries = await asyncio.to_thread(_entries_of, reader)
    if not reader.mistakes.count:
        taken = await write_stock(services, entries, lambda count: tell("written", count))
        for row in reader.rows if taken else ():
            if row.values[0] in taken:
                allowed = "a number that is no organization's yet"
                reader.mistakes.add(row.line, "number", row.values[0], allowed, RefusalCode.NUMBER_TAKEN)
    mistakes = reader.mistakes
    if mistakes.count:
        return StockImport(number_count=0, errors=mistakes.in_order(), error_count=mistakes.count)
    return StockImport(number_count=len(entries))


def _entries_of(reader: CsvReader) -> Sequence[StockEntry]:
    """The numbers of a whole file; one that stands on two lines is noted as a mistake."""
    lines: dict[str, int] = {}
    entries = []
    for row in reader.rows:
        number, kind, country, place = row.values
        first = lines.setdefault(number, row.line)
        if first != row.line:
            reader.mistakes.add(row.line, "number", number, f"each number once: it stands on line {first}, too")
        entries.append(
            StockEntry(number=number, kind=kind, country=country or classify(number).country, place=place or "")
        )
    return entries
