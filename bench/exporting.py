"""``python -m bench.exporting``: the year of an organization with a million calls as a file: how long, how much memory.

The file is read back, and its sums are held against the ledger's. docs/benchmarks.md tells how to read the figures.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil
import uvloop
from pydantic import SecretStr

from bench.large_organization import CALLS, USERS, build
from commcredits.core.outcomes import Refused
from commcredits.main.composition import open_services
from commcredits.operations.call_exports import export_usage
from commcredits.operations.services import Services
from commcredits.operations.usage import UsageQuery
from commcredits.settings import Settings
from commcredits.storage.connection import connect
from commcredits.storage.embedded import start_embedded
from commcredits.storage.migrations import migrate

_MEGABYTE = 1 << 20


def main() -> None:
    """Read the command line, build or take the organization, export, read back, print."""
    parser = argparse.ArgumentParser(prog="python -m bench.exporting", description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--users", type=int, default=USERS)
    parser.add_argument("--data", type=Path, help="keep the database here, and take it from here the next time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        directory = arguments.data or Path(folder) / "database"
        uvloop.run(_measure(directory, Path(folder) / "calls.zip", arguments.calls, arguments.users))


async def _measure(directory: Path, target: Path, calls: int, users: int) -> None:
    kept = directory / "organization"
    async with await start_embedded(directory) as server:
        if not kept.exists():
            connection = await connect(server.url)
            await migrate(connection)
            await connection.close()
            built = await build(server.url, ends_at=datetime.now(UTC), calls=calls, users=users)
            kept.write_text(built.organization_id, "utf-8")
        async with open_services(Settings(database_url=SecretStr(server.url)), role="bench") as services:
            await _export(services, kept.read_text("utf-8"), target)


async def _export(services: Services, organization_id: str, target: Path) -> None:
    now = services.clock()
    # A day short of how long calls are told of, which the ledger does not go by.
    query = UsageQuery(begins=now - timedelta(days=364), ends=now)
    pieces = await export_usage(services, organization_id=organization_id, query=query)
    assert not isinstance(pieces, Refused), pieces
    process = psutil.Process()
    before = peak = process.memory_info().rss
    began = time.perf_counter()
    with target.open("wb") as file:
        async for piece in pieces:
            file.write(piece)
            peak = max(peak, process.memory_info().rss)
    seconds = time.perf_counter() - began
    earned = await services.pool.fetchval(
        """select sum(j.amount_micros)
        from journal j join usage_calls u using (organization_id, session_id)
        where j.organization_id = $1 and j.target like 'revenue%' and u.began_at >= $2""",
        organization_id,
        query.begins,
        timeout=600,
    )
    rows, charged, packed = _read_back(target)
    print(f"{rows:,} rows in {seconds:.0f} s, {packed / _MEGABYTE:.0f} MB packed")
    print(f"memory: {before / _MEGABYTE:.0f} MB before, {peak / _MEGABYTE:.0f} MB at most")
    print(f"the file's sums are {charged}, the ledger's {Decimal(earned) / 1_000_000}")
    assert charged * 1_000_000 == earned, "the sums differ"


def _read_back(target: Path) -> tuple[int, Decimal, int]:
    rows, charged = 0, Decimal(0)
    with zipfile.ZipFile(target) as archive, archive.open(archive.namelist()[0]) as content:
        for row in csv.DictReader(io.TextIOWrapper(content, "utf-8", newline="")):
            rows += 1
            charged += Decimal(row["Charge"]) + Decimal(row["Connection Fee"])
    return rows, charged, target.stat().st_size


if __name__ == "__main__":
    main()
