"""Tariffs: the longest prefix in force prices the call, whatever the order of the deck."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from commcredits.core.commands import Service
from commcredits.core.tariffs import Rate, find_rate, first_overlap, index_deck
from tests.core.books import CALLEE, NOON, rate

DAY_ONE = datetime(2026, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
SERVICES = [Service.OUTBOUND, Service.TOLL_FREE_IN]

digits = st.text("14", min_size=1, max_size=5)
days = st.integers(0, 12)


def _at(day: int) -> datetime:
    return DAY_ONE + timedelta(days=day)


def _from(origin_country: str, one: Rate) -> Rate:
    return replace(one, origin_country=origin_country)


dated_rates: st.SearchStrategy[Rate] = st.builds(
    lambda prefix, service, begins, lasts, origin: _from(
        origin,
        rate(
            prefix=prefix,
            service=service,
            effective_from=_at(begins),
            effective_to=None if lasts is None else _at(begins + lasts),
        ),
    ),
    digits,
    st.sampled_from(SERVICES),
    days,
    st.one_of(st.none(), st.integers(1, 6)),
    st.sampled_from(["", "", "DE", "FR"]),
)


def _in_force(one: Rate, at: datetime) -> bool:
    return one.effective_from <= at and (one.effective_to is None or at < one.effective_to)


def _overlap(one: Rate, other: Rate) -> bool:
    # Where two rates are in force together, they are so when the later one begins.
    later = max(one.effective_from, other.effective_from)
    together = _in_force(one, later) and _in_force(other, later)
    same_key = (one.service, one.prefix, one.origin_country) == (other.service, other.prefix, other.origin_country)
    return together and same_key


def _without_overlap(drawn: list[Rate]) -> list[Rate]:
    kept: list[Rate] = []
    for each in drawn:
        if not any(_overlap(each, other) for other in kept):
            kept.append(each)
    return kept


@given(
    st.lists(dated_rates, max_size=40),
    st.sampled_from(SERVICES),
    st.text("14", min_size=5, max_size=8),
    days,
    st.sampled_from(["", "DE", "FR", "RO"]),
)
def test_the_rate_found_is_the_one_that_a_reader_of_the_whole_deck_would_pick(
    drawn: list[Rate], service: Service, number: str, day: int, origin: str
) -> None:
    deck = _without_overlap(drawn)
    at = _at(day)
    candidates = [
        each
        for each in deck
        if each.service is service
        and number.startswith(each.prefix)
        and _in_force(each, at)
        and each.origin_country in {"", origin}
    ]
    picked = max(candidates, key=lambda each: (len(each.prefix), each.origin_country), default=None)
    assert find_rate(index_deck("deck", "EUR", deck), service, "+" + number, at, origin) is picked


@given(st.lists(dated_rates, max_size=10))
def test_a_deck_says_for_which_services_it_matters_where_a_call_comes_from(drawn: list[Rate]) -> None:
    with_origin = {each.service for each in drawn if each.origin_country}
    assert index_deck("deck", "EUR", drawn).services_with_origin == with_origin


@given(st.lists(dated_rates, max_size=12))
def test_an_overlap_is_found_exactly_where_there_is_one(drawn: list[Rate]) -> None:
    overlaps = any(_overlap(one, other) for index, one in enumerate(drawn) for other in drawn[:index])
    found = first_overlap(drawn)
    assert (found is not None) == overlaps
    if found is not None:
        assert _overlap(*found)


def _price(deck: list[Rate], at: datetime = NOON) -> int | None:
    found = find_rate(index_deck("deck", "EUR", deck), Service.OUTBOUND, CALLEE, at)
    return None if found is None else found.price_per_minute_micros


def test_the_longest_prefix_prices_the_call() -> None:
    deck = [
        rate(prefix="4420", per_minute="0.02"),
        rate(prefix="44", per_minute="0.44"),
        rate(prefix="4", per_minute="4"),
    ]
    assert _price(deck) == 20_000


def test_an_expired_longer_prefix_falls_back_to_the_shorter_one_at_that_instant() -> None:
    ended = rate(prefix="4420", per_minute="0.02", effective_to=NOON)
    deck = [rate(prefix="44", per_minute="0.44"), ended]
    assert _price(deck, NOON - MICROSECOND) == 20_000
    assert _price(deck, NOON) == 440_000


def test_a_rate_of_the_future_does_not_price_a_call_of_today() -> None:
    deck = [rate(prefix="44", per_minute="0.44"), rate(prefix="4420", per_minute="0.02", effective_from=NOON)]
    assert _price(deck, NOON - MICROSECOND) == 440_000
    assert _price(deck, NOON) == 20_000


def test_a_new_price_follows_the_old_one_without_a_gap() -> None:
    deck = [rate(per_minute="0.44", effective_to=NOON), rate(per_minute="0.55", effective_from=NOON)]
    assert first_overlap(deck) is None
    assert [_price(deck, NOON - MICROSECOND), _price(deck, NOON)] == [440_000, 550_000]


def test_a_destination_that_no_prefix_matches_has_no_rate() -> None:
    assert _price([rate(prefix="40"), rate(prefix="445")]) is None
    assert _price([]) is None


def test_a_rate_prices_its_own_service_only() -> None:
    assert _price([rate(prefix="44", service=Service.TOLL_FREE_IN)]) is None


def test_at_one_prefix_a_rate_of_the_callers_country_comes_before_one_from_anywhere() -> None:
    anywhere, german = rate(per_minute="0.44"), _from("DE", rate(per_minute="0.04"))
    deck = index_deck("deck", "EUR", [anywhere, german])
    assert find_rate(deck, Service.OUTBOUND, CALLEE, NOON, "DE") is german
    assert find_rate(deck, Service.OUTBOUND, CALLEE, NOON, "FR") is anywhere
    assert find_rate(deck, Service.OUTBOUND, CALLEE, NOON) is anywhere


def test_a_longer_prefix_from_anywhere_comes_before_a_shorter_one_of_the_callers_country() -> None:
    longer, german = rate(prefix="4420"), _from("DE", rate(prefix="44"))
    deck = index_deck("deck", "EUR", [longer, german])
    assert find_rate(deck, Service.OUTBOUND, CALLEE, NOON, "DE") is longer


def test_a_rate_bound_to_another_country_never_matches() -> None:
    german, anywhere = _from("DE", rate(prefix="4420")), rate(prefix="44")
    assert find_rate(index_deck("deck", "EUR", [german]), Service.OUTBOUND, CALLEE, NOON, "FR") is None
    assert find_rate(index_deck("deck", "EUR", [german, anywhere]), Service.OUTBOUND, CALLEE, NOON) is anywhere


def test_a_rate_of_the_callers_country_that_has_ended_gives_way_to_one_from_anywhere() -> None:
    ended, anywhere = _from("DE", rate(effective_to=NOON)), rate()
    deck = index_deck("deck", "EUR", [ended, anywhere])
    assert find_rate(deck, Service.OUTBOUND, CALLEE, NOON - MICROSECOND, "DE") is ended
    assert find_rate(deck, Service.OUTBOUND, CALLEE, NOON, "DE") is anywhere


def test_rates_bound_to_different_countries_may_be_in_force_at_once() -> None:
    assert first_overlap([rate(), _from("DE", rate()), _from("FR", rate())]) is None
    twice = [_from("DE", rate()), _from("DE", rate(effective_from=NOON))]
    assert first_overlap([*twice, rate()]) == (twice[0], twice[1])


def test_a_prefix_may_be_the_whole_number() -> None:
    assert _price([rate(prefix=CALLEE[1:], per_minute="9"), rate(prefix="44")]) == 9_000_000


def test_two_rates_of_one_prefix_overlap_when_one_has_no_end() -> None:
    old, new = rate(effective_from=DAY_ONE), rate(effective_from=NOON)
    assert first_overlap([new, old]) == (old, new)


def test_a_rate_that_is_never_in_force_overlaps_nothing() -> None:
    never = rate(effective_from=NOON, effective_to=NOON)
    assert first_overlap([rate(effective_from=DAY_ONE), never]) is None


def test_a_hundred_thousand_dated_rates_of_one_prefix_are_checked_in_a_moment() -> None:
    hours = [NOON + timedelta(hours=hour) for hour in range(100_001)]
    deck = [rate(effective_from=begins, effective_to=ends) for begins, ends in pairwise(hours)]
    assert first_overlap(deck) is None
    assert len(index_deck("deck", "EUR", deck).rates[Service.OUTBOUND]["44"]) == 100_000
