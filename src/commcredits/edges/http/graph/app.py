"""The call-record API as an application of its own, mounted beside the administration API.

Knows who may ask (the same tokens as everywhere), whose records they mean, and how a page leads to the next one.
Refuses to answer in any other words than those of the system whose report tools it serves, errors included.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final, Protocol
from urllib.parse import quote, urlencode
from uuid import uuid4

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from commcredits.core.access import Actor
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.http.charging.failures import log_failure
from commcredits.edges.http.graph import answers
from commcredits.edges.http.graph.requests import (
    ORGANIZATION_HEADER,
    GraphRequest,
    NotFoundError,
    Resource,
    read_request,
)
from commcredits.edges.http.problems import HttpFault
from commcredits.operations import call_record_api, reports
from commcredits.operations.inputs import invalid_input
from commcredits.operations.pools import report_pools
from commcredits.operations.services import Services

EDGE: Final = "graph"
"""What the audit log calls this interface."""

MEDIA_TYPE: Final = "application/json;odata.metadata=minimal;IEEE754Compatible=false;charset=utf-8"
RETRY_AFTER_SECONDS: Final = 1

_CLIENT_REQUEST: Final = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_SECURITY: Final = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_UNAUTHORISED: Final = 401
_BUSY: Final = 503


class Doorkeeper(Protocol):
    """Knows whom a bearer token belongs to."""

    async def actor_of(self, authorization: bytes, source: str) -> Actor | None:
        """Whoever sent this value of the header Authorization from this address, None for nobody."""
        ...


class GraphApi:
    """ASGI. ``keys`` are those of the administration API."""

    def __init__(self, keys: Doorkeeper, services: Services) -> None:
        self._keys = keys
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        told = headers.get("client-request-id", "")
        ids = (str(uuid4()), told if _CLIENT_REQUEST.fullmatch(told) else "")
        now = self._services.clock()
        try:
            answer = await self._answer(scope)
        except (OSError, TimeoutError) as error:
            # The database, or the way to it, is gone for now; nothing of ours is broken.
            log_failure("call-record request failed", error)
            answer = Refused(code=RefusalCode.BUSY)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer has this API's shape
            log_failure("call-record request failed", error)
            answer = HttpFault.INTERNAL_ERROR
        if isinstance(answer, bytes):
            status, body = 200, answer
        elif isinstance(answer, Refused):
            status, body = answers.refusal(answer, *(ids[0], ids[1] or ids[0]), now)
        else:
            status, body = answers.fault(answer, *(ids[0], ids[1] or ids[0]), now)
        await _response(status, body, ids)(scope, receive, send)

    async def _answer(self, scope: Scope) -> bytes | Refused | HttpFault:
        given = [value for name, value in scope["headers"] if name == b"authorization"]
        source = "" if scope.get("client") is None else str(scope["client"][0])
        actor = await self._keys.actor_of(given[0], source) if len(given) == 1 else None
        if actor is None:
            return HttpFault.UNAUTHORISED
        try:
            request = read_request(_path_of(scope), scope["query_string"])
        except NotFoundError:
            return HttpFault.NOT_FOUND
        if scope["method"] not in ("GET", "HEAD"):
            return HttpFault.METHOD_NOT_ALLOWED
        if isinstance(request, Refused):
            return request
        organization_id = _organization_of(scope, request, actor)
        if isinstance(organization_id, Refused):
            return organization_id
        services = self._services.acting_as(replace(actor, source=source, edge=EDGE))
        if request.resource.is_function:
            return await _records(services, scope, request, organization_id)
        return await _money(services, scope, request, organization_id)


async def _records(services: Services, scope: Scope, request: GraphRequest, organization_id: str) -> bytes | Refused:
    """A page of what a function answers."""
    root = _root_of(services, scope, request)
    if request.resource is Resource.DIAL_OUT:
        sums = await call_record_api.sum_dial_out(
            services, organization_id=organization_id, begins=request.begins, ends=request.ends
        )
        if isinstance(sums, Refused):
            return sums
        return answers.collection(root, request.resource, map(answers.dial_out_row, sums), None)
    if request.resource is Resource.BLOCKED_USERS:
        blocked = await call_record_api.list_blocked_users(
            services,
            organization_id=organization_id,
            begins=request.begins,
            ends=request.ends,
            token=request.token,
            limit=request.top,
        )
        if isinstance(blocked, Refused):
            return blocked
        next_link = _next_link(services, scope, request, blocked.next_cursor)
        return answers.collection(root, request.resource, map(answers.blocked_row, blocked.items), next_link)
    page = await call_record_api.list_call_records(
        services,
        organization_id=organization_id,
        begins=request.begins,
        ends=request.ends,
        token=request.token,
        limit=request.top,
    )
    if isinstance(page, Refused):
        return page
    rows = (answers.call_row(row, page.country) for row in page.rows)
    return answers.collection(root, request.resource, rows, _next_link(services, scope, request, page.next_token))


async def _money(services: Services, scope: Scope, request: GraphRequest, organization_id: str) -> bytes | Refused:
    """What the other system lacks: the balance, the minute pools, the funds."""
    root = _root_of(services, scope, request)
    if request.resource is Resource.BALANCE:
        balance = await reports.read_balance(services, organization_id=organization_id)
        if isinstance(balance, Refused):
            return balance
        return answers.entity(root, request.resource, answers.balance(balance))
    if request.resource is Resource.POOLS:
        report = await report_pools(services, organization_id=organization_id)
        if isinstance(report, Refused):
            return report
        return answers.collection(root, request.resource, answers.pools(report), None)
    lots = await reports.list_lots(services, organization_id=organization_id)
    if isinstance(lots, Refused):
        return lots
    balance = await reports.read_balance(services, organization_id=organization_id)
    if isinstance(balance, Refused):
        return balance
    return answers.collection(root, request.resource, (answers.fund(lot, balance.currency) for lot in lots), None)


def _organization_of(scope: Scope, request: GraphRequest, actor: Actor) -> str | Refused:
    """Whose records are meant: the key's own, or those of whom an operator names."""
    headers: list[str] = [value.decode("latin-1") for name, value in scope["headers"] if name == ORGANIZATION_HEADER]
    named = {*headers, *([request.organization_id] if request.organization_id else [])}
    if len(named) > 1:
        return invalid_input("organization_id", "", "named once")
    if named:
        return next(iter(named))
    if actor.organization_id is None:
        allowed = "the id of an organization, in the header X-Organization-Id or the query: this key is no one's own"
        return invalid_input("organization_id", "", allowed)
    return actor.organization_id


