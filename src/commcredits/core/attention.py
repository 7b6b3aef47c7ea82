"""What of an organization needs somebody's attention, the most urgent first, and what would put it right.

Knows facts and which of them matter. Refuses to know where they come from, who may see them (no fact is asked for whom
it is not meant: commcredits.operations.attention), and how they are put in words.
"""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Final

from msgspec import Struct

from commcredits.core.account import PauseReason
from commcredits.core.recharge import RechargeStanding

DAYS_LEFT_FEW: Final = 3
CARD_DAYS: Final = 30
LOT_DAYS: Final = 30
POOL_PERCENT: Final = 80
LINE_PERCENT: Final = 80
RISK_HIGH: Final = 50_000
"""From which chance to run dry in a month, in millionths, a trigger is called too low."""

_PERCENT: Final = 100


class Urgency(IntEnum):
    """How much it matters: calls stop or have stopped; they will; it would be better otherwise."""

    STOPPED = 0
    SOON = 1
    BETTER = 2


class AttentionKind(StrEnum):
    """What needs attention. Stable: edges have a sentence and a button for each."""

    CLOSING = "closing"
    NO_RATES = "no_rates"
    BALANCE_EMPTY = "balance_empty"
    OWED = "owed"
    RECHARGE_SUSPENDED = "recharge_suspended"
    RECHARGE_PAUSED = "recharge_paused"
    APPROVAL_NEEDED = "approval_needed"
    RECHARGE_CAP_REACHED = "recharge_cap_reached"
    RECHARGE_DECLINED = "recharge_declined"
    CALLS_REFUSED = "calls_refused"
    CREDIT_LINE_NEARLY_USED = "credit_line_nearly_used"
    BALANCE_LOW = "balance_low"
    POOL_USED = "pool_used"
    POOL_NEARLY_USED = "pool_nearly_used"
    BLOCKED = "blocked"
    LICENCES_SHORT = "licences_short"
    CARD_EXPIRED = "card_expired"
    CARD_EXPIRING = "card_expiring"
    LOTS_EXPIRING = "lots_expiring"
    UNUSUAL = "unusual"
    WEBHOOK_DISABLED = "webhook_disabled"
    NO_METHOD = "no_method"
    NO_RULE = "no_rule"
    RULE_OFF = "rule_off"
    TRIGGER_TOO_LOW = "trigger_too_low"
    DETAILS_MISSING = "details_missing"
    NOBODY_HEARS = "nobody_hears"
    ONE_ADMINISTRATOR = "one_administrator"


class Matter(Struct, frozen=True, kw_only=True, gc=False):
    """One thing that needs attention. ``count`` is how many, ``amount_micros`` how much, where that says something.

    ``name`` is of a card, a licence or a pool; ``at`` when it happens or happened.
    """

    kind: AttentionKind
    urgency: Urgency
    count: int = 0
    amount_micros: int = 0
    name: str = ""
    at: datetime | None = None


class PoolUse(Struct, frozen=True, kw_only=True, gc=False):
    """A minute pool: how many minutes it has, and how many are used or held."""

    name: str
    minutes: int
    taken: int

    @property
    def percent(self) -> int:
        """Which part is taken."""
        return self.taken * _PERCENT // self.minutes if self.minutes > 0 else 0


class CardEnd(Struct, frozen=True, kw_only=True, gc=False):
    """A card, and the first instant at which it is of no use any more."""

    name: str
    ends_at: datetime


class FundFacts(Struct, frozen=True, kw_only=True, gc=False):
    """What is known of an organization's funds; amounts in millionths.

    ``days_left`` is None where no pace is known or they last longer than a year. ``standing`` is that of the
    auto-recharge rule, None without one; ``rule_risk`` the chance in millionths to run dry in a month with it.
    ``ever_funded`` is whether there were funds at all.
    """

    available_micros: int
    owed_micros: int
    ever_funded: bool
    post_usage: bool
    credit_line_micros: int
    credit_line_used_micros: int
    days_left: int | None
    has_rule: bool
    rule_enabled: bool
    standing: RechargeStanding | None
    suspended: bool
    paused: PauseReason | None
    retry_at: datetime | None
    awaiting_approval: int
    expiring_micros: int
    expires_first_at: datetime | None
    rule_risk: int | None


