"""Where programs get short-lived tokens: OAuth 2 client credentials (RFC 6749 §4.4), and its metadata (RFC 8414).

Knows forms, client authentication and the errors of that protocol, which are no problem documents. Refuses to tell a
client whose id is unknown from one whose secret is wrong.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse

from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration.access import METADATA_PATH, TOKEN_PATH, ActingServices, source_of
from commcredits.edges.http.administration.bearers import Bearers
from commcredits.edges.http.administration.bodies import media_type, read_body
from commcredits.edges.http.administration.documenting import ALWAYS, Responses, Tag, problems
from commcredits.edges.http.administration.program_forms import AccessToken
from commcredits.edges.http.problems import HttpFault
from commcredits.operations.api_keys import SCOPES
from commcredits.operations.key_secrets import ShownKey, read_client
from commcredits.operations.key_tokens import IssuedToken, issue_token

FORM_MEDIA_TYPE: Final = "application/x-www-form-urlencoded"
FORM_BYTES_MAX: Final = 8_192
_FIELDS_MAX: Final = 16
_GRANT: Final = "client_credentials"
_BASIC: Final = "basic "
_BEARER: Final = "Bearer"
_METHODS: Final = ("client_secret_basic", "client_secret_post")

INVALID_REQUEST: Final = "invalid_request"
INVALID_CLIENT: Final = "invalid_client"
INVALID_SCOPE: Final = "invalid_scope"
UNSUPPORTED_GRANT_TYPE: Final = "unsupported_grant_type"
UNAUTHORISED_CLIENT: Final = "unauthorized_client"

_WORDS: Final = {
    INVALID_REQUEST: "The request lacks a parameter, or has one twice or of the wrong form.",
    INVALID_CLIENT: "The client is not known by this id and secret.",
    INVALID_SCOPE: "The client may not do all that it asks for.",
    UNSUPPORTED_GRANT_TYPE: "The only grant here is client_credentials.",
    UNAUTHORISED_CLIENT: "The client may not have a token now.",
}


class OAuthError(BaseModel):
    """An error as RFC 6749 §5.2 has it."""

    error: str
    error_description: str


class ServerMetadata(BaseModel):
    """What a client must know (RFC 8414 §2)."""

    issuer: str
    token_endpoint: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    grant_types_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    service_documentation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrong:
    """What is wrong with a request. ``challenged``: the client tried the header Authorization."""

    error: str
    challenged: bool = False


def add_oauth(routes: APIRouter, bearers: Bearers, issuer: str) -> None:
    """Give tokens; ``issuer`` is the origin that clients know this installation by."""

    @routes.post(
        TOKEN_PATH,
        tags=[Tag.PROGRAMS],
        summary="Get a short-lived token with a key",
        description="OAuth 2 client credentials. The client's id is a key's prefix, its secret the rest of the key. "
        "The token may do what the key may, or the part of it that `scope` names; it ends with the key.",
        response_description="The token.",
        response_model=AccessToken,
        responses=_token_responses(),
        openapi_extra={"security": [], "requestBody": _REQUEST_BODY},
    )
    async def get_token(services: ActingServices, request: Request) -> JSONResponse:
        media_type(request, FORM_MEDIA_TYPE)
        fields = _fields(await read_body(request, bytes_max=FORM_BYTES_MAX))
        shown = _client(request.headers.getlist("authorization"), fields)
        if isinstance(shown, _Wrong):
            return _error(shown)
        assert fields is not None, "a form that cannot be read shows no client"
        source, seconds = source_of(request.scope), asyncio.get_running_loop().time()
        may_search = not bearers.guesses.are_too_many(source, seconds)
        holder = await bearers.holders.of_key(shown, may_search=may_search)
        if holder is None:
            bearers.guesses.note(source, seconds)
            return _error(_Wrong(error=INVALID_CLIENT, challenged="client_secret" not in fields))
        if fields.get("grant_type") != _GRANT:
            return _error(_Wrong(error=UNSUPPORTED_GRANT_TYPE if "grant_type" in fields else INVALID_REQUEST))
        scopes = None if "scope" not in fields else fields["scope"].split(" ")
        if scopes is not None and (not all(scopes) or set(scopes) - set(holder.scopes)):
            return _error(_Wrong(error=INVALID_SCOPE))
        issued = await issue_token(services, holder, scopes)
        await bearers.holders.note_use(holder)
        return _error(_Wrong(error=UNAUTHORISED_CLIENT)) if issued is None else _answer(issued)

    @routes.get(
        METADATA_PATH,
        tags=[Tag.PROGRAMS],
        summary="Say where and how tokens are had",
        response_description="Metadata of an OAuth 2 authorization server (RFC 8414).",
        responses=problems(*ALWAYS, RefusalCode.INVALID_INPUT),
        openapi_extra={"security": []},
    )
    async def describe_server() -> ServerMetadata:
        return ServerMetadata(
            issuer=issuer,
            token_endpoint=issuer + TOKEN_PATH,
            scopes_supported=list(SCOPES),
            response_types_supported=[],
            grant_types_supported=[_GRANT],
            token_endpoint_auth_methods_supported=list(_METHODS),
            service_documentation=f"{issuer}/v1/openapi.json",
        )


def _fields(body: bytes) -> Mapping[str, str] | None:
    """The form's fields, empty ones left out (RFC 6749 §3.2); None for a form that cannot be read one way."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            max_num_fields=_FIELDS_MAX,
            encoding="utf-8",
            errors="strict",
        )
    except ValueError:
        return None
    names = [name for name, _ in pairs]
    return None if len(set(names)) != len(names) else {name: value for name, value in pairs if value}


