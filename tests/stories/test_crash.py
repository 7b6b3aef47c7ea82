"""What was answered is there after every crash, and what was asked twice is charged once.

The whole system under load over HTTP, and SIGKILL in the middle of it: for the charging process, for the database
server, and for everything at once.
"""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest
from pydantic import SecretStr

from commcredits.main.embedding import database_directory
from commcredits.main.running import Running, find_running
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from commcredits.storage.embedded_cluster import read_status
from tests.stories.books import Ledger, LedgerCall, administration, open_organization, publish_deck, read_ledger
from tests.stories.load import Load, PlacedCall, running_load
from tests.stories.sip.ports import free_ports

TOKEN: Final = "loopback-token-of-the-crash-test"
FUNDS_MICROS: Final = 9_000_000_000
ORGANIZATIONS: Final = ("first", "second", "third")
ANSWERS_BEFORE: Final = 150
START_SECONDS_MAX: Final = 40

pytestmark = [pytest.mark.slow, pytest.mark.alone, pytest.mark.timeout(150)]


async def test_what_was_answered_outlives_the_charging_process_and_the_database_server(tmp_path: Path) -> None:
    settings = Settings(
        database_url=None,
        data_directory=tmp_path,
        operator_token=SecretStr(TOKEN),
        web_port=0,
        charging_port=0,
        simulator_port=0,
        gateways={},
    )
    async with running_system(settings) as running:
        opened = await _open_organizations(running)
        async with running_load(running.charging_url, TOKEN, list(opened.values())) as load:
            await load.until_answered(ANSWERS_BEFORE)
            charging = _charging_process()
            charging.kill()
            interrupted = load.unfinished()
            await load.until_answered(ANSWERS_BEFORE)
            assert _charging_process() != charging
            assert load.unanswered_count > 0, "it was killed in the midst of work"
            server = _database_server(settings)
            server.kill()
            interrupted += load.unfinished()
            await load.until_answered(ANSWERS_BEFORE)
            assert _database_server(settings) != server
        await _assert_every_call_is_charged_once(running, opened, load, interrupted)


async def test_a_system_that_was_killed_goes_on_from_what_it_had_answered(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    interrupted: list[PlacedCall] = []
    async with contextlib.AsyncExitStack() as stack:
        running, supervisor = await stack.enter_async_context(_served(environment, tmp_path))
        opened = await _open_organizations(running)
        load = await stack.enter_async_context(running_load(running.charging_url, TOKEN, list(opened.values())))
        for is_killed_alone in (True, False):
            await load.until_answered(ANSWERS_BEFORE)
            everything = [supervisor, *supervisor.children(recursive=True)]
            # Of a supervisor that is killed alone, the others notice it and stop by themselves.
            for process in [supervisor] if is_killed_alone else everything:
                _kill(process)
            await load.pause()
            # Those that notice it may have answered all that was asked; those that are killed have not.
            in_doubt = any(call.is_in_doubt for call in load.unfinished())
            assert in_doubt or is_killed_alone, "it was killed in the midst of work"
            interrupted += load.unfinished()
            await _until_gone(everything)
            running, supervisor = await stack.enter_async_context(_served(environment, tmp_path))
            _assert_nothing_is_lost(load, await read_ledger(running, TOKEN, opened))
            load.go_on()
        await load.until_answered(ANSWERS_BEFORE)
        await load.finish()
        await _assert_every_call_is_charged_once(running, opened, load, interrupted)


def _environment(data_directory: Path) -> Mapping[str, str]:
    web_port, charging_port, simulator_port = free_ports(3)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COMMCREDITS_")}
    return {
        **kept,
        "COMMCREDITS_DATA_DIRECTORY": str(data_directory),
        "COMMCREDITS_OPERATOR_TOKEN": TOKEN,
        "COMMCREDITS_WEB_PORT": str(web_port),
        "COMMCREDITS_CHARGING_PORT": str(charging_port),
        "COMMCREDITS_SIMULATOR_PORT": str(simulator_port),
    }


@asynccontextmanager
async def _served(
    environment: Mapping[str, str], data_directory: Path
) -> AsyncIterator[tuple[Running, psutil.Process]]:
    """``commcredits serve``, for as long as the block lasts, unless it is killed before."""
    command = Path(sys.executable).with_name("commcredits")
    with (data_directory / "serve.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(command, "serve", env=environment, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(START_SECONDS_MAX):
            while (running := find_running(data_directory)) is None or running.process_id != process.pid:
                assert process.returncode is None, (data_directory / "serve.log").read_text()
                await asyncio.sleep(0.05)
        yield running, psutil.Process(process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()


async def _until_gone(processes: Sequence[psutil.Process]) -> None:
    async with asyncio.timeout(START_SECONDS_MAX):
        while any(_is_at_work(process) for process in processes):  # noqa: ASYNC110 - the end of another process
            await asyncio.sleep(0.02)


def _is_at_work(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def _open_organizations(running: Running) -> dict[str, str]:
    async with administration(running, TOKEN) as api:
        rate_deck_id = await publish_deck(api)
        return {name: await open_organization(api, name, rate_deck_id, FUNDS_MICROS) for name in ORGANIZATIONS}


def _charging_process() -> psutil.Process:
    children = psutil.Process().children(recursive=True)
    (found,) = (each for each in children if each.cmdline()[-2:] == ["commcredits.main.child", "charging"])
    return found


def _database_server(settings: Settings) -> psutil.Process:
    status = read_status(database_directory(settings) / "postgres")
    assert status is not None
    return psutil.Process(status.pid)


def _assert_nothing_is_lost(load: Load, ledger: Ledger) -> None:
    """Each call stands where its last answer left it, or one step on where the next command was not answered."""
    assert ledger.discrepancies == ()
    booked = _booked(ledger)
    assert booked.keys() <= {call.session_id for call in load.calls}
    for call in load.calls:
        assert call.may_stand_as(booked.get(call.session_id)), (call, booked.get(call.session_id))
    for name, account in ledger.accounts.items():
        assert account.agrees, name


async def _assert_every_call_is_charged_once(
    running: Running, opened: Mapping[str, str], load: Load, interrupted: Sequence[PlacedCall]
) -> None:
    """Every call is at its end and priced; asking the interrupted ones again gets the same answers, for nothing."""
    assert [call for call in load.calls if not call.is_over] == []
    before = await read_ledger(running, TOKEN, opened)
    _assert_nothing_is_lost(load, before)
    assert [account.held_micros for account in before.accounts.values()] == [0] * len(opened)
    async with running_load(running.charging_url, TOKEN, ()) as questions:
        for call in interrupted:
            assert await questions.ask_again(call) == call.answers, call
    assert await read_ledger(running, TOKEN, opened) == before


def _booked(ledger: Ledger) -> dict[str, LedgerCall]:
    return {session_id: call for account in ledger.accounts.values() for session_id, call in account.calls.items()}
