"""``python -m bench.evapi``: measures charging over the link to Kamailio, with the loader and the database beside it.

The loader is ours (bench.evapi_load); real calls through Kamailio are placed by the tests.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import sys
import tempfile
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Final

import psutil
import uvloop

from bench.alone import edge_process, funded_world, print_loads
from bench.evapi_load import settings
from bench.processor import children_seconds, cpu_seconds, with_children
from bench.world import SHAPES, World, organizations_of
from commcredits.storage.embedded import EmbeddedServer

_PICKS: Final = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class EvapiLoad:
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
async def kamailio_process(world: World, port: int) -> AsyncIterator[int]:
    """The process of the links to Kamailio as the supervisor starts it, for a loader on that port; gives its id."""
    async with edge_process(world, "kamailio", settings(port)) as (process_id, _port):
        yield process_id


async def load_evapi(
    port: int, organizations: list[str], run: str, *, in_flight: int, seconds: float, rate: float = 0
) -> tuple[list[str], float]:
    """Run the loader as a process of its own: what it printed, and its processor time in seconds."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(organizations))
        listing.flush()
        before = children_seconds()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.evapi_load", str(port), listing.name, run),
            *(str(in_flight), str(seconds), str(rate)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the loader ended with status {process.returncode}")
    return said.decode().split(), children_seconds() - before


async def measure_evapi(
    world: World, server: EmbeddedServer, shape: str, *, in_flight: int = 512, seconds: float = 6, rate: float = 0
) -> EvapiLoad:
    """One run of this shape, after a shorter one that fills the edge's memory."""
    organizations = list(islice(organizations_of(world, shape), _PICKS))
    port = _free_port()
    async with kamailio_process(world, port) as process_id:
        run = world.new_id()[-6:]
        await load_evapi(port, organizations, f"{run}w", in_flight=in_flight, seconds=max(seconds / 2, 2))
        process = psutil.Process(process_id)
        database_before, edge_before = cpu_seconds(with_children(server.pid)), cpu_seconds([process])
        figures, loader_seconds = await load_evapi(
            port, organizations, run, in_flight=in_flight, seconds=seconds, rate=rate
        )
        per_operation = 1_000_000 / int(figures[0])
        return EvapiLoad(
            operations=int(figures[0]),
            operations_per_second=float(figures[1]),
            p50_ms=float(figures[2]),
            p99_ms=float(figures[3]),
            failures=int(figures[4]),
            edge_us=(cpu_seconds([process]) - edge_before) * per_operation,
            database_us=(cpu_seconds(with_children(server.pid)) - database_before) * per_operation,
            loader_us=loader_seconds * per_operation,
        )


async def _measure(in_flight: int, seconds: float, shapes: list[str]) -> dict[str, EvapiLoad]:
    async with funded_world() as (world, server, _numbers):
        return {
            shape: await measure_evapi(world, server, shape, in_flight=in_flight, seconds=seconds) for shape in shapes
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.evapi", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="length of each measurement")
    parser.add_argument("--in-flight", type=int, default=512, help="how many calls are under way at once")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="which shapes to measure; default all")
    arguments = parser.parse_args()
    measured = uvloop.run(_measure(arguments.in_flight, arguments.seconds, arguments.shape or list(SHAPES)))
    title = f"Charging over evapi: one link, {arguments.in_flight} calls at once, durable"
    print_loads(title, {shape: asdict(load) for shape, load in measured.items()})


if __name__ == "__main__":
    main()
