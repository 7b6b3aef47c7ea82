"""Operations that keep their organizations in memory: what the portal's pages are walked with.

Knows the promises of PortalOperations and keeps each of them: idempotent by command id, declined by the card that
declines, refused where the product refuses. Refuses to know the ledger.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from commcredits.core.account import OrganizationStatus, RechargeMode
from commcredits.core.funds import LotSource
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpKind, TopUpState
from commcredits.core.recharge import RechargeStanding
from commcredits.core.recharge_outlook import NextKind, NextStep
from commcredits.core.taxes import NO_TAX, Tax
from commcredits.edges.portal.ports import (
    LOTS_SHOWN_MAX,
    ROWS_SHOWN_MAX,
    BalanceView,
    CallView,
    CreditsOverview,
    DayOfConsumptionView,
    LotView,
    OrganizationsView,
    OrganizationView,
    PaymentMethodView,
    TopUpLimitsView,
    TopUpView,
)
from commcredits.edges.portal.recharge_ports import (
    AutoRechargeChange,
    AutoRechargeSaved,
    AutoRechargeView,
    BalanceAlertsView,
    RechargeAttemptsView,
    RechargeAttemptView,
)
from tests.edges.portal.memory_history import (
    BY_HAND,
    CALLS,
    CARD_TO_APPROVE,
    DECLINED_CARD,
    GOOD_CARD,
    HISTORY,
    SLOW_TRANSFER,
    UNREACHABLE_CARD,
    a_call,
    a_lot,
    a_top_up,
    spent_on,
)
from tests.edges.portal.memory_methods import MemoryMethods
from tests.edges.portal.memory_receipts import MemoryReceipts, papers_of
from tests.edges.portal.memory_recharge import NO_ALERTS, UNIT, a_rule, attempts_of

__all__ = ["UNIT", "Books", "MemoryOperations", "close", "in_back_off"]

LIMITS: Final = TopUpLimitsView(minimum_micros=50 * UNIT, maximum_micros=10_000 * UNIT)

_OUTCOMES: Final = {
    GOOD_CARD.payment_method: TopUpState.SUCCEEDED,
    DECLINED_CARD.payment_method: TopUpState.DECLINED,
    CARD_TO_APPROVE.payment_method: TopUpState.ACTION_REQUIRED,
    SLOW_TRANSFER.payment_method: TopUpState.PROCESSING,
    BY_HAND.payment_method: TopUpState.PROCESSING,
    UNREACHABLE_CARD.payment_method: TopUpState.CANCELLED,
}


@dataclass(kw_only=True)
class Books:
    """One organization's state."""

    organization: OrganizationView
    payment_methods: tuple[PaymentMethodView, ...] = (GOOD_CARD, DECLINED_CARD, CARD_TO_APPROVE, SLOW_TRANSFER)
    limits: TopUpLimitsView = LIMITS
    rule: AutoRechargeView | None = None
    held_micros: int = 0
    lots: list[LotView] = field(default_factory=list)
    top_ups: list[TopUpView] = field(default_factory=list)
    calls: list[CallView] = field(default_factory=list)
    consumption: tuple[DayOfConsumptionView, ...] = ()
    answers: dict[str, tuple[tuple[object, ...], object]] = field(default_factory=dict)
    busy: bool = False
    purchase_tax: Tax = NO_TAX
    owed_micros: int = 0
    post_usage: bool = False
    alerts: BalanceAlertsView = NO_ALERTS
    attempts: list[RechargeAttemptView] = field(default_factory=list)

    def answers_to(self, operation: str) -> int:
        """How often this operation took effect."""
        return sum(content[0] == operation for content, _ in self.answers.values())

    @property
    def available_micros(self) -> int:
        """What new calls may use."""
        return sum(lot.left_micros for lot in self.lots) - self.held_micros


