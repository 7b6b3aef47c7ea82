"""The sample organizations: three of them, each with a story that unfolds within the first minute.

Pure data. Everything is invented and says so: the companies carry "Demo" in their names, the users are desks and
rooms, the numbers are the regulators' or the metadata's examples. Refuses to know how any of it reaches the product.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from commcredits.core.commands import Service
from commcredits.edges.demo.call_plans import Caller, Route, TrafficShape
from commcredits.edges.demo.number_ranges import NumberKind

TIME_COMPRESSION: Final = 30
"""Call-seconds in a second of the demonstration, for which the amounts below are tuned: half an hour a minute."""

START_HOUR: Final = 10
"""Local hour at which the demonstration opens: the busiest one."""

SLICE_SECONDS: Final = 60
"""Slice that each call asks for: short enough that held money visibly becomes charged money."""

SEED: Final = 2026

_YEAR_SECONDS: Final = 365 * 24 * 3600


class SampleNumberKind(StrEnum):
    """What a number of an organization is for, in the words of the administration interface."""

    USER = "user"
    TOLL_FREE = "toll_free"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNumber:
    """A number of a sample organization; ``number`` is E.164 with "+", ``display_name`` a role, never a person."""

    number: str
    kind: SampleNumberKind
    display_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePromotion:
    """A promotional fund lot of ``amount_micros`` that expires ``expires_after_seconds`` after it is granted."""

    amount_micros: int
    expires_after_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAutoRecharge:
    """An auto-recharge rule, in millionths of the organization's currency."""

    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrganization:
    """An organization to open, fund and let telephone.

    ``top_up_micros`` are the amounts bought at the start, in its currency. ``auto_recharge`` None means switched off.
    """

    name: str
    country: str
    currency: str
    time_zone: str
    language: str
    numbers: tuple[SampleNumber, ...]
    top_up_micros: tuple[int, ...]
    promotions: tuple[SamplePromotion, ...]
    auto_recharge: SampleAutoRecharge | None
    traffic: TrafficShape

    def caller(self) -> Caller:
        """This organization as the traffic planner sees it."""
        return Caller(
            name=self.name,
            user_numbers=self._numbers_of(SampleNumberKind.USER),
            toll_free_numbers=self._numbers_of(SampleNumberKind.TOLL_FREE),
            shape=self.traffic,
        )

    def _numbers_of(self, kind: SampleNumberKind) -> tuple[str, ...]:
        return tuple(each.number for each in self.numbers if each.kind is kind)


def sample_organizations() -> tuple[SampleOrganization, ...]:
    """The three organizations of the demonstration.

    * Romania: the balance falls below its trigger within the first half minute, so auto-recharge buys funds once.
    * Germany: has a small welcome credit and no auto-recharge, so calls are soon refused for lack of funds.
    * United States: a promotional lot expires in the first minute with most of it unused.
    """
    return (_romania(), _germany(), _united_states())


def _romania() -> SampleOrganization:
    return SampleOrganization(
        name="Demo Carpați SRL",
        country="RO",
        currency="RON",
        time_zone="Europe/Bucharest",
        language="ro",
        numbers=(
            _user("+40211234501", "Recepție"),
            _user("+40211234502", "Birou vânzări 1"),
            _user("+40211234503", "Birou vânzări 2"),
            _user("+40211234504", "Sală de conferințe"),
            _toll_free("+40800123456", "Relații cu clienții"),
        ),
        top_up_micros=(100_000_000,),
        promotions=(),
        # One recharge outlasts the cool-down of the next at this rate of use, so that the demonstration runs on.
        auto_recharge=SampleAutoRecharge(
            recharge_amount_micros=250_000_000,
            trigger_amount_micros=95_000_000,
            monthly_cap_micros=2_500_000_000,
        ),
        traffic=TrafficShape(
            peak_calls_per_hour=180,
            routes=(
                *_routes(Service.OUTBOUND, 25, ("RO", NumberKind.FIXED)),
                *_routes(Service.OUTBOUND, 25, ("RO", NumberKind.MOBILE)),
                *_routes(
                    Service.OUTBOUND,
                    7,
                    ("MD", NumberKind.MOBILE),
                    ("IT", NumberKind.MOBILE),
                    ("ES", NumberKind.FIXED),
                    ("TR", NumberKind.MOBILE),
                    ("RS", NumberKind.MOBILE),
                ),
                *_routes(Service.CONFERENCE_DIAL_OUT, 3, ("HU", NumberKind.FIXED), ("BG", NumberKind.MOBILE)),
                *_routes(Service.TOLL_FREE_IN, 12, ("RO", NumberKind.MOBILE)),
            ),
        ),
    )


