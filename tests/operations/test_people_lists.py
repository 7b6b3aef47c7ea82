"""People are listed in order, each once, and found by what is known of them."""

from typing import Any

from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.paging import write_cursor
from commcredits.operations.people import list_parties
from tests.operations.colleagues import add, hold, names_of
from tests.operations.office import Office

USER = PartyKind.USER
ID = "019353b4-7c1e-7000-8000-0123456789ab"


async def test_people_are_listed_by_display_name_each_once(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    for name, display_name in (("e", "Zoe"), ("a", ""), ("b", "Ana"), ("d", "Dan"), ("c", "Ana")):
        await add(office, organization_id, name, display_name=display_name)
    for limit in (1, 2, 4, 5, 200):
        assert await names_of(office, organization_id, limit=limit) == ["a", "b", "c", "d", "e"]


async def test_people_are_found_by_a_part_of_a_name_a_department_or_a_licence(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    user = await add(office, organization_id, "one", display_name="Ștefan 100%", department="Sales")
    await add(office, organization_id, "two_b", display_name="Bianca", department="Service")
    await add(office, organization_id, "three", display_name="Călin")
    await hold(office, organization_id, user, Licence.DOMESTIC_120, Licence.COMMUNICATIONS_CREDITS)
    searches: list[tuple[dict[str, Any], list[str]]] = [
        ({"text": "ștefan"}, ["one"]),
        ({"text": "100%"}, ["one"]),
        ({"text": "TWO_"}, ["two_b"]),
        ({"text": "EXAMPLE"}, ["two_b", "three", "one"]),
        ({"text": "%"}, ["one"]),
        ({"text": "nobody"}, []),
        ({"department": "Sales"}, ["one"]),
        ({"department": ""}, ["three"]),
        ({"department": "sale"}, []),
        ({"licence": "MCOPSTN5"}, ["one"]),
        ({"licence": "MCOPSTNC", "department": "Service"}, []),
    ]
    for filters, found in searches:
        assert sorted(await names_of(office, organization_id, **filters)) == sorted(found), filters


async def test_a_wrong_filter_limit_or_cursor_is_named(office: Office) -> None:
    organization_id = (await office.organization()).organization_id
    wrong: list[tuple[str, Any]] = [
        ("text", "a\0b"),
        ("text", "x" * 321),
        ("department", "x" * 201),
        ("licence", "MCOPSTN9"),
        ("limit", 0),
        ("limit", 201),
        ("cursor", ""),
        ("cursor", write_cursor("parties", "Ana", "not an id")),
        ("cursor", write_cursor("phone_numbers", "Ana", ID)),
    ]
    for field, value in wrong:
        given: dict[str, Any] = {"cursor": None, "limit": 10, field: value}
        refused = await list_parties(office.services, organization_id=organization_id, kind=USER, **given)
        assert isinstance(refused, Refused), (field, value)
        assert refused.facts["field"] == field
