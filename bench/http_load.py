"""Load on the charging listener over HTTP: wrk where it is installed, else a small loader of our own.

wrk is another program in another language, so what it measures is not flattered by what we know of ourselves. Our own
loader shares the processor with the server and costs more of it: its figures are lower bounds; the table says which.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from bench.processor import children_seconds
from bench.world import CALLEE, CALLER, END_SECONDS, UPDATE_SECONDS, World

TOKEN: Final = "a-token-for-benchmarks-only"  # noqa: S105 - it opens a system that lives for one measurement
_PICKS: Final = 100_000
_LUA: Final = Path(__file__).with_name("calls.lua")
_UNITS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpLoad:
    """What the loader saw: answers per second, latency in milliseconds, answers that were no success."""

    loader: str
    operations: int
    operations_per_second: float
    p50_ms: float
    p99_ms: float
    failures: int
    loader_cpu_seconds: float


@contextlib.asynccontextmanager
async def charging_process(world: World) -> AsyncIterator[tuple[int, int]]:
    """The charging process as the supervisor starts it; gives its id and port."""
    environment = {
        **os.environ,
        "COMMCREDITS_DATABASE_URL": world.database_url,
        "COMMCREDITS_OPERATOR_TOKEN": TOKEN,
        "COMMCREDITS_CHARGING_PORT": "0",
        "COMMCREDITS_LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "commcredits.main.child", "charging"),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(json.loads(await process.stdout.readline())["port"])
    finally:
        process.terminate()
        await process.wait()


async def load_with_wrk(
    port: int, organizations: Iterator[str], run: str, *, callers: int, seconds: int, rate: float = 0
) -> HttpLoad | None:
    """Run wrk against the charging listener, at most at that many requests a second; None when it is not installed."""
    program = shutil.which("wrk")
    if program is None:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(islice(organizations, _PICKS)))
        listing.flush()
        before = children_seconds()
        process = await asyncio.create_subprocess_exec(
            program,
            *("--threads", "1", "--connections", str(callers), "--duration", f"{seconds}s", "--latency"),
            *("--timeout", "30s", "--script", str(_LUA), f"http://127.0.0.1:{port}"),
            env={
                **os.environ,
                "BENCH_TOKEN": TOKEN,
                "BENCH_ORGANIZATIONS": listing.name,
                "BENCH_RUN": run,
                **_pace(callers, rate),
            },
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"wrk ended with status {process.returncode}")
    return _read_wrk(said.decode(), children_seconds() - before)


async def load_with_own(port: int, organizations: Iterator[str], run: str, *, callers: int, seconds: int) -> HttpLoad:
    """Run our own loader as a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as listing:
        listing.write("\n".join(islice(organizations, _PICKS)))
        listing.flush()
        before = children_seconds()
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "bench.own_loader", str(port), listing.name, run, str(callers), str(seconds)),
            stdout=asyncio.subprocess.PIPE,
        )
        said, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the loader ended with status {process.returncode}")
    operations, rate, p50, p99, failures = said.decode().split()
    return HttpLoad(
        loader="own loader",
        operations=int(operations),
        operations_per_second=float(rate),
        p50_ms=float(p50),
        p99_ms=float(p99),
        failures=int(failures),
        loader_cpu_seconds=children_seconds() - before,
    )


def bodies(organization_id: str, session_id: str) -> tuple[tuple[str, bytes], ...]:
    """One call as requests: the last part of each path, and the body."""
    named = f'"organization_id":"{organization_id}","session_id":"{session_id}"'
    return (
        ("authorise", f'{{{named},"caller":"{CALLER}","callee":"{CALLEE}"}}'.encode()),
        ("update", f'{{{named},"request_number":1,"used_seconds":{UPDATE_SECONDS}}}'.encode()),
        ("end", f'{{{named},"used_seconds":{END_SECONDS}}}'.encode()),
    )


def _pace(callers: int, rate: float) -> dict[str, str]:
    """How long each caller rests before a request, so that all together ask no more often than the rate."""
    return {"BENCH_INTERVAL_MS": str(round(callers * 1_000 / rate))} if rate else {}


def _read_wrk(said: str, cpu_seconds: float) -> HttpLoad:
    def figure(pattern: str) -> re.Match[str]:
        found = re.search(pattern, said)
        if found is None:
            raise RuntimeError(f"wrk said no {pattern!r}: {said}")
        return found

    def latency(share: str) -> float:
        value, unit = figure(rf"{share}%\s+([\d.]+)(us|ms|s)\b").groups()
        return float(value) * _UNITS[unit]

    failures = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", said)
    return HttpLoad(
        loader="wrk",
        operations=int(figure(r"(\d+) requests in")[1]),
        operations_per_second=float(figure(r"Requests/sec:\s+([\d.]+)")[1]),
        p50_ms=latency("50"),
        p99_ms=latency("99"),
        failures=(int(failures[1]) if failures else 0) + (sum(map(int, errors.groups())) if errors else 0),
        loader_cpu_seconds=cpu_seconds,
    )
