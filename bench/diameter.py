"""``python -m bench.diameter``: measures charging over Diameter here, with the loader and the database beside it.

The loader is ours (bench.diameter_load); tests elsewhere hold what both sides say against a dissector by others.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Final

import psutil
import uvloop

from bench.alone import edge_process, funded_world, print_loads
from bench.diameter_load import HOST, REALM
from bench.processor import children_seconds, cpu_seconds, with_children
from bench.world import SHAPES, World, organizations_of
from commcredits.storage.embedded import EmbeddedServer

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


@contextlib.asynccontextmanager
async def diameter_process(world: World) -> AsyncIterator[tuple[int, int]]:
    """The Diameter process as the supervisor starts it; gives its id and port."""
    settings = {
        "port": 0,
        "origin_host": "charging.example",
        "origin_realm": REALM,
        "peers": {HOST: {"networks": ["127.0.0.0/8"]}},
    }
    async with edge_process(world, "diameter", json.dumps(settings)) as started:
        yield started


async def load_diameter(
    port: int, callers: list[str], run: str, *, connections: int, in_flight: int, seconds: float, rate: float = 0
) -> tuple[list[str], float]:
    """Run the loader as a process of its own: what it printed, and its processor time in seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(callers))
        listing.flush()
        before = children_seconds()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.diameter_load", str(port), listing.name, run),
            *(str(connections), str(in_flight), str(seconds), str(rate)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the loader ended with status {process.returncode}")
    return said.decode().split(), children_seconds() - before


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
    async with funded_world() as (world, server, numbers):
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
    title = f"Charging over Diameter: {at_once}, every answer durable; load and database beside it"
    print_loads(title, {shape: asdict(load) for shape, load in measured.items()})


if __name__ == "__main__":
    main()
