"""Numbers come out of the operator's stock: one that is chosen waits ten minutes, and only one organization gets it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberPurpose
from commcredits.operations.number_stock import (
    Quotas,
    Reservation,
    acquire_number,
    add_to_stock,
    get_quotas,
    reserve_number,
)
from commcredits.operations.numbers import NumberDirectory, PhoneNumber, add_number
from tests.operations.office import SHARD, Office, new_id
from tests.operations.staff import account_version, has_roster, hire
from tests.operations.stock import found, stocked

DESK = "+40212345678"
BRIDGE = "+40215550000"
HELP = "+40800800800"
NOT_AVAILABLE = Refused(code=RefusalCode.NUMBER_NOT_AVAILABLE, facts={"number": DESK})


async def staffed(office: Office, *, licences: int = 50, name: str = "Example") -> str:
    """An organization with as many users, each with a licence that counts."""
    organization_id = (await office.organization(name)).organization_id
    if licences:
        names = [f"sales.{each}@example.com" for each in range(licences)]
        await hire(office.services, organization_id, *names, licences=("MCOPSTN1",))
    return organization_id


async def reserved(office: Office, organization_id: str, number: str) -> Reservation | Refused:
    return await reserve_number(office.services, organization_id=organization_id, number=number)


async def acquired(office: Office, organization_id: str, number: str) -> PhoneNumber | Refused:
    return await acquire_number(office.services, organization_id=organization_id, number=number)


async def chosen(office: Office, organization_id: str, number: str) -> PhoneNumber | Refused:
    """What comes of reserving a number and then acquiring it."""
    assert isinstance(await reserved(office, organization_id, number), Reservation)
    return await acquired(office, organization_id, number)


async def test_a_number_in_stock_is_reserved_and_becomes_the_organization_s(office: Office) -> None:
    await stocked(office, DESK)
    organization_id = await staffed(office)

    assert await found(office) == [DESK]
    assert await reserved(office, organization_id, DESK) == Reservation(
        number=DESK,
        organization_id=organization_id,
        reserved_until=office.clock.now.replace(minute=10),
    )
    assert await found(office) == []
    number = await acquire_number(
        office.services, organization_id=organization_id, number=DESK, display_name="Recepție"
    )

    assert isinstance(number, PhoneNumber)
    assert (number.kind, number.display_name, number.purpose) == ("user", "Recepție", NumberPurpose.UNASSIGNED)
    directory = NumberDirectory()
    await directory.load(office.services.pool, SHARD)
    assert directory.organization_of(DESK) == organization_id
    assert await acquired(office, organization_id, DESK) == number
    assert await found(office) == []


async def test_a_reservation_holds_ten_minutes_and_asking_again_does_not_renew_it(office: Office) -> None:
    await stocked(office, DESK)
    organization_id, other = await staffed(office), await staffed(office, name="Other")
    first = await reserved(office, organization_id, DESK)
    office.clock.advance(minutes=9, seconds=59)
    assert await reserved(office, organization_id, DESK) == first
    assert await reserved(office, other, DESK) == NOT_AVAILABLE

    office.clock.advance(seconds=1)
    assert await found(office) == [DESK]
    assert await acquired(office, organization_id, DESK) == NOT_AVAILABLE
    assert isinstance(await reserved(office, other, DESK), Reservation)
    assert await acquired(office, organization_id, DESK) == NOT_AVAILABLE
    assert isinstance(await acquired(office, other, DESK), PhoneNumber)


async def test_a_number_is_acquired_only_by_whoever_reserved_it(office: Office) -> None:
    await stocked(office, DESK)
    organization_id, other = await staffed(office), await staffed(office, name="Other")
    assert await acquired(office, organization_id, DESK) == NOT_AVAILABLE
    await reserved(office, other, DESK)
    assert await acquired(office, organization_id, DESK) == NOT_AVAILABLE


async def test_of_many_organizations_that_want_a_number_at_once_one_gets_it(office: Office) -> None:
    await stocked(office, DESK)
    organizations = [await staffed(office, licences=1) for _ in range(6)]

    async def race(organization_id: str) -> PhoneNumber | Refused:
        answer = await reserved(office, organization_id, DESK)
        return answer if isinstance(answer, Refused) else await acquired(office, organization_id, DESK)

    answers = await asyncio.gather(*map(race, organizations))

    (winner,) = [answer for answer in answers if isinstance(answer, PhoneNumber)]
    assert [answer for answer in answers if isinstance(answer, Refused)] == [NOT_AVAILABLE] * 5
    owners = await office.services.pool.fetch("select organization_id from phone_numbers where number = $1", DESK)
    assert [str(row["organization_id"]) for row in owners] == [winner.organization_id]


async def test_a_number_whose_reservation_moves_on_at_that_instant_is_acquired_once(office: Office) -> None:
    numbers = [f"+4021234567{each}" for each in range(8)]
    await stocked(office, *numbers)
    first, second = await staffed(office), await staffed(office, name="Other")
    for number in numbers:
        await reserved(office, first, number)
    office.clock.advance(minutes=10)

    async def race(organization_id: str, number: str) -> PhoneNumber | Refused:
        await reserved(office, organization_id, number)
        return await acquired(office, organization_id, number)

    answers = await asyncio.gather(*(race(each, number) for number in numbers for each in (first, second)))

    assert sorted(answer.number for answer in answers if isinstance(answer, PhoneNumber)) == numbers


async def test_the_operator_and_an_organization_that_want_a_number_at_once_do_not_both_get_it(office: Office) -> None:
    numbers = [f"+4021234567{each}" for each in range(8)]
    await stocked(office, *numbers)
    buyer, given = await staffed(office), await staffed(office, name="Other")
    for number in numbers:
        await reserved(office, buyer, number)

    def give(number: str) -> Any:
        return add_number(office.services, organization_id=given, number=number, kind="user", display_name="")

    answers: Sequence[Any] = await asyncio.gather(
        *(work for number in numbers for work in (acquired(office, buyer, number), give(number)))
    )

    assert sorted(answer.number for answer in answers if isinstance(answer, PhoneNumber)) == numbers
    assert {answer.code for answer in answers if isinstance(answer, Refused)} <= {
        RefusalCode.NUMBER_NOT_AVAILABLE,
        RefusalCode.NUMBER_TAKEN,
    }
    assert await found(office) == []


async def test_what_the_operator_gives_away_leaves_the_stock(office: Office) -> None:
    await stocked(office, DESK)
    organization_id = await staffed(office, licences=0)
    await add_number(office.services, organization_id=organization_id, number=DESK, kind="user", display_name="")
    assert await found(office) == []
    assert await reserved(office, organization_id, DESK) == NOT_AVAILABLE


@pytest.mark.parametrize(("kinds", "quota"), [(("user",), 12), (("toll", "toll_free"), 5)])
async def test_an_organization_gets_as_many_numbers_as_its_licences_allow(
    office: Office, kinds: tuple[str, ...], quota: int
) -> None:
    organization_id = await staffed(office, licences=2)
    await office.grant(organization_id, 1_000_000)
    numbers = [f"+4021234{each:04d}" for each in range(quota + 1)]
    for position, number in enumerate(numbers):
        await stocked(office, number, kind=kinds[position % len(kinds)])
    for number in numbers[:-1]:
        assert isinstance(await chosen(office, organization_id, number), PhoneNumber)

    refused = await chosen(office, organization_id, numbers[-1])

    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.QUOTA_REACHED
    kind = kinds[quota % len(kinds)]
    assert refused.facts == {"kind": kind, "quota": quota, "in_use": quota, "licences": 2}
    await hire(
        office.services, organization_id, *(f"front.{each}@example.com" for each in range(24)), licences=("MCOMEETADV",)
    )
    assert isinstance(await acquired(office, organization_id, numbers[-1]), PhoneNumber)


async def test_a_quota_is_not_overrun_by_acquiring_many_at_once(office: Office) -> None:
    organization_id = await staffed(office, licences=2)
    numbers = [f"+4021234{each:04d}" for each in range(8)]
    await stocked(office, *numbers, kind="toll")
    for number in numbers:
        await reserved(office, organization_id, number)

    answers = await asyncio.gather(*(acquired(office, organization_id, number) for number in numbers))

    assert len([answer for answer in answers if isinstance(answer, PhoneNumber)]) == 5
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {RefusalCode.QUOTA_REACHED}


async def test_numbers_that_the_operator_added_count_towards_the_quota_and_are_not_bound_by_it(office: Office) -> None:
    organization_id = await staffed(office, licences=1)
    for each in range(6):
        number = f"+4021234567{each}"
        added = await add_number(
            office.services, organization_id=organization_id, number=number, kind="toll", display_name=""
        )
        assert isinstance(added, PhoneNumber)
    await stocked(office, BRIDGE, kind="toll")
    refused = await chosen(office, organization_id, BRIDGE)
    assert isinstance(refused, Refused)
    assert (refused.facts["in_use"], refused.facts["quota"]) == (6, 5)


async def test_licences_that_count_are_plans_and_conferencing_of_users(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await hire(office.services, organization_id, "sales.1@example.com", licences=("MCOPSTN2", "MCOMEETADV", "MCOPSTNC"))
    await hire(office.services, organization_id, "sales.2@example.com", licences=("MCOPSTNC", "MCOMEETADD_DIALOUT_US"))
    await hire(office.services, organization_id, "sales.3@example.com", licences=("MCOPSTN_PAYG_1", "MCOMEETACPEA"))
    await hire(office.services, organization_id, "queue@example.com", kind="resource_account", licences=("MCOPSTN1",))

    assert await get_quotas(office.services, organization_id=organization_id) == Quotas(
        licences=4,
        user_numbers=0,
        user_number_quota=14,
        service_numbers=0,
        service_number_quota=5,
        credits_set_up=False,
    )


async def test_without_licences_there_are_no_numbers_and_no_trace_of_having_asked(office: Office) -> None:
    await stocked(office, DESK)
    organization_id = await staffed(office, licences=0)
    version = await account_version(office.services, organization_id)
    refused = await chosen(office, organization_id, DESK)
    assert isinstance(refused, Refused)
    assert refused.facts == {"kind": "user", "quota": 0, "in_use": 0, "licences": 0}
    assert await account_version(office.services, organization_id) == version
    assert not await has_roster(office.services, organization_id)


async def test_a_toll_free_number_needs_credits_that_are_set_up(office: Office) -> None:
    await stocked(office, HELP, kind="toll_free")
    await stocked(office, BRIDGE, kind="toll")
    organization_id = await staffed(office)
    assert isinstance(await chosen(office, organization_id, BRIDGE), PhoneNumber)
    assert await chosen(office, organization_id, HELP) == Refused(code=RefusalCode.CREDITS_NOT_SET_UP)

    await office.grant(organization_id, 1_000_000, days=1)
    office.clock.advance(days=2)
    # Funds that were there once are enough: the organization knows how to have them.
    assert isinstance(await chosen(office, organization_id, HELP), PhoneNumber)


@pytest.mark.parametrize("enabled", [True, False])
async def test_auto_recharge_that_is_on_sets_credits_up(office: Office, *, enabled: bool) -> None:
    organization_id = await staffed(office)
    await office.services.pool.execute(
        "insert into recharge_rules (shard_id, organization_id, enabled, recharge_amount_micros, trigger_amount_micros,"
        " monthly_cap_micros, payment_method, declines, suspended, month, month_micros)"
        " values (0, $1, $2, 50000000, 0, 500000000, '', 0, false, '', 0)",
        organization_id,
        enabled,
    )
    quotas = await get_quotas(office.services, organization_id=organization_id)
    assert isinstance(quotas, Quotas)
    assert quotas.credits_set_up is enabled


async def test_acquiring_moves_the_account_for_its_copy_may_say_that_nobody_has_the_number(office: Office) -> None:
    await stocked(office, DESK)
    organization_id = await staffed(office)
    version = await account_version(office.services, organization_id)
    await chosen(office, organization_id, DESK)
    assert await account_version(office.services, organization_id) > version


async def test_a_number_of_an_organization_cannot_be_put_in_stock(office: Office) -> None:
    organization_id = await staffed(office, licences=0)
    await add_number(office.services, organization_id=organization_id, number=DESK, kind="user", display_name="")
    refused = await add_to_stock(office.services, number=DESK, kind="user", country="", place="")
    assert refused == Refused(code=RefusalCode.NUMBER_TAKEN, facts={"number": DESK})


async def test_a_number_that_is_not_in_stock_cannot_be_had(office: Office) -> None:
    organization_id = await staffed(office)
    assert await reserved(office, organization_id, DESK) == NOT_AVAILABLE
    assert await acquired(office, organization_id, DESK) == NOT_AVAILABLE


async def test_an_organization_that_closes_gets_no_number_from_stock(office: Office) -> None:
    await stocked(office, DESK)
    organization_id = await staffed(office)
    await reserved(office, organization_id, DESK)
    await office.services.pool.execute("update organizations set status = 'closing'")
    closed = Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    assert await reserved(office, organization_id, DESK) == closed
    assert await acquired(office, organization_id, DESK) == closed


async def test_an_unknown_organization_gets_nothing(office: Office) -> None:
    await stocked(office, DESK)
    nobody = new_id()
    unknown = Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": nobody})
    assert await reserved(office, nobody, DESK) == unknown
    assert await acquired(office, nobody, DESK) == unknown
    assert await get_quotas(office.services, organization_id=nobody) == unknown


@pytest.mark.parametrize("number", ["", "112", "+40 21", "+" + "4" * 100_000, "\x00"])
async def test_what_is_no_number_can_be_neither_reserved_nor_acquired(office: Office, number: str) -> None:
    organization_id = await staffed(office, licences=0)
    for answer in (await reserved(office, organization_id, number), await acquired(office, organization_id, number)):
        assert isinstance(answer, Refused)
        assert (answer.code, answer.facts["field"]) == (RefusalCode.INVALID_INPUT, "number")
