"""Calls placed over the charging wire by many callers at once, each answer noted only once it has arrived.

Knows what each command of a call must bring about while there are funds, and asks again, under the same ids, what was
not answered. Refuses to know why it was not.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from commcredits.core.money import format_micros
from tests.stories.books import LedgerCall, price_micros

SLICE_SECONDS: Final = 600
REPEAT_SECONDS: Final = 0.1
ANSWER_SECONDS_MAX: Final = 5
PROGRESS_SECONDS_MAX: Final = 30
BUSY: Final = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command of a call, and how the books stand once it was carried out."""

    name: str
    fields: Mapping[str, Any]
    state: str
    charged_micros: int
    held_micros: int

    def is_what_stands(self, booked: LedgerCall) -> bool:
        """Whether the books show the call as this command leaves it."""
        found = (booked.state, booked.charged_micros, booked.held_micros)
        return found == (self.state, self.charged_micros, self.held_micros)


def steps_of(number: int) -> tuple[Step, ...]:
    """The commands of the load's call of that number: no two neighbours cost the same."""
    first, second, whole = (seconds + number % 97 for seconds in (300, 700, 1100))

    def update(request_number: int, used: int) -> Step:
        held = price_micros(used + SLICE_SECONDS) - price_micros(used)
        fields = {"request_number": request_number, "used_seconds": used, "slice_seconds": SLICE_SECONDS}
        return Step(name="update", fields=fields, state="started", charged_micros=price_micros(used), held_micros=held)

    held = price_micros(SLICE_SECONDS)
    asked = {"caller": "+40212345678", "callee": "+4930123456", "slice_seconds": SLICE_SECONDS}
    return (
        Step(name="authorise", fields=asked, state="authorised", charged_micros=0, held_micros=held),
        Step(name="start", fields={}, state="started", charged_micros=0, held_micros=held),
        update(1, first),
        update(2, second),
        Step(
            name="end",
            fields={"used_seconds": whole},
            state="ended",
            charged_micros=price_micros(whole),
            held_micros=0,
        ),
    )


@dataclass(slots=True, kw_only=True)
class PlacedCall:
    """One call: its steps, the answers that arrived, and whether the next step was sent and not answered."""

    organization_id: str
    session_id: str
    steps: tuple[Step, ...]
    answers: list[Mapping[str, Any]] = field(default_factory=list)
    is_in_doubt: bool = False

    @property
    def is_over(self) -> bool:
        """Whether every command was answered."""
        return len(self.answers) == len(self.steps)

    def may_stand_as(self, booked: LedgerCall | None) -> bool:
        """Whether books that show the call so have everything that was answered, and nothing that was not asked."""
        done = len(self.answers)
        possible = self.steps[max(done - 1, 0) : done + self.is_in_doubt]
        if booked is None:
            return done == 0
        return any(step.is_what_stands(booked) for step in possible)


@dataclass(slots=True, kw_only=True)
class Load:
    """Callers of several organizations. Each places one call after the other until the load ends."""

    http: httpx.AsyncClient
    token: str
    organization_ids: Sequence[str]
    calls: list[PlacedCall] = field(default_factory=list)
    answers_count: int = 0
    unanswered_count: int = 0
    _may_send: asyncio.Event = field(default_factory=asyncio.Event)
    _in_flight: int = 0
    _ending: bool = False

    async def until_answered(self, count_more: int) -> None:
        """Wait until so many more commands were answered. Raises TimeoutError."""
        enough = self.answers_count + count_more
        async with asyncio.timeout(PROGRESS_SECONDS_MAX):
            while self.answers_count < enough:  # noqa: ASYNC110 - a look at a count, now and then, wakes nobody else
                await asyncio.sleep(0.01)

    def unfinished(self) -> list[PlacedCall]:
        """The calls that a caller is at right now."""
        return [call for call in self.calls if not call.is_over]

    async def pause(self) -> None:
        """Send nothing more for now; returns when nothing is under way."""
        self._may_send.clear()
        while self._in_flight:  # noqa: ASYNC110 - a look at a list wakes nobody
            await asyncio.sleep(0.01)

    def go_on(self) -> None:
        """Send again."""
        self._may_send.set()

    async def ask_again(self, call: PlacedCall) -> list[Mapping[str, Any]]:
        """Every command of the call once more, with the same ids: the answers."""
        return [(await self._post(call, step)).json() for step in call.steps]

    async def place_calls(self, organization_id: str) -> None:
        """One caller: until the load ends."""
        while not self._ending:
            number = len(self.calls)
            call = PlacedCall(organization_id=organization_id, session_id=f"load-{number}", steps=steps_of(number))
            self.calls.append(call)
            for step in call.steps:
                call.answers.append(await self._answer(call, step))
                call.is_in_doubt = False
                self.answers_count += 1

    async def finish(self) -> None:
        """Have every caller bring the call that it is at to its end; returns when all have."""
        self._ending = True
        self.go_on()
        async with asyncio.timeout(PROGRESS_SECONDS_MAX):
            while self.unfinished():  # noqa: ASYNC110 - a look at a list wakes nobody
                await asyncio.sleep(0.01)

    async def _answer(self, call: PlacedCall, step: Step) -> Mapping[str, Any]:
        while True:
            await self._may_send.wait()
            self._in_flight += 1
            try:
                response = await self._post(call, step)
            except httpx.TransportError:
                response = None
            finally:
                self._in_flight -= 1
            if response is not None and response.status_code != BUSY:
                answer: Mapping[str, Any] = response.json()
                assert response.is_success, answer
                assert answer["charged"] == format_micros(step.charged_micros), (step, answer)
                return answer
            call.is_in_doubt = True
            self.unanswered_count += 1
            await asyncio.sleep(REPEAT_SECONDS)

    async def _post(self, call: PlacedCall, step: Step) -> httpx.Response:
        names = {"organization_id": call.organization_id, "session_id": call.session_id}
        return await self.http.post(
            f"/v1/charging/{step.name}",
            json={**names, **step.fields},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=ANSWER_SECONDS_MAX,
        )


@asynccontextmanager
async def running_load(
    charging_url: str, token: str, organization_ids: Sequence[str], *, callers_each: int = 4
) -> AsyncIterator[Load]:
    """The load, for as long as the block lasts; on leaving, every call is brought to its end."""
    async with httpx.AsyncClient(base_url=charging_url) as http:
        load = Load(http=http, token=token, organization_ids=organization_ids)
        async with asyncio.TaskGroup() as callers:
            for organization_id in organization_ids:
                for _ in range(callers_each):
                    callers.create_task(load.place_calls(organization_id))
            load.go_on()
            yield load
            await load.finish()
