"""Requests about rates and rate decks that nobody should be able to hurt us with; see hostile.py."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from tests.edges.http.administration.hostile import (
    CSV,
    JSON,
    KEY,
    ORGANIZATION,
    UNKNOWN_ID,
    Hostile,
    get,
    send,
)
from tests.edges.http.administration.world import ROMANIA, rate_deck_csv

DRAFTS = "/v1/rate-decks/drafts"
DECK = "/v1/rate-decks/{deck}"
DRAFT = "/v1/rate-decks/{draft}"
PUBLICATION = f"{DRAFT}/publication"
CALL = "number=%2B40212345678&at=2026-11-22T12:00:00Z&seconds=60"
RATE: dict[str, Any] = {
    "prefix": "40",
    "destination": "Romania",
    "service": "outbound",
    "price_per_minute": "0.006",
    "connection_fee": "0",
    "first_increment": 30,
    "next_increment": 6,
    "effective_from": "2026-01-01",
}
PEAK = {"weekdays": "mon-fri", "from": "08:00", "to": "20:00"}
BODY: dict[str, Any] = {"name": "Hostile", "currency": "EUR", "terms": {"bands": {"peak": PEAK}}, "rates": [RATE]}
TWICE = '"terms": {"bands": {}, "bands": {}}'
UNKNOWN: dict[str, Any] = {"status": 404, "code": "unknown_rate_deck"}
NOT_PUBLISHED: dict[str, Any] = {"status": 409, "code": "rate_deck_not_published"}


def _draft(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return send(name, DRAFTS, {**BODY, wrong: value}, others.pop("field", wrong), **others)


def _rate(name: str, wrong: str, value: Any, **others: Any) -> Hostile:
    return _draft(name, "rates", [RATE, {**RATE, "prefix": "41", wrong: value}], field=f"rates.1.{wrong}", **others)


def _terms(name: str, wrong: str, terms: Any, **others: Any) -> Hostile:
    return _draft(name, "terms", terms, field=wrong, **others)


def _file(name: str, terms: str, wrong: str) -> Hostile:
    path = f"/v1/rate-decks?name=Hostile&currency=EUR&terms={quote(terms)}"
    return send(name, path, rate_deck_csv(ROMANIA), wrong, headers={**CSV, **KEY})


def _explain(name: str, wrong: str, query: str, place: str = DECK, **others: Any) -> Hostile:
    return get(name, f"{place}/explanation?{query}", wrong, **others)


TERMS = [
    _terms("terms that are a text", "terms", "{}"),
    _terms("terms that are an array", "terms", []),
    send("terms with a name twice", DRAFTS, json.dumps({**BODY, "terms": 0})[:-1].replace('"terms": 0', TWICE) + "}",
         "terms"),
    _terms("a term too many", "terms", {"zone": "UTC"}),
    _terms("a time zone of terms that is a path", "time_zone", {"time_zone": "../../etc/passwd"}),
    _terms("a holiday that is none", "holidays.0", {"holidays": ["2026-02-30"]}),
    _terms("a band with a colon", "bands", {"bands": {"a:b": PEAK}}),
    _terms("a band that begins at noon of letters", "bands.peak.from", {"bands": {"peak": {**PEAK, "from": "noon"}}}),
    _terms("a band that ends before it begins", "bands.peak.to", {"bands": {"peak": {**PEAK, "to": "07:00"}}}),
    _terms("a band of a day that is none", "bands.peak.weekdays", {"bands": {"peak": {"weekdays": "someday"}}}),
    _terms("a rounding to a fraction of digits", "rounding.digits", {"rounding": {"digits": 1.5}}),
    _terms("a rounding to a million digits", "rounding.digits", {"rounding": {"digits": 10**30}}),
    _terms("a rounding to nowhere", "rounding.mode", {"rounding": {"mode": "sideways"}}),
    _file("terms of a file that are no JSON", "{", "terms"),
    _file("terms of a file that nest without end", "[" * 5_000, "terms"),
    _file("terms of a file with a wrong band", '{"bands": {"peak": {"weekdays": "mon", "to": "x"}}}', "bands.peak.to"),
]  # fmt: skip

RATES = [
    _draft("rates that are an object", "rates", {}),
    _draft("rates that are none", "rates", []),
    _draft("rates of numbers", "rates", [1], field="rates.0"),
    _draft("a draft of fifty thousand rates and one", "rates", [0] * 50_001),
    _draft("a draft of a field too many", "shard_id", 1),
    _draft("a draft without a name", "name", ""),
    _draft("a draft in no currency", "currency", "XXX"),
    send("a rate with a name twice", DRAFTS, json.dumps(BODY)[:-3] + ',"prefix":"41"}]}', "rates"),
    send("a draft that is too long", DRAFTS, b" " * (16 * 1_024 * 1_024 + 1), "", status=413,
         code="payload_too_large"),
    send("a draft without a key", DRAFTS, BODY, "Idempotency-Key", headers=JSON),
    _rate("a JSON number for a price", "price_per_minute", 0.006),
    _rate("a price with an exponent in JSON", "price_per_minute", "6e-3"),
    _rate("a negative price in JSON", "price_per_minute", "-0.006"),
    _rate("a prefix that is a JSON number", "prefix", 40),
    _rate("an increment that is a text", "first_increment", "30"),
    _rate("an increment of no seconds", "next_increment", 0),
    _rate("an increment beyond all counting", "next_increment", 10**30),
    _rate("a service that has no rates", "service", "emergency"),
    _rate("a rate that ends before it begins", "effective_to", "2025-01-01"),
    _rate("an origin that is no country", "origin_country", "ZZ"),
    _rate("a band that the deck does not have", "band_prices", [{"band": "night", "price_per_minute": "1"}]),
    _rate("two bands in one", "band_prices", [{"band": "peak:1;peak", "price_per_minute": "1"}]),
    _rate("steps that go back", "steps", [{"from_seconds": each, "price_per_minute": "1"} for each in (9, 8)]),
    _rate("a maximum below nothing", "charge_max", "-1"),
    _rate("a rate in yet another currency", "currency", "USD"),
    send("two rates at once", DRAFTS, {**BODY, "rates": [RATE, RATE]}, "rates.1.effective_from"),
]  # fmt: skip

LIVES = [
    send("publishing what is not there", f"/v1/rate-decks/{UNKNOWN_ID}/publication", {}, "", **UNKNOWN),
    send("publishing what is no id", "/v1/rate-decks/7/publication", {}, "rate_deck_id"),
    send("publishing a deck twice", f"{DECK}/publication", {}, "", status=409, code="rate_deck_not_draft"),
    send("publishing for a day", PUBLICATION, {"in_force_at": "2027-01-01"}, "in_force_at"),
    send("publishing in the place of nothing", PUBLICATION, {"replaces_rate_deck_id": UNKNOWN_ID}, "", **UNKNOWN),
    send("publishing in the place of an id that is none", PUBLICATION, {"replaces_rate_deck_id": "7"},
         "replaces_rate_deck_id"),
    send("publishing in the place of itself", PUBLICATION, {"replaces_rate_deck_id": "{draft}"}, "",
         **NOT_PUBLISHED),
    send("publishing in the place of another currency", PUBLICATION, {"replaces_rate_deck_id": "{foreign_deck}"}, "",
         status=409, code="currency_mismatch"),
    send("publishing without a key", PUBLICATION, {}, "Idempotency-Key", headers=JSON),
    send("publishing with a field too many", PUBLICATION, {"organizations": []}, "organizations"),
    send("rolling back a draft", f"{DRAFT}/roll-back", {}, "", **NOT_PUBLISHED),
    send("rolling back what replaced nothing", f"{DECK}/roll-back", {}, "rate_deck_id"),
    send("rolling back what is not there", f"/v1/rate-decks/{UNKNOWN_ID}/roll-back", {}, "", **UNKNOWN),
    get("discarding a published deck", DECK, "", method="DELETE", status=409, code="rate_deck_not_draft"),
    get("discarding what is not there", f"/v1/rate-decks/{UNKNOWN_ID}", "", method="DELETE", **UNKNOWN),
    send("assigning a draft", ORGANIZATION + "/rate-deck", {"rate_deck_id": "{draft}"}, "", method="PUT",
         **NOT_PUBLISHED),
    send("assigning a deck for a day", ORGANIZATION + "/rate-deck",
         {"rate_deck_id": "{deck}", "in_force_at": "2027-01-01"}, "in_force_at", method="PUT"),
]  # fmt: skip

QUESTIONS = [
    get("decks in a state that is none", "/v1/rate-decks?state=old", "state"),
    get("terms of nothing", f"/v1/rate-decks/{UNKNOWN_ID}/terms", "", **UNKNOWN),
    get("rates of nothing", f"/v1/rate-decks/{UNKNOWN_ID}/rates", "", **UNKNOWN),
    get("rates below a prefix of letters", f"{DECK}/rates?prefix=4x", "prefix"),
    get("rates to a name without end", f"{DECK}/rates?destination={'x' * 101}", "destination"),
    get("rates to a name with NUL", f"{DECK}/rates?destination=%00", "destination"),
    get("rates of no service", f"{DECK}/rates?service=emergency", "service"),
    get("rates at a time that is none", f"{DECK}/rates?at=now", "at"),
    get("rates after a cursor of another list", f"{DECK}/rates?cursor=WyJ4Il0", "cursor"),
    get("a comparison with nothing named", f"{DRAFT}/comparison", "replaces"),
    get("a comparison with what is not there", f"{DRAFT}/comparison?replaces={UNKNOWN_ID}", "", **UNKNOWN),
    get("a comparison with another currency", f"{DRAFT}/comparison?replaces={{foreign_deck}}", "", status=409,
        code="currency_mismatch"),
    get("differences of a kind that is none", f"{DRAFT}/differences?replaces={{deck}}&difference=dearer", "difference"),
    get("differences with an id that is none", f"{DRAFT}/differences?replaces=1", "replaces"),
    _explain("an explanation of no number", "number", "at=2026-11-22T12:00:00Z&seconds=60"),
    _explain("an explanation of a short number", "number", "number=112&at=2026-11-22T12:00:00Z&seconds=60"),
    _explain("an explanation of a plus sign unwritten", "number",
             "number=+40212345678&at=2026-11-22T12:00:00Z&seconds=60"),
    _explain("an explanation at no time", "at", "number=%2B40212345678&seconds=60"),
    _explain("an explanation at the end of time", "at", CALL.replace("2026", "9999")),
    _explain("an explanation of negative seconds", "seconds", CALL.replace("seconds=60", "seconds=-1")),
    _explain("an explanation of a year of seconds", "seconds", CALL.replace("seconds=60", "seconds=9999999")),
    _explain("an explanation of an emergency", "service", CALL + "&service=emergency"),
    _explain("an explanation from no country", "origin_country", CALL + "&origin_country=ZZ"),
    _explain("an explanation by nothing", "", CALL, f"/v1/rate-decks/{UNKNOWN_ID}", **UNKNOWN),
    get("an explanation for nobody", f"/v1/organizations/{UNKNOWN_ID}/rate-explanation?{CALL}", "", status=404,
        code="unknown_organization"),
]  # fmt: skip

HOSTILE_RATES = [*TERMS, *RATES, *LIVES, *QUESTIONS]
