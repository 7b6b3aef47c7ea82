"""HTTP/1.1 as RFC 9110 and RFC 9112 want it, and every request that two readers could read two ways refused."""

from __future__ import annotations

import asyncio
import json
import ssl

import pytest

from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.charging.serve import ListenAddress
from tests.edges.http.charging.harness import (
    AUTHORISE,
    START,
    TOKEN,
    Client,
    bytewise,
    request,
    serving,
)

BEARER = f"Authorization: Bearer {TOKEN.decode()}\r\n"


def raw(head: str, body: bytes = b"") -> bytes:
    """A request from lines as they stand, each ended by CR LF."""
    return "".join(f"{line}\r\n" for line in head.splitlines()).encode("latin-1") + b"\r\n" + body


def chunked(body: bytes, size: int = 7) -> bytes:
    parts = [body[index : index + size] for index in range(0, len(body), size)]
    return b"".join(b"%x;note=1\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\nX-Trailer: 1\r\n\r\n"


async def test_a_connection_serves_request_after_request() -> None:
    async with serving() as house, await house.connect() as client:
        for _ in range(50):
            response = await client.ask(request("start", START))
            assert response.status == 200
            assert "connection" not in response.fields
        assert house.server.connection_count == 1


async def test_a_request_may_come_byte_by_byte() -> None:
    async with serving() as house, await house.connect() as client:
        for part in bytewise(request("authorise", AUTHORISE)):
            client.send(part)
            await client.writer.drain()
        assert (await client.response()).status == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_answered_with_the_allowed_one(method: str) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", b"", method=method))
        assert (response.status, response.fields["allow"]) == (405, "POST")
        assert response.document["code"] == "method_not_allowed"
        assert (await client.ask(request("start", START))).status == 200


async def test_head_is_answered_without_a_body() -> None:
    async with serving() as house, await house.connect() as client:
        client.send(request("authorise", b"", method="HEAD"))
        response = await client.response(bodiless=True)
        assert (response.status, response.fields["allow"]) == (405, "POST")
        assert int(response.fields["content-length"]) > 0
        assert (await client.ask(request("start", START))).status == 200


@pytest.mark.parametrize("path", ["", "Authorise", "authorise/", "../v1/charging/authorise", "authorise%00", "refund"])
async def test_another_path_is_not_found(path: str) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request(path, AUTHORISE))
        assert (response.status, response.document["code"]) == (404, "not_found")
        assert (await client.ask(request("start", START))).status == 200
    assert len(house.desk.commands) == 1


@pytest.mark.parametrize(
    "target", ["/v1/charging/start?trace=1", "http://charging.test/v1/charging/start", "/v1/charging/start?"]
)
async def test_a_target_may_carry_a_query_or_be_absolute(target: str) -> None:
    sent = request("start", START).replace(b"/v1/charging/start", target.encode())
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(sent)).status == 200


async def test_connection_close_is_said_and_done() -> None:
    async with serving() as house, await house.connect() as client:
        client.send(request("start", START, fields=("Connection: close",)) + request("start", START))
        response = await client.response()
        assert (response.status, response.fields["connection"]) == (200, "close")
        assert await client.rest() == b""
    assert len(house.desk.commands) == 1


@pytest.mark.parametrize("fields", [(), ("Connection: keep-alive",)])
async def test_http_1_0_keeps_the_connection_only_when_asked(fields: tuple[str, ...]) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("start", START, version="1.0", fields=fields))
        assert response.status == 200
        if fields:
            assert response.fields["connection"] == "keep-alive"
            assert (await client.ask(request("start", START))).status == 200
        else:
            assert response.fields["connection"] == "close"
            assert await client.rest() == b""


@pytest.mark.parametrize("size", [1, 7, 10_000])
async def test_a_chunked_body_is_read(size: int) -> None:
    head = f"POST /v1/charging/authorise HTTP/1.1\nHost: x\n{BEARER.strip()}\nTransfer-Encoding: chunked"
    body = json.dumps(AUTHORISE).encode()
    async with serving() as house, await house.connect() as client:
        for _ in range(2):
            assert (await client.ask(raw(head, chunked(body, size)))).status == 200
        for part in bytewise(raw(head, chunked(body, size))):
            client.send(part)
        assert (await client.response()).status == 200


