"""Access tokens that an organization's own provider signed: which are believed, and what they may do."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from commcredits.core.access import ActorKind, Permission, Role
from commcredits.edges.http.administration.issuers import ForeignTokens, TokenIssuer

OURS = "018f3c5e-8a70-7000-8000-000000000001"
AUDIENCE = "api://credits"


@dataclass(kw_only=True)
class Provider:
    """A provider on this machine: its address, its keys, and how often it was asked."""

    issuer: str = ""
    keys: list[RSAKey] = field(default_factory=list)
    asked: int = 0

    def token(self, key: Any = None, *, alg: str = "RS256", **changed: Any) -> str:
        now = int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "exp": now + 300,
            "iat": now,
            "tid": "tenant-1",
            "roles": ["Credits.Reports"],
            "azp": "dashboard",
            **changed,
        }
        key = key or self.keys[0]
        return jwt.encode(
            {"alg": alg, "kid": key.kid}, {k: v for k, v in claims.items() if v is not None}, key, algorithms=[alg]
        )

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked += 1
        described = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/jwks"}
        keys = {"keys": [each.as_dict(private=False) for each in self.keys]}
        body = json.dumps(keys if "/jwks" in head.split("\r\n", 1)[0] else described).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def running() -> AsyncIterator[tuple[Provider, ForeignTokens]]:
    provider = Provider(keys=[_key("a")])
    server = await asyncio.start_server(provider.answer, "127.0.0.1", 0)
    provider.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    issuer = TokenIssuer(
        issuer=provider.issuer,
        audience=AUDIENCE,
        organization_id=None,
        organization_claim="tid",
        organizations={"tenant-1": OURS},
        role_claim="roles",
        roles={"Credits.Reports": Role.REPORTING_APP},
        scope_claim="scp",
        scopes={"users.manage": (Permission.USERS_READ, Permission.USERS_WRITE)},
    )
    async with server:
        yield provider, ForeignTokens([issuer], now=lambda: datetime.now(UTC))


def _key(name: str) -> RSAKey:
    return RSAKey.generate_key(2048, parameters={"kid": name})


async def test_a_token_of_the_provider_says_which_organization_and_what_it_may_do() -> None:
    async with running() as (provider, tokens):
        actor = await tokens(provider.token())
        assert actor is not None
        assert (actor.kind, actor.organization_id, actor.name) == (ActorKind.KEY, OURS, "dashboard")
        assert actor.permissions == frozenset({Permission.CALL_RECORDS_READ})
        scoped = await tokens(provider.token(roles=None, scp="users.manage other"))
        assert scoped is not None
        assert scoped.permissions == frozenset({Permission.USERS_READ, Permission.USERS_WRITE})
        assert provider.asked == 2


@pytest.mark.parametrize(
    "changed",
    [
        {"aud": "api://another"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"nbf": 4_000_000_000},
        {"iss": "https://login.example.com"},
        {"tid": "tenant-2"},
        {"tid": None},
        {"roles": ["operator_owner", "Unknown"]},
        {"roles": None},
    ],
)
async def test_a_token_that_says_anything_else_is_nobodys(changed: dict[str, Any]) -> None:
    async with running() as (provider, tokens):
        assert await tokens(provider.token(**changed)) is None


async def test_a_token_that_the_provider_did_not_sign_is_nobodys() -> None:
    async with running() as (provider, tokens):
        right = provider.token()
        header, claims, signature = right.split(".")
        stranger = _key("a")
        secret = OctKey.import_key(json.dumps(provider.keys[0].as_dict(private=False)), {"kid": "a"})
        none = "eyJhbGciOiJub25lIn0"
        for wrong in (
            provider.token(stranger),
            provider.token(secret, alg="HS256"),
            f"{none}.{claims}.",
            f"{header}.{claims}.{signature[::-1]}",
            f"{header}.{claims}.",
            f"{header}.e30.{signature}",
            "a.b.c",
            "..",
            "é.é.é",
        ):
            assert await tokens(wrong) is None, wrong
        assert await tokens(right) is not None


async def test_new_keys_are_asked_for_once_and_unknown_ones_do_not_make_us_ask_on_and_on() -> None:
    async with running() as (provider, tokens):
        assert await tokens(provider.token()) is not None
        stranger = _key("b")
        for _ in range(20):
            assert await tokens(provider.token(stranger)) is None
        assert provider.asked == 2
