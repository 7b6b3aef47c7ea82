"""The time of a listener, read once a sweep instead of once a message.

Knows one number. Refuses to know who sets it.
"""

from __future__ import annotations


class CoarseClock:
    """``seconds`` of the event loop's clock, as late as one sweep."""

    __slots__ = ("seconds",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
