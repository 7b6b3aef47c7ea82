"""What time brings is not taken for done while it could not be booked."""

import asyncio
from dataclasses import replace
from datetime import timedelta

from commcredits.core.account import ChargingTerms, FundingTerms
from commcredits.operations.upkeep import expire_lots
from commcredits.storage.committer import Committer
from tests.operations.office import NOON, SHARD, Office, new_id


async def test_lots_that_could_not_be_booked_are_found_again(office: Office, database_url: str) -> None:
    organization = await office.organization()
    await office.grant(organization.organization_id, 1_000_000, days=1)
    office.clock.advance(days=2)
    closed = Committer(
        database_url=database_url,
        shard_id=SHARD,
        clock=office.clock,
        new_id=new_id,
        charging=ChargingTerms(),
        funding=FundingTerms(top_up_minimum_micros={}),
    )
    running = asyncio.create_task(closed.run())
    await closed.close()
    await running
    since = NOON - timedelta(days=1)
    assert await expire_lots(replace(office.services, executor=closed), since=since) == 1
    assert await expire_lots(office.services, since=since) == 1
    assert await expire_lots(office.services, since=since) == 0
