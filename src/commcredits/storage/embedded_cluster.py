"""One cluster of the embedded server: made once, launched many times, left in order after a crash.

It knows initdb, the server's status file and its log. It refuses to know who may use the cluster: the caller holds
the lock of the data directory.
"""

import asyncio
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from commcredits.storage.embedded_host import (
    POLL_SECONDS,
    EmbeddedServerError,
    Identity,
    Programs,
    end_child,
    end_process,
    make_server_directory,
    process_serves,
    run_program,
    spawn,
)

ROLE_NAME = "commcredits"

START_SECONDS_MAX = 3600
"""A server that is still recovering after this long is given up."""
STALL_SECONDS_MAX = 300
"""A starting server reports progress every ten seconds; one that is silent for this long is stuck."""
LEFTOVER_SECONDS_MAX = 60
"""How long the children of a killed server may still hold its shared memory."""
RETRY_SECONDS = 0.25
INITIALISE_SECONDS_MAX = 300
LOG_BYTES_MAX = 10_000_000
"""A longer log is set aside at the next start; the one set aside before is dropped."""
LOG_BYTES_SHOWN = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerStatus:
    """What a server writes about itself in its cluster's postmaster.pid."""

    pid: int
    socket_directory: Path
    is_ready: bool


def read_status(cluster: Path) -> ServerStatus | None:
    """What postmaster.pid says; None when there is no such file, or not all of it yet.

    Its lines: process id, cluster, start time, port, socket directory, address, memory key, status.
    """
    lines = _status_lines(cluster)
    if not lines:
        return None
    padded = [*lines, *[""] * 8]
    return ServerStatus(pid=int(padded[0]), socket_directory=Path(padded[4]), is_ready=padded[7] == "ready")


def _status_lines(cluster: Path) -> list[str]:
    try:
        lines = [line.strip() for line in _status_path(cluster).read_text(errors="replace").splitlines()]
    except FileNotFoundError:
        return []
    return lines if lines and lines[0].isdigit() else []


def _status_path(cluster: Path) -> Path:
    return cluster / "postmaster.pid"


async def initialise(programs: Programs, identity: Identity, cluster: Path) -> None:
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


async def stop_leftover(cluster: Path) -> None:
    """Stop a server that outlived the process that started it, and settle what a killed one left behind.

    The lock is ours, so a server of this cluster has no owner any more. PostgreSQL will not start while the process
    id in postmaster.pid is alive, even as some other program's: our own id in its place, which PostgreSQL knows for
    its parent's, lets it go on to the check that matters, whether the old shared memory is still in use.
    """
    status = read_status(cluster)
    if status and not await end_process(status.pid, is_running=lambda: process_serves(status.pid, cluster)):
        raise EmbeddedServerError(
            f"a database server left over on {cluster} (process {status.pid}) cannot be stopped; stop it by hand"
        )
    _settle_status(cluster)


def _settle_status(cluster: Path) -> None:
    path = _status_path(cluster)
    if lines := _status_lines(cluster):
        path.write_text("".join(f"{line}\n" for line in [str(os.getpid()), *lines[1:]]))
    else:
        path.unlink(missing_ok=True)


async def launch(command: Sequence[str | Path], *, cluster: Path) -> subprocess.Popen[bytes]:
    """Start the server and wait until it is ready; again while children of a killed one hold its memory."""
    log_path = cluster.with_name("server.log")
    deadline = time.monotonic() + LEFTOVER_SECONDS_MAX
    while True:
        process, log_bytes_before = _spawn_with_log(command, log_path)
        try:
            is_ready = await _became_ready(process, cluster, log_path)
        except BaseException:
            await end_child(process)
            raise
        if is_ready:
            return process
        said = _log_since(log_path, log_bytes_before)
        if "pre-existing shared memory block" not in said or time.monotonic() > deadline:
            raise EmbeddedServerError(f"the database server on {cluster} does not start:\n{said}")
        await asyncio.sleep(RETRY_SECONDS)


def _spawn_with_log(command: Sequence[str | Path], log_path: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Start the server with its output appended to the log; also the log's length before, in bytes."""
    if log_path.exists() and log_path.stat().st_size > LOG_BYTES_MAX:
        log_path.replace(log_path.with_suffix(".log.old"))
    with os.fdopen(os.open(log_path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as log:
        log_bytes_before = _size(log_path)
        return spawn(command, log), log_bytes_before


async def _became_ready(process: subprocess.Popen[bytes], cluster: Path, log_path: Path) -> bool:
    """Whether the server became ready; False when it ended instead.

    The server's own status file is watched, not its socket, because a connection refused during recovery would
    write to the log and pass for progress.
    """
    started = progressed = time.monotonic()
    log_bytes = 0
    while process.poll() is None:
        status = read_status(cluster)
        if status and status.pid == process.pid and status.is_ready:
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
