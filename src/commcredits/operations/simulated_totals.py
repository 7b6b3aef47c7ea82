"""Adding up what calls were charged and what they would cost: in all, and by destination, service and user.

Knows sums, and which calls differ most. Refuses to price anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from commcredits.core.commands import Service
from commcredits.operations.period_rating import EndedCall, NewPrice
from commcredits.operations.services import Services
from commcredits.storage.parties import find_parties

GROUPS_MAX: Final = 200
"""Most groups of one kind in a report."""

DEAREST_MAX: Final = 50
"""How many calls a report names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTotals:
    """Calls that have something in common; amounts in millionths, the difference what they would cost more.

    ``key`` is a destination's name, a service, or a user's object id, empty for calls that are nobody's; ``name`` is
    a user's principal name, empty for one who is gone and for other groups.
    """

    key: str
    name: str
    calls: int
    seconds: int
    charged_micros: int
    would_cost_micros: int
    difference_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallDifference:
    """A call that would cost another amount, in millionths."""

    session_id: str
    service: Service
    callee: str
    destination: str
    began_at: datetime
    seconds: int
    charged_micros: int
    would_cost_micros: int
    difference_micros: int


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    seconds: int = 0
    charged_micros: int = 0
    would_cost_micros: int = 0

    def add(self, call: EndedCall, would_cost_micros: int) -> None:
        self.calls += 1
        self.seconds += call.seconds
        self.charged_micros += call.charged_micros
        self.would_cost_micros += would_cost_micros

    def named(self, key: str, name: str = "") -> GroupTotals:
        return GroupTotals(
            key=key,
            name=name,
            calls=self.calls,
            seconds=self.seconds,
            charged_micros=self.charged_micros,
            would_cost_micros=self.would_cost_micros,
            difference_micros=self.would_cost_micros - self.charged_micros,
        )


@dataclass(slots=True, kw_only=True)
class Totals:
    """What was added up so far; ``unpriced`` and ``free_calls`` are as in a simulation."""

    unpriced: int = 0
    seconds: int = 0
    charged_micros: int = 0
    would_cost_micros: int = 0
    free_calls: int = 0
    free_charged_micros: int = 0
    _destinations: dict[str, _Sums] = field(default_factory=dict)
    _services: dict[str, _Sums] = field(default_factory=dict)
    _users: dict[str, _Sums] = field(default_factory=dict)
    _dearest: list[tuple[int, int, CallDifference]] = field(default_factory=list)
    _count: int = 0

    @property
    def destination_count(self) -> int:
        """How many destinations were called."""
        return len(self._destinations)

    @property
    def user_count(self) -> int:
        """How many users called, those that are nobody counted as one."""
        return len(self._users)

    def add(self, call: EndedCall, price: NewPrice | None) -> None:
        """One call more, and what it would cost; None for one that is not priced, and for one without a rate."""
        if not call.is_priced:
            self.unpriced += 1
            return
        would_cost = 0 if price is None else price.price_micros
        if price is None:
            self.free_calls += 1
            self.free_charged_micros += call.charged_micros
        self.seconds += call.seconds
        self.charged_micros += call.charged_micros
        self.would_cost_micros += would_cost
        destination = call.destination if price is None else price.destination
        self._destinations.setdefault(destination, _Sums()).add(call, would_cost)
        self._services.setdefault(call.service.value, _Sums()).add(call, would_cost)
        self._users.setdefault(call.user_id or "", _Sums()).add(call, would_cost)
        self._note_difference(call, destination, would_cost)

    def destinations(self) -> tuple[GroupTotals, ...]:
        """Those that differ most."""
        return _most(self._destinations)

    def services(self) -> tuple[GroupTotals, ...]:
        """All of them, those that differ most first."""
        return _most(self._services)

    async def named_users(self, services: Services, organization_id: str) -> tuple[GroupTotals, ...]:
        """Those whose calls differ most, by name."""
        found = _most(self._users)
        ids = [each.key for each in found if each.key]
        async with services.pool.acquire() as connection:
            parties = await find_parties(connection, services.shard_id, organization_id, party_ids=ids, names=[])
        names = {party.party_id: party.user_principal_name for party in parties}
        return tuple(self._users[each.key].named(each.key, names.get(each.key, "")) for each in found)

    def dearest(self) -> tuple[CallDifference, ...]:
        """The calls that differ most, in order of how much."""
        return tuple(each for _size, _number, each in sorted(self._dearest, reverse=True))

    def _note_difference(self, call: EndedCall, destination: str, would_cost_micros: int) -> None:
        difference = would_cost_micros - call.charged_micros
        size = abs(difference)
        if not size or (len(self._dearest) >= DEAREST_MAX and size <= self._dearest[0][0]):
            return
        self._count += 1
        noted = CallDifference(
            session_id=call.session_id,
            service=call.service,
            callee=call.callee,
            destination=destination,
            began_at=call.began_at,
            seconds=call.seconds,
            charged_micros=call.charged_micros,
            would_cost_micros=would_cost_micros,
            difference_micros=difference,
        )
        # The count settles ties, so that calls themselves are never compared; of equal ones the first stays.
        keep = heapq.heappush if len(self._dearest) < DEAREST_MAX else heapq.heappushpop
        keep(self._dearest, (size, -self._count, noted))


def _most(groups: Mapping[str, _Sums]) -> tuple[GroupTotals, ...]:
    def order(group: GroupTotals) -> tuple[int, int, str]:
        return -abs(group.difference_micros), -group.would_cost_micros, group.key

    named: Iterable[GroupTotals] = (sums.named(key) for key, sums in groups.items())
    return tuple(heapq.nsmallest(GROUPS_MAX, named, key=order))
