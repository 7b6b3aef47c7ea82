"""What each protocol's benchmark shares: a funded world of its own, a process of one edge, and a table.

Knows how a measurement of one protocol alone is set up and shown. Refuses to know any protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.world import SHARD_ID, World, funding_commands, new_committer, now, set_up
from commcredits.storage.connection import Connection, connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate

_FIRST_NUMBER: Final = 40_212_000_000
_WHOLE_ABOVE: Final = 1_000


@contextlib.asynccontextmanager
async def funded_world() -> AsyncIterator[tuple[World, EmbeddedServer, dict[str, str]]]:
    """A world with funds and rates, the database that it is in, and a telephone number for each organization."""
    with tempfile.TemporaryDirectory() as folder:
        async with await start_embedded(Path(folder) / "database") as server:
            connection = await connect(server.url)
            await migrate(connection)
            world = await set_up(connection, server.url)
            committer = new_committer(world.database_url, world.new_id)
            committing = asyncio.create_task(committer.run())
            await asyncio.gather(*(committer.execute(command) for command in funding_commands(world)))
            await committer.close()
            await committing
            numbers = await give_numbers(connection, world)
            await connection.execute("analyze")
            await connection.close()
            yield world, server, numbers


async def give_numbers(connection: Connection, world: World) -> dict[str, str]:
    """Give every organization a telephone number; the numbers by organization."""
    numbers = {each: f"+{_FIRST_NUMBER + index}" for index, each in enumerate(world.organization_ids)}
    statement = Path(__file__).with_name("sql").joinpath("numbers.sql").read_text("utf-8")
    await connection.execute(statement, SHARD_ID, list(numbers), list(numbers.values()), now())
    return numbers


@contextlib.asynccontextmanager
async def edge_process(world: World, role: str, settings: str) -> AsyncIterator[tuple[int, int]]:
    """The process of an edge as the supervisor starts it, with that JSON for its setting: its id and first port."""
    environment = {
        **os.environ,
        "COMMCREDITS_DATABASE_URL": world.database_url,
        "COMMCREDITS_OPERATOR_TOKEN": "a-token-for-benchmarks-only",
        f"COMMCREDITS_{role.upper()}": settings,
        "COMMCREDITS_LOG_LEVEL": "error",
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "commcredits.main.child", role),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(json.loads(await process.stdout.readline())["port"])
    finally:
        process.terminate()
        await process.wait()


def print_loads(title: str, measured: Mapping[str, Mapping[str, float]]) -> None:
    """A table with a row per shape, or kind of operation, and its figures by their names."""
    table = Table(title=title)
    table.add_column("shape")
    for name in _names_of(measured.values()):
        table.add_column(name, justify="right")
    for shape, figures in measured.items():
        table.add_row(shape, *map(_cell, figures.values()))
    Console(width=150).print(table)


def _names_of(rows: Iterable[Mapping[str, float]]) -> list[str]:
    return list(next(iter(rows), {}))


def _cell(value: float) -> str:
    return f"{value:,.0f}" if value > _WHOLE_ABOVE else f"{value:.1f}"
