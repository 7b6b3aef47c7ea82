"""When auto-recharge should fire and how much it should add, by an organization's own spending.

Knows the risk that funds run out between the trigger and the recharge: whatever calls cost while the money is on its
way, which takes moments mostly and days after a decline. Each hour that was counts as one in which the trigger might be
crossed, weighted by what was spent in it; beyond what was ever seen, a tail that halves at an even pace goes on.
Refuses to promise a risk from too few days. Whole numbers throughout; the same history gives the same advice.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from commcredits.core.advice_series import ONE, HourOfSpend, nice_up, quantile

DAYS_MIN: Final = 28
"""Of fewer days no risk is reckoned."""

SPENDING_HOURS_MIN: Final = 40
"""Of fewer hours with a charged call no risk is reckoned."""

RISK: Final = 10_000
"""The risk of running dry in a month that is advised for, in millionths: one month in a hundred."""

RECHARGES_A_MONTH: Final = 4
"""How often recharges should come: about weekly."""

RESAMPLES: Final = 200

_MOMENTS: Final = 300
_PRIOR: Final = ((300, 940), (3_600, 30), (7 * 3_600, 20), (31 * 3_600, 10))
"""Until an organization has shown otherwise: within moments; or after a decline, by the back-off of domain.md §3 (1 h,
6 h, 24 h). Seconds, and in how many of a thousand recharges."""

_CLASSES: Final = (300, 3_600, 7 * 3_600, 31 * 3_600, 72 * 3_600, 168 * 3_600)
_PRIOR_RECHARGES: Final = 40
"""How many recharges of its own weigh as much as that experience of all."""

_HOURS_A_WEEK: Final = 168
_LEVEL_HOURS: Final = 14 * 24
_TAIL: Final = 950_000
"""Beyond this share of what was seen, the tail is drawn on."""

_FINE: Final = 1_000
_TRIGGERS: Final = (10, 12, 15, 20, 25, 30, 40, 50, 60, 80)
_TRIGGERS_MAX: Final = 60
_LIKELY: Final = 900_000
_HALF_LIFE: Final = 693_147
"""The natural logarithm of two, in millionths: over how much of the mean excess a tail halves."""

_HALVINGS_MAX: Final = 40


class Delay(Struct, frozen=True, kw_only=True, gc=False):
    """How long a recharge takes to land, in at most ``seconds``, and how often, in millionths."""

    seconds: int
    share: int


class TriggerRisk(Struct, frozen=True, kw_only=True, gc=False):
    """The chance, in millionths, to run dry in a month with this trigger; eight in ten resamples say low to high."""

    trigger_micros: int
    risk: int
    low: int
    high: int


class RechargeAdvice(Struct, frozen=True, kw_only=True, gc=False):
    """What to set, and what it rests on; amounts in millionths.

    ``month_micros`` is what thirty days are likely to cost; ``recharges`` how many that makes, in millionths of one.
    ``risks`` go by trigger; ``kept`` says whether ``trigger_micros`` keeps the risk that is wanted. ``longest`` is what
    calls cost at most in a day and a quarter, as levels are now.
    """

    recharge_micros: int
    trigger_micros: int
    cap_micros: int
    month_micros: int
    month_high_micros: int
    recharges: int
    wanted_risk: int
    kept: bool
    risks: tuple[TriggerRisk, ...]
    delays: tuple[Delay, ...]
    own_recharges: int
    days: int
    longest_micros: int

    @property
    def chosen(self) -> TriggerRisk:
        """The risk of the trigger that is advised."""
        return next(each for each in self.risks if each.trigger_micros == self.trigger_micros)


class Wish(Struct, frozen=True, kw_only=True, gc=False):
    """What the operator allows, in millionths, and what the next thirty days are likely to cost."""

    minimum_micros: int
    maximum_micros: int
    unit_micros: int
    month_micros: int
    month_high_micros: int
    level_micros: int
    wanted_risk: int = RISK


def delays_of(episodes: Sequence[int]) -> tuple[Delay, ...]:
    """How long recharges take: an organization's own, each in seconds from the trigger to the money, and of all."""
    counts = dict.fromkeys(_CLASSES, 0)
    for seconds, share in _PRIOR:
        counts[seconds] += share * _PRIOR_RECHARGES
    for episode in episodes:
        counts[next((each for each in _CLASSES if episode <= each), _CLASSES[-1])] += 1_000
    whole = sum(counts.values())
    return tuple(Delay(seconds=seconds, share=count * ONE // whole) for seconds, count in counts.items() if count)


def advise(hours: Sequence[HourOfSpend], episodes: Sequence[int], wish: Wish) -> RechargeAdvice | None:
    """The advice; None while there is not enough to go by. ``hours`` are unbroken."""
    if len(hours) < DAYS_MIN * 24 or sum(each.charged_micros > 0 for each in hours) < SPENDING_HOURS_MIN:
        return None
    delays = delays_of(episodes)
    amount = nice_up(max(wish.month_micros // RECHARGES_A_MONTH, wish.minimum_micros), wish.unit_micros)
    amount = max(wish.minimum_micros, min(amount, wish.maximum_micros))
    recharges = wish.month_micros * ONE // amount
    windows = _windows(hours, delays, wish.level_micros)
    risks = _risks(windows, delays, recharges, wish)
    kept = next((each for each in risks if each.high <= wish.wanted_risk), None)
    chosen = kept or risks[-1]
    most = -(-wish.month_high_micros // amount) + 2
    at_most = max((largest for _weights, sums in windows for largest in (max(sums, default=0),)), default=0)
    return RechargeAdvice(
        recharge_micros=amount,
        trigger_micros=chosen.trigger_micros,
        cap_micros=amount * most,
        month_micros=wish.month_micros,
        month_high_micros=wish.month_high_micros,
        recharges=recharges,
        wanted_risk=wish.wanted_risk,
        kept=kept is not None,
        risks=_shown(risks, chosen),
        delays=delays,
        own_recharges=len(episodes),
        days=len(hours) // 24,
        longest_micros=at_most,
    )


def risk_of(advice: RechargeAdvice, trigger_micros: int) -> int:
    """The chance, in millionths, to run dry in a month with this trigger; one between two that were reckoned too."""
    before = None
    for each in advice.risks:
        if each.trigger_micros >= trigger_micros:
            if before is None or each.trigger_micros == trigger_micros:
                return each.risk
            width = each.trigger_micros - before.trigger_micros
            return before.risk - (before.risk - each.risk) * (trigger_micros - before.trigger_micros) // width
        before = each
    return advice.risks[-1].risk


_Windows = list[tuple[list[int], list[int]]]
"""For each delay: the weight of each hour, and what calls cost in that time from it on."""


def _windows(hours: Sequence[HourOfSpend], delays: Sequence[Delay], level_micros: int) -> _Windows:
    """What was spent while a recharge would have been on its way, from each hour on, as if levels had been today's."""
    before = [0]
    for each in hours:
        before.append(before[-1] + each.charged_micros)
    count = len(hours)
    overall = max(1, before[-1] // count)
    scales = []
    for index in range(count):
        first, last = max(0, index - _LEVEL_HOURS), min(count, index + _LEVEL_HOURS)
        local = max((before[last] - before[first]) // (last - first), overall // 4, 1)
        scales.append(max(ONE // 4, min(level_micros * ONE // (24 * local), 4 * ONE)))
    found: _Windows = []
    for delay in delays:
        length = -(-delay.seconds // 3_600)
        if delay.seconds <= _MOMENTS:
            sums = [each.peak_micros * scale // ONE for each, scale in zip(hours, scales, strict=True)]
        else:
            # Where in its hour a trigger is crossed is unknown: half of the hour after the last counts too.
            sums = [
                (before[index + length] + before[min(count, index + length + 1)] - 2 * before[index])
                * scales[index]
                // (2 * ONE)
                for index in range(max(0, count - length))
            ]
        found.append(([each.charged_micros // _FINE for each in hours[: len(sums)]], sums))
    return found


def _risks(windows: _Windows, delays: Sequence[Delay], recharges: int, wish: Wish) -> tuple[TriggerRisk, ...]:
    """The risk of each trigger worth naming, smallest first, until one is far safer than wanted."""
    triggers = _triggers(windows, wish)
    weeks = _weekly(windows, triggers)
    tails = [_tail(weights, sums) for weights, sums in windows]
    resamples = _resampled(max(len(each) for each in weeks))
    found: list[TriggerRisk] = []
    for place, trigger in enumerate(triggers):
        seen = [0] * (1 + RESAMPLES)
        for delay, of_delay, tail in zip(delays, weeks, tails, strict=True):
            beyond = _beyond(tail, trigger)
            for draw, chosen in enumerate(resamples):
                over = sum(of_delay[week][0][place] for week in chosen if week < len(of_delay))
                whole = sum(of_delay[week][1] for week in chosen if week < len(of_delay))
                seen[draw] += delay.share * max(over * ONE // max(1, whole), beyond) // ONE
        # At least a part of a recharge happens in some month.
        monthly = sorted(min(ONE, each * recharges // ONE) for each in seen[1:])
        risk = min(ONE, seen[0] * recharges // ONE)
        low, high = min(risk, quantile(monthly, ONE - _LIKELY)), max(risk, quantile(monthly, _LIKELY))
        found.append(TriggerRisk(trigger_micros=trigger, risk=risk, low=low, high=high))
        if high * 20 <= wish.wanted_risk:
            break
    return tuple(found)


def _triggers(windows: _Windows, wish: Wish) -> list[int]:
    """Round amounts, from a small one up to twice the most that was ever needed."""
    largest = max((max(sums, default=0) for _weights, sums in windows), default=0)
    step = wish.unit_micros
    while step * 1_000 < largest:
        step *= 10
    found: list[int] = []
    decade = max(1, step // 10)
    while len(found) < _TRIGGERS_MAX:
        for share in _TRIGGERS:
            amount = decade * share // 10
            if amount % wish.unit_micros or not amount:
                continue
            found.append(amount)
            if amount > 4 * largest:
                return found
        decade *= 10
    return found


def _weekly(windows: _Windows, triggers: Sequence[int]) -> list[list[tuple[list[int], int]]]:
    """For each delay and week: the weight of the hours whose sum exceeds each trigger, and of all."""
    found = []
    for weights, sums in windows:
        of_delay = []
        for first in range(0, len(sums), _HOURS_A_WEEK):
            buckets = [0] * (len(triggers) + 1)
            last = first + _HOURS_A_WEEK
            for weight, total in zip(weights[first:last], sums[first:last], strict=True):
                buckets[bisect_left(triggers, total)] += weight
            over, running = [0] * len(triggers), 0
            for place in range(len(triggers) - 1, -1, -1):
                running += buckets[place + 1]
                over[place] = running
            of_delay.append((over, running + buckets[0]))
        found.append(of_delay)
    return found


def _tail(weights: Sequence[int], sums: Sequence[int]) -> tuple[int, int]:
    """From which amount on the tail is drawn, and over which further amount it halves."""
    ordered = sorted(zip(sums, weights, strict=True))
    whole = sum(weights)
    passed, start = 0, 0
    for total, weight in ordered:
        passed += weight
        start = total
        if passed * ONE >= whole * _TAIL:
            break
    excess = sum((total - start) * weight for total, weight in ordered if total > start)
    above = sum(weight for total, weight in ordered if total > start)
    return start, max(1, excess * _HALF_LIFE // max(1, above) // ONE)


def _beyond(tail: tuple[int, int], trigger: int) -> int:
    """The chance, in millionths, that the tail gives to more than the trigger; nothing below where it begins."""
    start, half = tail
    if trigger < start:
        return 0
    halvings, rest = divmod(trigger - start, half)
    if halvings > _HALVINGS_MAX:
        return 0
    chance = (ONE - _TAIL) * _FINE >> halvings
    return (chance - chance * rest // (2 * half)) // _FINE


def _resampled(weeks: int) -> list[list[int]]:
    """The weeks themselves, then as many drawn with replacement, again and again; the same for the same number."""
    found = [list(range(weeks))]
    state = 88_172_645_463_325_252
    for _ in range(RESAMPLES):
        drawn = []
        for _week in range(weeks):
            state = (state * 6_364_136_223_846_793_005 + 1_442_695_040_888_963_407) % (1 << 64)
            drawn.append((state >> 33) % weeks)
        found.append(drawn)
    return found


def _shown(risks: tuple[TriggerRisk, ...], chosen: TriggerRisk) -> tuple[TriggerRisk, ...]:
    """Of very many triggers, those near the advised one and those that change anything."""
    kept: list[TriggerRisk] = []
    for each in risks:
        flat = kept and kept[-1].risk == each.risk and each is not chosen and each is not risks[-1]
        if not flat:
            kept.append(each)
    return tuple(kept)
