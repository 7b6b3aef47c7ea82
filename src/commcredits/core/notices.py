"""What administrators are told of: the closed list of notices.

Knows kinds, keys and facts. Refuses to know recipients, sentences, languages and channels. A notice has a key that is
unique within its kind and organization, so that whatever happens twice is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct


class NoticeKind(StrEnum):
    """What happened. Stable: people choose by these words who is told, and webhooks carry them."""

    TOP_UP_SUCCEEDED = "top_up_succeeded"
    TOP_UP_FAILED = "top_up_failed"
    RECHARGE_SUCCEEDED = "recharge_succeeded"
    RECHARGE_FAILED = "recharge_failed"
    RECHARGE_SUSPENDED = "recharge_suspended"
    RECHARGE_PAUSED = "recharge_paused"
    RECHARGE_SWITCHED_OFF = "recharge_switched_off"
    AUTHENTICATION_NEEDED = "authentication_needed"
    CAP_NEARLY_REACHED = "cap_nearly_reached"
    CAP_REACHED = "cap_reached"
    BALANCE_LOW = "balance_low"
    BALANCE_ZERO = "balance_zero"
    LOT_EXPIRING = "lot_expiring"
    CARD_EXPIRING = "card_expiring"
    POOL_NEARLY_USED = "pool_nearly_used"
    POOL_USED = "pool_used"
    REFUND_SUCCEEDED = "refund_succeeded"
    REFUND_REFUSED = "refund_refused"
    DISPUTE_OPENED = "dispute_opened"
    DISPUTE_WON = "dispute_won"
    DISPUTE_LOST = "dispute_lost"
    WEBHOOK_DISABLED = "webhook_disabled"


class Notice(Struct, frozen=True, kw_only=True, gc=False):
    """One thing to tell. ``facts`` are what a sentence needs: amounts as ``*_micros``, ids, instants as text."""

    kind: NoticeKind
    key: str
    facts: Mapping[str, str | int]
