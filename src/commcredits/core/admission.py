"""Whether a call may be made, whose it is, and what may pay for it: minutes first, then credits (domain.md §5).

Brings together the organization's people and numbers, the table of who pays (commcredits.core.plans), policies and
limits (commcredits.core.policies), and the rate. Refuses to look at what is left of anything: that is the next step's
(commcredits.core.authorising). The same answer serves "may this user call that number now, and why not?".
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.account import Account, Booking, Context, OrganizationStatus, Session, Surroundings
from commcredits.core.calendar import month_of
from commcredits.core.commands import Authorise, CallType, RecordCall, Service
from commcredits.core.meters import MeterId
from commcredits.core.numbers import DialledKind, NumberFacts, classify
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.places import ZONE_A
from commcredits.core.plans import (
    US_AND_CANADA,
    Destination,
    Situation,
    Source,
    Ways,
    conferencing_of,
    destination_of,
    plan_of,
    ways_to_pay,
)
from commcredits.core.policies import Binding, LimitKind, bindings_of, refuse_blocked, refuse_policy
from commcredits.core.pools import pool_key, pool_keys_that_stop, pool_minutes
from commcredits.core.roster import CallsWithoutUser, Licence, Line, NumberKind, NumberPurpose, Party, PartyKind, Roster
from commcredits.core.tariffs import Rate, RateDeck, find_rate

EMERGENCY_RATE: Final = Rate(
    prefix="",
    destination="Emergency",
    service=Service.EMERGENCY,
    price_per_minute_micros=0,
    connection_fee_micros=0,
    first_increment_seconds=1,
    next_increment_seconds=1,
    effective_from=datetime.fromisoformat("2000-01-01T00:00:00+00:00"),
)
"""Emergency calls are always allowed, free and uncounted (domain.md §5, row 20)."""

_CONFERENCING: Final = frozenset({CallType.CONF_IN, CallType.CONF_OUT})
_INBOUND: Final = frozenset(
    {CallType.USER_IN, CallType.CONF_IN, CallType.UCAP_IN, CallType.UNASSIGNED_IN, CallType.DR_IN}
)
_DIALLED: Final = frozenset(CallType) - _INBOUND - {CallType.DR_OUT, CallType.EMERGENCY_OUT}
FREE_SOURCES: Final = frozenset({Source.FREE, Source.INCLUDED, Source.ADD_ON, Source.OUTSIDE, Source.NEVER_CHARGED})
"""What pays without end and without a limit on money."""

_SHARED_CALLING: Final = frozenset(
    {CallType.USER_OUT, CallType.USER_OUT_TRANSFER, CallType.USER_OUT_FORWARDING, CallType.USER_OUT_CONF}
)
_EMERGENCY_ROW: Final = 20
_NO_RULES: Final = Roster(version=0, premium_allowed=True)
"""An organization that has set no rules has forbidden nothing."""

_DOMESTIC: Final = {Destination.DOMESTIC: True, Destination.INTERNATIONAL: False, Destination.OUTSIDE: False}

_INBOUND_CALL_TYPES: Final = {
    NumberPurpose.PERSON: CallType.USER_IN,
    NumberPurpose.CONFERENCE_BRIDGE: CallType.CONF_IN,
    NumberPurpose.AUTO_ATTENDANT: CallType.UCAP_IN,
    NumberPurpose.CALL_QUEUE: CallType.UCAP_IN,
    NumberPurpose.UNASSIGNED: CallType.UNASSIGNED_IN,
}

CallRequest = Authorise | RecordCall
"""A call that is about to be made, or one that was."""


class Admission(Struct, frozen=True, kw_only=True, gc=False):
    """What may pay for a call. ``refused``: nothing may, whatever is left of pools and funds.

    ``booking`` is None for organizations without people and rules. Minutes come from the booking's pool of
    ``pool_minutes``, unless one of ``stopping_pools`` (key, size) is used up. ``rate`` is what money pays then, and
    ``credits_refusal`` why it may not: then ``rate`` is None.
    """

    service: Service
    rate: Rate | None = None
    booking: Booking | None = None
    bindings: tuple[Binding, ...] = ()
    pool_minutes: int = 0
    stopping_pools: tuple[tuple[str, int], ...] = ()
    credits_refusal: Refused | None = None
    refused: Refused | None = None


def admit(account: Account, call: CallRequest, at: datetime, context: Context, around: Surroundings) -> Admission:
    """Whose call this is and what may pay for it at that instant."""
    if is_emergency(call):
        return Admission(
            service=Service.EMERGENCY, rate=EMERGENCY_RATE, booking=_emergency_booking(account, call, around)
        )
    if account.status is not OrganizationStatus.OPEN and isinstance(call, Authorise):
        facts: dict[str, str | int] = {"status": account.status.value}
        return Admission(service=call.service, refused=Refused(code=RefusalCode.ORGANIZATION_CLOSED, facts=facts))
    if account.roster is None and call.call_type is None:
        rate = _rate(account, call.service, call.caller, call.callee, at, context)
        refused = _no_rate(account, call.service, call.callee, at) if rate is None else None
        return Admission(service=call.service, rate=rate, refused=refused)
    return _admit_booked(account, call, at, context, around)


def is_emergency(call: CallRequest) -> bool:
    """Whether the call goes through whatever the balance, policy or block (domain.md §5, row 20)."""
    return call.service is Service.EMERGENCY or call.call_type is CallType.EMERGENCY_OUT


def _emergency_booking(account: Account, call: CallRequest, around: Surroundings) -> Booking | None:
    """Whose emergency call it is, as far as that is known without asking anything that could refuse it."""
    if account.roster is None:
        return None
    who = _who(account, call, around)
    party = None if isinstance(who, Refused) else who.party
    return Booking(
        row=_EMERGENCY_ROW,
        call_type=CallType.EMERGENCY_OUT,
        party_id="" if party is None else party.party_id,
        department="" if party is None else party.department,
        usage_location=account.country if party is None else party.usage_location,
    )


def readmit(account: Account, session: Session, around: Surroundings) -> Admission:
    """What bounds a running call now: its pool and the limits that bound it at its beginning, as they stand today."""
    booking = session.terms.booking
    assert booking is not None, "a call without a booking is bounded by funds alone"
    roster = account.roster or _NO_RULES
    known = {part.meter_id for part in session.meter_parts}
    terms = session.terms
    bindings = _bindings(account, roster, booking, around, terms.service, terms.caller, terms.authorised_at)
    return Admission(
        service=session.terms.service,
        rate=session.terms.rate,
        booking=booking,
        bindings=tuple(binding for binding in bindings if (binding.key, binding.period) in known),
        pool_minutes=pool_minutes(roster, booking.pool_key, account.country),
        stopping_pools=_stopping_pools(roster, booking.pool_key, account.country),
    )


def meters_of(admission: Admission) -> tuple[MeterId, ...]:
    """Every meter that deciding about this call looks at."""
    meters: tuple[MeterId, ...] = tuple((binding.key, binding.period) for binding in admission.bindings)
    booking = admission.booking
    if booking is None or not booking.pool_key:
        return meters
    pools = (booking.pool_key, *(key for key, _size in admission.stopping_pools))
    return (*((key, booking.pool_period) for key in pools), *meters)


def own_number(call: CallRequest) -> str:
    """The number of the organization's own in a call: who is called on inbound legs, who calls on the others."""
    if call.call_type is not None:
        return call.callee if call.call_type in _INBOUND else call.caller
    return call.callee if call.service in (Service.TOLL_FREE_IN, Service.TOLL_IN) else call.caller


