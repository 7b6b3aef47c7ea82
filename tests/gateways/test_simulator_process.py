"""The simulator as a process: what it has answered it never forgets, and what it can't do it says at once."""

import asyncio
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from commcredits.gateways.protocol import ActionRequired, ChargeRequest, CustomerRequest, NotFound, Succeeded
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.faults import LoseAnswer
from commcredits.gateways.simulator.server import SimulatorSettings, SimulatorStartError, running_simulator
from commcredits.gateways.simulator.signing import new_webhook_secret
from tests.gateways.simulator_process import SimulatorProcess, store_card, taken_minor


def charge_of(method: str, key: str) -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key, amount_minor=5_000, currency="EUR", payment_method_reference=method, off_session=True
    )


async def test_every_answered_charge_is_there_after_a_kill(own_simulator: SimulatorProcess) -> None:
    method = await store_card(own_simulator, "sim_ok")
    gateway = own_simulator.gateway(answer_seconds_max=2)
    answered: dict[str, str] = {}
    enough = asyncio.Event()

    async def keep_charging(worker: int) -> None:
        for number in range(10_000):
            outcome = await gateway.charge(charge_of(method, f"{worker}-{number}"))
            if not isinstance(outcome, Succeeded):
                return
            answered[f"{worker}-{number}"] = outcome.reference
            if len(answered) >= 50:
                enough.set()

    charging = [asyncio.create_task(keep_charging(worker)) for worker in range(4)]
    await enough.wait()
    own_simulator.stop(signal.SIGKILL)
    await asyncio.gather(*charging)
    await gateway.aclose()
    own_simulator.start()
    gateway = own_simulator.gateway()
    for key, reference in answered.items():
        found = await gateway.lookup(key)
        assert isinstance(found, Succeeded)
        assert found.reference == reference
    async with own_simulator.control() as control:
        charges = await control.charges()
    await gateway.aclose()
    assert len({charge.idempotency_key for charge in charges}) == len(charges)


async def test_a_key_stays_charged_once_over_a_restart(own_simulator: SimulatorProcess) -> None:
    method = await store_card(own_simulator, "sim_ok")
    gateway = own_simulator.gateway()
    before = await gateway.charge(charge_of(method, "restart"))
    await gateway.aclose()
    own_simulator.stop()
    own_simulator.start()
    gateway = own_simulator.gateway()
    assert await gateway.charge(charge_of(method, "restart")) == before
    await gateway.aclose()
    assert await taken_minor(own_simulator, "restart") == 5_000


async def test_the_page_of_an_open_charge_moves_with_the_address(own_simulator: SimulatorProcess) -> None:
    method = await store_card(own_simulator, "sim_authenticate")
    gateway = own_simulator.gateway()
    await gateway.charge(charge_of(method, "ask"))
    await gateway.aclose()
    own_simulator.stop()
    own_simulator.start()
    gateway = own_simulator.gateway()
    for outcome in (await gateway.lookup("ask"), await gateway.charge(charge_of(method, "ask"))):
        assert isinstance(outcome, ActionRequired)
        assert outcome.url.startswith(own_simulator.base_url)
    await gateway.aclose()


async def test_the_same_seed_and_the_same_acts_give_the_same_references(tmp_path: Path) -> None:
    references = []
    for run in ("first", "second"):
        simulator = SimulatorProcess(state_path=tmp_path / f"{run}.sqlite", arguments=("--seed", "7")).start()
        gateway = simulator.gateway()
        references.append([await store_card(simulator, "sim_ok"), await store_card(simulator, "sim_ok")])
        await gateway.aclose()
        simulator.stop()
    assert references[0] == references[1]
    assert len(set(references[0])) == 2


def test_it_ends_at_once_when_told_to_and_says_nothing_of_note(own_simulator: SimulatorProcess) -> None:
    status, said = own_simulator.stop(signal.SIGTERM)
    assert (status, said) in [(0, ""), (-signal.SIGTERM, "")]


async def test_it_ends_even_while_an_answer_hangs(own_simulator: SimulatorProcess) -> None:
    method = await store_card(own_simulator, "sim_ok")
    async with own_simulator.control() as control:
        await control.script(LoseAnswer(manner="hang"))
    gateway = own_simulator.gateway(answer_seconds_max=30)
    hanging = asyncio.create_task(gateway.charge(charge_of(method, "hanging")))
    await asyncio.sleep(0.3)
    await asyncio.to_thread(own_simulator.stop)
    assert not isinstance(await hanging, Succeeded | NotFound)
    await gateway.aclose()


