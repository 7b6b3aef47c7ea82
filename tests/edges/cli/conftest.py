"""The terminal that every test of the command line types at."""

from pathlib import Path

import pytest

from tests.edges.cli.terminal import Terminal


@pytest.fixture
def terminal(database_url: str, tmp_path: Path) -> Terminal:
    """A terminal over a fresh database."""
    return Terminal(database_url, tmp_path)
