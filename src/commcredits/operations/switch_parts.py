"""The parts that an edge of switches works with, handed in by the composition root, and what it gives back.

Knows their types. Refuses to make them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.reconciling import Reconciler
from commcredits.operations.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchParts:
    """One process's desk, its looks at what switches should be told, and the services for questions beside charging."""

    desk: ChargingDesk
    following: Following
    services: Services

    def reconciler(self, switch: str) -> Reconciler:
        """Compares lists of the switch at this link, as ``kamailio:<name>``, with the calls that we hold money for."""
        return Reconciler(desk=self.desk, pool=self.services.pool, shard_id=self.services.shard_id, switch=switch)


class SwitchServer(Protocol):
    """An edge that serves until it is stopped."""

    @property
    def port(self) -> int:
        """Its first port, also where 0 asked for any; 0 when it only connects to others."""
        ...

    async def stop(self) -> None:
        """Take nothing new, answer what was asked, close. The committer must still be answering."""
        ...
