"""Sums by day equal calls and journal, whatever becomes of a day long over, and whenever it is asked."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from random import Random

import pytest

from commcredits.core.commands import End, Expire, RefundCall
from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence
from commcredits.operations.people import PartyInfo
from commcredits.operations.spending import SpendingReport, Spent, report_spending
from commcredits.operations.spending_sums import sum_organization, sum_spending
from commcredits.operations.verify import verify_books
from tests.operations.call_files import file_of, imported, line, new_deck
from tests.operations.office import NOON, Office, new_id
from tests.operations.periods import CHEAPER, DEARER, corrected
from tests.operations.policed import BRITISH, ROMANIAN, Firm, open_firm
from tests.operations.spending_truth import assert_sums_are_calls_and_journal, report, truth

FIRST, LAST = date(2026, 9, 1), date(2027, 1, 31)


async def stored(office: Office) -> int:
    return int(await office.services.pool.fetchval("select count(*) from spending_days"))


async def test_a_day_is_read_from_its_calls_until_it_is_over_and_from_its_sum_from_then_on(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    await sum_spending(office.services)
    assert await stored(office) == 0
    assert (await report(office, organization)).total == Spent(calls=1, seconds=60, charged_micros=600_000)
    office.clock.now = datetime(2026, 11, 22, 22, 31, tzinfo=UTC)
    assert (await sum_spending(office.services)).count == 1
    assert await stored(office) == 5
    # The sum itself is read: a report that looked at the calls would not see this.
    await office.services.pool.execute("update spending_days set charged_micros = 1")
    assert (await report(office, organization)).total.charged_micros == 1
    assert (await sum_spending(office.services)).count == 0


async def test_a_day_is_left_to_its_last_calls_for_half_an_hour(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    office.clock.now = datetime(2026, 11, 22, 22, 29, tzinfo=UTC)
    await sum_spending(office.services)
    assert await stored(office) == 0


async def test_a_call_that_runs_into_the_next_day_is_told_at_once_and_summed_once_it_is_over(office: Office) -> None:
    organization = await office.calling_organization()
    await office.authorise(organization, "long", answered=True, slice_seconds=7_200)
    office.clock.now = NOON + timedelta(days=1)
    await sum_spending(office.services)
    await office.end(organization, "long", 600)
    day = date(2026, 11, 22)
    expected = Spent(calls=1, seconds=600, charged_micros=6_000_000)
    assert (await report(office, organization, first_day=day, last_day=day)).total == expected
    assert (await sum_spending(office.services)).count == 1
    await office.services.pool.execute("update spending_days set calls = 7")
    assert (await report(office, organization, first_day=day, last_day=day)).total.calls == 7


async def test_an_open_day_is_not_summed_again_and_again_while_its_call_runs(office: Office) -> None:
    organization = await office.calling_organization()
    await office.authorise(organization, "long", answered=True)
    office.clock.now = NOON + timedelta(days=1)
    assert (await sum_spending(office.services)).count == 1
    assert (await sum_spending(office.services)).count == 0


async def test_a_call_told_for_a_day_that_was_summed_is_in_the_next_report(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    office.clock.now = NOON + timedelta(days=40)
    await sum_spending(office.services)
    await imported(office, organization, file_of(line("late", started_at="2026-11-22T08:00:00Z")))
    await imported(office, organization, file_of(line("earlier", started_at="2026-10-05T08:00:00Z")))
    whole = {"first_day": date(2026, 10, 1), "last_day": date(2026, 12, 31), "every": "month"}
    expected = Spent(calls=3, seconds=180, charged_micros=1_800_000)
    assert (await report(office, organization, **whole)).total == expected
    assert (await sum_spending(office.services)).count == 2
    assert (await report(office, organization, **whole)).total == expected
    assert not await office.services.pool.fetch("select from spending_changes")


async def test_a_late_end_without_any_money_changes_its_day_as_well(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales.1", Licence.DOMESTIC_120)
    await firm.ask("silent", user, callee=ROMANIAN, answered=True, slice_seconds=300)
    office.clock.advance(hours=2)
    await office.execute(Expire(organization_id=firm.organization_id, session_id="silent", grant_number=1))
    office.clock.now = NOON + timedelta(days=2)
    await sum_spending(office.services)
    assert (await report(office, firm.organization_id)).total == Spent(calls=1, seconds=300, pool_minutes=5)
    await office.execute(
        End(organization_id=firm.organization_id, session_id="silent", used_seconds=61, cause="normal")
    )
    expected = Spent(calls=1, seconds=61, pool_minutes=2)
    assert (await report(office, firm.organization_id)).total == expected
    assert (await sum_spending(office.services)).count == 1
    assert (await report(office, firm.organization_id)).total == expected


async def test_a_change_that_is_committed_while_its_day_is_summed_is_not_lost(office: Office) -> None:
    """The hard order: the change began before the sum was read, and is committed after the sum was kept."""
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    office.clock.now = NOON + timedelta(days=2)
    connection = await office.services.pool.acquire()
    transaction = connection.transaction()
    await transaction.start()
    await connection.execute("update call_sessions set used_seconds = 30 where session_id = 'a'")
    await sum_spending(office.services)
    assert (await report(office, organization)).total.seconds == 60
    await transaction.commit()
    await office.services.pool.release(connection)
    assert (await report(office, organization)).total.seconds == 30
    assert (await sum_spending(office.services)).count == 1
    assert (await report(office, organization)).total.seconds == 30


async def test_two_workers_at_once_sum_each_day_once(office: Office) -> None:
    organization = await office.calling_organization()
    await office.call(organization, "a", 60)
    office.clock.now = NOON + timedelta(days=70)
    await asyncio.gather(*(sum_organization(office.services, organization_id=organization) for _ in range(4)))
    while (await sum_spending(office.services)).count:
        pass
    await assert_sums_are_calls_and_journal(office, organization, FIRST, LAST)
    assert await stored(office) == 5


async def test_an_organization_that_moves_to_another_zone_gets_its_days_anew(office: Office) -> None:
    organization = await office.calling_organization(time_zone="Asia/Kathmandu")
    office.clock.now = datetime(2026, 11, 21, 18, 20, tzinfo=UTC)  # five past midnight there
    await office.call(organization, "a", 60)
    office.clock.now = NOON + timedelta(days=2)
    await sum_spending(office.services)
    day = {"first_day": date(2026, 11, 22), "last_day": date(2026, 11, 22)}
    assert (await report(office, organization, **day)).total.calls == 1
    await office.services.pool.execute("update organizations set time_zone = 'America/New_York'")
    assert (await report(office, organization, **day)).total.calls == 0
    assert (await sum_spending(office.services)).count == 3
    assert (await report(office, organization, **day)).total.calls == 0


@pytest.mark.parametrize("seed", range(2))
async def test_sums_equal_calls_and_journal_in_a_storm(office: Office, seed: int) -> None:
    random = Random(seed)
    zone = ("Europe/Bucharest", "Asia/Kathmandu")[seed]
    firm = await open_firm(office, funds_micros=2_000_000_000)
    await office.services.pool.execute("update organizations set time_zone = $1", zone)
    users = [
        await firm.hire(f"sales.{number}", Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS) for number in range(3)
    ]
    office.clock.now = NOON - timedelta(days=60)
    decks = [await new_deck(office, *CHEAPER), await new_deck(office, *DEARER)]
    for night in range(12):
        office.clock.advance(days=7, seconds=random.randrange(86_400))
        await asyncio.gather(
            *(_call(firm, f"{night}-{number}", random, users) for number in range(12)),
            sum_spending(office.services),
        )
        await _trouble(firm, night, random, decks)
        if night % 3 == 2:
            await assert_sums_are_calls_and_journal(office, firm.organization_id, FIRST, LAST)
    for row in await office.services.pool.fetch("select session_id from live_calls"):
        await office.end(firm.organization_id, row["session_id"], 7)
    while (await sum_spending(office.services)).count:
        pass
    await assert_sums_are_calls_and_journal(office, firm.organization_id, FIRST, LAST)
    left = await office.services.pool.fetchval("select count(*) from spending_changes")
    assert left == 0
    assert (await verify_books(office.services)).discrepancies == ()


async def _call(firm: Firm, session_id: str, random: Random, users: list[PartyInfo]) -> None:
    user = random.choice(users)
    fields = {"callee": random.choice((BRITISH, ROMANIAN)), "answered": True, "slice_seconds": 120}
    if isinstance(await firm.ask(session_id, user, **fields), Refused) or random.random() < 0.1:
        return
    if random.random() < 0.2:
        firm.office.clock.advance(seconds=600)
        await firm.office.execute(Expire(organization_id=firm.organization_id, session_id=session_id, grant_number=1))
        return
    await firm.office.end(firm.organization_id, session_id, random.randrange(1, 120))


async def _trouble(firm: Firm, night: int, random: Random, decks: list[str]) -> None:
    """What changes days of the past: ends that come late, refunds, records, another deck."""
    office, organization = firm.office, firm.organization_id
    rows = await office.services.pool.fetch("select session_id, state from call_sessions order by session_id")
    over = [row["session_id"] for row in rows if row["state"] in {"ended", "expired"}]
    late = [row["session_id"] for row in rows if row["state"] == "expired"]
    work = [
        office.execute(RefundCall(organization_id=organization, session_id=each, command_id=new_id(), used_seconds=5))
        for each in random.sample(over, min(2, len(over)))
    ]
    work += [
        office.execute(End(organization_id=organization, session_id=each, used_seconds=20, cause="late"))
        for each in late[:2]
    ]
    day = (office.clock.now - timedelta(days=random.randrange(1, 30))).isoformat().replace("+00:00", "Z")
    records = [line(f"told-{night}-{number}", started_at=day) for number in range(2)]
    await asyncio.gather(*work, imported(office, organization, file_of(*records)), sum_spending(office.services))
    if night % 4 == 1:
        await corrected(office, organization, decks[night // 4 % 2])


async def test_a_report_is_one_moment_while_calls_go_on(office: Office) -> None:
    organization = await office.calling_organization()
    asked = [
        asyncio.create_task(report_spending(office.services, organization_id=organization, by="department", top=5))
        for _ in range(5)
    ]
    for number in range(10):
        await office.call(organization, f"c{number}", 1)
    for each in await asyncio.gather(*asked):
        assert isinstance(each, SpendingReport)
        assert sum(one.spent.calls for one in each.lines) == each.total.calls
    assert (await truth(office, organization, "service", FIRST, LAST))["outbound"].calls == 10