def _client(authorization: list[str], fields: Mapping[str, str] | None) -> ShownKey | _Wrong:
    """The key that the client showed, one way and not two (RFC 6749 §2.3)."""
    if fields is None or len(authorization) > 1:
        return _Wrong(error=INVALID_REQUEST)
    if authorization:
        if "client_secret" in fields:
            return _Wrong(error=INVALID_REQUEST)
        pair = _basic(authorization[0])
        if pair is None or fields.get("client_id", pair[0]) != pair[0]:
            return _Wrong(error=INVALID_CLIENT, challenged=True)
        return read_client(*pair) or _Wrong(error=INVALID_CLIENT, challenged=True)
    return read_client(fields.get("client_id", ""), fields.get("client_secret", "")) or _Wrong(error=INVALID_CLIENT)


def _basic(authorization: str) -> tuple[str, str] | None:
    """Id and secret in the header Authorization: Basic, form-encoded within as RFC 6749 §2.3.1 has it."""
    scheme, encoded = authorization[: len(_BASIC)], authorization[len(_BASIC) :].strip()
    if scheme.lower() != _BASIC:
        return None
    try:
        client_id, colon, secret = base64.b64decode(encoded, validate=True).decode("ascii").partition(":")
    except (binascii.Error, ValueError):
        return None
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None


def _answer(issued: IssuedToken) -> JSONResponse:
    answer = AccessToken(
        access_token=issued.token, token_type=_BEARER, expires_in=issued.seconds, scope=" ".join(issued.scopes)
    )
    return JSONResponse(answer.model_dump(), headers={"Pragma": "no-cache"})


def _error(wrong: _Wrong) -> JSONResponse:
    is_client = wrong.error == INVALID_CLIENT
    challenge = {"WWW-Authenticate": 'Basic realm="commcredits"'} if is_client and wrong.challenged else {}
    status = HTTPStatus.UNAUTHORIZED if is_client else HTTPStatus.BAD_REQUEST
    content = OAuthError(error=wrong.error, error_description=_WORDS[wrong.error])
    return JSONResponse(content.model_dump(), status_code=status, headers=challenge)


_REQUEST_BODY: Final[Mapping[str, Any]] = {
    "required": True,
    "content": {
        FORM_MEDIA_TYPE: {
            "schema": {
                "type": "object",
                "required": ["grant_type"],
                "properties": {
                    "grant_type": {"type": "string", "enum": [_GRANT]},
                    "scope": {"type": "string", "description": "Words of scopes, a blank between two."},
                    "client_id": {"type": "string", "description": "A key's prefix, unless the header has it."},
                    "client_secret": {"type": "string", "description": "The rest of the key, likewise."},
                },
            }
        }
    },
}


def _token_responses() -> Responses:
    """The errors of the protocol, beside the problems that any request can run into."""
    faults = (HttpFault.UNSUPPORTED_MEDIA_TYPE, HttpFault.PAYLOAD_TOO_LARGE, HttpFault.REQUEST_TIMEOUT)
    responses = problems(*ALWAYS, *faults, RefusalCode.INVALID_INPUT)
    for status, errors in ((400, sorted(set(_WORDS) - {INVALID_CLIENT})), (401, [INVALID_CLIENT])):
        responses[status] = {"description": ", ".join(errors), "model": OAuthError}
    return responses
