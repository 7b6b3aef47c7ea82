"""``python -m bench.radius_load``: measures charging over RADIUS with radclient, the database beside it.

radclient is another program in another language. It tells no times, so a probe of ours asks for a call now and then
and tells how long it waited; it asks a hundred times a second at most. Authorisations are calls that nobody asked for
before; reports are interim updates of running calls.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import psutil
import uvloop
from rich.console import Console
from rich.table import Table

from bench.processor import cpu_seconds, with_children
from bench.world import CALLEE, SHAPES, SHARD_ID, World, funding_commands, new_committer, now, organizations_of, set_up
from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.packets import write_access_request
from commcredits.storage.connection import Connection, connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate

HOST: Final = "127.0.0.1"
SECRET: Final = "a-secret-for-benchmarks-only"  # noqa: S105 - it opens a system that lives for one measurement
PROBE_SECONDS: Final = 0.01
_FIRST_NUMBER: Final = 40_213_000_000
_NUMBERS: Final = """
    insert into phone_numbers (shard_id, organization_id, number, kind, display_name, generation, created_at)
    select $1, organization_id, number, 'user', '', 1, $4
    from unnest($2::uuid[], $3::text[]) as given (organization_id, number)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RadiusLoad:
    """What one run measured. Latencies are the probe's; processor times are microseconds per operation."""

    operations: int
    operations_per_second: float
    p50_ms: float
    p99_ms: float
    lost: int
    edge_us: float
    database_us: float
    loader_us: float


