"""``python -m bench.sip``: real SIP calls, sipp to Kamailio to sipp, over both set-ups that are shipped for Kamailio.

Knows how the parts are put together: Kamailio with the configuration of ``deploy/kamailio``, the processes of charging
as the supervisor starts them, the database. Each call is authorised, started and ended, so it is three operations.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.alone import funded_world
from bench.evapi import kamailio_process
from bench.evapi_load import SECRET
from bench.http_load import TOKEN, charging_process
from bench.processor import cpu_seconds, with_children
from bench.sipp_load import RING_MILLISECONDS, TALK_MILLISECONDS, Placed, Telephones
from bench.world import CALLEE, World
from commcredits.storage.connection import connect
from commcredits.storage.embedded import EmbeddedServer
from tests.stories.sip.evapi_switch import EvapiSettings, EvapiSwitch
from tests.stories.sip.phones import PORTS_EACH
from tests.stories.sip.ports import LOOPBACK, free_ports
from tests.stories.sip.story import missing_programs
from tests.stories.sip.switch import Switch, SwitchSettings

RATES: Final = (50, 100, 200, 400)
OPERATIONS_OF_A_CALL: Final = 3
CALLERS: Final = 100
"""Each of another organization. All of them call once before anything is measured."""

_WARM_UP_RATE: Final = 50
_TOLD_SECONDS_MAX: Final = 20
_BARE: Final = "no switch between"

Parts = tuple[Switch, int]
"""A running Kamailio, and the process of charging that it is linked to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SipRow:
    """One way at one rate. Processor times are microseconds per call: of Kamailio, the edge's process, the database.

    ``charged`` is how many calls the books have ended and charged. ``told_after_seconds`` is how long after the last
    call the last report was taken, at most; None where some were not.
    """

    way: str
    rate: int
    placed: Placed
    told_after_seconds: float | None = None
    charged: int = 0
    kamailio_us: float = 0.0
    edge_us: float = 0.0
    database_us: float = 0.0

    @property
    def operations_per_second(self) -> float:
        """What the answered calls came to for charging, which nobody asks where there is no switch."""
        return 0.0 if self.way == _BARE else self.placed.answered_per_second * OPERATIONS_OF_A_CALL


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    sip: int
    callee: int
    link: int
    of_callee: tuple[int, ...]
    of_callers: tuple[int, ...]


async def measure_sip(
    world: World, server: EmbeddedServer, numbers: dict[str, str], *, rates: Sequence[int] = RATES, seconds: float = 2
) -> list[SipRow]:
    """Both ways at each rate, and once without any switch; ``numbers`` are the organizations' own, by their ids.

    Raises SwitchFailedError where Kamailio does not come up, TimeoutError where charging does not link it.
    """
    pairs = [(numbers[each], CALLEE) for each in world.organization_ids[:CALLERS]]
    sip, callee, link, *rest = free_ports(3 + 2 * PORTS_EACH)
    ports = _Ports(
        sip=sip, callee=callee, link=link, of_callee=tuple(rest[PORTS_EACH:]), of_callers=tuple(rest[:PORTS_EACH])
    )
    rows: list[SipRow] = []
    with tempfile.TemporaryDirectory(prefix="sip-") as folder:
        telephones = Telephones(directory=Path(folder), callee_port=ports.callee, ports=ports.of_callers)
        async with telephones.called(ports.of_callee):
            bare = await telephones.place("bare", ports.callee, pairs, rate=rates[0], seconds=seconds)
            rows.append(SipRow(way=_BARE, rate=rates[0], placed=bare))
            for way, running in (("HTTP", _over_http), ("evapi", _over_evapi)):
                place = Path(folder) / f"kamailio-{way}"
                place.mkdir()
                async with running(world, ports, place) as parts:
                    warming = CALLERS / _WARM_UP_RATE
                    await telephones.place(f"{way}-warm", ports.sip, pairs, rate=_WARM_UP_RATE, seconds=warming)
                    parts[0].wait_until_told(_TOLD_SECONDS_MAX)
                    for rate in rates:
                        load = telephones.place(f"{way}-{rate}", ports.sip, pairs, rate=rate, seconds=seconds)
                        row = await _measure(way, rate, parts, server, load)
                        rows.append(replace(row, charged=await _charged(server, f"{way}-{rate}-")))
    return rows


