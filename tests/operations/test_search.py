"""One search finds users, numbers, calls and receipts, and shows to each only what they could open."""

import pytest

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.numbers import PhoneNumber, add_number
from commcredits.operations.search import SearchResults, number_in, search
from tests.operations.office import CALLEE, CALLER, Office
from tests.operations.staff import hire

SEEN = {
    Role.GLOBAL_ADMINISTRATOR: {"people", "numbers", "calls", "receipts"},
    Role.BILLING_ADMINISTRATOR: {"receipts"},
    Role.TELEPHONY_ADMINISTRATOR: {"people", "numbers", "calls"},
    Role.USER_ADMINISTRATOR: {"people"},
    Role.REPORTS_READER: set[str](),
    Role.SUPPORT: {"people", "numbers", "calls"},
}


def actor(role: Role, organization_id: str) -> Actor:
    """Somebody of an organization in this role."""
    return Actor(
        kind=ActorKind.KEY,
        actor_id="key:1",
        name="key",
        permissions=permissions_of((role,)),
        organization_id=organization_id,
        roles=(role,),
    )


async def found(office: Office, organization_id: str, query: str) -> SearchResults:
    """What the search finds."""
    results = await search(office.services, organization_id=organization_id, query=query)
    assert isinstance(results, SearchResults), results
    return results


async def test_each_role_sees_the_kinds_that_it_could_open(office: Office) -> None:
    organization_id = await office.calling_organization()
    for role, kinds in SEEN.items():
        services = office.services.acting_as(actor(role, organization_id))
        results = await search(services, organization_id=organization_id, query="ana")
        assert isinstance(results, SearchResults), (role, results)
        shown = {name for name in ("people", "numbers", "calls", "receipts") if getattr(results, name) is not None}
        assert shown == kinds, role


async def test_nobody_searches_another_organization(office: Office) -> None:
    mine, theirs = (await office.organization()).organization_id, (await office.organization()).organization_id
    await hire(office.services, theirs, "ana@example.com")
    services = office.services.acting_as(actor(Role.GLOBAL_ADMINISTRATOR, mine))
    refused = await search(services, organization_id=theirs, query="ana")
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_ORGANIZATION
    assert (await found(office, mine, "ana")).count == 0


async def test_people_are_found_by_any_part_of_their_names_those_that_begin_so_first(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    last = await hire(office.services, organization_id, "joana@example.com", "ana@example.com")
    people = (await found(office, organization_id, "ANA")).people
    assert people is not None
    assert [each.user_principal_name for each in people.items] == ["ana@example.com", "joana@example.com"]
    by_id = (await found(office, organization_id, last.upper())).people
    assert by_id is not None
    assert [each.party_id for each in by_id.items] == [last]


async def test_numbers_and_calls_are_found_however_the_number_is_written(office: Office) -> None:
    organization_id = await office.calling_organization()
    added = await add_number(
        office.services, organization_id=organization_id, number=CALLER, kind="user", display_name=""
    )
    assert isinstance(added, PhoneNumber), added
    await office.call(organization_id, "call/1 Ș", 30)
    for query in ("+40 722 000 001", "0040722000001", "0722-000-001", "(0722) 000.001"):
        results = await found(office, organization_id, query)
        assert results.numbers is not None
        assert results.calls is not None
        assert [each.number for each in results.numbers.items] == [CALLER], query
        assert [each.session_id for each in results.calls.items] == ["call/1 Ș"], query
    by_id = (await found(office, organization_id, "call/1 Ș")).calls
    assert by_id is not None
    assert [each.callee for each in by_id.items] == [CALLEE]


async def test_digits_that_may_not_be_seen_cannot_be_found_out_by_asking(office: Office) -> None:
    organization_id = await office.calling_organization()
    await office.call(organization_id, "call-1", 30)
    await office.services.pool.execute("update organizations set country = 'CH'")
    for guess in (CALLEE, CALLEE[:-4] + "1234"):
        calls = (await found(office, organization_id, guess)).calls
        assert calls is not None
        assert [each.callee for each in calls.items] == [CALLEE[:-4] + "****"], guess


@pytest.mark.parametrize("query", ["", "a", "x" * 129, "a\x00b", "line\u2028break"])
async def test_what_cannot_be_searched_for_is_refused(office: Office, query: str) -> None:
    organization_id = (await office.organization()).organization_id
    refused = await search(office.services, organization_id=organization_id, query=query)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INVALID_INPUT


def test_a_number_is_read_as_people_of_the_country_write_it() -> None:
    assert number_in("021 234 56 78", "RO") == "+40212345678"
    assert number_in("+40 21 234 56 78", "DE") == "+40212345678"
    assert number_in("112", "RO") == "112"
    assert number_in("ana", "RO") == ""
    assert number_in("+" + "1" * 30, "RO") == ""
