"""A number serves one user, one service or nobody, and whoever decides about calls learns of it at once."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from commcredits.core.numbers import DialledKind
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberPurpose
from commcredits.operations.numbers import PhoneNumber, add_number, assign_number, get_number, list_numbers
from commcredits.operations.paging import Page
from tests.operations.office import NOON, Office, new_id
from tests.operations.staff import account_version, has_roster, hire

DESK = "+40212345678"
BRIDGE = "+40215550000"
HELP = "+40800800800"
NOBODY = "018f3c5e-8a70-7000-8000-000000000001"


async def _organization(office: Office) -> str:
    """An organization with a number of each kind that serves nobody yet."""
    organization_id = (await office.organization()).organization_id
    for number, kind in ((DESK, "user"), (BRIDGE, "toll"), (HELP, "toll_free")):
        added = await add_number(
            office.services, organization_id=organization_id, number=number, kind=kind, display_name=""
        )
        assert isinstance(added, PhoneNumber), added
    return organization_id


async def _assigned(office: Office, organization_id: str, number: str, purpose: str, user: str | None = None) -> Any:
    return await assign_number(
        office.services, organization_id=organization_id, number=number, purpose=purpose, user=user
    )


async def test_a_user_number_is_given_to_a_user_by_name_or_by_object_id(office: Office) -> None:
    organization_id = await _organization(office)
    desk = await hire(office.services, organization_id, "front.desk@example.com")

    by_name = await _assigned(office, organization_id, DESK, "person", "Front.Desk@EXAMPLE.com")
    assert by_name == PhoneNumber(
        number=DESK,
        organization_id=organization_id,
        kind=by_name.kind,
        display_name="",
        purpose=NumberPurpose.PERSON,
        party_id=desk,
        country="RO",
        dialled_kind=DialledKind.ORDINARY,
        created_at=NOON,
    )
    assert await _assigned(office, organization_id, DESK, "person", desk) == by_name
    assert await get_number(office.services, organization_id=organization_id, number=DESK) == by_name


@pytest.mark.parametrize("number", [BRIDGE, HELP])
@pytest.mark.parametrize("purpose", ["auto_attendant", "call_queue"])
async def test_a_service_number_is_given_to_a_resource_account(office: Office, number: str, purpose: str) -> None:
    organization_id = await _organization(office)
    queue = await hire(office.services, organization_id, "sales@example.com", kind="resource_account")
    assigned = await _assigned(office, organization_id, number, purpose, "sales@example.com")
    assert (assigned.purpose, assigned.party_id) == (purpose, queue)


async def test_the_conference_bridge_has_numbers_and_nobody_has_them(office: Office) -> None:
    organization_id = await _organization(office)
    for number in (BRIDGE, HELP):
        assigned = await _assigned(office, organization_id, number, "conference_bridge")
        assert (assigned.purpose, assigned.party_id) == ("conference_bridge", None)


async def test_a_number_that_serves_somebody_is_taken_back_before_it_serves_another(office: Office) -> None:
    organization_id = await _organization(office)
    first = await hire(office.services, organization_id, "front.desk@example.com")
    second = await hire(office.services, organization_id, "sales.1@example.com")
    await _assigned(office, organization_id, DESK, "person", first)

    refused = await _assigned(office, organization_id, DESK, "person", second)
    assert refused == Refused(
        code=RefusalCode.NUMBER_IN_USE, facts={"number": DESK, "purpose": "person", "party_id": first}
    )
    freed = await _assigned(office, organization_id, DESK, "unassigned")
    assert (freed.purpose, freed.party_id) == ("unassigned", None)
    assert (await _assigned(office, organization_id, DESK, "person", second)).party_id == second


async def test_a_service_number_changes_its_purpose_only_while_it_has_none(office: Office) -> None:
    organization_id = await _organization(office)
    await hire(office.services, organization_id, "sales@example.com", kind="resource_account")
    await _assigned(office, organization_id, HELP, "auto_attendant", "sales@example.com")
    refused = await _assigned(office, organization_id, HELP, "call_queue", "sales@example.com")
    assert refused.code is RefusalCode.NUMBER_IN_USE


async def test_of_two_who_want_a_number_at_once_one_gets_it(office: Office) -> None:
    organization_id = await _organization(office)
    people = [await hire(office.services, organization_id, f"sales.{each}@example.com") for each in range(6)]
    answers = await asyncio.gather(*(_assigned(office, organization_id, DESK, "person", each) for each in people))
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert [each.code for each in refused] == [RefusalCode.NUMBER_IN_USE] * 5


async def test_every_change_moves_the_account_and_what_changes_nothing_does_not(office: Office) -> None:
    organization_id = await _organization(office)
    desk = await hire(office.services, organization_id, "front.desk@example.com")
    before = await account_version(office.services, organization_id)

    await _assigned(office, organization_id, DESK, "person", desk)
    assert await account_version(office.services, organization_id) == before + 1
    await _assigned(office, organization_id, DESK, "person", desk)
    await _assigned(office, organization_id, BRIDGE, "unassigned")
    await _assigned(office, organization_id, DESK, "person", NOBODY)
    assert await account_version(office.services, organization_id) == before + 1
    await _assigned(office, organization_id, DESK, "unassigned")
    assert await account_version(office.services, organization_id) == before + 2


async def test_adding_a_number_moves_the_account_for_its_copy_may_say_that_nobody_has_it(office: Office) -> None:
    organization_id = await _organization(office)
    before = await account_version(office.services, organization_id)
    number = {"organization_id": organization_id, "number": "+40219999999", "kind": "user", "display_name": ""}
    await add_number(office.services, **number)
    await add_number(office.services, **number)
    assert await account_version(office.services, organization_id) == before + 1


async def test_what_is_refused_or_changes_nothing_makes_no_roster_of_an_organization_without_people(
    office: Office,
) -> None:
    organization_id = await _organization(office)
    await _assigned(office, organization_id, DESK, "unassigned")
    await _assigned(office, organization_id, DESK, "person", "front.desk@example.com")
    await _assigned(office, organization_id, "+40217777777", "conference_bridge")
    assert not await has_roster(office.services, organization_id)
    await _assigned(office, organization_id, BRIDGE, "conference_bridge")
    assert await has_roster(office.services, organization_id)


async def test_a_user_of_nobody_is_unknown_and_so_is_one_of_another_organization(office: Office) -> None:
    organization_id = await _organization(office)
    other = (await office.organization("Other")).organization_id
    foreign = await hire(office.services, other, "front.desk@example.com")
    for user in (foreign, "front.desk@example.com", NOBODY):
        refused = await _assigned(office, organization_id, DESK, "person", user)
        assert refused == Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": user})


async def test_a_number_of_nobody_is_unknown_and_so_is_one_of_another_organization(office: Office) -> None:
    organization_id = await _organization(office)
    other = (await office.organization("Other")).organization_id
    for asking, number in ((organization_id, "+40217777777"), (other, BRIDGE)):
        unknown = Refused(code=RefusalCode.UNKNOWN_NUMBER, facts={"number": number})
        assert await _assigned(office, asking, number, "conference_bridge") == unknown
        assert await get_number(office.services, organization_id=asking, number=number) == unknown


WRONG_FIELDS: list[tuple[str, dict[str, str | None]]] = [
    ("number", {"number": "0212345678"}),
    ("number", {"number": "+4021234567٨"}),
    ("purpose", {"purpose": ""}),
    ("purpose", {"purpose": "fax\x00"}),
    ("purpose", {"purpose": "conference_bridge", "user": None}),
    ("purpose", {"purpose": "call_queue", "user": "sales@example.com"}),
    ("purpose", {"number": BRIDGE}),
    ("purpose", {"number": HELP}),
    ("user", {"user": None}),
    ("user", {"user": ""}),
    ("user", {"user": "null\x00byte"}),
    ("user", {"user": "half a pair \udfff"}),
    ("user", {"user": "x" * 321}),
    ("user", {"user": "sales@example.com"}),
    ("user", {"purpose": "unassigned"}),
    ("user", {"purpose": "conference_bridge"}),
    ("user", {"number": HELP, "purpose": "auto_attendant"}),
]


async def test_a_field_that_is_wrong_is_named_and_nothing_is_assigned(office: Office) -> None:
    organization_id = await _organization(office)
    await hire(office.services, organization_id, "front.desk@example.com")
    await hire(office.services, organization_id, "sales@example.com", kind="resource_account")
    for field, wrong in WRONG_FIELDS:
        given: dict[str, Any] = {"number": DESK, "purpose": "person", "user": "front.desk@example.com", **wrong}
        refused = await assign_number(office.services, organization_id=organization_id, **given)
        assert isinstance(refused, Refused), wrong
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field), wrong
    listed = await list_numbers(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert isinstance(listed, Page)
    assert {each.purpose for each in listed.items} == {NumberPurpose.UNASSIGNED}


async def test_numbers_of_an_organization_that_closes_can_only_be_taken_back(office: Office) -> None:
    organization_id = await _organization(office)
    bridge = await _assigned(office, organization_id, BRIDGE, "conference_bridge")
    await office.services.pool.execute("update organizations set status = 'closing'")
    closed = Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    assert await _assigned(office, organization_id, HELP, "conference_bridge") == closed
    freed = await _assigned(office, organization_id, BRIDGE, "unassigned")
    assert freed == replace(bridge, purpose=NumberPurpose.UNASSIGNED)


async def test_an_unknown_organization_assigns_nothing(office: Office) -> None:
    refused = await _assigned(office, new_id(), BRIDGE, "conference_bridge")
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION


async def test_a_number_shows_what_its_range_is(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    for number in ("+40900123456", "+40801123456", "+881612345678"):
        await add_number(office.services, organization_id=organization_id, number=number, kind="user", display_name="")
    listed = await list_numbers(office.services, organization_id=organization_id, cursor=None, limit=10)
    assert isinstance(listed, Page)
    assert {each.number: (each.country, each.dialled_kind.value) for each in listed.items} == {
        "+40900123456": ("RO", "premium"),
        "+40801123456": ("RO", "shared_cost"),
        "+881612345678": ("", "satellite"),
    }
