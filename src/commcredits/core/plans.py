"""Who pays for a call: the decision table of domain.md §5 as a table, and what a call must be looked at for it.

Knows which money or minutes may pay for a call and in which order. Refuses to know how many minutes there are
(commcredits.core.pools), what is left of anything (commcredits.core.meters, commcredits.core.funds), who may call whom
(commcredits.core.policies), and what a call costs (commcredits.core.rating). docs/who-pays.md is written from here.

Where the document is silent, this is decided (decision record 0010):
- Without a usage location nothing is domestic and nothing international, so no plan's minutes fit: credits pay.
- A user without any calling plan is charged like one with Pay-As-You-Go.
- Toll dial-in is included whatever the organizer's licence, but for pay-per-minute conferencing: who the organizer is
  may not be known before the caller has told a conference's number, and a toll number costs its caller.
- Conference dial-out of an organizer without a conferencing licence draws on credits from its first minute.
- Premium numbers are never included: not in a conference, not by the extended dial-out.
- The extended dial-out pays before pay-per-minute conferencing does.
- Toll-free and shared-cost numbers that are dialled count by their country, like ordinary ones.
- A call to a toll-free number is paid by whoever has the number, also where a person answers it.
- A resource account's plan pays for what it transfers and for shared calling as if the account had dialled itself.
"""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.commands import CallType
from commcredits.core.roster import Licence, NumberKind

CREDITS_CAPABILITY: Final = "MCOPSTNPP"
"""The code that reports show for what Communications Credits paid (domain.md §4)."""


class Source(StrEnum):
    """What pays for a call.

    ``by_destination`` is what rows 2 to 6 and 8 say for the number dialled, ``resource_account_plan`` the same by the
    plan of the resource account. ``outside`` is an own carrier's bill, which is none of ours.
    """

    FREE = "free"
    INCLUDED = "included"
    DOMESTIC_POOL = "domestic_pool"
    INTERNATIONAL_POOL = "international_pool"
    CONFERENCE_POOL = "conference_pool"
    ADD_ON = "add_on"
    CREDITS = "credits"
    RESOURCE_ACCOUNT_PLAN = "resource_account_plan"
    BY_DESTINATION = "by_destination"
    OUTSIDE = "outside"
    NEVER_CHARGED = "never_charged"


class Otherwise(StrEnum):
    """What becomes of the call when nothing pays for it."""

    NOTHING = "nothing"
    """Nothing that could run out pays for it."""
    REFUSE = "refuse"
    NOT_ANSWERED = "not_answered"
    FAILS = "fails"


class BookedTo(StrEnum):
    """Whose call it is in reports, and whose licences count."""

    USER = "user"
    ORGANIZER = "organizer"
    RESOURCE_ACCOUNT = "resource_account"
    ORGANIZATION = "organization"


class Destination(StrEnum):
    """Where a call goes, as plans see it from the payer's usage location. ``none``: the call comes in."""

    NONE = "none"
    DOMESTIC = "domestic"
    INTERNATIONAL = "international"
    OUTSIDE = "outside"
    PREMIUM = "premium"
    UNKNOWN = "unknown"


class Situation(Struct, frozen=True, kw_only=True, gc=False):
    """All that decides who pays for a call.

    ``plan`` is the calling plan of whoever pays: the resource account's for its own calls and for shared calling.
    ``conferencing`` and ``extended_dial_out`` are the organizer's licences. ``number_kind`` is that of the
    organization's own number that was called. ``zone_a`` and ``us_or_canada`` say where the number dialled is.
    """

    call_type: CallType
    plan: Licence | None = None
    conferencing: Licence | None = None
    extended_dial_out: bool = False
    number_kind: NumberKind | None = None
    destination: Destination = Destination.NONE
    zone_a: bool = False
    us_or_canada: bool = False
    shared_calling: bool = False


class Row(Struct, frozen=True, kw_only=True, gc=False):
    """One row of the table: the situation in words and as data, and what pays first, second and otherwise.

    Of the data, None means any. ``credits_licence`` says that credits pay only where whoever is booked to has the
    Communications Credits licence (domain.md §4).
    """

    number: int
    situation: str
    first: Source | None
    second: Source | None
    otherwise: Otherwise
    booked_to: BookedTo
    call_types: frozenset[CallType]
    plans: frozenset[Licence | None] | None = None
    conferencing: frozenset[Licence | None] | None = None
    extended_dial_out: bool | None = None
    number_kinds: frozenset[NumberKind | None] | None = None
    destinations: frozenset[Destination] | None = None
    zone_a: bool | None = None
    us_or_canada: bool | None = None
    shared_calling: bool | None = None
    credits_licence: bool = False

    def fits(self, situation: Situation) -> bool:
        """Whether this row speaks of that situation."""
        return (
            situation.call_type in self.call_types
            and (self.plans is None or situation.plan in self.plans)
            and (self.conferencing is None or situation.conferencing in self.conferencing)
            and self.extended_dial_out in (None, situation.extended_dial_out)
            and (self.number_kinds is None or situation.number_kind in self.number_kinds)
            and (self.destinations is None or situation.destination in self.destinations)
            and self.zone_a in (None, situation.zone_a)
            and self.us_or_canada in (None, situation.us_or_canada)
            and self.shared_calling in (None, situation.shared_calling)
        )


