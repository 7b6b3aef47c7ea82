"""The simulation can fail: bugs that are planted one by one are found, each by the invariant that it breaks."""

import re

import pytest

from tests.simulation.bugs import BUGS, planted
from tests.simulation.running import find_failure, shrink

RUNS_MAX = 2_000

FOUND_BY = {
    "an unknown outcome is charged again under a new key": "nobody knows what for",
    "an unknown outcome is charged again under its key": "was sent to be charged 2 times",
    "an unknown outcome counts as declined": "were charged at the gateway",
    "a charge that is not there yet is given up": "were charged at the gateway",
    "two workers may both send an attempt": "was sent to be charged 2 times",
    "the cool-down is forgotten": "inside the cool-down",
    "the back-off is forgotten": "inside a back-off",
    "a payment that is being processed grants funds": "were charged at the gateway",
    "a success that is told twice grants twice": "granted a second lot",
    "a success switches the rule back on": "switched itself on",
    "switching off leaves what is due": "though its rule is switched off",
    "saving forgets the cool-down": "inside the cool-down",
    "the cap counts nothing": "exceed the cap",
    "the trigger fires where it stands": "not below its trigger|instead of",
    "a dispute recharges": "what a dispute, a refund or an adjustment took",
    "a request that comes twice buys twice": "bought 2 times",
}


def test_every_bug_has_an_invariant_that_finds_it() -> None:
    assert set(FOUND_BY) == set(BUGS)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    with planted(name):
        found = next((failure for seed in range(RUNS_MAX) if (failure := find_failure(seed)) is not None), None)
        assert found is not None, f"{RUNS_MAX} runs did not find that {name}"
        assert re.search(FOUND_BY[name], str(found.error)), found
        smaller = shrink(found)
    assert smaller.steps <= found.steps
    assert f"make simulate SEED={found.seed}" in str(smaller)
    # Without the bug the same run holds.
    assert find_failure(found.seed) is None
