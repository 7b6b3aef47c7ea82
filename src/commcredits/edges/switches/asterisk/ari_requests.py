"""Requests to ARI over HTTP: one at a time per call, each answered with a status whatever happens.

Knows Asterisk's HTTP server: JSON bodies, statuses, connections that it closes when they rest. Refuses to know calls.
Numbers and names travel in bodies, never in an address that somebody's log could keep; the password in a header only.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Final, TypeVar
from urllib.parse import quote

import httpx
import msgspec

from commcredits.settings.asterisk import AsteriskLink

REQUEST_SECONDS_MAX: Final = 5.0
CONNECTIONS_MAX: Final = 32
KEEP_ALIVE_SECONDS: Final = 8.0
"""Shorter than the 15 seconds after which Asterisk closes a connection that rests (session_keep_alive)."""

ANSWER_BYTES_MAX: Final = 64 * 1024 * 1024
"""The list of 50,000 channels is shorter."""

_TRIES: Final = 2
_AWAY: Final = 0
_GONE: Final = 404
_CONFLICT: Final = 409
T = TypeVar("T")


class AriAnswer(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of a request; ``status`` 0: nothing that makes sense, for the server is away or talks nonsense."""

    status: int
    body: bytes = b""

    @property
    def done(self) -> bool:
        """Whether Asterisk did it."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the class of statuses that mean success

    @property
    def gone(self) -> bool:
        """Whether there is no such channel or bridge (any more)."""
        return self.status == _GONE

    @property
    def conflict(self) -> bool:
        """Whether it is there already, or not where it should be."""
        return self.status == _CONFLICT


class AriRequests:
    """The client of one Asterisk."""

    def __init__(self, link: AsteriskLink, trust: ssl.SSLContext | None) -> None:
        self._http = httpx.AsyncClient(
            base_url=f"{link.url}/ari/",
            auth=httpx.BasicAuth(link.username, link.password.get_secret_value()),
            timeout=REQUEST_SECONDS_MAX,
            limits=httpx.Limits(
                max_connections=CONNECTIONS_MAX,
                max_keepalive_connections=CONNECTIONS_MAX,
                keepalive_expiry=KEEP_ALIVE_SECONDS,
            ),
            trust_env=False,
            verify=trust if trust is not None else False,
        )

    async def close(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    # ---- channels --------------------------------------------------------------------------------------------------

    async def create(self, channel_id: str, *, endpoint: str, application: str, arguments: str) -> AriAnswer:
        """Make an outgoing channel that enters the application and is not dialled yet."""
        body = {"channelId": channel_id, "endpoint": endpoint, "app": application, "appArgs": arguments}
        return await self._ask("POST", "channels/create", body)

    async def dial(self, channel_id: str, *, caller: str, ring_seconds: int) -> AriAnswer:
        """Dial a channel that was made by ``create``."""
        return await self._ask("POST", f"{_channel(channel_id)}/dial", {"caller": caller, "timeout": ring_seconds})

    async def answer(self, channel_id: str) -> AriAnswer:
        """Answer an incoming channel."""
        return await self._ask("POST", f"{_channel(channel_id)}/answer")

    async def hang_up(self, channel_id: str, cause: int) -> AriAnswer:
        """End a channel with a cause of Q.850."""
        return await self._ask("DELETE", f"{_channel(channel_id)}?reason_code={cause}")

    async def go_on(self, channel_id: str, *, context: str) -> AriAnswer:
        """Let a channel go on in the dial plan, at the beginning of a context."""
        return await self._ask("POST", f"{_channel(channel_id)}/continue", {"context": context, "extension": "s"})

    async def set_variable(self, channel_id: str, name: str, value: str) -> AriAnswer:
        """Set a variable, or write a function."""
        return await self._ask("POST", f"{_channel(channel_id)}/variable", {"variable": name, "value": value})

    async def get_variable(self, channel_id: str, name: str) -> AriAnswer:
        """Read a variable; 404 also where it is not set."""
        return await self._ask("GET", f"{_channel(channel_id)}/variable?variable={quote(name, safe='')}")

    # ---- bridges ---------------------------------------------------------------------------------------------------

    async def make_bridge(self, bridge_id: str) -> AriAnswer:
        """Make a bridge that mixes."""
        return await self._ask("POST", "bridges", {"bridgeId": bridge_id, "type": "mixing", "name": bridge_id})

    async def join(self, bridge_id: str, *channel_ids: str) -> AriAnswer:
        """Put channels into a bridge."""
        return await self._ask("POST", f"{_bridge(bridge_id)}/addChannel", {"channel": ",".join(channel_ids)})

    async def drop_bridge(self, bridge_id: str) -> AriAnswer:
        """Shut a bridge down; who is in it stays in the application."""
        return await self._ask("DELETE", _bridge(bridge_id))

    # ---- what there is ---------------------------------------------------------------------------------------------

    async def list_channels(self) -> AriAnswer:
        """Every channel of the server."""
        return await self._ask("GET", "channels")

    async def list_bridges(self) -> AriAnswer:
        """Every bridge of the server."""
        return await self._ask("GET", "bridges")

    async def get_application(self, name: str) -> AriAnswer:
        """What an application follows."""
        return await self._ask("GET", f"applications/{quote(name, safe='')}")

    async def _ask(self, method: str, path: str, body: Mapping[str, str | int] | None = None) -> AriAnswer:
        """Ask, and once more where a connection broke: every request of ours may come twice."""
        for _ in range(_TRIES):
            try:
                async with self._http.stream(method, path, json=body) as response:
                    content = bytearray()
                    async for piece in response.aiter_bytes():
                        content += piece
                        if len(content) > ANSWER_BYTES_MAX:
                            return AriAnswer(status=_AWAY)
                    return AriAnswer(status=response.status_code, body=bytes(content))
            except (httpx.TimeoutException, httpx.InvalidURL, httpx.DecodingError):
                break
            except httpx.HTTPError:
                continue
        return AriAnswer(status=_AWAY)


def read_answer(answer: AriAnswer, kind: type[T]) -> T | None:
    """What an answer says; None where it was not done, or is nothing of this kind."""
    if not answer.done:
        return None
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.MsgspecError:
        return None


def _channel(channel_id: str) -> str:
    return f"channels/{quote(channel_id, safe='')}"


def _bridge(bridge_id: str) -> str:
    return f"bridges/{quote(bridge_id, safe='')}"
