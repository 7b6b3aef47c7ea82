"""Plays advice on generated years, and writes what came of it into docs/advice.md.

python -m tests.advice write    play everything (some minutes), and write the tables
python -m tests.advice show     play everything, and print them
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from tests.advice.plan_cases import UNIT, regret
from tests.advice.replay import Tried, coverage, find_days, find_users, try_recharges
from tests.advice.worlds import WORLDS, World, with_users

DOCUMENT: Final = Path(__file__).resolve().parents[2] / "docs" / "advice.md"
BEGINS: Final = "<!-- begin: python -m tests.advice write -->"
ENDS: Final = "<!-- end -->"
DAYS: Final = 547
SEEDS: Final = range(2)
OFFICES: Final = 120


def tables() -> str:
    """All tables, in Markdown."""
    return f"{_worlds()}\n\n{_people()}\n\n{_plans()}"


def _worlds() -> str:
    heads = (
        "history",
        "months played",
        "ran dry",
        "promised",
        "trigger, days of spending",
        "forecast of 10 days: within · error",
        "of 30 days: within · error",
        "strange days found · missed",
        "false alarms a year",
    )
    lines = [f"| {' | '.join(heads)} |", "|---" * len(heads) + "|"]
    with ProcessPoolExecutor(max_workers=4) as pool:
        lines += pool.map(_row, WORLDS)
    return "\n".join(lines)


def _row(make: Callable[[int, int], World]) -> str:
    """What one kind of history came to; the larger of the errors of its years is told."""
    tried, within = Tried(), {10: [0, 0], 30: [0, 0]}
    errors: dict[int, list[int]] = {10: [], 30: []}
    days, spent = [0, 0, 0, 0], 0
    for seed in SEEDS:
        world = make(seed, DAYS)
        tried.add(try_recharges(world, seed=seed))
        for horizon, counts in within.items():
            inside, made, error = coverage(world, horizon=horizon)
            counts[0] += inside
            counts[1] += made
            errors[horizon].append(error)
        days = [each + more for each, more in zip(days, find_days(world), strict=True)]
        spent += sum(world.steps)
    daily = spent / (DAYS * len(SEEDS))
    cells = [
        f"{100 * within[horizon][0] / within[horizon][1]:.0f} % · {max(errors[horizon]) / 10_000:.0f} %"
        for horizon in within
    ]
    found = f"{days[0]} · {days[2]}" if days[0] + days[2] else "–"
    cells = [
        make.__name__,
        str(tried.months),
        f"{tried.dry_share:.2%}",
        f"{tried.promised / tried.advised / 10_000:.2f} %",
        f"{tried.triggers_micros / tried.advised / daily:.1f}",
        *cells,
        found,
        f"{365 * days[1] / days[3]:.1f}",
    ]
    return f"| {' | '.join(cells)} |"


def _people() -> str:
    right = wrong = missed = looked = 0
    for seed in SEEDS:
        found = find_users(with_users(seed, 300))
        right, wrong, missed, looked = right + found[0], wrong + found[1], missed + found[2], looked + found[3]
    return (
        f"Of {right + missed} days on which one of 40 people spent thirty times what they do, {right} were found; "
        f"{wrong} of {looked - right - missed} other days of people were called unusual."
    )


def _plans() -> str:
    offices, reached, saved, possible = regret(range(OFFICES))
    return (
        f"Of {offices} offices of four people, {reached} came to within a unit a month of the cheapest plans that "
        f"there are (found by trying all); together {100 * saved // possible} % of what could be saved "
        f"({saved // UNIT:,} of {possible // UNIT:,} units over three months) was, and nobody came to cost more."
    )


def main(arguments: list[str]) -> int:
    """Play, then print or write."""
    if arguments not in (["write"], ["show"]):
        sys.stdout.write(f"{__doc__}\n")
        return 2
    told = tables()
    if arguments == ["show"]:
        sys.stdout.write(f"{told}\n")
        return 0
    text = DOCUMENT.read_text("utf-8")
    before, after = text.partition(BEGINS)[0], text.partition(ENDS)[2]
    DOCUMENT.write_text(f"{before}{BEGINS}\n\n{told}\n\n{ENDS}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
