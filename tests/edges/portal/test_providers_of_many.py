"""A provider that speaks for many tenants opens what its tenants' ids name, and nothing that a claim may say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from commcredits.core.access import Role
from commcredits.edges.portal.access.oidc import TENANT, Flow, ProviderAwayError, ProviderClient
from commcredits.operations.sign_in_providers import Provider
from commcredits.storage.identifiers import OPERATOR_ID

FLOW = Flow(redirect_uri="http://localhost/back", state="s", nonce="n", verifier="v" * 43, asked_at=0)


@asynccontextmanager
async def described(path: str) -> AsyncIterator[str]:
    """A provider that does nothing but describe itself, for the tenants that the path names."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        said = {name: f"{origin}/{name}" for name in names}
        body = json.dumps({"issuer": f"{origin}/{path}", "response_types_supported": ["code"], **said}).encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    origin = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield origin


def provider(issuer: str, **terms: Any) -> Provider:
    given: dict[str, Any] = {
        "name": "entra",
        "title": "Exemplu Conturi",
        "issuer": issuer,
        "client_id": "commcredits",
        "client_secret": None,
        "organization_id": None,
        "organization_claim": "tid",
        "organizations": {},
        "role_claim": "roles",
        "roles": {"Credits.Owner": Role.OPERATOR_OWNER},
        "scopes": ("openid",),
    }
    return Provider(**{**given, **terms})


def client(issuer: str, **terms: Any) -> ProviderClient:
    return ProviderClient(provider(issuer, **terms), lambda: datetime.now(UTC))


@pytest.mark.parametrize("terms", [{"organization_id": OPERATOR_ID}, {"organization_claim": "company"}])
async def test_for_one_organization_or_by_another_claim_it_leads_nobody_in(terms: dict[str, Any]) -> None:
    async with described(f"{TENANT}/v2.0") as origin:
        with pytest.raises(ProviderAwayError, match="many tenants"):
            await client(f"{origin}/organizations/v2.0", **terms).address(FLOW)


async def test_by_the_ids_of_tenants_it_does_and_so_does_the_provider_of_one_tenant() -> None:
    async with described(f"{TENANT}/v2.0") as origin:
        address = await client(f"{origin}/organizations/v2.0").address(FLOW)
    assert address.startswith(f"{origin}/authorization_endpoint?")
    async with described("one/v2.0") as origin:
        address = await client(f"{origin}/one/v2.0", organization_id=OPERATOR_ID).address(FLOW)
    assert address.startswith(f"{origin}/authorization_endpoint?")
