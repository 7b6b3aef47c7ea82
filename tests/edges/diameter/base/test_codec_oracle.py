"""A codec by others reads what we write, and we read what it writes."""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import IPv4Address, ip_address
from typing import Any

from diameter.message import Message as TheirMessage
from diameter.message import constants
from diameter.message.avp import Avp as TheirAvp
from diameter.message.commands import (
    CapabilitiesExchangeAnswer,
    CapabilitiesExchangeRequest,
    CreditControlRequest,
    DeviceWatchdogRequest,
    DisconnectPeerRequest,
)
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.diameter import avp_writing as write
from commcredits.edges.diameter.avps import Avp, key_of, read_avps
from commcredits.edges.diameter.capabilities import (
    disconnect_avps,
    read_capabilities,
    read_disconnect_cause,
    write_capabilities,
    write_success,
)
from commcredits.edges.diameter.dictionary import (
    DISCONNECT_PEER,
    ERROR_MESSAGE,
    HOST_IP_ADDRESS,
    SESSION_ID,
    THREE_GPP,
    DisconnectCause,
    ResultCode,
)
from commcredits.edges.diameter.messages import Identity, read_message, write_refusal, write_request

US = Identity("charging.example", "example")
EVENT_TIMESTAMP = 55
CC_TIME = 420
CC_TOTAL_OCTETS = 421
VALUE_DIGITS = 447
CALLING_PARTY_ADDRESS = key_of(831, THREE_GPP)


def _as_they_read(octets: bytes) -> Any:
    avp = TheirAvp.from_bytes(octets)
    assert avp.as_bytes() == octets
    return avp.value


def _as_we_read(code: int, value: Any, vendor_id: int = 0) -> Avp:
    (avp,) = read_avps(TheirAvp.new(code, vendor_id, value=value).as_bytes())
    assert avp.key == key_of(code, vendor_id)
    return avp


@given(st.text(), st.integers(0, 2**32 - 1), st.integers(0, 2**64 - 1), st.ip_addresses())
def test_each_basic_type_is_the_same_to_both(text: str, small: int, large: int, address: Any) -> None:
    assert _as_they_read(write.write_utf8(ERROR_MESSAGE, text, mandatory=False)) == text
    assert _as_we_read(ERROR_MESSAGE, text).utf8() == text
    assert _as_they_read(write.write_unsigned32(CC_TIME, small)) == small
    assert _as_we_read(CC_TIME, small).unsigned32() == small
    assert _as_they_read(write.write_unsigned64(CC_TOTAL_OCTETS, large)) == large
    assert _as_we_read(CC_TOTAL_OCTETS, large).unsigned64() == large
    assert _as_they_read(write.write_integer64(VALUE_DIGITS, large - 2**63)) == large - 2**63
    assert _as_we_read(VALUE_DIGITS, large - 2**63).integer64() == large - 2**63
    assert ip_address(_as_they_read(write.write_address(HOST_IP_ADDRESS, address))[1]) == address
    assert _as_we_read(HOST_IP_ADDRESS, str(address)).address() == address
    assert _as_they_read(write.write_utf8(CALLING_PARTY_ADDRESS, text)) == text
    assert _as_we_read(831, text, THREE_GPP).utf8() == text


@given(st.datetimes(datetime(2000, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - hypothesis adds the zone itself
def test_an_instant_is_the_same_to_both(instant: datetime) -> None:
    theirs = _as_they_read(write.write_time(EVENT_TIMESTAMP, instant))
    assert theirs.astimezone(UTC) == instant.replace(microsecond=0)
    assert _as_we_read(EVENT_TIMESTAMP, instant).time() == instant.replace(microsecond=0)


def test_their_capabilities_are_read() -> None:
    cer = CapabilitiesExchangeRequest()
    cer.origin_host = b"Gateway.Example"
    cer.origin_realm = b"example"
    cer.host_ip_address = ["127.0.0.1"]
    cer.vendor_id = 99_999
    cer.product_name = "another product"
    cer.origin_state_id = 12
    cer.auth_application_id = [4, 16_777_238]
    said = read_capabilities(read_message(cer.as_bytes()))
    assert (said.origin_host, said.origin_realm, said.product_name) == ("gateway.example", "example", "another product")
    assert said.application_ids == {4, 16_777_238}
    assert said.origin_state_id == 12
    assert said.plain_transport


def test_our_capabilities_are_read_by_them() -> None:
    cer = CapabilitiesExchangeRequest()
    cer.header.hop_by_hop_identifier = 7
    octets = write_capabilities(read_message(cer.as_bytes()), US, 4, (IPv4Address("127.0.0.1"),))
    cea = TheirMessage.from_bytes(octets)
    assert isinstance(cea, CapabilitiesExchangeAnswer)
    assert cea.header.hop_by_hop_identifier == 7
    assert (cea.result_code, cea.origin_host, cea.origin_realm) == (2001, b"charging.example", b"example")
    assert cea.product_name == "commcredits"
    assert [address for _, address in cea.host_ip_address] == ["127.0.0.1"]
    assert cea.auth_application_id == [4]
    assert cea.supported_vendor_id == [THREE_GPP]
    (specific,) = cea.vendor_specific_application_id
    assert (specific.vendor_id, specific.auth_application_id) == (THREE_GPP, 4)
    assert len(cea.as_bytes()) == len(octets)


def test_watchdogs_and_good_byes_are_the_same_to_both() -> None:
    dwr = DeviceWatchdogRequest()
    dwr.origin_host, dwr.origin_realm = b"gateway.example", b"example"
    dwa = TheirMessage.from_bytes(write_success(read_message(dwr.as_bytes()), US))
    assert (dwa.result_code, dwa.origin_host) == (2001, b"charging.example")
    dpr = DisconnectPeerRequest()
    dpr.origin_host, dpr.origin_realm = b"gateway.example", b"example"
    dpr.disconnect_cause = constants.E_DISCONNECT_CAUSE_BUSY
    assert read_disconnect_cause(read_message(dpr.as_bytes())) == "busy"
    ours = write_request(DISCONNECT_PEER, 0, disconnect_avps(US, DisconnectCause.REBOOTING), hop_by_hop=1, end_to_end=2)
    theirs = TheirMessage.from_bytes(ours)
    assert theirs.disconnect_cause == constants.E_DISCONNECT_CAUSE_REBOOTING


def test_a_refusal_of_their_request_is_read_by_them() -> None:
    ccr = CreditControlRequest()
    ccr.session_id = "gateway.example;1;2"
    ccr.origin_host, ccr.origin_realm, ccr.destination_realm = b"gateway.example", b"example", b"example"
    ccr.service_context_id = "32260@3gpp.org"
    ccr.cc_request_type = constants.E_CC_REQUEST_TYPE_INITIAL_REQUEST
    ccr.cc_request_number = 0
    request = read_message(ccr.as_bytes())
    fault = next(avp for avp in request.avps() if avp.key == SESSION_ID).wrong_value("for the test").fault
    answer = TheirMessage.from_bytes(write_refusal(request, fault, US))
    assert answer.result_code == ResultCode.INVALID_AVP_VALUE
    assert answer.session_id == "gateway.example;1;2"
    assert answer.header.is_proxyable == ccr.header.is_proxyable
