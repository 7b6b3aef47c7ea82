"""``python -m bench``: measures charging here and prints one table; docs/benchmarks.md tells how to read it."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.alone import give_numbers
from bench.baseline import Baseline
from bench.callers import Load, run_callers
from bench.columnar import SHAPES as PRICES
from bench.columnar import measure
from bench.http_load import HttpLoad, charging_process, load_with_own, load_with_wrk
from bench.large_organization import fill
from bench.processor import core_microseconds_per_operation, cpu_seconds, with_children
from bench.protocols import (
    HALF_TIMES_AS_LONG,
    MEASURED_SHAPES,
    ProtocolRow,
    half_rate,
    measure_protocols,
    print_protocols,
)
from bench.rates import RATES, RECORDS, ImportFigures, measure_import, print_rating
from bench.sip import SipRow, measure_sip, print_sip
from bench.world import PEOPLE, SHAPES, World, funding_commands, new_committer, organizations_of, set_up
from commcredits.core.commands import CheckRecharge
from commcredits.main.charging import calm_the_collector
from commcredits.storage.committer import Committer
from commcredits.storage.connection import connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate
from tests.stories.sip.story import missing_programs


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measurement. Processor times are microseconds per operation; 0 where they were not taken."""

    shape: str
    way: str
    operations_per_second: float
    p50_ms: float
    p99_ms: float
    server_us: float
    database_us: float


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--seconds", type=int, default=6, help="length of each measurement at full rate")
    parser.add_argument("--callers", type=int, default=512, help="how many operations are under way at once")
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    parser.add_argument(
        "--large-organization", metavar="URL", help="only fill this migrated database with a large organization"
    )
    arguments = parser.parse_args()
    if arguments.large_organization is not None:
        fill(arguments.large_organization)
        return
    rows, protocols, sip, core_us, loader, imported = uvloop.run(_measure(arguments.seconds, arguments.callers))
    _print(rows, core_us, loader, arguments.callers)
    print_protocols(protocols, {row.shape: row.server_us for row in rows if row.way == "committer"})
    print_sip(sip)
    rating = [measure(shape, rates=RATES, records=RECORDS, core_calls=100_000, threads=2) for shape in PRICES]
    print_rating(rating, imported)
    if arguments.json is not None:
        figures = {
            "core_us": core_us,
            "rows": [asdict(row) for row in rows],
            "protocols": [asdict(row) for row in protocols],
            "sip": [asdict(row) for row in sip],
            "rating": [asdict(each) for each in rating],
            "import": asdict(imported),
        }
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


async def _measure(
    seconds: int, callers: int
) -> tuple[list[Row], list[ProtocolRow], list[SipRow], float, str, ImportFigures]:
    calm_the_collector()
    core_us = core_microseconds_per_operation()
    rows: list[Row] = []
    protocols: list[ProtocolRow] = []
    loader = ""
    with tempfile.TemporaryDirectory() as folder:
        async with await start_embedded(Path(folder) / "database") as server:
            connection = await connect(server.url)
            await migrate(connection)
            world = await set_up(connection, server.url)
            async with _running(world) as committer:
                await asyncio.gather(*(committer.execute(command) for command in funding_commands(world)))
            await connection.execute("analyze")
            for shape in SHAPES:
                rows.append(await _measure_baseline(world, server, shape, callers, seconds))
                rows.append(await _measure_committer(world, server, shape, callers, seconds))
                over_http, as_protocol = await _measure_http(world, server, shape, callers, seconds)
                rows.append(over_http)
                if shape in MEASURED_SHAPES:
                    protocols.append(as_protocol)
            rows.append(await _measure_committer(world, server, PEOPLE, callers, seconds))
            over_http, as_protocol = await _measure_http(world, server, PEOPLE, callers, seconds)
            rows.append(over_http)
            loader = as_protocol.way
            numbers = await give_numbers(connection, world)
            await connection.execute("analyze")
            protocols += await measure_protocols(world, server, numbers, seconds=seconds)
            sip = [] if missing_programs() else await measure_sip(world, server, numbers)
            await connection.close()
            imported = await measure_import(server)
    protocols.sort(key=lambda row: MEASURED_SHAPES.index(row.shape))
    return rows, protocols, sip, core_us, loader, imported


async def _measure_baseline(world: World, server: EmbeddedServer, shape: str, callers: int, seconds: int) -> Row:
    baseline = await Baseline.open(world)
    try:
        before = cpu_seconds(with_children(server.pid))
        own_before = cpu_seconds([psutil.Process()])
        load = await run_callers(
            baseline.submit, organizations_of(world, shape), world.new_id, callers=callers, seconds=seconds
        )
        return _row(shape, "one transaction per operation", load, server, before, own_before)
    finally:
        await baseline.close()


