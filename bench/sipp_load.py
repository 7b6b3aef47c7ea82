"""Telephones for load: one sipp that is called, and one after another that call through whatever hears SIP at a port.

Knows sipp and what it counts: its own statistics say which calls failed, and its own clock, which tells milliseconds,
how long an answer took. Refuses to know charging. No message is written down, for that would cost what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.callers import Load
from tests.stories.sip.phones import PORTS_EACH, SCENARIOS, SETTLE_SECONDS
from tests.stories.sip.ports import LOOPBACK, assert_free

RING_MILLISECONDS: Final = 30
"""How long the telephone that is called rings before it answers (scenarios/callee.xml)."""
TALK_MILLISECONDS: Final = 500

_PATIENCE_SECONDS: Final = 5
"""How long a telephone waits for any message, until it counts its call as failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """What sipp counted of one run: calls, those that failed, and how long the answers took."""

    calls: int
    failures: int
    answered_per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Telephones:
    """Where they keep their files, the telephone that is called, and PORTS_EACH free ports of those that call."""

    directory: Path
    callee_port: int
    ports: Sequence[int]

    @contextlib.asynccontextmanager
    async def called(self, ports: Sequence[int]) -> AsyncIterator[None]:
        """The telephone that is called hears calls for as long as the block lasts; ``ports`` are two for its media."""
        assert_free(self.callee_port)
        callee = await _start(self.directory, "callee", (self.callee_port, *ports), ("-d", "0"))
        try:
            await asyncio.sleep(SETTLE_SECONDS)
            yield
        finally:
            await _stop(callee)

    async def place(
        self, name: str, to_port: int, pairs: Sequence[tuple[str, str]], *, rate: int, seconds: float
    ) -> Placed:
        """Place so many calls a second, each of a (caller, callee) in turn; the last of them has ended afterwards.

        Raises RuntimeError where no call was answered.
        """
        folder = self.directory / name
        folder.mkdir()
        injected, counted = folder / "calls.csv", folder / "counted.csv"
        injected.write_text("SEQUENTIAL\n" + "".join(f"{caller};{callee}\n" for caller, callee in pairs), "utf-8")
        calls = round(rate * seconds)
        lasting = seconds + TALK_MILLISECONDS / 1000 + 4 * _PATIENCE_SECONDS
        arguments = (
            *(f"{LOOPBACK}:{to_port}", "-inf", str(injected), "-m", str(calls), "-r", str(rate)),
            *("-d", str(TALK_MILLISECONDS), "-l", str(calls), "-cid_str", f"{name}-%u@{LOOPBACK}"),
            *("-recv_timeout", str(_PATIENCE_SECONDS * 1000), "-trace_stat", "-stf", str(counted), "-fd", "1"),
            *("-trace_rtt", "-rtt_freq", "1"),
        )
        callers = await _start(folder, "caller_hangs_up", self.ports, arguments)
        try:
            # Whoever is not done by then is stopped; sipp has written down every second what it had counted.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(callers.wait(), lasting)
        finally:
            await _stop(callers)
        return _read(counted, next(folder.glob("*_rtt.csv"), None), calls)


async def _start(
    folder: Path, scenario: str, ports: Sequence[int], arguments: Sequence[str]
) -> asyncio.subprocess.Process:
    port, media_port, control_port = ports[:PORTS_EACH]
    return await asyncio.create_subprocess_exec(
        *("sipp", "-sf", str(SCENARIOS / f"{scenario}.xml"), "-i", LOOPBACK, "-p", str(port)),
        *("-mp", str(media_port), "-cp", str(control_port), "-nostdin", *arguments),
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.kill()
        await process.wait()


def _read(counted: Path, times: Path | None, calls: int) -> Placed:
    with counted.open(encoding="utf-8") as lines:
        last = list(csv.DictReader(lines, delimiter=";"))[-1]
    rows = [] if times is None else [line.split(";") for line in times.read_text("utf-8").splitlines()[1:]]
    if not rows:
        raise RuntimeError("sipp tells of no call that was answered")
    answered_at = sorted(float(row[0]) for row in rows)
    load = Load(operations=len(rows), latencies=[float(row[1]) / 1000 for row in rows])
    lasted_seconds = max(answered_at[-1] - answered_at[0], 1) / 1000
    return Placed(
        calls=calls,
        # A call that sipp never came to place, or had not ended when it was stopped, is no success either.
        failures=calls - int(last["SuccessfulCall(C)"]),
        answered_per_second=(len(rows) - 1) / lasted_seconds,
        p50_ms=load.latency_ms(0.5),
        p99_ms=load.latency_ms(0.99),
    )
