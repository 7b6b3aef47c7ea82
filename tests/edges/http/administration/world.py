"""The whole of a small installation in one process: database, committer, gateway, charging listener, administration.

Nothing of it is a stand-in. What a test sees, an operator would see.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
import re
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import msgspec
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr

from commcredits.core.access import SYSTEM
from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.edges.http.administration.app import administration_app
from commcredits.edges.http.charging.serve import ChargingServer, serve_charging
from commcredits.gateways.bank_transfer.gateway import open_bank_transfer
from commcredits.gateways.protocol import CustomerRequest
from commcredits.gateways.simulator import wire
from commcredits.gateways.simulator.__main__ import WEBHOOK_VARIABLE
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.signing import new_webhook_secret, signed_headers
from commcredits.operations.numbers import NumberDirectory
from commcredits.operations.payment_terms import PaymentTerms
from commcredits.operations.services import Services
from commcredits.operations.telling_terms import TellingTerms
from commcredits.storage.committer import Committer
from commcredits.storage.connection import open_pool
from commcredits.storage.identifiers import IdentifierSource
from tests.edges.http.administration.documented import Documentation
from tests.gateways.simulator_process import SimulatorProcess

TOKEN = "an-operator-token-of-a-test"
ALICE_TOKEN = "a-token-of-alice-alone"
SHARD_ID = 0
WAIT_SECONDS_MAX = 30
CARD_THAT_PAYS = "sim_ok"

RATE_COLUMNS = (
    "prefix",
    "destination",
    "service",
    "price_per_minute",
    "connection_fee",
    "first_increment",
    "next_increment",
    "effective_from",
    "effective_to",
)
ROMANIA = ("40", "Romania", "outbound", "0.006", "0", "30", "6", "2026-01-01", "")
GERMANY = ("49", "Germany", "outbound", "0.012", "0.05", "60", "60", "2026-01-01", "")


def funding_terms() -> FundingTerms:
    """The operator's settings, as they are when nothing is set."""
    return FundingTerms(top_up_minimum_micros={})


