"""The office that every test of an operation starts from."""

from collections.abc import AsyncIterator

import pytest

from tests.operations.office import Office, open_office


@pytest.fixture
async def office(database_url: str) -> AsyncIterator[Office]:
    """Services over a fresh database, with a clock that stands at NOON."""
    async with open_office(database_url) as opened:
        yield opened
