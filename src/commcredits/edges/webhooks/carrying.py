"""Sends signed webhooks over HTTPS, to the very address that was checked.

Knows HTTP and TLS. Refuses to look a name up, to follow a redirect, to go through a proxy, to keep a connection, and to
read more than the beginning of an answer. The certificate must be for the host's name, whatever address is called.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from datetime import datetime
from typing import Final

import httpx

from commcredits.edges.webhooks.payloads import payload_of, signed_headers
from commcredits.operations.webhook_addresses import WebhookTarget
from commcredits.operations.webhook_delivering import Answered, OwedDelivery, Unanswered

TRY_SECONDS_MAX: Final = 15.0
"""How long one try may take in all."""

CONNECT_SECONDS_MAX: Final = 5.0

ANSWER_BYTES_MAX: Final = 2_048
"""How much of an answer is read; the rest is left on the wire."""

_DEFAULT_PORTS: Final = {"https": 443, "http": 80}
_SECRETS: Final = re.compile(r"whsec_[A-Za-z0-9+/=_-]+|v1a?,[A-Za-z0-9+/=]{8,}|\b(?:bearer|basic)\s+\S+", re.IGNORECASE)
_UNSHOWABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+")


class HttpCarrier:
    """Signs and sends; ``tls`` None trusts what this machine trusts."""

    def __init__(self, *, user_agent: str, tls: ssl.SSLContext | None = None) -> None:
        self._user_agent = user_agent
        self._client = httpx.AsyncClient(
            verify=tls or ssl.create_default_context(),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx.Timeout(TRY_SECONDS_MAX, connect=CONNECT_SECONDS_MAX),
            # A kept connection is found again by its address, and would serve another host that shares it.
            limits=httpx.Limits(max_keepalive_connections=0, max_connections=None),
        )

    async def send(self, delivery: OwedDelivery, target: WebhookTarget, now: datetime) -> Answered | Unanswered:
        """What the endpoint answered, or why nothing came."""
        try:
            async with asyncio.timeout(TRY_SECONDS_MAX):
                return await self._send(delivery, target, now)
        except (TimeoutError, httpx.TimeoutException):
            return Unanswered(trouble="no answer in time")
        except httpx.ConnectError as error:
            return Unanswered(trouble=_connect_trouble(error))
        except httpx.HTTPError as error:
            return Unanswered(trouble=f"no answer: {type(error).__name__}")

    async def aclose(self) -> None:
        """Close what is open."""
        await self._client.aclose()

    async def _send(self, delivery: OwedDelivery, target: WebhookTarget, now: datetime) -> Answered:
        body = payload_of(delivery.notice)
        headers = {
            "host": _authority(target.host, target),
            "user-agent": self._user_agent,
            "content-type": "application/json",
            "accept": "*/*",
            # What is shown of an answer is read as it comes: nothing is unpacked.
            "accept-encoding": "identity",
            **signed_headers(delivery.notice, body, secrets=delivery.secrets, now=now),
        }
        url = f"{target.scheme}://{_authority(target.addresses[0], target)}{target.path}"
        request = self._client.build_request(
            "POST", url, content=body, headers=headers, extensions={"sni_hostname": target.host}
        )
        response = await self._client.send(request, stream=True)
        try:
            return Answered(status=response.status_code, text=await _beginning_of(response))
        finally:
            await response.aclose()


async def _beginning_of(response: httpx.Response) -> str:
    """The beginning of the body on one line, without anything that looks like a secret."""
    read = b""
    try:
        async for piece in response.aiter_raw():
            read += piece
            if len(read) >= ANSWER_BYTES_MAX:
                break
    except httpx.HTTPError:
        pass  # The status is what counts, and that has come.
    text = read[:ANSWER_BYTES_MAX].decode(errors="replace")
    return _UNSHOWABLE.sub(" ", _SECRETS.sub("…", text)).strip()


def _authority(host: str, target: WebhookTarget) -> str:
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if target.port == _DEFAULT_PORTS[target.scheme] else f"{bracketed}:{target.port}"


def _connect_trouble(error: httpx.ConnectError) -> str:
    reason: BaseException | None = error
    while reason is not None:
        if isinstance(reason, ssl.SSLCertVerificationError):
            return f"no connection: the certificate is not good: {reason.verify_message}"
        if isinstance(reason, ssl.SSLError):
            return "no connection: TLS failed"
        reason = reason.__cause__ or reason.__context__
    return "no connection"
