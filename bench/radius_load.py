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
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Final

import psutil
import uvloop

from bench.alone import edge_process, funded_world, print_loads
from bench.processor import children_seconds, cpu_seconds, with_children
from bench.world import CALLEE, SHAPES, World, organizations_of
from commcredits.edges.radius.attributes import Attribute, Code
from commcredits.edges.radius.packets import write_access_request
from commcredits.storage.embedded import EmbeddedServer

HOST: Final = "127.0.0.1"
SECRET: Final = "a-secret-for-benchmarks-only"  # noqa: S105 - it opens a system that lives for one measurement
PROBE_SECONDS: Final = 0.01


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
    async with edge_process(world, "radius", json.dumps(settings)) as (process_id, port):
        yield process_id, port, accounting_port


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
    before = (cpu_seconds([process]), cpu_seconds(with_children(server.pid)), children_seconds())
    probing = asyncio.create_task(probe.ask(probe_port or port))
    seconds, answers, lost = await radclient(port, command, packets, times=times)
    probing.cancel()
    await asyncio.gather(probing, return_exceptions=True)
    after = (cpu_seconds([process]), cpu_seconds(with_children(server.pid)), children_seconds())
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


async def _run(at_once: int, operations: int, shapes: list[str]) -> dict[str, RadiusLoad]:
    measured = {}
    async with funded_world() as (world, server, numbers):
        for shape in shapes:
            callers = [numbers[each] for each in islice(organizations_of(world, shape), at_once)]
            for kind, load in await measure_radius(world, server, callers, operations=operations):
                measured[f"{shape}, {kind}"] = load
    return measured


def _packet(caller: str, own_id: str = "") -> str:
    lines = [f'Calling-Station-Id = "{caller}"', f'Called-Station-Id = "{CALLEE}"', "Message-Authenticator = 0x00"]
    return "\n".join([*lines, f'Acct-Session-Id = "{own_id}"'] if own_id else lines)


def _report(own_id: str) -> str:
    return f'Acct-Status-Type = Interim-Update\nAcct-Session-Id = "{own_id}"\nAcct-Session-Time = 2'


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


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
    title = f"Charging over RADIUS: radclient, {arguments.at_once} requests at once, durable"
    print_loads(title, {shape: asdict(load) for shape, load in measured.items()})


if __name__ == "__main__":
    main()