def _path_of(scope: Scope) -> str:
    """The whole path, wherever the application is mounted."""
    path: str = scope["path"]
    return path


def _root_of(services: Services, scope: Scope, request: GraphRequest) -> str:
    """Where this version's paths begin, as an address: the public one where the operator has told it."""
    origin = services.payments.origin
    if not origin.startswith("https://"):
        # Nobody has told a public address: the client has found its way here, and will again.
        host = Headers(scope=scope).get("host", "localhost")
        origin = f"{scope.get('scheme', 'http')}://{quote(host, safe=':[].-')}"
    return f"{origin}{request.root}"


def _next_link(services: Services, scope: Scope, request: GraphRequest, token: str | None) -> str | None:
    """The address of the next page: the same request, going on at the token."""
    if token is None:
        return None
    root = _root_of(services, scope, request)
    times = f"fromDateTime={_encoded(request.begins.isoformat())},toDateTime={_encoded(request.ends.isoformat())}"
    options = {"$skiptoken": token, "$top": str(request.top)}
    if request.organization_id:
        options["organization_id"] = request.organization_id
    path = f"{root}/communications/callRecords/{request.resource.value}({times})"
    return f"{path}?{urlencode(options, safe='$')}"


def _encoded(text: str) -> str:
    return quote(text.replace("+00:00", "Z"), safe=":")


def _response(status: int, body: bytes, ids: tuple[str, str]) -> Response:
    headers = {**_SECURITY, "request-id": ids[0]}
    if ids[1]:
        headers["client-request-id"] = ids[1]
    if status == _UNAUTHORISED:
        headers["WWW-Authenticate"] = 'Bearer realm="commcredits"'
    if status == _BUSY:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status == 405:  # noqa: PLR2004 - the status of RFC 9110 itself
        headers["Allow"] = "GET, HEAD"
    return Response(body, status_code=status, media_type=MEDIA_TYPE, headers=headers)
