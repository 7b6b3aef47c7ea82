"""People of an organization are its own: added once, changed field by field, and found by nobody else."""

import asyncio
from typing import Any

import pytest

from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.roster import (
    ConferenceDialOut,
    DialOutPolicy,
    Licence,
    Party,
    PartyKind,
    UserDialOut,
)
from commcredits.operations.people import PartyInfo, remove_party
from tests.operations.colleagues import (
    add,
    buy,
    change,
    get,
    give_number,
    hold,
    names_of,
    roster_of,
    try_to_add,
    versions,
)
from tests.operations.office import NOON, Office, new_id

USER, RESOURCE_ACCOUNT = PartyKind.USER, PartyKind.RESOURCE_ACCOUNT
ID = "019353b4-7c1e-7000-8000-0123456789ab"
WRONG_NAMES = [
    "",
    "sales",
    "@example.com",
    "sales@",
    "a b@example.com",
    "a@b@c",
    "ana\n@example.com",
    "ană@example.com",
]
WRONG_NAMES += [
    "a@exa mple.com",
    "x" * 65 + "@example.com",
    "a@" + "b" * 320,
    "a@b..c",
    "a@.b",
    "a/b@example.com",
    "a@b\0",
]
WRONG_FIELDS: list[tuple[str, Any]] = [
    *(("user_principal_name", name) for name in WRONG_NAMES),
    ("user_principal_name", "a" * 1_000_000),
    ("display_name", "x" * 201),
    ("display_name", "two\nlines"),
    ("display_name", "null\0byte"),
    ("display_name", "half a pair \udfff"),
    ("display_name", "turned \u202e around"),
    ("department", "x" * 201),
    ("department", "\t"),
    ("usage_location", "ro"),
    ("usage_location", "ZZ"),
    ("usage_location", "ROU"),
    ("usage_location", "R\0"),
    ("monthly_cap_micros", -1),
    ("monthly_cap_micros", 10**30),
    ("shared_calling_account", "reception"),
    ("shared_calling_account", ID),
]


async def remove(office: Office, organization_id: str, user: str, kind: PartyKind = USER) -> Done | Refused:
    return await remove_party(office.services, organization_id=organization_id, kind=kind, user=user)


