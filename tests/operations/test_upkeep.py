"""What time brings is not taken for done while it could not be booked."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from commcredits.core.account import ChargingTerms, FundingTerms, SessionState
from commcredits.core.commands import Start
from commcredits.operations.reports import CallRecord, get_call
from commcredits.operations.upkeep import BATCHES_KEPT_SECONDS, expire_lots, prune_batches, reap_silent_sessions
from commcredits.storage.committer import Committer
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import IdentifierSource, first_identifier_at
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


async def test_a_call_whose_switch_went_silent_is_closed_once_its_grant_has_ended(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "silent")
    await office.execute(Start(organization_id=organization_id, session_id="silent"))
    assert await reap_silent_sessions(office.services) == 0
    office.clock.advance(hours=1)
    assert await reap_silent_sessions(office.services) == 1
    assert await reap_silent_sessions(office.services) == 0
    call = await get_call(office.services, organization_id=organization_id, session_id="silent")
    assert isinstance(call, CallRecord)
    assert (call.state, call.held_micros) == (SessionState.EXPIRED, 0)


async def test_only_batches_that_nobody_can_ask_about_are_forgotten(office: Office) -> None:
    now = office.clock.now
    ids = [first_identifier_at(now - timedelta(seconds=age)) for age in (BATCHES_KEPT_SECONDS + 1, 1)]
    statement = load_statement("resolve_batch")
    for batch_id in ids:
        await office.services.pool.execute(statement, SHARD, batch_id)
    await prune_batches(office.services)
    kept = await office.services.pool.fetch("select batch_id from batches where batch_id = any ($1::uuid[])", ids)
    assert [str(row["batch_id"]) for row in kept] == ids[1:]


def test_the_first_id_of_an_instant_divides_ids_by_time() -> None:
    before = datetime.now(UTC)
    made = IdentifierSource()()
    assert first_identifier_at(before - timedelta(seconds=1)) < made < first_identifier_at(before + timedelta(hours=1))
