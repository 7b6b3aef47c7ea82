"""Copies of a system that is charging calls, put back: docs/operating.md tells people to make them so.

Knows how a copy is made and put back, of a database and of a directory. Refuses to know what is in one: the books say.
"""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import pytest
from pydantic import SecretStr

from commcredits.main.running import Running
from commcredits.main.supervisor import running_system
from commcredits.settings import Settings
from commcredits.storage.embedded import running_url, start_embedded
from commcredits.storage.embedded_host import find_programs
from tests.stories.books import administration, open_organization, publish_deck, read_ledger
from tests.stories.load import PlacedCall, running_load

TOKEN: Final = "loopback-token-of-the-copied-system"
FUNDS_MICROS: Final = 9_000_000_000
ORGANIZATIONS: Final = ("first", "second", "third")
ANSWERS_BEFORE: Final = 150
PROGRAM_SECONDS_MAX: Final = 60

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


async def test_a_dump_of_a_busy_system_has_all_that_was_answered_before_it_and_goes_on_elsewhere(
    tmp_path: Path,
) -> None:
    copy = tmp_path / "copy"
    async with running_system(_settings(tmp_path / "system")) as running:
        opened = await _open_organizations(running, *ORGANIZATIONS)
        async with running_load(running.charging_url, TOKEN, list(opened.values())) as load:
            await load.until_answered(ANSWERS_BEFORE)
            answered = [call for call in load.calls if call.is_over]
            cluster, address = _embedded(tmp_path / "system")
            pg_dump = (await find_programs(cluster)).directory / "pg_dump"
            await _run(pg_dump, "--format=custom", f"--file={copy}", address)
            await load.until_answered(ANSWERS_BEFORE)

    async with await start_embedded(tmp_path / "elsewhere") as server:
        await _run(pg_dump.with_name("pg_restore"), "--no-owner", "--exit-on-error", f"--dbname={server.url}", copy)
        async with running_system(_settings(tmp_path / "other-system", database_url=server.url)) as running:
            await _assert_it_has(answered, running, opened)
            later = await _open_organizations(running, "later")
            async with running_load(running.charging_url, TOKEN, list(later.values())) as load:
                await load.until_answered(ANSWERS_BEFORE)
            await _assert_it_has(load.calls, running, later)


async def test_a_copied_directory_starts_elsewhere_with_all_that_was_answered(tmp_path: Path) -> None:
    async with running_system(_settings(tmp_path / "system")) as running:
        opened = await _open_organizations(running, *ORGANIZATIONS)
        async with running_load(running.charging_url, TOKEN, list(opened.values())) as load:
            await load.until_answered(ANSWERS_BEFORE)

    await _run("cp", "-a", tmp_path / "system", tmp_path / "elsewhere")

    async with running_system(_settings(tmp_path / "elsewhere")) as running:
        await _assert_it_has(load.calls, running, opened)


def _settings(data_directory: Path, *, database_url: str | None = None) -> Settings:
    return Settings(
        database_url=None if database_url is None else SecretStr(database_url),
        data_directory=data_directory,
        operator_token=SecretStr(TOKEN),
        web_port=0,
        charging_port=0,
        simulator_port=0,
        gateways={},
    )


async def _open_organizations(running: Running, *names: str) -> dict[str, str]:
    async with administration(running, TOKEN) as api:
        rate_deck_id = await publish_deck(api)
        return {name: await open_organization(api, name, rate_deck_id, FUNDS_MICROS) for name in names}


def _embedded(data_directory: Path) -> tuple[Path, str]:
    """The cluster of the embedded server that runs there, and its address."""
    url = running_url(data_directory / "database")
    assert url is not None, "it runs"
    return data_directory / "database" / "postgres", url


async def _run(*command: str | Path) -> None:
    process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    async with asyncio.timeout(PROGRAM_SECONDS_MAX):
        _, complaints = await process.communicate()
    assert process.returncode == 0, complaints.decode()


async def _assert_it_has(calls: Sequence[PlacedCall], running: Running, opened: Mapping[str, str]) -> None:
    """These calls are over, in books that agree; whatever else is in them agrees too."""
    ledger = await read_ledger(running, TOKEN, opened)
    assert ledger.discrepancies == ()
    assert [name for name, account in ledger.accounts.items() if not account.agrees] == []
    booked = {
        (each.organization_id, session_id): call
        for each in ledger.accounts.values()
        for session_id, call in each.calls.items()
    }
    lost = [call for call in calls if not call.may_stand_as(booked.get((call.organization_id, call.session_id)))]
    assert len(calls) > len(opened)
    assert lost == []
