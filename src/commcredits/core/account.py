"""One organization's account as decisions see it, and what a decision returns.

Knows the state that money decisions rest on, and nothing more of the organization. Refuses to know versions, rows and
caches: storage keeps those beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.commands import CallType, Service
from commcredits.core.flags import CLOCK_TOLERANCE_SECONDS, Flag
from commcredits.core.funds import Lot, Lots, Parts
from commcredits.core.ledger import Transfer
from commcredits.core.meters import Meter, MeterId, MeterPart
from commcredits.core.notices import Notice
from commcredits.core.outcomes import CallOutcome, Outcome
from commcredits.core.places import PLAN_COUNTRIES
from commcredits.core.purchases import Refund, TopUp
from commcredits.core.roster import Block, Line, Party, Roster
from commcredits.core.tariffs import Rate, RateDeck
from commcredits.core.taxes import TaxRow


class OrganizationStatus(StrEnum):
    """Open; or closing: running calls go on, new ones are refused."""

    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"


class RechargeMode(StrEnum):
    """How much a recharge charges: a fixed amount; up to a target; the fewest whole amounts that reach the trigger."""

    FIXED = "fixed"
    TO_TARGET = "to_target"
    CLOSE_GAP = "close_gap"


class BackupUse(StrEnum):
    """Whether attempts go to the backup method: not; until one succeeds; for as long as this rule stands."""

    NONE = "none"
    ONCE = "once"
    LASTING = "lasting"


class PauseReason(StrEnum):
    """What took the balance below the trigger without being use; the rule waits until an administrator has looked."""

    DISPUTE = "dispute"
    REFUND = "refund"
    ADJUSTMENT = "adjustment"


class RechargeRule(Struct, frozen=True, kw_only=True, gc=False):
    """The administrator's auto-recharge rule; amounts in millionths of the organization's currency.

    ``target_amount_micros`` counts in the mode ``to_target`` alone, ``recharge_amount_micros`` in the others.
    ``backup_payment_method`` is tried when the first is declined; empty: none. Funds that expire within
    ``expiry_ahead_days`` count as gone already; 0: until they are.
    """

    enabled: bool
    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int
    payment_method: str
    mode: RechargeMode = RechargeMode.FIXED
    target_amount_micros: int = 0
    backup_payment_method: str = ""
    expiry_ahead_days: int = 0


class RechargeState(Struct, frozen=True, kw_only=True, gc=False):
    """The rule and what limits it: cool-down, back-off after declines, and what this month has taken already.

    ``month_micros`` counts attempts of ``month`` (as 2026-11, in the organization's zone) that succeeded or are open.
    ``cap_told_percent`` of the cap of that month were told of: 0, 80 or 100.
    """

    rule: RechargeRule | None = None
    cool_down_until: datetime | None = None
    declines: int = 0
    retry_at: datetime | None = None
    suspended: bool = False
    month: str = ""
    month_micros: int = 0
    backup_use: BackupUse = BackupUse.NONE
    paused: PauseReason | None = None
    cap_told_percent: int = 0


class BalanceAlerts(Struct, frozen=True, kw_only=True, gc=False):
    """When administrators want to hear of the balance: it fell below one of ``amounts_micros``, or nothing is left.

    ``zero_told`` until new funds come. It is true of an account that never had any: nothing has run out there.
    """

    amounts_micros: tuple[int, ...] = ()
    zero_told: bool = True


NO_ALERTS = BalanceAlerts()
"""Nobody has chosen an amount, and there were never any funds."""


class Account(Struct, frozen=True, kw_only=True, gc=False):
    """An organization's money state. ``minor_digits`` are its currency's decimal digits by ISO 4217.

    ``roster`` is None for an organization without people and rules: all of its calls draw on credits. ``blocks`` are
    those in force. ``owed_micros`` is what calls recorded after the fact, disputes and adjustments found no funds for.
    ``next_rate_deck_id`` takes the place of ``rate_deck_id`` at ``next_rate_deck_at``. ``post_usage``: what is left
    drains, then calls are paid after use (commcredits.core.post_usage). ``has_tax_id``: the buyer's was checked.
    ``is_sandbox``: its funds are play money.
    """

    organization_id: str
    status: OrganizationStatus
    country: str
    currency: str
    minor_digits: int
    time_zone: str
    rate_deck_id: str | None
    lots: Lots
    recharge: RechargeState
    open_top_ups: tuple[TopUp, ...]
    roster: Roster | None = None
    blocks: tuple[Block, ...] = ()
    owed_micros: int = 0
    next_rate_deck_id: str | None = None
    next_rate_deck_at: datetime | None = None
    post_usage: bool = False
    has_tax_id: bool = False
    is_sandbox: bool = False
    alerts: BalanceAlerts = NO_ALERTS

    def with_lots(self, lots: Lots) -> Account:
        """The same account with other lots: what nearly every step of a call changes of it."""
        return replace(self, lots=lots)

    def rate_deck_at(self, now: datetime) -> str | None:
        """The deck that prices a call that begins at this instant: the next one has its turn exactly when it is due."""
        if self.next_rate_deck_at is not None and self.next_rate_deck_at <= now:
            return self.next_rate_deck_id
        return self.rate_deck_id


class SessionState(StrEnum):
    """Where a call stands. ``expired`` was closed by the reaper; its true end may still correct it downwards."""

    AUTHORISED = "authorised"
    STARTED = "started"
    ENDED = "ended"
    EXPIRED = "expired"
    REFUSED = "refused"


class Booking(Struct, frozen=True, kw_only=True, gc=False):
    """Whose call it is and what may pay for it: known for calls of organizations that have a roster.

    ``row`` is the number of the row in the table of who pays. ``party_id`` is empty when the organization itself is
    booked to. ``pool_key`` is empty when no minutes are included. ``capability`` is the code of the licence that pays
    while minutes last, or of credits. Countries are ISO codes, empty where unknown. ``user_id`` is the user whose call
    another party's plan pays for, in shared calling; empty otherwise.
    """

    row: int
    call_type: CallType
    party_id: str = ""
    department: str = ""
    usage_location: str = ""
    other_country: str = ""
    domestic: bool | None = None
    capability: str = ""
    conference_id: str = ""
    pool_key: str = ""
    pool_period: str = ""
    user_id: str = ""


class SessionTerms(Struct, frozen=True, kw_only=True, gc=False):
    """What never changes about a call.

    ``rate`` is a copy of the rate in force when the call began; None when credits may not pay for the call, and when
    it was refused for want of a rate. ``switch`` is the link that the call is told over.
    """

    session_id: str
    service: Service
    caller: str
    callee: str
    rate: Rate | None
    rate_deck_id: str | None
    authorised_at: datetime
    booking: Booking | None = None
    switch: str = ""


Memory = tuple[tuple[str, str, CallOutcome], ...]
"""Answers given, newest last: which command (``authorise``, ``update:3`` …), its content, the first answer."""


class Session(Struct, frozen=True, kw_only=True, gc=False):
    """A call. Seconds count from its answer; ``grant_ends_at`` is when the reaper may close it.

    Its first ``included_seconds`` are paid by the minute pool of its booking, the rest by money. ``meter_parts`` are
    its shares of that pool and of whatever limits bind it. ``owed_micros`` of the charge found no funds.
    """

    terms: SessionTerms
    state: SessionState
    grant_number: int
    granted_seconds: int
    final: bool
    grant_ends_at: datetime
    used_seconds: int
    overrun_seconds: int
    charged_micros: int
    parts: Parts
    started_at: datetime | None
    ended_at: datetime | None
    cause: str
    memory: Memory
    included_seconds: int = 0
    meter_parts: tuple[MeterPart, ...] = ()
    owed_micros: int = 0

    @property
    def is_live(self) -> bool:
        """Whether the call may still use funds."""
        return self.state is SessionState.AUTHORISED or self.state is SessionState.STARTED


class ChargingTerms(Struct, frozen=True, kw_only=True, gc=False):
    """The operator's settings that charging decisions rest on. All durations in seconds.

    ``plan_countries`` are those that international minutes cover (domain.md §4).
    ``silence_charges_grant``: a session whose switch went silent is charged for its whole grant, else for what was last
    reported (decision record 0005). ``ring_seconds_max``: how long an authorised call may ring before it is given up.
    ``clock_tolerance_seconds``: how many more seconds than have passed may be reported before a call is flagged.
    """

    slice_seconds: int = 300
    grant_margin_seconds: int = 30
    ring_seconds_max: int = 180
    silence_charges_grant: bool = True
    plan_countries: frozenset[str] = PLAN_COUNTRIES
    clock_tolerance_seconds: int = CLOCK_TOLERANCE_SECONDS


class FundingTerms(Struct, frozen=True, kw_only=True, gc=False):
    """The operator's settings for buying funds; amounts in millionths (domain.md §3)."""

    top_up_minimum_micros: Mapping[str, int]
    top_up_minimum_default_micros: int = 50_000_000
    top_up_maximum_micros: int = 10_000_000_000
    cap_multiple_default: int = 10
    cool_down_seconds: int = 300
    back_off_seconds: tuple[int, ...] = (3_600, 6 * 3_600, 24 * 3_600)
    unavailable_countries: frozenset[str] = frozenset()
    target_gap_minimum_micros: int = 1_000_000
    """How far a target lies above its trigger at least: gateways take no payments of almost nothing."""
    taxes: tuple[TaxRow, ...] = ()


class Context(Struct, frozen=True, kw_only=True):
    """What a decision may look at beside the account: the time, fresh ids, the decks, the operator's settings."""

    now: datetime
    new_id: Callable[[], str]
    decks: Mapping[str, RateDeck]
    charging: ChargingTerms
    funding: FundingTerms


class Surroundings(Struct, frozen=True, kw_only=True, gc=False):
    """What was looked up for one organization's calls; a name that is nobody's maps to None.

    ``parties`` by object id and by user principal name in lower case, ``lines`` by number, ``meters`` by key and
    period.
    """

    lines: Mapping[str, Line | None]
    parties: Mapping[str, Party | None]
    meters: Mapping[MeterId, Meter]


NOTHING_AROUND = Surroundings(lines={}, parties={}, meters={})
"""For organizations without a roster, whose calls look at nothing but money."""


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """What a command gets for an answer, and all that it changes.

    ``remembered`` replaces ``outcome`` as the answer that a repetition of the command will get.
    """

    outcome: Outcome
    account: Account
    session: Session | None = None
    transfers: tuple[Transfer, ...] = ()
    new_lots: tuple[Lot, ...] = ()
    top_ups: tuple[TopUp, ...] = ()
    remembered: Outcome | None = None
    meters: tuple[Meter, ...] = ()
    blocks: tuple[Block, ...] = ()
    flags: tuple[Flag, ...] = ()
    notices: tuple[Notice, ...] = ()
    refunds: tuple[Refund, ...] = ()
