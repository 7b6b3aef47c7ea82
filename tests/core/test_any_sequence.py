"""Any sequence of commands, by several calls of one account, leaves books that agree to the millionth.

Calls start, report, end twice, late or never; funds come, expire and are recharged by a rule that changes; clocks jump.
After every step the books are audited, and what the core answered is held against what it may answer.
"""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from msgspec.structs import replace

from commcredits.core.account import ChargingTerms, OrganizationStatus, SessionState
from commcredits.core.commands import (
    Authorise,
    CallCommand,
    CheckRecharge,
    End,
    Expire,
    ExpireLots,
    GrantPromotion,
    PaymentState,
    RecordPayment,
    RefundCall,
    RequestTopUp,
    SaveRechargeRule,
    SendTopUp,
    Service,
    Start,
    Update,
)
from commcredits.core.outcomes import RechargeRuleSaved, RefusalCode, Refused, TopUpTaken
from commcredits.core.purchases import TopUpState
from commcredits.core.tariffs import Rate, index_deck
from commcredits.core.topups import OPEN_STATES
from tests.core.audit import audit
from tests.core.books import CALLER, DECK, FUNDING, ORGANIZATION, Books, books, rate
from tests.core.rates import rates
from tests.core.watch import Watch

UNIT = 1_000_000
PREFIXES = ("44", "40", "1")
CALLEES = ("+442079460000", "+40211234567", "+12025550123")
TIMES = [
    datetime(2026, 11, 22, 12, tzinfo=UTC),
    datetime(2026, 11, 30, 21, 55, tzinfo=UTC),
    datetime(2024, 2, 29, 23, 58, tzinfo=UTC),
]

slices = st.one_of(st.none(), st.integers(1, 900))
waits = st.one_of(
    st.sampled_from([-1, 0, 1, 29, 30, 180, 299, 300, 301, 3_600, 6 * 3_600, 86_400, 15 * 86_400]), st.integers(0, 900)
)
"""A clock may also stand a second back: two processes never quite agree on the time."""
minor_amounts = st.integers(1, 3_000).map(lambda cents: cents * 10_000)
micro_amounts = st.integers(1, 30 * UNIT)
payment_states = st.sampled_from([*PaymentState, PaymentState.SUCCEEDED])

usual_rates: st.SearchStrategy[Rate] = st.builds(
    lambda cents, fee, pair: rate(per_minute=f"0.{cents:02d}", fee=fee, increments=pair),
    st.integers(0, 99),
    st.sampled_from(["0", "0", "0.05"]),
    st.sampled_from([(1, 1), (30, 6), (60, 60), (60, 11), (12, 13)]),
)


