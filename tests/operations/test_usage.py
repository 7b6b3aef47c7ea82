"""Usage rows say of each call what reports promise, split where two sources paid, and add up to what was charged."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.core.commands import CallType, CorrectCall, Expire, RecordCall, Service, Start
from commcredits.core.outcomes import Ended, Recorded, RefusalCode, Refused
from commcredits.core.privacy import Privacy
from commcredits.core.roster import Licence
from commcredits.operations import reports
from commcredits.operations.call_records import NumberType, UsageRow
from commcredits.operations.paging import Page
from commcredits.operations.report_terms import ReportTerms
from commcredits.operations.tariffs import assign_rate_deck
from commcredits.operations.usage import UsageQuery, UsageSums, list_usage, read_usage, sum_usage
from tests.operations.office import NOON, Office, new_id
from tests.operations.policed import BRITISH, CREDITS, ROMANIAN, open_firm

DAY = UsageQuery(begins=NOON - timedelta(days=1), ends=NOON + timedelta(days=1))
ELSEWHERE = "019353b4-7c1e-7000-8000-000000000000"


async def rows_of(office: Office, organization_id: str, query: UsageQuery = DAY) -> list[UsageRow]:
    """Every row, oldest first; the listing must tell the same, newest call first."""
    found = await read_usage(office.services, organization_id=organization_id, query=query)
    assert not isinstance(found, Refused), found
    rows = [row async for some in found for row in some]
    listed: list[UsageRow] = []
    cursor: str | None = None
    while True:
        page = await list_usage(office.services, organization_id=organization_id, query=query, cursor=cursor, limit=3)
        assert isinstance(page, Page), page
        listed += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(listed, key=lambda row: row.usage_id) == sorted(rows, key=lambda row: row.usage_id)
    newest_first = [row.session_id for row in listed if row.part == 1]
    assert newest_first == [row.session_id for row in rows if row.part == 1][::-1]
    return rows


async def sums_of(office: Office, organization_id: str, query: UsageQuery = DAY) -> UsageSums:
    found = await sum_usage(office.services, organization_id=organization_id, query=query)
    assert isinstance(found, UsageSums), found
    return found


async def record(office: Office, organization_id: str, seconds: int, **fields: Any) -> str:
    """The id of a call told after the fact, a minute before it is told."""
    call = {
        "record_id": new_id(),
        "service": Service.OUTBOUND,
        "caller": "+40211230001",
        "callee": BRITISH,
        "started_at": office.clock.now - timedelta(seconds=seconds),
        **fields,
    }
    outcome = await office.execute(RecordCall(organization_id=organization_id, duration_seconds=seconds, **call))
    assert isinstance(outcome, Recorded), outcome
    return str(call["record_id"])


async def test_a_call_is_told_as_soon_as_it_is_over_and_not_before(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "rings")
    await office.authorise(organization_id, "talks", answered=True)
    assert await rows_of(office, organization_id) == []
    office.clock.advance(seconds=90)
    await office.end(organization_id, "talks", 90)
    (row,) = await rows_of(office, organization_id)
    assert (row.session_id, row.duration_seconds, row.charge_micros, row.currency) == ("talks", 90, 900_000, "EUR")
    assert (row.started_at, row.ended_at) == (NOON, NOON + timedelta(seconds=90))
    assert (row.call_type, row.capability, row.object_id) == (CallType.USER_OUT, "MCOPSTNPP", "")
    assert (row.domestic, row.external_country, row.user_location) == (False, "GB", "RO")


async def test_what_was_refused_or_never_answered_is_no_usage(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "nowhere", callee="+99912345678")
    await office.authorise(organization_id, "nobody answered")
    await office.end(organization_id, "nobody answered", 0)
    assert await rows_of(office, organization_id) == []
    assert (await sums_of(office, organization_id)).calls == 0


async def test_a_call_that_outlives_its_pool_is_two_rows_of_one_call_id_whose_money_is_on_the_second(
    office: Office,
) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales", Licence.DOMESTIC_120_UNPOOLED, CREDITS, department="Sales")
    await record(office, firm.organization_id, 119 * 60, callee=ROMANIAN, user=user.party.user_principal_name)
    call_id = await record(office, firm.organization_id, 150, callee=ROMANIAN, user=user.party.user_principal_name)
    _long, first, second = await rows_of(office, firm.organization_id)
    assert first.call_id == second.call_id == call_id
    assert first.usage_id != second.usage_id
    assert (first.capability, first.duration_seconds, first.charge_micros) == ("MCOPSTN8", 60, 0)
    assert (second.capability, second.duration_seconds) == ("MCOPSTNPP", 90)
    assert second.charge_micros == 120_000  # two started minutes at 0.06
    assert first.ended_at == second.started_at
    assert {first.domestic, second.domestic} == {True}
    assert {row.department for row in (first, second)} == {"Sales"}
    assert {row.object_id for row in (first, second)} == {user.party.party_id}
    again = await rows_of(office, firm.organization_id)
    assert [row.usage_id for row in again[1:]] == [first.usage_id, second.usage_id]


async def test_a_capability_asks_for_the_part_that_it_paid_and_the_sums_say_the_same(office: Office) -> None:
    firm = await open_firm(office)
    user = await firm.hire("sales", Licence.DOMESTIC_120_UNPOOLED, CREDITS)
    await record(office, firm.organization_id, 119 * 60, callee=ROMANIAN, user=user.party.user_principal_name)
    await record(office, firm.organization_id, 150, callee=ROMANIAN, user=user.party.user_principal_name)
    pooled = replace(DAY, capability="MCOPSTN8")
    paid = replace(DAY, capability="MCOPSTNPP")
    assert [row.duration_seconds for row in await rows_of(office, firm.organization_id, pooled)] == [119 * 60, 60]
    assert [row.duration_seconds for row in await rows_of(office, firm.organization_id, paid)] == [90]
    of_pool, of_credits = [await sums_of(office, firm.organization_id, query) for query in (pooled, paid)]
    assert (of_pool.calls, of_pool.seconds, of_pool.charge_micros) == (2, 120 * 60, 0)
    assert (of_credits.calls, of_credits.seconds, of_credits.charge_micros) == (1, 90, 120_000)


async def test_the_connection_fee_is_a_column_of_its_own_and_both_are_what_was_charged(office: Office) -> None:
    content = (
        b"prefix,destination,service,price_per_minute,connection_fee,first_increment,next_increment,"
        b"effective_from,effective_to\n44,United Kingdom,outbound,0.60,0.05,60,60,2020-01-01,\n"
    )
    organization = await office.organization()
    organization_id = organization.organization_id
    await office.grant(organization_id, 50_000_000)
    deck = await office.deck(content=content)
    await assign_rate_deck(
        office.services, organization_id=organization_id, command_id=new_id(), rate_deck_id=deck.rate_deck_id
    )
    ended = await office.call(organization_id, "call", 61)
    (row,) = await rows_of(office, organization_id)
    assert (row.fee_micros, row.charge_micros) == (50_000, 1_200_000)
    assert row.fee_micros + row.charge_micros == ended.charged_micros


async def test_a_call_that_was_corrected_or_ended_late_shows_what_it_cost_in_the_end(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.authorise(organization_id, "silent", answered=True)
    office.clock.advance(seconds=331)
    expired = await office.execute(Expire(organization_id=organization_id, session_id="silent", grant_number=1))
    assert isinstance(expired, Ended)
    (before,) = await rows_of(office, organization_id)
    assert before.charge_micros == 3_000_000
    await office.end(organization_id, "silent", 30)
    (after,) = await rows_of(office, organization_id)
    assert (after.usage_id, after.charge_micros, after.duration_seconds) == (before.usage_id, 300_000, 30)
    cheaper = await office.deck(
        content=b"prefix,destination,service,price_per_minute,connection_fee,first_increment,next_increment,"
        b"effective_from,effective_to\n44,United Kingdom,outbound,0.06,0,1,1,2020-01-01,\n"
    )
    command = CorrectCall(
        organization_id=organization_id,
        command_id=new_id(),
        session_id="silent",
        rate_deck_id=cheaper.rate_deck_id,
    )
    corrected = await office.execute(command)
    assert isinstance(corrected, Recorded), corrected
    (finally_charged,) = await rows_of(office, organization_id)
    assert finally_charged.charge_micros == 30_000
    assert (await sums_of(office, organization_id)).charge_micros == 30_000


async def test_a_call_without_a_rate_is_told_as_free(office: Office) -> None:
    organization_id = await office.calling_organization()
    await record(office, organization_id, 60, callee="+99912345678")
    (row,) = await rows_of(office, organization_id)
    assert (row.capability, row.charge_micros, row.duration_seconds) == ("FREECALL", 0, 60)


async def test_conference_legs_show_the_organizer_and_resource_accounts_have_no_object_id(office: Office) -> None:
    firm = await open_firm(office)
    organizer = await firm.hire("organizer", Licence.AUDIO_CONFERENCING, CREDITS)
    queue = await firm.queue("queue")
    await record(
        office,
        firm.organization_id,
        60,
        service=Service.CONFERENCE_DIAL_OUT,
        call_type=CallType.CONF_OUT,
        user=organizer.party.party_id,
        conference_id="4711",
    )
    await record(
        office,
        firm.organization_id,
        60,
        service=Service.TOLL_FREE_IN,
        call_type=CallType.UCAP_IN,
        caller=BRITISH,
        callee="+40800123456",
        user=queue.party.party_id,
    )
    conference, inbound = await rows_of(office, firm.organization_id)
    assert (conference.object_id, conference.conference_id) == (organizer.party.party_id, "4711")
    assert (conference.number_type, conference.inbound) == (NumberType.SERVICE, False)
    assert (inbound.object_id, inbound.party_id) == ("", queue.party.party_id)
    assert inbound.user_principal_name == queue.party.user_principal_name
    assert (inbound.number_type, inbound.inbound, inbound.domestic) == (NumberType.TOLL_FREE, True, None)


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"call_type": "user_out"}, ["abroad", "home"]),
        ({"call_type": "user_in"}, ["inbound"]),
        ({"country": "GB"}, ["abroad", "inbound"]),
        ({"charged_only": True}, ["abroad", "home"]),
        ({"capability": "MCOPSTNPP"}, ["abroad", "home"]),
        ({"capability": "NONE"}, []),
        ({"country": "GB", "charged_only": True}, ["abroad"]),
    ],
)
async def test_what_is_asked_for_is_told_and_summed_and_nothing_else(
    office: Office, chosen: dict[str, Any], told: list[str]
) -> None:
    firm = await open_firm(office)
    user = (await firm.hire("sales")).party.party_id
    await record(office, firm.organization_id, 60, record_id="abroad", user=user)
    await record(office, firm.organization_id, 60, record_id="home", callee=ROMANIAN, user=user)
    await record(
        office,
        firm.organization_id,
        60,
        record_id="inbound",
        user=user,
        service=Service.TOLL_IN,
        call_type=CallType.USER_IN,
        caller=BRITISH,
        callee="+40211230001",
    )
    for query in (replace(DAY, **chosen), replace(DAY, **chosen, user_id=user)):
        assert [row.session_id for row in await rows_of(office, firm.organization_id, query)] == told
        assert (await sums_of(office, firm.organization_id, query)).calls == len(told)
    nobody = replace(DAY, **chosen, user_id=ELSEWHERE)
    assert await rows_of(office, firm.organization_id, nobody) == []


async def test_a_users_own_calls_are_found_where_the_plan_of_a_resource_account_paid_them(office: Office) -> None:
    firm = await open_firm(office)
    queue = await firm.queue("shared")
    user = await firm.hire("sales", shared_calling_account=queue.party.party_id)
    await firm.recount()
    await record(office, firm.organization_id, 60, record_id="shared", user=user.party.user_principal_name)
    (row,) = await rows_of(office, firm.organization_id, replace(DAY, user_id=user.party.party_id))
    assert (row.object_id, row.session_id) == (user.party.party_id, "shared")


async def test_days_of_the_report_are_those_of_utc_and_both_ends_count(office: Office) -> None:
    organization_id = await office.calling_organization()
    for instant in (
        datetime(2026, 11, 20, 23, 59, 59, 999_999, tzinfo=UTC),
        datetime(2026, 11, 21, tzinfo=UTC),
        datetime(2026, 11, 22, 10, tzinfo=UTC),
        datetime(2026, 11, 22, 10, 0, 0, 1, tzinfo=UTC),
    ):
        await record(office, organization_id, 60, started_at=instant)
    query = UsageQuery(begins=datetime(2026, 11, 21, tzinfo=UTC), ends=datetime(2026, 11, 22, 10, tzinfo=UTC))
    sums = await sums_of(office, organization_id, query)
    assert [(day.day, day.calls) for day in sums.days] == [(date(2026, 11, 21), 1), (date(2026, 11, 22), 1)]
    assert len(await rows_of(office, organization_id, query)) == 2


async def test_a_call_counts_from_its_answer_also_where_it_rang_over_the_beginning(office: Office) -> None:
    organization_id = await office.calling_organization()
    office.clock.now = NOON - timedelta(seconds=30)
    await office.authorise(organization_id, "rang")
    office.clock.now = NOON + timedelta(seconds=5)
    await office.execute(Start(organization_id=organization_id, session_id="rang"))
    await office.end(organization_id, "rang", 3)
    since_noon = UsageQuery(begins=NOON, ends=NOON + timedelta(hours=1))
    (row,) = await rows_of(office, organization_id, since_noon)
    assert row.started_at == NOON + timedelta(seconds=5)
    assert await rows_of(office, organization_id, UsageQuery(begins=NOON - timedelta(hours=1), ends=NOON)) == []


async def test_an_organization_in_germany_sees_no_external_number_in_full_anywhere(office: Office) -> None:
    organization_id = await office.calling_organization(country="DE")
    await office.call(organization_id, "out", 10, callee="+442079460999")
    (row,) = await rows_of(office, organization_id)
    assert row.callee == "+442079460***"
    listed = await reports.list_calls(office.services, organization_id=organization_id, cursor=None, limit=10)
    call = await reports.get_call(office.services, organization_id=organization_id, session_id="out")
    assert isinstance(listed, Page)
    assert isinstance(call, reports.CallRecord)
    assert {listed.items[0].callee, call.callee} == {"+442079460***"}
    kept = await office.services.pool.fetchval("select callee from call_sessions where session_id = 'out'")
    assert kept == "+442079460999"


async def test_records_kept_no_longer_are_not_told_though_nothing_was_erased_yet(office: Office) -> None:
    firm = await open_firm(office)
    away = await firm.hire("away", usage_location="CA")
    home = await firm.hire("home", usage_location="GB")
    for days in (149, 151, 366, 449, 451):
        for user in (away, home):
            await record(
                office,
                firm.organization_id,
                60,
                record_id=f"{user.party.user_principal_name[:4]}-{days}",
                user=user.party.party_id,
                started_at=NOON - timedelta(days=days),
            )
    year = UsageQuery(begins=NOON - timedelta(days=366), ends=NOON)
    before = UsageQuery(begins=NOON - timedelta(days=470), ends=NOON - timedelta(days=367))
    told = [row.session_id for query in (before, year) for row in await rows_of(office, firm.organization_id, query)]
    assert told == ["home-449", "home-366", "home-151", "away-149", "home-149"]
    assert (await sums_of(office, firm.organization_id, year)).calls == 4


async def test_nobody_reads_the_usage_of_another_organization_or_without_the_permission(office: Office) -> None:
    ours, theirs = await office.calling_organization(), await office.calling_organization()
    await office.call(theirs, "call", 10)
    reader = Actor(
        kind=ActorKind.KEY,
        actor_id="key",
        name="key",
        permissions=permissions_of((Role.REPORTING_APP,)),
        organization_id=ours,
    )
    acting = office.services.acting_as(reader)
    assert isinstance(await list_usage(acting, organization_id=ours, query=DAY, cursor=None, limit=1), Page)
    foreign = await list_usage(acting, organization_id=theirs, query=DAY, cursor=None, limit=1)
    assert isinstance(foreign, Refused)
    assert foreign.code is RefusalCode.UNKNOWN_ORGANIZATION
    support = office.services.acting_as(replace(reader, permissions=permissions_of((Role.SUPPORT,))))
    refused = await sum_usage(support, organization_id=ours, query=DAY)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.NOT_PERMITTED


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("to", UsageQuery(begins=NOON, ends=NOON - timedelta(seconds=1))),
        ("to", UsageQuery(begins=NOON, ends=NOON + timedelta(days=367))),
        ("from", UsageQuery(begins=datetime(1, 1, 1, tzinfo=UTC), ends=NOON)),
        ("from", UsageQuery(begins=datetime.max.replace(tzinfo=UTC), ends=datetime.max.replace(tzinfo=UTC))),
        ("user_id", replace(DAY, user_id="Ana")),
        ("call_type", replace(DAY, call_type="any")),
        ("country", replace(DAY, country="gb")),
        ("capability", replace(DAY, capability="M" * 41)),
    ],
)
async def test_a_query_that_no_report_can_answer_is_refused_with_its_field(
    office: Office, field: str, query: UsageQuery
) -> None:
    organization = await office.organization()
    refused = await sum_usage(office.services, organization_id=organization.organization_id, query=query)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == field


async def test_the_operators_name_and_tables_of_privacy_are_settings(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.call(organization_id, "call", 10)
    terms = ReportTerms(operator="Example Telecom", privacy=Privacy(masked_digits={"RO": 4}))
    office.services = replace(office.services, reports=terms)
    (row,) = await rows_of(office, organization_id)
    assert (row.operator, row.callee) == ("Example Telecom", "+44207946****")
