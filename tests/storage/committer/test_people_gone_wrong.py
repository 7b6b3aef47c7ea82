"""People's calls while connections are lost, memories overflow and rosters change: no minute, no block goes astray."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import pytest

from commcredits.core.commands import Authorise, Service
from commcredits.core.outcomes import Granted, Refused
from commcredits.core.roster import Licence, Limits, PartyKind
from commcredits.storage import surrounding
from commcredits.storage.committer import Committer
from commcredits.storage.committer_terms import CommitterTerms
from tests.storage.committer.process import other_process
from tests.storage.committer.proxy import Cut, Proxy, open_proxy
from tests.storage.committer.staff import BRITISH, CREDITS, STRANGER, Staff, open_staff
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    codes,
    end,
    execute_all,
    granted,
    soon,
    submit_all,
    update,
)

PLAN = Licence.DOMESTIC_120
POOL = "pool:MCOPSTN5:RO"
SALES_NUMBER, QUEUE_NUMBER = "+40211230001", "+40800123456"
EVERYWHERE = pytest.mark.parametrize("where", list(Cut), ids=lambda cut: cut.name.lower())
SMALL_BATCHES = CommitterTerms(batch_commands_max=16)
"""So small that there is always a next batch to decide while one commits."""
FORGETFUL = CommitterTerms(batch_commands_max=16, cached_accounts_max=1, cached_ended_sessions_max=3)


@pytest.fixture
async def staff(world: World) -> AsyncIterator[Staff]:
    """An organization with 1,000.00, two users and limits that money reaches soon."""
    async with open_staff(world, funds_micros=1_000_000_000) as opened:
        await opened.hire("sales", PLAN, CREDITS, number=SALES_NUMBER)
        await opened.hire("desk", CREDITS)
        limits = Limits(calls_max=200, user_hourly_max_micros=1_000_000, user_monthly_max_micros=90_000_000)
        await opened.rule(limits=limits)
        yield opened


@pytest.fixture
async def line(world: World) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of the world's database, and its address."""
    async with open_proxy(world.url) as opened:
        yield opened


# ---- lost connections


@EVERYWHERE
async def test_minutes_and_a_block_are_written_once_when_the_commit_loses_its_connection(
    staff: Staff, line: tuple[Proxy, str], where: Cut
) -> None:
    proxy, url = line
    async with staff.world.committer(url=url) as committer:
        await execute_all(committer, [staff.call("before", "sales", slice_seconds=300), staff.call("warm", "desk")])
        proxy.cut(b"the-marked-call", where)
        answers = submit_all(
            committer,
            [
                end(staff.organization_id, "before", 61),
                staff.call("the-marked-call", "sales", slice_seconds=120),
                staff.call("fast", "desk", callee=BRITISH, slice_seconds=600),
                staff.call("blocked", "desk", callee=BRITISH),
                staff.record("told", "sales", seconds=100),
            ],
        )
        await soon(lambda: proxy.cuts == 1, "the line was never cut")
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
        proxy.arrive.set()
        await staff.world.idle()
        again = granted(await committer.execute(staff.call("after", "sales")))

    assert codes(outcomes) == ["ended", "granted", "granted", "blocked", "recorded"]
    assert again.included_seconds == 60
    assert await staff.meter(POOL) == (2 + 2, 2 + 1)
    assert await staff.meter("calls", "") == (0, 4)
    assert await staff.world.count("blocks") == 1
    await staff.check_books()


@EVERYWHERE
async def test_people_are_looked_up_again_when_the_look_up_loses_its_connection(
    staff: Staff, line: tuple[Proxy, str], where: Cut
) -> None:
    """Whoever was being looked for is not taken for nobody afterwards."""
    proxy, url = line
    async with staff.world.committer(url=url) as committer:
        proxy.cut(b"sales@example.com", where)
        commands = [staff.call("one", "sales"), staff.call("two", caller=SALES_NUMBER), staff.call("three", "desk")]
        answers = submit_all(committer, commands)
        await soon(lambda: proxy.cuts == 1, "the line was never cut")
        outcomes = await asyncio.wait_for(asyncio.gather(*answers), WAIT_SECONDS_MAX)
        proxy.arrive.set()
    assert [granted(outcome).included_seconds for outcome in outcomes] == [60, 60, 0]
    await staff.check_books()


async def test_connections_that_end_under_load_lose_no_minute(staff: Staff) -> None:
    await staff.rule(limits=Limits(calls_max=200, user_monthly_max_micros=900_000_000))
    async with (
        staff.world.committer(SMALL_BATCHES) as one,
        staff.world.committer(SMALL_BATCHES) as other,
        traffic([one, other], staff) as flowing,
    ):
        for _time in range(6):
            await flowing.reach(200)
            await staff.world.end_committers()
    await staff.check_books()


async def test_a_process_that_is_killed_leaves_every_minute_where_it_said(staff: Staff) -> None:
    await staff.rule(limits=Limits(calls_max=900, user_monthly_max_micros=900_000_000))
    async with other_process(staff.world) as doomed, staff.world.committer(SMALL_BATCHES) as survivor:
        there = [doomed.submit(staff.call(f"there-{number}", "sales")) for number in range(400)]
        async with traffic([survivor], staff) as flowing:
            await there[0]
            await doomed.kill()
            await flowing.reach(200)
    told = {command.session_id: outcome for command, outcome in doomed.answers if isinstance(command, Authorise)}
    rows = await staff.world.database.fetch("select session_id, included_seconds from call_sessions")
    known = {row["session_id"]: row["included_seconds"] for row in rows}
    assert {call: granted(outcome).included_seconds for call, outcome in told.items()}.items() <= known.items()
    await staff.check_books()


# ---- memories that overflow, and rosters that change, while batches are decided ahead


