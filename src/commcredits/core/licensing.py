"""Which licences somebody may hold together, and whether as many are assigned as were bought.

Knows the licences of domain.md §4. Refuses to know which of them pays for a call (commcredits.core.plans) and how many
minutes they give (commcredits.core.pools).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from msgspec import Struct

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Party, PartyKind

CALLING_PLANS: Final = frozenset(
    {
        Licence.DOMESTIC_120,
        Licence.DOMESTIC_240,
        Licence.DOMESTIC,
        Licence.DOMESTIC_AND_INTERNATIONAL,
        Licence.DOMESTIC_120_UNPOOLED,
        Licence.PAY_AS_YOU_GO_1,
        Licence.PAY_AS_YOU_GO_2,
    }
)
"""Of these nobody holds two, and nobody without a usage location holds one: it says which minutes they are."""

CONFERENCING: Final = frozenset({Licence.AUDIO_CONFERENCING, Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE})
"""Of these nobody holds two: conferences are either included or paid by the minute."""

UNLIMITED: Final = frozenset({Licence.COMMUNICATIONS_CREDITS})
"""Free and in any quantity: nothing of them is bought."""

FOR_RESOURCE_ACCOUNTS: Final = CALLING_PLANS | UNLIMITED
"""What a resource account may hold: it calls, but organizes no conferences."""

_ORDER: Final = {licence: place for place, licence in enumerate(Licence)}

Counts = Mapping[tuple[str, str], int]
"""Licences by ``(licence, country)``."""


class LicenceStock(Struct, frozen=True, kw_only=True, gc=False):
    """Licences bought for one country (empty: for none in particular), and how many of these are assigned.

    Whoever is in a country that licences were bought for takes one of those, else one bought for no country.
    ``purchased`` is None where there is no limit.
    """

    licence: Licence
    country: str
    purchased: int | None
    assigned: int

    @property
    def free(self) -> int | None:
        """How many are left to assign; None where there is no limit. Negative while more are wanted than there are."""
        return None if self.purchased is None else self.purchased - self.assigned


class Shortage(Struct, frozen=True, kw_only=True, gc=False):
    """More of a licence would be assigned than was bought for these countries and for none in particular."""

    licence: Licence
    countries: tuple[str, ...]
    purchased: int
    needed: int


def refuse_licences(kind: PartyKind, usage_location: str, licences: Collection[Licence]) -> Refused | None:
    """Why nobody of this kind, in this country, may hold these licences together; None when they may."""
    held = sorted(licences, key=_ORDER.__getitem__)
    if kind is PartyKind.RESOURCE_ACCOUNT:
        for licence in held:
            if licence not in FOR_RESOURCE_ACCOUNTS:
                return _conflict(licence, held_by=kind)
    for exclusive in (CALLING_PLANS, CONFERENCING):
        both = [licence for licence in held if licence in exclusive]
        if len(both) > 1:
            return _conflict(both[1], held_beside=both[0])
    if Licence.EXTENDED_DIAL_OUT in licences and Licence.AUDIO_CONFERENCING not in licences:
        return _conflict(Licence.EXTENDED_DIAL_OUT, held_without=Licence.AUDIO_CONFERENCING)
    if not usage_location and not CALLING_PLANS.isdisjoint(licences):
        facts = {"field": "usage_location", "value": "", "allowed": "a country for whoever has a Calling Plan"}
        return Refused(code=RefusalCode.INVALID_INPUT, facts=facts)
    return None


def stock_of(assigned: Counts, bought: Counts) -> tuple[LicenceStock, ...]:
    """Every licence that was bought or assigned, by country, in the order of domain.md §4."""
    totals: dict[Licence, int] = {}
    stocks: dict[tuple[Licence, str], LicenceStock] = {}
    for (code, country), quantity in bought.items():
        licence = Licence(code)
        stocks[licence, country] = LicenceStock(licence=licence, country=country, purchased=quantity, assigned=0)
    for (code, country), quantity in assigned.items():
        licence = Licence(code)
        own = bought.get((code, country), 0) if country else 0
        taken = 0 if licence in UNLIMITED else min(quantity, own)
        if taken:
            stocks[licence, country] = LicenceStock(licence=licence, country=country, purchased=own, assigned=taken)
        totals[licence] = totals.get(licence, 0) + quantity - taken
    for licence, quantity in totals.items():
        purchased = None if licence in UNLIMITED else bought.get((licence, ""), 0)
        if quantity or (licence, "") in stocks:
            stocks[licence, ""] = LicenceStock(licence=licence, country="", purchased=purchased, assigned=quantity)
    return tuple(stocks[key] for key in sorted(stocks, key=lambda key: (_ORDER[key[0]], key[1])))


def shortages(assigned: Counts, bought: Counts) -> tuple[Shortage, ...]:
    """The licences of which more are assigned than were bought, in the order of domain.md §4."""
    found = []
    for stock in stock_of(assigned, bought):
        if stock.free is None or stock.free >= 0:
            continue
        licence = stock.licence
        over = sorted(
            country
            for (code, country), quantity in assigned.items()
            if code == licence and quantity > (bought.get((code, country), 0) if country else 0)
        )
        found.append(
            Shortage(
                licence=licence,
                countries=tuple(over),
                purchased=sum(bought.get((licence, country), 0) for country in {*over, ""}),
                needed=sum(assigned[licence, country] for country in over),
            )
        )
    return tuple(found)


def recount(assigned: Counts, before: Iterable[Party], after: Iterable[Party]) -> dict[tuple[str, str], int]:
    """What is assigned once these people have become those; whoever is new stands in ``after`` alone."""
    counts = dict(assigned)
    for sign, people in ((-1, before), (1, after)):
        for party in people:
            for licence in party.licences:
                key = (licence.value, party.usage_location)
                counts[key] = counts.get(key, 0) + sign
    return {key: quantity for key, quantity in counts.items() if quantity}


def refuse_shortage(assigned_before: Counts, assigned: Counts, bought: Counts) -> Refused | None:
    """Why so many cannot be assigned, with what was assigned before in the same countries; None when they can."""
    short = shortages(assigned, bought)
    if not short:
        return None
    licence, countries = short[0].licence, short[0].countries
    return Refused(
        code=RefusalCode.LICENCE_NOT_AVAILABLE,
        facts={
            "licence": licence.value,
            "purchased": short[0].purchased,
            "assigned": sum(assigned_before.get((licence, country), 0) for country in countries),
            "needed": short[0].needed,
        },
    )


def _conflict(licence: Licence, **why: str) -> Refused:
    return Refused(code=RefusalCode.LICENCE_CONFLICT, facts={"licence": licence.value, **why})
