"""What the portal asks of the operations, and the records that it shows.

Knows the questions and the answers. Refuses to know who answers. Every amount is an ``int`` of millionths of the major
unit of the organization's one currency; every instant is an aware UTC ``datetime``; every id is text. A refusal is a
value; an exception means a bug.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from commcredits.core.account import OrganizationStatus, SessionState
from commcredits.core.commands import Service
from commcredits.core.funds import LotSource
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.core.taxes import NO_TAX, Tax
from commcredits.edges.portal.receipt_ports import ReceiptOperations
from commcredits.edges.portal.recharge_ports import AutoRechargeView, RechargeOperations


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationView:
    """An organization as its pages name it.

    ``country`` is ISO 3166-1 alpha-2, ``currency`` ISO 4217, ``time_zone`` an IANA name.
    """

    organization_id: str
    name: str
    country: str
    currency: str
    time_zone: str
    status: OrganizationStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganizationsView:
    """One page of organizations in order of name; ``next_cursor`` asks for the page after it, None at the end."""

    items: tuple[OrganizationView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceView:
    """``available_micros`` = ``posted_micros`` − ``held_micros``; only a dispute or an adjustment makes it negative.

    ``owed_micros`` is what the next funds repay first. With ``post_usage``, calls are billed after use, as far as
    ``credit_line_micros`` goes, of which ``credit_line_used_micros`` are used or held.
    """

    posted_micros: int
    held_micros: int
    available_micros: int
    owed_micros: int = 0
    post_usage: bool = False
    credit_line_micros: int = 0
    credit_line_used_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpLimitsView:
    """What one top-up may be, both ends included."""

    minimum_micros: int
    maximum_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodView:
    """A stored method. ``payment_method`` is handed back to the operations; brand and last digits are shown.

    ``last4`` is empty where the method has no such digits, as a bank transfer has none. ``kind`` is the gateway's word;
    the brand of a ``purchase_order`` is its number.
    """

    payment_method: str
    brand: str
    last4: str
    kind: str = "card"


@dataclass(frozen=True, slots=True, kw_only=True)
class LotView:
    """A fund lot with anything left: ``left_micros`` of ``amount_micros``, parts held by running calls included."""

    lot_id: str
    source: LotSource
    purchased_at: datetime
    expires_at: datetime
    amount_micros: int
    left_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpView:
    """One attempt to buy funds. ``reason`` is the gateway's code of a decline, or why it was cancelled; else empty.

    ``amount_micros`` is net; ``tax_micros`` is paid on top. ``receipt_number`` is empty until there is a receipt.
    ``action_url`` is where the payer approves it, while ``state`` is ``action_required``; else empty. ``brand`` and
    ``last4`` are those of its payment method. ``by_hand`` says that somebody confirms it, as a bank transfer.
    """

    top_up_id: str
    kind: TopUpKind
    state: TopUpState
    amount_micros: int
    currency: str
    brand: str
    last4: str
    created_at: datetime
    reason: str
    action_url: str
    tax_micros: int = 0
    receipt_number: str = ""
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CallView:
    """One call. Numbers are E.164, or already masked as the organization's country demands; then shown as they come.

    ``destination`` is the rate's name for where the call went, empty if none. ``duration_seconds`` counts from the
    answer; ``pool_minutes`` of a minute pool paid for its beginning, and ``charged_micros`` was posted so far for the
    rest. ``refusal`` says why a call in state ``refused`` was not let through.
    """

    session_id: str
    service: Service
    state: SessionState
    authorised_at: datetime
    caller: str
    callee: str
    destination: str
    duration_seconds: int
    pool_minutes: int
    charged_micros: int
    currency: str
    refusal: RefusalCode | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfConsumptionView:
    """What calls were charged on one calendar day of the organization's time zone."""

    day: date
    charged_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsOverview:
    """All that the page shows of an organization, as of one instant.

    ``lots`` come in order of use, at most LOTS_SHOWN_MAX of the ``lot_count`` that have anything left. ``top_ups`` and
    ``calls`` are the newest ROWS_SHOWN_MAX, newest first. ``consumption`` holds one entry for each of the last 30 days,
    oldest first, today last; empty when there is no history to show. ``auto_recharge`` is None until a rule is saved.
    ``purchase_tax`` is how a purchase made now would be taxed; its amount says nothing. ``calls_shown`` is False for
    whoever may not see calls.
    """

    organization: OrganizationView
    as_of: datetime
    balance: BalanceView
    limits: TopUpLimitsView
    payment_methods: tuple[PaymentMethodView, ...]
    auto_recharge: AutoRechargeView | None
    lots: tuple[LotView, ...]
    lot_count: int
    top_ups: tuple[TopUpView, ...]
    calls: tuple[CallView, ...]
    consumption: tuple[DayOfConsumptionView, ...]
    consumed_this_month_micros: int
    purchase_tax: Tax = NO_TAX
    calls_shown: bool = True


LOTS_SHOWN_MAX = 8
"""Most fund lots that the page shows."""

ROWS_SHOWN_MAX = 10
"""Most purchases, and most calls, that the page shows."""

ORGANIZATIONS_PER_PAGE = 50
"""How many organizations the portal asks for at a time."""


class PortalOperations(RechargeOperations, ReceiptOperations, Protocol):
    """The operations behind the pages. Each may refuse with ``busy``; the portal then asks the person to try again."""

    async def list_organizations(self, *, cursor: str | None, limit: int) -> OrganizationsView | Refused:
        """Organizations in order of name. A cursor that was never given out is refused as ``invalid_input``."""
        ...

    async def organization(self, organization_id: str) -> OrganizationView | Refused:
        """The organization alone, or ``unknown_organization``."""
        ...

    async def balance(self, organization_id: str) -> BalanceView | Refused:
        """The balance alone, or ``unknown_organization``."""
        ...

    async def credits_overview(self, organization_id: str) -> CreditsOverview | Refused:
        """The page's content, or ``unknown_organization``."""
        ...

    async def add_funds(
        self, organization_id: str, *, amount_micros: int, payment_method: str, command_id: str
    ) -> TopUpView | Refused:
        """Buy funds, and answer once the gateway has said something (or nothing in time: state ``unknown``).

        Repeating a ``command_id`` with the same content buys nothing more and answers with the same attempt; with other
        content it is refused as ``conflict``. A declined payment is a TopUpView in state ``declined``.
        """
        ...