@contextlib.asynccontextmanager
async def radius_process(world: World) -> AsyncIterator[tuple[int, int, int]]:
    """The RADIUS process as the supervisor starts it; gives its id and both ports."""
    accounting_port = _free_port()
    settings = {
        "authentication_port": 0,
        "accounting_port": accounting_port,
        "slice_seconds": 300,
        "clients": {HOST: {"name": "bench", "secret": SECRET, "disconnect_port": 0}},
    }
    environment = {
        **os.environ,
        "COMMCREDITS_DATABASE_URL": world.database_url,
        "COMMCREDITS_OPERATOR_TOKEN": "a-token-for-benchmarks-only",
        "COMMCREDITS_RADIUS": json.dumps(settings),
        "COMMCREDITS_LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "commcredits.main.child", "radius"),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(json.loads(await process.stdout.readline())["port"]), accounting_port
    finally:
        process.terminate()
        await process.wait()


async def radclient(port: int, command: str, packets: list[str], *, times: int) -> tuple[float, int, int]:
    """Send each packet so often, all packets under way at once: seconds it took, answers, packets that were lost."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write("\n\n".join(packets) + "\n")
        file.flush()
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *("radclient", "-q", "-s", "-t", "5", "-r", "3", "-p", str(len(packets)), "-c", str(times)),
            *("-f", file.name, f"{HOST}:{port}", command, SECRET),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        seconds = time.perf_counter() - began
    text = said.decode()

    def figure(pattern: str) -> int:
        found = re.search(rf"{pattern}\s*:\s*(\d+)", text)
        if found is None:
            raise RuntimeError(f"radclient said no {pattern!r}: {text[-400:]}")
        return int(found[1])

    return seconds, figure("Accepted"), figure("Lost") + figure("Rejected")


class Probe(asyncio.DatagramProtocol):
    """Asks for a call every now and then, and remembers how long each answer took."""

    def __init__(self, caller: str) -> None:
        self._caller = caller
        self._sent: dict[int, float] = {}
        self.waited_ms: list[float] = []

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 # asyncio calls it so
        """An answer came."""
        sent = self._sent.pop(data[1], None)
        if sent is not None:
            self.waited_ms.append((time.perf_counter() - sent) * 1_000)

    async def ask(self, port: int) -> None:
        """Ask until cancelled."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        names = (Attribute.CALLING_STATION_ID, Attribute.CALLED_STATION_ID)
        content = tuple(zip(map(int, names), (self._caller.encode(), CALLEE.encode()), strict=True))
        identifier = 0
        try:
            while True:
                identifier = (identifier + 1) % 256
                request = write_access_request(
                    Code.ACCESS_REQUEST, identifier, os.urandom(16), content, SECRET.encode()
                )
                self._sent[identifier] = time.perf_counter()
                transport.sendto(request, (HOST, port))
                await asyncio.sleep(PROBE_SECONDS)
        finally:
            transport.close()

    def latency_ms(self, share: float) -> float:
        """The wait that this share of requests did not exceed."""
        waited = sorted(self.waited_ms)
        return waited[min(len(waited) - 1, int(share * len(waited)))] if waited else 0.0


async def measure_radius(
    world: World, server: EmbeddedServer, callers: list[str], *, operations: int
) -> Iterator[tuple[str, RadiusLoad]]:
    """Authorisations, then reports of running calls; about as many of each."""
    times = max(1, operations // len(callers))
    async with radius_process(world) as (process_id, authentication, accounting):
        asked = [_packet(caller) for caller in callers]
        await radclient(authentication, "auth", asked, times=max(1, times // 10))
        loads = [("authorise", await _measure(process_id, server, authentication, "auth", asked, times, callers[0]))]
        own_ids = [f"run-{index}" for index in range(len(callers))]
        running = [_packet(caller, own_id) for caller, own_id in zip(callers, own_ids, strict=True)]
        await radclient(authentication, "auth", running, times=1)
        reports = [_report(own_id) for own_id in own_ids]
        loads.append(
            (
                "report",
                await _measure(
                    process_id, server, accounting, "acct", reports, times, callers[0], probe_port=authentication
                ),
            )
        )
    return iter(loads)


async def _measure(
    process_id: int,
    server: EmbeddedServer,
    port: int,
    command: str,
    packets: list[str],
    times: int,
    caller: str,
    *,
    probe_port: int = 0,
) -> RadiusLoad:
    process, probe = psutil.Process(process_id), Probe(caller)
    before = (cpu_seconds([process]), cpu_seconds(with_children(server.pid)), _children_seconds())
    probing = asyncio.create_task(probe.ask(probe_port or port))
    seconds, answers, lost = await radclient(port, command, packets, times=times)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    after = (cpu_seconds([process]), cpu_seconds(with_children(server.pid)), _children_seconds())
    edge, database, loader = (
        (late - early) * 1_000_000 / max(1, answers) for early, late in zip(before, after, strict=True)
    )
    return RadiusLoad(
        operations=answers,
        operations_per_second=answers / seconds,
        p50_ms=probe.latency_ms(0.5),
        p99_ms=probe.latency_ms(0.99),
        lost=lost,
        edge_us=edge,
        database_us=database,
        loader_us=loader,
    )


async def _run(at_once: int, operations: int, shapes: list[str]) -> dict[tuple[str, str], RadiusLoad]:
    measured = {}
    with tempfile.TemporaryDirectory() as folder:
        async with await start_embedded(Path(folder) / "database") as server:
            connection = await connect(server.url)
            await migrate(connection)
            world = await set_up(connection, server.url)
            numbers = await _give_numbers(connection, world)
            committer = new_committer(world.database_url, world.new_id)
            committing = asyncio.create_task(committer.run())
            await asyncio.gather(*(committer.execute(command) for command in funding_commands(world)))
            await committer.close()
            await committing
            await connection.execute("analyze")
            await connection.close()
            for shape in shapes:
                callers = [numbers[each] for each in islice(organizations_of(world, shape), at_once)]
                for kind, load in await measure_radius(world, server, callers, operations=operations):
                    measured[shape, kind] = load
    return measured


async def _give_numbers(connection: Connection, world: World) -> dict[str, str]:
    numbers = {each: f"+{_FIRST_NUMBER + index}" for index, each in enumerate(world.organization_ids)}
    await connection.execute(_NUMBERS, SHARD_ID, list(numbers), list(numbers.values()), now())
    return numbers


def _packet(caller: str, own_id: str = "") -> str:
    lines = [f'Calling-Station-Id = "{caller}"', f'Called-Station-Id = "{CALLEE}"', "Message-Authenticator = 0x00"]
    return "\n".join([*lines, f'Acct-Session-Id = "{own_id}"'] if own_id else lines)


def _report(own_id: str) -> str:
    return f'Acct-Status-Type = Interim-Update\nAcct-Session-Id = "{own_id}"\nAcct-Session-Time = 2'


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _children_seconds() -> float:
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


def main() -> None:
    """Read the command line, measure, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.radius_load", description=__doc__)
    parser.add_argument("--operations", type=int, default=40_000, help="how many of each kind")
    parser.add_argument("--at-once", type=int, default=256, help="how many are under way at once")
    parser.add_argument("--shape", choices=SHAPES, action="append", help="which shapes to measure; default all")
    arguments = parser.parse_args()
    if shutil.which("radclient") is None:
        parser.error("radclient is not installed (Debian's package `freeradius-utils`)")
    measured = uvloop.run(_run(arguments.at_once, arguments.operations, arguments.shape or list(SHAPES)))
    table = Table(title=f"Charging over RADIUS: radclient, {arguments.at_once} requests at once, durable")
    names = (
        "shape",
        "operation",
        "operations/s",
        "p50 ms",
        "p99 ms",
        "lost",
        "CPU µs/op: edge",
        "database",
        "radclient",
    )
    for name in names:
        table.add_column(name, justify="left" if name in names[:2] else "right")
    for (shape, kind), load in measured.items():
        table.add_row(
            shape,
            kind,
            f"{load.operations_per_second:,.0f}",
            f"{load.p50_ms:.1f}",
            f"{load.p99_ms:.1f}",
            f"{load.lost}",
            f"{load.edge_us:.1f}",
            f"{load.database_us:.1f}",
            f"{load.loader_us:.1f}",
        )
    Console(width=150).print(table)


if __name__ == "__main__":
    main()
