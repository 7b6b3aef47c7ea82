"""Any sequence of spending, paying, declining, saving and switching off keeps auto-recharge within its limits.

The world is smaller than that of all commands, so that its corners are reached: each attempt is held against limits
that are reckoned beside the core, from what was seen to happen.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import (
    Authorise,
    CheckRecharge,
    End,
    GrantPromotion,
    PaymentState,
    RecordPayment,
    SaveRechargeRule,
    SendTopUp,
    Service,
)
from commcredits.core.outcomes import RechargeRuleSaved
from commcredits.core.purchases import TopUpState
from commcredits.core.topups import OPEN_STATES
from tests.core.audit import audit
from tests.core.books import CALLEE, CALLER, FUNDING, ORGANIZATION, Books, books, rate
from tests.core.watch import Watch

UNIT = 1_000_000
MICROSECOND = timedelta(microseconds=1)
LONG_WAITS = [timedelta(seconds=-1), timedelta(minutes=5), timedelta(hours=1), timedelta(hours=6), timedelta(days=1)]

units = st.integers(1, 20).map(lambda number: number * UNIT)


class AnyRecharges(RuleBasedStateMachine):
    """An organization that spends by the unit, and a rule that buys by the unit."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch(books=books())

    @property
    def books(self) -> Books:
        """The books of this example."""
        return self.watch.books

    @initialize(
        now=st.sampled_from([datetime(2026, 11, 22, 12, tzinfo=UTC), datetime(2026, 11, 30, 21, 55, tzinfo=UTC)]),
        time_zone=st.sampled_from(["UTC", "Europe/Bucharest"]),
        balance=st.integers(0, 20),
    )
    def open_account(self, now: datetime, time_zone: str, balance: int) -> None:
        self.watch.books = books(
            rate(per_minute="60"), time_zone=time_zone, funding=replace(FUNDING, top_up_minimum_micros={"EUR": UNIT})
        )
        self.books.now = now
        if balance:
            self.receive(balance * UNIT)
        self.save_rule(enabled=True, recharge=5 * UNIT, trigger=10 * UNIT, cap=15 * UNIT)

    @rule(amount_micros=units)
    def receive(self, amount_micros: int) -> None:
        self.watch.ask(
            GrantPromotion(
                organization_id=ORGANIZATION,
                command_id="promotion",
                amount_micros=amount_micros,
                expires_at=self.books.now + timedelta(days=20),
                reason="welcome",
            )
        )

    @rule(seconds=st.integers(1, 20), used=st.sampled_from([True, True, False]))
    def spend(self, seconds: int, used: bool) -> None:  # noqa: FBT001 - drawn by keyword
        """One unit for each second; or hold and use nothing."""
        session_id = f"call-{len(self.books.sessions)}"
        self.watch.ask(
            Authorise(
                organization_id=ORGANIZATION,
                session_id=session_id,
                service=Service.OUTBOUND,
                caller=CALLER,
                callee=CALLEE,
                slice_seconds=seconds,
                answered=True,
            )
        )
        used_seconds = seconds if used else 0
        self.watch.ask(End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=used_seconds))

    @precondition(lambda self: self.books.recharges(TopUpState.DUE))
    @rule()
    def claim(self) -> None:
        (top_up,) = self.books.recharges(TopUpState.DUE)
        self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up.top_up_id))

    @precondition(lambda self: self.books.recharges(*OPEN_STATES))
    @rule(state=st.sampled_from([PaymentState.SUCCEEDED, PaymentState.DECLINED, *PaymentState]))
    def hear(self, state: PaymentState) -> None:
        (top_up,) = self.books.recharges(*OPEN_STATES)
        self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up.top_up_id))
        self._hear(top_up.top_up_id, state, retryable=True)

    @precondition(lambda self: self.books.recharges(*OPEN_STATES))
    @rule(first_retryable=st.sampled_from([True, True, False]), times=st.integers(1, 4))
    def be_declined(self, first_retryable: bool, times: int) -> None:  # noqa: FBT001 - drawn by keyword
        """A card that is declined again and again, each time as soon as the back-off lets it."""
        for _ in range(times):
            for top_up in self.books.recharges(*OPEN_STATES):
                self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up.top_up_id))
                self._hear(top_up.top_up_id, PaymentState.DECLINED, retryable=first_retryable)
            retry_at = self.watch.limits.retry_at
            for instant in [retry_at - MICROSECOND, retry_at] if retry_at else []:
                self.books.now = max(self.books.now, instant)
                self.watch.ask(CheckRecharge(organization_id=ORGANIZATION))

    @precondition(lambda self: self.books.recharges())
    @rule(data=st.data(), state=st.sampled_from(PaymentState))
    def hear_of_an_old_attempt(self, data: st.DataObject, state: PaymentState) -> None:
        top_up_id = data.draw(st.sampled_from(sorted(top_up.top_up_id for top_up in self.books.recharges())))
        self._hear(top_up_id, state, retryable=True)

    def _hear(self, top_up_id: str, state: PaymentState, *, retryable: bool) -> None:
        command = RecordPayment(
            organization_id=ORGANIZATION, top_up_id=top_up_id, state=state, gateway="simulator", retryable=retryable
        )
        self.watch.ask(command)
        self.watch.sees_no_change(self.books.look(command))

    @rule(enabled=st.sampled_from([True, True, False]), recharge=units, trigger=units, cap=st.one_of(st.none(), units))
    def save_rule(self, enabled: bool, recharge: int, trigger: int, cap: int | None) -> None:  # noqa: FBT001 - drawn by keyword
        before = set(self.books.top_ups)
        outcome = self.watch.ask(
            SaveRechargeRule(
                organization_id=ORGANIZATION,
                command_id="rule",
                enabled=enabled,
                recharge_amount_micros=recharge,
                trigger_amount_micros=trigger,
                monthly_cap_micros=cap,
                payment_method="card",
            )
        )
        started = bool(set(self.books.top_ups) - before)
        if isinstance(outcome, RechargeRuleSaved):
            # A refused rule leaves the old one in force, which may have been due already.
            assert started == outcome.recharge_started
        rule_in_force = self.books.account.recharge.rule
        assert enabled or rule_in_force is None or not rule_in_force.enabled, "switching off did not"

    @rule(
        waits=st.one_of(
            st.sampled_from(LONG_WAITS),
            st.integers(0, 600).map(lambda seconds: timedelta(seconds=seconds)),
            st.integers(0, 35).map(lambda days: timedelta(days=days)),
        )
    )
    def wait(self, waits: timedelta) -> None:
        self.books.now += waits
        self.watch.ask(CheckRecharge(organization_id=ORGANIZATION))

    @rule()
    def wait_until_something_may_happen(self) -> None:
        """To the edges of the limits: the last instant at which nothing may happen, and the first at which it may."""
        state = self.books.account.recharge
        for instant in sorted(each for each in (state.cool_down_until, state.retry_at) if each is not None):
            for moment in (instant - MICROSECOND, instant):
                self.books.now = max(self.books.now, moment)
                self.watch.ask(CheckRecharge(organization_id=ORGANIZATION))

    @precondition(lambda self: self.books.recharges(TopUpState.DUE))
    @rule()
    def close_before_the_claim(self) -> None:
        """A closing organization is not charged any more."""
        (top_up,) = self.books.recharges(TopUpState.DUE)
        self.books.account = replace(self.books.account, status=OrganizationStatus.CLOSING)
        self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up.top_up_id))
        assert self.books.top_ups[top_up.top_up_id].state is TopUpState.CANCELLED
        self.books.account = replace(self.books.account, status=OrganizationStatus.OPEN)

    @invariant()
    def the_books_agree(self) -> None:
        audit(self.books)


TestAnyRecharges = AnyRecharges.TestCase
