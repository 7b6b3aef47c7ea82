"""Receipts: one for each purchase, numbered without gaps, never changed, and to the minor unit what the books say."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.receipts import ReceiptCause, ReceiptKind
from commcredits.core.taxes import TaxTreatment
from commcredits.operations.billing_details import save_billing_details
from commcredits.operations.receipts import (
    AT_ONCE_MAX,
    find_receipt_numbers,
    get_receipt,
    issue_receipts,
    list_receipts,
)
from commcredits.operations.verify import verify_books
from commcredits.storage.connection import Connection, DatabaseUnreachableError, connect, open_pool
from tests.operations.office import SHARD
from tests.operations.selling import BUYER, LONG_AGO, Shop, open_shop

WORKERS = 4
CUTS = 25
"""How many connections of workers are cut in the middle of what they do, at least."""


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with open_shop(database_url) as opened:
        yield opened


async def _numbers(shop: Shop) -> list[str]:
    rows = await shop.services.pool.fetch("select number from receipts order by series, sequence")
    return [row["number"] for row in rows]


async def test_a_paid_top_up_gets_one_receipt_with_all_that_was_true(shop: Shop) -> None:
    buyer = await shop.buyer()
    saved = await save_billing_details(shop.services, organization_id=buyer, details=BUYER)
    assert not isinstance(saved, Refused)
    top_up = await shop.buy(buyer)
    assert (await shop.issue()).count == 1
    assert (await shop.issue()).count == 0
    (receipt,) = await shop.documents(buyer)
    assert (receipt.number, receipt.kind, receipt.cause) == ("CC-000001", ReceiptKind.RECEIPT, ReceiptCause.TOP_UP)
    assert (receipt.net_micros, receipt.tax_micros, receipt.gross_micros) == (50_000_000, 10_500_000, 60_500_000)
    assert (receipt.tax_treatment, receipt.tax_rate_micros) == (TaxTreatment.ON_TOP_UP, 210_000)
    assert (receipt.currency, receipt.top_up_id) == ("EUR", top_up)
    assert receipt.seller.legal_name == "Telefonie Exemplu SRL"
    assert receipt.buyer == saved
    assert receipt.buyer.tax_id_checked


async def test_the_numbers_of_receipts_are_found_by_top_up_for_their_own_organization_alone(shop: Shop) -> None:
    buyer, other = await shop.buyer(), await shop.buyer(name="Beta")
    first, second = await shop.buy(buyer), await shop.buy(buyer)
    await shop.issue()
    await shop.give_back(buyer, first)
    await shop.issue()
    not_yet = await shop.buy(buyer)
    wanted = (first, second, not_yet)
    found = await find_receipt_numbers(shop.services, organization_id=buyer, top_up_ids=wanted)
    assert found == {first: "CC-000001", second: "CC-000002"}
    assert await find_receipt_numbers(shop.services, organization_id=other, top_up_ids=wanted) == {}


async def test_the_day_of_a_receipt_is_the_sellers_and_the_day_of_supply_is_that_of_the_payment(shop: Shop) -> None:
    buyer = await shop.buyer()
    shop.office.clock.advance(hours=9)  # 21:00 in UTC is 23:00 in Bucharest
    await shop.buy(buyer)
    shop.office.clock.advance(hours=1, minutes=30)
    await shop.issue()
    (receipt,) = await shop.documents(buyer)
    assert (receipt.supplied_on, receipt.issued_on) == ("2026-11-22", "2026-11-23")


async def test_the_tax_is_told_in_the_sellers_currency_at_the_rate_of_the_day(shop: Shop) -> None:
    buyer = await shop.buyer()
    await shop.buy(buyer)
    await shop.issue()
    (receipt,) = await shop.documents(buyer)
    assert receipt.tax_in_own_currency is not None
    # 10.50 at 5.0932 is 53.4786, which is 53.48.
    assert (receipt.tax_in_own_currency.currency, receipt.tax_in_own_currency.micros) == ("RON", 53_480_000)


async def test_late_ones_keep_the_order_of_their_settlement(shop: Shop) -> None:
    buyers = [await shop.buyer() for _ in range(3)]
    settled = []
    for buyer in (*buyers, *reversed(buyers)):
        shop.office.clock.advance(seconds=1)
        settled.append(await shop.buy(buyer))
    await shop.issue()
    rows = await shop.services.pool.fetch("select top_up_id from receipts order by sequence")
    assert [str(row["top_up_id"]) for row in rows] == settled


async def test_refunds_in_parts_and_the_rest_add_up_to_the_receipt_exactly(shop: Shop) -> None:
    buyer = await shop.buyer()
    top_up = await shop.buy(buyer, 33_330_000)
    for part in (10_000, 20_000, 11_110_000, 7_770_000):
        await shop.give_back(buyer, top_up, part)
        shop.office.clock.advance(seconds=1)
        await shop.issue()
    await shop.give_back(buyer, top_up)
    await shop.issue()
    receipt, *notes = await shop.documents(buyer)
    assert [note.number for note in notes] == [f"CN-{number:06}" for number in range(1, 6)]
    assert sum(note.net_micros for note in notes) == receipt.net_micros == 33_330_000
    assert sum(note.tax_micros for note in notes) == receipt.tax_micros
    assert {note.corrects.number for note in notes if note.corrects} == {receipt.number}
    assert all(note.tax_rate_micros == 210_000 and note.kind is ReceiptKind.CREDIT_NOTE for note in notes)


async def test_a_lost_dispute_leaves_a_credit_note_in_whole_minor_units(shop: Shop) -> None:
    buyer = await shop.buyer()
    top_up = await shop.buy(buyer, 50_000_000)
    await shop.lose_dispute(buyer, top_up, 25_000_000)
    await shop.issue()
    receipt, note = await shop.documents(buyer)
    assert receipt.supplied_on == "2026-11-22"
    assert (note.cause, note.gross_micros) == (ReceiptCause.DISPUTE, 25_000_000)
    # 21 % within 25.00 are 4.34 of tax on 20.66.
    assert (note.net_micros, note.tax_micros) == (20_660_000, 4_340_000)


async def test_credit_notes_never_give_back_more_than_the_receipt_took(shop: Shop) -> None:
    buyer = await shop.buyer()
    top_up = await shop.buy(buyer, 50_000_000)
    await shop.give_back(buyer, top_up, 20_000_000)
    shop.office.clock.advance(minutes=1)
    await shop.lose_dispute(buyer, top_up, 60_500_000)
    await shop.issue()
    receipt, refunded, reversed_ = await shop.documents(buyer)
    assert refunded.gross_micros == 24_200_000
    assert refunded.net_micros + reversed_.net_micros == receipt.net_micros
    assert refunded.tax_micros + reversed_.tax_micros == receipt.tax_micros
    assert (await shop.issue()).count == 0


async def test_what_was_not_paid_has_no_receipt(shop: Shop) -> None:
    buyer = await shop.buyer()
    await shop.office.grant(buyer, 5_000_000)
    assert (await shop.issue()).count == 0
    assert await shop.documents(buyer) == ()


async def test_without_a_seller_none_are_issued_until_there_is_one(shop: Shop) -> None:
    buyer = await shop.buyer()
    await shop.buy(buyer)
    assert (await issue_receipts(replace(shop.services, receipts=None), since=LONG_AGO)).count == 0
    assert (await shop.issue()).count == 1


async def test_a_receipt_says_what_was_true_then_whatever_is_said_later(shop: Shop) -> None:
    buyer = await shop.buyer(name="Alfa")
    await shop.buy(buyer)
    await shop.issue()
    await save_billing_details(shop.services, organization_id=buyer, details=BUYER)
    await shop.buy(buyer)
    await shop.issue()
    assert [receipt.buyer.legal_name for receipt in await shop.documents(buyer)] == ["Alfa", BUYER.legal_name]


@pytest.mark.parametrize("change", ["update receipts set net_micros = 1", "delete from receipts", "truncate receipts"])
async def test_no_receipt_is_changed_or_removed(shop: Shop, database: Connection, change: str) -> None:
    await shop.buy(await shop.buyer())
    await shop.issue()
    with pytest.raises(asyncpg.IntegrityConstraintViolationError, match="append-only"):
        await database.execute(change)


async def test_a_receipt_of_another_organization_is_as_unknown_as_none(shop: Shop) -> None:
    buyer, other = await shop.buyer(), await shop.buyer()
    await shop.buy(buyer)
    await shop.issue()
    found = await get_receipt(shop.services, organization_id=other, number="CC-000001")
    assert isinstance(found, Refused)
    assert found.code is RefusalCode.UNKNOWN_RECEIPT
    assert await shop.documents(other) == ()


async def test_receipts_are_listed_a_page_at_a_time_newest_first(shop: Shop) -> None:
    buyer = await shop.buyer()
    for _ in range(5):
        await shop.buy(buyer)
        shop.office.clock.advance(seconds=1)
    await shop.issue()
    numbers: list[str] = []
    cursor = None
    while True:
        page = await list_receipts(shop.services, organization_id=buyer, cursor=cursor, limit=2)
        assert not isinstance(page, Refused)
        numbers += [receipt.number for receipt in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert numbers == [f"CC-{number:06}" for number in range(5, 0, -1)]


async def test_four_workers_that_are_cut_off_again_and_again_leave_no_gap_and_no_double(
    shop: Shop, database_url: str
) -> None:
    chance = random.Random(18)
    buyers = [await shop.buyer() for _ in range(5)]
    top_ups = [await shop.buy(chance.choice(buyers), 1_000_000) for _ in range(2 * AT_ONCE_MAX + 7)]
    refunded = chance.sample(top_ups, 20)
    owners = {
        str(row["top_up_id"]): str(row["organization_id"])
        for row in await shop.services.pool.fetch("select organization_id, top_up_id from top_ups")
    }
    for top_up in refunded:
        await shop.give_back(owners[top_up], top_up, 500_000)
    cuts = 0
    issued = asyncio.Event()

    async def work(name: str) -> None:
        while True:
            try:
                pool = await open_pool(database_url, min_size=1, max_size=2, application_name=name)
            except (DatabaseUnreachableError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
                continue  # The connection that was just being opened was the one to be cut.
            try:
                outcome = await issue_receipts(replace(shop.services, pool=pool), since=LONG_AGO)
                assert outcome.failures == ()
                if await _owed_nothing(shop):
                    return
            except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError):
                continue
            finally:
                pool.terminate()

    async def cut(connection: Connection) -> int:
        done = 0
        while not issued.is_set() and done < CUTS:
            done += await connection.fetchval(
                "select count(pg_terminate_backend(pid)) from pg_stat_activity"
                " where application_name like 'numbering-%' and state <> 'idle' and random() < 0.5"
            )
            await asyncio.sleep(chance.uniform(0.0, 0.02))
        return done

    killer = await connect(database_url)
    try:
        cutting = asyncio.create_task(cut(killer))
        await asyncio.wait_for(asyncio.gather(*(work(f"numbering-{number}") for number in range(WORKERS))), 40)
        issued.set()
        cuts = await cutting
    finally:
        await killer.close()
    assert cuts > 0
    receipts, notes = len(top_ups), len(refunded)
    expected = [f"CC-{number:06}" for number in range(1, receipts + 1)]
    assert await _numbers(shop) == expected + [f"CN-{number:06}" for number in range(1, notes + 1)]
    rows = await shop.services.pool.fetch("select cause, subject_id from receipts")
    assert max(Counter((row["cause"], row["subject_id"]) for row in rows).values()) == 1


async def _owed_nothing(shop: Shop) -> bool:
    unpapered: int = await shop.services.pool.fetchval(
        "select (select count(*) from top_ups) + (select count(*) from refunds) - (select count(*) from receipts)"
    )
    return unpapered == 0


async def test_receipts_and_credit_notes_add_up_to_what_the_journal_moved(shop: Shop) -> None:
    chance = random.Random(16931)
    for country in ("RO", "DE", "FR", "MD"):
        buyer = await shop.buyer(country)
        for _ in range(6):
            top_up = await shop.buy(buyer, chance.randrange(10_000, 90_000_000, 10_000))
            shop.office.clock.advance(minutes=1)
            match chance.randrange(3):
                case 0:
                    await shop.give_back(buyer, top_up)
                case 1:
                    await shop.lose_dispute(buyer, top_up, chance.randrange(10_000, 10_000_000, 10_000))
                case _:
                    pass
        await shop.issue()
        documents = await shop.documents(buyer)
        assert all(each.net_micros + each.tax_micros == each.gross_micros for each in documents)
        assert all(each.net_micros % 10_000 == each.tax_micros % 10_000 == 0 for each in documents)
        moved = await shop.services.pool.fetchrow(
            """
            select
                coalesce(sum(amount_micros) filter (where reason in ('top_up', 'tax')
                    and source = 'gateway_clearing'), 0)::bigint as came,
                coalesce(sum(amount_micros) filter (where reason in ('refund', 'dispute_lost')
                    and target = 'gateway_clearing'), 0)::bigint as went
            from journal
            where shard_id = $1 and organization_id = $2
            """,
            SHARD,
            buyer,
        )
        came = sum(each.gross_micros for each in documents if each.kind is ReceiptKind.RECEIPT)
        went = sum(each.gross_micros for each in documents if each.kind is ReceiptKind.CREDIT_NOTE)
        assert moved is not None
        assert (came, went) == (moved["came"], moved["went"])
    assert (await verify_books(shop.services)).discrepancies == ()


async def test_an_issue_date_never_lies_before_that_of_the_number_before(shop: Shop) -> None:
    buyer = await shop.buyer()
    await shop.buy(buyer)
    await shop.issue()
    shop.office.clock.now -= timedelta(days=3)
    await shop.buy(buyer)
    await shop.issue()
    first, second = await shop.documents(buyer)
    assert second.issued_at == first.issued_at
