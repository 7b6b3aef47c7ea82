"""One JSON object of the stream: a request of a client, or its reply to something that we asked; and what we send.

Knows JSON-RPC 1.0 as Go's codec has it, and 2.0 where a client says so. Refuses to know methods and events.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import msgspec

ID_CHARACTERS_MAX: Final = 128
METHOD_CHARACTERS_MAX: Final = 64
ERROR_CHARACTERS_MAX: Final = 256

_SERVER_ERROR: Final = -32_000
_METHOD_NOT_FOUND: Final = -32_601
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client asks: ``params`` is its one parameter, empty where there is none or it is no object."""

    id: int | str | None
    method: str
    params: dict[str, Any]
    is_second: bool
    """Whether the client speaks JSON-RPC 2.0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a client says to something that we asked; ``error`` is empty where there was none."""

    id: int | str | None
    result: Any
    error: str


class MalformedError(Exception):
    """The object is no JSON, or no JSON-RPC."""


def read_message(raw: bytes) -> Request | Reply:
    """The request or reply in an object. Raises MalformedError."""
    try:
        value = _decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError from error
    if not isinstance(value, dict):
        raise MalformedError
    method = value.get("method")
    number = value.get("id")
    if isinstance(number, bool) or not isinstance(number, int | str | None):
        raise MalformedError
    if isinstance(number, str) and len(number) > ID_CHARACTERS_MAX:
        raise MalformedError
    if isinstance(method, str):
        params = value.get("params")
        if isinstance(params, list) and params:
            params = params[0]
        return Request(
            id=number,
            method=method[:METHOD_CHARACTERS_MAX],
            params=params if isinstance(params, dict) else {},
            is_second=value.get("jsonrpc") == "2.0",
        )
    if "result" not in value and "error" not in value:
        raise MalformedError
    wrong = value.get("error")
    if isinstance(wrong, dict):
        wrong = wrong.get("message")
    return Reply(
        id=number, result=value.get("result"), error="" if wrong is None else str(wrong)[:ERROR_CHARACTERS_MAX]
    )


def write_result(request: Request, result: object) -> bytes:
    """The answer to a request that was done."""
    if request.is_second:
        return _encode({"jsonrpc": "2.0", "id": request.id, "result": result})
    return _encode({"id": request.id, "result": result, "error": None})


def write_error(request: Request, error: str) -> bytes:
    """The answer to a request that was not done."""
    if request.is_second:
        code = _METHOD_NOT_FOUND if error.startswith("rpc: ") else _SERVER_ERROR
        return _encode({"jsonrpc": "2.0", "id": request.id, "error": {"code": code, "message": error}})
    return _encode({"id": request.id, "result": None, "error": error})


def write_request(number: int, method: str, parameter: object) -> bytes:
    """What we ask a client, in the one form that OpenSIPS reads."""
    return _encode({"method": method, "params": [parameter], "id": number})
