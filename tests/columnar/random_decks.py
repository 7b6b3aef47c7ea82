"""Decks and call records drawn by dice that a number sets, and what the core makes of each record.

Prefixes nest, expire, follow one another and are bound to countries; prices are flat, banded, stepped, capped and
rounded in every way; calls begin around the nights in which clocks change, cross bands and days, or begin in a pool.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from commcredits.columnar.records import CallRecord
from commcredits.core.commands import Service
from commcredits.core.rating import price_micros, price_sum
from commcredits.core.tariffs import (
    PriceShape,
    PriceStep,
    Rate,
    RateDeck,
    Rounding,
    RoundingMode,
    Window,
    find_rate,
    index_deck,
)
from tests.core.shapes import ALL_DAYS, EVENTFUL, ZONES, band, window

YEAR: Final = datetime(2026, 1, 1, tzinfo=UTC)
SERVICES: Final = (Service.OUTBOUND, Service.CONFERENCE_DIAL_OUT, Service.TOLL_FREE_IN)
COUNTRIES: Final = ("RO", "US", "DE")
INCREMENTS: Final = ((1, 1), (6, 6), (30, 6), (60, 1), (60, 60), (60, 11), (12, 13), (1, 3_600), (3_600, 7))
WINDOWS: Final = (
    window("00:00", "08:00"),
    window("20:00", "24:00", holidays=True),
    window("08:00", "18:30", (0, 1, 2, 3, 4)),
    window("00:00", "24:00", (5, 6)),
    window("00:00", "24:00", (), holidays=True),
    window("02:30", "03:30"),
    window("01:45", "02:15", ALL_DAYS, holidays=True),
)
HOLIDAYS: Final = ("2026-03-29", "2026-10-25", "2026-12-25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a record costs and why, as the core says it; all None where no rate matches."""

    rate_prefix: str | None = None
    price_micros: int | None = None
    connection_fee_micros: int | None = None
    billed_seconds: int | None = None


def random_deck(dice: Random, prefixes: int, digits_max: int = 7) -> RateDeck:
    """A deck over so many prefixes, nested in one another, of which many have several rates."""
    shapes = [None, None, *(_shape(dice) for _ in range(12))]
    drawn = {
        (dice.choice(SERVICES), _digits(dice, 1, digits_max), dice.choice(("", "", *COUNTRIES)))
        for _ in range(prefixes)
    }
    rates: list[Rate] = []
    for service, prefix, country in sorted(drawn):
        begins = YEAR + timedelta(days=dice.randrange(-30, 200))
        for _ in range(dice.choice((1, 1, 1, 2, 3))):
            ends = begins + timedelta(days=dice.randrange(1, 90), microseconds=dice.choice((0, 0, 1, 999_999)))
            rates.append(_rate(dice, service, prefix, country, (begins, ends), dice.choice(shapes)))
            begins = ends + dice.choice((timedelta(0), timedelta(days=20)))
        if dice.random() < 0.5:
            rates.append(_rate(dice, service, prefix, country, (begins, None), dice.choice(shapes)))
    dice.shuffle(rates)
    return index_deck("deck", "EUR", rates)


def random_records(dice: Random, deck: RateDeck, count: int) -> list[CallRecord]:
    """So many calls, most of them to numbers that the deck has a prefix of."""
    known = [
        (service, prefix, rates[0]) for service, by_prefix in deck.rates.items() for prefix, rates in by_prefix.items()
    ]
    return [_record(dice, number, *dice.choice(known)) for number in range(count)]


def core_answer(deck: RateDeck, record: CallRecord) -> Answer:
    """What the core makes of a record, one call at a time."""
    rate = find_rate(deck, record.service, record.number, record.started_at, record.origin_country)
    if rate is None:
        return Answer()
    seconds = record.duration_seconds - record.included_seconds
    began_at = record.started_at + timedelta(seconds=record.included_seconds)
    summed = price_sum(rate, seconds, began_at)
    return Answer(
        rate_prefix=rate.prefix,
        price_micros=price_micros(rate, seconds, began_at),
        connection_fee_micros=summed.connection_fee_micros,
        billed_seconds=summed.billed_seconds,
    )


def _rate(
    dice: Random,
    service: Service,
    prefix: str,
    country: str,
    in_force: tuple[datetime, datetime | None],
    shape: PriceShape | None,
) -> Rate:
    first, following = dice.choice(INCREMENTS)
    return Rate(
        prefix=prefix,
        destination="Somewhere",
        service=service,
        price_per_minute_micros=_price(dice),
        connection_fee_micros=dice.choice((0, 0, 12_345, 500_000)),
        first_increment_seconds=first,
        next_increment_seconds=following,
        effective_from=in_force[0],
        effective_to=in_force[1],
        origin_country=country,
        shape=shape,
    )


def _shape(dice: Random) -> PriceShape:
    rounding = Rounding(digits=dice.choice((6, 6, 6, 5, 4, 3, 2, 1, 0)), mode=dice.choice(list(RoundingMode)))
    charge_max_micros = dice.choice((None, None, None, None, None, 0, 700_000, 20_000_000))
    if dice.random() < 0.6:
        return PriceShape(
            time_zone=dice.choice(ZONES),
            holidays=HOLIDAYS,
            bands=tuple(
                band(f"band {number}", _price(dice), *_windows(dice)) for number in range(dice.randrange(1, 4))
            ),
            charge_max_micros=charge_max_micros,
            rounding=rounding,
        )
    starts = sorted({dice.choice((0, 1, 59, 60, 61, 600, dice.randrange(1, 20_000))) for _ in range(3)})
    return PriceShape(
        steps=tuple(PriceStep(from_seconds=start, price_per_minute_micros=_price(dice)) for start in starts),
        charge_max_micros=charge_max_micros,
        rounding=rounding,
    )


def _windows(dice: Random) -> list[Window]:
    return dice.sample(WINDOWS, dice.randrange(1, 4))


def _price(dice: Random) -> int:
    return dice.choice((0, 1, 59, 61, 600_000, *(dice.randrange(5_000_000) for _ in range(8)), dice.randrange(10**12)))


def _record(dice: Random, number: int, service: Service, prefix: str, rate: Rate) -> CallRecord:
    duration = dice.choice((0, *(dice.randrange(limit) for limit in (70, 400, 400, 4_000, 4_000, 90_000))))
    edge = timedelta(microseconds=dice.choice((-1, 0, 1)))
    started_at = dice.choice(
        (
            YEAR + timedelta(seconds=dice.randrange(365 * 86_400), microseconds=dice.randrange(1_000_000)),
            dice.choice(EVENTFUL) + timedelta(seconds=dice.randrange(-20_000, 5_000)),
            rate.effective_from + edge,
            (rate.effective_to or YEAR) + edge,
        )
    )
    return CallRecord(
        call_id=f"call-{number}",
        service=service if dice.random() < 0.95 else dice.choice(SERVICES),
        number=f"+{prefix if dice.random() < 0.95 else ''}{_digits(dice, 1, 9)}",
        started_at=started_at,
        duration_seconds=duration,
        origin_country=dice.choice((rate.origin_country, "", *COUNTRIES)),
        included_seconds=dice.choice((0, 0, 0, 0, 0, 0, 60, 600, duration, duration + 1)),
    )


def _digits(dice: Random, shortest: int, longest: int) -> str:
    # Few digits, so that prefixes nest.
    return "".join(dice.choice("0147") for _ in range(dice.randint(shortest, longest)))
