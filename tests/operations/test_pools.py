"""The report of minute pools adds up, tells each month apart, and says what calls beyond them cost."""

from datetime import UTC, datetime

import pytest

from commcredits.core.commands import Service
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.roster import Licence, Limits, PoolSize
from commcredits.operations.people import PartyInfo
from commcredits.operations.pools import MinutesBeyond, PoolRecord, PoolsReport, report_pools
from commcredits.operations.rules import Rules, save_rules
from tests.operations.colleagues import buy, hold
from tests.operations.office import NOON, Office, new_id
from tests.operations.policed import BRITISH, ROMANIAN, Firm, open_firm

UNIT = 1_000_000
CREDITS = Licence.COMMUNICATIONS_CREDITS
NOTHING = MinutesBeyond(calls=0, seconds=0, charged_micros=0)


async def report(firm: Firm, month: str = "") -> PoolsReport:
    found = await report_pools(firm.office.services, organization_id=firm.organization_id, month=month)
    assert isinstance(found, PoolsReport), found
    return found


async def use_up(firm: Firm, key: str, minutes: int) -> None:
    """Count so many minutes as used, as if calls of another day had used them."""
    await firm.office.services.pool.execute(
        """insert into meters (shard_id, organization_id, key, period, used, held) values (0, $1, $2, '2026-11', $3, 0)
        on conflict (shard_id, organization_id, key, period) do update set used = excluded.used""",
        firm.organization_id,
        key,
        minutes,
    )
    await firm.recount()


async def test_an_organization_without_licences_has_no_pools_and_its_balance_is_told(office: Office) -> None:
    firm = await open_firm(office)
    assert await report(firm) == PoolsReport(
        month="2026-11",
        begins_at=datetime(2026, 10, 31, 22, tzinfo=UTC),
        ends_at=datetime(2026, 11, 30, 22, tzinfo=UTC),
        pools=(),
        total_minutes=0,
        used_minutes=0,
        held_minutes=0,
        available_minutes=0,
        beyond=NOTHING,
        available_micros=50 * UNIT,
        currency="EUR",
        as_of=NOON,
    )


