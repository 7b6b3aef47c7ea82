"""What the fields of requests about rates may be.

Knows forms, as commcredits.edges.http.administration.forms does. Refuses to know what a rate must be like: the
operations do, and name each field of a rate themselves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final

from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.edges.http.administration.forms import FieldForm, NotOfFormError
from commcredits.edges.http.charging.explaining import JsonObject
from commcredits.operations.rate_comparing import Difference
from commcredits.operations.rate_deck_json import JSON_RATES_MAX
from commcredits.operations.rate_deck_terms import TERMS_CHARACTERS_MAX
from commcredits.operations.rate_rows import COLUMNS, DESTINATION_CHARACTERS_MAX, RATED_SERVICES
from commcredits.storage.decks import RateDeckState

_PREFIX: Final = re.compile(r"\+?[1-9][0-9]{0,14}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,7}", re.ASCII)
_PRICE_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "string",
    "description": COLUMNS["price_per_minute"][1],
    "examples": ["0.006"],
}
_INCREMENT_SCHEMA: Final[Mapping[str, Any]] = {"type": "integer", "minimum": 1, "maximum": 3600, "examples": [60]}
_INSTANT_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "string",
    "description": COLUMNS["effective_from"][1],
    "examples": ["2026-01-01"],
}


def _priced(key: str, schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    item = {
        "type": "object",
        "required": [key, "price_per_minute"],
        "properties": {key: dict(schema), "price_per_minute": dict(_PRICE_SCHEMA)},
        "additionalProperties": False,
    }
    return {"type": ["array", "null"], "items": item, "description": description}


_RATE_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "required": [name for name in COLUMNS if name != "effective_to"],
    "properties": {
        "prefix": {"type": "string", "description": COLUMNS["prefix"][1], "examples": ["40"]},
        "destination": {"type": "string", "maxLength": DESTINATION_CHARACTERS_MAX, "examples": ["Romania"]},
        "service": {"type": "string", "enum": list(RATED_SERVICES)},
        "price_per_minute": dict(_PRICE_SCHEMA),
        "connection_fee": dict(_PRICE_SCHEMA),
        "first_increment": dict(_INCREMENT_SCHEMA),
        "next_increment": dict(_INCREMENT_SCHEMA),
        "effective_from": dict(_INSTANT_SCHEMA),
        "effective_to": {**_INSTANT_SCHEMA, "type": ["string", "null"]},
        "origin_country": {
            "type": ["string", "null"],
            "description": "Calls from this country alone (ISO 3166-1); empty: from anywhere.",
            "examples": ["DE"],
        },
        "band_prices": _priced(
            "band", {"type": "string", "examples": ["peak"]}, "The first band that is in force counts."
        ),
        "steps": _priced(
            "from_seconds", {"type": "integer", "examples": [600]}, "In order; never together with band_prices."
        ),
        "charge_max": {**_PRICE_SCHEMA, "type": ["string", "null"], "examples": ["5.00"]},
        "currency": {"type": ["string", "null"], "description": "If given, the deck's.", "examples": ["EUR"]},
    },
    "additionalProperties": False,
}

_WINDOW_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "weekdays": {"type": "string", "examples": ["mon-fri", "sat,sun"]},
        "from": {"type": "string", "default": "00:00", "examples": ["08:00"]},
        "to": {"type": "string", "default": "24:00", "examples": ["20:00"]},
        "holidays": {"type": "boolean", "default": False},
    },
    "additionalProperties": False,
}
_TERMS_SCHEMA: Final[Mapping[str, Any]] = {
    "type": "object",
    "properties": {
        "time_zone": {"type": "string", "default": "UTC", "examples": ["Europe/Bucharest"]},
        "holidays": {"type": "array", "items": {"type": "string", "format": "date"}, "examples": [["2026-12-25"]]},
        "bands": {
            "type": "object",
            "additionalProperties": {"anyOf": [dict(_WINDOW_SCHEMA), {"type": "array", "items": dict(_WINDOW_SCHEMA)}]},
        },
        "rounding": {
            "type": "object",
            "properties": {
                "digits": {"type": "integer", "minimum": 0, "maximum": 6, "default": 6},
                "mode": {"type": "string", "enum": ["up", "half_up", "down"], "default": "up"},
            },
            "additionalProperties": False,
        },
    },
    "additionalProperties": False,
}


def _refuse_repetition(value: object) -> None:
    """Refuse an object anywhere in a value that has a name twice; the decoder has bounded how deep it can be."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, JsonObject):
            if each.twice:
                raise NotOfFormError(f"an object that has each name once, and not {each.twice[0][:64]!r} twice")
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)


