"""The lock installs what pyproject.toml asks for, byte for byte, from whatever index a machine uses."""

import importlib.util
import tomllib
from types import ModuleType
from typing import Any

import pytest

from tests.house.tree import ROOT

LOCK_TEXT = """\
attrs==26.1.0 \\
    --hash=sha256:00
    # via rich
rich==15.0.0 \\
    --hash=sha256:01 \\
    --hash=sha256:02
"""


@pytest.fixture(scope="module")
def lock() -> ModuleType:
    specification = importlib.util.spec_from_file_location("lock", ROOT / "scripts" / "lock.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _pyproject(*requirements: str) -> dict[str, Any]:
    return {"project": {"dependencies": list(requirements)}, "dependency-groups": {"dev": []}}


def test_the_locks_are_fresh_hashed_and_without_addresses(lock: ModuleType) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert [each.name for each in lock.LOCKS] == ["requirements.lock", "requirements-cluster.lock"]
    for each in lock.LOCKS:
        assert lock.problems(pyproject, (ROOT / each.name).read_text("utf-8"), each) == []


def test_what_one_test_needs_is_not_in_the_lock_that_everybody_installs(lock: ModuleType) -> None:
    everybody = {pin.name for pin in lock.pins((ROOT / "requirements.lock").read_text("utf-8"))}
    assert "pyspark" not in everybody
    assert "duckdb" in everybody


def test_an_extra_that_is_locked_is_part_of_what_is_declared(lock: ModuleType) -> None:
    pyproject = _pyproject("rich>=15")
    pyproject["project"]["optional-dependencies"] = {"columnar": ["duckdb>=1.4"]}
    assert lock.problems(pyproject, LOCK_TEXT) == ["duckdb>=1.4 is declared but not locked"]


def test_a_lock_that_matches_has_no_problems(lock: ModuleType) -> None:
    assert lock.problems(_pyproject("rich>=15"), LOCK_TEXT) == []


def test_a_new_dependency_makes_the_lock_stale(lock: ModuleType) -> None:
    assert lock.problems(_pyproject("rich>=15", "typer"), LOCK_TEXT) == ["typer is declared but not locked"]


def test_a_raised_bound_makes_the_lock_stale(lock: ModuleType) -> None:
    assert lock.problems(_pyproject("rich>=16"), LOCK_TEXT) == ["rich>=16 is declared but 15.0.0 is locked"]


def test_a_dropped_dependency_makes_the_lock_stale(lock: ModuleType) -> None:
    assert lock.problems(_pyproject("attrs"), LOCK_TEXT) == ["rich is locked but nothing asks for it"]


def test_a_pin_without_a_hash_is_refused(lock: ModuleType) -> None:
    assert lock.problems(_pyproject("rich"), "rich==15.0.0\n") == ["rich is locked without a hash"]


def test_an_address_in_the_lock_is_refused(lock: ModuleType) -> None:
    addressed = LOCK_TEXT + "    # from scheme://host\n"
    assert lock.problems(_pyproject("rich"), addressed) == [
        "requirements.lock names an address:     # from scheme://host"
    ]
