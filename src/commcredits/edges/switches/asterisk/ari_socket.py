"""The websocket over which Asterisk tells what happens.

Knows how it is opened, and that a peer which answers no ping is gone. Refuses to know events.
"""

from __future__ import annotations

import logging
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from commcredits.settings.asterisk import AsteriskLink

OPEN_SECONDS_MAX: Final = 5.0
PING_SECONDS: Final = 5.0
PONG_SECONDS_MAX: Final = 10.0
CLOSE_SECONDS_MAX: Final = 1.0
MESSAGE_BYTES_MAX: Final = 64 * 1_024
MESSAGES_MAX: Final = 4_096
"""How many events may wait for us: Asterisk closes a websocket that it cannot write to for 100 ms."""

AWAY: Final = (OSError, TimeoutError, WebSocketException)
"""What opening and reading may raise."""

# The library writes headers to its log, and a password is among ours.
_SILENT: Final = logging.Logger("silent", logging.CRITICAL + 1)  # noqa: LOG001 - it must not be found and switched on


@asynccontextmanager
async def open_events(link: AsteriskLink, trust: ssl.SSLContext | None) -> AsyncIterator[ClientConnection]:
    """The websocket of the link's application, open. Raises what AWAY names."""
    secret = f"{link.username}:{link.password.get_secret_value()}".encode()
    address = f"ws{link.url.removeprefix('http')}/ari/events?app={link.application}"
    async with connect(
        address,
        additional_headers={"Authorization": f"Basic {b64encode(secret).decode('ascii')}"},
        user_agent_header="commcredits",
        compression=None,
        proxy=None,
        ssl=trust,
        open_timeout=OPEN_SECONDS_MAX,
        ping_interval=PING_SECONDS,
        ping_timeout=PONG_SECONDS_MAX,
        close_timeout=CLOSE_SECONDS_MAX,
        max_size=MESSAGE_BYTES_MAX,
        max_queue=MESSAGES_MAX,
        logger=_SILENT,
    ) as websocket:
        yield websocket


def why(error: BaseException) -> str:
    """Why a link is away, in words that hold nothing of what was sent."""
    match error:
        case InvalidStatus():
            status = error.response.status_code
            return "the user or the password is wrong" if status in (401, 403) else f"HTTP status {status}"
        case WebSocketException():
            return type(error).__name__
        case TimeoutError():
            return "it does not answer"
        case OSError():
            return error.strerror or type(error).__name__
        case _:
            return type(error).__name__


def trust_of(link: AsteriskLink) -> ssl.SSLContext | None:
    """Whom to believe over https; None over http. Raises OSError for a file that is none."""
    if not link.url.startswith("https:"):
        return None
    return ssl.create_default_context(cafile=None if link.certificate is None else str(link.certificate))
