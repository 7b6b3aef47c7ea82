"""Whatever a peer puts into a request: one answer with a documented code, and the others go on being served."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commcredits.edges.diameter.avp_writing import write_group, write_integer32, write_octets, write_unsigned32
from commcredits.edges.diameter.avps import FaultError, encode_avp, read_avps
from commcredits.edges.diameter.credit_control import dictionary as cc
from commcredits.edges.diameter.credit_control.reading import read_request
from commcredits.edges.diameter.credit_control.results import RESULTS
from commcredits.edges.diameter.dictionary import ORIGIN_HOST, PROXY_INFO, SESSION_ID, ResultCode
from commcredits.edges.diameter.messages import PROXIABLE, REQUEST
from commcredits.storage.embedded import EmbeddedServer
from tests.edges.diameter import credit_client as wire
from tests.edges.diameter.credit_client import CreditClient, read_told
from tests.edges.diameter.credit_harness import CLIENT, Stand, open_stand
from tests.storage_fixtures import execute, run

DOCUMENTED = frozenset(
    {2001, *map(int, RESULTS.values())}
    | {
        ResultCode.INVALID_AVP_BITS,
        ResultCode.AVP_UNSUPPORTED,
        ResultCode.AUTHORIZATION_REJECTED,
        ResultCode.INVALID_AVP_VALUE,
        ResultCode.MISSING_AVP,
        ResultCode.AVP_OCCURS_TOO_MANY_TIMES,
        ResultCode.INVALID_AVP_LENGTH,
    }
)
"""docs/switches/diameter.md names each of them."""

LEAVES = (
    SESSION_ID,
    ORIGIN_HOST,
    cc.CC_REQUEST_TYPE,
    cc.CC_REQUEST_NUMBER,
    cc.CC_SUB_SESSION_ID,
    cc.CC_TIME,
    cc.CC_MONEY,
    cc.EVENT_TIMESTAMP,
    cc.TERMINATION_CAUSE,
    cc.REQUESTED_ACTION,
    cc.SERVICE_CONTEXT_ID,
    cc.RATING_GROUP,
    cc.SERVICE_IDENTIFIER,
    cc.REPORTING_REASON,
    cc.REFUND_INFORMATION,
    cc.SUBSCRIPTION_ID_TYPE,
    cc.SUBSCRIPTION_ID_DATA,
    cc.ROLE_OF_NODE,
    cc.CALLING_PARTY_ADDRESS,
    cc.CALLED_PARTY_ADDRESS,
    cc.SIP_RESPONSE_TIMESTAMP,
    PROXY_INFO,
    458,
    999_999,
)
GROUPS = (
    cc.MULTIPLE_SERVICES_CREDIT_CONTROL,
    cc.REQUESTED_SERVICE_UNIT,
    cc.USED_SERVICE_UNIT,
    cc.SUBSCRIPTION_ID,
    cc.SERVICE_INFORMATION,
    cc.IMS_INFORMATION,
    cc.TIME_STAMPS,
)
FLAGS = st.sampled_from([0x00, 0x40, 0x60, 0xFF])
NUMBERS = st.sampled_from([0, 1, 2, 60, 86_400, 2**31 - 1, 2**31, 2**32 - 1])
VALUES = st.one_of(
    st.binary(max_size=12),
    NUMBERS.map(lambda number: number.to_bytes(4, "big")),
    st.sampled_from([b"tel:112", b"tel:+40722000001", b"sip:+442079460000@x", b"\xff\xfe", b"x@3gpp.org"]),
)


def _avp(key: int, flags: int, value: bytes) -> bytes:
    return encode_avp(key, (flags & 0x7F) | (0x80 if key >> 32 else 0), value)


TREES: st.SearchStrategy[bytes] = st.recursive(
    st.builds(_avp, st.sampled_from(LEAVES), FLAGS, VALUES),
    lambda inner: st.builds(
        lambda key, parts: write_group(key, *parts), st.sampled_from(GROUPS), st.lists(inner, max_size=5)
    ),
    max_leaves=20,
)
UNITS = st.builds(
    wire.group,
    st.one_of(st.none(), NUMBERS),
    requested=st.one_of(st.none(), NUMBERS),
    used=st.one_of(st.none(), NUMBERS),
    services=st.lists(NUMBERS, max_size=3),
    final=st.booleans(),
    refund=st.sampled_from([b"", b"x:y", b":" * 40]),
)
PARTIES = st.builds(
    wire.information,
    st.sampled_from(["tel:+40722000001", "tel:+40799999999", "sip:x@y", ""]),
    st.sampled_from(["tel:+442079460000", "tel:112", "sip:0722@x", "x" * 5_000, ""]),
    role=st.sampled_from([0, 1, 7, -1]),
)
SESSIONS = st.sampled_from([f"{CLIENT};1", f"{CLIENT};2", "é", "x" * 400])


@given(st.lists(TREES, max_size=10).map(b"".join), st.integers(0, 200))
@settings(max_examples=300)
def test_any_tree_of_avps_is_read_or_refused_with_a_fault(octets: bytes, cut: int) -> None:
    assert _fault_of(octets) in DOCUMENTED
    assert _fault_of(octets[: max(0, len(octets) - cut)]) in DOCUMENTED


def _fault_of(octets: bytes) -> int:
    """The code that a request is refused with before anybody looks at its session; success for none."""
    try:
        read_request(read_avps(octets))
    except FaultError as error:
        return int(error.fault.code)
    return 2001


@pytest.fixture(scope="module")
def served(
    migrated_template: str, embedded_server: EmbeddedServer
) -> Iterator[tuple[asyncio.Runner, Stand, CreditClient]]:
    """One edge for all examples: they must not harm each other."""
    url = embedded_server.url_of("fuzzed_credit_control")
    run(execute(embedded_server.url, f"create database fuzzed_credit_control template {migrated_template}"))
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        stand = runner.run(stack.enter_async_context(open_stand(url)))
        try:
            yield runner, stand, runner.run(stand.connect())
        finally:
            runner.run(stack.aclose())


@given(
    SESSIONS,
    st.one_of(st.sampled_from([1, 2, 3, 4]), st.integers(-5, 9)),
    NUMBERS,
    st.lists(st.one_of(UNITS, PARTIES, TREES), max_size=6),
    st.integers(-1, 5),
)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_request_is_answered_once_with_a_documented_code(
    served: tuple[asyncio.Runner, Stand, CreditClient],
    session_id: str,
    kind: int,
    number: int,
    avps: list[bytes],
    action: int,
) -> None:
    runner, _stand, client = served

    async def ask() -> None:
        octets = client.request_avps(session_id, kind, number, write_integer32(cc.REQUESTED_ACTION, action), *avps)
        told = read_told(await asyncio.wait_for(client.send(octets), 20))
        assert told.result in DOCUMENTED
        assert {group.result for group in told.groups} <= DOCUMENTED
        assert all(group.granted is None or 0 < group.granted <= 2_592_000 for group in told.groups)

    runner.run(ask())


def test_after_all_of_that_a_call_is_charged_as_ever(served: tuple[asyncio.Runner, Stand, CreditClient]) -> None:
    runner, stand, client = served

    async def tell() -> None:
        session = f"{CLIENT};9;last"
        begun = await client.begin(session, wire.subscription(), wire.information(), wire.group())
        assert begun.only.granted == 60
        ended = await client.end(session, 1, wire.group(requested=None, used=10))
        assert ended.cost == (100_000, -6, 978)
        rows = await stand.office.services.pool.fetch("select count(*) from call_sessions where charged_micros < 0")
        assert rows[0][0] == 0

    runner.run(tell())


@pytest.mark.parametrize("octets", [b"", write_octets(SESSION_ID, b""), write_unsigned32(cc.CC_REQUEST_TYPE, 1)])
async def test_a_request_with_hardly_anything_in_it_is_told_what_is_missing(database_url: str, octets: bytes) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        told = read_told(await client.send(octets, flags=REQUEST | PROXIABLE))
        assert told.result == 5005
        assert len(told.failed) == 1


async def test_many_groups_are_too_many(database_url: str) -> None:
    async with open_stand(database_url) as stand:
        client = await stand.connect()
        groups = [wire.group(number) for number in range(40)]
        told = await client.begin(f"{CLIENT};1", wire.subscription(), wire.information(), *groups)
        assert told.result == 5009
