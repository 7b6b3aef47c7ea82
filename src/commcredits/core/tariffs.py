"""Rate decks: which rate prices a call, by longest matching prefix among the rates in force when it starts.

Knows prefixes and effective dates. Refuses to know durations (commcredits.core.rating) and files (operations). A longer
prefix whose rates are all out of force falls back to an active shorter one (domain.md §5, Pricing).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import Final

from msgspec import Struct

from commcredits.core.commands import Service

PREFIX_DIGITS_MAX: Final = 15
"""E.164 numbers have at most fifteen digits, so prefixes have no more."""


class RoundingMode(StrEnum):
    """Which way a call's price is rounded."""

    UP = "up"
    HALF_UP = "half_up"
    DOWN = "down"


class Rounding(Struct, frozen=True, kw_only=True, gc=False):
    """How a deck rounds the price of a whole call: to so many decimal digits of the major unit, 0 to 6."""

    digits: int = 6
    mode: RoundingMode = RoundingMode.UP


class Window(Struct, frozen=True, kw_only=True, gc=False):
    """When a band is in force: these weekdays (Monday is 0) from one minute of the local day up to another.

    ``from_minute`` 0 to 1439, ``to_minute`` 1 to 1440 and above it. ``holidays`` says that it is in force on the deck's
    holidays as well, whatever the weekday; a window with weekdays alone is not in force on a holiday.
    """

    weekdays: tuple[int, ...]
    from_minute: int
    to_minute: int
    holidays: bool = False


class BandPrice(Struct, frozen=True, kw_only=True, gc=False):
    """What a minute costs while a band is in force; the first band of a rate that is in force counts."""

    band: str
    windows: tuple[Window, ...]
    price_per_minute_micros: int


class PriceStep(Struct, frozen=True, kw_only=True, gc=False):
    """From ``from_seconds`` of the priced time on, a minute costs this much."""

    from_seconds: int
    price_per_minute_micros: int


class PriceShape(Struct, frozen=True, kw_only=True, gc=False):
    """What makes a price other than flat; a rate has bands or steps, never both.

    ``time_zone`` is the deck's IANA zone and ``holidays`` its holidays there (as 2026-12-25); both matter to bands
    alone. An increment is priced by the band, or by the step, in which it begins. A call costs at most
    ``charge_max_micros``, connection fee included.
    """

    time_zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    bands: tuple[BandPrice, ...] = ()
    steps: tuple[PriceStep, ...] = ()
    charge_max_micros: int | None = None
    rounding: Rounding = Rounding()


class Rate(Struct, frozen=True, kw_only=True, gc=False):
    """One line of a deck.

    Prices are millionths of the deck's currency; increments are seconds, at least 1. In force from ``effective_from``
    up to, and without, ``effective_to``; None means without end. ``origin_country`` binds it to calls from there (ISO
    3166-1); empty: from anywhere. ``shape`` is None for a flat price, rounded up to the next millionth.
    """

    prefix: str
    destination: str
    service: Service
    price_per_minute_micros: int
    connection_fee_micros: int
    first_increment_seconds: int
    next_increment_seconds: int
    effective_from: datetime
    effective_to: datetime | None = None
    origin_country: str = ""
    shape: PriceShape | None = None


class RateDeck(Struct, frozen=True, kw_only=True, gc=False):
    """A published deck, indexed: per service, prefix → its rates, latest ``effective_from`` first."""

    rate_deck_id: str
    currency: str
    rates: Mapping[Service, Mapping[str, tuple[Rate, ...]]]


def index_deck(rate_deck_id: str, currency: str, rates: Iterable[Rate]) -> RateDeck:
    """A deck ready for look-up. The rates were checked for overlap when they were imported."""
    index: dict[Service, dict[str, tuple[Rate, ...]]] = {}
    for (service, prefix), found in _by_prefix(rates).items():
        found.sort(key=lambda rate: rate.effective_from, reverse=True)
        index.setdefault(service, {})[prefix] = tuple(found)
    return RateDeck(rate_deck_id=rate_deck_id, currency=currency, rates=index)


def find_rate(deck: RateDeck, service: Service, number: str, at: datetime, origin_country: str = "") -> Rate | None:
    """The rate in force at that instant for a number in E.164 form, or None when no prefix matches."""
    of_service = deck.rates.get(service)
    if of_service is None:
        return None
    digits = number[1:]
    for length in range(min(len(digits), PREFIX_DIGITS_MAX), 0, -1):
        for rate in of_service.get(digits[:length], ()):
            if rate.effective_from <= at and (rate.effective_to is None or at < rate.effective_to):
                return rate
    return None


def first_overlap(rates: Iterable[Rate]) -> tuple[Rate, Rate] | None:
    """Two rates of one service and prefix that are in force at one instant, or None; such a deck is refused.

    The rate that begins first stands first. A rate whose end is not after its beginning is never in force.
    """
    for of_prefix in _by_prefix(rates).values():
        in_force = [rate for rate in of_prefix if rate.effective_to is None or rate.effective_from < rate.effective_to]
        in_force.sort(key=lambda rate: rate.effective_from)
        # Ordered by their beginnings, rates overlap at all only where one reaches into its next.
        for rate, following in pairwise(in_force):
            if rate.effective_to is None or following.effective_from < rate.effective_to:
                return rate, following
    return None


def _by_prefix(rates: Iterable[Rate]) -> dict[tuple[Service, str], list[Rate]]:
    grouped: dict[tuple[Service, str], list[Rate]] = {}
    for rate in rates:
        grouped.setdefault((rate.service, rate.prefix), []).append(rate)
    return grouped