def rate_deck_csv(*rows: Sequence[str], header: Sequence[str] = RATE_COLUMNS) -> bytes:
    """A rate deck as a file."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue().encode()


@dataclass(slots=True, kw_only=True)
class World:
    """The parts, and the requests that most tests begin with."""

    app: FastAPI
    client: httpx.AsyncClient
    charging: ChargingServer
    services: Services
    committer: Committer
    committing: asyncio.Task[None]
    documentation: Documentation
    simulator: SimulatorProcess
    keys: int = field(default=0)

    def key(self) -> dict[str, str]:
        """A header with a fresh idempotency key."""
        self.keys += 1
        return {"Idempotency-Key": f"test-{self.keys}"}

    async def created(self, path: str, body: Mapping[str, Any]) -> Any:
        """What a POST that must succeed answers."""
        response = await self.client.post(path, json=body, headers=self.key())
        assert response.status_code == 201, response.text
        return response.json()

    async def open_organization(self, name: str = "Exemplu SRL", currency: str = "EUR") -> str:
        """The id of a new organization."""
        body = {"name": name, "country": "RO", "currency": currency, "time_zone": "Europe/Bucharest", "language": "ro"}
        return str((await self.created("/v1/organizations", body))["organization_id"])

    async def add_card(self, organization_id: str, card: str = CARD_THAT_PAYS) -> str:
        """The id of a payment method with this test card."""
        reference = await store_card(self, card)
        body = {"gateway": "simulator", "reference": reference}
        added = await self.created(f"/v1/organizations/{organization_id}/payment-methods", body)
        return str(added["payment_method"])

    async def buy(self, organization_id: str, method: str, amount: str = "50.00") -> httpx.Response:
        """The answer to a purchase under a fresh key."""
        return await self.client.post(
            f"/v1/organizations/{organization_id}/top-ups",
            json={"amount": amount, "payment_method": method},
            headers=self.key(),
        )

    async def publish(self, *rows: Sequence[str], currency: str = "EUR") -> str:
        """The id of a new rate deck with these rates."""
        response = await self.client.post(
            "/v1/rate-decks",
            params={"name": "Sample", "currency": currency},
            content=rate_deck_csv(*(rows or (ROMANIA, GERMANY))),
            headers={"Content-Type": "text/csv", **self.key()},
        )
        assert response.status_code == 201, response.text
        return str(response.json()["rate_deck_id"])

    async def close_organization(self, organization_id: str) -> None:
        """Close it as an operator does in the database, for no operation does yet."""
        await self.services.pool.execute(
            "with moved as (update accounts set version = version + 1 where organization_id = $1) "
            "update organizations set status = 'closed' where organization_id = $1",
            organization_id,
        )

    def message(self) -> tuple[bytes, dict[str, str]]:
        """A message about nothing that we know, and the headers that prove that the gateway sent it."""
        event = wire.Event(
            id="evt_1",
            kind="charge_succeeded",
            object_reference="ch_1",
            idempotency_key=None,
            occurred_at="2026-11-22T12:00:00Z",
        )
        body = msgspec.json.encode(event)
        secret = SecretStr(self.simulator.environment[WEBHOOK_VARIABLE])
        return body, signed_headers(secret, event_id=event.id, body=body.decode(), now=_now())

    async def balance(self, organization_id: str) -> dict[str, str]:
        """The balance as it is answered."""
        response = await self.client.get(f"/v1/organizations/{organization_id}/balance")
        assert response.status_code == 200, response.text
        answered: dict[str, str] = response.json()
        return answered

    async def dump(self, *, versions: bool = True) -> str:
        """Every row of every table as one short text: equal dumps mean that nothing changed.

        The ids of batches are left out, and the memory of commands, for a refusal is remembered like any answer; and
        the audit log, which tells of what was refused as well.
        """
        row = "to_jsonb(t)" if versions else "to_jsonb(t) - 'version' - 'generation'"
        tables = await self.services.pool.fetch(
            "select table_name from information_schema.tables where table_schema = 'public' "
            "and table_name not in ('batches', 'commands', 'audit_heads', 'audit_entries') order by table_name"
        )
        contents = {}
        for (name,) in tables:
            assert re.fullmatch("[a-z_]+", name)
            rows = f"select ({row})::text as text from {name} t"  # noqa: S608 - the name is the catalogue's own
            contents[name] = await self.services.pool.fetchval(
                f"select count(*) || ' ' || md5(coalesce(string_agg(text, ';' order by text), '')) from ({rows}) r"  # noqa: S608 - the name is the catalogue's own
            )
        return json.dumps(contents)


async def _a_public_address(_host: str, _port: int, /) -> tuple[str, ...]:
    """What every name resolves to: nobody outside is asked."""
    return ("93.184.215.14",)


@asynccontextmanager
async def open_world(
    database_url: str, simulator: SimulatorProcess, *, payments: PaymentTerms | None = None
) -> AsyncIterator[World]:
    """The installation, running."""
    pool = await open_pool(database_url, min_size=1, max_size=4, application_name="test")
    gateway = SimulatorGateway(simulator.base_url, webhook_secret=SecretStr(simulator.environment[WEBHOOK_VARIABLE]))
    new_id = IdentifierSource()
    committer = Committer(
        database_url=database_url,
        shard_id=SHARD_ID,
        clock=_now,
        new_id=new_id,
        charging=ChargingTerms(),
        funding=funding_terms(),
    )
    committing = asyncio.create_task(committer.run())
    services = Services(
        actor=SYSTEM,
        shard_id=SHARD_ID,
        pool=pool,
        executor=committer,
        gateways={"simulator": gateway, "bank_transfer": open_bank_transfer({})},
        clock=_now,
        new_id=new_id,
        funding=funding_terms(),
        payments=payments or PaymentTerms(),
        telling=TellingTerms(resolve=_a_public_address),
    )
    charging = await serve_charging(committer, NumberDirectory(), token=TOKEN.encode(), now=_now)
    app = administration_app(
        services,
        operator_token=SecretStr(TOKEN),
        operators={"alice": SecretStr(ALICE_TOKEN)},
        charging_address=("127.0.0.1", charging.port),
    )
    documentation = await Documentation.read(app)
    client = client_of(app, documentation)
    try:
        async with app.router.lifespan_context(app), client:
            yield World(
                app=app,
                client=client,
                charging=charging,
                services=services,
                committer=committer,
                committing=committing,
                documentation=documentation,
                simulator=simulator,
            )
    finally:
        await charging.stop(grace_seconds=2)
        await committer.close()
        await committing
        await gateway.aclose()
        await pool.close()


def client_of(app: FastAPI, documentation: Documentation | None, token: str = TOKEN) -> httpx.AsyncClient:
    """A client that carries the token, and holds every answer against the documentation."""
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://administration",
        headers={"Authorization": f"Bearer {token}"} if token else {},
        event_hooks={"response": [documentation.check]} if documentation else {},
    )


def new_simulator(folder: Path, *arguments: str) -> SimulatorProcess:
    """A simulated gateway that signs its messages, not started yet."""
    secret = new_webhook_secret().get_secret_value()
    return SimulatorProcess(
        state_path=folder / "simulator.sqlite", arguments=arguments, environment={WEBHOOK_VARIABLE: secret}
    )


async def store_card(world: World, card: str) -> str:
    """The reference of a test card, stored at the gateway for a customer of its own."""
    customer = await world.services.gateways["simulator"].create_customer(
        CustomerRequest(idempotency_key=os.urandom(12).hex(), name="Exemplu SRL")
    )
    async with world.simulator.control() as control:
        return (await control.attach_card(getattr(customer, "reference", ""), card)).reference


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def served(app: FastAPI, listening: socket.socket) -> AsyncIterator[str]:
    """The application behind a real server on a socket that is bound already; gives its address."""
    # The world keeps the application's lifespan; the log would repeat what the tests see.
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    async with asyncio.timeout(WAIT_SECONDS_MAX):
        while not server.started:  # noqa: ASYNC110 - the server sets a flag and no event
            await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


def bound_socket() -> socket.socket:
    """A socket on a free port of this machine."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    return listening
