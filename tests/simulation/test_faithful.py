"""The simulation runs the real thing: the same seeds over PostgreSQL and the real committer end in the same books."""

import pytest

from tests.simulation.real_books import real_books, told_in_memory
from tests.simulation.running import make_world, play, run

SEEDS = range(100, 112)
STEPS = 400


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_ends_in_the_same_books_in_memory_and_in_the_database(seed: int, database_url: str) -> None:
    memory = run(seed, steps=STEPS)
    with real_books(database_url, memory.funding) as books:
        world = make_world(seed, books)
        books.world = world
        play(world, steps=STEPS, organizations=3)
        world.close()

        assert world.steps == memory.steps
        assert len(world.organizations) == len(memory.organizations)
        for real, simulated in zip(world.organizations, memory.organizations, strict=True):
            assert books.told(real) == told_in_memory(memory.ledger.organizations[simulated])
        assert [(each.reference, each.outcome) for each in world.provider.charges.values()] == [
            (each.reference, each.outcome) for each in memory.provider.charges.values()
        ]
        assert books.verify().discrepancies == ()
