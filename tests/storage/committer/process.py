"""A committer in a process of its own, which takes commands on its input and writes answers on its output.

One line is one command or one answer: a number, the record's name, its fields. An answer is written, unbuffered, as
soon as the committer gives it, so whatever a test has read was given. Refuses to know what the commands are for.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from commcredits.core.account import ChargingTerms
from commcredits.core.commands import Command
from commcredits.core.outcomes import Outcome
from commcredits.storage.committer import Committer
from commcredits.storage.identifiers import IdentifierSource
from tests.storage.committer.world import FUNDING, SHARD, WAIT_SECONDS_MAX, World

ROOT: Final = Path(__file__).resolve().parents[3]
RECORDS: Final[dict[str, type[Any]]] = {kind.__name__: kind for kind in (*get_args(Command), *get_args(Outcome))}


def to_line(number: int, record: object) -> bytes:
    """One command or answer as a line."""
    return msgspec.json.encode((number, type(record).__name__, record)) + b"\n"


def from_line(line: bytes) -> tuple[int, Any]:
    """The number and the command or answer of a line."""
    number, name, fields = msgspec.json.decode(line)
    return number, msgspec.convert(fields, RECORDS[name])


class OtherProcess:
    """The parent's end: commands go in, answers come out, and the process may be killed in between."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._sent = 0
        self._waiting: dict[int, asyncio.Future[Outcome]] = {}
        self.answers: list[tuple[Command, Outcome]] = []
        self._commands: dict[int, Command] = {}
        self._reader = asyncio.create_task(self._read())

    def submit(self, command: Command) -> asyncio.Future[Outcome]:
        """Send a command; its answer to come, cancelled when the process ends without one."""
        assert self._child.stdin is not None
        self._sent += 1
        self._commands[self._sent] = command
        answered = self._waiting[self._sent] = asyncio.get_running_loop().create_future()
        self._child.stdin.write(to_line(self._sent, command))
        return answered

    async def execute(self, command: Command) -> Outcome:
        """Send a command and wait for its answer."""
        return await asyncio.wait_for(self.submit(command), WAIT_SECONDS_MAX)

    @property
    def unanswered(self) -> list[Command]:
        """The commands that were sent and not answered."""
        return list(self._commands.values())

    async def kill(self) -> None:
        """End the process as a power cut would, and read what it had answered by then."""
        self._child.send_signal(signal.SIGKILL)
        await self._end()

    async def close(self) -> None:
        """Let the process finish what it was sent and end."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        await self._end()
        assert self._child.returncode in {0, -signal.SIGKILL}

    async def _end(self) -> None:
        await asyncio.wait_for(self._child.wait(), WAIT_SECONDS_MAX)
        await self._reader
        for answered in self._waiting.values():
            answered.cancel()

    async def _read(self) -> None:
        assert self._child.stdout is not None
        async for line in self._child.stdout:
            if not line.endswith(b"\n"):
                return  # cut off by the kill: nobody was answered
            number, outcome = from_line(line)
            self.answers.append((self._commands.pop(number), outcome))
            answered = self._waiting.pop(number)
            if not answered.done():
                answered.set_result(outcome)


@asynccontextmanager
async def other_process(world: World) -> AsyncIterator[OtherProcess]:
    """A committer on the world's database and at its instant, in another process."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.storage.committer.process",
        world.url,
        world.clock.now.isoformat(),
        cwd=ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    process = OtherProcess(child)
    try:
        yield process
    finally:
        if child.returncode is None:
            await process.close()


def _answer_with(number: int) -> Callable[[Outcome], None]:
    def answer(outcome: Outcome) -> None:
        line = to_line(number, outcome)
        assert os.write(sys.stdout.fileno(), line) == len(line)

    return answer


async def _serve(url: str, now: datetime) -> None:
    """The child's end."""
    committer = Committer(
        database_url=url,
        shard_id=SHARD,
        clock=lambda: now,
        new_id=IdentifierSource(),
        charging=ChargingTerms(),
        funding=FUNDING,
    )
    running = asyncio.create_task(committer.run())
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async for line in commands:
        number, command = from_line(line)
        committer.submit(command, _answer_with(number))
    await committer.close()
    await running


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], datetime.fromisoformat(sys.argv[2]).astimezone(UTC)))