def test_only_loopback_is_listened_on(own_simulator: SimulatorProcess) -> None:
    port = int(own_simulator.base_url.rpartition(":")[2])
    assert own_simulator.base_url == f"http://127.0.0.1:{port}"
    with socket.socket() as other:
        # Another address of this machine's loopback network is not listened on either.
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_the_books_are_their_owners_alone(own_simulator: SimulatorProcess) -> None:
    assert stat.S_IMODE(own_simulator.state_path.stat().st_mode) == 0o600


def _refusal(*arguments: str, **environment: str) -> str:
    command = [sys.executable, "-m", "commcredits.gateways.simulator", *arguments]
    run = subprocess.run(
        command, env={**os.environ, **environment}, check=False, capture_output=True, text=True, timeout=20
    )
    assert run.returncode == 2
    assert "Traceback" not in run.stderr
    return run.stderr


def test_a_port_in_use_is_said(own_simulator: SimulatorProcess, tmp_path: Path) -> None:
    port = own_simulator.base_url.rpartition(":")[2]
    complaint = _refusal("--port", port, "--state", str(tmp_path / "other.sqlite"))
    assert f"port {port} on 127.0.0.1 can't be used" in complaint


@pytest.mark.parametrize("port", ["-1", "65536", "99999999999"])
def test_a_port_that_can_not_be_is_said(tmp_path: Path, port: str) -> None:
    assert port in _refusal("--port", port, "--state", str(tmp_path / "s.sqlite"))


def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("Dear diary, " * 200)
    assert "can't be used as the simulator's state" in _refusal("--port", "0", "--state", str(text))
    assert text.read_text() == "Dear diary, " * 200
    foreign = tmp_path / "other.sqlite"
    connection = sqlite3.connect(foreign)
    connection.execute("create table recipes (name text)")
    connection.close()
    assert "not a state file" in _refusal("--port", "0", "--state", str(foreign))


def test_a_state_that_can_not_be_a_file_is_said(tmp_path: Path) -> None:
    assert "can't be used" in _refusal("--port", "0", "--state", str(tmp_path))


@pytest.mark.parametrize(
    ("url", "secret", "complaint"),
    [
        ("http://127.0.0.1:1/", "", "whsec_"),
        ("http://127.0.0.1:1/", "whsec_c2hvcnQ=", "24 bytes"),
        ("ftp://127.0.0.1:1/", new_webhook_secret().get_secret_value(), "http://"),
    ],
    ids=["no secret", "a short secret", "no web address"],
)
def test_webhooks_that_can_not_be_signed_or_sent_stop_the_start(
    tmp_path: Path, url: str, secret: str, complaint: str
) -> None:
    said = _refusal(
        "--port",
        "0",
        "--state",
        str(tmp_path / "s.sqlite"),
        "--webhook-url",
        url,
        COMMCREDITS_SIMULATOR_WEBHOOK_SECRET=secret,
    )
    assert complaint in said
    assert not secret or secret not in said


async def test_it_runs_inside_another_program_too(tmp_path: Path) -> None:
    settings = SimulatorSettings(
        state_path=tmp_path / "inside.sqlite",
        port=0,
        webhook_url="http://127.0.0.1:1/",
        webhook_secret=new_webhook_secret(),
    )
    assert "whsec_" not in repr(settings)
    before = signal.getsignal(signal.SIGTERM)
    async with running_simulator(settings) as base_url:
        gateway = SimulatorGateway(base_url)
        customer = await gateway.create_customer(CustomerRequest(idempotency_key="c", name="Ana"))
        assert customer == await gateway.create_customer(CustomerRequest(idempotency_key="c", name="Ana"))
        await gateway.aclose()
        assert signal.getsignal(signal.SIGTERM) == before


async def test_a_start_that_fails_inside_another_program_is_raised(tmp_path: Path) -> None:
    settings = SimulatorSettings(
        state_path=tmp_path / "s.sqlite", port=0, webhook_url="http://127.0.0.1:1/", webhook_secret=SecretStr("short")
    )
    with pytest.raises(SimulatorStartError, match="whsec_"):
        async with running_simulator(settings):
            pass
