"""People and licences at the terminal: one by one and by the file, with previews."""

from typing import Any, Final

import pytest
from pydantic import BaseModel

from commcredits.edges.http.administration import answers, people_answers
from tests.edges.cli.terminal import NOBODY, Terminal

DESK: Final = "front.desk@example.com"
FILE: Final = (
    "user_principal_name,display_name,usage_location,licences,kind\n"
    "one@example.com,One,RO,MCOPSTN5;MCOPSTNC,user\n"
    "queue@example.com,Queue,RO,MCOPSTN5,resource_account\n"
)


def test_a_user_is_added_changed_shown_found_and_removed(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    account = terminal.do("resource-accounts", "add", organization, "queue@example.com")["object_id"]
    options = ("--display-name", "Recepție", "--usage-location", "RO", "--department", "Vânzări")
    rules = ("--dial-out", "zone_a/domestic", "--premium", "yes", "--no-toll-free", "--monthly-cap", "25")
    shared = ("--shared-calling-account", account)
    added = terminal.do("users", "add", organization, DESK, "--object-id", NOBODY, *options, *rules, *shared)
    assert added | {"created_at": ""} == {
        "object_id": NOBODY,
        "user_principal_name": DESK,
        "display_name": "Recepție",
        "usage_location": "RO",
        "department": "Vânzări",
        "licences": [],
        "numbers": [],
        "dial_out": {"conference": "zone_a", "user": "domestic"},
        "premium_allowed": True,
        "toll_free_allowed": False,
        "monthly_cap": "25.000000",
        "currency": "EUR",
        "shared_calling_account": account,
        "created_at": "",
    }
    assert terminal.do("users", "show", organization, DESK.upper()) == added

    undone = ("--dial-out", "organization", "--premium", "organization", "--toll-free", "--no-monthly-cap")
    emptied = ("--shared-calling-account", "", "--department", "")
    changed = terminal.do("users", "change", organization, NOBODY, *undone, *emptied)
    assert changed == added | {
        "department": "",
        "dial_out": None,
        "premium_allowed": None,
        "toll_free_allowed": True,
        "monthly_cap": None,
        "shared_calling_account": None,
    }
    assert terminal.do("users", "change", organization, NOBODY) == changed
    assert terminal.do("users", "list", organization, "--text", "recep", "--department", "")["items"] == [changed]
    assert terminal.do("users", "list", organization, "--licence", "MCOPSTN5")["items"] == []
    assert terminal.do("users", "remove", organization, DESK) == {"changed": True}
    assert terminal.do("users", "list", organization)["items"] == []
    assert len(terminal.do("resource-accounts", "list", organization)["items"]) == 1


def test_licences_are_bought_given_and_taken(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    terminal.do("users", "add", organization, DESK, "--usage-location", "RO")
    assert terminal.do("licences", "buy", organization, "MCOPSTN5", "2") == {"changed": True}
    assert terminal.do("licences", "buy", organization, "MCOPSTN1", "1", "--country", "RO") == {"changed": True}
    user = ("--user", DESK)
    preview = terminal.do("licences", "assign", organization, "MCOPSTN5", "MCOPSTNC", *user, "--dry-run")
    assert (preview["written"], preview["lines"][0]["changed"]) == (False, True)
    assert terminal.do("licences", "assign", organization, "MCOPSTN5", "MCOPSTNC", *user)["written"] is True
    swapped = terminal.do("licences", "assign", organization, "MCOPSTN1", "--take", "MCOPSTN5", *user)
    assert swapped["lines"][0]["licences"] == ["MCOPSTN1", "MCOPSTNC"]
    assert terminal.do("licences", "take", organization, "MCOPSTNC", *user)["lines"][0]["licences"] == ["MCOPSTN1"]
    assert terminal.do("licences", "list", organization)["items"] == [
        {"licence": "MCOPSTN5", "country": "", "purchased": 2, "assigned": 0, "free": 2},
        {"licence": "MCOPSTN1", "country": "RO", "purchased": 1, "assigned": 1, "free": 0},
    ]


def test_people_and_licences_come_from_files(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    terminal.do("licences", "buy", organization, "MCOPSTN5", "2")
    file = terminal.file(FILE)
    preview = terminal.do("users", "import", organization, file, "--dry-run")
    assert (preview["added"], preview["written"], preview["refusal"]) == (2, False, None)
    imported = terminal.do("users", "import", organization, file)
    assert imported == preview | {"written": True}
    taken = terminal.file("user_principal_name,take\none@example.com,MCOPSTN5\n", "licences.csv")
    assert terminal.do("licences", "import", organization, taken, "--dry-run")["changed"] == 1
    assert terminal.do("licences", "import", organization, taken)["written"] is True
    assert terminal.do("users", "show", organization, "one@example.com")["licences"] == ["MCOPSTNC"]


def test_json_has_the_fields_of_the_administration_api(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    added = terminal.do("users", "add", organization, DESK, "--usage-location", "RO", "--dial-out", "any/none")
    written: list[tuple[Any, type[BaseModel]]] = [
        (added, people_answers.User),
        (added["dial_out"], people_answers.DialOut),
        (terminal.do("users", "list", organization)["items"][0], people_answers.User),
        (terminal.do("licences", "buy", organization, "MCOPSTN5", "3"), answers.Changed),
        (terminal.do("licences", "list", organization)["items"][0], people_answers.LicenceStock),
    ]
    report = terminal.do("licences", "assign", organization, "MCOPSTN5", "--user", DESK)
    written += [(report, people_answers.AssignmentReport), (report["lines"][0], people_answers.AssignmentLine)]
    said = terminal.type("users", "import", organization, terminal.file(FILE + "x,,,,\n"), "--dry-run", "--json")
    assert said.status == 2
    imported = terminal.do("users", "import", organization, terminal.file(FILE))
    written += [(imported, people_answers.ImportReport), (imported["licences"][0], people_answers.LicenceNeed)]
    written.append((terminal.do("users", "remove", organization, "one@example.com"), answers.Changed))
    for document, model in written:
        model.model_validate(document)
        assert set(document) == set(model.model_fields), model


def test_people_read_who_is_there_and_what_is_left(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    said = terminal.type("users", "add", organization, DESK, "--usage-location", "RO", "--monthly-cap", "25")
    assert "25.00 EUR" in said.output
    assert "as the organization" in said.output
    assert (
        "MCOPSTN5: 3 are bought for RO."
        in terminal.type("licences", "buy", organization, "MCOPSTN5", "3", "--country", "RO").output
    )
    user = ("--user", DESK)
    assert (
        "would be changed  1"
        in terminal.type("licences", "assign", organization, "MCOPSTN5", *user, "--dry-run").output
    )
    assert "changed    1" in terminal.type("licences", "assign", organization, "MCOPSTN5", "MCOPSTNC", *user).output
    stock = terminal.type("licences", "list", organization).output
    assert "unlimited" in stock
    assert "any country" in stock
    assert DESK in terminal.type("users", "list", organization).output
    preview = terminal.type("users", "import", organization, terminal.file(FILE), "--dry-run").output
    assert "would be added" in preview
    assert "MCOPSTN5" in preview
    assert "added" in terminal.type("users", "import", organization, terminal.file(FILE)).output
    assert terminal.type("users", "remove", organization, DESK).output == f"{DESK} is removed.\n"


def test_every_wrong_line_is_told_also_by_a_preview_and_nobody_is_imported(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    file = terminal.file(FILE + "two,Two,RO,,\nthree@example.com,Three,ZZ,,\n")
    for dry_run in ((), ("--dry-run",)):
        said = terminal.type("users", "import", organization, file, *dry_run)
        assert said.status == 2
        assert "line 4, column user_principal_name: 'two' is not allowed" in said.complaint
        assert "line 5, column usage_location: 'ZZ' is not allowed" in said.complaint
        assert "nothing was imported; wrong in the file: 2" in said.complaint
        assert bool(said.output) == bool(dry_run)
    assert terminal.do("users", "list", organization)["items"] == []


def test_what_cannot_be_is_said_with_the_reason(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    terminal.do("users", "add", organization, DESK, "--usage-location", "RO")
    short = terminal.type("users", "import", organization, terminal.file(FILE))
    assert (short.status, "purchased 0, assigned 0, needed 2]" in short.complaint) == (1, True)
    nobody = terminal.type("licences", "assign", organization, "MCOPSTNC", "--user", DESK, "--user", "me@example.com")
    assert nobody.status == 1
    assert "me@example.com: the organization has no user" in nobody.complaint
    both = terminal.type("licences", "assign", organization, "MCOPSTN1", "MCOPSTN5", "--user", DESK, "--dry-run")
    assert (both.status, "[licence_conflict: licence MCOPSTN1, held_beside MCOPSTN5]" in both.complaint) == (1, True)
    taken = terminal.type("users", "add", organization, DESK.upper())
    assert (taken.status, "[user_taken" in taken.complaint) == (1, True)
    gone = terminal.type("users", "remove", organization, "me@example.com")
    assert (gone.status, "[unknown_user" in gone.complaint) == (1, True)


def test_an_unknown_organization_is_refused(terminal: Terminal) -> None:
    for command in (
        ("users", "add", NOBODY, DESK),
        ("users", "change", NOBODY, DESK),
        ("users", "show", NOBODY, DESK),
        ("users", "remove", NOBODY, DESK),
        ("resource-accounts", "list", NOBODY),
        ("users", "import", NOBODY, terminal.file(FILE)),
        ("licences", "list", NOBODY),
        ("licences", "buy", NOBODY, "MCOPSTN5", "1"),
        ("licences", "assign", NOBODY, "MCOPSTN5", "--user", DESK),
        ("licences", "take", NOBODY, "MCOPSTN5", "--user", DESK),
        ("licences", "import", NOBODY, terminal.file(FILE)),
    ):
        said = terminal.type(*command)
        assert (said.status, "[unknown_organization" in said.complaint, said.output) == (1, True, ""), command


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("users", "add", "ORGANIZATION", "me"), "user_principal_name: 'me'"),
        (("users", "add", "ORGANIZATION", DESK, "--object-id", "me"), "party_id: 'me'"),
        (("users", "add", "ORGANIZATION", DESK, "--usage-location", "ZZ"), "usage_location: 'ZZ'"),
        (("users", "add", "ORGANIZATION", DESK, "--display-name", "a\x1b[31mb"), "display_name: 'a\ufffd[31mb'"),
        (("users", "add", "ORGANIZATION", DESK, "--dial-out", "everywhere"), "'everywhere' is not one of any"),
        (("users", "add", "ORGANIZATION", DESK, "--dial-out", "any/any"), "'any/any' is not one of any"),
        (("users", "add", "ORGANIZATION", DESK, "--premium", "maybe"), "'maybe' is not one of yes, no, organization"),
        (("users", "add", "ORGANIZATION", DESK, "--monthly-cap", "-1"), "is below 0"),
        (("users", "show", "ORGANIZATION", "me"), "user: 'me'"),
        (("users", "list", "ORGANIZATION", "--licence", "x"), "licence: 'x'"),
        (("users", "list", "ORGANIZATION", "--limit", "0"), "from 1 to 200"),
        (("licences", "buy", "ORGANIZATION", "x", "1"), "licence: 'x'"),
        (("licences", "buy", "ORGANIZATION", "MCOPSTN5", "x"), "'x' is not a whole number"),
        (("licences", "buy", "ORGANIZATION", "MCOPSTN5", "1", "--country", "ro"), "country: 'ro'"),
        (("licences", "assign", "ORGANIZATION", "x", "--user", DESK), "licence: 'x'"),
        (("licences", "assign", "ORGANIZATION", "MCOPSTN5"), "Missing option '--user'"),
        (("licences", "take", "ORGANIZATION", "MCOPSTN5", "--user", "me"), "user: 'me'"),
    ],
    ids=lambda each: " ".join(each[2:])[:40] if type(each) is tuple else "",
)
def test_wrong_input_is_named(terminal: Terminal, command: tuple[str, ...], complaint: str) -> None:
    organization = terminal.open_organization()
    said = terminal.type(*(organization if word == "ORGANIZATION" else word for word in command))
    assert said.status == 2, said
    assert complaint in said.complaint_in_one_line


def test_a_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    for group in ("users", "licences"):
        said = terminal.type(group, "import", organization, "no-such-file.csv")
        assert (said.status, "'no-such-file.csv' cannot be read" in said.complaint) == (3, True)