async def test_a_pool_tells_what_is_used_held_and_left(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", Licence.DOMESTIC_120)
    await firm.hire("sales.2", Licence.DOMESTIC_120)
    await firm.call("over", 125, sales, callee=ROMANIAN)
    await firm.ask("running", sales, callee=ROMANIAN, slice_seconds=300)
    (pool,) = (await report(firm)).pools
    assert pool == PoolRecord(
        pool="pool:MCOPSTN5:RO",
        licence=Licence.DOMESTIC_120,
        capability="MCOPSTN5",
        description="Domestic 120",
        country="RO",
        international=False,
        users=None,
        total_minutes=240,
        used_minutes=3,
        held_minutes=5,
        available_minutes=232,
        empty_since=None,
        stopped_by=None,
        beyond=NOTHING,
    )


async def test_what_calls_cost_beyond_a_pool_stands_beside_it(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", Licence.DOMESTIC_120, CREDITS)
    await use_up(firm, "pool:MCOPSTN5:RO", 118)
    split = await firm.call("split", 200, sales, callee=ROMANIAN)
    whole = await firm.call("whole", 61, sales, callee=ROMANIAN)
    await firm.call("abroad", 60, sales, callee=BRITISH)
    found = await report(firm)
    (pool,) = found.pools
    assert (split, whole) == (120_000, 120_000)
    assert pool.beyond == found.beyond == MinutesBeyond(calls=2, seconds=80 + 61, charged_micros=240_000)
    assert (pool.used_minutes, pool.available_minutes, pool.empty_since) == (120, 0, NOON)
    assert found.available_micros == 50 * UNIT - 240_000 - 600_000


async def test_every_pool_of_every_licence_is_there_and_the_sums_are_theirs(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1", Licence.DOMESTIC_AND_INTERNATIONAL, Licence.AUDIO_CONFERENCING)
    await firm.hire("sales.2", Licence.DOMESTIC_240, usage_location="US")
    await firm.hire("sales.3", Licence.DOMESTIC_240, usage_location="PR")
    await firm.hire("sales.4", Licence.DOMESTIC_120, usage_location="")
    found = await report(firm)
    assert [(pool.pool, pool.total_minutes, pool.capability) for pool in found.pools] == [
        ("pool:MCOPSTN6:US", 480, "MCOPSTN6"),
        ("pool:MCOPSTN2:RO", 1_200, "MCOPSTN2"),
        ("pool:MCOPSTN2:RO:international", 600, "MCOPSTN2"),
        ("pool:MCOMEETADV", 60, "MCOMEETADD"),
    ]
    assert (found.total_minutes, found.available_minutes) == (2_340, 2_340)


async def test_minutes_that_users_have_for_themselves_are_summed_up_by_country(office: Office) -> None:
    firm = await open_firm(office)
    one = await firm.hire("sales.1", Licence.DOMESTIC_120_UNPOOLED, CREDITS)
    two = await firm.hire("sales.2", Licence.DOMESTIC_120_UNPOOLED)
    await firm.hire("sales.3", Licence.DOMESTIC_120_UNPOOLED, usage_location="DE")
    await use_up(firm, f"pool:MCOPSTN8:{one.party.party_id}", 119)
    await firm.call("split", 130, one, callee=ROMANIAN)
    await firm.call("home", 30, two, callee=ROMANIAN)
    germany, romania = (await report(firm)).pools
    assert (germany.country, germany.users, germany.available_minutes) == ("DE", 1, 120)
    assert (romania.pool, romania.users, romania.total_minutes) == (None, 2, 240)
    assert (romania.used_minutes, romania.available_minutes) == (121, 119)
    assert romania.beyond == MinutesBeyond(calls=1, seconds=70, charged_micros=120_000)


async def test_a_pool_whose_licences_have_gone_is_told_with_what_was_used_of_it(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", Licence.DOMESTIC_120)
    await firm.call("call", 60, sales, callee=ROMANIAN)
    await hold(office, firm.organization_id, sales)
    await firm.recount()
    (pool,) = (await report(firm)).pools
    assert (pool.total_minutes, pool.used_minutes, pool.available_minutes) == (0, 1, 0)


async def test_pools_counted_by_purchased_licences_have_their_minutes(office: Office) -> None:
    firm = await open_firm(office)
    await buy(office, firm.organization_id, Licence.DOMESTIC_120, 10)
    rules = Rules(pool_size_by={Licence.DOMESTIC_120: PoolSize.PURCHASED})
    await save_rules(office.services, organization_id=firm.organization_id, rules=rules)
    (pool,) = (await report(firm)).pools
    assert (pool.pool, pool.total_minutes) == ("pool:MCOPSTN5:RO", 1_200)


async def test_an_empty_sub_pool_that_stops_the_other_is_named(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales.1", Licence.DOMESTIC_AND_INTERNATIONAL)
    await use_up(firm, "pool:MCOPSTN2:RO:international", 600)
    home, abroad = (await report(firm)).pools
    assert (home.stopped_by, abroad.stopped_by) == (None, None)
    await firm.rule(Limits(), international_stops_both=True)
    home, abroad = (await report(firm)).pools
    assert (home.stopped_by, home.available_minutes, abroad.stopped_by) == (
        "pool:MCOPSTN2:RO:international",
        1_200,
        None,
    )


async def test_a_month_ends_where_the_organization_is_and_the_next_begins_anew(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", Licence.DOMESTIC_120, CREDITS)
    await use_up(firm, "pool:MCOPSTN5:RO", 119)
    office.clock.now = datetime(2026, 11, 30, 21, 59, 59, tzinfo=UTC)
    await firm.call("november", 120, sales, callee=ROMANIAN)
    office.clock.now = datetime(2026, 11, 30, 22, 0, tzinfo=UTC)
    await firm.call("december", 60, sales, callee=ROMANIAN)
    (now,), (then,) = (await report(firm)).pools, (await report(firm, "2026-11")).pools
    assert (now.used_minutes, now.beyond) == (1, NOTHING)
    assert (then.used_minutes, then.beyond) == (120, MinutesBeyond(calls=1, seconds=60, charged_micros=60_000))
    assert (await report(firm, "2026-10")).used_minutes == 0


async def test_conference_dial_out_counts_on_the_pool_of_the_whole_organization(office: Office) -> None:
    firm = await open_firm(office)
    organizer = await firm.hire("sales.1", Licence.AUDIO_CONFERENCING)
    granted = await firm.ask("conference", organizer, service=Service.CONFERENCE_DIAL_OUT, slice_seconds=180)
    assert isinstance(granted, Granted)
    (pool,) = (await report(firm)).pools
    assert (pool.pool, pool.held_minutes, pool.country) == ("pool:MCOMEETADV", 3, "")


async def test_no_organization_sees_anothers_pools(office: Office) -> None:
    ours, theirs = await open_firm(office), await open_firm(office)
    sales: PartyInfo = await theirs.hire("sales.1", Licence.DOMESTIC_120, CREDITS)
    await theirs.call("call", 60, sales, callee=ROMANIAN)
    assert (await report(ours)).pools == ()


@pytest.mark.parametrize("month", ["2026-12", "2027-01", "2026-13", "2026-1", "November", "1999-12", "2026-11-22", "٢"])
async def test_a_month_that_is_none_or_not_yet_is_named(office: Office, month: str) -> None:
    firm = await open_firm(office, funds_micros=0)
    refused = await report_pools(office.services, organization_id=firm.organization_id, month=month)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "month")


async def test_an_unknown_organization_has_no_pools(office: Office) -> None:
    refused = await report_pools(office.services, organization_id=new_id())
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION
