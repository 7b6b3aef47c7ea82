"""One organization's waiting commands, decided in order and in memory, and laid into the batch.

Knows how decisions follow one another: each sees the account and the calls as the one before left them. Refuses to know
the database; what it needs was loaded before. A bug that one organization's data provokes fails that organization's
commands and nobody else's.
"""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import asyncpg
import structlog

from commcredits.core.account import NOTHING_AROUND, Account, Context, Decision, Session, Surroundings
from commcredits.core.commands import (
    Adjust,
    AssignRateDeck,
    Authorise,
    ChoosePaymentMethods,
    CloseDispute,
    CloseOrganization,
    Command,
    CorrectCall,
    End,
    Expire,
    GrantPromotion,
    ImportLot,
    LiftBlock,
    OpenDispute,
    RecordCall,
    RecordPayment,
    RecordRefund,
    RefundCall,
    RequestRefund,
    RequestTopUp,
    SaveBalanceAlerts,
    SaveRechargeRule,
    SendTopUp,
    SetBlock,
    Start,
    SwitchBilling,
    Update,
)
from commcredits.core.decide import Subject, decide
from commcredits.core.ledger import Transfer
from commcredits.core.meters import Meter, MeterId
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.core.purchases import Refund, RefundOfTopUp, TopUp, TopUpAndLot
from commcredits.storage.batch import Batch
from commcredits.storage.cache import Entry
from commcredits.storage.changes import SeldomChanges
from commcredits.storage.codec import content_digest
from commcredits.storage.loading import RememberedAnswer
from commcredits.storage.pending import Pending
from commcredits.storage.surrounding import Vicinity

OPERATIONS: Final[Mapping[type[Command], str]] = {
    RequestTopUp: "request_top_up",
    SaveRechargeRule: "save_recharge_rule",
    GrantPromotion: "grant_promotion",
    AssignRateDeck: "assign_rate_deck",
    ImportLot: "import_lot",
    SetBlock: "set_block",
    LiftBlock: "lift_block",
    ChoosePaymentMethods: "choose_payment_methods",
    SaveBalanceAlerts: "save_balance_alerts",
    RequestRefund: "request_refund",
    Adjust: "adjust",
    SwitchBilling: "switch_billing",
    CloseOrganization: "close_organization",
}
"""Account commands that carry an id of their own, and the operation that their ids are scoped to."""

_CALL_COMMANDS: Final = (Authorise, Update, End, Start, Expire, RecordCall, CorrectCall, RefundCall)


IdentifiedCommand = (
    RequestTopUp
    | SaveRechargeRule
    | GrantPromotion
    | AssignRateDeck
    | ImportLot
    | SetBlock
    | LiftBlock
    | ChoosePaymentMethods
    | SaveBalanceAlerts
    | RequestRefund
    | Adjust
    | SwitchBilling
    | CloseOrganization
)


class Preloaded:
    """What was read for one batch beside accounts and calls, and which decks its commands assign."""

    __slots__ = ("answers", "assigned", "refunds", "top_ups")

    def __init__(
        self,
        answers: dict[tuple[str, str, str], RememberedAnswer] | None = None,
        top_ups: dict[tuple[str, str], TopUpAndLot] | None = None,
        refunds: dict[tuple[str, str], Refund] | None = None,
        assigned: Iterable[str] = (),
    ) -> None:
        self.answers = answers or {}
        self.assigned = assigned
        self.refunds = refunds or {}
        self.top_ups = top_ups or {}


