"""Days belong to a place: they follow one another without a gap, and are as long as its clocks make them."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.calendar import last_days

ZONES = [
    "UTC",
    "Europe/Bucharest",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Asia/Kathmandu",
    "Asia/Beirut",
    "Africa/Cairo",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(lambda instant: instant.replace(tzinfo=UTC)),  # noqa: DTZ001 - Hypothesis draws from naive bounds
    st.sampled_from(ZONES),
    st.integers(1, 40),
)
def test_days_follow_one_another_without_gap_and_now_is_in_the_last(now: datetime, zone: str, count: int) -> None:
    days, bounds = last_days(now, zone, count)

    assert len(days) == count
    assert len(bounds) == count + 1
    assert list(bounds) == sorted(bounds)
    assert bounds[-2] <= now < bounds[-1]
    assert days[-1] == now.astimezone(ZoneInfo(zone)).date()
    for day, (begins, ends) in zip(days, pairwise(bounds), strict=True):
        if begins < ends:
            assert begins.astimezone(ZoneInfo(zone)).date() == day
            assert (ends - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() == day


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Bucharest", datetime(2026, 3, 29, 12, tzinfo=UTC), 23),
        ("Europe/Bucharest", datetime(2026, 10, 25, 12, tzinfo=UTC), 25),
        ("Europe/Bucharest", datetime(2026, 11, 22, 12, tzinfo=UTC), 24),
        # Here the clock jumps at midnight, so the day begins at one.
        ("Africa/Cairo", datetime(2026, 4, 24, 12, tzinfo=UTC), 23),
        ("America/Havana", datetime(2026, 11, 1, 12, tzinfo=UTC), 25),
    ],
)
def test_a_day_is_as_long_as_its_clocks_make_it(zone: str, day: datetime, hours: int) -> None:
    _days, bounds = last_days(day, zone, 1)
    assert bounds[1] - bounds[0] == timedelta(hours=hours)