_OUT: Final = frozenset({CallType.USER_OUT})
_PASSED_ON: Final = frozenset({CallType.USER_OUT_TRANSFER, CallType.USER_OUT_FORWARDING, CallType.USER_OUT_CONF})
_CONF_IN: Final = frozenset({CallType.CONF_IN})
_CONF_OUT: Final = frozenset({CallType.CONF_OUT})

_DOMESTIC_PLANS: Final = frozenset[Licence | None](
    {Licence.DOMESTIC_120, Licence.DOMESTIC_240, Licence.DOMESTIC, Licence.DOMESTIC_120_UNPOOLED}
)
_WITH_INTERNATIONAL: Final = frozenset[Licence | None]({Licence.DOMESTIC_AND_INTERNATIONAL})
_WITH_MINUTES: Final = _DOMESTIC_PLANS | _WITH_INTERNATIONAL
_WITHOUT_MINUTES: Final = frozenset[Licence | None]({Licence.PAY_AS_YOU_GO_1, Licence.PAY_AS_YOU_GO_2, None})

_SUBSCRIPTION: Final = frozenset[Licence | None]({Licence.AUDIO_CONFERENCING})
_SUBSCRIPTION_OR_NONE: Final = frozenset[Licence | None]({Licence.AUDIO_CONFERENCING, None})
_PAY_PER_MINUTE: Final = frozenset[Licence | None]({Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE})

_TOLL_FREE: Final = frozenset[NumberKind | None]({NumberKind.TOLL_FREE})
_CALLER_PAYS: Final = frozenset[NumberKind | None]({NumberKind.USER, NumberKind.TOLL, None})

_DOMESTIC: Final = frozenset({Destination.DOMESTIC})
_INTERNATIONAL: Final = frozenset({Destination.INTERNATIONAL})
_PREMIUM: Final = frozenset({Destination.PREMIUM})
_NOT_PREMIUM: Final = frozenset(Destination) - _PREMIUM
_BEYOND: Final = _NOT_PREMIUM - _DOMESTIC - _INTERNATIONAL
"""Outside the plan countries, satellites, and what cannot be placed at all."""