class Traffic:
    """Callers of an organization with people, half of them strangers, who keep committers busy."""

    def __init__(self, committers: list[Committer], staff: Staff) -> None:
        self._committers = committers
        self._staff = staff
        self._numbers = count()
        self.answered = 0
        self.stopping = False

    async def run(self) -> None:
        """Call until told to stop."""
        await asyncio.gather(*(self._caller(number) for number in range(48)))

    async def reach(self, more: int) -> None:
        """Wait until so many more were answered."""
        enough = self.answered + more
        await soon(lambda: self.answered >= enough, "the traffic came to a halt")

    async def _caller(self, number: int) -> None:
        chance = random.Random(number)
        staff = self._staff
        while not self.stopping:
            session_id = f"traffic-{next(self._numbers)}"
            committer = chance.choice(self._committers)
            call = staff.call(session_id, chance.choice(["sales", "desk"]), slice_seconds=chance.choice([60, 100, 400]))
            if chance.random() < 0.3:
                stranger = f"+4072{chance.randrange(10**7):07d}"
                call = staff.call(session_id, caller=stranger, service=Service.TOLL_FREE_IN, callee=QUEUE_NUMBER)
            elif chance.random() < 0.3:
                call = staff.call(session_id, f"nobody-{chance.randrange(10**7)}")
            outcome = await asyncio.wait_for(committer.execute(call), WAIT_SECONDS_MAX)
            assert isinstance(outcome, Granted | Refused), outcome
            assert codes([outcome])[0] not in {"internal_error", "busy", "conflict"}, outcome
            if isinstance(outcome, Granted):
                later = chance.choice(self._committers)
                if chance.random() < 0.3:
                    granted(await later.execute(update(staff.organization_id, session_id, 1, 50)))
                if chance.random() < 0.9:
                    ended = await later.execute(end(staff.organization_id, session_id, chance.randrange(100)))
                    assert codes([ended]) == ["ended"]
            self.answered += 1


@asynccontextmanager
async def traffic(committers: list[Committer], staff: Staff) -> AsyncIterator[Traffic]:
    """Traffic that flows while the block runs, and of which everybody is answered at its end."""
    flowing = Traffic(committers, staff)
    running = asyncio.create_task(flowing.run())
    yield flowing
    flowing.stopping = True
    await asyncio.wait_for(running, WAIT_SECONDS_MAX)


@pytest.mark.parametrize("most", [3, 100_000], ids=["a memory that overflows", "a memory that does not"])
@pytest.mark.parametrize("terms", [SMALL_BATCHES, FORGETFUL], ids=["small batches", "small caches"])
async def test_strangers_who_flood_look_ups_cost_no_meter_a_count(
    staff: Staff, most: int, terms: CommitterTerms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(surrounding, "PEOPLE_MAX", most)
    await staff.hire("queue", CREDITS, number=QUEUE_NUMBER, kind=PartyKind.RESOURCE_ACCOUNT)
    limits = Limits(calls_max=100, user_monthly_max_micros=900_000_000, toll_free_caller_daily_max_micros=500_000)
    await staff.rule(limits=limits)
    async with staff.world.committer(terms) as one, traffic([one], staff) as flowing:
        await flowing.reach(1_500)
    assert await staff.world.count("meters", "key like 'caller:%' and used > 0") > 100
    await staff.check_books()


async def test_rosters_that_change_under_traffic_through_two_committers_leave_books_that_agree(staff: Staff) -> None:
    await staff.rule(limits=Limits(calls_max=100, user_monthly_max_micros=900_000_000))
    chance = random.Random(7)
    async with (
        staff.world.committer(SMALL_BATCHES) as one,
        staff.world.committer(FORGETFUL) as other,
        traffic([one, other], staff) as flowing,
    ):
        for turn in range(12):
            await flowing.reach(100)
            match turn % 3:
                case 0:
                    await staff.license("sales", *chance.sample([PLAN, CREDITS, Licence.AUDIO_CONFERENCING], 2))
                case 1:
                    limits = Limits(calls_max=chance.choice([None, 5, 100]), user_monthly_max_micros=900_000_000)
                    await staff.rule(limits=limits)
                case 2:
                    await staff.assign(SALES_NUMBER, None)
                    await staff.assign(SALES_NUMBER, chance.choice(["sales", "desk"]))
    await staff.check_books()


async def test_batches_of_people_are_decided_ahead(staff: Staff, line: tuple[Proxy, str]) -> None:
    """While one commits, the next is decided: the database is asked once for every batch, and for nothing else."""
    proxy, url = line
    await staff.rule(limits=Limits(calls_max=2_000, user_monthly_max_micros=900_000_000))
    async with staff.world.committer(SMALL_BATCHES, url=url) as committer:
        await execute_all(committer, [staff.call("warm", "sales"), staff.call("warm too", "desk")])
        before = proxy.answers
        calls = [staff.call(f"call-{number}", ("sales", "desk")[number % 2]) for number in range(640)]
        outcomes = await execute_all(committer, calls)
        assert proxy.answers - before == 640 // 16
    assert set(codes(outcomes)) == {"granted"}
    assert sum(granted(outcome).included_seconds for outcome in outcomes) == 60 * 119
    await staff.check_books()


async def test_a_stranger_among_callers_has_a_turn_although_looking_takes_time(staff: Staff) -> None:
    async with staff.world.committer(SMALL_BATCHES) as committer, traffic([committer], staff) as flowing:
        await flowing.reach(100)
        before = flowing.answered
        for number in range(5):
            call = staff.call(f"stranger-{number}", caller=f"{STRANGER[:-1]}{number}", callee=BRITISH)
            await asyncio.wait_for(committer.execute(call), WAIT_SECONDS_MAX)
        assert flowing.answered - before < 5 * 48 * 20
