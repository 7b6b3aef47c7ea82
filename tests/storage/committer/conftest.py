"""The world that every attack on the committer starts from, and what the committer logged meanwhile."""

import sys
from collections.abc import AsyncIterator, Iterator, MutableMapping
from itertools import count
from typing import Any

import pytest
from structlog.testing import capture_logs

from commcredits.storage.connection import connect
from commcredits.storage.migrations import migrate
from tests.storage.committer.world import World, open_world
from tests.storage_fixtures import execute, run

_databases = count(1)


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A fresh database with one rate deck."""
    async with open_world(database_url) as opened:
        yield opened


@pytest.fixture(
    params=["embedded", pytest.param("system", marks=pytest.mark.postgresql)],
)
def either_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh migrated database of the embedded server, then of the system's own."""
    if request.param == "embedded":
        yield request.getfixturevalue("database_url")
        return
    yield from _fresh_database(request.getfixturevalue("system_postgresql_url"))


def _fresh_database(server_url: str) -> Iterator[str]:
    name = f"committer_{next(_databases)}"
    url = server_url.replace("/postgres?", f"/{name}?")
    run(execute(server_url, f"create database {name}"))
    run(_migrate(url))
    yield url
    run(execute(server_url, f"drop database {name} with (force)"))


async def _migrate(url: str) -> None:
    connection = await connect(url)
    try:
        await migrate(connection)
    finally:
        await connection.close()


@pytest.fixture
async def either_world(either_url: str) -> AsyncIterator[World]:
    """An otherwise empty world on either server."""
    async with open_world(either_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged. A callback that failed was called twice, or has a bug; a test that means it clears the list."""
    with capture_logs() as entries:
        yield entries
    sys.stdout.writelines(f"{entry}\n" for entry in entries)
    assert [entry for entry in entries if entry["event"] == "callback failed"] == []
