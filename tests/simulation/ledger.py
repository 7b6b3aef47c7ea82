"""The committer in memory: the deciding code of the real one, and durable state as plain values.

Knows how a command is decided and what is kept of it, just as commcredits.storage.committer and its statement do, one
command at a time. Refuses to decide: commcredits.storage.deciding and the core do. A run of the same seed over the
real committer ends in the same books (test_faithful.py).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from commcredits.core.account import (
    Account,
    ChargingTerms,
    Context,
    FundingTerms,
    OrganizationStatus,
    RechargeState,
    Session,
)
from commcredits.core.commands import CallCommand, Command
from commcredits.core.flags import Flag
from commcredits.core.funds import Lot, LotTerms
from commcredits.core.ledger import Transfer
from commcredits.core.notices import Notice
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.core.purchases import Refund, TopUp, TopUpAndLot
from commcredits.core.tariffs import RateDeck
from commcredits.storage.batch import Batch
from commcredits.storage.cache import Entry
from commcredits.storage.codec import decode_answer
from commcredits.storage.deciding import OPERATIONS, IdentifiedCommand, Preloaded, decide_organization, lay_down
from commcredits.storage.loading import LoadedAccount, RememberedAnswer
from commcredits.storage.pending import Pending


@dataclass(kw_only=True)
class Kept:
    """All that is durable of one organization."""

    account: Account
    sessions: dict[str, Session | None] = field(default_factory=dict)
    top_ups: dict[str, TopUp] = field(default_factory=dict)
    refunds: dict[str, Refund] = field(default_factory=dict)
    lots: dict[str, LotTerms] = field(default_factory=dict)
    journal: list[Transfer] = field(default_factory=list)
    notices: dict[tuple[str, str], Notice] = field(default_factory=dict)
    answers: dict[tuple[str, str], RememberedAnswer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """One command that took effect: what it was, when, what it answered, and all that it changed."""

    command: Command
    now: datetime
    outcome: Outcome
    before: Account
    after: Account
    kept: Kept
    top_ups: tuple[tuple[TopUp | None, TopUp], ...]
    transfers: tuple[Transfer, ...]


class MemoryLedger:
    """Organizations and what is kept of each; ``commit`` is one transaction."""

    def __init__(
        self,
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        funding: FundingTerms,
        decks: dict[str, RateDeck],
    ) -> None:
        self.organizations: dict[str, Kept] = {}
        self.clock = clock
        self.new_id = new_id
        self.funding = funding
        self.charging = ChargingTerms()
        self.commits = 0
        self._decks = decks

    def open(self, *, country: str, currency: str, time_zone: str, rate_deck_id: str) -> str:
        """The id of a new organization without funds."""
        organization_id = self.new_id()
        self.organizations[organization_id] = Kept(
            account=Account(
                organization_id=organization_id,
                status=OrganizationStatus.OPEN,
                country=country,
                currency=currency,
                minor_digits=2,
                time_zone=time_zone,
                rate_deck_id=rate_deck_id,
                lots=(),
                recharge=RechargeState(),
                open_top_ups=(),
            )
        )
        return organization_id

    def commit(self, command: Command) -> Committed:
        """Decide a command on what is durable, and keep all of what it changes. Raises when the core did."""
        kept = self.organizations[command.organization_id]
        now = self.clock()
        context = Context(now=now, new_id=self.new_id, decks=self._decks, charging=self.charging, funding=self.funding)
        entry = Entry(LoadedAccount(account=kept.account, version=1))
        if isinstance(command, CallCommand):
            entry.sessions = {command.session_id: kept.sessions.get(command.session_id)}
        told: list[Outcome] = []
        rows = _Rows(now=now, new_id=self.new_id)
        result = decide_organization(
            entry, [Pending(command, told.append)], self._preloaded(command, kept), context, locked=True
        )
        assert result is not None, f"the core raised on {command}"
        lay_down([result], rows)
        result.tell()
        (outcome,) = told
        assert not (isinstance(outcome, Refused) and outcome.code is RefusalCode.INTERNAL_ERROR), outcome
        self.commits += 1
        before = kept.account
        moved = tuple((kept.top_ups.get(top_up.top_up_id), top_up) for top_up in rows.top_ups)
        if result.changed:
            kept.account = result.account
            kept.sessions.update(result.sessions)
        self._keep(kept, rows)
        return Committed(
            command=command,
            now=now,
            outcome=outcome,
            before=before,
            after=kept.account,
            kept=kept,
            top_ups=moved,
            transfers=tuple(rows.transfers),
        )

    def _preloaded(self, command: Command, kept: Kept) -> Preloaded:
        """What storage would have read for this command: see commcredits.storage.preloading."""
        organization_id = command.organization_id
        top_up_id = getattr(command, "top_up_id", None)
        refund_id = getattr(command, "refund_id", None)
        top_up = kept.top_ups.get(top_up_id) if isinstance(top_up_id, str) else None
        refund = kept.refunds.get(refund_id) if isinstance(refund_id, str) else None
        answers = {}
        if isinstance(command, IdentifiedCommand):
            named = OPERATIONS[type(command)], command.command_id
            if named in kept.answers:
                answers[organization_id, *named] = kept.answers[named]
        lot = None if top_up is None or top_up.lot_id is None else kept.lots[top_up.lot_id]
        return Preloaded(
            answers=answers,
            top_ups={(organization_id, top_up.top_up_id): TopUpAndLot(top_up=top_up, lot=lot)} if top_up else {},
            refunds={(organization_id, refund.refund_id): refund} if refund else {},
        )

    def _keep(self, kept: Kept, rows: "_Rows") -> None:
        kept.top_ups.update((top_up.top_up_id, top_up) for top_up in rows.top_ups)
        kept.refunds.update((refund.refund_id, refund) for refund in rows.refunds)
        kept.lots.update((lot.terms.lot_id, lot.terms) for lot in rows.lots)
        kept.journal.extend(rows.transfers)
        for notice in rows.notices:
            kept.notices.setdefault((notice.kind.value, notice.key), notice)
        kept.answers.update(rows.answers)


class _Rows(Batch):
    """A batch that hands over what was laid into it, instead of the parameters of a statement."""

    __slots__ = ("answers", "lots", "notices", "refunds", "top_ups", "transfers")

    def __init__(self, *, now: datetime, new_id: Callable[[], str]) -> None:
        super().__init__(now=now, new_id=new_id)
        self.transfers: list[Transfer] = []
        self.lots: list[Lot] = []
        self.top_ups: list[TopUp] = []
        self.refunds: list[Refund] = []
        self.notices: list[Notice] = []
        self.answers: dict[tuple[str, str], RememberedAnswer] = {}

    def add_unchanged(self, organization_id: str, version: int) -> None:
        """Nothing is written."""

    def add_account(self, version: int, before: Account, after: Account) -> None:
        """The ledger takes the account from the result."""

    def add_session(self, organization_id: str, before: Session | None, session: Session) -> None:
        """The ledger takes calls from the result."""

    def add_flags(self, organization_id: str, flags: Iterable[Flag]) -> None:
        """What is noticed about calls is not kept here."""

    def add_transfer(self, organization_id: str, transfer: Transfer) -> None:  # noqa: ARG002 - the batch's own parameter
        """A line of the journal."""
        self.transfers.append(transfer)

    def add_lot(self, organization_id: str, lot: Lot) -> None:  # noqa: ARG002 - the batch's own parameter
        """A fund lot that is new."""
        self.lots.append(lot)

    def add_top_up(self, organization_id: str, top_up: TopUp) -> None:  # noqa: ARG002 - the batch's own parameter
        """A top-up as it now stands."""
        self.top_ups.append(top_up)

    def add_refund(self, organization_id: str, refund: Refund) -> None:  # noqa: ARG002 - the batch's own parameter
        """A refund as it now stands."""
        self.refunds.append(refund)

    def add_notice(self, organization_id: str, notice: Notice) -> None:  # noqa: ARG002 - the batch's own parameter
        """Something to tell."""
        self.notices.append(notice)

    def add_answer(self, organization_id: str, operation: str, command_id: str, content: str, answer: str) -> None:  # noqa: ARG002 - the batch's own parameter
        """The answer of an identified command, through the codec that the real one goes through."""
        self.answers[operation, command_id] = RememberedAnswer(content=content, outcome=decode_answer(answer))