class Facts(Struct, frozen=True, kw_only=True, gc=False):
    """All that was asked; what nobody was to be told is None or nothing."""

    is_open: bool
    has_rates: bool
    funds: FundFacts | None = None
    refused_calls: int = 0
    has_method: bool | None = None
    cards: tuple[CardEnd, ...] = ()
    pools: tuple[PoolUse, ...] = ()
    blocks: int = 0
    short_licences: tuple[tuple[str, int], ...] = ()
    unusual: int = 0
    disabled_endpoints: int = 0
    details_missing: bool = False
    nobody_hears: bool = False
    administrators: int | None = None


def matters(facts: Facts, now: datetime) -> tuple[Matter, ...]:
    """What needs attention, the most urgent first."""
    found: list[Matter] = []
    if not facts.is_open:
        found.append(Matter(kind=AttentionKind.CLOSING, urgency=Urgency.STOPPED))
    if not facts.has_rates:
        found.append(Matter(kind=AttentionKind.NO_RATES, urgency=Urgency.STOPPED))
    if facts.funds is not None:
        found += _of_funds(facts.funds, facts, now)
    if facts.refused_calls:
        found.append(Matter(kind=AttentionKind.CALLS_REFUSED, urgency=Urgency.STOPPED, count=facts.refused_calls))
    found += _of_cards(facts, now)
    found += _of_people(facts)
    found += _of_care(facts)
    # Sorting keeps the order among equals, which is that of AttentionKind by construction.
    return tuple(sorted(found, key=lambda matter: matter.urgency))


def _of_funds(funds: FundFacts, facts: Facts, now: datetime) -> list[Matter]:
    found: list[Matter] = []
    if funds.owed_micros > 0:
        found.append(Matter(kind=AttentionKind.OWED, urgency=Urgency.STOPPED, amount_micros=funds.owed_micros))
    if funds.awaiting_approval:
        found.append(Matter(kind=AttentionKind.APPROVAL_NEEDED, urgency=Urgency.STOPPED, count=funds.awaiting_approval))
    if funds.expiring_micros > 0:
        soon = funds.expires_first_at is not None and (funds.expires_first_at - now).days < LOT_DAYS
        found.append(
            Matter(
                kind=AttentionKind.LOTS_EXPIRING,
                urgency=Urgency.SOON if soon else Urgency.BETTER,
                amount_micros=funds.expiring_micros,
                at=funds.expires_first_at,
            )
        )
    if funds.post_usage:
        return found + _of_line(funds)
    if not facts.is_open:
        return found
    if funds.available_micros <= 0:
        urgency = Urgency.STOPPED if funds.ever_funded else Urgency.BETTER
        found.append(Matter(kind=AttentionKind.BALANCE_EMPTY, urgency=urgency))
    return found + _of_rule(funds) + _of_days(funds)


def _of_line(funds: FundFacts) -> list[Matter]:
    if funds.credit_line_used_micros * _PERCENT < funds.credit_line_micros * LINE_PERCENT:
        return []
    left = max(0, funds.credit_line_micros - funds.credit_line_used_micros)
    urgency = Urgency.SOON if left else Urgency.STOPPED
    return [Matter(kind=AttentionKind.CREDIT_LINE_NEARLY_USED, urgency=urgency, amount_micros=left)]


