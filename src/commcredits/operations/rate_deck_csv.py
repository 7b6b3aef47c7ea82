"""Rate decks as CSV: from bytes to rates, or the first thing that is wrong with them, by line and column.

Knows the file's form: UTF-8, a header row that names each column once in any order, commas, one rate per line, a field
in quotes where it holds a comma. Refuses to know where the bytes come from and where the rates go. It never holds more
of the file than a line and a piece, so that a line without end is refused as soon as it is too long.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Final

from commcredits.core.outcomes import Refused
from commcredits.core.tariffs import PLAIN_TERMS, DeckTerms, Rate, first_overlap
from commcredits.operations.inputs import VALUE_CHARACTERS_MAX, invalid_input
from commcredits.operations.rate_rows import COLUMNS, OPTIONAL_COLUMNS, RowReader

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest line of a deck."""

ROWS_MAX: Final = 1_000_000
"""Most lines of a deck below its header."""

RATE_ORDER: Final = attrgetter("service", "prefix", "origin_country", "effective_from")
"""The order in which a database's index takes rates fastest."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*+)"|([^",]*+))(,|\Z)')
_MISPLACED_QUOTE: Final = '"'


class RateDeckReader:
    """Takes a deck's file piece by piece; what it has read of it so far stands in ``rates``, in the file's order.

    ``currency`` and ``terms`` are the deck's: a column of currencies must agree, a band must be one of the deck's.
    """

    __slots__ = ("_header", "_line_number", "_lines", "_pick", "_pick_optional", "_rest", "_rows", "rates")

    def __init__(self, currency: str = "", terms: DeckTerms = PLAIN_TERMS) -> None:
        self.rates: list[Rate] = []
        self._rows = RowReader(currency, terms)
        self._lines = array("L")
        self._header: list[str] = []
        self._pick: Callable[[Sequence[str]], tuple[str, ...]] = tuple
        self._pick_optional: Callable[[Sequence[str]], tuple[str, ...]] | None = None
        self._line_number = 0
        self._rest = b""

    def take(self, piece: bytes) -> Refused | None:
        """Read the lines that this piece completes; the refusal of the first that is wrong, after which it is over."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            refused = self._take_line(line)
            if refused is not None:
                return refused
        if len(self._rest) > LINE_BYTES_MAX:
            self._line_number += 1
            return self._too_long(self._rest)
        return None

    def finish(self) -> list[Rate] | Refused:
        """Read the last line and compare the rates with each other; all of them, or what is wrong.

        They come in order of service, prefix and time, in which a database's index takes them fastest. For a large deck
        this is half a second's work that asks nobody else.
        """
        refused = self._take_line(self._rest) if self._rest else None
        if refused is not None:
            return refused
        if not self.rates:
            self._line_number += 1
            allowed = "a header row and at least one rate" if not self._header else "at least one rate"
            return self._refuse(None, "", allowed)
        return self._refuse_overlap() or sorted(self.rates, key=RATE_ORDER)

    def _take_line(self, line: bytes) -> Refused | None:
        self._line_number = number = self._line_number + 1
        if len(line) > LINE_BYTES_MAX:
            return self._too_long(line)
        if number == 1:
            line = line.removeprefix(_BYTE_ORDER_MARK)
        if number > ROWS_MAX + 1:
            return self._refuse(None, "", f"at most {ROWS_MAX} lines below the header")
        line = line.removesuffix(b"\r")
        if not line:
            return None
        try:
            text = line.decode()
        except UnicodeDecodeError:
            return self._not_text(line)
        fields = text.split(",") if '"' not in text else _quoted_fields(text)
        if fields and fields[-1] is _MISPLACED_QUOTE:
            return self._misplaced_quote(fields)
        if not self._header:
            return self._take_header(fields)
        if len(fields) != len(self._header):
            allowed = f"{len(self._header)} fields with a comma between them, as in the header"
            return self._refuse(None, f"{len(fields)} fields", allowed)
        return self._take_row(fields)

    def _take_row(self, fields: list[str]) -> Refused | None:
        try:
            # A column that the file does not have is an empty field beyond the others.
            optional = None if self._pick_optional is None else self._pick_optional([*fields, ""])
            rate = self._rows.read(self._pick(fields), optional)
        except ValueError:
            wrong = self._rows.first_wrong(dict(zip(self._header, fields, strict=True)))
            return self._refuse(wrong.column, wrong.value, wrong.allowed)
        self.rates.append(rate)
        self._lines.append(self._line_number)
        return None

    def _take_header(self, names: list[str]) -> Refused | None:
        for position, name in enumerate(names):
            if name not in COLUMNS and name not in OPTIONAL_COLUMNS:
                columns, optional = ",".join(COLUMNS), ",".join(OPTIONAL_COLUMNS)
                return self._refuse(None, name, f"a header row of these columns: {columns}; and any of: {optional}")
            if name in names[:position]:
                return self._refuse(name, name, "each column once")
        for column in COLUMNS:
            if column not in names:
                return self._refuse(column, "", "a header row that names this column too")
        self._header = names
        self._pick = itemgetter(*(names.index(column) for column in COLUMNS))
        if len(names) > len(COLUMNS):
            places = (names.index(column) if column in names else len(names) for column in OPTIONAL_COLUMNS)
            self._pick_optional = itemgetter(*places)
        return None

    def _refuse_overlap(self) -> Refused | None:
        overlap = first_overlap(self.rates)
        if overlap is None:
            return None
        # Of the two, the one further down in the file is named: up to there its author had made no mistake.
        lines = [
            line for line, rate in zip(self._lines, self.rates, strict=True) if rate is overlap[0] or rate is overlap[1]
        ]
        rate = self.rates[self._lines.index(lines[1])]
        self._line_number = lines[1]
        origin = f" from {rate.origin_country}" if rate.origin_country else ""
        allowed = (
            f"one rate at a time for prefix {rate.prefix} and {rate.service.value}{origin}: "
            f"the one on line {lines[0]} is in force at the same time"
        )
        return self._refuse("effective_from", rate.effective_from.isoformat(), allowed)

    def _misplaced_quote(self, fields: list[str]) -> Refused:
        position = len(fields) - 1
        column = self._header[position] if position < len(self._header) else None
        return self._refuse(column, '"', "quotes around a whole field only, doubled inside it and closed on its line")

    def _not_text(self, line: bytes) -> Refused:
        fields = line.decode(errors="replace").split(",")
        position = next(index for index, field in enumerate(fields) if "\ufffd" in field)
        column = self._header[position] if position < len(self._header) else None
        return self._refuse(column, fields[position], "text in UTF-8")

    def _too_long(self, line: bytes) -> Refused:
        beginning = line[:VALUE_CHARACTERS_MAX].decode(errors="replace")
        return self._refuse(None, beginning, f"a line of at most {LINE_BYTES_MAX} bytes")

    def _refuse(self, column: str | None, value: str, allowed: str) -> Refused:
        place = f"line {self._line_number}"
        refused = invalid_input(place if column is None else f"{place}, column {column}", value, allowed)
        return Refused(code=refused.code, facts={**refused.facts, "line": self._line_number, "column": column or ""})


def _quoted_fields(text: str) -> list[str]:
    """The fields of a line in which quotes occur, up to a quote that does not stand where one may."""
    fields: list[str] = []
    position = 0
    while True:
        match = _FIELD.match(text, position)
        if match is None:
            return [*fields, _MISPLACED_QUOTE]
        quoted, plain, end = match.groups()
        fields.append(plain if quoted is None else quoted.replace('""', '"'))
        position = match.end()
        if not end:
            return fields
