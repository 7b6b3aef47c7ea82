"""The world that every attack on the committer starts from, and what the committer logged meanwhile."""

import sys
from collections.abc import AsyncIterator, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.storage.committer.world import World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """A fresh database with one rate deck."""
    async with open_world(database_url) as opened:
        yield opened


@pytest.fixture(autouse=True)
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What was logged. A callback that failed was called twice, or has a bug; a test that means it clears the list."""
    with capture_logs() as entries:
        yield entries
    sys.stdout.writelines(f"{entry}\n" for entry in entries)
    assert [entry for entry in entries if entry["event"] == "callback failed"] == []
