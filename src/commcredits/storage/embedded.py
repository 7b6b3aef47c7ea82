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

import asyncio
import fcntl
import math
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import IO, Self

import asyncpg

from commcredits.storage.embedded_host import (
    POLL_SECONDS,
    EmbeddedServerError,
    Identity,
    Programs,
    choose_identity,
    end_process,
    find_programs,
    make_server_directory,
    make_socket_directory,
    process_serves,
    run_program,
    socket_url,
    spawn,
    until,
)

__all__ = ["PARAMETERS", "EmbeddedServer", "EmbeddedServerError", "running_url", "start_embedded"]

DATABASE_NAME = "commcredits"
ROLE_NAME = "commcredits"

START_SECONDS_MAX = 3600
"""A server that is still recovering after this long is given up."""
STALL_SECONDS_MAX = 300
"""A starting server reports progress every ten seconds; one that is silent for this long is stuck."""
LEFTOVER_SECONDS_MAX = 60
"""How long the children of a killed server may still hold its shared memory."""
INITIALISE_SECONDS_MAX = 300
CONNECT_SECONDS_MAX = 30
LOG_BYTES_MAX = 10_000_000
"""A longer log is set aside at the next start; the one set aside before is dropped."""
LOG_BYTES_SHOWN = 2_000

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
        "min_wal_size": "256MB",
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
        if not await end_process(self.pid, is_running=lambda: self._process.poll() is None):
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
        await _initialise(programs, identity, cluster)
        await _stop_leftover(cluster)
        socket_directory = make_socket_directory(data_directory, identity)
        process = await _launch(
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
    facts = _postmaster_facts(cluster)
    if len(facts) < _STATUS_LINE + 1 or facts[_STATUS_LINE] != "ready" or not process_serves(int(facts[0]), cluster):
        return None
    return socket_url(Path(facts[_SOCKET_LINE]), user=ROLE_NAME, database=DATABASE_NAME)


# The lines of postmaster.pid: process id, cluster, start time, port, socket directory, address, memory key, status.
_SOCKET_LINE = 4
_STATUS_LINE = 7


def _postmaster_facts(cluster: Path) -> list[str]:
    """The lines of postmaster.pid, the first of which is a number; empty when there is no such file."""
    try:
        lines = [line.strip() for line in (cluster / "postmaster.pid").read_text(errors="replace").splitlines()]
    except FileNotFoundError:
        return []
    return lines if lines and lines[0].isdigit() else []


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


async def _initialise(programs: Programs, identity: Identity, cluster: Path) -> None:
    """Make the cluster unless there is one. The rename comes last: what stands under the final name is whole."""
    if _exists(cluster):
        return
    unfinished = cluster.with_name("postgres.new")
    make_server_directory(unfinished, identity)
    code, answer = await run_program(
        [
            *identity.prefix,
            programs.initdb,
            "-D",
            unfinished,
            f"--username={ROLE_NAME}",
            # Only we can enter the socket's directory, and nothing listens elsewhere.
            "--auth-local=trust",
            "--auth-host=reject",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--data-checksums",
            "--no-instructions",
        ],
        seconds_max=INITIALISE_SECONDS_MAX,
    )
    if code != 0:
        raise EmbeddedServerError(f"the database in {cluster} cannot be made:\n{answer[-LOG_BYTES_SHOWN:]}")
    _rename(unfinished, cluster)


def _exists(path: Path) -> bool:
    return path.exists()


def _rename(old: Path, new: Path) -> None:
    """Rename, and make the new name durable."""
    old.rename(new)
    directory = os.open(new.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


async def _stop_leftover(cluster: Path) -> None:
    """Stop a server that outlived the process that started it, and settle what a killed one left behind.

    The lock is ours, so a server of this cluster has no owner any more. PostgreSQL will not start while the process
    id in postmaster.pid is alive, even as some other program's: our own id in its place, which PostgreSQL knows for
    its parent's, lets it go on to the check that matters, whether the old shared memory is still in use.
    """
    facts = _postmaster_facts(cluster)
    if facts:
        pid = int(facts[0])
        if not await end_process(pid, is_running=lambda: process_serves(pid, cluster)):
            raise EmbeddedServerError(
                f"a database server left over on {cluster} (process {pid}) cannot be stopped; stop it by hand"
            )
    _settle_postmaster_file(cluster / "postmaster.pid", _postmaster_facts(cluster))


def _settle_postmaster_file(path: Path, facts: list[str]) -> None:
    if facts:
        path.write_text("".join(f"{line}\n" for line in [str(os.getpid()), *facts[1:]]))
    else:
        path.unlink(missing_ok=True)


async def _launch(command: list[str | Path], *, cluster: Path) -> subprocess.Popen[bytes]:
    """Start the server and wait until it is ready; again while children of a killed one hold its memory."""
    log_path = cluster.with_name("server.log")
    deadline = time.monotonic() + LEFTOVER_SECONDS_MAX
    while True:
        process, log_bytes_before = _spawn_with_log(command, log_path)
        try:
            is_ready = await _became_ready(process, cluster, log_path)
        except BaseException:
            await end_process(process.pid, is_running=lambda: process.poll() is None)  # noqa: B023
            raise
        if is_ready:
            return process
        said = _log_since(log_path, log_bytes_before)
        if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
            raise EmbeddedServerError(f"the database server on {cluster} does not start:\n{said}")
        await asyncio.sleep(POLL_SECONDS)


def _spawn_with_log(command: list[str | Path], log_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server with its output appended to the log; also the log's length before, in bytes."""
    if log_path.exists() and log_path.stat().st_size > LOG_BYTES_MAX:
        log_path.replace(log_path.with_suffix(".log.old"))
    with os.fdopen(os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
        return spawn(command, log), os.fstat(log.fileno()).st_size


async def _became_ready(process: subprocess.Popen[bytes], cluster: Path, log_path: Path) -> bool:
    """Whether the server became ready; False when it ended instead.

    The server's own status file is watched, not its socket, because a connection refused during recovery would
    write to the log and pass for progress.
    """
    started = progressed = time.monotonic()
    log_bytes = 0
    while process.poll() is None:
        facts = _postmaster_facts(cluster)
        if len(facts) > _STATUS_LINE and facts[0] == str(process.pid) and facts[_STATUS_LINE] == "ready":
            return True
        now = time.monotonic()
        if (grown := _size(log_path)) != log_bytes:
            log_bytes, progressed = grown, now
        if now - started > START_SECONDS_MAX or now - progressed > STALL_SECONDS_MAX:
            raise EmbeddedServerError(
                f"the database server on {cluster} is not ready after {now - started:.0f} seconds and was stopped; "
                f"see {log_path}"
            )
        await asyncio.sleep(POLL_SECONDS)
    return False


def _size(path: Path) -> int:
    return path.stat().st_size


def _log_since(log_path: Path, offset: int) -> str:
    with log_path.open("rb") as log:
        log.seek(max(offset, _size(log_path) - LOG_BYTES_SHOWN))
        return log.read().decode(errors="replace").strip()


async def _make_database(server: EmbeddedServer) -> None:
    """Make the product's database, unless an earlier start did."""
    connection = await asyncpg.connect(server.url_of("postgres"), timeout=CONNECT_SECONDS_MAX)
    try:
        if not await connection.fetchval("select true from pg_database where datname = $1", DATABASE_NAME):
            await connection.execute(f"create database {DATABASE_NAME}")
    finally:
        await connection.close()
