"""Where the running system can be called, also for a command in another shell.

Knows the file in the data directory that says so while the system runs. It holds no secret.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

FILE_NAME: Final = "running.json"


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """Addresses of the running system; ``simulator_url`` is None when real gateways are set."""

    process_id: int
    web_url: str
    charging_url: str
    simulator_url: str | None


@contextlib.contextmanager
def announced(data_directory: Path, running: Running) -> Iterator[None]:
    """Say where the system can be called for as long as the block lasts. Raises OSError."""
    path = data_directory / FILE_NAME
    data_directory.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(msgspec.json.encode(running) + b"\n")
    unfinished.replace(path)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def find_running(data_directory: Path) -> Running | None:
    """The system that runs on this data directory; None when there is none, or it ended without saying so."""
    try:
        running = msgspec.json.decode((data_directory / FILE_NAME).read_bytes(), type=Running)
    except (OSError, msgspec.DecodeError):
        return None
    return running if _is_alive(running.process_id) else None


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except PermissionError:
        return True  # another user's
    except OSError:
        return False
    return True
