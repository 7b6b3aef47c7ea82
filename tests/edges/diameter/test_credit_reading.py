"""Requests as they are read: what is short is remembered, and must read the same as what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.diameter.avp_writing import write_integer32, write_octets, write_unsigned32, write_utf8
from commcredits.edges.diameter.avps import FaultError, read_avps
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest, read_request
from commcredits.edges.diameter.dictionary import ORIGIN_HOST, SESSION_ID, ResultCode
from tests.edges.diameter.credit_client import group

PASSED_OVER = write_octets(999_999, bytes(200), mandatory=False)
"""An AVP that nobody needs, which makes whatever holds it too long to be remembered."""


def _request(*groups: bytes, host: str = "switch.example", kind: int = cc.RequestType.UPDATE) -> CreditControlRequest:
    octets = b"".join([
        write_utf8(SESSION_ID, "one"),
        write_utf8(ORIGIN_HOST, host),
        write_utf8(cc.SERVICE_CONTEXT_ID, "32260@3gpp.org"),
        write_integer32(cc.CC_REQUEST_TYPE, kind),
        write_unsigned32(cc.CC_REQUEST_NUMBER, 1),
        *groups,
    ])  # fmt: skip
    return read_request(read_avps(octets))


def _longer(octets: bytes) -> bytes:
    """The same group with an AVP more."""
    (avp,) = read_avps(octets)
    return write_octets(avp.key, avp.data + PASSED_OVER)


_counts = st.none() | st.integers(0, 5)


@given(rating_group=_counts, requested=_counts, used=_counts, services=st.lists(st.integers(1, 3)), final=st.booleans())
def test_a_group_reads_the_same_the_first_time_and_again_and_when_it_is_long(
    rating_group: int | None, requested: int | None, used: int | None, services: list[int], *, final: bool
) -> None:
    told = group(rating_group, requested=requested, used=used, services=services, final=final)
    first, again, longer = (_request(each).groups for each in (told, told, _longer(told)))
    assert first == again == longer


def test_a_group_that_cannot_be_is_refused_every_time() -> None:
    wrong = write_octets(cc.MULTIPLE_SERVICES_CREDIT_CONTROL, write_octets(cc.RATING_GROUP, b"123"))
    for _time in range(3):
        with pytest.raises(FaultError) as refused:
            _request(wrong)
        assert refused.value.fault.code == ResultCode.INVALID_AVP_LENGTH


@pytest.mark.parametrize("host", ["", "switch example", "switch.éxample", "s" * 256, "switch\n"])
def test_a_host_that_is_no_hosts_name_is_refused_every_time(host: str) -> None:
    for _time in range(2):
        with pytest.raises(FaultError) as refused:
            _request(group(), host=host)
        assert refused.value.fault.code == ResultCode.INVALID_AVP_VALUE


@pytest.mark.parametrize("host", ["Switch.Example", "s" * 128, "S" * 255])
def test_a_hosts_name_is_kept_in_lower_case(host: str) -> None:
    assert _request(group(), host=host).origin_host == host.lower()


@pytest.mark.parametrize("kind", [0, 5, -1, 2**31 - 1])
def test_a_type_that_there_is_not_is_refused(kind: int) -> None:
    with pytest.raises(FaultError) as refused:
        _request(group(), kind=kind)
    assert refused.value.fault.code == ResultCode.INVALID_AVP_VALUE
