"""What a batch costs in round trips: one while all is known, with people or without; few when others write too."""

from collections.abc import AsyncIterator

import pytest

from commcredits.core.commands import Command
from commcredits.core.roster import Licence, Limits
from tests.storage.committer.proxy import Proxy, open_proxy
from tests.storage.committer.staff import BRITISH, CREDITS, Staff, open_staff
from tests.storage.committer.world import World, authorise, codes, end, execute_all, granted, update

NUMBER = "+40211230001"
ROUNDS = 10


@pytest.fixture
async def staff(world: World) -> AsyncIterator[Staff]:
    """An organization with 1,000.00 and two users under limits of every kind."""
    async with open_staff(world, funds_micros=1_000_000_000) as opened:
        await opened.hire("sales", Licence.DOMESTIC_120, CREDITS, number=NUMBER, department="Sales")
        await opened.hire("desk", CREDITS)
        limits = Limits(
            calls_max=1_000,
            user_calls_max=1_000,
            user_monthly_max_micros=900_000_000,
            department_monthly_max_micros={"Sales": 900_000_000},
            user_hourly_max_micros=900_000_000,
            destination_daily_max_micros=900_000_000,
        )
        await opened.rule(limits=limits)
        yield opened


@pytest.fixture
async def line(world: World) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the world's database, and its address."""
    async with open_proxy(world.url) as opened:
        yield opened


def a_round(staff: Staff, name: str) -> list[list[Command]]:
    """Three batches: calls of everybody begin, go on, and end."""
    organization_id = staff.organization_id
    calls = [f"{name}-{number}" for number in range(3)]
    return [
        [
            staff.call(calls[0], "sales"),
            staff.call(calls[1], callee=BRITISH, caller=NUMBER),
            staff.call(calls[2], "desk", callee=BRITISH),
        ],
        [update(organization_id, call, 1, 30) for call in calls],
        [end(organization_id, call, 40) for call in calls],
    ]


async def test_a_warm_batch_of_people_costs_one_round_trip_like_any_other(
    staff: Staff, line: tuple[Proxy, str]
) -> None:
    proxy, url = line
    plain = await staff.world.open_organization(funds_micros=100_000_000)
    async with staff.world.committer(url=url) as committer:
        await execute_all(committer, [authorise(plain, "warm")])
        for batch in a_round(staff, "warm"):
            await execute_all(committer, batch)
        before = proxy.answers
        for number in range(ROUNDS):
            await execute_all(committer, [authorise(plain, f"call-{number}")])
            for batch in a_round(staff, f"call-{number}"):
                assert set(codes(await execute_all(committer, batch))) <= {"granted", "ended"}
    assert proxy.answers - before == ROUNDS * 4


async def test_people_are_not_read_again_because_another_process_has_charged_a_call(
    staff: Staff, line: tuple[Proxy, str]
) -> None:
    proxy, url = line
    async with staff.world.committer(url=url) as committer, staff.world.committer() as other:
        await committer.execute(staff.call("warm", "sales"))
        proxy.watch(b"sales@example.com")
        for number in range(ROUNDS):
            await other.execute(staff.call(f"other-{number}", "desk", callee=BRITISH))
            granted(await committer.execute(staff.call(f"call-{number}", "sales")))
        assert proxy.sightings == 0
        await staff.license("sales", CREDITS)
        assert granted(await committer.execute(staff.call("after", "sales"))).included_seconds == 0
        assert proxy.sightings == 1
    await staff.check_books()
