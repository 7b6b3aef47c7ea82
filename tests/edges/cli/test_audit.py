"""The audit log as it is seen at the terminal."""

from __future__ import annotations

import csv
import getpass
import io
import json
from pathlib import Path

from tests.edges.cli.terminal import NOBODY, Terminal


def test_what_is_done_at_the_terminal_stands_in_the_log(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    terminal.type("recipients", "add", organization, "front.desk@example.com", "--language", "ro")
    shown = terminal.type("audit", "list", "--organization", organization).output
    assert getpass.getuser() in shown
    assert "save recipient" in shown
    (act,) = terminal.do("audit", "list", "--where", "operation=save_recipient")["items"]
    assert (act["actor_kind"], act["interface"], act["outcome"]) == ("terminal", "terminal", "done")
    assert (act["organization_id"], act["subject"]) == (organization, "front.desk@example.com")
    assert act["after"] == {"front.desk@example.com": "ro all"}
    assert terminal.do("audit", "list", "--where", "actor=nobody")["items"] == []
    assert terminal.type("audit", "list", "--organization", NOBODY).status == 1
    for wrong in ("actor", "who=ana", "=ana"):
        assert terminal.type("audit", "list", "--where", wrong).status == 2


def test_the_log_is_written_to_a_file(terminal: Terminal, tmp_path: Path) -> None:
    organization = terminal.open_organization()
    terminal.type("recipients", "add", organization, "front.desk@example.com")
    file = tmp_path / "audit.jsonl"
    terminal.type("audit", "export", "--organization", organization, "--format", "jsonl", "--output", str(file))
    asked, done = (json.loads(line) for line in file.read_text("utf-8").splitlines())
    assert (asked["outcome"], done["outcome"], done["answers"]) == ("asked", "done", asked["sequence"])
    cells = list(csv.reader(io.StringIO(terminal.type("audit", "export").output)))
    assert {row[cells[0].index("operation")] for row in cells[1:]} >= {"open_organization", "save_recipient"}
    assert terminal.type("audit", "export", "--format", "pdf").status == 2
    assert terminal.type("audit", "export", "--output", str(tmp_path / "none" / "file")).status == 3


def test_an_anchor_that_was_kept_proves_the_log_from_there_on(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    assert terminal.type("audit", "head", "--organization", organization).output == ""
    terminal.type("recipients", "add", organization, "front.desk@example.com")
    anchor = terminal.type("audit", "head", "--organization", organization).output.strip()
    assert anchor.startswith(f"{organization}:2:")
    assert anchor in terminal.type("audit", "head").output
    assert terminal.do("audit", "head", "--organization", organization)["items"][0]["anchor"] == anchor
    assert "The log holds (chains: 2" in terminal.type("audit", "verify").output
    assert terminal.do("audit", "verify", "--since", anchor) == {"chains": 1, "entries": 1, "faults": []}
    rewritten = f"{organization}:2:{'0' * 64}"
    found = terminal.type("audit", "verify", "--since", rewritten)
    assert (found.status, "anchor" in found.output) == (4, True)
    assert "the log was changed in 1 places" in found.complaint
    (fault,) = json.loads(terminal.type("audit", "verify", "--since", rewritten, "--json").output)["faults"]
    assert fault == {"organization_id": organization, "sequence": 2, "fault": "anchor"}
    assert terminal.type("audit", "verify", "--since", "yesterday").status == 2