# fmt: off
TABLE: Final[tuple[Row, ...]] = (
    # Emergency stands first, and nothing but the kind of call is asked for it.
    Row(number=20, situation="emergency call",
        first=Source.NEVER_CHARGED, second=None, otherwise=Otherwise.NOTHING, booked_to=BookedTo.USER,
        call_types=frozenset({CallType.EMERGENCY_OUT})),
    Row(number=1, situation="a user is called on a user number",
        first=Source.FREE, second=None, otherwise=Otherwise.NOTHING, booked_to=BookedTo.USER,
        call_types=frozenset({CallType.USER_IN}), number_kinds=_CALLER_PAYS),
    Row(number=2, situation="domestic, with a plan that has minutes",
        first=Source.DOMESTIC_POOL, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_OUT, plans=_WITH_MINUTES, destinations=_DOMESTIC, shared_calling=False, credits_licence=True),
    Row(number=3, situation="international, with a domestic plan",
        first=None, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_OUT, plans=_DOMESTIC_PLANS, destinations=_INTERNATIONAL, shared_calling=False,
        credits_licence=True),
    Row(number=4, situation="international to a plan country, with Domestic and International",
        first=Source.INTERNATIONAL_POOL, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_OUT, plans=_WITH_INTERNATIONAL, destinations=_INTERNATIONAL, shared_calling=False,
        credits_licence=True),
    Row(number=5, situation="outside the plan countries",
        first=None, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_OUT, plans=_WITH_MINUTES, destinations=_BEYOND, shared_calling=False, credits_licence=True),
    Row(number=6, situation="any outbound call with Pay-As-You-Go, or without a plan",
        first=None, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_OUT, plans=_WITHOUT_MINUTES, destinations=_NOT_PREMIUM, shared_calling=False,
        credits_licence=True),
    Row(number=7, situation="transfer, forward or third party by telephone",
        first=Source.BY_DESTINATION, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_PASSED_ON, destinations=_NOT_PREMIUM, shared_calling=False, credits_licence=True),
    Row(number=8, situation="premium-rate number, where premium numbers are allowed",
        first=None, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER,
        call_types=_OUT | _PASSED_ON, destinations=_PREMIUM, shared_calling=False, credits_licence=True),
    Row(number=9, situation="dial-in on a toll bridge number",
        first=Source.INCLUDED, second=None, otherwise=Otherwise.NOTHING, booked_to=BookedTo.ORGANIZER,
        call_types=_CONF_IN, conferencing=_SUBSCRIPTION_OR_NONE, number_kinds=_CALLER_PAYS),
    Row(number=10, situation="dial-in on a toll-free bridge number",
        first=None, second=Source.CREDITS, otherwise=Otherwise.NOT_ANSWERED, booked_to=BookedTo.ORGANIZER,
        call_types=_CONF_IN, conferencing=_SUBSCRIPTION_OR_NONE, number_kinds=_TOLL_FREE),
    # The add-on and pay-per-minute conferencing come before the dial-out pool that they take the place of.
    Row(number=13, situation="conference dial-out to the US and Canada with the extended dial-out",
        first=Source.ADD_ON, second=None, otherwise=Otherwise.NOTHING, booked_to=BookedTo.ORGANIZER,
        call_types=_CONF_OUT, extended_dial_out=True, destinations=_NOT_PREMIUM, us_or_canada=True),
    Row(number=14, situation="any conference leg, with pay-per-minute conferencing",
        first=None, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.ORGANIZER,
        call_types=_CONF_IN | _CONF_OUT, conferencing=_PAY_PER_MINUTE),
    Row(number=11, situation="conference dial-out to Zone A",
        first=Source.CONFERENCE_POOL, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.ORGANIZER,
        call_types=_CONF_OUT, conferencing=_SUBSCRIPTION, destinations=_NOT_PREMIUM, zone_a=True,
        credits_licence=True),
    Row(number=12, situation="conference dial-out elsewhere, to premium numbers, or without a conferencing licence",
        first=None, second=Source.CREDITS, otherwise=Otherwise.REFUSE, booked_to=BookedTo.ORGANIZER,
        call_types=_CONF_OUT, credits_licence=True),
    Row(number=15, situation="inbound toll to an auto attendant or a call queue",
        first=Source.INCLUDED, second=None, otherwise=Otherwise.NOTHING, booked_to=BookedTo.RESOURCE_ACCOUNT,
        call_types=frozenset({CallType.UCAP_IN}), number_kinds=_CALLER_PAYS),
    Row(number=16, situation="inbound toll-free to an auto attendant, a call queue or a person",
        first=None, second=Source.CREDITS, otherwise=Otherwise.NOT_ANSWERED, booked_to=BookedTo.RESOURCE_ACCOUNT,
        call_types=frozenset({CallType.UCAP_IN, CallType.USER_IN}), number_kinds=_TOLL_FREE),
    Row(number=17, situation="an auto attendant or a call queue transfers to a telephone number",
        first=Source.RESOURCE_ACCOUNT_PLAN, second=Source.CREDITS, otherwise=Otherwise.FAILS,
        booked_to=BookedTo.RESOURCE_ACCOUNT, call_types=frozenset({CallType.UCAP_OUT})),
    Row(number=18, situation="call to an unassigned number with a routing rule",
        first=None, second=Source.CREDITS, otherwise=Otherwise.FAILS, booked_to=BookedTo.ORGANIZATION,
        call_types=frozenset({CallType.UNASSIGNED_IN})),
    Row(number=19, situation="shared calling, outbound",
        first=Source.RESOURCE_ACCOUNT_PLAN, second=Source.CREDITS, otherwise=Otherwise.FAILS,
        booked_to=BookedTo.RESOURCE_ACCOUNT, call_types=_OUT | _PASSED_ON, shared_calling=True),
    # No situation leads here: whether there is a rate shows when credits are to pay, whichever row it was.
    Row(number=21, situation="no rate known for the destination",
        first=None, second=None, otherwise=Otherwise.REFUSE, booked_to=BookedTo.USER, call_types=frozenset()),
    Row(number=22, situation="own carrier (direct routing)",
        first=Source.OUTSIDE, second=None, otherwise=Otherwise.NOTHING, booked_to=BookedTo.USER,
        call_types=frozenset({CallType.DR_IN, CallType.DR_OUT})),
)
# fmt: on
"""The rows in the order in which they are asked; the first that fits decides, and one fits every situation."""


