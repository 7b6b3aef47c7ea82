"""Wrong input ends with status 2 and names the field, the value and what is allowed; it changes nothing."""

import pytest

from tests.edges.cli.terminal import DECK, HEADER, NOBODY, Terminal

OPEN = ("organizations", "open", "--name", "Example", "--country", "RO", "--currency", "EUR")
ZONE = ("--time-zone", "Europe/Bucharest")
FUND = ("--payment-method", NOBODY)
PROMOTE = ("--expires-at", "2030-01-01", "--reason", "test")

WRONG = [
    ((*OPEN, *ZONE, "--country", "XX"), "country: 'XX'", "ISO 3166-1"),
    ((*OPEN, *ZONE, "--currency", "eur"), "currency: 'eur'", "ISO 4217"),
    ((*OPEN, *ZONE, "--currency", "XAU"), "currency: 'XAU'", "ISO 4217"),
    ((*OPEN, "--time-zone", "Mars/Olympus"), "time_zone: 'Mars/Olympus'", "IANA"),
    ((*OPEN, *ZONE, "--language", "tlh"), "language: 'tlh'", "en or ro"),
    ((*OPEN, *ZONE, "--name", ""), "name: ''", "1 to 200 characters"),
    ((*OPEN, *ZONE, "--name", "a\x1b[31mb"), "name: 'a\ufffd[31mb'", "one line"),
    ((*OPEN, *ZONE, "--name", "x" * 201), "name:", "1 to 200 characters"),
    ((*OPEN, *ZONE, "--command-id", "two words"), "command_id: 'two words'", "visible ASCII"),
    (("balance", "1"), "organization_id: '1'", "UUID"),
    (("balance", NOBODY.upper()), f"organization_id: '{NOBODY.upper()}'", "lower case"),
    (("numbers", "add", NOBODY, "0212345678"), "", ""),
    (("organizations", "list", "--limit", "0"), "'--limit': '0'", "from 1 to 200"),
    (("organizations", "list", "--limit", "many"), "'--limit': 'many'", "whole number"),
    (("organizations", "list", "--cursor", "x"), "cursor: 'x'", "next_cursor"),
    (("funds", "add", NOBODY, "-50", *FUND), "'AMOUNT': amount '-5", "below 0"),
    (("funds", "add", NOBODY, "NaN", *FUND), "'AMOUNT': amount 'NaN'", "decimal"),
    (("funds", "add", NOBODY, "1e3", *FUND), "'AMOUNT': amount '1e3'", "decimal"),
    (("funds", "add", NOBODY, "1,50", *FUND), "'AMOUNT': amount '1,50'", "decimal"),
    (("funds", "add", NOBODY, "0.0000001", *FUND), "'AMOUNT': amount '0.0000001'", "6 after"),
    (("funds", "add", NOBODY, "9" * 40, *FUND), "'AMOUNT': amount '999", "10 digits before"),
    (("funds", "add", NOBODY, "٥٠", *FUND), "'AMOUNT': amount '٥٠'", "decimal"),
    (("funds", "promote", NOBODY, "5", *PROMOTE, "--expires-at", "tomorrow"), "'--expires-at': 'tomorrow'", "RFC 3339"),
    (("funds", "promote", NOBODY, "5", *PROMOTE, "--expires-at", "2030-01-01T00:00:00"), "'--expires-at'", "offset"),
    (
        ("auto-recharge", "set", NOBODY, "--recharge-amount", "x", "--trigger-amount", "1", *FUND),
        "recharge-amount",
        "'x'",
    ),
    (("auto-recharge", "set", NOBODY, "--recharge-amount", "1", "--trigger-amount", "", *FUND), "trigger-amount", "''"),
    (("auto-recharge", "set", NOBODY, "--trigger-amount", "1", "--mode", "all", *FUND), "--mode", "'all'"),
    (("auto-recharge", "set", NOBODY, "--trigger-amount", "1", "--expiry-ahead-days", "91", *FUND), "--expiry", "91"),
    (("balance-alerts", "set", NOBODY, "--amount", "-1"), "amount", "-1"),
    (("gateway", "add-test-card", NOBODY, "4111111111111111"), "'CARD'", "sim_ok"),
    (("payment-methods", "add", NOBODY), "'--reference'", "Missing option"),
    (("funds",), "", ""),
    (("refund",), "'refund'", "No such command"),
    (("balance", NOBODY, "--yaml"), "--yaml", "No such option"),
]


@pytest.mark.parametrize(("command", "field", "allowed"), WRONG, ids=lambda each: " ".join(each)[:60])
def test_wrong_input_is_named_and_changes_nothing(
    terminal: Terminal, command: tuple[str, ...], field: str, allowed: str
) -> None:
    said = terminal.type(*command)

    if command[:2] == ("numbers", "add"):
        # The organization is looked for first, and there is none.
        assert (said.status, "unknown_organization" in said.complaint) == (1, True)
        return
    assert said.status == 2
    assert field in said.complaint_in_one_line
    assert allowed in said.complaint_in_one_line
    assert terminal.do("organizations", "list")["items"] == []


def test_the_number_of_a_card_is_never_repeated(terminal: Terminal) -> None:
    said = terminal.type("gateway", "add-test-card", NOBODY, "4111111111111111")

    assert "4111" not in said.output + said.complaint


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("", "line 1"),
        (DECK.replace("0.60", "-1"), "line 2, column price_per_minute: '-1'"),
        (DECK.replace("44,", "4x,"), "line 2, column prefix: '4x'"),
        (DECK + "44,Again,outbound,0.60,0,1,1,2020-01-01,\n", "line 3"),
        (f"{HEADER},colour\n", "line 1"),
    ],
    ids=["empty", "negative price", "no prefix", "duplicate", "unknown column"],
)
def test_a_wrong_rate_deck_is_refused_by_line_and_column_and_nothing_is_imported(
    terminal: Terminal, content: str, place: str
) -> None:
    said = terminal.type("rates", "import", terminal.file(content), "--name", "Wrong", "--currency", "EUR")

    assert said.status == 2
    assert place in said.complaint
    assert terminal.do("rates", "list")["items"] == []


def test_a_file_that_is_not_there_is_named(terminal: Terminal) -> None:
    said = terminal.type("rates", "import", "no-such-file.csv", "--name", "Standard", "--currency", "EUR")

    assert said.status == 3
    assert "'no-such-file.csv' cannot be read" in said.complaint