def _stopping_pools(roster: Roster, key: str, organization_country: str) -> tuple[tuple[str, int], ...]:
    """Other pools, with their sizes, whose end is the end of this one too."""
    others = [other for other in pool_keys_that_stop(roster, key) if other != key]
    return tuple((other, pool_minutes(roster, other, organization_country)) for other in others)


class _Who(Struct, frozen=True, kw_only=True, gc=False):
    """Whose call it is: ``party`` makes or takes it, ``payer`` is who is booked to; None for the organization itself.

    The two differ in shared calling, where a resource account's plan pays for a user's calls.
    """

    call_type: CallType
    line: Line | None
    party: Party | None
    payer: Party | None


def _admit_booked(
    account: Account, call: CallRequest, at: datetime, context: Context, around: Surroundings
) -> Admission:
    who = _who(account, call, around)
    if isinstance(who, Refused):
        return Admission(service=call.service, refused=who)
    roster = account.roster or _NO_RULES
    payer, inbound = who.payer, who.call_type in _INBOUND
    other = classify(call.caller if inbound else call.callee)
    location = account.country if payer is None else payer.usage_location
    situation = _situation(call, who, location, other, context.charging.plan_countries)
    ways = ways_to_pay(situation)
    payer_id = "" if payer is None else payer.party_id
    key = pool_key(ways.first, situation.plan, location, payer_id)
    booking = Booking(
        row=ways.row.number,
        call_type=who.call_type,
        party_id=payer_id,
        department="" if payer is None else payer.department,
        usage_location=location,
        other_country=other.country,
        domestic=_DOMESTIC.get(situation.destination),
        capability=ways.capability_first or ways.capability_credits,
        conference_id=call.conference_id,
        pool_key=key,
        pool_period=month_of(at, account.time_zone) if key else "",
        user_id="" if who.party is None or who.party is payer else who.party.party_id,
    )
    service = _service(who.call_type, situation.number_kind)
    refused = None
    if isinstance(call, Authorise):
        own_location = location if who.party is None else who.party.usage_location
        refused = refuse_policy(roster, who.party, situation, own_location, other.country, account.country)
        if payer is None and who.call_type in _DIALLED and roster.calls_without_user is CallsWithoutUser.REFUSED:
            facts: dict[str, str | int] = {"setting": "calls_without_user", "number": own_number(call)}
            refused = Refused(code=RefusalCode.USER_REQUIRED, facts=facts)
    if refused is not None:
        return Admission(service=service, booking=booking, refused=refused)
    return _with_sources(account, call, at, context, around, ways, service, booking)


