"""Blocks that fraud limits set off: lifting one.

Knows the blocks in force and the meters that set them off. Refuses to set one: limits do (commcredits.core.limiting).
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, Surroundings
from commcredits.core.calendar import day_of, hour_of
from commcredits.core.commands import LiftBlock
from commcredits.core.meters import MeterId
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.roster import Block, BlockedKind


def lift(account: Account, command: LiftBlock, context: Context, around: Surroundings) -> Decision:
    """End a block; refused when none by this id is in force.

    What was spent is forgotten on the meter that set it off, so that whoever lifts a block lets the limit be spent once
    more in its period, and not only until the next call.
    """
    for block in account.blocks:
        if block.block_id == command.block_id:
            lifted = replace(block, lifted_at=context.now, lifted_by=command.lifted_by)
            left = tuple(other for other in account.blocks if other is not block)
            meter = around.meters.get(meter_of(block, account.time_zone))
            return Decision(
                outcome=Done(changed=True),
                account=replace(account, blocks=left),
                blocks=(lifted,),
                meters=(replace(meter, used=0, reached_at=None),) if meter is not None and meter.used else (),
            )
    facts = {"block_id": command.block_id}
    return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_BLOCK, facts=facts), account=account)


def meter_of(block: Block, time_zone: str) -> MeterId:
    """The meter whose limit set a block off, in the period in which it did."""
    if block.kind is BlockedKind.USER:
        return (f"velocity:user:{block.subject}", hour_of(block.blocked_at, time_zone))
    return (f"destination:{block.subject}", day_of(block.blocked_at, time_zone))