class MemoryOperations(MemoryMethods, MemoryReceipts):
    """PortalOperations over a dictionary. ``now`` tells the present instant.

    ``delay_seconds`` slows every purchase; while ``holds`` is set none goes on.
    """

    def __init__(self, now: datetime | None = None, *, delay_seconds: float = 0) -> None:
        super().__init__(now or datetime.now(UTC))
        self.delay_seconds = delay_seconds
        self.holds = False
        self._lock = asyncio.Lock()
        self.books: dict[str, Books] = {}
        MemoryReceipts.__init__(self)

    def open(
        self, name: str = "Exemplu SRL", *, country: str = "RO", currency: str = "RON", zone: str = "Europe/Bucharest"
    ) -> Books:
        """A new organization with nothing in its books."""
        organization = OrganizationView(
            organization_id=str(uuid.uuid4()),
            name=name,
            country=country,
            currency=currency,
            time_zone=zone,
            status=OrganizationStatus.OPEN,
        )
        books = Books(organization=organization)
        self.books[organization.organization_id] = books
        return books

    def open_with_history(self, name: str = "Exemplu SRL", **where: str) -> Books:
        """A new organization in the middle of its life: every state that a row can have is there."""
        books = self.open(name, **where)
        now = self._now
        currency = books.organization.currency
        books.rule = a_rule(
            now,
            recharge_amount_micros=500 * UNIT,
            trigger_amount_micros=150 * UNIT,
            monthly_cap_micros=5_000 * UNIT,
            recharged_this_month_micros=1_000 * UNIT,
            cap_left_micros=4_000 * UNIT,
        )
        books.attempts = attempts_of(currency, now)
        books.held_micros = 12_400_000
        self.papers[books.organization.organization_id] = papers_of(currency)
        books.lots = [
            a_lot(LotSource.PROMOTION, 25 * UNIT, 4_120_000, now - timedelta(days=20), now + timedelta(days=24)),
            a_lot(LotSource.AUTO_RECHARGE, 500 * UNIT, 118_903_600, now - timedelta(days=12), None),
            a_lot(LotSource.MANUAL, 200 * UNIT, 200 * UNIT, now - timedelta(hours=3), None),
        ]
        books.top_ups = [
            a_top_up(currency, state, kind, method, now - timedelta(hours=hours), reason)
            for state, kind, method, hours, reason in HISTORY
        ]
        books.calls = [a_call(currency, now - timedelta(minutes=7 * row), shape) for row, shape in enumerate(CALLS)]
        books.consumption = tuple(
            DayOfConsumptionView(day=(now - timedelta(days=29 - day)).date(), charged_micros=spent_on(day))
            for day in range(30)
        )
        return books

    async def list_organizations(self, *, cursor: str | None, limit: int) -> OrganizationsView | Refused:
        """Organizations by name; the cursor is the name of the last one shown."""
        names = sorted(self.books.values(), key=lambda each: each.organization.name)
        if cursor is not None and cursor not in {each.organization.name for each in names}:
            return Refused(code=RefusalCode.INVALID_INPUT)
        after = [each.organization for each in names if cursor is None or each.organization.name > cursor]
        shown = tuple(after[:limit])
        return OrganizationsView(items=shown, next_cursor=shown[-1].name if len(after) > limit else None)

    async def organization(self, organization_id: str) -> OrganizationView | Refused:
        """The organization alone."""
        books = self.books.get(organization_id)
        return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION) if books is None else books.organization

    async def balance(self, organization_id: str) -> BalanceView | Refused:
        overview = await self.credits_overview(organization_id)
        return overview if isinstance(overview, Refused) else overview.balance

    async def credits_overview(self, organization_id: str) -> CreditsOverview | Refused:
        """What the books hold."""
        books = self.books.get(organization_id)
        if books is None:
            return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION)
        if books.busy:
            return Refused(code=RefusalCode.BUSY)
        return CreditsOverview(
            organization=books.organization,
            as_of=self._now,
            balance=BalanceView(
                posted_micros=books.available_micros + books.held_micros,
                held_micros=books.held_micros,
                available_micros=books.available_micros,
                owed_micros=books.owed_micros,
                post_usage=books.post_usage,
                credit_line_micros=1_000 * UNIT if books.post_usage else 0,
                credit_line_used_micros=120_500_000 if books.post_usage else 0,
            ),
            limits=books.limits,
            payment_methods=books.payment_methods,
            auto_recharge=books.rule,
            lots=tuple(books.lots[:LOTS_SHOWN_MAX]),
            lot_count=len(books.lots),
            top_ups=tuple(books.top_ups[:ROWS_SHOWN_MAX]),
            calls=tuple(books.calls[:ROWS_SHOWN_MAX]),
            consumption=books.consumption,
            consumed_this_month_micros=sum(day.charged_micros for day in books.consumption if day.day.month == 11),
            purchase_tax=books.purchase_tax,
        )

    async def add_funds(
        self, organization_id: str, *, amount_micros: int, payment_method: str, command_id: str
    ) -> TopUpView | Refused:
        """Buy funds with a card that behaves as its name says."""
        await asyncio.sleep(self.delay_seconds)
        while self.holds:  # noqa: ASYNC110 - let go by the thread of a test, which has no events here
            await asyncio.sleep(0.01)
        async with self._lock:
            books = self.books[organization_id]
            content = ("add_funds", amount_micros, payment_method)
            known = _replay(books, command_id, content)
            if isinstance(known, TopUpView | Refused):
                return known
            if books.organization.status is not OrganizationStatus.OPEN:
                return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
            if amount_micros > 9_000 * UNIT:
                return Refused(code=RefusalCode.AMOUNT_ABOVE_MAXIMUM, facts={"maximum_micros": 9_000 * UNIT})
            method = next(each for each in books.payment_methods if each.payment_method == payment_method)
            state = _OUTCOMES[payment_method]
            bought = a_top_up(
                books.organization.currency,
                state,
                TopUpKind.MANUAL,
                method,
                self._now,
                _REASONS.get(state, ""),
                amount_micros,
            )
            books.top_ups.insert(0, bought)
            if state is TopUpState.SUCCEEDED:
                books.lots.append(a_lot(LotSource.MANUAL, amount_micros, amount_micros, self._now, None))
            books.answers[command_id] = (content, bought)
            return bought

    async def save_auto_recharge(
        self, organization_id: str, *, change: AutoRechargeChange, command_id: str
    ) -> AutoRechargeSaved | Refused:
        """Put a rule in force; no cap given means ten times the recharge amount."""
        books = self.books[organization_id]
        content = ("save_auto_recharge", change)
        known = _replay(books, command_id, content)
        if isinstance(known, AutoRechargeSaved | Refused):
            return known
        if change.enabled and change.trigger_amount_micros == 13 * UNIT:
            return Refused(code=RefusalCode.TRIGGER_NOT_ALLOWED, facts={"maximum_micros": 9_000 * UNIT})
        starts = change.enabled and books.available_micros < change.trigger_amount_micros
        usual = change.target_amount_micros if change.mode is RechargeMode.TO_TARGET else change.recharge_amount_micros
        cap = 10 * usual if change.monthly_cap_micros is None else change.monthly_cap_micros
        books.rule = a_rule(
            self._now,
            enabled=change.enabled,
            mode=change.mode,
            recharge_amount_micros=change.recharge_amount_micros,
            target_amount_micros=change.target_amount_micros,
            trigger_amount_micros=change.trigger_amount_micros,
            monthly_cap_micros=cap,
            cap_left_micros=cap,
            payment_method=change.payment_method,
            backup_payment_method=change.backup_payment_method,
            expiry_ahead_days=change.expiry_ahead_days,
            standing=RechargeStanding.ABOVE_TRIGGER if change.enabled else RechargeStanding.OFF,
            next_step=NextStep(kind=NextKind.WATCH if change.enabled else NextKind.NOTHING),
        )
        saved = AutoRechargeSaved(recharge_started=starts)
        books.answers[command_id] = (content, saved)
        return saved

    async def recharge_attempts(
        self, organization_id: str, *, cursor: str | None, limit: int
    ) -> RechargeAttemptsView | Refused:
        """Attempts from the cursor on, which is the id of the last one shown."""
        attempts = self.books[organization_id].attempts
        ids = [each.top_up_id for each in attempts]
        if cursor is not None and cursor not in ids:
            return Refused(code=RefusalCode.INVALID_INPUT)
        start = 0 if cursor is None else ids.index(cursor) + 1
        shown = tuple(attempts[start : start + limit])
        next_cursor = shown[-1].top_up_id if len(attempts) > start + limit else None
        return RechargeAttemptsView(items=shown, next_cursor=next_cursor)

    async def balance_alerts(self, organization_id: str) -> BalanceAlertsView | Refused:
        """What the books hold."""
        return self.books[organization_id].alerts

    async def save_balance_alerts(
        self, organization_id: str, *, amounts_micros: tuple[int, ...], command_id: str
    ) -> Refused | None:
        """Keep the amounts, highest first."""
        books = self.books[organization_id]
        if books.busy:
            return Refused(code=RefusalCode.BUSY)
        books.answers[command_id] = (("save_balance_alerts", amounts_micros), None)
        kept = tuple(sorted(set(amounts_micros), reverse=True))
        books.alerts = BalanceAlertsView(amounts_micros=kept, is_heard=books.alerts.is_heard)
        return None


_REASONS: Final = {TopUpState.DECLINED: "insufficient_funds", TopUpState.CANCELLED: "gateway_unreachable"}


def in_back_off(books: Books, now: datetime) -> None:
    """Let the last recharge of these books have been declined."""
    assert books.rule is not None
    step = NextStep(
        kind=NextKind.RETRY,
        at=now + timedelta(hours=1),
        amount_micros=books.rule.recharge_amount_micros,
        payment_method_id=books.rule.payment_method,
    )
    books.rule = replace(books.rule, standing=RechargeStanding.BACK_OFF, next_step=step)


def close(books: Books) -> None:
    """Close the organization."""
    books.organization = replace(books.organization, status=OrganizationStatus.CLOSED)


def _replay(books: Books, command_id: str, content: tuple[object, ...]) -> object:
    known = books.answers.get(command_id)
    if known is None:
        return None
    return known[1] if known[0] == content else Refused(code=RefusalCode.CONFLICT)
