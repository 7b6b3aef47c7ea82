"""A deck comes out of the database as it went in: origins, shapes, and what it says for all of its rates."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.commands import Service
from commcredits.core.tariffs import (
    DeckTerms,
    OwnPrices,
    Rate,
    RateDeck,
    Rounding,
    RoundingMode,
    Window,
    index_deck,
    shape_of,
)
from commcredits.storage.connection import Connection
from commcredits.storage.decks import (
    DeckHead,
    decode_prices,
    decode_terms,
    encode_prices,
    encode_terms,
    load_deck,
    publish_deck,
    write_deck,
)
from commcredits.storage.identifiers import IdentifierSource
from tests.core.shapes import shaped
from tests.operations.test_rate_deck_terms import all_terms

SHARD = 0
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TERMS = DeckTerms(
    time_zone="Europe/Bucharest",
    holidays=("2026-12-25",),
    bands={"night": (Window(weekdays=(0, 1), from_minute=0, to_minute=360, holidays=True),)},
    rounding=Rounding(digits=4, mode=RoundingMode.HALF_UP),
)
OWN = [
    OwnPrices(),
    OwnPrices(bands=(("night", 5_000),), charge_max_micros=1_000_000),
    OwnPrices(steps=((600, 5_000), (1_200, 3_000))),
    OwnPrices(charge_max_micros=0),
]
new_id = IdentifierSource()


def rates_under(terms: DeckTerms) -> list[Rate]:
    return [
        replace(shaped(shape_of(own, terms)), prefix=f"4{number}", origin_country=country)
        for number, own in enumerate(OWN)
        for country in ("", "DE")
    ]


async def written(database: Connection, rates: list[Rate], terms: DeckTerms) -> RateDeck:
    rate_deck_id = new_id()
    await publish_deck(
        database,
        SHARD,
        rate_deck_id=rate_deck_id,
        name="Deck",
        currency="EUR",
        rates=rates,
        published_at=NOON,
        terms=terms,
    )
    return await load_deck(database, SHARD, rate_deck_id)


async def test_a_deck_is_read_back_as_it_was_written(database: Connection) -> None:
    rates = rates_under(TERMS)
    deck = await written(database, rates, TERMS)
    assert deck == index_deck(deck.rate_deck_id, "EUR", rates)
    assert deck.services_with_origin == {Service.OUTBOUND}


async def test_a_deck_that_says_nothing_is_read_back_flat(database: Connection) -> None:
    deck = await written(database, [shaped()], DeckTerms())
    assert deck.rates[Service.OUTBOUND]["44"][0].shape is None


async def test_what_the_deck_says_once_is_not_repeated_in_its_rates(database: Connection) -> None:
    await written(database, rates_under(TERMS), TERMS)
    stored = {row["shape"] for row in await database.fetch("select distinct shape from rates")}
    assert stored == {
        None,
        '{"bands":[["night",5000]],"charge_max_micros":1000000}',
        '{"steps":[[600,5000],[1200,3000]]}',
        '{"charge_max_micros":0}',
    }


async def test_equal_shapes_and_names_are_one_object_once_read(database: Connection) -> None:
    rates = [replace(shaped(shape_of(OWN[1], TERMS)), prefix=str(prefix)) for prefix in range(40, 50)]
    deck = await written(database, rates, TERMS)
    read = [found[0] for found in deck.rates[Service.OUTBOUND].values()]
    assert len({id(rate.shape) for rate in read}) == 1
    assert len({id(rate.destination) for rate in read}) == 1
    assert len({id(rate.effective_from) for rate in read}) == 1


async def test_a_draft_is_read_by_those_alone_who_ask_for_drafts(database: Connection) -> None:
    head = DeckHead(rate_deck_id=new_id(), name="Draft", currency="EUR", created_at=NOON, published_at=None)
    told: list[int] = []
    await write_deck(database, SHARD, head, [shaped()], told.append)

    with pytest.raises(LookupError):
        await load_deck(database, SHARD, head.rate_deck_id)
    assert len((await load_deck(database, SHARD, head.rate_deck_id, drafts=True)).rates) == 1
    assert told == [0, 1]


async def test_a_deck_of_many_rates_is_read_whole(database: Connection) -> None:
    rates = [replace(shaped(), prefix=str(prefix)) for prefix in range(10_000, 13_500)]
    deck = await written(database, rates, DeckTerms())
    assert len(deck.rates[Service.OUTBOUND]) == 3_500


own_prices = st.builds(
    OwnPrices,
    bands=st.lists(st.tuples(st.text(max_size=5), st.integers(0, 10**12)), max_size=3).map(tuple),
    steps=st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**12)), max_size=3).map(tuple),
    charge_max_micros=st.none() | st.integers(0, 10**12),
)


@given(own_prices, own_prices)
def test_prices_are_read_back_as_they_were_written_and_equal_ones_have_equal_texts(
    one: OwnPrices, other: OwnPrices
) -> None:
    assert decode_prices(encode_prices(one)) == one
    assert (encode_prices(one) == encode_prices(other)) == (one == other)


@given(all_terms)
def test_terms_are_read_back_as_they_were_written(terms: DeckTerms) -> None:
    assert decode_terms(encode_terms(terms)) == terms
