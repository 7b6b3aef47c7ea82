"""Blocks that fraud limits set off: lifting one.

Knows the blocks in force. Refuses to set one: limits do (commcredits.core.limiting).
"""

from __future__ import annotations

from msgspec.structs import replace

from commcredits.core.account import Account, Context, Decision
from commcredits.core.commands import LiftBlock
from commcredits.core.outcomes import Done, RefusalCode, Refused


def lift(account: Account, command: LiftBlock, context: Context) -> Decision:
    """End a block; refused when none by this id is in force.

    What was spent stays on its meter, so the same limit blocks again within its period when it is reached again: an
    administrator who means the spending to go on raises the limit first.
    """
    for block in account.blocks:
        if block.block_id == command.block_id:
            lifted = replace(block, lifted_at=context.now, lifted_by=command.lifted_by)
            left = tuple(other for other in account.blocks if other is not block)
            return Decision(outcome=Done(changed=True), account=replace(account, blocks=left), blocks=(lifted,))
    facts = {"block_id": command.block_id}
    return Decision(outcome=Refused(code=RefusalCode.UNKNOWN_BLOCK, facts=facts), account=account)
