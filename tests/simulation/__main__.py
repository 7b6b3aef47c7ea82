"""``make simulate``: as many seeded runs as asked for, with progress, and everything about the first one that fails.

Knows the command line. Refuses to know what a run is.
"""

import argparse
import sys
import time
from typing import Final

import structlog

from tests.simulation.running import ORGANIZATIONS, STEPS, find_failure, shrink

RUNS: Final = 2_000
_TOLD_EVERY_SECONDS: Final = 1.0
_CRITICAL: Final = 50


def main() -> int:
    """Run, tell, and return the exit status: 1 when a run has failed."""
    asked = _arguments()
    # What operations log about the faults that they meet is no news here.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(_CRITICAL))
    began = told = time.monotonic()
    for done in range(asked.runs):
        seed = asked.seed + done
        failure = find_failure(seed, steps=asked.steps, organizations=asked.organizations)
        if failure is not None:
            _clear()
            sys.stdout.write(f"{failure}\n")
            if asked.runs > 1:
                sys.stdout.write("looking for a smaller run that fails as well\n")
                sys.stdout.write(f"{shrink(failure)}\n")
            return 1
        if time.monotonic() - told >= _TOLD_EVERY_SECONDS:
            told = time.monotonic()
            pace = (done + 1) / (told - began)
            _tell(f"{done + 1:,} of {asked.runs:,} runs, {pace:.0f} a second, seed {seed}")
    _clear()
    seconds = time.monotonic() - began
    last = asked.seed + asked.runs - 1
    sys.stdout.write(
        f"{asked.runs:,} runs of {asked.steps} steps hold every invariant "
        f"(seeds {asked.seed} to {last}, {seconds:.1f} s)\n"
    )
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make simulate", description="Seeded runs of payments and auto-recharge.")
    parser.add_argument("--seed", type=int, default=0, help="the first seed; each run takes the next one")
    parser.add_argument("--runs", type=int, default=RUNS, help="how many runs")
    parser.add_argument(
        "--steps", type=int, default=STEPS, help="how many steps each run takes before it comes to rest"
    )
    parser.add_argument("--organizations", type=int, default=ORGANIZATIONS, help="most organizations of a run")
    return parser.parse_args()


def _tell(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def _clear() -> None:
    _tell("")


if __name__ == "__main__":
    sys.exit(main())
