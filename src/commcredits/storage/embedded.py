"""The embedded database server: PostgreSQL from a wheel, for installations that name no database of their own.

Makes a cluster in a directory, starts a server on it, waits until it answers and stops it. It refuses to know what
is stored there, and it never runs the wheel's own launcher: that one creates operating-system users, opens parent
directories to everybody and gives up after ten seconds. POSIX only.

What stands in the data directory:

    lock          held (flock) by the process that runs the server; contains its process id
    postgres/     the cluster; made as `postgres.new/` and renamed, so that a half-made one never counts
    socket/       the server's socket, unless the path is too long for one: then a private temporary directory
    server.log    what the server said

The server ends with the process that started it: where `setpriv` exists, the kernel sends it a fast shutdown. One
that outlived its starter all the same is stopped cleanly by the next start and started anew, not adopted: so every
running server has today's parameters and a parent that watches it.
"""

import fcntl
import math
import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Self

import asyncpg

from commcredits.storage.embedded_cluster import ROLE_NAME, initialise, launch, read_status, stop_leftover
from commcredits.storage.embedded_host import (
    EmbeddedServerError,
    choose_identity,
    end_child,
    find_programs,
    make_socket_directory,
    process_serves,
    socket_url,
    until,
)

__all__ = ["PARAMETERS", "EmbeddedServer", "EmbeddedServerError", "running_url", "start_embedded"]

DATABASE_NAME = "commcredits"

CONNECT_SECONDS_MAX = 30
PARAMETERS: Mapping[str, str] = MappingProxyType(
    {
        # An answered command survives a power cut: these three are never traded for speed.
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "port": "5432",
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": "256MB",
        "wal_buffers": "16MB",
        # A new file of the log is filled with zeros first, and for those 30 ms nobody is answered: files that are there
        # are kept and used again.
        "min_wal_size": "1GB",
        "max_wal_size": "2GB",
        "checkpoint_timeout": "15min",
        # Compiling a plan costs more than any statement of ours runs.
        "jit": "off",
        # A few account rows take thousands of updates a second: dead versions go early and without pauses.
        "autovacuum_naptime": "10s",
        "autovacuum_vacuum_scale_factor": "0.02",
        "autovacuum_vacuum_cost_limit": "2000",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "lc_messages": "C",
        "log_checkpoints": "off",
        "cluster_name": "commcredits",
    }
)
"""What the server is started with. Given on its command line, so a changed default reaches existing clusters."""


class EmbeddedServer:
    """A running server: stop it with `stop`, or use it as an async context manager.

    It belongs to no event loop: it may be started in one and stopped in another. The thread that started it must
    live as long as the server, because the kernel takes the end of that thread for the end of the parent.
    """

    __slots__ = ("_lock", "_process", "_socket_directory", "data_directory")

    def __init__(
        self,
        *,
        data_directory: Path,
        socket_directory: Path,
        process: subprocess.Popen[bytes],
        lock: IO[str],
    ) -> None:
        self.data_directory = data_directory
        self._socket_directory = socket_directory
        self._process = process
        self._lock = lock

    @property
    def url(self) -> str:
        """The address of the product's database, for asyncpg."""
        return self.url_of(DATABASE_NAME)

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def url_of(self, database_name: str) -> str:
        """The address of another database of this server."""
        return socket_url(self._socket_directory, user=ROLE_NAME, database=database_name)

    async def wait(self) -> int:
        """Wait until the server has ended, for whatever reason; its exit code (a negative one is the signal)."""
        await until(lambda: self._process.poll() is not None, seconds_max=math.inf)
        return self._process.wait()

    async def stop(self) -> None:
        """End all connections and stop cleanly. A server that has already ended is fine, and so is a second call.

        Raises EmbeddedServerError when the server cannot be ended.
        """
        if self._lock.closed:
            return
        if not await end_child(self._process):
            raise EmbeddedServerError(
                f"the database server of {self.data_directory} (process {self.pid}) cannot be stopped; "
                "see server.log there"
            )
        shutil.rmtree(self._socket_directory, ignore_errors=True)
        self._lock.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


async def start_embedded(data_directory: Path, *, parameters: Mapping[str, str] | None = None) -> EmbeddedServer:
    """Start the server of a data directory and wait until it answers; a directory that is new gets a cluster first.

    `parameters` are PostgreSQL settings that add to PARAMETERS or replace some of them. Recovery after a crash may
    take long: it is waited for while the server reports progress.
    Raises EmbeddedServerError: another process runs a server on this directory (the message names both), the wheel
    is missing, the directory cannot be used, or the server does not start (the message ends with what it said).
    """
    data_directory = _make_data_directory(data_directory)
    lock = _take_lock(data_directory)
    try:
        cluster = data_directory / "postgres"
        programs = await find_programs(cluster)
        identity = await choose_identity(programs, data_directory, cluster)
        await initialise(programs, identity, cluster)
        await stop_leftover(cluster)
        socket_directory = make_socket_directory(data_directory, identity)
        process = await launch(
            [
                *identity.prefix,
                programs.postgres,
                "-D",
                cluster,
                "-c",
                f"unix_socket_directories={socket_directory}",
                *(f"--{name}={value}" for name, value in {**PARAMETERS, **(parameters or {})}.items()),
            ],
            cluster=cluster,
        )
    except BaseException as error:
        lock.close()
        if isinstance(error, OSError):
            raise EmbeddedServerError(f"the data directory {data_directory} cannot be used: {error}") from error
        raise
    server = EmbeddedServer(
        data_directory=data_directory, socket_directory=socket_directory, process=process, lock=lock
    )
    try:
        await _make_database(server)
    except BaseException:
        await server.stop()
        raise
    return server


def running_url(data_directory: Path) -> str | None:
    """The address of the server that another process runs on this data directory; None when there is none."""
    cluster = data_directory.resolve() / "postgres"
    status = read_status(cluster)
    if status is None or not status.is_ready or not process_serves(status.pid, cluster):
        return None
    return socket_url(status.socket_directory, user=ROLE_NAME, database=DATABASE_NAME)


def _make_data_directory(data_directory: Path) -> Path:
    path = data_directory.resolve()
    try:
        # Others may pass a directory that root makes here, so that the server's user can; all inside is private.
        path.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise EmbeddedServerError(
            f"the data directory {path} cannot be made: {error}; name another in COMMCREDITS_DATA_DIRECTORY"
        ) from error
    return path


def _take_lock(data_directory: Path) -> IO[str]:
    path = data_directory / "lock"
    try:
        lock = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+", encoding="ascii")
    except OSError as error:
        raise EmbeddedServerError(
            f"the data directory {data_directory} cannot be used: {error}; "
            "run as the user who made it, or name another in COMMCREDITS_DATA_DIRECTORY"
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise EmbeddedServerError(
            f"the data directory {data_directory} is in use by process {holder}, which runs a database server on it; "
            "stop that process, or name another directory in COMMCREDITS_DATA_DIRECTORY"
        ) from error
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


async def _make_database(server: EmbeddedServer) -> None:
    """Make the product's database, unless an earlier start did."""
    connection = await asyncpg.connect(server.url_of("postgres"), timeout=CONNECT_SECONDS_MAX)
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", DATABASE_NAME):
            await connection.execute(f"create database {DATABASE_NAME}")
    finally:
        await connection.close()
