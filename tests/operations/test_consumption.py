"""Consumption by day follows the organization's own calendar, and comes to what its calls were charged."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from commcredits.core.commands import Expire
from commcredits.core.outcomes import Ended, RefusalCode, Refused
from commcredits.operations.reports import DAYS_MAX, DayOfConsumption, consumption_by_day
from commcredits.operations.spending_sums import sum_spending
from tests.operations.office import Office, new_id


async def consumed(office: Office, organization_id: str, days: int) -> tuple[DayOfConsumption, ...]:
    found = await consumption_by_day(office.services, organization_id=organization_id, days=days)
    assert isinstance(found, tuple), found
    return found


async def test_a_call_counts_on_the_day_on_which_it_began_where_its_organization_is(office: Office) -> None:
    """In Bucharest, two hours ahead in winter, midnight is 22:00 UTC."""
    organization_id = await office.calling_organization()
    for instant, seconds in (
        (datetime(2026, 11, 20, 21, 59, 59, 999_999, tzinfo=UTC), 1),
        (datetime(2026, 11, 20, 22, tzinfo=UTC), 20),
        (datetime(2026, 11, 21, 21, 59, 59, 999_999, tzinfo=UTC), 300),
        (datetime(2026, 11, 21, 22, tzinfo=UTC), 4),
    ):
        office.clock.now = instant
        await office.call(organization_id, f"call-{seconds}", seconds)

    assert await consumed(office, organization_id, 3) == (
        DayOfConsumption(day=date(2026, 11, 20), calls=1, duration_seconds=1, charged_micros=10_000),
        DayOfConsumption(day=date(2026, 11, 21), calls=2, duration_seconds=320, charged_micros=3_200_000),
        DayOfConsumption(day=date(2026, 11, 22), calls=1, duration_seconds=4, charged_micros=40_000),
    )


async def test_today_is_the_last_day_and_a_day_without_calls_is_there_too(office: Office) -> None:
    organization_id = await office.calling_organization()
    office.clock.now = datetime(2026, 3, 1, 21, 59, tzinfo=UTC)
    days = await consumed(office, organization_id, DAYS_MAX)
    assert len(days) == DAYS_MAX
    assert days[-1] == DayOfConsumption(day=date(2026, 3, 1), calls=0, duration_seconds=0, charged_micros=0)
    assert {later.day - earlier.day for earlier, later in pairwise(days)} == {timedelta(days=1)}


async def test_calls_of_other_organizations_and_refused_ones_do_not_count(office: Office) -> None:
    organization_id, other_id = await office.calling_organization(), await office.calling_organization()
    await office.call(other_id, "call", 60)
    refused = await office.authorise(organization_id, "nowhere", callee="+99912345678")
    assert isinstance(refused, Refused)
    (today,) = await consumed(office, organization_id, 1)
    assert (today.calls, today.charged_micros) == (0, 0)


async def test_a_call_that_was_charged_too_much_counts_with_what_it_cost_in_the_end(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "silent", answered=True)
    office.clock.advance(seconds=331)
    expired = await office.execute(Expire(organization_id=organization_id, session_id="silent", grant_number=1))
    assert isinstance(expired, Ended)
    assert (await consumed(office, organization_id, 1))[0].charged_micros == 3_000_000

    await office.end(organization_id, "silent", 100)

    (today,) = await consumed(office, organization_id, 1)
    assert (today.calls, today.duration_seconds, today.charged_micros) == (1, 100, 1_000_000)


async def test_days_that_were_summed_tell_the_same_and_follow_what_changes_later(office: Office) -> None:
    """What was summed is read as a sum; a call that is corrected afterwards counts with what it cost in the end."""
    organization_id = await office.calling_organization()
    for name, seconds in (("first", 20), ("second", 300)):
        await office.call(organization_id, name, seconds)
        office.clock.advance(days=1)
    await office.authorise(organization_id, "silent", answered=True)
    office.clock.advance(seconds=331)
    await office.execute(Expire(organization_id=organization_id, session_id="silent", grant_number=1))
    office.clock.advance(days=2)
    await office.call(organization_id, "today", 60)
    before = await consumed(office, organization_id, 5)
    assert [(each.calls, each.charged_micros) for each in before] == [
        (1, 200_000),
        (1, 3_000_000),
        (1, 3_000_000),
        (0, 0),
        (1, 600_000),
    ]

    assert (await sum_spending(office.services)).count
    assert await office.services.pool.fetchval("select count(*) from spending_days where dimension = 'service'") == 3

    assert await consumed(office, organization_id, 5) == before
    await office.end(organization_id, "silent", 100)
    after = await consumed(office, organization_id, 5)
    assert (after[2].duration_seconds, after[2].charged_micros) == (100, 1_000_000)
    assert [each for each in after if each != after[2]] == [each for each in before if each != before[2]]


async def test_no_days_and_too_many_are_refused(office: Office) -> None:
    organization_id = await office.calling_organization()
    for days in (-1, 0, DAYS_MAX + 1, 10**30):
        refused = await consumption_by_day(office.services, organization_id=organization_id, days=days)
        assert isinstance(refused, Refused)
        assert refused.facts["field"] == "days"


async def test_nobody_consumed_anything_in_an_organization_that_does_not_exist(office: Office) -> None:
    refused = await consumption_by_day(office.services, organization_id=new_id(), days=1)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION
