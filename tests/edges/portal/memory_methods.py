"""Payment methods and approvals in memory: what their pages are walked with.

Knows the promises of MethodOperations and keeps each of them. Refuses to know the ledger and any gateway.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.edges.portal.method_ports import (
    ApprovalView,
    ByHand,
    Expiry,
    MethodsView,
    MethodView,
    TransferView,
)

if TYPE_CHECKING:
    from tests.edges.portal.memory_operations import Books

GATEWAY_PAGE: Final = "https://payments.example/setup/secret"
APPROVAL_PAGE: Final = "https://payments.example/approve/secret"
REFERENCE: Final = "7K2M-QX4P-9RTB"
LONG_AGO: Final = timedelta(days=200)


@dataclass(kw_only=True)
class Shelf:
    """One organization's ways to pay; ``entered`` are those that wait at the gateway to be kept."""

    methods: list[MethodView] = field(default_factory=list)
    entered: list[MethodView] = field(default_factory=list)
    gateways: tuple[str, ...] = ("simulator", "stripe")
    by_hand: bool = True
    refusal: Refused | None = None
    return_paths: list[str] = field(default_factory=list)
    transfers: dict[str, TransferView] = field(default_factory=dict)

    def method(self, payment_method: str) -> MethodView:
        """The method of that id."""
        return next(each for each in self.methods if each.payment_method == payment_method)


class MemoryMethods:
    """MethodOperations over dictionaries; ``refuses`` of a shelf is what every change is answered with."""

    books: dict[str, Books]

    def __init__(self, now: datetime) -> None:
        self._now = now
        self.shelves: dict[str, Shelf] = {}
        self.approvals: dict[str, ApprovalView] = {}
        self.resumed: list[str] = []
        self.looked_up: list[str] = []

    def shelf(self, books: Books) -> Shelf:
        """An organization's ways to pay; none at first."""
        return self.shelves.setdefault(books.organization.organization_id, Shelf())

    def fill(self, books: Books) -> Shelf:
        """The same with one of every kind on it."""
        shelf = self.shelf(books)
        shelf.methods = [
            card("card_good", "4242", self._now, is_default=True, recharges="first"),
            card("card_soon", "0341", self._now, brand="Mastercard", expires=(2026, 12), is_backup=True),
            card("card_old", "3184", self._now, brand="American Express", expires=(2026, 10)),
            by_hand("transfer", ByHand.BANK_TRANSFER, self._now),
            by_hand("order", ByHand.PURCHASE_ORDER, self._now, "PO-2026/0000000000000000000000000000117"),
        ]
        return shelf

    def asks_approval(self, top_up_id: str, books: Books, state: TopUpState = TopUpState.ACTION_REQUIRED) -> None:
        """Let a payment of an organization stand in that state."""
        self.approvals[top_up_id] = ApprovalView(
            top_up_id=top_up_id,
            organization_id=books.organization.organization_id,
            amount_micros=238_000_000,
            currency=books.organization.currency,
            last4="3184",
            state=state,
            reason="authentication_failed" if state is TopUpState.DECLINED else "",
        )

    async def payment_methods(self, organization_id: str) -> MethodsView | Refused:
        """What stands on the shelf."""
        books = self.books.get(organization_id)
        if books is None:
            return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION)
        if books.busy:
            return Refused(code=RefusalCode.BUSY)
        shelf = self.shelf(books)
        return MethodsView(
            organization=books.organization,
            as_of=self._now,
            methods=tuple(shelf.methods),
            gateways=shelf.gateways,
            by_hand=shelf.by_hand,
        )

    async def begin_adding_method(
        self, organization_id: str, *, gateway: str, return_path: str, command_id: str
    ) -> str | Refused:
        """The address of a page; where it leads back to is noted."""
        shelf = self.shelves[organization_id]
        assert gateway in shelf.gateways
        assert command_id
        shelf.return_paths.append(return_path)
        return shelf.refusal or GATEWAY_PAGE

    async def finish_adding_methods(self, organization_id: str, *, gateway: str) -> Refused | None:
        """Keep what was entered."""
        shelf = self.shelves[organization_id]
        assert gateway in shelf.gateways
        if shelf.refusal is None:
            shelf.methods += shelf.entered
            shelf.entered = []
        return shelf.refusal

    async def add_method_by_hand(self, organization_id: str, *, way: ByHand, order_number: str) -> MethodView | Refused:
        """Add it at once."""
        shelf = self.shelves[organization_id]
        added = by_hand(f"{way}-{order_number}", way, self._now + LONG_AGO, order_number)
        shelf.methods.append(added)
        return added

    async def choose_methods(
        self, organization_id: str, *, default: str, backup: str | None, command_id: str
    ) -> Refused | None:
        """Move the roles."""
        shelf = self.shelves[organization_id]
        assert command_id
        if default == backup:
            facts: dict[str, str | int] = {"reason": "backup_is_the_first"}
            return Refused(code=RefusalCode.PAYMENT_METHOD_NOT_ALLOWED, facts=facts)
        if shelf.refusal is None:
            shelf.methods = [
                replace(each, is_default=each.payment_method == default, is_backup=each.payment_method == backup)
                for each in shelf.methods
            ]
        return shelf.refusal

    async def replace_method(
        self, organization_id: str, *, payment_method: str, by: str, command_id: str
    ) -> Refused | None:
        """Hand on the roles, and remove the old one."""
        shelf = self.shelves[organization_id]
        assert command_id
        if by not in {each.payment_method for each in shelf.methods}:
            return Refused(code=RefusalCode.UNKNOWN_PAYMENT_METHOD)
        if shelf.refusal is None:
            old = shelf.method(payment_method)
            shelf.methods = [
                replace(each, is_default=old.is_default or each.is_default, is_backup=old.is_backup)
                if each.payment_method == by
                else each
                for each in shelf.methods
                if each is not old
            ]
        return shelf.refusal

    async def remove_method(self, organization_id: str, *, payment_method: str) -> Refused | None:
        """Take it away, unless auto-recharge pays with it."""
        shelf = self.shelves[organization_id]
        if shelf.method(payment_method).recharges:
            facts: dict[str, str | int] = {"used_by": "auto_recharge"}
            return Refused(code=RefusalCode.PAYMENT_METHOD_IN_USE, facts=facts)
        if shelf.refusal is None:
            shelf.methods.remove(shelf.method(payment_method))
        return shelf.refusal

    async def transfer(self, organization_id: str, *, top_up_id: str) -> TransferView | Refused:
        """What the shelf says of it, or of a purchase by hand in the books."""
        books = self.books[organization_id]
        known = self.shelf(books).transfers.get(top_up_id)
        found = next((each for each in books.top_ups if each.top_up_id == top_up_id and each.by_hand), None)
        if known is not None or found is None:
            return known or Refused(code=RefusalCode.UNKNOWN_TOP_UP)
        return a_transfer(books, top_up_id, amount_micros=found.amount_micros)

    async def approval(self, top_up_id: str, *, asks_gateway: bool) -> ApprovalView | None:
        """How it stands."""
        if asks_gateway:
            self.looked_up.append(top_up_id)
        return self.approvals.get(top_up_id)

    async def resume_payment(self, top_up_id: str, *, return_path: str) -> ApprovalView | Refused:
        """A fresh page."""
        self.resumed.append(return_path)
        found = self.approvals[top_up_id]
        refusal = self.shelves[found.organization_id].refusal if found.organization_id in self.shelves else None
        return refusal or replace(found, url=APPROVAL_PAGE)


