"""What the JSON bodies of answers about rates hold, made from the records of the operations.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.commands import Service
from commcredits.core.money import format_micros
from commcredits.core.rating import PriceSum as PriceSumRecord
from commcredits.core.tariffs import DeckTerms, RoundingMode
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Seconds, Time, time, time_or_none
from commcredits.operations.rate_comparing import Difference
from commcredits.operations.rate_comparing import RateDeckComparison as RateDeckComparisonRecord
from commcredits.operations.rate_comparing import RateDifference as RateDifferenceRecord
from commcredits.operations.rate_deck_life import RateDeckMoved as RateDeckMovedRecord
from commcredits.operations.rate_deck_terms import terms_document
from commcredits.operations.rate_explaining import RateExplanation as RateExplanationRecord
from commcredits.operations.rate_explaining import Verdict
from commcredits.operations.rate_lists import RateRecord
from commcredits.operations.tariffs import RateDeckInfo
from commcredits.storage.decks import RateDeckState

Sixtieths = Annotated[
    int,
    Field(
        description="Exact, in sixtieths of a millionth: prices are per minute, and a minute has sixty seconds.",
        examples=[360_000],
    ),
]


class RateDeck(BaseModel):
    """A rate deck. Published, it never changes; ``in_force_at`` null: it was published for at once."""

    rate_deck_id: Identity
    name: str
    currency: Currency
    rate_count: int
    state: RateDeckState
    created_at: Time
    published_at: Time | None
    in_force_at: Time | None
    replaces_rate_deck_id: Identity | None
    rolled_back_at: Time | None


class RateDeckMoved(BaseModel):
    """A deck whose life went on, and who is on which deck.

    ``organizations`` are those on the deck that counts from now on; ``left`` names some that stayed where they were,
    because they have yet another deck laid ready.
    """

    deck: RateDeck
    organizations: int
    left: list[Identity]


class BandWindow(BaseModel):
    """When a band is in force, by the clock on the wall of the deck's time zone."""

    weekdays: str | None = None
    begins: str = Field(alias="from")
    ends: str = Field(alias="to")
    holidays: bool


class Rounding(BaseModel):
    """To how many decimal digits, and which way, the price of a whole call is rounded."""

    digits: int
    mode: RoundingMode


class RateDeckTerms(BaseModel):
    """What a deck says once for all of its rates."""

    time_zone: str
    holidays: list[str]
    bands: dict[str, list[BandWindow]]
    rounding: Rounding


class BandPrice(BaseModel):
    """What a minute costs while a band is in force; the first one that is in force counts."""

    band: str
    price_per_minute: Amount


class StepPrice(BaseModel):
    """What a minute costs from that second of a call on."""

    from_seconds: Seconds
    price_per_minute: Amount


class Rate(BaseModel):
    """One rate of a deck. ``origin_country`` empty: calls from anywhere."""

    prefix: str
    destination: str
    service: Service
    origin_country: str
    price_per_minute: Amount
    connection_fee: Amount
    first_increment: Seconds
    next_increment: Seconds
    effective_from: Time
    effective_to: Time | None
    band_prices: list[BandPrice]
    steps: list[StepPrice]
    charge_max: Amount | None


class RateDifference(BaseModel):
    """A rate that two decks do not agree on; null where a deck has none."""

    difference: Difference
    earlier: Rate | None
    later: Rate | None


class ServiceDifferences(BaseModel):
    """Counts of one service. Of the changed ones, some are dearer or cheaper by their price per minute."""

    service: Service
    added: int
    removed: int
    changed: int
    dearer: int
    cheaper: int
    unchanged: int


class RateDeckComparison(BaseModel):
    """Two decks by what is in force in each at one instant; what is not in force is counted, not compared."""

    earlier: RateDeck
    later: RateDeck
    at: Time
    terms_changed: list[str]
    services: list[ServiceDifferences]
    earlier_out_of_force: int
    later_out_of_force: int


class Candidate(BaseModel):
    """A rate whose prefix the number has, and what became of it."""

    rate: Rate
    verdict: Verdict


class PricePart(BaseModel):
    """Increments that cost the same: how many begin from that second on, and what they cost."""

    begins_second: Seconds
    increments: int
    seconds: Seconds
    price_per_minute: Amount
    band: str
    cost_sixtieths: Sixtieths


class PriceSum(BaseModel):
    """A price with every step of its sum.

    The connection fee, the parts and what rounding added, less what lies above the maximum charge.
    """

    price: Amount
    billed_seconds: Seconds
    connection_fee: Amount
    parts: list[PricePart]
    rounding_sixtieths: Sixtieths
    above_maximum: Amount


