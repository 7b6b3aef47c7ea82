"""Every edge of switches under one command: each is a process of its own, and what one says stays its own."""

import json
import re
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
import pytest

from commcredits.settings import SWITCH_ROLES
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
from tests.stories.sip.ports import free_ports

TOKEN: Final = "the-token-of-the-switches-story"
SECRETS: Final = tuple(f"a-secret-of-the-switches-{number}" for number in range(4))

pytestmark = pytest.mark.timeout(150)


def _switches(nobody: str) -> dict[str, object]:
    """Settings of every edge; the switches that they connect to are not there."""
    diameter_port, cgrates_port = free_ports(2)
    return {
        "diameter": {
            "port": diameter_port,
            "origin_host": "ocs.example.com",
            "origin_realm": "example.com",
            "peers": {"pgw.example.com": {"networks": ["127.0.0.0/8"]}},
        },
        "radius": {
            "authentication_port": 0,
            "accounting_port": 0,
            "clients": {"127.0.0.1": {"name": "nas-1", "secret": SECRETS[0]}},
        },
        "kamailio": {"links": {"edge-1": {"way": "evapi", "address": nobody, "secret": SECRETS[1]}}},
        "freeswitch": {"port": 0, "links": {"pbx-1": {"address": nobody, "password": SECRETS[2]}}},
        "asterisk": {
            "port": 0,
            "links": {"pbx-2": {"url": f"http://{nobody}", "username": "credits", "password": SECRETS[3]}},
        },
        "cgrates": {"port": cgrates_port},
    }


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, dict[str, str]]]:
    """A system with every edge, and what it says of where they are."""
    (nobody,) = free_ports(1)
    switches = _switches(f"127.0.0.1:{nobody}")
    chosen = {f"COMMCREDITS_{role.upper()}": json.dumps(each) for role, each in switches.items()}
    settings = settings_of(tmp_path_factory.mktemp("switches"), COMMCREDITS_OPERATOR_TOKEN=TOKEN, **chosen)
    with program("serve", "--json", settings=settings) as running:
        yield running, json.loads(running.wait_for(r"(?s)(\{.*?\n\})\n"))


def test_every_edge_that_is_set_is_a_process_and_says_where_it_is(served: tuple[Program, dict[str, str]]) -> None:
    running, addresses = served
    assert all(running.child("commcredits.main.child", role).is_running() for role in SWITCH_ROLES)
    assert addresses["kamailio"] == "connects to its switches"
    for role in ("diameter", "cgrates", "freeswitch", "asterisk"):
        port = re.fullmatch(r"port ([1-9]\d+)", addresses[role])
        assert port is not None, addresses[role]
        assert is_listening(int(port[1])), role


def test_an_edge_that_is_killed_is_started_again_and_the_others_run_on(served: tuple[Program, dict[str, str]]) -> None:
    running, addresses = served
    killed = running.child("commcredits.main.child", "diameter")
    others = {role: running.child("commcredits.main.child", role).pid for role in SWITCH_ROLES if role != "diameter"}
    killed.kill()

    def again() -> psutil.Process | None:
        found = [each for each in running.children if _is(each, "diameter") and each.pid != killed.pid]
        return found[0] if found and is_listening(int(addresses["diameter"].split()[1])) else None

    assert eventually(again, seconds_max=STOP_SECONDS_MAX).is_running()
    assert others == {role: running.child("commcredits.main.child", role).pid for role in others}


def _is(process: psutil.Process, role: str) -> bool:
    try:
        return process.cmdline()[-2:] == ["commcredits.main.child", role]
    except psutil.Error:
        return False


def test_it_stops_whole_and_has_told_nobody_a_secret(served: tuple[Program, dict[str, str]]) -> None:
    running, _addresses = served
    processes = running.children
    assert running.end(signal.SIGTERM) == 0
    assert left_running(processes, seconds_max=1) == []
    assert "Traceback" not in running.said
    for secret in (TOKEN, *SECRETS):
        assert secret not in running.said


@pytest.mark.parametrize(
    ("role", "wrong", "named"),
    [
        ("diameter", {"origin_host": "ocs.example.com"}, "origin_realm"),
        ("radius", {"clients": {"127.0.0.1": {"name": "nas-1", "secret": "short"}}}, "secret"),
        ("kamailio", {"links": {"edge-1": {"way": "pigeon", "address": "127.0.0.1:5"}}}, "way"),
        ("freeswitch", {"links": {"pbx-1": {"address": "nowhere", "password": "x"}}}, "address"),
        ("asterisk", {"links": {"two words": {"url": "http://127.0.0.1:8088"}}}, "links"),
        ("cgrates", {"networks": ["everywhere"]}, "networks"),
        ("cgrates", {"colour": "red"}, "colour"),
        ("freeswitch", {"networks": ["everywhere"]}, "networks.0: 'everywhere' is not allowed"),
        (
            "diameter",
            {"peers": {"cscf1.example": {"networks": ["10.1.2.3/8"]}}},
            "10.0.0.0/8",
        ),
        (
            "kamailio",
            {"links": {"two words": {"way": "http"}}},
            "two words",
        ),
        ("cgrates", {"tenants": {"a": "nobody"}}, "tenants.a"),
    ],
)
def test_a_setting_of_an_edge_that_is_wrong_is_named_and_nothing_starts(
    tmp_path: Path, role: str, wrong: dict[str, object], named: str
) -> None:
    settings = settings_of(
        tmp_path, COMMCREDITS_OPERATOR_TOKEN=TOKEN, **{f"COMMCREDITS_{role.upper()}": json.dumps(wrong)}
    )
    done = command("serve", settings=settings)
    assert done.returncode == 3, done.stderr
    assert f"COMMCREDITS_{role.upper()}" in done.stderr
    assert named in done.stderr
    assert "Traceback" not in done.stderr
    assert "short" not in done.stderr.replace("too_short", "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("role", "setting"),
    [
        ("cgrates", {"port": 0}),
        ("diameter", {"port": 0, "origin_host": "a", "origin_realm": "b", "peers": {"c": {"networks": ["127.0.0.1"]}}}),
    ],
)
def test_an_address_that_cannot_be_had_is_told_with_its_setting(
    tmp_path: Path, role: str, setting: dict[str, object]
) -> None:
    elsewhere = {**setting, "host": "192.0.2.10"}
    chosen = {f"COMMCREDITS_{role.upper()}": json.dumps(elsewhere)}
    done = command("serve", settings=settings_of(tmp_path, COMMCREDITS_OPERATOR_TOKEN=TOKEN, **chosen))
    assert done.returncode == 3, done.stderr
    assert f"COMMCREDITS_{role.upper()}: host 192.0.2.10, port 0 cannot be used: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_a_port_of_radius_that_is_taken_is_told_with_its_setting(tmp_path: Path) -> None:
    clients = {"127.0.0.1": {"name": "nas-1", "secret": "a-long-random-secret"}}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        chosen = {"authentication_port": port, "accounting_port": 0, "clients": clients}
        settings = settings_of(tmp_path, COMMCREDITS_OPERATOR_TOKEN=TOKEN, COMMCREDITS_RADIUS=json.dumps(chosen))
        done = command("serve", settings=settings)
    assert done.returncode == 3, done.stderr
    said = f"COMMCREDITS_RADIUS: host 127.0.0.1, authentication_port {port}, accounting_port 0 cannot be used: Address"
    assert said in done.stderr
