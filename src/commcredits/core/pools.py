"""Minute pools: which one a call draws on, how many minutes it has in a month, and which others stop it (domain.md §4).

Knows keys and sizes. Refuses to know which call draws on a pool (commcredits.core.plans), what calls have used of it
(commcredits.core.meters), and when a month begins.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from commcredits.core.plans import US_AND_CANADA, Source
from commcredits.core.roster import Licence, PoolSize, Roster

FULL_PLAN_MINUTES: Final = 1_200
FULL_PLAN_MINUTES_US_CANADA: Final = 3_000
INTERNATIONAL_MINUTES: Final = 600
CONFERENCE_MINUTES: Final = 60

_DOMESTIC_MINUTES: Final[Mapping[str, int]] = {
    Licence.DOMESTIC_120.value: 120,
    Licence.DOMESTIC_240.value: 240,
    Licence.DOMESTIC_120_UNPOOLED.value: 120,
}
_FULL_PLANS: Final = frozenset({Licence.DOMESTIC.value, Licence.DOMESTIC_AND_INTERNATIONAL.value})
_POOL: Final = "pool:"
_SUB_POOL: Final = ":international"
_WITH_SUB_POOLS: Final = f"{_POOL}{Licence.DOMESTIC_AND_INTERNATIONAL.value}:"

POOLED: Final = (
    Licence.DOMESTIC_120,
    Licence.DOMESTIC_240,
    Licence.DOMESTIC,
    Licence.DOMESTIC_AND_INTERNATIONAL,
    Licence.AUDIO_CONFERENCING,
)
"""Licences whose minutes are shared. Those of the unpooled plan are each user's own, counted by nobody else."""


class PoolName(Struct, frozen=True, kw_only=True, gc=False):
    """Whose minutes a pool is made of: of which licence, and for users in which country.

    ``country`` is empty for the conference pool, which is one for the whole organization, and for the minutes of
    ``party_id`` alone. ``international`` names the second sub-pool of Domestic and International.
    """

    licence: Licence
    country: str = ""
    international: bool = False
    party_id: str = ""


def pool_key(source: Source | None, licence: Licence | None, country: str, party_id: str) -> str:
    """The meter of the pool that this source draws on; empty when it draws on none.

    ``licence`` is the calling plan and ``country`` the usage location of whoever pays. The conference pool is one for
    the whole organization; the unpooled plan's minutes are the party's own.
    """
    if source is Source.CONFERENCE_POOL:
        return f"{_POOL}{Licence.AUDIO_CONFERENCING.value}"
    if licence is None or source not in (Source.DOMESTIC_POOL, Source.INTERNATIONAL_POOL):
        return ""
    if licence is Licence.DOMESTIC_120_UNPOOLED:
        return f"{_POOL}{licence.value}:{party_id}"
    sub_pool = _SUB_POOL if source is Source.INTERNATIONAL_POOL else ""
    return f"{_POOL}{licence.value}:{pool_country(country)}{sub_pool}"


def read_pool_key(key: str) -> PoolName:
    """What ``pool_key`` made a key of."""
    code, _, rest = key.removeprefix(_POOL).partition(":")
    licence = Licence(code)
    if licence is Licence.DOMESTIC_120_UNPOOLED:
        return PoolName(licence=licence, party_id=rest)
    return PoolName(licence=licence, country=rest.removesuffix(_SUB_POOL), international=rest.endswith(_SUB_POOL))


def shared_pools(roster: Roster, organization_country: str) -> tuple[str, ...]:
    """The keys of all pools that the organization's licences make, but for those of the unpooled plan."""
    found: list[str] = []
    for licence in POOLED:
        purchased = roster.pool_size_by.get(licence.value) is PoolSize.PURCHASED
        counts = roster.purchased if purchased else roster.assigned
        of_licence = f"{licence.value}/"
        places = {
            name.removeprefix(of_licence) for name, count in counts.items() if count and name.startswith(of_licence)
        }
        if licence is Licence.AUDIO_CONFERENCING:
            found += [pool_key(Source.CONFERENCE_POOL, licence, "", "")] if places else []
            continue
        home = organization_country if purchased else ""
        for country in sorted({pool_country(place or home) for place in places} - {""}):
            found.append(pool_key(Source.DOMESTIC_POOL, licence, country, ""))
            if licence is Licence.DOMESTIC_AND_INTERNATIONAL:
                found.append(pool_key(Source.INTERNATIONAL_POOL, licence, country, ""))
    return tuple(found)


def pool_minutes(roster: Roster, key: str, organization_country: str) -> int:
    """How many minutes the pool has in a month: its licences times what each adds; 0 for no pool at all.

    Licences count at once, from the moment at which they are assigned or bought. Bought ones that name no country
    count in the organization's own; assigned ones whose user has no usage location count in the conference pool alone.
    """
    if not key.startswith(_POOL):
        return 0
    licence, _, rest = key[len(_POOL) :].partition(":")
    if licence == Licence.DOMESTIC_120_UNPOOLED.value:
        return minutes_per_licence(licence, "")
    purchased = roster.pool_size_by.get(licence) is PoolSize.PURCHASED
    counts = roster.purchased if purchased else roster.assigned
    if licence == Licence.AUDIO_CONFERENCING.value:
        of_licence = f"{licence}/"
        return CONFERENCE_MINUTES * sum(count for name, count in counts.items() if name.startswith(of_licence))
    country, _, sub_pool = rest.partition(":")
    count = counts.get(f"{licence}/{country}", 0)
    if country == "US":
        count += counts.get(f"{licence}/PR", 0)
    if purchased and pool_country(organization_country) == country:
        count += counts.get(f"{licence}/", 0)
    return count * minutes_per_licence(licence, country, international=bool(sub_pool))


def pool_keys_that_stop(roster: Roster, key: str) -> tuple[str, ...]:
    """The pools that must all have something left for this one to give any; the pool itself stands first.

    That is the pool alone, but for Domestic and International where the organization reads it strictly: there either
    sub-pool, once nothing of it is left to hold, stops both (domain.md §4).
    """
    if not roster.international_stops_both or not key.startswith(_WITH_SUB_POOLS):
        return (key,)
    other = key.removesuffix(_SUB_POOL) if key.endswith(_SUB_POOL) else f"{key}{_SUB_POOL}"
    return (key, other)


def minutes_per_licence(licence: str, country: str, *, international: bool = False) -> int:
    """The minutes that one licence, by its code, adds to its pool each calendar month (domain.md §4)."""
    if licence == Licence.AUDIO_CONFERENCING.value:
        return CONFERENCE_MINUTES
    if licence not in _FULL_PLANS:
        return _DOMESTIC_MINUTES.get(licence, 0)
    if international:
        return INTERNATIONAL_MINUTES
    return FULL_PLAN_MINUTES_US_CANADA if country in US_AND_CANADA else FULL_PLAN_MINUTES


def pool_country(country: str) -> str:
    """The country that a pool is kept for: the US and Puerto Rico share one."""
    return "US" if country == "PR" else country
