"""Two decks side by side: what a call at an instant would be priced by in each, and nothing passed over in silence."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.paging import Page, write_cursor
from commcredits.operations.rate_comparing import (
    RateDeckComparison,
    RateDifference,
    ServiceDifferences,
    compare_rate_decks,
    list_rate_differences,
)
from commcredits.operations.tariffs import RateDeckInfo, draft_rate_deck
from tests.operations.office import HEADER, NOON, Office, new_id

WIDE = f"{HEADER},origin_country,band_prices\n"
EARLIER = """40,Romania,outbound,0.006,0,30,6,2020-01-01,,,
44,United Kingdom,outbound,0.02,0,60,60,2020-01-01,,,
44,United Kingdom,outbound,0.01,0,60,60,2020-01-01,,DE,
45,Denmark,outbound,0.02,0,60,60,2020-01-01,,,
46,Sweden,outbound,0.02,0,60,60,2020-01-01,2026-06-01,,
46,Sweden,outbound,0.03,0,60,60,2026-06-01,,,
47,Norway,outbound,0.02,0,60,60,2020-01-01,,,night:0.01
48,Poland,outbound,0.02,0,60,60,2020-01-01,,,
40,Romania,toll_free_in,0.05,0,60,60,2020-01-01,,,
"""
LATER = """40,Romania,outbound,0.006,0,30,6,2026-10-01,,,
44,United Kingdom,outbound,0.03,0,60,60,2026-10-01,,,
45,Denmark,outbound,0.01,0.05,1,1,2026-10-01,,,
46,Sweden,outbound,0.03,0,60,60,2026-10-01,,,
47,Norway,outbound,0.02,0,60,60,2026-10-01,,,night:0.02
48,Poland and more,outbound,0.02,0,60,60,2026-10-01,,,
49,Germany,outbound,0.02,0,60,60,2026-10-01,,,
49,Germany,outbound,0.02,0,60,60,2020-01-01,2026-10-01,,
40,Romania,conference_dial_out,0.05,0,60,60,2026-10-01,,,
"""
NIGHT = '{"bands": {"night": {"weekdays": "mon-sun", "to": "06:00"}}}'


async def deck(office: Office, rows: str, terms: str = NIGHT, currency: str = "EUR") -> str:
    drafted = await draft_rate_deck(
        office.services,
        command_id=new_id(),
        name="Deck",
        currency=currency,
        lines=[(WIDE + rows).encode()],
        terms=terms,
    )
    assert isinstance(drafted, RateDeckInfo), drafted
    return drafted.rate_deck_id


async def differences(
    office: Office, earlier_id: str, later_id: str, limit: int = 50, **narrowed: Any
) -> list[RateDifference]:
    items: list[RateDifference] = []
    cursor: str | None = None
    while True:
        page = await list_rate_differences(
            office.services, earlier_id=earlier_id, later_id=later_id, cursor=cursor, limit=limit, **narrowed
        )
        assert isinstance(page, Page), page
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


def places(found: list[RateDifference]) -> list[tuple[str, str, str, str]]:
    shown = []
    for each in found:
        rate = each.earlier or each.later
        assert rate is not None
        shown.append((each.difference.value, rate.service.value, rate.prefix, rate.origin_country))
    return shown


async def compared(office: Office, earlier_id: str, later_id: str, at: datetime | None = None) -> RateDeckComparison:
    comparison = await compare_rate_decks(office.services, earlier_id=earlier_id, later_id=later_id, at=at)
    assert isinstance(comparison, RateDeckComparison), comparison
    return comparison


async def test_what_differs_is_listed_with_both_sides(office: Office) -> None:
    earlier_id, later_id = await deck(office, EARLIER), await deck(office, LATER)
    found = await differences(office, earlier_id, later_id)
    assert places(found) == [
        ("added", "conference_dial_out", "40", ""),
        ("changed", "outbound", "44", ""),
        ("removed", "outbound", "44", "DE"),
        ("changed", "outbound", "45", ""),
        ("changed", "outbound", "47", ""),
        ("changed", "outbound", "48", ""),
        ("added", "outbound", "49", ""),
        ("removed", "toll_free_in", "40", ""),
    ]
    denmark = found[3]
    assert denmark.earlier is not None
    assert denmark.later is not None
    assert (denmark.earlier.price_per_minute_micros, denmark.later.price_per_minute_micros) == (20_000, 10_000)
    assert (denmark.earlier.connection_fee_micros, denmark.later.connection_fee_micros) == (0, 50_000)
    assert (denmark.earlier.first_increment_seconds, denmark.later.first_increment_seconds) == (60, 1)
    norway = found[4]
    assert norway.later is not None
    assert norway.later.band_prices[0].price_per_minute_micros == 20_000
    assert (found[0].earlier, found[7].later) == (None, None)


async def test_pages_of_any_size_hold_each_difference_once(office: Office) -> None:
    earlier_id, later_id = await deck(office, EARLIER), await deck(office, LATER)
    whole = await differences(office, earlier_id, later_id)
    for limit in (1, 3, 8):
        assert await differences(office, earlier_id, later_id, limit) == whole


async def test_differences_can_be_narrowed(office: Office) -> None:
    earlier_id, later_id = await deck(office, EARLIER), await deck(office, LATER)
    assert places(await differences(office, earlier_id, later_id, service="toll_free_in")) == [
        ("removed", "toll_free_in", "40", "")
    ]
    assert places(await differences(office, earlier_id, later_id, difference="added")) == [
        ("added", "conference_dial_out", "40", ""),
        ("added", "outbound", "49", ""),
    ]


async def test_what_differs_is_counted_by_service(office: Office) -> None:
    comparison = await compared(office, await deck(office, EARLIER), await deck(office, LATER))
    counts = {
        each.service.value: (each.added, each.removed, each.changed, each.dearer, each.cheaper, each.unchanged)
        for each in comparison.services
    }
    assert counts == {
        "conference_dial_out": (1, 0, 0, 0, 0, 0),
        "outbound": (1, 1, 4, 1, 1, 2),
        "toll_free_in": (0, 1, 0, 0, 0, 0),
    }
    assert (comparison.at, comparison.terms_changed) == (NOON, ())
    assert (comparison.earlier_out_of_force, comparison.later_out_of_force) == (1, 1)


async def test_a_deck_that_is_not_in_force_yet_shows_as_such(office: Office) -> None:
    earlier_id, later_id = await deck(office, EARLIER), await deck(office, LATER)
    september = datetime(2026, 9, 1, tzinfo=UTC)
    comparison = await compared(office, earlier_id, later_id, september)
    assert comparison.later_out_of_force == 8
    assert places(await differences(office, earlier_id, later_id, at=september, difference="added")) == [
        ("added", "outbound", "49", "")
    ]


async def test_what_decks_say_otherwise_for_all_of_their_rates_is_named(office: Office) -> None:
    other = (
        '{"time_zone": "Europe/Bucharest", "holidays": ["2026-12-25"], "rounding": {"digits": 2},'
        ' "bands": {"night": {"weekdays": "mon-sun", "to": "07:00"}, "noon": {"weekdays": "mon"}}}'
    )
    comparison = await compared(office, await deck(office, EARLIER), await deck(office, EARLIER, other))
    assert comparison.terms_changed == ("time_zone", "holidays", "rounding", "bands.night", "bands.noon")


async def test_a_deck_does_not_differ_from_itself(office: Office) -> None:
    one = await deck(office, EARLIER)
    assert await differences(office, one, one) == []
    assert [(each.added, each.removed, each.changed) for each in (await compared(office, one, one)).services] == [
        (0, 0, 0),
        (0, 0, 0),
    ]


async def test_decks_of_two_currencies_cannot_be_compared(office: Office) -> None:
    one, other = await deck(office, EARLIER), await deck(office, EARLIER, currency="RON")
    for refused in (
        await compare_rate_decks(office.services, earlier_id=one, later_id=other),
        await list_rate_differences(office.services, earlier_id=one, later_id=other, cursor=None, limit=10),
    ):
        assert refused == Refused(code=RefusalCode.CURRENCY_MISMATCH, facts={"currency": "RON", "allowed": "EUR"})


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("earlier_id", "x", "rate_deck_id"),
        ("later_id", "x", "rate_deck_id"),
        ("service", "emergency", "service"),
        ("difference", "dearer", "difference"),
        ("limit", 0, "limit"),
        ("cursor", "x", "cursor"),
        ("cursor", write_cursor("rates", "outbound", "44", ""), "cursor"),
    ],
)
async def test_what_is_no_way_to_compare_is_refused(office: Office, field: str, value: object, named: str) -> None:
    one = await deck(office, EARLIER)
    given: dict[str, Any] = {"earlier_id": one, "later_id": one, "cursor": None, "limit": 10, field: value}
    refused = await list_rate_differences(office.services, **given)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, named)


async def test_a_deck_that_is_not_there_cannot_be_compared(office: Office) -> None:
    one = await deck(office, EARLIER)
    for earlier_id, later_id in ((one, new_id()), (new_id(), one)):
        refused = await compare_rate_decks(office.services, earlier_id=earlier_id, later_id=later_id)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.UNKNOWN_RATE_DECK


drawn_rates = st.lists(
    st.tuples(
        st.sampled_from(["40", "41", "4"]),
        st.sampled_from(["outbound", "toll_in"]),
        st.sampled_from(["", "DE"]),
        st.integers(0, 3),
        st.integers(0, 4),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda drawn: drawn[:3],
)


@given(drawn_rates, drawn_rates, st.integers(0, 5))
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
async def test_counts_and_pages_say_what_a_reader_of_both_decks_would_find(
    office: Office, earlier: list[Any], later: list[Any], day: int
) -> None:
    def rows(drawn: list[Any]) -> str:
        return "".join(
            f"{prefix},Somewhere,{service},{price},0,1,1,2026-01-0{begins + 1},,{origin},\n"
            for prefix, service, origin, price, begins in drawn
        )

    def in_force(drawn: list[Any]) -> dict[Any, int]:
        return {(service, prefix, origin): price for prefix, service, origin, price, begins in drawn if begins <= day}

    earlier_id, later_id = await deck(office, rows(earlier)), await deck(office, rows(later))
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
    before, after = in_force(earlier), in_force(later)

    found = places(await differences(office, earlier_id, later_id, limit=3, at=at))
    expected = sorted(
        (key, "added" if key not in before else "removed" if key not in after else "changed")
        for key in {*before, *after}
        if before.get(key) != after.get(key)
    )
    assert found == [(kind, *key) for key, kind in expected]

    comparison = await compared(office, earlier_id, later_id, at)
    for each in comparison.services:
        assert isinstance(each, ServiceDifferences)
        kinds = [kind for kind, service, _prefix, _origin in found if service == each.service]
        assert (each.added, each.removed, each.changed) == tuple(
            kinds.count(kind) for kind in ("added", "removed", "changed")
        )
    both = sum(1 for key in before if before[key] == after.get(key))
    assert sum(each.unchanged for each in comparison.services) == both
    assert comparison.earlier_out_of_force == len(earlier) - len(before)
