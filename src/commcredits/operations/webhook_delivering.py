"""Webhook deliveries on their way: each tried until it is taken or given up, one at a time for an endpoint.

Knows what an answer means, how long to wait, and when an endpoint is left alone. Refuses to know the wire: a carrier
signs and sends, to the very addresses that were checked just before. An endpoint that takes nothing keeps nobody else
waiting: the others have places of their own. Nor do the many slow ones of one organization: places go round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import asyncpg
import structlog

from commcredits.core.outcomes import Refused
from commcredits.operations.crew import Crew, wait_for_any
from commcredits.operations.notices import NoticeToTell, notice_to_tell
from commcredits.operations.retrying import retry_at
from commcredits.operations.services import Services
from commcredits.operations.webhook_addresses import WebhookTarget, check_target
from commcredits.operations.webhook_endpoints import disable_and_tell
from commcredits.storage.connection import Connection, load_statement

AT_ONCE_MAX: Final = 20
"""Most endpoints called at once, of each sort: those that take deliveries, and those that lately took none."""

CLAIM_SECONDS: Final = 120
"""How long a delivery belongs to who claimed it; longer than one try may take."""

WAITS_SECONDS: Final[Sequence[int]] = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""How long a delivery waits after each try; after the last, three days on, it has failed."""

FAILING_DAYS_MAX: Final = 5
"""An endpoint that has taken nothing for so long is disabled."""

ANSWER_CHARACTERS_MAX: Final = 500

GONE: Final = 410
"""The status by which an endpoint says that it wants nothing more (Standard Webhooks)."""

_SUCCESSES: Final = range(200, 300)
_WAIT_SECONDS: Final = 0.5
_OF: Final = "/"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedDelivery:
    """A delivery to make: one notice to one endpoint, signed with each of these secrets."""

    delivery_id: str
    endpoint_id: str
    notice: NoticeToTell
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    attempts: int
    tries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An HTTP answer: its status and the beginning of its body, in which no secret stands."""

    status: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """No answer came; ``trouble`` says why, in a few words of ours."""

    trouble: str


class Carrier(Protocol):
    """Whoever signs a notice and sends it."""

    async def send(self, delivery: OwedDelivery, target: WebhookTarget, now: datetime) -> Answered | Unanswered:
        """What the endpoint said, in less time than a claim lasts."""
        ...


class WebhookDelivering:
    """Delivers what is owed. ``run`` is a round; ``aclose`` waits for who is at it."""

    def __init__(self, services: Services, carrier: Carrier) -> None:
        self._services = services
        self._carrier = carrier
        self._crews = {False: Crew(AT_ONCE_MAX), True: Crew(AT_ONCE_MAX)}

    async def run(self) -> int:
        """Make deliveries that are due as long as there are any; returns how many were tried."""
        count = 0
        while True:
            begun = 0
            for failing, crew in self._crews.items():
                begun += await self._begin(crew, failing=failing)
            if begun:
                await wait_for_any(_WAIT_SECONDS, *self._crews.values())
            count += sum(crew.take_done() for crew in self._crews.values())
            if not begun:
                return count

    async def aclose(self) -> None:
        """Wait for those that are being called, for a while."""
        for crew in self._crews.values():
            await crew.aclose()

    async def _begin(self, crew: Crew, *, failing: bool) -> int:
        if not crew.free:
            return 0
        now = self._services.clock()
        busy = [name.partition(_OF) for each in self._crews.values() for name in each.busy]
        rows = await self._services.pool.fetch(
            load_statement("claim_deliveries"),
            self._services.shard_id,
            now,
            now + timedelta(seconds=CLAIM_SECONDS),
            crew.free,
            failing,
            [endpoint for _organization, _of, endpoint in busy],
            [organization for organization, _of, _endpoint in busy],
        )
        for row in rows:
            delivery = _owed(row)
            crew.begin(f"{delivery.notice.organization_id}{_OF}{delivery.endpoint_id}", self._deliver(delivery))
        return len(rows)

    async def _deliver(self, delivery: OwedDelivery) -> None:
        try:
            answer = await self._try(delivery)
        except Exception as error:  # noqa: BLE001 - logged in full, and tried again as any other failure
            # One delivery that cannot be written keeps no other from being made.
            structlog.get_logger("webhooks").exception("delivery failed inside", delivery_id=delivery.delivery_id)
            answer = Unanswered(trouble=f"internal error: {type(error).__name__}")
        async with self._services.pool.acquire() as connection, connection.transaction():
            await self._settle(connection, delivery, answer)

    async def _try(self, delivery: OwedDelivery) -> Answered | Unanswered:
        telling = self._services.telling
        try:
            target = await check_target(
                delivery.url, resolve=telling.resolve, loopback_allowed=telling.loopback_allowed
            )
        except (OSError, TimeoutError):
            return Unanswered(trouble="the host's name could not be resolved")
        if isinstance(target, Refused):
            return Unanswered(trouble="the address is not allowed")
        return await self._carrier.send(delivery, target, self._services.clock())

    async def _settle(self, connection: Connection, delivery: OwedDelivery, answer: Answered | Unanswered) -> None:
        now = self._services.clock()
        status = answer.status if isinstance(answer, Answered) else None
        taken = status in _SUCCESSES
        again = None if taken or status == GONE else self._again(delivery, now)
        state = "delivered" if taken else "failed" if again is None else "waiting"
        noted = await connection.fetchval(
            load_statement("settle_delivery"),
            self._services.shard_id,
            delivery.notice.organization_id,
            delivery.delivery_id,
            delivery.attempts,
            state,
            again or now,
            None if state == "waiting" else now,
            status,
            answer.text[:ANSWER_CHARACTERS_MAX] if isinstance(answer, Answered) else "",
            "" if taken else _trouble(answer),
        )
        if noted is None:
            return  # disabled, removed, or tried by somebody else meanwhile: what came of this try counts for nothing
        place = (self._services.shard_id, delivery.notice.organization_id, delivery.endpoint_id)
        if taken:
            await connection.execute(load_statement("note_endpoint_works"), *place)
            return
        since: datetime | None = await connection.fetchval(load_statement("note_endpoint_fails"), *place, now)
        if status == GONE:
            await self._disable(connection, delivery, "gone")
        elif since is not None and now - since >= timedelta(days=FAILING_DAYS_MAX):
            await self._disable(connection, delivery, "failing")

    async def _disable(self, connection: Connection, delivery: OwedDelivery, reason: str) -> None:
        organization_id, endpoint_id = delivery.notice.organization_id, delivery.endpoint_id
        if await disable_and_tell(
            connection, self._services, organization_id=organization_id, endpoint_id=endpoint_id, reason=reason
        ):
            log = structlog.get_logger("webhooks")
            log.warning("webhook disabled", organization_id=organization_id, endpoint_id=endpoint_id, reason=reason)

    def _again(self, delivery: OwedDelivery, now: datetime) -> datetime | None:
        return retry_at(now, WAITS_SECONDS, tries=delivery.tries, name=delivery.delivery_id)


def _trouble(answer: Answered | Unanswered) -> str:
    return f"answered {answer.status}" if isinstance(answer, Answered) else answer.trouble


def _owed(row: asyncpg.Record) -> OwedDelivery:
    secrets = (row["secret"],) if row["old_secret"] is None else (row["secret"], row["old_secret"])
    return OwedDelivery(
        delivery_id=str(row["delivery_id"]),
        endpoint_id=str(row["endpoint_id"]),
        notice=notice_to_tell(row),
        url=row["url"],
        secrets=secrets,
        attempts=row["attempts"],
        tries=row["tries"],
    )