def _germany() -> SampleOrganization:
    return SampleOrganization(
        name="Demo Spree GmbH",
        country="DE",
        currency="EUR",
        time_zone="Europe/Berlin",
        language="en",
        numbers=(
            # Numbers that the German regulator keeps for films: nobody has them.
            _user("+493023125001", "Reception"),
            _user("+493023125002", "Sales desk 1"),
            _user("+493023125003", "Sales desk 2"),
            _user("+493023125004", "Meeting room"),
            _toll_free("+498001234567", "Service line"),
        ),
        top_up_micros=(),
        promotions=(SamplePromotion(amount_micros=4_000_000, expires_after_seconds=_YEAR_SECONDS),),
        auto_recharge=None,
        traffic=TrafficShape(
            peak_calls_per_hour=180,
            routes=(
                *_routes(Service.OUTBOUND, 20, ("DE", NumberKind.FIXED), ("DE", NumberKind.MOBILE)),
                *_routes(
                    Service.OUTBOUND,
                    9,
                    ("UA", NumberKind.MOBILE),
                    ("EG", NumberKind.MOBILE),
                    ("ZA", NumberKind.MOBILE),
                    ("JP", NumberKind.FIXED),
                    ("AU", NumberKind.MOBILE),
                ),
                *_routes(Service.CONFERENCE_DIAL_OUT, 3, ("FR", NumberKind.FIXED), ("PL", NumberKind.MOBILE)),
                *_routes(Service.TOLL_FREE_IN, 9, ("DE", NumberKind.FIXED)),
            ),
        ),
    )


def _united_states() -> SampleOrganization:
    return SampleOrganization(
        name="Demo Prairie Inc.",
        country="US",
        currency="USD",
        time_zone="America/New_York",
        language="en",
        numbers=(
            # 555-0100 to 555-0199 belong to nobody in the North American plan; 800 has one such number.
            _user("+12015550101", "Reception"),
            _user("+12015550102", "Sales desk 1"),
            _user("+12015550103", "Sales desk 2"),
            _user("+12015550104", "Meeting room"),
            _toll_free("+18005550199", "Customer care"),
        ),
        top_up_micros=(50_000_000,),
        promotions=(SamplePromotion(amount_micros=25_000_000, expires_after_seconds=35),),
        auto_recharge=SampleAutoRecharge(
            recharge_amount_micros=50_000_000,
            trigger_amount_micros=10_000_000,
            monthly_cap_micros=500_000_000,
        ),
        traffic=TrafficShape(
            peak_calls_per_hour=150,
            routes=(
                *_routes(Service.OUTBOUND, 50, ("US", NumberKind.FIXED_OR_MOBILE)),
                *_routes(
                    Service.OUTBOUND,
                    6,
                    ("CA", NumberKind.FIXED_OR_MOBILE),
                    ("MX", NumberKind.MOBILE),
                    ("IN", NumberKind.MOBILE),
                    ("GB", NumberKind.FIXED),
                    ("BR", NumberKind.MOBILE),
                ),
                *_routes(Service.CONFERENCE_DIAL_OUT, 4, ("GB", NumberKind.MOBILE), ("DE", NumberKind.FIXED)),
                *_routes(Service.TOLL_FREE_IN, 20, ("US", NumberKind.FIXED_OR_MOBILE)),
            ),
        ),
    )


def _user(number: str, display_name: str) -> SampleNumber:
    return SampleNumber(number=number, kind=SampleNumberKind.USER, display_name=display_name)


def _toll_free(number: str, display_name: str) -> SampleNumber:
    return SampleNumber(number=number, kind=SampleNumberKind.TOLL_FREE, display_name=display_name)


def _routes(service: Service, weight: int, *far_ends: tuple[str, NumberKind]) -> tuple[Route, ...]:
    return tuple(Route(weight=weight, service=service, country=country, kind=kind) for country, kind in far_ends)
