"""One run of a seed from its first step to rest, the report of a failure, and a smaller run that fails as well.

Knows seeds and steps. Refuses to know what happens in a run.
"""

from dataclasses import dataclass
from random import Random
from typing import Final

from tests.simulation.backends import Backend
from tests.simulation.happenings import happen, leave_alone, set_the_stage
from tests.simulation.world import FUNDING, TAXED, World

STEPS: Final = 400
ORGANIZATIONS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A run that went wrong: its seed and size, where, why, and what had happened last."""

    seed: int
    steps: int
    organizations: int
    step: int
    error: BaseException
    events: tuple[str, ...]

    def __str__(self) -> str:
        """All that somebody needs to look into it."""
        said = "\n".join(f"    {line}" for line in self.events)
        size = f"SEED={self.seed} STEPS={self.steps} ORGANIZATIONS={self.organizations}"
        return (
            f"seed {self.seed} failed in step {self.step}: {type(self.error).__name__}: {self.error}\n"
            f"  the last {len(self.events)} events:\n{said}\n"
            f"  to repeat it: make simulate {size}"
        )


def make_world(seed: int, backend: Backend | None = None) -> World:
    """The world of a seed before its first step; every other one has taxes."""
    return World(random=Random(seed), funding=TAXED if seed % 2 else FUNDING, backend=backend)


def run(seed: int, *, steps: int = STEPS, organizations: int = ORGANIZATIONS) -> World:
    """Run a seed to its end; the world as it has come to rest. Raises what went wrong."""
    world = make_world(seed)
    play(world, steps=steps, organizations=organizations)
    return world


def play(world: World, *, steps: int, organizations: int) -> None:
    """So many steps in this world, then rest. In each step something begins, goes on, or is killed."""
    draw = world.random
    set_the_stage(world, draw.randrange(1, organizations + 1))
    for _ in range(steps):
        if world.faults.kills and draw.randrange(1_000) < world.faults.kills:
            world.kill(draw.choice(tuple(world.processes)))
        elif world.loop.waiting and draw.randrange(100) < 85:
            world.run_one()
        else:
            happen(world)
    leave_alone(world)


def find_failure(seed: int, *, steps: int = STEPS, organizations: int = ORGANIZATIONS) -> Failure | None:
    """What goes wrong in a run of this seed, or None."""
    world = make_world(seed)
    try:
        play(world, steps=steps, organizations=organizations)
    except (Exception, ExceptionGroup) as error:  # noqa: BLE001 - whatever goes wrong is what is looked for
        return Failure(
            seed=seed,
            steps=steps,
            organizations=organizations,
            step=world.steps,
            error=error,
            events=tuple(f"{at:%Y-%m-%d %H:%M:%S.%f} {what}" for at, what in world.events),
        )
    finally:
        world.close()
    return None


def shrink(failure: Failure) -> Failure:
    """A run of the same seed with fewer organizations or steps that fails as well; the same one if none does."""
    smallest = failure
    for organizations in range(1, failure.organizations):
        found = find_failure(failure.seed, steps=failure.steps, organizations=organizations)
        if found is not None:
            smallest = found
            break
    low, high = 0, smallest.steps
    while low < high:
        middle = (low + high) // 2
        found = find_failure(smallest.seed, steps=middle, organizations=smallest.organizations)
        if found is None:
            low = middle + 1
        else:
            high, smallest = middle, found
    return smallest
