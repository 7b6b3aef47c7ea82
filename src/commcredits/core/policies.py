"""Who may call whom, and what limits bind a call: dial-out policies, premium and toll-free switches, blocks, caps.

Knows rules and the facts that a refusal by them rests on. Refuses to know who pays (commcredits.core.plans) and how
much of a limit is used (commcredits.core.meters): it names the meters that count, and what each may come to.

Emergency passes under every rule here (domain.md §5). Where the document is silent, this is decided (decision record
0010):
- A policy's "domestic" is the user's own country alone, with Puerto Rico counted to the US.
- Who has no usage location has no own country, so only a policy that allows any destination, or Zone A, lets it dial.
- A resource account dials under the users' axis; an own carrier's calls are under no policy of ours.
- Satellite networks and other numbers of no country count as one destination.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from commcredits.core.account import Booking
from commcredits.core.calendar import day_of, hour_of, instant_text, month_of
from commcredits.core.commands import CallType, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.places import ZONE_A
from commcredits.core.plans import Destination, Situation
from commcredits.core.pools import pool_country
from commcredits.core.roster import (
    Block,
    BlockedKind,
    BlockReason,
    ConferenceDialOut,
    DialOutPolicy,
    NumberKind,
    Party,
    PartyKind,
    Roster,
    UserDialOut,
)

NO_COUNTRY: Final = "ZZ"
"""Stands for satellite networks and other numbers of no country, where calls to a country are counted or blocked."""

_UNDER_NO_POLICY: Final = frozenset({CallType.EMERGENCY_OUT, CallType.DR_IN, CallType.DR_OUT})
_INBOUND: Final = frozenset({CallType.USER_IN, CallType.CONF_IN, CallType.UCAP_IN, CallType.UNASSIGNED_IN})
_DIALLED: Final = frozenset({Service.OUTBOUND, Service.CONFERENCE_DIAL_OUT})

Facts = dict[str, str | int]


def refuse_policy(
    roster: Roster,
    party: Party | None,
    situation: Situation,
    location: str,
    country: str,
    organization_country: str,
) -> Refused | None:
    """Why no policy lets this call be made or taken, or None when all do.

    ``party`` is whose policy counts: the calling user, also in shared calling; the organizer of a conference; None for
    a call of nobody's, which the organization's policy binds as if it were made in ``organization_country``.
    ``location`` is that party's usage location and ``country`` that of the number dialled, ISO 3166-1 or empty.
    """
    call_type = situation.call_type
    if call_type in _UNDER_NO_POLICY:
        return None
    if call_type in _INBOUND:
        return _refuse_toll_free(party) if situation.number_kind is NumberKind.TOLL_FREE else None
    if situation.destination is Destination.PREMIUM:
        refused = _refuse_premium(roster, party, country)
        if refused is not None:
            return refused
    own = None if party is None else party.dial_out
    policy = roster.dial_out if own is None else own
    home = organization_country if party is None else location
    refused = refuse_dial_out(policy, call_type, home, country)
    if refused is None:
        return None
    return Refused(code=refused.code, facts={**refused.facts, **_whose(party, own_rule=own is not None)})


def refuse_dial_out(policy: DialOutPolicy, call_type: CallType, location: str, country: str) -> Refused | None:
    """Why this policy does not let somebody in ``location`` dial a number in ``country``, or None when it does.

    Conference dial-out goes by the conference axis, every other outbound call by the users'. The facts name the axis,
    its cell, and the cells that would let the call pass.
    """
    axis: type[ConferenceDialOut | UserDialOut]
    cell: ConferenceDialOut | UserDialOut
    if call_type in _UNDER_NO_POLICY or call_type in _INBOUND:
        return None
    if call_type is CallType.CONF_OUT:
        axis, cell = ConferenceDialOut, policy.conference
    else:
        axis, cell = UserDialOut, policy.user
    if allows(cell, location, country):
        return None
    facts: Facts = {
        "axis": "conference" if axis is ConferenceDialOut else "user",
        "policy": cell.value,
        "allowed_by": ", ".join(other.value for other in axis if allows(other, location, country)),
        "usage_location": location,
        "destination_country": country,
    }
    return Refused(code=RefusalCode.DIAL_OUT_NOT_ALLOWED, facts=facts)


def allows(cell: ConferenceDialOut | UserDialOut, location: str, country: str) -> bool:
    """Whether one cell of an axis lets somebody in ``location`` dial a number in ``country``."""
    match cell:
        case ConferenceDialOut.ANY | UserDialOut.INTERNATIONAL_AND_DOMESTIC:
            return True
        case ConferenceDialOut.SAME_COUNTRY | UserDialOut.DOMESTIC:
            return bool(country) and pool_country(country) == pool_country(location)
        case ConferenceDialOut.ZONE_A:
            return country in ZONE_A
        case ConferenceDialOut.NONE | UserDialOut.NONE:
            return False


def refuse_blocked(blocks: Iterable[Block], party_id: str, other_country: str, call_type: CallType) -> Refused | None:
    """Why a call that costs money is blocked, or None.

    ``party_id`` is whose call it is and ``other_country`` where the other end is, both as booked. A block of a
    destination stops calls to it, not calls from there.
    """
    if call_type in _UNDER_NO_POLICY:
        return None
    destination = "" if call_type in _INBOUND else other_country or NO_COUNTRY
    for block in blocks:
        subject = party_id if block.kind is BlockedKind.USER else destination
        if subject and block.subject == subject and block.lifted_at is None:
            facts: Facts = {
                "block_id": block.block_id,
                "blocked": block.kind.value,
                "subject": block.subject,
                "reason": block.reason.value,
                "since": instant_text(block.blocked_at),
            }
            if block.reason is not BlockReason.BY_ADMINISTRATOR:
                facts |= {"limit_micros": block.limit_micros, "spent_micros": block.spent_micros}
            return Refused(code=RefusalCode.BLOCKED, facts=facts)
    return None


class LimitKind(StrEnum):
    """What a limit counts: calls at once, or money in millionths."""

    CALLS = "calls"
    MICROS = "micros"


class Binding(Struct, frozen=True, kw_only=True, gc=False):
    """A limit that binds a call: which meter counts, and what it may come to.

    ``blocks`` is the reason of the block that reaching the limit sets off, for ``subject``, a party id or a country;
    None for a limit that only stops further calls.
    """

    key: str
    period: str
    limit: int
    kind: LimitKind
    blocks: BlockReason | None = None
    subject: str = ""


def bindings_of(
    roster: Roster,
    party: Party | None,
    booking: Booking,
    *,
    organization_country: str,
    service: Service,
    caller: str,
    at: datetime,
    time_zone: str,
) -> tuple[Binding, ...]:
    """The limits that bind a call which begins at that instant, concurrency first; none for an emergency.

    An own carrier's call is recorded only, so nothing binds it.

    ``party`` is whom the call is booked to. Periods are months, days and hours in the organization's IANA zone. Limits
    of concurrency, spend velocity and the organization's cap per user bind users alone, for a resource account answers
    for many callers; a cap of its own binds it as well.
    """
    if service is Service.EMERGENCY or booking.call_type in _UNDER_NO_POLICY:
        return ()
    limits = roster.limits
    found: list[Binding] = []
    if limits.calls_max is not None:
        found.append(Binding(key="calls", period="", limit=limits.calls_max, kind=LimitKind.CALLS))
    if party is not None:
        found += _of_party(roster, party, at, time_zone)
    department = limits.department_monthly_max_micros.get(booking.department) if booking.department else None
    if department is not None:
        key = f"cap:department:{booking.department}"
        found.append(_money(key, month_of(at, time_zone), department))
    if service in _DIALLED:
        found += _of_destination(roster, booking.other_country, organization_country, at, time_zone)
    if service is Service.TOLL_FREE_IN and limits.toll_free_caller_daily_max_micros is not None:
        found.append(_money(f"caller:{caller}", day_of(at, time_zone), limits.toll_free_caller_daily_max_micros))
    return tuple(found)


def _of_party(roster: Roster, party: Party, at: datetime, time_zone: str) -> list[Binding]:
    limits = roster.limits
    is_user = party.kind is PartyKind.USER
    found: list[Binding] = []
    if is_user and limits.user_calls_max is not None:
        key = f"calls:user:{party.party_id}"
        found.append(Binding(key=key, period="", limit=limits.user_calls_max, kind=LimitKind.CALLS))
    cap = party.monthly_cap_micros
    if cap is None and is_user:
        cap = limits.user_monthly_max_micros
    if cap is not None:
        found.append(_money(f"cap:user:{party.party_id}", month_of(at, time_zone), cap))
    if is_user and limits.user_hourly_max_micros is not None:
        found.append(
            Binding(
                key=f"velocity:user:{party.party_id}",
                period=hour_of(at, time_zone),
                limit=limits.user_hourly_max_micros,
                kind=LimitKind.MICROS,
                blocks=BlockReason.SPEND_VELOCITY,
                subject=party.party_id,
            )
        )
    return found


def _of_destination(
    roster: Roster, other_country: str, organization_country: str, at: datetime, time_zone: str
) -> list[Binding]:
    """The destination anomaly: more in a day than the operator lets pass and than so many times what is usual."""
    country = other_country or NO_COUNTRY
    least = roster.limits.destination_daily_max_micros
    if least is None or pool_country(country) == pool_country(organization_country):
        return []
    return [
        Binding(
            key=f"destination:{country}",
            period=day_of(at, time_zone),
            limit=max(least, roster.limits.destination_factor * roster.usual_daily_micros.get(country, 0)),
            kind=LimitKind.MICROS,
            blocks=BlockReason.DESTINATION_ANOMALY,
            subject=country,
        )
    ]


def _money(key: str, period: str, limit_micros: int) -> Binding:
    return Binding(key=key, period=period, limit=limit_micros, kind=LimitKind.MICROS)


def _refuse_toll_free(party: Party | None) -> Refused | None:
    """Toll-free is switched off per organizer, and for whoever else has a toll-free number (domain.md §5)."""
    if party is None or party.toll_free_allowed:
        return None
    facts: Facts = {"setting": "toll_free_allowed", **_whose(party, own_rule=True)}
    return Refused(code=RefusalCode.TOLL_FREE_NOT_ALLOWED, facts=facts)


def _refuse_premium(roster: Roster, party: Party | None, country: str) -> Refused | None:
    """Premium numbers are off until the organization allows them; a party's own setting wins, either way."""
    own = None if party is None else party.premium_allowed
    if roster.premium_allowed if own is None else own:
        return None
    facts: Facts = {
        "setting": "premium_allowed",
        "destination_country": country,
        **_whose(party, own_rule=own is not None),
    }
    return Refused(code=RefusalCode.PREMIUM_NOT_ALLOWED, facts=facts)


def _whose(party: Party | None, *, own_rule: bool) -> Facts:
    """Whose rule it is that would have to change, and whom it stopped."""
    facts: Facts = {"rule_of": "user" if own_rule else "organization"}
    if party is not None:
        facts["user"] = party.user_principal_name
    return facts
