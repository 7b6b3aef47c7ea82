"""Usage as events carry it: "10s", "1m30s", nanoseconds as a number or as digits; and what we answer.

Knows the forms that Go's durations have on the wire. Refuses to know what the time was used for.
"""

from __future__ import annotations

import re
from typing import Final

NANOSECONDS: Final = 1_000_000_000
"""In a second."""

USAGE_SECONDS_MAX: Final = 315_360_000
"""Ten years of 365 days: no call is longer, and nothing computed from it overflows."""

_TEXT_CHARACTERS_MAX: Final = 64
_UNITS: Final = {
    "ns": 1,
    "us": 1_000,
    "µs": 1_000,
    "μs": 1_000,
    "ms": 1_000_000,
    "s": NANOSECONDS,
    "m": 60 * NANOSECONDS,
    "h": 3_600 * NANOSECONDS,
}
_PART: Final = re.compile(r"([0-9]{1,20})(?:\.([0-9]{0,20}))?(ns|us|µs|μs|ms|s|m|h)")
_WHOLE: Final = re.compile(rf"\+?(?:{_PART.pattern})+")
_DIGITS: Final = re.compile(r"\+?[0-9]{1,20}", re.ASCII)


def read_usage(value: object) -> int | None:
    """Whole seconds, the begun one counted; None for what is no usage: another type, a negative or an endless one.

    Numbers, and texts of digits alone, are nanoseconds, as CGRateS reads them.
    """
    nanoseconds: int | None = None
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        nanoseconds = value
    elif isinstance(value, float):
        nanoseconds = int(value) if abs(value) < USAGE_SECONDS_MAX * NANOSECONDS else None
    elif isinstance(value, str) and len(value) <= _TEXT_CHARACTERS_MAX:
        nanoseconds = _read_text(value)
    if nanoseconds is None or not 0 <= nanoseconds <= USAGE_SECONDS_MAX * NANOSECONDS:
        return None
    return -(-nanoseconds // NANOSECONDS)


def _read_text(text: str) -> int | None:
    if _DIGITS.fullmatch(text):
        return int(text)
    if not _WHOLE.fullmatch(text):
        return None
    nanoseconds = 0
    for whole, fraction, unit in _PART.findall(text):
        nanoseconds += int(whole) * _UNITS[unit]
        if fraction:
            nanoseconds += int(fraction) * _UNITS[unit] // 10 ** len(fraction)
    return nanoseconds
