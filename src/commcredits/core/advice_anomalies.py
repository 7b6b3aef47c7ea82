"""Days, people and countries that cost far more than is usual for them.

Knows what is usual: the same organization, person or country on the eight weeks before, its days of the week, and how
they scatter. Refuses to call unusual what is merely large for someone small: an excess must also matter beside what the
organization spends in a day. How often it cries wolf is bounded by that, and by asking for more than was ever seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from msgspec import Struct

from commcredits.core.advice_pace import weekday_shares
from commcredits.core.advice_series import ONE, DayOfSpend, quantile

BASELINE_DAYS: Final = 56
BASELINE_DAYS_MIN: Final = 21
LOOKED_AT_DAYS: Final = 7
"""How many days back something is still told."""

FOUND_MAX: Final = 20

_DEVIATIONS: Final = 6
"""How many robust standard deviations above the median, at least."""

_MAD_TO_DEVIATION: Final = 1_482_602
_BEYOND_SEEN_DAY: Final = 1_500_000
_BEYOND_SEEN_SUBJECT: Final = 2_000_000
"""How much more than the most that was seen before, as a share."""

_MATTERS: Final = 250_000
"""From which share of an average day of the organization an excess matters."""

_MATTERS_DAY: Final = 1_500_000
"""The same, for a whole day of the organization's own."""

_FEW_DAYS: Final = 5
"""Whoever spent on fewer days than these has no usual of their own: what is usual for all stands in."""

_HIGH: Final = 990_000


class AnomalyKind(StrEnum):
    """What was unusual. Stable: edges have a sentence for each."""

    DAY = "day"
    USER = "user"
    DESTINATION = "destination"


class SubjectDay(Struct, frozen=True, kw_only=True, gc=False):
    """What one person's calls, or those to one country, came to on a day."""

    subject: str
    day: date
    charged_micros: int
    calls: int


class Anomaly(Struct, frozen=True, kw_only=True, gc=False):
    """Something unusual. ``usual_micros`` is what such a day costs; ``times`` how many times that, in millionths.

    ``times`` is 0 where nothing at all is usual. ``subject`` is a person's id, or a country's code; empty for a day.
    ``most_micros`` is the most that was seen in the eight weeks before.
    """

    kind: AnomalyKind
    subject: str
    day: date
    charged_micros: int
    usual_micros: int
    most_micros: int
    times: int
    calls: int


def unusual_days(days: Sequence[DayOfSpend], *, looked_at: int = LOOKED_AT_DAYS) -> tuple[Anomaly, ...]:
    """Days among the last ``looked_at`` that cost far more than such days do; ``days`` are unbroken."""
    found = []
    for place in range(max(BASELINE_DAYS_MIN, len(days) - looked_at), len(days)):
        before, day = days[max(0, place - BASELINE_DAYS) : place], days[place]
        anomaly = _unusual_day(before, day)
        if anomaly is not None:
            found.append(anomaly)
    return tuple(found)


def unusual_subjects(
    kind: AnomalyKind, spent: Sequence[SubjectDay], days: Sequence[DayOfSpend], *, looked_at: int = LOOKED_AT_DAYS
) -> tuple[Anomaly, ...]:
    """People or countries that cost far more on one of the last days than they ever do, the largest excess first.

    ``spent`` has the days with a charge alone, of the last eight weeks and those looked at; ``days`` are the
    organization's, unbroken.
    """
    if len(days) < BASELINE_DAYS_MIN + 1:
        return ()
    last = days[-1].day
    average = max(1, sum(day.charged_micros for day in days[-BASELINE_DAYS:]) // len(days[-BASELINE_DAYS:]))
    of_all = quantile([each.charged_micros for each in spent if (last - each.day).days >= looked_at], _HIGH)
    by_subject: dict[str, list[SubjectDay]] = {}
    for each in spent:
        by_subject.setdefault(each.subject, []).append(each)
    found = []
    for own in by_subject.values():
        for each in own:
            if (last - each.day).days >= looked_at or each.day > last:
                continue
            anomaly = _unusual_subject(kind, each, own, average, of_all)
            if anomaly is not None:
                found.append(anomaly)
    found.sort(key=lambda each: (each.usual_micros - each.charged_micros, each.subject, each.day))
    return tuple(found[:FOUND_MAX])


def _unusual_day(before: Sequence[DayOfSpend], day: DayOfSpend) -> Anomaly | None:
    shares = weekday_shares(before)
    share = max(shares[day.day.weekday()], ONE // 20)
    # As if all had been the same day of the week.
    like = [each.charged_micros * share // max(shares[each.day.weekday()], ONE // 20) for each in before]
    middle = quantile(like, ONE // 2)
    scatter = quantile([abs(each - middle) for each in like], ONE // 2) * _MAD_TO_DEVIATION // ONE
    average = sum(each.charged_micros for each in before) // len(before)
    same = (each.charged_micros for each in before if each.day.weekday() == day.day.weekday())
    most = max(*like, *same)
    excess = day.charged_micros - middle
    if (
        excess <= _DEVIATIONS * scatter
        or day.charged_micros * ONE <= most * _BEYOND_SEEN_DAY
        or excess * ONE <= average * _MATTERS_DAY
        or not average
    ):
        return None
    return Anomaly(
        kind=AnomalyKind.DAY,
        subject="",
        day=day.day,
        charged_micros=day.charged_micros,
        usual_micros=middle,
        most_micros=most,
        times=day.charged_micros * ONE // middle if middle else 0,
        calls=day.calls,
    )


def _unusual_subject(
    kind: AnomalyKind, each: SubjectDay, own: Sequence[SubjectDay], average: int, of_all: int
) -> Anomaly | None:
    begins = each.day - timedelta(days=BASELINE_DAYS)
    before = [other.charged_micros for other in own if begins <= other.day < each.day]
    most = max(before, default=0)
    usual = quantile(before, ONE // 2)
    beyond = max(most, of_all if len(before) < _FEW_DAYS else 0)
    if each.charged_micros * ONE <= beyond * _BEYOND_SEEN_SUBJECT:
        return None
    if (each.charged_micros - most) * ONE <= average * _MATTERS:
        return None
    return Anomaly(
        kind=kind,
        subject=each.subject,
        day=each.day,
        charged_micros=each.charged_micros,
        usual_micros=usual,
        most_micros=most,
        times=each.charged_micros * ONE // usual if usual else 0,
        calls=each.calls,
    )


def by_excess(anomalies: Mapping[AnomalyKind, Sequence[Anomaly]]) -> tuple[Anomaly, ...]:
    """All that was found, newest day first, the largest excess of a day first; at most FOUND_MAX."""
    every = [each for kind in AnomalyKind for each in anomalies.get(kind, ())]
    every.sort(key=lambda each: (-each.day.toordinal(), each.usual_micros - each.charged_micros, each.subject))
    return tuple(every[:FOUND_MAX])
