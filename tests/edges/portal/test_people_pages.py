"""Users and licences as an administrator without scripts changes them: one by one, many at once, from files."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.licences import assign_licences, set_purchased
from commcredits.operations.people import PartyInfo, get_party
from tests.edges.portal.desk import Desk, form_in, open_desk
from tests.operations.staff import hire

PLAN = Licence.DOMESTIC_120.value
HOSTILE = '<script>alert("1")</script>'
FORMULA = "=cmd|calc@example.com"


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    """An administrator's desk."""
    async with open_desk(database_url) as opened:
        yield opened


async def buy(desk: Desk, quantity: int) -> None:
    """Have so many plans."""
    bought = await set_purchased(
        desk.services, organization_id=desk.organization_id, licence=PLAN, country="", quantity=quantity
    )
    assert not isinstance(bought, Refused), bought


async def licences_of(desk: Desk, name: str) -> set[str]:
    """The licences that a user has."""
    found = await get_party(
        desk.services, organization_id=desk.organization_id, kind=PartyKind.USER, user=f"{name}@example.com"
    )
    assert isinstance(found, PartyInfo), found
    return {licence.value for licence in found.party.licences}


async def upload(desk: Desk, content: bytes, kind: str = "users") -> str:
    """What the page says to this file, as HTML."""
    form = await desk.form("/users/import", "import-form")
    fields = {name: value for name, value in form.fields.items() if name != "file"}
    answer = await desk.http.post(
        form.action, data={**fields, "kind": kind}, files={"file": ("people.csv", content, "text/csv")}
    )
    return answer.text


async def test_a_user_is_added_once_changed_found_and_removed(desk: Desk) -> None:
    form = await desk.form("/users/add", "person-form")
    wrong = await desk.send(form, user_principal_name="Ana", display_name="Ana")
    assert wrong.status_code == 422
    assert 'id="person-user_principal_name-error"' in wrong.text
    added = await desk.send(form, user_principal_name="ana@example.com", display_name=HOSTILE, department="Vânzări")
    again = await desk.send(form, user_principal_name="ana@example.com", display_name=HOSTILE, department="Vânzări")
    assert again.headers["location"] == added.headers["location"], "a form that is sent twice adds one user"
    page = await desk.follow(added)
    assert HOSTILE not in page
    assert "&lt;script&gt;" in page

    path = added.headers["location"].partition("?")[0]
    changing = await desk.form(f"{path}/change", "person-form")
    assert changing.fields["display_name"].startswith("<script>")
    await desk.send(changing, display_name="Ana Pop", usage_location="RO")
    assert "Romania" in await desk.get(path)
    found = ("?text=pop", "?text=ANA@", "?department=-:V%C3%A2nz%C4%83ri", "?country=RO", "?licence=-MCOPSTNC")
    not_found = ("?text=nobody", "?department=-", "?country=DE", "?licence=MCOPSTNC")
    for query in (*found, *not_found):
        assert ("Ana Pop" in await desk.get(f"/users{query}")) is (query in found), query

    removed = await desk.send(await desk.form(f"{path}/remove", "remove-form"))
    assert "Removed" in await desk.follow(removed)
    assert (await desk.http.get(path)).status_code == 404


async def test_many_get_a_licence_as_the_preview_said_and_never_otherwise(desk: Desk) -> None:
    names = [f"{name}@example.com" for name in ("ana", "bogdan", "corina")]
    await hire(desk.services, desk.organization_id, *names)
    await buy(desk, 2)
    listed = await desk.form("/users", "people-form")
    choosing = form_in((await desk.send(listed, whom="all")).text, "choose-form")
    nothing = await desk.send(choosing)
    assert nothing.status_code == 422
    assert "Choose at least one licence" in nothing.text
    preview = (await desk.send(choosing, **{f"assign-{PLAN}": "yes"})).text
    apply = form_in(preview, "apply-form")
    assert "Change the licences of 2 people" in preview
    assert "Stay without (1)" in preview

    # Somebody else takes one of the two in between: nothing is done, and the page shows what would be now.
    await assign_licences(desk.services, organization_id=desk.organization_id, users=names[2:], licences=[PLAN])
    moved = await desk.send(apply)
    assert moved.status_code == 409
    assert "Somebody has changed this meanwhile" in moved.text
    assert await licences_of(desk, "ana") == set()
    done = await desk.send(form_in(moved.text, "apply-form"))
    assert "The licences of 1 person were changed" in await desk.follow(done)
    assert [await licences_of(desk, name) for name in ("ana", "bogdan", "corina")] == [{PLAN}, set(), {PLAN}]
    assert "All assigned" in await desk.get("/licences")


