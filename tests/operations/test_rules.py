"""Rules hold for a whole organization from the moment at which they are saved, and nobody saves what makes no sense."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.roster import (
    CallsWithoutUser,
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    Limits,
    PoolSize,
    UserDialOut,
)
from commcredits.operations.rules import Rules, RulesRecord, change_rules, read_rules, save_rules
from tests.operations.colleagues import add, hold, roster_of, versions
from tests.operations.office import Office, new_id

EVERY_RULE = Rules(
    dial_out=DialOutPolicy(conference=ConferenceDialOut.ZONE_A, user=UserDialOut.DOMESTIC),
    premium_allowed=True,
    calls_without_user=CallsWithoutUser.REFUSED,
    pool_size_by={Licence.DOMESTIC_120: PoolSize.PURCHASED, Licence.DOMESTIC: PoolSize.ASSIGNED},
    international_stops_both=True,
    limits=Limits(
        calls_max=100,
        user_calls_max=2,
        user_monthly_max_micros=20_000_000,
        department_monthly_max_micros={"Sales": 90_000_000, "Suport tehnic": 0},
        user_hourly_max_micros=5_000_000,
        destination_daily_max_micros=10_000_000,
        destination_factor=4,
        toll_free_caller_daily_max_micros=1_000_000,
    ),
)
POOLED = {
    Licence.DOMESTIC_120: PoolSize.ASSIGNED,
    Licence.DOMESTIC_240: PoolSize.ASSIGNED,
    Licence.DOMESTIC: PoolSize.ASSIGNED,
    Licence.DOMESTIC_AND_INTERNATIONAL: PoolSize.ASSIGNED,
    Licence.AUDIO_CONFERENCING: PoolSize.ASSIGNED,
}


async def saved(office: Office, organization_id: str, rules: Rules) -> RulesRecord:
    record = await save_rules(office.services, organization_id=organization_id, rules=rules)
    assert isinstance(record, RulesRecord), record
    return record


async def read(office: Office, organization_id: str) -> RulesRecord:
    record = await read_rules(office.services, organization_id=organization_id)
    assert isinstance(record, RulesRecord), record
    return record


async def test_an_organization_without_people_has_no_rules_in_force(office: Office) -> None:
    organization = await office.organization()
    record = await read(office, organization.organization_id)
    assert record == RulesRecord(
        rules=Rules(pool_size_by=POOLED), in_force=False, currency="EUR", usual_daily_micros={}
    )
    assert await roster_of(office, organization.organization_id) is None


async def test_rules_are_read_as_they_were_saved_and_people_stay_as_they_were(office: Office) -> None:
    organization_id = await office.calling_organization()
    sales = await add(office, organization_id, "sales.1")
    await hold(office, organization_id, sales, Licence.DOMESTIC_120)
    record = await saved(office, organization_id, EVERY_RULE)
    shown = replace(EVERY_RULE, pool_size_by={**POOLED, Licence.DOMESTIC_120: PoolSize.PURCHASED})
    assert record == await read(office, organization_id)
    assert (record.rules, record.in_force) == (shown, True)
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.assigned == {"MCOPSTN5/RO": 1}
    assert roster.pool_size_by == {"MCOPSTN5": PoolSize.PURCHASED}


async def test_saving_moves_the_versions_and_saving_the_same_again_does_not(office: Office) -> None:
    organization_id = await office.calling_organization()
    before = await versions(office, organization_id)
    await saved(office, organization_id, EVERY_RULE)
    once = await versions(office, organization_id)
    await saved(office, organization_id, replace(EVERY_RULE, pool_size_by={Licence.DOMESTIC_120: PoolSize.PURCHASED}))
    assert once == (before[0] + 1, before[1] + 1) == await versions(office, organization_id)


async def test_saving_the_defaults_puts_them_in_force_where_nothing_was(office: Office) -> None:
    organization = await office.organization()
    assert (await saved(office, organization.organization_id, Rules())).in_force
    once = await versions(office, organization.organization_id)
    assert (await saved(office, organization.organization_id, Rules())).in_force
    assert await versions(office, organization.organization_id) == once


async def test_the_next_call_goes_by_the_rules_that_were_saved(office: Office) -> None:
    organization_id = await office.calling_organization()
    assert isinstance(await office.authorise(organization_id, "call-1"), Granted)
    await saved(office, organization_id, Rules(calls_without_user=CallsWithoutUser.REFUSED))
    refused = await office.authorise(organization_id, "call-2")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.USER_REQUIRED
    await saved(office, organization_id, Rules())
    assert isinstance(await office.authorise(organization_id, "call-3"), Granted)


async def test_rules_of_one_organization_leave_the_calls_of_others_alone(office: Office) -> None:
    ours, theirs = await office.calling_organization(), await office.calling_organization()
    await saved(office, ours, Rules(limits=Limits(calls_max=0)))
    refused = await office.authorise(ours, "call")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.TOO_MANY_CALLS
    assert isinstance(await office.authorise(theirs, "call"), Granted)
    assert not (await read(office, theirs)).in_force


async def test_of_many_who_change_one_rule_each_nobody_undoes_anothers(office: Office) -> None:
    organization = await office.organization()

    def cap(department: str) -> Any:
        def change(rules: Rules) -> Rules:
            caps = {**rules.limits.department_monthly_max_micros, department: 1}
            return replace(rules, limits=msgspec.structs.replace(rules.limits, department_monthly_max_micros=caps))

        return change_rules(office.services, organization_id=organization.organization_id, change=change)

    names = {f"Department {number}" for number in range(8)}
    await asyncio.gather(*(cap(name) for name in names))
    record = await read(office, organization.organization_id)
    assert set(record.rules.limits.department_monthly_max_micros) == names


WRONG: list[tuple[str, Rules]] = [
    ("pool_size_by", Rules(pool_size_by={Licence.DOMESTIC_120_UNPOOLED: PoolSize.PURCHASED})),
    ("pool_size_by", Rules(pool_size_by={Licence.COMMUNICATIONS_CREDITS: PoolSize.ASSIGNED})),
    ("limits.calls_max", Rules(limits=Limits(calls_max=-1))),
    ("limits.calls_max", Rules(limits=Limits(calls_max=10**7))),
    ("limits.user_calls_max", Rules(limits=Limits(user_calls_max=-1))),
    ("limits.user_monthly_max_micros", Rules(limits=Limits(user_monthly_max_micros=-1))),
    ("limits.user_hourly_max_micros", Rules(limits=Limits(user_hourly_max_micros=10**18))),
    ("limits.destination_daily_max_micros", Rules(limits=Limits(destination_daily_max_micros=-1))),
    ("limits.toll_free_caller_daily_max_micros", Rules(limits=Limits(toll_free_caller_daily_max_micros=-1))),
    ("limits.destination_factor", Rules(limits=Limits(destination_factor=-1))),
    ("limits.destination_factor", Rules(limits=Limits(destination_factor=1_001))),
    ("limits.department_monthly_max", Rules(limits=Limits(department_monthly_max_micros={"": 1}))),
    ("limits.department_monthly_max", Rules(limits=Limits(department_monthly_max_micros={"two\nlines": 1}))),
    ("limits.department_monthly_max", Rules(limits=Limits(department_monthly_max_micros={"x" * 201: 1}))),
    ("limits.department_monthly_max", Rules(limits=Limits(department_monthly_max_micros={"Sales": -1}))),
    (
        "limits.department_monthly_max",
        Rules(limits=Limits(department_monthly_max_micros={str(number): 1 for number in range(1_001)})),
    ),
]


@pytest.mark.parametrize(("named", "rules"), WRONG, ids=lambda each: each if isinstance(each, str) else "")
async def test_a_rule_that_makes_no_sense_is_named_and_nothing_is_saved(
    office: Office, named: str, rules: Rules
) -> None:
    organization = await office.organization()
    refused = await save_rules(office.services, organization_id=organization.organization_id, rules=rules)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, named)
    assert await roster_of(office, organization.organization_id) is None


async def test_an_unknown_organization_has_no_rules(office: Office) -> None:
    for refused in (
        await read_rules(office.services, organization_id=new_id()),
        await save_rules(office.services, organization_id=new_id(), rules=Rules()),
    ):
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION
