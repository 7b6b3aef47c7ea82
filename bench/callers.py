"""Callers that keep a committer, or anything that executes commands, busy: each waits for its answer, then goes on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bench.world import CALLEE, CALLER, END_SECONDS, UPDATE_SECONDS
from commcredits.core.commands import Authorise, Command, End, Service, Update
from commcredits.core.outcomes import Ended, Granted, Outcome

Submit = Callable[[Command, Callable[[Outcome], None]], None]


@dataclass(slots=True, kw_only=True)
class Load:
    """What the callers did: operations answered and the latency of each, in seconds."""

    operations: int = 0
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def operations_per_second(self) -> float:
        """The rate over the whole run."""
        return self.operations / self.seconds

    def latency_ms(self, share: float) -> float:
        """The latency in milliseconds that this share of the operations stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000


class _Caller:
    """One caller: authorise, update, end, and again with a new call; no task and no future of its own."""

    __slots__ = ("_done", "_load", "_new_id", "_organizations", "_sent_at", "_step", "_stop_at", "_submit", "_terms")

    def __init__(
        self,
        submit: Submit,
        organizations: Iterator[str],
        new_id: Callable[[], str],
        load: Load,
        stop_at: float,
        done: asyncio.Future[None],
    ) -> None:
        self._submit = submit
        self._organizations = organizations
        self._new_id = new_id
        self._load = load
        self._stop_at = stop_at
        self._done = done
        self._step = 0
        self._sent_at = 0.0
        self._terms = ("", "")

    def go_on(self) -> None:
        """Send the next command."""
        self._sent_at = time.perf_counter()
        if self._step == 0:
            self._terms = (next(self._organizations), self._new_id())
            command: Command = Authorise(
                organization_id=self._terms[0],
                session_id=self._terms[1],
                service=Service.OUTBOUND,
                caller=CALLER,
                callee=CALLEE,
            )
        elif self._step == 1:
            command = Update(
                organization_id=self._terms[0],
                session_id=self._terms[1],
                request_number=1,
                used_seconds=UPDATE_SECONDS,
            )
        else:
            command = End(organization_id=self._terms[0], session_id=self._terms[1], used_seconds=END_SECONDS)
        self._submit(command, self._answered)

    def _answered(self, outcome: Outcome) -> None:
        if not isinstance(outcome, Granted | Ended):
            self._done.set_exception(RuntimeError(f"a benchmark's call was answered {outcome}"))
            return
        answered_at = time.perf_counter()
        self._load.latencies.append(answered_at - self._sent_at)
        self._load.operations += 1
        self._step = (self._step + 1) % 3
        if self._step == 0 and answered_at >= self._stop_at:
            self._done.set_result(None)
        else:
            self.go_on()


async def run_callers(
    submit: Submit, organizations: Iterator[str], new_id: Callable[[], str], *, callers: int, seconds: float
) -> Load:
    """Keep ``callers`` calls going for ``seconds``, let them finish, and tell what they did."""
    load = Load()
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    ends: list[asyncio.Future[None]] = []
    for _ in range(callers):
        done = loop.create_future()
        ends.append(done)
        _Caller(submit, organizations, new_id, load, began + seconds, done).go_on()
    await asyncio.gather(*ends)
    load.seconds = time.perf_counter() - began
    return load
