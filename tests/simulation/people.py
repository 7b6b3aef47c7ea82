"""What people, switches and workers do in the simulated world, each as the operation that does it in the product.

Knows the operations. Refuses to choose when.
"""

import json
from typing import Any, Final

from commcredits.core.commands import Authorise, End, Service
from commcredits.core.outcomes import Granted, Outcome, RechargeRuleSaved, Refused
from commcredits.operations.funding import add_funds
from commcredits.operations.payment_messages import deal_with_waiting_events, receive_webhook
from commcredits.operations.payment_method_roles import (
    choose_payment_methods,
    detach_removed_methods,
    remove_payment_method,
)
from commcredits.operations.payments import FROM_THE_OLDEST, resolve_open_top_ups
from commcredits.operations.recharging import RechargeTerms, check_recharges, run_due_recharges, save_auto_recharge
from commcredits.operations.refunds import refund_top_up, resolve_open_refunds
from commcredits.operations.sweeping import sweep_events
from commcredits.operations.upkeep import expire_lots, reap_silent_sessions
from commcredits.storage.payments import TopUpRecord
from tests.simulation.scheduling import pause
from tests.simulation.world import CALLEE, CALLER, GATEWAY, NOON, World

ROUNDS: Final = ("run_due", "check", "resolve", "expire", "reap", "refunds", "sweep", "events", "detach")


async def spend(world: World, organization_id: str, seconds: int) -> Outcome:
    """A call of so many seconds, each of which costs a unit."""
    session_id = f"call-{world.new_name()}"
    execute = world.services.executor.execute
    granted = await execute(
        Authorise(
            organization_id=organization_id,
            session_id=session_id,
            service=Service.OUTBOUND,
            caller=CALLER,
            callee=CALLEE,
            slice_seconds=seconds,
            answered=True,
        )
    )
    if not isinstance(granted, Granted):
        return granted
    await pause()
    return await execute(
        End(organization_id=organization_id, session_id=session_id, used_seconds=granted.granted_seconds)
    )


async def buy(
    world: World, organization_id: str, command_id: str, amount_micros: int, method_id: str
) -> TopUpRecord | Refused:
    """A person adds funds."""
    return await add_funds(
        world.services,
        organization_id=organization_id,
        command_id=command_id,
        amount_micros=amount_micros,
        payment_method_id=method_id,
    )


async def save_rule(world: World, organization_id: str, **terms: Any) -> RechargeRuleSaved | Refused:
    """An administrator saves the auto-recharge rule; amounts in millionths, as RechargeTerms has them."""
    terms.setdefault("enabled", True)
    terms.setdefault("payment_method_id", world.methods[organization_id][0])
    return await save_auto_recharge(
        world.services, organization_id=organization_id, command_id=world.new_name(), terms=RechargeTerms(**terms)
    )


async def switch_off(world: World, organization_id: str) -> RechargeRuleSaved | Refused:
    """An administrator switches auto-recharge off, with whatever amounts stand on the page."""
    return await save_rule(world, organization_id, enabled=False, trigger_amount_micros=0)


async def choose_methods(world: World, organization_id: str, method_id: str, backup_id: str) -> Outcome:
    """An administrator chooses other methods."""
    return await choose_payment_methods(
        world.services,
        organization_id=organization_id,
        command_id=world.new_name(),
        default_id=method_id,
        backup_id=backup_id or None,
    )


async def remove_method(world: World, organization_id: str, method_id: str) -> Outcome:
    """An administrator removes a payment method."""
    return await remove_payment_method(world.services, organization_id=organization_id, payment_method_id=method_id)


async def hear(world: World, event: int) -> None:
    """A message of the provider arrives."""
    body = json.dumps({"event": event}).encode()
    await receive_webhook(world.services, gateway=GATEWAY, headers={"signature": "valid"}, raw_body=body)


async def work(world: World, name: str) -> None:
    """One round of a worker."""
    services = world.services
    match name:
        case "run_due":
            await run_due_recharges(services)
        case "check":
            await check_recharges(services)
        case "resolve":
            after = FROM_THE_OLDEST
            while True:
                resolved = await resolve_open_top_ups(services, after=after, at_once=2)
                if resolved.failures:
                    raise ExceptionGroup("some attempts could not be looked up", resolved.failures)
                after = resolved.next_after
                if after == FROM_THE_OLDEST:
                    return
        case "expire":
            await expire_lots(services, since=NOON.replace(year=2020))
        case "reap":
            await reap_silent_sessions(services)
        case "refunds":
            resolved = await resolve_open_refunds(services)
            if resolved.failures:
                raise ExceptionGroup("some refunds could not be looked up", resolved.failures)
        case "sweep":
            await sweep_events(services)
        case "events":
            await deal_with_waiting_events(services)
        case "detach":
            await detach_removed_methods(services)
        case _:
            raise ValueError(name)


async def refund(world: World, organization_id: str, top_up_id: str, amount_micros: int | None) -> None:
    """The operator gives back what is unused of a purchase, or a part of it."""
    await refund_top_up(
        world.services,
        organization_id=organization_id,
        command_id=world.new_name(),
        top_up_id=top_up_id,
        amount_micros=amount_micros,
        reason="asked for",
        requested_by="operator",
    )
