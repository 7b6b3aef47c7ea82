"""Rates as a JSON array: from decoded values to rates, or the first thing that is wrong with them, by rate and field.

Knows the same columns as a CSV file, with bands and steps spelled out. Refuses to know where the JSON comes from.

    {"prefix": "40", "destination": "Romania", "service": "outbound", "price_per_minute": "0.006",
     "connection_fee": "0", "first_increment": 30, "next_increment": 6, "effective_from": "2026-01-01",
     "effective_to": null, "origin_country": "", "band_prices": [{"band": "peak", "price_per_minute": "0.02"}],
     "steps": [], "charge_max": "5.00"}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final

import msgspec

from commcredits.core.outcomes import Refused
from commcredits.core.tariffs import DeckTerms, Rate, first_overlap
from commcredits.operations.inputs import invalid_input
from commcredits.operations.rate_deck_csv import RATE_ORDER
from commcredits.operations.rate_rows import COLUMNS, OPTIONAL_COLUMNS, RowReader

JSON_RATES_MAX: Final = 50_000
"""Most rates in one JSON array; a larger deck comes as CSV, which is read as it arrives."""

_FIELDS: Final = (*COLUMNS, *OPTIONAL_COLUMNS)
_INCREMENTS: Final = frozenset({"first_increment", "next_increment"})
_MAY_BE_LEFT_OUT: Final = frozenset({"effective_to", *OPTIONAL_COLUMNS})


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRates:
    """A decoded JSON value that should be an array of rates."""

    value: Any

    def digest(self) -> str:
        """A digest of the value, whatever order its fields came in."""
        return blake2b(msgspec.json.encode(self.value, order="sorted"), digest_size=16).hexdigest()


class _WrongRateError(ValueError):
    def __init__(self, field: str, value: object, allowed: str) -> None:
        super().__init__(field)
        shown = value if isinstance(value, str) else json.dumps(value, default=str)
        self.refused = invalid_input(field, shown, allowed)


def read_json_rates(source: JsonRates, currency: str, terms: DeckTerms) -> list[Rate] | Refused:
    """Every rate of the array, in the order in which a database takes them fastest; or what is wrong with one."""
    value = source.value
    if not isinstance(value, list) or not 1 <= len(value) <= JSON_RATES_MAX:
        shown = f"{len(value)} rates" if isinstance(value, list) else type(value).__name__
        return invalid_input("rates", shown, f"an array of 1 to {JSON_RATES_MAX} rates")
    rows = RowReader(currency, terms)
    rates: list[Rate] = []
    try:
        for position, each in enumerate(value):
            rates.append(_rate_of(each, f"rates.{position}", rows))
    except _WrongRateError as error:
        return error.refused
    return _refuse_overlap(rates) or sorted(rates, key=RATE_ORDER)


def _rate_of(value: object, place: str, rows: RowReader) -> Rate:
    if not isinstance(value, dict):
        raise _WrongRateError(place, value, "an object with the fields of a rate")
    for name in value:
        if name not in _FIELDS:
            raise _WrongRateError(place, name, f"one of the fields {', '.join(_FIELDS)}")
    texts: dict[str, str] = {}
    for name in _FIELDS:
        if name not in value and name not in _MAY_BE_LEFT_OUT:
            raise _WrongRateError(f"{place}.{name}", "", "given")
        texts[name] = _text_of(name, value.get(name), place)
    try:
        return rows.read([texts[name] for name in COLUMNS], [texts[name] for name in OPTIONAL_COLUMNS])
    except ValueError:
        wrong = rows.first_wrong(texts)
        raise _WrongRateError(f"{place}.{wrong.column}", wrong.value, wrong.allowed) from None


def _text_of(name: str, value: object, place: str) -> str:
    """A field as the text that a CSV file would have for it."""
    if value is None and name in _MAY_BE_LEFT_OUT:
        return ""
    if name == "band_prices":
        return _bands_text(value, f"{place}.{name}")
    if name == "steps":
        return _steps_text(value, f"{place}.{name}")
    if name in _INCREMENTS:
        if type(value) is not int:
            raise _WrongRateError(f"{place}.{name}", value, COLUMNS[name][1])
        return str(value)
    # Not isinstance: a JSON number that is kept as it was written arrives as a subclass of str.
    if type(value) is not str:
        allowed = COLUMNS[name][1] if name in COLUMNS else "a text"
        raise _WrongRateError(f"{place}.{name}", value, f"in a JSON string: {allowed}")
    return value


def _bands_text(value: object, place: str) -> str:
    allowed = 'an array of bands, such as {"band": "peak", "price_per_minute": "0.02"}'
    return ";".join(f"{band}:{price}" for band, price in _pairs(value, "band", str, place, allowed))


def _steps_text(value: object, place: str) -> str:
    allowed = 'an array of steps, such as {"from_seconds": 600, "price_per_minute": "0.005"}'
    return ";".join(f"{start}:{price}" for start, price in _pairs(value, "from_seconds", int, place, allowed))


def _pairs(value: object, key: str, kind: type, place: str, allowed: str) -> Iterator[tuple[object, str]]:
    """The key and the price of each object in an array; nothing in them can be taken for several of them."""
    if not isinstance(value, list):
        raise _WrongRateError(place, value, allowed)
    for each in value:
        fields: Mapping[str, Any] = each if isinstance(each, dict) else {}
        found, price = fields.get(key), fields.get("price_per_minute")
        if set(fields) != {key, "price_per_minute"} or type(found) is not kind or type(price) is not str:
            raise _WrongRateError(place, each, allowed)
        if not _stands_alone(str(found)) or not _stands_alone(price):
            raise _WrongRateError(place, each, allowed)
        yield found, price


def _stands_alone(text: str) -> bool:
    """Whether a text cannot be taken for several once it stands among others."""
    return ";" not in text and ":" not in text


def _refuse_overlap(rates: list[Rate]) -> Refused | None:
    overlap = first_overlap(rates)
    if overlap is None:
        return None
    earlier, later = sorted(position for position, rate in enumerate(rates) if rate is overlap[0] or rate is overlap[1])
    allowed = f"one rate at a time for its prefix, service and origin: rates.{earlier} is in force at the same time"
    return invalid_input(f"rates.{later}.effective_from", rates[later].effective_from.isoformat(), allowed)
