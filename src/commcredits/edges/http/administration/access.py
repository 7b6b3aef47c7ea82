"""Who may use the administration API, and what goes with every answer of it.

Knows operators' tokens, the paths that need none, and the header fields of an API. Refuses to let a request further
before its token is checked, and to let an error of ours out as anything but a problem document. Whoever has a token of
his own is known by his name from here on; the token itself goes no further.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends
from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commcredits.core.access import NOBODY, Actor, ActorKind, Role, permissions_of
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.refusing import problem_response
from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.problems import HttpFault, fault_problem, refusal_problem
from commcredits.operations.services import Services

EDGE: Final = "api"
"""What the audit log calls this interface."""

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


async def _acting_services(request: Request) -> Services:
    services = request.state.services
    assert isinstance(services, Services), "the guard hands everybody their services"
    return services


async def _acting_operator(request: Request) -> str:
    return (await _acting_services(request)).actor.name


ActingServices = Annotated[Services, Depends(_acting_services)]
"""The services of whoever asks, as a parameter of an endpoint: they may do what that actor may."""

ActingOperator = Annotated[str, Depends(_acting_operator)]
"""The name of whoever asks, as a parameter of an endpoint."""


class KeyRing:
    """Who has which of the operator's tokens. Raises ValueError for an empty one, which every request would match."""

    __slots__ = ("_tokens",)

    def __init__(self, tokens: Mapping[str, SecretStr]) -> None:
        self._tokens = tuple(
            (name, BearerToken(token.get_secret_value().strip().encode())) for name, token in tokens.items()
        )

    def owner(self, authorization: bytes) -> Actor | None:
        """Whose token the header carries. Each is compared, and in constant time: how long it takes tells nothing."""
        found = [name for name, token in self._tokens if token.opens(authorization)]
        return _operator(found[0]) if found else None

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(name for name, _token in self._tokens)})"


def _operator(name: str) -> Actor:
    """An operator by their token: whoever has the shared one owns the installation, the others are staff."""
    role = Role.OPERATOR_OWNER if name == SHARED_OPERATOR else Role.OPERATOR_STAFF
    return Actor(
        kind=ActorKind.KEY,
        actor_id=f"operator:{name}",
        name=name,
        permissions=permissions_of((role,)),
        roles=(role,),
        edge=EDGE,
    )


class Guard:
    """The outermost layer of the application; what is mounted beside the API's paths has a door of its own.

    ``services`` are handed to every request, acting as whoever sent it.
    """

    def __init__(self, app: ASGIApp, keys: KeyRing, services: Services) -> None:
        self._app = app
        self._keys = keys
        self._services = services

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

        actor = NOBODY
        if needs_token(scope["path"]):
            known = self._owner(scope["headers"])
            if known is None:
                await problem_response(fault_problem(HttpFault.UNAUTHORISED))(scope, receive, send_guarded)
                return
            actor = replace(known, source=_source(scope))
        scope["state"] = {**scope.get("state", {}), "services": self._services.acting_as(actor)}
        try:
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            if started:
                log_failure("administration answer failed", error)
                raise
            await _last_resort(error)(scope, receive, send_guarded)

    def _owner(self, headers: Iterable[tuple[bytes, bytes]]) -> Actor | None:
        given = [value for name, value in headers if name == b"authorization"]
        return self._keys.owner(given[0]) if len(given) == 1 else None


def _source(scope: Scope) -> str:
    """The network address that the request came from, as the server saw it."""
    client = scope.get("client")
    return "" if client is None else str(client[0])


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
