"""Opening, finding and listing organizations, and what is refused on the way."""

import asyncio
from typing import Any

from commcredits.core.account import OrganizationStatus
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.organizations import (
    Organization,
    check_organization_id,
    get_organization,
    list_organizations,
    open_organization,
)
from commcredits.operations.paging import Page, write_cursor
from commcredits.operations.reports import Balance, read_balance
from tests.operations.office import NOON, Office, new_id

FIELDS = {
    "name": "Exemplu SRL",
    "country": "RO",
    "currency": "EUR",
    "time_zone": "Europe/Bucharest",
    "language": "ro",
}

WRONG_FIELDS = [
    ("command_id", ""),
    ("command_id", "two words"),
    ("command_id", "x" * 129),
    ("command_id", "é"),
    ("command_id", "\x00"),
    ("name", ""),
    ("name", "   "),
    ("name", "x" * 201),
    ("name", "two\nlines"),
    ("name", "null\x00byte"),
    ("name", "half a pair \ud800"),
    ("name", "\u202egnol"),
    ("country", ""),
    ("country", "ro"),
    ("country", "ROU"),
    ("country", "ZZ"),
    ("country", "R\x00"),
    ("currency", ""),
    ("currency", "eur"),
    ("currency", "EURO"),
    ("currency", "ZZZ"),
    ("currency", "XAU"),
    ("currency", "EU\u20ac"),
    ("time_zone", ""),
    ("time_zone", "Bucharest"),
    ("time_zone", "../../etc/passwd"),
    ("time_zone", "Europe/Bucharest\x00"),
    ("language", ""),
    ("language", "de"),
    ("language", "EN"),
]

NO_IDS = [
    "",
    "1",
    "018F3C5E-8A70-7000-8000-000000000001",
    "{018f3c5e-8a70-7000-8000-000000000001}",
    "018f3c5e8a7070008000000000000001",
    "018f3c5e-8a70-7000-8000-00000000000g",
    "018f3c5e-8a70-7000-8000-000000000001\n",
    "018f3c5e-8a70-7000-8000-00000000000٣",
    "' or 1=1 --",
]


async def opened_count(office: Office) -> int:
    page = await list_organizations(office.services, cursor=None, limit=200)
    assert isinstance(page, Page)
    return len(page.items)


async def all_names(office: Office, *, limit: int) -> list[str]:
    """Names of all organizations, page by page; a page is never longer than asked."""
    names: list[str] = []
    cursor: str | None = None
    while True:
        page = await list_organizations(office.services, cursor=cursor, limit=limit)
        assert isinstance(page, Page), page
        assert 0 < len(page.items) <= limit
        names += [organization.name for organization in page.items]
        cursor = page.next_cursor
        if cursor is None:
            return names


async def test_an_opened_organization_says_what_it_was_opened_with(office: Office) -> None:
    opened = await open_organization(office.services, command_id="one", **FIELDS)

    assert isinstance(opened, Organization)
    assert opened == Organization(
        organization_id=opened.organization_id,
        name="Exemplu SRL",
        country="RO",
        currency="EUR",
        minor_digits=2,
        time_zone="Europe/Bucharest",
        language="ro",
        status=OrganizationStatus.OPEN,
        rate_deck_id=None,
        created_at=NOON,
    )
    assert await get_organization(office.services, organization_id=opened.organization_id) == opened


async def test_a_new_organization_has_no_funds(office: Office) -> None:
    opened = await office.organization()
    balance = await read_balance(office.services, organization_id=opened.organization_id)
    assert balance == Balance(
        posted_micros=0, held_micros=0, available_micros=0, owed_micros=0, currency="EUR", as_of=NOON
    )


async def test_a_currency_has_the_digits_of_the_standard(office: Office) -> None:
    for currency, digits in (("EUR", 2), ("JPY", 0), ("BHD", 3), ("CLF", 4)):
        opened = await office.organization(currency=currency)
        assert (opened.currency, opened.minor_digits) == (currency, digits)


async def test_the_same_command_opens_one_organization_and_gets_it_again(office: Office) -> None:
    first = await open_organization(office.services, command_id="one", **FIELDS)
    again = await open_organization(office.services, command_id="one", **FIELDS)

    assert isinstance(first, Organization)
    assert again == first
    assert await opened_count(office) == 1


async def test_a_command_that_arrives_many_times_at_once_opens_one_organization(office: Office) -> None:
    commands = [open_organization(office.services, command_id="one", **FIELDS) for _ in range(12)]
    opened = await asyncio.gather(*commands)

    assert len({each.organization_id for each in opened if isinstance(each, Organization)}) == 1
    assert all(isinstance(each, Organization) for each in opened)
    assert await opened_count(office) == 1


