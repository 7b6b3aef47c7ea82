"""The world that the stories of RADIUS start from."""

from collections.abc import AsyncIterator

import pytest

from tests.edges.radius.world import World, open_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """The edge with slices of a minute, and an organization that can call."""
    async with open_world(database_url) as opened:
        yield opened
