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
from commcredits.core.recharge import RechargeStanding


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
    """``available_micros`` = ``posted_micros`` − ``held_micros``; only a dispute or an adjustment makes it negative."""

    posted_micros: int
    held_micros: int
    available_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUpLimitsView:
    """What one top-up may be, both ends included."""

    minimum_micros: int
    maximum_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMethodView:
    """A stored method. ``payment_method`` is handed back to the operations; brand and last digits are shown.

    ``last4`` is empty where the method has no such digits, as a bank transfer has none.
    """

    payment_method: str
    brand: str
    last4: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeView:
    """The rule as saved, and how it stands.

    ``recharged_this_month_micros`` counts against the cap: attempts of this calendar month, in the organization's zone,
    that succeeded or are open. ``retry_at`` is when a rule in cool-down or back-off may act again, None otherwise.
    """

    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int
    payment_method: str
    recharged_this_month_micros: int
    standing: RechargeStanding
    retry_at: datetime | None


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

    ``action_url`` is where the payer approves it, while ``state`` is ``action_required``; else empty. ``brand`` and
    ``last4`` are those of its payment method.
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


LOTS_SHOWN_MAX = 8
"""Most fund lots that the page shows."""

ROWS_SHOWN_MAX = 10
"""Most purchases, and most calls, that the page shows."""

ORGANIZATIONS_PER_PAGE = 50
"""How many organizations the portal asks for at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeChange:
    """What an administrator saves. ``monthly_cap_micros`` None means the operator's default for the recharge amount."""

    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int | None
    payment_method: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoRechargeSaved:
    """The rule is in force; ``recharge_started`` when the balance was below its trigger already."""

    recharge_started: bool


class PortalOperations(Protocol):
    """The operations behind the pages. Each may refuse with ``busy``; the portal then asks the person to try again."""

    async def list_organizations(self, *, cursor: str | None, limit: int) -> OrganizationsView | Refused:
        """Organizations in order of name. A cursor that was never given out is refused as ``invalid_input``."""
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

    async def save_auto_recharge(
        self, organization_id: str, *, change: AutoRechargeChange, command_id: str
    ) -> AutoRechargeSaved | Refused:
        """Put the rule in force; the same promise about ``command_id`` as in add_funds."""
        ...
