"""What must be true of the whole world after every step: the provider's money, the books, and people's purchases.

Knows each invariant as a small function with a sentence for its failure. Refuses to repair and to choose.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from commcredits.core.account import Context, FundingTerms
from commcredits.core.commands import RequestTopUp
from commcredits.core.funds import order_of_use
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.notices import NoticeKind
from commcredits.core.purchases import RefundState, TopUp, TopUpKind, TopUpState
from commcredits.core.recharge import RechargeStanding, standing
from commcredits.core.top_up_refunds import OPEN_REFUNDS
from commcredits.core.topups import OPEN_STATES
from commcredits.gateways.protocol import DisputeState, Refunded
from tests.simulation.ledger import Committed, Kept, MemoryLedger
from tests.simulation.limits import Limits
from tests.simulation.providers import FEE_MINOR, MICROS_PER_MINOR, Provider

PAID = frozenset({TopUpState.SUCCEEDED, TopUpState.DISPUTED, TopUpState.REVERSED})


@dataclass(kw_only=True)
class Auditor:
    """Looks at every commit and at every step; an AssertionError names the first invariant that is broken."""

    provider: Provider
    ledger: MemoryLedger
    funding: FundingTerms
    limits: dict[str, Limits] = field(default_factory=dict)
    lots: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(int)))
    """What the journal says is left of each lot, by organization."""
    clearing: dict[str, dict[TransferReason, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )
    """What the journal took out of gateway clearing, by organization and reason."""
    bought: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    """The purchases that each request of a person made."""

    def see(self, committed: Committed) -> None:
        """Look at one commit."""
        organization_id = committed.after.organization_id
        if organization_id not in self.limits:
            self.limits[organization_id] = Limits(funding=self.funding)
        self.limits[organization_id].see(committed)
        self._follow_journal(committed)
        the_journal_is_in_the_lots(self.lots[organization_id], committed)
        for before, after in committed.top_ups:
            funds_are_granted_once_and_only_when_paid(before, after)
        self._a_request_buys_once(committed)

    _seen: tuple[int, int] = (-1, -1)

    def look(self) -> None:
        """Look at the world between two steps, if anything was committed or anything became of money since."""
        state = self.ledger.commits, len(self.provider.events)
        if state == self._seen:
            return
        self._seen = state
        for organization_id, kept in self.ledger.organizations.items():
            everything_charged_is_granted_or_being_resolved(self.provider, kept, self.clearing[organization_id])
        no_key_is_charged_twice(self.provider)
        nobody_asks_what_nobody_may(self.provider)
        nothing_is_charged_without_an_attempt(self.provider, self.ledger)

    def conclude(self) -> None:
        """Look at a world that has come to rest with a provider that works."""
        self.look()
        for organization_id, kept in self.ledger.organizations.items():
            nothing_is_left_unresolved(kept)
            every_purchase_is_told_of_once(kept)
            no_recharge_is_forgotten(kept, self.ledger)
            the_provider_and_the_journal_agree(self.provider, kept, self.clearing[organization_id])

    def _follow_journal(self, committed: Committed) -> None:
        organization_id = committed.after.organization_id
        lots, clearing = self.lots[organization_id], self.clearing[organization_id]
        for transfer in committed.transfers:
            amount = transfer.amount_micros
            if transfer.target is LedgerAccount.CUSTOMER_CREDITS:
                lots[transfer.lot_id or ""] += amount
            if transfer.source is LedgerAccount.CUSTOMER_CREDITS:
                lots[transfer.lot_id or ""] -= amount
            if transfer.source is LedgerAccount.GATEWAY_CLEARING:
                clearing[transfer.reason] += amount
            if transfer.target is LedgerAccount.GATEWAY_CLEARING:
                clearing[transfer.reason] -= amount

    def _a_request_buys_once(self, committed: Committed) -> None:
        command = committed.command
        if not isinstance(command, RequestTopUp):
            return
        made = self.bought.setdefault((command.organization_id, command.command_id), [])
        made.extend(
            after.top_up_id for before, after in committed.top_ups if before is None and after.kind is TopUpKind.MANUAL
        )
        assert len(made) <= 1, f"the request {command.command_id} bought {len(made)} times"


def the_journal_is_in_the_lots(by_journal: Mapping[str, int], committed: Committed) -> None:
    """Every lot holds what the journal says, nothing is below zero, nothing free has expired, all is in order."""
    lots = committed.after.lots
    in_lots = {lot.terms.lot_id: lot.free_micros + lot.held_micros for lot in lots}
    assert {lot_id: left for lot_id, left in by_journal.items() if left} == {
        lot_id: left for lot_id, left in in_lots.items() if left
    }, "the journal and the lots disagree"
    assert all(lot.free_micros >= 0 and lot.held_micros >= 0 for lot in lots), "a lot is below zero"
    # A command that was known already is answered and nothing is decided; reading never counts what has expired.
    alive = committed.after is committed.before or all(
        lot.terms.expires_at > committed.now for lot in lots if lot.free_micros
    )
    assert alive, "an expired lot has free funds"
    assert list(lots) == sorted(lots, key=lambda lot: order_of_use(lot.terms)), "lots are out of order"


def funds_are_granted_once_and_only_when_paid(before: TopUp | None, after: TopUp) -> None:
    """A lot comes with a success and with nothing else, and what was bought nothing stays so."""
    paid = after.state in PAID
    assert (after.lot_id is not None) == paid, f"a purchase that is {after.state} has the lot {after.lot_id}"
    if before is not None and before.lot_id is not None:
        assert after.lot_id == before.lot_id, "a purchase was granted a second lot"
        assert paid, f"a purchase that was paid is {after.state} now"


def everything_charged_is_granted_or_being_resolved(
    provider: Provider, kept: Kept, clearing: Mapping[TransferReason, int]
) -> None:
    """Money charged at the gateway = money granted + money being resolved, to the millionth."""
    charged = granted = resolving = 0
    for top_up in kept.top_ups.values():
        charge = provider.charges.get(top_up.top_up_id)
        taken = 0 if charge is None else charge.taken_times * charge.request.amount_minor * MICROS_PER_MINOR
        charged += taken
        if top_up.state in PAID:
            granted += top_up.gross_micros
        elif top_up.state in OPEN_STATES:
            resolving += taken
    in_journal = clearing.get(TransferReason.TOP_UP, 0) + clearing.get(TransferReason.TAX, 0)
    assert in_journal == granted, f"the journal granted {in_journal} for purchases of {granted}"
    assert charged == granted + resolving, (
        f"{charged} were charged at the gateway, but {granted} were granted and {resolving} are being resolved"
    )


def no_key_is_charged_twice(provider: Provider) -> None:
    """A key takes money once at most, and is taken to the gateway to be charged once at most."""
    for key, charge in provider.charges.items():
        assert charge.taken_times <= 1, f"the key {key} took money {charge.taken_times} times"
    for key, times in provider.calls.items():
        assert times == 1, f"the key {key} was sent to be charged {times} times"


def nobody_asks_what_nobody_may(provider: Provider) -> None:
    """No removed method is charged, and no key is used for two things."""
    assert not provider.misuses, provider.misuses[0]


def nothing_is_charged_without_an_attempt(provider: Provider, ledger: MemoryLedger) -> None:
    """Every key that the provider has seen was recorded, and committed as sent, before it was told."""
    for key in provider.charges:
        known = [kept.top_ups[key] for kept in ledger.organizations.values() if key in kept.top_ups]
        assert known, f"the key {key} took money, and nobody knows what for"
        assert known[0].sent_at is not None, f"the key {key} took money before it was recorded as sent"


def nothing_is_left_unresolved(kept: Kept) -> None:
    """Left alone with a gateway that works, everything is settled in the end."""
    still_open = [each for each in kept.top_ups.values() if each.state in OPEN_STATES]
    assert not still_open, f"left unresolved: {still_open}"
    refunds = [each for each in kept.refunds.values() if each.state in OPEN_REFUNDS]
    assert not refunds, f"refunds left unresolved: {refunds}"


def every_purchase_is_told_of_once(kept: Kept) -> None:
    """Whoever is told of successes hears of each purchase exactly once."""
    for kind, notice in (
        (TopUpKind.AUTO_RECHARGE, NoticeKind.RECHARGE_SUCCEEDED),
        (TopUpKind.MANUAL, NoticeKind.TOP_UP_SUCCEEDED),
    ):
        granted = sorted(each.top_up_id for each in kept.top_ups.values() if each.kind is kind and each.lot_id)
        told = sorted(key for of_kind, key in kept.notices if of_kind == notice.value)
        assert told == granted, f"{notice.value} was told of {told}, and granted were {granted}"


def no_recharge_is_forgotten(kept: Kept, ledger: MemoryLedger) -> None:
    """At rest nobody's balance lies below a trigger that could be acted on: service does not end for a lost step."""
    context = Context(
        now=ledger.clock(), new_id=ledger.new_id, decks={}, charging=ledger.charging, funding=ledger.funding
    )
    stands = standing(kept.account, context)
    assert stands is not RechargeStanding.DUE, "a recharge is due, and nobody opens it"


