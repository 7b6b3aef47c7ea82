"""The plan of the story: which calls are placed, and what each should come to.

Knows numbers and outcomes. Refuses to know how a call is placed, and what anything costs.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.stories.sip.phones import Calls

SLICE_SECONDS: Final = 6
RENEWAL_LEAD_SECONDS: Final = 3
EXTENDED_SECONDS: Final = 9
"""Longer than one slice, shorter than two extensions: the call must be extended to come to its own end."""

CALLS_PER_SECOND: Final = 10
ASYNC_WORKERS: Final = 2
STALLED_CALLS: Final = 5
"""More than the switch has workers, so that some wait for others."""

DOWN_CALLS: Final = 10
"""So many are refused while charging is down, that their times say something."""

TURNS: Final = 6 + STALLED_CALLS + DOWN_CALLS
"""Calls that are placed once, however many there are in all."""

CALLS_MIN: Final = TURNS + 2


class Outcome(StrEnum):
    """How a call ended, as its telephones saw it."""

    CALLER_HUNG_UP = "caller hung up"
    CALLEE_HUNG_UP = "callee hung up"
    CUT = "cut on both sides"
    REFUSED = "refused"
    BUSY = "busy"
    CANCELLED = "cancelled"
    LOST = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoryNumbers:
    """Whose calls are placed.

    ``funded`` pays for every call; ``empty`` has no funds; ``unknown`` is nobody's number; each of ``short`` belongs to
    an organization of its own whose funds last for a few seconds, fewer than a slice: one call each. ``callee_prefix``
    and one digit more is who is called, at a rate whose increments are one second.
    """

    funded: str
    empty: str
    unknown: str
    short: tuple[str, ...]
    callee_prefix: str
    emergency: str = "911"

    @property
    def answers(self) -> str:
        """A callee that talks until somebody else ends the call (scenarios/callee.xml)."""
        return f"{self.callee_prefix}1"

    @property
    def hangs_up(self) -> str:
        """A callee that ends the call itself."""
        return f"{self.callee_prefix}2"

    @property
    def is_busy(self) -> str:
        """A callee that takes no call."""
        return f"{self.callee_prefix}3"

    @property
    def only_rings(self) -> str:
        """A callee that never answers."""
        return f"{self.callee_prefix}4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chapter:
    """One group of like calls, how each should end, and the SIP status of its INVITE."""

    calls: Calls
    outcome: Outcome
    status_code: int = 200

    @property
    def name(self) -> str:
        """Of the chapter; its Call-IDs begin with it."""
        return self.calls.name


def talking(
    name: str, pairs: Sequence[tuple[str, str]], seconds: float, *, calls_per_second: int = CALLS_PER_SECOND
) -> Chapter:
    """Calls whose callers hang up after so long."""
    calls = Calls(
        name=name,
        scenario="caller_hangs_up",
        pairs=pairs,
        calls_per_second=calls_per_second,
        pause_milliseconds=round(seconds * 1000),
    )
    return Chapter(calls=calls, outcome=Outcome.CALLER_HUNG_UP)


def waiting(
    name: str,
    pairs: Sequence[tuple[str, str]],
    outcome: Outcome,
    status_code: int = 200,
    *,
    calls_per_second: int = CALLS_PER_SECOND,
) -> Chapter:
    """Calls whose callers never hang up."""
    calls = Calls(name=name, scenario="caller_waits", pairs=pairs, calls_per_second=calls_per_second)
    return Chapter(calls=calls, outcome=outcome, status_code=status_code)


def while_charging_is_up(numbers: StoryNumbers, calls: int) -> list[Chapter]:
    """The chapters placed all at once; with the four that follow, so many calls in all.

    Raises ValueError for fewer calls than the story has turns.
    """
    many = calls - TURNS - 2 * len(numbers.short)
    if many < CALLS_MIN - TURNS:
        raise ValueError(f"the story needs {CALLS_MIN + 2 * len(numbers.short)} calls or more, not {calls}")
    by_callee = max(1, many * 2 // 5)
    gives_up = Calls(
        name="cancelled",
        scenario="caller_gives_up",
        pairs=[(numbers.funded, numbers.only_rings)],
        pause_milliseconds=500,
    )
    placed = [
        talking("extended", [(numbers.funded, numbers.answers)], EXTENDED_SECONDS),
        waiting("cut", [(caller, numbers.answers) for caller in numbers.short], Outcome.CUT),
        talking("by-caller", [(numbers.funded, numbers.answers)] * (many - by_callee), 1.7),
        waiting("by-callee", [(numbers.funded, numbers.hangs_up)] * by_callee, Outcome.CALLEE_HUNG_UP),
        waiting("no-funds", [(numbers.empty, numbers.answers)] * len(numbers.short), Outcome.REFUSED, 402),
        waiting("nobody", [(numbers.unknown, numbers.answers)], Outcome.REFUSED, 403),
        waiting("busy", [(numbers.funded, numbers.is_busy)], Outcome.BUSY, 486),
        Chapter(calls=gives_up, outcome=Outcome.CANCELLED, status_code=487),
    ]
    return [chapter for chapter in placed if chapter.calls.pairs]


def across_the_outage(numbers: StoryNumbers) -> Chapter:
    """A call that charging authorises, and that ends while charging is away."""
    return talking("outlasting", [(numbers.funded, numbers.answers)], 2.5)


def while_charging_is_down(numbers: StoryNumbers) -> list[Chapter]:
    """The emergency call passes; any other is refused at once."""
    return [
        talking("emergency", [(numbers.funded, numbers.emergency)], 1.2),
        waiting("down", [(numbers.funded, numbers.answers)] * DOWN_CALLS, Outcome.REFUSED, 503),
    ]


def while_charging_stalls(numbers: StoryNumbers) -> Chapter:
    """Charging takes the question and gives no answer: the call is refused when its patience ends."""
    return waiting("stalled", [(numbers.funded, numbers.answers)] * STALLED_CALLS, Outcome.REFUSED, 503)
