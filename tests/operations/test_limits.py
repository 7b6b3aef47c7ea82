"""Caps and limits hold on the real database, however many ask at once, and each where it was set and nowhere else."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from commcredits.core.commands import Service
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.core.roster import Limits
from commcredits.operations.numbers import add_number, assign_number
from commcredits.operations.verify import verify_books
from tests.operations.colleagues import change
from tests.operations.office import Office
from tests.operations.policed import Firm, code, open_firm

UNIT = 1_000_000
QUEUE_NUMBER = "+40800123456"


def granted_count(outcomes: list[Granted | Refused]) -> int:
    return sum(isinstance(outcome, Granted) for outcome in outcomes)


async def meter(firm: Firm, key: str) -> tuple[int, int]:
    """Used and held of a meter, whatever its period."""
    row = await firm.office.services.pool.fetchrow(
        "select used, held from meters where organization_id = $1 and key = $2", firm.organization_id, key
    )
    assert row is not None, key
    return row["used"], row["held"]


async def test_no_more_calls_run_at_once_than_are_allowed_however_many_begin_together(office: Office) -> None:
    firm = await open_firm(office)
    sales, support = await firm.hire("sales.1"), await firm.hire("support.1")
    await firm.rule(Limits(calls_max=5, user_calls_max=3))
    asked = await asyncio.gather(
        *(firm.ask(f"sales-{number}", sales, slice_seconds=10) for number in range(10)),
        *(firm.ask(f"support-{number}", support, slice_seconds=10) for number in range(10)),
    )
    assert granted_count(asked[:10]) <= 3
    assert granted_count(asked[10:]) <= 3
    assert granted_count(asked) == 5
    assert {code(each) for each in asked} == {None, RefusalCode.TOO_MANY_CALLS}
    assert await meter(firm, "calls") == (0, 5)
    running = next(number for number, each in enumerate(asked[:10]) if isinstance(each, Granted))
    await office.end(firm.organization_id, f"sales-{running}", 5)
    assert code(await firm.ask("next", sales, slice_seconds=10)) is None
    assert code(await firm.ask("one too many", support, slice_seconds=10)) is RefusalCode.TOO_MANY_CALLS


async def test_a_call_that_was_never_answered_makes_room_for_another(office: Office) -> None:
    firm = await open_firm(office)
    await firm.rule(Limits(calls_max=1))
    assert code(await firm.ask("first")) is None
    assert code(await firm.ask("second")) is RefusalCode.TOO_MANY_CALLS
    await office.end(firm.organization_id, "first", 0)
    assert code(await firm.ask("third")) is None


async def test_one_outside_caller_costs_no_more_on_toll_free_numbers_a_day_than_is_allowed(office: Office) -> None:
    firm = await open_firm(office)
    await firm.queue("helpdesk")
    number: dict[str, Any] = {"organization_id": firm.organization_id, "number": QUEUE_NUMBER}
    await add_number(office.services, **number, kind="toll_free", display_name="")
    await assign_number(office.services, **number, purpose="call_queue", user="helpdesk@example.com")
    await firm.rule(Limits(toll_free_caller_daily_max_micros=2 * UNIT))
    hostile: dict[str, Any] = {"service": Service.TOLL_FREE_IN, "caller": "+40722000666", "callee": QUEUE_NUMBER}
    other = {**hostile, "caller": "+40722000001"}
    assert await firm.call("first", 150, **hostile) == 1_500_000
    granted = await firm.ask("second", **hostile)
    assert isinstance(granted, Granted)
    assert (granted.granted_seconds, granted.final) == (50, True)
    await office.end(firm.organization_id, "second", 50)
    refused = await firm.ask("third", **hostile)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["meter"]) == (RefusalCode.CAP_REACHED, "caller:+40722000666")
    assert code(await firm.ask("neighbour", **other)) is None
    # Midnight in Bucharest is 22:00 UTC.
    office.clock.now = datetime(2026, 11, 22, 21, 59, 59, tzinfo=UTC)
    assert code(await firm.ask("before midnight", **hostile)) is RefusalCode.CAP_REACHED
    office.clock.now = datetime(2026, 11, 22, 22, tzinfo=UTC)
    assert code(await firm.ask("after midnight", **hostile)) is None


async def test_a_department_spends_its_cap_and_no_more_however_many_of_it_call(office: Office) -> None:
    firm = await open_firm(office)
    people = [await firm.hire(f"sales.{number}", department="Sales") for number in range(4)]
    support = await firm.hire("support.1", department="Support")
    await firm.rule(Limits(department_monthly_max_micros={"Sales": 3 * UNIT}))
    asked = await asyncio.gather(
        *(firm.ask(f"call-{number}", user, slice_seconds=100) for number, user in enumerate(people))
    )
    assert granted_count(asked) == 3
    refused = next(each for each in asked if isinstance(each, Refused))
    assert (refused.code, refused.facts["meter"]) == (RefusalCode.CAP_REACHED, "cap:department:Sales")
    assert await meter(firm, "cap:department:Sales") == (0, 3 * UNIT)
    assert code(await firm.ask("support", support)) is None
    for number, each in enumerate(asked):
        if isinstance(each, Granted):
            await office.end(firm.organization_id, f"call-{number}", 60)
    assert await meter(firm, "cap:department:Sales") == (1_800_000, 0)
    granted = await firm.ask("rest", people[0], slice_seconds=300)
    assert isinstance(granted, Granted)
    assert (granted.granted_seconds, granted.final) == (120, True)


async def test_a_user_who_moves_to_another_department_spends_that_ones_cap(office: Office) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", department="Sales")
    await firm.rule(Limits(department_monthly_max_micros={"Sales": 0}))
    assert code(await firm.ask("first", sales)) is RefusalCode.CAP_REACHED
    await change(office, firm.organization_id, "sales.1@example.com", department="Support")
    assert code(await firm.ask("second", sales)) is None


async def test_a_user_without_a_cap_of_its_own_has_the_organizations(office: Office) -> None:
    firm = await open_firm(office)
    sales, manager = await firm.hire("sales.1"), await firm.hire("sales.2", monthly_cap_micros=2 * UNIT)
    await firm.rule(Limits(user_monthly_max_micros=UNIT))
    for user, seconds in ((sales, 100), (manager, 200)):
        granted = await firm.ask(f"call-{seconds}", user)
        assert isinstance(granted, Granted)
        assert (granted.granted_seconds, granted.final) == (seconds, True)


async def test_no_limit_reaches_another_organization_with_people_of_the_same_names(office: Office) -> None:
    ours, theirs = await open_firm(office), await open_firm(office)
    limits = Limits(
        calls_max=1,
        department_monthly_max_micros={"Sales": UNIT},
        user_hourly_max_micros=UNIT,
        destination_daily_max_micros=UNIT,
    )
    users = [await firm.hire("sales.1", department="Sales") for firm in (ours, theirs)]
    await ours.rule(limits)
    assert code(await ours.ask("first", users[0])) is None
    assert code(await ours.ask("second", users[0])) is RefusalCode.BLOCKED
    for number in range(3):
        granted = await theirs.ask(f"call-{number}", users[1])
        assert isinstance(granted, Granted)
        assert not granted.final
    blocks = await office.services.pool.fetch("select organization_id from blocks")
    assert {str(row["organization_id"]) for row in blocks} == {ours.organization_id}


@pytest.mark.parametrize("calls", [12])
async def test_after_all_of_it_the_books_agree(office: Office, calls: int) -> None:
    firm = await open_firm(office)
    sales = await firm.hire("sales.1", department="Sales")
    await firm.rule(
        Limits(
            calls_max=4,
            user_monthly_max_micros=4 * UNIT,
            department_monthly_max_micros={"Sales": 3 * UNIT},
            user_hourly_max_micros=2 * UNIT,
        )
    )
    asked = await asyncio.gather(*(firm.ask(f"call-{number}", sales, slice_seconds=40) for number in range(calls)))
    for number, each in enumerate(asked):
        if isinstance(each, Granted):
            await office.end(firm.organization_id, f"call-{number}", 10 * number)
    verified = await verify_books(office.services)
    assert verified.discrepancies == ()
    held = await office.services.pool.fetchval("select sum(held) from meters")
    assert held == 0
