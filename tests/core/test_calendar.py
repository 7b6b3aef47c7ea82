"""Calendar: instants are UTC, months belong to a place, and a year later is the same day, or the day before."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commcredits.core.calendar import is_time_zone, month_of, parse_instant, twelve_months_after

MICROSECOND = timedelta(microseconds=1)

ZONES = [
    "UTC",
    "Europe/Bucharest",
    "Europe/Berlin",
    "America/New_York",
    "America/Havana",
    "America/Asuncion",
    "America/St_Johns",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Pacific/Pago_Pago",
]

instants = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-22", datetime(2026, 11, 22, tzinfo=UTC)),
        ("2026-11-22T12:30:00Z", datetime(2026, 11, 22, 12, 30, tzinfo=UTC)),
        ("2026-11-22t12:30:00z", datetime(2026, 11, 22, 12, 30, tzinfo=UTC)),
        ("2026-11-22 12:30:00+02:00", datetime(2026, 11, 22, 10, 30, tzinfo=UTC)),
        ("2026-11-22T00:00:00+02:00", datetime(2026, 11, 21, 22, tzinfo=UTC)),
        ("2026-11-22T12:30:00.5-05:00", datetime(2026, 11, 22, 17, 30, 0, 500_000, tzinfo=UTC)),
        ("2024-02-29T00:00:00.123456789Z", datetime(2024, 2, 29, 0, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_as_utc(text: str, instant: datetime) -> None:
    read = parse_instant(text)
    assert read == instant
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    [
        "", "now", "2026", "2026-11", "20261122", "2026-W47-7", "2026W47T12", "2026-326", "22.11.2026", "11/22/2026",
        "2026-02-29", "2026-13-01", "2026-00-10", "0000-01-01", "2026-11-31", "10000-01-01", "-2026-11-22",
        "2026-11-22T12:30Z", "2026-11-22T12Z", "2026-11-22T25:00:00Z", "2026-11-22T12:60:00Z",
        "2026-11-22T12:30:00+99:00", "2026-11-22T12:30:00 Z", "2026-11-22x12:30:00Z", "2026-11-22Z", "2026-11-22+02:00",
        "2026-11-22T12:30:00,5Z", " 2026-11-22", "2026-11-22\n", "２０２６-11-22", "1764331200",
        "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-01:00",
    ],
)  # fmt: skip
def test_what_is_not_an_instant_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="is not a date or an RFC 3339 time"):
        parse_instant(text)


def test_a_time_without_an_offset_is_refused_because_nobody_knows_when_it_is() -> None:
    with pytest.raises(ValueError, match="no offset from UTC"):
        parse_instant("2026-11-22T12:30:00")


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert parse_instant(text).tzinfo is UTC


@given(instants)
def test_an_instant_that_was_written_reads_back_the_same(instant: datetime) -> None:
    assert parse_instant(instant.isoformat().replace("+00:00", "Z")) == instant
    assert parse_instant(instant.isoformat()) == instant


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Bucharest",
        "europe/bucharest",
        "Europe/../UTC",
        "/etc/passwd",
        "UTC+2",
        "\x00",
        "x" * 5_000,
        "localtime",
        "Factory",
    ],
)
def test_a_made_up_place_is_not_a_time_zone(name: str) -> None:
    assert not is_time_zone(name)


@pytest.mark.parametrize("name", ZONES)
def test_a_place_is_a_time_zone(name: str) -> None:
    assert is_time_zone(name)


@pytest.mark.parametrize(
    ("text", "zone", "month"),
    [
        ("2026-11-30T21:59:59Z", "Europe/Bucharest", "2026-11"),
        ("2026-11-30T22:00:00Z", "Europe/Bucharest", "2026-12"),
        ("2026-12-31T22:00:00Z", "Europe/Bucharest", "2027-01"),
        ("2026-06-30T20:59:59Z", "Europe/Bucharest", "2026-06"),
        ("2026-06-30T21:00:00Z", "Europe/Bucharest", "2026-07"),
        ("2026-12-01T04:59:59Z", "America/New_York", "2026-11"),
        ("2026-12-01T05:00:00Z", "America/New_York", "2026-12"),
        ("2026-12-31T10:00:00Z", "Pacific/Kiritimati", "2027-01"),
        ("2026-12-31T18:29:59Z", "Asia/Kolkata", "2026-12"),
        ("2026-12-31T18:30:00Z", "Asia/Kolkata", "2027-01"),
    ],
)
def test_a_month_begins_at_midnight_of_its_own_place(text: str, zone: str, month: str) -> None:
    assert month_of(parse_instant(text), zone) == month


@pytest.mark.parametrize(
    ("bought", "expires"),
    [
        ("2026-11-22T12:30:00.000001Z", "2027-11-22T12:30:00.000001Z"),
        ("2024-02-29T23:59:59Z", "2025-02-28T23:59:59Z"),
        ("2023-02-28T12:00:00Z", "2024-02-28T12:00:00Z"),
        ("2027-03-01T00:00:00Z", "2028-03-01T00:00:00Z"),
    ],
)
def test_funds_expire_on_the_same_day_a_year_later_and_leap_days_a_day_before(bought: str, expires: str) -> None:
    assert twelve_months_after(parse_instant(bought)) == parse_instant(expires)


@given(instants, instants)
def test_what_is_bought_later_never_expires_earlier(one: datetime, other: datetime) -> None:
    earlier, later = sorted((one, other))
    if not (earlier.month == 2 and earlier.day in {28, 29}):
        assert twelve_months_after(earlier) <= twelve_months_after(later)
    assert twelve_months_after(earlier) - earlier >= timedelta(days=365)
