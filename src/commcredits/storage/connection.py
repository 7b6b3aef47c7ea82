"""Connections to PostgreSQL, and the named statements that go over them.

Every connection of the product is opened here, so that all of them agree on the time zone, have bounds in time and
say who they are. It knows how to reach a database; it refuses to know what is asked of it.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, TypeAlias
from urllib.parse import parse_qs, urlsplit

import asyncpg
from asyncpg.pool import PoolConnectionProxy

if TYPE_CHECKING:
    # One of our own, or one that a pool lends: whoever only talks over it need not know which.
    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
else:  # the driver's classes are generic for type checkers only
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

CONNECT_SECONDS_MAX = 10
COMMAND_SECONDS_MAX = 60
"""A command that takes longer is cancelled by the driver; whoever needs longer says so on the call."""
IDLE_SECONDS_MAX = 300
"""A pool closes a connection above its minimum size that nobody used for this long."""

_SETTINGS: Mapping[str, str] = {
    "timezone": "UTC",
    # A transaction forgotten open would hold its locks for ever.
    "idle_in_transaction_session_timeout": "60s",
}


class DatabaseUnreachableError(Exception):
    """No connection to the database; the message names the server and what it said, never the password."""


async def open_pool(
    url: str,
    *,
    min_size: int,
    max_size: int,
    application_name: str,
    settings: Mapping[str, str] | None = None,
) -> Pool:
    """Open between `min_size` and `max_size` connections that are shared; close the pool when done.

    `settings` are further PostgreSQL settings of each connection, for example `plan_cache_mode`.
    Raises DatabaseUnreachableError.
    """
    try:
        return await asyncpg.create_pool(
            url,
            min_size=min_size,
            max_size=max_size,
            max_inactive_connection_lifetime=IDLE_SECONDS_MAX,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=COMMAND_SECONDS_MAX,
            server_settings={**_SETTINGS, "application_name": application_name, **(settings or {})},
        )
    except _UNREACHABLE as error:
        raise DatabaseUnreachableError(_explanation(url, error)) from error


async def connect(
    url: str, *, application_name: str = "commcredits", settings: Mapping[str, str] | None = None
) -> Connection:
    """Open one connection, with the settings of `open_pool`; close it when done. Raises DatabaseUnreachableError."""
    try:
        return await asyncpg.connect(
            url,
            timeout=CONNECT_SECONDS_MAX,
            command_timeout=COMMAND_SECONDS_MAX,
            server_settings={**_SETTINGS, "application_name": application_name, **(settings or {})},
        )
    except _UNREACHABLE as error:
        raise DatabaseUnreachableError(_explanation(url, error)) from error


@cache
def load_statement(name: str) -> str:
    """The SQL of the file `sql/<name>.sql` of this package. A name without a file is a bug: FileNotFoundError."""
    return files("commcredits.storage").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


# A wrong address, a refusal by the server, a server that is starting or has no place left, a malformed URL.
_UNREACHABLE = (OSError, TimeoutError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError)


def _explanation(url: str, error: Exception) -> str:
    try:
        parts = urlsplit(url)
        # The name of a host or the directory of a socket may also stand in the query, and so may a password.
        hosts = parse_qs(parts.query).get("host", [parts.netloc.rpartition("@")[2]])
        server = f"{parts.path.lstrip('/')} on {hosts[0] or 'this machine'}"
    except ValueError:
        server = "at the address given"
    reason = str(error) or type(error).__name__
    return f"no connection to the database {server}: {reason}; check COMMCREDITS_DATABASE_URL"
