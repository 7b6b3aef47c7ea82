"""How hard the properties of the core are tried: modestly by default, thoroughly with HYPOTHESIS_PROFILE=thorough."""

import os

import hypothesis
import pytest

THOROUGH_SECONDS_MAX = 3_600

# A machine that others use too is slow to generate at times; that is no fault of a property.
HOUSE = hypothesis.settings(
    parent=hypothesis.settings.get_profile("house"), suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.register_profile("core", parent=HOUSE, max_examples=100, stateful_step_count=40)
hypothesis.settings.register_profile("thorough", parent=HOUSE, max_examples=2_000, stateful_step_count=100)
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "core")
hypothesis.settings.load_profile(PROFILE)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A thorough run takes long on purpose; the limit of the suite is meant for tests that hang."""
    if PROFILE == "thorough":
        for item in items:
            item.add_marker(pytest.mark.timeout(THOROUGH_SECONDS_MAX))
