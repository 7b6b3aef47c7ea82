"""The demonstration from beginning to end: organizations, traffic, something to look at, proof that the books agree.

Knows the order. Refuses to start or stop a process: it is told where the running system is.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
from rich.console import Console

from commcredits.edges.demo.administration import AdministrationClient, AdministrationError
from commcredits.edges.demo.call_plans import planned_calls
from commcredits.edges.demo.display import display_for
from commcredits.edges.demo.opening import OpenedOrganization, find_opened, open_all
from commcredits.edges.demo.sample_rates import sample_deck_name, write_sample_deck
from commcredits.edges.demo.samples import SampleOrganization
from commcredits.edges.demo.traffic import TrafficSettings, TrafficStatistics, run_traffic
from commcredits.edges.demo.watching import Watcher, short
from commcredits.edges.demo.world import (
    SEED,
    SLICE_SECONDS,
    START_HOUR,
    TIME_COMPRESSION,
    sample_organizations,
)

LOOK_SECONDS: Final = 1.0
"""How often the display is renewed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the demonstration is given. ``seconds`` None: until it is stopped."""

    web_url: str
    charging_url: str
    simulator_url: str
    token: str
    deck_directory: Path
    seconds: int | None


@contextlib.asynccontextmanager
async def prepared_stage(stage: Stage, say: Callable[[str], None]) -> AsyncIterator[Performance]:
    """Open the sample organizations, or find those of the last time. Raises AdministrationError."""
    samples = sample_organizations()
    async with httpx.AsyncClient(base_url=stage.web_url, trust_env=False) as http:
        administration = AdministrationClient(http=http, token=stage.token)
        organizations = await find_opened(administration, samples)
        if organizations:
            say("The organizations of the last demonstration are there; nothing is added to them")
        else:
            organizations = await _open(stage, administration, samples, say)
        yield Performance(stage, administration, organizations)


async def _open(
    stage: Stage,
    administration: AdministrationClient,
    samples: tuple[SampleOrganization, ...],
    say: Callable[[str], None],
) -> tuple[OpenedOrganization, ...]:
    rate_deck_ids: dict[str, str] = {}
    for currency in _currencies():
        csv = await asyncio.to_thread(deck_file(stage.deck_directory, currency).read_bytes)
        deck = await administration.publish_rate_deck(
            csv, name=sample_deck_name(currency), currency=currency, key=f"deck-{currency}"
        )
        rate_deck_ids[currency] = str(deck["rate_deck_id"])
        say(f"Published a rate deck of {deck['rate_count']} rates in {currency}: prefixes real, prices illustrative")
    return await open_all(
        administration, samples, rate_deck_ids=rate_deck_ids, simulator_url=stage.simulator_url, say=say
    )


def deck_file(directory: Path, currency: str) -> Path:
    """Where the sample deck in a currency is kept."""
    return directory / f"sample-rates-{currency}.csv"


def decks_written(directory: Path) -> bool:
    """Whether an earlier demonstration wrote all of them."""
    return all(deck_file(directory, currency).exists() for currency in _currencies())


def write_decks(directory: Path) -> None:
    """Write the sample deck of each organization's currency; takes seconds, so give it a thread. Raises OSError."""
    for currency in _currencies():
        unfinished = deck_file(directory, currency).with_suffix(".new")
        write_sample_deck(unfinished, currency)
        unfinished.replace(deck_file(directory, currency))


def _currencies() -> list[str]:
    return sorted({sample.currency for sample in sample_organizations()})


class Performance:
    """Traffic on organizations that are open, and somebody who watches."""

    def __init__(
        self, stage: Stage, administration: AdministrationClient, organizations: tuple[OpenedOrganization, ...]
    ) -> None:
        self._stage = stage
        self._administration = administration
        self._watcher = Watcher(administration, organizations)
        self._organizations = organizations

    async def run(self, console: Console) -> None:
        """Let the organizations telephone until the time is up or this is cancelled.

        Either way every call is ended, and the last lines tell what was charged and that the books agree. A
        cancellation is raised again after that.
        """
        stop = asyncio.Event()
        traffic = asyncio.create_task(self._telephone(stop), name="traffic")
        try:
            with display_for(console) as display:
                began = asyncio.get_running_loop().time()
                while not traffic.done():
                    with contextlib.suppress(AdministrationError):
                        # What cannot be seen now is seen at the next look.
                        standings, events = await self._watcher.look()
                        display.show(int(asyncio.get_running_loop().time() - began), standings, events)
                    await asyncio.wait({traffic}, timeout=LOOK_SECONDS)
        finally:
            stop.set()
            statistics = await traffic
            await self._sum_up(console, statistics)

    async def _telephone(self, stop: asyncio.Event) -> TrafficStatistics:
        settings = TrafficSettings(
            base_url=self._stage.charging_url,
            token=self._stage.token,
            session_prefix=f"demo-{datetime.now(UTC):%Y%m%dT%H%M%S}",
            compression=TIME_COMPRESSION,
            slice_seconds=SLICE_SECONDS,
            run_seconds=self._stage.seconds,
        )
        callers = [each.sample.caller() for each in self._organizations]
        calls = planned_calls(callers, seed=SEED, start_hour=START_HOUR)
        return await run_traffic(settings, calls, stop=stop, on_result=self._watcher.hear)

    async def _sum_up(self, console: Console, statistics: TrafficStatistics) -> None:
        outcomes = _counts({outcome.value: count for outcome, count in statistics.calls_by_outcome.items()})
        console.print(f"Calls: {outcomes or 'none'}.", highlight=False, soft_wrap=True)
        charged = ", ".join(
            f"{short(micros)} {currency}" for currency, micros in sorted(statistics.charged_micros_by_currency.items())
        )
        minutes = f"Included minutes used: {statistics.pool_minutes}."
        console.print(f"Charged: {charged or 'nothing'}. {minutes}", highlight=False, soft_wrap=True)
        try:
            found = await self._administration.post("/v1/verify")
        except AdministrationError as error:
            console.print(f"The books were not verified: {error}", highlight=False, soft_wrap=True)
            return
        disagreements = len(found["discrepancies"])
        verdict = "agree" if not disagreements else f"DISAGREE in {disagreements} places"
        console.print(f"The books {verdict}: {found['transfers']} transfers.", highlight=False, soft_wrap=True)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items()))
