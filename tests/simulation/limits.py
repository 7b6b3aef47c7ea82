"""What auto-recharge may do, kept a second time beside the core, from nothing but what was seen to be committed.

Knows the rules of domain.md §3 and reckons each anew: when an attempt may be opened, for how much, with which method,
when it may be sent, and what a month may take. Refuses to look at any of the core's own counters and waits.

One thing may pass a cap, and is no attempt: a success that is told after the attempt was written down as declined. A
provider that keeps its promises never tells one, and the provider of this simulation keeps them, so here the cap holds
without exception.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from commcredits.core.account import Account, FundingTerms, RechargeMode, RechargeRule
from commcredits.core.calendar import month_of
from commcredits.core.commands import (
    Adjust,
    ChoosePaymentMethods,
    CloseDispute,
    OpenDispute,
    RecordPayment,
    RequestRefund,
    SaveRechargeRule,
)
from commcredits.core.outcomes import Refused
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from commcredits.core.topups import NOT_APPROVED, OPEN_STATES
from tests.simulation.ledger import Committed, Kept

COOL_DOWN: Final = timedelta(minutes=5)
BACK_OFF_HOURS: Final = (1, 6, 24)
CENT: Final = 10_000
BOUGHT_NOTHING: Final = frozenset({TopUpState.DECLINED, TopUpState.CANCELLED})
_TAKES_FUNDS: Final = (OpenDispute, CloseDispute, RequestRefund, Adjust)


@dataclass(kw_only=True)
class Limits:
    """One organization's auto-recharge, as somebody sees it who writes down what happens."""

    funding: FundingTerms
    declines: int = 0
    suspended: bool = False
    paused: bool = False
    retry_at: datetime | None = None
    sent_at: datetime | None = None
    backup_at_once: bool = False
    """The first method was declined and nothing was sent since: the backup need not wait for the cool-down."""
    backup_next: bool = False
    """The first method was declined: the backup's turn, until it has paid or was declined."""
    backup_for_good: bool = False
    """The first method's bank has said "never": it is not asked again until an administrator has acted."""
    month: str = ""
    month_of_attempt: dict[str, str] = field(default_factory=dict)
    highest_cap_of_month: dict[str, int] = field(default_factory=dict)

    def see(self, committed: Committed) -> None:
        """Hold one commit against every limit, then remember it."""
        self._see_command(committed)
        opened: list[TopUp] = []
        for before, after in committed.top_ups:
            if after.kind is not TopUpKind.AUTO_RECHARGE:
                continue
            if before is None:
                opened.append(after)
            else:
                self._see_move(before, after, committed)
        for attempt in opened:
            self._may_open(attempt, committed)
        at_most_one_is_open(committed.kept)
        nothing_is_due_while_switched_off(committed.after)
        self._cap_holds(committed.kept)

    def _see_command(self, committed: Committed) -> None:
        command, before, after = committed.command, committed.before, committed.after
        refused = isinstance(committed.outcome, Refused)
        saved = isinstance(command, SaveRechargeRule) and not refused
        if saved or (isinstance(command, ChoosePaymentMethods) and before.recharge.rule != after.recharge.rule):
            self.declines, self.suspended, self.paused = 0, False, False
            self.retry_at, self.backup_at_once, self.backup_next, self.backup_for_good = None, False, False, False
        if isinstance(command, SaveRechargeRule) and not command.enabled:
            rule = after.recharge.rule
            assert rule is None or not rule.enabled, "switching off was refused, or did not switch off"
        switched_on(committed)
        rule = before.recharge.rule
        if isinstance(command, _TAKES_FUNDS) and rule is not None and rule.enabled and before.lots != after.lots:
            fell = _measured(before, rule, committed) > _measured(after, rule, committed)
            if fell and _measured(after, rule, committed) < rule.trigger_amount_micros:
                self.paused = True

    def _see_move(self, before: TopUp, after: TopUp, committed: Committed) -> None:
        if before.state is TopUpState.DUE and after.state is not TopUpState.CANCELLED:
            rule = committed.before.recharge.rule
            assert after.state is TopUpState.SENT, f"a recharge went from due to {after.state}"
            assert rule is not None, "a recharge without a rule was sent"
            assert rule.enabled, "a recharge was sent after its rule was switched off"
            self.sent_at, self.backup_at_once = committed.now, False
        if after.state is TopUpState.SUCCEEDED and before.state in OPEN_STATES:
            self.declines, self.retry_at, self.backup_next = 0, None, False
        declined = after.state is TopUpState.DECLINED and before.state in OPEN_STATES
        unapproved = after.state is TopUpState.CANCELLED and after.reason == NOT_APPROVED
        if declined or unapproved:
            retryable = unapproved or (isinstance(committed.command, RecordPayment) and committed.command.retryable)
            self._decline(after, committed, retryable=retryable)

    def _decline(self, attempt: TopUp, committed: Committed, *, retryable: bool) -> None:
        rule = committed.before.recharge.rule
        if rule is None or not rule.enabled:
            return  # A rule that is off asks nobody again; whoever switches it on begins anew.
        if attempt.payment_method not in {rule.payment_method, rule.backup_payment_method}:
            return  # It says nothing of the methods that the rule pays with now.
        if rule.backup_payment_method and attempt.payment_method == rule.payment_method:
            self.backup_at_once = self.backup_next = True
            self.backup_for_good = self.backup_for_good or not retryable
            return
        self.declines += 1
        self.backup_next = False
        if retryable and self.declines <= len(BACK_OFF_HOURS):
            self.retry_at = committed.now + timedelta(hours=BACK_OFF_HOURS[self.declines - 1])
        else:
            self.suspended, self.retry_at = True, None

    def _may_open(self, attempt: TopUp, committed: Committed) -> None:
        account, now = committed.after, committed.now
        rule = account.recharge.rule
        assert rule is not None, "a recharge was opened without a rule"
        assert rule.enabled, "a recharge was opened after its rule was switched off"
        measured = _measured(account, rule, committed)
        assert measured < rule.trigger_amount_micros, f"a recharge was opened at {measured}, not below its trigger"
        assert not self.suspended, "a recharge was opened while suspended"
        assert not self.paused, "a recharge was opened for what a dispute, a refund or an adjustment took"
        assert self.retry_at is None or now >= self.retry_at, "a recharge was opened inside a back-off"
        if not self.backup_at_once:
            waited = self.sent_at is None or now >= self.sent_at + COOL_DOWN
            assert waited, "a recharge was opened inside the cool-down"
        of_backup = bool(rule.backup_payment_method) and (self.backup_next or self.backup_for_good)
        expected_method = rule.backup_payment_method if of_backup else rule.payment_method
        assert attempt.payment_method == expected_method, "a recharge was opened with a method whose turn it is not"
        assert attempt.state is TopUpState.DUE, "a recharge was opened as if it had been sent"
        expected = _expected_micros(measured, rule, self.funding)
        assert attempt.amount_micros == expected, f"a recharge of {attempt.amount_micros} instead of {expected}"
        self._count(attempt, rule, committed)

    def _count(self, attempt: TopUp, rule: RechargeRule, committed: Committed) -> None:
        """The month that an attempt counts in: a clock that is put back does not open last month again."""
        self.month = max(self.month, month_of(committed.now, committed.after.time_zone))
        self.month_of_attempt[attempt.top_up_id] = self.month
        cap = max(rule.monthly_cap_micros, self.highest_cap_of_month.get(self.month, 0))
        self.highest_cap_of_month[self.month] = cap
        spent = self._spent_micros(committed.kept, self.month)
        assert spent <= rule.monthly_cap_micros, f"recharges of {spent} exceed the cap of {self.month}"

    def _spent_micros(self, kept: Kept, month: str) -> int:
        return sum(
            kept.top_ups[top_up_id].amount_micros
            for top_up_id, counted_in in self.month_of_attempt.items()
            if counted_in == month and kept.top_ups[top_up_id].state not in BOUGHT_NOTHING
        )

    def _cap_holds(self, kept: Kept) -> None:
        """Whatever becomes of attempts later, the month never takes more than the highest cap that let one open."""
        if self.month:
            spent = self._spent_micros(kept, self.month)
            assert spent <= self.highest_cap_of_month[self.month], f"recharges of {spent} exceed the month's cap"