async def _measure_committer(world: World, server: EmbeddedServer, shape: str, callers: int, seconds: int) -> Row:
    organizations = organizations_of(world, shape)
    async with _running(world) as committer:
        # What is measured is a process that has its accounts in memory, as a running one has.
        await asyncio.gather(
            *(committer.execute(CheckRecharge(organization_id=each)) for each in world.organization_ids)
        )
        await run_callers(committer.submit, organizations, world.new_id, callers=callers, seconds=seconds / 3)
        before = cpu_seconds(with_children(server.pid))
        own_before = cpu_seconds([psutil.Process()])
        load = await run_callers(committer.submit, organizations, world.new_id, callers=callers, seconds=seconds)
        return _row(shape, "committer", load, server, before, own_before)


async def _measure_http(
    world: World, server: EmbeddedServer, shape: str, callers: int, seconds: int
) -> tuple[Row, ProtocolRow]:
    organizations = organizations_of(world, shape)
    async with charging_process(world) as (process_id, port):
        run = world.new_id()[:18]
        await _load_http(port, organizations, f"{run}w", callers, seconds)
        process = psutil.Process(process_id)
        before = cpu_seconds(with_children(server.pid))
        server_before = cpu_seconds([process])
        load = await _load_http(port, organizations, run, callers, seconds)
        if load.failures:
            raise RuntimeError(f"{load.failures} of {load.operations} requests failed")
        per_operation = 1_000_000 / load.operations
        row = Row(
            shape=shape,
            way=f"HTTP ({load.loader})",
            operations_per_second=load.operations_per_second,
            p50_ms=load.p50_ms,
            p99_ms=load.p99_ms,
            server_us=(cpu_seconds([process]) - server_before) * per_operation,
            database_us=(cpu_seconds(with_children(server.pid)) - before) * per_operation,
        )
        rate, half_seconds = half_rate("HTTP", load.operations_per_second), seconds * HALF_TIMES_AS_LONG
        half = await _load_http(port, organizations, f"{run}h", callers, half_seconds, rate=rate)
        as_protocol = ProtocolRow(
            shape=shape,
            way=row.way,
            operations_per_second=row.operations_per_second,
            p50_ms=row.p50_ms,
            p99_ms=row.p99_ms,
            half_p99_ms=half.p99_ms if half.loader == "wrk" else 0.0,
            edge_us=row.server_us,
            database_us=row.database_us,
            loader_us=load.loader_cpu_seconds * per_operation,
        )
        return row, as_protocol


async def _load_http(
    port: int, organizations: Iterator[str], run: str, callers: int, seconds: int, *, rate: float = 0
) -> HttpLoad:
    load = await load_with_wrk(port, organizations, run, callers=callers, seconds=seconds, rate=rate)
    if load is None:
        load = await load_with_own(port, organizations, run, callers=callers, seconds=seconds)
    return load


def _row(shape: str, way: str, load: Load, server: EmbeddedServer, before: float, own_before: float) -> Row:
    per_operation = 1_000_000 / load.operations
    return Row(
        shape=shape,
        way=way,
        operations_per_second=load.operations_per_second,
        p50_ms=load.latency_ms(0.5),
        p99_ms=load.latency_ms(0.99),
        server_us=(cpu_seconds([psutil.Process()]) - own_before) * per_operation,
        database_us=(cpu_seconds(with_children(server.pid)) - before) * per_operation,
    )


@contextlib.asynccontextmanager
async def _running(world: World) -> AsyncIterator[Committer]:
    committer = new_committer(world.database_url, world.new_id)
    task = asyncio.create_task(committer.run())
    try:
        yield committer
    finally:
        await committer.close()
        await task


def _print(rows: list[Row], core_us: float, loader: str, callers: int) -> None:
    console = Console(width=140)
    table = Table(title=f"Charging: {callers} callers, every answer durable; load and database on the same machine")
    for name in ("shape", "way", "operations/s", "× baseline", "p50 ms", "p99 ms", "CPU µs/op: process", "database"):
        table.add_column(name, justify="left" if name in ("shape", "way") else "right")
    baseline = 1.0
    shape = ""
    for row in rows:
        if row.way.startswith("one transaction"):
            baseline = row.operations_per_second
        table.add_row(
            "" if row.shape == shape else row.shape,
            row.way,
            f"{row.operations_per_second:,.0f}",
            "" if row.shape == PEOPLE else f"{row.operations_per_second / baseline:.1f}",
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            f"{row.server_us:.1f}",
            f"{row.database_us:.1f}",
            end_section=row.way.startswith("HTTP"),
        )
        shape = row.shape
    console.print(table)
    committer_us = next(row.server_us for row in rows if row.way == "committer")
    http_us = next(row.server_us for row in rows if row.way.startswith("HTTP"))
    database_us = next(row.database_us for row in rows if row.way.startswith("HTTP"))
    console.print(
        f"CPU per operation on the hot organization: core {core_us:.1f} µs, committer {committer_us - core_us:.1f} µs "
        f"(load in this process included), listener {max(http_us - committer_us, 0.0):.1f} µs, database "
        f"{database_us:.1f} µs. HTTP load: {loader}."
    )


if __name__ == "__main__":
    main()
