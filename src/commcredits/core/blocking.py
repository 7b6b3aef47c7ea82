"""Blocks: setting one by hand, and lifting one, whoever or whatever has set it.

Knows the blocks in force and the meters that set them off. Refuses to know when a limit sets one off
(commcredits.core.limiting), and whether there is such a user or country; whoever asks has looked.
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision, Surroundings
from commcredits.core.commands import LiftBlock, SetBlock
from commcredits.core.meters import MeterId, forget
from commcredits.core.outcomes import BlockSet, Done, RefusalCode, Refused
from commcredits.core.roster import Block, BlockReason


def set_block(account: Account, command: SetBlock, context: Context) -> Decision:
    """Block a user's charged calls, or calls to a country, until somebody lifts it.

    What is blocked already stays as it is, with its reason. Running calls keep what was granted to them.
    """
    for block in account.blocks:
        if (block.kind, block.subject) == (command.kind, command.subject):
            return Decision(outcome=BlockSet(block_id=block.block_id, changed=False), account=account)
    block = Block(
        block_id=context.new_id(),
        kind=command.kind,
        subject=command.subject,
        reason=BlockReason.BY_ADMINISTRATOR,
        limit_micros=0,
        spent_micros=0,
        blocked_at=context.now,
    )
    return Decision(
        outcome=BlockSet(block_id=block.block_id, changed=True),
        account=replace(account, blocks=(*account.blocks, block)),
        blocks=(block,),
    )


def lift(account: Account, command: LiftBlock, context: Context, around: Surroundings) -> Decision:
    """End a block; refused when none by this id is in force.

    What was spent and what running calls hold is forgotten on the meter that set it off, so that whoever lifts a block
    lets the limit be spent once more in its period, and not only until the next call.
    """
    for block in account.blocks:
        if block.block_id == command.block_id:
            lifted = replace(block, lifted_at=context.now, lifted_by=command.lifted_by)
            left = tuple(other for other in account.blocks if other is not block)
            meter_id = meter_of(block)
            meter = None if meter_id is None else around.meters.get(meter_id)
            return Decision(
                outcome=Done(changed=True),
                account=replace(account, blocks=left),
                blocks=(lifted,),
                meters=() if meter is None else (forget(meter),),
            )
    facts = {"block_id": command.block_id}
    return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_BLOCK, facts=facts), account=account)


def meter_of(block: Block) -> MeterId | None:
    """The meter whose limit set a block off, in the period in which it did; None for a block that somebody set.

    That period may be over: a call counts in the hour, or the day, in which it began.
    """
    match block.reason:
        case BlockReason.SPEND_VELOCITY:
            return (f"velocity:user:{block.subject}", block.period)
        case BlockReason.DESTINATION_ANOMALY:
            return (f"destination:{block.subject}", block.period)
        case BlockReason.BY_ADMINISTRATOR:
            return None
