"""The office that every test of an operation starts from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.operations.office import Office, open_office
from tests.operations.till import Till, open_till


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """Services over a fresh database, with a clock that stands at NOON."""
    async with open_office(database_url) as opened:
        yield opened


@pytest.fixture
async def till(office: Office, tmp_path: Path) -> AsyncIterator[Till]:
    """Gateways for that office: a simulated one, and payments by hand."""
    async with open_till(office, tmp_path) as opened:
        yield opened
