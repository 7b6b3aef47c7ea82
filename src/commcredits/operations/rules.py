"""The rules of an organization: dial-out policy, premium numbers, pools, calls of nobody's, caps and fraud limits.

Knows what rules may say. Refuses to know what they do to a call (core), and the settings of one user alone, which win
over these where there are any (commcredits.operations.people).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace

from commcredits.core.access import Permission
from commcredits.core.money import AMOUNT_MICROS_MAX, format_micros
from commcredits.core.outcomes import Refused
from commcredits.core.pools import POOLED
from commcredits.core.roster import CallsWithoutUser, DialOutPolicy, Licence, Limits, PoolSize, Roster
from commcredits.operations.audit_looks import at_rules
from commcredits.operations.inputs import invalid_input, refuse_name
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.people import DEPARTMENT_CHARACTERS_MAX
from commcredits.operations.permitting import acts, reads
from commcredits.operations.services import Services
from commcredits.storage.rosters import change_rules as write_rules
from commcredits.storage.rosters import changing_roster, load_roster

CALLS_MAX: Final = 1_000_000
"""Highest limit of calls at once. What has more has none."""

DESTINATION_FACTOR_MAX: Final = 1_000
"""Most times what is usual that a day to one country may cost."""

DEPARTMENTS_MAX: Final = 1_000
"""Most departments with a cap; every decision about a call reads the rules."""

_AMOUNTS: Final = (
    "user_monthly_max_micros",
    "user_hourly_max_micros",
    "destination_daily_max_micros",
    "toll_free_caller_daily_max_micros",
)
_AMOUNT_ALLOWED: Final = f"an amount from 0 to {format_micros(AMOUNT_MICROS_MAX)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What an administrator sets for a whole organization.

    ``pool_size_by`` says of each licence with shared minutes what its pools are counted by; those left out go by
    assignment. Limits are those of commcredits.core.roster, with the same meaning and the same units.
    """

    dial_out: DialOutPolicy = field(default_factory=DialOutPolicy)
    premium_allowed: bool = False
    calls_without_user: CallsWithoutUser = CallsWithoutUser.CREDITS
    pool_size_by: Mapping[Licence, PoolSize] = field(default_factory=dict)
    international_stops_both: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesRecord:
    """An organization's rules as they stand, and the currency of their amounts.

    They are not ``in_force`` in an organization that never had people or rules: all of its calls draw on credits.
    ``usual_daily_micros`` is what a day of calls to a country cost at most of late, kept where a limit rests on it.
    """

    rules: Rules
    in_force: bool
    currency: str
    usual_daily_micros: Mapping[str, int]


@reads(Permission.POLICIES_READ)
async def read_rules(services: Services, *, organization_id: str) -> RulesRecord | Refused:
    """The rules as they stand; the defaults, where nobody has set any."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with services.pool.acquire() as connection:
        roster = await load_roster(connection, services.shard_id, organization_id)
    return _record_of(roster, organization)


@acts(Permission.POLICIES_WRITE, look=at_rules)
async def save_rules(services: Services, *, organization_id: str, rules: Rules) -> RulesRecord | Refused:
    """Put these rules in force, whole, for every call that begins from now on; the same again changes nothing."""
    return await change_rules(services, organization_id=organization_id, change=lambda _before: rules)


@acts(Permission.POLICIES_WRITE, look=at_rules)
async def change_rules(
    services: Services, *, organization_id: str, change: Callable[[Rules], Rules]
) -> RulesRecord | Refused:
    """Put in force what ``change`` makes of the rules as they stand; nobody else changes them in between."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    async with (changing := changing_roster(services.pool, services.shard_id, organization_id)) as connection:
        before = await load_roster(connection, services.shard_id, organization_id)
        assert before is not None, "its row is locked"
        rules = change(_rules_of(before))
        refused = refuse_rules(rules)
        after = _with(before, rules)
        if refused is not None or (after == before and before.version):
            changing.withdraw()
        else:
            await write_rules(connection, services.shard_id, organization_id, after)
    return refused or _record_of(after, organization)


def refuse_rules(rules: Rules) -> Refused | None:
    """What is wrong with rules, by field, or None."""
    for licence in rules.pool_size_by:
        if licence not in POOLED:
            return invalid_input("pool_size_by", licence, f"by licence: {', '.join(POOLED)}")
    limits = rules.limits
    for name in ("calls_max", "user_calls_max"):
        calls: int | None = getattr(limits, name)
        if calls is not None and not 0 <= calls <= CALLS_MAX:
            return invalid_input(f"limits.{name}", str(calls), f"a whole number from 0 to {CALLS_MAX}")
    for name in _AMOUNTS:
        refused = _refuse_amount(f"limits.{name}", getattr(limits, name))
        if refused is not None:
            return refused
    if not 0 <= limits.destination_factor <= DESTINATION_FACTOR_MAX:
        allowed = f"a whole number from 0 to {DESTINATION_FACTOR_MAX}"
        return invalid_input("limits.destination_factor", str(limits.destination_factor), allowed)
    return _refuse_departments(limits.department_monthly_max_micros)


def _refuse_departments(caps: Mapping[str, int]) -> Refused | None:
    named = "limits.department_monthly_max"
    if len(caps) > DEPARTMENTS_MAX:
        return invalid_input(named, str(len(caps)), f"at most {DEPARTMENTS_MAX} departments")
    for department, cap_micros in caps.items():
        refused = refuse_name(named, department, DEPARTMENT_CHARACTERS_MAX) or _refuse_amount(named, cap_micros)
        if refused is not None:
            return refused
    return None


def _refuse_amount(named: str, amount_micros: int | None) -> Refused | None:
    if amount_micros is None or 0 <= amount_micros <= AMOUNT_MICROS_MAX:
        return None
    return invalid_input(named, str(amount_micros), _AMOUNT_ALLOWED)


def _rules_of(roster: Roster) -> Rules:
    return Rules(
        dial_out=roster.dial_out,
        premium_allowed=roster.premium_allowed,
        calls_without_user=roster.calls_without_user,
        pool_size_by={licence: roster.pool_size_by.get(licence.value, PoolSize.ASSIGNED) for licence in POOLED},
        international_stops_both=roster.international_stops_both,
        limits=roster.limits,
    )


def _with(roster: Roster, rules: Rules) -> Roster:
    return replace(
        roster,
        dial_out=rules.dial_out,
        premium_allowed=rules.premium_allowed,
        calls_without_user=rules.calls_without_user,
        pool_size_by={
            licence.value: size for licence, size in rules.pool_size_by.items() if size is not PoolSize.ASSIGNED
        },
        international_stops_both=rules.international_stops_both,
        limits=rules.limits,
    )


def _record_of(roster: Roster | None, organization: Organization) -> RulesRecord:
    standing = roster or Roster(version=0)
    return RulesRecord(
        rules=_rules_of(standing),
        in_force=roster is not None,
        currency=organization.currency,
        usual_daily_micros=standing.usual_daily_micros,
    )
