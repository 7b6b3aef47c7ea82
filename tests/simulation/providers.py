"""A payment provider in memory: it takes money, and everything goes wrong with it that the seed says.

Knows charges by their idempotency key, refunds, disputes, and what it has told. Keeps the promises of
commcredits.gateways.protocol and not one more: it forgets keys after a day, as Stripe does, so that a key sent again
then takes money a second time; a request may arrive long after its caller has given up; answers get lost on either
side of the act; messages come late, twice, in any order, or never.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random
from typing import Final

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeOutcome,
    ChargeRequest,
    Declined,
    Dispute,
    DisputeState,
    EventKind,
    Processing,
    Refunded,
    RefundOutcome,
    RefundProcessing,
    RefundRefused,
    RefundRequest,
    Succeeded,
    WebhookEvent,
)

KEYS_REMEMBERED: Final = timedelta(hours=24)
FEE_MINOR: Final = 30
MICROS_PER_MINOR: Final = 10_000
"""Every organization of this world pays in a currency of two digits."""


class Mood(StrEnum):
    """What a payment method does with the next charges."""

    PAYS = "pays"
    DECLINES = "declines"
    DECLINES_FOR_EVER = "declines for ever"
    PROCESSES = "processes"
    PROCESSES_THEN_DECLINES = "processes, then declines"
    ASKS_AND_APPROVES = "asks, and is approved"
    ASKS_IN_VAIN = "asks in vain"


_DECLINED_LATER: Final = frozenset({Mood.PROCESSES_THEN_DECLINES})


@dataclass(kw_only=True)
class Charge:
    """One charge as the provider keeps it. ``taken_times`` is how often money was taken for its key."""

    request: ChargeRequest
    reference: str
    outcome: ChargeOutcome
    made_at: datetime
    decided_at: datetime | None = None
    decision: ChargeOutcome | None = None
    taken_times: int = 0
    refunded_minor: int = 0
    dispute: Dispute | None = None


@dataclass(kw_only=True)
class Refund:
    """One refund as the provider keeps it."""

    request: RefundRequest
    outcome: RefundOutcome
    decided_at: datetime | None = None


@dataclass(kw_only=True)
class Weather:
    """How likely each fault is, in a hundred; all zero is a provider that works."""

    down: int = 0
    lost_before: int = 0
    lost_after: int = 0
    late: int = 0
    message_twice: int = 0
    message_never: int = 0
    refund_refused: int = 0
    refund_slow: int = 0


CALM: Final = Weather()


@dataclass(kw_only=True)
class Provider:
    """The provider's own world: it outlives every process of ours."""

    random: Random
    clock: Callable[[], datetime]
    weather: Weather = field(default_factory=Weather)
    moods: dict[str, Mood] = field(default_factory=dict)
    charges: dict[str, Charge] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    calls: dict[str, int] = field(default_factory=dict)
    """How often each key was sent to be charged."""
    detached: set[str] = field(default_factory=set)
    """Payment methods that we have let go."""
    misuses: list[str] = field(default_factory=list)
    """What nobody may ask for, and somebody did."""
    late: list[ChargeRequest] = field(default_factory=list)
    """Requests that arrive after their callers have given up."""
    events: list[WebhookEvent] = field(default_factory=list)
    undelivered: list[int] = field(default_factory=list)
    """Messages on their way, as places in ``events``."""
    _count: int = 0

    # ---- what happens at the provider by itself

    def strikes(self, percent: int) -> bool:
        """Whether a fault of this likelihood happens now."""
        return percent > 0 and self.random.randrange(100) < percent

    def arrive_late(self) -> None:
        """A request that was given up long ago arrives."""
        request = self.late.pop(self.random.randrange(len(self.late)))
        self.take(request)

    def decide_waiting(self) -> None:
        """Charges and refunds that waited until now are decided."""
        now = self.clock()
        for charge in self.charges.values():
            if charge.decision is not None and charge.decided_at is not None and charge.decided_at <= now:
                self._settle(charge, charge.decision)
        for key, refund in self.refunds.items():
            if refund.decided_at is not None and refund.decided_at <= now:
                refund.decided_at = None
                refund.outcome = self._decide_refund(refund.request, at_once=True)
                self._tell(EventKind.REFUND_SUCCEEDED, refund.outcome.reference or "", key)

    def take(self, request: ChargeRequest) -> ChargeOutcome:
        """A request for money arrives: one key takes money once, as long as the provider remembers the key."""
        key = request.idempotency_key
        known = self.charges.get(key)
        if known is not None and self.clock() - known.made_at < KEYS_REMEMBERED:
            if known.request != request:
                self.misuses.append(f"the key {key} was sent with other content")
            return known.outcome
        if key in self.closed:
            return _declined("cancelled", retryable=False)
        self._count += 1
        charge = Charge(
            request=request,
            reference=f"ch_{self._count}",
            outcome=Processing(reference=f"ch_{self._count}"),
            made_at=self.clock(),
            taken_times=0 if known is None else known.taken_times,
        )
        self.charges[key] = charge
        self._decide(charge, self.moods[request.payment_method_reference])
        # What it keeps of a payment is known a moment later, to whoever asks again.
        return replace(charge.outcome, fee_minor=None) if isinstance(charge.outcome, Succeeded) else charge.outcome

    def dispute(self, charge: Charge, *, part_percent: int) -> None:
        """The payer's bank asks for the money of a charge back, or a part of it."""
        left = charge.request.amount_minor - charge.refunded_minor
        self._count += 1
        charge.dispute = Dispute(
            reference=f"dp_{self._count}",
            charge_reference=charge.reference,
            amount_minor=max(1, left * part_percent // 100),
            currency=charge.request.currency,
            state=DisputeState.OPEN,
        )
        self._tell(EventKind.DISPUTE_OPENED, charge.reference, charge.request.idempotency_key)

    def close_dispute(self, charge: Charge, *, won: bool) -> None:
        """The bank has decided."""
        was = charge.dispute
        assert was is not None
        charge.dispute = Dispute(
            reference=was.reference,
            charge_reference=was.charge_reference,
            amount_minor=was.amount_minor,
            currency=was.currency,
            state=DisputeState.WON if won else DisputeState.LOST,
        )
        kind = EventKind.DISPUTE_WON if won else EventKind.DISPUTE_LOST
        self._tell(kind, charge.reference, charge.request.idempotency_key)

    def find_charge(self, reference: str) -> Charge | None:
        """The charge of that reference."""
        return next((each for each in self.charges.values() if each.reference == reference), None)

    def close(self, key: str) -> ChargeOutcome:
        """Close a key: what was taken stays taken, what runs cannot be stopped, everything else is over."""
        known = self.charges.get(key)
        if known is not None and not isinstance(known.outcome, ActionRequired):
            return known.outcome
        self.closed.add(key)
        declined = _declined("cancelled", retryable=False)
        if known is not None:
            self._settle(known, declined)
        return declined

    def give_back(self, request: RefundRequest) -> RefundOutcome:
        """A request for a refund arrives."""
        known = self.refunds.get(request.idempotency_key)
        if known is not None:
            return known.outcome
        slow = self.strikes(self.weather.refund_slow)
        outcome: RefundOutcome = RefundProcessing(reference=f"re_{request.idempotency_key[-6:]}")
        if not slow:
            outcome = self._decide_refund(request, at_once=False)
        waits = timedelta(hours=self.random.randrange(1, 48))
        self.refunds[request.idempotency_key] = Refund(
            request=request, outcome=outcome, decided_at=self.clock() + waits if slow else None
        )
        self._tell(EventKind.REFUND_SUCCEEDED, f"re_{request.idempotency_key[-6:]}", request.idempotency_key)
        return outcome

    def _decide_refund(self, request: RefundRequest, *, at_once: bool) -> Refunded | RefundRefused:
        charge = self.find_charge(request.charge_reference)
        left = 0 if charge is None else charge.request.amount_minor - charge.refunded_minor
        disputed = charge is not None and charge.dispute is not None and charge.dispute.state is not DisputeState.WON
        if charge is None or disputed or request.amount_minor > left:
            return RefundRefused(code="exceeds_charge", message="more than is left")
        if not at_once and self.strikes(self.weather.refund_refused):
            return RefundRefused(code="refund_refused", message="the bank refused")
        charge.refunded_minor += request.amount_minor
        return Refunded(reference=f"re_{request.idempotency_key[-6:]}")

    def _decide(self, charge: Charge, mood: Mood) -> None:
        reference = charge.reference
        later = self.clock() + timedelta(seconds=self.random.choice((1, 90, 3_600, 30 * 3_600)))
        match mood:
            case Mood.PAYS:
                self._settle(charge, Succeeded(reference=reference, fee_minor=FEE_MINOR))
            case Mood.DECLINES | Mood.DECLINES_FOR_EVER:
                self._settle(charge, _declined("do_not_honour", retryable=mood is Mood.DECLINES, reference=reference))
            case Mood.PROCESSES | Mood.PROCESSES_THEN_DECLINES:
                charge.decided_at = later
                charge.decision = Succeeded(reference=reference, fee_minor=FEE_MINOR)
                if mood in _DECLINED_LATER:
                    charge.decision = _declined("insufficient_funds", retryable=True, reference=reference)
                self._tell(EventKind.CHARGE_PROCESSING, reference, charge.request.idempotency_key)
            case Mood.ASKS_AND_APPROVES | Mood.ASKS_IN_VAIN:
                charge.outcome = ActionRequired(reference=reference, url=f"https://pay.example/{reference}")
                if mood is Mood.ASKS_AND_APPROVES:
                    charge.decided_at, charge.decision = later, Succeeded(reference=reference, fee_minor=FEE_MINOR)
                self._tell(EventKind.CHARGE_ACTION_REQUIRED, reference, charge.request.idempotency_key)

    def _settle(self, charge: Charge, outcome: ChargeOutcome) -> None:
        charge.outcome, charge.decision, charge.decided_at = outcome, None, None
        kind = EventKind.CHARGE_DECLINED
        if isinstance(outcome, Succeeded):
            charge.taken_times += 1
            kind = EventKind.CHARGE_SUCCEEDED
        self._tell(kind, charge.reference, charge.request.idempotency_key)

    def _tell(self, kind: EventKind, reference: str, key: str) -> None:
        place = len(self.events)
        self.events.append(
            WebhookEvent(
                id=f"ev_{place}",
                kind=kind,
                object_reference=reference,
                idempotency_key=key,
                occurred_at=self.clock(),
            )
        )
        if not self.strikes(self.weather.message_never):
            self.undelivered.append(place)


def _declined(code: str, *, retryable: bool, reference: str | None = None) -> Declined:
    return Declined(code=code, retryable=retryable, message=code, reference=reference)