class AnySequence(RuleBasedStateMachine):
    """One organization, up to six calls at once, and everything that can happen to its money."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = Watch(books=books())

    @property
    def books(self) -> Books:
        """The books of this example."""
        return self.watch.books

    @initialize(
        drawn=st.tuples(usual_rates, usual_rates, rates),
        now=st.sampled_from(TIMES),
        time_zone=st.sampled_from(["UTC", "Europe/Bucharest", "America/New_York"]),
        slice_seconds=st.sampled_from([30, 300]),
        silence_charges_grant=st.booleans(),
        first_funds=st.integers(UNIT, 30 * UNIT),
        first_calls=st.lists(st.booleans(), min_size=1, max_size=3),
        trigger=st.one_of(st.just(0), micro_amounts),
    )
    def open_account(
        self,
        drawn: tuple[Rate, Rate, Rate],
        now: datetime,
        time_zone: str,
        slice_seconds: int,
        silence_charges_grant: bool,  # noqa: FBT001 - drawn by keyword
        first_funds: int,
        first_calls: list[bool],
        trigger: int,
    ) -> None:
        deck = [replace(each, prefix=prefix) for each, prefix in zip(drawn, PREFIXES, strict=True)]
        self.watch.books = books(
            time_zone=time_zone,
            charging=ChargingTerms(slice_seconds=slice_seconds, silence_charges_grant=silence_charges_grant),
            funding=replace(FUNDING, top_up_minimum_micros={"EUR": 10_000}),
        )
        self.books.decks = {DECK: index_deck(DECK, "EUR", deck)}
        self.books.now = now
        self.promote(amount_micros=first_funds, lives_seconds=30 * 86_400)
        for answered in first_calls:
            self.call(callee=CALLEES[0], emergency=False, slice_seconds=None, answered=answered)
        if trigger:
            self.save_rule(enabled=True, recharge=20 * UNIT, trigger=trigger, cap=None)

    # ---- calls

    def _running_call(self, data: st.DataObject) -> str:
        live = sorted(key for key, session in self.books.sessions.items() if session.is_live)
        return data.draw(st.sampled_from(live))

    def _used(self, session_id: str, data: st.DataObject) -> int:
        """Mostly about the edges of what is used and granted; sometimes anything."""
        session = self.books.sessions[session_id]
        near = [session.used_seconds, session.granted_seconds]
        about = st.builds(lambda base, by: max(0, base + by), st.sampled_from(near), st.integers(-70, 70))
        return data.draw(st.one_of(about, st.integers(0, 2 * session.granted_seconds + 10), st.just(10**12)))

    @rule(
        callee=st.sampled_from([*CALLEES, *CALLEES, "+8613800000000"]),
        emergency=st.integers(0, 9).map(lambda number: number == 0),
        slice_seconds=slices,
        answered=st.booleans(),
    )
    def call(self, callee: str, emergency: bool, slice_seconds: int | None, answered: bool) -> None:  # noqa: FBT001 - drawn by keyword
        self.watch.ask(
            Authorise(
                organization_id=ORGANIZATION,
                session_id=f"call-{len(self.books.sessions)}",
                service=Service.EMERGENCY if emergency else Service.OUTBOUND,
                caller=CALLER,
                callee=callee,
                slice_seconds=slice_seconds,
                answered=answered,
            )
        )

    @precondition(lambda self: any(session.is_live for session in self.books.sessions.values()))
    @rule(data=st.data())
    def start(self, data: st.DataObject) -> None:
        self.watch.ask(Start(organization_id=ORGANIZATION, session_id=self._running_call(data)))

    @precondition(lambda self: any(session.is_live for session in self.books.sessions.values()))
    @rule(by=st.sampled_from([1, 1, 1, 2, 0, -1, -4]), slice_seconds=slices, passes=st.booleans(), data=st.data())
    def update(self, by: int, slice_seconds: int | None, passes: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn by keyword
        session_id = self._running_call(data)
        used_seconds = self._used(session_id, data)
        session = self.books.sessions[session_id]
        if passes:
            # As much time as the call says to have used, so that the clock bears it out.
            self.books.wait(seconds=min(1_000, max(0, used_seconds - session.used_seconds)))
        self.watch.ask(
            Update(
                organization_id=ORGANIZATION,
                session_id=session_id,
                request_number=max(1, session.grant_number + by),
                used_seconds=used_seconds,
                slice_seconds=slice_seconds,
            )
        )

    @precondition(lambda self: any(session.is_live for session in self.books.sessions.values()))
    @rule(
        passing=st.lists(st.tuples(st.integers(0, 400), st.integers(-60, 60)), min_size=1, max_size=5),
        slice_seconds=slices,
        data=st.data(),
    )
    def talk(self, passing: list[tuple[int, int]], slice_seconds: int | None, data: st.DataObject) -> None:
        """A call goes on for a while and is reported each time, a little too early or too late, or falsely."""
        session_id = self._running_call(data)
        before = self.books.sessions[session_id]
        talked = before.used_seconds
        for number, (seconds, wrong_by) in enumerate(passing, start=before.grant_number + 1):
            self.books.wait(seconds=seconds)
            talked += seconds
            self.watch.ask(
                Update(
                    organization_id=ORGANIZATION,
                    session_id=session_id,
                    request_number=number,
                    used_seconds=max(0, talked + wrong_by),
                    slice_seconds=slice_seconds,
                )
            )

    @precondition(lambda self: any(session.is_live for session in self.books.sessions.values()))
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        session_id = self._running_call(data)
        used_seconds = self._used(session_id, data)
        self.watch.ask(End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=used_seconds))

    @precondition(lambda self: any(session.is_live for session in self.books.sessions.values()))
    @rule(behind=st.sampled_from([0, 0, 0, 1]), late=st.sampled_from([True, True, False]), data=st.data())
    def reap(self, behind: int, late: bool, data: st.DataObject) -> None:  # noqa: FBT001 - drawn by keyword
        session_id = self._running_call(data)
        session = self.books.sessions[session_id]
        if late:
            self.books.now = max(self.books.now, session.grant_ends_at)
        self.watch.ask(
            Expire(organization_id=ORGANIZATION, session_id=session_id, grant_number=session.grant_number - behind)
        )

    @precondition(lambda self: any(not session.is_live for session in self.books.sessions.values()))
    @rule(data=st.data(), what=st.sampled_from(["start", "update", "end", "end", "end", "expire", "refund"]))
    def hear_of_a_call_that_is_over(self, data: st.DataObject, what: str) -> None:
        over = {key: session for key, session in self.books.sessions.items() if not session.is_live}
        reaped = [key for key, session in over.items() if session.state is SessionState.EXPIRED]
        session_id = data.draw(st.sampled_from(sorted(reaped or over)))
        used_seconds = data.draw(st.integers(0, self.books.sessions[session_id].used_seconds + 50))
        commands: dict[str, CallCommand] = {
            "start": Start(organization_id=ORGANIZATION, session_id=session_id),
            "end": End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=used_seconds),
            "expire": Expire(organization_id=ORGANIZATION, session_id=session_id, grant_number=1),
            "refund": RefundCall(
                organization_id=ORGANIZATION,
                session_id=session_id,
                command_id=f"refund-{used_seconds}",
                used_seconds=used_seconds,
            ),
            "update": Update(
                organization_id=ORGANIZATION, session_id=session_id, request_number=99, used_seconds=used_seconds
            ),
        }
        self.watch.ask(commands[what])

    @precondition(lambda self: self.watch.first_answers)
    @rule(data=st.data())
    def repeat_what_was_answered(self, data: st.DataObject) -> None:
        """The same command again, however long after: the first answer, and nothing else happens."""
        key = data.draw(st.sampled_from(sorted(self.watch.first_answers)))
        command, first = self.watch.first_answers[key]
        remembered = {entry[0] for entry in self.books.sessions[key[0]].memory}
        self.watch.ask(ExpireLots(organization_id=ORGANIZATION))
        decision = self.books.look(command)
        if key[1] in remembered:
            assert decision.outcome == first
        else:
            assert isinstance(decision.outcome, Refused)
            assert decision.outcome.code is RefusalCode.STALE_REQUEST
        self.watch.sees_no_change(decision)
        if isinstance(command, Authorise):
            decision = self.books.look(replace(command, callee="+442079460099"))
            assert isinstance(decision.outcome, Refused)
            assert decision.outcome.code is RefusalCode.CONFLICT
            self.watch.sees_no_change(decision)

    # ---- funds

    @rule(amount_micros=micro_amounts, lives_seconds=st.one_of(st.integers(1, 900), st.integers(1, 40 * 86_400)))
    def promote(self, amount_micros: int, lives_seconds: int) -> None:
        self.watch.ask(
            GrantPromotion(
                organization_id=ORGANIZATION,
                command_id="promotion",
                amount_micros=amount_micros,
                expires_at=self.books.now + timedelta(seconds=lives_seconds),
                reason="welcome",
            )
        )

    @rule(amount_micros=minor_amounts, states=st.lists(payment_states, max_size=3), retryable=st.booleans())
    def buy(self, amount_micros: int, states: list[PaymentState], retryable: bool) -> None:  # noqa: FBT001 - drawn by keyword
        outcome = self.watch.ask(
            RequestTopUp(
                organization_id=ORGANIZATION, command_id="buy", amount_micros=amount_micros, payment_method="card"
            )
        )
        if isinstance(outcome, TopUpTaken):
            for state in states:
                self._hear(outcome.top_up_id, state, retryable=retryable)

    @precondition(lambda self: self.books.top_ups)
    @rule(data=st.data(), state=payment_states, claim=st.booleans())
    def hear_of_any_attempt(self, data: st.DataObject, state: PaymentState, claim: bool) -> None:  # noqa: FBT001 - drawn by keyword
        top_up_id = data.draw(st.sampled_from(sorted(self.books.top_ups)))
        if claim:
            self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up_id))
        self._hear(top_up_id, state, retryable=True)

    def _hear(self, top_up_id: str, state: PaymentState, *, retryable: bool) -> None:
        command = RecordPayment(
            organization_id=ORGANIZATION, top_up_id=top_up_id, state=state, gateway="simulator", retryable=retryable
        )
        self.watch.ask(command)
        self.watch.sees_no_change(self.books.look(command))

    # ---- the rule

    @rule(
        enabled=st.sampled_from([True, True, True, False]),
        recharge=minor_amounts,
        trigger=micro_amounts,
        cap=st.one_of(st.none(), minor_amounts),
    )
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
        if isinstance(outcome, RechargeRuleSaved):
            assert outcome.recharge_started == bool(set(self.books.top_ups) - before), "what was said is not what is"

    # ---- the world

    @rule(
        seconds=waits,
        check=st.sampled_from([ExpireLots, CheckRecharge]),
        news=st.lists(payment_states, max_size=2),
        retryable=st.sampled_from([True, True, False]),
    )
    def wait(
        self,
        seconds: int,
        check: type[ExpireLots | CheckRecharge],
        news: list[PaymentState],
        retryable: bool,  # noqa: FBT001 - drawn by keyword
    ) -> None:
        """Time passes and a worker makes its round: it claims the recharge that waits, and a gateway answers or not."""
        self.books.wait(seconds=seconds)
        self.watch.ask(check(organization_id=ORGANIZATION))
        for state in news:
            for top_up in self.books.recharges(*OPEN_STATES):
                self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up.top_up_id))
                self._hear(top_up.top_up_id, state, retryable=retryable)

    @rule(now=st.integers(0, 7).map(lambda number: number == 5))
    def close_for_a_moment(self, now: bool) -> None:  # noqa: FBT001 - drawn by keyword
        """A closing organization starts nothing new: no call, no purchase, no recharge."""
        if not now:
            return
        self.books.account = replace(self.books.account, status=OrganizationStatus.CLOSING)
        before = len(self.books.top_ups)
        self.call(callee=CALLEES[0], emergency=False, slice_seconds=None, answered=False)
        self.buy(50 * UNIT, [], retryable=True)
        for top_up in self.books.recharges(TopUpState.DUE):
            self.watch.ask(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up.top_up_id))
        assert len(self.books.top_ups) == before
        assert self.books.recharges(TopUpState.DUE) == []
        self.books.account = replace(self.books.account, status=OrganizationStatus.OPEN)

    @invariant()
    def the_books_agree(self) -> None:
        audit(self.books)


TestAnySequence = AnySequence.TestCase
