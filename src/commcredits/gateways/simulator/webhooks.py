"""The gateway's own clockwork: decides charges whose time has come, and delivers webhooks until they are accepted."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx
import msgspec
from pydantic import SecretStr

from commcredits.gateways.simulator.charges import settle_due
from commcredits.gateways.simulator.events import event_of
from commcredits.gateways.simulator.signing import signed_headers
from commcredits.gateways.simulator.store import Books, instant_of, instant_text

RETRY_SECONDS: Final = (1, 5, 30, 120, 600)
"""How long to wait after each delivery that was not accepted; after the last one the webhook is given up."""

DELIVERY_SECONDS_MAX: Final = 5
SLEEP_SECONDS_MAX: Final = 60
_HTTP_OK: Final = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookEndpoint:
    """Where webhooks go, and the secret that proves where they come from."""

    url: str
    secret: SecretStr


async def keep_time(
    books: Books, *, endpoint: WebhookEndpoint | None, clock: Callable[[], datetime], woken: asyncio.Event
) -> None:
    """Run until cancelled. Whoever writes to the books sets `woken`, so that nothing waits for a poll."""
    # No proxy and no redirect: a signed message goes to the address that the operator gave and to no other.
    async with httpx.AsyncClient(
        timeout=DELIVERY_SECONDS_MAX,
        trust_env=False,
        follow_redirects=False,
        # Loading the roots of trust takes a while, and plain HTTP has no use for them.
        verify=endpoint is not None and endpoint.url.startswith("https:"),
    ) as http:
        while True:
            woken.clear()
            now = clock()
            settle_due(books, now=now)
            delivery = books.store.find("next_delivery")
            if delivery is not None and endpoint is not None and instant_of(delivery["due_at"]) <= now:
                await _deliver(books, delivery, endpoint=endpoint, clock=clock, http=http)
                continue
            try:
                async with asyncio.timeout(_seconds_until_next(books, delivery, now)):
                    await woken.wait()
            except TimeoutError:
                continue


async def _deliver(
    books: Books,
    delivery: dict[str, Any],
    *,
    endpoint: WebhookEndpoint,
    clock: Callable[[], datetime],
    http: httpx.AsyncClient,
) -> None:
    body = msgspec.json.encode(event_of(delivery)).decode()
    headers = signed_headers(endpoint.secret, event_id=delivery["id"], body=body, now=clock())
    try:
        response = await http.post(
            endpoint.url, content=body, headers={**headers, "content-type": "application/json; charset=utf-8"}
        )
        accepted = response.status_code in _HTTP_OK
    except httpx.HTTPError:
        accepted = False
    with books.store.transaction():
        if accepted or delivery["tries"] >= len(RETRY_SECONDS):
            books.store.write("delete_delivery", sequence=delivery["sequence"])
        else:
            due_at = clock() + timedelta(seconds=RETRY_SECONDS[delivery["tries"]])
            books.store.write("postpone_delivery", sequence=delivery["sequence"], due_at=instant_text(due_at))


def _seconds_until_next(books: Books, delivery: dict[str, Any] | None, now: datetime) -> float:
    settlement = books.store.find("next_settlement")
    dues = [row["due_at"] for row in (delivery, settlement) if row is not None and row["due_at"] is not None]
    if not dues:
        return SLEEP_SECONDS_MAX
    wait_seconds = (instant_of(min(dues)) - now).total_seconds()
    return min(max(wait_seconds, 0), SLEEP_SECONDS_MAX)
