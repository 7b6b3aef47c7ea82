"""What may happen in the simulated world, how likely, and how a world is left alone at the end.

Knows nothing but the draw. Every function here takes its choices from the world's own source of chance.
"""

from collections.abc import Awaitable, Coroutine
from datetime import timedelta
from typing import Any, Final

from commcredits.core.commands import Adjust, GrantPromotion
from commcredits.gateways.protocol import DisputeState, RefundProcessing, Succeeded
from tests.simulation import people
from tests.simulation.providers import CALM, Mood, Weather
from tests.simulation.world import UNIT, Faults, World

METHODS_MAX: Final = 6
PATIENCE_ROUNDS: Final = 60
"""How often a world that is left alone is looked at before it must have come to rest."""


def set_the_stage(world: World, organizations: int) -> None:
    """Organizations with different clocks, methods and funds; a provider with weather of its own."""
    draw = world.random
    world.provider.weather = Weather(
        down=draw.choice((0, 0, 5, 30)),
        lost_before=draw.choice((0, 5, 20)),
        lost_after=draw.choice((0, 5, 20)),
        late=draw.choice((0, 5, 20)),
        message_twice=draw.choice((0, 20)),
        message_never=draw.choice((0, 10, 100)),
        refund_refused=draw.choice((0, 20)),
        refund_slow=draw.choice((0, 30)),
    )
    world.faults = Faults(busy=draw.choice((0, 0, 5)), kills=draw.choice((0, 5, 20)))
    for _ in range(organizations):
        zone = draw.choice(("UTC", "Europe/Bucharest", "Pacific/Auckland", "America/Los_Angeles"))
        organization_id = world.open_organization(time_zone=zone, methods=3)
        for method_id in world.methods[organization_id]:
            world.set_mood(method_id, _mood(world))
        if draw.randrange(4):
            give(world, organization_id, draw.randrange(1, 60) * UNIT)
            save_some_rule(world, organization_id)


def happen(world: World) -> None:
    """One thing, drawn from all."""
    act = world.random.choices(_ACTS, cum_weights=_CUMULATED)[0]
    act(world, world.random.choice(world.organizations))


def give(world: World, organization_id: str, amount_micros: int) -> None:
    """The operator gives funds, for a while."""
    command = GrantPromotion(
        organization_id=organization_id,
        command_id=world.new_name(),
        amount_micros=amount_micros,
        expires_at=world.now + timedelta(days=world.random.choice((1, 20, 90, 365))),
        reason="welcome",
    )
    _start(world, "web", world.services.executor.execute(command), "a promotion")


def spend(world: World, organization_id: str) -> None:
    """Somebody calls."""
    seconds = world.random.choice((1, 3, 10, 30))
    _start(world, "switch", people.spend(world, organization_id, seconds), f"a call of {seconds} units")


def buy(world: World, organization_id: str) -> None:
    """Somebody adds funds; now and then somebody sends twice what was sent before."""
    draw = world.random
    if world.requests and draw.randrange(3) == 0:
        request = draw.choice(world.requests[-4:])
    else:
        method_id = draw.choice(world.methods[organization_id])
        request = (organization_id, world.new_name(), draw.randrange(5, 40) * UNIT, method_id)
        world.requests.append(request)
    _start(world, "web", people.buy(world, *request), f"a purchase by request {request[1]}")
    if draw.randrange(6) == 0:
        _start(world, "web", people.buy(world, *request), f"the same request {request[1]} at once")


