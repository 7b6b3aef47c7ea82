"""What the pages of payment methods and of approvals ask of the operations, and the records that they show.

Knows the questions and the answers, in the manner of ``ports``. Refuses to know who answers, and how a gateway names a
payment method.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from commcredits.core.outcomes import Refused
from commcredits.core.purchases import TopUpState
from commcredits.edges.portal.ports import OrganizationView

ORDER_NUMBER_CHARACTERS_MAX = 40
"""Longest number of a purchase order."""


class Expiry(StrEnum):
    """Where a card stands in its life; ``soon`` is its last month and the month before that."""

    NONE = "none"
    LATER = "later"
    SOON = "soon"
    EXPIRED = "expired"


class ByHand(StrEnum):
    """The ways to pay that a person of the operator confirms (domain.md §3, Payment)."""

    BANK_TRANSFER = "bank_transfer"
    PURCHASE_ORDER = "purchase_order"


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodView:
    """A stored way to pay.

    ``payment_method`` is handed back to the operations. ``kind`` is the gateway's word, such as ``card``;
    ``brand`` of a purchase order is its number. ``expires`` is the last month it can be used in, as year and month.
    ``recharges`` is ``first`` or ``backup`` while an enabled recharge rule pays with it, else empty.
    """

    payment_method: str
    kind: str
    brand: str
    last4: str
    created_at: datetime
    expires: tuple[int, int] | None = None
    expiry: Expiry = Expiry.NONE
    is_default: bool = False
    is_backup: bool = False
    recharges: str = ""
    off_session: bool = True
    """Whether it can be charged while nobody is there, as auto-recharge must."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodsView:
    """All ways to pay of an organization, oldest first, and the ways to get more.

    ``gateways`` are those with a page of their own to enter a card or an account on; ``by_hand`` says whether bank
    transfers and purchase orders are taken.
    """

    organization: OrganizationView
    as_of: datetime
    methods: tuple[MethodView, ...]
    gateways: tuple[str, ...]
    by_hand: bool

    def method(self, payment_method: str) -> MethodView | None:
        """The method of that id, None for any other organization's."""
        return next((each for each in self.methods if each.payment_method == payment_method), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferView:
    """What a payer by hand has to do: ``amount_micros``, tax included, to ``payee`` with ``reference`` on it.

    ``payee`` is empty where the operator does not say where to pay to; ``order_number`` where no order was placed.
    """

    organization: OrganizationView
    top_up_id: str
    state: TopUpState
    amount_micros: int
    tax_micros: int
    currency: str
    payee: str
    reference: str
    order_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalView:
    """A payment that asked its payer for approval, as whoever has its address may see it; ``amount_micros`` with tax.

    ``url`` is the gateway's page, made for a payer who is present, where there is one; whoever holds it may approve.
    """

    top_up_id: str
    organization_id: str
    amount_micros: int
    currency: str
    last4: str
    state: TopUpState
    reason: str
    url: str = field(default="", repr=False)

    @property
    def waits(self) -> bool:
        """Whether its payer can approve it now."""
        return self.state is TopUpState.ACTION_REQUIRED


class MethodOperations(Protocol):
    """The operations behind these pages. Each may refuse with ``busy``, or ``gateway_not_ready``: try again."""

    async def payment_methods(self, organization_id: str) -> MethodsView | Refused:
        """What an organization can pay with, or ``unknown_organization``."""
        ...

    async def begin_adding_method(
        self, organization_id: str, *, gateway: str, return_path: str, command_id: str
    ) -> str | Refused:
        """The address of the gateway's page, which then leads back to that path of this installation."""
        ...

    async def finish_adding_methods(self, organization_id: str, *, gateway: str) -> Refused | None:
        """Keep what was entered on the gateway's page; may be repeated."""
        ...

    async def add_method_by_hand(self, organization_id: str, *, way: ByHand, order_number: str) -> MethodView | Refused:
        """Add a bank transfer or a purchase order; repeated, it is the same one."""
        ...

    async def choose_methods(
        self, organization_id: str, *, default: str, backup: str | None, command_id: str
    ) -> Refused | None:
        """Choose what pays, and what is tried when that is declined; a recharge rule follows."""
        ...

    async def replace_method(
        self, organization_id: str, *, payment_method: str, by: str, command_id: str
    ) -> Refused | None:
        """Let another method take the roles of this one, and remove this one."""
        ...

    async def remove_method(self, organization_id: str, *, payment_method: str) -> Refused | None:
        """Take it out of use for good; ``payment_method_in_use`` says in its facts by what."""
        ...

    async def transfer(self, organization_id: str, *, top_up_id: str) -> TransferView | Refused:
        """What to pay and how, of a purchase that is confirmed by hand; any other is ``unknown_top_up``."""
        ...

    async def approval(self, top_up_id: str, *, asks_gateway: bool) -> ApprovalView | None:
        """The payment of this id, whoever's it is; None where no attempt has it.

        With ``asks_gateway`` what has become of it is read back first, where that is not settled yet.
        """
        ...

    async def resume_payment(self, top_up_id: str, *, return_path: str) -> ApprovalView | Refused:
        """Let the payer, who is present, approve: a fresh page of the gateway, or what it came to meanwhile."""
        ...
