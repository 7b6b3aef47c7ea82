"""Sums for an accountant: each account over a period, and the tax that is contained in the revenue of each month.

Knows debits and credits, and the operator's dated table of taxes. Refuses to know the law: whether tax is due on use,
and at which rate, that table says (domain.md §3, Tax).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.calendar import bounds_of, month_of
from commcredits.core.ledger import LedgerAccount
from commcredits.core.money import MICROS_PER_UNIT, divide_half_up
from commcredits.core.outcomes import Refused
from commcredits.core.taxes import TaxRow, TaxTreatment
from commcredits.operations.accounting import Period, check_period
from commcredits.operations.accounting_chart import chart_of
from commcredits.operations.inputs import invalid_input
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

MONTHS_MAX: Final = 60
"""Longest period whose tax on use is told, in months."""

_SUM_SECONDS_MAX: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSum:
    """One account in one currency, in millionths, debits positive: closing = opening + debit − credit."""

    account: LedgerAccount
    code: str
    name: str
    currency: str
    opening_micros: int
    debit_micros: int
    credit_micros: int
    closing_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxOnUse:
    """The tax that is contained in what organizations of one country used in one month, or in a part of it.

    Of ``revenue_micros``, nobody paid for the funds of ``given_micros``, and those of ``taxed_before_micros`` were
    taxed when they were bought; the rest is ``taxable_micros`` and contains ``tax_micros`` at ``rate_micros``.
    """

    month: str
    begins: datetime
    ends: datetime
    country: str
    currency: str
    rate_micros: int
    revenue_micros: int
    given_micros: int
    taxed_before_micros: int
    taxable_micros: int
    tax_micros: int


@reads(Permission.OPERATOR_ACCOUNTING)
async def sum_accounts(services: Services, period: Period) -> tuple[AccountSum, ...] | Refused:
    """Each account that ever moved, by currency; in each currency the columns add up to zero, debits less credits."""
    refused = await check_period(services, period)
    if refused is not None:
        return refused
    rows = await services.pool.fetch(
        load_statement("sum_accounts_of_period"),
        services.shard_id,
        period.begins,
        period.ends,
        period.organization_id,
        timeout=_SUM_SECONDS_MAX,
    )
    chart = chart_of(services.rules.account_codes)
    sums = []
    for row in rows:
        opening, debit, credit = (int(row[name] or 0) for name in ("opening_micros", "debit_micros", "credit_micros"))
        account = LedgerAccount(row["account"])
        sums.append(
            AccountSum(
                account=account,
                code=chart[account].code,
                name=chart[account].name,
                currency=row["currency"],
                opening_micros=opening,
                debit_micros=debit,
                credit_micros=credit,
                closing_micros=opening + debit - credit,
            )
        )
    return tuple(sums)


@reads(Permission.OPERATOR_ACCOUNTING)
async def tax_on_use(services: Services, period: Period) -> tuple[TaxOnUse, ...] | Refused:
    """The tax contained in the revenue of each month, for countries whose row says that it is due on use.

    Months are those of the clock in ``time_zone``; a month in which a rate changes has a line for each. Buyers who owe
    the tax themselves, by a row that says so of checked tax ids, are left out.
    """
    refused = await check_period(services, period)
    if refused is not None:
        return refused
    months = tuple(_months(period))
    if len(months) > MONTHS_MAX:
        return invalid_input("to", period.ends.isoformat(), f"at most {MONTHS_MAX} months after the beginning")
    found: list[TaxOnUse] = []
    for month, begins, ends in months:
        for row, since, until in _rows_in_force(services.funding.taxes, begins, ends):
            found.extend(await _sums(services, month, row, since, until))
    return tuple(found)


async def _sums(services: Services, month: str, row: TaxRow, begins: datetime, ends: datetime) -> list[TaxOnUse]:
    rows = await services.pool.fetch(
        load_statement("sum_revenue_taxed_on_use"),
        services.shard_id,
        begins,
        ends,
        row.country,
        row.reverse_charge_with_tax_id,
        timeout=_SUM_SECONDS_MAX,
    )
    sums = []
    for each in rows:
        revenue, given, before = (int(each[name]) for name in ("revenue_micros", "given_micros", "taxed_before_micros"))
        taxable = revenue - given - before
        sums.append(
            TaxOnUse(
                month=month,
                begins=begins,
                ends=ends,
                country=row.country,
                currency=each["currency"],
                rate_micros=row.rate_micros,
                revenue_micros=revenue,
                given_micros=given,
                taxed_before_micros=before,
                taxable_micros=taxable,
                # Revenue is gross: of 121, 21 are tax at 21 %.
                tax_micros=divide_half_up(taxable * row.rate_micros, MICROS_PER_UNIT + row.rate_micros),
            )
        )
    return sums


def _months(period: Period) -> Iterator[tuple[str, datetime, datetime]]:
    """Each month that the period touches, cut to the period."""
    begins = period.begins
    while begins < period.ends:
        month = month_of(begins, period.time_zone)
        _first, after = bounds_of(month, period.time_zone)
        ends = min(after, period.ends)
        yield month, begins, ends
        begins = ends


def _rows_in_force(
    rows: tuple[TaxRow, ...], begins: datetime, ends: datetime
) -> Iterator[tuple[TaxRow, datetime, datetime]]:
    """The rows that say "on use" at any time between two instants, each with when it was in force there."""
    by_country: dict[str, list[TaxRow]] = {}
    for row in sorted(rows, key=lambda each: each.effective_from):
        by_country.setdefault(row.country, []).append(row)
    for country in sorted(by_country):
        known = by_country[country]
        for row, following in zip(known, [*known[1:], None], strict=True):
            since = max(begins, row.effective_from)
            until = ends if following is None else min(ends, following.effective_from)
            if row.treatment is TaxTreatment.ON_USE and since < until:
                yield row, since, until
