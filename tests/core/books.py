"""An organization's books in memory: what the core decides is written down here, as storage would write it.

Knows how to carry out a decision. Refuses to decide anything: tests speak to the core through ``Books.do``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

from msgspec.structs import replace

from commcredits.core.account import (
    Account,
    ChargingTerms,
    Context,
    Decision,
    FundingTerms,
    OrganizationStatus,
    RechargeState,
    Session,
    Surroundings,
)
from commcredits.core.commands import (
    Authorise,
    CallCommand,
    CloseDispute,
    Command,
    End,
    Expire,
    GrantPromotion,
    LiftBlock,
    OpenDispute,
    PaymentState,
    RecordPayment,
    RecordRefund,
    RefundCall,
    RequestRefund,
    RequestTopUp,
    SaveRechargeRule,
    SendTopUp,
    Service,
    Start,
    Update,
)
from commcredits.core.decide import Subject, decide
from commcredits.core.flags import Flag, FlagKind
from commcredits.core.funds import Lot, Lots, LotSource, LotTerms, available_micros, held_micros
from commcredits.core.ledger import LedgerAccount, Transfer, balance_micros
from commcredits.core.meters import Meter, MeterId
from commcredits.core.money import AMOUNT_MICROS_MAX
from commcredits.core.notices import Notice, NoticeKind
from commcredits.core.outcomes import LotGranted, Outcome, TopUpTaken
from commcredits.core.purchases import Refund, RefundOfTopUp, TopUp, TopUpAndLot, TopUpKind, TopUpState
from commcredits.core.roster import Block, Line, Party
from commcredits.core.tariffs import Rate, RateDeck, index_deck

ORGANIZATION = "0192e0c8-0000-7000-8000-000000000001"
DECK = "deck-1"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
CALLER = "+40722000001"
CALLEE = "+442079460000"
FUNDING = FundingTerms(top_up_minimum_micros={})


def units(text: str) -> int:
    """Millionths of an amount as a person writes it: ``units("47.70")``."""
    whole, _, fraction = text.partition(".")
    return int(whole) * 1_000_000 + int(fraction.ljust(6, "0"))


def rate(
    *,
    per_minute: str = "0.60",
    fee: str = "0",
    increments: tuple[int, int] = (1, 1),
    prefix: str = "44",
    service: Service = Service.OUTBOUND,
    effective_from: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    effective_to: datetime | None = None,
) -> Rate:
    """A rate: by default 0.60 a minute, by the second, without a connection fee."""
    return Rate(
        prefix=prefix,
        destination="Somewhere",
        service=service,
        price_per_minute_micros=units(per_minute),
        connection_fee_micros=units(fee),
        first_increment_seconds=increments[0],
        next_increment_seconds=increments[1],
        effective_from=effective_from,
        effective_to=effective_to,
    )


def lot(
    lot_id: str,
    free_micros: int,
    *,
    source: LotSource = LotSource.MANUAL,
    purchased_at: datetime = NOON - timedelta(days=30),
    expires_at: datetime = NOON + timedelta(days=335),
) -> Lot:
    """A fund lot, bought a month ago by hand unless said otherwise."""
    terms = LotTerms(lot_id=lot_id, source=source, purchased_at=purchased_at, expires_at=expires_at)
    return Lot(terms=terms, free_micros=free_micros, held_micros=0)


@dataclass(kw_only=True)
class Books:
    """One organization's account, calls, top-ups and journal, at an instant that the test moves."""

    account: Account
    now: datetime = NOON
    decks: Mapping[str, RateDeck] = field(default_factory=dict)
    charging: ChargingTerms = field(default_factory=ChargingTerms)
    funding: FundingTerms = FUNDING
    sessions: dict[str, Session] = field(default_factory=dict)
    top_ups: dict[str, TopUp] = field(default_factory=dict)
    journal: list[Transfer] = field(default_factory=list)
    lines: dict[str, Line | None] = field(default_factory=dict)
    parties: dict[str, Party | None] = field(default_factory=dict)
    meters: dict[MeterId, Meter] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    flags: dict[tuple[str, FlagKind], Flag] = field(default_factory=dict)
    lot_terms: dict[str, LotTerms] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    told: dict[tuple[NoticeKind, str], Notice] = field(default_factory=dict)
    """What was told, by kind and key: what happens twice is told once."""
    ids: "count[int]" = field(default_factory=lambda: count(1))

    def look(self, command: Command) -> Decision:
        """What the core decides about this command now; nothing is written down."""
        around = Surroundings(lines=self.lines, parties=self.parties, meters=self.meters)
        return decide(self.account, self._subject(command), command, self.context, around)

    @property
    def context(self) -> Context:
        """What decisions look at now."""
        return Context(
            now=self.now,
            new_id=lambda: f"id-{next(self.ids):06d}",
            decks=self.decks,
            charging=self.charging,
            funding=self.funding,
        )

    def _subject(self, command: Command) -> Subject:
        match command:
            case SendTopUp() | RecordPayment() | RequestRefund() | OpenDispute():
                return self.top_ups.get(command.top_up_id)
            case CloseDispute():
                top_up = self.top_ups.get(command.top_up_id)
                lot_id = None if top_up is None else top_up.lot_id
                return None if top_up is None else TopUpAndLot(top_up=top_up, lot=self.lot_terms.get(lot_id or ""))
            case RecordRefund():
                refund = self.refunds.get(command.refund_id)
                if refund is None:
                    return None
                return RefundOfTopUp(refund=refund, top_up=self.top_ups[refund.top_up_id])
            case _:
                return self.sessions.get(command.session_id) if isinstance(command, CallCommand) else None

    def do(self, command: Command) -> Outcome:
        """Carry the command out and write down all that changed."""
        return self.write(self.look(command))

    def write(self, decision: Decision) -> Outcome:
        """Write down all that a decision changes, and return its answer."""
        self.account = decision.account
        if decision.session is not None:
            self.sessions[decision.session.terms.session_id] = decision.session
        for top_up in decision.top_ups:
            self.top_ups[top_up.top_up_id] = top_up
        for refund in decision.refunds:
            self.refunds[refund.refund_id] = refund
        self.lot_terms.update((lot.terms.lot_id, lot.terms) for lot in decision.new_lots)
        for notice in decision.notices:
            self.told.setdefault((notice.kind, notice.key), notice)
        self.journal.extend(decision.transfers)
        self.meters.update((meter.meter_id, meter) for meter in decision.meters)
        self.blocks.update((block.block_id, block) for block in decision.blocks)
        for flag in decision.flags:
            self.flags.setdefault((flag.session_id, flag.kind), flag)
        return decision.outcome

    def wait(self, **duration: float) -> None:
        """Let time pass: ``books.wait(seconds=30)``."""
        self.now += timedelta(**duration)

    # ---- what an edge or a worker would ask for

    def authorise(self, session_id: str = "call-1", *, callee: str = CALLEE, **more: object) -> Outcome:
        """Ask for a call from a user's number to a number abroad."""
        command = Authorise(
            organization_id=ORGANIZATION, session_id=session_id, service=Service.OUTBOUND, caller=CALLER, callee=callee
        )
        return self.do(replace(command, **more))

    def start(self, session_id: str = "call-1") -> Outcome:
        """Say that the call was answered."""
        return self.do(Start(organization_id=ORGANIZATION, session_id=session_id))

    def update(
        self, number: int, used_seconds: int, session_id: str = "call-1", slice_seconds: int | None = None
    ) -> Outcome:
        """Report what was used and ask for the next slice."""
        return self.do(
            Update(
                organization_id=ORGANIZATION,
                session_id=session_id,
                request_number=number,
                used_seconds=used_seconds,
                slice_seconds=slice_seconds,
            )
        )

    def end(self, used_seconds: int, session_id: str = "call-1", cause: str = "") -> Outcome:
        """Say that the call is over."""
        return self.do(End(organization_id=ORGANIZATION, session_id=session_id, used_seconds=used_seconds, cause=cause))

    def refund(self, used_seconds: int = 0, session_id: str = "call-1", command_id: str = "refund-1") -> Outcome:
        """Give back what a call was charged beyond so many seconds."""
        return self.do(
            RefundCall(
                organization_id=ORGANIZATION, session_id=session_id, command_id=command_id, used_seconds=used_seconds
            )
        )

    def lift(self, block_id: str) -> Outcome:
        """Unblock what a limit blocked."""
        return self.do(
            LiftBlock(
                organization_id=ORGANIZATION,
                command_id=f"lift-{next(self.ids)}",
                block_id=block_id,
                lifted_by="administrator",
            )
        )

    def reap(self, session_id: str = "call-1") -> Outcome:
        """Close the call if its latest grant has run out in silence."""
        number = self.sessions[session_id].grant_number
        return self.do(Expire(organization_id=ORGANIZATION, session_id=session_id, grant_number=number))

    def grant_promotion(self, amount: str, expires_at: datetime) -> str:
        """Add promotional funds and return the id of their lot."""
        outcome = self.do(
            GrantPromotion(
                organization_id=ORGANIZATION,
                command_id=f"promotion-{next(self.ids)}",
                amount_micros=units(amount),
                expires_at=expires_at,
                reason="welcome",
            )
        )
        assert isinstance(outcome, LotGranted)
        return outcome.lot_id

    def request_top_up(self, amount: str) -> Outcome:
        """Buy funds by hand."""
        return self.do(
            RequestTopUp(
                organization_id=ORGANIZATION,
                command_id=f"purchase-{next(self.ids)}",
                amount_micros=units(amount),
                payment_method="card",
            )
        )

    def add_funds(self, amount: str) -> None:
        """Buy funds by hand, with a card that pays at once."""
        outcome = self.request_top_up(amount)
        assert isinstance(outcome, TopUpTaken), outcome
        self.record(outcome.top_up_id, PaymentState.SUCCEEDED)

    def send(self, top_up_id: str) -> Outcome:
        """Claim a due recharge for the gateway."""
        return self.do(SendTopUp(organization_id=ORGANIZATION, top_up_id=top_up_id))

    def record(
        self,
        top_up_id: str,
        state: PaymentState,
        *,
        retryable: bool = True,
        action_url: str = "",
        reason: str = "said_the_gateway",
        fee: str = "0",
    ) -> Outcome:
        """Write down what the gateway said of an attempt."""
        return self.do(
            RecordPayment(
                organization_id=ORGANIZATION,
                top_up_id=top_up_id,
                state=state,
                gateway="simulator",
                gateway_reference=f"charge-{top_up_id}",
                reason=reason,
                action_url=action_url,
                retryable=retryable,
                fee_micros=units(fee),
            )
        )

    def save_rule(
        self,
        *,
        recharge: str = "100",
        trigger: str = "50",
        cap: str | None = None,
        enabled: bool = True,
        target: str = "0",
        **more: object,
    ) -> Outcome:
        """Set auto-recharge."""
        command = SaveRechargeRule(
            organization_id=ORGANIZATION,
            command_id=f"rule-{next(self.ids)}",
            enabled=enabled,
            recharge_amount_micros=units(recharge),
            trigger_amount_micros=units(trigger),
            monthly_cap_micros=None if cap is None else units(cap),
            payment_method="card",
            target_amount_micros=units(target),
        )
        return self.do(replace(command, **more))

    # ---- what a person would read

    def notices(self, *kinds: NoticeKind) -> list[Notice]:
        """What was told of these kinds, in order."""
        return [notice for notice in self.told.values() if notice.kind in kinds]

    @property
    def call(self) -> Session:
        """The one call of a test that has only one."""
        (session,) = self.sessions.values()
        return session

    @property
    def available_micros(self) -> int:
        """What new calls may hold."""
        return available_micros(self.account.lots, self.now)

    @property
    def held_micros(self) -> int:
        """What running calls hold."""
        return held_micros(self.account.lots)

    def ledger_micros(self, account: LedgerAccount = LedgerAccount.CUSTOMER_CREDITS) -> int:
        """What the journal says an account holds."""
        return balance_micros(account, self.journal)

    def recharges(self, *states: TopUpState) -> list[TopUp]:
        """Auto-recharge attempts in these states, or all of them."""
        return [
            top_up
            for top_up in self.top_ups.values()
            if top_up.kind is TopUpKind.AUTO_RECHARGE and (not states or top_up.state in states)
        ]


def books(
    *rates: Rate,
    balance: str = "0",
    lots: Lots = (),
    time_zone: str = "UTC",
    charging: ChargingTerms | None = None,
    funding: FundingTerms = FUNDING,
) -> Books:
    """The books of an open organization whose deck has these rates and whose balance was bought a moment ago.

    Lots given as such are not in the journal: the tests that name them look at lots, not at the ledger.
    """
    opened = Books(
        account=Account(
            organization_id=ORGANIZATION,
            status=OrganizationStatus.OPEN,
            country="RO",
            currency="EUR",
            minor_digits=2,
            time_zone=time_zone,
            rate_deck_id=DECK,
            lots=lots,
            recharge=RechargeState(),
            open_top_ups=(),
        ),
        decks={DECK: index_deck(DECK, "EUR", rates or (rate(),))},
        charging=charging or ChargingTerms(),
        funding=funding,
    )
    if units(balance):
        # Any size will do here; the lot lives for a year, like a purchase.
        opened.funding = replace(funding, top_up_maximum_micros=AMOUNT_MICROS_MAX)
        opened.grant_promotion(balance, opened.now + timedelta(days=365))
        opened.funding = funding
    return opened
