"""Cursors are read as strictly as any other input, and give back exactly the place that they were made for."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.operations.paging import (
    LIMIT_MAX,
    check_limit,
    read_cursor,
    read_instant,
    write_cursor,
    write_instant,
)

keys = st.lists(st.text(st.characters(categories=["L", "N", "P", "S"]), max_size=60), min_size=2, max_size=2)


def encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@given(keys)
def test_a_cursor_gives_back_the_place_that_it_was_made_for(key: list[str]) -> None:
    assert read_cursor("calls", write_cursor("calls", *key), 2) == tuple(key)


@given(keys, st.integers(0, 2_000), st.characters(codec="ascii"))
def test_a_cursor_that_was_changed_by_a_character_is_refused_or_names_another_place(
    key: list[str], position: int, replacement: str
) -> None:
    cursor = write_cursor("calls", *key)
    position %= len(cursor)
    changed = cursor[:position] + replacement + cursor[position + 1 :]

    read = read_cursor("calls", changed, 2)

    assert read is None or write_cursor("calls", *read) == changed


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        " ",
        "null",
        "=",
        write_cursor("calls", "1", "call") + "=",
        write_cursor("calls", "1", "call") + "\n",
        write_cursor("calls", "1"),
        write_cursor("calls", "1", "call", "more"),
        write_cursor("journal", "1", "call"),
        encoded('["calls","1",2]'),
        encoded('["calls", "1", "call"]'),
        encoded('["calls","1","call"] '),
        encoded('["calls","1","ca\\u006cl"]'),
        encoded('["calls","1","call\\u0000"]'),
        encoded('["calls","1","\\ud800"]'),
        encoded('{"calls":"1"}'),
        encoded("[]"),
        encoded("[" * 1_000),
        base64.urlsafe_b64encode(b'["calls","1","\xff"]').decode(),
        "é",
        "A" * 10_000_000,
    ],
)
def test_a_cursor_that_was_never_given_out_for_this_list_is_refused(cursor: str) -> None:
    assert read_cursor("calls", cursor, 2) is None


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_in_a_cursor_is_exact(instant: datetime) -> None:
    assert read_instant(write_instant(instant)) == instant


@pytest.mark.parametrize("text", ["", "-", "1.5", "1e9", "nan", " 1", "٣", "9" * 18, "-" + "9" * 18, "9" * 5_000])
def test_what_is_no_instant_is_none(text: str) -> None:
    assert read_instant(text) is None


@pytest.mark.parametrize("limit", [-1, 0, LIMIT_MAX + 1, 10**30])
def test_a_page_of_no_items_or_too_many_is_refused(limit: int) -> None:
    refused = check_limit(limit)
    assert refused is not None
    assert refused.facts["field"] == "limit"


@pytest.mark.parametrize("limit", [1, LIMIT_MAX])
def test_a_page_may_hold_from_one_item_up_to_the_most(limit: int) -> None:
    assert check_limit(limit) is None
