"""Who administers an organization: invited, accepted, changed, shut out, and never nobody."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from commcredits.core.access import Actor, ActorKind, Permission, Role, permissions_of
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.operations import administrators, staff
from commcredits.operations.administrator_records import Administrator, Invited
from commcredits.operations.invitations import Invitation, find_invitation, use_invitation
from commcredits.operations.passkeys import new_person
from commcredits.operations.services import Services
from commcredits.operations.visits import Came, Entrant, OpenVisit, VisitTerms, Way, begin_visit, find_visit
from commcredits.storage.identifiers import OPERATOR_ID
from tests.operations.office import NOON, Office

TERMS = VisitTerms(idle_seconds=1_800, longest_seconds=43_200, token_mark="mark")
CAME = Came(source="192.0.2.7", browser="Firefox")


def actor(organization_id: str | None, *roles: Role) -> Actor:
    return Actor(
        kind=ActorKind.PERSON,
        actor_id="administrator:1",
        name="Front Desk",
        permissions=permissions_of(roles),
        organization_id=organization_id,
        roles=roles,
        proved_at=NOON,
    )


async def invited(
    services: Services,
    organization_id: str,
    address: str = "front.desk@example.com",
    role: str = "global_administrator",
) -> Invited:
    found = await administrators.invite_administrator(
        services, organization_id=organization_id, address=address, name="Front Desk", roles=[role]
    )
    assert isinstance(found, Invited), found
    return found


def token_of(found: Invited) -> str:
    assert found.link is not None
    return found.link.get_secret_value().rpartition("/")[2]


async def accepted(services: Services, found: Invited) -> Entrant:
    invitation = await find_invitation(services, token_of(found))
    assert isinstance(invitation, Invitation), invitation
    async with services.pool.acquire() as connection, connection.transaction():
        entrant = await use_invitation(
            connection, services, invitation, person_id=new_person(services), way=Way.PASSKEY
        )
    assert isinstance(entrant, Entrant), entrant
    return entrant


async def visit_of(services: Services, entrant: Entrant) -> tuple[str, OpenVisit]:
    secret = await begin_visit(services, entrant, came=CAME, terms=TERMS)
    visit = await find_visit(services, secret, terms=TERMS)
    assert visit is not None
    return secret, visit


async def test_whoever_accepts_is_an_administrator_with_these_roles(office: Office) -> None:
    organization = await office.organization()
    found = await invited(office.services, organization.organization_id, role="billing_administrator")
    assert found.administrator.state == "invited"
    assert found.administrator.language == "ro", "the organization's, where none was named"
    assert found.link is not None
    assert token_of(found) not in repr(found), "the link is no text for a log"
    entrant = await accepted(office.services, found)
    assert entrant.roles == (Role.BILLING_ADMINISTRATOR,)
    _secret, visit = await visit_of(office.services, entrant)
    assert (visit.name, visit.is_operators) == ("Front Desk", False)
    listed = await administrators.list_administrators(office.services, organization_id=organization.organization_id)
    assert isinstance(listed, tuple)
    assert [(each.state, each.invitation) for each in listed] == [("active", None)]


async def test_an_invitation_opens_nothing_once_it_was_used_withdrawn_replaced_or_is_over(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    services = office.services
    used = await invited(services, organization_id, "used@example.com")
    await accepted(services, used)
    withdrawn = await invited(services, organization_id, "withdrawn@example.com")
    place = {"organization_id": organization_id, "administrator_id": withdrawn.administrator.administrator_id}
    assert await administrators.withdraw_invitation(services, **place) == Done(changed=True)
    assert await administrators.withdraw_invitation(services, **place) == Done(changed=False)
    replaced = await invited(services, organization_id, "replaced@example.com")
    again = await administrators.resend_invitation(
        services, organization_id=organization_id, administrator_id=replaced.administrator.administrator_id
    )
    assert isinstance(again, Invited)
    for found in (used, withdrawn, replaced):
        assert await find_invitation(services, token_of(found)) == Refused(code=RefusalCode.INVITATION_NOT_VALID)
    assert await find_invitation(services, "never made") == Refused(code=RefusalCode.INVITATION_NOT_VALID)
    office.clock.advance(days=7, seconds=-1)
    assert isinstance(await find_invitation(services, token_of(again)), Invitation)
    office.clock.advance(seconds=1)
    assert await find_invitation(services, token_of(again)) == Refused(code=RefusalCode.INVITATION_NOT_VALID)
    gone = await administrators.get_administrator(services, **place)
    assert gone == Refused(code=RefusalCode.UNKNOWN_ADMINISTRATOR), "whoever never came is forgotten"


async def test_of_two_who_accept_at_once_one_does(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    found = await invited(office.services, organization_id)
    invitation = await find_invitation(office.services, token_of(found))
    assert isinstance(invitation, Invitation)

    async def accept() -> Entrant | Refused:
        async with office.services.pool.acquire() as connection, connection.transaction():
            return await use_invitation(
                connection, office.services, invitation, person_id=new_person(office.services), way=Way.PASSKEY
            )

    outcomes = await asyncio.gather(accept(), accept(), accept())
    assert sum(isinstance(each, Entrant) for each in outcomes) == 1


async def test_an_address_is_an_administrator_once_whatever_its_capitals(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await invited(office.services, organization_id, "front.desk@example.com")
    again = await administrators.invite_administrator(
        office.services,
        organization_id=organization_id,
        address="Front.Desk@example.com",
        name="Somebody",
        roles=["support"],
    )
    assert again == Refused(code=RefusalCode.ADMINISTRATOR_TAKEN)
    other = (await office.organization("Other")).organization_id
    await invited(office.services, other, "front.desk@example.com")


@pytest.mark.parametrize("roles", [[], ["operator_owner"], ["operator_staff"], ["reporting_app"], ["king"]])
async def test_no_organization_gives_a_role_that_is_not_for_its_people(office: Office, roles: list[str]) -> None:
    organization_id = (await office.organization()).organization_id
    found = await administrators.invite_administrator(
        office.services, organization_id=organization_id, address="a@example.com", name="A", roles=roles
    )
    assert isinstance(found, Refused)
    assert found.code is RefusalCode.INVALID_INPUT
    refused = await staff.invite_staff(
        office.services, address="a@example.com", name="A", roles=["global_administrator"]
    )
    assert isinstance(refused, Refused)


async def test_the_operators_own_id_is_no_organization_to_administer(office: Office) -> None:
    found = await administrators.invite_administrator(
        office.services, organization_id=OPERATOR_ID, address="a@example.com", name="A", roles=["support"]
    )
    assert isinstance(found, Refused)
    assert found.code is RefusalCode.UNKNOWN_ORGANIZATION


async def test_nobody_of_an_organization_gives_more_than_they_may_do(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    narrow = replace(
        actor(organization_id, Role.USER_ADMINISTRATOR),
        permissions=permissions_of((Role.USER_ADMINISTRATOR,)) | {Permission.ADMINISTRATORS_WRITE},
    )
    services = office.services.acting_as(narrow)
    refused = await administrators.invite_administrator(
        services, organization_id=organization_id, address="a@example.com", name="A", roles=["global_administrator"]
    )
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.NOT_PERMITTED
    assert isinstance(
        await administrators.invite_administrator(
            services, organization_id=organization_id, address="a@example.com", name="A", roles=["user_administrator"]
        ),
        Invited,
    )


async def test_nobody_becomes_changes_or_shuts_out_an_administrator_who_may_do_more(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    found = await invited(office.services, organization_id)
    await accepted(office.services, found)
    administrator_id = found.administrator.administrator_id
    place: dict[str, Any] = {"organization_id": organization_id, "administrator_id": administrator_id}
    second = await invited(office.services, organization_id, "second@example.com")
    await accepted(office.services, second)
    key = replace(actor(organization_id), kind=ActorKind.KEY, permissions=frozenset({Permission.ADMINISTRATORS_WRITE}))
    narrow = office.services.acting_as(key)
    wider = replace(key, permissions=key.permissions | permissions_of((Role.SUPPORT,)))
    for refused in (
        await administrators.resend_invitation(narrow, **place),
        await administrators.disable_administrator(narrow, **place),
        await administrators.change_administrator_roles(office.services.acting_as(wider), **place, roles=["support"]),
    ):
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.NOT_PERMITTED
    whole = office.services.acting_as(actor(organization_id, Role.GLOBAL_ADMINISTRATOR))
    assert isinstance(await administrators.resend_invitation(whole, **place), Invited)


async def test_only_owners_see_and_change_the_staff(office: Office) -> None:
    for role in (Role.OPERATOR_STAFF, Role.GLOBAL_ADMINISTRATOR):
        refused = await staff.list_staff(office.services.acting_as(actor(None, role)))
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.NOT_PERMITTED
    owner = office.services.acting_as(actor(None, Role.OPERATOR_OWNER))
    found = await staff.invite_staff(owner, address="staff@example.com", name="Staff", roles=["operator_staff"])
    assert isinstance(found, Invited)
    listed = await staff.list_staff(owner)
    assert isinstance(listed, tuple)
    assert [each.roles for each in listed] == [(Role.OPERATOR_STAFF,)]


async def test_other_roles_end_the_visits_and_hold_at_once(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    services = office.services
    entrant = await accepted(services, await invited(services, organization_id))
    await accepted(services, await invited(services, organization_id, "second@example.com"))
    secret, _visit = await visit_of(services, entrant)
    changed = await administrators.change_administrator_roles(
        services, organization_id=organization_id, administrator_id=str(entrant.administrator_id), roles=["support"]
    )
    assert isinstance(changed, Administrator)
    assert await find_visit(services, secret, terms=TERMS) is None
    # Whoever was on the way in with the roles of before gets the ones of now.
    _secret, visit = await visit_of(services, entrant)
    assert visit.roles == (Role.SUPPORT,)


async def test_whoever_is_disabled_is_out_at_once_and_comes_back_when_enabled(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    services = office.services
    entrant = await accepted(services, await invited(services, organization_id))
    await accepted(services, await invited(services, organization_id, "second@example.com"))
    secret, _visit = await visit_of(services, entrant)
    place = {"organization_id": organization_id, "administrator_id": str(entrant.administrator_id)}
    disabled = await administrators.disable_administrator(services, **place)
    assert isinstance(disabled, Administrator)
    assert await find_visit(services, secret, terms=TERMS) is None
    late = await begin_visit(services, entrant, came=CAME, terms=TERMS)
    assert await find_visit(services, late, terms=TERMS) is None, "not even who was on the way in"
    assert isinstance(await administrators.enable_administrator(services, **place), Administrator)
    await visit_of(services, entrant)


async def test_somebody_always_keeps_all_rights_however_many_act_at_once(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    services = office.services
    ids = [
        str((await accepted(services, await invited(services, organization_id, f"{n}@example.com"))).administrator_id)
        for n in range(4)
    ]
    await invited(services, organization_id, "never.came@example.com")
    acts = [
        *(
            administrators.disable_administrator(services, organization_id=organization_id, administrator_id=each)
            for each in ids[:2]
        ),
        *(
            administrators.change_administrator_roles(
                services, organization_id=organization_id, administrator_id=each, roles=["support"]
            )
            for each in ids[2:]
        ),
    ]
    outcomes = await asyncio.gather(*acts)
    assert [each for each in outcomes if isinstance(each, Refused)] == [Refused(code=RefusalCode.LAST_ADMINISTRATOR)]
    listed = await administrators.list_administrators(services, organization_id=organization_id)
    assert isinstance(listed, tuple)
    holders = [each for each in listed if each.state == "active" and Role.GLOBAL_ADMINISTRATOR in each.roles]
    assert len(holders) == 1


async def test_another_organization_sees_nobody(office: Office) -> None:
    one = (await office.organization("One")).organization_id
    two = (await office.organization("Two")).organization_id
    found = await invited(office.services, one)
    services = office.services.acting_as(actor(two, Role.GLOBAL_ADMINISTRATOR))
    person = found.administrator.administrator_id
    for organization_id, code in ((one, RefusalCode.UNKNOWN_ORGANIZATION), (two, RefusalCode.UNKNOWN_ADMINISTRATOR)):
        for operation in (
            administrators.get_administrator,
            administrators.disable_administrator,
            administrators.enable_administrator,
            administrators.resend_invitation,
        ):
            refused = await operation(services, organization_id=organization_id, administrator_id=person)
            assert isinstance(refused, Refused)
            assert refused.code is code, operation
    assert await administrators.withdraw_invitation(services, organization_id=two, administrator_id=person) == Done(
        changed=False
    )


async def test_a_person_proves_again_who_they_are_before_giving_anybody_rights(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    services = office.services.acting_as(actor(organization_id, Role.GLOBAL_ADMINISTRATOR))
    office.clock.advance(minutes=16)
    refused = await administrators.invite_administrator(
        services, organization_id=organization_id, address="a@example.com", name="A", roles=["support"]
    )
    assert refused == Refused(code=RefusalCode.PROOF_REQUIRED)
