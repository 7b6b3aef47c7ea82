"""An edge's parts on the office's books: a desk, looks at what switches should be told, lists of live calls."""

from __future__ import annotations

from commcredits.operations.charging import ChargingDesk
from commcredits.operations.following import Following
from commcredits.operations.numbers import NumberDirectory
from commcredits.operations.reconciling import Reconciler
from commcredits.storage.committer import Committer
from tests.operations.office import SHARD, Office

SWITCH = "kamailio:edge-1"


async def desk_of(office: Office) -> ChargingDesk:
    """A desk whose directory knows the numbers that are there now."""
    executor = office.services.executor
    assert isinstance(executor, Committer)
    directory = NumberDirectory()
    await directory.load(office.services.pool, SHARD)
    return ChargingDesk(
        submitter=executor, directory=directory, pool=office.services.pool, shard_id=SHARD, clock=office.clock
    )


def following_of(office: Office, protocol: str = "kamailio") -> Following:
    """One process's looks at what that protocol's switches should be told."""
    return Following(pool=office.services.pool, shard_id=SHARD, protocol=protocol, clock=office.clock)


async def reconciler_of(office: Office, switch: str = SWITCH) -> Reconciler:
    """What compares lists of that switch."""
    return Reconciler(desk=await desk_of(office), pool=office.services.pool, shard_id=SHARD, switch=switch)
