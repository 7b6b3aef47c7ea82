"""The worker comes round to everything that is owed, and does not put off by a day what failed once."""

import asyncio

from structlog.testing import capture_logs

from commcredits.edges.worker.rounds import Round, pause_after, rounds_of, run_rounds
from commcredits.operations.blocks import BlockRecord, set_block
from tests.operations.office import new_id, open_office, soon
from tests.operations.selling import open_shop


async def _nothing() -> int:
    return 0


def test_a_daily_round_that_failed_is_tried_again_within_a_minute() -> None:
    daily = Round(name="daily", interval_seconds=86_400.0, run=_nothing)
    quick = Round(name="quick", interval_seconds=0.2, run=_nothing)
    assert (pause_after(daily, failed=False), pause_after(daily, failed=True)) == (86_400.0, 60.0)
    assert (pause_after(quick, failed=False), pause_after(quick, failed=True)) == (0.2, 0.2)


async def test_a_worker_tells_of_a_block_that_was_set_before_it_began(database_url: str) -> None:
    async with open_office(database_url) as office:
        organization = await office.organization()
        record = await set_block(
            office.services,
            organization_id=organization.organization_id,
            command_id=new_id(),
            kind="destination",
            subject="GB",
        )
        assert isinstance(record, BlockRecord), record
        stop = asyncio.Event()
        with capture_logs() as told:
            working = asyncio.create_task(run_rounds(rounds_of(office.services), stop))
            await soon(lambda: any(each["event"] == "calls blocked" for each in told))
            stop.set()
            await working
    (warning,) = [each for each in told if each["event"] == "calls blocked"]
    assert (warning["log_level"], warning["block_id"], warning["subject"]) == ("warning", record.block_id, "GB")
    assert [each for each in told if each["log_level"] == "error"] == []


async def test_a_worker_writes_the_receipts_of_what_was_paid_before_it_began_and_since(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer()
        await shop.buy(buyer)
        stop = asyncio.Event()
        with capture_logs() as told:
            working = asyncio.create_task(run_rounds(rounds_of(shop.services), stop))
            await soon(lambda: any(each.get("round") == "issue_receipts" for each in told))
            top_up = await shop.buy(buyer)
            await shop.give_back(buyer, top_up, 10_000_000)
            await soon(lambda: sum(each.get("count", 0) for each in told if each.get("round") == "issue_receipts") == 3)
            stop.set()
            await working
        assert [each.number for each in await shop.documents(buyer)] == ["CC-000001", "CC-000002", "CN-000001"]


async def test_every_round_has_a_name_of_its_own(database_url: str) -> None:
    async with open_office(database_url) as office:
        names = [each.name for each in rounds_of(office.services)]
    assert len(set(names)) == len(names)
    assert {"announce_blocks", "learn_usual_spend", "prune_meters"} <= set(names)
