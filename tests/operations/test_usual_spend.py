"""What a day of calls to a country usually costs is learnt from the calls themselves, and the limit rests on it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from commcredits.core.commands import RecordCall, Service
from commcredits.core.outcomes import Granted, Recorded, RefusalCode
from commcredits.core.roster import Licence, Limits, Roster
from commcredits.operations.blocks import list_blocks
from commcredits.operations.paging import Page
from commcredits.operations.rules import RulesRecord, read_rules
from commcredits.operations.upkeep import METERS_KEPT_DAYS, prune_meters, reap_silent_sessions
from commcredits.operations.usual_spend import DAYS, learn_usual_spend
from commcredits.operations.verify import verify_books
from tests.operations.colleagues import roster_of, versions
from tests.operations.office import NOON, Office
from tests.operations.policed import BRITISH, ROMANIAN, Firm, code, open_firm

UNIT = 1_000_000
GERMAN = "+4930123456"


async def roster(firm: Firm) -> Roster:
    found = await roster_of(firm.office, firm.organization_id)
    assert found is not None
    return found


async def usual(firm: Firm) -> dict[str, int]:
    """What is known of the firm's usual days, once it was learnt anew."""
    await learn_usual_spend(firm.office.services)
    return dict((await roster(firm)).usual_daily_micros)


async def limited(office: Office, *, limit_micros: int = 100 * UNIT) -> Firm:
    firm = await open_firm(office, funds_micros=500 * UNIT)
    await firm.rule(Limits(destination_daily_max_micros=limit_micros))
    return firm


async def test_the_highest_day_of_each_country_is_learnt_and_today_is_not_over(office: Office) -> None:
    firm = await limited(office)
    for days_ago, seconds, callee in ((3, 100, None), (3, 200, None), (2, 250, None), (2, 60, GERMAN), (0, 999, None)):
        office.clock.now = NOON - timedelta(days=days_ago, seconds=seconds)
        fields: dict[str, Any] = {} if callee is None else {"callee": callee}
        await firm.call(f"call-{days_ago}-{seconds}", seconds, slice_seconds=1_000, **fields)
    office.clock.now = NOON
    assert await usual(firm) == {"GB": 3 * UNIT, "DE": 120_000}
    office.clock.now = NOON + timedelta(days=1)
    assert await usual(firm) == {"GB": 9_990_000, "DE": 120_000}


async def test_what_lies_too_far_back_is_forgotten(office: Office) -> None:
    firm = await limited(office)
    await firm.call("call", 100)
    office.clock.now = NOON + timedelta(days=DAYS)
    assert await usual(firm) == {"GB": UNIT}
    office.clock.now = NOON + timedelta(days=DAYS + 1)
    assert await usual(firm) == {}


async def test_a_day_is_one_where_the_organization_is(office: Office) -> None:
    """Midnight in Bucharest is 22:00 UTC."""
    firm = await limited(office)
    for hour, minute in ((21, 59), (22, 0)):
        office.clock.now = datetime(2026, 11, 20, hour, minute, tzinfo=UTC)
        await firm.call(f"call-{hour}", 100)
    office.clock.now = NOON
    assert await usual(firm) == {"GB": UNIT}


async def test_conferences_count_and_calls_that_come_in_do_not(office: Office) -> None:
    firm = await limited(office)
    office.clock.now = NOON - timedelta(days=1)
    await firm.call("conference", 100, service=Service.CONFERENCE_DIAL_OUT)
    await firm.call("in", 100, service=Service.TOLL_FREE_IN, caller="+4930123456", callee="+40800123456")
    office.clock.now = NOON
    assert await usual(firm) == {"GB": 500_000}


async def test_nothing_is_learnt_where_no_limit_asks_for_it(office: Office) -> None:
    firm = await open_firm(office)
    await firm.rule(Limits(calls_max=100))
    await firm.call("call", 100)
    office.clock.advance(days=1)
    assert await usual(firm) == {}


async def test_learning_the_same_again_moves_no_version(office: Office) -> None:
    firm = await limited(office)
    await firm.call("call", 100)
    office.clock.advance(days=1)
    assert await learn_usual_spend(office.services) == 1
    before = await versions(office, firm.organization_id)
    assert await learn_usual_spend(office.services) == 0
    assert await versions(office, firm.organization_id) == before
    record = await read_rules(office.services, organization_id=firm.organization_id)
    assert isinstance(record, RulesRecord)
    assert record.usual_daily_micros == {"GB": UNIT}


async def test_saving_rules_forgets_nothing_of_what_was_learnt(office: Office) -> None:
    firm = await limited(office)
    await firm.call("call", 100)
    office.clock.advance(days=1)
    await learn_usual_spend(office.services)
    await firm.rule(Limits(destination_daily_max_micros=5 * UNIT))
    assert (await roster(firm)).usual_daily_micros == {"GB": UNIT}