def switched_on(committed: Committed) -> None:
    """A rule is switched on by somebody who saves it so, and by nothing else."""
    before, after = committed.before.recharge.rule, committed.after.recharge.rule
    if after is not None and after.enabled and (before is None or not before.enabled):
        command = committed.command
        assert isinstance(command, SaveRechargeRule), "a rule switched itself on"
        assert command.enabled, "a rule that was saved as switched off is on"


def at_most_one_is_open(kept: Kept) -> None:
    """At most one recharge of an organization is under way."""
    still_open = [
        each for each in kept.top_ups.values() if each.kind is TopUpKind.AUTO_RECHARGE and each.state in OPEN_STATES
    ]
    assert len(still_open) <= 1, f"{len(still_open)} recharges are open at once"


def nothing_is_due_while_switched_off(account: Account) -> None:
    """Switching off is final at that instant, also for an attempt that was not sent yet."""
    rule = account.recharge.rule
    if rule is None or not rule.enabled:
        due = [each for each in account.open_top_ups if each.state is TopUpState.DUE]
        assert not due, "a recharge waits to be sent though its rule is switched off"


def _measured(account: Account, rule: RechargeRule, committed: Committed) -> int:
    """The available balance, less what is owed and what expires in the days that the rule looks ahead."""
    at = committed.now + timedelta(days=rule.expiry_ahead_days)
    return sum(lot.free_micros for lot in account.lots if lot.terms.expires_at > at) - account.owed_micros


def _expected_micros(measured: int, rule: RechargeRule, funding: FundingTerms) -> int:
    """What a recharge charges, found by counting up instead of by a formula."""
    most = funding.top_up_maximum_micros
    amount = rule.recharge_amount_micros
    if rule.mode is RechargeMode.FIXED:
        return amount
    if rule.mode is RechargeMode.CLOSE_GAP:
        total = amount
        while measured + total < rule.trigger_amount_micros and total + amount <= most:
            total += amount
        return total
    missing = rule.target_amount_micros - measured
    cents = missing // CENT + (1 if missing % CENT else 0)
    return min(cents * CENT, most)
