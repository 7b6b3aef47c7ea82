"""What the told stories share: a calm world with one organization, its balance, its recharges, and a worker's day."""

from random import Random
from typing import Any

from commcredits.core.commands import GrantPromotion
from commcredits.core.funds import available_micros
from commcredits.core.purchases import TopUp, TopUpKind
from commcredits.core.topups import OPEN_STATES
from tests.simulation import people
from tests.simulation.providers import MICROS_PER_MINOR
from tests.simulation.world import UNIT, World


def world_of_one(seed: int = 1, *, balance_micros: int = 0) -> World:
    """A world without faults and one organization with two payment methods and that balance, for a year."""
    world = World(random=Random(seed))
    organization_id = world.open_organization(methods=2)
    if balance_micros:
        give(world, organization_id, balance_micros)
    return world


def give(world: World, organization_id: str, amount_micros: int) -> None:
    """Funds of a year."""
    command = GrantPromotion(
        organization_id=organization_id,
        command_id=world.new_name(),
        amount_micros=amount_micros,
        expires_at=world.now.replace(year=world.now.year + 1),
        reason="welcome",
    )
    world.commit(command)


def only(world: World) -> str:
    """The one organization there is."""
    (organization_id,) = world.organizations
    return organization_id


def save(world: World, **terms: Any) -> None:
    """An administrator saves the rule: recharge 100 below 50, unless said otherwise."""
    usual = {"recharge_amount_micros": 100 * UNIT, "trigger_amount_micros": 50 * UNIT}
    world.do(people.save_rule(world, only(world), **{**usual, **terms}))


def spend(world: World, units: int) -> None:
    """A call of so many units."""
    world.do(people.spend(world, only(world), units), "switch")


def work(world: World, *names: str) -> None:
    """Rounds of a worker, one after another."""
    for name in names or ("check", "run_due"):
        world.do(people.work(world, name), "worker-1")


def balance(world: World) -> int:
    """What calls may use now, in millionths."""
    return available_micros(world.ledger.organizations[only(world)].account.lots, world.now)


def recharges(world: World) -> list[TopUp]:
    """All auto-recharge attempts there were, oldest first."""
    top_ups = world.ledger.organizations[only(world)].top_ups.values()
    return [each for each in top_ups if each.kind is TopUpKind.AUTO_RECHARGE]


def still_open(world: World) -> list[TopUp]:
    """Attempts of either kind that are not settled."""
    return [each for each in world.ledger.organizations[only(world)].top_ups.values() if each.state in OPEN_STATES]


def charged(world: World) -> list[int]:
    """What the provider took, charge by charge, in millionths."""
    return [
        each.request.amount_minor * MICROS_PER_MINOR
        for each in world.provider.charges.values()
        for _ in range(each.taken_times)
    ]
