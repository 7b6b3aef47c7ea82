"""The codec: what it writes it reads, what is no packet it refuses, and a proof that is wrong proves nothing."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.packets import (
    ATTRIBUTES_MAX,
    PACKET_BYTES_MAX,
    Packet,
    PacketError,
    is_proven,
    is_reply_to,
    is_signed,
    number_value,
    read_packet,
    write_access_request,
    write_reply,
    write_request,
)

SECRET = b"a-secret-of-the-tests"
AUTHENTICATOR = bytes(range(16))

attributes = st.lists(
    st.tuples(st.integers(1, 255).filter(lambda number: number != 80), st.binary(max_size=253)), max_size=12
)
"""Any attributes but Message-Authenticator, whose content is not free."""


def _access_request(*content: tuple[int, bytes]) -> bytes:
    return write_access_request(Code.ACCESS_REQUEST, 7, AUTHENTICATOR, content, SECRET)


@given(attributes)
def test_what_is_written_is_read(content: list[tuple[int, bytes]]) -> None:
    packet = read_packet(_access_request(*content))
    assert (packet.code, packet.identifier, packet.authenticator) == (1, 7, AUTHENTICATOR)
    assert list(packet.attributes[1:]) == content
    assert is_proven(packet, SECRET, AUTHENTICATOR)
    signed = read_packet(write_request(Code.ACCOUNTING_REQUEST, 9, content, SECRET))
    assert list(signed.attributes[1:]) == content
    assert is_signed(signed, SECRET)


@given(attributes)
def test_an_answer_belongs_to_its_request_alone(content: list[tuple[int, bytes]]) -> None:
    request = read_packet(_access_request((int(Attribute.PROXY_STATE), b"one"), (int(Attribute.PROXY_STATE), b"two")))
    answer = read_packet(write_reply(request, Code.ACCESS_ACCEPT, content, SECRET))
    assert is_reply_to(answer, AUTHENTICATOR, SECRET)
    assert not is_reply_to(answer, bytes(16), SECRET)
    assert not is_reply_to(answer, AUTHENTICATOR, b"another-secret")
    assert answer.attributes[0][0] == Attribute.MESSAGE_AUTHENTICATOR
    assert [value for _number, value in answer.attributes[-2:]] == [b"one", b"two"]


@given(st.integers(20, 200), st.integers(1, 255))
def test_a_changed_byte_is_not_proven(place: int, change: int) -> None:
    raw = bytearray(_access_request((int(Attribute.USER_NAME), b"x" * 200)))
    raw[place] ^= change
    try:
        packet = read_packet(bytes(raw))
    except PacketError:
        return
    assert not is_proven(packet, SECRET, AUTHENTICATOR)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_packet_or_are_refused(data: bytes) -> None:
    try:
        packet = read_packet(data)
    except PacketError:
        return
    assert isinstance(packet, Packet)


@given(st.binary(max_size=120), st.integers(0, 255), st.integers(0, 65_535))
def test_any_attributes_behind_any_header_are_read_or_refused(body: bytes, code: int, length: int) -> None:
    for announced in (20 + len(body), length):
        head = bytes((code, 1)) + announced.to_bytes(2, "big")
        try:
            packet = read_packet(head + AUTHENTICATOR + body)
        except PacketError:
            continue
        assert sum(2 + len(value) for _number, value in packet.attributes) == len(packet.raw) - 20


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "shorter than a header"),
        (bytes(19), "shorter than a header"),
        (b"\x01\x01\x00\x13" + bytes(16), "length out of bounds"),
        (b"\x01\x01\x10\x01" + bytes(4_200), "length out of bounds"),
        (b"\x01\x01\x00\x40" + bytes(16), "shorter than its length says"),
        (b"\x01\x01\x00\x15" + bytes(16) + b"\x01", "attribute length"),
        (b"\x01\x01\x00\x16" + bytes(16) + b"\x01\x00", "attribute length"),
        (b"\x01\x01\x00\x16" + bytes(16) + b"\x01\x01", "attribute length"),
        (b"\x01\x01\x00\x17" + bytes(16) + b"\x01\x04x", "attribute length"),
        (b"\x01\x01\x00\x18" + bytes(16) + b"\x50\x04xx", "Message-Authenticator"),
        (b"\x01\x01\x00\x38" + bytes(16) + (b"\x50\x12" + bytes(16)) * 2, "Message-Authenticator"),
    ],
)
def test_what_lies_about_its_lengths_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(PacketError, match=problem):
        read_packet(data)


def test_bytes_beyond_the_length_are_padding() -> None:
    assert read_packet(_access_request() + b"padding").raw == _access_request()


def test_a_packet_of_very_many_attributes_is_refused() -> None:
    body = b"\x01\x02" * (ATTRIBUTES_MAX + 1)
    with pytest.raises(PacketError, match="too many"):
        read_packet(b"\x01\x01" + (20 + len(body)).to_bytes(2, "big") + bytes(16) + body)


def test_what_is_too_long_is_not_written() -> None:
    with pytest.raises(PacketError, match="too long"):
        _access_request((1, bytes(254)))
    with pytest.raises(PacketError, match="longer"):
        _access_request(*[(1, bytes(253))] * (PACKET_BYTES_MAX // 255 + 1))


def test_texts_and_numbers_are_read_as_they_are_sent() -> None:
    packet = read_packet(_access_request((1, b"a\xff\0"), (46, number_value(70_000)), (41, b"\x01")))
    assert packet.text(1) == "a\N{REPLACEMENT CHARACTER}"
    assert (packet.number(46), packet.number(41), packet.number(99)) == (70_000, None, None)
    assert number_value(2**40) == number_value(2**32 - 1)


def test_a_proof_needs_its_attribute() -> None:
    bare = read_packet(b"\x01\x01\x00\x14" + os.urandom(16))
    assert not is_proven(bare, SECRET, bare.authenticator)
