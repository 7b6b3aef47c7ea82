"""The whole edge over a real database and a clock that stands, and clients that speak to it.

Knows how the parts are put together. Refuses to know what is tested.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Expire
from commcredits.edges.diameter.serve import CreditControlServer, serve
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.numbers import NumberDirectory, PhoneNumber, add_number
from commcredits.operations.switch_parts import SwitchParts
from commcredits.settings.diameter import DiameterPeer, DiameterSettings
from commcredits.storage.committer import Committer
from tests.edges.diameter.credit_client import CALLER, CreditClient
from tests.operations.office import SHARD, Office, open_office

CLIENT: Final = "gateway.example"
OTHER_CLIENT: Final = "other.example"
RELAY: Final = "relay.example"
SLICE_SECONDS: Final = 60
SECOND_MICROS: Final = 10_000
"""What a second costs by the deck of the office."""

_LOOPBACK: Final = ("127.0.0.0/8",)


@dataclass(kw_only=True)
class Stand:
    """The edge, the office behind it, and one organization with a number and funds."""

    office: Office
    organization_id: str
    directory: NumberDirectory
    server: CreditControlServer
    settings: DiameterSettings
    clients: list[CreditClient] = field(default_factory=list)

    async def connect(self, host: str = CLIENT) -> CreditClient:
        """A client that is closed at the end."""
        client = await CreditClient.connect(self.server.port, host)
        self.clients.append(client)
        return client

    async def restart(self) -> CreditClient:
        """Another edge, which remembers nothing, and a client of it."""
        await self.close()
        self.server = await serve(_parts(self.office, self.directory), self.settings)
        return await self.connect()

    async def close(self) -> None:
        """Close the clients, then the edge."""
        for client in self.clients:
            await client.close()
        self.clients.clear()
        await self.server.stop()

    async def settle(self) -> None:
        """Wait until everything that was handed to the committer so far is done."""
        await self.office.execute(Expire(organization_id=self.organization_id, session_id="none", grant_number=1))

    async def calls(self) -> list[Mapping[str, Any]]:
        """The organization's calls, as they are in the database."""
        await self.settle()
        rows = await self.office.services.pool.fetch(
            "select * from call_sessions where organization_id = $1 order by authorised_at, session_id",
            self.organization_id,
        )
        return [dict(row) for row in rows]

    async def call(self) -> Mapping[str, Any]:
        """Its only call."""
        (call,) = await self.calls()
        return call

    async def flags(self) -> list[str]:
        """What was noticed about its calls."""
        await self.settle()
        rows = await self.office.services.pool.fetch("select kind from call_flags order by kind")
        return [row["kind"] for row in rows]


@asynccontextmanager
async def open_stand(
    database_url: str, *, funds_micros: int = 50_000_000, threshold_seconds: int = 10
) -> AsyncIterator[Stand]:
    """The edge on a free port, until the block ends."""
    async with open_office(database_url, charging=ChargingTerms(slice_seconds=SLICE_SECONDS)) as office:
        organization_id = await office.calling_organization(funds_micros=funds_micros)
        added = await add_number(
            office.services, organization_id=organization_id, number=CALLER, kind="user", display_name=""
        )
        assert isinstance(added, PhoneNumber), added
        directory = NumberDirectory()
        await directory.load(office.services.pool, office.services.shard_id)
        settings = DiameterSettings(
            port=0,
            origin_host="charging.example",
            origin_realm="example",
            quota_threshold_seconds=threshold_seconds,
            peers={
                CLIENT: DiameterPeer(networks=_LOOPBACK),
                OTHER_CLIENT: DiameterPeer(networks=_LOOPBACK),
                RELAY: DiameterPeer(networks=_LOOPBACK, relay=True),
            },
        )
        server = await serve(_parts(office, directory), settings)
        stand = Stand(
            office=office,
            organization_id=organization_id,
            directory=directory,
            server=server,
            settings=settings,
        )
        try:
            yield stand
        finally:
            await stand.close()


@asynccontextmanager
async def open_second(stand: Stand) -> AsyncIterator[CreditClient]:
    """A client of another process of the edge, beside the first."""
    server = await serve(_parts(stand.office, stand.directory), stand.settings)
    client = await CreditClient.connect(server.port, CLIENT)
    try:
        yield client
    finally:
        await client.close()
        await server.stop()


def _parts(office: Office, directory: NumberDirectory) -> SwitchParts:
    services = office.services
    committer = services.executor
    assert isinstance(committer, Committer)
    return SwitchParts(
        desk=ChargingDesk(
            submitter=committer, directory=directory, pool=services.pool, shard_id=SHARD, clock=office.clock
        ),
        following=Following(pool=services.pool, shard_id=SHARD, protocol="diameter", clock=office.clock),
        services=services,
    )
