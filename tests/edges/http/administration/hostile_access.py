"""Requests about administrators and staff that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import ORGANIZATION, UNKNOWN_ID, Hostile, get, send

ADMINISTRATORS = f"{ORGANIZATION}/administrators"
NOWHERE = f"/v1/organizations/{UNKNOWN_ID}/administrators"
OPERATOR = "/v1/organizations/00000000-0000-0000-0000-000000000000/administrators"
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_organization"}
INVITE = {"address": "front.desk@example.com", "name": "Hostil", "roles": ["support"]}
STAFF = {**INVITE, "roles": ["operator_staff"]}


def _invite(name: str, wrong: str, value: Any) -> Hostile:
    return send(name, ADMINISTRATORS, {**INVITE, wrong: value}, wrong)


HOSTILE_ACCESS: list[Hostile] = [
    *(
        _invite(f"roles {roles!r}", "roles", roles)
        for roles in (
            [],
            "support",
            ["king"],
            ["support", "support"],
            ["operator_owner"],
            ["operator_staff", "support"],
            ["reporting_app"],
            [["support"]],
            [None],
        )
    ),
    *(_invite(f"an address {value!r}", "address", value) for value in ("", "ana", "ana@example.com\r\nBcc: a@b.cd")),
    *(_invite(f"a name {value!r}", "name", value) for value in ("", " ", "x" * 201, "a\nb", "a\u202eb")),
    *(_invite(f"a link {link!r}", "by_link", link) for link in ("true", 1, "")),
    _invite("a language that there is not", "language", "de"),
    send("staff with a role of an organization", "/v1/staff", {**STAFF, "roles": ["support"]}, "roles"),
    send("an administrator of nowhere", NOWHERE, INVITE, "", **UNKNOWN),
    send("an administrator of the operator itself", OPERATOR, INVITE, "", **UNKNOWN),
    get("administrators of nowhere", NOWHERE, "", **UNKNOWN),
    get("administrators of the operator itself", OPERATOR, "", **UNKNOWN),
]
