"""What counts for all calls is proven against the people it was counted from, and so is who is said to be there."""

import pytest

from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.licences import AssignmentReport, assign_licences, set_purchased
from commcredits.operations.people import PartyInfo
from commcredits.operations.verify import verify_books
from tests.operations.colleagues import add, give_number
from tests.operations.office import Office

NOBODY = "018f3c5e-8a70-7000-8000-000000000001"


async def found(office: Office) -> list[tuple[str, str, int, int]]:
    """Check, subject, expected and found of everything that disagrees."""
    verified = await verify_books(office.services)
    return [(each.check, each.subject, each.expected_micros, each.found_micros) for each in verified.discrepancies]


async def staffed(office: Office) -> tuple[PartyInfo, PartyInfo]:
    """A user with licences and a number, and a resource account by whose plan the user calls."""
    organization_id = (await office.organization()).organization_id
    account = await add(office, organization_id, "queue", kind=PartyKind.RESOURCE_ACCOUNT)
    user = await add(office, organization_id, "sales", shared_calling_account=account.party.party_id)
    for country, quantity in (("", 1), ("RO", 2), ("GB", 3)):
        await set_purchased(
            office.services,
            organization_id=organization_id,
            licence=Licence.DOMESTIC_120,
            country=country,
            quantity=quantity,
        )
    report = await assign_licences(
        office.services,
        organization_id=organization_id,
        users=["sales@example.com"],
        licences=[Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS],
    )
    assert isinstance(report, AssignmentReport)
    assert report.written
    await give_number(office, organization_id, "+40212345678", user)
    return user, account


async def test_people_who_are_kept_by_the_product_agree_with_their_roster(office: Office) -> None:
    await staffed(office)
    assert await found(office) == []


@pytest.mark.parametrize(
    ("spoil", "subject", "expected", "counted"),
    [
        ("update parties set licences = '{MCOPSTNC}'", "assigned MCOPSTN5/RO", 0, 1),
        ("update licence_stock set purchased = 9 where country = 'GB'", "purchased MCOPSTN5/GB", 9, 3),
        ("update licence_stock set purchased = 9 where country = ''", "purchased MCOPSTN5/RO", 11, 3),
        ("delete from licence_stock where country = 'GB'", "purchased MCOPSTN5/GB", 0, 3),
    ],
)
async def test_a_roster_that_counts_otherwise_is_found(
    office: Office, spoil: str, subject: str, expected: int, counted: int
) -> None:
    await staffed(office)
    await office.services.pool.execute(spoil.replace("'{MCOPSTNC}'", "'{MCOPSTNC}' where kind = 'user'"))
    assert await found(office) == [("rosters_count_licences", subject, expected, counted)]


async def test_people_without_a_roster_are_found(office: Office) -> None:
    await staffed(office)
    await office.services.pool.execute("delete from rosters")
    assert {check for check, *_rest in await found(office)} == {"rosters_count_licences"}


async def test_a_number_of_nobody_or_of_the_wrong_kind_is_found(office: Office) -> None:
    _user, account = await staffed(office)
    for party_id in (NOBODY, account.party.party_id):
        await office.services.pool.execute("update phone_numbers set party_id = $1", party_id)
        assert await found(office) == [("links_to_people_exist", "number +40212345678", 1, 0)]


async def test_a_plan_shared_by_nobody_is_found(office: Office) -> None:
    user, _account = await staffed(office)
    for party_id in (NOBODY, user.party.party_id):
        await office.services.pool.execute(
            "update parties set shared_calling_account = $1 where kind = 'user'", party_id
        )
        assert await found(office) == [("links_to_people_exist", f"user {user.party.party_id}", 1, 0)]
