"""The installed program as somebody at a terminal runs it: a process of its own, watched from outside.

Knows processes, lines and ports. Refuses to know what the program does.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

import psutil

START_SECONDS_MAX: Final = 90
STOP_SECONDS_MAX: Final = 30
POLL_SECONDS: Final = 0.1

_PROGRAM: Final = (sys.executable, "-c", "from commcredits.main import main; main()")
T = TypeVar("T")


class Program:
    """A running command. Its output is read as it comes, both streams together."""

    def __init__(self, *words: str, settings: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [*_PROGRAM, *words],
            env=_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            # A Ctrl-C meant for the tests is not meant for it.
            start_new_session=True,
        )
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def said(self) -> str:
        """Everything that it said so far."""
        return "".join(self._lines)

    @property
    def children(self) -> list[psutil.Process]:
        """Every process below it, however deep."""
        return list(psutil.Process(self._process.pid).children(recursive=True))

    def child(self, *words: str) -> psutil.Process:
        """The one child whose command line ends in these words."""
        (found,) = (each for each in self.children if _ends_in(each, words))
        return found

    def wait_for(self, pattern: str) -> str:
        """The first group of the first match in what it says, once it says that."""

        def match() -> str | None:
            found = re.search(pattern, self.said)
            if found is None and self._process.poll() is not None:
                raise AssertionError(f"it ended with {self._process.returncode} and had said:\n{self.said}")
            return found and found[1]

        return eventually(match, seconds_max=START_SECONDS_MAX)

    def end(self, number: signal.Signals) -> int:
        """Its status after a signal."""
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Its status, once it has ended by itself."""
        status = self._process.wait(STOP_SECONDS_MAX)
        self._reader.join(STOP_SECONDS_MAX)
        return status

    def clean_up(self) -> None:
        """Leave nothing of it, whatever a test did."""
        processes = [*self.children, psutil.Process(self._process.pid)] if self._process.poll() is None else []
        for each in processes:
            try:
                each.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(processes, timeout=STOP_SECONDS_MAX)
        self.wait()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            self._lines.extend(lines)


@contextmanager
def program(*words: str, settings: Mapping[str, str]) -> Iterator[Program]:
    """A command that runs until the block ends, or before."""
    started = Program(*words, settings=settings)
    try:
        yield started
    finally:
        started.clean_up()


def command(*words: str, settings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """A command in another shell, run to its end."""
    return subprocess.run(
        [*_PROGRAM, *words],
        env=_environment(settings),
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=START_SECONDS_MAX,
    )


def eventually(look: Callable[[], T | None], *, seconds_max: float) -> T:
    """What is looked for, once it is there. AssertionError when it does not come in time."""
    deadline = time.monotonic() + seconds_max
    while (found := look()) is None:
        assert time.monotonic() < deadline, f"not within {seconds_max} seconds"
        time.sleep(POLL_SECONDS)
    return found


def left_running(processes: list[psutil.Process], *, seconds_max: float) -> list[psutil.Process]:
    """Which of them still run after that time; one that has ended and whose parent has not asked yet does not."""
    return [each for each in psutil.wait_procs(processes, timeout=seconds_max)[1] if not _has_ended(each)]


def _has_ended(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def is_listening(port: int) -> bool:
    """Whether anybody answers on a port of this machine."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def settings_of(directory: Path, **changed: str) -> dict[str, str]:
    """Settings of a system that disturbs nobody, on data of its own."""
    return {
        "COMMCREDITS_DATA_DIRECTORY": str(directory),
        "COMMCREDITS_WEB_PORT": "0",
        "COMMCREDITS_CHARGING_PORT": "0",
        "COMMCREDITS_SIMULATOR_PORT": "0",
        **changed,
    }


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COMMCREDITS_")}
    return {**inherited, "PYTHONIOENCODING": "utf-8", **settings}


def _ends_in(process: psutil.Process, words: tuple[str, ...]) -> bool:
    try:
        return tuple(process.cmdline()[-len(words) :]) == words
    except psutil.NoSuchProcess:
        return False  # It ended between being listed and being asked, as those of the database do.
