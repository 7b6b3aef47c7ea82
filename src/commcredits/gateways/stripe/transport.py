"""How the SDK reaches Stripe: HTTP that does not block, bounded in time and size, and honest about what was not sent.

Knows nothing of payments. The SDK's own asynchronous client says of every failure the same; a charge needs to know
whether a request can have arrived.
"""

import asyncio
from collections.abc import Mapping
from typing import Any, ClassVar, Final

import httpx
import stripe

CONNECT_SECONDS_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 16 * 2**20


class NotSentError(stripe.APIConnectionError):
    """No connection could be made, so Stripe has seen nothing of the request."""

    def __init__(self, message: str) -> None:
        super().__init__(message, should_retry=True)  # type: ignore[no-untyped-call] # the SDK leaves its errors untyped


class LostAnswerError(stripe.APIConnectionError):
    """The request left, and what became of it is not known."""

    def __init__(self, message: str) -> None:
        super().__init__(message, should_retry=True)  # type: ignore[no-untyped-call] # the SDK leaves its errors untyped


class Transport(stripe.HTTPClient):
    """One pool of connections; it belongs to the event loop that uses it first."""

    name: ClassVar[str] = "httpx"

    def __init__(self, api_base: str, answer_seconds_max: float) -> None:
        super().__init__()
        over_tls = api_base.startswith("https:")
        self._seconds_max = answer_seconds_max
        self._http = httpx.AsyncClient(
            timeout=httpx.Timeout(answer_seconds_max, connect=min(CONNECT_SECONDS_MAX, answer_seconds_max)),
            # Plain HTTP is spoken with this machine only: roots of trust and a proxy are for the way to Stripe.
            verify=over_tls,
            trust_env=over_tls,
            follow_redirects=False,
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send one request and read its answer; raises `NotSentError` or `LostAnswerError`."""
        try:
            # The time-outs of httpx bound each read; this bounds all of them together.
            async with asyncio.timeout(self._seconds_max + CONNECT_SECONDS_MAX):
                return await self._send(method, url, headers, post_data)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSentError(f"no connection ({type(error).__name__})") from error
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise LostAnswerError(f"the answer was lost ({type(error).__name__})") from error

    async def _send(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any
    ) -> tuple[bytes, int, Mapping[str, str]]:
        async with self._http.stream(method, url, headers=dict(headers), content=post_data) as response:
            content = bytearray()
            async for part in response.aiter_bytes():
                content += part
                if len(content) > ANSWER_BYTES_MAX:
                    raise LostAnswerError(f"an answer of more than {ANSWER_BYTES_MAX} bytes")
            return bytes(content), response.status_code, response.headers

    async def sleep_async(self, secs: float) -> None:
        """Wait between two tries of the SDK."""
        await asyncio.sleep(secs)

    async def close_async(self) -> None:
        """Close the connections."""
        await self._http.aclose()
