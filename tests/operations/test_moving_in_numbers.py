"""Numbers move in with their names and users, all of a file or none of it, after a dry run."""

from typing import Any

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.moving_in_numbers import NumberImport, import_numbers
from commcredits.operations.number_stock import add_to_stock, search_stock
from commcredits.operations.numbers import NumberDirectory, add_number, list_numbers
from commcredits.operations.paging import Page
from commcredits.storage.connection import connect
from tests.operations.office import SHARD, Office
from tests.operations.staff import account_version, has_roster, hire

HEADER = "number,kind,display_name,user,purpose"
ANA = "ana@example.com"
USER_LINE = f"+40212345678,user,Ana,{ANA},"
BRIDGE_LINE = "+40800800800,toll_free,Conferințe,,conference_bridge"
FREE_LINE = "+40212345679,user,,,"


def file_of(*lines: str, header: str = HEADER) -> bytes:
    return "\n".join((header, *lines, "")).encode()


async def imported(
    office: Office, organization: str, *lines: str, header: str = HEADER, **options: Any
) -> NumberImport:
    report = await import_numbers(
        office.services, organization_id=organization, source=[file_of(*lines, header=header)], **options
    )
    assert isinstance(report, NumberImport), report
    return report


async def numbers(office: Office, organization: str) -> dict[str, tuple[str, str, str | None]]:
    """What each number is called, what it is for, and whose it is."""
    page = await list_numbers(office.services, organization_id=organization, cursor=None, limit=200)
    assert isinstance(page, Page), page
    return {each.number: (each.display_name, each.purpose.value, each.party_id) for each in page.items}


async def new_organization(office: Office) -> str:
    return (await office.organization()).organization_id


async def add(office: Office, organization: str, number: str, kind: str = "user", display_name: str = "") -> None:
    added = await add_number(
        office.services, organization_id=organization, number=number, kind=kind, display_name=display_name
    )
    assert not isinstance(added, Refused), added


async def test_numbers_move_in_with_their_names_and_users(office: Office) -> None:
    organization = await new_organization(office)
    ana = await hire(office.services, organization, ANA)
    queue = await hire(office.services, organization, "sales@example.com", kind="resource_account")

    report = await imported(
        office, organization, USER_LINE, BRIDGE_LINE, FREE_LINE, "+40212345670,toll,Sales,SALES@example.com,call_queue"
    )

    assert (report.added, report.changed, report.unchanged, report.assigned, report.written) == (4, 0, 0, 3, True)
    assert await numbers(office, organization) == {
        "+40212345678": ("Ana", "person", ana),
        "+40800800800": ("Conferințe", "conference_bridge", None),
        "+40212345679": ("", "unassigned", None),
        "+40212345670": ("Sales", "call_queue", queue),
    }
    directory = NumberDirectory()
    await directory.load(office.services.pool, SHARD)
    assert directory.organization_of("+40212345678") == organization


async def test_a_dry_run_says_the_same_and_changes_nothing(office: Office) -> None:
    organization = await new_organization(office)
    await hire(office.services, organization, ANA)
    version = await account_version(office.services, organization)

    dry = await imported(office, organization, USER_LINE, BRIDGE_LINE, dry_run=True)

    assert (dry.added, dry.assigned, dry.written) == (2, 2, False)
    assert await numbers(office, organization) == {}
    assert await account_version(office.services, organization) == version
    assert (await imported(office, organization, USER_LINE, BRIDGE_LINE)).written


async def test_the_same_file_again_changes_nothing(office: Office) -> None:
    organization = await new_organization(office)
    await hire(office.services, organization, ANA)
    await imported(office, organization, USER_LINE, FREE_LINE)
    version = await account_version(office.services, organization)

    again = await imported(office, organization, USER_LINE, FREE_LINE)

    assert (again.added, again.changed, again.unchanged, again.written) == (0, 0, 2, False)
    assert await account_version(office.services, organization) == version


async def test_what_a_file_has_no_column_for_stays_as_it_is(office: Office) -> None:
    organization = await new_organization(office)
    ana = await hire(office.services, organization, ANA)
    await imported(office, organization, USER_LINE, FREE_LINE)

    report = await imported(office, organization, "+40212345678,user", "+40212345679,user", header="number,kind")
    renamed = await imported(office, organization, "+40212345678,user,Ana X", header="number,kind,display_name")

    assert (report.unchanged, renamed.changed) == (2, 1)
    assert (await numbers(office, organization))["+40212345678"] == ("Ana X", "person", ana)


async def test_a_number_of_nobody_is_assigned_once_the_file_says_whose_it_is(office: Office) -> None:
    organization = await new_organization(office)
    ana = await hire(office.services, organization, ANA)
    await add(office, organization, "+40212345678", display_name="Old")
    version = await account_version(office.services, organization)

    report = await imported(office, organization, USER_LINE)

    assert (report.changed, report.assigned) == (1, 1)
    assert await numbers(office, organization) == {"+40212345678": ("Ana", "person", ana)}
    assert await account_version(office.services, organization) > version


