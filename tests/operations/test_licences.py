"""Licences are bought in numbers, given to many at once or to none, and never more of them than there are."""

import asyncio
from typing import Any

import pytest

from commcredits.core.licensing import LicenceStock
from commcredits.core.outcomes import Done, RefusalCode, Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.licences import (
    Assignment,
    AssignmentReport,
    assign_licences,
    change_licences,
    list_licences,
    set_purchased,
    take_licences,
)
from commcredits.operations.people import PartyInfo
from tests.operations.colleagues import add, get, roster_of, versions
from tests.operations.office import Office, new_id

PLAN, OTHER_PLAN = Licence.DOMESTIC_120, Licence.DOMESTIC
CREDITS, CONFERENCES = Licence.COMMUNICATIONS_CREDITS, Licence.AUDIO_CONFERENCING


async def organization_with(office: Office, *names: str, **purchased: int) -> str:
    """An organization with these users in Romania, who hold nothing yet, and so many licences by name."""
    organization_id = (await office.organization()).organization_id
    for name in names:
        await add(office, organization_id, name)
    for licence, quantity in purchased.items():
        assert await purchase(office, organization_id, Licence[licence], quantity) == Done(changed=True)
    return organization_id


async def purchase(
    office: Office, organization_id: str, licence: Licence | str, quantity: int, country: str = ""
) -> Done | Refused:
    return await set_purchased(
        office.services, organization_id=organization_id, licence=licence, country=country, quantity=quantity
    )


async def assign(
    office: Office, organization_id: str, users: list[str], *licences: str, **options: Any
) -> AssignmentReport | Refused:
    names = [user if "-" in user or "@" in user else f"{user}@example.com" for user in users]
    return await assign_licences(
        office.services, organization_id=organization_id, users=names, licences=licences, **options
    )


async def holds(office: Office, organization_id: str, name: str) -> set[Licence]:
    found = await get(office, organization_id, f"{name}@example.com")
    assert isinstance(found, PartyInfo)
    return set(found.party.licences)


async def assigned(office: Office, organization_id: str) -> dict[str, int]:
    roster = await roster_of(office, organization_id)
    assert roster is not None
    return dict(roster.assigned)


def reported(outcome: AssignmentReport | Refused) -> AssignmentReport:
    assert isinstance(outcome, AssignmentReport), outcome
    return outcome


