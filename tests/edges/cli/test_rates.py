"""A rate deck's whole life at the terminal, for people and for programs."""

import json
from typing import Any

import pytest

from commcredits.edges.cli.rate_explaining import _REASONS
from commcredits.edges.cli.writing import exact_text
from commcredits.edges.http.administration import rate_answers
from commcredits.operations.rate_explaining import Verdict
from tests.edges.cli.terminal import DECK, HEADER, NOBODY, Terminal

WIDE = f"""{HEADER},origin_country,band_prices,steps,charge_max
44,United Kingdom,outbound,0.30,0.01,60,60,2020-01-01,,,peak:0.90,,5
447,United Kingdom mobile,outbound,0.60,0,1,1,2020-01-01,,DE,,600:0.30,
"""
TERMS = json.dumps(
    {
        "time_zone": "Europe/Bucharest",
        "holidays": ["2026-12-25"],
        "bands": {"peak": {"weekdays": "mon-fri", "from": "08:00", "to": "20:00"}},
        "rounding": {"digits": 4, "mode": "half_up"},
    }
)
FRIDAY = "2026-11-20T17:59:30Z"
"""19:59:30 in Bucharest: half a minute of the peak is left."""


def drafted(terminal: Terminal, content: str = WIDE, name: str = "Draft") -> str:
    file, terms = terminal.file(content, "draft.csv"), terminal.file(TERMS, "terms.json")
    deck = terminal.do("rates", "draft", file, "--name", name, "--currency", "EUR", "--terms", terms)
    assert deck["state"] == "draft"
    return str(deck["rate_deck_id"])


def published(terminal: Terminal, content: str = DECK) -> str:
    deck = terminal.do("rates", "import", terminal.file(content), "--name", "Standard", "--currency", "EUR")
    return str(deck["rate_deck_id"])


def test_a_deck_lives_from_draft_to_roll_back(terminal: Terminal) -> None:
    organization, old, draft = terminal.open_organization(), published(terminal), drafted(terminal)
    terminal.do("organizations", "assign-rate-deck", organization, old)

    moved = terminal.do("rates", "publish", draft, "--replaces", old, "--command-id", "one")
    assert (moved["organizations"], moved["left"], moved["deck"]["state"]) == (1, [], "published")
    assert terminal.do("rates", "publish", draft, "--replaces", old, "--command-id", "one") == moved
    (listed,) = terminal.do("organizations", "list")["items"]
    assert listed["rate_deck_id"] == draft

    back = terminal.do("rates", "rollback", draft)
    assert (back["organizations"], back["deck"]["rate_deck_id"]) == (1, draft)
    (listed,) = terminal.do("organizations", "list")["items"]
    assert listed["rate_deck_id"] == old
    assert "rolled back" in terminal.type("rates", "show", draft).output


def test_a_deck_can_be_published_and_assigned_for_later(terminal: Terminal) -> None:
    organization, old, draft = terminal.open_organization(), published(terminal), drafted(terminal)
    terminal.do("organizations", "assign-rate-deck", organization, old)
    moved = terminal.do("rates", "publish", draft, "--at", "2098-01-01")
    assert moved["deck"]["in_force_at"] == "2098-01-01T00:00:00Z"
    said = terminal.type("organizations", "assign-rate-deck", organization, draft, "--at", "2098-01-01")
    assert "2098-01-01 00:00:00Z" in said.output
    explained = terminal.do(
        "rates", "explain", "+442079460000", "--at", "2098-01-01", "--seconds", "1", "--organization", organization
    )
    assert explained["deck"]["rate_deck_id"] == draft


def test_an_organization_that_is_left_where_it_is_is_named(terminal: Terminal) -> None:
    organization, old, later, draft = (
        terminal.open_organization(),
        published(terminal),
        published(terminal),
        drafted(terminal),
    )
    terminal.do("organizations", "assign-rate-deck", organization, old)
    terminal.do("organizations", "assign-rate-deck", organization, later, "--at", "2098-01-01")
    said = terminal.type("rates", "publish", draft, "--replaces", old)
    assert said.status == 0
    assert organization in said.complaint


