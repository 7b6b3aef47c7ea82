"""A client of credit control: it says exactly what a test wants over a real socket, and reads what it is told.

Knows both codecs' AVPs and nothing of the server's memory. Refuses to know what the right answer is.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from commcredits.edges.diameter.avp_writing import (
    write_address,
    write_group,
    write_integer32,
    write_octets,
    write_time,
    write_unsigned32,
    write_utf8,
)
from commcredits.edges.diameter.avps import Avp, FaultError, find_avp, read_avps
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.dictionary import (
    AUTH_APPLICATION_ID,
    BASE_APPLICATION,
    CAPABILITIES_EXCHANGE,
    DESTINATION_REALM,
    DEVICE_WATCHDOG,
    DISCONNECT_PEER,
    ERROR_MESSAGE,
    FAILED_AVP,
    HOST_IP_ADDRESS,
    PRODUCT_NAME,
    RESULT_CODE,
    SESSION_ID,
    VENDOR_ID,
)
from commcredits.edges.diameter.messages import (
    HEADER_OCTETS,
    PROXIABLE,
    REQUEST,
    RETRANSMITTED,
    Identity,
    Message,
    read_message,
    write_answer,
    write_request,
    write_result,
)

CONTEXT: Final = "ext.01.001.8.32260@3gpp.org"
WAIT_SECONDS: Final = 20
CALLER: Final = "+40722000001"
CALLEE: Final = "+442079460000"


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTold:
    """What an answer says of one group; None and 0 for what it does not say."""

    result: int | None
    rating_group: int | None = None
    service_identifiers: tuple[int, ...] = ()
    granted: int | None = None
    validity: int = 0
    threshold: int = 0
    final: bool = False
    refund: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an answer says; ``units`` is what stands in no group."""

    result: int
    is_error: bool
    type: int
    number: int
    units: GroupTold
    groups: tuple[GroupTold, ...]
    code: str
    failed: tuple[Avp, ...]
    cost: tuple[int, int, int] | None
    balance: int | None
    octets: bytes

    @property
    def only(self) -> GroupTold:
        """Its one group."""
        (group,) = self.groups
        return group


def group(
    rating_group: int | None = 100,
    *,
    requested: int | None = 0,
    used: int | None = None,
    services: Sequence[int] = (),
    final: bool = False,
    refund: bytes = b"",
) -> bytes:
    """A Multiple-Services-Credit-Control; ``requested`` None leaves the units out, 0 leaves them to the server."""
    return write_group(
        cc.MULTIPLE_SERVICES_CREDIT_CONTROL,
        units(requested, used),
        b"".join(write_unsigned32(cc.SERVICE_IDENTIFIER, each) for each in services),
        b"" if rating_group is None else write_unsigned32(cc.RATING_GROUP, rating_group),
        write_integer32(cc.REPORTING_REASON, cc.FINAL_REPORT) if final else b"",
        write_octets(cc.REFUND_INFORMATION, refund) if refund else b"",
    )


def units(requested: int | None, used: int | None) -> bytes:
    """Requested and used units of time."""
    asked = b"" if requested is None else write_group(cc.REQUESTED_SERVICE_UNIT, _time(requested))
    return asked + (b"" if used is None else write_group(cc.USED_SERVICE_UNIT, _time(used)))


def information(
    calling: str = f"tel:{CALLER}",
    called: str = f"tel:{CALLEE}",
    *,
    role: int = 0,
    answered_at: datetime | None = None,
) -> bytes:
    """Service-Information of a call."""
    stamps = b""
    if answered_at is not None:
        stamps = write_group(cc.TIME_STAMPS, write_time(cc.SIP_RESPONSE_TIMESTAMP, answered_at))
    return write_group(
        cc.SERVICE_INFORMATION,
        write_group(
            cc.IMS_INFORMATION,
            write_integer32(cc.ROLE_OF_NODE, role),
            write_utf8(cc.CALLING_PARTY_ADDRESS, calling) if calling else b"",
            write_utf8(cc.CALLED_PARTY_ADDRESS, called) if called else b"",
            stamps,
        ),
    )


def subscription(data: str = CALLER.removeprefix("+"), kind: int = cc.SubscriptionType.E164) -> bytes:
    """A Subscription-Id."""
    return write_group(
        cc.SUBSCRIPTION_ID,
        write_integer32(cc.SUBSCRIPTION_ID_TYPE, kind),
        write_utf8(cc.SUBSCRIPTION_ID_DATA, data),
    )


def event_time(at: datetime) -> bytes:
    """An Event-Timestamp."""
    return write_time(cc.EVENT_TIMESTAMP, at)


