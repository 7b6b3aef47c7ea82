"""Speaks to a provider of identities: OpenID Connect, authorisation code with PKCE.

Knows discovery, the provider's keys and what an ID token must say (OpenID Connect Core 1.0 §3.1.3.7, RFC 7636, RFC
9207). Refuses tokens of any other issuer, audience, time or question, signatures by shared secrets or none, and
answers that are slow or large. Refuses to know whom a subject is here.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.discovery import OpenIDProviderMetadata
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from commcredits.operations.sign_in_providers import Provider

BYTES_MAX: Final = 262_144
"""Largest answer of a provider that is read."""

SECONDS_MAX: Final = 10.0
"""Longest that a provider is waited for, whatever it does meanwhile."""

KEPT_SECONDS: Final = 3_600.0
KEYS_AGAIN_SECONDS: Final = 60.0
"""How soon keys are asked for again when a token names one that is not known."""

KEYS_MAX: Final = 50
LEEWAY_SECONDS: Final = 60
"""How far a provider's clock may be from ours."""

TENANT: Final = "{tenantid}"
"""Stands in the issuer of a provider that speaks for many tenants; each token's issuer has its own in that place."""

_TENANT_CLAIM: Final = "tid"
_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_OWN_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "::1"})
_KEY_TYPES: Final = frozenset({"RSA", "EC", "OKP"})


class ProviderAwayError(Exception):
    """The provider cannot be reached now, or says what no provider may say of itself."""


