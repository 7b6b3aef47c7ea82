"""Rows that few decisions have, gathered while one organization's commands are decided.

Knows what is written once however often it moves. Refuses to decide, and to write: it lays rows into the batch.
"""

from __future__ import annotations

from commcredits.core.account import Decision
from commcredits.core.flags import Flag
from commcredits.core.funds import Lot
from commcredits.core.notices import Notice
from commcredits.core.purchases import Refund, TopUp
from commcredits.core.roster import Block
from commcredits.storage.batch import Batch
from commcredits.storage.codec import encode_answer
from commcredits.storage.loading import RememberedAnswer


class SeldomChanges:
    """What commands change beside the account, its calls, their journal and their meters.

    ``repriced`` are the ids of calls that were priced anew.
    """

    __slots__ = ("answers", "blocks", "flags", "lots", "notices", "refunds", "repriced", "top_ups")

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {}
        self.flags: list[Flag] = []
        self.repriced: set[str] = set()
        self.lots: list[Lot] = []
        self.top_ups: dict[str, TopUp] = {}
        self.refunds: dict[str, Refund] = {}
        self.notices: list[Notice] = []
        self.answers: dict[tuple[str, str], RememberedAnswer] = {}

    def gather(self, decision: Decision) -> None:
        """Take over what one decision has of these."""
        self.flags.extend(decision.flags)
        for block in decision.blocks:
            self.blocks[block.block_id] = block
        self.lots.extend(decision.new_lots)
        for top_up in decision.top_ups:
            # A top-up may move twice in one batch; its row is written once, as it stands last, in the order first met.
            self.top_ups[top_up.top_up_id] = top_up
        for refund in decision.refunds:
            self.refunds[refund.refund_id] = refund
        self.notices.extend(decision.notices)

    def add_to(self, batch: Batch, organization_id: str) -> None:
        """Lay them into the batch, in one order."""
        batch.add_flags(organization_id, self.flags)
        for lot in self.lots:
            batch.add_lot(organization_id, lot)
        for top_up in self.top_ups.values():
            batch.add_top_up(organization_id, top_up)
        for refund in self.refunds.values():
            batch.add_refund(organization_id, refund)
        for notice in self.notices:
            batch.add_notice(organization_id, notice)
        for block in self.blocks.values():
            batch.add_block(organization_id, block)
        for (operation, command_id), answer in self.answers.items():
            batch.add_answer(organization_id, operation, command_id, answer.content, encode_answer(answer.outcome))
