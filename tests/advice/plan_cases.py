"""Small organizations, and the cheapest plans for them by trying every one.

Knows chance, seeded. Refuses to know how advice finds its moves.
"""

from __future__ import annotations

import random
from itertools import product
from typing import Final

from commcredits.core.advice_plans import PLANS, Prices, cheaper_plans, may_move, monthly_cost
from commcredits.core.advice_pools import Caller, MonthOfCalls
from commcredits.core.roster import Licence

UNIT: Final = 1_000_000
OFFERED: Final = (
    Licence.PAY_AS_YOU_GO_1,
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_240,
    Licence.DOMESTIC_AND_INTERNATIONAL,
)
PRICES: Final = Prices(
    micros={f"{licence.value}/": price * UNIT for licence, price in zip(OFFERED, (1, 6, 10, 24), strict=True)}
)


def office(seed: int, users: int = 4, *, credits_share: float = 0.8) -> list[Caller]:
    """People of one country with three months of calls each, of very different appetites."""
    draw = random.Random(seed)
    found = []
    for number in range(users):
        domestic, abroad = draw.choice((0, 30, 90, 150, 300, 700)), draw.choice((0, 0, 0, 20, 120))
        months = tuple(
            MonthOfCalls(
                domestic_minutes=(minutes := int(domestic * draw.uniform(0.7, 1.3))),
                domestic_micros=minutes * UNIT * 4 // 100,
                international_minutes=(away := int(abroad * draw.uniform(0.7, 1.3))),
                international_micros=away * UNIT * 15 // 100,
            )
            for _ in range(3)
        )
        found.append(
            Caller(
                user_id=f"user-{number}",
                country="RO",
                plan=draw.choice(OFFERED),
                has_credits=draw.random() < credits_share,
                months=months,
            )
        )
    return found


def advised_cost(callers: list[Caller], prices: Prices = PRICES) -> int:
    """What all of it costs once the advice is followed."""
    plans = {move.user_id: move.new for move in cheaper_plans(callers, prices)}
    return monthly_cost(callers, [plans.get(caller.user_id, caller.plan) for caller in callers], prices)


def best_cost(callers: list[Caller], prices: Prices = PRICES) -> int:
    """The least that it could cost, by trying everything that leaves nobody without minutes."""
    best = monthly_cost(callers, [caller.plan for caller in callers], prices)
    for plans in product(prices.known("RO"), repeat=len(callers)):
        if may_move(callers, plans):
            best = min(best, monthly_cost(callers, plans, prices))
    return best


def regret(seeds: range) -> tuple[int, int, int, int]:
    """Of so many offices, how many reached the optimum, and what was saved of what could have been, in millionths."""
    reached = possible = saved = 0
    for seed in seeds:
        callers = office(seed)
        now = monthly_cost(callers, [caller.plan for caller in callers], PRICES)
        advised, best = advised_cost(callers), best_cost(callers)
        assert best <= advised <= now, seed
        reached += advised - best <= UNIT * 3
        possible += now - best
        saved += now - advised
    return len(seeds), reached, saved, possible


assert set(OFFERED) <= set(PLANS), "plans that advice knows"