async def test_a_day_that_ended_in_a_block_teaches_nothing(office: Office) -> None:
    firm = await limited(office, limit_micros=2 * UNIT)
    await firm.call("attack", 200)
    assert code(await firm.ask("more")) is RefusalCode.BLOCKED
    await firm.call("germany", 100, callee=GERMAN)
    office.clock.advance(days=1)
    assert await usual(firm) == {"DE": 200_000}


async def test_more_than_a_usual_day_times_the_factor_blocks_and_less_does_not(office: Office) -> None:
    firm = await limited(office, limit_micros=UNIT)
    await firm.rule(Limits())
    await firm.call("yesterday", 200)
    office.clock.advance(days=1)
    await firm.rule(Limits(destination_daily_max_micros=UNIT, destination_factor=2))
    await learn_usual_spend(office.services)
    granted = await firm.ask("today", slice_seconds=390)
    assert isinstance(granted, Granted)
    assert not granted.final
    granted = await firm.ask("too much", slice_seconds=390)
    assert isinstance(granted, Granted)
    assert (granted.granted_seconds, granted.final) == (10, True)
    page = await list_blocks(
        office.services, organization_id=firm.organization_id, in_force=True, cursor=None, limit=10
    )
    assert isinstance(page, Page)
    assert [(block.subject, block.limit_micros) for block in page.items] == [("GB", 4 * UNIT)]


async def test_very_many_organizations_are_learnt_page_by_page(office: Office) -> None:
    firms = [await limited(office) for _ in range(5)]
    for firm in firms:
        await firm.call("call", 100)
    office.clock.advance(days=1)
    assert await learn_usual_spend(office.services, at_once=2) == 5


METER = "insert into meters (shard_id, organization_id, key, period, used, held) values (0, $1, $2, $3, 1, $4)"


async def test_only_meters_of_long_ago_that_nothing_is_held_of_are_forgotten(office: Office) -> None:
    firm = await open_firm(office)
    long_ago = (office.clock.now - timedelta(days=METERS_KEPT_DAYS + 1)).date()
    last_kept = (office.clock.now - timedelta(days=METERS_KEPT_DAYS)).date()
    gone = [
        ("caller:+40722000001", long_ago.isoformat(), 0),
        ("velocity:user:1", f"{long_ago.isoformat()}T23", 0),
        ("cap:user:1", f"{long_ago.year}-{long_ago.month - 1:02d}", 0),
    ]
    kept = [
        ("caller:+40722000002", long_ago.isoformat(), 1),
        ("caller:+40722000003", last_kept.isoformat(), 0),
        ("velocity:user:2", f"{last_kept.isoformat()}T00", 0),
        ("cap:user:2", f"{last_kept.year}-{last_kept.month:02d}", 0),
        ("pool:MCOPSTN5:RO", "2020-01", 0),
        ("calls", "", 0),
    ]
    for key, period, held in gone + kept:
        await office.services.pool.execute(METER, firm.organization_id, key, period, held)
    assert await prune_meters(office.services) == len(gone)
    rows = await office.services.pool.fetch("select key from meters")
    assert {row["key"] for row in rows} == {key for key, _period, _held in kept}
    assert await prune_meters(office.services) == 0


async def test_a_late_correction_of_a_call_whose_meters_were_forgotten_is_booked(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1")
    await firm.rule(Limits(user_monthly_max_micros=10 * UNIT))
    await firm.ask("silent", sales, answered=True)
    office.clock.advance(seconds=400)
    await office.services.pool.execute("update live_calls set look_at = $1", office.clock.now)
    assert await reap_silent_sessions(office.services) == 1
    office.clock.advance(days=100)
    assert await prune_meters(office.services) == 1
    await firm.recount()
    ended = await office.end(firm.organization_id, "silent", 60)
    assert ended.charged_micros == 600_000


async def test_the_books_agree_after_a_call_was_told_whose_meters_were_forgotten(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS)
    await firm.rule(Limits(user_monthly_max_micros=10 * UNIT))
    long_ago = NOON - timedelta(days=100)
    office.clock.now = long_ago
    for callee in (BRITISH, ROMANIAN):
        await firm.call(callee, 60, sales, callee=callee)
    office.clock.now = NOON
    assert await prune_meters(office.services) == 1
    await firm.recount()
    for callee in (BRITISH, ROMANIAN):
        told = await office.execute(
            RecordCall(
                organization_id=firm.organization_id,
                record_id=f"late-{callee}",
                service=Service.OUTBOUND,
                caller="+40211230001",
                callee=callee,
                started_at=long_ago,
                duration_seconds=60,
                user="sales.1@example.com",
            )
        )
        assert isinstance(told, Recorded), told
    assert (await verify_books(office.services)).discrepancies == ()
    pool = await office.services.pool.fetchval("select used from meters where key = 'pool:MCOPSTN5:RO'")
    assert pool == 2
