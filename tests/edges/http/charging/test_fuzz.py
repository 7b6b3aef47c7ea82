"""Any bytes at all: well-formed answers, never an error of ours, and the next client is served."""

from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from commcredits.edges.http.charging.limits import ListenerLimits
from tests.edges.http.charging.harness import BODIES, START, Client, House, request, serving

EXAMPLES = settings(max_examples=150)
LIMITS = ListenerLimits(header_bytes_max=1_000, single_body_bytes_max=600, batch_body_bytes_max=2_000)
EXPECTED = {100, 200, 400, 401, 404, 405, 413, 417, 422, 431}

WHOLE = [
    *(request(command, body) for command, body in BODIES.items()),
    request("batch", [{"command": "start", **START}]),
    request("start", START, token=b"wrong"),
    request("start", START, version="1.0", fields=("Connection: keep-alive",)),
    request("start", START, fields=("Connection: Upgrade", "Upgrade: h2c")),
    request("start", {**START, "session_id": ""}),
    request("nowhere", START),
    request("start", b"", method="GET"),
    request("start?x=1", START, fields=("X-Note: 1",)),
    b"\r\n" + request("start", START),
    b"POST /v1/charging/start HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
]
PIECES = [
    b"POST ",
    b"/v1/charging/start",
    b" HTTP/1.1\r\n",
    b"Host: x\r\n",
    b"Content-Length: 2\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Connection: close\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\n",
    b"\r\n",
    b"\n",
    b"0\r\n\r\n",
    b"{}",
    b"\x00",
    b"\xff",
    b": ",
]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Good requests with some bytes replaced, added or gone."""
    data = bytearray(b"".join(draw(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=3))))
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(data)))
        gone = draw(st.integers(0, 12))
        data[place : place + gone] = draw(st.one_of(st.binary(max_size=6), st.sampled_from(PIECES)))
    return bytes(data)


async def answers_to(house: House, sent: Sequence[bytes]) -> list[int]:
    """The statuses of everything that comes back until the connection ends."""
    async with await house.connect() as client:
        for part in sent:
            client.send(part)
            await client.writer.drain()
        client.writer.write_eof()
        statuses = []
        while True:
            try:
                statuses.append((await client.response()).status)
            except (EOFError, ConnectionResetError):
                return statuses


async def assert_survives(sent: Sequence[bytes]) -> None:
    with capture_logs() as lines:
        async with serving(limits=LIMITS) as house:
            statuses = await answers_to(house, sent)
            assert set(statuses) <= EXPECTED
            async with await house.connect() as client:
                assert (await client.ask(request("start", START))).status == 200
    assert lines == []


@EXAMPLES
@given(st.lists(st.binary(max_size=200), max_size=4))
async def test_any_bytes_are_survived(sent: list[bytes]) -> None:
    await assert_survives(sent)


@EXAMPLES
@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
async def test_any_row_of_protocol_pieces_is_survived(sent: bytes) -> None:
    await assert_survives([sent])


@EXAMPLES
@given(damaged(), st.lists(st.integers(0, 600), max_size=4))
async def test_damaged_requests_are_survived(sent: bytes, cuts: list[int]) -> None:
    ends = sorted(cuts)
    await assert_survives([sent[begin:end] for begin, end in zip([0, *ends], [*ends, len(sent)], strict=True)])


@EXAMPLES
@given(st.binary(max_size=300), st.sampled_from([*BODIES, "batch"]))
async def test_any_body_gets_an_answer_on_a_connection_that_goes_on(body: bytes, path: str) -> None:
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(request(path, body))).status in {400, 422}
        assert (await client.ask(request("start", START))).status == 200


JSON_VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


@EXAMPLES
@given(st.lists(JSON_VALUES, max_size=5), st.booleans())
async def test_any_json_in_a_batch_gets_one_answer_for_each_element(values: list[object], escaped: bool) -> None:  # noqa: FBT001 # a parameter of the test
    body = json.dumps(values, ensure_ascii=escaped).encode(errors="surrogatepass")
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("batch", body))
        if response.status == 200:
            assert [answer["status"] for answer in response.document] == [422] * len(values)
        else:
            assert (response.status, response.document["code"]) == (400, "malformed_json")


async def one_by_one(client: Client, sent: Sequence[bytes]) -> list[tuple[int, bytes]]:
    return [(response.status, response.body) for response in [await client.ask(part) for part in sent]]


@EXAMPLES
@given(st.lists(st.sampled_from(WHOLE), min_size=1, max_size=6))
async def test_a_header_seen_before_is_read_as_it_was_the_first_time(sent: list[bytes]) -> None:
    async with serving() as house, await house.connect() as client, await house.connect() as other:
        first = await one_by_one(client, sent)
        assert await one_by_one(client, sent) == first
        assert await one_by_one(other, [part for part in sent for _ in range(2)]) == [
            answer for answer in first for _ in range(2)
        ]
        client.send(b"".join(sent))
        responses = [await client.response() for _ in sent]
        assert [(response.status, response.body) for response in responses] == first
