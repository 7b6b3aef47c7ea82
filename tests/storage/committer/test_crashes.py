"""The database or a charging process is killed under load: whatever was answered is there afterwards, charged once."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path

import pytest

from commcredits.core.commands import Authorise, Command, End, Update
from commcredits.core.outcomes import Ended, Granted, Outcome, RefusalCode, Refused
from commcredits.storage.codec import decode_memory
from commcredits.storage.connection import connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate
from tests.storage.committer.process import other_process
from tests.storage.committer.world import (
    WAIT_SECONDS_MAX,
    World,
    authorise,
    codes,
    end,
    is_refused,
    open_world,
    soon,
    update,
)

Execute = Callable[[Command], Awaitable[Outcome]]
Answers = list[tuple[Command, Outcome]]

CALLERS = 48
SMALL = {"shared_buffers": "16MB", "wal_buffers": "1MB"}


class Load:
    """Callers who make one call after the other, and send a command again when they are told "busy"."""

    def __init__(self, organizations: list[str]) -> None:
        self._organizations = organizations
        self.answers: Answers = []
        self.stopping = False

    async def run(self, execute: Execute) -> None:
        """Call until told to stop; every call that was begun is ended."""
        await asyncio.gather(*(self._caller(execute, number) for number in range(CALLERS)))

    async def _caller(self, execute: Execute, number: int) -> None:
        turn = 0
        while not self.stopping:
            turn += 1
            organization = self._organizations[(number * 7 + turn) % len(self._organizations)]
            session = f"call-{number}-{turn}"
            for command in (
                authorise(organization, session),
                update(organization, session, 1, 10),
                end(organization, session, 20 + turn % 10),
            ):
                await self._insist(execute, command)

    async def _insist(self, execute: Execute, command: Command) -> None:
        while is_refused(outcome := await execute(command), RefusalCode.BUSY):  # noqa: ASYNC110 - a caller may ask again
            await asyncio.sleep(0.02)
        self.answers.append((command, outcome))

    async def grow(self, by: int) -> None:
        """Wait until so many more were answered."""
        wanted = len(self.answers) + by
        await soon(lambda: len(self.answers) >= wanted, "the load came to a halt")


async def check_remembered(world: World, answers: Iterable[tuple[Command, Outcome]]) -> None:
    """Every answer that was given is what the call's row remembers, and no call was refused or failed."""
    rows = await world.database.fetch("select session_id, memory, charged_micros from call_sessions")
    calls = {row["session_id"]: row for row in rows}
    for command, outcome in answers:
        assert isinstance(command, Authorise | Update | End)
        assert not isinstance(outcome, Refused), (command, outcome)
        call = calls[command.session_id]
        key = {Authorise: "authorise", Update: "update:1", End: "end"}[type(command)]
        assert (key, outcome) in [(known, answer) for known, _, answer in decode_memory(call["memory"], "EUR")]
        if isinstance(outcome, Ended):
            assert call["charged_micros"] == outcome.charged_micros


@pytest.fixture
async def own_server(tmp_path: Path) -> AsyncIterator[list[EmbeddedServer]]:
    """A server that may be killed, as the only item; whoever starts another puts it there."""
    servers = [await start_embedded(tmp_path, parameters=SMALL)]
    yield servers
    await servers[-1].stop()


@pytest.mark.parametrize("violence", [signal.SIGQUIT, signal.SIGKILL], ids=["immediate stop", "kill"])
async def test_an_answered_command_survives_the_crash_of_the_database(
    own_server: list[EmbeddedServer], tmp_path: Path, violence: signal.Signals
) -> None:
    server = own_server[0]
    migrator = await connect(server.url)
    await migrate(migrator)
    await migrator.close()
    async with open_world(server.url) as world:
        organizations = await world.open_organizations(20, funds_micros=1_000_000_000)
        load = Load(organizations)
        async with world.committer() as committer, asyncio.timeout(WAIT_SECONDS_MAX):
            running = asyncio.create_task(load.run(committer.execute))
            await load.grow(300)
            os.kill(server.pid, violence)
            await server.wait()
            await server.stop()
            own_server.append(await start_embedded(tmp_path, parameters=SMALL))
            assert own_server[-1].url == server.url
            await load.grow(300)
            load.stopping = True
            await running

        world.database.terminate()
        world.database = await connect(server.url)
        await check_remembered(world, load.answers)
        await world.check_books()
        assert await world.count("call_sessions", "state = 'ended'") * 3 == len(load.answers)


async def test_an_answered_command_survives_the_kill_of_its_process(world: World) -> None:
    organizations = await world.open_organizations(20, funds_micros=1_000_000_000)
    load = Load(organizations)
    async with other_process(world) as doomed, asyncio.timeout(WAIT_SECONDS_MAX):
        running = asyncio.create_task(load.run(doomed.submit))
        await load.grow(500)
        await doomed.kill()
        with pytest.raises(asyncio.CancelledError):
            await running

    assert len(doomed.answers) >= 500
    await check_remembered(world, doomed.answers)
    await world.check_books()

    # Whoever got no answer asks again, and whoever got one hears the same.
    async with other_process(world) as heir:
        again = [(command, await heir.execute(command)) for command, _outcome in doomed.answers[-100:]]
        assert again == doomed.answers[-100:]
        outcomes = await asyncio.gather(*(heir.submit(command) for command in doomed.unanswered))
        ends = [each.organization_id for each in doomed.unanswered]
        assert len(ends) == len(outcomes) > 0
        assert set(codes(outcomes)) <= {"granted", "ended"}
    await check_remembered(world, zip(doomed.unanswered, outcomes, strict=True))
    await world.check_books()


async def test_two_processes_under_load_of_which_one_is_killed_leave_the_other_untouched(world: World) -> None:
    organizations = await world.open_organizations(3, funds_micros=1_000_000_000)
    async with other_process(world) as doomed, world.committer() as survivor, asyncio.timeout(WAIT_SECONDS_MAX):
        here = Load(organizations)
        running = asyncio.create_task(here.run(survivor.execute))
        there = [doomed.submit(authorise(organizations[number % 3], f"there-{number}")) for number in range(400)]
        await there[0]
        await doomed.kill()
        await here.grow(300)
        here.stopping = True
        await running

    await check_remembered(world, [*here.answers, *doomed.answers])
    assert all(isinstance(outcome, Granted) for _command, outcome in doomed.answers)
    await world.check_books()
