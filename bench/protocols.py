"""Charging over every protocol in one world: as fast as it goes, and how long an answer takes at half of what is meant.

Knows which loader drives which edge. HTTP is loaded by wrk and RADIUS by radclient, programs of others; evapi and
Diameter by small loaders of ours, for nobody else's speak them. What an edge adds to storing alone is its protocol.
"""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import islice
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.diameter import DiameterLoad, measure_diameter
from bench.evapi import EvapiLoad, measure_evapi
from bench.radius_load import RadiusLoad, measure_radius
from bench.world import SHAPES, World, organizations_of
from commcredits.storage.embedded import EmbeddedServer

MEASURED_SHAPES: Final = SHAPES[:2]
_RADIUS_AT_ONCE: Final = 256
_RADIUS_OPERATIONS: Final = 5_000
"""Of each kind and second of a measurement."""

HALF_TIMES_AS_LONG: Final = 5
"""How much longer the measurement at half the rate takes: the kernel writes tables out every 30 seconds, and whoever
asks then waits. Half a minute, which is the default, has that once; six seconds have it or not, by chance."""

AIMS_PER_SECOND: Final = {"HTTP": 20_000, "evapi": 15_000, "Diameter": 10_000}
"""How many operations each protocol is meant to take; how long an answer then takes is asked at half of it."""

Load = DiameterLoad | EvapiLoad | RadiusLoad


@dataclass(frozen=True, slots=True, kw_only=True)
class ProtocolRow:
    """One protocol in one shape. ``half_p99_ms`` is at half the aim, 0 where nobody could hold a rate.

    Processor times are microseconds per operation: of the edge's process, the database and the loader.
    """

    shape: str
    way: str
    operations_per_second: float
    p50_ms: float
    p99_ms: float
    half_p99_ms: float
    edge_us: float
    database_us: float
    loader_us: float


async def measure_protocols(
    world: World, server: EmbeddedServer, numbers: dict[str, str], *, seconds: int
) -> list[ProtocolRow]:
    """evapi, Diameter, and RADIUS where radclient is installed, each on one organization and on all.

    ``numbers`` are the organizations' own, by their ids.
    """
    rows: list[ProtocolRow] = []
    for shape in MEASURED_SHAPES:

        async def evapi(rate: float, shape: str = shape) -> EvapiLoad:
            return await measure_evapi(world, server, shape, seconds=_length(seconds, rate), rate=rate)

        async def diameter(rate: float, shape: str = shape) -> DiameterLoad:
            return await measure_diameter(world, server, numbers, shape, seconds=_length(seconds, rate), rate=rate)

        rows.append(await _at_full_and_at_half(shape, "evapi", evapi))
        rows.append(await _at_full_and_at_half(shape, "Diameter", diameter))
        if shutil.which("radclient") is not None:
            callers = [numbers[each] for each in islice(organizations_of(world, shape), _RADIUS_AT_ONCE)]
            for kind, load in await measure_radius(world, server, callers, operations=_RADIUS_OPERATIONS * seconds):
                rows.append(_row(shape, f"RADIUS (radclient), {kind}", load, 0.0))
    return rows


def _length(seconds: int, rate: float) -> int:
    """How long to measure at this rate; 0 is as fast as it goes."""
    return seconds * HALF_TIMES_AS_LONG if rate else seconds


async def _at_full_and_at_half(
    shape: str, way: str, measure: Callable[[float], Awaitable[EvapiLoad | DiameterLoad]]
) -> ProtocolRow:
    full = await measure(0)
    if full.failures:
        raise RuntimeError(f"{full.failures} of {full.operations} operations over {way} failed")
    half = await measure(half_rate(way, full.operations_per_second))
    return _row(shape, way, full, half.p99_ms)


def half_rate(way: str, operations_per_second: float) -> float:
    """Half of what is aimed at, or of what was measured where that is less."""
    return min(AIMS_PER_SECOND[way], operations_per_second) / 2


def _row(shape: str, way: str, load: Load, half_p99_ms: float) -> ProtocolRow:
    return ProtocolRow(
        shape=shape,
        way=way,
        operations_per_second=load.operations_per_second,
        p50_ms=load.p50_ms,
        p99_ms=load.p99_ms,
        half_p99_ms=half_p99_ms,
        edge_us=load.edge_us,
        database_us=load.database_us,
        loader_us=load.loader_us,
    )


def print_protocols(rows: list[ProtocolRow], committer_us: dict[str, float]) -> None:
    """A table; ``committer_us`` is what storing alone costs the process in each shape, so that the rest is protocol."""
    table = Table(title="Charging over every protocol: durable; load and database on the same machine")
    for name in (
        "shape",
        "way",
        "operations/s",
        "p50 ms",
        "p99 ms",
        "p99 at half",
        "CPU µs/op: edge",
        "database",
        "loader",
        "protocol's share",
        "commit's share",
    ):
        table.add_column(name, justify="left" if name in ("shape", "way") else "right")
    for row in rows:
        whole = row.edge_us + row.database_us
        protocol = max(row.edge_us - committer_us.get(row.shape, 0.0), 0.0)
        table.add_row(
            row.shape,
            row.way,
            f"{row.operations_per_second:,.0f}",
            f"{row.p50_ms:.1f}",
            f"{row.p99_ms:.1f}",
            f"{row.half_p99_ms:.1f}" if row.half_p99_ms else "",
            f"{row.edge_us:.1f}",
            f"{row.database_us:.1f}",
            f"{row.loader_us:.1f}",
            f"{protocol / whole:.0%}",
            f"{row.database_us / whole:.0%}",
        )
    Console(width=170).print(table)
