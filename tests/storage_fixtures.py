"""Real databases for the tests: one embedded server per session, a fresh migrated database per test."""

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import pytest

from commcredits.storage.connection import Connection, connect
from commcredits.storage.embedded import EmbeddedServer, start_embedded
from commcredits.storage.migrations import migrate

TEMPLATE_NAME = "template_migrated"
PARAMETERS = {"shared_buffers": "64MB", "min_wal_size": "32MB", "max_wal_size": "128MB"}
"""A server for small databases that come and go, whose files may stand in memory."""
T = TypeVar("T")
_numbers = count(1)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in a loop of its own, so that a fixture serves tests in any loop, or in none."""
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        return runner.run(work)


async def execute(url: str, *statements: str) -> None:
    """Run statements over a connection of their own, outside of any transaction."""
    connection = await connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def embedded_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """The session's own server; tests that kill servers start another."""
    server = run(start_embedded(tmp_path_factory.mktemp("database"), parameters=PARAMETERS))
    yield server
    run(server.stop())


@pytest.fixture(scope="session")
def migrated_template(embedded_server: EmbeddedServer) -> str:
    """The name of a database with every migration applied, for `create database … template`."""

    async def make() -> None:
        await execute(embedded_server.url, f"create database {TEMPLATE_NAME}")
        connection = await connect(embedded_server.url_of(TEMPLATE_NAME))
        try:
            await migrate(connection)
        finally:
            await connection.close()

    run(make())
    return TEMPLATE_NAME


class Housekeeper:
    """Makes databases and drops them, over one connection in a loop of its own: a new one would take as long again."""

    def __init__(self, server: EmbeddedServer) -> None:
        self._server = server
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._connection = self._runner.run(connect(server.url))

    @contextmanager
    def fresh_database(self, template: str) -> Iterator[str]:
        """The address of a copy of a template, while the block lasts."""
        name = f"test_{next(_numbers)}"
        # Copying the files costs a tenth of writing them through the log, and so does dropping the copy.
        self._execute(f"create database {name} template {template} strategy file_copy")
        yield self._server.url_of(name)
        self._execute(f"drop database {name} with (force)")

    def close(self) -> None:
        """Leave the server."""
        self._runner.run(self._connection.close())
        self._runner.close()

    def _execute(self, statement: str) -> None:
        self._runner.run(self._connection.execute(statement))


@pytest.fixture(scope="session")
def housekeeper(embedded_server: EmbeddedServer) -> Iterator[Housekeeper]:
    """Whoever makes and drops the databases of the session's own server."""
    keeper = Housekeeper(embedded_server)
    yield keeper
    keeper.close()


@pytest.fixture
def database_url(housekeeper: Housekeeper, migrated_template: str) -> Iterator[str]:
    """The address of a fresh database with every migration applied."""
    with housekeeper.fresh_database(migrated_template) as url:
        yield url


@pytest.fixture
def empty_database_url(housekeeper: Housekeeper) -> Iterator[str]:
    """The address of a fresh database without any table."""
    with housekeeper.fresh_database("template0") as url:
        yield url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Connection]:
    """A connection to a fresh database with every migration applied."""
    connection = await connect(database_url, application_name="test")
    yield connection
    await connection.close()


@pytest.fixture(scope="session")
def system_postgresql_url() -> Iterator[str]:
    """The address of a server of the system's own PostgreSQL, as an operator would name one; 15 or newer."""
    found = sorted(
        (path for path in Path("/usr/lib/postgresql").glob("*/bin") if path.parent.name.isdigit()),
        key=lambda path: int(path.parent.name),
    )
    programs = next((path for path in found if int(path.parent.name) >= 15), None)
    if programs is None:
        pytest.skip("no PostgreSQL of the system in /usr/lib/postgresql (Debian's package `postgresql`)")
    as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--"] if os.geteuid() == 0 else []
    # Directly below the temporary directory: nobody may not enter pytest's own, and a socket's path is short.
    directory = Path(tempfile.mkdtemp())
    if as_nobody:
        shutil.chown(directory, 65534, 65534)
    try:
        cluster = directory / "cluster"
        options = f"-k {directory} -c listen_addresses='' -c fsync=off"

        def control(*command: str) -> None:
            subprocess.run([*as_nobody, *command], check=True, cwd="/", stdout=subprocess.DEVNULL, timeout=60)

        control(f"{programs}/initdb", "-D", str(cluster), "-U", "operator", "--auth=trust", "--encoding=UTF8")
        control(f"{programs}/pg_ctl", "-D", str(cluster), "-w", "-l", f"{directory}/log", "-o", options, "start")
        try:
            yield f"postgresql://operator@/postgres?host={quote(str(directory), safe='')}"
        finally:
            control(f"{programs}/pg_ctl", "-D", str(cluster), "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(directory)
