"""Who may use the administration API, and what goes with every answer of it.

Knows operators' tokens, the paths that need none, and the header fields of an API. Refuses to let a request further
before its token is checked, and to let an error of ours out as anything but a problem document. Whoever has a token of
his own is known by his name from here on; the token itself goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Final

from fastapi import Depends
from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.refusing import problem_response
from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.problems import HttpFault, fault_problem, refusal_problem

SHARED_OPERATOR: Final = "operator"
"""Who uses the one token that every installation has."""

API_PATHS: Final = "/v1/"
HEALTH_PATH: Final = "/v1/health"
OPENAPI_PATH: Final = "/v1/openapi.json"
CHARGING_PATHS: Final = "/v1/charging/"
WEBHOOK_PATH: Final = re.compile(r"/v1/gateways/[^/]+/webhooks")

SECURITY_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def needs_token(path: str) -> bool:
    """Whether the path is closed without the operator's token.

    Open are the state of health, the description of the API, the gateways' messages (their signature proves them) and
    the charging paths (the charging process checks the token itself).
    """
    return not (path in {HEALTH_PATH, OPENAPI_PATH} or path.startswith(CHARGING_PATHS) or WEBHOOK_PATH.fullmatch(path))


def _acting_operator(request: Request) -> str:
    name = request.state.operator
    assert isinstance(name, str), "the guard lets nobody in whom it does not know"
    return name


ActingOperator = Annotated[str, Depends(_acting_operator)]
"""The name of whoever asks, as a parameter of an endpoint."""


class KeyRing:
    """Who has which token. Raises ValueError for an empty one, which every request would match."""

    __slots__ = ("_tokens",)

    def __init__(self, tokens: Mapping[str, SecretStr]) -> None:
        self._tokens = tuple(
            (name, BearerToken(token.get_secret_value().strip().encode())) for name, token in tokens.items()
        )

    def owner(self, authorization: bytes) -> str | None:
        """Whose token the header carries. Each is compared, and in constant time: how long it takes tells nothing."""
        found = [name for name, token in self._tokens if token.opens(authorization)]
        return found[0] if found else None

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(name for name, _token in self._tokens)})"


class Guard:
    """The outermost layer of the application; what is mounted beside the API's paths has a door of its own."""

    def __init__(self, app: ASGIApp, keys: KeyRing) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API_PATHS):
            await self._app(scope, receive, send)
            return
        started = False

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": _with_security(message["headers"])}
            await send(message)

        if needs_token(scope["path"]):
            operator = self._owner(scope["headers"])
            if operator is None:
                await problem_response(fault_problem(HttpFault.UNAUTHORISED))(scope, receive, send_guarded)
                return
            scope["state"] = {**scope.get("state", {}), "operator": operator}
        try:
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            if started:
                log_failure("administration answer failed", error)
                raise
            await _last_resort(error)(scope, receive, send_guarded)

    def _owner(self, headers: Iterable[tuple[bytes, bytes]]) -> str | None:
        given = [value for name, value in headers if name == b"authorization"]
        return self._keys.owner(given[0]) if len(given) == 1 else None


def _last_resort(error: Exception) -> ASGIApp:
    """The answer to an error that nothing further in has answered."""
    log_failure("administration request failed", error)
    if isinstance(error, (OSError, TimeoutError)):
        # The database, or the way to it, is gone for now; nothing of ours is broken.
        return problem_response(refusal_problem(Refused(code=RefusalCode.BUSY)))
    return problem_response(fault_problem(HttpFault.INTERNAL_ERROR))


def _with_security(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in SECURITY_HEADERS}
    return [*((name, value) for name, value in headers if name.lower() not in ours), *SECURITY_HEADERS]
