"""Messages survive however the stream is cut, what is none ends the link, and Kamailio's reader is not led astray."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.switches.kamailio.framing import (
    FRAME_BYTES_MAX,
    FramingError,
    NetstringReader,
    frame,
)

KAMAILIO_READ_BYTES_MAX = 32_767
MESSAGES = st.lists(st.binary(max_size=600), max_size=12)


def _in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % (len(data) + 1) for cut in cuts}), len(data)]
    return [data[start:end] for start, end in itertools.pairwise(edges)]


@given(messages=MESSAGES, cuts=st.lists(st.integers(0, 10_000), max_size=20))
def test_messages_come_out_as_they_went_in_however_the_stream_is_cut(messages: list[bytes], cuts: list[int]) -> None:
    reader = NetstringReader()
    stream = b"".join(frame(message) for message in messages)
    assert [each for piece in _in_pieces(stream, cuts) for each in reader.feed(piece)] == messages


@given(st.lists(st.binary(max_size=2_000), min_size=1, max_size=60))
def test_no_read_of_kamailio_that_is_as_long_as_it_can_be_ends_inside_a_length(messages: list[bytes]) -> None:
    frames = [frame(message) for message in messages]
    stream = b"".join(frames)
    starts = list(itertools.accumulate((len(each) for each in frames), initial=0))[:-1]
    inside = {at for start in starts for at in range(start + 1, stream.index(b":", start) + 1)}
    assert not inside & set(range(0, len(stream), KAMAILIO_READ_BYTES_MAX))


@given(st.lists(st.binary(max_size=100), max_size=20))
def test_whatever_arrives_is_messages_or_an_error_and_little_is_kept(pieces: list[bytes]) -> None:
    reader = NetstringReader()
    try:
        for piece in pieces:
            for message in reader.feed(piece):
                assert len(message) <= FRAME_BYTES_MAX
    except FramingError:
        return
    assert reader.kept_bytes <= FRAME_BYTES_MAX + 8


@pytest.mark.parametrize(
    "stream",
    [b"{}", b":,", b"-1:,", b"+5:hello,", b"1_0:0123456789,", b"5:hello;", b"99999:", b"1234567", b"\xff", b"5:hell,o"],
)
def test_what_is_no_netstring_is_an_error(stream: bytes) -> None:
    with pytest.raises(FramingError):
        NetstringReader().feed(stream)


def test_a_message_that_is_too_long_is_refused_before_it_has_arrived() -> None:
    with pytest.raises(FramingError, match="16385 bytes"):
        NetstringReader().feed(b"16385:")


def test_spaces_between_messages_are_nothing() -> None:
    assert NetstringReader().feed(b"  2:ab,   2:cd,  ") == [b"ab", b"cd"]
