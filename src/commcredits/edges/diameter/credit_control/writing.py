"""Answers of credit control, as octets (RFC 8506 §3.2, §8; TS 32.299 §7).

Knows which AVPs an answer has. Refuses to know what led to it.
"""

from __future__ import annotations

from functools import lru_cache
from struct import Struct as Layout
from typing import Final

from iso4217 import Currency
from msgspec import Struct

from commcredits.edges.diameter.avp_writing import (
    integer32_writer,
    integer64_writer,
    unsigned32_writer,
    write_group,
    write_octets,
    write_utf8,
)
from commcredits.edges.diameter.avps import MANDATORY
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.reading import CreditControlRequest, Group
from commcredits.edges.diameter.credit_control.results import SUCCESS
from commcredits.edges.diameter.dictionary import AUTH_APPLICATION_ID, ERROR_MESSAGE, FAILED_AVP
from commcredits.edges.diameter.messages import Identity, write_result

MICROS_EXPONENT: Final = -6
"""Amounts are whole millionths."""

_NO_CURRENCY: Final = 999
"""ISO 4217's number for "no currency", XXX."""

_request_type: Final = integer32_writer(cc.CC_REQUEST_TYPE)
_request_number: Final = unsigned32_writer(cc.CC_REQUEST_NUMBER)
# A Granted-Service-Unit of one CC-Time, whole: its head, the other's head, the seconds.
_GRANTED_OCTETS: Final = 20
_TIME_OCTETS: Final = 12
_GRANTED_HEAD: Final = cc.GRANTED_SERVICE_UNIT << 32 | MANDATORY << 24 | _GRANTED_OCTETS
_TIME_HEAD: Final = cc.CC_TIME << 32 | MANDATORY << 24 | _TIME_OCTETS
_granted: Final = Layout(">QQI").pack
_validity: Final = unsigned32_writer(cc.VALIDITY_TIME)
_threshold: Final = unsigned32_writer(cc.TIME_QUOTA_THRESHOLD)
_digits: Final = integer64_writer(cc.VALUE_DIGITS)
_currency_code: Final = unsigned32_writer(cc.CURRENCY_CODE)
_balance: Final = integer32_writer(cc.CHECK_BALANCE_RESULT)
_APPLICATION: Final = unsigned32_writer(AUTH_APPLICATION_ID)(cc.CREDIT_CONTROL_APPLICATION)
_SUCCEEDED: Final = write_result(SUCCESS)
_FAILOVER: Final = integer32_writer(cc.CC_SESSION_FAILOVER)(cc.FAILOVER_SUPPORTED)
_EXPONENT: Final = integer32_writer(cc.EXPONENT)(MICROS_EXPONENT)
_FINAL_UNITS: Final = write_group(cc.FINAL_UNIT_INDICATION, integer32_writer(cc.FINAL_UNIT_ACTION)(cc.TERMINATE))


class GroupAnswer(Struct, frozen=True, kw_only=True, gc=False):
    """What becomes of one group.

    ``granted`` seconds are given from the client's last report on, None where none are; they are to be reported within
    ``valid_seconds``, or ``threshold_seconds`` before they end (0: not said). ``final``: the service ends with them.
    ``code`` is the word of a refusal; ``failed`` the AVPs that it is about, encoded; ``cost_micros`` what the group has
    cost so far, None where that is not told; ``refund`` names a debit to whoever takes it back. ``extra`` stands in the
    message beside its groups.
    """

    result: int = SUCCESS
    granted: int | None = None
    valid_seconds: int = 0
    threshold_seconds: int = 0
    final: bool = False
    code: str = ""
    failed: bytes = b""
    cost_micros: int | None = None
    currency: str = ""
    refund: bytes = b""
    extra: bytes = b""


def write_units(answer: GroupAnswer) -> bytes:
    """The units of a group, and until when; nothing where none are granted."""
    if answer.granted is None:
        return b""
    return b"".join([
        _granted(_GRANTED_HEAD, _TIME_HEAD, answer.granted),
        _validity(answer.valid_seconds) if answer.valid_seconds else b"",
        _FINAL_UNITS if answer.final else b"",
    ])  # fmt: skip


def write_groups(group: Group, answer: GroupAnswer, *, three_gpp: bool) -> bytes:
    """The Multiple-Services-Credit-Control of a group, or its units alone where the request had none."""
    extra = b""
    if three_gpp:
        extra = _threshold(answer.threshold_seconds) if answer.threshold_seconds else b""
        if answer.refund:
            extra += write_octets(cc.REFUND_INFORMATION, answer.refund, mandatory=False)
    if not group.label:
        return write_units(answer) + extra
    return write_group(
        cc.MULTIPLE_SERVICES_CREDIT_CONTROL,
        write_units(answer),
        group.targets,
        _SUCCEEDED if answer.result == SUCCESS else write_result(answer.result),
        extra,
    )


def write_cost(micros: int, currency: str) -> bytes:
    """A Cost-Information."""
    return write_group(
        cc.COST_INFORMATION,
        write_group(cc.UNIT_VALUE, _digits(micros), _EXPONENT),
        _currency_code(currency_number(currency)),
    )


def write_balance(*, enough: bool) -> bytes:
    """A Check-Balance-Result."""
    return _balance(cc.ENOUGH_CREDIT if enough else cc.NO_CREDIT)


def write_body(
    request: CreditControlRequest,
    identity: Identity,
    result: int,
    body: bytes,
    *,
    code: str = "",
    failed: bytes = b"",
) -> bytes:
    """All AVPs of an answer but the Proxy-Info, which belongs to one message.

    ``code`` is the word of the refusal that the message is about: an Error-Message is for people and logs (RFC 6733
    §7.3).
    """
    opened = request.type is cc.RequestType.INITIAL and result == SUCCESS
    return b"".join([
        request.session_avp,
        write_result(result),
        identity.avps,
        _APPLICATION,
        _request_type(request.type),
        _request_number(request.number),
        _FAILOVER if opened else b"",
        body,
        write_utf8(ERROR_MESSAGE, code, mandatory=False) if code else b"",
        write_group(FAILED_AVP, failed) if failed else b"",
    ])  # fmt: skip


@lru_cache(maxsize=256)
def currency_number(code: str) -> int:
    """The number of a currency in ISO 4217; 999, "no currency", for one that it does not have."""
    try:
        return int(Currency(code).number)
    except ValueError:
        return _NO_CURRENCY
