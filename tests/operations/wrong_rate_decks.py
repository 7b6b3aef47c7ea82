"""Files that are no rate deck, each with what of it must be named."""

from dataclasses import dataclass
from typing import Any

import pytest

from commcredits.operations.rate_deck_csv import LINE_BYTES_MAX
from tests.operations.office import HEADER

LINE = "44,United Kingdom,outbound,0.60,0.05,60,1,2020-01-01,2030-06-30T12:00:00+03:00"


def row(**fields: str) -> str:
    """LINE with some of its fields changed."""
    values = dict(zip(HEADER.split(","), LINE.split(","), strict=True)) | fields
    return ",".join(values.values())


def deck(*lines: str) -> bytes:
    return "\n".join([HEADER, *lines, ""]).encode()


@dataclass(frozen=True, kw_only=True)
class Wrong:
    """A file, and what of it is named in the refusal."""

    content: bytes
    line: int
    column: str
    value: str | None = None


def wrong_field(column: str, value: str, *, shown: str | None = None) -> Any:
    second = Wrong(
        content=deck(LINE, row(**{"prefix": "49", column: value})),
        line=3,
        column=column,
        value=value[:64] if shown is None else shown,
    )
    return pytest.param(second, id=f"{column} {value[:24]!a}")


def wrong_file(name: str, content: bytes, *, line: int, column: str = "", value: str | None = None) -> Any:
    return pytest.param(Wrong(content=content, line=line, column=column, value=value), id=name)


NO_PRICES = [
    "",
    " ",
    "free",
    "-0.01",
    "-0",
    "+1",
    "1e3",
    "1E-3",
    "NaN",
    "nan",
    "inf",
    "Infinity",
    "0x10",
    "1_000",
    "1 000",
    "0,60",
    ".5",
    "5.",
    "0.0000001",
    "1000000.000001",
    "9" * 11,
    "9" * 60_000,
    "٣",
    "0.60 ",
    "0.60\x00",
    "€0.60",
]
NO_INCREMENTS = ["", "0", "-1", "+1", "1.0", "1e2", "3601", "9" * 60_000, "007", "60/60", "٦", " 60", "60\x00"]
NO_INSTANTS = [
    "now",
    "2020",
    "2020-1-1",
    "2020-02-30",
    "2020-13-01",
    "01.02.2020",
    "2020-01-01T00:00:00",
    "2020-01-01T25:00:00Z",
    "2020-01-01T00:00:00+99:00",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "20200101",
    "2020-W01-1",
    "2020-01-01\x00",
    "1577836800",
]