async def test_an_organization_without_people_stays_without(office: Office) -> None:
    organization = await new_organization(office)
    version = await account_version(office.services, organization)

    report = await imported(office, organization, FREE_LINE, "+40800800800,toll_free,,,unassigned")

    assert report.added == 2
    assert not await has_roster(office.services, organization)
    # A copy of the account may hold that the numbers are nobody's.
    assert await account_version(office.services, organization) > version
    renamed = await imported(office, organization, "+40212345679,user,Recepție,,")
    assert (renamed.changed, await has_roster(office.services, organization)) == (1, False)


async def test_a_number_in_stock_leaves_it(office: Office) -> None:
    organization = await new_organization(office)
    await add_to_stock(office.services, number="+40212345679", kind="user", country="RO", place="")

    await imported(office, organization, FREE_LINE)

    page = await search_stock(office.services, limit=10)
    assert isinstance(page, Page)
    assert page.items == ()


@pytest.mark.parametrize(
    ("line", "column", "code"),
    [
        ("0212345679,user,,,", "number", RefusalCode.INVALID_INPUT),
        ("+40212345679,mobile,,,", "kind", RefusalCode.INVALID_INPUT),
        ("+40212345679,user,,,desk", "purpose", RefusalCode.INVALID_INPUT),
        (f"+40212345679,user,{'x' * 201},,", "display_name", RefusalCode.INVALID_INPUT),
        ("+40212345678,user,,,", "number", RefusalCode.INVALID_INPUT),
        ("+40212345679,user,,nobody@example.com,", "user", RefusalCode.UNKNOWN_USER),
        ("+40212345679,user,,eve@example.com,", "user", RefusalCode.UNKNOWN_USER),
        ("+40212345679,user,,,person", "user", RefusalCode.INVALID_INPUT),
        (f"+40212345679,user,,{ANA},unassigned", "user", RefusalCode.INVALID_INPUT),
        (f"+40212345679,user,,{ANA},conference_bridge", "purpose", RefusalCode.INVALID_INPUT),
        (f"+40212345679,toll,,{ANA},", "purpose", RefusalCode.INVALID_INPUT),
        (f"+40212345679,toll,,{ANA},call_queue", "user", RefusalCode.INVALID_INPUT),
        (f"+40212345679,toll,,{ANA},conference_bridge", "user", RefusalCode.INVALID_INPUT),
        ("+40212345679,user,,sales@example.com,", "user", RefusalCode.INVALID_INPUT),
        ("+40219999999,user,,,", "number", RefusalCode.NUMBER_TAKEN),
        ("+40211111111,toll,,,", "kind", RefusalCode.INVALID_INPUT),
        (f"+40211111111,user,,{ANA},", "number", RefusalCode.NUMBER_IN_USE),
        ("+40211111111,user,,,unassigned", "number", RefusalCode.NUMBER_IN_USE),
    ],
)
async def test_one_wrong_line_and_nothing_is_written(office: Office, line: str, column: str, code: RefusalCode) -> None:
    stranger = await new_organization(office)
    await hire(office.services, stranger, "eve@example.com")
    await add(office, stranger, "+40219999999")
    organization = await new_organization(office)
    await hire(office.services, organization, ANA)
    await hire(office.services, organization, "dan@example.com")
    await hire(office.services, organization, "sales@example.com", kind="resource_account")
    await imported(office, organization, "+40211111111,user,,dan@example.com,")
    before = await numbers(office, organization)

    report = await imported(office, organization, USER_LINE, line)

    assert [(error.line, error.column, error.code) for error in report.errors] == [(3, column, code)]
    assert not report.written
    assert report.refused is not None
    assert await numbers(office, organization) == before


async def test_a_number_that_becomes_anothers_meanwhile_takes_the_whole_file_with_it(
    office: Office, database_url: str
) -> None:
    """A trigger stands for whoever adds it between the look and the write: the insertion finds it taken."""
    stranger, organization = await new_organization(office), await new_organization(office)
    connection = await connect(database_url)
    await connection.execute(
        f"""create function steal() returns trigger language plpgsql as $$
        begin
            if new.organization_id <> '{stranger}' and new.number = '+40212345679' then return null; end if;
            return new;
        end $$;
        create trigger steal before insert on phone_numbers for each row execute function steal();"""
    )
    await connection.close()

    report = await imported(office, organization, "+40212345678,user,,,", FREE_LINE)

    assert [(error.line, error.code) for error in report.errors] == [(3, RefusalCode.NUMBER_TAKEN)]
    assert await numbers(office, organization) == {}


@pytest.mark.parametrize("content", [b"", b"number\n+40212345678\n", b"number,kind,price\n", b"\xff", b'"'])
async def test_a_file_that_cannot_be_understood_is_told(office: Office, content: bytes) -> None:
    organization = await new_organization(office)
    report = await import_numbers(office.services, organization_id=organization, source=[content])
    assert isinstance(report, NumberImport)
    assert (report.error_count, report.written) == (1, False)


async def test_many_numbers_move_in_at_once(office: Office) -> None:
    organization = await new_organization(office)
    lines = [f"+4021{number:07d},user,Desk {number},," for number in range(5_000)]
    assert (await imported(office, organization, *lines)).added == 5_000
    assert (await imported(office, organization, *lines)).unchanged == 5_000
