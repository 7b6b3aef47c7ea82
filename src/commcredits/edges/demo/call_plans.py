"""Plans the calls of the demonstration: who calls whom, when and for how long.

The plan is a pure function of its seed. All times are call-seconds, as they pass for the people on the telephone; the
generator that plays a plan may let them pass faster. Refuses to know any wire, price and clock.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from phonenumbers import PhoneMetadata

from commcredits.core.commands import Service
from commcredits.edges.demo.number_ranges import NumberKind, kind_descriptions

CALL_SECONDS_MAX: Final = 7_200
"""No planned call is longer: people hang up."""

# fmt: off
HOURLY_PERCENT: Final = (
     2,   1,   1,   1,   2,   4,  10,  30,
    65,  95, 100,  95,  70,  85,  95,  90,
    80,  60,  35,  25,  18,  12,   7,   4,
)
# fmt: on
"""Calls in each local hour, from midnight, as a share of the busiest: an office that works from eight to six."""


_INBOUND: Final = frozenset({Service.TOLL_FREE_IN, Service.TOLL_IN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A part of an organization's traffic: ``weight`` of it goes to (or comes from) such numbers.

    The far number is the metadata's example number of that country and kind with its last two digits drawn anew. The
    near one is drawn from ``own_numbers``; none given, from the user numbers, or the toll-free ones for calls to those.
    ``user`` is whose calls they are where the near number does not tell: the organizer of a conference.
    """

    weight: int
    service: Service
    country: str
    kind: NumberKind
    own_numbers: tuple[str, ...] = ()
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """A call that is made whatever chance brings, so that something certain happens: ``at_seconds`` of the plan.

    It is answered after a second. Numbers and ``user`` are those of PlannedCall.
    """

    at_seconds: int
    duration_seconds: int
    caller: str
    callee: str
    service: Service = Service.OUTBOUND
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficShape:
    """The distribution that an organization's calls follow.

    Arrivals are a Poisson process whose rate is ``peak_calls_per_hour`` in the busiest hour and HOURLY_PERCENT of it
    in the others. Of all calls ``answered_percent`` are answered, after a ring time that is exponential with the mean
    ``ring_seconds_mean``; answered calls last lognormally with ``duration_seconds_median`` and the shape
    ``duration_sigma`` (the standard deviation of the logarithm), so their mean is median · exp(sigma² / 2).
    """

    peak_calls_per_hour: int
    routes: tuple[Route, ...]
    duration_seconds_median: int = 90
    duration_sigma: float = 0.9
    ring_seconds_mean: int = 8
    answered_percent: int = 85


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whose calls are planned: the numbers that take part, and the shape of the traffic."""

    name: str
    user_numbers: tuple[str, ...]
    toll_free_numbers: tuple[str, ...]
    shape: TrafficShape
    appointments: tuple[Appointment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedCall:
    """A call that will be tried.

    ``arrival_seconds`` counts from the start of the plan. ``duration_seconds`` is how long both would talk if nothing
    cut them off; 0 means that nobody answers. Numbers are E.164 with "+". ``user`` is empty where the organization's
    own number tells whose call it is.
    """

    organization: str
    arrival_seconds: float
    ring_seconds: float
    duration_seconds: int
    service: Service
    caller: str
    callee: str
    user: str = ""


def planned_calls(callers: Iterable[Caller], *, seed: int, start_hour: int) -> Iterator[PlannedCall]:
    """The calls of all callers in the order of their arrival, without end.

    The clock of the plan starts at ``start_hour`` (0..23, local to each caller). Every caller draws from a generator
    of its own, so that adding one leaves the calls of the others as they were.
    """
    return heapq.merge(
        *(_calls_of(caller, _chance(f"{seed}/{caller.name}"), start_hour) for caller in callers),
        key=_arrival,
    )


def _chance(seed: str) -> Random:
    return Random(seed)  # noqa: S311 - sample calls need repeatable chance, not secrets


def _calls_of(caller: Caller, chance: Random, start_hour: int) -> Iterator[PlannedCall]:
    arrivals = _arrivals(caller.shape.peak_calls_per_hour, chance, start_hour)
    return heapq.merge(
        sorted((_appointed(caller, each) for each in caller.appointments), key=_arrival),
        (_call(caller, chance, arrival_seconds) for arrival_seconds in arrivals),
        key=_arrival,
    )


def _arrival(call: PlannedCall) -> float:
    return call.arrival_seconds


def _appointed(caller: Caller, appointment: Appointment) -> PlannedCall:
    return PlannedCall(
        organization=caller.name,
        arrival_seconds=appointment.at_seconds,
        ring_seconds=1,
        duration_seconds=appointment.duration_seconds,
        service=appointment.service,
        caller=appointment.caller,
        callee=appointment.callee,
        user=appointment.user,
    )


def _arrivals(peak_calls_per_hour: int, chance: Random, start_hour: int) -> Iterator[float]:
    """A Poisson process with an hourly changing rate, by thinning one that runs at the peak rate throughout."""
    arrival_seconds = 0.0
    while True:
        arrival_seconds += chance.expovariate(peak_calls_per_hour / 3600)
        hour = (start_hour + int(arrival_seconds // 3600)) % len(HOURLY_PERCENT)
        if chance.random() * 100 < HOURLY_PERCENT[hour]:
            yield arrival_seconds


def _call(caller: Caller, chance: Random, arrival_seconds: float) -> PlannedCall:
    shape = caller.shape
    route = chance.choices(shape.routes, weights=[route.weight for route in shape.routes])[0]
    far_number = _number_around(example_number(route.country, route.kind), chance)
    is_inbound = route.service in _INBOUND
    usual_numbers = caller.toll_free_numbers if route.service is Service.TOLL_FREE_IN else caller.user_numbers
    own_number = chance.choice(route.own_numbers or usual_numbers)
    is_answered = chance.random() * 100 < shape.answered_percent
    duration_seconds = round(chance.lognormvariate(math.log(shape.duration_seconds_median), shape.duration_sigma))
    return PlannedCall(
        organization=caller.name,
        arrival_seconds=arrival_seconds,
        ring_seconds=chance.expovariate(1 / shape.ring_seconds_mean),
        duration_seconds=min(max(duration_seconds, 1), CALL_SECONDS_MAX) if is_answered else 0,
        service=route.service,
        caller=far_number if is_inbound else own_number,
        callee=own_number if is_inbound else far_number,
        user=route.user,
    )


def example_number(country: str, kind: NumberKind) -> str:
    """The metadata's example of such a number, E.164 with "+"; raises ValueError when the country has none."""
    metadata = PhoneMetadata.metadata_for_region(country)
    description = kind_descriptions(metadata).get(kind) if metadata else None
    if metadata is None or description is None or description.example_number is None:
        raise ValueError(f"the numbering metadata has no {kind} number in {country!r}")
    return f"+{metadata.country_code}{description.example_number}"


def _number_around(number: str, chance: Random) -> str:
    return f"{number[:-2]}{chance.randrange(100):02}"
