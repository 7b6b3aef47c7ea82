"""Reads requests: sizes, times, types and keys are checked here, so that what comes further in can be believed."""

import asyncio
import re
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request

from commcredits.gateways.simulator.wire import BODY_BYTES_MAX, PAGE_ITEMS_MAX, Problem

BODY_SECONDS_MAX: Final = 10
PAGE_ITEMS_DEFAULT: Final = 50
_KEY: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
_NUMBER: Final = re.compile(r"[0-9]{1,15}", re.ASCII)

B = TypeVar("B", bound=msgspec.Struct)


async def read_json(request: Request, body_type: type[B]) -> B | Problem:
    """Read a body of at most 64 KiB of JSON that is exactly a `body_type`."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        # A web page elsewhere can't send this type across origins, so it also keeps strangers' pages out.
        return Problem(status=415, code="unsupported_media_type", message="Content-Type must be application/json")
    raw = await read_bytes(request)
    if isinstance(raw, Problem):
        return raw
    try:
        return msgspec.json.decode(raw, type=body_type)
    except msgspec.ValidationError as error:
        return Problem(status=422, code="invalid_input", message=str(error))
    except (msgspec.DecodeError, RecursionError):
        return Problem(status=400, code="malformed_json", message="the body is not JSON")


async def read_bytes(request: Request) -> bytes | Problem:
    """Read a body of at most 64 KiB within ten seconds."""
    raw = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS_MAX):
            async for chunk in request.stream():
                raw += chunk
                if len(raw) > BODY_BYTES_MAX:
                    return Problem(
                        status=413, code="payload_too_large", message=f"a body has at most {BODY_BYTES_MAX} bytes"
                    )
    except TimeoutError:
        return Problem(status=408, code="request_timeout", message=f"a body arrives within {BODY_SECONDS_MAX} seconds")
    return bytes(raw)


def header_key(request: Request) -> str | Problem:
    """Read the Idempotency-Key header, which must stand there exactly once."""
    values = request.headers.getlist("idempotency-key")
    if len(values) != 1 or not _KEY.fullmatch(values[0]):
        return Problem(
            status=422,
            code="invalid_idempotency_key",
            message="send one Idempotency-Key header of 1 to 255 printable ASCII characters without a space",
        )
    return values[0]


def query_key(request: Request) -> str | Problem:
    """Read the key that a lookup asks for."""
    values = request.query_params.getlist("idempotency_key")
    if len(values) != 1 or not _KEY.fullmatch(values[0]):
        return Problem(
            status=422,
            code="invalid_idempotency_key",
            message="ask with ?idempotency_key= and 1 to 255 printable ASCII characters without a space",
        )
    return values[0]


def query_page(request: Request) -> tuple[int, int] | Problem:
    """Read ?after= (0: from the beginning) and ?limit= (1 to 200)."""
    after = request.query_params.get("after", "0")
    limit = request.query_params.get("limit", str(PAGE_ITEMS_DEFAULT))
    if not _NUMBER.fullmatch(after):
        return Problem(status=422, code="invalid_input", message="after is a cursor that this list gave")
    if not _NUMBER.fullmatch(limit) or not 1 <= int(limit) <= PAGE_ITEMS_MAX:
        return Problem(status=422, code="invalid_input", message=f"limit is a number from 1 to {PAGE_ITEMS_MAX}")
    return int(after), int(limit)
