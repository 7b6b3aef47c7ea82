"""What would change the refusal of a call, as stable keys.

Knows who could do what about which refusal. Refuses to promise that the call is granted then: where two things stand
against it, the second one is told once the first is gone. Every key is checked by a test that does what it says.

    add_funds                       money is missing, and nothing else
    assign_licence:<licence>        to whom the call is booked, or, where minutes are missing, to anybody in the pool
    buy_licence:<licence>           the pool is counted by purchased licences
    wait_until:<instant>            the pool, or the cap, begins anew then
    raise_limit:<meter>             the limit that counts on this meter
    lift_block:<block id>
    change_policy:<axis>            the organization's dial-out policy: conference, or user
    change_user_policy:<axis>       the user's own
    set_usage_location              the user has none, and the policy asks for one
    change_rules:<field>            another rule of the organization
    change_user:<field>             a setting of the user's own
    assign_number:<number>          the calling number is the organization's and nobody's
    name_user, add_user             the call names no user, or one that is not there
    import_rate, assign_rate_deck   nothing prices the call
    end_call                        a call that runs
    reopen_organization
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from msgspec.structs import replace

from commcredits.core.account import Account, Surroundings
from commcredits.core.admission import Admission, own_number
from commcredits.core.calendar import bounds_of, instant_text
from commcredits.core.commands import Authorise
from commcredits.core.meters import left_of, read_meter
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.pools import minutes_per_licence, read_pool_key
from commcredits.core.roster import ConferenceDialOut, Licence, PoolSize, UserDialOut

_WITHIN_OWN_COUNTRY: Final = (ConferenceDialOut.SAME_COUNTRY, UserDialOut.DOMESTIC)


def with_remedies(
    refused: Refused, account: Account, call: Authorise, admission: Admission, around: Surroundings
) -> Refused:
    """The refusal of a call, and what would change it."""
    return replace(refused, would_change_it=remedies_of(refused, account, call, admission, around))


def remedies_of(
    refused: Refused, account: Account, call: Authorise, admission: Admission, around: Surroundings
) -> tuple[str, ...]:
    """What would change this refusal, each of these alone; the keys of this module, the nearest first."""
    found = [*_own(refused, account, call, around)]
    if refused.code is not RefusalCode.TOO_MANY_CALLS:
        found += _more_minutes(account, admission, around)
    return tuple(dict.fromkeys(found))


def _own(refused: Refused, account: Account, call: Authorise, around: Surroundings) -> Iterator[str]:
    facts = refused.facts
    match refused.code:
        case RefusalCode.INSUFFICIENT_FUNDS:
            yield "add_funds"
        case RefusalCode.CREDITS_NOT_LICENSED:
            yield f"assign_licence:{facts['licence']}"
        case RefusalCode.NO_RATE:
            yield "import_rate" if facts["rate_deck_id"] else "assign_rate_deck"
        case RefusalCode.CAP_REACHED:
            yield f"raise_limit:{facts['meter']}"
            if int(facts["limit_micros"]) >= int(facts["needed_micros"]):
                yield f"wait_until:{_end_of(str(facts['period']), account)}"
        case RefusalCode.TOO_MANY_CALLS:
            yield f"raise_limit:{facts['meter']}"
            if 0 < int(facts["running"]) <= int(facts["allowed"]):
                yield "end_call"
        case RefusalCode.BLOCKED:
            # A limit that is just being reached blocks as soon as somebody tries: waiting would not help for long.
            yield f"lift_block:{facts['block_id']}" if "block_id" in facts else f"raise_limit:{facts['meter']}"
        case RefusalCode.DIAL_OUT_NOT_ALLOWED | RefusalCode.PREMIUM_NOT_ALLOWED | RefusalCode.TOLL_FREE_NOT_ALLOWED:
            yield from _other_rules(refused)
        case RefusalCode.USER_REQUIRED:
            yield "name_user"
            number = own_number(call)
            if around.lines.get(number) is not None:
                yield f"assign_number:{number}"
            yield "change_rules:calls_without_user"
        case RefusalCode.UNKNOWN_USER:
            yield "add_user"
        case RefusalCode.ORGANIZATION_CLOSED:
            yield "reopen_organization"


def _other_rules(refused: Refused) -> Iterator[str]:
    """The rule that stopped the call, and the user's own, which wins over the organization's."""
    facts = refused.facts
    of_organization, has_user = facts["rule_of"] == "organization", "user" in facts
    if refused.code is RefusalCode.DIAL_OUT_NOT_ALLOWED:
        for wanted, key in ((of_organization, "change_policy"), (has_user, "change_user_policy")):
            if wanted:
                yield f"{key}:{facts['axis']}"
        within = facts["policy"] in tuple(_WITHIN_OWN_COUNTRY) and facts["destination_country"]
        if has_user and within and not facts["usage_location"]:
            yield "set_usage_location"
        return
    setting = facts["setting"]
    if of_organization:
        yield f"change_rules:{setting}"
    if has_user:
        yield f"change_user:{setting}"


def _more_minutes(account: Account, admission: Admission, around: Surroundings) -> Iterator[str]:
    """What would give the call minutes, where it has a pool: a call that was refused has found nothing left in it."""
    booking, roster = admission.booking, account.roster
    if admission.refused is not None or booking is None or roster is None or not booking.pool_key:
        return
    name = read_pool_key(booking.pool_key)
    pools = ((booking.pool_key, admission.pool_minutes), *admission.stopping_pools)
    empty = [
        (key, minutes)
        for key, minutes in pools
        if left_of(read_meter(around.meters, key, booking.pool_period), minutes) == 0
    ]
    if not empty:
        return
    if name.licence is not Licence.DOMESTIC_120_UNPOOLED and all(
        left_of(read_meter(around.meters, key, booking.pool_period), minutes + _added(key)) for key, minutes in empty
    ):
        purchased = roster.pool_size_by.get(name.licence.value) is PoolSize.PURCHASED
        yield f"{'buy' if purchased else 'assign'}_licence:{name.licence.value}"
    if all(minutes for _key, minutes in pools):
        yield f"wait_until:{_end_of(booking.pool_period, account)}"
    if booking.pool_key not in dict(empty):
        yield "change_rules:international_stops_both"


def _added(key: str) -> int:
    """The minutes that one licence more adds to this pool."""
    name = read_pool_key(key)
    return minutes_per_licence(name.licence.value, name.country, international=name.international)


def _end_of(period: str, account: Account) -> str:
    return instant_text(bounds_of(period, account.time_zone)[1])
