"""Sending many commands to the books at once, so that they share commits, and with patience while the books are busy.

Knows which answers are worth another try. Refuses to know what the commands do: each must be safe to repeat.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.operations.services import Services

COMMANDS_AT_ONCE: Final = 500
"""How many commands of one piece of work are on their way at once."""

BUSY_TRIES_MAX: Final = 20
"""How often a command is sent again while the books are busy."""

_BUSY_PAUSE_SECONDS: Final = 0.25


async def send_all(services: Services, commands: Iterable[Command]) -> list[Outcome]:
    """The outcomes in the commands' order; "busy" remains only for what was tried many times."""
    waiting = list(commands)
    outcomes = await asyncio.gather(*(_send(services, command) for command in waiting))
    for place, outcome in enumerate(outcomes):
        if isinstance(outcome, Refused) and outcome.code is RefusalCode.INTERNAL_ERROR:
            # One command that meets a fault of ours takes those with it that were decided at the same time.
            outcomes[place] = await _send(services, waiting[place])
    return outcomes


async def _send(services: Services, command: Command) -> Outcome:
    outcome = await services.executor.execute(command)
    for _try in range(BUSY_TRIES_MAX):
        if not isinstance(outcome, Refused) or outcome.code is not RefusalCode.BUSY:
            break
        await asyncio.sleep(_BUSY_PAUSE_SECONDS)
        outcome = await services.executor.execute(command)
    return outcome
