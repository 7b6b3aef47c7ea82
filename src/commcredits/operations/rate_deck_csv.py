"""Rate decks as CSV: from bytes to rates, or the first thing that is wrong with them, by line and column.

Knows the file's form: UTF-8, a header row that names each column once in any order, commas, one rate per line, a field
in quotes where it holds a comma. Refuses to know where the bytes come from and where the rates go. It never holds more
of the file than a line and a piece, so that a line without end is refused as soon as it is too long.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from operator import attrgetter, itemgetter
from typing import Any, Final

from commcredits.core.calendar import parse_instant
from commcredits.core.commands import Service
from commcredits.core.money import MICROS_PER_UNIT, parse_micros
from commcredits.core.outcomes import Refused
from commcredits.core.tariffs import Rate, first_overlap
from commcredits.operations.inputs import UNSHOWABLE, VALUE_CHARACTERS_MAX, invalid_input

LINE_BYTES_MAX: Final = 64 * 1024
"""Longest line of a deck."""

ROWS_MAX: Final = 1_000_000
"""Most lines of a deck below its header."""

DESTINATION_CHARACTERS_MAX: Final = 100
"""Longest name of a destination."""

PRICE_MICROS_MAX: Final = 10**12
"""Highest price per minute and connection fee: a million major units. What has more is not a price."""

INCREMENT_SECONDS_MAX: Final = 3_600
"""Longest first or next increment."""

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_VALUES_REMEMBERED_MAX: Final = 4_096

_PREFIX: Final = re.compile(r"\+?([1-9][0-9]{0,14})", re.ASCII)
_INCREMENT: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_FIELD: Final = re.compile(r'(?:"((?:[^"]|"")*+)"|([^",]*+))(,|\Z)')
_MISPLACED_QUOTE: Final = '"'
_SERVICES: Final = {service.value: service for service in Service if service is not Service.EMERGENCY}


def read_prefix(text: str) -> str:
    """The digits of a prefix. Numbers never begin with 0, so a prefix that does would never price a call."""
    match = _PREFIX.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match[1]


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_destination(text: str) -> str:
    """The name of a destination; decks repeat few names very often, so equal ones become one object."""
    if not text.strip() or len(text) > DESTINATION_CHARACTERS_MAX or UNSHOWABLE.search(text):
        raise ValueError(text)
    return text


def read_service(text: str) -> Service:
    """The service that a rate is for."""
    service = _SERVICES.get(text)
    if service is None:
        raise ValueError(text)
    return service


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_price(text: str) -> int:
    """A price in millionths."""
    micros = parse_micros(text)
    if text.startswith("-") or micros > PRICE_MICROS_MAX:
        raise ValueError(text)
    return micros


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_increment(text: str) -> int:
    """An increment in seconds."""
    if not _INCREMENT.fullmatch(text) or int(text) > INCREMENT_SECONDS_MAX:
        raise ValueError(text)
    return int(text)


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_beginning(text: str) -> datetime:
    """The instant from which a rate is in force."""
    return parse_instant(text)


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_end(text: str) -> datetime | None:
    """The instant up to which a rate is in force; empty means without end."""
    return parse_instant(text) if text else None


_PRICE_ALLOWED: Final = (
    f"a plain decimal from 0 to {PRICE_MICROS_MAX // MICROS_PER_UNIT} with at most 6 digits after the point"
)
_INCREMENT_ALLOWED: Final = f"a whole number of seconds from 1 to {INCREMENT_SECONDS_MAX}"
_INSTANT_ALLOWED: Final = "an RFC 3339 time such as 2026-11-22T00:00:00Z, or a date, which means midnight UTC"

COLUMNS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "prefix": (read_prefix, "1 to 15 digits, the first not 0, with or without a plus sign before them"),
    "destination": (read_destination, f"1 to {DESTINATION_CHARACTERS_MAX} characters"),
    "service": (read_service, ", ".join(_SERVICES)),
    "price_per_minute": (read_price, _PRICE_ALLOWED),
    "connection_fee": (read_price, _PRICE_ALLOWED),
    "first_increment": (read_increment, _INCREMENT_ALLOWED),
    "next_increment": (read_increment, _INCREMENT_ALLOWED),
    "effective_from": (read_beginning, _INSTANT_ALLOWED),
    "effective_to": (read_end, f"empty, or {_INSTANT_ALLOWED}; later than effective_from"),
}
"""Each column with what reads it and what may stand in it."""


class RateDeckReader:
    """Takes a deck's file piece by piece; what it has read of it so far stands in ``rates``, in the file's order."""

    __slots__ = ("_header", "_line_number", "_lines", "_pick", "_rest", "rates")

    def __init__(self) -> None:
        self.rates: list[Rate] = []
        self._lines = array("L")
        self._header: list[str] = []
        self._pick: Callable[[Sequence[str]], tuple[str, ...]] = tuple
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
        return self._refuse_overlap() or sorted(self.rates, key=attrgetter("service", "prefix", "effective_from"))

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
        if len(fields) != len(COLUMNS):
            allowed = f"{len(COLUMNS)} fields with a comma between them, as in the header"
            return self._refuse(None, f"{len(fields)} fields", allowed)
        return self._take_row(fields)

    def _take_row(self, fields: list[str]) -> Refused | None:
        prefix, destination, service, price, fee, first, following, beginning, end = self._pick(fields)
        try:
            rate = Rate(
                prefix=read_prefix(prefix),
                destination=read_destination(destination),
                service=read_service(service),
                price_per_minute_micros=read_price(price),
                connection_fee_micros=read_price(fee),
                first_increment_seconds=read_increment(first),
                next_increment_seconds=read_increment(following),
                effective_from=read_beginning(beginning),
                effective_to=read_end(end),
            )
        except ValueError:
            return self._refuse_first_wrong(fields)
        if rate.effective_to is not None and rate.effective_to <= rate.effective_from:
            return self._refuse("effective_to", end, COLUMNS["effective_to"][1])
        self.rates.append(rate)
        self._lines.append(self._line_number)
        return None

    def _refuse_first_wrong(self, fields: list[str]) -> Refused:
        """Only a row that is wrong is read a second time, field by field, so that the others cost less."""
        for column, value in zip(self._header, fields, strict=True):
            read, allowed = COLUMNS[column]
            try:
                read(value)
            except ValueError:
                return self._refuse(column, value, allowed)
        raise AssertionError("a row that was refused has a field that is wrong")

    def _take_header(self, names: list[str]) -> Refused | None:
        for position, name in enumerate(names):
            if name not in COLUMNS:
                return self._refuse(None, name, f"a header row of these columns: {','.join(COLUMNS)}")
            if name in names[:position]:
                return self._refuse(name, name, "each column once")
        for column in COLUMNS:
            if column not in names:
                return self._refuse(column, "", "a header row that names this column too")
        self._header = names
        self._pick = itemgetter(*(names.index(column) for column in COLUMNS))
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
        allowed = (
            f"one rate at a time for prefix {rate.prefix} and {rate.service.value}: "
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