async def test_licences_are_given_to_many_at_once(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", "three", DOMESTIC_120=3)
    account_version, roster_version = await versions(office, organization_id)

    report = reported(await assign(office, organization_id, ["one", "THREE"], PLAN, CREDITS))

    assert [(line.user, line.changed, line.refused) for line in report.lines] == [
        ("one@example.com", True, None),
        ("THREE@example.com", True, None),
    ]
    assert (report.written, report.refused) == (True, None)
    assert (
        await holds(office, organization_id, "one") == await holds(office, organization_id, "three") == {PLAN, CREDITS}
    )
    assert await holds(office, organization_id, "two") == set()
    assert await assigned(office, organization_id) == {"MCOPSTN5/RO": 2, "MCOPSTNC/RO": 2}
    assert await versions(office, organization_id) == (account_version + 1, roster_version + 1)


async def test_a_preview_says_what_would_be_and_leaves_no_trace(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", DOMESTIC_120=2)
    await assign(office, organization_id, ["one"], PLAN)
    before = await versions(office, organization_id)

    report = reported(await assign(office, organization_id, ["one", "two"], PLAN, dry_run=True))

    assert [line.changed for line in report.lines] == [False, True]
    assert report.lines[1].party is not None
    assert report.lines[1].party.licences == {PLAN}
    assert (report.written, report.refused) == (False, None)
    assert await holds(office, organization_id, "two") == set()
    assert await versions(office, organization_id) == before


async def test_what_somebody_has_already_is_no_change(office: Office) -> None:
    organization_id = await organization_with(office, "one", DOMESTIC_120=1)
    await assign(office, organization_id, ["one"], PLAN)
    before = await versions(office, organization_id)
    report = reported(await assign(office, organization_id, ["one"], PLAN))
    assert (report.lines[0].changed, report.refused, report.written) == (False, None, False)
    assert await versions(office, organization_id) == before


async def test_not_more_are_assigned_than_were_bought_and_then_nobody_gets_one(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", "three", DOMESTIC_120=2)
    await assign(office, organization_id, ["one"], PLAN)
    before = await versions(office, organization_id)

    for dry_run in (True, False):
        report = reported(await assign(office, organization_id, ["two", "three"], PLAN, dry_run=dry_run))
        facts: dict[str, str | int] = {"licence": "MCOPSTN5", "purchased": 2, "assigned": 1, "needed": 3}
        assert report.refused == Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts=facts)
        assert [line.refused for line in report.lines] == [None, None]
        assert not report.written
    assert await holds(office, organization_id, "two") == set()
    assert await versions(office, organization_id) == before


async def test_the_last_licence_goes_to_one_of_those_who_want_it_at_once(office: Office) -> None:
    names = [f"user{number}" for number in range(6)]
    organization_id = await organization_with(office, *names, DOMESTIC_120=1)
    reports = await asyncio.gather(*(assign(office, organization_id, [name], PLAN) for name in names))
    assert [reported(report).written for report in reports].count(True) == 1
    assert await assigned(office, organization_id) == {"MCOPSTN5/RO": 1}


async def test_communications_credits_are_free_and_never_run_out(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two")
    assert reported(await assign(office, organization_id, ["one", "two"], CREDITS)).written
    for quantity in (0, 5):
        refused = await purchase(office, organization_id, CREDITS, quantity)
        assert isinstance(refused, Refused)
        assert refused.facts["field"] == "licence"


async def test_licences_of_a_country_are_for_users_there(office: Office) -> None:
    organization_id = await organization_with(office, "one")
    await add(office, organization_id, "abroad", usage_location="GB")
    await purchase(office, organization_id, PLAN, 1, "GB")
    report = reported(await assign(office, organization_id, ["one"], PLAN))
    assert report.refused is not None
    assert report.refused.code is RefusalCode.LICENCE_NOT_AVAILABLE
    assert reported(await assign(office, organization_id, ["abroad"], PLAN)).written


async def test_one_line_that_cannot_be_keeps_all_others_from_being_written(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", "nowhere", DOMESTIC_120=5, DOMESTIC=5)
    await assign(office, organization_id, ["two"], OTHER_PLAN)
    await add(office, organization_id, "lost", usage_location="")
    await add(office, organization_id, "reception", kind=PartyKind.RESOURCE_ACCOUNT)
    before = await versions(office, organization_id)

    report = reported(await assign(office, organization_id, ["one", "two", "nobody", "lost", "reception"], PLAN))

    assert [line.refused and line.refused.code for line in report.lines] == [
        None,
        RefusalCode.LICENCE_CONFLICT,
        RefusalCode.UNKNOWN_USER,
        RefusalCode.INVALID_INPUT,
        None,
    ]
    conflict = report.lines[1].refused
    assert conflict == report.refused
    assert conflict is not None
    assert conflict.facts == {"licence": "MCOPSTN1", "held_beside": "MCOPSTN5"}
    assert not report.written
    assert await holds(office, organization_id, "one") == set()
    assert await versions(office, organization_id) == before


async def test_a_plan_is_changed_for_another_in_one_assignment(office: Office) -> None:
    organization_id = await organization_with(office, "one", DOMESTIC_120=1, DOMESTIC=1)
    await assign(office, organization_id, ["one"], PLAN, CREDITS)
    change = Assignment(user="one@example.com", take=frozenset({PLAN}), assign=frozenset({OTHER_PLAN}))
    report = reported(await change_licences(office.services, organization_id=organization_id, assignments=[change]))
    assert report.written
    assert await holds(office, organization_id, "one") == {OTHER_PLAN, CREDITS}


async def test_assignments_are_carried_out_in_their_order(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", DOMESTIC_120=1, DOMESTIC=1)
    await assign(office, organization_id, ["one"], PLAN)
    # The only licence passes from one to the other, and only how all stand at the end is held against the stock.
    assignments = [
        Assignment(user="two@example.com", assign=frozenset({PLAN})),
        Assignment(user="two@example.com", take=frozenset({CREDITS})),
        Assignment(user="one@example.com", take=frozenset({PLAN})),
        Assignment(user="one@example.com", assign=frozenset({OTHER_PLAN})),
    ]
    report = reported(await change_licences(office.services, organization_id=organization_id, assignments=assignments))
    assert [line.changed for line in report.lines] == [True, False, True, True]
    assert await holds(office, organization_id, "one") == {OTHER_PLAN}
    assert await holds(office, organization_id, "two") == {PLAN}


async def test_licences_are_taken_and_free_again(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", DOMESTIC_120=2, AUDIO_CONFERENCING=1)
    await purchase(office, organization_id, Licence.EXTENDED_DIAL_OUT, 1)
    await assign(office, organization_id, ["one"], PLAN, CONFERENCES, Licence.EXTENDED_DIAL_OUT)
    taken = await take_licences(
        office.services,
        organization_id=organization_id,
        users=["one@example.com", "two@example.com"],
        licences=[PLAN],
    )
    assert [line.changed for line in reported(taken).lines] == [True, False]
    assert await holds(office, organization_id, "one") == {CONFERENCES, Licence.EXTENDED_DIAL_OUT}

    stuck = await take_licences(
        office.services, organization_id=organization_id, users=["one@example.com"], licences=[CONFERENCES]
    )
    refused = reported(stuck).refused
    assert refused is not None
    assert refused.facts == {"licence": "MCOMEETADD_DIALOUT_US", "held_without": "MCOMEETADV"}


async def test_the_list_shows_bought_assigned_and_free_by_country(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", "three", DOMESTIC_120=2)
    assert await list_licences(office.services, organization_id=organization_id) == (
        LicenceStock(licence=PLAN, country="", purchased=2, assigned=0),
    )
    await purchase(office, organization_id, PLAN, 2, "RO")
    await purchase(office, organization_id, PLAN, 4, "GB")
    await assign(office, organization_id, ["one", "two", "three"], PLAN, CREDITS)
    listed = await list_licences(office.services, organization_id=organization_id)
    assert not isinstance(listed, Refused)
    assert [(each.licence, each.country, each.purchased, each.assigned, each.free) for each in listed] == [
        (PLAN, "", 2, 1, 1),
        (PLAN, "GB", 4, 0, 4),
        (PLAN, "RO", 2, 2, 0),
        (CREDITS, "", None, 3, None),
    ]


async def test_fewer_licences_than_are_assigned_cannot_be_bought(office: Office) -> None:
    organization_id = await organization_with(office, "one", "two", DOMESTIC_120=5)
    await assign(office, organization_id, ["one", "two"], PLAN)
    before = await versions(office, organization_id)
    facts: dict[str, str | int] = {"licence": "MCOPSTN5", "purchased": 1, "assigned": 2, "needed": 2}
    refused = Refused(code=RefusalCode.LICENCE_NOT_AVAILABLE, facts=facts)
    assert await purchase(office, organization_id, PLAN, 1) == refused
    assert await purchase(office, organization_id, PLAN, 5) == Done(changed=False)
    assert await versions(office, organization_id) == before
    assert await purchase(office, organization_id, PLAN, 2) == Done(changed=True)
    assert await versions(office, organization_id) == (before[0] + 1, before[1] + 1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("licence", ""),
        ("licence", "MCOPSTN9"),
        ("licence", "mcopstn5"),
        ("licence", "MCOPSTN5\0"),
        ("country", "ZZ"),
        ("country", "ro"),
        ("country", "\0"),
        ("quantity", -1),
        ("quantity", 10_000_001),
        ("quantity", 10**30),
    ],
)
async def test_a_purchase_that_means_nothing_is_refused(office: Office, field: str, value: str | int) -> None:
    organization_id = (await office.organization()).organization_id
    given: dict[str, Any] = {"licence": PLAN, "country": "", "quantity": 1, field: value}
    refused = await purchase(office, organization_id, **given)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)
    assert await roster_of(office, organization_id) is None


async def test_an_assignment_that_means_nothing_is_refused(office: Office) -> None:
    organization_id = await organization_with(office, "one")
    wrong: list[tuple[str, list[str], list[str]]] = [
        ("users", [], [PLAN]),
        ("users", ["one@example.com"] * 200_001, [PLAN]),
        ("user", ["one@example.com", "two"], [PLAN]),
        ("licences", ["one@example.com"], []),
        ("licences", ["one@example.com"], [PLAN, "everything"]),
    ]
    for field, users, licences in wrong:
        for change in (assign_licences, take_licences):
            refused = await change(office.services, organization_id=organization_id, users=users, licences=licences)
            assert isinstance(refused, Refused), field
            assert refused.facts["field"] == field


async def test_no_organization_changes_licences_of_anothers_people(office: Office) -> None:
    ours = await organization_with(office, DOMESTIC_120=5)
    theirs = await organization_with(office, "one", DOMESTIC_120=5)
    before = await versions(office, theirs)
    user = await get(office, theirs, "one@example.com")
    assert isinstance(user, PartyInfo)
    for name in ("one@example.com", user.party.party_id):
        report = reported(await assign(office, ours, [name], PLAN))
        assert report.refused == Refused(code=RefusalCode.UNKNOWN_USER, facts={"user": name})
        assert report.lines[0].party is None
    assert await list_licences(office.services, organization_id=ours) == (
        LicenceStock(licence=PLAN, country="", purchased=5, assigned=0),
    )
    assert await versions(office, theirs) == before


async def test_an_organization_that_closes_gives_licences_back_and_gets_none(office: Office) -> None:
    organization_id = await organization_with(office, "one", DOMESTIC_120=1)
    await assign(office, organization_id, ["one"], PLAN)
    await office.services.pool.execute("update organizations set status = 'closing'")
    assert await assign(office, organization_id, ["one"], CREDITS) == Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    taken = await take_licences(
        office.services, organization_id=organization_id, users=["one@example.com"], licences=[PLAN]
    )
    assert reported(taken).written
    assert await purchase(office, organization_id, PLAN, 0) == Done(changed=True)


async def test_an_unknown_organization_has_no_licences(office: Office) -> None:
    unknown = new_id()
    answers = [
        await list_licences(office.services, organization_id=unknown),
        await purchase(office, unknown, PLAN, 1),
        await assign(office, unknown, ["one"], PLAN),
    ]
    codes = [answer.code for answer in answers if isinstance(answer, Refused)]
    assert codes == [RefusalCode.UNKNOWN_ORGANIZATION] * 3
