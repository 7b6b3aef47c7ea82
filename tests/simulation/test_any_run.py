"""Thousands of seeded runs: whatever goes wrong, nobody is hurt. docs/simulation.md tells how to repeat one.

Each run holds every invariant after every step, and comes to rest with nothing unresolved once it is left alone.
"""

import pytest

from tests.simulation.running import find_failure, run, shrink

CHUNKS = 8
RUNS_A_CHUNK = 200


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_run_breaks_an_invariant(chunk: int) -> None:
    for seed in range(chunk * RUNS_A_CHUNK, (chunk + 1) * RUNS_A_CHUNK):
        failure = find_failure(seed)
        assert failure is None, str(shrink(failure))


def test_a_run_is_the_same_each_time() -> None:
    first, second = run(7), run(7)
    assert (first.steps, first.now, list(first.events)) == (second.steps, second.now, list(second.events))
    assert [kept.journal for kept in first.ledger.organizations.values()] == [
        kept.journal for kept in second.ledger.organizations.values()
    ]
