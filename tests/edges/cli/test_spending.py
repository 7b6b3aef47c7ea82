"""Spending, statements, dial-out and explained calls at the terminal, for people and with the fields of the API."""

from typing import Any

from pydantic import BaseModel

from commcredits.edges.http.administration.explained_call_answers import ExplainedCall
from commcredits.edges.http.administration.spending_answers import DialOut, Spending, Statement
from tests.edges.cli.terminal import Terminal
from tests.operations.office import open_office
from tests.storage_fixtures import run


def _called(database_url: str) -> str:
    """The id of an organization with a call."""
    ids: list[str] = []

    async def work() -> None:
        async with open_office(database_url) as office:
            organization = await office.calling_organization()
            await office.call(organization, "a", 60)
            ids.append(organization)

    run(work())
    return ids[0]


def _is(model: type[BaseModel], document: Any) -> bool:
    """Whether the document has the fields of the API's answer, each of its form, and no other."""
    model.model_validate(document)
    assert set(document) == set(model.model_fields)
    return True


def test_every_report_has_the_fields_of_the_api(terminal: Terminal, database_url: str) -> None:
    organization = _called(database_url)
    days = ("--first", "2026-11-01", "--last", "2026-11-30")
    spending = terminal.do("spending", organization, "--by", "service", *days)
    assert _is(Spending, spending)
    assert spending["total"]["charged"] == "0.600000"
    assert _is(Statement, terminal.do("statement", organization, "--month", "2026-11"))
    assert _is(DialOut, terminal.do("dial-out", organization, *days))
    assert _is(ExplainedCall, terminal.do("explain-call", organization, "a"))


def test_people_read_them_as_tables_and_programs_as_csv(terminal: Terminal, database_url: str) -> None:
    organization = _called(database_url)
    days = ("--first", "2026-11-01", "--last", "2026-11-30")
    assert "outbound" in terminal.type("spending", organization, "--by", "service", *days).output
    assert "(total)" in terminal.type("spending", organization, *days, "--csv").output
    assert "closing balance" in terminal.type("statement", organization, "--month", "2026-11").output
    assert "opening_balance" in terminal.type("statement", organization, "--month", "2026-11", "--csv").output
    assert "object_id" in terminal.type("dial-out", organization, *days, "--csv").output
    told = terminal.type("explain-call", organization, "a").output
    assert "+44 United Kingdom" in told
    assert "promotion" in told
    assert terminal.type("spending", organization, "--first", "31.11.2026").status != 0