async def test_the_same_command_with_other_content_is_a_conflict(office: Office) -> None:
    await open_organization(office.services, command_id="one", **FIELDS)
    other = {"name": "Alt SRL", "country": "MD", "currency": "RON", "time_zone": "Europe/Paris", "language": "en"}

    for field, value in other.items():
        refused = await open_organization(office.services, command_id="one", **{**FIELDS, field: value})

        facts = {"command_id": "one", "command": "open_organization"}
        assert refused == Refused(code=RefusalCode.CONFLICT, facts=facts), field
    assert await opened_count(office) == 1


async def test_two_commands_may_open_two_organizations_of_one_name(office: Office) -> None:
    for command_id in ("one", "two"):
        assert isinstance(await open_organization(office.services, command_id=command_id, **FIELDS), Organization)
    assert await opened_count(office) == 2


async def test_a_field_that_is_wrong_is_named_and_nothing_is_opened(office: Office) -> None:
    for field, value in WRONG_FIELDS:
        given: dict[str, Any] = {"command_id": "one", **FIELDS, field: value}

        refused = await open_organization(office.services, **given)

        assert isinstance(refused, Refused), (field, value)
        assert refused.code is RefusalCode.INVALID_INPUT
        assert refused.facts["field"] == field, (field, value)
        assert len(str(refused.facts["value"])) <= 64
        assert str(refused.facts["value"]).isprintable(), (field, value)
        assert refused.facts["allowed"]
    assert await opened_count(office) == 0


async def test_a_command_that_was_refused_may_be_sent_again_put_right(office: Office) -> None:
    wrong = {**FIELDS, "currency": "euro"}
    assert isinstance(await open_organization(office.services, command_id="one", **wrong), Refused)
    assert isinstance(await open_organization(office.services, command_id="one", **FIELDS), Organization)


async def test_an_organization_that_nobody_opened_is_unknown(office: Office) -> None:
    organization_id = new_id()
    assert await get_organization(office.services, organization_id=organization_id) == Refused(
        code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id}
    )


async def test_the_operators_own_id_is_no_organization(office: Office) -> None:
    refused = await get_organization(office.services, organization_id="00000000-0000-0000-0000-000000000000")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION


async def test_what_is_no_id_is_refused_as_input_and_never_looked_up(office: Office) -> None:
    for text in NO_IDS:
        refused = check_organization_id(text)
        assert isinstance(refused, Refused), text
        assert refused.facts["field"] == "organization_id"
        assert await get_organization(office.services, organization_id=text) == refused


def test_an_id_in_canonical_form_is_itself() -> None:
    identifier = new_id()
    assert check_organization_id(identifier) == identifier


async def test_organizations_are_listed_in_order_of_name_each_once(office: Office) -> None:
    for name in ["Delta", "Alfa", "Charlie", "Bravo", "Alfa", "Alfa"]:
        await office.organization(name)
    for limit in (1, 2, 3, 5, 6, 200):
        assert await all_names(office, limit=limit) == ["Alfa", "Alfa", "Alfa", "Bravo", "Charlie", "Delta"]


async def test_an_organization_opened_between_two_pages_repeats_and_hides_no_other(office: Office) -> None:
    for name in ["Bravo", "Delta", "Golf"]:
        await office.organization(name)
    first = await list_organizations(office.services, cursor=None, limit=2)
    assert isinstance(first, Page)
    await office.organization("Alfa")
    await office.organization("Echo")

    second = await list_organizations(office.services, cursor=first.next_cursor, limit=200)

    assert isinstance(second, Page)
    assert [each.name for each in (*first.items, *second.items)] == ["Bravo", "Delta", "Echo", "Golf"]


async def test_the_longest_name_fits_into_a_cursor(office: Office) -> None:
    names = sorted(letter + "\U0001f4de" * 199 for letter in "ABC")
    for name in names:
        await office.organization(name)
    assert await all_names(office, limit=1) == names


async def test_no_organizations_are_an_empty_page(office: Office) -> None:
    assert await list_organizations(office.services, cursor=None, limit=1) == Page(items=(), next_cursor=None)


async def test_a_cursor_that_was_never_given_out_is_refused(office: Office) -> None:
    for cursor in (
        "",
        "x",
        write_cursor("organizations", "Alfa", "1"),
        write_cursor("calls", "Alfa", new_id()),
        "A" * 100_000,
    ):
        refused = await list_organizations(office.services, cursor=cursor, limit=10)
        assert isinstance(refused, Refused), cursor
        assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, "cursor")
