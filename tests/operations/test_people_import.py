"""A file of people comes in whole or not at all, and every line that is wrong is told."""

import time
from typing import Any

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, Party, PartyKind
from commcredits.operations.people import PartyInfo
from commcredits.operations.people_import import ImportReport, LicenceNeed, import_licences, import_people
from tests.operations.colleagues import add, buy, get, give_number, hold, roster_of, versions
from tests.operations.office import Office, new_id

USER, RESOURCE_ACCOUNT = PartyKind.USER, PartyKind.RESOURCE_ACCOUNT
PLAN, CREDITS, CONFERENCES = Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS, Licence.AUDIO_CONFERENCING
ID = "019353b4-7c1e-7000-8000-0123456789ab"
HEADER = "user_principal_name,object_id,display_name,usage_location,department,licences,kind\n"
MANY = 50_000
SECONDS_MAX = 30
"""What importing so many may take on a machine that is busy with other things; alone it takes a few."""


async def try_people(office: Office, organization_id: str, text: str, **options: Any) -> ImportReport | Refused:
    return await import_people(office.services, organization_id=organization_id, source=[text.encode()], **options)


async def people(office: Office, organization_id: str, text: str, **options: Any) -> ImportReport:
    report = await try_people(office, organization_id, text, **options)
    assert isinstance(report, ImportReport), report
    return report


async def licences(office: Office, organization_id: str, text: str, **options: Any) -> ImportReport:
    report = await import_licences(office.services, organization_id=organization_id, source=[text.encode()], **options)
    assert isinstance(report, ImportReport), report
    return report


async def party(office: Office, organization_id: str, name: str, kind: PartyKind = USER) -> PartyInfo:
    found = await get(office, organization_id, f"{name}@example.com", kind=kind)
    assert isinstance(found, PartyInfo), found
    return found


async def count(office: Office, table: str = "parties") -> int:
    counted = await office.services.pool.fetchval(f"select count(*) from {table}")  # noqa: S608 - a table of ours
    return int(counted)


def counts(report: ImportReport) -> tuple[int, int, int]:
    return report.added, report.changed, report.unchanged


def told(report: ImportReport) -> list[tuple[int, str, str]]:
    return [(error.line, error.column, error.value) for error in report.errors]