def test_a_draft_is_shown_found_and_discarded(terminal: Terminal) -> None:
    draft = drafted(terminal)
    shown = terminal.do("rates", "show", draft)
    assert (shown["rate_count"], shown["terms"]["rounding"]) == (2, {"digits": 4, "mode": "half_up"})
    people = terminal.type("rates", "show", draft).output
    assert "peak" in people
    assert "2026-12-25" in people
    (mobile,) = terminal.do("rates", "find", draft, "--prefix", "447")["items"]
    assert (mobile["origin_country"], mobile["steps"]) == (
        "DE",
        [{"from_seconds": 600, "price_per_minute": "0.300000"}],
    )
    assert "from 600 s 0.30" in terminal.type("rates", "find", draft, "--destination", "MOBILE").output
    assert terminal.do("rates", "find", draft, "--at", "2019-01-01")["items"] == []

    assert terminal.do("rates", "discard", draft)["state"] == "discarded"
    assert terminal.do("rates", "list")["items"] == []
    (gone,) = terminal.do("rates", "list", "--state", "discarded")["items"]
    assert gone["rate_deck_id"] == draft
    again = terminal.type("rates", "publish", draft)
    assert (again.status, "[rate_deck_not_draft" in again.complaint) == (1, True)


def test_a_file_is_checked_without_keeping_anything(terminal: Terminal) -> None:
    words = ("--name", "Draft", "--currency", "EUR", "--dry-run")
    file, terms = terminal.file(WIDE), terminal.file(TERMS, "terms.json")
    checked = terminal.do("rates", "draft", file, *words, "--terms", terms)
    assert (checked["rate_count"], checked["services"], checked["with_bands"]) == (2, {"outbound": 2}, 1)
    wrong = terminal.type("rates", "draft", file, *words)
    assert (wrong.status, "line 2, column band_prices" in wrong.complaint) == (2, True)
    assert "can be published" in terminal.type("rates", "draft", file, *words, "--terms", terms).output
    assert terminal.do("rates", "list")["items"] == []


def test_two_decks_are_compared(terminal: Terminal) -> None:
    old, draft = published(terminal), drafted(terminal)
    compared = terminal.do("rates", "diff", draft, old)
    (counts,) = compared["comparison"]["services"]
    assert (counts["added"], counts["changed"], counts["cheaper"]) == (1, 1, 1)
    assert [each["difference"] for each in compared["items"]] == ["changed", "added"]
    people = terminal.type("rates", "diff", draft, old).output
    assert "increments 1/1 → 60/60" in people
    assert "bands.peak" in people
    assert terminal.do("rates", "diff", draft, old, "--difference", "added", "--at", "2019-01-01")["items"] == []
    assert "not compared: 2 rates" in terminal.type("rates", "diff", draft, old, "--at", "2019-01-01").output


def test_a_price_is_explained_for_people_and_for_programs(terminal: Terminal) -> None:
    draft = drafted(terminal)
    words = ("rates", "explain", "+447911123456", "--at", FRIDAY, "--seconds", "61", "--deck", draft)
    explained = terminal.do(*words)
    assert [(each["rate"]["prefix"], each["verdict"]) for each in explained["candidates"]] == [
        ("447", "other_origin"),
        ("44", "chosen"),
    ]
    assert explained["sum"]["price"] == "1.210000"
    people = terminal.type(*words).output
    for said in ("only for calls from its origin", "19:59:30 +0200", "peak", "rounded half_up to 4 digits", "1.21 EUR"):
        assert said in people, people
    german = terminal.do(*words, "--origin", "DE")
    assert german["rate"]["prefix"] == "447"
    nobody = terminal.type(*words[:2], "+81312345678", *words[3:])
    assert (nobody.status, "it is refused" in nobody.output) == (0, True)


def test_the_json_of_the_terminal_is_that_of_the_administration_api(terminal: Terminal) -> None:
    old, draft = published(terminal), drafted(terminal)
    explain = ("rates", "explain", "+442079460000", "--at", FRIDAY, "--seconds", "61", "--deck", draft)
    compared = terminal.do("rates", "diff", draft, old)
    written: list[tuple[Any, type[Any]]] = [
        (terminal.do("rates", "find", draft)["items"][0], rate_answers.Rate),
        (compared["comparison"], rate_answers.RateDeckComparison),
        (compared["items"][0], rate_answers.RateDifference),
        (terminal.do(*explain), rate_answers.RateExplanation),
        (terminal.do("rates", "show", draft)["terms"], rate_answers.RateDeckTerms),
        (terminal.do("rates", "publish", draft, "--replaces", old), rate_answers.RateDeckMoved),
        (terminal.do("rates", "rollback", draft), rate_answers.RateDeckMoved),
    ]
    for document, model in written:
        shown = model.model_validate(document).model_dump(mode="json", by_alias=True, exclude_none=True)
        assert shown == _without_null(document), model


