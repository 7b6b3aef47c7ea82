"""A large organization's year leaves as a file whose sums are the ledger's, and memory does not grow with it."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from bench.large_organization import build
from commcredits.core.outcomes import Refused
from commcredits.operations.call_exports import export_usage
from commcredits.operations.usage import UsageQuery
from commcredits.operations.verify import verify_books
from tests.operations.office import open_office

CALLS = 60_000
GROWTH_BYTES_MAX = 40 << 20
"""What an export may take at most, whatever its length: half of what the rows of these calls alone would."""


@pytest.mark.slow
async def test_an_export_needs_no_more_memory_for_many_calls_and_sums_to_the_ledger(
    database_url: str, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    made = await build(database_url, ends_at=now, calls=CALLS, users=500)
    process = psutil.Process()
    async with open_office(database_url) as office:
        office.clock.now = now
        assert (await verify_books(office.services)).discrepancies == ()
        query = UsageQuery(begins=now - timedelta(days=366), ends=now)
        pieces = await export_usage(office.services, organization_id=made.organization_id, query=query)
        assert not isinstance(pieces, Refused)
        before = peak = process.memory_info().rss
        with (tmp_path / "calls.zip").open("wb") as file:
            async for piece in pieces:
                file.write(piece)
                peak = max(peak, process.memory_info().rss)
        assert peak - before < GROWTH_BYTES_MAX
        earned = await office.services.pool.fetchval(
            """select sum(j.amount_micros)
            from journal j join usage_calls u using (organization_id, session_id)
            where j.target like 'revenue%' and u.began_at >= $1""",
            query.begins,
        )
    with zipfile.ZipFile(tmp_path / "calls.zip") as archive, archive.open(archive.namelist()[0]) as rows:
        told = csv.DictReader(io.TextIOWrapper(rows, "utf-8", newline=""))
        charged = sum(Decimal(row["Charge"]) + Decimal(row["Connection Fee"]) for row in told)
    assert charged * 1_000_000 == earned > 0