def card(
    payment_method: str,
    last4: str,
    now: datetime,
    *,
    brand: str = "Visa",
    expires: tuple[int, int] = (2029, 3),
    is_default: bool = False,
    is_backup: bool = False,
    recharges: str = "",
) -> MethodView:
    """A card that was added long ago."""
    left = (expires[0] - now.year) * 12 + expires[1] - now.month
    return MethodView(
        payment_method=payment_method,
        kind="card",
        brand=brand,
        last4=last4,
        created_at=now - LONG_AGO,
        expires=expires,
        expiry=Expiry.EXPIRED if left < 0 else Expiry.SOON if left <= 1 else Expiry.LATER,
        is_default=is_default,
        is_backup=is_backup,
        recharges=recharges,
    )


def by_hand(payment_method: str, way: ByHand, now: datetime, number: str = "") -> MethodView:
    """A bank transfer, or the purchase order of that number."""
    return MethodView(
        payment_method=payment_method,
        kind=way.value,
        brand=number,
        last4="",
        created_at=now - LONG_AGO,
        off_session=False,
    )


def a_transfer(
    books: Books,
    top_up_id: str,
    *,
    amount_micros: int = 200_000_000,
    state: TopUpState = TopUpState.PROCESSING,
    order_number: str = "",
    payee: str = "RO49 AAAA 1B31 0075 9384 0000, Credite Exemplu SRL",
) -> TransferView:
    """A purchase that is paid by hand, with its tax."""
    return TransferView(
        organization=books.organization,
        top_up_id=top_up_id,
        state=state,
        amount_micros=amount_micros + 38_000_000,
        tax_micros=38_000_000,
        currency=books.organization.currency,
        payee=payee,
        reference=REFERENCE,
        order_number=order_number,
    )
