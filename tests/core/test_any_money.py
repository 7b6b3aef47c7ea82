"""Any sequence of purchases, refunds, disputes, adjustments, recharges and calls leaves books that agree.

The world is small, so that its corners meet: few purchases, amounts of some units, a gateway that says anything in any
order. What a month may take, and that nothing is told twice, is reckoned beside the core.
"""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from commcredits.core.account import RechargeMode
from commcredits.core.commands import (
    ChoosePaymentMethods,
    CloseDispute,
    Command,
    ExpireLots,
    OpenDispute,
    PaymentState,
    SaveBalanceAlerts,
)
from commcredits.core.outcomes import Granted, TopUpTaken
from commcredits.core.purchases import RefundState, TopUpState
from commcredits.core.topups import OPEN_STATES
from tests.core.audit import audit
from tests.core.books import FUNDING, ORGANIZATION, Books, books, rate
from tests.core.money_moves import adjust, record_refund, refund_top_up, switch_billing
from tests.core.test_taxes import ROMANIA

UNIT = 1_000_000
METHODS = ("card", "second", "third")
NEWS = [PaymentState.SUCCEEDED, PaymentState.SUCCEEDED, *PaymentState]

small = st.integers(1, 12)


class AnyMoney(RuleBasedStateMachine):
    """An organization that buys with tax, spends by the unit, and whose payers change their minds."""

    def __init__(self) -> None:
        super().__init__()
        self.books: Books = books()
        self.disputes = 0

    @initialize(bought=st.integers(0, 12))
    def open_account(self, bought: int) -> None:
        self.books = books(
            rate(per_minute="60"),
            funding=replace(
                FUNDING,
                top_up_minimum_micros={"EUR": UNIT},
                top_up_maximum_micros=40 * UNIT,
                target_gap_minimum_micros=UNIT,
                taxes=(ROMANIA,),
            ),
        )
        if bought:
            self.books.add_funds(str(bought))

    # ---- purchases

    @rule(amount=small, state=st.sampled_from(NEWS))
    def buy(self, amount: int, state: PaymentState) -> None:
        taken = self.books.request_top_up(str(amount))
        if isinstance(taken, TopUpTaken):
            self.books.record(taken.top_up_id, state, fee="0.25")

    @precondition(lambda self: self.books.top_ups)
    @rule(data=st.data(), state=st.sampled_from(NEWS), retryable=st.booleans())
    def hear(self, data: st.DataObject, state: PaymentState, retryable: bool) -> None:  # noqa: FBT001 - drawn by keyword
        top_up_id = data.draw(st.sampled_from(sorted(self.books.top_ups)))
        reason = data.draw(st.sampled_from(["", "not_approved"]))
        self.books.record(top_up_id, state, retryable=retryable, reason=reason)
        before = self.books.account
        self.books.record(top_up_id, state, retryable=retryable, reason=reason)
        assert self.books.account is before, "the same news twice changed something"

    @precondition(lambda self: self.books.recharges(TopUpState.DUE))
    @rule(state=st.sampled_from(NEWS), retryable=st.booleans())
    def take_the_recharge_to_its_gateway(self, state: PaymentState, retryable: bool) -> None:  # noqa: FBT001 - drawn by keyword
        (due,) = self.books.recharges(TopUpState.DUE)
        self.books.send(due.top_up_id)
        self.books.record(due.top_up_id, state, retryable=retryable)

    # ---- what takes funds back

    @precondition(lambda self: self.books.top_ups)
    @rule(data=st.data(), amount=st.one_of(st.none(), st.sampled_from(["0.01", "1", "3.33", "7"])))
    def ask_for_a_refund(self, data: st.DataObject, amount: str | None) -> None:
        refund_top_up(self.books, amount, data.draw(st.sampled_from(sorted(self.books.top_ups))))

    @precondition(lambda self: self.books.refunds)
    @rule(data=st.data(), state=st.sampled_from(RefundState))
    def hear_of_a_refund(self, data: st.DataObject, state: RefundState) -> None:
        record_refund(self.books, data.draw(st.sampled_from(sorted(self.books.refunds))), state)

    @precondition(lambda self: self.books.top_ups)
    @rule(data=st.data(), again=st.booleans())
    def dispute(self, data: st.DataObject, again: bool) -> None:  # noqa: FBT001 - drawn by keyword
        top_up_id = data.draw(st.sampled_from(sorted(self.books.top_ups)))
        self.disputes += not again
        reference = f"dispute-{self.disputes}"
        self._do(OpenDispute(organization_id=ORGANIZATION, top_up_id=top_up_id, dispute_reference=reference))

    @precondition(lambda self: any(each.dispute_reference for each in self.books.top_ups.values()))
    @rule(data=st.data(), won=st.booleans(), share=st.integers(0, 130))
    def decide_a_dispute(self, data: st.DataObject, won: bool, share: int) -> None:  # noqa: FBT001 - drawn by keyword
        disputed = sorted(each.top_up_id for each in self.books.top_ups.values() if each.dispute_reference)
        top_up = self.books.top_ups[data.draw(st.sampled_from(disputed))]
        self._do(
            CloseDispute(
                organization_id=ORGANIZATION,
                top_up_id=top_up.top_up_id,
                dispute_reference=top_up.dispute_reference,
                won=won,
                lost_micros=0 if won else top_up.gross_micros * share // 100,
            )
        )

    @rule(amount=st.integers(-12, 12))
    def adjust(self, amount: int) -> None:
        adjust(self.books, str(amount))

    @rule(line=st.sampled_from(["", "", "5"]))
    def bill_otherwise(self, line: str) -> None:
        switch_billing(self.books, line)
        rule_in_force = self.books.account.recharge.rule
        assert not line or rule_in_force is None or not rule_in_force.enabled, "post-usage left the rule on"

    # ---- calls

    @rule(seconds=small, used=st.integers(0, 12))
    def call(self, seconds: int, used: int) -> None:
        name = f"call-{len(self.books.sessions)}"
        self.books.authorise(name, slice_seconds=seconds, answered=True)
        self.books.end(min(used, seconds), name)

    @rule(seconds=small)
    def begin_a_call(self, seconds: int) -> None:
        self.books.authorise(f"call-{len(self.books.sessions)}", slice_seconds=seconds, answered=True)

    @precondition(lambda self: any(each.is_live for each in self.books.sessions.values()))
    @rule(data=st.data(), used=st.integers(0, 12), goes_on=st.booleans())
    def go_on_or_end(self, data: st.DataObject, used: int, goes_on: bool) -> None:  # noqa: FBT001 - drawn by keyword
        live = sorted(name for name, each in self.books.sessions.items() if each.is_live)
        name = data.draw(st.sampled_from(live))
        call = self.books.sessions[name]
        if goes_on:
            outcome = self.books.update(call.grant_number, used, name, 3)
            assert not isinstance(outcome, Granted) or outcome.held_micros >= 0
        else:
            self.books.end(used, name)

    # ---- the rule

    @rule(
        mode=st.sampled_from(RechargeMode),
        amounts=st.tuples(small, small, small),
        cap=st.one_of(st.none(), st.integers(1, 40)),
        enabled=st.sampled_from([True, True, False]),
        ahead=st.sampled_from([0, 0, 90]),
        backup=st.sampled_from(["", "second"]),
    )
    def save_rule(
        self,
        mode: RechargeMode,
        amounts: tuple[int, int, int],
        cap: int | None,
        enabled: bool,  # noqa: FBT001 - drawn by keyword
        ahead: int,
        backup: str,
    ) -> None:
        recharge, trigger, above = amounts
        self.books.save_rule(
            mode=mode.value,
            recharge=str(recharge),
            trigger=str(trigger),
            target=str(trigger + above),
            cap=None if cap is None else str(cap),
            enabled=enabled,
            expiry_ahead_days=ahead,
            backup_payment_method=backup,
        )

    @rule(first=st.sampled_from(METHODS), backup=st.sampled_from(["", *METHODS]))
    def choose_methods(self, first: str, backup: str) -> None:
        self._do(
            ChoosePaymentMethods(
                organization_id=ORGANIZATION, command_id="m", payment_method=first, backup_payment_method=backup
            )
        )

    @rule(amounts=st.lists(small, max_size=3))
    def want_to_be_told(self, amounts: list[int]) -> None:
        micros = tuple(amount * UNIT for amount in amounts)
        self._do(SaveBalanceAlerts(organization_id=ORGANIZATION, command_id="a", amounts_micros=micros))

    @rule(wait=st.sampled_from([timedelta(minutes=5), timedelta(hours=1), timedelta(days=1), timedelta(days=366)]))
    def wait(self, wait: timedelta) -> None:
        self.books.now += wait
        self._do(ExpireLots(organization_id=ORGANIZATION))

    def _do(self, command: Command) -> None:
        self.books.do(command)

    # ---- what holds after every step

    @invariant()
    def the_books_agree(self) -> None:
        audit(self.books)

    @invariant()
    def a_rule_that_may_not_recharge_has_no_attempt_waiting(self) -> None:
        """What is switched off, or paid after use, waits for nobody: what was not sent is cancelled."""
        if self.books.account.post_usage:
            assert self.books.recharges(TopUpState.DUE) == []

    @invariant()
    def only_one_recharge_is_open(self) -> None:
        assert len(self.books.recharges(*OPEN_STATES)) <= 1

    @invariant()
    def frozen_funds_are_out_of_reach(self) -> None:
        disputed = {each.lot_id for each in self.books.account.open_top_ups if each.state is TopUpState.DISPUTED}
        free = {lot.terms.lot_id for lot in self.books.account.lots if lot.free_micros}
        assert not disputed & free, "a disputed lot has free funds"


TestAnyMoney = AnyMoney.TestCase
