"""Advice over a real history: worked out by the worker's round, read by whoever may, honest where it lacks."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.core.advice_anomalies import AnomalyKind
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.advice import Advice, Plans, read_advice, read_plan_advice
from commcredits.operations.advice_rounds import work_out_advice
from commcredits.storage.connection import load_statement
from tests.operations.office import NOON, SHARD, Office

DAYS = 120
UNIT = 1_000_000


async def history(
    office: Office, organization_id: str, *, days: int = DAYS, daily_micros: int = 24 * UNIT, zone_hours: int = 9
) -> None:
    """Calls of past days as the charging path leaves them: 24 a day, a third of an hour each, fewer at weekends."""
    await office.services.pool.execute(
        """
        insert into call_sessions (
            shard_id, organization_id, session_id, service, caller, callee, authorised_at, state, live, grant_number,
            granted_seconds, final, grant_ends_at, used_seconds, overrun_seconds, charged_micros, part_lot_ids,
            part_held_micros, part_drawn_micros, cause, memory, switch, other_country, domestic
        )
        select $1, $2, 'past-' || d || '-' || c, 'outbound', '+40722000001', '+442079460000', began.at, 'ended', false,
            1, 300, true, began.at, 100, 0,
            case when extract(isodow from began.at) > 5 then $4::bigint / 240 else $4 / 24 end,
            '{}', '{}', '{}', 'normal', '', '', 'GB', false
        from generate_series(1, $3) as d, generate_series(0, 23) as c,
            lateral (select date_trunc('day', $5::timestamptz) - make_interval(days => d)
                + make_interval(hours => $6, mins => c * 20) as at) began
        """,
        SHARD,
        organization_id,
        days,
        daily_micros,
        office.clock.now,
        zone_hours,
    )


async def advice_of(office: Office, organization_id: str) -> Advice:
    await work_out_advice(office.services)
    found = await read_advice(office.services, organization_id=organization_id)
    assert isinstance(found, Advice), found
    return found


def somebody(office: Office, organization_id: str, role: Role) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        actor_id="somebody",
        name="somebody",
        permissions=permissions_of((role,)),
        organization_id=organization_id,
        roles=(role,),
        proved_at=office.clock.now,
    )


async def test_an_organization_without_a_call_is_told_that_there_is_nothing_to_go_by(office: Office) -> None:
    organization_id = await office.calling_organization()
    found = await advice_of(office, organization_id)
    assert (found.as_of, found.month, found.recharge, found.anomalies) == (None, None, None, ())
    plans = await read_plan_advice(office.services, organization_id=organization_id)
    assert isinstance(plans, Plans)
    assert (plans.as_of, plans.moves) == (None, ())


async def test_one_call_is_no_history(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.call(organization_id, "first", 75)
    found = await advice_of(office, organization_id)
    assert found.as_of == NOON
    assert (found.days, found.month, found.recharge, found.anomalies_known) == (0, None, None, False)


async def test_four_months_of_calls_tell_the_month_the_days_left_and_what_to_set(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=50 * UNIT)
    await history(office, organization_id)
    found = await advice_of(office, organization_id)
    assert found.month is not None
    # NOON is a Sunday, 22 November; 24 on weekdays and 2.4 on days of the weekend.
    assert found.month.month == "2026-11"
    spent = 15 * 24 * UNIT + 6 * 2_400_000
    assert found.month.spent_micros == spent
    rest = 6 * 24 * UNIT + 3 * 2_400_000
    assert abs(found.month.total.micros - spent - rest) < rest // 10
    assert found.month.total.low_micros <= found.month.total.micros <= found.month.total.high_micros
    assert found.month.days_left is not None
    assert found.month.days_left.days == 3, "a Sunday, then two weekdays of 24 and most of a third"
    assert found.recharge is not None
    assert found.recharge.chosen.risk <= found.recharge.wanted_risk
    assert found.recharge.trigger_micros >= 24 * UNIT, "a decline may keep the money away for more than a day"
    assert found.recharge.recharge_micros == pytest.approx(130 * UNIT, rel=0.15)
    assert found.anomalies == ()


async def test_the_same_history_gives_the_same_advice(office: Office) -> None:
    organization_id = await office.calling_organization()
    await history(office, organization_id)
    first = await advice_of(office, organization_id)
    await office.services.pool.execute("delete from advice")
    assert await advice_of(office, organization_id) == first


async def test_advice_is_worked_out_once_an_hour_and_says_as_of_when(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.call(organization_id, "first", 75)
    assert await work_out_advice(office.services) == 1
    assert await work_out_advice(office.services) == 0
    office.clock.advance(minutes=61)
    found = await advice_of(office, organization_id)
    assert found.as_of == office.clock.now


async def test_a_call_recorded_for_last_month_is_in_the_next_days_advice(office: Office) -> None:
    organization_id = await office.calling_organization()
    await history(office, organization_id, days=20)
    before = await advice_of(office, organization_id)
    await office.services.pool.execute(
        "update call_sessions set charged_micros = charged_micros * 2 where organization_id = $1", organization_id
    )
    office.clock.advance(hours=25)
    after = await advice_of(office, organization_id)
    assert before.month is not None
    assert after.month is not None
    assert after.month.spent_micros == 2 * before.month.spent_micros


async def test_a_night_of_somebodys_calls_far_away_is_unusual_and_named(office: Office) -> None:
    organization_id = await office.calling_organization()
    await history(office, organization_id)
    await office.services.pool.execute(
        "update call_sessions set charged_micros = 40000000, other_country = 'CU' "
        "where organization_id = $1 and session_id like 'past-2-%'",
        organization_id,
    )
    found = await advice_of(office, organization_id)
    kinds = {each.anomaly.kind: each.anomaly for each in found.anomalies}
    day = (NOON - timedelta(days=2)).date()
    assert kinds[AnomalyKind.DAY].day == day
    assert kinds[AnomalyKind.DAY].times == 40_000_000, "forty times the usual"
    assert (kinds[AnomalyKind.DESTINATION].subject, kinds[AnomalyKind.DESTINATION].times) == ("CU", 0)


async def test_funds_that_end_before_they_are_used_are_told_with_how_much(office: Office) -> None:
    organization_id = await office.calling_organization(funds_micros=10 * UNIT)
    await history(office, organization_id, daily_micros=UNIT)
    await office.grant(organization_id, 500 * UNIT, days=30)
    found = await advice_of(office, organization_id)
    assert found.expiring is not None
    (lot, *more) = sorted(found.expiring, key=lambda each: -each.lot.left_micros)
    assert lot.lot.left_micros == 500 * UNIT
    assert 460 * UNIT < lot.lot.unused.micros < 490 * UNIT, "thirty days at some 0.75 a day"
    assert lot.lot.unused.low_micros <= lot.lot.unused.micros <= lot.lot.unused.high_micros
    assert more == []


async def test_whoever_may_not_read_funds_gets_what_rests_on_use_alone(office: Office) -> None:
    organization_id = await office.calling_organization()
    await history(office, organization_id)
    await work_out_advice(office.services)
    telephony = office.services.acting_as(somebody(office, organization_id, Role.TELEPHONY_ADMINISTRATOR))
    found = await read_advice(telephony, organization_id=organization_id)
    assert isinstance(found, Advice)
    assert (found.balance_micros, found.rule, found.rule_risk, found.expiring) == (None, None, None, None)
    assert found.month is not None
    assert (found.month.balance, found.month.recharges, found.month.days_left) == (None, None, None)
    reader = office.services.acting_as(somebody(office, organization_id, Role.REPORTS_READER))
    refused = await read_advice(reader, organization_id=organization_id)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.NOT_PERMITTED
    other = await office.organization("Other")
    foreign = await read_advice(telephony, organization_id=other.organization_id)
    assert isinstance(foreign, Refused)
    assert foreign.code is RefusalCode.UNKNOWN_ORGANIZATION


@pytest.mark.parametrize("hour", [0, 12, 22])
async def test_days_on_which_clocks_change_are_days_like_others(office: Office, hour: int) -> None:
    office.clock.now = datetime(2026, 10, 27, hour, 30, tzinfo=UTC)
    organization_id = await office.calling_organization(time_zone="America/New_York")
    await history(office, organization_id, zone_hours=12)
    office.clock.now = datetime(2026, 11, 10, hour, 30, tzinfo=UTC)
    found = await advice_of(office, organization_id)
    assert found.month is not None
    assert found.month.total.micros >= found.month.spent_micros


async def test_a_yen_and_a_dinar_are_advised_in_whole_units(office: Office) -> None:
    for currency in ("JPY", "KWD"):
        organization_id = await office.calling_organization(currency=currency)
        await history(office, organization_id)
        found = await advice_of(office, organization_id)
        assert found.recharge is not None
        assert found.recharge.recharge_micros % UNIT == 0
        assert found.recharge.trigger_micros % UNIT == 0


async def test_a_forgotten_form_of_kept_advice_reads_as_none(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.services.pool.execute(
        load_statement("save_advice"), SHARD, organization_id, "spending", NOON, '{"other": 1}'
    )
    found = await read_advice(office.services, organization_id=organization_id)
    assert isinstance(found, Advice)
    assert found.as_of is None
    assert replace(found, currency="EUR").currency == "EUR"