def save_some_rule(world: World, organization_id: str) -> None:
    """An administrator saves a rule, of any mode, with or without a backup, an expiry ahead and a cap of its own."""
    draw = world.random
    methods = draw.sample(world.methods[organization_id], 2)
    recharge, trigger = draw.randrange(5, 40) * UNIT, draw.randrange(1, 40) * UNIT
    mode = draw.choice(("fixed", "fixed", "to_target", "close_gap"))
    work = people.save_rule(
        world,
        organization_id,
        recharge_amount_micros=recharge,
        trigger_amount_micros=trigger + draw.choice((0, 0, 1, 250_000)),
        monthly_cap_micros=draw.choice((None, None, recharge, 2 * recharge, 60 * UNIT)),
        mode=mode,
        target_amount_micros=trigger + draw.randrange(1, 40) * UNIT,
        payment_method_id=methods[0],
        backup_payment_method_id=draw.choice(("", methods[1])),
        expiry_ahead_days=draw.choice((0, 0, 0, 30)),
    )
    _start(world, "web", work, f"a rule: {mode}, trigger {trigger // UNIT}, recharge {recharge // UNIT}")


def switch_off(world: World, organization_id: str) -> None:
    """An administrator switches auto-recharge off."""
    _start(world, "web", people.switch_off(world, organization_id), "switching off")


def choose_methods(world: World, organization_id: str) -> None:
    """An administrator chooses other methods."""
    first, second = world.random.sample(world.methods[organization_id], 2)
    backup = world.random.choice(("", second))
    _start(world, "web", people.choose_methods(world, organization_id, first, backup), "other methods")


def work(world: World, _organization_id: str) -> None:
    """A worker begins a round."""
    name = world.random.choice(("run_due", "run_due", "check", "resolve", *people.ROUNDS))
    _start(world, world.random.choice(("worker-1", "worker-2")), people.work(world, name), f"the round {name}")


def deliver(world: World, _organization_id: str) -> None:
    """A message of the provider arrives: any of those on their way, and maybe not for the last time."""
    provider = world.provider
    if not provider.undelivered:
        return
    place = world.random.randrange(len(provider.undelivered))
    event = provider.undelivered[place]
    if not provider.strikes(provider.weather.message_twice):
        provider.undelivered.pop(place)
    _start(world, "web", people.hear(world, event), f"the message {event}: {provider.events[event].kind.value}")


def let_time_pass(world: World, _organization_id: str) -> None:
    """Seconds to months, and now and then a little backwards."""
    draw = world.random
    longest = draw.choice((10, 120, 400, 700, 4_000, 30_000, 100_000))
    seconds = draw.randrange(longest)
    if draw.randrange(30) == 0:
        seconds = draw.choice((-1, -90, 40 * 86_400, 400 * 86_400))
    world.pass_time(seconds=seconds)


def change_a_mood(world: World, organization_id: str) -> None:
    """A payment method begins to behave differently."""
    method_id, mood = world.random.choice(world.methods[organization_id]), _mood(world)
    world.set_mood(method_id, mood)
    world.note(f"the method {method_id[-4:]} of {organization_id[-4:]} {mood.value} from now on")


def arrive_late(world: World, _organization_id: str) -> None:
    """A request arrives at the provider whose caller has long given up."""
    if world.provider.late:
        world.note("a late request arrives at the provider")
        world.provider.arrive_late()
        world.check()


def refund(world: World, _organization_id: str) -> None:
    """The operator gives back a purchase that the provider has taken money for."""
    paid = [each for each in world.provider.charges.values() if isinstance(each.outcome, Succeeded)]
    if not paid:
        return
    request = world.random.choice(paid).request
    owner, top_up_id = world.owners[request.payment_method_reference], request.idempotency_key
    amount = world.random.choice((None, UNIT, 3 * UNIT))
    _start(world, "web", people.refund(world, owner, top_up_id, amount), "a refund")


def change_methods(world: World, organization_id: str) -> None:
    """An administrator adds a payment method and removes another, as far as that is allowed."""
    methods = world.methods[organization_id]
    if len(methods) > METHODS_MAX:
        return
    method_id = world.add_method(organization_id, _mood(world))
    old = world.random.choice(methods)
    methods.append(method_id)
    _start(world, "web", people.remove_method(world, organization_id, old), f"removal of the method {old[-4:]}")


