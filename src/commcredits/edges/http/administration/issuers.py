"""Access tokens that an organization's own provider signed (JWT): whose they are, and what they may do here.

Knows issuers, audiences, public keys and the claims that say which organization and which roles. Refuses tokens that
are signed with a shared secret or not at all, and to ask an issuer for its keys more often than once in a minute.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import httpx
import msgspec
import structlog
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from commcredits.core.access import Actor, ActorKind, Permission, Role, permissions_of

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
KEYS_SECONDS: Final = 3_600.0
"""How long keys are used before they are asked for again."""

ASKED_AGAIN_SECONDS: Final = 60.0
ANSWER_BYTES_MAX: Final = 256 * 1_024
FETCH_SECONDS_MAX: Final = 5.0
LEEWAY_SECONDS: Final = 30
_DISCOVERY: Final = "/.well-known/openid-configuration"
_NAME_CHARACTERS_MAX: Final = 100
_LOOPBACK: Final = ("http://127.0.0.1:", "http://localhost:", "http://[::1]:")
_log: Final = structlog.get_logger("token_issuers")


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenIssuer:
    """Whose tokens are taken, whom they speak for, and what each word in them gives."""

    issuer: str
    audience: str
    organization_id: str | None
    organization_claim: str
    organizations: Mapping[str, str]
    role_claim: str
    roles: Mapping[str, Role]
    scope_claim: str
    scopes: Mapping[str, Sequence[Permission]]


@dataclass(slots=True, kw_only=True)
class _Keys:
    """The keys of one issuer as they were told, and when; ``turn`` lets one request ask while others wait."""

    keys: KeySet | None = None
    asked_at: float = float("-inf")
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class ForeignTokens:
    """The tokens of all issuers; one per process. ``now`` is the wall clock, which tokens end by."""

    def __init__(self, issuers: Sequence[TokenIssuer], *, now: Callable[[], datetime]) -> None:
        self._issuers = {each.issuer: each for each in issuers}
        self._keys = {each.issuer: _Keys() for each in issuers}
        self._now = now

    async def __call__(self, token: str) -> Actor | None:
        """Whoever this token speaks for; None where it is not signed by an issuer of ours, for us, or has ended."""
        try:
            header, claims = _unproven(token)
        except ValueError:
            return None
        issuer = self._issuers.get(str(claims.get("iss", "")))
        if issuer is None or header.get("alg") not in ALGORITHMS:
            return None
        keys = await self._keys_of(issuer.issuer, str(header.get("kid", "")))
        if keys is None:
            return None
        try:
            proven = jwt.decode(token, keys, algorithms=list(ALGORITHMS))
            self._registry(issuer).validate(proven.claims)
        except (JoseError, ValueError, TypeError):
            return None
        return _actor(issuer, proven.claims)

    def _registry(self, issuer: TokenIssuer) -> jwt.JWTClaimsRegistry:
        return jwt.JWTClaimsRegistry(
            now=int(self._now().timestamp()),
            leeway=LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": issuer.audience},
            exp={"essential": True},
        )

    async def _keys_of(self, issuer: str, key_id: str) -> KeySet | None:
        """The issuer's keys, asked for again when they are old or lack one, though never twice in a minute."""
        known = self._keys[issuer]
        async with known.turn:
            seconds = asyncio.get_running_loop().time()
            age = seconds - known.asked_at
            lacks = known.keys is None or not any(each.kid == key_id for each in known.keys.keys)
            if age >= KEYS_SECONDS or (lacks and age >= ASKED_AGAIN_SECONDS):
                known.asked_at = seconds
                try:
                    known.keys = await _fetched(issuer)
                except (httpx.HTTPError, JoseError, ValueError, KeyError, TypeError) as error:
                    _log.warning("keys of a token issuer cannot be had", issuer=issuer, reason=type(error).__name__)
            return known.keys


async def _fetched(issuer: str) -> KeySet:
    """The public keys that the issuer's own description points to. Raises what goes wrong."""
    async with httpx.AsyncClient(timeout=FETCH_SECONDS_MAX, follow_redirects=False, trust_env=False) as client:
        described = await _document(client, issuer.rstrip("/") + _DISCOVERY)
        if described["issuer"] != issuer:
            raise ValueError("the description is of another issuer")
        address = str(described["jwks_uri"])
        if not address.startswith(("https://", *_LOOPBACK)):
            raise ValueError("the keys are not at an https address")
        return KeySet.import_key_set(await _document(client, address))  # type: ignore[arg-type] # checked by joserfc itself


async def _document(client: httpx.AsyncClient, address: str) -> dict[str, Any]:
    async with asyncio.timeout(FETCH_SECONDS_MAX), client.stream("GET", address) as response:
        response.raise_for_status()
        content = bytearray()
        async for piece in response.aiter_bytes():
            content += piece
            if len(content) > ANSWER_BYTES_MAX:
                raise ValueError("the answer is too long")
    return msgspec.json.decode(bytes(content), type=dict[str, Any])


def _unproven(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims before anything is proven of them. Raises ValueError."""
    header, claims, _signature = token.split(".")
    return _part(header), _part(claims)


def _part(text: str) -> Mapping[str, Any]:
    raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    decoded: Mapping[str, Any] = msgspec.json.decode(raw, type=dict[str, Any])
    return decoded


def _actor(issuer: TokenIssuer, claims: Mapping[str, Any]) -> Actor | None:
    organization_id = issuer.organization_id
    if organization_id is None:
        organization_id = issuer.organizations.get(str(claims.get(issuer.organization_claim, "")))
    roles = tuple(issuer.roles[each] for each in _words(claims.get(issuer.role_claim)) if each in issuer.roles)
    scopes = _words(claims.get(issuer.scope_claim)) or _words(claims.get("scope"))
    permissions = permissions_of(roles) | {each for word in scopes for each in issuer.scopes.get(word, ())}
    if organization_id is None or not permissions:
        return None
    client = next((str(claims[each]) for each in ("client_id", "azp", "appid", "sub") if claims.get(each)), "")
    name = "".join(sign for sign in client if sign.isprintable())[:_NAME_CHARACTERS_MAX]
    return Actor(
        kind=ActorKind.KEY,
        actor_id=f"client:{name}",
        name=name,
        permissions=frozenset(each for each in permissions if not each.is_operators),
        organization_id=organization_id,
        roles=roles,
    )


def _words(claim: object) -> list[str]:
    """A claim that is a list of words, or one text with blanks between them."""
    if isinstance(claim, str):
        return claim.split()
    return [each for each in claim if isinstance(each, str)] if isinstance(claim, list) else []
