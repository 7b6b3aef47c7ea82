"""``python -m bench.pages``: how long the server takes for each page of an organization with a million calls.

There are 10,000 users too.

Every page that a link leads to is asked for again and again, in this process, without a network: what is measured is
the application and its database. The processor time beside it does not depend on what else the machine does. How much
a browser fetches for its first page is told too. docs/benchmarks.md tells how to read the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import httpx
import uvloop
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.routing import Mount

from bench.large_organization import CALLS, USERS, build
from bench.page_weight import PageWeight, weigh
from bench.processor import cpu_seconds, with_children
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.edges.translations import LANGUAGES
from commcredits.edges.worker.rounds import rounds_of, run_rounds
from commcredits.main.composition import open_services
from commcredits.operations.services import Services
from commcredits.operations.spending_journal import STRETCHES_AT_ONCE, sum_journal
from commcredits.operations.spending_sums import sum_spending
from commcredits.settings import Settings
from commcredits.storage.connection import connect
from commcredits.storage.embedded import start_embedded
from commcredits.storage.migrations import migrate
from tests.edges.portal.busy import Busy
from tests.edges.portal.visitor import TOKEN
from tests.edges.portal.walking import ORIGIN, signed_in, walk

ASKED_TIMES: Final = 21
"""How often each page is asked for; the first time warms what is kept, and does not count."""

MILLISECONDS_AIM: Final = 50.0
"""What half of the answers of any page shall stay below, on a machine like that of docs/benchmarks.md."""

KILOBYTES_AIM: Final = 100
"""What a browser shall fetch for its first page at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRow:
    """One page: half of its answers took no longer than ``median_ms``, all of them no longer than ``longest_ms``.

    ``processor_ms`` is the processor time of an answer, of this process and of the database together.
    """

    pattern: str
    median_ms: float
    longest_ms: float
    processor_ms: float
    packed_bytes: int


def main() -> None:
    """Read the command line, build or take the organization, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--data", type=Path, help="keep the database here, and take it from here the next time")
    parser.add_argument(
        "--settle", type=int, default=120, help="seconds of the worker's rounds before anything is asked"
    )
    parser.add_argument("--only", default="", help="pages whose address contains this")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows, weights = uvloop.run(_measure(arguments, arguments.data or Path(folder) / "database"))
    _print(rows)
    _print_weights(weights)


async def _measure(arguments: argparse.Namespace, folder: Path) -> tuple[list[PageRow], list[PageWeight]]:
    kept = folder / "organization"
    async with await start_embedded(folder) as server:
        if not kept.exists():
            connection = await connect(server.url)
            await migrate(connection)
            await connection.close()
            built = await build(
                server.url, ends_at=datetime.now(UTC), calls=arguments.calls, users=arguments.users, progress=_tell
            )
            kept.write_text(built.organization_id, "utf-8")
        settings = Settings(database_url=SecretStr(server.url), operator_token=SecretStr(TOKEN))
        async with open_services(settings, role="bench") as services:
            await _settle(services, arguments.settle)
            async with _portal(services, kept.read_text("utf-8")) as busy:
                return await _ask(busy, arguments.only), await _weigh(busy)


def _tell(done: int, total: int) -> None:
    if done % 100_000 == 0:
        print(f"{done:,} of {total:,} calls are in the books")


async def _settle(services: Services, seconds: int) -> None:
    """Let the worker's rounds add up what they keep, to the end: in a year they would have."""
    stop = asyncio.Event()
    working = asyncio.create_task(run_rounds(rounds_of(services), stop))
    await asyncio.sleep(seconds)
    stop.set()
    await working
    # The journal always has a moment more to add up; fewer stretches than fit into a round are the end of the rest.
    while await sum_journal(services) == STRETCHES_AT_ONCE or (await sum_spending(services)).count:
        pass
    await services.pool.execute("analyze")


@asynccontextmanager
async def _portal(services: Services, organization_id: str) -> AsyncIterator[Busy]:
    portal = portal_app(
        lambda page: ServicesForPortal(page.services),
        PortalSettings(operator_token=TOKEN),
        now=services.clock,
        services=services,
    )
    application = Starlette(routes=[Mount("/portal", portal)])
    yield Busy(application=application, services=services, organization_id=organization_id)


async def _ask(busy: Busy, only: str) -> list[PageRow]:
    walked = await walk(busy, "ro")
    for each in walked.wrong:
        print(each)
    client = await signed_in(busy, "ro")
    rows = []
    for pattern, paths in sorted(walked.pages.items()):
        if only in pattern and paths[0] not in walked.files:
            rows.append(await _row(client, pattern, paths[0]))
    await client.aclose()
    return rows


async def _weigh(busy: Busy) -> list[PageWeight]:
    """What the first page weighs for whoever signs in, and for whoever is signed in, in both languages."""
    weights = []
    for language in LANGUAGES:
        transport = httpx.ASGITransport(busy.application)
        async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as stranger:
            weights.append(await weigh(stranger, "/portal/sign-in", language))
        client = await signed_in(busy, language)
        weights.append(await weigh(client, f"/portal/organizations/{busy.organization_id}", language))
        await client.aclose()
    return weights


async def _row(client: httpx.AsyncClient, pattern: str, path: str) -> PageRow:
    await client.get(f"{ORIGIN}{path}")
    processes = with_children(os.getpid())
    processor_began = cpu_seconds(processes)
    took = []
    size = 0
    for _ in range(ASKED_TIMES - 1):
        began = time.perf_counter()
        async with client.stream("GET", f"{ORIGIN}{path}") as answer:
            size = sum([len(piece) async for piece in answer.aiter_raw()])
        took.append((time.perf_counter() - began) * 1_000)
    processor_ms = (cpu_seconds(processes) - processor_began) * 1_000 / len(took)
    return PageRow(
        pattern=pattern,
        median_ms=statistics.median(took),
        longest_ms=max(took),
        processor_ms=processor_ms,
        packed_bytes=size,
    )


def _print(rows: list[PageRow]) -> None:
    table = Table(
        *("page", "median ms", "longest ms", "processor ms", "kB packed"),
        title=f"aim: a median below {MILLISECONDS_AIM:.0f} ms",
    )
    for row in sorted(rows, key=lambda each: -each.median_ms):
        mark = " !" if row.median_ms >= MILLISECONDS_AIM else ""
        table.add_row(
            row.pattern,
            f"{row.median_ms:.1f}{mark}",
            f"{row.longest_ms:.1f}",
            f"{row.processor_ms:.1f}",
            f"{row.packed_bytes / 1_000:.1f}",
        )
    Console(width=140).print(table)


def _print_weights(weights: list[PageWeight]) -> None:
    table = Table(
        *("first page", "language", "page", "styles", "scripts", "icons", "letters", "kB together"),
        title=f"aim: below {KILOBYTES_AIM} kB, packed, with nothing fetched before",
    )
    for each in weights:
        kinds = [
            sum(size for name, size in each.files.items() if name.endswith(ending))
            for ending in (".css", ".js", ".svg", ".woff2")
        ]
        parts = [f"{size / 1_000:.1f}" for size in (each.page, *kinds, each.total)]
        table.add_row(re.sub(r"[0-9a-f-]{36}", "{id}", each.address), each.language, *parts)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
