"""RADIUS as a process of the whole system: it is killed in the middle of a call, and the call is charged right."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from commcredits.edges.radius.attributes import Attribute, Code, Status
from commcredits.edges.radius.packets import Packet
from commcredits.main.running import Running, find_running
from tests.edges.radius.access_server import HOST, SECRET, AccessServer, call_of, of_call
from tests.stories.books import Ledger, price_micros, read_ledger
from tests.stories.program import STOP_SECONDS_MAX, Program, eventually, program, settings_of
from tests.stories.sip.accounts import open_funded
from tests.stories.sip.ports import free_ports

TOKEN: Final = "the-token-of-the-radius-story"
CALLER: Final = "+40722000001"
CALLEE: Final = "+4930123456"
FUNDS_MICROS: Final = 50_000_000

pytestmark = pytest.mark.timeout(150)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[Program, Running, int]]:
    """The system with one access server in its settings, where it can be called, and the port of accounting."""
    (accounting_port,) = free_ports(1)
    radius = {
        "authentication_port": 0,
        "accounting_port": accounting_port,
        "clients": {HOST: {"name": "gateway", "secret": SECRET, "disconnect_port": 0}},
    }
    settings = settings_of(tmp_path, COMMCREDITS_OPERATOR_TOKEN=TOKEN, COMMCREDITS_RADIUS=json.dumps(radius))
    with program("serve", "--json", settings=settings) as running:
        running.wait_for(r"(?s)(\{.*?\n\})\n")
        found = find_running(tmp_path)
        assert found is not None
        yield running, found, accounting_port


async def test_a_call_outlives_the_process_that_granted_it(served: tuple[Program, Running, int]) -> None:
    running, system, accounting_port = served
    opened = await open_funded(system, TOKEN, {CALLER: FUNDS_MICROS})
    access = AccessServer((system.switch_ports["radius"], accounting_port))
    await access.open()
    accept = await _granted(access)
    answered_at = time.monotonic()
    await access.account(Status.START, of_call(accept, "a1"))
    killed = running.child("commcredits.main.child", "radius")
    killed.kill()
    seconds = int(time.monotonic() - answered_at) + 3
    await asyncio.sleep(seconds)
    stop = of_call(accept, "a1", seconds=seconds)
    await _until_answered(access, stop)
    await access.close()

    ledger = await read_ledger(system, TOKEN, opened)
    _check(ledger, seconds)
    eventually(lambda: SECRET not in running.said or None, seconds_max=1)
    assert "Traceback" not in running.said


async def _granted(access: AccessServer) -> Packet:
    """The answer to a call, once this process too knows whose the number is."""
    while True:
        answer = await access.ask(call_of(CALLER, CALLEE, "a1"))
        if answer.code == Code.ACCESS_ACCEPT:
            assert answer.number(Attribute.SESSION_TIMEOUT) == 3_600
            return answer
        await asyncio.sleep(0.2)


async def _until_answered(access: AccessServer, stop: tuple[tuple[int, bytes], ...]) -> None:
    """Tell the end of the call as often as it takes, as an access server does."""
    access.wait_seconds = 0.5
    async with asyncio.timeout(STOP_SECONDS_MAX):
        while True:
            try:
                await access.account(Status.STOP, stop)
            except TimeoutError:
                continue
            return


def _check(ledger: Ledger, seconds: int) -> None:
    (call,) = [each for each in ledger.accounts[CALLER].calls.values() if each.state == "ended"]
    assert (call.duration_seconds, call.charged_micros) == (seconds, price_micros(seconds))
    assert ledger.accounts[CALLER].agrees
    assert ledger.discrepancies == ()
