"""Rates as a JSON array: from decoded values to rates, or the first thing that is wrong with them, by rate and field.

Knows the same columns as a CSV file, with bands and steps spelled out. Refuses to know where the JSON comes from.

    {"prefix": "40", "destination": "Romania", "service": "outbound", "price_per_minute": "0.006",
     "connection_fee": "0", "first_increment": 30, "next_increment": 6, "effective_from": "2026-01-01",
     "effective_to": null, "origin_country": "", "band_prices": {"peak": "0.02"},
     "steps": [{"from_seconds": 600, "price_per_minute": "0.005"}], "charge_max": "5.00"}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    if not isinstance(value, str):
        allowed = COLUMNS[name][1] if name in COLUMNS else "a text"
        raise _WrongRateError(f"{place}.{name}", value, f"in a JSON string: {allowed}")
    return value


def _bands_text(value: object, place: str) -> str:
    if not isinstance(value, dict):
        raise _WrongRateError(place, value, 'an object of bands and prices, such as {"peak": "0.02"}')
    for band, price in value.items():
        if not isinstance(price, str) or not _stands_alone(band) or not _stands_alone(price):
            raise _WrongRateError(place, price, 'the price of a minute in a JSON string, such as "0.02"')
    return ";".join(f"{band}:{price}" for band, price in value.items())


def _steps_text(value: object, place: str) -> str:
    allowed = 'an array of steps, such as {"from_seconds": 600, "price_per_minute": "0.005"}'
    if not isinstance(value, list):
        raise _WrongRateError(place, value, allowed)
    texts: list[str] = []
    for step in value:
        fields: Mapping[str, Any] = step if isinstance(step, dict) else {}
        seconds, price = fields.get("from_seconds"), fields.get("price_per_minute")
        if set(fields) != {"from_seconds", "price_per_minute"} or type(seconds) is not int:
            raise _WrongRateError(place, step, allowed)
        if not isinstance(price, str) or not _stands_alone(price):
            raise _WrongRateError(place, step, allowed)
        texts.append(f"{seconds}:{price}")
    return ";".join(texts)


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