def _without_null(document: Any) -> Any:
    if isinstance(document, dict):
        return {name: _without_null(value) for name, value in document.items() if value is not None}
    return [_without_null(each) for each in document] if isinstance(document, list) else document


def test_every_verdict_has_its_words() -> None:
    assert set(_REASONS) == {verdict.value for verdict in Verdict}


@pytest.mark.parametrize(
    ("sixtieths", "text"),
    [
        (0, "0.00"),
        (60, "0.000001"),
        (-60, "-0.000001"),
        (36_000_000, "0.60"),
        (20, "0.00000033…"),
        (-20, "-0.00000033…"),
        (60_000_001, "1.00000001…"),
    ],
)
def test_an_exact_sum_is_shown_as_far_as_it_goes(sixtieths: int, text: str) -> None:
    assert exact_text(sixtieths) == text


EXPLAIN = ("rates", "explain", "+442079460000", "--at", FRIDAY, "--seconds", "1")


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (("rates", "list", "--state", "old"), "state: 'old'"),
        (("rates", "show", "1"), "rate_deck_id: '1'"),
        (("rates", "publish", "1"), "rate_deck_id: '1'"),
        (("rates", "publish", NOBODY, "--at", "soon"), "--at"),
        (("rates", "rollback", NOBODY, "--command-id", "a b"), "command_id"),
        ((*EXPLAIN, "--deck", "1"), "rate_deck_id: '1'"),
        ((*EXPLAIN,), "rate_deck_id: 'neither'"),
        ((*EXPLAIN, "--deck", NOBODY, "--organization", NOBODY), "rate_deck_id: 'both'"),
        ((*EXPLAIN, "--deck", NOBODY, "--service", "fax"), "service: 'fax'"),
        ((*EXPLAIN, "--deck", NOBODY, "--origin", "ZZ"), "origin_country: 'ZZ'"),
        ((*EXPLAIN, "--deck", NOBODY, "--seconds", "-1"), "--seconds"),
        (("rates", "explain", "112", "--at", FRIDAY, "--seconds", "1", "--deck", NOBODY), "number: '112'"),
    ],
    ids=lambda each: " ".join(each)[:60] if isinstance(each, tuple) else "",
)
def test_wrong_input_is_named(terminal: Terminal, command: tuple[str, ...], field: str) -> None:
    said = terminal.type(*command)
    assert (said.status, field in said.complaint_in_one_line) == (2, True), said


@pytest.mark.parametrize(
    ("terms", "status", "complaint"),
    [
        ('{"bands": {"peak": {"weekdays": "mon", "from": "noon"}}}', 2, "bands.peak.from: 'noon'"),
        ("{", 2, "terms: '{'"),
        (" " * 70_000, 2, "terms:"),
    ],
)
def test_wrong_terms_are_named(terminal: Terminal, terms: str, status: int, complaint: str) -> None:
    words = ("rates", "draft", terminal.file(WIDE), "--name", "Draft", "--currency", "EUR", "--terms")
    said = terminal.type(*words, terminal.file(terms, "terms.json"))
    assert (said.status, complaint in said.complaint) == (status, True), said
    missing = terminal.type(*words, "no-such-file.json")
    assert (missing.status, "'no-such-file.json' cannot be read" in missing.complaint) == (3, True)


def test_what_is_not_there_is_refused(terminal: Terminal) -> None:
    for words in (
        ("show", NOBODY),
        ("find", NOBODY),
        ("diff", NOBODY, NOBODY),
        ("publish", NOBODY),
        ("discard", NOBODY),
    ):
        said = terminal.type("rates", *words)
        assert (said.status, "[unknown_rate_deck" in said.complaint) == (1, True), said
