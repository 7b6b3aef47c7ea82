"""Giving and taking licences of many people in order: who gets them, who cannot hold them, who stays without.

Knows the stock as commcredits.core.licensing counts it. Refuses to know who was chosen, and to stop at the first person
who cannot have a licence: each is judged alone, in the order that they come in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from commcredits.core.licensing import CALLING_PLANS, CONFERENCING, UNLIMITED, refuse_licences
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Party

_EXCLUSIVE: Final = (CALLING_PLANS, CONFERENCING)

Counts = Mapping[tuple[str, str], int]
"""Licences by ``(licence, country)``."""


class Wish(Struct, frozen=True, kw_only=True, gc=False):
    """What shall become of each person's licences. Those taken go before those given.

    ``replaces`` also takes what cannot be held beside a licence that is given: another Calling Plan, or the other way
    of paying for conferences.
    """

    assign: frozenset[Licence] = frozenset()
    take: frozenset[Licence] = frozenset()
    replaces: bool = False

    def licences_of(self, party: Party) -> frozenset[Licence]:
        """All that somebody has once the wish is granted."""
        taken = set(self.take)
        if self.replaces:
            for group in _EXCLUSIVE:
                if group & self.assign:
                    taken |= group - self.assign
        return (party.licences - taken) | self.assign


class Share(Struct, frozen=True, kw_only=True, gc=False):
    """What one person gets: ``after`` differs from ``before`` where something changes; ``refused`` says why it cannot.

    LICENCE_CONFLICT or INVALID_INPUT: the licences do not go together, or need a usage location.
    LICENCE_NOT_AVAILABLE: none are left for this person's country.
    """

    before: Party
    after: Party
    refused: Refused | None = None

    @property
    def changes(self) -> bool:
        """Whether this person's licences become others."""
        return self.refused is None and self.after.licences != self.before.licences


def allot(people: Iterable[Party], wish: Wish, assigned: Counts, bought: Counts) -> tuple[Share, ...]:
    """What each of these people gets, one after the other, as long as licences last.

    What one gives back is there for the next. Nobody's change makes a shortage larger than it was before.
    """
    stock = _Stock(assigned, bought)
    shares = []
    for party in people:
        licences = wish.licences_of(party)
        refused = None
        if licences != party.licences:
            refused = refuse_licences(party.kind, party.usage_location, licences) or stock.move(party, licences)
        after = replace(party, licences=licences) if refused is None and licences != party.licences else party
        shares.append(Share(before=party, after=after, refused=refused))
    return tuple(shares)


class _Stock:
    """How many of each licence are assigned, and how many of these had to be taken from those for no country."""

    __slots__ = ("_assigned", "_bought", "_overflow")

    def __init__(self, assigned: Counts, bought: Counts) -> None:
        self._assigned = dict(assigned)
        self._bought = bought
        self._overflow: dict[str, int] = {}
        for (licence, country), count in assigned.items():
            beyond = max(0, count - self._own(licence, country))
            self._overflow[licence] = self._overflow.get(licence, 0) + beyond

    def move(self, party: Party, licences: frozenset[Licence]) -> Refused | None:
        """Count somebody's licences anew, or say which one is not there and leave the count as it was."""
        done: list[tuple[Licence, int]] = []
        for licence in sorted(party.licences - licences):
            self._count(licence, party.usage_location, -1)
            done.append((licence, -1))
        for licence in sorted(licences - party.licences):
            if not self._has(licence, party.usage_location):
                for counted, sign in done:
                    self._count(counted, party.usage_location, -sign)
                return Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts={"licence": licence.value})
            self._count(licence, party.usage_location, 1)
            done.append((licence, 1))
        return None

    def _has(self, licence: Licence, country: str) -> bool:
        if licence in UNLIMITED:
            return True
        if self._assigned.get((licence.value, country), 0) < self._own(licence.value, country):
            return True
        return self._overflow.get(licence.value, 0) < self._bought.get((licence.value, ""), 0)

    def _count(self, licence: Licence, country: str, sign: int) -> None:
        key, own = (licence.value, country), self._own(licence.value, country)
        before = self._assigned.get(key, 0)
        self._assigned[key] = before + sign
        moved = max(0, before + sign - own) - max(0, before - own)
        self._overflow[licence.value] = self._overflow.get(licence.value, 0) + moved

    def _own(self, licence: str, country: str) -> int:
        """How many were bought for this country itself."""
        return self._bought.get((licence, country), 0) if country else 0
