"""Differences become the whole: whatever is repeated, overtaken or lost, nothing is counted twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from commcredits.edges.diameter.credit_control.counting import USED_SECONDS_MAX, UsedSeconds

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def after(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def test_reports_add_up() -> None:
    used = UsedSeconds()
    assert [used.report(1, 50, NOON), used.report(2, 47, NOON), used.report(3, 0, NOON)] == [50, 97, 97]


def test_a_number_that_came_before_is_what_it_was_then() -> None:
    used = UsedSeconds()
    used.report(1, 50, NOON)
    used.report(2, 40, NOON)
    assert used.report(1, 50, NOON) == 50
    assert used.seconds == 90


def test_a_report_that_was_overtaken_is_counted_once() -> None:
    used = UsedSeconds()
    used.report(2, 40, NOON)
    assert used.report(1, 50, NOON) == 90
    assert used.report(1, 50, NOON) == 90
    assert used.report(3, 10, NOON) == 100


def test_a_missing_report_is_made_up_for_by_the_clock() -> None:
    used = UsedSeconds()
    used.report(1, 60, after(60))
    # The second, of another 60, never came.
    assert used.report(3, 60, after(180), gap=True) == 180


def test_what_was_made_up_is_taken_back_when_the_report_comes_after_all() -> None:
    used = UsedSeconds()
    used.report(1, 60, after(60))
    used.report(3, 60, after(180), gap=True)
    assert used.report(2, 60, after(181)) == 180
    assert used.report(4, 60, after(240)) == 240


def test_nothing_is_made_up_before_it_is_known_when_the_call_was_answered() -> None:
    used = UsedSeconds()
    assert used.report(5, 60, after(600), gap=True) == 60


def test_a_client_that_told_more_than_the_clock_is_not_charged_less_for_a_gap() -> None:
    used = UsedSeconds()
    used.report(1, 60, after(60))
    assert used.report(3, 60, after(70), gap=True) == 120


def test_after_a_restart_the_last_reports_are_known() -> None:
    used = UsedSeconds({4: 200, 5: 260}, NOON)
    assert used.report(5, 60, after(300)) == 260
    assert used.report(4, 50, after(300)) == 200
    assert used.report(3, 50, after(300)) == 260
    assert used.report(6, 40, after(300)) == 300


def test_seconds_have_an_end() -> None:
    used = UsedSeconds()
    for number in range(1, 200):
        used.report(number, 2**32 - 1, NOON)
    assert used.seconds == USED_SECONDS_MAX


@given(
    st.lists(st.integers(0, 4_000), min_size=1, max_size=6),
    st.randoms(use_true_random=False),
    st.integers(0, 3),
)
def test_any_order_and_any_repetition_of_a_few_reports_come_to_their_sum(
    told: list[int], random: object, repeated: int
) -> None:
    numbered = list(enumerate(told, start=1))
    heard = numbered[-4:]
    shuffled = [*heard, *heard[:repeated]]
    random.shuffle(shuffled)  # type: ignore[attr-defined] # Hypothesis gives it without types
    used = UsedSeconds()
    for number, seconds in numbered[:-4]:
        used.report(number, seconds, NOON)
    for number, seconds in shuffled:
        used.report(number, seconds, NOON)
    assert used.seconds == sum(told)
