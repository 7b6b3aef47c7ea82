"""Calls of earlier use up exactly the minutes asked for, this month, and are over."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from commcredits.core.calendar import month_of
from commcredits.core.money import divide_up
from commcredits.edges.demo.history import CALL_SECONDS, PastCall, past_calls
from commcredits.edges.demo.samples import SampleHistory

ZONE = "Europe/Bucharest"
MONTH_BEGINS = datetime(2026, 11, 1, tzinfo=ZoneInfo(ZONE)).astimezone(UTC)


def _calls(now: datetime, minutes: int = 114) -> list[PastCall]:
    history = SampleHistory(caller="+40211234501", callee="+40211234567", minutes=minutes)
    return list(past_calls(history, ZONE, now))


@pytest.mark.parametrize("minutes", [1, 25, 26, 114, 120])
@pytest.mark.parametrize("seconds", [6, 59, 66, 600, 3_000, 20_000, 2_000_000])
def test_calls_use_up_the_minutes_within_the_month_however_young_it_is(seconds: int, minutes: int) -> None:
    now = MONTH_BEGINS + timedelta(seconds=seconds)
    calls = _calls(now, minutes)

    assert sum(divide_up(call.duration_seconds, 60) for call in calls) == minutes
    for call in calls:
        assert month_of(call.started_at, ZONE) == "2026-11"
        assert call.started_at + timedelta(seconds=call.duration_seconds) < now


def test_where_there_is_time_one_call_follows_the_other() -> None:
    newest, *earlier = _calls(MONTH_BEGINS + timedelta(days=3))

    assert [call.duration_seconds for call in (newest, *earlier)] == [CALL_SECONDS] * 4 + [14 * 60]
    for call in earlier:
        assert call.started_at + timedelta(seconds=call.duration_seconds) == newest.started_at
        newest = call
