"""AVPs and messages survive being written and read, and what is malformed is named as RFC 6733 wants it."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.diameter import avp_writing as write
from commcredits.edges.diameter.avps import (
    MANDATORY,
    PROTECTED,
    VENDOR,
    Avp,
    FaultError,
    encode_avp,
    find_avp,
    key_of,
    need_avp,
    read_avps,
    refuse_unknown,
)
from commcredits.edges.diameter.dictionary import (
    FAILED_AVP,
    ORIGIN_HOST,
    PROXY_HOST,
    PROXY_INFO,
    PROXY_STATE,
    RESULT_CODE,
    SESSION_ID,
    THREE_GPP,
    ResultCode,
)
from commcredits.edges.diameter.messages import (
    ERROR,
    PROXIABLE,
    REQUEST,
    RETRANSMITTED,
    Identity,
    Message,
    proxy_infos,
    read_message,
    result_of,
    write_answer,
    write_refusal,
    write_request,
)

KEYS = st.builds(key_of, st.integers(0, 2**32 - 1), st.sampled_from([0, THREE_GPP, 2**32 - 1]))
US = Identity("charging.example", "example")


def only(octets: bytes) -> Avp:
    (avp,) = read_avps(octets)
    return avp


def fault_of(octets: bytes) -> FaultError:
    with pytest.raises(FaultError) as raised:
        read_avps(octets)
    return raised.value


# ---- what is written is read -----------------------------------------------------------------------------------------


@given(KEYS, st.booleans(), st.binary(max_size=70))
def test_octets_are_read_as_they_were_written(key: int, mandatory: bool, value: bytes) -> None:  # noqa: FBT001 - hypothesis draws it
    octets = write.write_octets(key, value, mandatory=mandatory)
    avp = only(octets)
    assert len(octets) % 4 == 0
    assert (avp.key, avp.data, avp.is_mandatory) == (key, value, mandatory)
    assert bool(avp.flags & VENDOR) is bool(avp.vendor_id)
    assert key_of(avp.code, avp.vendor_id) == key
    assert avp.encoded() == octets


@given(KEYS, st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1))
def test_whole_numbers_are_read_as_they_were_written(key: int, small: int, large: int) -> None:
    assert only(write.write_unsigned32(key, small)).unsigned32() == small
    assert only(write.write_unsigned64(key, large)).unsigned64() == large
    assert only(write.write_integer32(key, small - 2**31)).integer32() == small - 2**31
    assert only(write.write_integer64(key, large - 2**63)).integer64() == large - 2**63


@given(KEYS, st.text(max_size=50))
def test_texts_are_read_as_they_were_written(key: int, text: str) -> None:
    assert only(write.write_utf8(key, text)).utf8() == text


@given(KEYS, st.ip_addresses())
def test_addresses_are_read_as_they_were_written(key: int, address: IPv4Address | IPv6Address) -> None:
    assert only(write.write_address(key, address)).address() == address


@given(KEYS, st.datetimes(datetime(1970, 1, 1), datetime(2104, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone itself
def test_instants_are_read_as_they_were_written_also_after_2036(key: int, instant: datetime) -> None:
    assert only(write.write_time(key, instant)).time() == instant.replace(microsecond=0)


def test_the_time_that_counts_anew_in_2036_is_what_the_rfc_says() -> None:
    assert only(write.write_unsigned32(55, 0)).time() == datetime(2036, 2, 7, 6, 28, 16, tzinfo=UTC)
    assert only(write.write_unsigned32(55, 2**31)).time() == datetime(1968, 1, 20, 3, 14, 8, tzinfo=UTC)


@given(st.lists(st.tuples(KEYS, st.binary(max_size=9))), KEYS)
def test_a_group_holds_what_was_put_into_it(parts: list[tuple[int, bytes]], key: int) -> None:
    octets = write.write_group(key, *(write.write_octets(each, value) for each, value in parts))
    assert [(avp.key, avp.data) for avp in only(octets).group()] == parts


@given(st.integers(0, 255), st.integers(0, 2**24 - 1), *[st.integers(0, 2**32 - 1)] * 3, st.binary(max_size=40))
def test_a_header_is_read_as_it_was_written(
    flags: int, command: int, application_id: int, hop_by_hop: int, end_to_end: int, value: bytes
) -> None:
    octets = write_request(
        command, application_id, write.write_octets(1, value), hop_by_hop=hop_by_hop, end_to_end=end_to_end, flags=flags
    )
    assert read_message(octets) == Message(flags, command, application_id, hop_by_hop, end_to_end, octets)
    assert int.from_bytes(octets[1:4], "big") == len(octets)
    assert octets[0] == 1


def test_the_example_of_a_session_id_has_the_octets_of_the_rfc() -> None:
    # RFC 6733 §4.4: the inner Session-Id of the example, its padding being no part of its length.
    octets = write.write_utf8(SESSION_ID, "example.com:33041;23432;893;0AF3B81")
    assert octets.hex() == "00000107" + "4000002b" + b"example.com:33041;23432;893;0AF3B81".hex() + "00"


# ---- what is malformed is named --------------------------------------------------------------------------------------


@pytest.mark.parametrize("length", [0, 1, 7, 9, 2**24 - 1])
def test_a_length_that_lies_is_answered_with_the_avps_header(length: int) -> None:
    octets = (264).to_bytes(4, "big") + (MANDATORY << 24 | length).to_bytes(4, "big")
    fault = fault_of(octets).fault
    assert fault.code == ResultCode.INVALID_AVP_LENGTH
    assert only(fault.failed) == Avp(ORIGIN_HOST, MANDATORY, b"")


@pytest.mark.parametrize("cut", [1, 4, 7, 9, 11])
def test_an_avp_that_is_cut_off_is_refused(cut: int) -> None:
    whole = write.write_octets(key_of(1, THREE_GPP), b"value")
    assert fault_of(whole[:cut]).fault.code == ResultCode.INVALID_AVP_LENGTH


def test_a_vendor_flag_without_room_for_the_vendor_is_refused() -> None:
    octets = (264).to_bytes(4, "big") + (VENDOR << 24 | 8).to_bytes(4, "big") + bytes(4)
    assert fault_of(octets).fault.code == ResultCode.INVALID_AVP_LENGTH


def test_an_avp_that_says_it_is_encrypted_is_refused() -> None:
    octets = encode_avp(ORIGIN_HOST, MANDATORY | PROTECTED, b"x")
    fault = fault_of(octets).fault
    assert fault.code == ResultCode.INVALID_AVP_BITS
    assert only(encode_avp(ORIGIN_HOST, MANDATORY, fault.failed)).data


def test_reserved_flags_and_a_lack_of_padding_at_the_end_change_nothing() -> None:
    octets = write.write_octets(1, b"abc")
    reserved = bytearray(octets)
    reserved[4] |= 0x1F
    assert only(bytes(reserved)).data == b"abc"
    assert only(octets[:-1]).data == b"abc"


@pytest.mark.parametrize("octets", [b"", b"abc", b"abcde", b"abcdefghi"])
def test_a_number_of_the_wrong_length_is_answered_with_the_right_one(octets: bytes) -> None:
    avp = Avp(RESULT_CODE, MANDATORY, octets)
    for read, length in (
        (avp.unsigned32, 4),
        (avp.integer32, 4),
        (avp.time, 4),
        (avp.unsigned64, 8),
        (avp.integer64, 8),
    ):
        with pytest.raises(FaultError) as raised:
            read()
        assert raised.value.fault.code == ResultCode.INVALID_AVP_LENGTH
        assert only(raised.value.fault.failed).data == bytes(length)


@pytest.mark.parametrize(
    "octets", [b"", b"\x00", b"\x00\x01", b"\x00\x01abc", b"\x00\x01abcde", b"\x00\x02abcd", b"\x00\x02" + bytes(17)]
)
def test_an_address_of_the_wrong_length_is_refused(octets: bytes) -> None:
    with pytest.raises(FaultError):
        Avp(257, MANDATORY, octets).address()


def test_an_address_that_is_no_ip_address_is_none() -> None:
    assert Avp(257, MANDATORY, b"\x00\x08" + b"40211234567").address() is None


def test_a_text_that_is_no_utf8_is_answered_as_it_came() -> None:
    with pytest.raises(FaultError) as raised:
        Avp(SESSION_ID, MANDATORY, b"\xff").utf8()
    assert raised.value.fault.code == ResultCode.INVALID_AVP_VALUE
    assert only(raised.value.fault.failed).data == b"\xff"


def test_what_must_be_understood_and_is_not_is_refused_and_the_rest_ignored() -> None:
    avps = read_avps(write.write_octets(7, b"", mandatory=False) + write.write_octets(key_of(1, THREE_GPP), b"x"))
    refuse_unknown(avps, {key_of(1, THREE_GPP)})
    with pytest.raises(FaultError) as raised:
        refuse_unknown(avps, {1, 7})
    assert raised.value.fault.code == ResultCode.AVP_UNSUPPORTED
    assert only(raised.value.fault.failed).key == key_of(1, THREE_GPP)


def test_what_is_missing_is_answered_with_an_example_of_it() -> None:
    avps = read_avps(write.write_octets(1, b"a") + write.write_octets(1, b"b"))
    assert need_avp(avps, 1).data == b"a"
    assert find_avp(avps, 2) is None
    with pytest.raises(FaultError) as raised:
        need_avp(avps, key_of(2, THREE_GPP), 4)
    assert raised.value.fault.code == ResultCode.MISSING_AVP
    assert only(raised.value.fault.failed) == Avp(key_of(2, THREE_GPP), VENDOR | MANDATORY, bytes(4))


def test_what_is_not_allowed_or_one_too_many_is_answered_as_it_came() -> None:
    avp = only(write.write_octets(1, b"a"))
    assert (avp.not_allowed().fault.code, avp.not_allowed().fault.failed) == (5008, avp.encoded())
    assert (avp.occurs_too_often().fault.code, avp.occurs_too_often().fault.failed) == (5009, avp.encoded())


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    try:
        found = read_avps(octets)
    except FaultError as error:
        if error.fault.code != ResultCode.INVALID_AVP_BITS:  # that one shows its P bit, as it came
            read_avps(error.fault.failed)
    else:
        assert sum(len(avp.data) for avp in found) <= len(octets)


# ---- answers ---------------------------------------------------------------------------------------------------------


def _request(avps: bytes, flags: int = REQUEST | PROXIABLE | RETRANSMITTED) -> Message:
    return read_message(write_request(272, 4, avps, hop_by_hop=5, end_to_end=6, flags=flags))


def test_an_answer_gives_back_the_identifiers_and_the_proxiable_bit_alone() -> None:
    assert read_message(write_answer(_request(b""), b"")) == Message(
        PROXIABLE, 272, 4, 5, 6, write_answer(_request(b""), b"")
    )
    assert read_message(write_answer(_request(b"", REQUEST), b"", error=True)).flags == ERROR


def test_a_refusal_says_why_and_gives_back_session_and_proxies() -> None:
    proxy = write.write_group(PROXY_INFO, write.write_utf8(PROXY_HOST, "relay"), write.write_octets(PROXY_STATE, b"s"))
    request = _request(write.write_utf8(SESSION_ID, "s;1") + proxy + write.write_octets(2, b"x") + proxy)
    fault = only(write.write_octets(2, b"x")).unsupported().fault
    answer = read_message(write_refusal(request, fault, US))
    avps = answer.avps()
    assert not answer.is_error
    assert result_of(answer) == ResultCode.AVP_UNSUPPORTED
    assert avps[0] == only(write.write_utf8(SESSION_ID, "s;1"))
    assert [avp.key for avp in need_avp(avps, FAILED_AVP).group()] == [2]
    assert proxy_infos(avps) == proxy + proxy


def test_a_refusal_of_malformed_avps_can_be_read() -> None:
    request = _request(b"\x00\x00\x00\x01\x00\x00\x00\x03")
    with pytest.raises(FaultError) as raised:
        request.avps()
    answer = read_message(write_refusal(request, raised.value.fault, US))
    assert result_of(answer) == ResultCode.INVALID_AVP_LENGTH


def test_a_protocol_error_has_the_error_bit() -> None:
    fault = fault_of(encode_avp(1, PROTECTED, b"")).fault
    assert read_message(write_refusal(_request(b""), fault, US)).is_error


def test_an_answer_without_a_result_has_none() -> None:
    assert result_of(read_message(write_answer(_request(b""), b""))) is None
