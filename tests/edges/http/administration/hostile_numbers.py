"""Requests about telephone numbers that nobody should be able to hurt us with; see hostile.py."""

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

ASSIGNMENT = "/v1/organizations/{organization}/numbers/{number}/assignment"
FOREIGN_ASSIGNMENT = "/v1/organizations/{organization}/numbers/{foreign_number}/assignment"
PERSON = {"purpose": "person", "user": "front.desk@example.com"}
STOCK = "/v1/number-stock"
STOCKED = {"number": "+40212349999", "kind": "user", "country": "RO", "place": "București"}
CHOSEN = {"number": "+40212349999"}
NOT_AVAILABLE: dict[str, Any] = {"status": 409, "code": "number_not_available"}


def _assign(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, ASSIGNMENT, {**PERSON, wrong: value}, wrong, **{"method": "PUT", **others})


def _stock(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, STOCK, {**STOCKED, wrong: value}, wrong, **others)


def _stock_file(name: str, content: bytes, wrong: str, **others: Any) -> Hostile:
    return send(name, f"{STOCK}/import", content, wrong, **{"headers": CSV, **others})


ASSIGNMENTS = [
    _assign("a purpose that is none", "purpose", "fax"),
    _assign("a purpose of null", "purpose", None),
    _assign("a user of nothing", "user", ""),
    _assign("a user that is a number", "user", 7),
    _assign("a user with NUL", "user", "front\0desk"),
    _assign("a user of 321 characters", "user", "u" * 321),
    _assign("a person without a user", "user", None),
    _assign("a user number for the bridge", "purpose", "conference_bridge", field="user"),
    _assign("a user number for a queue", "purpose", "call_queue"),
    _assign("a field that assigns for another", "organization_id", "{foreign_organization}"),
    _assign("a user of nobody", "user", "nobody@example.com", status=404, code="unknown_user", field=""),
    _assign("another organization's number assigned", "purpose", "unassigned", field="user",
            path=FOREIGN_ASSIGNMENT),
    _assign("another organization's number for a person", "purpose", "person", path=FOREIGN_ASSIGNMENT, status=404,
            code="unknown_number", field=""),
    send("an assignment of no number", "/v1/organizations/{organization}/numbers/40212345678/assignment", PERSON,
         "number", method="PUT"),
    get("another organization's number shown", "/v1/organizations/{organization}/numbers/{foreign_number}", "",
        status=404, code="unknown_number"),
    get("a number with a quote", "/v1/organizations/{organization}/numbers/'", "number"),
    get("quotas of nobody", f"/v1/organizations/{UNKNOWN_ID}/number-quotas", "", status=404,
        code="unknown_organization"),
]  # fmt: skip

STOCKS = [
    _stock("a stock number without a plus sign", "number", "40212349999"),
    _stock("a stock number of a JSON number", "number", 40212349999),
    _stock("a stock kind that is none", "kind", "service"),
    _stock("a stock country that is none", "country", "ZZ"),
    _stock("a stock country in small letters", "country", "ro"),
    _stock("a place with a line break", "place", "a\nb"),
    _stock("a place of 201 characters", "place", "p" * 201),
    _stock("a place of blanks", "place", "   "),
    _stock("a stock number that reserves itself", "reserved_by", "{organization}"),
    _stock("a stock number that is an organization's", "number", "{number}", status=409, code="number_taken", field=""),
    _stock_file("an empty file of numbers", b"", "line 1"),
    _stock_file("a file of numbers with a strange column", b"number,kind,acquired_by\n", "line 1"),
    _stock_file("a file of numbers without their kind", b"number\n+40212349999\n", "line 1, column kind"),
    _stock_file("a file of numbers with a number twice", b"number,kind\n+40212349999,user\n+40212349999,user\n",
                "line 3, column number"),
    _stock_file("a file of numbers that are an organization's", b"number,kind\n{number},user\n",
                "line 2, column number"),
    _stock_file("a file of numbers that is no UTF-8", b"number,kind\n\xff\xfe,user\n", "line 2, column number"),
    Hostile(name="a gigabyte of numbers without a line break", method="POST", path=f"{STOCK}/import", status=422,
            code="invalid_input", field="line 1", stream=endless_line, headers=CSV),
    _stock_file("a file of numbers as JSON", b"{}", "", headers=JSON, status=415, code="unsupported_media_type"),
    _stock_file("a file of numbers that says it is too long", b"", "", status=413, code="payload_too_large",
                headers={**CSV, "Content-Length": str(2**26 + 1)}),
    get("a stock of a kind that is none", f"{STOCK}?kind=fax", "kind"),
    get("a stock of a country that is none", f"{STOCK}?country=ZZ", "country"),
    get("a stock of letters for digits", f"{STOCK}?digits=12a", "digits"),
    get("a stock of no digits", f"{STOCK}?digits=", "digits"),
    get("a stock of a place with NUL", f"{STOCK}?place=%00", "place"),
    get("a stock cursor of another list", f"{STOCK}?cursor=WyJvcmdhbml6YXRpb25zIiwiQSJd", "cursor"),
    send("a reservation of no number", f"{ORGANIZATION}/number-reservations", {"number": "0212"}, "number"),
    send("a reservation without end", f"{ORGANIZATION}/number-reservations",
         {"number": "+40212349999", "reserved_until": "9999-12-31T23:59:59Z"}, "reserved_until"),
    send("a reservation of what is not in stock", f"{ORGANIZATION}/number-reservations", CHOSEN, "", **NOT_AVAILABLE),
    send("a reservation of another's number", f"{ORGANIZATION}/number-reservations", {"number": "{foreign_number}"}, "",
         **NOT_AVAILABLE),
    send("an acquisition of what is not reserved", f"{ORGANIZATION}/number-acquisitions", CHOSEN, "", **NOT_AVAILABLE),
    send("an acquisition of a kind of one's own", f"{ORGANIZATION}/number-acquisitions",
         {"number": "+40212349999", "kind": "toll_free"}, "kind"),
]  # fmt: skip

HOSTILE_NUMBERS = [*ASSIGNMENTS, *STOCKS]
