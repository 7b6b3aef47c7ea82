"""Days belong to a place: they follow one another without a gap, and are as long as its clocks make them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.calendar import bounds_of, day_of, hour_of, last_days, month_of, parse_instant

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


@pytest.mark.parametrize(
    ("text", "zone", "hour"),
    [
        ("2026-11-22T21:59:59Z", "Europe/Bucharest", "2026-11-22T23"),
        ("2026-11-22T22:00:00Z", "Europe/Bucharest", "2026-11-23T00"),
        ("2026-11-22T18:29:59Z", "Asia/Kathmandu", "2026-11-23T00"),
        ("2026-12-31T10:00:00Z", "Pacific/Kiritimati", "2027-01-01T00"),
        # The hour from three to four comes twice when clocks go back, and is one.
        ("2026-10-25T00:30:00Z", "Europe/Bucharest", "2026-10-25T03"),
        ("2026-10-25T01:30:00Z", "Europe/Bucharest", "2026-10-25T03"),
        ("2026-03-29T00:59:59Z", "Europe/Bucharest", "2026-03-29T02"),
        ("2026-03-29T01:00:00Z", "Europe/Bucharest", "2026-03-29T04"),
    ],
)
def test_a_day_and_its_hours_begin_by_the_clocks_of_their_place(text: str, zone: str, hour: str) -> None:
    instant = parse_instant(text)
    assert hour_of(instant, zone) == hour
    assert day_of(instant, zone) == hour[:10]


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)).map(lambda instant: instant.replace(tzinfo=UTC)),  # noqa: DTZ001 - Hypothesis draws from naive bounds
    st.sampled_from(ZONES),
    st.sampled_from([month_of, day_of, hour_of]),
)
def test_a_period_reaches_from_its_first_instant_to_the_first_of_another(
    instant: datetime, zone: str, period_of: Callable[[datetime, str], str]
) -> None:
    period = period_of(instant, zone)
    begins, ends = bounds_of(period, zone)

    assert begins <= instant < ends
    assert period_of(begins, zone) == period_of(ends - timedelta(microseconds=1), zone) == period
    assert period_of(ends, zone) != period
    assert period_of(begins - timedelta(microseconds=1), zone) != period


@pytest.mark.parametrize(
    ("period", "begins", "ends"),
    [
        ("2026-12", "2026-11-30T22:00:00Z", "2026-12-31T22:00:00Z"),
        ("2026-10-25", "2026-10-24T21:00:00Z", "2026-10-25T22:00:00Z"),
        ("2026-10-25T03", "2026-10-25T00:00:00Z", "2026-10-25T02:00:00Z"),
        ("2026-03-29T02", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
    ],
)
def test_periods_in_bucharest_end_when_its_clocks_say_so(period: str, begins: str, ends: str) -> None:
    """In October the hour from 03:00 comes twice; in March the one from 03:00 does not come at all."""
    assert bounds_of(period, "Europe/Bucharest") == (parse_instant(begins), parse_instant(ends))
