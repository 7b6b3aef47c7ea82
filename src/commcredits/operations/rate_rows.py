"""One rate from the texts of one row: what may stand in each column, whatever kind of file it came in.

Knows columns. Refuses to know files (commcredits.operations.rate_deck_csv, commcredits.operations.rate_deck_json).
Equal texts become one object in memory, because a deck of a million rates has few prices and fewer shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from phonenumbers import SUPPORTED_REGIONS

from commcredits.core.calendar import parse_instant
from commcredits.core.commands import Service
from commcredits.core.money import MICROS_PER_UNIT, parse_micros
from commcredits.core.rating import CALL_SECONDS_MAX
from commcredits.core.tariffs import DeckTerms, OwnPrices, PriceShape, Rate, shape_of
from commcredits.operations.inputs import UNSHOWABLE

DESTINATION_CHARACTERS_MAX: Final = 100
"""Longest name of a destination."""

PRICE_MICROS_MAX: Final = 10**12
"""Highest price per minute, connection fee and maximum charge: a million major units. What has more is not a price."""

INCREMENT_SECONDS_MAX: Final = 3_600
"""Longest first or next increment."""

PRICES_PER_RATE_MAX: Final = 16
"""Most bands, or steps, of one rate."""

_VALUES_REMEMBERED_MAX: Final = 4_096

_PREFIX: Final = re.compile(r"\+?([1-9][0-9]{0,14})", re.ASCII)
_INCREMENT: Final = re.compile(r"[1-9][0-9]{0,3}", re.ASCII)
_STEP_SECONDS: Final = re.compile(r"[1-9][0-9]{0,6}", re.ASCII)
RATED_SERVICES: Final = {service.value: service for service in Service if service is not Service.EMERGENCY}
"""The services that have rates, by their words; an emergency call has none, for it costs nothing."""


def read_prefix(text: str) -> str:
    """The digits of a prefix. Numbers never begin with 0, so a prefix that does would never price a call."""
    match = _PREFIX.fullmatch(text)
    if match is None:
        raise ValueError(text)
    return match[1]


def is_prefix(text: str) -> bool:
    """Whether ``read_prefix`` takes this."""
    return _PREFIX.fullmatch(text) is not None


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_destination(text: str) -> str:
    """The name of a destination; decks repeat few names very often, so equal ones become one object."""
    if not text.strip() or len(text) > DESTINATION_CHARACTERS_MAX or UNSHOWABLE.search(text):
        raise ValueError(text)
    return text


def read_service(text: str) -> Service:
    """The service that a rate is for."""
    service = RATED_SERVICES.get(text)
    if service is None:
        raise ValueError(text)
    return service


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_price(text: str) -> int:
    """A price in millionths."""
    micros = parse_micros(text)
    if text.startswith("-") or micros > PRICE_MICROS_MAX:
        raise ValueError(text)
    return micros


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_increment(text: str) -> int:
    """An increment in seconds."""
    if not _INCREMENT.fullmatch(text) or int(text) > INCREMENT_SECONDS_MAX:
        raise ValueError(text)
    return int(text)


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_beginning(text: str) -> datetime:
    """The instant from which a rate is in force."""
    return parse_instant(text)


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_end(text: str) -> datetime | None:
    """The instant up to which a rate is in force; empty means without end."""
    return parse_instant(text) if text else None


def read_origin(text: str) -> str:
    """The country from which calls must come; empty means from anywhere."""
    if text and text not in SUPPORTED_REGIONS:
        raise ValueError(text)
    return text


def read_maximum(text: str) -> int | None:
    """The most that a call costs, in millionths; empty means without a maximum."""
    return read_price(text) if text else None


def read_steps(text: str) -> tuple[tuple[int, int], ...]:
    """Steps such as ``600:0.005;1200:0.003``: from which second a minute costs what, in order."""
    steps: list[tuple[int, int]] = []
    for seconds, price in _pairs(text):
        if not _STEP_SECONDS.fullmatch(seconds) or int(seconds) > CALL_SECONDS_MAX:
            raise ValueError(text)
        if steps and int(seconds) <= steps[-1][0]:
            raise ValueError(text)
        steps.append((int(seconds), read_price(price)))
    return tuple(steps)


_PRICE_ALLOWED: Final = (
    f"a plain decimal from 0 to {PRICE_MICROS_MAX // MICROS_PER_UNIT} with at most 6 digits after the point"
)
_INCREMENT_ALLOWED: Final = f"a whole number of seconds from 1 to {INCREMENT_SECONDS_MAX}"
_INSTANT_ALLOWED: Final = "an RFC 3339 time such as 2026-11-22T00:00:00Z, or a date, which means midnight UTC"

COLUMNS: Final[Mapping[str, tuple[Callable[[str], Any], str]]] = {
    "prefix": (read_prefix, "1 to 15 digits, the first not 0, with or without a plus sign before them"),
    "destination": (read_destination, f"1 to {DESTINATION_CHARACTERS_MAX} characters"),
    "service": (read_service, ", ".join(RATED_SERVICES)),
    "price_per_minute": (read_price, _PRICE_ALLOWED),
    "connection_fee": (read_price, _PRICE_ALLOWED),
    "first_increment": (read_increment, _INCREMENT_ALLOWED),
    "next_increment": (read_increment, _INCREMENT_ALLOWED),
    "effective_from": (read_beginning, _INSTANT_ALLOWED),
    "effective_to": (read_end, f"empty, or {_INSTANT_ALLOWED}; later than effective_from"),
}
"""Each column that every file has, with what reads it and what may stand in it."""

OPTIONAL_COLUMNS: Final = ("origin_country", "band_prices", "steps", "charge_max", "currency")
"""Columns that a file may have as well; a field of them may always be empty."""

_STEPS_ALLOWED: Final = (
    "empty, or seconds with the price of a minute from there on, in order, such as 600:0.005;1200:0.003, "
    f"at most {PRICES_PER_RATE_MAX}"
)
_STEPS_AND_BANDS: Final = "empty where band_prices is not: a rate has bands or steps, never both"


class WrongFieldError(ValueError):
    """A field that cannot stand where it does."""

    def __init__(self, column: str, value: str, allowed: str) -> None:
        super().__init__(column)
        self.column = column
        self.value = value
        self.allowed = allowed


class RowReader:
    """Rates from rows, under the terms of one deck."""

    __slots__ = ("_bands", "_optional", "_plain_shape", "_shapes", "_terms")

    def __init__(self, currency: str, terms: DeckTerms) -> None:
        self._terms = terms
        self._bands = terms.bands
        self._plain_shape = shape_of(OwnPrices(), terms)
        self._shapes: dict[tuple[str, str, str], PriceShape | None] = {("", "", ""): self._plain_shape}
        known = ", ".join(terms.bands) or "none: the deck has no bands"
        bands_allowed = (
            f"empty, or bands of the deck ({known}) with the price of a minute, each once, such as "
            f"peak:0.02;weekend:0.015, at most {PRICES_PER_RATE_MAX}"
        )
        self._optional: Mapping[str, tuple[Callable[[str], Any], str]] = {
            "origin_country": (read_origin, "empty, or the ISO 3166-1 code of a country with telephone numbers"),
            "band_prices": (self._read_band_prices, bands_allowed),
            "steps": (read_steps, _STEPS_ALLOWED),
            "charge_max": (read_maximum, f"empty, or {_PRICE_ALLOWED}"),
            "currency": (_reader_of(currency), f"empty, or {currency}, the currency of the deck"),
        }

    def read(self, fields: Sequence[str], optional: Sequence[str] | None) -> Rate:
        """The rate of a row: the texts of COLUMNS in their order, and those of OPTIONAL_COLUMNS if it has any.

        ValueError when any of them is wrong; ``first_wrong`` then says which.
        """
        prefix, destination, service, price, fee, first, following, beginning, end = fields
        effective_from, effective_to = read_beginning(beginning), read_end(end)
        if effective_to is not None and effective_to <= effective_from:
            raise ValueError(end)
        shape, origin_country = self._plain_shape, ""
        if optional is not None:
            origin, bands, steps, maximum, currency = optional
            self._optional["currency"][0](currency)
            origin_country = read_origin(origin)
            shape = self._shape(bands, steps, maximum)
        return Rate(
            prefix=read_prefix(prefix),
            destination=read_destination(destination),
            service=read_service(service),
            price_per_minute_micros=read_price(price),
            connection_fee_micros=read_price(fee),
            first_increment_seconds=read_increment(first),
            next_increment_seconds=read_increment(following),
            effective_from=effective_from,
            effective_to=effective_to,
            origin_country=origin_country,
            shape=shape,
        )

    def first_wrong(self, row: Mapping[str, str]) -> WrongFieldError:
        """The first field of a wrong row that is wrong, in the row's order.

        Only a row that is wrong is read a second time, field by field, so that the others cost less.
        """
        for column, value in row.items():
            read, allowed = COLUMNS.get(column) or self._optional[column]
            try:
                read(value)
            except ValueError:
                return WrongFieldError(column, value, allowed)
        if row.get("steps") and row.get("band_prices"):
            return WrongFieldError("steps", row["steps"], _STEPS_AND_BANDS)
        return WrongFieldError("effective_to", row["effective_to"], COLUMNS["effective_to"][1])

    def _shape(self, bands: str, steps: str, maximum: str) -> PriceShape | None:
        key = (bands, steps, maximum)
        if key not in self._shapes:
            if bands and steps:
                raise ValueError(steps)
            own = OwnPrices(
                bands=self._read_band_prices(bands), steps=read_steps(steps), charge_max_micros=read_maximum(maximum)
            )
            self._shapes[key] = shape_of(own, self._terms)
        return self._shapes[key]

    def _read_band_prices(self, text: str) -> tuple[tuple[str, int], ...]:
        prices: dict[str, int] = {}
        for band, price in _pairs(text):
            if band not in self._bands or band in prices:
                raise ValueError(text)
            prices[band] = read_price(price)
        return tuple(prices.items())


def _reader_of(currency: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and text != currency:
            raise ValueError(text)
        return text

    return read


def _pairs(text: str) -> list[tuple[str, str]]:
    """The pairs of a text such as ``600:0.005;1200:0.003``; none of an empty one."""
    if not text:
        return []
    pairs = [pair.partition(":") for pair in text.split(";", maxsplit=PRICES_PER_RATE_MAX)]
    if len(pairs) > PRICES_PER_RATE_MAX or not all(colon for _, colon, _ in pairs):
        raise ValueError(text)
    return [(name, price) for name, _, price in pairs]