class OrganizationResult:
    """What one organization's commands come to, to be told once it is durable."""

    __slots__ = ("_seldom", "account", "around", "changed", "entry", "meters", "sessions", "transfers", "waiting")

    def __init__(self, entry: Entry, waiting: list[Pending]) -> None:
        self.entry = entry
        self.account: Account = entry.account
        self.changed = False
        self.waiting = waiting
        self.sessions: dict[str, Session] = {}
        self.transfers: list[Transfer] = []
        self.meters: dict[MeterId, Meter] = {}
        self._seldom: SeldomChanges | None = None
        self.around = NOTHING_AROUND if entry.account.roster is None else self._around(entry.vicinity)

    def _around(self, vicinity: Vicinity) -> Surroundings:
        """People, numbers and meters; a meter as the decisions of this batch have left it so far."""
        meters = ChainMap(self.meters, vicinity.meters)
        return Surroundings(lines=vicinity.lines, parties=vicinity.parties, meters=meters)

    @property
    def seldom(self) -> SeldomChanges:
        """What most commands do not change: made when the first one does."""
        if self._seldom is None:
            self._seldom = SeldomChanges()
        return self._seldom

    def was_repriced(self, session_id: str) -> bool:
        """Whether this call was priced anew."""
        return self._seldom is not None and session_id in self._seldom.repriced

    def lay_beside(self, batch: Batch) -> None:
        """Add to the batch what changes beside the account and its calls."""
        organization_id = self.entry.account.organization_id
        for transfer in self.transfers:
            batch.add_transfer(organization_id, transfer)
        for meter in self.meters.values():
            batch.add_meter(organization_id, meter)
        if self._seldom is not None:
            self._seldom.add_to(batch, organization_id)

    def apply(self) -> None:
        """Leave the cache as these decisions will leave the database, for what is decided before they are durable."""
        if self.changed:
            entry = self.entry
            entry.account = self.account
            entry.version += 1
            entry.sessions.update(self.sessions)
            if self.meters:
                entry.vicinity.meters.update(self.meters)

    def tell(self) -> None:
        """The decisions are durable: everyone is told."""
        for pending in self.waiting:
            pending.answer(pending.outcome)


class Round:
    """A batch that is decided: its commands, what they come to, the statement's parameters, and whether it was sent.

    ``undecided`` are those of its commands that have to be decided under lock.
    """

    __slots__ = ("batch_id", "parameters", "pending", "results", "undecided", "writing")

    def __init__(
        self, batch_id: str, pending: list[Pending], results: dict[str, OrganizationResult], parameters: list[Any]
    ) -> None:
        self.batch_id = batch_id
        self.pending = pending
        self.results = results
        self.parameters = parameters
        self.undecided: list[Pending] = []
        self.writing: asyncio.Future[list[asyncpg.Record]] | None = None


def decide_organization(
    entry: Entry, waiting: list[Pending], preloaded: Preloaded, context: Context, *, locked: bool
) -> OrganizationResult | None:
    """Decide these commands in order.

    Returns None when the core raised. Under lock that is a bug: it is logged and everyone is told. Without, the account
    may be older than the calls that were read after it, and they contradict each other: nobody is told, for the same
    commands have to be decided again under lock.
    """
    result = OrganizationResult(entry, waiting)
    try:
        for pending in waiting:
            pending.outcome = _decide_one(result, pending, preloaded, context)
    except Exception as error:
        # A bug that one organization meets must not reach the others.
        log = structlog.get_logger("committer")
        organization_id = entry.account.organization_id
        if not locked:
            log.debug("to be decided again under lock", organization_id=organization_id, reason=repr(error))
            return None
        log.exception("decision failed", organization_id=organization_id)
        for pending in waiting:
            pending.answer(Refused(code=RefusalCode.INTERNAL_ERROR))
        return None
    return result


def lay_down(results: Collection[OrganizationResult], batch: Batch) -> None:
    """Add to the batch what these decisions change, and leave the cache as they will leave the database.

    Kind by kind, not organization by organization: what is done over and over is done from the processor's nearest
    memory, which holds one of these loops but not all of them (decision 0015).
    """
    for result in results:
        if result.changed:
            batch.add_account(result.entry.version, result.entry.account, result.account)
        else:
            batch.add_unchanged(result.entry.account.organization_id, result.entry.version)
    for result in results:
        _lay_sessions(result, batch)
    for result in results:
        result.lay_beside(batch)
    for result in results:
        result.apply()


def _lay_sessions(result: OrganizationResult, batch: Batch) -> None:
    organization_id, known = result.account.organization_id, result.entry.sessions
    for session_id, session in result.sessions.items():
        before = known.get(session_id)
        if before is not None and (session.owed_micros != before.owed_micros or result.was_repriced(session_id)):
            batch.add_repriced(organization_id, session)
        else:
            batch.add_session(organization_id, before, session)


def _decide_one(result: OrganizationResult, pending: Pending, preloaded: Preloaded, context: Context) -> Outcome:
    command = pending.command
    if isinstance(command, _CALL_COMMANDS):
        session_id = command.session_id
        subject: Subject = result.sessions.get(session_id) or result.entry.sessions.get(session_id)
        admission = pending.admission
        if admission is not None and not _is_as_prepared(result):
            admission = None
        decision = decide(result.account, subject, command, context, result.around, admission)
        if decision.session is not None:
            result.sessions[session_id] = decision.session
            result.changed = True
            if isinstance(command, CorrectCall):
                result.seldom.repriced.add(session_id)
    else:
        if isinstance(command, IdentifiedCommand):
            return _decide_once(result, command, preloaded, context)
        decision = decide(result.account, _subject(result, command, preloaded), command, context)
    _gather(result, decision)
    return decision.outcome


def _is_as_prepared(result: OrganizationResult) -> bool:
    """Whether nothing that admits a call was changed by the commands of this batch so far: neither blocks nor decks."""
    before, now = result.entry.account, result.account
    return now is before or (
        now.blocks is before.blocks
        and now.rate_deck_id == before.rate_deck_id
        and now.next_rate_deck_id == before.next_rate_deck_id
        and now.next_rate_deck_at == before.next_rate_deck_at
        and now.status is before.status
    )


def _decide_once(
    result: OrganizationResult,
    command: IdentifiedCommand,
    preloaded: Preloaded,
    context: Context,
) -> Outcome:
    """Decide a command that carries an id; the same id gets the first answer again, or is a conflict."""
    operation, command_id = OPERATIONS[type(command)], command.command_id
    organization_id = command.organization_id
    content = content_digest(command)
    known = result.seldom.answers.get((operation, command_id)) or preloaded.answers.get(
        (organization_id, operation, command_id)
    )
    if known is not None:
        if known.content == content:
            return known.outcome
        return Refused(code=RefusalCode.CONFLICT, facts={"command_id": command_id, "command": operation})
    subject = _subject(result, command, preloaded)
    decision = decide(result.account, subject, command, context, result.around)
    remembered = decision.remembered or decision.outcome
    result.seldom.answers[operation, command_id] = RememberedAnswer(content=content, outcome=remembered)
    result.changed = True
    _gather(result, decision)
    return decision.outcome


def _gather(result: OrganizationResult, decision: Decision) -> None:
    if decision.account is not result.account:
        result.account = decision.account
        result.changed = True
    if decision.transfers:
        result.transfers.extend(decision.transfers)
    for meter in decision.meters:
        # One that was never read stood at zero for this decision, and what others counted on it would be lost.
        assert meter.meter_id in result.entry.vicinity.meters, f"meter {meter.key} of {meter.period} was not read"
        result.meters[meter.meter_id] = meter
    if (
        decision.flags
        or decision.notices
        or decision.blocks
        or decision.new_lots
        or decision.top_ups
        or decision.refunds
    ):
        result.seldom.gather(decision)


def _subject(result: OrganizationResult, command: Command, preloaded: Preloaded) -> Subject:
    """The top-up or refund that a command names, as the decisions of this batch have left it so far."""
    match command:
        case SendTopUp() | RecordPayment() | OpenDispute() | RequestRefund():
            return _top_up(result, command.top_up_id, preloaded)
        case CloseDispute():
            known = preloaded.top_ups.get((command.organization_id, command.top_up_id))
            top_up = _top_up(result, command.top_up_id, preloaded)
            # One that succeeded within this very batch has no lot that was read; it cannot be disputed yet.
            return None if top_up is None or known is None else TopUpAndLot(top_up=top_up, lot=known.lot)
        case RecordRefund():
            top_up = _top_up(result, command.top_up_id, preloaded)
            refund = result.seldom.refunds.get(command.refund_id) or preloaded.refunds.get(
                (command.organization_id, command.refund_id)
            )
            if refund is None or top_up is None or refund.top_up_id != top_up.top_up_id:
                return None
            return RefundOfTopUp(refund=refund, top_up=top_up)
        case _:
            return None


def _top_up(result: OrganizationResult, top_up_id: str, preloaded: Preloaded) -> TopUp | None:
    moved = result.seldom.top_ups.get(top_up_id)
    if moved is not None:
        return moved
    for top_up in result.account.open_top_ups:
        if top_up.top_up_id == top_up_id:
            return top_up
    known = preloaded.top_ups.get((result.account.organization_id, top_up_id))
    return None if known is None else known.top_up
