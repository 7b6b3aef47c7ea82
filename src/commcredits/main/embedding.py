"""The database of a running system: the operator's own, or the embedded one, kept alive.

Knows that the embedded server may be killed and is started again on the same data. Refuses to start or stop a server
that the operator named.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Final

import structlog

from commcredits.settings import Settings
from commcredits.storage.embedded import EmbeddedServer, EmbeddedServerError, start_embedded

RETRY_SECONDS: Final = 5
"""How long to wait before a server that would not start again is started again."""


def database_directory(settings: Settings) -> Path:
    """Where the embedded server keeps its data."""
    return settings.data_directory / "database"


@contextlib.asynccontextmanager
async def running_database(settings: Settings, *, moved: Callable[[str], None] | None = None) -> AsyncIterator[str]:
    """The address of the database, which answers for as long as the block lasts.

    ``moved`` is told when the embedded server had to be started again and is reached at another address since. Raises
    EmbeddedServerError.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    directory = database_directory(settings)
    keeper = _Keeper(await start_embedded(directory), directory, moved or (lambda _url: None))
    keeping = asyncio.create_task(keeper.keep(), name="keep the database")
    try:
        yield keeper.server.url
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        await keeper.server.stop()


class _Keeper:
    def __init__(self, server: EmbeddedServer, directory: Path, moved: Callable[[str], None]) -> None:
        self.server = server
        self._directory = directory
        self._moved = moved

    async def keep(self) -> None:
        log = structlog.get_logger("supervisor")
        while True:
            status = await self.server.wait()
            log.error("database ended", status=status)
            await self.server.stop()
            address = self.server.url
            self.server = await self._started_again()
            log.info("database started again")
            if self.server.url != address:
                self._moved(self.server.url)

    async def _started_again(self) -> EmbeddedServer:
        while True:
            try:
                return await start_embedded(self._directory)
            except (EmbeddedServerError, OSError) as error:
                reason = str(error)
                structlog.get_logger("supervisor").error("database did not start", reason=reason)
                await asyncio.sleep(RETRY_SECONDS)
