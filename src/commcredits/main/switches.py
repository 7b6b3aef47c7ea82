"""A process of one edge of switches: Diameter, RADIUS, or the links to one kind of switch.

Knows which parts an edge needs and in which order they stop. Refuses to load an edge that it does not run.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from typing import Final

from commcredits.core.numbers import classify
from commcredits.main.charging import (
    DIRECTORY_POLL_SECONDS,
    LARGE_NUMBERING_PLANS,
    calm_the_collector,
)
from commcredits.main.composition import Ready, SettingsError, open_services_and_committer, utc_now
from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.numbers import NumberDirectory
from commcredits.operations.switch_parts import SwitchParts, SwitchServer
from commcredits.settings import Settings

EDGES: Final = {
    "diameter": "commcredits.edges.diameter.serve",
    "radius": "commcredits.edges.radius.serve",
    "kamailio": "commcredits.edges.switches.kamailio.serve",
    "freeswitch": "commcredits.edges.switches.freeswitch.serve",
    "asterisk": "commcredits.edges.switches.asterisk.serve",
    "cgrates": "commcredits.edges.switches.cgrates.serve",
}
"""Where each edge is; its ``serve(parts, settings)`` starts it."""


async def run_switches(role: str, settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Serve the switches of this edge until ``stop``; then answer what was asked, and close."""
    async with contextlib.AsyncExitStack() as stack:
        services, committer = await stack.enter_async_context(open_services_and_committer(settings, role=role))
        directory = NumberDirectory()
        await directory.load(services.pool, services.shard_id)
        numbers = asyncio.create_task(
            directory.follow(services.pool, services.shard_id, DIRECTORY_POLL_SECONDS), name="numbers"
        )
        stack.callback(numbers.cancel)
        parts = SwitchParts(
            desk=ChargingDesk(
                submitter=committer,
                directory=directory,
                pool=services.pool,
                shard_id=services.shard_id,
                clock=utc_now,
            ),
            following=Following(pool=services.pool, shard_id=services.shard_id, protocol=role, clock=utc_now),
            services=services,
        )
        server = await _serve(role, settings, parts)
        stack.push_async_callback(server.stop)
        for number in LARGE_NUMBERING_PLANS:
            classify(number)
        calm_the_collector()
        ready(server.port)
        await stop.wait()


async def _serve(role: str, settings: Settings, parts: SwitchParts) -> SwitchServer:
    """The edge of that name, serving. SettingsError when nothing is set for it."""
    chosen = getattr(settings, role)
    if chosen is None:
        raise SettingsError(f"COMMCREDITS_{role.upper()} is not set")
    edge = importlib.import_module(EDGES[role])
    server: SwitchServer = await edge.serve(parts, chosen)
    return server
