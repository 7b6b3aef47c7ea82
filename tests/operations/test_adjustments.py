"""Funds are given and taken by hand with a reason, once, and beyond a limit by two people."""

import asyncio
from dataclasses import replace
from typing import Any, NoReturn

import pytest

from commcredits.core.commands import Adjust
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import agreeing
from commcredits.operations.adjustments import (
    Adjustment,
    AdjustmentState,
    approve_adjustment,
    complete_adjustments,
    get_adjustment,
    list_adjustments,
    reject_adjustment,
    request_adjustment,
)
from commcredits.operations.billing_terms import change_currency
from commcredits.operations.reports import Balance, read_balance
from commcredits.operations.verify import verify_books
from tests.operations.office import Office, new_id

UNIT = 1_000_000
ALICE, BOB, CAROL = "alice", "bob", "carol"


class BusyFor:
    """The account of one organization takes nothing now."""

    def __init__(self, office: Office, organization_id: str) -> None:
        self._executor = office.services.executor
        self._organization_id = organization_id

    async def execute(self, command: Any) -> Any:
        if command.organization_id == self._organization_id:
            return Refused(code=RefusalCode.BUSY)
        return await self._executor.execute(command)


class DyingExecutor:
    """The process dies after the approval is written down and before the account hears of it."""

    async def execute(self, _command: Any) -> NoReturn:
        raise ConnectionResetError


async def requested(office: Office, organization_id: str, units: int, by: str = ALICE, **fields: Any) -> Any:
    content = {"command_id": new_id(), "reason": "goodwill after an outage", **fields}
    return await request_adjustment(
        office.services, organization_id=organization_id, amount_micros=units * UNIT, requested_by=by, **content
    )


async def balance_of(office: Office, organization_id: str) -> Balance:
    balance = await read_balance(office.services, organization_id=organization_id)
    assert isinstance(balance, Balance)
    return balance


async def approved(office: Office, pending: Adjustment, by: str) -> Adjustment | Refused:
    return await approve_adjustment(
        office.services,
        organization_id=pending.organization_id,
        adjustment_id=pending.adjustment_id,
        approved_by=by,
    )


def code_of(outcome: Any) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.code


async def test_a_small_adjustment_is_applied_at_once_and_once(office: Office) -> None:
    organization = (await office.organization()).organization_id
    first = await requested(office, organization, 20, command_id="one")
    again = await requested(office, organization, 20, command_id="one")

    assert first.state is AdjustmentState.APPLIED
    assert again == first
    assert (await balance_of(office, organization)).posted_micros == 20 * UNIT
    assert code_of(await requested(office, organization, 21, command_id="one")) is RefusalCode.CONFLICT
    assert code_of(await requested(office, organization, 20, BOB, command_id="one")) is RefusalCode.CONFLICT


