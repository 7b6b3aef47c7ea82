"""One organization's waiting commands, decided in order and in memory, and laid into the batch.

Knows how decisions follow one another: each sees the account and the calls as the one before left them. Refuses to know
the database; what it needs was loaded before. A bug that one organization's data provokes fails that organization's
commands and nobody else's.
"""

from __future__ import annotations

import asyncio
from collections import ChainMap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import asyncpg
import structlog

from commcredits.core.account import NOTHING_AROUND, Account, Context, Decision, Session, Surroundings
from commcredits.core.admission import Admission
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
from commcredits.core.meters import Meter, MeterId
from commcredits.core.outcomes import Outcome, RefusalCode, Refused
from commcredits.core.purchases import Refund, RefundOfTopUp, TopUp, TopUpAndLot
from commcredits.storage.batch import Batch
from commcredits.storage.cache import Entry
from commcredits.storage.changes import Changes
from commcredits.storage.codec import content_digest
from commcredits.storage.loading import RememberedAnswer
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


class Pending:
    """A command that waits, and whom to tell. It is answered exactly once.

    ``admission`` is what was found out about its call when the batch was prepared; each preparation finds out anew.
    ``warmed`` says that what it needs was read for once (commcredits.storage.warming).
    """

    __slots__ = ("admission", "answered", "callback", "command", "warmed")

    def __init__(self, command: Command, callback: Callable[[Outcome], None]) -> None:
        self.command = command
        self.callback = callback
        self.answered = False
        self.admission: Admission | None = None
        self.warmed = False

    def answer(self, outcome: Outcome) -> None:
        """Tell the outcome, once. A callback that fails is its owner's bug and stops nothing here."""
        if self.answered:
            return
        self.answered = True
        try:
            self.callback(outcome)
        except Exception:  # noqa: BLE001 - whatever the callback's bug is, others wait for their answers
            structlog.get_logger("committer").exception("callback failed")


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

    __slots__ = ("account", "around", "changed", "entry", "meters", "outcomes", "sessions")

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        self.account: Account = entry.account
        self.changed = False
        self.sessions: dict[str, Session] = {}
        self.meters: dict[MeterId, Meter] = {}
        self.outcomes: list[tuple[Pending, Outcome]] = []
        self.around = NOTHING_AROUND if entry.account.roster is None else self._around(entry.vicinity)

    def _around(self, vicinity: Vicinity) -> Surroundings:
        """People, numbers and meters; a meter as the decisions of this batch have left it so far."""
        meters = ChainMap(self.meters, vicinity.meters)
        return Surroundings(lines=vicinity.lines, parties=vicinity.parties, meters=meters)

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
        for pending, outcome in self.outcomes:
            pending.answer(outcome)


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


def group(pending: Iterable[Pending]) -> dict[str, list[Pending]]:
    """Commands by organization, each in the order in which they came."""
    groups: dict[str, list[Pending]] = {}
    for each in pending:
        organization_id = each.command.organization_id
        waiting = groups.get(organization_id)
        if waiting is None:
            groups[organization_id] = [each]
        else:
            waiting.append(each)
    return groups


def unanswered(pending: Iterable[Pending]) -> list[Pending]:
    """Those that nobody has told anything yet."""
    return [each for each in pending if not each.answered]


def answer_all(pending: Iterable[Pending], outcome: Outcome) -> None:
    """Tell all of these the same."""
    for each in pending:
        each.answer(outcome)


def decide_organization(
    entry: Entry, waiting: list[Pending], preloaded: Preloaded, context: Context, batch: Batch, *, locked: bool
) -> OrganizationResult | None:
    """Decide these commands in order and add what they change to the batch.

    Returns None, with nothing added, when the core raised. Under lock that is a bug: it is logged and everyone is told.
    Without, the account may be older than the calls that were read after it, and they contradict each other: nobody is
    told, for the same commands have to be decided again under lock.
    """
    result = OrganizationResult(entry)
    changes = Changes()
    organization_id = entry.account.organization_id
    try:
        for pending in waiting:
            result.outcomes.append((pending, _decide_one(result, changes, pending, preloaded, context)))
    except Exception as error:
        # A bug that one organization meets must not reach the others.
        log = structlog.get_logger("committer")
        if not locked:
            log.debug("to be decided again under lock", organization_id=organization_id, reason=repr(error))
            return None
        log.exception("decision failed", organization_id=organization_id)
        for pending in waiting:
            pending.answer(Refused(code=RefusalCode.INTERNAL_ERROR))
        return None
    if not result.changed:
        batch.add_unchanged(organization_id, entry.version)
        batch.add_flags(organization_id, changes.flags)
        return result
    batch.add_account(entry.version, entry.account, result.account)
    for session_id, session in result.sessions.items():
        before = entry.sessions.get(session_id)
        if before is not None and (session_id in changes.repriced or session.owed_micros != before.owed_micros):
            batch.add_repriced(organization_id, session)
        else:
            batch.add_session(organization_id, session, opened=before is None)
    for meter in result.meters.values():
        batch.add_meter(organization_id, meter)
    changes.add_to(batch, organization_id)
    return result