class TokenRefusedError(Exception):
    """What came back does not prove who somebody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """One way to the provider and back, begun at ``asked_at`` (seconds since 1970).

    With ``proves_again`` somebody must have signed in at the provider since then.
    """

    redirect_uri: str
    state: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    asked_at: int
    proves_again: bool = False


@dataclass(slots=True, kw_only=True)
class _Kept:
    content: Mapping[str, Any]
    since: float = field(default_factory=time.monotonic)

    def is_young(self, seconds: float) -> bool:
        return time.monotonic() - self.since < seconds


class ProviderClient:
    """One provider, with what it said of itself lately."""

    def __init__(self, provider: Provider, now: Callable[[], datetime]) -> None:
        self.provider = provider
        self._now = now
        self._metadata: _Kept | None = None
        self._keys: _Kept | None = None
        self._asking = asyncio.Lock()

    async def address(self, flow: Flow) -> str:
        """Where the browser goes. ProviderAwayError."""
        metadata = await self._described()
        extra = {"prompt": "login", "max_age": "0"} if flow.proves_again else {}
        return str(
            prepare_grant_uri(
                metadata["authorization_endpoint"],
                self.provider.client_id,
                "code",
                flow.redirect_uri,
                list(self.provider.scopes),
                flow.state,
                nonce=flow.nonce,
                code_challenge=create_s256_code_challenge(flow.verifier),
                code_challenge_method="S256",
                **extra,
            )
        )

    async def claims(self, flow: Flow, *, code: str, issuer: str | None) -> Mapping[str, Any]:
        """The checked claims of the ID token that a code is changed for.

        ``issuer`` is the parameter ``iss`` of the address that the browser came back to, if there was one. Raises
        ProviderAwayError and TokenRefusedError.
        """
        metadata = await self._described()
        says_issuer = metadata.get("authorization_response_iss_parameter_supported") is True
        if issuer is None and says_issuer:
            raise TokenRefusedError("the answer does not say whose it is")
        if issuer is not None and TENANT not in metadata["issuer"] and issuer != metadata["issuer"]:
            raise TokenRefusedError("the answer is another issuer's")
        token = await self._exchanged(metadata, flow, code)
        return await self._checked(metadata, flow, token)

    async def _described(self) -> Mapping[str, Any]:
        async with self._asking:
            if self._metadata is None or not self._metadata.is_young(KEPT_SECONDS):
                address = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
                document = await self._json("GET", address)
                _check_metadata(document, self.provider)
                self._metadata = _Kept(content=document)
            return self._metadata.content

    async def _exchanged(self, metadata: Mapping[str, Any], flow: Flow, code: str) -> str:
        provider = self.provider
        fields = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": flow.redirect_uri,
            "code_verifier": flow.verifier,
        }
        secret = "" if provider.client_secret is None else provider.client_secret.get_secret_value()
        known = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        way = (
            "none" if not secret else "client_secret_basic" if "client_secret_basic" in known else "client_secret_post"
        )
        address = metadata["token_endpoint"]
        body = str(httpx.QueryParams(fields))
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        auth = ClientAuth(provider.client_id, secret, way)
        address, headers, body = auth.prepare("POST", address, headers, body)
        answer = await self._json("POST", address, headers=headers, body=body)
        token = answer.get("id_token")
        if not isinstance(token, str) or len(token) > BYTES_MAX:
            raise TokenRefusedError("the answer holds no ID token")
        return token

    async def _checked(self, metadata: Mapping[str, Any], flow: Flow, token: str) -> Mapping[str, Any]:
        try:
            key_id = jws.extract_compact(token.encode("ascii")).headers().get("kid")
            keys = await self._key_set(metadata, key_id)
            claims = jwt.decode(token, keys, algorithms=list(_ALGORITHMS)).claims
            now = int(self._now().timestamp())
            jwt.JWTClaimsRegistry(
                now=now,
                leeway=LEEWAY_SECONDS,
                iss={"essential": True, "value": self._issuer(metadata, claims)},
                sub={"essential": True},
                aud={"essential": True, "value": self.provider.client_id},
                exp={"essential": True},
                iat={"essential": True},
                nonce={"essential": True, "value": flow.nonce},
            ).validate(claims)
        except (JoseError, ValueError, TypeError, UnicodeError) as error:
            raise TokenRefusedError(type(error).__name__) from error
        audience, party = claims["aud"], claims.get("azp")
        is_for_many = isinstance(audience, list) and len(audience) > 1
        if (is_for_many or party is not None) and party != self.provider.client_id:
            raise TokenRefusedError("the token was made for another client")
        if flow.proves_again:
            signed_in_at = claims.get("auth_time")
            if (
                not isinstance(signed_in_at, int)
                or not flow.asked_at - LEEWAY_SECONDS <= signed_in_at <= now + LEEWAY_SECONDS
            ):
                raise TokenRefusedError("the token does not say that somebody signed in just now")
        return claims

    def _issuer(self, metadata: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
        issuer = str(metadata["issuer"])
        tenant = claims.get(_TENANT_CLAIM)
        if TENANT not in issuer:
            return issuer
        if not isinstance(tenant, str) or not tenant.replace("-", "").isalnum():
            raise TokenRefusedError("the token does not say whose tenant it is of")
        return issuer.replace(TENANT, tenant)

    async def _key_set(self, metadata: Mapping[str, Any], key_id: object) -> KeySet:
        async with self._asking:
            is_known = self._keys is not None and (
                key_id is None or any(key.get("kid") == key_id for key in self._keys.content["keys"])
            )
            young = KEPT_SECONDS if is_known else KEYS_AGAIN_SECONDS
            if self._keys is None or not self._keys.is_young(young):
                document = await self._json("GET", metadata["jwks_uri"])
                listed = document.get("keys")
                keys = [
                    key
                    for key in (listed if isinstance(listed, list) else [])[:KEYS_MAX]
                    if isinstance(key, dict) and key.get("kty") in _KEY_TYPES and key.get("use", "sig") == "sig"
                ]
                self._keys = _Kept(content={"keys": keys})
            return KeySet.import_key_set({"keys": list(self._keys.content["keys"])})

    async def _json(
        self, method: str, address: str, *, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> dict[str, Any]:
        """An answer of the provider as a JSON object, bounded in size and time; redirects are not followed."""
        try:
            async with asyncio.timeout(SECONDS_MAX):
                status, content = await _fetched(method, address, headers, body)
            document = json.loads(content)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError, RecursionError) as error:
            raise ProviderAwayError(type(error).__name__) from error
        if status in range(400, 500) and method == "POST":
            # A code that is spent, or was made for another verifier: RFC 6749 §5.2.
            raise TokenRefusedError("the provider does not take the code")
        if status != httpx.codes.OK or not isinstance(document, dict):
            raise ProviderAwayError(f"status {status}")
        return document


async def _fetched(method: str, address: str, headers: Mapping[str, str] | None, body: str | None) -> tuple[int, bytes]:
    """Status and body of an answer, which must not be too large."""
    content = bytearray()
    async with (
        httpx.AsyncClient(timeout=SECONDS_MAX) as client,
        client.stream(method, address, headers=headers, content=body) as answer,
    ):
        async for chunk in answer.aiter_bytes():
            content += chunk
            if len(content) > BYTES_MAX:
                raise ProviderAwayError("the answer is too large")
    return answer.status_code, bytes(content)


def _check_metadata(document: dict[str, Any], provider: Provider) -> None:
    """Raise ProviderAwayError for what a provider may not say of itself (OpenID Connect Discovery 1.0 §4.3).

    One that speaks for many tenants signs for anybody's: it opens nothing but what ``tid`` names, for any tenant may
    put any value into every other claim, roles among them.
    """
    issuer = provider.issuer
    said = OpenIDProviderMetadata(document)
    is_other = said.get("issuer") != issuer and TENANT not in str(said.get("issuer"))
    try:
        places = [httpx.URL(said[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        said.validate_response_types_supported()
    except (KeyError, TypeError, ValueError, httpx.InvalidURL) as error:
        raise ProviderAwayError(f"metadata: {error}") from error
    if is_other or not isinstance(said.get("issuer"), str):
        raise ProviderAwayError("metadata of another issuer")
    is_by_tenant = provider.organization_id is None and provider.organization_claim == _TENANT_CLAIM
    if TENANT in said["issuer"] and not is_by_tenant:
        raise ProviderAwayError("metadata speaks for many tenants, and the settings do not name organizations by tid")
    if any(place.scheme != "https" and place.host not in _OWN_HOSTS for place in places):
        raise ProviderAwayError("metadata names an address that is not https")