async def test_people_are_added_with_their_licences(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await buy(office, organization_id, PLAN, 5)
    before = await versions(office, organization_id)

    report = await people(
        office,
        organization_id,
        HEADER
        + f"Sales.1@example.com,{ID.upper()},Sales 1,RO,Vânzări,MCOPSTN5;MCOPSTNC,user\n"
        + 'desk@example.com,,"Desk, front",GB,,,\n'
        + "queue@example.com,,Queue,RO,,MCOPSTN5,resource_account\n",
    )

    assert counts(report) == (3, 0, 0)
    assert (report.written, report.refused, report.errors, report.error_count) == (True, None, (), 0)
    assert report.licences == (
        LicenceNeed(licence=PLAN, purchased=5, needed=2, short=0),
        LicenceNeed(licence=CREDITS, purchased=None, needed=1, short=0),
    )
    assert (await party(office, organization_id, "sales.1")).party == Party(
        party_id=ID,
        kind=USER,
        user_principal_name="Sales.1@example.com",
        display_name="Sales 1",
        usage_location="RO",
        department="Vânzări",
        licences=frozenset({PLAN, CREDITS}),
    )
    assert (await party(office, organization_id, "desk")).party.display_name == "Desk, front"
    assert (await party(office, organization_id, "queue", RESOURCE_ACCOUNT)).party.licences == {PLAN}
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.assigned == {"MCOPSTN5/RO": 2, "MCOPSTNC/RO": 1}
    assert await versions(office, organization_id) == (before[0] + 1, before[1] + 1)


async def test_people_who_are_known_are_changed_where_the_file_says_something_else(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "sales", display_name="Sales", department="Sales", monthly_cap_micros=7)
    await add(office, organization_id, "desk", display_name="Desk")
    await hold(office, organization_id, user, CREDITS)
    office.clock.advance(hours=1)

    # Without a column for departments and licences these stay as they are.
    report = await people(
        office, organization_id, "display_name,user_principal_name\nSales 2,SALES@example.com\nDesk,desk@example.com\n"
    )

    assert (*counts(report), report.written) == (0, 1, 1, True)
    changed = await party(office, organization_id, "sales")
    assert changed.party == Party(
        party_id=user.party.party_id,
        kind=USER,
        user_principal_name="SALES@example.com",
        display_name="Sales 2",
        usage_location="RO",
        department="Sales",
        licences=frozenset({CREDITS}),
        monthly_cap_micros=7,
    )
    assert changed.created_at == user.created_at


async def test_the_same_file_again_changes_nothing_and_moves_no_version(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    text = HEADER + "sales@example.com,,Sales,RO,,MCOPSTNC,\ndesk@example.com,,,,,,resource_account\n"
    await people(office, organization_id, text)
    before = await versions(office, organization_id)
    report = await people(office, organization_id, text)
    assert (*counts(report), report.written, report.refused) == (0, 0, 2, False, None)
    assert await versions(office, organization_id) == before


async def test_an_empty_field_empties_what_was_there(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await people(office, organization_id, HEADER + "sales@example.com,,Sales,RO,Sales,MCOPSTNC,\n")
    await people(office, organization_id, HEADER + "sales@example.com,,,,,,\n")
    found = (await party(office, organization_id, "sales")).party
    assert (found.display_name, found.usage_location, found.department, found.licences) == ("", "", "", frozenset())


async def test_a_preview_says_what_would_be_and_leaves_no_trace(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await add(office, organization_id, "sales")
    await buy(office, organization_id, PLAN, 1)
    before = await versions(office, organization_id)
    text = HEADER + "sales@example.com,,,RO,,MCOPSTN5,\ndesk@example.com,,,RO,,MCOPSTN5,\n"

    report = await people(office, organization_id, text, dry_run=True)

    assert (*counts(report), report.written) == (1, 1, 0, False)
    assert report.licences == (LicenceNeed(licence=PLAN, purchased=1, needed=2, short=1),)
    facts: dict[str, str | int] = {"licence": "MCOPSTN5", "purchased": 1, "assigned": 0, "needed": 2}
    assert report.refused == Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts=facts)
    assert await count(office) == 1
    assert await versions(office, organization_id) == before

    await buy(office, organization_id, PLAN, 2)
    assert (await people(office, organization_id, text, dry_run=True)).refused is None
    assert await versions(office, organization_id) == before


async def test_a_file_that_needs_more_licences_than_there_are_is_not_imported(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await buy(office, organization_id, PLAN, 1, "GB")
    before = await versions(office, organization_id)
    report = await people(office, organization_id, HEADER + "sales@example.com,,,RO,,MCOPSTN5,\n")
    assert report.refused is not None
    assert report.refused.code is RefusalCode.LICENCE_NOT_AVAILABLE
    # One was bought, and one is needed; but it was bought for another country.
    assert report.licences == (LicenceNeed(licence=PLAN, purchased=1, needed=1, short=1),)
    assert not report.written
    assert await count(office) == 0
    assert await versions(office, organization_id) == before


async def test_licences_that_a_file_sets_free_are_there_for_others_of_it(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await buy(office, organization_id, PLAN, 1)
    await people(office, organization_id, HEADER + "one@example.com,,,RO,,MCOPSTN5,\n")
    report = await people(
        office, organization_id, HEADER + "two@example.com,,,RO,,MCOPSTN5,\none@example.com,,,RO,,,\n"
    )
    assert (*counts(report), report.written) == (1, 1, 0, True)


async def test_everything_that_is_wrong_is_told_by_line_and_column_and_nothing_is_imported(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await add(office, organization_id, "desk", party_id=ID)
    await add(office, organization_id, "queue", kind=RESOURCE_ACCOUNT)
    before = await versions(office, organization_id)
    wrong: list[tuple[str, str, str, RefusalCode]] = [
        ("sales,,,RO,,,", "user_principal_name", "sales", RefusalCode.INVALID_INPUT),
        ("a@example.com,7,,RO,,,", "object_id", "7", RefusalCode.INVALID_INPUT),
        ("b@example.com,,,ZZ,,,", "usage_location", "ZZ", RefusalCode.INVALID_INPUT),
        ("c@example.com,,,RO,,MCOPSTN9,", "licences", "MCOPSTN9", RefusalCode.INVALID_INPUT),
        ("d@example.com,,,RO,,MCOPSTNC;MCOPSTNC,", "licences", "MCOPSTNC;MCOPSTNC", RefusalCode.INVALID_INPUT),
        ("e@example.com,,,RO,,,robot", "kind", "robot", RefusalCode.INVALID_INPUT),
        ("f@example.com,,,RO,,MCOPSTN5;MCOPSTN1,", "licences", "MCOPSTN1;MCOPSTN5", RefusalCode.LICENCE_CONFLICT),
        ("g@example.com,,,,,MCOPSTN5,", "usage_location", "", RefusalCode.INVALID_INPUT),
        (f"h@example.com,{ID},,RO,,,", "object_id", ID, RefusalCode.USER_TAKEN),
        (f"desk@example.com,{ID[:-1]}c,,RO,,,", "object_id", f"{ID[:-1]}c", RefusalCode.USER_TAKEN),
        ("queue@example.com,,,RO,,,user", "kind", "user", RefusalCode.INVALID_INPUT),
        ("i@example.com,,,RO,,MCOMEETADV,resource_account", "licences", "MCOMEETADV", RefusalCode.LICENCE_CONFLICT),
        (f"j@example.com,{'0' * 8}-0000-0000-0000-{'0' * 12},,RO,,,", "object_id", "0", RefusalCode.INVALID_INPUT),
        ("k@example.com,,,RO,,", "", "6 fields", RefusalCode.INVALID_INPUT),
        ("l@example.com,,,RO,,,", "", "", RefusalCode.INTERNAL_ERROR),
        ("L@example.com,,,RO,,,", "user_principal_name", "L@example.com", RefusalCode.INVALID_INPUT),
        (f"m@example.com,{ID[:-1]}d,,RO,,,", "", "", RefusalCode.INTERNAL_ERROR),
        (f"n@example.com,{ID[:-1]}d,,RO,,,", "object_id", f"{ID[:-1]}d", RefusalCode.INVALID_INPUT),
        (f"o@example.com,,{'x' * 201},RO,{'y' * 201},,", "display_name", "x" * 64, RefusalCode.INVALID_INPUT),
    ]
    expected = [
        (number, column, value, code)
        for number, (_line, column, value, code) in enumerate(wrong, start=2)
        if code is not RefusalCode.INTERNAL_ERROR
    ]
    expected.append((20, "department", "y" * 64, RefusalCode.INVALID_INPUT))

    for dry_run in (True, False):
        text = HEADER + "".join(f"{line}\n" for line, *_rest in wrong)
        report = await people(office, organization_id, text, dry_run=dry_run)
        found = [
            (error.line, error.column, "0" if error.value.startswith("0000") else error.value, error.code)
            for error in report.errors
        ]
        assert found == expected
        assert report.error_count == len(expected)
        assert report.refused == report.errors[0].refused()
        assert all(error.allowed for error in report.errors)
        assert (report.licences, report.written) == ((), False)
    assert await count(office) == 2
    assert await versions(office, organization_id) == before


async def test_numbers_of_the_organization_go_to_the_users_of_their_lines(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    desk = await add(office, organization_id, "desk")
    await give_number(office, organization_id, "+40212345678", desk)
    for number in ("+40212345671", "+40212345672"):
        await give_number(office, organization_id, number, desk)
        await office.services.pool.execute(
            "update phone_numbers set party_id = null, purpose = 'unassigned' where number = $1", number
        )
    text = "user_principal_name,numbers\nsales@example.com,+40212345671;+40212345672\ndesk@example.com,+40212345678\n"

    preview = await people(office, organization_id, text, dry_run=True)
    assert (*counts(preview), preview.numbers) == (1, 0, 1, 2)
    assert (await party(office, organization_id, "desk")).numbers == ("+40212345678",)
    report = await people(office, organization_id, text)

    assert report.written
    assert (await party(office, organization_id, "sales")).numbers == ("+40212345671", "+40212345672")
    assert (await party(office, organization_id, "desk")).numbers == ("+40212345678",)
    again = await people(office, organization_id, text)
    assert (*counts(again), again.numbers, again.written) == (0, 0, 2, 0, False)


async def test_a_number_that_cannot_be_given_is_told(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    other = (await office.organization()).organization_id
    desk = await add(office, organization_id, "desk")
    await give_number(office, organization_id, "+40212345678", desk)
    await give_number(office, other, "+40212345679", await add(office, other, "desk"))
    for number, kind in (("+40800800800", "toll_free"), ("+40212345671", "user")):
        await give_number(office, organization_id, number, desk)
        await office.services.pool.execute(
            "update phone_numbers set party_id = null, purpose = 'unassigned', kind = $2 where number = $1",
            number,
            kind,
        )
    before = await versions(office, organization_id)
    lines = [
        ("a", "+40212345678", RefusalCode.NUMBER_IN_USE),
        ("b", "+40212345679", RefusalCode.UNKNOWN_NUMBER),
        ("c", "+40800800800", RefusalCode.INVALID_INPUT),
        ("d", "0212345678", RefusalCode.INVALID_INPUT),
        ("e", "+40212345671", None),
        ("f", "+40212345671", RefusalCode.INVALID_INPUT),
    ]
    text = "user_principal_name,numbers\n" + "".join(f"{name}@example.com,{number}\n" for name, number, _code in lines)
    report = await people(office, organization_id, text)
    assert [(error.line, error.column, error.value, error.code) for error in report.errors] == [
        (line, "numbers", number, code) for line, (_name, number, code) in enumerate(lines, start=2) if code
    ]
    assert await versions(office, organization_id) == before


async def test_a_file_that_is_no_table_of_people_is_told_at_its_first_line(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    for text, line in (("", 1), ("display_name\nSales\n", 1), ("user_principal_name\n", 2), ("[]", 1)):
        report = await people(office, organization_id, text)
        assert {error.line for error in report.errors} == {line}, text
        assert report.refused is not None
    assert await roster_of(office, organization_id) is None


async def test_a_closing_or_unknown_organization_imports_nobody(office: Office) -> None:
    text = "user_principal_name\nsales@example.com\n"
    unknown = await try_people(office, new_id(), text)
    assert isinstance(unknown, Refused)
    assert unknown.code is RefusalCode.UNKNOWN_ORGANIZATION
    organization_id = (await office.organization()).organization_id
    await office.services.pool.execute("update organizations set status = 'closing'")
    assert await try_people(office, organization_id, text) == Refused(code=RefusalCode.ORGANIZATION_CLOSED)


async def test_a_file_of_one_organization_leaves_anothers_people_alone(office: Office) -> None:
    ours, theirs = (await office.organization()).organization_id, (await office.organization()).organization_id
    user = await add(office, theirs, "sales", party_id=ID)
    before = await versions(office, theirs)
    report = await people(office, ours, HEADER + f"sales@example.com,{ID},Ours,RO,,,\n")
    assert counts(report) == (1, 0, 0)
    unknown = await licences(office, ours, "user_principal_name,assign\ndesk@example.com,MCOPSTNC\n")
    assert unknown.refused is not None
    assert unknown.refused.code is RefusalCode.UNKNOWN_USER
    assert await party(office, theirs, "sales") == user
    assert await versions(office, theirs) == before


async def test_licences_are_given_and_taken_by_a_file(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await buy(office, organization_id, PLAN, 2)
    await buy(office, organization_id, Licence.DOMESTIC, 1)
    for name in ("one", "two", "three"):
        await add(office, organization_id, name)
    await licences(office, organization_id, "user_principal_name,assign\none@example.com,MCOPSTN5\n")
    before = await versions(office, organization_id)
    text = (
        "user_principal_name,take,assign\n"
        "ONE@example.com,MCOPSTN5,MCOPSTN1;MCOPSTNC\n"
        "two@example.com,,MCOPSTN5\n"
        "three@example.com,MCOPSTN5,\n"
    )

    preview = await licences(office, organization_id, text, dry_run=True)
    assert (*counts(preview), preview.written, preview.refused) == (0, 2, 1, False, None)
    assert await versions(office, organization_id) == before
    report = await licences(office, organization_id, text)

    assert (*counts(report), report.written) == (0, 2, 1, True)
    assert report.licences == (
        LicenceNeed(licence=PLAN, purchased=2, needed=1, short=0),
        LicenceNeed(licence=Licence.DOMESTIC, purchased=1, needed=1, short=0),
        LicenceNeed(licence=CREDITS, purchased=None, needed=1, short=0),
    )
    assert (await party(office, organization_id, "one")).party.licences == {Licence.DOMESTIC, CREDITS}
    assert (await party(office, organization_id, "two")).party.licences == {PLAN}


async def test_a_file_of_licences_tells_what_is_wrong_with_it(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "one")
    await add(office, organization_id, "lost", usage_location="")
    await hold(office, organization_id, user, PLAN, CONFERENCES, Licence.EXTENDED_DIAL_OUT)
    before = await versions(office, organization_id)
    report = await licences(
        office,
        organization_id,
        "user_principal_name,assign,take\n"
        "one@example.com,MCOPSTN1,\n"
        "nobody@example.com,MCOPSTNC,\n"
        "lost@example.com,MCOPSTN5,\n"
        "one@example.com,,MCOMEETADV\n"
        "one@example.com,everything,\n"
        "one@example.com,MCOPSTNC,\n",
    )
    assert [(*place, error.code) for place, error in zip(told(report), report.errors, strict=True)] == [
        (2, "assign", "MCOPSTN1", RefusalCode.LICENCE_CONFLICT),
        (3, "user_principal_name", "nobody@example.com", RefusalCode.UNKNOWN_USER),
        (4, "assign", "MCOPSTN5", RefusalCode.INVALID_INPUT),
        (5, "take", "MCOMEETADV", RefusalCode.LICENCE_CONFLICT),
        (6, "assign", "everything", RefusalCode.INVALID_INPUT),
    ]
    assert report.refused is not None
    assert await versions(office, organization_id) == before


@pytest.mark.timeout(120)
@pytest.mark.alone
async def test_fifty_thousand_users_are_imported_in_seconds_and_so_are_their_changes(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    await buy(office, organization_id, PLAN, MANY)

    def file(department: str) -> str:
        return HEADER + "".join(
            f"user{number}@example.com,,User {number},RO,{department} {number % 40},MCOPSTN5;MCOPSTNC,user\n"
            for number in range(MANY)
        )

    seen: list[tuple[str, int]] = []
    for department, expected in (("Sales", (MANY, 0, 0)), ("Service", (0, MANY, 0))):
        began = time.monotonic()
        report = await people(office, organization_id, file(department), progress=lambda *told: seen.append(told))
        assert time.monotonic() - began < SECONDS_MAX
        assert (*counts(report), report.written) == (*expected, True)
    assert [what for what, count in seen if count == MANY] == ["read", "checked", "written"] * 2
    assert await count(office) == MANY
    roster = await roster_of(office, organization_id)
    assert roster is not None
    assert roster.assigned == {"MCOPSTN5/RO": MANY, "MCOPSTNC/RO": MANY}
