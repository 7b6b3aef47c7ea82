"""Rows beside an account and its calls, gathered while one organization's commands are decided.

Knows what is written once however often it moves. Refuses to decide, and to write: it lays rows into the batch.
"""

from __future__ import annotations

from commcredits.core.flags import Flag
from commcredits.core.funds import Lot
from commcredits.core.ledger import Transfer
from commcredits.core.notices import Notice
from commcredits.core.purchases import Refund, TopUp
from commcredits.core.roster import Block
from commcredits.storage.batch import Batch
from commcredits.storage.codec import encode_answer
from commcredits.storage.loading import RememberedAnswer


class Changes:
    """Rows beside the account and its calls, gathered while an organization is decided."""

    __slots__ = ("answers", "blocks", "flags", "lots", "notices", "refunds", "repriced", "top_ups", "transfers")

    def __init__(self) -> None:
        self.blocks: dict[str, Block] = {}
        self.flags: list[Flag] = []
        self.repriced: set[str] = set()
        self.transfers: list[Transfer] = []
        self.lots: list[Lot] = []
        self.top_ups: dict[str, TopUp] = {}
        self.refunds: dict[str, Refund] = {}
        self.notices: list[Notice] = []
        self.answers: dict[tuple[str, str], RememberedAnswer] = {}

    def add_to(self, batch: Batch, organization_id: str) -> None:
        """Lay them into the batch, in one order."""
        batch.add_flags(organization_id, self.flags)
        for transfer in self.transfers:
            batch.add_transfer(organization_id, transfer)
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