def action(which: cc.Action) -> bytes:
    """A Requested-Action."""
    return write_integer32(cc.REQUESTED_ACTION, which)


def cause(number: int) -> bytes:
    """A Termination-Cause."""
    return write_integer32(cc.TERMINATION_CAUSE, number)


@dataclass(slots=True)
class CreditClient:
    """One connection. Requests of the server's are answered by ``on_request``: its result code, or None for silence."""

    host: str
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    on_request: Callable[[Message], int | None] = lambda _message: 2001
    asked: list[Message] = field(default_factory=list)
    last: bytes = b""
    _hop: int = 0
    _waiting: dict[int, asyncio.Future[Message]] = field(default_factory=dict)
    _reading: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, port: int, host: str = "gateway.example") -> CreditClient:
        """Connect, and agree on capabilities."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        client = cls(host, reader, writer)
        client._reading = asyncio.create_task(client._read())
        told = await client.ask(
            CAPABILITIES_EXCHANGE,
            BASE_APPLICATION,
            client.identity.avps
            + write_address(HOST_IP_ADDRESS, ipaddress.IPv4Address("127.0.0.1"))
            + write_unsigned32(VENDOR_ID, 0)
            + write_utf8(PRODUCT_NAME, "a client of tests", mandatory=False)
            + write_unsigned32(AUTH_APPLICATION_ID, cc.CREDIT_CONTROL_APPLICATION),
            flags=REQUEST,
        )
        result = find_avp(told.avps(), RESULT_CODE)
        assert result is not None
        assert result.unsigned32() == 2001
        return client

    @property
    def identity(self) -> Identity:
        """Who it is."""
        return Identity(self.host, "example")

    async def close(self) -> None:
        """Cut the connection."""
        self.writer.transport.abort()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    async def begin(self, session_id: str, *avps: bytes, number: int = 0, **how: Any) -> Told:
        """INITIAL_REQUEST."""
        return await self.credit(session_id, cc.RequestType.INITIAL, number, *avps, **how)

    async def update(self, session_id: str, number: int, *avps: bytes, **how: Any) -> Told:
        """UPDATE_REQUEST."""
        return await self.credit(session_id, cc.RequestType.UPDATE, number, *avps, **how)

    async def end(self, session_id: str, number: int, *avps: bytes, **how: Any) -> Told:
        """TERMINATION_REQUEST."""
        return await self.credit(session_id, cc.RequestType.TERMINATION, number, *avps, **how)

    async def event(self, session_id: str, which: cc.Action, *avps: bytes, number: int = 0, **how: Any) -> Told:
        """EVENT_REQUEST."""
        return await self.credit(session_id, cc.RequestType.EVENT, number, action(which), *avps, **how)

    async def credit(self, session_id: str, kind: int, number: int, *avps: bytes, **how: Any) -> Told:
        """Any request, with the AVPs that every one has."""
        self.last = self.request_avps(session_id, kind, number, *avps)
        return await self.again(**how)

    async def again(self, *, retransmitted: bool = False) -> Told:
        """The last request once more."""
        flags = REQUEST | PROXIABLE | (RETRANSMITTED if retransmitted else 0)
        message = await self.ask(cc.CREDIT_CONTROL, cc.CREDIT_CONTROL_APPLICATION, self.last, flags=flags)
        return read_told(message)

    def request_avps(self, session_id: str, kind: int, number: int, *avps: bytes) -> bytes:
        """The AVPs of a Credit-Control-Request."""
        return b"".join([
            write_utf8(SESSION_ID, session_id),
            self.identity.avps,
            write_utf8(DESTINATION_REALM, "example"),
            write_unsigned32(AUTH_APPLICATION_ID, cc.CREDIT_CONTROL_APPLICATION),
            write_utf8(cc.SERVICE_CONTEXT_ID, CONTEXT),
            write_integer32(cc.CC_REQUEST_TYPE, kind),
            write_unsigned32(cc.CC_REQUEST_NUMBER, number),
            *avps,
        ])  # fmt: skip

    def send(self, avps: bytes, *, flags: int = REQUEST | PROXIABLE) -> asyncio.Future[Message]:
        """Send a Credit-Control-Request without waiting for its answer."""
        return self._ask(cc.CREDIT_CONTROL, cc.CREDIT_CONTROL_APPLICATION, avps, flags)

    async def ask(self, command: int, application: int, avps: bytes, *, flags: int) -> Message:
        """Send a request, and wait for its answer."""
        return await asyncio.wait_for(self._ask(command, application, avps, flags), WAIT_SECONDS)

    def _ask(self, command: int, application: int, avps: bytes, flags: int) -> asyncio.Future[Message]:
        self._hop += 1
        waiting = self._waiting[self._hop] = asyncio.get_running_loop().create_future()
        self.writer.write(
            write_request(command, application, avps, hop_by_hop=self._hop, end_to_end=self._hop + 7, flags=flags)
        )
        return waiting

    async def _read(self) -> None:
        try:
            while True:
                head = await self.reader.readexactly(4)
                rest = await self.reader.readexactly(int.from_bytes(head[1:4], "big") - 4)
                self._take(read_message(head + rest))
        except (asyncio.IncompleteReadError, OSError):
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionError("the server has closed the connection"))

    def _take(self, message: Message) -> None:
        if not message.is_request:
            waiting = self._waiting.pop(message.hop_by_hop)
            if not waiting.done():
                waiting.set_result(message)
            return
        result: int | None = 2001
        if message.command_code not in (DEVICE_WATCHDOG, DISCONNECT_PEER):
            self.asked.append(message)
            result = self.on_request(message)
        if result is not None:
            session = find_avp(message.avps(), SESSION_ID)
            told = (b"" if session is None else session.encoded()) + write_result(result) + self.identity.avps
            self.writer.write(write_answer(message, told))


def read_told(message: Message) -> Told:
    """What an answer says. It must be well-formed, and hold what RFC 8506 §3.2 wants of every answer."""
    avps = message.avps()
    found = {avp.key: avp for avp in avps}
    result = found[RESULT_CODE].unsigned32()
    assert int.from_bytes(message.octets[1:4], "big") == len(message.octets)
    assert len(message.octets) >= HEADER_OCTETS
    assert message.is_error == (3000 <= result < 4000)
    failed = found.get(FAILED_AVP)
    code = found.get(ERROR_MESSAGE)
    balance = found.get(cc.CHECK_BALANCE_RESULT)
    return Told(
        result=result,
        is_error=message.is_error,
        type=found[cc.CC_REQUEST_TYPE].integer32() if cc.CC_REQUEST_TYPE in found else 0,
        number=found[cc.CC_REQUEST_NUMBER].unsigned32() if cc.CC_REQUEST_NUMBER in found else -1,
        units=_group_told(avps),
        groups=tuple(_group_told(avp.group()) for avp in avps if avp.key == cc.MULTIPLE_SERVICES_CREDIT_CONTROL),
        code="" if code is None else code.utf8(),
        failed=() if failed is None else _failed(failed),
        cost=_cost_told(found.get(cc.COST_INFORMATION)),
        balance=None if balance is None else balance.integer32(),
        octets=message.octets,
    )


def _group_told(avps: Sequence[Avp]) -> GroupTold:
    found = {avp.key: avp for avp in avps}
    granted = found.get(cc.GRANTED_SERVICE_UNIT)
    final = found.get(cc.FINAL_UNIT_INDICATION)
    if final is not None:
        assert [(avp.key, avp.integer32()) for avp in final.group()] == [(cc.FINAL_UNIT_ACTION, cc.TERMINATE)]
    return GroupTold(
        result=found[RESULT_CODE].unsigned32() if RESULT_CODE in found else None,
        rating_group=found[cc.RATING_GROUP].unsigned32() if cc.RATING_GROUP in found else None,
        service_identifiers=tuple(avp.unsigned32() for avp in avps if avp.key == cc.SERVICE_IDENTIFIER),
        granted=None if granted is None else read_avps(granted.data)[0].unsigned32(),
        validity=found[cc.VALIDITY_TIME].unsigned32() if cc.VALIDITY_TIME in found else 0,
        threshold=found[cc.TIME_QUOTA_THRESHOLD].unsigned32() if cc.TIME_QUOTA_THRESHOLD in found else 0,
        final=final is not None,
        refund=found[cc.REFUND_INFORMATION].data if cc.REFUND_INFORMATION in found else b"",
    )


def _failed(avp: Avp) -> tuple[Avp, ...]:
    """What a Failed-AVP holds; nothing where it is a copy of what could not be read."""
    try:
        return tuple(avp.group())
    except FaultError:
        return ()


def _cost_told(avp: Avp | None) -> tuple[int, int, int] | None:
    """Digits, exponent and currency number of a cost."""
    if avp is None:
        return None
    value, currency = avp.group()
    digits, exponent = value.group()
    return digits.integer64(), exponent.integer32(), currency.unsigned32()


def _time(seconds: int) -> bytes:
    return write_unsigned32(cc.CC_TIME, seconds)
