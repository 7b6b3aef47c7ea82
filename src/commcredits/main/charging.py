"""The charging process: the listener that switches talk to, its own committer, the directory of numbers.

Knows which parts it needs and in which order they stop. Refuses to load what it does not run.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
from typing import Final

from commcredits.core.numbers import classify
from commcredits.edges.http.charging.serve import ListenAddress, serve_charging
from commcredits.main.composition import (
    Ready,
    database_url,
    operator_token,
    running_committer,
    utc_now,
)
from commcredits.main.tls import tls_of_charging
from commcredits.operations.charging_keys import ChargingKeys
from commcredits.operations.numbers import NumberDirectory
from commcredits.settings import SHARD_ID, Settings
from commcredits.storage.connection import open_pool

DIRECTORY_POLL_SECONDS: Final = 0.5
"""How long a number that was just added, or a key that was revoked, may stay as it was to a charging process."""


LARGE_NUMBERING_PLANS: Final = ("+12025550123", "+442079460000", "+4930123456", "+33123456789", "+40211234567")
"""The first number of a calling code takes milliseconds to place; these are placed before any call waits for it."""

COLLECTION_THRESHOLDS: Final = (2_000, 2_500, 1_000)
"""When the collector of reference cycles looks, by generation: see ``calm_the_collector``."""


def calm_the_collector() -> None:
    """Let the collector of reference cycles look seldom, and never at what was loaded at the start.

    Charging makes many rows and hardly a cycle; by default the collector walks every cached account again and again,
    which was a third of the processor time of a charge over many organizations (docs/benchmarks.md).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)


async def run_charging(settings: Settings, stop: asyncio.Event, ready: Ready) -> None:
    """Answer charging requests until ``stop``; then answer what was asked, and close."""
    token = operator_token(settings).encode()
    async with contextlib.AsyncExitStack() as stack:
        committer = await stack.enter_async_context(running_committer(settings))
        pool = await stack.enter_async_context(
            await open_pool(database_url(settings), min_size=1, max_size=2, application_name="commcredits-charging")
        )
        directory = NumberDirectory()
        await directory.load(pool, SHARD_ID)
        following = asyncio.create_task(directory.follow(pool, SHARD_ID, DIRECTORY_POLL_SECONDS))
        stack.callback(following.cancel)
        keys = ChargingKeys()
        await keys.load(pool, SHARD_ID)
        following_keys = asyncio.create_task(keys.follow(pool, SHARD_ID, DIRECTORY_POLL_SECONDS))
        stack.callback(following_keys.cancel)
        server = await serve_charging(
            committer,
            directory,
            token=token,
            keys=keys,
            now=utc_now,
            address=ListenAddress(
                host=settings.charging_host,
                port=settings.charging_port,
                ssl_context=tls_of_charging(settings),
                reuse_port=settings.charging_processes > 1,
            ),
        )
        stack.push_async_callback(server.stop)
        for number in LARGE_NUMBERING_PLANS:
            classify(number)
        calm_the_collector()
        ready(server.port)
        await stop.wait()
