"""The worker process: the rounds of upkeep.

Knows that it needs the services and nothing else. Refuses to know the rounds.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from commcredits.edges.worker.rounds import Round, rounds_of, run_rounds
from commcredits.main.composition import Ready, open_services
from commcredits.main.telling import telling_rounds
from commcredits.operations.forgetting import forget_gateway_messages
from commcredits.operations.jobs import Diary
from commcredits.operations.services import Services
from commcredits.operations.verification_runs import ask_nightly
from commcredits.settings import Settings

_LOOKED_FOR_NIGHT_SECONDS: Final = 60.0
_DAY_SECONDS: Final = 86_400.0


async def run_worker(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Do the rounds of upkeep until ``stop``."""
    async with open_services(settings, role="worker") as services, telling_rounds(settings, services) as telling:
        ready(0)
        more = (*telling, *_console_rounds(settings, services))
        await run_rounds(rounds_of(services, *more), stop, Diary(services))


def _console_rounds(settings: Settings, services: Services) -> tuple[Round, ...]:
    """What the operator has set for the console: a verification each night, and how long messages are kept."""
    days = settings.console.gateway_messages_kept_days
    forget = Round(
        name="forget_gateway_messages",
        interval_seconds=_DAY_SECONDS,
        run=partial(forget_gateway_messages, services, kept_days=days),
    )
    hour = settings.console.verify_at_hour
    if hour is None:
        return (forget,)
    ask = partial(ask_nightly, services, hour=hour)
    return (forget, Round(name="ask_nightly_verification", interval_seconds=_LOOKED_FOR_NIGHT_SECONDS, run=ask))
