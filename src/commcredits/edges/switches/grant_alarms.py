"""When a call asks for its next slice, warns its caller and is cut, counted back from the end of its grant.

Knows the instants. Refuses to know what is asked for and how a call is cut.
"""

from __future__ import annotations

from collections.abc import Callable

from commcredits.edges.switches.alarms import Alarm, Timers
from commcredits.edges.switches.switch_side import ControlTerms


class GrantAlarms:
    """The alarms of one call."""

    __slots__ = ("_asking", "_cutting", "_terms", "_timers", "_warn", "_warning")

    def __init__(
        self,
        timers: Timers,
        terms: ControlTerms,
        *,
        ask: Callable[[], object],
        warn: Callable[[int], object],
        cut: Callable[[], object],
    ) -> None:
        self._timers = timers
        self._terms = terms
        self._warn = warn
        self._asking = Alarm(timers, ask)
        self._warning = Alarm(timers, self._go_off_in_warning)
        self._cutting = Alarm(timers, cut)

    def set_for(self, ends_at: float, *, final: bool, cuts: bool) -> None:
        """Set them for a grant that ends at this instant; ``final``: nothing more was to be had when it was given.

        The next slice is asked for also then: another call may have let go of some. Each answer halves the wait.
        """
        now = self._timers.time()
        left = ends_at - now
        wait = max(left - self._terms.lead_seconds, left / 2)
        if wait >= min(1.0, self._terms.lead_seconds):
            self._asking.set_at(now + wait)
        if cuts:
            self._cutting.set_at(ends_at + self._terms.grace_seconds)
        if cuts and final and 0 < self._terms.warning_seconds < left:
            self._warning.set_at(ends_at - self._terms.warning_seconds)
        else:
            self._warning.cancel()

    def ask_again(self) -> None:
        """What was asked could not be answered for the moment."""
        self._asking.set_at(self._timers.time() + self._terms.retry_seconds)

    def cut_again(self) -> None:
        """The switch was told to cut: nothing else is due now but to see whether it has."""
        self.cancel()
        self._cutting.set_at(self._timers.time() + self._terms.grace_seconds)

    def cancel(self) -> None:
        """Nothing is due any more."""
        for alarm in (self._asking, self._warning, self._cutting):
            alarm.cancel()

    def _go_off_in_warning(self) -> None:
        self._warn(round(self._terms.warning_seconds))