class RateExplanation(BaseModel):
    """The rate of a call and its price, with every reason; ``rate`` and ``sum`` are null when no rate prices it."""

    deck: RateDeck
    number: str
    service: Service
    at: Time
    seconds: Seconds
    origin_country: str
    candidates: list[Candidate]
    rate: Rate | None
    sum: PriceSum | None
    rounding: Rounding
    time_zone: str


def rate_deck(record: RateDeckInfo) -> RateDeck:
    """A deck as it is answered."""
    return RateDeck(
        rate_deck_id=record.rate_deck_id,
        name=record.name,
        currency=record.currency,
        rate_count=record.rate_count,
        state=record.state,
        created_at=time(record.created_at),
        published_at=time_or_none(record.published_at),
        in_force_at=time_or_none(record.in_force_at),
        replaces_rate_deck_id=record.replaces_rate_deck_id,
        rolled_back_at=time_or_none(record.rolled_back_at),
    )


def rate_deck_moved(record: RateDeckMovedRecord) -> RateDeckMoved:
    """A deck whose life went on, as it is answered."""
    return RateDeckMoved(deck=rate_deck(record.deck), organizations=record.organizations, left=list(record.left))


def rate_deck_terms(terms: DeckTerms) -> RateDeckTerms:
    """A deck's terms as they are answered."""
    return RateDeckTerms.model_validate(terms_document(terms))


def rate(record: RateRecord) -> Rate:
    """A rate as it is answered."""
    return Rate(
        prefix=record.prefix,
        destination=record.destination,
        service=record.service,
        origin_country=record.origin_country,
        price_per_minute=format_micros(record.price_per_minute_micros),
        connection_fee=format_micros(record.connection_fee_micros),
        first_increment=record.first_increment_seconds,
        next_increment=record.next_increment_seconds,
        effective_from=time(record.effective_from),
        effective_to=time_or_none(record.effective_to),
        band_prices=[
            BandPrice(band=each.band, price_per_minute=format_micros(each.price_per_minute_micros))
            for each in record.band_prices
        ],
        steps=[
            StepPrice(from_seconds=each.from_seconds, price_per_minute=format_micros(each.price_per_minute_micros))
            for each in record.steps
        ],
        charge_max=None if record.charge_max_micros is None else format_micros(record.charge_max_micros),
    )


def rate_difference(record: RateDifferenceRecord) -> RateDifference:
    """A difference as it is answered."""
    return RateDifference(
        difference=record.difference,
        earlier=None if record.earlier is None else rate(record.earlier),
        later=None if record.later is None else rate(record.later),
    )


def rate_deck_comparison(record: RateDeckComparisonRecord) -> RateDeckComparison:
    """A comparison as it is answered."""
    return RateDeckComparison(
        earlier=rate_deck(record.earlier),
        later=rate_deck(record.later),
        at=time(record.at),
        terms_changed=list(record.terms_changed),
        services=[
            ServiceDifferences(
                service=each.service,
                added=each.added,
                removed=each.removed,
                changed=each.changed,
                dearer=each.dearer,
                cheaper=each.cheaper,
                unchanged=each.unchanged,
            )
            for each in record.services
        ],
        earlier_out_of_force=record.earlier_out_of_force,
        later_out_of_force=record.later_out_of_force,
    )


def rate_explanation(record: RateExplanationRecord) -> RateExplanation:
    """An explanation as it is answered."""
    return RateExplanation(
        deck=rate_deck(record.deck),
        number=record.number,
        service=record.service,
        at=time(record.at),
        seconds=record.seconds,
        origin_country=record.origin_country,
        candidates=[Candidate(rate=rate(each.rate), verdict=each.verdict) for each in record.candidates],
        rate=None if record.rate is None else rate(record.rate),
        sum=None if record.sum is None else _price_sum(record.sum),
        rounding=Rounding(digits=record.rounding.digits, mode=record.rounding.mode),
        time_zone=record.time_zone,
    )


def _price_sum(record: PriceSumRecord) -> PriceSum:
    return PriceSum(
        price=format_micros(record.price_micros),
        billed_seconds=record.billed_seconds,
        connection_fee=format_micros(record.connection_fee_micros),
        parts=[
            PricePart(
                begins_second=part.begins_second,
                increments=part.increments,
                seconds=part.seconds,
                price_per_minute=format_micros(part.price_per_minute_micros),
                band=part.band,
                cost_sixtieths=part.cost_sixtieths,
            )
            for part in record.parts
        ],
        rounding_sixtieths=record.rounding_sixtieths,
        above_maximum=format_micros(record.above_maximum_micros),
    )