def _of_rule(funds: FundFacts) -> list[Matter]:
    if not funds.has_rule:
        return [Matter(kind=AttentionKind.NO_RULE, urgency=Urgency.BETTER)]
    if not funds.rule_enabled:
        return [Matter(kind=AttentionKind.RULE_OFF, urgency=Urgency.BETTER)]
    if funds.suspended:
        return [Matter(kind=AttentionKind.RECHARGE_SUSPENDED, urgency=Urgency.STOPPED)]
    if funds.paused is not None:
        return [Matter(kind=AttentionKind.RECHARGE_PAUSED, urgency=Urgency.STOPPED, name=funds.paused.value)]
    if funds.standing is RechargeStanding.CAP_REACHED:
        return [Matter(kind=AttentionKind.RECHARGE_CAP_REACHED, urgency=Urgency.STOPPED)]
    if funds.standing is RechargeStanding.BACK_OFF:
        return [Matter(kind=AttentionKind.RECHARGE_DECLINED, urgency=Urgency.STOPPED, at=funds.retry_at)]
    if funds.rule_risk is not None and funds.rule_risk >= RISK_HIGH:
        return [Matter(kind=AttentionKind.TRIGGER_TOO_LOW, urgency=Urgency.BETTER, amount_micros=funds.rule_risk)]
    return []


def _of_days(funds: FundFacts) -> list[Matter]:
    """A balance that lasts few days, where nothing will recharge it by itself."""
    recharges = funds.rule_enabled and funds.standing in {
        RechargeStanding.ABOVE_TRIGGER,
        RechargeStanding.ATTEMPT_OPEN,
        RechargeStanding.COOL_DOWN,
        RechargeStanding.DUE,
    }
    if recharges or funds.available_micros <= 0 or funds.days_left is None or funds.days_left > DAYS_LEFT_FEW:
        return []
    return [Matter(kind=AttentionKind.BALANCE_LOW, urgency=Urgency.SOON, count=funds.days_left)]


def _of_cards(facts: Facts, now: datetime) -> list[Matter]:
    found = [
        Matter(
            kind=AttentionKind.CARD_EXPIRED if card.ends_at <= now else AttentionKind.CARD_EXPIRING,
            urgency=Urgency.STOPPED if card.ends_at <= now else Urgency.SOON,
            name=card.name,
            at=card.ends_at,
        )
        for card in facts.cards
        if (card.ends_at - now).days < CARD_DAYS
    ]
    if facts.has_method is False and facts.is_open and not (facts.funds is not None and facts.funds.post_usage):
        found.append(Matter(kind=AttentionKind.NO_METHOD, urgency=Urgency.BETTER))
    return found


def _of_people(facts: Facts) -> list[Matter]:
    found = []
    for pool in facts.pools:
        if pool.minutes > 0 and pool.percent >= POOL_PERCENT:
            is_used = pool.taken >= pool.minutes
            found.append(
                Matter(
                    kind=AttentionKind.POOL_USED if is_used else AttentionKind.POOL_NEARLY_USED,
                    urgency=Urgency.SOON,
                    count=pool.percent,
                    name=pool.name,
                )
            )
    if facts.blocks:
        found.append(Matter(kind=AttentionKind.BLOCKED, urgency=Urgency.SOON, count=facts.blocks))
    found += [
        Matter(kind=AttentionKind.LICENCES_SHORT, urgency=Urgency.BETTER, count=missing, name=licence)
        for licence, missing in facts.short_licences
    ]
    return found


def _of_care(facts: Facts) -> list[Matter]:
    found = []
    if facts.unusual:
        found.append(Matter(kind=AttentionKind.UNUSUAL, urgency=Urgency.SOON, count=facts.unusual))
    if facts.disabled_endpoints:
        found.append(Matter(kind=AttentionKind.WEBHOOK_DISABLED, urgency=Urgency.SOON, count=facts.disabled_endpoints))
    if facts.details_missing:
        found.append(Matter(kind=AttentionKind.DETAILS_MISSING, urgency=Urgency.BETTER))
    if facts.nobody_hears:
        found.append(Matter(kind=AttentionKind.NOBODY_HEARS, urgency=Urgency.BETTER))
    if facts.administrators == 1:
        found.append(Matter(kind=AttentionKind.ONE_ADMINISTRATOR, urgency=Urgency.BETTER))
    return found
