"""TLS from the first octet (RFC 6733 §13.1): whom we are to clients, and whom we take a client for."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from commcredits.edges.diameter.dictionary import CAPABILITIES_EXCHANGE, ResultCode
from commcredits.edges.diameter.messages import result_of
from tests.edges.diameter.base.harness import (
    BRISK,
    CLIENT,
    OTHER_CLIENT,
    US,
    agreed,
    capabilities,
    connected,
    serving,
    settings_for,
    until,
)


def _openssl(folder: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)


def _signed(folder: Path, name: str, host: str, authority: str) -> None:
    _openssl(folder, *f"req -newkey rsa:2048 -nodes -keyout {name}.key -out {name}.csr -subj /CN={host}".split())
    (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
    _openssl(
        folder,
        *f"x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days 2".split(),
        *f"-extfile {name}.ext -out {name}.pem".split(),
    )


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two authorities, our certificate, and those of three clients."""
    folder = tmp_path_factory.mktemp("certificates")
    for authority in ("authority", "stranger"):
        _openssl(
            folder,
            *f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={authority}".split(),
            *f"-keyout {authority}.key -out {authority}.pem".split(),
        )
    _signed(folder, "server", US.host, "authority")
    _signed(folder, "client", CLIENT.upper(), "authority")
    _signed(folder, "other", OTHER_CLIENT, "authority")
    _signed(folder, "forged", CLIENT, "stranger")
    return folder


def _client_side(folder: Path, name: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    if name is not None:
        context.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return context


def _files(folder: Path, *, authority: bool) -> dict[str, Any]:
    return {
        "tls_certificate": folder / "server.pem",
        "tls_key": folder / "server.key",
        "tls_client_authority": folder / "authority.pem" if authority else None,
    }


async def test_a_peer_speaks_over_tls_and_knows_us_by_our_certificate(certificates: Path) -> None:
    async with (
        serving(**_files(certificates, authority=False)) as (server, _),
        connected(server, tls=_client_side(certificates, None)) as client,
    ):
        assert result_of(await client.agree()) == ResultCode.SUCCESS
        asked = [client.charge() for _ in range(200)]
        assert [(await client.receive()).hop_by_hop for _ in asked] == asked


async def test_a_client_certificate_opens_the_way_for_whom_it_names(certificates: Path) -> None:
    async with (
        serving(**_files(certificates, authority=True)) as (server, _),
        connected(server, tls=_client_side(certificates, "client")) as client,
    ):
        assert result_of(await client.agree()) == ResultCode.SUCCESS
        assert await client.is_alive()


async def test_a_client_certificate_opens_the_way_for_nobody_else(certificates: Path) -> None:
    with capture_logs() as lines:
        async with (
            serving(**_files(certificates, authority=True)) as (server, _),
            connected(server, tls=_client_side(certificates, "other")) as client,
        ):
            client.request(CAPABILITIES_EXCHANGE, capabilities(client))
            assert await client.is_closed()
    assert [line["reason"] for line in lines] == ["the certificate names another host"]


@pytest.mark.parametrize("shown", [None, "forged"])
async def test_without_a_certificate_of_the_authority_nothing_is_read(certificates: Path, shown: str | None) -> None:
    with capture_logs() as lines:
        async with serving(**_files(certificates, authority=True)) as (server, application):
            # With TLS 1.3 a client learns of its refusal when it reads.
            with pytest.raises((OSError, EOFError)):
                async with connected(server, tls=_client_side(certificates, shown)) as client:
                    await client.agree()
            await until(lambda: bool(lines))
            assert application.peers == []
            async with connected(server, tls=_client_side(certificates, "client")) as client:
                assert result_of(await client.agree()) == ResultCode.SUCCESS
    assert lines[0]["reason"].startswith("no TLS: ")


async def test_plain_diameter_is_not_taken_where_tls_is_spoken(certificates: Path) -> None:
    with capture_logs() as lines:
        async with serving(**_files(certificates, authority=False)) as (server, _), connected(server) as client:
            client.request(CAPABILITIES_EXCHANGE, capabilities(client))
            while await client.reader.read(100):
                pass  # an alert of TLS may come before the end
            await until(lambda: bool(lines))
            assert server.connection_count == 0
    assert lines[0]["reason"].startswith("no TLS: ")


async def test_whoever_does_not_finish_the_handshake_is_given_up(certificates: Path) -> None:
    limits = replace(BRISK, capabilities_seconds=0.3)
    with capture_logs() as lines:
        async with (
            serving(limits=limits, **_files(certificates, authority=False)) as (server, _),
            connected(server) as silent,
        ):
            assert await silent.is_closed()
    assert lines[0]["reason"].startswith("no TLS: ")


async def test_stopping_does_not_wait_for_a_handshake(certificates: Path) -> None:
    async with serving(**_files(certificates, authority=False)) as (server, _), connected(server) as silent:
        await asyncio.sleep(0.05)
        await server.stop(0.1)
        assert await silent.is_closed()


async def test_the_networks_bind_over_tls_too(certificates: Path) -> None:
    async with (
        serving(**_files(certificates, authority=False)) as (server, _),
        connected(server, "stranger.example", tls=_client_side(certificates, None)) as client,
    ):
        client.request(CAPABILITIES_EXCHANGE, capabilities(client))
        assert await client.is_closed()


async def test_files_that_cannot_be_used_are_named(certificates: Path) -> None:
    for changes in (
        {"tls_key": certificates / "authority.key"},
        {"tls_certificate": certificates / "absent.pem"},
        {"tls_client_authority": certificates / "server.key"},
    ):
        with pytest.raises(OSError, match=next(iter(changes))):
            async with serving(**{**_files(certificates, authority=True), **changes}):
                pass


def test_half_of_a_pair_is_refused(certificates: Path) -> None:
    for changes in (
        {"tls_certificate": certificates / "server.pem"},
        {"tls_key": certificates / "server.key"},
        {"tls_client_authority": certificates / "authority.pem"},
    ):
        with pytest.raises(ValidationError, match="tls_certificate"):
            settings_for(**changes)


async def test_an_address_in_use_is_told() -> None:
    async with serving() as (server, _), agreed(server):
        with pytest.raises(OSError, match="in use"):
            async with serving(port=server.port):
                pass
