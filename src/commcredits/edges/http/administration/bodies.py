"""Bodies of requests, read within bounds of size and time.

Knows media types, lengths and JSON as strictly as the charging endpoints do: no duplicate names, no NaN, no nesting
without end. Refuses to know fields (commcredits.edges.http.administration.forms).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from email.message import Message
from typing import Any, Final

from starlette.requests import Request

from commcredits.edges.http.administration.refusing import ProblemError, fault, field_error
from commcredits.edges.http.charging.explaining import JsonObject, MalformedJsonError, load_json, malformed
from commcredits.edges.http.problems import HttpFault, invalid_input_problem

JSON_BYTES_MAX: Final = 64 * 1_024
LONG_JSON_BYTES_MAX: Final = 16 * 1_024 * 1_024
WEBHOOK_BYTES_MAX: Final = 256 * 1_024
RATE_DECK_BYTES_MAX: Final = 256 * 1_024 * 1_024
NUMBER_STOCK_BYTES_MAX: Final = 64 * 1_024 * 1_024
PEOPLE_BYTES_MAX: Final = 128 * 1_024 * 1_024
CALL_RECORDS_BYTES_MAX: Final = 256 * 1_024 * 1_024
OPENING_BALANCES_BYTES_MAX: Final = 1_024 * 1_024

BODY_SECONDS_MAX: Final = 20
"""How long a body that is read whole may take to arrive."""
CHUNK_SECONDS_MAX: Final = 20
"""How long the sender of a streamed body may be silent."""

JSON_MEDIA_TYPE: Final = "application/json"
CSV_MEDIA_TYPE: Final = "text/csv"
ZIP_MEDIA_TYPE: Final = "application/zip"
MULTIPART_MEDIA_TYPE: Final = "multipart/form-data"

_CHARSETS: Final = frozenset({"", "utf-8", "utf8"})


class JsonRequest(Request):
    """A request whose JSON body was read and checked before FastAPI asks for it."""

    _raw: bytes = b""
    _value: Any = None

    async def load(self, bytes_max: int = JSON_BYTES_MAX) -> None:
        """Read the body. Raises ProblemError for what is too long, too slow, or not one well-formed JSON value."""
        media_type(self, JSON_MEDIA_TYPE)
        self._raw = await read_body(self, bytes_max=bytes_max)
        try:
            # A long body takes a second to read, in which others get their turns.
            long = len(self._raw) > JSON_BYTES_MAX
            self._value = await asyncio.to_thread(load_json, self._raw) if long else load_json(self._raw)
        except MalformedJsonError as error:
            raise ProblemError(malformed(error)) from None
        if isinstance(self._value, JsonObject) and self._value.twice:
            errors = [
                field_error(name, self._value[name], "given once", f"{name[:64]!r} is given more than once")
                for name in self._value.twice
            ]
            raise ProblemError(invalid_input_problem(errors))

    async def body(self) -> bytes:
        """The bytes that were read."""
        return self._raw

    async def json(self) -> Any:
        """The value that was read."""
        return self._value


def media_type(request: Request, *allowed: str) -> Message:
    """The media type of the body, with its parameters. Raises ProblemError unless it is one of those allowed."""
    header = Message()
    header["content-type"] = request.headers.get("content-type", "")
    given = header.get_content_type() if header["content-type"] else "no media type"
    encoding = request.headers.get("content-encoding", "identity").lower()
    if given not in allowed:
        raise fault(
            HttpFault.UNSUPPORTED_MEDIA_TYPE,
            f"The header Content-Type must be {' or '.join(allowed)}, not {given[:64]}.",
        )
    if encoding != "identity":
        raise fault(HttpFault.UNSUPPORTED_MEDIA_TYPE, "The header Content-Encoding must be left out.")
    if str(header.get_param("charset", "")).lower() not in _CHARSETS:
        raise fault(HttpFault.UNSUPPORTED_MEDIA_TYPE, "The charset in the header Content-Type must be utf-8.")
    return header


async def read_body(request: Request, *, bytes_max: int) -> bytes:
    """The whole body. Raises ProblemError when it is too long or takes too long."""
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            return b"".join([chunk async for chunk in stream_body(request, bytes_max=bytes_max)])
    except TimeoutError:
        raise fault(HttpFault.REQUEST_TIMEOUT) from None


async def stream_body(request: Request, *, bytes_max: int) -> AsyncGenerator[bytes, None]:
    """The body piece by piece, never more than one in memory. Raises ProblemError when it is too long or stalls."""
    too_large = fault(HttpFault.PAYLOAD_TOO_LARGE, f"The body is longer than {bytes_max} bytes.")
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > bytes_max:
        raise too_large
    received = 0
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(CHUNK_SECONDS_MAX):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError:
            raise fault(HttpFault.REQUEST_TIMEOUT) from None
        received += len(chunk)
        if received > bytes_max:
            raise too_large
        if chunk:
            yield chunk
