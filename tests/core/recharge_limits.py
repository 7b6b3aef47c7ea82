"""The limits of auto-recharge, kept a second time beside the core, from nothing but what was seen to happen."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from commcredits.core.calendar import month_of
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from tests.core.books import Books

BACK_OFF_HOURS = (1, 6, 24)
COOL_DOWN = timedelta(minutes=5)


@dataclass(kw_only=True)
class RechargeLimits:
    """When the next attempt may be opened at the earliest, and what each month has taken."""

    declines: int = 0
    suspended: bool = False
    retry_at: datetime | None = None
    sent_at: datetime | None = None
    months: dict[str, str] = field(default_factory=dict)
    """The month in whose account each attempt was opened, by its id."""

    def see_saved(self) -> None:
        """An administrator saved the rule: declines are forgotten."""
        self.declines, self.suspended, self.retry_at = 0, False, None

    def see(self, before: TopUp | None, after: TopUp, books: Books, *, retryable: bool) -> None:
        """A top-up has changed: hold what happened against the limits, and remember it."""
        if after.kind is not TopUpKind.AUTO_RECHARGE:
            return
        if before is None:
            self._may_open(after, books)
        elif after.state is TopUpState.SENT and before.state is TopUpState.DUE:
            self.sent_at = books.now
        elif after.state is TopUpState.DECLINED:
            self._decline(books.now, retryable=retryable)
        elif after.state is TopUpState.SUCCEEDED:
            self.declines, self.retry_at = 0, None

    def _may_open(self, top_up: TopUp, books: Books) -> None:
        rule = books.account.recharge.rule
        assert rule is not None
        assert rule.enabled, "a recharge was opened while switched off"
        assert books.available_micros < rule.trigger_amount_micros, "a recharge was opened above its trigger"
        assert not self.suspended, "a recharge was opened while suspended"
        assert self.retry_at is None or books.now >= self.retry_at, "a recharge was opened in the back-off"
        assert self.sent_at is None or books.now >= self.sent_at + COOL_DOWN, "a recharge was opened in the cool-down"
        assert (top_up.state, top_up.amount_micros) == (TopUpState.DUE, rule.recharge_amount_micros)
        month = max([*self.months.values(), month_of(books.now, books.account.time_zone)])
        self.months[top_up.top_up_id] = month
        spent = sum(
            books.top_ups[each].amount_micros
            for each, counted_in in self.months.items()
            if counted_in == month and books.top_ups[each].state not in {TopUpState.DECLINED, TopUpState.CANCELLED}
        )
        assert spent <= rule.monthly_cap_micros, "recharges exceed the month's cap"

    def _decline(self, now: datetime, *, retryable: bool) -> None:
        self.declines += 1
        if retryable and self.declines <= len(BACK_OFF_HOURS):
            self.retry_at = now + timedelta(hours=BACK_OFF_HOURS[self.declines - 1])
        else:
            self.suspended, self.retry_at = True, None
