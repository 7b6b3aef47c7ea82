"""What holds for every simulated run under pytest."""

from collections.abc import Iterator

import pytest
import structlog

CRITICAL = 50


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Operations log the faults that they meet; thousands of runs of nothing but faults would fill the terminal."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(CRITICAL))
    yield
    structlog.reset_defaults()
