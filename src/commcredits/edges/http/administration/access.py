"""Who may use the administration API, and what goes with every answer of it.

Knows operators' tokens, the paths that need none, and the header fields of an API. Refuses to let a request further
before its token is checked, and to let an error of ours out as anything but a problem document. Whoever has a token is
known by his name from here on; the token itself goes no further. Whose other tokens are, commcredits.edges.http.
administration.bearers knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Final, Protocol

from fastapi import Depends
from pydantic import SecretStr
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from commcredits.core.access import NOBODY, Actor, ActorKind, Role, permissions_of
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.refusing import problem_response
from commcredits.edges.http.charging.bearer import BearerToken
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.problems import (
    PROBLEM_MEDIA_TYPE,
    HttpFault,
    Problem,
    fault_problem,
    problem_headers,
    refusal_problem,
)
from commcredits.edges.http.scim.answering import MEDIA_TYPE, ScimRefusal, error_answer
from commcredits.operations.services import Services

EDGE: Final = "api"
"""What the audit log calls this interface."""

SHARED_OPERATOR: Final = "operator"
"""Who uses the one token that every installation has."""

SCIM_PATHS: Final = "/scim/"
API_PATHS: Final = ("/v1/", SCIM_PATHS, "/.well-known/")
"""What the paths begin with that this door is before."""

HEALTH_PATH: Final = "/v1/health"
OPENAPI_PATH: Final = "/v1/openapi.json"
CHARGING_PATHS: Final = "/v1/charging/"
TOKEN_PATH: Final = "/v1/oauth/token"  # noqa: S105 - where tokens are had, not one
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"
WEBHOOK_PATH: Final = re.compile(r"/v1/gateways/[^/]+/webhooks")

_OPEN_PATHS: Final = frozenset({HEALTH_PATH, OPENAPI_PATH, TOKEN_PATH, METADATA_PATH})
_UNAUTHORISED: Final = 401
_FORBIDDEN: Final = 403
_CHALLENGE: Final = b"www-authenticate"
_PROBLEM: Final = PROBLEM_MEDIA_TYPE.encode()
_SCIM: Final = MEDIA_TYPE.encode()

SECURITY_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


def needs_token(path: str) -> bool:
    """Whether the path is closed without a token.

    Open are the state of health, the description of the API, where tokens are had (a key is shown there), the gateways'
    messages (their signature proves them) and the charging paths (the charging process checks the token itself).
    """
    return not (path in _OPEN_PATHS or path.startswith(CHARGING_PATHS) or WEBHOOK_PATH.fullmatch(path))


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


def beside(services: Services, organization_id: str) -> Services:
    """The services for what an answer needs beside its own operation, such as the organization's currency.

    A key of few scopes need not be allowed to read the organization for that. Nobody gets another organization's.
    """
    actor = services.actor
    return services.acting_as(actor.checked()) if actor.organization_id in {None, organization_id} else services


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


class Doorkeeper(Protocol):
    """Knows whom a bearer token belongs to."""

    async def actor_of(self, authorization: bytes, source: str) -> Actor | None:
        """Whoever sent this value of the header Authorization from this address, None for nobody."""
        ...


class Guard:
    """The outermost layer of the application; what is mounted beside the API's paths has a door of its own.

    ``services`` are handed to every request, acting as whoever sent it.
    """

    def __init__(self, app: ASGIApp, keys: Doorkeeper, services: Services) -> None:
        self._app = app
        self._keys = keys
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one request."""
        if scope["type"] != "http" or not scope["path"].startswith(API_PATHS):
            await self._app(scope, receive, send)
            return
        started = False
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        actor = NOBODY

        async def send_guarded(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = _with_security(message["headers"])
                message = {**message, "headers": _with_challenge(headers, message["status"], actor, given)}
            await send(message)

        try:
            if needs_token(scope["path"]):
                known = await self._keys.actor_of(given[0], source_of(scope)) if len(given) == 1 else None
                if known is None:
                    await _told(scope, fault_problem(HttpFault.UNAUTHORISED))(scope, receive, send_guarded)
                    return
                actor = replace(known, source=source_of(scope))
            scope["state"] = {**scope.get("state", {}), "services": self._services.acting_as(actor)}
            await self._app(scope, receive, send_guarded)
        except ClientDisconnect:
            return  # nobody is left to answer
        except Exception as error:
            if started:
                log_failure("administration answer failed", error)
                raise
            await _told(scope, _last_resort(error))(scope, receive, send_guarded)


def source_of(scope: Scope) -> str:
    """The network address that the request came from, as the server saw it."""
    client = scope.get("client")
    return "" if client is None else str(client[0])


def _told(scope: Scope, problem: Problem) -> Response:
    """A problem in the words of the interface that was asked: a directory knows no other error than SCIM's."""
    if not scope["path"].startswith(SCIM_PATHS):
        return problem_response(problem)
    told = error_answer(ScimRefusal(problem.status, str(problem.document["detail"])))
    told.headers.update(problem_headers(problem.status))
    return told


def _last_resort(error: Exception) -> Problem:
    """What is said of an error that nothing further in has answered."""
    log_failure("administration request failed", error)
    if isinstance(error, (OSError, TimeoutError)):
        # The database, or the way to it, is gone for now; nothing of ours is broken.
        return refusal_problem(Refused(code=RefusalCode.BUSY))
    return fault_problem(HttpFault.INTERNAL_ERROR)


def _with_challenge(
    headers: list[tuple[bytes, bytes]], status: int, actor: Actor, given: Sequence[bytes]
) -> list[tuple[bytes, bytes]]:
    """The header fields, saying what is wrong with a token that was shown (RFC 6750 §3.1)."""
    error = b""
    if status == _UNAUTHORISED and given:
        error = b"invalid_token"
    elif status == _FORBIDDEN and actor.kind is ActorKind.KEY:
        error = b"insufficient_scope"
    # A directory is forbidden other things than those that a wider scope would let it do.
    ours = (_PROBLEM, _SCIM) if status == _UNAUTHORISED else (_PROBLEM,)
    if not error or not any(name.lower() == b"content-type" and value.startswith(ours) for name, value in headers):
        return headers
    others = [(name, value) for name, value in headers if name.lower() != _CHALLENGE]
    return [*others, (_CHALLENGE, b'Bearer realm="commcredits", error="%b"' % error)]


def _with_security(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    ours = {name for name, _ in SECURITY_HEADERS}
    return [*((name, value) for name, value in headers if name.lower() not in ours), *SECURITY_HEADERS]
