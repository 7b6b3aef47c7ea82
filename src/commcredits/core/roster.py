"""Whom an organization's calls belong to: its users and resource accounts, their licences, its numbers, its rules.

Knows what decisions look at. Refuses to know how people are kept and by whom they are changed (operations), and which
licence pays for which call (commcredits.core.plans).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field


class Licence(StrEnum):
    """What can be assigned to a user or a resource account, by the code that reports show (domain.md §4)."""

    DOMESTIC_120 = "MCOPSTN5"
    DOMESTIC_240 = "MCOPSTN6"
    DOMESTIC = "MCOPSTN1"
    DOMESTIC_AND_INTERNATIONAL = "MCOPSTN2"
    DOMESTIC_120_UNPOOLED = "MCOPSTN8"
    PAY_AS_YOU_GO_1 = "MCOPSTN_PAYG_1"
    PAY_AS_YOU_GO_2 = "MCOPSTN_PAYG_2"
    AUDIO_CONFERENCING = "MCOMEETADV"
    AUDIO_CONFERENCING_PAY_PER_MINUTE = "MCOMEETACPEA"
    EXTENDED_DIAL_OUT = "MCOMEETADD_DIALOUT_US"
    COMMUNICATIONS_CREDITS = "MCOPSTNC"


class ConferenceDialOut(StrEnum):
    """Where conferences may dial out to; "same country" is the organizer's own."""

    ANY = "any"
    SAME_COUNTRY = "same_country"
    ZONE_A = "zone_a"
    NONE = "none"


class UserDialOut(StrEnum):
    """Where a user may call; "domestic" is the user's own country alone."""

    INTERNATIONAL_AND_DOMESTIC = "international_and_domestic"
    DOMESTIC = "domestic"
    NONE = "none"


class DialOutPolicy(Struct, frozen=True, kw_only=True, gc=False):
    """One cell of the 4 × 3 grid (domain.md §5, Dial-out policy)."""

    conference: ConferenceDialOut = ConferenceDialOut.ANY
    user: UserDialOut = UserDialOut.INTERNATIONAL_AND_DOMESTIC


class PartyKind(StrEnum):
    """A person, or the account that owns a service number."""

    USER = "user"
    RESOURCE_ACCOUNT = "resource_account"


class Party(Struct, frozen=True, kw_only=True, gc=False):
    """A user or resource account. ``party_id`` is its object id; ``usage_location`` an ISO 3166-1 code or empty.

    ``dial_out`` None: the organization's. ``premium_allowed`` None: the organization's. ``monthly_cap_micros`` None: no
    cap of its own. ``shared_calling_account`` is the resource account whose plan pays this user's outbound calls.
    """

    party_id: str
    kind: PartyKind
    user_principal_name: str
    display_name: str
    usage_location: str
    department: str = ""
    licences: frozenset[Licence] = frozenset()
    dial_out: DialOutPolicy | None = None
    premium_allowed: bool | None = None
    toll_free_allowed: bool = True
    monthly_cap_micros: int | None = None
    shared_calling_account: str = ""


class NumberKind(StrEnum):
    """A person's number; a service number whose caller pays; one whose calls the called organization pays."""

    USER = "user"
    TOLL = "toll"
    TOLL_FREE = "toll_free"


class NumberPurpose(StrEnum):
    """What answers at a number. A number of kind ``user`` serves a person, or nobody yet."""

    UNASSIGNED = "unassigned"
    PERSON = "person"
    CONFERENCE_BRIDGE = "conference_bridge"
    AUTO_ATTENDANT = "auto_attendant"
    CALL_QUEUE = "call_queue"


class Line(Struct, frozen=True, kw_only=True, gc=False):
    """A number of the organization's own and whose it is; ``party_id`` is None while it is nobody's."""

    number: str
    kind: NumberKind
    purpose: NumberPurpose
    party_id: str | None = None


class PoolSize(StrEnum):
    """What a plan's minute pools are counted by."""

    ASSIGNED = "assigned"
    PURCHASED = "purchased"


class CallsWithoutUser(StrEnum):
    """What becomes of a call that belongs to no user and no resource account."""

    CREDITS = "credits"
    REFUSED = "refused"


class Limits(Struct, frozen=True, kw_only=True, gc=False):
    """Caps and fraud limits; None is no limit. Amounts are millionths of the organization's currency.

    ``user_monthly_max_micros`` binds users that have no cap of their own. ``user_hourly_max_micros`` (spend velocity)
    and ``destination_daily_max_micros`` (destination anomaly: a country other than the organization's own, when the
    day's spend also exceeds ``destination_factor`` times what ``Roster.usual_daily_micros`` says is usual) block when
    reached. ``toll_free_caller_daily_max_micros`` is what one outside caller may cost on toll-free numbers a day.
    """

    calls_max: int | None = None
    user_calls_max: int | None = None
    user_monthly_max_micros: int | None = None
    department_monthly_max_micros: Mapping[str, int] = field(default_factory=dict)
    user_hourly_max_micros: int | None = None
    destination_daily_max_micros: int | None = None
    destination_factor: int = 3
    toll_free_caller_daily_max_micros: int | None = None


class Roster(Struct, frozen=True, kw_only=True, gc=False):
    """What of an organization's people counts for all of its calls.

    ``version`` moves with every change to people, licences, numbers and rules. ``assigned`` and ``purchased`` count
    licences by ``"<licence>/<country>"``; purchased ones without a country count for the organization's own.
    ``pool_size_by`` holds the licences whose pools are not counted by assignment.
    """

    version: int
    assigned: Mapping[str, int] = field(default_factory=dict)
    purchased: Mapping[str, int] = field(default_factory=dict)
    pool_size_by: Mapping[str, PoolSize] = field(default_factory=dict)
    international_stops_both: bool = False
    calls_without_user: CallsWithoutUser = CallsWithoutUser.CREDITS
    dial_out: DialOutPolicy = DialOutPolicy()
    premium_allowed: bool = False
    limits: Limits = Limits()
    usual_daily_micros: Mapping[str, int] = field(default_factory=dict)


class BlockReason(StrEnum):
    """Why calls are blocked."""

    SPEND_VELOCITY = "spend_velocity"
    DESTINATION_ANOMALY = "destination_anomaly"
    BY_ADMINISTRATOR = "by_administrator"


class BlockedKind(StrEnum):
    """What is blocked: a user's charged calls, or the organization's calls to a country."""

    USER = "user"
    DESTINATION = "destination"


class Block(Struct, frozen=True, kw_only=True, gc=False):
    """Calls that cost money are refused for this subject until somebody lifts the block.

    ``subject`` is a party id or a country code. ``limit_micros`` and ``spent_micros`` are what set it off, ``period``
    the hour or the day in which that was spent, by when its calls began; empty where somebody set it.
    """

    block_id: str
    kind: BlockedKind
    subject: str
    reason: BlockReason
    limit_micros: int
    spent_micros: int
    blocked_at: datetime
    lifted_at: datetime | None = None
    lifted_by: str = ""
    period: str = ""
