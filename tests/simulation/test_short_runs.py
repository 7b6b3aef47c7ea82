"""Many short runs of a single organization: what goes wrong between few parts is reached most often there."""

import pytest

from tests.simulation.running import find_failure, shrink

CHUNKS = 4
RUNS_A_CHUNK = 500
STEPS = 120
FIRST_SEED = 100_000


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_short_run_breaks_an_invariant(chunk: int) -> None:
    first = FIRST_SEED + chunk * RUNS_A_CHUNK
    for seed in range(first, first + RUNS_A_CHUNK):
        failure = find_failure(seed, steps=STEPS, organizations=1)
        assert failure is None, str(shrink(failure))