async def test_a_client_that_waits_for_100_continue_gets_it() -> None:
    whole = request("authorise", AUTHORISE, fields=("Expect: 100-continue",))
    head, body = whole.split(b"\r\n\r\n")
    async with serving() as house, await house.connect() as client:
        for _ in range(2):
            interim = await client.ask(head + b"\r\n\r\n")
            assert (interim.status, interim.fields) == (100, {})
            assert (await client.ask(body)).status == 200


async def test_a_client_that_waits_with_a_wrong_token_is_refused_before_it_sends() -> None:
    whole = request("authorise", AUTHORISE, token=b"wrong", fields=("Expect: 100-continue",))
    async with serving() as house, await house.connect() as client:
        response = await client.ask(whole.split(b"\r\n\r\n")[0] + b"\r\n\r\n")
        assert (response.status, response.fields["connection"]) == (401, "close")
        assert await client.rest() == b""


async def test_an_unknown_expectation_fails() -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(request("authorise", AUTHORISE, fields=("Expect: 200-maybe",)))
        assert (response.status, response.document["code"]) == (417, "expectation_failed")


@pytest.mark.parametrize("body_in_chunks", [False, True])
async def test_an_offer_to_upgrade_is_ignored(body_in_chunks: bool) -> None:  # noqa: FBT001 # a parameter of the test
    upgrade = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
    sent = request("authorise", AUTHORISE, fields=upgrade)
    if body_in_chunks:
        head, body = sent.split(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length")]
        sent = b"\r\n".join([*lines, b"Transfer-Encoding: chunked"]) + b"\r\n\r\n" + chunked(body)
    async with serving() as house, await house.connect() as client:
        for _ in range(2):
            assert (await client.ask(sent)).status == 200
            assert (await client.ask(request("start", START))).status == 200
        for part in bytewise(sent):
            client.send(part)
            await client.writer.drain()
        assert (await client.response()).status == 200
    assert len(house.desk.commands) == 5


async def test_a_tunnel_is_refused() -> None:
    sent = raw(f"CONNECT bank.test:443 HTTP/1.1\nHost: bank.test\n{BEARER.strip()}")
    async with serving() as house, await house.connect() as client:
        response = await client.ask(sent + b"\x16\x03\x01")
        assert (response.status, response.fields["allow"]) == (405, "POST")
        assert await client.rest() == b""


SMUGGLED = b"POST /v1/charging/end HTTP/1.1\r\nHost: x\r\n\r\n"
LINE = "POST /v1/charging/start HTTP/1.1"
FRAMING_FAULTS: dict[str, bytes] = {
    "length and chunks": raw(
        f"{LINE}\nHost: x\nContent-Length: 5\nTransfer-Encoding: chunked", b"0\r\n\r\n" + SMUGGLED
    ),
    "chunks and length": raw(
        f"{LINE}\nHost: x\nTransfer-Encoding: chunked\nContent-Length: 5", b"0\r\n\r\n" + SMUGGLED
    ),
    "two lengths": raw(f"{LINE}\nHost: x\nContent-Length: 5\nContent-Length: 6", b"{}    "),
    "one length twice": raw(f"{LINE}\nHost: x\nContent-Length: 2\nContent-Length: 2", b"{}"),
    "a list of lengths": raw(f"{LINE}\nHost: x\nContent-Length: 2, 2", b"{}"),
    "a signed length": raw(f"{LINE}\nHost: x\nContent-Length: +2", b"{}"),
    "a negative length": raw(f"{LINE}\nHost: x\nContent-Length: -2", b"{}"),
    "a hexadecimal length": raw(f"{LINE}\nHost: x\nContent-Length: 0x2", b"{}"),
    "an endless length": raw(f"{LINE}\nHost: x\nContent-Length: {'9' * 40}", b"{}"),
    "an empty length": raw(f"{LINE}\nHost: x\nContent-Length: ", b"{}"),
    "a coding besides chunked": raw(f"{LINE}\nHost: x\nTransfer-Encoding: gzip, chunked", b"0\r\n\r\n"),
    "chunked twice": raw(f"{LINE}\nHost: x\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    "an unknown coding": raw(f"{LINE}\nHost: x\nTransfer-Encoding: xchunked", b"0\r\n\r\n"),
    "identity": raw(f"{LINE}\nHost: x\nTransfer-Encoding: identity", b""),
    "chunks in HTTP/1.0": raw("POST /v1/charging/start HTTP/1.0\nTransfer-Encoding: chunked", b"0\r\n\r\n"),
    "a space before the colon": raw(f"{LINE}\nHost: x\nContent-Length : 2", b"{}"),
    "a folded line": raw(f"{LINE}\nHost: x\nX-Note: a\n b", b""),
    "a bare line feed": b"POST /v1/charging/start HTTP/1.1\nHost: x\nContent-Length: 2\n\n{}",
    "a bare carriage return": b"POST /v1/charging/start HTTP/1.1\r\nHost: x\r\nX-Note: a\rb\r\n\r\n",
    "a zero byte": b"POST /v1/charging/start HTTP/1.1\r\nHost: x\r\nX-Note: a\x00b\r\n\r\n",
    "a field without a name": raw(f"{LINE}\nHost: x\n: value"),
    "no host": raw(LINE),
    "two hosts": raw(f"{LINE}\nHost: x\nHost: y"),
    "two tokens": raw(f"{LINE}\nHost: x\n{BEARER}{BEARER}"),
    "a length in a trailer": raw(
        f"{LINE}\nHost: x\nTransfer-Encoding: chunked", b"2\r\n{}\r\n0\r\nContent-Length: 9\r\n\r\n"
    ),
    "a bad chunk size": raw(f"{LINE}\nHost: x\nTransfer-Encoding: chunked", b"zz\r\n{}\r\n0\r\n\r\n"),
    "an endless chunk size": raw(f"{LINE}\nHost: x\nTransfer-Encoding: chunked", b"f" * 30 + b"\r\n"),
    "chunks ended by line feeds": raw(f"{LINE}\nHost: x\nTransfer-Encoding: chunked", b"2\n{}\n0\n\n"),
    "a chunk longer than it says": raw(f"{LINE}\nHost: x\nTransfer-Encoding: chunked", b"1\r\n{}\r\n0\r\n\r\n"),
    "HTTP/0.9": b"GET /\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/2.0 with fields": raw("POST /v1/charging/start HTTP/2.0\nHost: x\nContent-Length: 2", b"{}"),
    "HTTP/1.2": raw("POST /v1/charging/start HTTP/1.2\nHost: x"),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "a space in the target": raw("POST /v1/charging/start now HTTP/1.1\nHost: x"),
    "a lower-case method": raw("post /v1/charging/start HTTP/1.1\nHost: x"),
    "an unknown method": raw("STEAL /v1/charging/start HTTP/1.1\nHost: x"),
}


@pytest.mark.parametrize("name", sorted(FRAMING_FAULTS))
async def test_ambiguous_framing_is_refused_and_ends_the_connection(name: str) -> None:
    async with serving() as house, await house.connect() as client:
        response = await client.ask(FRAMING_FAULTS[name])
        assert (response.status, response.document["code"]) == (400, "malformed_request")
        assert response.fields["connection"] == "close"
        assert await client.rest() == b""
    assert house.desk.commands == []


@pytest.mark.parametrize("name", sorted(FRAMING_FAULTS))
async def test_ambiguous_framing_after_a_good_request_spoils_only_what_follows(name: str) -> None:
    async with serving() as house, await house.connect() as client:
        client.send(request("start", START) + FRAMING_FAULTS[name])
        assert (await client.response()).status == 200
        assert (await client.response()).status == 400
        assert await client.rest() == b""
    assert len(house.desk.commands) == 1


async def test_a_token_in_a_trailer_opens_nothing() -> None:
    head = f"{LINE}\nHost: x\nTransfer-Encoding: chunked"
    body = b"2\r\n{}\r\n0\r\n" + BEARER.encode() + b"\r\n"
    async with serving() as house, await house.connect() as client:
        assert (await client.ask(raw(head, body))).status == 401
    assert house.desk.commands == []


LIMITS = ListenerLimits(header_bytes_max=2_000, single_body_bytes_max=1_000, batch_body_bytes_max=100_000)


@pytest.mark.parametrize(
    "sent",
    [
        request("start", START, fields=("X-Note: " + "x" * 2_000,)),
        request("start", START, fields=tuple(f"X-{number}: 1" for number in range(300))),
        request("start?" + "x" * 2_000, START),
    ],
    ids=["one long field", "many fields", "a long target"],
)
async def test_a_header_above_the_limit_is_refused(sent: bytes) -> None:
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        response = await client.ask(sent)
        assert (response.status, response.fields["connection"]) == (431, "close")
        assert await client.rest() == b""
    assert house.desk.commands == []


@pytest.mark.parametrize("start", [b"POST /v1/charging/start?", b"POST /v1/charging/start HTTP/1.1\r\nX-Note: "])
async def test_a_header_without_end_is_refused_while_it_comes(start: bytes) -> None:
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        client.send(start)
        for _ in range(100):
            client.send(b"x" * 100)
            await client.writer.drain()
        assert (await client.response()).status == 431


async def test_a_body_above_the_limit_is_refused_by_its_length_alone() -> None:
    head = f"POST /v1/charging/start HTTP/1.1\nHost: x\n{BEARER.strip()}\nContent-Length: 1001"
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        response = await client.ask(raw(head))
        assert (response.status, response.document["code"]) == (413, "payload_too_large")
        assert await client.rest() == b""


async def test_a_chunked_body_above_the_limit_is_refused_while_it_comes() -> None:
    head = f"POST /v1/charging/start HTTP/1.1\nHost: x\n{BEARER.strip()}\nTransfer-Encoding: chunked"
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        client.send(raw(head) + b"64\r\n" + b" " * 100 + b"\r\n")
        for _ in range(10):
            client.send(b"64\r\n" + b" " * 100 + b"\r\n")
        response = await client.response()
        assert response.status == 413


async def test_chunks_that_are_all_framing_are_refused_while_they_come() -> None:
    head = f"POST /v1/charging/start HTTP/1.1\nHost: x\n{BEARER.strip()}\nTransfer-Encoding: chunked"
    async with serving(limits=LIMITS) as house, await house.connect() as client:

        async def go_on() -> None:
            while True:
                client.send(b"1;" + b"x" * 100 + b"\r\n \r\n")
                await client.writer.drain()
                await asyncio.sleep(0.001)

        client.send(raw(head))
        going_on = asyncio.create_task(go_on())
        assert (await client.response()).status == 413
        going_on.cancel()


async def test_chunks_that_are_all_framing_are_refused_at_once_when_they_come_in_one_read() -> None:
    head = f"POST /v1/charging/start HTTP/1.1\nHost: x\n{BEARER.strip()}\nTransfer-Encoding: chunked"
    framing = (b"1;" + b"x" * 100 + b"\r\n \r\n") * 150
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        assert len(framing) > LIMITS.header_bytes_max + 8 * LIMITS.single_body_bytes_max
        client.send(raw(head) + framing)
        assert (await client.response()).status == 413


async def test_the_batch_path_takes_a_larger_body_than_the_others() -> None:
    body = json.dumps([{"command": "start", **START}] * 100).encode()
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        assert (await client.ask(request("batch", body))).status == 200
        assert (await client.ask(request("start", body))).status == 413


async def test_a_refusal_of_size_reaches_a_client_that_goes_on_sending() -> None:
    async with serving(limits=LIMITS) as house, await house.connect() as client:
        client.send(request("start", b" " * 500_000))
        assert (await client.response()).status == 413


async def test_one_connection_more_than_allowed_is_turned_away() -> None:
    limits = ListenerLimits(connections_max=2)
    async with serving(limits=limits) as house, await house.connect() as first, await house.connect() as second:
        assert (await first.ask(request("start", START))).status == 200
        assert (await second.ask(request("start", START))).status == 200
        async with await house.connect() as third:
            response = await third.response()
            assert (response.status, response.document["code"]) == (503, "too_many_connections")
            assert await third.rest() == b""
        await first.__aexit__()
        async with await house.connect() as fourth:
            assert (await fourth.ask(request("start", START))).status == 200


def anonymous_tls(purpose: int) -> ssl.SSLContext:
    """TLS without certificates, so that no key has to lie in the tree; the transport is what is tested."""
    context = ssl.SSLContext(purpose)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AECDH-AES128-SHA:@SECLEVEL=0")
    return context


async def test_the_same_requests_pass_over_tls() -> None:
    address = ListenAddress(ssl_context=anonymous_tls(ssl.PROTOCOL_TLS_SERVER))
    async with serving(address=address) as house:
        streams = await asyncio.open_connection(
            "127.0.0.1", house.server.port, ssl=anonymous_tls(ssl.PROTOCOL_TLS_CLIENT)
        )
        async with Client(*streams) as client:
            for _ in range(3):
                assert (await client.ask(request("authorise", AUTHORISE))).status == 200
            client.send(request("start", START, fields=("Connection: close",)))
            assert (await client.response()).status == 200
            assert await client.rest() == b""
