"""The RADIUS edge over a real database, an organization that can call, and an access server that asks.

Knows how they are put together. Refuses to know what is tested.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from commcredits.core.account import ChargingTerms
from commcredits.edges.radius.serve import RadiusServer, serve
from commcredits.operations.call_cuts import CutOrder, cut_call
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.numbers import NumberDirectory, PhoneNumber, add_number
from commcredits.operations.switch_parts import SwitchParts
from commcredits.operations.upkeep import reap_silent_sessions
from commcredits.settings.radius import RadiusClient, RadiusSettings
from commcredits.storage.committer import Committer
from tests.edges.radius.access_server import HOST, SECRET, AccessServer
from tests.operations.office import CALLER, WAIT_SECONDS_MAX, Office, open_office

NAME = "gateway"
SWITCH = f"radius:{NAME}"
FUNDS_MICROS = 50_000_000
SLICE_SECONDS = 60

_CALL = """
    select session_id, state, cause, used_seconds, granted_seconds, charged_micros, switch, service
    from call_sessions where organization_id = $1 order by authorised_at, session_id
"""


@dataclass(kw_only=True)
class World:
    """What a test works with."""

    office: Office
    organization_id: str
    parts: SwitchParts
    server: RadiusServer
    access: AccessServer

    async def calls(self) -> list[dict[str, Any]]:
        """The calls in the books, oldest first."""
        return [dict(row) for row in await self.office.services.pool.fetch(_CALL, self.organization_id)]

    async def call(self) -> dict[str, Any]:
        """The one call in the books."""
        (only,) = await self.calls()
        return only

    async def money(self) -> tuple[int, int]:
        """What is posted and held, in millionths."""
        row = await self.office.services.pool.fetchrow(
            "select posted_micros, held_micros from accounts where organization_id = $1", self.organization_id
        )
        assert row is not None
        return row["posted_micros"], row["held_micros"]

    async def flags(self) -> list[str]:
        """What was flagged."""
        rows = await self.office.services.pool.fetch(
            "select kind from call_flags where organization_id = $1 order by kind", self.organization_id
        )
        return [row["kind"] for row in rows]

    async def call_named(self, own_id: str) -> dict[str, Any]:
        """The call that its access server calls so."""
        (found,) = [call for call in await self.calls() if f"~{own_id}~" in call["session_id"]]
        return found

    async def reap(self) -> None:
        """Close the calls whose switch went silent."""
        await reap_silent_sessions(self.office.services)

    async def order_cut(self) -> None:
        """Somebody wants the one call cut."""
        call = await self.call()
        ordered = await cut_call(
            self.office.services,
            organization_id=self.organization_id,
            session_id=call["session_id"],
            reason="operator",
            ordered_by="somebody",
        )
        assert isinstance(ordered, CutOrder), ordered

    async def is_told(self) -> bool:
        """Whether the order to cut was taken."""
        told: bool = await self.office.services.pool.fetchval("select told_at is not null from call_cuts")
        return told

    async def until_told(self) -> None:
        """Wait until it was."""
        async with asyncio.timeout(WAIT_SECONDS_MAX):
            while not await self.is_told():  # noqa: ASYNC110 # another process's table has no event
                await asyncio.sleep(0.05)

    async def restart(self, settings: RadiusSettings) -> None:
        """Stop the edge, and start it with nothing in its memory."""
        await self.server.stop()
        self.server = await serve(self.parts, settings)
        self.access.ports = (self.server.port, self.server.accounting_port)


def settings_for(access: AccessServer | None, *, address: str = HOST, **changed: Any) -> RadiusSettings:
    """Settings that know this access server; names of a client's settings go to it, others to all."""
    of_client = {name: changed.pop(name) for name in tuple(changed) if name in RadiusClient.model_fields}
    content = {
        "name": NAME,
        "secret": SecretStr(SECRET),
        "disconnect_port": access.ear.port if access else 0,
        **of_client,
    }
    return RadiusSettings(
        authentication_port=0,
        accounting_port=0,
        clients={address: RadiusClient(**content)},
        **{"slice_seconds": SLICE_SECONDS, **changed},
    )


@asynccontextmanager
async def open_world(
    database_url: str, *, funds_micros: int = FUNDS_MICROS, charging: ChargingTerms | None = None, **changed: Any
) -> AsyncIterator[World]:
    """An organization with CALLER and these funds, priced at 0.01 a second to CALLEE; the edge with these settings."""
    async with open_office(database_url, charging=charging or ChargingTerms(slice_seconds=SLICE_SECONDS)) as office:
        organization_id = await office.calling_organization(funds_micros=funds_micros)
        added = await add_number(
            office.services, organization_id=organization_id, number=CALLER, kind="user", display_name=""
        )
        assert isinstance(added, PhoneNumber), added
        parts = await parts_of(office)
        access = AccessServer((0, 0), host=changed.get("host", HOST))
        await access.open()
        world = World(
            office=office,
            organization_id=organization_id,
            parts=parts,
            server=await serve(parts, settings_for(access, **changed)),
            access=access,
        )
        access.ports = (world.server.port, world.server.accounting_port)
        try:
            yield world
        finally:
            await world.server.stop()
            await access.close()


async def parts_of(office: Office) -> SwitchParts:
    """The parts of the edge, with a desk and looks of its own."""
    services = office.services
    directory = NumberDirectory()
    await directory.load(services.pool, services.shard_id)
    committer = services.executor
    assert isinstance(committer, Committer)
    return SwitchParts(
        desk=ChargingDesk(
            submitter=committer,
            directory=directory,
            pool=services.pool,
            shard_id=services.shard_id,
            clock=office.clock,
        ),
        following=Following(pool=services.pool, shard_id=services.shard_id, protocol="radius", clock=office.clock),
        services=services,
    )