def dispute(world: World, _organization_id: str) -> None:
    """A payer's bank asks for money back, or decides about what it asked for."""
    draw = world.random
    paid = [each for each in world.provider.charges.values() if isinstance(each.outcome, Succeeded)]
    if not paid:
        return
    charge = draw.choice(paid)
    if charge.dispute is not None and charge.dispute.state is DisputeState.OPEN:
        won = bool(draw.randrange(2))
        world.provider.close_dispute(charge, won=won)
        world.note(f"the bank decides the dispute of {charge.reference}: {'won' if won else 'lost'}")
    elif charge.dispute is None and charge.refunded_minor < charge.request.amount_minor:
        world.provider.dispute(charge, part_percent=draw.choice((100, 100, 40)))
        world.note(f"the charge {charge.reference} is disputed")


def adjust(world: World, organization_id: str) -> None:
    """The operator gives or takes funds."""
    command = Adjust(
        organization_id=organization_id,
        command_id=world.new_name(),
        amount_micros=world.random.choice((-20, -3, 5)) * UNIT,
        reason="a correction",
    )
    _start(world, "web", world.services.executor.execute(command), f"an adjustment of {command.amount_micros}")


def leave_alone(world: World) -> None:
    """Everything works again and nobody does anything: the world must come to rest, and everything be resolved.

    Messages that were under way never arrive: the rounds of the workers alone have to find everything out.
    """
    world.note("the world is left alone")
    world.provider.weather, world.faults = CALM, Faults()
    world.provider.undelivered.clear()
    for reference in world.provider.moods:
        world.provider.moods[reference] = Mood.PAYS
    while world.provider.late:
        world.provider.arrive_late()
    for charge in world.provider.charges.values():
        if charge.dispute is not None and charge.dispute.state is DisputeState.OPEN:
            world.provider.close_dispute(charge, won=bool(world.random.randrange(2)))
    world.drain()
    for _ in range(PATIENCE_ROUNDS):
        for name in ("expire", "reap", "check", "run_due", "resolve", "refunds", "sweep", "events", "run_due"):
            _start(world, "worker-1", people.work(world, name), f"the round {name}")
            world.drain()
        if is_at_rest(world):
            break
        world.pass_time(hours=7)
    for name in ("sweep", "events"):  # What the provider keeps of the last payments is known by now.
        _start(world, "worker-1", people.work(world, name), f"the round {name}")
        world.drain()
    if world.backend is None:
        world.auditor.conclude()


def is_at_rest(world: World) -> bool:
    """Whether nothing is open any more, on either side."""
    return (
        world.books.is_settled()
        and all(each.decision is None for each in world.provider.charges.values())
        and not any(isinstance(each.outcome, RefundProcessing) for each in world.provider.refunds.values())
    )


def _mood(world: World) -> Mood:
    moods: tuple[Mood, ...] = (Mood.PAYS, Mood.PAYS, Mood.PAYS, Mood.DECLINES, *Mood)
    return world.random.choice(moods)


def _start(world: World, process: str, begun: Awaitable[Any], what: str) -> None:
    assert isinstance(begun, Coroutine), "whatever happens here is a coroutine"
    world.begin(process, begun, what)


_WEIGHTS: Final = (
    (spend, 26),
    (work, 30),
    (let_time_pass, 14),
    (deliver, 12),
    (buy, 7),
    (save_some_rule, 4),
    (change_a_mood, 4),
    (switch_off, 2),
    (choose_methods, 2),
    (change_methods, 1),
    (arrive_late, 3),
    (refund, 4),
    (dispute, 3),
    (adjust, 1),
)
_ACTS: Final = tuple(act for act, _weight in _WEIGHTS)
_CUMULATED: Final = tuple(sum(weight for _act, weight in _WEIGHTS[: place + 1]) for place in range(len(_WEIGHTS)))
