"""The whole system under one command: it starts, is reached from other shells, survives its parts, and ends whole."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.stories.program import (
    STOP_SECONDS_MAX,
    Program,
    command,
    eventually,
    is_listening,
    left_running,
    program,
    settings_of,
)

TOKEN: Final = "the-token-of-the-serve-story"
GONE_SECONDS_MAX: Final = 20

pytestmark = pytest.mark.timeout(150)


class Served:
    """A system that runs, its settings, and where it can be called."""

    def __init__(self, running: Program, settings: dict[str, str]) -> None:
        self.running = running
        self.settings = settings
        self.addresses = json.loads(running.wait_for(r"(?s)(\{.*?\n\})\n"))

    @property
    def ports(self) -> list[int]:
        """Every port that it listens on."""
        return [urlsplit(address).port or 0 for address in self.addresses.values()]

    def end_call(self) -> int:
        """The status that the charging process gives for the end of a call that never was."""
        body = {"organization_id": "018f3c5e-8a70-7000-8000-000000000001", "session_id": "none", "used_seconds": 1}
        headers = {"Authorization": f"Bearer {TOKEN}"}
        url = f"{self.addresses['charging']}/v1/charging/end"
        return httpx.post(url, json=body, headers=headers, trust_env=False).status_code

    def command(self, *words: str) -> Any:
        """The JSON of a command in another shell, which has no token."""
        settings = {name: value for name, value in self.settings.items() if name != "COMMCREDITS_OPERATOR_TOKEN"}
        done = command(*words, "--json", settings=settings)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def data_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def served(data_directory: Path) -> Iterator[Served]:
    """One system for the tests that leave it running."""
    settings = settings_of(data_directory, COMMCREDITS_OPERATOR_TOKEN=TOKEN)
    with program("serve", "--json", settings=settings) as running:
        yield Served(running, settings)


def test_a_command_in_another_shell_reaches_the_running_system(served: Served) -> None:
    fields = ("--name", "Acme", "--country", "RO", "--currency", "EUR", "--time-zone", "Europe/Bucharest")
    organization = served.command("organizations", "open", *fields)["organization_id"]
    method = served.command("gateway", "add-test-card", organization, "sim_ok")["payment_method"]
    top_up = served.command("funds", "add", organization, "50", "--payment-method", method)

    url = f"{served.addresses['administration'].removesuffix('/v1/openapi.json')}/v1/organizations/{organization}"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    balance = httpx.get(f"{url}/balance", headers=headers, trust_env=False).json()
    assert (top_up["state"], balance["available"]) == ("succeeded", "50.000000")
    assert httpx.get(served.addresses["portal"], follow_redirects=True, trust_env=False).status_code == 200


def test_a_second_start_on_the_same_data_is_refused_and_the_first_runs_on(served: Served) -> None:
    done = command("serve", settings=served.settings)

    assert done.returncode == 3
    assert "is in use by process" in done.stderr
    assert str(served.settings["COMMCREDITS_DATA_DIRECTORY"]) in done.stderr
    assert "Traceback" not in done.stderr
    assert served.end_call() == 404


def test_a_port_that_is_taken_is_named_by_its_setting(served: Served, tmp_path: Path) -> None:
    taken = str(served.ports[0])
    settings = settings_of(tmp_path, COMMCREDITS_OPERATOR_TOKEN=TOKEN, COMMCREDITS_WEB_PORT=taken)

    done = command("serve", settings=settings)

    assert done.returncode == 3
    assert f"COMMCREDITS_WEB_PORT: port {taken}" in done.stderr


@pytest.mark.parametrize("role", ["charging", "web", "worker", "simulator"])
def test_a_killed_process_is_started_again(served: Served, role: str) -> None:
    killed = served.running.child("commcredits.main.child", role)

    killed.kill()

    def again() -> psutil.Process | None:
        found = [each for each in served.running.children if _is(each, role) and each.pid != killed.pid]
        return found[0] if found and all(map(is_listening, served.ports)) else None

    assert eventually(again, seconds_max=STOP_SECONDS_MAX).is_running()
    assert served.end_call() == 404


def _is(process: psutil.Process, role: str) -> bool:
    try:
        return process.cmdline()[-2:] == ["commcredits.main.child", role]
    except psutil.Error:
        return False


def test_a_system_that_is_told_to_stop_leaves_no_process_and_no_port(served: Served) -> None:
    processes = served.running.children

    assert served.running.end(signal.SIGTERM) == 0

    assert len(processes) > len(served.ports)
    assert left_running(processes, seconds_max=1) == []
    assert not any(map(is_listening, served.ports))
    assert "Traceback" not in served.running.said


@pytest.mark.slow
def test_nothing_outlives_a_killed_supervisor_and_the_data_serves_the_next(data_directory: Path) -> None:
    settings = settings_of(data_directory, COMMCREDITS_OPERATOR_TOKEN=TOKEN)
    with program("serve", "--json", settings=settings) as running:
        ports = Served(running, settings).ports
        processes = running.children
        running.end(signal.SIGKILL)

        assert left_running(processes, seconds_max=GONE_SECONDS_MAX) == []
        assert not any(map(is_listening, ports))
    with program("serve", "--json", settings=settings) as running:
        assert Served(running, settings).end_call() == 404
        assert running.end(signal.SIGINT) == 0


def test_a_command_runs_the_database_for_itself_when_nothing_runs(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)

    first = command("verify", settings=settings)
    second = command("organizations", "list", "--json", settings=settings)

    assert (first.returncode, first.stdout) == (0, "The books agree (organizations: 0, transfers: 0).\n")
    assert json.loads(second.stdout) == {"items": [], "next_cursor": None}
    assert first.stderr + second.stderr == ""
    assert not (tmp_path / "database" / "postgres" / "postmaster.pid").exists()


def test_a_start_that_is_interrupted_leaves_nothing(tmp_path: Path) -> None:
    with program("serve", settings=settings_of(tmp_path, COMMCREDITS_OPERATOR_TOKEN=TOKEN)) as running:
        eventually(lambda: running.children or None, seconds_max=STOP_SECONDS_MAX)
        processes = running.children
        assert running.end(signal.SIGINT) == 0
        assert left_running(processes, seconds_max=1) == []
