"""CSV files line by line: from bytes to rows, with everything that is wrong by line and column.

Knows the form: UTF-8, a byte order mark or none, a header row that names columns once each in any order, commas, one
record a line, a field in quotes where it holds a comma. Refuses to know what a column means: whoever reads a file says
so. It never holds more of the file than a line and a piece, and of its mistakes not more than people read.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from msgspec import UNSET

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import VALUE_CHARACTERS_MAX, invalid_input

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest line of a file."""

ERRORS_MAX: Final = 200
"""How many mistakes are told; the rest is counted."""

PIECE_BYTES: Final = 64 * 1024
"""How much of a file is read before others get their turn."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*+)"|([^",]*+))(,|\Z)')


class Readable(Protocol):
    """A binary file."""

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        ...


Source = AsyncIterable[bytes] | Iterable[bytes] | Readable
"""A binary file, or its bytes in pieces of any size, line ends included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What reads a column's fields, or raises ValueError; what may stand in one; whether the header must name it."""

    read: Callable[[str], Any]
    allowed: str
    required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LineError:
    """One thing that is wrong with a file. ``column`` is empty for what concerns the whole line."""

    line: int
    column: str
    value: str
    allowed: str
    code: RefusalCode = RefusalCode.INVALID_INPUT

    def refused(self) -> Refused:
        """The same as a refusal, for whoever is told of one thing only."""
        place = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        refused = invalid_input(place, self.value, self.allowed)
        return Refused(code=self.code, facts={**refused.facts, "line": self.line, "column": self.column})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line that was read: its number in the file, and its values in the order of the columns that were asked for.

    The value of a column that the header does not name is ``msgspec.UNSET``.
    """

    line: int
    values: tuple[Any, ...]


class Mistakes:
    """What is wrong with a file: the first so many in the order in which they are found, and how many there are."""

    __slots__ = ("count", "errors")

    def __init__(self) -> None:
        self.errors: list[LineError] = []
        self.count = 0

    def add(
        self, line: int, column: str, value: str, allowed: str, code: RefusalCode = RefusalCode.INVALID_INPUT
    ) -> None:
        """Note one, its value cut short and made fit to be shown."""
        self.count += 1
        if len(self.errors) < ERRORS_MAX:
            shown = str(invalid_input(column, value, allowed).facts["value"])
            self.errors.append(LineError(line=line, column=column, value=shown, allowed=allowed, code=code))

    def in_order(self) -> tuple[LineError, ...]:
        """Those that are told, by line."""
        return tuple(sorted(self.errors, key=lambda error: error.line))


class CsvReader:
    """Takes a file piece by piece and keeps its rows. What is wrong is noted, and reading goes on where it can."""

    __slots__ = ("_broken", "_columns", "_header", "_line_number", "_places", "_rest", "_rows_max", "mistakes", "rows")

    def __init__(self, columns: Mapping[str, Column], *, rows_max: int) -> None:
        self.rows: list[Row] = []
        self.mistakes = Mistakes()
        self._columns = columns
        self._rows_max = rows_max
        self._header: Sequence[str] = ()
        self._places: Sequence[tuple[str, Callable[[str], Any], int | None]] = ()
        self._line_number = 0
        self._rest = b""
        self._broken = False

    @property
    def broken(self) -> bool:
        """Whether nothing more of the file can be understood."""
        return self._broken

    def take(self, piece: bytes) -> None:
        """Read the lines that this piece completes."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self._broken:
                return
            self._take_line(line)
        if len(self._rest) > LINE_BYTES_MAX and not self._broken:
            self._take_line(self._rest)

    def finish(self) -> None:
        """Read the last line; a file without any row is a mistake too."""
        if self._rest and not self._broken:
            self._take_line(self._rest)
        if not self.rows and not self.mistakes.count:
            allowed = "at least one line below the header" if self._header else "a header row and at least one line"
            self.mistakes.add(self._line_number + 1, "", "", allowed)

    def _take_line(self, line: bytes) -> None:
        self._line_number = number = self._line_number + 1
        if len(line) > LINE_BYTES_MAX:
            beginning = line[:VALUE_CHARACTERS_MAX].decode(errors="replace")
            self._break("", beginning, f"a line of at most {LINE_BYTES_MAX} bytes")
            return
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        line = line.removesuffix(b"\r")
        if not line:
            return
        if number > self._rows_max + 1:
            self._break("", "", f"at most {self._rows_max} lines below the header")
            return
        try:
            text = line.decode()
        except UnicodeDecodeError:
            self._note_bytes(line)
            return
        fields, closed = (text.split(","), True) if '"' not in text else _quoted_fields(text)
        if not closed:
            allowed = "quotes around a whole field only, doubled inside it and closed on its line"
            self._note(self._column_at(len(fields)), '"', allowed)
        elif not self._header:
            self._take_header(fields)
        elif len(fields) != len(self._header):
            allowed = f"{len(self._header)} fields with a comma between them, as in the header"
            self._note("", f"{len(fields)} fields", allowed)
        else:
            self._take_fields(fields)

    def _take_fields(self, fields: list[str]) -> None:
        values = []
        wrong = False
        for name, read, place in self._places:
            if place is None:
                values.append(UNSET)
                continue
            try:
                values.append(read(fields[place]))
            except ValueError:
                wrong = True
                self._note(name, fields[place], self._columns[name].allowed)
        if not wrong:
            self.rows.append(Row(line=self._line_number, values=tuple(values)))

    def _take_header(self, names: list[str]) -> None:
        for position, name in enumerate(names):
            if name not in self._columns:
                self._break("", name, f"a header row of these columns: {','.join(self._columns)}")
            elif name in names[:position]:
                self._break(name, name, "each column once")
        for name, column in self._columns.items():
            if column.required and name not in names:
                self._break(name, "", "a header row that names this column too")
        self._header = names
        self._places = [
            (name, column.read, names.index(name) if name in names else None) for name, column in self._columns.items()
        ]

    def _note_bytes(self, line: bytes) -> None:
        fields = line.decode(errors="replace").split(",")
        position = next(index for index, field in enumerate(fields) if "\ufffd" in field)
        self._note(self._column_at(position), fields[position], "text in UTF-8")

    def _column_at(self, position: int) -> str:
        return self._header[position] if position < len(self._header) else ""

    def _note(self, column: str, value: str, allowed: str) -> None:
        self.mistakes.add(self._line_number, column, value, allowed)
        if not self._header:
            # Without a header nothing below it means anything.
            self._broken = True

    def _break(self, column: str, value: str, allowed: str) -> None:
        self._broken = True
        self.mistakes.add(self._line_number, column, value, allowed)


