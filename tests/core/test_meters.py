"""Meters count what calls hold and use, whoever ends first; what is forgotten once is no more than was held then."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.meters import Meter, MeterPart, forget, left_of, move

LIMIT = 100
steps = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["hold", "use", "end"]), st.integers(0, 40)), max_size=60)


class Calls:
    """Calls that share one meter under a limit, as charging moves them."""

    def __init__(self) -> None:
        self.meter = Meter(key="velocity:user:1", period="2026-11-22T20")
        self.parts: dict[int, MeterPart] = {}
        self.begun_after: dict[int, bool] = {}
        self.over: list[tuple[bool, int]] = []
        self.forgot = False

    def step(self, call: int, what: str, amount: int) -> None:
        part = self.parts.get(call)
        if part is None:
            part = MeterPart(key=self.meter.key, period=self.meter.period)
            self.begun_after[call] = self.forgot
        if what == "hold":
            self._move(call, part, held=part.held + min(amount, left_of(self.meter, LIMIT)), used=part.used)
        elif what == "use":
            taken = min(amount, part.held)
            self._move(call, part, held=part.held - taken, used=part.used + taken)
        elif call in self.parts:
            taken = min(amount, part.held)
            self._move(call, part, held=0, used=part.used + taken)
            self.over.append((self.begun_after[call], self.parts.pop(call).used))

    def forget(self) -> None:
        self.meter = forget(self.meter)
        self.forgot = True

    def finish(self) -> None:
        for call in sorted(self.parts):
            self.step(call, "end", 20)

    def _move(self, call: int, part: MeterPart, *, held: int, used: int) -> None:
        self.meter, self.parts[call] = move(self.meter, part, held=held, used=used)
        assert self.meter.held == sum(each.held for each in self.parts.values())
        assert self.meter.used + self.meter.held >= 0


@given(steps)
def test_a_meter_counts_exactly_what_calls_used(before: list[tuple[int, str, int]]) -> None:
    calls = Calls()
    for step in before:
        calls.step(*step)
        assert calls.meter.used + calls.meter.held <= LIMIT
    calls.finish()
    assert (calls.meter.used, calls.meter.held) == (sum(used for _after, used in calls.over), 0)


@given(steps, steps)
def test_a_meter_that_forgot_has_its_whole_limit_left_and_misses_no_more_than_calls_held_then(
    before: list[tuple[int, str, int]], after: list[tuple[int, str, int]]
) -> None:
    calls = Calls()
    for step in before:
        calls.step(*step)
    held = calls.meter.held
    calls.forget()
    assert left_of(calls.meter, LIMIT) == LIMIT
    for step in after:
        calls.step(*step)
        assert calls.meter.used + calls.meter.held <= LIMIT
    calls.finish()
    counted = calls.meter.used
    assert sum(used for begun_after, used in calls.over if begun_after) - held <= counted
    assert counted <= sum(used for _after, used in calls.over)


def test_what_a_call_used_can_be_corrected_after_it_was_forgotten() -> None:
    meter, part = move(Meter(key="a", period=""), MeterPart(key="a", period=""), held=0, used=10)
    corrected, _part = move(forget(meter), part, held=0, used=3)
    assert (corrected.used, corrected.held) == (0, 0)


@pytest.mark.parametrize(("held", "used"), [(-1, 0), (0, -1)])
def test_a_share_below_zero_is_a_bug(held: int, used: int) -> None:
    with pytest.raises(ValueError, match="meter a of ever"):
        move(Meter(key="a", period=""), MeterPart(key="a", period=""), held=held, used=used)