def _terms(value: object) -> str:
    if not isinstance(value, dict):
        raise NotOfFormError
    _refuse_repetition(value)
    return json.dumps(value)


def _rates(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise NotOfFormError
    _refuse_repetition(value)
    return value


def _text(value: object, characters_max: int) -> str:
    if type(value) is not str or len(value) > characters_max:
        raise NotOfFormError
    return value


def _whole_text(value: object) -> int:
    if type(value) is not str or _SECONDS.fullmatch(value) is None or int(value) > CALL_SECONDS_MAX:
        raise NotOfFormError
    return int(value)


def _prefix(value: object) -> str:
    if type(value) is not str or _PREFIX.fullmatch(value) is None:
        raise NotOfFormError
    return value


def _words(*words: str) -> FieldForm:
    def read(value: object) -> str:
        if type(value) is not str or value not in words:
            raise NotOfFormError
        return value

    return FieldForm(read=read, allowed="one of " + ", ".join(words), schema={"type": "string", "enum": list(words)})


def _of(kind: type[StrEnum]) -> FieldForm:
    return _words(*(word.value for word in kind))


def _prose_of(characters_max: int, example: str) -> FieldForm:
    read: Callable[[object], str] = lambda value: _text(value, characters_max)  # noqa: E731 - a form is a value
    return FieldForm(
        read=read,
        allowed=f"a text of at most {characters_max} characters",
        schema={"type": "string", "maxLength": characters_max, "examples": [example]},
    )


RateDeckStateWord = Annotated[str, _of(RateDeckState)]
DifferenceWord = Annotated[str, _of(Difference)]
RatedServiceWord = Annotated[str, _words(*RATED_SERVICES)]
DraftWord = Annotated[str, _words("true", "false")]
TermsText = Annotated[str, _prose_of(TERMS_CHARACTERS_MAX, '{"rounding": {"digits": 4}}')]
DestinationText = Annotated[str, _prose_of(DESTINATION_CHARACTERS_MAX, "Romania")]
PrefixText = Annotated[
    str,
    FieldForm(
        read=_prefix,
        allowed="1 to 15 digits, the first not 0, with or without a plus sign before them",
        schema={"type": "string", "pattern": f"^{_PREFIX.pattern}$", "examples": ["40"]},
    ),
]
CallSeconds = Annotated[
    int,
    FieldForm(
        read=_whole_text,
        allowed=f"a whole number from 0 to {CALL_SECONDS_MAX}",
        schema={"type": "integer", "minimum": 0, "maximum": CALL_SECONDS_MAX, "examples": [61]},
    ),
]
TermsObject = Annotated[
    str,
    FieldForm(
        read=_terms, allowed="an object with any of time_zone, holidays, bands, rounding", schema=dict(_TERMS_SCHEMA)
    ),
]
RatesArray = Annotated[
    list[Any],
    FieldForm(
        read=_rates,
        allowed=f"an array of 1 to {JSON_RATES_MAX} rates",
        schema={"type": "array", "minItems": 1, "maxItems": JSON_RATES_MAX, "items": dict(_RATE_SCHEMA)},
    ),
]