async def test_a_user_is_added_with_everything_that_is_known_of_one(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    account = await add(office, organization_id, "Reception", kind=RESOURCE_ACCOUNT)
    everything: dict[str, Any] = {
        "display_name": "Sales 1",
        "usage_location": "GB",
        "department": "Vânzări",
        "dial_out": DialOutPolicy(conference=ConferenceDialOut.ZONE_A, user=UserDialOut.DOMESTIC),
        "premium_allowed": True,
        "toll_free_allowed": False,
        "monthly_cap_micros": 25_000_000,
        "shared_calling_account": account.party.party_id,
    }

    added = await add(office, organization_id, "Sales.1", party_id=ID, **everything)

    party = Party(party_id=ID, kind=USER, user_principal_name="Sales.1@example.com", **everything)
    assert added == PartyInfo(party=party, numbers=(), created_at=NOON)
    assert await get(office, organization_id, ID) == added
    assert await get(office, organization_id, "sales.1@EXAMPLE.com") == added
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.version == 2


async def test_what_is_not_said_of_a_user_takes_its_default(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    added = await add(office, organization_id, "sales", usage_location="")
    assert added.party == Party(
        party_id=added.party.party_id,
        kind=USER,
        user_principal_name="sales@example.com",
        display_name="",
        usage_location="",
    )


async def test_the_same_user_again_gets_the_same_answer_and_moves_no_version(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    first = await add(office, organization_id, "sales", display_name="Sales")
    await hold(office, organization_id, first, Licence.DOMESTIC_120)
    before = await versions(office, organization_id)
    office.clock.advance(hours=1)

    again = await add(office, organization_id, "sales", display_name="Sales")
    by_id = await add(office, organization_id, "sales", display_name="Sales", party_id=first.party.party_id)

    assert again == by_id
    assert (again.party.party_id, again.created_at) == (first.party.party_id, NOON)
    assert again.party.licences == {Licence.DOMESTIC_120}
    assert await versions(office, organization_id) == before


async def test_an_object_id_or_a_name_of_somebody_else_is_taken(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await add(office, organization_id, "sales", party_id=ID)
    before = await versions(office, organization_id)
    for name, other in (
        ("SALES", {}),
        ("sales", {"display_name": "Other"}),
        ("sales", {"party_id": new_id()}),
        ("sales", {"kind": RESOURCE_ACCOUNT}),
        ("other", {"party_id": ID}),
    ):
        refused = await try_to_add(office, organization_id, name, **other)
        facts: dict[str, str | int] = {"user_principal_name": f"{name}@example.com"}
        assert refused == Refused(code=RefusalCode.USER_TAKEN, facts=facts), (name, other)
    assert await versions(office, organization_id) == before


async def test_of_many_who_add_the_same_name_at_once_one_does(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    answers = await asyncio.gather(
        *(try_to_add(office, organization_id, "sales", display_name=f"Sales {number}") for number in range(6))
    )
    assert [type(answer) for answer in answers].count(PartyInfo) == 1
    assert await names_of(office, organization_id) == ["sales"]
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.version == 1


async def test_a_field_that_is_wrong_is_named_and_leaves_no_trace(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    before = await versions(office, organization_id)
    for field, value in WRONG_FIELDS:
        refused = await try_to_add(office, organization_id, "sales", **{field: value})
        assert isinstance(refused, Refused), (field, str(value)[:80])
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field), (field, str(value)[:80])
        assert len(str(refused.facts["value"])) <= 64
    for party_id in ("sales", ID.upper(), "00000000-0000-0000-0000-000000000000"):
        refused = await try_to_add(office, organization_id, "sales", party_id=party_id)
        assert isinstance(refused, Refused), party_id
        assert refused.facts["field"] == "party_id"
    assert await versions(office, organization_id) == before == (before[0], 0)

    user = (await add(office, organization_id, "sales")).party.party_id
    before = await versions(office, organization_id)
    for field, value in WRONG_FIELDS:
        refused = await change(office, organization_id, user, **{field: value})
        assert isinstance(refused, Refused), (field, str(value)[:80])
        assert refused.facts["field"] == field
    assert await versions(office, organization_id) == before


async def test_an_organization_that_is_closing_or_unknown_gets_no_user(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await office.services.pool.execute("update organizations set status = 'closing'")
    assert await try_to_add(office, organization_id, "sales") == Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    for unknown in (new_id(), "nobody"):
        refused = await try_to_add(office, unknown, "sales")
        assert isinstance(refused, Refused)
        assert refused.code in {RefusalCode.UNKNOWN_ORGANIZATION, RefusalCode.INVALID_INPUT}


async def test_a_change_touches_the_fields_that_are_given_and_no_others(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "sales", display_name="Sales", department="Sales", monthly_cap_micros=5)
    await hold(office, organization_id, user, Licence.COMMUNICATIONS_CREDITS)

    changed = await change(office, organization_id, "sales@example.com", department="Service", monthly_cap_micros=None)

    assert isinstance(changed, PartyInfo)
    assert changed.party == Party(
        party_id=user.party.party_id,
        kind=USER,
        user_principal_name="sales@example.com",
        display_name="Sales",
        usage_location="RO",
        department="Service",
        licences=frozenset({Licence.COMMUNICATIONS_CREDITS}),
    )


async def test_a_change_to_what_somebody_is_already_moves_no_version(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "sales", display_name="Sales")
    before = await versions(office, organization_id)
    assert await change(office, organization_id, user.party.party_id, display_name="Sales") == user
    assert await change(office, organization_id, user.party.party_id) == user
    assert await versions(office, organization_id) == before


async def test_a_name_changes_but_not_into_that_of_somebody_else(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = (await add(office, organization_id, "sales")).party.party_id
    await add(office, organization_id, "service")

    changed = await change(office, organization_id, user, user_principal_name="SALES@example.com")
    assert isinstance(changed, PartyInfo)
    assert changed.party.user_principal_name == "SALES@example.com"
    refused = await change(office, organization_id, user, user_principal_name="Service@example.com")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.USER_TAKEN


async def test_licences_move_along_to_a_country_where_enough_were_bought(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "sales")
    await buy(office, organization_id, Licence.DOMESTIC_120, 1, "RO")
    await hold(office, organization_id, user, Licence.DOMESTIC_120)

    refused = await change(office, organization_id, user.party.party_id, usage_location="GB")
    facts: dict[str, str | int] = {"licence": "MCOPSTN5", "purchased": 0, "assigned": 0, "needed": 1}
    assert refused == Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts=facts)
    nowhere = await change(office, organization_id, user.party.party_id, usage_location="")
    assert isinstance(nowhere, Refused)
    assert nowhere.facts["field"] == "usage_location"

    await buy(office, organization_id, Licence.DOMESTIC_120, 1)
    assert isinstance(await change(office, organization_id, user.party.party_id, usage_location="GB"), PartyInfo)
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.assigned == {"MCOPSTN5/GB": 1}


async def test_a_user_calls_by_the_plan_of_a_resource_account_and_of_nobody_else(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = (await add(office, organization_id, "sales")).party.party_id
    other = (await add(office, organization_id, "service")).party.party_id
    account = (await add(office, organization_id, "reception", kind=RESOURCE_ACCOUNT)).party.party_id
    stranger = (await office.organization()).organization_id
    foreign = (await add(office, stranger, "reception", kind=RESOURCE_ACCOUNT)).party.party_id

    assert isinstance(await change(office, organization_id, user, shared_calling_account=account), PartyInfo)
    for wrong in (other, foreign, user):
        refused = await change(office, organization_id, user, shared_calling_account=wrong)
        assert isinstance(refused, Refused)
        assert refused.facts["field"] == "shared_calling_account"
    refused = await change(office, organization_id, account, kind=RESOURCE_ACCOUNT, shared_calling_account=account)
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "shared_calling_account"


async def test_a_resource_account_by_whose_plan_users_call_is_not_removed(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    account = (await add(office, organization_id, "reception", kind=RESOURCE_ACCOUNT)).party.party_id
    user = (await add(office, organization_id, "sales", shared_calling_account=account)).party.party_id

    refused = await remove(office, organization_id, account, RESOURCE_ACCOUNT)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "user")

    await change(office, organization_id, user, shared_calling_account="")
    assert await remove(office, organization_id, account, RESOURCE_ACCOUNT) == Done(changed=True)


async def test_somebody_with_a_number_is_not_removed(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "sales")
    await give_number(office, organization_id, "+40212345679", user)
    await give_number(office, organization_id, "+40212345678", user)
    before = await versions(office, organization_id)

    refused = await remove(office, organization_id, "sales@example.com")

    facts: dict[str, str | int] = {"number": "+40212345678", "numbers": 2}
    assert refused == Refused(code=RefusalCode.NUMBER_IN_USE, facts=facts)
    assert await versions(office, organization_id) == before
    found = await get(office, organization_id, "sales@example.com")
    assert isinstance(found, PartyInfo)
    assert found.numbers == ("+40212345678", "+40212345679")


async def test_whoever_is_removed_is_unknown_and_gives_the_licences_back(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "sales")
    await hold(office, organization_id, user, Licence.DOMESTIC_120)
    account_version, roster_version = await versions(office, organization_id)

    assert await remove(office, organization_id, "SALES@example.com") == Done(changed=True)

    facts: dict[str, str | int] = {"user": user.party.party_id}
    unknown = Refused(code=RefusalCode.UNKNOWN_USER, facts=facts)
    assert await get(office, organization_id, user.party.party_id) == unknown
    assert await remove(office, organization_id, user.party.party_id) == unknown
    assert await change(office, organization_id, user.party.party_id, department="Sales") == unknown
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.assigned == {}
    assert await versions(office, organization_id) == (account_version + 1, roster_version + 1)


async def test_no_organization_sees_or_changes_anothers_people(office: Office) -> None:
    ours = (await office.organization("Ours")).organization_id
    theirs = (await office.organization("Theirs")).organization_id
    user = await add(office, theirs, "sales", party_id=ID)
    before = await versions(office, theirs)

    for name in (ID, "sales@example.com"):
        for refused in (
            await get(office, ours, name),
            await change(office, ours, name, department="Ours"),
            await remove(office, ours, name),
        ):
            assert refused == Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": name})
    assert await names_of(office, ours) == []
    assert await roster_of(office, ours) is None

    # The same object id and the same name are free here, and stand beside each other.
    assert isinstance(await try_to_add(office, ours, "sales", party_id=ID, department="Ours"), PartyInfo)
    assert await get(office, theirs, ID) == user
    assert await remove(office, ours, ID) == Done(changed=True)
    assert await get(office, theirs, ID) == user
    assert await versions(office, theirs) == before


async def test_a_user_is_no_resource_account_and_the_other_way_round(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await add(office, organization_id, "sales")
    await add(office, organization_id, "reception", kind=RESOURCE_ACCOUNT)
    assert isinstance(await get(office, organization_id, "reception@example.com"), Refused)
    assert isinstance(await get(office, organization_id, "sales@example.com", kind=RESOURCE_ACCOUNT), Refused)
    assert isinstance(await remove(office, organization_id, "reception@example.com"), Refused)
    assert isinstance(await change(office, organization_id, "reception@example.com", department="x"), Refused)
    assert await names_of(office, organization_id) == ["sales"]
    assert await names_of(office, organization_id, kind=RESOURCE_ACCOUNT) == ["reception"]


@pytest.mark.parametrize("user", ["", "sales", "sales@", ID.upper(), "\0", "a" * 100_000, "' or true --"])
async def test_a_name_that_is_nobodys_form_is_refused_before_anything_is_looked_up(office: Office, user: str) -> None:
    organization_id = (await office.organization()).organization_id
    for refused in (
        await get(office, organization_id, user),
        await change(office, organization_id, user, department="x"),
        await remove(office, organization_id, user),
    ):
        assert isinstance(refused, Refused)
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "user")
