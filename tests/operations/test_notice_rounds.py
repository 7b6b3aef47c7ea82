"""Time tells: lots, cards and minute pools, each once per distance or share, whoever looks and however often."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from commcredits.core.outcomes import Granted
from commcredits.core.roster import Licence
from commcredits.operations.notice_rounds import (
    FROM_THE_FIRST,
    tell_of_expiring_cards,
    tell_of_expiring_lots,
    tell_of_used_pools,
)
from tests.operations.office import NOON, Office, new_id
from tests.operations.policed import ROMANIAN, Firm, open_firm
from tests.operations.telling import UNIT, told

CARD = """
    insert into payment_methods (
        shard_id, organization_id, payment_method_id, gateway, reference, kind, brand, last4, expiry_month, expiry_year,
        created_at, removed_at
    )
    values (0, $1, $2, 'simulator', $2::uuid::text, 'card', 'visa', '4242', $3, $4, $5, $6)
"""


async def _days_told(office: Office, organization_id: str) -> list[object]:
    return [each.facts["days"] for each in await told(office.services, organization_id, "lot_expiring")]


async def test_a_lot_is_told_60_and_30_and_7_days_ahead_at_the_very_instant_and_once_each(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=12_500_000)
    expected: list[object] = []
    for days in (60, 30, 7):
        office.clock.now = NOON
        office.clock.advance(days=365 - days, microseconds=-1)
        assert await tell_of_expiring_lots(office.services) == 0
        office.clock.advance(microseconds=1)
        both = await asyncio.gather(tell_of_expiring_lots(office.services), tell_of_expiring_lots(office.services))
        assert sum(both) == 1
        expected.append(days)
        assert await _days_told(office, organization) == expected
    office.clock.advance(days=6, hours=23)
    assert await tell_of_expiring_lots(office.services) == 0
    (first, *_rest) = await told(office.services, organization, "lot_expiring")
    assert first.facts["amount"] == "12.500000"
    assert first.facts["expires_at"] == "2027-11-22T12:00:00+00:00"


async def test_a_lot_first_seen_20_days_ahead_is_told_at_30_days_and_not_at_60(office: Office) -> None:
    organization = await office.calling_organization()
    office.clock.advance(days=345)
    assert await tell_of_expiring_lots(office.services) == 1
    assert await _days_told(office, organization) == [30]


async def test_a_lot_bought_within_a_distance_is_not_told_at_it(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await office.grant(organization, 5 * UNIT, days=20)
    assert await tell_of_expiring_lots(office.services) == 0
    office.clock.advance(days=13)
    assert await tell_of_expiring_lots(office.services) == 1
    assert await _days_told(office, organization) == [7]


async def test_a_lot_with_nothing_left_is_not_told(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=1 * UNIT)
    await office.call(organization, "all", 100)
    office.clock.advance(days=360)
    assert await tell_of_expiring_lots(office.services) == 0
    assert await told(office.services, organization, "lot_expiring") == ()


async def test_only_what_is_left_of_a_lot_is_told(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10 * UNIT)
    await office.call(organization, "some", 250)
    office.clock.advance(days=360)
    assert await tell_of_expiring_lots(office.services) == 1
    (notice,) = await told(office.services, organization, "lot_expiring")
    assert notice.facts["amount"] == "7.500000"


async def test_many_lots_are_looked_at_a_page_at_a_time(office: Office) -> None:
    organizations = [(await office.organization(f"Org {number}")).organization_id for number in range(4)]
    for organization in organizations:
        for _ in range(3):
            await office.grant(organization, UNIT, days=100)
    office.clock.advance(days=50)
    assert await tell_of_expiring_lots(office.services, at_once=5) == 12
    assert await tell_of_expiring_lots(office.services, at_once=5) == 0


@pytest.mark.parametrize(
    ("today", "expiry", "is_told"),
    [
        ("2026-11-22", (11, 2026), True),
        ("2026-11-22", (12, 2026), False),
        ("2026-12-01", (12, 2026), False),
        ("2026-12-02", (12, 2026), True),
        ("2026-12-31", (12, 2026), True),
        ("2027-01-01", (12, 2026), False),
        ("2027-02-10", (3, 2027), False),
        ("2027-03-02", (3, 2027), True),
        ("2028-02-01", (2, 2028), True),
    ],
)
async def test_a_card_is_told_from_30_days_before_the_end_of_its_month_until_that_end(
    office: Office, today: str, expiry: tuple[int, int], *, is_told: bool
) -> None:
    organization = (await office.organization()).organization_id
    method = new_id()
    await office.services.pool.execute(CARD, organization, method, *expiry, NOON, None)
    office.clock.now = datetime.fromisoformat(today).replace(tzinfo=UTC)
    assert await tell_of_expiring_cards(office.services) == int(is_told)
    assert await tell_of_expiring_cards(office.services) == 0
    notices = await told(office.services, organization)
    month = f"{expiry[1]}-{expiry[0]:02d}"
    expected = {"payment_method": method, "brand": "visa", "last4": "4242", "expiry_month": month}
    assert [each.facts for each in notices] == [expected] * int(is_told)


async def test_a_removed_card_is_not_told_and_a_renewed_one_is_told_again(office: Office) -> None:
    organization = (await office.organization()).organization_id
    kept = new_id()
    await office.services.pool.execute(CARD, organization, new_id(), 11, 2026, NOON, NOON)
    await office.services.pool.execute(CARD, organization, kept, 11, 2026, NOON, None)
    assert await tell_of_expiring_cards(office.services, at_once=1) == 1
    renew = "update payment_methods set expiry_year = 2029 where payment_method_id = $1"
    await office.services.pool.execute(renew, kept)
    office.clock.now = datetime(2029, 11, 22, tzinfo=UTC)
    assert await tell_of_expiring_cards(office.services) == 1
    months = [each.facts["expiry_month"] for each in await told(office.services, organization)]
    assert months == ["2026-11", "2029-11"]


async def _pools(office: Office) -> int:
    return (await tell_of_used_pools(office.services, after=FROM_THE_FIRST, at_once=100)).count


async def _used(firm: Firm, minutes: int, period: str = "2026-11") -> None:
    await firm.office.services.pool.execute(
        """insert into meters (shard_id, organization_id, key, period, used, held)
        values (0, $1, 'pool:MCOPSTN5:RO', $3, $2, 0)
        on conflict (shard_id, organization_id, key, period) do update set used = excluded.used""",
        firm.organization_id,
        minutes,
        period,
    )


async def test_a_pool_is_told_at_80_and_at_100_percent_and_not_a_minute_before(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales", Licence.DOMESTIC_120)
    seen = []
    for minutes in (0, 95, 96, 97, 119, 120):
        await _used(firm, minutes)
        seen.append((minutes, await _pools(office), await _pools(office)))
    assert seen == [(0, 0, 0), (95, 0, 0), (96, 1, 0), (97, 0, 0), (119, 0, 0), (120, 1, 0)]
    notices = await told(office.services, firm.organization_id)
    assert [(each.kind, each.facts["percent"], each.facts["used_minutes"]) for each in notices] == [
        ("pool_nearly_used", 80, 96),
        ("pool_used", 100, 120),
    ]


async def test_a_pool_first_seen_used_up_is_told_once_and_again_in_its_next_month(office: Office) -> None:
    firm = await open_firm(office)
    await firm.hire("sales", Licence.DOMESTIC_120)
    await _used(firm, 120)
    assert (await _pools(office), await _pools(office)) == (1, 0)
    # In Bucharest the month begins two hours before it does in UTC.
    office.clock.now = datetime(2026, 11, 30, 22, tzinfo=UTC)
    assert await _pools(office) == 0
    await _used(firm, 100, "2026-12")
    assert await _pools(office) == 1
    notices = await told(office.services, firm.organization_id)
    assert [(each.kind, each.facts["month"]) for each in notices] == [
        ("pool_used", "2026-11"),
        ("pool_nearly_used", "2026-12"),
    ]


async def test_minutes_that_a_running_call_holds_are_not_told_as_used(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales", Licence.DOMESTIC_120)
    await _used(firm, 95)
    await firm.recount()
    granted = await firm.ask("running", sales, callee=ROMANIAN, slice_seconds=600)
    assert isinstance(granted, Granted), granted
    assert granted.included_seconds == 600
    assert await _pools(office) == 0


async def test_a_look_goes_on_behind_the_last_organization_and_begins_anew_at_the_end(office: Office) -> None:
    firms = [await open_firm(office) for _ in range(3)]
    for firm in firms:
        await firm.hire("sales", Licence.DOMESTIC_120)
        await _used(firm, 120)
    first = await tell_of_used_pools(office.services, after=FROM_THE_FIRST, at_once=2)
    assert (first.count, first.next_after) == (2, sorted(firm.organization_id for firm in firms)[1])
    second = await tell_of_used_pools(office.services, after=first.next_after, at_once=2)
    assert (second.count, second.next_after) == (1, FROM_THE_FIRST)
