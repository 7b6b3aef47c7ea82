"""Calls that are over, their prices by another deck, and moving in, at the terminal."""

import csv
import json
from pathlib import Path

import pytest
from pydantic import BaseModel

from commcredits.edges.http.administration import call_answers, moving_in
from tests.edges.cli.terminal import DECK, HEADER, NOBODY, Terminal
from tests.operations.call_files import file_of, line, zip_of

CHEAPER = f"{HEADER}\n44,United Kingdom,outbound,0.30,0,1,1,2020-01-01,\n"
PERIOD = ("--from", "2020-01-01", "--to", "2030-01-01")
OLD = {"started_at": "2026-01-20T09:00:00Z"}
CALLS = (line("r-1", **OLD), line("r-2", duration_seconds="90", **OLD), line("r-3", callee="+99912345678", **OLD))


@pytest.fixture
def organization(terminal: Terminal) -> str:
    """An organization whose minute to London costs 0.60, with 10.00 to spend."""
    organization = terminal.open_organization()
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")
    terminal.do("organizations", "assign-rate-deck", organization, deck["rate_deck_id"])
    terminal.do("funds", "promote", organization, "10", "--expires-at", "2098-01-01", "--reason", "test")
    return organization


def new_file(terminal: Terminal, *lines: str, name: str = "calls.csv") -> str:
    return terminal.file(file_of(*lines).decode(), name)


def fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def test_a_file_of_calls_is_recorded_once(terminal: Terminal, organization: str) -> None:
    file = new_file(terminal, *CALLS)

    first = terminal.do("calls", "import", organization, file)
    again = terminal.type("calls", "import", organization, file)

    assert (first["accepted"], first["charged"], first["free_calls"]) == (3, "1.500000", 1)
    assert set(first) == fields(call_answers.CallsRecorded)
    assert again.status == 0
    assert "known before 3" in " ".join(again.output.split())
    assert terminal.do("balance", organization)["available"] == "8.500000"
    (free,) = terminal.do("calls", "list", organization, "--free")["items"]
    assert (free["session_id"], free["cause"]) == ("r-3", "FREECALL")


def test_lines_that_are_not_taken_are_told_and_written_down(terminal: Terminal, organization: str) -> None:
    rejects = terminal.directory / "rejects.csv"
    file = new_file(terminal, *CALLS, line("r-4", callee="nobody", **OLD), line("", **OLD))

    said = terminal.type("calls", "import", organization, file, "--rejects", str(rejects))

    assert said.status == 6
    assert "line 5, column callee" in said.complaint
    assert "lines that were not taken: 2" in said.complaint
    rows = list(csv.DictReader(rejects.read_text("utf-8").splitlines()))
    assert [(row["line"], row["column"], row["code"]) for row in rows] == [
        ("5", "callee", "invalid_input"),
        ("6", "record_id", "invalid_input"),
    ]


def test_a_zip_and_a_mapping_of_ones_own_are_read(terminal: Terminal, organization: str) -> None:
    mapping = {
        "name": "pbx",
        "fields": {
            "record_id": "id",
            "service": {"value": "outbound"},
            "callee": "to",
            "started_at": "began",
            "duration_seconds": "lasted",
        },
        "time": {"format": "%Y-%m-%d %H:%M:%S"},
        "numbers": {"plain": "international"},
    }
    document = terminal.file(json.dumps(mapping), "pbx.json")
    packed = terminal.directory / "calls.zip"
    packed.write_bytes(zip_of({"x.csv": b"id,to,began,lasted\nr-1,442079460000,2026-01-20 11:00:00,60\n"}))
    words = ("calls", "import", organization, str(packed), "--time-zone", "Europe/Bucharest")

    assert terminal.do(*words, "--mapping", document)["accepted"] == 1
    saved = terminal.do("call-mappings", "save", document)
    assert set(saved) == fields(call_answers.CallMapping)
    assert terminal.do(*words, "--mapping", "pbx")["known"] == 1
    assert [each["name"] for each in terminal.do("call-mappings", "list")["items"]][-1] == "pbx"
    assert "asterisk_csv" in terminal.type("call-mappings", "list").output
    assert json.loads(terminal.type("call-mappings", "show", "pbx").output) == mapping
    assert terminal.do("call-mappings", "remove", "pbx")["document"] == mapping
    (call,) = terminal.do("calls", "list", organization)["items"]
    assert call["started_at"] == "2026-01-20T09:00:00Z"


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("--mapping", "nobody"), 2, "mapping: 'nobody' is not allowed"),
        (("--mapping", "no.json"), 3, "cannot be read"),
        (("--time-zone", "Europe/Nowhere"), 2, "time_zone"),
        (("--rejects", "no/such/folder/rejects.csv"), 3, "cannot be written"),
    ],
)
def test_what_an_import_cannot_begin_with_is_told(
    terminal: Terminal, organization: str, words: tuple[str, ...], status: int, complaint: str
) -> None:
    said = terminal.type("calls", "import", organization, new_file(terminal, *CALLS), *words)
    assert said.status == status
    assert complaint in said.complaint
    assert terminal.do("balance", organization)["available"] == "10.000000"


