"""Messages come out of bytes as they went in, however those are cut up, and nothing else comes out."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.switches.freeswitch.events import read_event
from commcredits.edges.switches.freeswitch.framing import FramingError, Message, MessageFraming
from commcredits.edges.switches.freeswitch.limits import EventSocketLimits
from tests.edges.switches.freeswitch.fake_channel import serialized

SMALL = EventSocketLimits(header_bytes_max=200, body_bytes_max=300, headers_max=10)
NAMES = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=12).filter(lambda name: name != "content-length")
VALUES = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), max_size=20)


def _written(headers: dict[str, str], body: bytes) -> bytes:
    lines = "".join(f"{name}: {value}\n" for name, value in headers.items())
    length = f"Content-Length: {len(body)}\n" if body else ""
    return f"{lines}{length}\n".encode() + body


def _read(chunks: list[bytes], limits: EventSocketLimits | None = None) -> list[Message]:
    framing = MessageFraming(limits or EventSocketLimits())
    return [message for chunk in chunks for message in framing.feed(chunk)]


def _cut_up(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


@given(
    st.lists(st.tuples(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), st.binary(max_size=60)), max_size=5),
    st.lists(st.integers(min_value=0), max_size=12),
)
def test_messages_come_out_as_they_went_in(messages: list[tuple[dict[str, str], bytes]], places: list[int]) -> None:
    data = b"".join(_written(headers, body) for headers, body in messages)
    read = _read(_cut_up(data, places))
    assert [message.body for message in read] == [body for _headers, body in messages]
    for message, (headers, _body) in zip(read, messages, strict=True):
        assert {name: value for name, value in message.headers.items() if name != "content-length"} == headers


@given(st.binary(max_size=2_000), st.lists(st.integers(min_value=0), max_size=12))
def test_noise_is_read_or_refused_whatever_it_is(noise: bytes, places: list[int]) -> None:
    with suppress(FramingError):
        _read(_cut_up(noise, places), SMALL)


@given(st.binary(max_size=500))
def test_noise_in_the_place_of_an_event_is_read_or_refused(noise: bytes) -> None:
    with suppress(FramingError):
        event = read_event(noise, 100)
        assert event.uuid is not None
        assert event.answered_at >= 0
        assert event.name is not None


@given(st.dictionaries(NAMES, st.text(max_size=30), min_size=1))
def test_values_of_events_are_decoded_whatever_they_hold(values: dict[str, str]) -> None:
    event = read_event(serialized([("Event-Name", "X"), *values.items()]).encode(), 100)
    assert {name: event.text(name) for name in values} == values


@pytest.mark.parametrize(
    "data",
    [
        b"Content-Type: x\nContent-Length: -1\n\n",
        b"Content-Type: x\nContent-Length: 1e3\n\n",
        b"Content-Type: x\nContent-Length: 301\n\n",
        b"Content-Type: x\nContent-Length: 99999999999999999999\n\n",
        b"no colon here\n\n",
        b"a" * 201,
        b"a: " + b"b" * 210 + b"\n\n",
        b"".join(b"n%d: x\n" % number for number in range(11)) + b"\n",
    ],
)
def test_what_is_no_message_or_too_large_is_refused(data: bytes) -> None:
    with pytest.raises(FramingError):
        _read([data], SMALL)


def test_a_header_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    framing = MessageFraming(SMALL)
    for _turn in range(SMALL.header_bytes_max // 9):
        assert framing.feed(b"abc: def\n") == []
    with pytest.raises(FramingError):
        framing.feed(b"abc: def\n")


def test_the_first_of_two_headers_of_one_name_counts() -> None:
    (message,) = _read([b"Content-Length: 2\ncontent-length: 5\n\nab"])
    assert message.body == b"ab"


def test_an_event_with_a_body_of_its_own_is_read_without_it() -> None:
    event = read_event(b"Event-Name: CUSTOM\nContent-Length: 5\n\nhello", 100)
    assert event.name == "CUSTOM"


def test_numbers_that_are_none_count_for_nothing() -> None:
    event = read_event(b"a: 12x\nb: -3\nc: \nd: 99999999999999999999999\ne: 17\n", 100)
    assert [event.number(name) for name in "abcdef"] == [0, 0, 0, 0, 17, 0]
