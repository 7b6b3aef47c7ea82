"""Keys of programs and sandboxes, as they are seen at the terminal."""

from __future__ import annotations

import json

from tests.edges.cli.terminal import NOBODY, Terminal


def test_a_key_is_shown_when_it_is_made_and_never_again(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    made = terminal.do("api-keys", "create", organization, "--name", "Reports", "--preset", "reporting_app")
    assert (made["scopes"], made["secret"].startswith(f"{made['prefix']}_")) == (["call_records.read"], True)
    listed = terminal.type("api-keys", "list", organization, "--json").output
    assert made["secret"] not in listed
    (key,) = json.loads(listed)["items"]
    assert (key["state"], "secret" in key) == ("active", False)
    rotated = terminal.type("api-keys", "rotate", organization, made["key_id"], "--overlap-hours", "0").output
    assert "shown this once: cck_" in rotated
    assert terminal.type("api-keys", "revoke", organization, made["key_id"]).output == "Revoked.\n"
    assert "revoked before" in terminal.type("api-keys", "revoke", organization, made["key_id"]).output
    assert "revoked" in terminal.type("api-keys", "list", organization).output


def test_what_no_key_can_have_is_refused_in_words(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    operators = terminal.type("api-keys", "create", organization, "--name", "X", "--scope", "operator.funds")
    assert operators.status == 2
    assert "what you may do yourself" in operators.complaint
    assert terminal.type("api-keys", "create", organization, "--name", "X", "--preset", "all").status == 2
    assert terminal.type("api-keys", "create", organization, "--name", "X").status == 2
    assert terminal.type("api-keys", "revoke", organization, NOBODY).status == 1


def test_a_sandbox_is_opened_funded_and_given_a_key(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    assert terminal.type("sandboxes", "fund", organization, "5").status == 1
    sandbox = terminal.do("sandboxes", "open", organization)
    assert (sandbox["sandbox_of"], sandbox["available"]) == (organization, "100.000000")
    assert "100.00 EUR" in terminal.type("sandboxes", "open", organization).output
    assert "5.00 EUR of play money" in terminal.type("sandboxes", "fund", organization, "5").output
    key = terminal.do("api-keys", "create", organization, "--name", "T", "--scope", "funds.read", "--sandbox")
    assert key["sandbox_id"] == sandbox["organization_id"]