async def _measure(way: str, rate: int, parts: Parts, server: EmbeddedServer, load: Awaitable[Placed]) -> SipRow:
    switch, process_id = parts
    measured = (with_children(switch.process_id), [psutil.Process(process_id)], with_children(server.pid))
    before = [cpu_seconds(processes) for processes in measured]
    placed = await load
    ended_at = time.monotonic()
    told = switch.wait_until_told(_TOLD_SECONDS_MAX)
    told_after_seconds = time.monotonic() - ended_at
    kamailio_us, edge_us, database_us = (
        (cpu_seconds(processes) - seconds) * 1_000_000 / placed.calls
        for processes, seconds in zip(measured, before, strict=True)
    )
    return SipRow(
        way=way,
        rate=rate,
        placed=placed,
        told_after_seconds=told_after_seconds if told else None,
        kamailio_us=kamailio_us,
        edge_us=edge_us,
        database_us=database_us,
    )


async def _charged(server: EmbeddedServer, run: str) -> int:
    connection = await connect(server.url)
    try:
        return int(
            await connection.fetchval(Path(__file__).with_name("sql").joinpath("charged.sql").read_text("utf-8"), run)
        )
    finally:
        await connection.close()


@contextlib.asynccontextmanager
async def _over_http(world: World, ports: _Ports, place: Path) -> AsyncIterator[Parts]:
    async with charging_process(world) as (process_id, port):
        settings = SwitchSettings(
            sip_port=ports.sip, next_hop_port=ports.callee, charging_url=f"http://{LOOPBACK}:{port}", token=TOKEN
        )
        with Switch(settings, place) as switch:
            yield switch, process_id


@contextlib.asynccontextmanager
async def _over_evapi(world: World, ports: _Ports, place: Path) -> AsyncIterator[Parts]:
    settings = EvapiSettings(sip_port=ports.sip, next_hop_port=ports.callee, link_port=ports.link, link_secret=SECRET)
    with EvapiSwitch(settings, place) as switch:
        async with kamailio_process(world, ports.link) as process_id:
            switch.wait_until_linked()
            yield switch, process_id


def print_sip(rows: Sequence[SipRow]) -> None:
    """A table; without rows one line that says what is missing."""
    if not rows:
        print(f"SIP calls were not measured: not installed: {', '.join(missing_programs())}")
        return
    table = Table(
        title=f"Real SIP calls through Kamailio: {RING_MILLISECONDS} ms of ringing, {TALK_MILLISECONDS} ms of talk; "
        "telephones and database on the same machine"
    )
    names = (
        "calls/s asked",
        "placed",
        "failed",
        "charged",
        "answered/s",
        "operations/s",
        "answer p50 ms",
        "p99 ms",
        "told after s",
    )
    for name in ("way", *names, "CPU µs/call: Kamailio", "edge", "database"):
        table.add_column(name, justify="left" if name == "way" else "right")
    way = ""
    for row in rows:
        placed, after = row.placed, row.told_after_seconds
        charged = (
            "not all" if after is None else f"{after:.1f}",
            f"{row.kamailio_us:,.0f}",
            f"{row.edge_us:,.0f}",
            f"{row.database_us:,.0f}",
        )
        table.add_row(
            "" if row.way == way else row.way,
            f"{row.rate}",
            f"{placed.calls:,}",
            f"{placed.failures:,}",
            "" if row.way == _BARE else f"{row.charged:,}",
            f"{placed.answered_per_second:.0f}",
            "" if row.way == _BARE else f"{row.operations_per_second:,.0f}",
            f"{placed.p50_ms:.0f}",
            f"{placed.p99_ms:.0f}",
            *(() if row.way == _BARE else charged),
        )
        way = row.way
    Console(width=180).print(table)


async def _run(rates: Sequence[int], seconds: float) -> list[SipRow]:
    async with funded_world() as (world, server, numbers):
        return await measure_sip(world, server, numbers, rates=rates, seconds=seconds)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.sip", description=__doc__)
    parser.add_argument("--rates", type=int, nargs="+", default=RATES, help="calls a second, one after the other")
    parser.add_argument("--seconds", type=float, default=5, help="how long calls are placed at each rate")
    arguments = parser.parse_args()
    if missing_programs():
        raise SystemExit(f"not installed: {', '.join(missing_programs())}")
    print_sip(uvloop.run(_run(arguments.rates, arguments.seconds)))


if __name__ == "__main__":
    main()
