"""The sample rate deck: a rate for every country and number kind in the numbering metadata.

The prefixes are real; the prices are illustrative, worked out from the part of the world and the kind of number, and
nobody's tariff. Refuses to know how a deck is published and what a call costs by it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final
from zlib import crc32

from babel import Locale

from commcredits.core.commands import Service
from commcredits.core.money import divide_up, format_micros
from commcredits.edges.demo.number_ranges import (
    GEOGRAPHIC_KINDS,
    NO_COUNTRY,
    NumberKind,
    NumberRange,
    number_ranges,
)

EFFECTIVE_FROM: Final = date(2020, 1, 1)
"""Long before any demonstration starts, so that every rate of the deck is in force."""

DECK_COLUMNS: Final = (
    "prefix",
    "destination",
    "service",
    "price_per_minute",
    "connection_fee",
    "first_increment",
    "next_increment",
    "effective_from",
    "effective_to",
)

PRICE_STEP_MICROS: Final = 100
"""Prices are multiples of a ten-thousandth of the major unit, as printed tariffs have them."""

CURRENCY_PERCENT: Final[Mapping[str, int]] = MappingProxyType({"EUR": 100, "USD": 110, "RON": 500})
"""What a hundred euro cents are in each currency of the demonstration; round figures, not an exchange rate."""


class _Zone(StrEnum):
    """Parts of the world that are priced alike."""

    SINGLE_MARKET = "single_market"
    NORTH_AMERICA = "north_america"
    CARIBBEAN = "caribbean"
    AFRICA = "africa"
    OTHER_EUROPE = "other_europe"
    LATIN_AMERICA = "latin_america"
    OCEANIA = "oceania"
    NORTHERN_ASIA = "northern_asia"
    EASTERN_ASIA = "eastern_asia"
    WESTERN_ASIA = "western_asia"
    NETWORK = "network"


# fmt: off
_SINGLE_MARKET: Final = frozenset({
    "AT", "AX", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GG", "GR",
    "HR", "HU", "IE", "IM", "IS", "IT", "JE", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT",
    "RO", "SE", "SI", "SJ", "SK",
})
# fmt: on
_NORTH_AMERICA: Final = frozenset({"US", "CA", "PR"})

_ZONE_OF_FIRST_DIGIT: Final[Mapping[str, _Zone]] = MappingProxyType(
    {
        "1": _Zone.CARIBBEAN,
        "2": _Zone.AFRICA,
        "3": _Zone.OTHER_EUROPE,
        "4": _Zone.OTHER_EUROPE,
        "5": _Zone.LATIN_AMERICA,
        "6": _Zone.OCEANIA,
        "7": _Zone.NORTHERN_ASIA,
        "8": _Zone.EASTERN_ASIA,
        "9": _Zone.WESTERN_ASIA,
    }
)
"""World zones of ITU-T E.164: the first digit of the calling code."""

_FIXED_MICROS: Final[Mapping[_Zone, int]] = MappingProxyType(
    {
        _Zone.SINGLE_MARKET: 12_000,
        _Zone.NORTH_AMERICA: 8_000,
        _Zone.CARIBBEAN: 110_000,
        _Zone.AFRICA: 180_000,
        _Zone.OTHER_EUROPE: 90_000,
        _Zone.LATIN_AMERICA: 45_000,
        _Zone.OCEANIA: 60_000,
        _Zone.NORTHERN_ASIA: 70_000,
        _Zone.EASTERN_ASIA: 40_000,
        _Zone.WESTERN_ASIA: 55_000,
        _Zone.NETWORK: 2_400_000,
    }
)
"""Euro millionths per minute to a fixed line of the zone's middling country."""

_KIND_PERCENT: Final[Mapping[NumberKind, int]] = MappingProxyType(
    {
        NumberKind.FIXED: 100,
        NumberKind.MOBILE: 190,
        NumberKind.FIXED_OR_MOBILE: 190,
        NumberKind.VOICEMAIL: 190,
        NumberKind.VOIP: 110,
        NumberKind.UNIVERSAL: 130,
        NumberKind.PAGER: 260,
        NumberKind.SHARED_COST: 300,
        NumberKind.PERSONAL: 450,
        NumberKind.PREMIUM: 600,
        NumberKind.TOLL_FREE: 0,
    }
)
"""Price of each kind as a share of the country's fixed lines. Where no prefix tells fixed from mobile, the dearer."""

