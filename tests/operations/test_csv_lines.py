"""A file is read whole however it comes, and everything that is wrong with it is told by line and column."""

from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.csv_lines import (
    ERRORS_MAX,
    LINE_BYTES_MAX,
    Column,
    CsvReader,
    Row,
    one_of,
    pieces_of,
    read_csv,
    read_list,
)


def read_short(text: str) -> str:
    if len(text) > 10:
        raise ValueError(text)
    return text


COLUMNS = {
    "name": Column(read=read_short, allowed="at most 10 characters", required=True),
    "size": Column(read=int, allowed="a whole number"),
    "color": Column(read=one_of(("red", "blue")), allowed="red or blue"),
}


def reading(*pieces: bytes, rows_max: int = 1_000) -> CsvReader:
    """A reader that has taken a file."""
    reader = CsvReader(COLUMNS, rows_max=rows_max)
    for piece in pieces:
        reader.take(piece)
    reader.finish()
    return reader


def values(*pieces: bytes) -> list[tuple[object, ...]]:
    reader = reading(*pieces)
    assert reader.mistakes.errors == []
    return [row.values for row in reader.rows]


def mistakes(content: bytes) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.value) for error in reading(content).mistakes.in_order()]


def test_columns_come_in_any_order_and_those_left_out_are_told_apart_from_empty_ones() -> None:
    assert values(b"size,name\n1,a\n2,\n") == [("a", 1, UNSET), ("", 2, UNSET)]


def test_a_byte_order_mark_empty_lines_and_either_line_end_are_taken_as_they_come() -> None:
    assert values(b"\xef\xbb\xbfname,size\r\na,1\r\n\r\n\nb,2") == [("a", 1, UNSET), ("b", 2, UNSET)]


def test_a_quoted_field_holds_commas_quotes_and_nothing_at_all() -> None:
    assert values(b'name,size\n"a,""b""",1\n"",2\n') == [('a,"b"', 1, UNSET), ("", 2, UNSET)]


def test_a_row_knows_its_line() -> None:
    assert reading(b"name\n\na\n").rows == [Row(line=3, values=("a", UNSET, UNSET))]


def test_every_mistake_is_told_and_right_lines_are_kept_beside_them() -> None:
    reader = reading(b'name,size\na,1\nb,x\nfar too long,y\nc\nd"d,4\n\xff,5\ne,6\n')
    assert [(error.line, error.column, error.value) for error in reader.mistakes.in_order()] == [
        (3, "size", "x"),
        (4, "name", "far too long"),
        (4, "size", "y"),
        (5, "", "1 fields"),
        (6, "name", '"'),
        (7, "name", "\ufffd"),
    ]
    assert [row.values[0] for row in reader.rows] == ["a", "e"]
    assert not reader.broken


def test_a_header_that_cannot_be_understood_ends_the_reading() -> None:
    for content, line, column, value in (
        (b"name,weight\na,1\n", 1, "", "weight"),
        (b"name,name\na,b\n", 1, "name", "name"),
        (b"size\n1\n", 1, "name", ""),
        (b"name;size\na;1\n", 1, "", "name;size"),
        (b"\xff\xfe\n", 1, "", "\ufffd\ufffd"),
        (b'"name\nx\n', 1, "", '"'),
    ):
        reader = reading(content)
        assert reader.broken, content
        first = reader.mistakes.errors[0]
        assert (first.line, first.column, first.value) == (line, column, value), content
        assert reader.rows == []


def test_a_file_without_a_row_is_a_mistake() -> None:
    assert mistakes(b"") == [(1, "", "")]
    assert mistakes(b"\n\n") == [(3, "", "")]
    assert mistakes(b"name\n") == [(2, "", "")]


def test_a_line_without_end_is_refused_as_soon_as_it_is_too_long() -> None:
    reader = CsvReader(COLUMNS, rows_max=10)
    broken = []
    for piece in (b"name\n", b"x" * LINE_BYTES_MAX, b"x"):
        reader.take(piece)
        broken.append(reader.broken)
    assert broken == [False, False, True]
    assert [(error.line, len(error.value)) for error in reader.mistakes.errors] == [(2, 64)]


def test_a_file_of_too_many_lines_is_refused_at_the_first_too_many() -> None:
    reader = reading(b"name\n" + b"a\n" * 11, rows_max=10)
    assert reader.broken
    assert [(error.line, error.allowed) for error in reader.mistakes.errors] == [
        (12, "at most 10 lines below the header")
    ]


def test_of_very_many_mistakes_the_first_are_told_and_all_are_counted() -> None:
    reader = reading(b"name,size\n" + b"a,x\n" * (ERRORS_MAX + 50))
    assert len(reader.mistakes.errors) == ERRORS_MAX
    assert reader.mistakes.count == ERRORS_MAX + 50
    assert reader.mistakes.errors[-1].line == ERRORS_MAX + 1


def test_a_mistake_is_a_refusal_for_whoever_is_told_of_one_only() -> None:
    (error,) = reading(b"name,size\na,x\n").mistakes.errors
    assert error.refused() == Refused(
        code=RefusalCode.INVALID_INPUT,
        facts={"field": "line 2, column size", "value": "x", "allowed": "a whole number", "line": 2, "column": "size"},
    )


def test_a_value_is_shown_cut_short_and_fit_to_be_shown() -> None:
    (error,) = reading(b"name\n" + "a\x1b[31m\u202e".encode() + b"x" * 100 + b"\n").mistakes.errors
    assert len(error.value) == 64
    assert "\x1b" not in error.value
    assert "\u202e" not in error.value


def test_a_list_in_a_field_has_semicolons_between_its_parts() -> None:
    assert read_list("") == read_list("  ") == ()
    assert read_list("a") == ("a",)
    assert read_list("a; b ;c") == ("a", "b", "c")
    assert read_list("a;;b") == ("a", "", "b")


@given(st.lists(st.binary(max_size=30), max_size=20))
def test_any_bytes_in_any_pieces_are_read_like_the_same_bytes_at_once(pieces: list[bytes]) -> None:
    content = b"name,size\n" + b"".join(pieces)
    whole, cut = reading(content), reading(b"name,size\n", *pieces)
    assert whole.rows == cut.rows
    assert whole.mistakes.in_order() == cut.mistakes.in_order()


async def test_a_file_a_list_and_a_stream_of_pieces_are_read_alike() -> None:
    content = b"name\n" + b"a\n" * 100_000

    class File:
        def __init__(self) -> None:
            self.rest = content

        def read(self, size: int, /) -> bytes:
            piece, self.rest = self.rest[:size], self.rest[size:]
            return piece

    async def stream() -> AsyncIterator[bytes]:
        for start in range(0, len(content), 7_000):
            yield content[start : start + 7_000]

    for source in (File(), [content], stream()):
        seen: list[int] = []
        reader = await read_csv(source, COLUMNS, rows_max=100_000, bytes_max=len(content), progress=seen.append)
        assert isinstance(reader, CsvReader)
        assert len(reader.rows) == 100_000
        assert seen == sorted(seen)
    assert b"".join([piece async for piece in pieces_of([content])]) == content


async def test_a_file_that_is_too_large_is_refused_whatever_stands_in_it() -> None:
    refused = await read_csv([b"name\n", b"a\n" * 10], COLUMNS, rows_max=10, bytes_max=24)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "lines"
