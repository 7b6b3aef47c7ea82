"""What a deck says once for all of its rates, as JSON: time zone, holidays, bands, rounding.

Knows the document that people write, and what is wrong with it by field (``bands.peak.from``). Refuses to know rates.

    {
      "time_zone": "Europe/Bucharest",
      "holidays": ["2026-12-25"],
      "bands": {
        "peak": {"weekdays": "mon-fri", "from": "08:00", "to": "20:00"},
        "weekend": [{"weekdays": "sat,sun"}, {"holidays": true}]
      },
      "rounding": {"digits": 4, "mode": "half_up"}
    }
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from commcredits.core.calendar import is_time_zone
from commcredits.core.outcomes import Refused
from commcredits.core.tariffs import PLAIN_TERMS, ROUNDING_DIGITS_MAX, DeckTerms, Rounding, RoundingMode, Window
from commcredits.operations.inputs import invalid_input

TERMS_CHARACTERS_MAX: Final = 64 * 1024
"""Longest document of terms."""

HOLIDAYS_MAX: Final = 1_000
BANDS_MAX: Final = 32
WINDOWS_MAX: Final = 16
"""Most holidays and bands of a deck, and windows of a band."""

_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES: Final = 24 * 60
_MINUTE: Final = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])", re.ASCII)
_BAND: Final = re.compile(r"[a-z][a-z0-9_-]{0,31}", re.ASCII)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

_TERMS_ALLOWED: Final = "a JSON object with any of time_zone, holidays, bands, rounding"
_BAND_ALLOWED: Final = "a name of 1 to 32 small letters, digits, - or _, the first a letter"
_WINDOW_ALLOWED: Final = "an object with any of weekdays, from, to, holidays; or a list of 1 to 16 of them"
_WEEKDAYS_ALLOWED: Final = "days from mon to sun, and spans of them, such as mon-fri or sat,sun"
_FROM_ALLOWED: Final = "a minute of the day from 00:00 to 23:59"
_TO_ALLOWED: Final = "a minute of the day later than from, up to 24:00; past midnight takes a second window"
_HOLIDAYS_ALLOWED: Final = f"a list of at most {HOLIDAYS_MAX} dates such as 2026-12-25, each once"


class _WrongTermError(ValueError):
    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(field)
        self.refused = invalid_input(field, value if isinstance(value, str) else _shown(value), allowed)


def read_terms(text: str) -> DeckTerms | Refused:
    """The terms in a JSON text, empty for none; the refusal of the first field that is wrong."""
    if len(text) > TERMS_CHARACTERS_MAX:
        return invalid_input("terms", text, f"at most {TERMS_CHARACTERS_MAX} characters")
    if not text.strip():
        return PLAIN_TERMS
    try:
        return _terms_of(_loaded(text))
    except _WrongTermError as error:
        return error.refused


def terms_document(terms: DeckTerms) -> dict[str, Any]:
    """The terms as the document that ``read_terms`` takes, every field of it."""
    return {
        "time_zone": terms.time_zone,
        "holidays": list(terms.holidays),
        "bands": {name: [_window_document(window) for window in windows] for name, windows in terms.bands.items()},
        "rounding": {"digits": terms.rounding.digits, "mode": terms.rounding.mode.value},
    }


def _loaded(text: str) -> object:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in pairs:
            if name in found:
                raise _WrongTermError(name, _shown(value), "given once")
            found[name] = value
        return found

    def refuse(number: str) -> object:
        raise _WrongTermError("terms", number, "JSON without NaN and Infinity")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except _WrongTermError:
        raise
    except (ValueError, RecursionError):
        raise _WrongTermError("terms", text, _TERMS_ALLOWED) from None


def _terms_of(document: object) -> DeckTerms:
    given = _fields(document, "", ("time_zone", "holidays", "bands", "rounding"), _TERMS_ALLOWED)
    time_zone = given.get("time_zone", PLAIN_TERMS.time_zone)
    if not isinstance(time_zone, str) or not is_time_zone(time_zone):
        raise _WrongTermError("time_zone", time_zone, "the name of an IANA time zone such as Europe/Bucharest")
    return DeckTerms(
        time_zone=time_zone,
        holidays=_holidays(given.get("holidays", [])),
        bands=_bands(given.get("bands", {})),
        rounding=_rounding(given.get("rounding", {})),
    )


def _holidays(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > HOLIDAYS_MAX:
        raise _WrongTermError("holidays", value, _HOLIDAYS_ALLOWED)
    for position, day in enumerate(value):
        if not _is_date(day) or day in value[:position]:
            raise _WrongTermError(f"holidays.{position}", day, "a date such as 2026-12-25, each once")
    return tuple(sorted(value))


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        return bool(date.fromisoformat(value))
    except ValueError:
        return False


def _bands(value: object) -> dict[str, tuple[Window, ...]]:
    if not isinstance(value, dict) or len(value) > BANDS_MAX:
        raise _WrongTermError("bands", value, f"an object of at most {BANDS_MAX} bands")
    bands: dict[str, tuple[Window, ...]] = {}
    for name, windows in value.items():
        if not _BAND.fullmatch(name):
            raise _WrongTermError("bands", name, _BAND_ALLOWED)
        place = f"bands.{name}"
        if not isinstance(windows, list):
            bands[name] = (_window(windows, place),)
        elif 1 <= len(windows) <= WINDOWS_MAX:
            bands[name] = tuple(_window(each, f"{place}.{position}") for position, each in enumerate(windows))
        else:
            raise _WrongTermError(place, windows, _WINDOW_ALLOWED)
    return bands


def _window(value: object, place: str) -> Window:
    given = _fields(value, place, ("weekdays", "from", "to", "holidays"), _WINDOW_ALLOWED)
    holidays = given.get("holidays", False)
    if not isinstance(holidays, bool):
        raise _WrongTermError(f"{place}.holidays", holidays, "true or false")
    weekdays = _weekdays(given["weekdays"], f"{place}.weekdays") if "weekdays" in given else ()
    if not weekdays and not holidays:
        raise _WrongTermError(f"{place}.weekdays", "", f"{_WEEKDAYS_ALLOWED}; or holidays must be true")
    from_minute = _minute(given.get("from", "00:00"))
    if from_minute is None or from_minute >= _DAY_MINUTES:
        raise _WrongTermError(f"{place}.from", given["from"], _FROM_ALLOWED)
    to_minute = _minute(given.get("to", "24:00"))
    if to_minute is None or to_minute <= from_minute:
        raise _WrongTermError(f"{place}.to", given["to"], _TO_ALLOWED)
    return Window(weekdays=weekdays, from_minute=from_minute, to_minute=to_minute, holidays=holidays)


def _weekdays(value: object, place: str) -> tuple[int, ...]:
    if not isinstance(value, str) or len(value) > len("-".join(_DAYS)) + len(_DAYS):
        raise _WrongTermError(place, value, _WEEKDAYS_ALLOWED)
    days: set[int] = set()
    for span in value.split(","):
        first, dash, last = span.partition("-")
        if first not in _DAYS or (dash and last not in _DAYS):
            raise _WrongTermError(place, value, _WEEKDAYS_ALLOWED)
        begins, ends = _DAYS.index(first), _DAYS.index(last if dash else first)
        # A span may pass the end of the week: sat-mon is Saturday, Sunday and Monday.
        days |= {(begins + step) % len(_DAYS) for step in range((ends - begins) % len(_DAYS) + 1)}
    return tuple(sorted(days))


def _minute(value: object) -> int | None:
    match = _MINUTE.fullmatch(value) if isinstance(value, str) else None
    minute = None if match is None else int(match[1]) * 60 + int(match[2])
    return None if minute is None or minute > _DAY_MINUTES else minute


def _rounding(value: object) -> Rounding:
    given = _fields(value, "rounding", ("digits", "mode"), "an object with any of digits, mode")
    digits = given.get("digits", ROUNDING_DIGITS_MAX)
    if type(digits) is not int or not 0 <= digits <= ROUNDING_DIGITS_MAX:
        raise _WrongTermError("rounding.digits", digits, f"a whole number from 0 to {ROUNDING_DIGITS_MAX}")
    mode = given.get("mode", RoundingMode.UP.value)
    if mode not in tuple(RoundingMode):
        raise _WrongTermError("rounding.mode", mode, ", ".join(RoundingMode))
    return Rounding(digits=digits, mode=RoundingMode(mode))


def _fields(value: object, place: str, names: tuple[str, ...], allowed: str) -> Mapping[str, Any]:
    """The fields of an object that has no others than these."""
    if not isinstance(value, dict):
        raise _WrongTermError(place or "terms", value, allowed)
    for name in value:
        if name not in names:
            raise _WrongTermError(place or "terms", name, f"one of the fields {', '.join(names)}")
    return value


def _window_document(window: Window) -> dict[str, Any]:
    weekdays = {"weekdays": ",".join(_DAYS[day] for day in window.weekdays)} if window.weekdays else {}
    return {
        **weekdays,
        "from": _minute_text(window.from_minute),
        "to": _minute_text(window.to_minute),
        "holidays": window.holidays,
    }


def _minute_text(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _shown(value: object) -> str:
    try:
        return json.dumps(value)
    except (ValueError, RecursionError):
        return ""
