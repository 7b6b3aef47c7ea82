"""One way in to an organization's books, where each answer is held against the rules that look at one step.

Knows what a decision may change. Refuses to choose commands: the machines that try sequences do.
"""

from dataclasses import dataclass, field

from commcredits.core.account import Decision, Session
from commcredits.core.commands import Authorise, CallCommand, Command, Expire, RecordPayment, RefundCall, Update
from commcredits.core.funds import Lots, available_micros
from commcredits.core.outcomes import Granted, Outcome, RechargeRuleSaved
from commcredits.core.rating import CALL_SECONDS_MAX, billed_seconds, price_micros
from tests.core.audit import newly_held
from tests.core.books import Books
from tests.core.recharge_limits import RechargeLimits


@dataclass(kw_only=True)
class Watch:
    """Books, and what was seen to happen to them."""

    books: Books
    limits: RechargeLimits = field(default_factory=RechargeLimits)
    first_answers: dict[tuple[str, str], tuple[CallCommand, Outcome]] = field(default_factory=dict)
    """By session id and remembered key: the command that was answered first, and its answer."""

    def ask(self, command: Command) -> Outcome:
        """Do it, and hold the decision against the rules that look at one step."""
        account, known = self.books.account, dict(self.books.top_ups)
        session = self.books.sessions.get(command.session_id) if isinstance(command, CallCommand) else None
        decision = self.books.look(command)
        outcome = self.books.write(decision)
        if isinstance(outcome, RechargeRuleSaved):
            self.limits.see_saved()
        retryable = isinstance(command, RecordPayment) and command.retryable
        for top_up in decision.top_ups:
            self.limits.see(known.get(top_up.top_up_id), top_up, self.books, retryable=retryable)
            known[top_up.top_up_id] = top_up
        self._nothing_is_held_on_dead_lots(account.lots)
        if isinstance(command, CallCommand) and decision.session is not None:
            self._remember(command, decision.session, outcome)
            self._moves_forward(session, decision.session, refund=isinstance(command, RefundCall))
            if isinstance(command, Expire) and session is not None:
                self._may_be_reaped(command, session)
            if isinstance(outcome, Granted):
                self._is_covered_and_the_most(decision.session, outcome)
                self._is_as_long_as_asked(command, session, decision.session, outcome)
        return outcome

    def sees_no_change(self, decision: Decision) -> None:
        """The decision leaves everything as it is."""
        assert decision.account is self.books.account
        assert (decision.session, decision.transfers, decision.new_lots, decision.top_ups) == (None, (), (), ())

    def _nothing_is_held_on_dead_lots(self, before: Lots) -> None:
        expires_at = {lot.terms.lot_id: lot.terms.expires_at for lot in self.books.account.lots}
        growth = newly_held(before, self.books.account.lots)
        assert all(expires_at[lot_id] > self.books.now for lot_id in growth), "an expired lot was held"
        assert sum(growth.values()) <= available_micros(before, self.books.now), "more was held than was available"

    def _may_be_reaped(self, command: Expire, before: Session) -> None:
        assert before.is_live
        assert command.grant_number == before.grant_number, "a call that had moved on was reaped"
        assert self.books.now >= before.grant_ends_at, "a call was reaped before its grant had ended"

    def _moves_forward(self, before: Session | None, after: Session, *, refund: bool) -> None:
        if before is None:
            return
        assert before.state.value != "refused", "a refused call has changed"
        assert before.state.value != "ended" or refund, "an ended call has changed"
        assert after.grant_number >= before.grant_number
        assert after.granted_seconds >= before.granted_seconds, "a grant was shortened"
        if before.is_live:
            assert after.used_seconds >= before.used_seconds, "a report was taken back"
        else:
            assert after.charged_micros <= before.charged_micros, "a late end was charged more"

    def _is_as_long_as_asked(
        self, command: CallCommand, before: Session | None, after: Session, granted: Granted
    ) -> None:
        """A grant is final when it is shorter than was asked for, and never longer; what was given stays given."""
        assert isinstance(command, Authorise | Update)
        assert after.terms.rate is not None
        asked = command.slice_seconds or self.books.charging.slice_seconds
        given = 0
        if isinstance(command, Update):
            assert before is not None
            asked += max(before.used_seconds, command.used_seconds)
            given = before.granted_seconds
            if command.used_seconds > given:
                # How much of a late report counts is the clock's to say; a grant is between none and all of it.
                assert granted.granted_seconds <= billed_seconds(after.terms.rate, asked)
                return
        wanted = max(given, billed_seconds(after.terms.rate, min(asked, CALL_SECONDS_MAX)))
        assert granted.granted_seconds == wanted if not granted.final else granted.granted_seconds < wanted

    def _is_covered_and_the_most(self, session: Session, granted: Granted) -> None:
        rate = session.terms.rate
        assert rate is not None
        assert granted.charged_micros == session.charged_micros
        assert granted.held_micros == sum(part.held_micros for part in session.parts)
        if granted.final and granted.granted_seconds < CALL_SECONDS_MAX - rate.next_increment_seconds:
            left = self.books.available_micros
            one_more = price_micros(rate, granted.granted_seconds + rate.next_increment_seconds)
            assert one_more - granted.charged_micros > granted.held_micros + left, "a longer grant was affordable"

    def _remember(self, command: CallCommand, session: Session, outcome: Outcome) -> None:
        key = session.memory[-1][0]
        if not isinstance(command, Expire):
            self.first_answers.setdefault((command.session_id, key), (command, outcome))
