"""Numbers at the terminal: into stock, out of stock, and to whom they serve."""

from typing import Any, Final

import pytest
from pydantic import BaseModel

from commcredits.edges.http.administration import answers, number_answers
from tests.edges.cli.terminal import NOBODY, Terminal
from tests.operations.office import open_office
from tests.operations.staff import hire
from tests.storage_fixtures import run

DESK: Final = "+40214440001"
FILE: Final = "number,kind,country,place\n+40214440001,user,RO,București\n+40214440002,toll,,Cluj\n"


def _hired(database_url: str, organization: str, *names: str) -> None:
    async def work() -> None:
        async with open_office(database_url) as office:
            await hire(office.services, organization, *names, licences=("MCOPSTN1",))

    run(work())


def test_a_number_goes_from_a_file_to_the_one_who_answers_it(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization()
    _hired(database_url, organization, "front.desk@example.com")

    assert terminal.do("stock", "import", terminal.file(FILE)) == {"number_count": 2}
    assert [each["number"] for each in terminal.do("stock", "search", "--place", "bucur")["items"]] == [DESK]
    reserved = terminal.do("numbers", "reserve", organization, DESK)
    assert terminal.do("numbers", "reserve", organization, DESK) == reserved
    acquired = terminal.do("numbers", "acquire", organization, DESK, "--display-name", "Recepție")
    words = ("--purpose", "person", "--user", "Front.Desk@example.com")
    assigned = terminal.do("numbers", "assign", organization, DESK, *words)

    assert (assigned["purpose"], assigned["display_name"], acquired["purpose"]) == ("person", "Recepție", "unassigned")
    assert terminal.do("numbers", "list", organization)["items"] == [assigned]
    assert terminal.do("numbers", "unassign", organization, DESK) == acquired
    quotas = terminal.do("numbers", "quotas", organization)
    assert (quotas["user_numbers"], quotas["user_number_quota"]) == (1, 11)
    assert [each["number"] for each in terminal.do("stock", "search")["items"]] == ["+40214440002"]


def test_json_has_the_fields_of_the_administration_api(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization()
    _hired(database_url, organization, "front.desk@example.com")
    written: list[tuple[Any, type[BaseModel]]] = [
        (terminal.do("stock", "import", terminal.file(FILE)), number_answers.StockImported),
        (terminal.do("stock", "add", "+40900123456", "--kind", "toll"), number_answers.StockNumber),
        (terminal.do("stock", "search")["items"][0], number_answers.StockNumber),
        (terminal.do("numbers", "reserve", organization, DESK), number_answers.NumberReservation),
        (terminal.do("numbers", "acquire", organization, DESK), answers.PhoneNumber),
        (terminal.do("numbers", "unassign", organization, DESK), answers.PhoneNumber),
        (terminal.do("numbers", "quotas", organization), number_answers.NumberQuotas),
    ]
    for document, model in written:
        model.model_validate(document)
        assert set(document) == set(model.model_fields), model


def test_people_read_what_a_number_is_and_whom_it_serves(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization()
    _hired(database_url, organization, "front.desk@example.com")
    assert "In stock from the file: 2." in terminal.type("stock", "import", terminal.file(FILE)).output
    assert "is in stock (toll)" in terminal.type("stock", "add", "+40801123456", "--kind", "toll").output
    assert "shared_cost" in terminal.type("stock", "search", "--digits", "801").output
    assert "is reserved until 20" in terminal.type("numbers", "reserve", organization, DESK).output
    assert "is the organization's (user)" in terminal.type("numbers", "acquire", organization, DESK).output
    words = ("--purpose", "person", "--user", "front.desk@example.com")
    said = terminal.type("numbers", "assign", organization, DESK, *words)
    assert said.output == f"{DESK} serves front.desk@example.com (person).\n"
    assert "ordinary" in terminal.type("numbers", "list", organization).output
    said = terminal.type("numbers", "unassign", organization, DESK)
    assert said.output == f"{DESK} serves nobody (unassigned).\n"
    quotas = terminal.type("numbers", "quotas", organization).output
    assert "1 of 11" in quotas
    assert "once credits are set up" in quotas


def test_every_wrong_line_of_a_file_is_told_and_nothing_is_imported(terminal: Terminal) -> None:
    said = terminal.type("stock", "import", terminal.file(FILE + "0214,user,RO,\n+40214440003,fax,RO,\n"))
    assert said.status == 2
    assert "line 4, column number: '0214' is not allowed" in said.complaint
    assert "line 5, column kind: 'fax' is not allowed; it must be user, toll, toll_free" in said.complaint
    assert "nothing was imported; wrong in the file: 2" in said.complaint
    assert terminal.do("stock", "search")["items"] == []


def test_what_cannot_be_had_is_said_with_the_reason(terminal: Terminal, database_url: str) -> None:
    organization, other = terminal.open_organization(), terminal.open_organization("Other")
    terminal.do("stock", "import", terminal.file(FILE))
    terminal.do("numbers", "reserve", organization, DESK)
    taken = terminal.type("numbers", "reserve", other, DESK)
    assert (taken.status, "[number_not_available" in taken.complaint) == (1, True)
    quota = terminal.type("numbers", "acquire", organization, DESK)
    assert (quota.status, "quota 0, in_use 0, licences 0]" in quota.complaint) == (1, True)
    _hired(database_url, organization, "front.desk@example.com", "sales.1@example.com")
    terminal.do("numbers", "acquire", organization, DESK)
    terminal.do("numbers", "assign", organization, DESK, "--purpose", "person", "--user", "sales.1@example.com")
    words = ("--purpose", "person", "--user", "front.desk@example.com")
    used = terminal.type("numbers", "assign", organization, DESK, *words)
    assert (used.status, "[number_in_use" in used.complaint) == (1, True)


def test_an_unknown_organization_is_refused(terminal: Terminal) -> None:
    for command in (
        ("numbers", "assign", NOBODY, DESK, "--purpose", "conference_bridge"),
        ("numbers", "unassign", NOBODY, DESK),
        ("numbers", "reserve", NOBODY, DESK),
        ("numbers", "acquire", NOBODY, DESK),
        ("numbers", "quotas", NOBODY),
    ):
        said = terminal.type(*command)
        assert (said.status, "[unknown_organization" in said.complaint, said.output) == (1, True, ""), command


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("stock", "add", "0214"), "number: '0214'"),
        (("stock", "add", DESK, "--kind", "fax"), "kind: 'fax'"),
        (("stock", "add", DESK, "--country", "ro"), "country: 'ro'"),
        (("stock", "add", DESK, "--place", "a\x1b[31mb"), "place: 'a\ufffd[31mb'"),
        (("stock", "search", "--digits", "12a"), "digits: '12a'"),
        (("stock", "search", "--kind", "service"), "kind: 'service'"),
        (("stock", "search", "--cursor", "x"), "cursor: 'x'"),
        (("stock", "search", "--limit", "201"), "from 1 to 200"),
        (("numbers", "assign", NOBODY, DESK), "'--purpose'"),
    ],
    ids=lambda each: " ".join(each)[:40] if type(each) is tuple else "",
)
def test_wrong_input_is_named(terminal: Terminal, command: tuple[str, ...], complaint: str) -> None:
    said = terminal.type(*command)
    assert said.status == 2
    assert complaint in said.complaint_in_one_line


def test_a_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    said = terminal.type("stock", "import", "no-such-file.csv")
    assert (said.status, "'no-such-file.csv' cannot be read" in said.complaint) == (3, True)
