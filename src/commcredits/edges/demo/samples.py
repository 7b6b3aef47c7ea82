"""What a sample organization is made of: people, licences, numbers, money, rules, and calls.

Knows the parts. Refuses to know which organizations there are (commcredits.edges.demo.world) and how any of it reaches
the product (commcredits.edges.demo.opening). Amounts are millionths of the organization's currency.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from commcredits.core.roster import DialOutPolicy, Licence, NumberPurpose, PartyKind
from commcredits.edges.demo.call_plans import Appointment, Caller, TrafficShape


class SampleNumberKind(StrEnum):
    """What a number of an organization is for, in the words of the administration interface."""

    USER = "user"
    TOLL = "toll"
    TOLL_FREE = "toll_free"


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleParty:
    """A user or resource account; ``display_name`` is a role, never a person. It is in its organization's country.

    ``dial_out`` None: the organization's own policy holds.
    """

    user_principal_name: str
    display_name: str
    kind: PartyKind = PartyKind.USER
    department: str = ""
    licences: tuple[Licence, ...] = ()
    dial_out: DialOutPolicy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleNumber:
    """A number of a sample organization; ``number`` is E.164 with "+", ``user`` the name of whom it serves, if any."""

    number: str
    kind: SampleNumberKind
    display_name: str
    purpose: NumberPurpose
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SamplePromotion:
    """A promotional fund lot of ``amount_micros`` that expires ``expires_after_seconds`` after it is granted."""

    amount_micros: int
    expires_after_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleAutoRecharge:
    """An auto-recharge rule."""

    recharge_amount_micros: int
    trigger_amount_micros: int
    monthly_cap_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRules:
    """What holds for the whole organization: a dial-out policy, how many calls at once, what departments may spend."""

    dial_out: DialOutPolicy = field(default_factory=DialOutPolicy)
    calls_max: int | None = None
    user_calls_max: int | None = None
    department_monthly_max_micros: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleHistory:
    """Calls that were made this month before the demonstration began: ``minutes`` from one number to another."""

    caller: str
    callee: str
    minutes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleOrganization:
    """An organization to open, staff, fund and let telephone.

    ``top_up_micros`` are the amounts bought at the start, in its currency. ``auto_recharge`` None means switched off.
    """

    name: str
    country: str
    currency: str
    time_zone: str
    language: str
    parties: tuple[SampleParty, ...]
    numbers: tuple[SampleNumber, ...]
    rules: SampleRules
    history: tuple[SampleHistory, ...]
    top_up_micros: tuple[int, ...]
    promotions: tuple[SamplePromotion, ...]
    auto_recharge: SampleAutoRecharge | None
    traffic: TrafficShape
    appointments: tuple[Appointment, ...]

    def caller(self) -> Caller:
        """This organization as the traffic planner sees it."""
        return Caller(
            name=self.name,
            user_numbers=self._numbers_of(SampleNumberKind.USER),
            toll_free_numbers=self._numbers_of(SampleNumberKind.TOLL_FREE),
            shape=self.traffic,
            appointments=self.appointments,
        )

    def licences(self) -> Mapping[Licence, int]:
        """How many of each licence its people have; Communications Credits are free, and so not among them."""
        counts = Counter(licence for party in self.parties for licence in party.licences)
        del counts[Licence.COMMUNICATIONS_CREDITS]
        return counts

    def _numbers_of(self, kind: SampleNumberKind) -> tuple[str, ...]:
        return tuple(each.number for each in self.numbers if each.kind is kind)