def the_provider_and_the_journal_agree(provider: Provider, kept: Kept, clearing: Mapping[TransferReason, int]) -> None:
    """At rest, what the journal moved through gateway clearing is what the provider moved, item by item."""
    refunded = lost = fees = 0
    references = set()
    for top_up_id in kept.top_ups:
        charge = provider.charges.get(top_up_id)
        if charge is None:
            continue
        references.add(charge.reference)
        fees += charge.taken_times * FEE_MINOR * MICROS_PER_MINOR
        if charge.dispute is not None and charge.dispute.state is DisputeState.LOST:
            lost += charge.dispute.amount_minor * MICROS_PER_MINOR
    for refund in provider.refunds.values():
        if refund.request.charge_reference in references and isinstance(refund.outcome, Refunded):
            refunded += refund.request.amount_minor * MICROS_PER_MINOR
    booked = -clearing.get(TransferReason.REFUND, 0)
    assert booked == refunded, f"refunds of {booked} were booked, and {refunded} were given back"
    settled = sum(each.gross_micros for each in kept.refunds.values() if each.state is RefundState.REFUNDED)
    assert settled == refunded, f"refunds of {settled} are settled, and {refunded} were given back"
    kept_back = abs(clearing.get(TransferReason.GATEWAY_FEE, 0))
    assert kept_back == fees, f"fees of {kept_back} were booked, and {fees} were kept"
    taken = -clearing.get(TransferReason.DISPUTE_LOST, 0)
    assert taken == lost, f"disputes took {taken} by the journal, and {lost} at the bank"
