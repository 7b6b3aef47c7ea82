"""``python -m bench.diameter``: measures charging over Diameter here, with the loader and the database beside it.

The loader is ours (bench.diameter_load); tests elsewhere hold what both sides say against a dissector by others.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.diameter_load import HOST, REALM
from bench.processor import cpu_seconds, with_children
from bench.world import SHAPES, SHARD_ID, World, funding_commands, new_committer, now, organizations_of, set_up
from commcredits.storage.connection import Connection, connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate

_FIRST_NUMBER: Final = 40_212_000_000
_PICKS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DiameterLoad:
    """What one run measured. Processor times are microseconds per operation."""

    operations: int
    operations_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int
    edge_us: float
    database_us: float
    loader_us: float


async def give_numbers(connection: Connection, world: World) -> dict[str, str]:
    """Give every organization a telephone number; the numbers by organization."""
    numbers = {each: f"+{_FIRST_NUMBER + index}" for index, each in enumerate(world.organization_ids)}
    statement = Path(__file__).with_name("sql").joinpath("numbers.sql").read_text("utf-8")
    await connection.execute(statement, SHARD_ID, list(numbers), list(numbers.values()), now())
    return numbers


@contextlib.asynccontextmanager
async def diameter_process(world: World) -> AsyncIterator[tuple[int, int]]:
    """The Diameter process as the supervisor starts it; gives its id and port."""
    settings = {
        "port": 0,
        "origin_host": "charging.example",
        "origin_realm": REALM,
        "peers": {HOST: {"networks": ["127.0.0.0/8"]}},
    }
    environment = {
        **os.environ,
        "COMMCREDITS_DATABASE_URL": world.database_url,
        "COMMCREDITS_OPERATOR_TOKEN": "a-token-for-benchmarks-only",
        "COMMCREDITS_DIAMETER": json.dumps(settings),
        "COMMCREDITS_LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "commcredits.main.child", "diameter"),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(json.loads(await process.stdout.readline())["port"])
    finally:
        process.terminate()
        await process.wait()


async def load_diameter(
    port: int, callers: list[str], run: str, *, connections: int, in_flight: int, seconds: float, rate: float = 0
) -> tuple[list[str], float]:
    """Run the loader as a process of its own: what it printed, and its processor time in seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(callers))
        listing.flush()
        before = _children_seconds()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.diameter_load", str(port), listing.name, run),
            *(str(connections), str(in_flight), str(seconds), str(rate)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the loader ended with status {process.returncode}")
    return said.decode().split(), _children_seconds() - before


async def measure_diameter(
    world: World,
    server: EmbeddedServer,
    numbers: dict[str, str],
    shape: str,
    *,
    connections: int = 8,
    in_flight: int = 64,
    seconds: float = 6,
    rate: float = 0,
) -> DiameterLoad:
    """One run of this shape, after a shorter one that fills the edge's memory."""
    callers = [numbers[each] for each in islice(organizations_of(world, shape), _PICKS)]
    async with diameter_process(world) as (process_id, port):
        run = world.new_id()[-6:]
        await load_diameter(
            port, callers, f"{run}w", connections=connections, in_flight=in_flight, seconds=max(seconds / 2, 2)
        )
        process = psutil.Process(process_id)
        database_before, edge_before = cpu_seconds(with_children(server.pid)), cpu_seconds([process])
        figures, loader_seconds = await load_diameter(
            port, callers, run, connections=connections, in_flight=in_flight, seconds=seconds, rate=rate
        )
        per_operation = 1_000_000 / int(figures[0])
        return DiameterLoad(
            operations=int(figures[0]),
            operations_per_second=float(figures[1]),
            p50_ms=float(figures[2]),
            p99_ms=float(figures[3]),
            failures=int(figures[4]),
            edge_us=(cpu_seconds([process]) - edge_before) * per_operation,
            database_us=(cpu_seconds(with_children(server.pid)) - database_before) * per_operation,
            loader_us=loader_seconds * per_operation,
        )


async def _measure(arguments: argparse.Namespace) -> dict[str, DiameterLoad]:
    with tempfile.TemporaryDirectory() as folder:
        async with await start_embedded(Path(folder) / "database") as server:
            connection = await connect(server.url)
            await migrate(connection)
            world = await set_up(connection, server.url)
            committer = new_committer(world.database_url, world.new_id)
            committing = asyncio.create_task(committer.run())
            await asyncio.gather(*(committer.execute(command) for command in funding_commands(world)))
            await committer.close()
            await committing
            numbers = await give_numbers(connection, world)
            await connection.execute("analyze")
            await connection.close()
            return {
                shape: await measure_diameter(
                    world,
                    server,
                    numbers,
                    shape,
                    connections=arguments.connections,
                    in_flight=arguments.in_flight,
                    seconds=arguments.seconds,
                    rate=arguments.rate,
                )
                for shape in arguments.shape or SHAPES
            }


def _children_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.diameter", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="length of each measurement")
    parser.add_argument("--connections", type=int, default=8, help="how many connections the loader has")
    parser.add_argument("--in-flight", type=int, default=64, help="how many calls are under way on each")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="which shapes to measure; default all")
    parser.add_argument("--rate", type=float, default=0, help="operations a second at most; default all that it takes")
    arguments = parser.parse_args()
    measured = uvloop.run(_measure(arguments))
    at_once = f"{arguments.connections} × {arguments.in_flight} calls at once"
    table = Table(title=f"Charging over Diameter: {at_once}, every answer durable; load and database beside it")
    names = ("shape", "operations/s", "p50 ms", "p99 ms", "failures", "CPU µs/op: edge", "database", "loader")
    for name in names:
        table.add_column(name, justify="left" if name == "shape" else "right")
    for shape, load in measured.items():
        table.add_row(
            shape,
            f"{load.operations_per_second:,.0f}",
            f"{load.p50_ms:.1f}",
            f"{load.p99_ms:.1f}",
            f"{load.failures}",
            f"{load.edge_us:.1f}",
            f"{load.database_us:.1f}",
            f"{load.loader_us:.1f}",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
