"""Stacked bars over time, as whole numbers for an SVG that is styled by classes alone.

Knows geometry. Refuses to know colours, sentences and money's form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

WIDE: Final = 720
"""Width of the drawing for wide places, in its own units."""

NARROW: Final = 320
"""Width of the drawing for telephones, with fewer units between bars."""

HEIGHT: Final = 160
"""Height of both."""

_SMALLEST: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A part of a bar: its rectangle from the top left corner, and which series it is of."""

    x: int
    y: int
    width: int
    height: int
    series: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A drawing ``width`` units wide and HEIGHT high."""

    width: int
    height: int
    blocks: tuple[Block, ...]


def stacked(bars: Sequence[Sequence[int]], width: int) -> Chart:
    """A bar for each sequence of parts, which stand upon each other; the highest bar is as high as the drawing.

    A bar of anything at all is visible. Parts below zero count as none. No blocks where nothing is to be drawn.
    """
    sums = [sum(max(0, part) for part in bar) for bar in bars]
    largest = max(sums, default=0)
    if largest <= 0:
        return Chart(width=width, height=HEIGHT, blocks=())
    gap = max(1, width // (len(bars) * 5))
    blocks = []
    for number, bar in enumerate(bars):
        begins = number * (width + gap) // len(bars)
        ends = (number + 1) * (width + gap) // len(bars) - gap
        below, under = HEIGHT, 0
        for series, part in enumerate(bar):
            under += max(0, part)
            top = HEIGHT - under * HEIGHT // largest
            if under and top > HEIGHT - _SMALLEST:
                top = HEIGHT - _SMALLEST
            if top < below:
                block = Block(x=begins, y=top, width=max(1, ends - begins), height=below - top, series=series)
                blocks.append(block)
                below = top
    return Chart(width=width, height=HEIGHT, blocks=tuple(blocks))
