"""The SIP story told over the whole system: started, its organizations opened, its books read, everything stopped.

Knows how the parts are put together. Refuses to know what should come of the calls.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr

from commcredits.main.addresses import LOOPBACK
from commcredits.main.running import Running
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from tests.stories.books import Ledger, read_ledger
from tests.stories.sip.accounts import open_accounts
from tests.stories.sip.plan import StoryNumbers
from tests.stories.sip.story import SipStory, run_sip_story

TOKEN: Final = "loopback-token-of-the-story"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargedStory:
    """What telephones and switch saw, and what the books say."""

    story: SipStory
    ledger: Ledger


def tell_charged_story(
    numbers: StoryNumbers,
    data_directory: Path,
    *,
    calls: int = 50,
    directory: Path | None = None,
    complaints: int | None = None,
) -> ChargedStory:
    """Place the calls, charged by a system of their own, which keeps its data in ``data_directory``; half a minute.

    ``directory`` is as in ``run_sip_story``, ``complaints`` as in ``running_system``. Raises as these and
    ``open_accounts`` do.
    """
    with asyncio.Runner() as runner, story_system(runner, data_directory, complaints) as running:
        opened = runner.run(open_accounts(running, TOKEN, numbers))
        # Told outside of the event loop, so that Ctrl-C stops the telephones at once.
        story = run_sip_story(running.charging_url, TOKEN, numbers, calls=calls, directory=directory)
        return ChargedStory(story=story, ledger=runner.run(read_ledger(running, TOKEN, opened)))


@contextmanager
def story_system(runner: asyncio.Runner, data_directory: Path, complaints: int | None) -> Iterator[Running]:
    """A whole system on loopback, for as long as the block lasts; arguments and errors as in ``running_system``."""
    # Whatever this machine's operator has set, the story touches nothing of theirs.
    settings = Settings(
        database_url=None,
        data_directory=data_directory,
        operator_token=SecretStr(TOKEN),
        web_host=LOOPBACK,
        web_port=0,
        charging_host=LOOPBACK,
        charging_port=0,
        charging_tls_certificate=None,
        charging_tls_key=None,
        gateways={},
        simulator_port=0,
    )
    stack = AsyncExitStack()
    try:
        yield runner.run(stack.enter_async_context(running_system(settings, complaints=complaints)))
    finally:
        runner.run(stack.aclose())
