"""The database's answers to the few statements that operations on payments ask, from what the ledger in memory keeps.

Knows what each of those statements selects and in which order. Refuses any other statement, by name, so that whoever
adds one to an operation adds its answer here. That the answers are PostgreSQL's is shown by test_faithful.py.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from commcredits.core.account import OrganizationStatus, RechargeMode
from commcredits.core.purchases import TopUp, TopUpKind, TopUpState
from commcredits.core.recharge import CAP_PERCENT
from commcredits.core.taxes import TaxTreatment
from commcredits.core.topups import OPEN_STATES
from commcredits.storage.codec import encode_answer
from commcredits.storage.connection import load_statement
from tests.simulation.ledger import Kept, MemoryLedger
from tests.simulation.method_table import MethodTable
from tests.simulation.told import Told

Row = Mapping[str, Any]

_OPENED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
"""When organizations were opened; nothing rests on it."""

_UNSETTLED: Final = OPEN_STATES - {TopUpState.DUE}


class Tables:
    """What the statements select: the ledger's rows, and those of payment methods, which no command writes."""

    def __init__(self, ledger: MemoryLedger) -> None:
        self.ledger = ledger
        self.methods: dict[str, list[dict[str, Any]]] = {}
        """The rows of payment methods by organization, oldest first."""
        self._answers: dict[str, Callable[..., list[Row]]] = {
            load_statement(name): answer
            for name, answer in (
                ("get_organization", self._get_organization),
                ("list_top_ups", self._list_top_ups),
                ("get_top_up", self._get_top_up),
                ("find_charged_top_up", self._find_charged_top_up),
                ("list_due_top_ups", self._list_due_top_ups),
                ("list_unresolved_top_ups", self._list_unresolved_top_ups),
                ("list_recharge_candidates", self._list_recharge_candidates),
                ("list_expired_lots", self._list_expired_lots),
                ("list_silent_sessions", self._list_silent_sessions),
                ("load_commands", self._load_commands),
            )
        }
        self._answers |= {load_statement(name): answer for name, answer in MethodTable(self).answers.items()}
        self.told = Told(ledger)
        self._answers |= {load_statement(name): answer for name, answer in self.told.answers.items()}

    def select(self, statement: str, arguments: Sequence[Any]) -> list[Row]:
        """The rows of a statement. LookupError for one that has no answer here."""
        answer = self._answers.get(statement)
        if answer is None:
            first = statement.partition("\n")[0].removeprefix("-- ")
            raise LookupError(f"tests/simulation/tables.py has no answer to the statement: {first}")
        _shard_id, *others = arguments
        return answer(*others)

    # ---- one method for each statement; its comment there says what it selects

    def _get_organization(self, organization_id: str) -> list[Row]:
        kept = self.ledger.organizations.get(organization_id)
        if kept is None:
            return []
        account = kept.account
        return [
            {
                "organization_id": organization_id,
                "name": "Example",
                "country": account.country,
                "currency": account.currency,
                "minor_digits": account.minor_digits,
                "time_zone": account.time_zone,
                "language": "en",
                "status": account.status.value,
                "rate_deck_id": account.rate_deck_id,
                "created_at": _OPENED_AT,
            }
        ]

    def _list_top_ups(self, organization_id: str, before: str | None, limit: int) -> list[Row]:
        kept = self.ledger.organizations[organization_id]
        found = [each for each in kept.top_ups.values() if before is None or each.top_up_id < before]
        found.sort(key=lambda each: each.top_up_id, reverse=True)
        return [self._row(kept, each) for each in found[:limit]]

    def _get_top_up(self, organization_id: str, top_up_id: str) -> list[Row]:
        kept = self.ledger.organizations.get(organization_id)
        found = None if kept is None else kept.top_ups.get(top_up_id)
        return [] if kept is None or found is None else [self._row(kept, found)]

    def _load_commands(
        self, organization_ids: Sequence[str], operations: Sequence[str], command_ids: Sequence[str]
    ) -> list[Row]:
        rows: list[Row] = []
        for organization_id, operation, command_id in zip(organization_ids, operations, command_ids, strict=True):
            kept = self.ledger.organizations.get(organization_id)
            answer = None if kept is None else kept.answers.get((operation, command_id))
            if answer is not None:
                rows.append(
                    {
                        "organization_id": organization_id,
                        "operation": operation,
                        "command_id": command_id,
                        "content": answer.content,
                        "answer": encode_answer(answer.outcome),
                    }
                )
        return rows

    def _find_charged_top_up(self, gateway: str, key: str, reference: str) -> list[Row]:
        found = [
            self._row(kept, each)
            for kept in self.ledger.organizations.values()
            for each in kept.top_ups.values()
            if each.sent_at is not None
            and (
                (each.top_up_id == key and (each.gateway or self._gateway_of(kept, each)) == gateway)
                or (reference and each.gateway == gateway and each.gateway_reference == reference)
            )
        ]
        found.sort(key=lambda row: row["top_up_id"] != key)
        return found[:1]

    def _gateway_of(self, kept: Kept, top_up: TopUp) -> str:
        methods = self.methods.get(kept.account.organization_id, ())
        return next((each["gateway"] for each in methods if each["payment_method_id"] == top_up.payment_method), "")

    def _list_due_top_ups(self, limit: int) -> list[Row]:
        due = [(kept, each) for kept, each in self._open() if each.state is TopUpState.DUE]
        due.sort(key=lambda pair: pair[1].created_at)
        return [self._row(kept, each) for kept, each in due[:limit]]

    def _list_unresolved_top_ups(self, sent_before: datetime, after: str, limit: int) -> list[Row]:
        found = [
            (kept, each)
            for kept, each in self._open()
            if each.state in _UNSETTLED
            and each.sent_at is not None
            and each.sent_at < sent_before
            and each.top_up_id > after
        ]
        found.sort(key=lambda pair: pair[1].top_up_id)
        return [self._row(kept, each) for kept, each in found[:limit]]

    def _list_recharge_candidates(self, now: datetime, after: str, limit: int) -> list[Row]:
        found = sorted(
            organization_id
            for organization_id, kept in self.ledger.organizations.items()
            if organization_id > after and _may_be_due(kept, now)
        )
        return [{"organization_id": organization_id} for organization_id in found[:limit]]

    def _list_expired_lots(self, since: datetime, now: datetime, limit: int) -> list[Row]:
        found = [
            organization_id
            for organization_id, kept in self.ledger.organizations.items()
            if any(lot.free_micros and since < lot.terms.expires_at <= now for lot in kept.account.lots)
        ]
        return [{"organization_id": organization_id} for organization_id in found[:limit]]

    def _list_silent_sessions(self, now: datetime, limit: int) -> list[Row]:
        found = [
            {
                "organization_id": organization_id,
                "session_id": session.terms.session_id,
                "grant_number": session.grant_number,
                "grant_ends_at": session.grant_ends_at,
            }
            for organization_id, kept in self.ledger.organizations.items()
            for session in kept.sessions.values()
            if session is not None and session.is_live and session.grant_ends_at <= now
        ]
        found.sort(key=lambda row: (row["grant_ends_at"], row["session_id"]))
        return list(found[:limit])

    def _open(self) -> list[tuple[Kept, TopUp]]:
        return [
            (kept, top_up)
            for kept in self.ledger.organizations.values()
            for top_up in kept.account.open_top_ups
            if top_up.state in OPEN_STATES
        ]

    def _row(self, kept: Kept, top_up: TopUp) -> Row:
        account = kept.account
        method: Mapping[str, Any] = next(
            (
                each
                for each in self.methods.get(account.organization_id, ())
                if each["payment_method_id"] == top_up.payment_method
            ),
            {"brand": "", "last4": ""},
        )
        row = {name: getattr(top_up, name) for name in TopUp.__struct_fields__ if name != "tax"}
        treatment = top_up.tax.treatment
        row.update(
            organization_id=account.organization_id,
            currency=account.currency,
            brand=method["brand"],
            last4=method["last4"],
            tax_treatment=TaxTreatment(treatment).value,
            tax_rate_micros=top_up.tax.rate_micros,
            tax_micros=top_up.tax.micros,
        )
        return row


def _may_be_due(kept: Kept, now: datetime) -> bool:
    """The conditions of list_recharge_candidates.sql, one by one."""
    account, state = kept.account, kept.account.recharge
    rule = state.rule
    if rule is None or account.status is not OrganizationStatus.OPEN or not rule.enabled:
        return False
    if state.suspended or state.paused is not None:
        return False
    if any(until is not None and until > now for until in (state.retry_at, state.cool_down_until)):
        return False
    free = sum(lot.free_micros for lot in account.lots)
    if not rule.expiry_ahead_days and free - account.owed_micros >= rule.trigger_amount_micros:
        return False
    latest_month = (now + timedelta(hours=14)).strftime("%Y-%m")
    if (
        rule.mode is RechargeMode.FIXED
        and state.cap_told_percent >= CAP_PERCENT
        and state.month_micros + rule.recharge_amount_micros > rule.monthly_cap_micros
        and state.month >= latest_month
    ):
        return False
    return not any(
        top_up.kind is TopUpKind.AUTO_RECHARGE and top_up.state in OPEN_STATES for top_up in account.open_top_ups
    )