def test_a_file_that_is_none_changes_nothing(terminal: Terminal, organization: str) -> None:
    said = terminal.type("calls", "import", organization, terminal.file("caller,callee\n"))
    assert said.status == 2
    assert "a header row that names the column record_id" in said.complaint_in_one_line


def test_a_period_is_priced_anew_first_as_a_question_then_in_earnest(terminal: Terminal, organization: str) -> None:
    terminal.do("calls", "import", organization, new_file(terminal, *CALLS))
    deck = terminal.do("rates", "import", terminal.file(CHEAPER), "--name", "Cheaper", "--currency", "EUR")
    words = ("calls", "rerate", organization, *PERIOD, "--deck", deck["rate_deck_id"])

    simulated = terminal.do(*words)
    assert (simulated["charged"], simulated["would_cost"], simulated["difference"]) == (
        "1.500000",
        "0.750000",
        "-0.750000",
    )
    assert set(simulated) == fields(call_answers.Simulation)
    assert set(simulated["destinations"][0]) == fields(call_answers.GroupTotals)
    assert set(simulated["dearest"][0]) == fields(call_answers.CallDifference)
    told = terminal.type(*words).output
    assert "-0.75 EUR" in told
    assert "United Kingdom" in told
    assert terminal.do("balance", organization)["available"] == "8.500000"

    corrected = terminal.do(*words, "--correct", "--command-id", "november")
    assert set(corrected) == fields(call_answers.Correction)
    assert (corrected["correction_id"], corrected["corrected"], corrected["given_back"]) == ("november", 2, "0.750000")
    again = terminal.type(*words, "--correct", "--command-id", "november")
    assert "corrected 0 unchanged 2" in " ".join(again.output.split())
    assert terminal.do("balance", organization)["available"] == "9.250000"
    assert terminal.do("verify")["discrepancies"] == []


def test_what_is_owed_is_shown_beside_the_balance(terminal: Terminal, organization: str) -> None:
    terminal.do("calls", "import", organization, new_file(terminal, line("r-1", duration_seconds="1200", **OLD)))

    assert terminal.do("balance", organization)["owed"] == "2.000000"
    assert "owed                   2.00 EUR" in terminal.type("balance", organization).output


def test_a_call_that_stays_as_it_is_ends_a_correction_with_status_6(terminal: Terminal, organization: str) -> None:
    terminal.do("calls", "import", organization, new_file(terminal, line("r-1", duration_seconds="6000", **OLD)))
    # Its debt of 50.00 is repaid from another lot, and a cheaper deck would give back more than it drew.
    terminal.do("funds", "promote", organization, "100", "--expires-at", "2098-01-01", "--reason", "test")
    deck = terminal.do("rates", "import", terminal.file(CHEAPER), "--name", "Cheaper", "--currency", "EUR")

    said = terminal.type("calls", "rerate", organization, *PERIOD, "--deck", deck["rate_deck_id"], "--correct")

    assert said.status == 6
    assert "call r-1 stays as it is [conflict]" in said.complaint


def test_balances_people_and_numbers_move_in_after_a_dry_run(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    files = {
        "people": "user_principal_name,display_name\nana@example.com,Ana\n",
        "numbers": "number,kind,user\n+40212345678,user,ana@example.com\n",
        "lots": "amount,purchased_at,expires_at,reference\n50,2026-01-01,2098-01-01,inv-1\n",
    }
    for what, content in files.items():
        file = terminal.file(content, f"{what}.csv")
        dry = terminal.type("move-in", what, organization, file, "--dry-run")
        assert dry.status == 0
        assert "would be added" in dry.output
        moved = terminal.do("move-in", what, organization, file)
        assert (moved["added"], moved["written"], moved["errors"]) == (1, True, [])
        models: dict[str, type[BaseModel]] = {"lots": moving_in.LotImport, "numbers": moving_in.NumberImport}
        assert what not in models or set(moved) == fields(models[what])
        again = terminal.do("move-in", what, organization, file)
        assert (again["added"], again["written"]) == (0, False)

    (lot,) = terminal.do("lots", organization)["items"]
    (number,) = terminal.do("numbers", "list", organization)["items"]
    assert (lot["source"], lot["amount"]) == ("opening_balance", "50.000000")
    assert (number["number"], number["purpose"]) == ("+40212345678", "person")


def test_what_is_wrong_with_a_file_that_moves_in_is_told_line_by_line(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    file = terminal.file("amount,purchased_at\n0,2026-01-01\n5,2020-01-01\n")

    for words in ((), ("--dry-run",)):
        said = terminal.type("move-in", "lots", organization, file, *words)
        assert said.status == 2
        assert "line 2, column amount" in said.complaint
        assert "line 3, column expires_at" in said.complaint
    assert terminal.do("balance", organization)["posted"] == "0.000000"


def test_nobody_moves_in_or_has_calls_recorded_at_an_organization_that_is_not_there(terminal: Terminal) -> None:
    file = str(Path(terminal.file("number,kind\n+40212345678,user\n")))
    for words in (
        ("calls", "import", NOBODY, file),
        ("calls", "rerate", NOBODY, *PERIOD, "--deck", NOBODY),
        ("move-in", "lots", NOBODY, file),
        ("move-in", "numbers", NOBODY, file),
    ):
        said = terminal.type(*words)
        assert (said.status, "[unknown_organization" in said.complaint) == (1, True), (words, said)
