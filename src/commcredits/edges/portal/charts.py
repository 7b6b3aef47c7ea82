"""The bars of daily consumption, as whole numbers for an SVG that is styled by classes alone.

Knows geometry. Refuses to know colours, sentences and money's form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from commcredits.edges.portal.ports import DayOfConsumptionView

CHART_WIDTH: Final = 600
"""Width of the drawing in its own units; it is stretched to the room there is."""

CHART_HEIGHT: Final = 96
"""Height of the drawing in its own units."""

_GAP: Final = 5
_SMALLEST_BAR: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One day: its rectangle, in the drawing's units from the top left corner."""

    x: int
    y: int
    width: int
    height: int
    consumption: DayOfConsumptionView


def bars(consumption: Sequence[DayOfConsumptionView]) -> tuple[Bar, ...]:
    """A bar for each day, the largest as high as the drawing; a day with any charge at all is visible.

    No bars at all when no day has a charge: there is nothing to draw.
    """
    largest = max((day.charged_micros for day in consumption), default=0)
    if largest <= 0:
        return ()
    drawn = []
    for index, day in enumerate(consumption):
        start = index * (CHART_WIDTH + _GAP) // len(consumption)
        end = (index + 1) * (CHART_WIDTH + _GAP) // len(consumption) - _GAP
        height = day.charged_micros * CHART_HEIGHT // largest if day.charged_micros > 0 else 0
        if day.charged_micros > 0:
            height = max(height, _SMALLEST_BAR)
        drawn.append(Bar(x=start, y=CHART_HEIGHT - height, width=end - start, height=height, consumption=day))
    return tuple(drawn)


def share(part_micros: int, whole_micros: int, width: int) -> int:
    """How much of a bar's width a part takes, between nothing and all of it."""
    if whole_micros <= 0:
        return 0
    return min(width, max(0, part_micros * width // whole_micros))
