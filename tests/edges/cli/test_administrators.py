"""Administrators, staff and the break-glass operator from the terminal."""

from __future__ import annotations

import json

from tests.edges.cli.terminal import Terminal


def test_somebody_is_invited_changed_and_shut_out(terminal: Terminal) -> None:
    for place, role, other in (
        (terminal.open_organization(), "support", "reports_reader"),
        ("operator", "operator_staff", "operator_owner"),
    ):
        invite = ("administrators", "invite", place, "front.desk@example.com", "Front Desk", "--role", role, "--link")
        invited = json.loads(terminal.type(*invite, "--json").output)
        assert "/portal/invitation/" in invited["link"]
        person = invited["administrator_id"]
        assert "front.desk@example.com" in terminal.type("administrators", "list", place).output
        assert other in terminal.type("administrators", "roles", place, person, "--role", other).output
        assert "/portal/invitation/" in terminal.type("administrators", "resend", place, person).output
        assert "disabled" in terminal.type("administrators", "disable", place, person).output
        assert "invited" in terminal.type("administrators", "enable", place, person).output
        assert "No invitation was open." in terminal.type("administrators", "withdraw", place, person).output
