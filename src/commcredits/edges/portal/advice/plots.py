"""The curve of a risk as whole numbers for an SVG that is styled by classes alone.

Knows geometry: amounts from left to right, chances from bottom to top by powers of ten. Refuses to know colours,
sentences and money's form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10
from typing import Final

from commcredits.core.advice_recharge import RechargeAdvice, TriggerRisk

HEIGHT: Final = 260
WIDE: Final = 720
NARROW: Final = 320
LEFT: Final = 64
RIGHT: Final = 16
TOP: Final = 12
BOTTOM: Final = 32
LEAST: Final = 100
"""The smallest chance that is drawn, in millionths: one month in ten thousand."""

MOST: Final = 1_000_000
DECADES: Final = (100, 1_000, 10_000, 100_000, 1_000_000)
TICKS_WIDE: Final = 6
TICKS_NARROW: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A line of the grid and what it stands for: an amount, or a chance, in millionths."""

    at: int
    value: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A drawing of ``width`` by HEIGHT: the curve, the band around it, the advised point and what is wanted."""

    width: int
    line: str
    band: str
    chosen_x: int
    chosen_y: int
    wanted_y: int
    across: tuple[Tick, ...]
    up: tuple[Tick, ...]
    right: int


def plot(advice: RechargeAdvice, *, width: int, ticks: int) -> Plot:
    """The risks of all triggers, the advised one marked."""
    risks = advice.risks
    last = max(risks[-1].trigger_micros, 1)
    room = width - LEFT - RIGHT

    def x(micros: int) -> int:
        return LEFT + room * micros // last

    points = [f"{x(each.trigger_micros)},{_y(each.risk)}" for each in risks]
    above = [f"{x(each.trigger_micros)},{_y(each.high)}" for each in risks]
    below = [f"{x(each.trigger_micros)},{_y(each.low)}" for each in reversed(risks)]
    return Plot(
        width=width,
        line=" ".join(points),
        band=" ".join((*above, *below)),
        chosen_x=x(advice.trigger_micros),
        chosen_y=_y(advice.chosen.risk),
        wanted_y=_y(advice.wanted_risk),
        across=tuple(Tick(at=x(amount), value=amount) for amount in _round_amounts(last, ticks)),
        up=tuple(Tick(at=_y(share), value=share) for share in DECADES),
        right=width - RIGHT,
    )


def rows(advice: RechargeAdvice, limit: int = 14) -> tuple[TriggerRisk, ...]:
    """Of all triggers so many for a table, the advised one and its neighbours among them."""
    risks: Sequence[TriggerRisk] = advice.risks
    if len(risks) <= limit:
        return tuple(risks)
    place = next(index for index, each in enumerate(risks) if each.trigger_micros == advice.trigger_micros)
    near = {index for index in range(place - 4, place + 4) if 0 <= index < len(risks)}
    spread = {index * (len(risks) - 1) // (limit - len(near)) for index in range(limit - len(near) + 1)}
    return tuple(each for index, each in enumerate(risks) if index in near | spread)


def _y(share: int) -> int:
    """Where a chance stands: powers of ten are equally far apart."""
    bounded = max(LEAST, min(share, MOST))
    part = (log10(bounded) - log10(LEAST)) / (log10(MOST) - log10(LEAST))
    return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - part))


def _round_amounts(last: int, ticks: int) -> list[int]:
    """Round amounts up to the last, at most so many, besides nothing."""
    step = 1
    while last // step > ticks:
        for factor in (2, 5, 10):
            if last // (step * factor) <= ticks:
                step *= factor
                break
        else:
            step *= 10
    return [step * count for count in range(last // step + 1)]
