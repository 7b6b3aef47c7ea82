"""Files of call records, line by line: from bytes to records, and to what is wrong with each line that holds none.

Knows the file's form: UTF-8, one record a line, a header row or the mapping's own, a field in quotes where it holds the
delimiter. Refuses to know what becomes of a record. It holds no more of a file than a line and a piece; a line that is
too long is passed over, however long it is.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from commcredits.core.commands import RecordCall
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.call_fields import RecordReader, WrongFieldError
from commcredits.operations.call_mappings import CallMapping
from commcredits.operations.csv_lines import LINE_BYTES_MAX, LineError
from commcredits.operations.inputs import VALUE_CHARACTERS_MAX, invalid_input

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_COLUMNS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordLine:
    """A line of a file and the record in it."""

    line: int
    record: RecordCall


MakeReader = Callable[[Sequence[str]], RecordReader]
"""Gives what reads the lines below a header."""


def line_error(
    line: int, column: str, value: str, allowed: str, code: RefusalCode = RefusalCode.INVALID_INPUT
) -> LineError:
    """What is wrong with a line, its value cut short and made fit to be shown."""
    shown = str(invalid_input(column, value, allowed).facts["value"])
    return LineError(line=line, column=column, value=shown, allowed=allowed, code=code)


class CallFileReader:
    """Takes a file piece by piece; ``found`` holds what it came upon since it was last emptied.

    ``refused`` is why nothing of the file can be understood, after which it is over. ``skipped`` counts the lines that
    the mapping leaves out.
    """

    __slots__ = (
        "_header_width",
        "_line_number",
        "_make_reader",
        "_mapping",
        "_passing_over",
        "_reader",
        "_rest",
        "found",
        "refused",
        "skipped",
    )

    def __init__(self, mapping: CallMapping, make_reader: MakeReader) -> None:
        self.found: list[RecordLine | LineError] = []
        self.refused: Refused | None = None
        self.skipped = 0
        self._mapping = mapping
        self._make_reader = make_reader
        self._reader: RecordReader | None = None
        self._header_width = 0
        self._line_number = 0
        self._rest = b""
        self._passing_over = False

    def take(self, piece: bytes) -> None:
        """Read the lines that this piece completes."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            if self.refused is not None:
                return
            if self._passing_over:
                self._passing_over = False
            else:
                self._take_line(line)
        if len(self._rest) > LINE_BYTES_MAX:
            if not self._passing_over:
                self._take_line(self._rest)
            # The rest of it is dropped as it comes, until it ends.
            self._passing_over, self._rest = True, b""

    def finish(self) -> None:
        """Read the last line. A file without a header says nothing, and is refused."""
        if self._rest and not self._passing_over and self.refused is None:
            self._take_line(self._rest)
        if self._reader is None and self.refused is None:
            self._refuse("", "a header row and lines below it")

    def _take_line(self, line: bytes) -> None:
        self._line_number = number = self._line_number + 1
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if len(line) > LINE_BYTES_MAX:
            beginning = line[:VALUE_CHARACTERS_MAX].decode(errors="replace")
            self._note("", beginning, f"a line of at most {LINE_BYTES_MAX} bytes")
            return
        line = line.removesuffix(b"\r")
        if not line:
            return
        try:
            fields = next(csv.reader((line.decode(),), delimiter=self._mapping.delimiter, strict=True))
        except UnicodeDecodeError:
            self._note("", line.decode(errors="replace"), "text in UTF-8")
            return
        except csv.Error:
            beginning = line[:VALUE_CHARACTERS_MAX].decode(errors="replace")
            self._note("", beginning, "quotes around a whole field only, doubled inside it and closed on its line")
            return
        self._take_fields(fields)

    def _take_fields(self, fields: list[str]) -> None:
        if self._reader is None and self._take_header(fields):
            return
        reader = self._reader
        if reader is None:
            return
        if len(fields) > self._header_width or (len(fields) < self._header_width and not self._mapping.header):
            allowed = f"{self._header_width} fields with {self._mapping.delimiter!r} between them, as in the header"
            self._note("", f"{len(fields)} fields", allowed)
            return
        if reader.is_skipped(fields):
            self.skipped += 1
            return
        try:
            record = reader.read(fields)
        except WrongFieldError as wrong:
            self._note(wrong.column, wrong.value, wrong.allowed)
            return
        self.found.append(RecordLine(line=self._line_number, record=record))

    def _take_header(self, fields: list[str]) -> bool:
        """Learn the columns; whether the line was a header, and not a record already."""
        mapping = self._mapping
        named = [field.strip() for field in fields]
        if mapping.header and not set(mapping.columns()) <= {*named, *mapping.optional_columns}:
            self._begin(mapping.header)
            return False
        missing = [
            column for column in mapping.columns() if column not in named and column not in mapping.optional_columns
        ]
        strange = [column for column in named if mapping.strict and column not in mapping.columns()]
        twice = [column for column in mapping.columns() if named.count(column) > 1]
        columns = ",".join(mapping.columns())
        if len(named) > _COLUMNS_MAX:
            self._refuse(f"{len(named)} columns", f"at most {_COLUMNS_MAX} columns")
        elif missing:
            self._refuse(",".join(named), f"a header row that names the column {missing[0]}; of these: {columns}")
        elif strange:
            self._refuse(strange[0], f"a header row of these columns: {columns}")
        elif twice:
            self._refuse(twice[0], "each column once")
        else:
            self._begin(named)
        return True

    def _begin(self, header: Sequence[str]) -> None:
        self._reader = self._make_reader(header)
        self._header_width = len(header)

    def _note(self, column: str, value: str, allowed: str) -> None:
        if self._reader is None and not self._mapping.header:
            # Without a header nothing below it means anything.
            self._refuse(value, allowed)
            return
        self.found.append(line_error(self._line_number, column, value, allowed))

    def _refuse(self, value: str, allowed: str) -> None:
        refused = invalid_input(f"line {max(self._line_number, 1)}", value, allowed)
        facts = {**refused.facts, "line": max(self._line_number, 1), "column": ""}
        self.refused = Refused(code=refused.code, facts=facts)
