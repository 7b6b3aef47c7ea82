"""A band is in force when the clock on the wall of its zone says so, also in the nights in which clocks are changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.bands import band_stretches
from commcredits.core.tariffs import BandPrice, PriceShape, Window
from tests.core.shapes import banded_shapes, instants, minute_price, shaped, window

DEAR, CHEAP = 600_000, 60_000
HOUR = 3_600
BUCHAREST = "Europe/Bucharest"
FORWARD, BACK = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
"""In Bucharest 03:00 becomes 04:00, and 04:00 becomes 03:00."""


def cheap_seconds(
    time_zone: str, opening: Window, began_at: datetime, duration_seconds: int = 24 * HOUR
) -> list[tuple[int, int]]:
    """From when to when a call that begins then is cheap, in seconds from its beginning; neighbours as one."""
    shape = PriceShape(
        time_zone=time_zone, bands=(BandPrice(band="cheap", windows=(opening,), price_per_minute_micros=CHEAP),)
    )
    found: list[tuple[int, int]] = []
    for stretch in band_stretches(shape, DEAR, began_at, duration_seconds):
        assert (stretch.price_per_minute_micros == CHEAP) == (stretch.band == "cheap")
        if stretch.band:
            if found and found[-1][1] == stretch.begins_second:
                found[-1] = (found[-1][0], stretch.ends_second)
            else:
                found.append((stretch.begins_second, stretch.ends_second))
    return found


def test_a_band_begins_and_ends_with_the_minute_on_the_wall() -> None:
    began = datetime(2026, 1, 15, 22, tzinfo=UTC)  # midnight in Bucharest
    assert cheap_seconds(BUCHAREST, window("08:00", "20:00"), began) == [(8 * HOUR, 20 * HOUR)]
    assert cheap_seconds("UTC", window("08:00", "20:00"), began) == [(10 * HOUR, 22 * HOUR)]
    assert cheap_seconds(BUCHAREST, window("00:00", "24:00"), began) == [(0, 24 * HOUR)]


def test_in_summer_the_same_minute_on_the_wall_is_an_hour_earlier() -> None:
    began = datetime(2026, 7, 15, 21, tzinfo=UTC)  # midnight in Bucharest
    assert cheap_seconds(BUCHAREST, window("08:00", "20:00"), began) == [(8 * HOUR, 20 * HOUR)]


@pytest.mark.parametrize(
    ("opening", "cheap"),
    [
        # The wall shows 02:59 and then 04:00: the hour between has no instants, and costs nobody anything.
        (window("03:00", "04:00"), []),
        (window("03:15", "03:45"), []),
        (window("02:00", "03:00"), [(2 * HOUR, 3 * HOUR)]),
        (window("02:30", "03:30"), [(2 * HOUR + 1_800, 3 * HOUR)]),
        (window("03:30", "04:30"), [(3 * HOUR, 3 * HOUR + 1_800)]),
        (window("02:30", "04:30"), [(2 * HOUR + 1_800, 3 * HOUR + 1_800)]),
        (window("04:00", "05:00"), [(3 * HOUR, 4 * HOUR)]),
        (window("00:00", "24:00"), [(0, 23 * HOUR)]),
    ],
)
def test_when_clocks_go_forward_a_boundary_that_does_not_exist_is_the_jump(
    opening: Window, cheap: list[tuple[int, int]]
) -> None:
    assert cheap_seconds(BUCHAREST, opening, FORWARD - timedelta(hours=3), 23 * HOUR) == cheap


@pytest.mark.parametrize(
    ("opening", "cheap"),
    [
        # The wall shows 03:00 to 04:00 twice.
        (window("03:00", "04:00"), [(3 * HOUR, 5 * HOUR)]),
        (window("03:15", "03:45"), [(3 * HOUR + 900, 3 * HOUR + 2_700), (4 * HOUR + 900, 4 * HOUR + 2_700)]),
        (window("02:00", "03:00"), [(2 * HOUR, 3 * HOUR)]),
        (window("02:30", "03:30"), [(2 * HOUR + 1_800, 3 * HOUR + 1_800), (4 * HOUR, 4 * HOUR + 1_800)]),
        (window("03:30", "04:30"), [(3 * HOUR + 1_800, 4 * HOUR), (4 * HOUR + 1_800, 5 * HOUR + 1_800)]),
        (window("04:00", "05:00"), [(5 * HOUR, 6 * HOUR)]),
        (window("00:00", "24:00"), [(0, 25 * HOUR)]),
    ],
)
def test_when_clocks_go_back_the_hour_that_comes_twice_counts_twice(
    opening: Window, cheap: list[tuple[int, int]]
) -> None:
    assert cheap_seconds(BUCHAREST, opening, BACK - timedelta(hours=4), 25 * HOUR) == cheap


def test_a_call_that_begins_in_the_second_pass_of_an_hour_is_priced_by_what_the_wall_shows_then() -> None:
    assert cheap_seconds(BUCHAREST, window("03:30", "04:30"), BACK, HOUR) == [(1_800, HOUR)]
    assert cheap_seconds(BUCHAREST, window("03:30", "04:30"), BACK - timedelta(minutes=30), HOUR) == [(0, 1_800)]


@pytest.mark.parametrize(
    ("time_zone", "changed_at", "opening", "cheap"),
    [
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC), window("01:30", "03:30"), [(1_800, HOUR + 1_800)]),
        (
            "America/New_York",
            datetime(2026, 11, 1, 6, tzinfo=UTC),
            window("01:30", "02:30"),
            [(1_800, HOUR), (HOUR + 1_800, 2 * HOUR + 1_800)],
        ),
        # Half an hour only: 02:00 becomes 02:30, and 02:00 becomes 01:30.
        (
            "Australia/Lord_Howe",
            datetime(2026, 10, 3, 15, 30, tzinfo=UTC),
            window("01:45", "02:45"),
            [(2_700, HOUR + 900)],
        ),
        (
            "Australia/Lord_Howe",
            datetime(2026, 4, 4, 15, tzinfo=UTC),
            window("01:45", "02:15"),
            [(2_700, HOUR), (HOUR + 900, HOUR + 2_700)],
        ),
    ],
)
def test_clocks_change_elsewhere_at_other_hours_and_by_other_amounts(
    time_zone: str, changed_at: datetime, opening: Window, cheap: list[tuple[int, int]]
) -> None:
    assert cheap_seconds(time_zone, opening, changed_at - timedelta(hours=1), 4 * HOUR) == cheap


def test_a_band_of_working_days_pauses_over_the_weekend() -> None:
    friday = datetime(2026, 11, 20, 23, tzinfo=UTC)
    working = window("00:00", "24:00", (0, 1, 2, 3, 4))
    assert cheap_seconds("UTC", working, friday, 72 * HOUR) == [(0, HOUR), (49 * HOUR, 72 * HOUR)]


@pytest.mark.parametrize(
    ("opening", "cheap"),
    [
        (window("08:00", "20:00"), []),
        (window("08:00", "20:00", holidays=True), [(8 * HOUR, 20 * HOUR)]),
        (window("08:00", "20:00", (), holidays=True), [(8 * HOUR, 20 * HOUR)]),
    ],
)
def test_on_a_holiday_only_windows_for_holidays_are_in_force(opening: Window, cheap: list[tuple[int, int]]) -> None:
    shape = PriceShape(
        time_zone=BUCHAREST,
        holidays=("2026-12-25",),
        bands=(BandPrice(band="cheap", windows=(opening,), price_per_minute_micros=CHEAP),),
    )
    began = datetime(2026, 12, 24, 22, tzinfo=UTC)
    stretches = band_stretches(shape, DEAR, began, 24 * HOUR)
    assert [(each.begins_second, each.ends_second) for each in stretches if each.band] == cheap


def test_a_window_for_holidays_alone_is_not_in_force_on_any_other_day() -> None:
    assert cheap_seconds("UTC", window("00:00", "24:00", (), holidays=True), BACK) == []


def test_the_first_of_two_bands_that_are_in_force_counts() -> None:
    shape = PriceShape(
        bands=(
            BandPrice(band="lunch", windows=(window("12:00", "13:00"),), price_per_minute_micros=1),
            BandPrice(band="day", windows=(window("08:00", "20:00"),), price_per_minute_micros=2),
        )
    )
    stretches = band_stretches(shape, 3, datetime(2026, 11, 22, 11, tzinfo=UTC), 3 * HOUR)
    assert [(each.band, each.begins_second) for each in stretches] == [("day", 0), ("lunch", HOUR), ("day", 2 * HOUR)]


def test_a_second_that_begins_before_the_boundary_belongs_to_the_band_before() -> None:
    began = datetime(2026, 11, 22, 7, 59, 58, 500_000, tzinfo=UTC)
    assert cheap_seconds("UTC", window("08:00", "09:00"), began, 10) == [(2, 10)]
    assert cheap_seconds("UTC", window("08:00", "09:00"), began - timedelta(microseconds=500_000), 10) == [(2, 10)]
    assert cheap_seconds("UTC", window("08:00", "09:00"), began - timedelta(microseconds=500_001), 10) == [(3, 10)]


@given(banded_shapes, instants, st.integers(1, 40_000))
def test_at_every_second_the_band_in_force_is_the_one_that_the_wall_shows(
    shape: PriceShape, began_at: datetime, duration_seconds: int
) -> None:
    stretches = list(band_stretches(shape, DEAR, began_at, duration_seconds))

    # In order, without a gap, as long as the call.
    assert [each.ends_second for each in stretches] == [
        *(each.begins_second for each in stretches[1:]),
        duration_seconds,
    ]
    assert stretches[0].begins_second == 0
    for each in stretches:
        assert each.begins_second < each.ends_second
        for second in {each.begins_second, (each.begins_second + each.ends_second) // 2, each.ends_second - 1}:
            assert each.price_per_minute_micros == minute_price(shaped(shape, price_micros=DEAR), second, began_at)


@given(st.sampled_from(sorted(available_timezones())), st.integers(0, 366 * 24 * 6))
def test_in_every_zone_midnight_is_where_the_wall_shows_another_date(time_zone: str, tens_of_minutes: int) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=10 * tens_of_minutes)
    opening = window("00:00", "24:00", (0, 2, 4))
    for begins, ends in cheap_seconds(time_zone, opening, began, 48 * HOUR):
        for second, inside in ((begins, True), (ends - 1, True), (begins - 1, False), (ends, False)):
            if 0 <= second < 48 * HOUR:
                wall = (began + timedelta(seconds=second)).astimezone(ZoneInfo(time_zone))
                assert (wall.weekday() in opening.weekdays) is inside
