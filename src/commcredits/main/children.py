"""One process of the product, kept alive from outside.

Knows how a child is started, waited for, started again and stopped. Refuses to know what it does: ``child.py`` runs it.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Mapping
from typing import Final

import msgspec
import structlog

from commcredits.main.child import EXIT_SETTINGS
from commcredits.main.composition import SettingsError

READY_SECONDS_MAX: Final = 60
"""How long a child may take to say that it can be called."""

STOP_SECONDS_MAX: Final = 15
"""How long a child may take to finish what it does before it is killed."""

RESTART_PAUSE_SECONDS: Final = (0.2, 1, 2, 5, 10)
"""How long to wait before a child is started again: longer each time that it fails soon."""

_FAILED_SOON_SECONDS: Final = 30


class ChildFailedError(SettingsError):
    """A child ended before it could be called; ``hopeless`` when starting it again would not help."""

    def __init__(self, message: str, *, hopeless: bool) -> None:
        super().__init__(message)
        self.hopeless = hopeless


class Child:
    """One process, started again whenever it ends unasked.

    ``environment`` is read at each start, so what changes there reaches the next one. ``complaints`` is the file
    descriptor that takes its log; None is this process's own standard error.
    """

    def __init__(self, role: str, environment: Mapping[str, str], *, complaints: int | None = None) -> None:
        self.role = role
        self._environment = environment
        self._complaints = complaints
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("supervisor").bind(child=role)

    async def start(self) -> int:
        """Start it and wait until it can be called; the port that it says. ChildFailedError when it ends before."""
        port = await self._launch()
        self._keeper = asyncio.create_task(self._keep(), name=f"keep {self.role}")
        return port

    def start_anew(self) -> None:
        """End it, so that it starts again with what its environment says now."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()

    async def stop(self) -> None:
        """Ask it to finish, and kill it when it does not."""
        if self._keeper is not None:
            self._keeper.cancel()
            # A keeper that was just starting a process leaves that one behind for the lines below.
            await asyncio.gather(self._keeper, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS_MAX)
        except TimeoutError:
            self._log.warning("child killed", pid=process.pid)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    async def _launch(self) -> int:
        process = self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "commcredits.main.child", self.role),
            env=dict(self._environment),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._complaints,
            # A signal from the terminal is the supervisor's to pass on, in the right order.
            start_new_session=True,
        )
        assert process.stdout is not None, "it was asked for"
        try:
            line = await asyncio.wait_for(process.stdout.readline(), READY_SECONDS_MAX)
        except TimeoutError:
            line = b""
        if not line:
            raise await self._failure(process)
        try:
            return msgspec.json.decode(line, type=_Ready).port
        except msgspec.DecodeError:
            # Something else wrote first, and what nobody can call must not be kept alive, nor end its keeper.
            raise await self._failure(process) from None

    async def _failure(self, process: asyncio.subprocess.Process) -> ChildFailedError:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        status = await process.wait()
        return ChildFailedError(
            f"the {self.role} process did not start (status {status}); the log says why",
            hopeless=status == EXIT_SETTINGS,
        )

    async def _keep(self) -> None:
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            assert self._process is not None, "it was started"
            began = loop.time()
            status = await self._process.wait()
            if loop.time() - began >= _FAILED_SOON_SECONDS:
                failures = 0
            pause = RESTART_PAUSE_SECONDS[min(failures, len(RESTART_PAUSE_SECONDS) - 1)]
            failures += 1
            self._log.error("child ended", status=status, restart_in_seconds=pause)
            await asyncio.sleep(pause)
            if not await self._started_again():
                return

    async def _started_again(self) -> bool:
        """Whether it runs again, however often that takes; False when its settings keep it from running at all."""
        while True:
            try:
                await self._launch()
            except (ChildFailedError, OSError) as error:
                self._log.error("child did not start", reason=str(error))
                if isinstance(error, ChildFailedError) and error.hopeless:
                    return False
                await asyncio.sleep(RESTART_PAUSE_SECONDS[-1])
            else:
                self._log.info("child started again")
                return True


class _Ready(msgspec.Struct, frozen=True):
    port: int
