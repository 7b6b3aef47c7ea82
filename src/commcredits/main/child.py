"""``python -m commcredits.main.child ROLE``: one process of the product, as the supervisor starts it.

Says on its first line of standard output where it can be called, as JSON. Stops on SIGTERM, on SIGINT, and when its
standard input ends: a child whose supervisor was killed must not live on.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

import structlog

from commcredits.main.composition import Ready, SettingsError
from commcredits.main.logs import configure_logs
from commcredits.settings import Settings
from commcredits.storage.connection import DatabaseUnreachableError

EXIT_SETTINGS: Final = 2
"""The settings are wrong: starting again would not help."""

EXIT_FAILED: Final = 1


def main() -> int:
    """Run the role named on the command line; gives the exit status."""
    role = sys.argv[1]
    settings = Settings()
    configure_logs(settings, role=role)
    try:
        _run(role, settings)
    except SettingsError as error:
        structlog.get_logger("commcredits").error("cannot start", reason=str(error))
        return EXIT_SETTINGS
    except (DatabaseUnreachableError, OSError) as error:
        structlog.get_logger("commcredits").error("cannot start", reason=str(error))
        return EXIT_FAILED
    return 0


def _run(role: str, settings: Settings) -> None:
    if sys.platform == "win32":
        asyncio.run(_serve(role, settings))
        return
    import uvloop

    uvloop.run(_serve(role, settings))


async def _serve(role: str, settings: Settings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await _watch_parent(stop)
    await _work_of(role)(settings, stop, _say_ready)


def _work_of(role: str) -> Callable[[Settings, asyncio.Event, Ready], Awaitable[None]]:
    """What a process of that name does. ValueError for another name."""
    # ruff: noqa: PLC0415 - a child loads what it runs and nothing else, so that it is there again at once
    match role:
        case "charging":
            from commcredits.main.charging import run_charging

            return run_charging
        case "web":
            from commcredits.main.web import run_web

            return run_web
        case "worker":
            from commcredits.main.worker import run_worker

            return run_worker
        case "simulator":
            from commcredits.main.simulator import run_simulator

            return run_simulator
        case "diameter" | "radius" | "kamailio" | "freeswitch" | "asterisk" | "cgrates":
            from commcredits.main.switches import run_switches

            return partial(run_switches, role)
        case _:
            raise ValueError(f"no process is called {role!r}")


async def _watch_parent(stop: asyncio.Event) -> None:
    """Set ``stop`` when standard input ends, which the death of whoever holds its other end brings about."""

    class Watcher(asyncio.Protocol):
        def eof_received(self) -> None:
            stop.set()

        def connection_lost(self, _error: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(Watcher, sys.stdin)


def _say_ready(port: int) -> None:
    sys.stdout.write(json.dumps({"port": port}) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
