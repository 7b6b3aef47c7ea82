"""House rules of every test run: nothing leaves this machine, and continuous integration skips nothing in silence.

Fixtures live with the tests that use them; this file holds only what binds all of them.
"""

import gc
import ipaddress
import os
import shutil
import sys
from collections.abc import Generator
from pathlib import Path

import hypothesis
import pytest

# Databases serve the tests of every layer above storage, and pytest loads plug-ins only from this file.
pytest_plugins = ["tests.storage_fixtures"]

IN_CI = os.environ.get("CI") == "true"

# A shared machine is slow at times, which says nothing about a property. Continuous integration decides about a change,
# so it tries the same examples each time; other runs look for new ones.
hypothesis.settings.register_profile("house", deadline=None, derandomize=IN_CI, print_blob=True)
hypothesis.settings.load_profile("house")

MEMORY = Path("/dev/shm")  # noqa: S108 - pytest makes its own directory there, which nobody else may enter
MEMORY_BYTES_MIN = 3 * 2**30
"""What the databases of a few processes take at most; a smaller file system in memory is left alone."""


def _is_of_this_machine(host: object) -> bool:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in {None, "", "localhost"}:
        return True
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified


def _refuse_the_outside(event: str, arguments: tuple[object, ...]) -> None:
    if event in {"socket.connect", "socket.sendto"}:
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else None  # a path is a socket of this machine
    elif event == "socket.getaddrinfo":
        host = arguments[0]
    else:
        return
    if not _is_of_this_machine(host):
        raise RuntimeError(f"a test reached for {host!r}; tests talk to this machine only")


def _keep_files_in_memory() -> None:
    """Have pytest make its temporary directories in memory, unless somebody chose a place.

    Most of these tests make databases, each of them hundreds of files: ten times the work on a disk. No test shows what
    outlives a power cut; what outlives a killed process does so in memory as well.
    """
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= MEMORY_BYTES_MIN:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


def pytest_configure() -> None:
    """Watch every connection of the test process, whichever library opens it; choose where files are made."""
    sys.addaudithook(_refuse_the_outside)
    _keep_files_in_memory()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Spare the garbage collector thousands of tests that stay to the end; it took a tenth of the time to walk them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each core, for most tests wait half of their time; eight at most, for the sake of memory."""
    return min(2 * (os.cpu_count() or 1), 8)


def _skipped_count(config: pytest.Config) -> int:
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    return 0 if reporter is None else len(reporter.stats.get("skipped", []))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In continuous integration a skipped test fails the run: everything that tests need is installed there."""
    if IN_CI and _skipped_count(session.config) and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Count what was skipped, so that a green run cannot hide it."""
    count = _skipped_count(config)
    if count and IN_CI:
        terminalreporter.write_line(f"FAILED: {count} skipped; in continuous integration every test runs", red=True)
    elif count:
        terminalreporter.write_line(f"{count} skipped: see the reasons above", yellow=True)