def _decide_one(
    result: OrganizationResult, changes: Changes, pending: Pending, preloaded: Preloaded, context: Context
) -> Outcome:
    command = pending.command
    if isinstance(command, _CALL_COMMANDS):
        session_id = command.session_id
        subject: Subject = result.sessions.get(session_id) or result.entry.sessions.get(session_id)
        admission = pending.admission if _is_as_prepared(result) else None
        decision = decide(result.account, subject, command, context, result.around, admission)
        if decision.session is not None:
            result.sessions[session_id] = decision.session
            result.changed = True
            if isinstance(command, CorrectCall):
                changes.repriced.add(session_id)
    else:
        if isinstance(command, IdentifiedCommand):
            return _decide_once(result, changes, command, preloaded, context)
        decision = decide(result.account, _subject(result, changes, command, preloaded), command, context)
    _gather(result, changes, decision)
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
    changes: Changes,
    command: IdentifiedCommand,
    preloaded: Preloaded,
    context: Context,
) -> Outcome:
    """Decide a command that carries an id; the same id gets the first answer again, or is a conflict."""
    operation, command_id = OPERATIONS[type(command)], command.command_id
    organization_id = command.organization_id
    content = content_digest(command)
    known = changes.answers.get((operation, command_id)) or preloaded.answers.get(
        (organization_id, operation, command_id)
    )
    if known is not None:
        if known.content == content:
            return known.outcome
        return Refused(code=RefusalCode.CONFLICT, facts={"command_id": command_id, "command": operation})
    subject = _subject(result, changes, command, preloaded)
    decision = decide(result.account, subject, command, context, result.around)
    remembered = decision.remembered or decision.outcome
    changes.answers[operation, command_id] = RememberedAnswer(content=content, outcome=remembered)
    result.changed = True
    _gather(result, changes, decision)
    return decision.outcome


def _gather(result: OrganizationResult, changes: Changes, decision: Decision) -> None:
    if decision.account is not result.account:
        result.account = decision.account
        result.changed = True
    if decision.transfers:
        changes.transfers.extend(decision.transfers)
    if decision.flags:
        changes.flags.extend(decision.flags)
    for meter in decision.meters:
        # One that was never read stood at zero for this decision, and what others counted on it would be lost.
        assert meter.meter_id in result.entry.vicinity.meters, f"meter {meter.key} of {meter.period} was not read"
        result.meters[meter.meter_id] = meter
    for block in decision.blocks:
        changes.blocks[block.block_id] = block
    if decision.new_lots:
        changes.lots.extend(decision.new_lots)
    for top_up in decision.top_ups:
        # A top-up may move twice in one batch; its row is written once, as it stands last, in the order first met.
        changes.top_ups[top_up.top_up_id] = top_up
    for refund in decision.refunds:
        changes.refunds[refund.refund_id] = refund
    if decision.notices:
        changes.notices.extend(decision.notices)


def _subject(result: OrganizationResult, changes: Changes, command: Command, preloaded: Preloaded) -> Subject:
    """The top-up or refund that a command names, as the decisions of this batch have left it so far."""
    match command:
        case SendTopUp() | RecordPayment() | OpenDispute() | RequestRefund():
            return _top_up(result, changes, command.top_up_id, preloaded)
        case CloseDispute():
            known = preloaded.top_ups.get((command.organization_id, command.top_up_id))
            top_up = _top_up(result, changes, command.top_up_id, preloaded)
            # One that succeeded within this very batch has no lot that was read; it cannot be disputed yet.
            return None if top_up is None or known is None else TopUpAndLot(top_up=top_up, lot=known.lot)
        case RecordRefund():
            top_up = _top_up(result, changes, command.top_up_id, preloaded)
            refund = changes.refunds.get(command.refund_id) or preloaded.refunds.get(
                (command.organization_id, command.refund_id)
            )
            if refund is None or top_up is None or refund.top_up_id != top_up.top_up_id:
                return None
            return RefundOfTopUp(refund=refund, top_up=top_up)
        case _:
            return None


def _top_up(result: OrganizationResult, changes: Changes, top_up_id: str, preloaded: Preloaded) -> TopUp | None:
    moved = changes.top_ups.get(top_up_id)
    if moved is not None:
        return moved
    for top_up in result.account.open_top_ups:
        if top_up.top_up_id == top_up_id:
            return top_up
    known = preloaded.top_ups.get((result.account.organization_id, top_up_id))
    return None if known is None else known.top_up
