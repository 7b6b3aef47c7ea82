"""What a batch writes down as text, read by the database that it is for."""

from datetime import UTC, datetime, timedelta, timezone
from uuid import RFC_4122, UUID

import pytest

from commcredits.core.ledger import LedgerAccount, Transfer, TransferReason
from commcredits.core.meters import Meter
from commcredits.storage.batch import Batch
from commcredits.storage.connection import Connection
from commcredits.storage.identifiers import IdentifierSource

ORGANIZATION = "0192e0c8-0000-7000-8000-000000000001"
LOT = "0192e0c8-0000-7000-8000-000000000002"
NOW = datetime(2026, 11, 23, 20, 15, 30, 1, tzinfo=UTC)
BIGINT_MAX = 2**63 - 1

METERS = """
select * from unnest($1::text::uuid[], string_to_array($2, e'\\x1f', e'\\x1e'), string_to_array($3, e'\\x1f', e'\\x1e'),
    $4::text::bigint[], $5::text::bigint[], $6::text::timestamptz[]) as t (organization_id, key, period, used, held, at)
"""
TRANSFERS = """
select * from unnest($1::text::uuid[], $2::text::uuid[], $3::text::timestamptz[],
    string_to_array($4, e'\\x1f', e'\\x1e'), string_to_array($5, e'\\x1f', e'\\x1e'),
    $6::text::bigint[], string_to_array($7, e'\\x1f', e'\\x1e'),
    $8::text::uuid[], string_to_array($9, e'\\x1f', e'\\x1e'), $10::text::uuid[])
    as t (organization_id, transfer_id, at, source, target, amount, reason, lot_id, session_id, top_up_id)
"""


async def test_numbers_and_instants_arrive_as_they_are_whatever_their_size_zone_or_absence(
    database: Connection,
) -> None:
    batch = Batch(now=NOW, new_id=IdentifierSource())
    instants = [
        None,
        NOW,
        NOW.replace(microsecond=0),
        NOW.replace(microsecond=999_999).astimezone(timezone(timedelta(hours=5, minutes=45))),
        datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    ]
    numbers = [0, 1, -1, BIGINT_MAX, -BIGINT_MAX]
    for place, (instant, number) in enumerate(zip(instants, numbers, strict=True)):
        meter = Meter(key=f"calls:{place}", period="2026-11", used=number, held=0, reached_at=instant)
        batch.add_meter(ORGANIZATION, meter)
    rows = await database.fetch(METERS, *batch.parameters(0, ORGANIZATION)[-6:])
    assert [(row["used"], row["at"]) for row in rows] == list(zip(numbers, instants, strict=True))
    assert {row["organization_id"] for row in rows} == {UUID(ORGANIZATION)}


async def test_an_id_is_missing_beside_others_that_are_not(database: Connection) -> None:
    batch = Batch(now=NOW, new_id=IdentifierSource())
    for lot_id in (LOT, None, LOT):
        transfer = Transfer(
            source=LedgerAccount.CUSTOMER_CREDITS,
            target=LedgerAccount.RECEIVABLE,
            amount_micros=7,
            reason=TransferReason.REPAYMENT,
            lot_id=lot_id,
        )
        batch.add_transfer(ORGANIZATION, transfer)
    rows = await database.fetch(TRANSFERS, *batch.parameters(0, ORGANIZATION)[-16:-6])
    assert [row["lot_id"] for row in rows] == [UUID(LOT), None, UUID(LOT)]
    assert [(row["at"], row["amount"], row["top_up_id"], row["session_id"]) for row in rows] == [
        (NOW, 7, None, None)
    ] * 3
    assert len({row["transfer_id"] for row in rows}) == 3


def test_ids_of_one_millisecond_rise_and_are_what_rfc_9562_calls_version_7(monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = int(NOW.timestamp() * 1_000) * 1_000_000
    monkeypatch.setattr("time.time_ns", lambda: stopped)
    new_id = IdentifierSource()
    ids = [new_id() for _ in range(5_000)]
    assert ids == sorted(set(ids))
    read = [UUID(each) for each in ids]
    assert [str(each) for each in read] == ids
    assert {(each.version, each.variant) for each in read} == {(7, RFC_4122)}
    # 4,096 fit into a millisecond; those beyond take the next one's.
    assert [each.int >> 80 for each in (read[0], read[4_095], read[4_096])] == [
        stopped // 1_000_000,
        stopped // 1_000_000,
        stopped // 1_000_000 + 1,
    ]


async def test_the_table_of_running_calls_is_never_locked_to_give_its_pages_back(database: Connection) -> None:
    options = await database.fetchval("select reloptions from pg_class where oid = 'live_calls'::regclass")
    assert "vacuum_truncate=off" in options
