"""What became of each attempt of auto-recharge, why, and what followed from it.

Knows the words of the core for every end of an attempt. Refuses to know sentences: edges have one for each word.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.core.purchases import TopUpState
from commcredits.core.topups import NOT_APPROVED, TOO_MANY_ATTEMPTS
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.recharge_attempts import RechargeAttemptRecord, read_recharge_attempts


class AttemptOutcome(StrEnum):
    """What became of an attempt. Stable: edges have a sentence for each."""

    WAITING = "waiting"
    """It goes to the gateway within moments."""
    AT_GATEWAY = "at_gateway"
    APPROVAL_NEEDED = "approval_needed"
    UNKNOWN = "unknown"
    """Nobody knows yet whether it was charged; it is looked up, and never sent again."""
    PAID = "paid"
    DECLINED = "declined"
    NOT_APPROVED = "not_approved"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    """A new card was tried too often, here or elsewhere, and has to rest."""
    RULE_CHANGED = "rule_changed"
    SWITCHED_OFF = "switched_off"
    NOT_ALLOWED = "not_allowed"
    """The organization might not buy any more when it was about to be sent."""
    NOT_NEEDED = "not_needed"
    """Other funds came before it was sent."""
    NOT_TAKEN = "not_taken"
    """The gateway never had it; nobody was charged."""
    DISPUTED = "disputed"
    REVERSED = "reversed"


class AttemptFollowUp(StrEnum):
    """What followed from an attempt that bought nothing."""

    NONE = "none"
    BACKUP = "backup"
    """The backup method is tried next, at once."""
    RETRY = "retry"
    SUSPENDED = "suspended"
    RULE_CHANGED = "rule_changed"
    """The rule had been changed or switched off meanwhile, and learned nothing from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RechargeAttempt:
    """An attempt; amounts in millionths. ``amount_micros`` is net, ``tax_micros`` was charged beside it.

    ``reason`` is the gateway's code of a decline, or the core's word; empty where nothing went wrong. ``retry_at``
    belongs to the follow-up ``retry``.
    """

    top_up_id: str
    outcome: AttemptOutcome
    reason: str
    follow_up: AttemptFollowUp
    retry_at: datetime | None
    amount_micros: int
    tax_micros: int
    currency: str
    payment_method_id: str
    brand: str
    last4: str
    created_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None


_OF_STATE: Final[Mapping[TopUpState, AttemptOutcome]] = {
    TopUpState.DUE: AttemptOutcome.WAITING,
    TopUpState.SENT: AttemptOutcome.AT_GATEWAY,
    TopUpState.PROCESSING: AttemptOutcome.AT_GATEWAY,
    TopUpState.ACTION_REQUIRED: AttemptOutcome.APPROVAL_NEEDED,
    TopUpState.UNKNOWN: AttemptOutcome.UNKNOWN,
    TopUpState.SUCCEEDED: AttemptOutcome.PAID,
    TopUpState.DECLINED: AttemptOutcome.DECLINED,
    TopUpState.CANCELLED: AttemptOutcome.NOT_TAKEN,
    TopUpState.DISPUTED: AttemptOutcome.DISPUTED,
    TopUpState.REVERSED: AttemptOutcome.REVERSED,
}

_OF_CANCELLATION: Final[Mapping[str, AttemptOutcome]] = {
    NOT_APPROVED: AttemptOutcome.NOT_APPROVED,
    TOO_MANY_ATTEMPTS: AttemptOutcome.TOO_MANY_ATTEMPTS,
    "rule_changed": AttemptOutcome.RULE_CHANGED,
    "rule_switched_off": AttemptOutcome.SWITCHED_OFF,
    "recharge_not_allowed": AttemptOutcome.NOT_ALLOWED,
    "not_needed": AttemptOutcome.NOT_NEEDED,
}

_FAILED: Final = frozenset({AttemptOutcome.DECLINED, AttemptOutcome.NOT_APPROVED, AttemptOutcome.TOO_MANY_ATTEMPTS})


@reads(Permission.FUNDS_READ)
async def list_recharge_attempts(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[RechargeAttempt] | Refused:
    """An organization's attempts, newest first; a cursor is the last id of the page before."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = None if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await read_recharge_attempts(
        services.pool, services.shard_id, organization_id, before=before, limit=limit + 1
    )
    shown = rows[:limit]
    return Page(
        items=tuple(_attempt_of(row) for row in shown),
        next_cursor=shown[-1].top_up.top_up_id if len(rows) > limit else None,
    )


def _attempt_of(record: RechargeAttemptRecord) -> RechargeAttempt:
    top_up = record.top_up
    outcome = _OF_STATE[top_up.state]
    if top_up.state is TopUpState.CANCELLED:
        outcome = _OF_CANCELLATION.get(top_up.reason, outcome)
    # A decline that turned out to have been paid after all leads to nothing any more.
    facts = record.declined_facts if outcome in _FAILED else {}
    retry_at = facts.get("retry_at")
    return RechargeAttempt(
        top_up_id=top_up.top_up_id,
        outcome=outcome,
        reason=top_up.reason,
        follow_up=AttemptFollowUp(str(facts.get("next", AttemptFollowUp.NONE))),
        retry_at=None if retry_at is None else datetime.fromisoformat(str(retry_at)),
        amount_micros=top_up.amount_micros,
        tax_micros=top_up.tax.micros,
        currency=top_up.currency,
        payment_method_id=top_up.payment_method_id,
        brand=top_up.brand,
        last4=top_up.last4,
        created_at=top_up.created_at,
        sent_at=top_up.sent_at,
        settled_at=top_up.settled_at,
    )
