"""What calls that are over would cost under another deck, call by call as the core charges, or in columns.

Knows which calls another deck prices at all, and that both ways say the same to the millionth. Refuses to know what is
done with the prices. The prices here choose and report; what is posted, the core prices once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from commcredits.columnar.comparing import Comparer, Comparison, last_of, read_copied
from commcredits.columnar.engine import open_rater
from commcredits.core.account import SessionState
from commcredits.core.admission import rate_in
from commcredits.core.commands import Service
from commcredits.core.rating import price_micros
from commcredits.core.tariffs import RateDeck
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

CALLS_AT_ONCE: Final = 5_000
"""How many calls are read at once, to be rated one by one."""

COPIED_AT_ONCE: Final = 200_000
"""How many calls are copied at once, to be rated in columns."""

READ_SECONDS_MAX: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Calls that began in it; its end is left out."""

    begins_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EndedCall:
    """A call of the period that was read, whatever became of it; amounts in millionths.

    ``is_running`` and ``is_refused`` say why nothing is priced. ``is_free`` says that nothing could be, whatever the
    deck: there is nothing for money to pay, or it was an emergency.
    """

    session_id: str
    service: Service
    caller: str
    callee: str
    destination: str
    began_at: datetime
    seconds: int
    included_seconds: int
    charged_micros: int
    owed_micros: int
    user_id: str
    is_running: bool
    is_refused: bool
    is_free: bool

    @property
    def is_priced(self) -> bool:
        """Whether another deck can give it another price."""
        return not (self.is_running or self.is_refused or self.is_free)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPrice:
    """What a call costs under a deck, in millionths, and what the deck calls its destination."""

    price_micros: int
    destination: str


async def calls_of_period(
    services: Services, *, organization_id: str, period: Period
) -> AsyncIterator[list[EndedCall]]:
    """The calls that began in a period, oldest first, so many at a time."""
    after: tuple[datetime, str] = (period.begins_at, "")
    while True:
        rows = await services.pool.fetch(
            load_statement("list_calls_of_period"),
            services.shard_id,
            organization_id,
            *after,
            period.ends_at,
            CALLS_AT_ONCE,
            timeout=READ_SECONDS_MAX,
        )
        if not rows:
            return
        after = (rows[-1]["authorised_at"], rows[-1]["session_id"])
        yield [_call_of(row) for row in rows]


async def compare_in_columns(
    services: Services, *, organization_id: str, period: Period, deck: RateDeck, dearest_max: int
) -> AsyncIterator[Comparison]:
    """The calls of a period beside what they would cost by a deck, added up, so many at a time.

    Raises ColumnarMissingError without the libraries; DeckError and RecordsError for what does not fit columns.
    """
    with ExitStack() as opened:
        # What a large deck needs to be made ready, and what rating takes, would keep others from their turns.
        rater = await asyncio.to_thread(opened.enter_context, open_rater(deck))
        comparer = Comparer(rater, deck.services_with_origin, dearest_max=dearest_max)
        after: tuple[datetime, str] = (period.begins_at, "")
        while True:
            content = await _copy(services, organization_id, after, period.ends_at)
            if not content:
                return
            copied = await _in_thread(read_copied, content)
            after = last_of(copied)
            yield await _in_thread(comparer.compare, copied)


async def count_calls(services: Services, *, organization_id: str, period: Period) -> int:
    """How many calls began in a period."""
    count: int = await services.pool.fetchval(
        load_statement("count_calls_of_period"),
        services.shard_id,
        organization_id,
        period.begins_at,
        period.ends_at,
        timeout=READ_SECONDS_MAX,
    )
    return count


def price_by(deck: RateDeck, call: EndedCall) -> NewPrice | None:
    """What a call costs by a deck, as commcredits.core.covering prices the money part; None where it has no rate."""
    rate = rate_in(deck, call.service, call.caller, call.callee, call.began_at)
    if rate is None:
        return None
    began_at = call.began_at + timedelta(seconds=call.included_seconds)
    price = price_micros(rate, max(0, call.seconds - call.included_seconds), began_at)
    return NewPrice(price_micros=price, destination=rate.destination)


async def _copy(services: Services, organization_id: str, after: tuple[datetime, str], ends_at: datetime) -> bytes:
    """The next calls as CSV, copied out whole: far faster than row by row."""
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    async with services.pool.acquire() as connection:
        await connection.copy_from_query(
            load_statement("copy_calls_of_period"),
            services.shard_id,
            organization_id,
            *after,
            ends_at,
            COPIED_AT_ONCE,
            output=take,
            format="csv",
            timeout=READ_SECONDS_MAX,
        )
    return b"".join(pieces)


async def _in_thread(work: Callable[[Any], Any], given: Any) -> Any:
    """What long work gives, done while others have their turns; it is waited for even by whoever is cancelled."""
    working = asyncio.ensure_future(asyncio.to_thread(work, given))
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        # The engine is closed by whoever opened it, and must not be while it works.
        await asyncio.wait({working})
        raise


def _call_of(row: Any) -> EndedCall:
    service = Service(row["service"])
    return EndedCall(
        session_id=row["session_id"],
        service=service,
        caller=row["caller"],
        callee=row["callee"],
        destination=row["rate_destination"] or "",
        began_at=row["authorised_at"],
        seconds=row["used_seconds"],
        included_seconds=row["included_seconds"],
        charged_micros=row["charged_micros"],
        owed_micros=row["owed_micros"],
        user_id="" if row["user_id"] is None else str(row["user_id"]),
        is_running=row["live"],
        is_refused=row["state"] == SessionState.REFUSED,
        # A rate without a prefix is of no deck.
        is_free=service is Service.EMERGENCY
        or row["rate_prefix"] == ""
        or row["used_seconds"] <= row["included_seconds"],
    )
