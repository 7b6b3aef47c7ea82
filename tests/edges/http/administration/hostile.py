"""Requests that nobody should be able to hurt us with, as a table: what is sent, and the "no" that it must get.

In paths and bodies ``{organization}``, ``{payment_method}``, ``{foreign_top_up}`` and the like stand for what the
installation of the test holds.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.edges.http.administration.world import ROMANIA, TOKEN, rate_deck_csv

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
KEY = {"Idempotency-Key": "{new_key}"}

OPEN = {"name": "Hostil SRL", "country": "RO", "currency": "RON", "time_zone": "Europe/Bucharest", "language": "ro"}
BUY = {"amount": "50.00", "payment_method": "{payment_method}"}
RULE = {
    "enabled": True,
    "recharge_amount": "50.00",
    "trigger_amount": "10.00",
    "payment_method": "{payment_method}",
}
GIVE = {"amount": "5.00", "expires_at": "2098-01-01T00:00:00Z", "reason": "Welcome"}
NUMBER = {"number": "+40212340000", "kind": "user", "display_name": "Recepție"}

ORGANIZATION = "/v1/organizations/{organization}"
DECKS = "/v1/rate-decks?name=Hostile&currency=EUR"
UNKNOWN_ID = "019353b4-7c1e-7000-8000-000000000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hostile:
    """One request and its answer; ``field`` is named in the answer's errors, where it has any."""

    name: str
    method: str
    path: str
    status: int
    code: str
    field: str = ""
    body: bytes | str | None = None
    stream: Callable[[], AsyncIterator[bytes]] | None = None
    headers: Mapping[str, str] | None = None


def send(name: str, to: str, body: Any, wrong: str, **others: Any) -> Hostile:
    """A POST of JSON whose field ``wrong`` is refused."""
    raw = body if isinstance(body, bytes | str) else json.dumps(body, ensure_ascii=False)
    expected = {"method": "POST", "status": 422, "code": "invalid_input", "field": wrong, "headers": {**JSON, **KEY}}
    return Hostile(name=name, body=raw, **{"path": to, **expected, **others})


def _open(name: str, wrong: str, value: Any) -> Hostile:
    return send(name, "/v1/organizations", {**OPEN, wrong: value}, wrong)


