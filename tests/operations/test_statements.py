"""A statement is the ledger's own word for a month: it adds up, it hands on to the next one, and it never changes."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from commcredits.core.commands import CorrectCall, ExpireLots
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations import statements
from commcredits.operations.refunds import refund_top_up
from commcredits.operations.spending_journal import sum_journal
from commcredits.operations.statements import Statement, StatementEntry, get_statement, list_statements
from tests.operations.books import fill_books
from tests.operations.call_files import new_deck
from tests.operations.office import NOON, Office, new_id
from tests.operations.periods import CHEAPER
from tests.operations.till import FIFTY, Till

UNIT = 1_000_000
AWAY_FROM_CREDITS = {
    TransferReason.CALL_OWED,
    TransferReason.DEBT_CORRECTION,
    TransferReason.TAX,
    TransferReason.GATEWAY_FEE,
    TransferReason.DISPUTE_LOST,
}
"""Reasons for which the balance never moves, as the check of the books has them."""


async def statement(office: Office, organization_id: str, month: str = "") -> Statement:
    found = await get_statement(office.services, organization_id=organization_id, month=month)
    assert isinstance(found, Statement), found
    return found


async def ledger(office: Office, organization_id: str, account: LedgerAccount, until: datetime) -> int:
    """What the journal brought to an account before an instant, less what it took: added up by the database."""
    return int(
        await office.services.pool.fetchval(
            """select coalesce(sum(case when target = $2 then amount_micros else -amount_micros end), 0)
            from journal where organization_id = $1 and $2 in (source, target) and at < $3""",
            organization_id,
            account.value,
            until,
        )
    )


def test_every_reason_for_which_the_balance_moves_has_its_line() -> None:
    assert set(TransferReason) - AWAY_FROM_CREDITS == set(statements.ENTRY_OF_REASON)


async def test_statements_of_books_with_everything_in_them_are_the_journal(office: Office) -> None:
    await fill_books(office)
    rows = await office.services.pool.fetch("select organization_id, posted_micros, owed_micros from accounts")
    office.clock.advance(days=70)
    told = {}
    for is_summed in (False, True):
        if is_summed:
            while await sum_journal(office.services):
                pass
            assert await office.services.pool.fetchval("select count(*) from journal_days")
        for row in rows:
            organization = str(row["organization_id"])
            listed = await list_statements(office.services, organization_id=organization)
            assert not isinstance(listed, Refused)
            oldest_first = listed[::-1]
            assert oldest_first[0].opening_micros == 0
            for one in oldest_first:
                assert one.opening_micros + sum(line.amount_micros for line in one.lines) == one.closing_micros
                posted = await ledger(office, organization, LedgerAccount.CUSTOMER_CREDITS, one.ends_at)
                assert one.closing_micros == posted
                taxes = sum(
                    each.tax_micros - each.tax_given_back_micros for each in oldest_first if each.month <= one.month
                )
                assert taxes == await ledger(office, organization, LedgerAccount.TAX, one.ends_at)
            for earlier, later in pairwise(oldest_first):
                assert (earlier.closing_micros, earlier.owed_closing_micros) == (
                    later.opening_micros,
                    later.owed_opening_micros,
                )
            assert listed[0].closing_micros == row["posted_micros"]
            assert listed[0].owed_closing_micros == row["owed_micros"]
            told[organization, is_summed] = listed
    assert {key: value for (key, summed), value in told.items() if summed} == {
        key: value for (key, summed), value in told.items() if not summed
    }
    assert any(one.owed_closing_micros for listed in told.values() for one in listed)


async def test_a_month_tells_purchases_use_by_service_and_what_expired(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10 * UNIT)
    await office.grant(organization, 2 * UNIT, days=1)
    await office.call(organization, "a", 60)
    office.clock.advance(days=2)
    await office.execute(ExpireLots(organization_id=organization))
    told = await statement(office, organization)
    assert [(line.entry, line.service, line.amount_micros) for line in told.lines] == [
        (StatementEntry.PROMOTIONS, None, 12 * UNIT),
        (StatementEntry.USE, "outbound", -600_000),
        (StatementEntry.EXPIRY, None, -1_400_000),
    ]
    assert (told.opening_micros, told.closing_micros, told.is_over) == (0, 10 * UNIT, False)


async def test_a_correction_stands_in_the_month_in_which_it_is_made(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10 * UNIT)
    await office.call(organization, "a", 60)
    office.clock.now = datetime(2026, 12, 3, tzinfo=UTC)
    november = await statement(office, organization, "2026-11")
    deck = await new_deck(office, *CHEAPER)
    await office.execute(
        CorrectCall(organization_id=organization, session_id="a", command_id=new_id(), rate_deck_id=deck)
    )
    await sum_journal(office.services)
    assert await statement(office, organization, "2026-11") == november
    december = await statement(office, organization)
    assert [(line.entry, line.amount_micros) for line in december.lines] == [(StatementEntry.GIVEN_BACK, 300_000)]
    assert november.closing_micros == december.opening_micros == december.closing_micros - 300_000


async def test_the_month_is_that_of_the_organizations_own_clock(office: Office) -> None:
    organization = await office.organization(time_zone="Asia/Kathmandu")
    office.clock.now = datetime(2026, 11, 30, 18, 20, tzinfo=UTC)  # five past midnight on 1 December there
    await office.grant(organization.organization_id, UNIT)
    office.clock.advance(days=1)
    await sum_journal(office.services)
    assert (await statement(office, organization.organization_id, "2026-11")).closing_micros == 0
    assert (await statement(office, organization.organization_id)).lines[0].amount_micros == UNIT


async def test_sums_that_do_not_come_to_the_balance_are_not_shown(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=10 * UNIT)
    await office.call(organization, "a", 60)
    right = await statement(office, organization)
    office.clock.advance(days=2)
    await sum_journal(office.services)
    await office.services.pool.execute("delete from journal_days where reason = 'call'")
    assert (await statement(office, organization, "2026-11")).lines == right.lines


async def test_sums_go_on_where_they_stopped_and_count_nothing_twice(office: Office) -> None:
    organization = await office.calling_organization(funds_micros=100 * UNIT)
    for day in range(5):
        await office.call(organization, f"c{day}", 60)
        office.clock.advance(days=1, minutes=7)
        await sum_journal(office.services)
    transfers = await office.services.pool.fetchval("select sum(transfers) from journal_days where reason = 'call'")
    assert transfers == 5
    stored = await office.services.pool.fetchval("select sum(amount_micros) from journal_days where reason = 'call'")
    assert stored == 5 * 600_000


async def test_tax_and_refunds_of_a_purchase_stand_as_on_its_receipt(till: Till) -> None:
    organization = await till.organization()
    bought = await till.buy(organization, await till.card(organization))
    refunded = await refund_top_up(
        till.services,
        organization_id=organization,
        command_id=new_id(),
        top_up_id=bought.top_up_id,
        amount_micros=10 * UNIT,
        reason="test",
        requested_by="Operator",
    )
    assert not isinstance(refunded, Refused), refunded
    told = await statement(till.office, organization)
    assert told.sum_of(StatementEntry.PURCHASES) == FIFTY
    assert told.sum_of(StatementEntry.REFUNDS) == -10 * UNIT
    assert told.closing_micros == FIFTY - 10 * UNIT
    assert (told.tax_micros, told.tax_given_back_micros) == (bought.tax.micros, refunded.tax_micros)


@pytest.mark.parametrize("month", ["2026-13", "2026-12", "november", "2026-11-01", "２０２６-11"])
async def test_a_month_that_is_none_or_has_not_begun_is_refused(office: Office, month: str) -> None:
    organization = await office.organization()
    refused = await get_statement(office.services, organization_id=organization.organization_id, month=month)
    assert isinstance(refused, Refused)
    assert refused.code is RefusalCode.INVALID_INPUT
    assert office.clock.now - timedelta(days=1) < NOON