async def test_a_picked_id_of_another_organization_is_nobody_here(desk: Desk) -> None:
    other = await desk.office.organization("Alta")
    theirs = await hire(desk.services, other.organization_id, "victim@example.com")
    await hire(desk.services, desk.organization_id, "ana@example.com")
    await buy(desk, 5)
    listed = await desk.form("/users", "people-form")
    choosing = form_in((await desk.send(listed, **{f"pick-{theirs}": "yes"})).text, "choose-form")
    preview = (await desk.send(choosing, **{"assign-MCOPSTNC": "yes"})).text
    assert "Are not there any more" in preview
    assert "victim" not in preview
    assert "apply-form" not in preview


async def test_a_file_is_looked_at_and_then_imported_whole_or_not_at_all(desk: Desk) -> None:
    header = b"user_principal_name,display_name,usage_location,department,licences\r\n"
    wrong = await upload(desk, header + b'ana@example.com,"Ana, Pop",XX,,MCOPSTNC\r\nnobody,,RO,,MCOPSTN99\r\n')
    assert "3 things are wrong with the file" in wrong
    assert "confirm-form" not in wrong
    assert "No users yet" in await desk.get("/users")

    preview = await upload(desk, header + b'ana@example.com,"Ana, Pop",RO,Sales,MCOPSTNC\r\n')
    assert "Ana, Pop" in preview
    confirming = form_in(preview, "confirm-form")
    await hire(desk.services, desk.organization_id, "ana@example.com")
    moved = await desk.send(confirming)
    assert moved.status_code == 409, "she was to be added, and would be changed now"
    done = await desk.send(form_in(moved.text, "confirm-form"))
    assert "1 person was changed" in await desk.follow(done)
    assert await licences_of(desk, "ana") == {"MCOPSTNC"}
    forged = await desk.send(confirming, content="AAAA", digest="x")
    assert forged.status_code == 422


async def test_a_hostile_file_is_answered_with_what_is_wrong(desk: Desk) -> None:
    wrong = "Nothing was imported"
    for content, said in (
        (b"", "Choose a file that is not empty"),
        (b"user_principal_name\r\n" + b"a" * 10_000_000, "larger than 4 MB"),
        (b"user_principal_name\r\n" + b"a" * 100_000 + b"\r\n", wrong),
        (b"\xff\xfe\x00user", wrong),
        (b"PK\x03\x04\x14\x00\x00\x00", wrong),
        (b"user_principal_name,password\r\na@example.com,x\r\n", wrong),
    ):
        assert said in await upload(desk, content), content[:40]


async def test_what_is_exported_runs_nowhere_and_is_the_same_when_it_comes_back(desk: Desk) -> None:
    file = f'user_principal_name,display_name,department\r\n{FORMULA},"@SUM(1+1)",\'=quoted\r\n'.encode()
    await desk.send(form_in(await upload(desk, file), "confirm-form"))
    exported = (await desk.http.get(f"{desk.base}/users/export.csv")).content
    row = exported.decode("utf-8-sig").splitlines()[1].split(",")
    assert row[0] == f"'{FORMULA}"
    assert (row[2], row[4]) == ("'@SUM(1+1)", "'=quoted")
    again = await upload(desk, exported)
    assert "Nothing would change" in again


async def test_licences_are_bought_and_never_fewer_than_are_assigned(desk: Desk) -> None:
    form = await desk.form("/licences", "buy-form")
    bought = await desk.send(form, licence=PLAN, country="RO", quantity="3")
    assert "The number of licences was saved" in await desk.follow(bought)
    await hire(desk.services, desk.organization_id, "ana@example.com", licences=(PLAN,))
    for quantity, said in (("0", "1 are assigned"), ("-1", "Enter a whole number"), ("1.5", "Enter a whole number")):
        refused = await desk.send(form, licence=PLAN, country="RO", quantity=quantity)
        assert refused.status_code == 422
        assert said in refused.text
