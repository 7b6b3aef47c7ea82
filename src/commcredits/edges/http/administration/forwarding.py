"""The charging paths at the administration's address, so that one address serves a small installation.

Knows where the charging process listens and which header fields concern it. Refuses to read what it carries: the
charging process checks token and body, and its answer is passed on as it comes.
"""

from __future__ import annotations

import ssl
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.administration.bodies import read_body
from commcredits.edges.http.administration.refusing import problem_response
from commcredits.edges.http.charging.limits import ListenerLimits
from commcredits.edges.http.problems import refusal_problem

_CONNECTIONS_MAX: Final = 64
_CONNECT_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 30.0
_WAIT_SECONDS: Final = 5.0

_PASSED_IN: Final = frozenset({b"authorization", b"content-type", b"content-encoding", b"accept"})
_PASSED_OUT: Final = ("content-type", "www-authenticate", "retry-after", "allow")


class ChargingForwarder:
    """A client of the charging process, with connections that are kept."""

    def __init__(self, host: str, port: int, tls: ssl.SSLContext | None) -> None:
        self._scheme = "http" if tls is None else "https"
        self._host = host
        self._port = port
        self._client = httpx.AsyncClient(
            # An empty context costs nothing; the usual one would read every certificate of the system for plain HTTP.
            verify=tls or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            trust_env=False,
            limits=httpx.Limits(max_connections=_CONNECTIONS_MAX, max_keepalive_connections=_CONNECTIONS_MAX),
            timeout=httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS, pool=_WAIT_SECONDS),
        )

    async def forward(self, request: Request) -> Response:
        """The charging process's answer, or "busy" when it gives none: the same command may be sent again."""
        # Held whole, for a command whose connection breaks is sent once more; the charging process repeats its answer.
        body = await read_body(request, bytes_max=ListenerLimits().batch_body_bytes_max)
        answer = await self._ask(self._request(request, body))
        if answer is None:
            return problem_response(refusal_problem(Refused(code=RefusalCode.BUSY)))
        headers = {name: answer.headers[name] for name in _PASSED_OUT if name in answer.headers}
        return Response(answer.content, status_code=answer.status_code, headers=headers)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def _ask(self, request: httpx.Request) -> httpx.Response | None:
        for last in (False, True):
            try:
                return await self._client.send(request)
            except httpx.RemoteProtocolError:
                if last:
                    return None
                # Most likely a kept connection that the other side was just closing.
            except httpx.TransportError:
                return None
        return None

    def _request(self, request: Request, body: bytes) -> httpx.Request:
        # The path is one that a route names, so nothing of the caller's making gets into the address.
        url = httpx.URL(scheme=self._scheme, host=self._host, port=self._port, path=request.scope["path"])
        headers = [(name, value) for name, value in request.headers.raw if name in _PASSED_IN]
        return self._client.build_request(request.method, url, headers=headers, content=body)
