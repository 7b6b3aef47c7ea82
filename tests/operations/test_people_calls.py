"""What is changed of people and licences counts for the very next call; a call keeps whose it was."""

from typing import Any

from commcredits.core.outcomes import Done, Ended, Granted, RefusalCode, Refused
from commcredits.core.roster import DialOutPolicy, Licence, PartyKind, UserDialOut
from commcredits.operations.licences import AssignmentReport, assign_licences, take_licences
from commcredits.operations.people import PartyInfo, remove_party
from commcredits.operations.people_import import ImportReport, import_people
from tests.operations.colleagues import add, change
from tests.operations.office import Office

USER = "sales@example.com"
CREDITS = Licence.COMMUNICATIONS_CREDITS


async def assign(office: Office, organization_id: str, user: str, *licences: Licence) -> None:
    report = await assign_licences(office.services, organization_id=organization_id, users=[user], licences=licences)
    assert isinstance(report, AssignmentReport), report
    assert report.written, report


async def answer(office: Office, organization_id: str, session_id: str, user: str = USER) -> str:
    """What a call of the user gets: granted, or the code of the refusal."""
    outcome = await office.authorise(organization_id, session_id, user=user)
    return "granted" if isinstance(outcome, Granted) else outcome.code


async def changed(office: Office, organization_id: str, **fields: Any) -> None:
    outcome = await change(office, organization_id, USER, **fields)
    assert isinstance(outcome, PartyInfo), outcome


async def test_licences_policies_and_names_count_from_the_next_call_on(office: Office) -> None:
    organization_id = await office.calling_organization()
    assert await answer(office, organization_id, "before there were people", user="") == "granted"

    await add(office, organization_id, "sales")
    assert await answer(office, organization_id, "unlicensed") == RefusalCode.CREDITS_NOT_LICENSED
    await assign(office, organization_id, USER, CREDITS)
    assert await answer(office, organization_id, "licensed") == "granted"
    await changed(office, organization_id, dial_out=DialOutPolicy(user=UserDialOut.DOMESTIC))
    assert await answer(office, organization_id, "abroad") == RefusalCode.DIAL_OUT_NOT_ALLOWED
    await changed(office, organization_id, dial_out=None, user_principal_name="Service@example.com")
    assert await answer(office, organization_id, "by the old name") == RefusalCode.UNKNOWN_USER
    assert await answer(office, organization_id, "by the new name", user="service@EXAMPLE.com") == "granted"


async def test_people_from_a_file_call_at_once(office: Office) -> None:
    organization_id = await office.calling_organization()
    assert await answer(office, organization_id, "before", user="") == "granted"
    file = [b"user_principal_name,usage_location,licences\nsales@example.com,RO,MCOPSTNC\ndesk@example.com,RO,\n"]
    report = await import_people(office.services, organization_id=organization_id, source=file)
    assert isinstance(report, ImportReport)
    assert await answer(office, organization_id, "sales") == "granted"
    assert await answer(office, organization_id, "desk", user="desk@example.com") == RefusalCode.CREDITS_NOT_LICENSED
    assert await answer(office, organization_id, "nobody", user="me@example.com") == RefusalCode.UNKNOWN_USER


async def test_a_call_goes_on_and_keeps_whose_it_was_when_licence_and_user_are_gone(office: Office) -> None:
    organization_id = await office.calling_organization()
    user = (await add(office, organization_id, "sales")).party.party_id
    await assign(office, organization_id, USER, CREDITS)
    assert await answer(office, organization_id, "call") == "granted"

    taken = await take_licences(
        office.services, organization_id=organization_id, users=[USER], licences=[CREDITS.value]
    )
    assert isinstance(taken, AssignmentReport)
    removed = await remove_party(office.services, organization_id=organization_id, kind=PartyKind.USER, user=USER)
    assert removed == Done(changed=True)

    assert await answer(office, organization_id, "another") == RefusalCode.UNKNOWN_USER
    assert isinstance(await office.end(organization_id, "call", 30), Ended)
    row = await office.services.pool.fetchrow(
        "select party_id, charged_micros from call_sessions where party_id = $1", user
    )
    assert row is not None
    assert (str(row["party_id"]), row["charged_micros"]) == (user, 300_000)


async def test_people_of_one_organization_call_for_no_other(office: Office) -> None:
    ours, theirs = await office.calling_organization(), await office.calling_organization(name="Other")
    await add(office, theirs, "sales")
    await assign(office, theirs, USER, CREDITS)
    await add(office, ours, "desk")
    assert await answer(office, ours, "call") == RefusalCode.UNKNOWN_USER
    assert await answer(office, theirs, "call") == "granted"
    refused = await office.authorise(ours, "by number", user="")
    assert not isinstance(refused, Refused), "a call of nobody draws on credits"
