"""Where the running system can be called, also for a command in another shell.

Knows the file in the data directory that says so while the system runs. It holds no secret.
"""

from __future__ import annotations

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import msgspec

FILE_NAME: Final = "running.json"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of the running system; ``simulator_url`` is None when real gateways are set.

    ``switch_ports`` are the first ports of the edges of switches, by their setting; 0 for one that only connects.
    """

    process_id: int
    web_url: str
    charging_url: str
    simulator_url: str | None
    switch_ports: dict[str, int] = {}


@contextlib.contextmanager
def announced(data_directory: Path, running: Running) -> Iterator[None]:
    """Say where the system can be called for as long as the block lasts. Raises OSError."""
    path = data_directory / FILE_NAME
    unfinished = path.with_suffix(".new")
    with unfinished.open("wb") as file:
        # Held until this process ends, however it ends: a file that nobody holds tells of the past.
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(msgspec.json.encode(running) + b"\n")
        file.flush()
        unfinished.replace(path)
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def find_running(data_directory: Path) -> Running | None:
    """The system that runs on this data directory; None when there is none, or it ended without saying so."""
    try:
        with (data_directory / FILE_NAME).open("rb") as file:
            return None if _is_free(file) else msgspec.json.decode(file.read(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None


def _is_free(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
