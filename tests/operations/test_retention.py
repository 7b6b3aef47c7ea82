"""What is personal about old calls is erased by the country of their user, in steps, and the books agree as before."""

from datetime import timedelta
from typing import Any

from commcredits.core.commands import CallType, RecordCall, Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence
from commcredits.operations import reports, retention
from commcredits.operations.retention import FROM_THE_FIRST_ORGANIZATION, erase_old_calls
from commcredits.operations.upkeep import prune_meters, reap_silent_sessions
from commcredits.operations.verify import verify_books
from tests.operations.books_of_people import fill_books_of_people
from tests.operations.office import NOON, Office
from tests.operations.policed import BRITISH, CREDITS, ROMANIAN, open_firm
from tests.operations.test_usage import record, rows_of

PERSONAL = """
    select session_id, caller, callee, party_id, user_id, conference_id, memory
    from call_sessions where erased_at is not null order by session_id
"""


async def erased(office: Office) -> int:
    """How many calls one walk through all organizations erases."""
    count, after = 0, FROM_THE_FIRST_ORGANIZATION
    while True:
        turn = await erase_old_calls(office.services, after=after, at_once=2)
        count += turn.count
        after = turn.next_after
        if after == FROM_THE_FIRST_ORGANIZATION:
            return count


async def agrees(office: Office) -> None:
    assert (await verify_books(office.services)).discrepancies == ()


async def money(office: Office) -> list[Any]:
    """What must not change."""
    tables = ("journal", "accounts", "fund_lots")
    columns = "session_id, charged_micros, owed_micros, used_seconds, part_drawn_micros, authorised_at, department"
    found = [await office.services.pool.fetch(f"select * from {table} order by 1, 2, 3") for table in tables]  # noqa: S608 - names of ours
    calls = await office.services.pool.fetch(f"select {columns} from call_sessions order by 1")  # noqa: S608 - names of ours
    without_version = [{name: value for name, value in row.items() if name != "version"} for row in found[1]]
    return [found[0], without_version, found[2], calls]


async def test_calls_are_erased_when_the_days_of_their_users_country_are_over(office: Office) -> None:
    firm = await open_firm(office)
    users = {code: await firm.hire(code.lower(), usage_location=code) for code in ("CA", "RO", "GB", "IT")}
    for code, user in users.items():
        for days in (149, 151, 364, 366, 449, 451, 729, 731):
            started_at = NOON - timedelta(days=days)
            await record(
                office,
                firm.organization_id,
                60,
                record_id=f"{code}-{days}",
                user=user.party.party_id,
                started_at=started_at,
            )
    before = await money(office)
    assert await erased(office) == 7 + 5 + 3 + 1
    rows = await office.services.pool.fetch("select session_id from call_sessions where erased_at is null")
    assert {row["session_id"] for row in rows} == {
        *("CA-149", "RO-149", "RO-151", "RO-364"),
        *("GB-149", "GB-151", "GB-364", "GB-366", "GB-449"),
        *(f"IT-{days}" for days in (149, 151, 364, 366, 449, 451, 729)),
    }
    for row in await office.services.pool.fetch(PERSONAL):
        assert tuple(row)[1:] == ("", "", None, None, None, "[]")
    assert await money(office) == before
    await agrees(office)
    assert await erased(office) == 0


async def test_an_erased_call_is_in_no_listing_and_cannot_be_read_or_told_again(office: Office) -> None:
    organization_id = await office.calling_organization()
    started_at = NOON - timedelta(days=366)
    command = RecordCall(
        organization_id=organization_id,
        record_id="old",
        service=Service.OUTBOUND,
        caller="+40211230001",
        callee=BRITISH,
        started_at=started_at,
        duration_seconds=60,
    )
    await office.execute(command)
    assert await erased(office) == 1
    read = await reports.get_call(office.services, organization_id=organization_id, session_id="old")
    assert isinstance(read, Refused)
    listed = await reports.list_calls(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert not isinstance(listed, Refused)
    assert listed.items == ()
    assert await rows_of(office, organization_id) == []
    again = await office.execute(command)
    assert isinstance(again, Refused)
    assert again.code is RefusalCode.CONFLICT
    await agrees(office)


async def test_minutes_of_a_pool_of_ones_own_stay_counted_though_nobody_is_named(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales", Licence.DOMESTIC_120_UNPOOLED, CREDITS)
    for days in (360, 366, 367):
        await record(
            office,
            firm.organization_id,
            90,
            callee=ROMANIAN,
            user=user.party.party_id,
            started_at=NOON - timedelta(days=days),
        )
    assert await erased(office) == 2
    await agrees(office)
    keys = await office.services.pool.fetch("select key, used from meters where key like 'pool:%' order by key")
    own = f"pool:MCOPSTN8:{user.party.party_id}"
    assert sum(row["used"] for row in keys) == 6
    assert {row["key"]: row["used"] for row in keys}[own] == 2
    office.clock.advance(days=10)
    assert await erased(office) == 1
    await agrees(office)


async def test_calls_told_after_a_walk_has_passed_their_place_are_erased_by_the_next_walk(office: Office) -> None:
    organization_id = await office.calling_organization()
    await record(office, organization_id, 60, record_id="first", started_at=NOON - timedelta(days=370))
    assert await erased(office) == 1
    await record(office, organization_id, 60, record_id="late", started_at=NOON - timedelta(days=400))
    assert await erased(office) == 0
    office.clock.advance(days=8)
    assert await erased(office) == 1
    assert await erased(office) == 0


async def test_a_walk_goes_on_where_it_stopped_and_a_running_call_is_left_alone(
    office: Office, monkeypatch: Any
) -> None:
    monkeypatch.setattr(retention, "CALLS_AT_ONCE", 2)
    monkeypatch.setattr(retention, "CALLS_IN_A_TURN", 4)
    organization_id = await office.calling_organization()
    for number in range(10):
        await record(office, organization_id, 60, started_at=NOON - timedelta(days=400, seconds=number))
    office.clock.now = NOON - timedelta(days=399)
    await office.authorise(organization_id, "runs", answered=True)
    office.clock.now = NOON
    assert [await erased(office) for _ in range(4)] == [4, 4, 2, 0]
    live = await office.services.pool.fetchrow("select caller, erased_at from call_sessions where session_id = 'runs'")
    assert live is not None
    assert live["caller"]
    assert live["erased_at"] is None


async def test_the_whole_books_agree_when_everything_in_them_is_erased(office: Office) -> None:
    await fill_books_of_people(office)
    await agrees(office)
    office.clock.advance(days=800)
    await reap_silent_sessions(office.services)
    assert await erased(office) > 5
    # Totals under caps are forgotten long before, by months of the same clock.
    await prune_meters(office.services)
    await agrees(office)


async def test_a_copy_in_memory_brings_nothing_back(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales")
    call = {"user": user.party.party_id, "call_type": CallType.USER_OUT}
    await firm.call("old", 30, user)
    office.clock.advance(days=366)
    assert await erased(office) == 1
    await record(office, firm.organization_id, 10, **call)
    (row,) = await office.services.pool.fetch(PERSONAL)
    assert tuple(row)[1:] == ("", "", None, None, None, "[]")
