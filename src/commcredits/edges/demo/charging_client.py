"""A switch's side of the charging interface over HTTP: four commands, each answered or refused.

Repeats a command whose answer was lost or that found the server busy; the interface recognises repetitions. Refuses
to know why a call is made and what happens when it is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx
import msgspec

from commcredits.core.money import MoneyError, parse_micros

ATTEMPTS_MAX: Final = 3
"""Times that one command is sent before it is given up."""

ANSWER_SECONDS_MAX: Final = 5.0
"""How long one attempt waits for its answer."""

REPEAT_AFTER_SECONDS: Final = 0.2
"""Pause before a command is repeated, where the server does not name one."""

REPEAT_AFTER_SECONDS_MAX: Final = 2.0
"""Longest pause that a server may ask for; a caller does not listen to silence for longer."""

UNREACHABLE: Final = "unreachable"
UNREADABLE_ANSWER: Final = "unreadable_answer"

_BUSY_STATUS: Final = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """A command that was carried out.

    ``granted_seconds`` is how long the call may last in all, counted from its answer; ``charged_micros`` is what it has
    cost so far, in millionths of ``currency``. ``pool_minutes`` is what an ended call used of a minute pool.
    """

    organization_id: str
    granted_seconds: int
    charged_micros: int
    currency: str
    pool_minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A command that was not carried out: the server's code, or UNREACHABLE or UNREADABLE_ANSWER.

    ``by_server`` is False when no server said so.
    """

    code: str
    by_server: bool = True


class _Answer(msgspec.Struct, frozen=True):
    organization_id: str
    granted_seconds: int = 0
    charged: str = "0"
    currency: str = ""
    pool_minutes: int = 0


class _Problem(msgspec.Struct, frozen=True):
    code: str


class ChargingClient:
    """Sends commands through one HTTP client, which the caller opens and closes."""

    def __init__(self, *, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self.requests_sent = 0

    async def command(self, name: str, fields: Mapping[str, object]) -> Accepted | Refused:
        """Send ``authorise``, ``start``, ``update`` or ``end``; a server's failure is an answer and raises nothing."""
        refusal = Refused(code=UNREACHABLE, by_server=False)
        for _ in range(ATTEMPTS_MAX):
            self.requests_sent += 1
            try:
                response = await self._http.post(
                    f"/v1/charging/{name}", json=fields, headers=self._headers, timeout=ANSWER_SECONDS_MAX
                )
            except httpx.TransportError:
                refusal = Refused(code=UNREACHABLE, by_server=False)
                await asyncio.sleep(REPEAT_AFTER_SECONDS)
                continue
            answer = _read(response)
            if not (isinstance(answer, Refused) and response.status_code == _BUSY_STATUS):
                return answer
            refusal = answer
            await asyncio.sleep(_pause_seconds(response))
        return refusal


def _read(response: httpx.Response) -> Accepted | Refused:
    try:
        if not response.is_success:
            return Refused(code=msgspec.json.decode(response.content, type=_Problem).code)
        answer = msgspec.json.decode(response.content, type=_Answer)
        return Accepted(
            organization_id=answer.organization_id,
            granted_seconds=answer.granted_seconds,
            charged_micros=parse_micros(answer.charged),
            currency=answer.currency,
            pool_minutes=answer.pool_minutes,
        )
    except (msgspec.DecodeError, MoneyError):
        return Refused(code=UNREADABLE_ANSWER, by_server=False)


def _pause_seconds(response: httpx.Response) -> float:
    asked = response.headers.get("Retry-After", "")
    if not asked.isdigit():
        return REPEAT_AFTER_SECONDS
    return min(float(asked), REPEAT_AFTER_SECONDS_MAX)
