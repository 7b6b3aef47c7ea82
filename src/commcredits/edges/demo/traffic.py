"""Plays planned calls against the charging interface, as a telephone switch would.

Every call is authorised before it rings, started when it is answered, reported before each grant runs out and ended.
Call-seconds pass faster than the clock by a stated factor. Knows the public HTTP interface and nothing behind it: it
holds no balance and no price, and takes a refusal as the answer.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import httpx

from commcredits.edges.demo.call_plans import PlannedCall
from commcredits.edges.demo.charging_client import Accepted, ChargingClient, Refused

REPORT_LEAD_CALL_SECONDS: Final = 5
"""A call reports at least this long before its grant ends …"""

REPORT_LEAD_WALL_SECONDS: Final = 0.25
"""… and at least this long by the clock, so that the answer is back before the grant ends."""


INSUFFICIENT_FUNDS: Final = "insufficient_funds"
"""The one refusal of a report that a call survives: it talks on to the end of what it was granted."""


class CallOutcome(StrEnum):
    """How a planned call went."""

    COMPLETED = "completed"
    UNANSWERED = "unanswered"
    CUT = "cut"
    REFUSED = "refused"
    BLOCKED = "blocked"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResult:
    """What became of one planned call.

    ``code`` says why a call was REFUSED, or what the switch was told when it was LOST (its session could not be
    started, reported or ended). CUT means that its grant ended before the talk did. BLOCKED calls found every channel
    taken and were never sent. ``charged_micros`` is the charge the end answered, in ``currency``, and ``pool_minutes``
    what a minute pool paid.
    """

    organization: str
    outcome: CallOutcome
    code: str = ""
    used_seconds: int = 0
    charged_micros: int = 0
    currency: str = ""
    pool_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficStatistics:
    """Sums over a run. Charges are millionths by currency; refusals and losses are counted by code."""

    calls_by_outcome: Mapping[CallOutcome, int]
    refused_by_code: Mapping[str, int]
    lost_by_code: Mapping[str, int]
    charged_micros_by_currency: Mapping[str, int]
    pool_minutes: int
    used_seconds: int
    requests_sent: int

    @property
    def calls_planned(self) -> int:
        """All calls whose time came during the run."""
        return sum(self.calls_by_outcome.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficSettings:
    """How a plan is played.

    ``base_url`` is where the charging interface listens. Session ids begin with ``session_prefix``: choose another for
    every run, or the calls of the last run are repeated instead of made. ``compression`` is call-seconds per second of
    the clock. At most ``channels_max`` calls are up at once. The run ends after ``run_seconds`` of the clock (None:
    when it is stopped or the plan is exhausted).
    """

    base_url: str
    token: str
    session_prefix: str
    compression: int
    slice_seconds: int | None = None
    channels_max: int = 100
    run_seconds: float | None = None


async def run_traffic(
    settings: TrafficSettings,
    calls: Iterable[PlannedCall],
    *,
    stop: asyncio.Event | None = None,
    on_result: Callable[[CallResult], None] | None = None,
) -> TrafficStatistics:
    """Play the calls until the time is up, the plan is exhausted or ``stop`` is set; returns the statistics.

    ``stop`` is also set by the run itself when its time is up. Calls that are up then hang up at once and are ended
    properly, so that nothing stays held. A server that cannot be reached loses calls but raises nothing. ``on_result``
    hears of each call as it is over.
    """
    limits = httpx.Limits(max_connections=settings.channels_max, max_keepalive_connections=settings.channels_max)
    async with httpx.AsyncClient(base_url=settings.base_url, limits=limits, trust_env=False) as http:
        client = ChargingClient(http=http, token=settings.token)
        switch = _Switch(settings=settings, client=client, stop=stop or asyncio.Event(), on_result=on_result)
        await switch.play(calls)
        return switch.statistics()


class _Switch:
    """One run: the calls that are up, and sums over those that are over."""

    def __init__(
        self,
        *,
        settings: TrafficSettings,
        client: ChargingClient,
        stop: asyncio.Event,
        on_result: Callable[[CallResult], None] | None,
    ) -> None:
        self._settings = settings
        self._client = client
        self._stop = stop
        self._on_result = on_result
        self._clock = asyncio.get_running_loop().time
        self._calls_up = 0
        self._used_seconds = 0
        self._pool_minutes = 0
        self._outcomes: Counter[CallOutcome] = Counter()
        self._refused: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        self._charged_micros: Counter[str] = Counter()

    async def play(self, calls: Iterable[PlannedCall]) -> None:
        started_at = self._clock()
        loop = asyncio.get_running_loop()
        run_seconds = self._settings.run_seconds
        time_up = None if run_seconds is None else loop.call_later(run_seconds, self._stop.set)
        try:
            async with asyncio.TaskGroup() as tasks:
                for number, call in enumerate(calls):
                    if not await self._wait_until(started_at, call.arrival_seconds):
                        break
                    if self._calls_up >= self._settings.channels_max:
                        self._record(CallResult(organization=call.organization, outcome=CallOutcome.BLOCKED))
                        continue
                    self._calls_up += 1
                    tasks.create_task(self._place(call, f"{self._settings.session_prefix}-{number}"))
        finally:
            if time_up is not None:
                time_up.cancel()

    def statistics(self) -> TrafficStatistics:
        return TrafficStatistics(
            calls_by_outcome=MappingProxyType(dict(self._outcomes)),
            refused_by_code=MappingProxyType(dict(self._refused)),
            lost_by_code=MappingProxyType(dict(self._lost)),
            charged_micros_by_currency=MappingProxyType(dict(self._charged_micros)),
            pool_minutes=self._pool_minutes,
            used_seconds=self._used_seconds,
            requests_sent=self._client.requests_sent,
        )

    async def _place(self, call: PlannedCall, session_id: str) -> None:
        try:
            result = await self._outcome_of(call, session_id)
        finally:
            self._calls_up -= 1
        self._record(result)

    async def _outcome_of(self, call: PlannedCall, session_id: str) -> CallResult:
        authorised = await self._client.command("authorise", self._authorise_fields(call, session_id))
        if isinstance(authorised, Refused):
            return _failed(call, authorised, CallOutcome.REFUSED if authorised.by_server else CallOutcome.LOST)
        session = {"organization_id": authorised.organization_id, "session_id": session_id}
        rang_out = await self._wait_until(self._clock(), call.ring_seconds)
        if not rang_out or not call.duration_seconds:
            return await self._end(call, session, 0, CallOutcome.UNANSWERED)
        started = await self._client.command("start", session)
        if isinstance(started, Refused):
            return _failed(call, started, CallOutcome.LOST)
        return await self._talk(call, session, started)

    async def _talk(self, call: PlannedCall, session: Mapping[str, object], started: Accepted) -> CallResult:
        """The call from its answer on: report before each grant runs out, talk on for as long as more is granted."""
        answered_at = self._clock()
        granted_seconds = started.granted_seconds
        request_number = 0
        reported_seconds = 0
        while call.duration_seconds > granted_seconds:
            report_at_seconds = granted_seconds - self._lead_seconds(granted_seconds - reported_seconds)
            if not await self._wait_until(answered_at, report_at_seconds):
                break
            request_number += 1
            reported_seconds = min(self._elapsed_seconds(answered_at), granted_seconds)
            report = {"request_number": request_number, "used_seconds": reported_seconds, **self._slice_fields()}
            answer = await self._client.command("update", {**session, **report})
            if isinstance(answer, Refused) and answer.code != INSUFFICIENT_FUNDS:
                return _failed(call, answer, CallOutcome.LOST)
            if isinstance(answer, Refused) or answer.granted_seconds <= granted_seconds:
                break
            granted_seconds = answer.granted_seconds
        used_seconds = min(call.duration_seconds, granted_seconds)
        if not await self._wait_until(answered_at, used_seconds):
            used_seconds = min(self._elapsed_seconds(answered_at), used_seconds)
            return await self._end(call, session, used_seconds, CallOutcome.COMPLETED)
        is_cut = call.duration_seconds > granted_seconds
        return await self._end(call, session, used_seconds, CallOutcome.CUT if is_cut else CallOutcome.COMPLETED)

    async def _end(
        self, call: PlannedCall, session: Mapping[str, object], used_seconds: int, outcome: CallOutcome
    ) -> CallResult:
        answer = await self._client.command("end", {**session, "used_seconds": used_seconds, "cause": outcome.value})
        if isinstance(answer, Refused):
            return _failed(call, answer, CallOutcome.LOST)
        return CallResult(
            organization=call.organization,
            outcome=outcome,
            used_seconds=used_seconds,
            charged_micros=answer.charged_micros,
            currency=answer.currency,
            pool_minutes=answer.pool_minutes,
        )

    def _authorise_fields(self, call: PlannedCall, session_id: str) -> dict[str, object]:
        return {
            "session_id": session_id,
            "service": call.service.value,
            "caller": call.caller,
            "callee": call.callee,
            **({"user": call.user} if call.user else {}),
            **self._slice_fields(),
        }

    def _slice_fields(self) -> dict[str, object]:
        slice_seconds = self._settings.slice_seconds
        return {} if slice_seconds is None else {"slice_seconds": slice_seconds}

    def _lead_seconds(self, unreported_seconds: int) -> float:
        """How long before the end of a grant to report it: never before half of what it added has passed."""
        lead_seconds = max(REPORT_LEAD_CALL_SECONDS, REPORT_LEAD_WALL_SECONDS * self._settings.compression)
        return min(lead_seconds, unreported_seconds / 2)

    def _elapsed_seconds(self, since: float) -> int:
        """Whole call-seconds that have passed since that reading of the clock."""
        return int((self._clock() - since) * self._settings.compression)

    async def _wait_until(self, since: float, call_seconds: float) -> bool:
        """Wait until so many call-seconds have passed; False at once when the run is stopped before."""
        if self._stop.is_set():
            return False
        wait_seconds = since + call_seconds / self._settings.compression - self._clock()
        try:
            await asyncio.wait_for(self._stop.wait(), timeout=max(wait_seconds, 0))
        except TimeoutError:
            return True
        return False

    def _record(self, result: CallResult) -> None:
        self._outcomes[result.outcome] += 1
        self._used_seconds += result.used_seconds
        self._pool_minutes += result.pool_minutes
        if result.outcome is CallOutcome.REFUSED:
            self._refused[result.code] += 1
        if result.outcome is CallOutcome.LOST:
            self._lost[result.code] += 1
        if result.currency:
            self._charged_micros[result.currency] += result.charged_micros
        if self._on_result is not None:
            self._on_result(result)


def _failed(call: PlannedCall, refusal: Refused, outcome: CallOutcome) -> CallResult:
    return CallResult(organization=call.organization, outcome=outcome, code=refusal.code)