def _buy(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/top-ups", {**BUY, wrong: value}, wrong, **others)


def _give(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/promotions", {**GIVE, wrong: value}, wrong, **others)


def _rule(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/auto-recharge", {**RULE, wrong: value}, wrong, method="PUT", **others)


def _number(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, f"{ORGANIZATION}/numbers", {**NUMBER, wrong: value}, wrong, **others)


def _raw(name: str, body: bytes, **others: Any) -> Hostile:
    expected = {"status": 400, "code": "malformed_json"}
    return send(name, "/v1/organizations", body, "", **{**expected, **others})


def _deck(name: str, content: bytes, wrong: str, **others: Any) -> Hostile:
    return send(name, DECKS, content, wrong, **{"headers": {**CSV, **KEY}, **others})


def _rate(name: str, wrong: str, **values: str) -> Hostile:
    """A deck whose second line is wrong in one column."""
    columns = ["prefix", "destination", "service", "price_per_minute", "connection_fee"]
    columns += ["first_increment", "next_increment", "effective_from", "effective_to"]
    row = [values.get(column, usual) for column, usual in zip(columns, ROMANIA, strict=True)]
    return _deck(name, rate_deck_csv(row), f"line 2, column {wrong}")


def get(name: str, path: str, wrong: str, **others: Any) -> Hostile:
    expected = {"method": "GET", "status": 422, "code": "invalid_input", "field": wrong}
    return Hostile(name=name, path=path, **{**expected, **others})


def _stranger(name: str, authorization: str | None, path: str = "/v1/organizations") -> Hostile:
    headers = {} if authorization is None else {"Authorization": authorization}
    return Hostile(
        name=name, method="GET", path=path, status=401, code="unauthorised", headers={"Authorization": "", **headers}
    )


async def endless_line() -> AsyncIterator[bytes]:
    """A gigabyte without a line break, made as it is asked for."""
    for _ in range(16_384):
        yield b"4" * 65_536


DECIDED = frozenset(
    {
        "amount_below_minimum",
        "amount_above_maximum",
        "amount_not_payable",
        "expiry_not_allowed",
        "cap_below_amount",
        "target_not_allowed",
        "payment_method_not_allowed",
        "currency_mismatch",
        "nothing_to_refund",
        "conflict",
        "number_taken",
    }
)
"""Refusals that were decided on the organization's state: the refusal is remembered, so a version may move with it."""

STRANGERS = [
    _stranger("no token", None),
    _stranger("a wrong token", "Bearer not-the-token"),
    _stranger("a token cut short", f"Bearer {TOKEN[:-1]}"),
    _stranger("a token in other letters", f"Bearer {TOKEN.upper()}"),
    _stranger("a scheme that is not ours", f"Basic {TOKEN}"),
    _stranger("a token in the query", None, f"/v1/organizations?access_token={TOKEN}"),
    _stranger("a path that is not there, without a token", None, "/v1/secrets"),
]

TYPES = [
    _open("a number for a name", "name", 7),
    _open("null for a name", "name", None),
    _open("an object for a name", "name", {"first": "Ana"}),
    _open("an empty name", "name", ""),
    _open("a name of blanks", "name", "   "),
    _open("a name of 201 characters", "name", "n" * 201),
    _open("a name with NUL", "name", "Ana\0"),
    _open("a name with a line break", "name", "Ana\nPopescu"),
    _open("a name that turns the text around it", "name", "Ana\u202eSRL"),
    _open("a country that is none", "country", "ZZ"),
    _open("a country in small letters", "country", "ro"),
    _open("a currency that is none", "currency", "ABC"),
    _open("a currency that nobody pays with", "currency", "XAU"),
    _open("a time zone that is none", "time_zone", "Europe/Atlantis"),
    _open("a time zone that is a path", "time_zone", "../../etc/passwd"),
    _open("a language that we do not speak", "language", "tlh"),
    send("a field too many", "/v1/organizations", {**OPEN, "shard_id": 1}, "shard_id"),
    send("a field too few", "/v1/organizations", {k: v for k, v in OPEN.items() if k != "name"}, "name"),
    send("an array for a body", "/v1/organizations", [OPEN], "body"),
    send("null for a body", "/v1/organizations", b"null", "body"),
    send("a name given twice", "/v1/organizations", b'{"name":"A","name":"B"}', "name"),
]

MALFORMED = [
    _raw("no body", b""),
    _raw("half a body", b'{"name":"Ana"'),
    _raw("NaN", b'{"name":NaN}'),
    _raw("infinity", b'{"name":-Infinity}'),
    _raw("bytes that are no UTF-8", b'{"name":"\xff\xfe"}'),
    _raw("half a surrogate pair", b'{"name":"\\ud800"}'),
    _raw("a byte order mark before JSON", b"\xef\xbb\xbf{}"),
    _raw("a bomb of brackets", b"[" * 30_000 + b"]" * 30_000),
    _raw("a bomb of objects", b'{"n":' * 10_000 + b"1" + b"}" * 10_000),
    _raw("two values", b"{}{}"),
    _raw("a body that is too long", b" " * 65_537, status=413, code="payload_too_large"),
    _raw("a form", b"name=Ana", status=415, code="unsupported_media_type",
         headers={"Content-Type": "application/x-www-form-urlencoded", **KEY}),
    _raw("no media type", b"{}", status=415, code="unsupported_media_type", headers={"Content-Type": "", **KEY}),
    _raw("another charset", b"{}", status=415, code="unsupported_media_type",
         headers={"Content-Type": "application/json; charset=utf-16", **KEY}),
    _raw("a compressed body", b"\x1f\x8b", status=415, code="unsupported_media_type",
         headers={**JSON, "Content-Encoding": "gzip", **KEY}),
]  # fmt: skip

AMOUNTS = [
    _buy("a JSON number for an amount", "amount", 50),
    _buy("a JSON fraction for an amount", "amount", 50.5),
    _buy("an amount of true", wrong="amount", value=True),
    _buy("a negative amount", "amount", "-50.00"),
    _buy("an amount with an exponent", "amount", "5e1"),
    _buy("an amount that is not a number", "amount", "NaN"),
    _buy("an amount with grouping", "amount", "1,000.00"),
    _buy("an amount with seven decimals", "amount", "50.0000001"),
    _buy("an amount in other digits", "amount", "５０"),
    _buy("an empty amount", "amount", ""),
    _buy("an amount beyond counting", "amount", "9" * 400),
    _buy("an amount above all bounds", "amount", "9999999999"),
    send("a number of a thousand digits", f"{ORGANIZATION}/top-ups",
         b'{"payment_method":"{payment_method}","amount":' + b"9" * 1_000 + b"}", "amount"),
    _buy("no amount at all", "amount", "0", code="amount_below_minimum", field=""),
    _buy("less than may be bought", "amount", "49.99", code="amount_below_minimum", field=""),
    _buy("more than may be bought", "amount", "10000.01", code="amount_above_maximum", field=""),
    _buy("an amount without coins", "amount", "50.001", code="amount_not_payable", field=""),
    _buy("another currency", "currency", "USD", status=409, code="currency_mismatch", field=""),
    _buy("a currency in small letters", "currency", "eur"),
    _give("a promotion without a reason", "reason", ""),
    _give("a promotion of a number", "amount", 5),
    _give("a promotion in another currency", "currency", "RON", status=409, code="currency_mismatch", field=""),
    _give("a promotion that is over", "expires_at", "2020-01-01T00:00:00Z", code="expiry_not_allowed", field=""),
    _give("an instant without an offset", "expires_at", "2098-01-01T00:00:00"),
    _give("a day for an instant", "expires_at", "2098-01-01"),
    _give("a day that is none", "expires_at", "2098-02-30T00:00:00Z"),
    _give("seconds for an instant", "expires_at", 4_000_000_000),
    _give("an instant before all instants", "expires_at", "0001-01-01T00:00:00+14:00"),
]  # fmt: skip

RULES = [
    _rule("a text for a flag", "enabled", "true"),
    _rule("a number for a flag", "enabled", 1),
    _rule("a trigger that is negative", "trigger_amount", "-1"),
    _rule("a cap that is a number", "monthly_cap", 100),
    _rule("a cap below the amount", "monthly_cap", "10.00", code="cap_below_amount", field=""),
    _rule("a recharge below the minimum", "recharge_amount", "1.00", code="amount_below_minimum", field=""),
    _rule("a rule with another organization's payment method", "payment_method", "{foreign_payment_method}",
          code="unknown_payment_method", field=""),
    _rule("a rule in another currency", "currency", "USD", status=409, code="currency_mismatch", field=""),
]  # fmt: skip

IDENTITIES = [
    get("an id that is none", "/v1/organizations/1", "organization_id"),
    get("an id in capitals", "/v1/organizations/019353B4-7C1E-7000-8000-0123456789AB", "organization_id"),
    get("an id with a quote", "/v1/organizations/'%20or%201=1--/balance", "organization_id"),
    get("an id with NUL", "/v1/organizations/%00/lots", "organization_id"),
    get("an organization that is not there", f"/v1/organizations/{UNKNOWN_ID}/journal", "", status=404,
        code="unknown_organization"),
    get("the operator's own id", "/v1/organizations/00000000-0000-0000-0000-000000000000/balance", "", status=404,
        code="unknown_organization"),
    get("another organization's top-up", ORGANIZATION + "/top-ups/{foreign_top_up}", "", status=404,
        code="unknown_top_up"),
    get("a top-up id that is none", ORGANIZATION + "/top-ups/7", "top_up_id"),
    get("another organization's call", ORGANIZATION + "/calls/{foreign_session}", "", status=404,
        code="unknown_session"),
    get("a session id with a space", ORGANIZATION + "/calls/a%20b", "session_id"),
    get("a session id of 129 characters", ORGANIZATION + "/calls/" + "s" * 129, "session_id"),
    get("a session id of nothing", ORGANIZATION + "/calls/", "session_id"),
    get("a rate deck that is not there", f"/v1/rate-decks/{UNKNOWN_ID}", "", status=404, code="unknown_rate_deck"),
    send("assigning a rate deck that is not there", ORGANIZATION + "/rate-deck", {"rate_deck_id": UNKNOWN_ID}, "",
         method="PUT", status=404, code="unknown_rate_deck"),
    send("assigning a rate deck in another currency", ORGANIZATION + "/rate-deck", {"rate_deck_id": "{foreign_deck}"},
         "", method="PUT", status=409, code="currency_mismatch"),
    _buy("another organization's payment method", "payment_method", "{foreign_payment_method}",
         code="unknown_payment_method", field=""),
    _buy("a payment method that is no id", "payment_method", "pm_1"),
    send("a gateway that is not there", ORGANIZATION + "/payment-methods", {"gateway": "bank", "reference": "pm"},
         "gateway"),
    send("a reference that the gateway does not know", ORGANIZATION + "/payment-methods",
         {"gateway": "simulator", "reference": "pm_unknown"}, "", code="unknown_payment_method"),
    send("a reference with a line break", ORGANIZATION + "/payment-methods",
         {"gateway": "simulator", "reference": "pm\r\nX: y"}, "reference"),
]  # fmt: skip

NUMBERS = [
    _number("a number without a plus sign", "number", "40212340000"),
    _number("a number that begins with zero", "number", "+0212340000"),
    _number("a number with letters", "number", "+40212CALLME"),
    _number("a number of 16 digits", "number", "+4021234000012345"),
    _number("a number in other digits", "number", "+٤٠٢١٢٣٤٠٠٠٠"),
    _number("a number with a line break", "number", "+40212340000\n"),
    _number("a JSON number for a number", "number", 40212340000),
    _number("a kind that is none", "kind", "fax"),
    _number("a display name of 201 characters", "display_name", "d" * 201),
    _number("another organization's number", "number", "{foreign_number}", status=409, code="number_taken", field=""),
]

KEYS = [
    send("no idempotency key", "/v1/organizations", OPEN, "Idempotency-Key", headers=JSON),
    send("an empty idempotency key", "/v1/organizations", OPEN, "Idempotency-Key",
         headers={**JSON, "Idempotency-Key": ""}),
    send("an idempotency key of 129 characters", "/v1/organizations", OPEN, "Idempotency-Key",
         headers={**JSON, "Idempotency-Key": "k" * 129}),
    send("an idempotency key with a space", "/v1/organizations", OPEN, "Idempotency-Key",
         headers={**JSON, "Idempotency-Key": "a b"}),
    send("no idempotency key for a top-up", f"{ORGANIZATION}/top-ups", BUY, "Idempotency-Key", headers=JSON),
    send("no idempotency key for a promotion", f"{ORGANIZATION}/promotions", GIVE, "Idempotency-Key", headers=JSON),
    _deck("no idempotency key for a rate deck", rate_deck_csv(ROMANIA), "Idempotency-Key", headers=CSV),
    send("a known key with another organization", "/v1/organizations", OPEN, "",
         headers={**JSON, "Idempotency-Key": "{opening_key}"}, status=409, code="conflict"),
    _buy("a known key with another amount", "amount", "51.00",
         headers={**JSON, "Idempotency-Key": "{buying_key}"}, status=409, code="conflict", field=""),
    _deck("a known key with another rate deck", rate_deck_csv((*ROMANIA[:3], "1.00", *ROMANIA[4:])), "",
          headers={**CSV, "Idempotency-Key": "{deck_key}"}, status=409, code="conflict"),
]  # fmt: skip

PAGES = [
    get("a limit of nothing", "/v1/organizations?limit=0", "limit"),
    get("a limit of 201", "/v1/organizations?limit=201", "limit"),
    get("a limit that is negative", "/v1/organizations?limit=-1", "limit"),
    get("a limit that is a text", f"{ORGANIZATION}/calls?limit=ten", "limit"),
    get("a limit with an underscore", "/v1/rate-decks?limit=1_0", "limit"),
    get("a limit given twice", "/v1/organizations?limit=1&limit=2", "limit"),
    get("a cursor that nobody gave out", "/v1/organizations?cursor=abc", "cursor"),
    get("a cursor with a quote", f"{ORGANIZATION}/journal?cursor='", "cursor"),
    get("a cursor of another list", f"{ORGANIZATION}/calls?cursor=WyJvcmdhbml6YXRpb25zIiwiQSIsImIiXQ", "cursor"),
    get("a cursor without end", f"{ORGANIZATION}/top-ups?cursor={'c' * 4_000}", "cursor"),
    get("a parameter that is none", "/v1/organizations?limt=10", "limt"),
    get("a token in the query beside the right one", f"/v1/health?token={TOKEN}", "token"),
]

DECK_FILES = [
    _rate("a prefix with letters", "prefix", prefix="40a"),
    _rate("a prefix of 16 digits", "prefix", prefix="4" * 16),
    _rate("a destination with NUL", "destination", destination="Rom\0nia"),
    _rate("an emergency rate", "service", service="emergency"),
    _rate("a negative price", "price_per_minute", price_per_minute="-0.01"),
    _rate("a price of seven decimals", "price_per_minute", price_per_minute="0.0000001"),
    _rate("a price that is not a number", "connection_fee", connection_fee="NaN"),
    _rate("an increment of nothing", "first_increment", first_increment="0"),
    _rate("an increment of an hour and a second", "next_increment", next_increment="3601"),
    _rate("a beginning that is no date", "effective_from", effective_from="yesterday"),
    _rate("an end before the beginning", "effective_to", effective_to="2025-01-01"),
    _deck("an empty file", b"", "line 1"),
    _deck("a header alone", rate_deck_csv(), "line 2"),
    _deck("a header with a column twice", rate_deck_csv(ROMANIA, header=("prefix",) * 9), "line 1, column prefix"),
    _deck("a rate given twice", rate_deck_csv(ROMANIA, ROMANIA), "line 3, column effective_from"),
    _deck("a line of two columns", rate_deck_csv() + b"40,Romania\n", "line 2"),
    _deck("a file that is no UTF-8", rate_deck_csv() + b"\xff\xfe\n", "line 2, column prefix"),
    Hostile(name="a gigabyte without a line break", method="POST", path=DECKS, status=422, code="invalid_input",
            field="line 1", stream=endless_line, headers={**CSV, **KEY}),
    _deck("overlapping dates", rate_deck_csv(
        (*ROMANIA[:7], "2026-01-01", "2026-06-01"), (*ROMANIA[:7], "2026-05-01", "")), "line 3, column effective_from"),
    _deck("a rate deck without a name", rate_deck_csv(ROMANIA), "name", path="/v1/rate-decks?currency=EUR"),
    _deck("a rate deck in no currency", rate_deck_csv(ROMANIA), "currency", path="/v1/rate-decks?name=N&currency=E"),
    _deck("a rate deck as JSON", b"{}", "", headers={**JSON, **KEY}, status=415, code="unsupported_media_type"),
    _deck("a rate deck that says it is too long", b"", "", headers={**CSV, **KEY, "Content-Length": str(2**28 + 1)},
          status=413, code="payload_too_large"),
    _deck("a multipart body without a boundary", b"", "", headers={"Content-Type": "multipart/form-data", **KEY},
          status=400, code="malformed_request"),
    _deck("a multipart body that is none", b"prefix,destination", "",
          headers={"Content-Type": "multipart/form-data; boundary=b", **KEY}, status=400, code="malformed_request"),
    _deck("a multipart body with another part", b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nx\r\n--b--',
          "name", headers={"Content-Type": "multipart/form-data; boundary=b", **KEY}),
]  # fmt: skip

ELSEWHERE = [
    get("a path that is not there", "/v1/organisations", "", status=404, code="not_found"),
    get("a path with a slash too many", "/v1/organizations/", "", status=404, code="not_found"),
    Hostile(name="a method that is not there", method="DELETE", path=ORGANIZATION, status=405,
            code="method_not_allowed"),
    send("a message of a gateway that is not there", "/v1/gateways/bank/webhooks", b"{}", "", status=404,
         code="not_found"),
    send("a message that nobody signed", "/v1/gateways/simulator/webhooks", b"{}", "", status=400,
         code="message_not_proven"),
    send("a message with a forged signature", "/v1/gateways/simulator/webhooks", b'{"type":"charge.succeeded"}', "",
         headers={"webhook-id": "evt_1", "webhook-timestamp": "1763800000", "webhook-signature": "v1,AAAA"},
         status=400, code="message_not_proven"),
    send("a message that is too long", "/v1/gateways/simulator/webhooks", b" " * (2**18 + 1), "", status=413,
         code="payload_too_large"),
]  # fmt: skip

HOSTILE = [
    *STRANGERS,
    *TYPES,
    *MALFORMED,
    *AMOUNTS,
    *RULES,
    *IDENTITIES,
    *NUMBERS,
    *KEYS,
    *PAGES,
    *DECK_FILES,
    *ELSEWHERE,
]
