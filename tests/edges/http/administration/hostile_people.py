"""Requests about people and licences that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

from typing import Any

from tests.edges.http.administration.hostile import (
    CSV,
    JSON,
    ORGANIZATION,
    UNKNOWN_ID,
    Hostile,
    endless_line,
    get,
    send,
)

USERS = f"{ORGANIZATION}/users"
USER = f"{USERS}/{{user}}"
FOREIGN_USER = f"{USERS}/{{foreign_user}}"
LICENCES = f"{ORGANIZATION}/licences"
ASSIGNMENTS = f"{LICENCES}/assignments"
ADD = {"user_principal_name": "hostile@example.com", "usage_location": "RO"}
ASSIGN: dict[str, Any] = {"users": ["{user}"], "assign": ["MCOPSTNC"]}
NOBODY: dict[str, Any] = {"status": 404, "code": "unknown_user", "field": ""}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
HEADER = b"user_principal_name,object_id,display_name,usage_location,department,licences,kind\n"


def _add(name: str, wrong: str, value: Any = None, *, body: Any = None, **others: Any) -> Hostile:
    return send(name, USERS, {**ADD, wrong: value} if body is None else body, wrong, **others)


def _change(name: str, wrong: str, value: Any = None, *, body: Any = None, **others: Any) -> Hostile:
    return send(name, USER, {wrong: value} if body is None else body, wrong, **{"method": "PATCH", **others})


def _assign(name: str, wrong: str, value: Any = None, *, body: Any = None, **others: Any) -> Hostile:
    return send(name, ASSIGNMENTS, {**ASSIGN, wrong: value} if body is None else body, wrong, **others)


def _buy(name: str, wrong: str, value: Any = None, *, body: Any = None, **others: Any) -> Hostile:
    content = {"purchased": 1, wrong: value} if body is None else body
    return send(name, f"{LICENCES}/MCOPSTN1", content, wrong, **{"method": "PUT", **others})


def _file(name: str, content: bytes, wrong: str, **others: Any) -> Hostile:
    return send(name, f"{USERS}/import", content, wrong, **{"headers": CSV, **others})


def _line(name: str, line: bytes, column: str) -> Hostile:
    """A file of users whose second line is wrong in one column."""
    return _file(name, HEADER + line + b"\n", f"line 2, column {column}")


PEOPLE = [
    _add("no user principal name", "user_principal_name", None),
    _add("a user principal name without an at sign", "user_principal_name", "hostile"),
    _add("a user principal name that is a number", "user_principal_name", 7),
    _add("a user principal name with a slash", "user_principal_name", "a/b@example.com"),
    _add("a user principal name with letters that only look right", "user_principal_name", "аdmin@example.com"),
    _add("a user principal name of a megabyte", "user_principal_name", "a" * 60_000),
    _add("an object id that is none", "object_id", "me"),
    _add("an object id in capitals", "object_id", UNKNOWN_ID.upper()),
    _add("a nil object id", "object_id", "00000000-0000-0000-0000-000000000000", field="party_id"),
    _add("a person's name of 201 characters", "display_name", "n" * 201),
    _add("a display name with NUL", "display_name", "Ana\0"),
    _add("a display name that turns the text around it", "display_name", "Ana\u202eSRL"),
    _add("a display name of null", "display_name", None),
    _add("a department with a line break", "department", "Sales\nService"),
    _add("a usage location that is none", "usage_location", "ZZ"),
    _add("a usage location in small letters", "usage_location", "ro"),
    _add("a policy that is a text", "dial_out", "any"),
    _add("half a policy", "dial_out", {"conference": "any"}),
    _add("a policy with a field too many", "dial_out", {"conference": "any", "user": "none", "more": 1}),
    _add("a policy of other words", "dial_out", {"conference": "everywhere", "user": "none"}),
    _add("a policy that is said twice", "dial_out",
         body=b'{"user_principal_name":"hostile@example.com","dial_out":{"conference":"any","user":"none","user":"none"}}'),
    _add("premium numbers allowed by a text", "premium_allowed", "true"),
    _add("toll-free numbers of null", "toll_free_allowed", None),
    _add("a user's cap that is a number", "monthly_cap", 25),
    _add("a cap below nothing", "monthly_cap", "-1.00"),
    _add("a cap with seven decimals", "monthly_cap", "1.0000001"),
    _add("a shared plan of nobody", "shared_calling_account", UNKNOWN_ID),
    _add("a shared plan of another organization", "shared_calling_account", "{foreign_account}"),
    _add("a shared plan of a user", "shared_calling_account", "{user}"),
    _add("licences that nobody assigned", "licences", ["MCOPSTN1"]),
    _add("an organization within a user", "organization_id", "{foreign_organization}"),
    _add("a name that is taken", "", body={**ADD, "user_principal_name": "HOME@example.com"}, status=409,
         code="user_taken"),
    _add("a user for nobody's organization", "", body=ADD, path=f"/v1/organizations/{UNKNOWN_ID}/users", status=404,
         code="unknown_organization"),
    send("a user that is no object", USERS, [ADD], "body"),
    _change("a change of the object id", "object_id", UNKNOWN_ID),
    _change("a change of licences", "licences", ["MCOPSTN1"]),
    _change("a change to a usage location that is none", "usage_location", "XX"),
    _change("a change to no user principal name", "user_principal_name", None),
    _change("a change of another organization's user", "", body={"department": "Ours"}, path=FOREIGN_USER, **NOBODY),
    _change("a user changed as a resource account", "", body={"department": "Ours"},
            path=f"{ORGANIZATION}/resource-accounts/{{user}}", **NOBODY),
    Hostile(name="another organization's user removed", method="DELETE", path=FOREIGN_USER, status=404,
            code="unknown_user"),
    Hostile(name="somebody removed who is nobody", method="DELETE", path=f"{USERS}/nobody@example.com", status=404,
            code="unknown_user"),
    get("another organization's user shown", FOREIGN_USER, "", status=404, code="unknown_user"),
    get("a user with a quote", f"{USERS}/'", "user"),
    get("a user shown with NUL", f"{USERS}/a%00@example.com", "user"),
    get("a user without end", f"{USERS}/{'u' * 4_000}", "user"),
    get("people searched by NUL", f"{USERS}?text=%00", "text"),
    get("people searched by a licence that is none", f"{USERS}?licence=everything", "licence"),
    get("people with a cursor of another list", f"{USERS}?cursor=WyJvcmdhbml6YXRpb25zIiwiQSIsImIiXQ", "cursor"),
    get("people of nobody's organization", f"/v1/organizations/{UNKNOWN_ID}/users", "", status=404,
        code="unknown_organization"),
]  # fmt: skip

OF_LICENCES = [
    _buy("a licence below nothing", "purchased", -1),
    _buy("a licence and a half", "purchased", 1.5),
    _buy("licences in words", "purchased", "25"),
    _buy("licences without end", "purchased", 10**30),
    _buy("licences for a country that is none", "country", "ZZ"),
    _buy("licences bought for another", "organization_id", "{foreign_organization}"),
    _buy("a licence that is none", "", body={"purchased": 1}, path=f"{LICENCES}/everything", field="licence"),
    _buy("a licence that is free", "", body={"purchased": 1}, path=f"{LICENCES}/MCOPSTNC", field="licence"),
    _buy("fewer licences than are assigned", "", body={"purchased": 0}, path=f"{LICENCES}/MCOPSTN5", status=409,
         code="licence_not_available"),
    _assign("licences for nobody at all", "users", []),
    _assign("licences for one person twice", "users", ["{user}", "{user}"]),
    _assign("licences for too many", "users", [f"{number}@example.com" for number in range(1_001)]),
    _assign("licences for a number", "users", [7]),
    _assign("licences for a text", "users", "{user}"),
    _assign("licences for a name that is nobody's form", "users", ["'"], field="user"),
    _assign("a licence that is none assigned", "assign", ["everything"]),
    _assign("a licence assigned twice", "assign", ["MCOPSTNC", "MCOPSTNC"]),
    _assign("licences assigned of null", "assign", None),
    _assign("licences taken as a text", "take", "MCOPSTN1"),
    _assign("licences for another organization's user", "", body={**ASSIGN, "users": ["{foreign_user}"]}, **NOBODY),
    _assign("licences for ours and another's user", "", body={**ASSIGN, "users": ["{user}", "{foreign_user}"]},
            **NOBODY),
    _assign("two plans for one person", "", body={**ASSIGN, "assign": ["MCOPSTN1"]}, status=409,
            code="licence_conflict"),
    _assign("more licences than there are", "", body={**ASSIGN, "users": ["{account}"], "assign": ["MCOPSTN5"]},
            status=409, code="licence_not_available"),
    _assign("a dry run that is perhaps one", "", body=ASSIGN, path=f"{ASSIGNMENTS}?dry_run=perhaps",
            field="dry_run"),
    _assign("a dry run twice", "", body=ASSIGN, path=f"{ASSIGNMENTS}?dry_run=true&dry_run=false", field="dry_run"),
    send("a file of licences for nobody", f"{ASSIGNMENTS}/import", b"user_principal_name,assign\nme@example.com,\n",
         "line 2, column user_principal_name", headers=CSV),
    send("a file of licences for two plans", f"{ASSIGNMENTS}/import",
         b"user_principal_name,assign\nhome@example.com,MCOPSTN1\n", "line 2, column assign", headers=CSV),
]  # fmt: skip

FILES = [
    _file("an empty file of people", b"", "line 1"),
    _file("a file of people without people", HEADER, "line 2"),
    _file("a file of people with a column too many", b"user_principal_name,password\n", "line 1"),
    _file("a file of people without their names", b"display_name\nAna\n", "line 1, column user_principal_name"),
    _line("a name that is none in a file", b"hostile,,,RO,,,", "user_principal_name"),
    _line("a country that is none in a file", b"hostile@example.com,,,ZZ,,,", "usage_location"),
    _line("a licence that is none in a file", b"hostile@example.com,,,RO,,everything,", "licences"),
    _line("two plans in a file", b"hostile@example.com,,,RO,,MCOPSTN1;MCOPSTN5,", "licences"),
    _line("a plan nowhere in a file", b"hostile@example.com,,,,,MCOPSTN5,", "usage_location"),
    _line("an object id of somebody else in a file", b"hostile@example.com,{user},,RO,,,", "object_id"),
    _line("a user turned into a resource account", b"home@example.com,,,RO,,,resource_account", "kind"),
    _line("bytes that are no UTF-8 in a file", b"hostile@example.com,,\xff,RO,,,", "display_name"),
    _line("a quote that is never closed", b'hostile@example.com,,"Ana,RO,,,', "display_name"),
    _file("more licences in a file than there are", HEADER + b"hostile@example.com,,,RO,,MCOPSTN1,\n", "", status=409,
          code="licence_not_available"),
    Hostile(name="a file of people without end", method="POST", path=f"{USERS}/import", status=422,
            code="invalid_input", field="line 1", headers=CSV, stream=endless_line),
    _file("a file of people in JSON", b"[]", "", headers=JSON, status=415, code="unsupported_media_type"),
    _file("a file of people in no part", b"--b--\r\n", "file", headers=MULTIPART),
    _file("people for nobody's organization", HEADER + b"a@example.com,,,,,,\n", "",
          path=f"/v1/organizations/{UNKNOWN_ID}/users/import", status=404, code="unknown_organization"),
    _file("a dry run of nonsense", b"x", "line 1", path=f"{USERS}/import?dry_run=1", field="dry_run"),
]  # fmt: skip

HOSTILE_PEOPLE = [*PEOPLE, *OF_LICENCES, *FILES]
