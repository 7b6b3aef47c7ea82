"""The worker process: the rounds of upkeep.

Knows that it needs the services and nothing else. Refuses to know the rounds.
"""

from __future__ import annotations

import asyncio

from commcredits.edges.worker.rounds import rounds_of, run_rounds
from commcredits.main.composition import Ready, open_services
from commcredits.main.telling import telling_rounds
from commcredits.settings import Settings


async def run_worker(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Do the rounds of upkeep until ``stop``."""
    async with open_services(settings, role="worker") as services, telling_rounds(settings, services) as telling:
        ready(0)
        await run_rounds(rounds_of(services, *telling), stop)
