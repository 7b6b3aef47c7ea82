"""The rules in the root conftest.py hold: a test that breaks one is caught."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

ONE_SKIPPED = """
import pytest

def test_runs():
    pass

@pytest.mark.skip(reason="the browser is not installed")
def test_skips():
    pass
"""


ONE_PROCESS_OR_TWO = pytest.mark.parametrize("processes", ["0", "2"])


def _run_with_one_skipped(folder: Path, ci: str, processes: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_example.py").write_text(ONE_SKIPPED)
    environment = {**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take seconds to load, and no rule is about them
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-ra",
        "-p",
        "xdist.plugin",
        "-p",
        "conftest",
        "-p",
        "no:cacheprovider",
        "--numprocesses",
        processes,
        "--rootdir",
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


@ONE_PROCESS_OR_TWO
def test_a_skipped_test_fails_continuous_integration_and_says_so(tmp_path: Path, processes: str) -> None:
    run = _run_with_one_skipped(tmp_path, "true", processes)
    assert run.returncode == pytest.ExitCode.TESTS_FAILED
    assert "FAILED: 1 skipped; in continuous integration every test runs" in run.stdout
    assert "the browser is not installed" in run.stdout


@ONE_PROCESS_OR_TWO
def test_a_skipped_test_is_counted_on_a_developers_machine(tmp_path: Path, processes: str) -> None:
    run = _run_with_one_skipped(tmp_path, "", processes)
    assert run.returncode == pytest.ExitCode.OK
    assert "1 skipped: see the reasons above" in run.stdout


def test_a_test_cannot_connect_to_another_machine() -> None:
    with pytest.raises(RuntimeError, match="this machine only"), socket.socket() as outgoing:
        outgoing.connect(("192.0.2.1", 9))


def test_a_test_cannot_look_up_another_machine() -> None:
    with pytest.raises(RuntimeError, match="this machine only"):
        socket.getaddrinfo("example.invalid", 443)