async def test_what_is_taken_beyond_the_balance_is_owed_and_paid_by_the_next_funds(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await office.grant(organization, 30 * UNIT)
    taken = await requested(office, organization, -50)

    assert (taken.state, taken.owed_micros, taken.lot_id) == (AdjustmentState.APPLIED, 20 * UNIT, None)
    balance = await balance_of(office, organization)
    assert (balance.posted_micros, balance.owed_micros) == (0, 20 * UNIT)
    await requested(office, organization, 25, BOB)
    balance = await balance_of(office, organization)
    assert (balance.posted_micros, balance.owed_micros) == (5 * UNIT, 0)
    assert (await verify_books(office.services)).discrepancies == ()


async def test_a_large_adjustment_waits_for_a_second_person(office: Office) -> None:
    organization = (await office.organization()).organization_id
    pending = await requested(office, organization, 101)

    assert pending.state is AdjustmentState.PENDING
    assert (await balance_of(office, organization)).posted_micros == 0
    assert code_of(await approved(office, pending, ALICE)) is RefusalCode.SECOND_PERSON_REQUIRED
    applied = await approved(office, pending, BOB)
    assert isinstance(applied, Adjustment)
    assert (applied.state, applied.decided_by) == (AdjustmentState.APPLIED, BOB)
    assert await approved(office, pending, BOB) == applied
    assert code_of(await approved(office, pending, CAROL)) is RefusalCode.ADJUSTMENT_SETTLED
    assert (await balance_of(office, organization)).posted_micros == 101 * UNIT


async def test_many_small_adjustments_are_one_large_one_until_a_day_has_passed(office: Office) -> None:
    organization = (await office.organization()).organization_id
    other = (await office.organization()).organization_id
    states = [(await requested(office, organization, units)).state for units in (60, 40, 1)]
    assert states == [AdjustmentState.APPLIED, AdjustmentState.APPLIED, AdjustmentState.PENDING]
    assert (await requested(office, organization, -1)).state is AdjustmentState.PENDING
    assert (await requested(office, organization, 100, BOB)).state is AdjustmentState.APPLIED
    assert (await requested(office, other, 100)).state is AdjustmentState.APPLIED
    office.clock.advance(hours=24)
    assert (await requested(office, organization, 100)).state is AdjustmentState.APPLIED


async def test_a_hundred_requests_at_once_stay_within_what_one_person_may_do_alone(office: Office) -> None:
    organization = (await office.organization()).organization_id
    await asyncio.gather(*(requested(office, organization, 30) for _ in range(20)))
    assert (await balance_of(office, organization)).posted_micros == 90 * UNIT


async def test_of_two_who_approve_at_once_one_is_written_down_and_it_is_applied_once(office: Office) -> None:
    organization = (await office.organization()).organization_id
    for _ in range(5):
        pending = await requested(office, organization, 500)
        before = (await balance_of(office, organization)).posted_micros
        outcomes = await asyncio.gather(approved(office, pending, BOB), approved(office, pending, CAROL))
        settled = [each for each in outcomes if isinstance(each, Refused)]
        assert [each.code for each in settled] == [RefusalCode.ADJUSTMENT_SETTLED]
        assert (await balance_of(office, organization)).posted_micros == before + 500 * UNIT


async def test_a_rejected_adjustment_is_never_applied(office: Office) -> None:
    organization = (await office.organization()).organization_id
    pending = await requested(office, organization, 500)
    place = {"organization_id": organization, "adjustment_id": pending.adjustment_id}
    rejected = await reject_adjustment(office.services, rejected_by=ALICE, **place)

    assert isinstance(rejected, Adjustment)
    assert (rejected.state, rejected.decided_by) == (AdjustmentState.REJECTED, ALICE)
    assert await reject_adjustment(office.services, rejected_by=ALICE, **place) == rejected
    assert code_of(await approved(office, pending, BOB)) is RefusalCode.ADJUSTMENT_SETTLED
    # Whoever rejected it has not approved it thereby.
    assert code_of(await approved(office, pending, ALICE)) is RefusalCode.ADJUSTMENT_SETTLED
    assert (await balance_of(office, organization)).posted_micros == 0


async def test_an_approval_whose_process_died_is_applied_by_the_next_round_and_once(office: Office) -> None:
    organization = (await office.organization()).organization_id
    pending = await requested(office, organization, 500)
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    with pytest.raises(ConnectionResetError):
        await approved(dying, pending, BOB)
    place = {"organization_id": organization, "adjustment_id": pending.adjustment_id}
    known = await get_adjustment(office.services, **place)
    assert isinstance(known, Adjustment)
    assert known.state is AdjustmentState.APPROVED

    assert await complete_adjustments(office.services) == 1
    assert await complete_adjustments(office.services) == 0
    assert (await balance_of(office, organization)).posted_micros == 500 * UNIT


async def test_adjustments_of_an_account_that_takes_nothing_keep_no_other_waiting(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agreeing, "_ROUND_MAX", 1)
    stuck, other = [(await office.organization()).organization_id for _ in range(2)]
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    for each in (stuck, stuck, other):
        with pytest.raises(ConnectionResetError):
            await approved(dying, await requested(office, each, 500), BOB)
    busy = replace(office.services, executor=BusyFor(office, stuck))
    assert await complete_adjustments(busy) == 1
    assert (await balance_of(office, other)).posted_micros == 500 * UNIT
    assert await complete_adjustments(office.services) == 2


async def test_a_process_that_dies_after_the_account_has_heard_of_it_applies_nothing_twice(office: Office) -> None:
    organization = (await office.organization()).organization_id
    pending = await requested(office, organization, 500)
    dying = replace(office, services=replace(office.services, executor=DyingExecutor()))
    with pytest.raises(ConnectionResetError):
        await approved(dying, pending, BOB)
    await office.execute(
        Adjust(
            organization_id=organization,
            command_id=pending.adjustment_id,
            amount_micros=pending.amount_micros,
            reason=pending.reason,
        )
    )

    rounds = await asyncio.gather(*(complete_adjustments(office.services) for _ in range(3)))
    assert max(rounds) == 1
    assert (await balance_of(office, organization)).posted_micros == 500 * UNIT
    found = await get_adjustment(office.services, organization_id=organization, adjustment_id=pending.adjustment_id)
    assert isinstance(found, Adjustment)
    assert (found.state, found.lot_id is not None) == (AdjustmentState.APPLIED, True)


async def test_an_adjustment_of_another_currency_is_not_approved(office: Office) -> None:
    organization = (await office.organization()).organization_id
    pending = await requested(office, organization, 500)
    changed = await change_currency(office.services, organization_id=organization, currency="RON")
    assert not isinstance(changed, Refused)
    assert code_of(await approved(office, pending, BOB)) is RefusalCode.CURRENCY_MISMATCH


async def test_another_organizations_adjustment_is_as_unknown_as_none(office: Office) -> None:
    organization = (await office.organization()).organization_id
    other = (await office.organization()).organization_id
    pending = await requested(office, organization, 500)
    place = {"organization_id": other, "adjustment_id": pending.adjustment_id}
    assert code_of(await get_adjustment(office.services, **place)) is RefusalCode.UNKNOWN_ADJUSTMENT
    assert (
        code_of(await approve_adjustment(office.services, approved_by=BOB, **place)) is RefusalCode.UNKNOWN_ADJUSTMENT
    )
    page = await list_adjustments(office.services, organization_id=other, cursor=None, limit=10)
    assert not isinstance(page, Refused)
    assert page.items == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("reason", "no"),
        ("reason", "   x   "),
        ("reason", "x" * 501),
        ("reason", "two\nlines"),
        ("command_id", ""),
        ("by", "two\nlines"),
        ("by", ""),
        ("units", 0),
        ("units", 10**10),
    ],
)
async def test_bad_input_is_refused_by_name_and_changes_nothing(office: Office, field: str, value: Any) -> None:
    organization = (await office.organization()).organization_id
    refused = await requested(office, organization, **{"units": 5, field: value})
    assert code_of(refused) is RefusalCode.INVALID_INPUT
    assert refused.facts["field"] == {"by": "as", "units": "amount"}.get(field, field)
    assert (await balance_of(office, organization)).posted_micros == 0


async def test_a_list_shows_states_newest_first_and_goes_on_where_it_ended(office: Office) -> None:
    organization = (await office.organization()).organization_id
    small, large = await requested(office, organization, 1), await requested(office, organization, 500)
    page = await list_adjustments(office.services, organization_id=organization, cursor=None, limit=1)
    assert not isinstance(page, Refused)
    assert page.items == (large,)
    rest = await list_adjustments(office.services, organization_id=organization, cursor=page.next_cursor, limit=5)
    assert not isinstance(rest, Refused)
    assert rest.items == (small,)
    only = await list_adjustments(
        office.services, organization_id=organization, cursor=None, limit=5, state=AdjustmentState.PENDING
    )
    assert not isinstance(only, Refused)
    assert only.items == (large,)
