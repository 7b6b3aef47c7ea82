"""Rate decks: which rate prices a call, by longest matching prefix among the rates in force when it starts.

Knows prefixes, effective dates and where a call comes from. Refuses to know durations (commcredits.core.rating) and
files (operations). A longer prefix whose rates are all out of force, or bound to other countries, falls back to an
active shorter one (domain.md §5, Pricing).
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

ROUNDING_DIGITS_MAX: Final = 6
"""Amounts are millionths: the most decimal digits that a price can be rounded to."""


class RoundingMode(StrEnum):
    """Which way a call's price is rounded."""

    UP = "up"
    HALF_UP = "half_up"
    DOWN = "down"


class Rounding(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How a deck rounds the price of a whole call: to so many decimal digits of the major unit, 0 to 6."""

    digits: int = ROUNDING_DIGITS_MAX
    mode: RoundingMode = RoundingMode.UP


class Window(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
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


class PriceShape(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What makes a price other than flat; a rate has bands or steps, never both.

    ``time_zone`` is the deck's IANA zone and ``holidays`` its holidays there (as 2026-12-25); both matter to bands
    alone. Steps stand in order of ``from_seconds``. An increment is priced by the band, or by the step, in which it
    begins. A call costs at most ``charge_max_micros``, connection fee included.
    """

    time_zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    bands: tuple[BandPrice, ...] = ()
    steps: tuple[PriceStep, ...] = ()
    charge_max_micros: int | None = None
    rounding: Rounding = Rounding()


class DeckTerms(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What a deck says once for all of its rates: when its bands are in force, and how it rounds."""

    time_zone: str = "UTC"
    holidays: tuple[str, ...] = ()
    bands: Mapping[str, tuple[Window, ...]] = {}
    rounding: Rounding = Rounding()


class OwnPrices(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """What one line of a deck adds to its price: bands by name, in the order in which they count, or steps; a maximum.

    Together with the deck's terms it makes a shape.
    """

    bands: tuple[tuple[str, int], ...] = ()
    steps: tuple[tuple[int, int], ...] = ()
    charge_max_micros: int | None = None


PLAIN_TERMS: Final = DeckTerms()
"""Of a deck without bands, whose prices are rounded up to the next millionth."""

PLAIN_PRICES: Final = OwnPrices()
"""Of a line whose price is flat."""


def shape_of(own: OwnPrices, terms: DeckTerms) -> PriceShape | None:
    """The shape of a price in a deck of those terms; None when nothing makes it other than flat.

    KeyError for a band that the deck does not know.
    """
    if own == PLAIN_PRICES and terms.rounding == PLAIN_TERMS.rounding:
        return None
    return PriceShape(
        time_zone=terms.time_zone if own.bands else PLAIN_TERMS.time_zone,
        holidays=terms.holidays if own.bands else (),
        bands=tuple(
            BandPrice(band=band, windows=terms.bands[band], price_per_minute_micros=price) for band, price in own.bands
        ),
        steps=tuple(PriceStep(from_seconds=start, price_per_minute_micros=price) for start, price in own.steps),
        charge_max_micros=own.charge_max_micros,
        rounding=terms.rounding,
    )


def own_prices(shape: PriceShape | None) -> OwnPrices:
    """What of a shape is the line's own, without what the deck says for all of its lines."""
    if shape is None:
        return PLAIN_PRICES
    return OwnPrices(
        bands=tuple((band.band, band.price_per_minute_micros) for band in shape.bands),
        steps=tuple((step.from_seconds, step.price_per_minute_micros) for step in shape.steps),
        charge_max_micros=shape.charge_max_micros,
    )


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
    """A published deck, indexed: per service, prefix → its rates, those bound to a country before those that are not.

    Among either, the latest ``effective_from`` stands first. ``services_with_origin`` are those of which a rate is
    bound to a country: for all others, nobody needs to find out where a call comes from. No prefix is longer than
    ``prefix_digits_max``.
    """

    rate_deck_id: str
    currency: str
    rates: Mapping[Service, Mapping[str, tuple[Rate, ...]]]
    services_with_origin: frozenset[Service] = frozenset()
    prefix_digits_max: int = PREFIX_DIGITS_MAX


def index_deck(rate_deck_id: str, currency: str, rates: Iterable[Rate]) -> RateDeck:
    """A deck ready for look-up. The rates were checked for overlap when they were imported."""
    index: dict[Service, Mapping[str, tuple[Rate, ...]]] = {}
    with_origin: set[Service] = set()
    for service, by_prefix in _by_service_and_prefix(rates).items():
        for found in by_prefix.values():
            if len(found) > 1:
                found.sort(key=lambda rate: rate.effective_from, reverse=True)
                found.sort(key=lambda rate: not rate.origin_country)
            if found[0].origin_country:
                with_origin.add(service)
        index[service] = {prefix: tuple(found) for prefix, found in by_prefix.items()}
    return RateDeck(
        rate_deck_id=rate_deck_id,
        currency=currency,
        rates=index,
        services_with_origin=frozenset(with_origin),
        prefix_digits_max=max((len(prefix) for by_prefix in index.values() for prefix in by_prefix), default=0),
    )


def find_rate(deck: RateDeck, service: Service, number: str, at: datetime, origin_country: str = "") -> Rate | None:
    """The rate in force at that instant for a number in E.164 form, or None when no prefix matches.

    The longest prefix counts first. At one prefix, a rate bound to ``origin_country`` (ISO 3166-1; empty: not known)
    comes before one from anywhere; a rate that is bound to another country never matches.
    """
    of_service = deck.rates.get(service)
    if of_service is None:
        return None
    digits = number[1 : deck.prefix_digits_max + 1]
    rates_of = of_service.get
    while digits:
        rates = rates_of(digits)
        if rates is not None:
            for rate in rates:
                if (
                    rate.effective_from <= at
                    and (rate.effective_to is None or at < rate.effective_to)
                    and (not rate.origin_country or rate.origin_country == origin_country)
                ):
                    return rate
        digits = digits[:-1]
    return None


def first_overlap(rates: Iterable[Rate]) -> tuple[Rate, Rate] | None:
    """Two rates of one service, prefix and origin that are in force at one instant, or None; such a deck is refused.

    The rate that begins first stands first. A rate whose end is not after its beginning is never in force.
    """
    for by_prefix in _by_service_and_prefix(rates).values():
        for of_prefix in by_prefix.values():
            # Nearly every prefix has one rate, and nearly all of the time would go into looking at it.
            overlap = _overlap_within(of_prefix) if len(of_prefix) > 1 else None
            if overlap is not None:
                return overlap
    return None


def _overlap_within(of_prefix: list[Rate]) -> tuple[Rate, Rate] | None:
    in_force = [rate for rate in of_prefix if rate.effective_to is None or rate.effective_from < rate.effective_to]
    in_force.sort(key=lambda rate: rate.effective_from)
    in_force.sort(key=lambda rate: rate.origin_country)
    # Ordered by their beginnings, rates of one origin overlap at all only where one reaches into its next.
    for rate, following in pairwise(in_force):
        if rate.origin_country == following.origin_country and (
            rate.effective_to is None or following.effective_from < rate.effective_to
        ):
            return rate, following
    return None


def _by_service_and_prefix(rates: Iterable[Rate]) -> dict[Service, dict[str, list[Rate]]]:
    grouped: dict[Service, dict[str, list[Rate]]] = {}
    for rate in rates:
        of_service = grouped.get(rate.service)
        if of_service is None:
            of_service = grouped[rate.service] = {}
        of_prefix = of_service.get(rate.prefix)
        if of_prefix is None:
            of_service[rate.prefix] = [rate]
        else:
            of_prefix.append(rate)
    return grouped
