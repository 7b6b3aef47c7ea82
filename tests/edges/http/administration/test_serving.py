"""The web server's connections: a client that floods or stalls is cut off, and nobody else notices."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import ClassVar

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from commcredits.edges.http.administration.serving import OVERHEAD_BYTES_MAX, BoundedProtocol

PIECE = b"a" * 65_536
HEADER = b"POST / HTTP/1.1\r\nHost: example.com\r\n"
CHUNKED = HEADER + b"Transfer-Encoding: chunked\r\n\r\n"
FLOOD_PIECES = 256
"""Sixteen million bytes: far more than the bound, and more than any buffer on the way."""


class Impatient(BoundedProtocol):
    """The same with a time that a test can wait for."""

    header_seconds: ClassVar[float] = 0.3


async def count_body(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that says how long the body was."""
    await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Where a server with bounded connections listens."""
    config = uvicorn.Config(count_body, http=Impatient, ws="none", lifespan="off", log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        yield int(listener.getsockname()[1])
        server.should_exit = True
        await serving


async def said_to(port: int, *pieces: bytes) -> bytes:
    """All that comes back until the server closes, with whatever of the pieces it takes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
    except ConnectionError:
        return b"cut"
    finally:
        writer.close()
    return answer


@pytest.mark.parametrize(
    "beginning",
    [b"GET /", HEADER + b"X: ", CHUNKED + b"1;", CHUNKED + b"0\r\nX: "],
    ids=["address", "header", "chunk", "trailer"],
)
async def test_a_flood_that_is_no_body_is_cut_off(port: int, beginning: bytes) -> None:
    assert await said_to(port, beginning, *[PIECE] * FLOOD_PIECES) == b"cut"


async def test_a_header_that_does_not_come_is_not_waited_for(port: int) -> None:
    assert await said_to(port) == b""
    assert await said_to(port, HEADER) == b""


async def test_a_long_body_passes_in_chunks_of_any_size(port: int) -> None:
    small = b"1\r\na\r\n" * OVERHEAD_BYTES_MAX
    large = b"10000\r\n" + PIECE + b"\r\n"
    answer = await said_to(port, CHUNKED, small, large, b"0\r\n\r\n")
    assert answer.endswith(str(OVERHEAD_BYTES_MAX + len(PIECE)).encode())


async def test_a_connection_serves_one_request_after_the_other(port: int) -> None:
    request = HEADER + b"Content-Length: 2\r\n\r\nab"
    answer = await said_to(port, request, request, request)
    assert answer.count(b"200 OK") == 3
