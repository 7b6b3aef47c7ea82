"""Who may use the administration API, and what goes with every answer of it.

Knows one token, the paths that need none, and the header fields of an API. Refuses to let a request further before the
token is checked, and to let an error of ours out as anything but a problem document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.refusing import problem_response
from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.problems import HttpFault, fault_problem, refusal_problem

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


class Guard:
    """The outermost layer of the application; what is mounted beside the API's paths has a door of its own."""

    def __init__(self, app: ASGIApp, token: BearerToken) -> None:
        self._app = app
        self._token = token

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

        if needs_token(scope["path"]) and not self._opens(scope["headers"]):
            await problem_response(fault_problem(HttpFault.UNAUTHORISED))(scope, receive, send_guarded)
            return
        try:
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            if started:
                log_failure("administration answer failed", error)
                raise
            await _last_resort(error)(scope, receive, send_guarded)

    def _opens(self, headers: Iterable[tuple[bytes, bytes]]) -> bool:
        given = [value for name, value in headers if name == b"authorization"]
        return len(given) == 1 and self._token.opens(given[0])


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
