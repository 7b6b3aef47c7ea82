"""An organization's home: how its funds stand, what runs, what comes next, and what needs attention.

Knows where each fact is read, and asks for none that whoever looks may not see. Refuses to judge them: the core says
what matters (commcredits.core.attention). Reads few and short rows: a home is opened often.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.advice_forecast import DaysLeft
from commcredits.core.attention import CardEnd, Facts, FundFacts, Matter, PoolUse, matters
from commcredits.core.calendar import month_of
from commcredits.core.licensing import shortages
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.pools import pool_minutes, read_pool_key, shared_pools
from commcredits.core.roster import Roster
from commcredits.operations.advice import Advice, read_advice
from commcredits.operations.billing_details import get_billing_details
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.payment_methods import list_payment_methods
from commcredits.operations.permitting import reads
from commcredits.operations.recharging import AutoRecharge, read_auto_recharge
from commcredits.operations.recipients import list_recipients
from commcredits.operations.reports import Balance, read_balance
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.payments import PaymentMethodRecord
from commcredits.storage.rosters import load_roster

POOLS_SHOWN_MAX: Final = 6
UNUSUAL_DAYS: Final = 3
"""For how many days something unusual is told here."""

_OWN_POOLS: Final = "pool:MCOPSTN8:"
_DECEMBER: Final = 12
_REFUSED_SINCE: Final = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """What a home shows to one reader: None, or nothing, is what they may not see.

    ``live_calls`` is how many calls are in progress. ``days_left`` is None while no pace is known. ``pools`` are the
    fullest minute pools of this month, by the key that ``core.pools`` reads.
    """

    organization: Organization
    as_of: datetime
    mark: str
    balance: Balance | None
    days_left: DaysLeft | None
    live_calls: int | None
    rule: AutoRecharge | None
    methods: tuple[PaymentMethodRecord, ...]
    pools: tuple[PoolUse, ...]
    month_so_far_micros: int | None
    month_low_micros: int | None
    month_high_micros: int | None
    matters: tuple[Matter, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Money:
    """The funds of an organization, as they are read together."""

    balance: Balance
    rule: AutoRecharge | None


@reads(Permission.ORGANIZATION_READ)
async def read_home(services: Services, *, organization_id: str) -> Home | Refused:
    """The home of an organization, as much of it as the permissions of whoever asks let them see."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    granted = services.actor.permissions
    now = services.clock()
    # The mark is read first: what changes afterwards is told as a change.
    marks = await read_live_marks(services, organization_ids=(organization_id,))
    counts = await services.pool.fetchrow(
        load_statement("attention_counts"), services.shard_id, organization_id, now - _REFUSED_SINCE
    )
    if counts is None or isinstance(marks, Refused):
        return Refused(code=RefusalCode.UNKNOWN_ORGANIZATION, facts={"organization_id": organization_id})
    money = await _money(services, organization_id) if Permission.FUNDS_READ in granted else None
    if isinstance(money, Refused):
        return money
    methods = await _methods(services, organization_id) if Permission.PAYMENT_METHODS_READ in granted else ()
    advice = await _advice(services, organization_id) if Permission.ADVICE_READ in granted else None
    roster = await _roster(services, organization_id)
    pools = await _pools(services, organization, roster, now) if Permission.REPORTS_READ in granted else ()
    month = None if advice is None else advice.month
    facts = Facts(
        is_open=organization.status is OrganizationStatus.OPEN,
        has_rates=counts["has_rates"],
        funds=None
        if money is None
        else _fund_facts(money, advice, awaiting=counts["awaiting_approval"], ever_funded=counts["ever_funded"]),
        refused_calls=counts["refused_calls"] if granted & {Permission.CALLS_READ, Permission.FUNDS_READ} else 0,
        has_method=bool(methods) if Permission.PAYMENT_METHODS_READ in granted else None,
        cards=_cards(methods),
        pools=pools,
        blocks=counts["blocks"] if Permission.POLICIES_READ in granted else 0,
        short_licences=_short(roster) if Permission.USERS_READ in granted else (),
        unusual=_unusual(advice, now),
        disabled_endpoints=counts["disabled_endpoints"] if Permission.WEBHOOKS_READ in granted else 0,
        details_missing=await _details_missing(services, organization_id, granted),
        nobody_hears=await _nobody_hears(services, organization_id, granted),
        administrators=counts["administrators"] if Permission.ADMINISTRATORS_READ in granted else None,
    )
    return Home(
        organization=organization,
        as_of=now,
        mark=marks.get(organization_id, ""),
        balance=None if money is None else money.balance,
        days_left=None if month is None else month.days_left,
        live_calls=counts["live_calls"] if granted & {Permission.CALLS_READ, Permission.FUNDS_READ} else None,
        rule=None if money is None else money.rule,
        methods=methods,
        pools=tuple(sorted(pools, key=lambda pool: -pool.percent)[:POOLS_SHOWN_MAX]),
        month_so_far_micros=None if month is None or money is None else month.spent_micros,
        month_low_micros=None if month is None or money is None else month.total.low_micros,
        month_high_micros=None if month is None or money is None else month.total.high_micros,
        matters=matters(facts, now),
    )


