"""A few long runs of many organizations: months pass, caps are reached, lots expire, rules are saved anew."""

import pytest

from tests.simulation.running import find_failure, shrink

CHUNKS = 4
RUNS_A_CHUNK = 40
STEPS = 1_500
ORGANIZATIONS = 6
FIRST_SEED = 200_000


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_long_run_breaks_an_invariant(chunk: int) -> None:
    first = FIRST_SEED + chunk * RUNS_A_CHUNK
    for seed in range(first, first + RUNS_A_CHUNK):
        failure = find_failure(seed, steps=STEPS, organizations=ORGANIZATIONS)
        assert failure is None, str(shrink(failure))
