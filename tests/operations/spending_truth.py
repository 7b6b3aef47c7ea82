"""What calls came to, added up in the plainest way: one call after the other, from its own row and from the journal.

Knows rows. Refuses to use any sum that is kept.
"""

from collections import Counter
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from commcredits.operations.spending import SpendingReport, Spent, report_spending
from tests.operations.office import Office

USE = ("call", "call_owed")
GIVEN_BACK = ("call_correction", "debt_correction")


async def report(office: Office, organization_id: str, **wanted: Any) -> SpendingReport:
    """A report that is not refused."""
    found = await report_spending(office.services, organization_id=organization_id, **wanted)
    assert isinstance(found, SpendingReport), found
    return found


async def truth(office: Office, organization_id: str, column: str, first: date, last: date) -> dict[str, Spent]:
    """What the calls of these days came to by the value of a column of theirs."""
    zone = ZoneInfo(
        await office.services.pool.fetchval(
            "select time_zone from organizations where organization_id = $1", organization_id
        )
    )
    rows = await office.services.pool.fetch(
        "select * from call_sessions where organization_id = $1 and state <> 'refused'", organization_id
    )
    found: dict[str, Spent] = {}
    for row in rows:
        if first <= row["authorised_at"].astimezone(zone).date() <= last:
            call = Spent(
                calls=1,
                seconds=row["used_seconds"],
                pool_minutes=-(-min(row["used_seconds"], row["included_seconds"]) // 60),
                charged_micros=row["charged_micros"],
            )
            key = str(row[column] or "")
            found[key] = found.get(key, Spent()).with_more(call)
    return found


async def charged_by_journal(office: Office, organization_id: str) -> int:
    """What the journal took for calls less what it gave back, debts included."""
    sums = Counter[str]()
    for row in await office.services.pool.fetch(
        "select reason, amount_micros from journal where organization_id = $1", organization_id
    ):
        sums[row["reason"]] += row["amount_micros"]
    return sum(sums[each] for each in USE) - sum(sums[each] for each in GIVEN_BACK)


async def assert_sums_are_calls_and_journal(office: Office, organization_id: str, first: date, last: date) -> None:
    """The reports say what the calls say, and the calls what the journal says; the days must hold every call."""
    for by, column in (("department", "department"), ("service", "service"), ("destination", "other_country")):
        for every in ("month", "week"):
            told = await report(office, organization_id, by=by, every=every, first_day=first, last_day=last, top=10_000)
            found: dict[str, Spent] = {}
            for line in told.lines:
                found[line.key] = found.get(line.key, Spent()).with_more(line.spent)
            expected = await truth(office, organization_id, column, first, last)
            assert found == expected
            assert told.others == Spent()
            whole = Spent()
            for spent in expected.values():
                whole = whole.with_more(spent)
            assert told.total == whole
            in_time = Spent()
            for spent in told.over_time:
                in_time = in_time.with_more(spent)
            assert in_time == whole
            assert told.total.charged_micros == await charged_by_journal(office, organization_id)