def _situation(
    call: CallRequest, who: _Who, location: str, other: NumberFacts, plan_countries: frozenset[str]
) -> Situation:
    """The call as the table of who pays sees it."""
    inbound = who.call_type in _INBOUND
    licences = frozenset[Licence]() if who.payer is None else who.payer.licences
    ordinary = other.kind is not DialledKind.PREMIUM
    return Situation(
        call_type=who.call_type,
        plan=plan_of(licences),
        conferencing=conferencing_of(licences) if who.call_type in _CONFERENCING else None,
        extended_dial_out=Licence.EXTENDED_DIAL_OUT in licences,
        number_kind=_number_kind(call, who.line) if inbound else None,
        destination=Destination.NONE
        if inbound
        else destination_of(location, other.country, other.kind, plan_countries),
        zone_a=ordinary and other.country in ZONE_A,
        us_or_canada=ordinary and other.country in US_AND_CANADA,
        shared_calling=who.payer is not who.party,
    )


def _with_sources(
    account: Account,
    call: CallRequest,
    at: datetime,
    context: Context,
    around: Surroundings,
    ways: Ways,
    service: Service,
    booking: Booking,
) -> Admission:
    roster = account.roster or _NO_RULES
    bindings = _bindings(account, roster, booking, around, service, call.caller, at)
    if ways.first in FREE_SOURCES:
        calls = tuple(binding for binding in bindings if binding.kind is LimitKind.CALLS)
        return Admission(service=service, rate=_free_rate(service), booking=booking, bindings=calls)
    rate = None
    # A call that is over costs what it costs, whoever should not have made it.
    credits_refusal = _refuse_credits(account, ways, booking, around) if isinstance(call, Authorise) else None
    if credits_refusal is None:
        rate = _rate(account, service, call.caller, call.callee, at, context)
        if rate is None:
            credits_refusal = _no_rate(account, service, call.callee, at)
    if not booking.pool_key and credits_refusal is not None:
        # With its limits all the same: the block may be lifted, and the rate assigned, before this is asked again.
        return Admission(service=service, booking=booking, bindings=bindings, refused=credits_refusal)
    return Admission(
        service=service,
        rate=rate,
        booking=booking,
        bindings=bindings,
        pool_minutes=pool_minutes(roster, booking.pool_key, account.country),
        stopping_pools=_stopping_pools(roster, booking.pool_key, account.country),
        credits_refusal=credits_refusal,
    )


def _refuse_credits(account: Account, ways: Ways, booking: Booking, around: Surroundings) -> Refused | None:
    """Why money may not pay for this call at all, whatever the balance."""
    for party_id in (booking.party_id, booking.user_id):
        blocked = refuse_blocked(account.blocks, party_id, booking.other_country, booking.call_type)
        if blocked is not None:
            return Refused(code=blocked.code, facts={**blocked.facts, "currency": account.currency})
    party = around.parties.get(booking.party_id)
    lacks = party is not None and ways.needs_credits_licence and Licence.COMMUNICATIONS_CREDITS not in party.licences
    if lacks or not ways.credits:
        facts: dict[str, str | int] = {"row": booking.row, "licence": Licence.COMMUNICATIONS_CREDITS.value}
        if party is not None:
            facts["user"] = party.user_principal_name
        return Refused(code=RefusalCode.CREDITS_NOT_LICENSED, facts=facts)
    return None


def _who(account: Account, call: CallRequest, around: Surroundings) -> _Who | Refused:
    line = around.lines.get(own_number(call))
    party: Party | None = None
    # Where nobody is known, whom a switch names is nobody: the call is the organization's own.
    if call.user and account.roster is not None:
        party = around.parties.get(call.user.lower())
        if party is None:
            return Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": call.user})
    elif line is not None and line.party_id is not None:
        party = around.parties.get(line.party_id)
    call_type = call.call_type or _call_type(call.service, line, party)
    payer = party
    if party is not None and party.shared_calling_account and call_type in _SHARED_CALLING:
        payer = around.parties.get(party.shared_calling_account) or party
    return _Who(call_type=call_type, line=line, party=party, payer=payer)


def _call_type(service: Service, line: Line | None, party: Party | None) -> CallType:
    """What a call is that its switch told only the service of."""
    if service in (Service.TOLL_FREE_IN, Service.TOLL_IN):
        return CallType.UNASSIGNED_IN if line is None else _INBOUND_CALL_TYPES[line.purpose]
    if service is Service.CONFERENCE_DIAL_OUT:
        return CallType.CONF_OUT
    if party is not None and party.kind is PartyKind.RESOURCE_ACCOUNT:
        return CallType.UCAP_OUT
    return CallType.USER_OUT


def _number_kind(call: CallRequest, line: Line | None) -> NumberKind:
    if line is not None:
        return line.kind
    toll_free = call.service is Service.TOLL_FREE_IN or classify(call.callee).kind is DialledKind.TOLL_FREE
    return NumberKind.TOLL_FREE if toll_free else NumberKind.TOLL


def _service(call_type: CallType, number_kind: NumberKind | None) -> Service:
    if call_type in _INBOUND:
        return Service.TOLL_FREE_IN if number_kind is NumberKind.TOLL_FREE else Service.TOLL_IN
    return Service.CONFERENCE_DIAL_OUT if call_type is CallType.CONF_OUT else Service.OUTBOUND


def _bindings(
    account: Account,
    roster: Roster,
    booking: Booking,
    around: Surroundings,
    service: Service,
    caller: str,
    at: datetime,
) -> tuple[Binding, ...]:
    """The limits on whoever is booked to, and on the user whose call it is where another's plan pays."""
    found: dict[MeterId, Binding] = {}
    for party_id in (booking.party_id, booking.user_id):
        party = around.parties.get(party_id) if party_id else None
        if party is None and found:
            break
        for binding in bindings_of(
            roster,
            party,
            booking,
            organization_country=account.country,
            service=service,
            caller=caller,
            at=at,
            time_zone=account.time_zone,
        ):
            found.setdefault((binding.key, binding.period), binding)
    return tuple(found.values())


def _free_rate(service: Service) -> Rate:
    return replace(EMERGENCY_RATE, service=service, destination="Included")


def rate_in(deck: RateDeck, service: Service, caller: str, callee: str, at: datetime) -> Rate | None:
    """The rate of a deck for a call that begins at that instant; where the caller is counts only where a rate asks."""
    origin = classify(caller).country if service in deck.services_with_origin else ""
    return find_rate(deck, service, callee, at, origin)


def _rate(account: Account, service: Service, caller: str, callee: str, at: datetime, context: Context) -> Rate | None:
    deck = context.decks.get(account.rate_deck_at(at) or "")
    return None if deck is None else rate_in(deck, service, caller, callee, at)


def _no_rate(account: Account, service: Service, callee: str, at: datetime) -> Refused:
    """The refusal of a call that nothing prices; ``rate_deck_id`` is empty where no deck was ever assigned."""
    deck = account.rate_deck_at(at) or ""
    facts: dict[str, str | int] = {"callee": callee, "service": service.value, "rate_deck_id": deck}
    return Refused(code=RefusalCode.NO_RATE, facts=facts)
