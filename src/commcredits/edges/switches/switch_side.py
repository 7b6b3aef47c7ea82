"""What a call whose limit we hold can tell its switch, and when things are due.

Knows the words. Refuses to know how any switch is told them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from commcredits.core.outcomes import Granted, Refused

CREDIT_ENDED: Final = "credit_ended"
"""Why a call is cut whose last grant is over."""

NOT_CHARGED: Final = "not_charged"
"""Why a call is cut that nothing pays for: our books do not have it any more."""


class SwitchSide(Protocol):
    """One call, as its switch is told of it. Each returns at once and never raises; what comes of it is its affair."""

    def admit(self, organization_id: str, granted: Granted | None) -> None:
        """Let the call go on, to ``granted.granted_seconds`` from its answer at most; None: an emergency, unlimited."""
        ...

    def refuse(self, refused: Refused) -> None:
        """End the call before it rings. Told at most once, and never after ``admit``."""
        ...

    def limit_to(self, granted_seconds: int) -> None:
        """The call may last this long in all, counted from its answer: set the switch's own timer anew."""
        ...

    def hang_up(self, cause: str) -> None:
        """End the call now; ``cause`` is one word for the record. Told again where the call goes on all the same."""
        ...

    def warn(self, seconds_left: int) -> None:
        """Let the caller hear that the credit ends; a switch that cannot does nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlTerms:
    """When things are due, in seconds.

    ``ask_seconds_max``: how long a caller waits for our word before it is refused as busy. ``lead_seconds``: how long
    before the end of a grant the next slice is asked for. ``warning_seconds``: how long before the end of the credit
    the caller is warned, 0 for never. ``grace_seconds``: how much later than the switch we cut ourselves.
    ``retry_seconds`` and ``tries_max``: how often, and how many times, what failed for the moment is tried again; and
    ``end_tries_max``: the same of an end, which is worth telling also after the reaper has charged the whole grant.
    """

    ask_seconds_max: float = 3.0
    lead_seconds: float = 15.0
    warning_seconds: float = 0.0
    grace_seconds: float = 2.0
    retry_seconds: float = 1.0
    tries_max: int = 30
    end_tries_max: int = 3_600