WRONG = [
    *(wrong_field("prefix", value) for value in ("", "+", "0", "00", "040", "+0", "4 4", "44x", "++44", "4" * 16)),
    *(wrong_field("prefix", value) for value in ("4" * 60_000, "٤٤", "-44", "4.4E+11", "=44", "44*")),
    wrong_field("prefix", "44\x00", shown="44\ufffd"),
    *(wrong_field("destination", value) for value in ("", "  ", "x" * 101, "x" * 60_000)),
    wrong_field("destination", "United\x00Kingdom", shown="United\ufffdKingdom"),
    wrong_field("destination", "\x1b[2J", shown="\ufffd[2J"),
    wrong_field("destination", "\u202emodgniK", shown="\ufffdmodgniK"),
    wrong_field("destination", "United\rKingdom", shown="United\ufffdKingdom"),
    *(wrong_field("service", value) for value in ("", "Outbound", "emergency", "sms", " outbound")),
    *(
        wrong_field("price_per_minute", value, shown=value[:64].replace("\x00", "\ufffd"))
        for value in NO_PRICES
        if "," not in value
    ),
    *(wrong_field("connection_fee", value) for value in ("", "-1", "NaN", "1e1", "1000000.000001")),
    *(
        wrong_field(column, value, shown=value[:64].replace("\x00", "\ufffd"))
        for column in ("first_increment", "next_increment")
        for value in NO_INCREMENTS
    ),
    *(
        wrong_field(column, value, shown=value[:64].replace("\x00", "\ufffd"))
        for column in ("effective_from", "effective_to")
        for value in NO_INSTANTS
    ),
    wrong_field("effective_from", ""),
    wrong_field("effective_to", "2020-01-01"),
    wrong_field("effective_to", "2019-12-31T23:59:59.999999Z"),
    wrong_field("effective_to", "2020-01-01T01:00:00+01:00"),
    wrong_file("nothing at all", b"", line=1),
    wrong_file("a mark and nothing more", b"\xef\xbb\xbf", line=2),
    wrong_file("empty lines", b"\n\r\n\n", line=4),
    wrong_file("a header and nothing more", deck(), line=2),
    wrong_file("no header", f"{LINE}\n".encode(), line=1, value="44"),
    wrong_file("semicolons", HEADER.replace(",", ";").encode(), line=1, value=HEADER.replace(",", ";")[:64]),
    wrong_file("tabs", HEADER.replace(",", "\t").encode(), line=1),
    wrong_file("an unknown column", f"{HEADER},note\n{LINE},x\n".encode(), line=1, value="note"),
    wrong_file("a column in capitals", HEADER.upper().encode(), line=1, value="PREFIX"),
    wrong_file("a column in spaces", HEADER.replace(",", ", ").encode(), line=1, value=" destination"),
    wrong_file("a column twice", f"{HEADER},prefix\n{LINE},44\n".encode(), line=1, column="prefix", value="prefix"),
    wrong_file("a column missing", HEADER.removesuffix(",effective_to").encode(), line=1, column="effective_to"),
    wrong_file("a second mark", b"\xef\xbb\xbf\xef\xbb\xbf" + deck(LINE), line=1, value="\ufffdprefix"),
    wrong_file("UTF-16", deck(LINE).decode().encode("utf-16"), line=1),
    wrong_file("carriage returns for line ends", deck(LINE).replace(b"\n", b"\r"), line=1),
    wrong_file("a field too few", deck(LINE, LINE.rpartition(",")[0]), line=3, value="8 fields"),
    wrong_file("a field too many", deck(LINE, f"{LINE},"), line=3, value="10 fields"),
    wrong_file("an unquoted comma", deck(row(price_per_minute="0,60")), line=2, value="10 fields"),
    wrong_file("only commas", deck(",,,,,,,,"), line=2, column="prefix", value=""),
    wrong_file("a quote that is never closed", deck('44,"United Kingdom', LINE), line=2, column="destination"),
    wrong_file("a quote inside a field", deck(row(destination='United "K"')), line=2, column="destination"),
    wrong_file("a field after its quote", deck(row(destination='"United" Kingdom')), line=2, column="destination"),
    wrong_file("a line end in quotes", deck(row(destination='"United\nKingdom"')), line=2, column="destination"),
    wrong_file("60,000 quotes", deck(row(destination='"' * 60_001)), line=2, column="destination"),
    wrong_file("half a character", deck(LINE) + b"49,Germ\xc3,outbound", line=3, column="destination"),
    wrong_file("another code page", deck(LINE) + "49,Österreich".encode("cp1252"), line=3, column="destination"),
    wrong_file("half of a pair", deck(LINE) + b"49,\xed\xa0\x80", line=3, column="destination"),
    wrong_file("bytes in the header", b"\xff" + deck(LINE), line=1),
    wrong_file("bytes beyond the columns", deck(LINE) + b"," * 9 + b"\xff", line=3, value="\ufffd"),
    wrong_file("zero bytes", b"\x00" * 1_000, line=1),
    wrong_file("the same line twice", deck(LINE, LINE), line=3, column="effective_from"),
    wrong_file("the same line apart", deck(LINE, row(prefix="49"), LINE), line=4, column="effective_from"),
    wrong_file(
        "a plus sign for a difference", deck(LINE, row(prefix="+44")), line=3, column="effective_from"
    ),
    wrong_file(
        "a rate within another",
        deck(LINE, row(effective_from="2025-01-01", effective_to="2025-02-01")),
        line=3,
        column="effective_from",
    ),
    wrong_file(
        "a rate that reaches into a later one",
        deck(row(effective_from="2025-01-01", effective_to=""), LINE),
        line=3,
        column="effective_from",
    ),
    wrong_file(
        "two without end", deck(row(effective_to=""), row(effective_from="2025-01-01", effective_to="")), line=3,
        column="effective_from",
    ),
    wrong_file("a line too long", deck("4" * (LINE_BYTES_MAX + 1)), line=2),
    wrong_file("a header too long", b"p" * (LINE_BYTES_MAX + 1), line=1, value="p" * 64),
]  # fmt: skip
