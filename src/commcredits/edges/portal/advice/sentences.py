"""Why something is advised or unusual, in words with the numbers it rests on.

Knows sentences. Refuses to reckon.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Final

from babel.dates import format_timedelta, get_day_names

from commcredits.core.advice_anomalies import Anomaly, AnomalyKind
from commcredits.core.advice_recharge import RechargeAdvice
from commcredits.core.advice_series import ONE
from commcredits.edges.portal.formatting import Formats
from commcredits.edges.portal.home.sentences import chosen_risk, rounded_share
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked
from commcredits.operations.advice import Advice, NamedAnomaly

ANOMALIES: Final[Mapping[AnomalyKind, str]] = {
    AnomalyKind.DAY: marked("The whole day"),
    AnomalyKind.USER: marked("One user"),
    AnomalyKind.DESTINATION: marked("One country"),
}
"""What was unusual, by kind."""

_TIMES_DAY: Final = marked("%(times)s times what is usual for a day like this (%(weekday)s).")
_NEVER_DAY: Final = marked("On such a day (%(weekday)s) nothing is usually spent.")
_TIMES: Final = marked("%(times)s times what is usual; the most in the eight weeks before was %(most)s a day.")
_NEVER: Final = marked("Nothing at all was spent so in the eight weeks before.")

_MONTH: Final = marked(
    "The next thirty days are likely to cost some %(month)s (at most %(high)s in nine cases of ten)."
)
_COUNT: Final = marked("Recharges of %(amount)s then come about %(count)s times a month.")
_DELAY_OWN: Final = marked(
    "Of your own %(count)s recharges and the experience of all, %(share)s land within five minutes."
)
_DELAY_ALL: Final = marked(
    "There were too few recharges of your own to go by; by the experience of all, %(share)s land within five minutes."
)
_LATE: Final = marked("After a decline it takes up to %(delay)s or longer; that is %(share)s of them.")
_MOST: Final = marked("While a recharge was on its way that long, calls would have cost up to %(most)s.")
_DAYS: Final = marked("This rests on %(days)s of your own calls.")
_CAP: Final = marked("The monthly cap of %(cap)s leaves room for a dear month, and bounds what fraud could cost.")
_NOT_KEPT: Final = marked("No trigger that can be advised keeps the risk to what is wanted; this is the safest one.")
_EXPIRES: Final = marked("At this pace one such recharge lasts about %(days)s; funds expire after twelve months.")

_LATE_SECONDS: Final = 3_600
_LONG_DAYS: Final = 180
_MANY_DAYS: Final = 3


def reasons(page: Page, advice: RechargeAdvice, currency: str) -> tuple[str, ...]:
    """Why these amounts, each sentence with its numbers."""
    fmt, say = page.speech.formats, page.speech.say
    moments = sum(delay.share for delay in advice.delays if delay.seconds < _LATE_SECONDS)
    late = [delay for delay in advice.delays if delay.seconds >= _LATE_SECONDS]
    share = fmt.percent(rounded_share(moments))
    found = [
        say(
            _MONTH,
            month=fmt.money_down(advice.month_micros, currency),
            high=fmt.money_down(advice.month_high_micros, currency),
        ),
        say(_COUNT, amount=fmt.money_down(advice.recharge_micros, currency), count=tenths(fmt, advice.recharges)),
        say(_DELAY_OWN, count=fmt.count(advice.own_recharges), share=share)
        if advice.own_recharges
        else say(_DELAY_ALL, share=share),
    ]
    if late:
        found.append(
            say(
                _LATE,
                delay=duration(fmt, late[-1].seconds),
                share=fmt.percent(rounded_share(sum(delay.share for delay in late))),
            )
        )
    found.append(say(_MOST, most=fmt.money_down(advice.longest_micros, currency)))
    found.append(say(_CAP, cap=fmt.money_down(advice.cap_micros, currency)))
    days_each = 30 * ONE // max(1, advice.recharges)
    if days_each >= _LONG_DAYS:
        found.append(say(_EXPIRES, days=fmt.days(days_each)))
    if not advice.kept:
        found.append(say(_NOT_KEPT))
    found.append(say(_DAYS, days=fmt.days(advice.days)))
    return tuple(found)


def risk_in_words(page: Page, advice: RechargeAdvice) -> tuple[str, str, str]:
    """The risk of the advised trigger, and between which it lies in eight of ten resamples."""
    fmt, chosen = page.speech.formats, advice.chosen
    return (
        fmt.percent(chosen_risk(advice)),
        fmt.percent(rounded_share(chosen.low)),
        fmt.percent(max(100, rounded_share(chosen.high))),
    )


def why_unusual(page: Page, named: NamedAnomaly, currency: str) -> str:
    """In which way it was unusual."""
    fmt, say, anomaly = page.speech.formats, page.speech.say, named.anomaly
    times, most = tenths(fmt, anomaly.times), fmt.money_down(anomaly.most_micros, currency)
    if anomaly.kind is AnomalyKind.DAY:
        weekday = weekday_of(fmt, anomaly.day)
        return say(_TIMES_DAY, times=times, weekday=weekday) if anomaly.times else say(_NEVER_DAY, weekday=weekday)
    return say(_TIMES, times=times, most=most) if anomaly.times else say(_NEVER)


def subject_of(page: Page, named: NamedAnomaly) -> str:
    """Whose calls, or to where; empty for a whole day, and for somebody who has gone."""
    anomaly: Anomaly = named.anomaly
    if anomaly.kind is AnomalyKind.DESTINATION:
        return page.speech.formats.country(anomaly.subject)
    return named.name


def weekday_of(fmt: Formats, day: date) -> str:
    """The day of the week by name."""
    return str(get_day_names("wide", locale=fmt.locale)[day.weekday()])


def tenths(fmt: Formats, share: int) -> str:
    """A number in millionths to one decimal."""
    tenth = (share + ONE // 20) // (ONE // 10)
    return fmt.percent(tenth * ONE // 1_000).rstrip("%\u00a0 ")


def duration(fmt: Formats, seconds: int) -> str:
    """A stretch of time in its largest unit: ``31 hours``, ``3 days``."""
    days, hours = seconds // (24 * _LATE_SECONDS), seconds // _LATE_SECONDS
    if days >= _MANY_DAYS:
        return fmt.days(days)
    return format_timedelta(timedelta(hours=hours), granularity="hour", threshold=99, locale=fmt.locale)


def month_begin(month: str) -> datetime:
    """The first instant of a month written as ``2026-11``, for its name."""
    year, _, number = month.partition("-")
    return datetime.combine(date(int(year), int(number), 15), time(12))


def is_ready(advice: Advice) -> bool:
    """Whether there is anything to forecast from."""
    return advice.month is not None