async def read_csv(
    source: Source,
    columns: Mapping[str, Column],
    *,
    rows_max: int,
    bytes_max: int,
    progress: Callable[[int], None] | None = None,
) -> CsvReader | Refused:
    """Read a file to its end, or until nothing more of it can be understood. ``progress`` is told the rows read so far.

    Refused only when the file is longer than ``bytes_max``; everything else that is wrong stands in ``mistakes``.
    """
    reader = CsvReader(columns, rows_max=rows_max)
    size = 0
    async for piece in pieces_of(source):
        size += len(piece)
        if size > bytes_max:
            return invalid_input("lines", f"{size} bytes", f"a file of at most {bytes_max} bytes")
        reader.take(piece)
        if reader.broken:
            return reader
        if progress is not None:
            progress(len(reader.rows))
        # Reading is work for the processor; whoever else this process serves gets a turn after each piece.
        await asyncio.sleep(0)
    reader.finish()
    return reader


async def pieces_of(source: Source) -> AsyncIterator[bytes]:
    """The bytes of any source, in pieces that are not too large."""
    if isinstance(source, AsyncIterable):
        async for given in source:
            for start in range(0, len(given), PIECE_BYTES):
                yield given[start : start + PIECE_BYTES]
        return
    if not isinstance(source, Iterable) or hasattr(source, "read"):
        # A file's own lines may be of any length, so it is read by size.
        while piece := source.read(PIECE_BYTES):
            yield piece
        return
    for given in source:
        for start in range(0, len(given), PIECE_BYTES):
            yield given[start : start + PIECE_BYTES]


def read_list(text: str) -> tuple[str, ...]:
    """What stands in a field between semicolons, blanks around each left out; nothing for an empty field."""
    return tuple(part.strip() for part in text.split(";")) if text.strip() else ()


def one_of(words: Collection[str]) -> Callable[[str], str]:
    """What reads a field that is one of these words."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError(text)
        return text

    return read


def _quoted_fields(text: str) -> tuple[list[str], bool]:
    """The fields of a line in which quotes occur, up to a quote that does not stand where one may; whether all were."""
    fields: list[str] = []
    position = 0
    while True:
        match = _FIELD.match(text, position)
        if match is None:
            return fields, False
        quoted, plain, end = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end()
        if not end:
            return fields, True
