"""Planned calls follow the distributions that their shape states, the same ones every time."""

import statistics
from dataclasses import replace
from itertools import islice, pairwise, takewhile

import pytest

from commcredits.core.commands import Service
from commcredits.edges.demo.call_plans import (
    CALL_SECONDS_MAX,
    HOURLY_PERCENT,
    Appointment,
    Caller,
    PlannedCall,
    Route,
    TrafficShape,
    example_number,
    planned_calls,
)
from commcredits.edges.demo.number_ranges import NumberKind

DAY_SECONDS = 24 * 3600

SHAPE = TrafficShape(
    peak_calls_per_hour=1_500,
    duration_seconds_median=90,
    duration_sigma=0.9,
    ring_seconds_mean=8,
    answered_percent=85,
    routes=(
        Route(weight=60, service=Service.OUTBOUND, country="RO", kind=NumberKind.FIXED),
        Route(weight=25, service=Service.OUTBOUND, country="DE", kind=NumberKind.MOBILE),
        Route(weight=15, service=Service.TOLL_FREE_IN, country="RO", kind=NumberKind.MOBILE),
    ),
)


def _caller(name: str = "Demo", shape: TrafficShape = SHAPE) -> Caller:
    return Caller(name=name, user_numbers=("+40211234501",), toll_free_numbers=("+40800123456",), shape=shape)


def _day(*callers: Caller, seed: int = 7, start_hour: int = 0) -> list[PlannedCall]:
    plan = planned_calls(callers or (_caller(),), seed=seed, start_hour=start_hour)
    return list(takewhile(lambda call: call.arrival_seconds < DAY_SECONDS, plan))


def test_the_same_seed_plans_the_same_calls_and_another_seed_others() -> None:
    assert _day(seed=7) == _day(seed=7)
    assert _day(seed=7) != _day(seed=8)


def test_calls_come_in_the_order_of_their_arrival() -> None:
    arrivals = [call.arrival_seconds for call in _day(_caller("One"), _caller("Two"))]

    assert arrivals == sorted(arrivals)


def test_another_organization_leaves_the_calls_of_the_first_as_they_were() -> None:
    together = [call for call in _day(_caller("One"), _caller("Two")) if call.organization == "One"]

    assert together == _day(_caller("One"))


def test_each_hour_brings_its_share_of_the_busiest() -> None:
    calls = _day()

    for hour, percent in enumerate(HOURLY_PERCENT):
        expected = SHAPE.peak_calls_per_hour * percent / 100
        counted = sum(hour <= call.arrival_seconds / 3600 < hour + 1 for call in calls)
        assert abs(counted - expected) < 5 * expected**0.5  # five standard deviations of a Poisson count


def test_the_plan_starts_at_the_hour_asked_for() -> None:
    first_hour = [call for call in _day(start_hour=10) if call.arrival_seconds < 3600]

    assert len(first_hour) == pytest.approx(SHAPE.peak_calls_per_hour, rel=0.1)


def test_arrivals_are_poisson_so_gaps_spread_as_much_as_they_last() -> None:
    busy = [call.arrival_seconds for call in _day(start_hour=10) if call.arrival_seconds < 3600]
    gaps = [later - earlier for earlier, later in pairwise(busy)]

    assert statistics.stdev(gaps) == pytest.approx(statistics.mean(gaps), rel=0.1)


def test_durations_are_lognormal_around_their_median() -> None:
    durations = sorted(call.duration_seconds for call in _day() if call.duration_seconds)
    quantiles = statistics.quantiles(durations, n=100)

    assert statistics.median(durations) == pytest.approx(90, rel=0.05)
    assert quantiles[83] == pytest.approx(90 * 2.718**0.9, rel=0.07)  # one sigma up
    assert durations[0] >= 1
    assert durations[-1] <= CALL_SECONDS_MAX


def test_the_stated_share_of_calls_is_answered() -> None:
    calls = _day()

    assert sum(call.duration_seconds > 0 for call in calls) / len(calls) == pytest.approx(0.85, abs=0.02)


def test_calls_are_spread_over_the_routes_by_weight() -> None:
    calls = _day()
    inbound = [call for call in calls if call.service is Service.TOLL_FREE_IN]
    abroad = [call for call in calls if call.callee.startswith("+49")]

    assert len(inbound) / len(calls) == pytest.approx(0.15, abs=0.02)
    assert len(abroad) / len(calls) == pytest.approx(0.25, abs=0.02)


def test_a_toll_free_call_comes_in_and_every_other_goes_out() -> None:
    for call in islice(_day(), 500):
        own = call.callee if call.service is Service.TOLL_FREE_IN else call.caller
        assert own == ("+40800123456" if call.service is Service.TOLL_FREE_IN else "+40211234501")


def test_a_route_of_certain_numbers_leaves_the_others_alone() -> None:
    bridge = Route(
        weight=1,
        service=Service.CONFERENCE_DIAL_OUT,
        country="HU",
        kind=NumberKind.FIXED,
        own_numbers=("+40211234511",),
        user="room@example.com",
    )
    calls = _day(_caller(shape=replace(SHAPE, routes=(bridge,))))

    assert {(call.caller, call.user) for call in calls} == {("+40211234511", "room@example.com")}


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_an_appointment_is_kept_among_the_calls_of_chance() -> None:
    appointment = Appointment(at_seconds=5_000, duration_seconds=720, caller="+40211234501", callee="+40712034567")
    before = _day(start_hour=10)
    calls = _day(replace(_caller(), appointments=(appointment,)), start_hour=10)

    (kept,) = [call for call in calls if call not in before]
    assert (kept.arrival_seconds, kept.duration_seconds, kept.caller) == (5_000, 720, "+40211234501")
    assert [call for call in calls if call != kept] == before
    assert calls == sorted(calls, key=lambda call: call.arrival_seconds)


def test_a_country_without_such_numbers_has_no_example_of_one() -> None:
    with pytest.raises(ValueError, match="RO"):
        example_number("RO", NumberKind.PAGER)
