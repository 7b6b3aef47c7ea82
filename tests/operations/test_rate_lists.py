"""The rates of a deck are listed a page at a time, each once, narrowed by what one looks for."""

from datetime import UTC, datetime
from typing import Any

import pytest

from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.paging import Page, write_cursor
from commcredits.operations.rate_lists import BandMinute, RateRecord, StepMinute, list_rates
from commcredits.operations.tariffs import RateDeckInfo, draft_rate_deck
from tests.operations.office import HEADER, NOON, Office, new_id

CONTENT = f"""{HEADER},origin_country,band_prices,steps,charge_max
44,United Kingdom,outbound,0.02,0,60,60,2020-01-01,2026-01-01,,,,
44,United Kingdom,outbound,0.03,0,60,60,2026-01-01,,,night:0.01;noon:0.05,,2.50
44,United Kingdom,outbound,0.01,0,60,60,2020-01-01,,DE,,,
447,United Kingdom mobile,outbound,0.2,0,60,60,2020-01-01,,,,600:0.1;1200:0.05,
40,Romania,outbound,0.006,0.01,30,6,2020-01-01,,,,,
44,United Kingdom,toll_free_in,0.05,0,1,1,0001-01-01,,,,,
""".encode()
TERMS = '{"bands": {"night": {"weekdays": "mon-sun", "to": "06:00"}, "noon": {"weekdays": "mon-sun", "from": "12:00"}}}'


@pytest.fixture
async def deck(office: Office) -> RateDeckInfo:
    drafted = await draft_rate_deck(
        office.services, command_id=new_id(), name="Deck", currency="EUR", lines=[CONTENT], terms=TERMS
    )
    assert isinstance(drafted, RateDeckInfo), drafted
    return drafted


async def listed(office: Office, deck: RateDeckInfo, limit: int = 50, **narrowed: Any) -> list[RateRecord]:
    items: list[RateRecord] = []
    cursor: str | None = None
    while True:
        page = await list_rates(office.services, rate_deck_id=deck.rate_deck_id, cursor=cursor, limit=limit, **narrowed)
        assert isinstance(page, Page), page
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


async def test_a_rate_is_shown_whole(office: Office, deck: RateDeckInfo) -> None:
    banded, _german, stepped = await listed(office, deck, service="outbound", prefix="44", at=NOON)
    assert banded == RateRecord(
        prefix="44",
        destination="United Kingdom",
        service=Service.OUTBOUND,
        origin_country="",
        price_per_minute_micros=30_000,
        connection_fee_micros=0,
        first_increment_seconds=60,
        next_increment_seconds=60,
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
        effective_to=None,
        band_prices=(
            BandMinute(band="night", price_per_minute_micros=10_000),
            BandMinute(band="noon", price_per_minute_micros=50_000),
        ),
        steps=(),
        charge_max_micros=2_500_000,
    )
    assert stepped.steps == (
        StepMinute(from_seconds=600, price_per_minute_micros=100_000),
        StepMinute(from_seconds=1_200, price_per_minute_micros=50_000),
    )


async def test_rates_come_in_order_each_once_whatever_the_size_of_a_page(office: Office, deck: RateDeckInfo) -> None:
    whole = await listed(office, deck)
    assert [(rate.service, rate.prefix, rate.origin_country, rate.effective_from.year) for rate in whole] == [
        ("outbound", "40", "", 2020),
        ("outbound", "44", "", 2020),
        ("outbound", "44", "", 2026),
        ("outbound", "44", "DE", 2020),
        ("outbound", "447", "", 2020),
        ("toll_free_in", "44", "", 1),
    ]
    for limit in (1, 2, 5, 6):
        assert await listed(office, deck, limit) == whole


@pytest.mark.parametrize(
    ("narrowed", "prefixes"),
    [
        ({"service": "toll_free_in"}, ["44"]),
        ({"service": "conference_dial_out"}, []),
        ({"prefix": "447"}, ["447"]),
        ({"prefix": "+447"}, ["447"]),
        ({"prefix": "4479"}, []),
        ({"destination": "mobile"}, ["447"]),
        ({"destination": "ROMANIA"}, ["40"]),
        ({"destination": "%"}, []),
        ({"at": datetime(2019, 1, 1, tzinfo=UTC)}, ["44"]),
        ({"at": datetime(2026, 1, 1, tzinfo=UTC), "service": "outbound"}, ["40", "44", "44", "447"]),
    ],
)
async def test_a_list_can_be_narrowed(
    office: Office, deck: RateDeckInfo, narrowed: dict[str, Any], prefixes: list[str]
) -> None:
    assert [rate.prefix for rate in await listed(office, deck, **narrowed)] == prefixes


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("service", "emergency"),
        ("service", ""),
        ("prefix", "0"),
        ("prefix", "44%"),
        ("prefix", "4" * 16),
        ("destination", "x" * 101),
        ("destination", "\x00"),
        ("limit", 0),
        ("limit", 201),
        ("cursor", ""),
        ("cursor", write_cursor("rates", "outbound", "44", "")),
        ("cursor", write_cursor("rates", "outbound", "44", "", "x")),
        ("cursor", write_cursor("rate_decks", "outbound", "44", "", "1")),
    ],
)
async def test_what_is_no_way_to_narrow_a_list_is_refused(
    office: Office, deck: RateDeckInfo, field: str, value: object
) -> None:
    given: dict[str, Any] = {"rate_deck_id": deck.rate_deck_id, "cursor": None, "limit": 10, field: value}
    refused = await list_rates(office.services, **given)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


async def test_a_deck_that_is_not_there_has_no_rates(office: Office) -> None:
    refused = await list_rates(office.services, rate_deck_id=new_id(), cursor=None, limit=10)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.UNKNOWN_RATE_DECK