@lru_cache(maxsize=4096)
def who_pays(situation: Situation) -> Row:
    """The row of the table that decides. Raises LookupError when none fits: a bug."""
    for row in TABLE:
        if row.fits(situation):
            return row
    raise LookupError(f"no row says who pays: {situation}")


class Ways(Struct, frozen=True, kw_only=True, gc=False):
    """What may pay for a call, in order: ``first``, then credits, else ``row.otherwise``.

    ``first`` is a real source: rows that refer to others are resolved. ``needs_credits_licence``: credits pay only
    where whoever is booked to has the Communications Credits licence. The capabilities are the codes that reports
    show for the part of the call that ``first`` or credits paid; empty where no licence is behind it.
    """

    row: Row
    first: Source | None
    credits: bool
    needs_credits_licence: bool
    capability_first: str
    capability_credits: str


@lru_cache(maxsize=4096)
def ways_to_pay(situation: Situation) -> Ways:
    """The row that decides, with what it refers to resolved: rows 7, 17 and 19 ask again by plan and destination."""
    row = who_pays(situation)
    first = row.first
    if first is Source.BY_DESTINATION or first is Source.RESOURCE_ACCOUNT_PLAN:
        first = who_pays(replace(situation, call_type=CallType.USER_OUT, shared_calling=False)).first
    return Ways(
        row=row,
        first=first,
        credits=row.second is Source.CREDITS,
        needs_credits_licence=row.credits_licence,
        capability_first=capability(first, situation),
        capability_credits=capability(row.second, situation),
    )


def capability(source: Source | None, situation: Situation) -> str:
    """The code that reports show for what this source paid (domain.md §4); empty where no licence is behind it.

    Credits show as Communications Credits, but for the legs that pay-per-minute conferencing lets draw on them.
    """
    conference = situation.call_type in _CONF_IN or situation.call_type in _CONF_OUT
    match source:
        case Source.CREDITS:
            pay_per_minute = conference and situation.conferencing in _PAY_PER_MINUTE
            return Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE.value if pay_per_minute else CREDITS_CAPABILITY
        case Source.ADD_ON:
            return Licence.EXTENDED_DIAL_OUT.value
        case Source.CONFERENCE_POOL:
            return "MCOMEETADD"
        case Source.INCLUDED if conference:
            return "MCOMEETADD" if situation.conferencing in _SUBSCRIPTION else ""
        case Source.FREE | Source.INCLUDED | Source.DOMESTIC_POOL | Source.INTERNATIONAL_POOL:
            return situation.plan.value if situation.plan is not None else ""
        case _:
            return ""


PLANS_BEST_FIRST: Final = (
    Licence.DOMESTIC_AND_INTERNATIONAL,
    Licence.DOMESTIC,
    Licence.DOMESTIC_240,
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_120_UNPOOLED,
    Licence.PAY_AS_YOU_GO_1,
    Licence.PAY_AS_YOU_GO_2,
)
"""Calling plans; of several on one account, the first counts."""


@lru_cache(maxsize=1024)
def plan_of(licences: frozenset[Licence]) -> Licence | None:
    """The calling plan among the licences."""
    return next((plan for plan in PLANS_BEST_FIRST if plan in licences), None)


def conferencing_of(licences: frozenset[Licence]) -> Licence | None:
    """The conferencing licence; the subscription counts where both are assigned."""
    if Licence.AUDIO_CONFERENCING in licences:
        return Licence.AUDIO_CONFERENCING
    pay_per_minute = Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE
    return pay_per_minute if pay_per_minute in licences else None


US_AND_CANADA: Final = frozenset({"US", "PR", "CA"})
"""Domestic to each other for minutes, and what the extended dial-out covers; Puerto Rico counts with the US."""


def destination_of(usage_location: str, country: str, kind: str, plan_countries: frozenset[str]) -> Destination:
    """Where a call goes, seen from the payer's usage location; codes are ISO 3166-1, empty where unknown.

    ``kind`` is what the numbering metadata takes the number for (a DialledKind of commcredits.core.numbers). Premium
    is premium and satellite is outside wherever they are; every other kind goes by its country.
    """
    if kind == "premium":
        return Destination.PREMIUM
    if kind == "satellite":
        return Destination.OUTSIDE
    if not usage_location or not country:
        return Destination.UNKNOWN
    if country == usage_location or (country in US_AND_CANADA and usage_location in US_AND_CANADA):
        return Destination.DOMESTIC
    return Destination.INTERNATIONAL if country in plan_countries else Destination.OUTSIDE
