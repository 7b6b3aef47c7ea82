"""What scripts rely on: sentences for refusals, the fields of JSON, statuses, the page that lists all commands."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from pydantic import BaseModel

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.cli.refusing import REFUSALS, ExitStatus, RefusedError, sentence_of
from commcredits.edges.http.administration import (
    answers,
    call_handling,
    rate_answers,
    recharge_answers,
    report_answers,
)
from commcredits.main.command import build_command
from tests.edges.cli.terminal import DECK, Terminal
from tests.operations.office import open_office
from tests.storage_fixtures import execute, run

PAGE: Final = (Path(__file__).parents[3] / "docs" / "cli.md").read_text("utf-8")


def test_every_refusal_has_a_sentence() -> None:
    assert sorted(set(RefusalCode) ^ set(REFUSALS)) == []


def test_a_refusal_tells_its_facts_with_amounts_as_people_write_them() -> None:
    refused = Refused(
        code=RefusalCode.AMOUNT_BELOW_MINIMUM, facts={"amount_micros": 49_990_000, "minimum_micros": 50_000_000}
    )

    assert sentence_of(refused) == (
        "the amount is less than may be bought [amount_below_minimum: amount 49.99, minimum 50.00]"
    )
    assert RefusedError(refused).status is ExitStatus.REFUSED


def test_a_call_that_has_no_charge_yet_is_told_apart_from_an_id_that_was_used() -> None:
    assert "same command id" in sentence_of(Refused(code=RefusalCode.CONFLICT, facts={"session_id": "a"}))
    running = sentence_of(Refused(code=RefusalCode.CONFLICT, facts={"session_id": "a", "state": "started"}))
    assert running.startswith("the call is not over")
    assert running.endswith("[conflict: session_id a, state started]")


def _fields(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def test_json_has_the_fields_of_the_administration_api(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization()
    deck = terminal.do("rates", "import", terminal.file(DECK), "--name", "Standard", "--currency", "EUR")
    terminal.do("organizations", "assign-rate-deck", organization, deck["rate_deck_id"])
    method = terminal.add_card(organization)
    amounts = ("--recharge-amount", "50", "--trigger-amount", "1", "--payment-method", method)
    written: list[tuple[Any, type[BaseModel]]] = [
        (deck, rate_answers.RateDeck),
        (terminal.do("numbers", "add", organization, "+40212345678"), answers.PhoneNumber),
        (terminal.do("payment-methods", "list", organization)["items"][0], answers.PaymentMethod),
        (terminal.do("funds", "add", organization, "50", "--payment-method", method), answers.TopUp),
        (
            terminal.do("funds", "promote", organization, "1", "--expires-at", "2030-01-01", "--reason", "test"),
            answers.Promotion,
        ),
        (terminal.do("auto-recharge", "set", organization, *amounts), recharge_answers.AutoRechargeSaved),
        (terminal.do("auto-recharge", "show", organization), recharge_answers.AutoRecharge),
        (terminal.do("balance-alerts", "set", organization, "--amount", "10"), recharge_answers.BalanceAlerts),
    ]

    async def call() -> None:
        async with open_office(database_url) as office:
            await office.call(organization, "call-1", 90)
            await office.authorise(organization, "call-2", switch="kamailio:edge-1")

    run(call())
    written += [
        (terminal.do("organizations", "list")["items"][0], answers.Organization),
        (terminal.do("balance", organization), report_answers.Balance),
        (terminal.do("lots", organization)["items"][0], report_answers.FundLot),
        (terminal.do("journal", organization)["items"][0], report_answers.JournalEntry),
        (terminal.do("calls", "list", organization)["items"][0], report_answers.Call),
        (terminal.do("top-ups", organization)["items"][0], answers.TopUp),
        (terminal.do("calls", "cut", organization, "call-2"), call_handling.CutOrder),
        (terminal.do("calls", "refund", organization, "call-1"), call_handling.Refund),
        (terminal.do("calls", "flags", "--organization", organization)["items"][0], call_handling.CallFlag),
        (terminal.do("verify"), report_answers.Verification),
    ]
    for document, model in written:
        # Built from what the terminal wrote: the values have the form of the API, too.
        model.model_validate(document)
        assert set(document) == _fields(model), model


def test_books_that_disagree_end_with_status_4_and_say_where(terminal: Terminal, database_url: str) -> None:
    organization = terminal.open_organization()
    terminal.do("funds", "promote", organization, "1", "--expires-at", "2030-01-01", "--reason", "test")
    run(execute(database_url, "update accounts set posted_micros = posted_micros + 1"))

    said = terminal.type("verify")

    assert said.status == 4
    assert organization in said.output
    assert "1000001" in said.output
    assert "the books disagree in" in said.complaint
    assert terminal.type("verify", "--json").status == 4


def _commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, (*words, name))
        else:
            yield (*words, name), command


COMMANDS: Final = tuple(_commands(typer.main.get_command(build_command())))


@pytest.mark.parametrize(("words", "command"), COMMANDS, ids=lambda each: " ".join(each) if type(each) is tuple else "")
def test_every_command_is_on_the_page_with_each_of_its_options(words: tuple[str, ...], command: Any) -> None:
    section = re.search(
        rf"^#+ `commcredits {re.escape(' '.join(words))}.*?(?=^#)", PAGE + "\n#", re.DOTALL | re.MULTILINE
    )

    assert section is not None, f"docs/cli.md has no section for {' '.join(words)}"
    options = {name for each in command.params if each.param_type_name == "option" for name in each.opts}
    assert {name for name in options if f"`{name}" not in section[0]} - {"--help", "--json", "--command-id"} == set()


def test_the_page_has_no_section_for_what_is_gone() -> None:
    documented = set(re.findall(r"^### `commcredits ([a-z -]+?)(?= [A-Z-]|`)", PAGE, re.MULTILINE))

    assert documented == {" ".join(words) for words, _ in COMMANDS}


def test_every_command_says_what_it_does() -> None:
    assert [words for words, command in COMMANDS if not command.help] == []


def test_every_exit_status_is_on_the_page() -> None:
    assert [status for status in ExitStatus if f"\n| {status.value} |" not in PAGE] == []


def test_help_loads_nothing_that_a_command_needs() -> None:
    heavy = {"asyncpg", "fastapi", "httpx", "phonenumbers", "pydantic_settings", "uvicorn"}
    program = (
        "import sys; from commcredits.main.command import build_command; build_command(); "
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )

    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert done.stdout.strip() == "[]"
