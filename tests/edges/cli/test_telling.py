"""Who is told, what was told and webhooks, as they are seen at the terminal."""

from __future__ import annotations

import json

from tests.edges.cli.terminal import Terminal

PUBLIC = "https://93.184.215.14/hooks"


def test_recipients_are_chosen_listed_and_removed(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    assert "Nobody hears of anything." in terminal.type("recipients", "list", organization).output
    saved = json.loads(
        terminal.type(
            "recipients", "add", organization, "ana@example.com", "--language", "ro", "--kind", "balance", "--json"
        ).output
    )
    assert (saved["address"], saved["language"], saved["kinds"]) == ("ana@example.com", "ro", ["balance"])
    assert "ana@example.com" in terminal.type("recipients", "list", organization).output
    assert terminal.type("recipients", "remove", organization, saved["recipient_id"]).output == "Removed.\n"
    wrong = terminal.type("recipients", "add", organization, "ana@localhost")
    assert wrong.status == 2
    assert "address" in wrong.complaint


def test_a_secret_is_shown_when_it_is_made_and_never_again(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    added = json.loads(terminal.type("webhooks", "add", organization, PUBLIC, "--kind", "disputes", "--json").output)
    assert added["secret"].startswith("whsec_")
    listed = terminal.type("webhooks", "list", organization, "--json").output
    assert added["secret"] not in listed
    (endpoint,) = json.loads(listed)["items"]
    assert "secret" not in endpoint
    rotated = terminal.type("webhooks", "rotate", organization, added["endpoint_id"]).output
    assert "shown this once: whsec_" in rotated
    assert added["secret"] not in rotated


def test_endpoints_are_changed_switched_and_removed(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    endpoint = json.loads(terminal.type("webhooks", "add", organization, PUBLIC, "--json").output)["endpoint_id"]
    changed = terminal.type(
        "webhooks", "change", organization, endpoint, f"{PUBLIC}/new", "--description", "Ours", "--json"
    )
    assert (json.loads(changed.output)["url"], json.loads(changed.output)["description"]) == (f"{PUBLIC}/new", "Ours")
    assert "is disabled" in terminal.type("webhooks", "disable", organization, endpoint).output
    assert "disabled (by hand)" in terminal.type("webhooks", "list", organization).output
    assert "is enabled" in terminal.type("webhooks", "enable", organization, endpoint).output
    assert terminal.type("webhooks", "remove", organization, endpoint).output == "Removed.\n"
    assert "no such endpoint" in terminal.type("webhooks", "remove", organization, endpoint).output
    assert terminal.type("webhooks", "enable", organization, endpoint).status == 1


def test_an_endpoint_inside_is_refused_in_words(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    refused = terminal.type("webhooks", "add", organization, "https://169.254.169.254/latest")
    assert refused.status == 1
    assert "public https addresses only" in refused.complaint


def test_what_there_was_to_tell_is_listed_with_who_was_told(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    terminal.do("funds", "promote", organization, "1", "--expires-at", "2098-01-01", "--reason", "test")
    assert json.loads(terminal.type("notices", "list", organization, "--json").output)["items"] == []
    assert terminal.type("notices", "list", organization, "--kind", "everything").status == 2
    assert json.loads(terminal.type("webhooks", "deliveries", organization, "--json").output)["items"] == []
    assert terminal.type("webhooks", "resend", organization, organization).status == 1


def test_the_kinds_are_explained_in_both_languages(terminal: Terminal) -> None:
    assert "The balance fell below an amount that you chose." in terminal.type("notices", "kinds").output
    romanian = json.loads(terminal.type("notices", "kinds", "--language", "ro", "--json").output)["items"]
    explained = {each["kind"]: (each["group"], each["explanation"]) for each in romanian}
    assert explained["balance_low"] == ("balance", "Soldul a scăzut sub o sumă aleasă de dvs.")
    assert terminal.type("notices", "kinds", "--language", "fr").status == 2