@reads(Permission.ORGANIZATION_READ)
async def read_live_marks(services: Services, *, organization_ids: tuple[str, ...]) -> dict[str, str]:
    """For each organization a text that changes whenever its money, its calls or its people do; those that exist.

    For whoever watches many at once: one statement for all of them. Somebody of an organization is told of their own.
    """
    own = services.actor.organization_id
    wanted = [each for each in organization_ids if own in {None, each}]
    rows = await services.pool.fetch(load_statement("live_marks"), services.shard_id, wanted)
    return {str(row["organization_id"]): row["mark"] for row in rows}


async def _money(services: Services, organization_id: str) -> _Money | Refused:
    balance = await read_balance(services, organization_id=organization_id)
    rule = await read_auto_recharge(services, organization_id=organization_id)
    if isinstance(balance, Refused):
        return balance
    return rule if isinstance(rule, Refused) else _Money(balance=balance, rule=rule)


async def _methods(services: Services, organization_id: str) -> tuple[PaymentMethodRecord, ...]:
    found = await list_payment_methods(services, organization_id=organization_id)
    return () if isinstance(found, Refused) else tuple(found)


async def _advice(services: Services, organization_id: str) -> Advice | None:
    found = await read_advice(services, organization_id=organization_id)
    return None if isinstance(found, Refused) else found


async def _roster(services: Services, organization_id: str) -> Roster:
    async with services.pool.acquire() as connection:
        return await load_roster(connection, services.shard_id, organization_id) or Roster(version=0)


async def _pools(services: Services, organization: Organization, roster: Roster, now: datetime) -> tuple[PoolUse, ...]:
    rows = await services.pool.fetch(
        load_statement("list_pool_meters"),
        services.shard_id,
        organization.organization_id,
        month_of(now, organization.time_zone),
        _OWN_POOLS,
    )
    taken = {row["key"]: row["used"] + row["held"] for row in rows}
    return tuple(
        PoolUse(name=key, minutes=pool_minutes(roster, key, organization.country), taken=taken.get(key, 0))
        for key in shared_pools(roster, organization.country)
        if read_pool_key(key).licence
    )


def _fund_facts(money: _Money, advice: Advice | None, *, awaiting: int, ever_funded: bool) -> FundFacts:
    balance, rule = money.balance, money.rule
    left = None if advice is None or advice.month is None else advice.month.days_left
    ending = () if advice is None or advice.expiring is None else advice.expiring
    return FundFacts(
        available_micros=balance.available_micros,
        owed_micros=balance.owed_micros,
        ever_funded=ever_funded,
        post_usage=balance.post_usage,
        credit_line_micros=balance.credit_line_micros,
        credit_line_used_micros=balance.credit_line_used_micros,
        days_left=None if left is None else left.days,
        has_rule=rule is not None,
        rule_enabled=rule is not None and rule.enabled,
        standing=None if rule is None else rule.standing,
        suspended=rule is not None and rule.suspended,
        paused=None if rule is None else rule.paused,
        retry_at=None if rule is None else rule.retry_at,
        awaiting_approval=awaiting,
        expiring_micros=sum(each.lot.unused.micros for each in ending),
        expires_first_at=min((each.lot.expires_at for each in ending), default=None),
        rule_risk=None if advice is None else advice.rule_risk,
    )


def _cards(methods: tuple[PaymentMethodRecord, ...]) -> tuple[CardEnd, ...]:
    """Cards with a role, by the end of their last month."""
    return tuple(
        CardEnd(
            name=f"{each.brand} {each.last4}".strip(),
            ends_at=datetime(
                each.expiry_year + each.expiry_month // _DECEMBER, each.expiry_month % _DECEMBER + 1, 1, tzinfo=UTC
            ),
        )
        for each in methods
        if each.expiry_year is not None and each.expiry_month is not None and (each.is_default or each.is_backup)
    )


def _short(roster: Roster) -> tuple[tuple[str, int], ...]:
    """Licences of which more are assigned than were bought, and how many more."""
    assigned, bought = (
        {(code, country): count for name, count in counts.items() for code, _, country in (name.partition("/"),)}
        for counts in (roster.assigned, roster.purchased)
    )
    return tuple((each.licence.value, each.needed - each.purchased) for each in shortages(assigned, bought))


def _unusual(advice: Advice | None, now: datetime) -> int:
    if advice is None:
        return 0
    since = (now - timedelta(days=UNUSUAL_DAYS + 1)).date()
    return sum(each.anomaly.day >= since for each in advice.anomalies)


async def _details_missing(services: Services, organization_id: str, granted: frozenset[Permission]) -> bool:
    if services.receipts is None or Permission.RECEIPTS_READ not in granted:
        return False
    details = await get_billing_details(services, organization_id=organization_id)
    return not isinstance(details, Refused) and not details.address_lines


async def _nobody_hears(services: Services, organization_id: str, granted: frozenset[Permission]) -> bool:
    if not services.telling.mails or Permission.NOTICES_READ not in granted:
        return False
    recipients = await list_recipients(services, organization_id=organization_id)
    return not isinstance(recipients, Refused) and not recipients.chosen and recipients.default_address is None
