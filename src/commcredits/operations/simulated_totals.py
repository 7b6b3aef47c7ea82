"""Adding up what calls were charged and what they would cost: in all, and by destination, service and user.

Knows sums, and which calls differ most. Refuses to price anything.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from commcredits.columnar.comparing import ComparedCall, Comparison, Sums
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

    def add(self, more: Sums) -> None:
        self.calls += more.calls
        self.seconds += more.seconds
        self.charged_micros += more.charged_micros
        self.would_cost_micros += more.would_cost_micros

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

    calls: int = 0
    unpriced: int = 0
    free_calls: int = 0
    free_charged_micros: int = 0
    _destinations: dict[str, _Sums] = field(default_factory=dict)
    _services: dict[str, _Sums] = field(default_factory=dict)
    _users: dict[str, _Sums] = field(default_factory=dict)
    _dearest: list[tuple[int, int, CallDifference]] = field(default_factory=list)
    _noted: int = 0

    @property
    def destination_count(self) -> int:
        """How many destinations were called."""
        return len(self._destinations)

    @property
    def user_count(self) -> int:
        """How many users called, those that are nobody counted as one."""
        return len(self._users)

    @property
    def all(self) -> GroupTotals:
        """Every call that a deck prices."""
        whole = _Sums()
        for sums in self._services.values():
            whole.seconds += sums.seconds
            whole.calls += sums.calls
            whole.charged_micros += sums.charged_micros
            whole.would_cost_micros += sums.would_cost_micros
        return whole.named("")

    def add(self, call: EndedCall, price: NewPrice | None) -> None:
        """One call more, and what it would cost; None for one that is not priced, and for one without a rate."""
        self.calls += 1
        if not call.is_priced:
            self.unpriced += 1
            return
        if price is None:
            self.free_calls += 1
            self.free_charged_micros += call.charged_micros
        compared = ComparedCall(
            session_id=call.session_id,
            service=call.service.value,
            callee=call.callee,
            destination=call.destination if price is None else price.destination,
            began_at=call.began_at,
            seconds=call.seconds,
            charged_micros=call.charged_micros,
            would_cost_micros=0 if price is None else price.price_micros,
        )
        sums = Sums(
            calls=1,
            seconds=call.seconds,
            charged_micros=compared.charged_micros,
            would_cost_micros=compared.would_cost_micros,
        )
        self._destinations.setdefault(compared.destination, _Sums()).add(sums)
        self._services.setdefault(compared.service, _Sums()).add(sums)
        self._users.setdefault(call.user_id, _Sums()).add(sums)
        self._note_difference(compared)

    def add_compared(self, more: Comparison) -> None:
        """Calls that were added up in columns."""
        self.calls += more.calls
        self.unpriced += more.unpriced
        self.free_calls += more.free_calls
        self.free_charged_micros += more.free_charged_micros
        for mine, groups in (
            (self._destinations, more.destinations),
            (self._services, more.services),
            (self._users, more.users),
        ):
            for key, sums in groups.items():
                mine.setdefault(key, _Sums()).add(sums)
        for call in more.dearest:
            self._note_difference(call)

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

    def _note_difference(self, call: ComparedCall) -> None:
        difference = call.would_cost_micros - call.charged_micros
        size = abs(difference)
        if not size or (len(self._dearest) >= DEAREST_MAX and size <= self._dearest[0][0]):
            return
        self._noted += 1
        noted = CallDifference(
            session_id=call.session_id,
            service=Service(call.service),
            callee=call.callee,
            destination=call.destination,
            began_at=call.began_at,
            seconds=call.seconds,
            charged_micros=call.charged_micros,
            would_cost_micros=call.would_cost_micros,
            difference_micros=difference,
        )
        # The count settles ties, so that calls themselves are never compared; of equal ones the first stays.
        keep = heapq.heappush if len(self._dearest) < DEAREST_MAX else heapq.heappushpop
        keep(self._dearest, (size, -self._noted, noted))


def _most(groups: Mapping[str, _Sums]) -> tuple[GroupTotals, ...]:
    def order(group: GroupTotals) -> tuple[int, int, str]:
        return -abs(group.difference_micros), -group.would_cost_micros, group.key

    named: Iterable[GroupTotals] = (sums.named(key) for key, sums in groups.items())
    return tuple(heapq.nsmallest(GROUPS_MAX, named, key=order))
