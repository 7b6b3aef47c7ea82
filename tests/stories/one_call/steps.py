"""What can happen in the story of one call, as data.

Knows the steps, and the numbers by the part that they play. Refuses to know who tells them and what they cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

OWN: Final = "own"
"""Stands for the number of the organization that the story is about."""

STRANGER: Final = "stranger"
"""Stands for a number that belongs to nobody."""

BRITISH: Final = "+442079460000"
"""0.60 a minute, by the second, no fee: a second costs 0.01."""

GERMAN: Final = "+4930123456"
"""0.61 a minute in steps of 30 and then 6 seconds, after a fee of 0.05."""

ROMANIAN: Final = "+40316300000"
"""0.06 a minute by whole minutes; minutes of a pool come first where there are any."""

PREMIUM: Final = "+40900123456"
"""Priced like ROMANIAN, and not allowed to people unless somebody allows it."""

FRENCH: Final = "+33142685300"
"""Nobody has a rate for it."""

EMERGENCY: Final = "112"
"""As it is dialled."""

RATES: Final = """\
40,Romania,outbound,0.06,0,60,60,2020-01-01,
44,United Kingdom,outbound,0.60,0,1,1,2020-01-01,
49,Germany,outbound,0.61,0.05,30,6,2020-01-01,
"""
"""The deck of the stories, without its header."""

SLICE_SECONDS: Final = 60
"""What one grant is for, unless a variant asks for another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The switch asks for a call."""

    call: str = "first"
    caller: str = OWN
    callee: str = BRITISH
    slice_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The call is answered now."""

    call: str = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The switch reports what was used so far, and asks for more."""

    used_seconds: int
    call: str = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp:
    """The switch says that the call is over."""

    used_seconds: int
    call: str = "first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """The last message comes once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Time goes by, and nothing is said."""

    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Funds arrive."""

    amount_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseConnection:
    """The connection breaks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartEdge:
    """We are restarted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reap:
    """The reaper looks for calls whose switch went silent."""


Step = Ask | Answer | Report | HangUp | Again | Pass | TopUp | LoseConnection | RestartEdge | Reap