_PREMIUM_MICROS_MIN: Final = 900_000
_PREMIUM_CONNECTION_FEE_MICROS: Final = 250_000
_CONFERENCE_EXTRA_MICROS: Final = 4_000
_TOLL_FREE_IN_EXTRA_MICROS: Final = 20_000

_KIND_NAMES: Final[Mapping[NumberKind, str]] = MappingProxyType(
    {
        NumberKind.FIXED: "fixed",
        NumberKind.MOBILE: "mobile",
        NumberKind.FIXED_OR_MOBILE: "fixed or mobile",
        NumberKind.VOICEMAIL: "voicemail",
        NumberKind.VOIP: "VoIP",
        NumberKind.UNIVERSAL: "universal access",
        NumberKind.PAGER: "pager",
        NumberKind.SHARED_COST: "shared cost",
        NumberKind.PERSONAL: "personal",
        NumberKind.PREMIUM: "premium rate",
        NumberKind.TOLL_FREE: "toll-free",
    }
)

_NETWORK_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "800": "International freephone +800",
        "808": "International shared cost +808",
        "870": "Satellite +870",
        "878": "Universal personal numbers +878",
        "881": "Satellite +881",
        "882": "International networks +882",
        "883": "International networks +883",
        "888": "Disaster relief +888",
        "979": "International premium rate +979",
    }
)
"""Calling codes of ITU-T E.164 that belong to no country."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRate:
    """One row of the deck.

    ``prefix`` is E.164 without "+". Prices are millionths of the deck's currency, per minute and per call. ``country``
    (ISO 3166-1 alpha-2 or "001") and ``kind`` are what ``destination`` says in words; the file does not carry them.
    """

    prefix: str
    destination: str
    country: str
    kind: NumberKind
    service: Service
    price_per_minute_micros: int
    connection_fee_micros: int
    first_increment_seconds: int
    next_increment_seconds: int
    effective_from: date


def sample_deck_name(currency: str) -> str:
    """Name to publish the deck under; it says that the prices are illustrative."""
    return f"Sample rates (illustrative prices), {currency}"


def sample_rate_rows(currency: str) -> Iterator[SampleRate]:
    """Every rate of the deck: all outbound ones, then conference dial-out, then toll-free in.

    The same rows every time. Raises ValueError for a currency other than EUR, RON and USD.
    """
    if currency not in CURRENCY_PERCENT:
        raise ValueError(f"no sample deck in {currency!r}; there is one in {', '.join(sorted(CURRENCY_PERCENT))}")
    ranges = _ranges()
    names = Locale("en").territories
    for service, served in (
        (Service.OUTBOUND, ranges),
        (Service.CONFERENCE_DIAL_OUT, tuple(_conference_ranges(ranges))),
        (Service.TOLL_FREE_IN, tuple(each for each in ranges if each.kind is NumberKind.TOLL_FREE)),
    ):
        for number_range in served:
            yield _rate(number_range, service, currency, _destination(number_range, names))


@cache
def _ranges() -> tuple[NumberRange, ...]:
    """The ranges, once: finding them takes longer than everything else, and they are the same for every currency."""
    return tuple(number_ranges())


def write_sample_deck(path: Path, currency: str) -> int:
    """Write the deck as the CSV that the rate import reads; returns the number of rates.

    Raises ValueError for a currency without a sample deck and OSError when the file cannot be written.
    """
    rows_written = 0
    rows = sample_rate_rows(currency)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(DECK_COLUMNS)
        for rate in rows:
            writer.writerow(_csv_fields(rate))
            rows_written += 1
    return rows_written


def _csv_fields(rate: SampleRate) -> tuple[str, ...]:
    return (
        rate.prefix,
        rate.destination,
        rate.service.value,
        format_micros(rate.price_per_minute_micros),
        format_micros(rate.connection_fee_micros),
        str(rate.first_increment_seconds),
        str(rate.next_increment_seconds),
        rate.effective_from.isoformat(),
        "",
    )


def _conference_ranges(ranges: tuple[NumberRange, ...]) -> Iterator[NumberRange]:
    """Numbers that a conference dials out to: fixed and mobile ones.

    A service number whose prefix continues a geographic one stays in with its own price; left out, it would be dialled
    at the price of the range around it.
    """
    geographic = {each.prefix for each in ranges if each.kind in GEOGRAPHIC_KINDS}
    for each in ranges:
        shorter = (each.prefix[:digits] for digits in range(1, len(each.prefix)))
        if each.kind in GEOGRAPHIC_KINDS or any(prefix in geographic for prefix in shorter):
            yield each


def _rate(number_range: NumberRange, service: Service, currency: str, destination: str) -> SampleRate:
    zone = _zone(number_range)
    first_increment_seconds, next_increment_seconds = _increments(number_range, zone)
    is_premium = number_range.kind is NumberKind.PREMIUM
    return SampleRate(
        prefix=number_range.prefix,
        destination=destination,
        country=number_range.country,
        kind=number_range.kind,
        service=service,
        price_per_minute_micros=_in_currency(_euro_micros(number_range, zone, service), currency),
        connection_fee_micros=_in_currency(_PREMIUM_CONNECTION_FEE_MICROS if is_premium else 0, currency),
        first_increment_seconds=first_increment_seconds,
        next_increment_seconds=next_increment_seconds,
        effective_from=EFFECTIVE_FROM,
    )


def _euro_micros(number_range: NumberRange, zone: _Zone, service: Service) -> int:
    """Euro millionths per minute, before they are rounded to the price step."""
    fixed_micros = _FIXED_MICROS[zone] * _country_percent(number_range.country) // 100
    if service is Service.TOLL_FREE_IN:
        return fixed_micros + _TOLL_FREE_IN_EXTRA_MICROS
    micros = fixed_micros * _KIND_PERCENT[number_range.kind] // 100
    if number_range.kind is NumberKind.PREMIUM:
        micros = max(micros, _PREMIUM_MICROS_MIN)
    return micros + (_CONFERENCE_EXTRA_MICROS if service is Service.CONFERENCE_DIAL_OUT else 0)


def _in_currency(euro_micros: int, currency: str) -> int:
    return divide_up(euro_micros * CURRENCY_PERCENT[currency], 100 * PRICE_STEP_MICROS) * PRICE_STEP_MICROS


def _country_percent(country: str) -> int:
    """80 to 120: countries of one zone differ, each always by the same share."""
    return 80 + crc32(country.encode()) % 41


def _increments(number_range: NumberRange, zone: _Zone) -> tuple[int, int]:
    """First and next increment in seconds: by the second nearby, by the minute for services and far away."""
    if number_range.kind in {NumberKind.PREMIUM, NumberKind.TOLL_FREE} or zone is _Zone.NETWORK:
        return 60, 60
    if zone is _Zone.SINGLE_MARKET:
        return 1, 1
    if zone in {_Zone.NORTH_AMERICA, _Zone.OTHER_EUROPE, _Zone.OCEANIA, _Zone.EASTERN_ASIA}:
        return 30, 6
    return 60, 60


def _zone(number_range: NumberRange) -> _Zone:
    country = number_range.country
    if country == NO_COUNTRY:
        return _Zone.NETWORK
    if country in _SINGLE_MARKET:
        return _Zone.SINGLE_MARKET
    if country in _NORTH_AMERICA:
        return _Zone.NORTH_AMERICA
    return _ZONE_OF_FIRST_DIGIT[number_range.prefix[0]]


def _destination(number_range: NumberRange, country_names: Mapping[str, str]) -> str:
    if number_range.country == NO_COUNTRY:
        return f"{_NETWORK_NAMES[number_range.prefix[:3]]}, {_KIND_NAMES[number_range.kind]}"
    return f"{country_names[number_range.country]}, {_KIND_NAMES[number_range.kind]}"
