"""What calls that are over would cost under another deck: in columns where that is installed, else call by call.

Knows which calls another deck prices at all, and that both ways say the same to the millionth. Refuses to know what is
done with the prices. The prices here choose and report; what is posted, the core prices once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

from commcredits.columnar.deck_tables import DeckError
from commcredits.columnar.engine import ColumnarMissingError, DeckRater, open_rater
from commcredits.columnar.records import CallRecord, RecordsError, call_records
from commcredits.core.account import SessionState
from commcredits.core.admission import rate_in
from commcredits.core.commands import Service
from commcredits.core.numbers import classify
from commcredits.core.rating import price_micros
from commcredits.core.tariffs import RateDeck
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

CALLS_AT_ONCE: Final = 20_000
"""How many calls are read and rated at once."""

READ_SECONDS_MAX: Final = 120

_CALLS_BETWEEN_TURNS: Final = 1_000


class Engine(StrEnum):
    """How calls were rated."""

    COLUMNAR = "columnar"
    CORE = "core"


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
    user_id: str | None
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


class Rater(Protocol):
    """What prices calls by one deck; ``note`` says in words for people why it is not the fast one, if it is not."""

    @property
    def engine(self) -> Engine:
        """How it does it."""
        ...

    @property
    def note(self) -> str:
        """Why it is not the fast one; empty for that one."""
        ...

    async def rate(self, calls: Sequence[EndedCall]) -> list[NewPrice | None]:
        """Prices in the calls' order; None where the deck has no rate."""
        ...


async def calls_of_period(
    services: Services, *, organization_id: str, begins_at: datetime, ends_at: datetime
) -> AsyncIterator[list[EndedCall]]:
    """The calls that began in a period, the end left out, oldest first, so many at a time."""
    statement = load_statement("list_calls_of_period")
    after: tuple[datetime, str] = (begins_at, "")
    while True:
        rows = await services.pool.fetch(
            statement,
            services.shard_id,
            organization_id,
            *after,
            ends_at,
            CALLS_AT_ONCE,
            timeout=READ_SECONDS_MAX,
        )
        if not rows:
            return
        after = (rows[-1]["authorised_at"], rows[-1]["session_id"])
        yield [_call_of(row) for row in rows]


async def count_calls(services: Services, *, organization_id: str, begins_at: datetime, ends_at: datetime) -> int:
    """How many calls began in a period."""
    count: int = await services.pool.fetchval(
        load_statement("count_calls_of_period"),
        services.shard_id,
        organization_id,
        begins_at,
        ends_at,
        timeout=READ_SECONDS_MAX,
    )
    return count


@asynccontextmanager
async def rater_for(deck: RateDeck) -> AsyncIterator[Rater]:
    """The fast way where it is installed and the deck fits it, else the core's own."""
    with ExitStack() as opened:
        try:
            # A large deck takes a second or two to be made ready, in which others get their turns.
            columns = await asyncio.to_thread(opened.enter_context, open_rater(deck))
        except ColumnarMissingError:
            yield _CoreRater(deck, "the extra 'columnar' is not installed")
        except DeckError as error:
            yield _CoreRater(deck, f"this deck cannot be rated in columns: {error}")
        else:
            yield _ColumnarRater(deck, columns)


class _CoreRater:
    """Call by call, as calls are charged."""

    engine: Final = Engine.CORE

    def __init__(self, deck: RateDeck, note: str) -> None:
        self._deck = deck
        self.note = note

    async def rate(self, calls: Sequence[EndedCall]) -> list[NewPrice | None]:
        prices: list[NewPrice | None] = []
        for number, call in enumerate(calls):
            if number % _CALLS_BETWEEN_TURNS == 0:
                # Rating is work for the processor; whoever else this process serves gets a turn.
                await asyncio.sleep(0)
            prices.append(_price_by_core(self._deck, call))
        return prices


class _ColumnarRater:
    """Many calls at once."""

    engine: Final = Engine.COLUMNAR
    note: Final = ""

    def __init__(self, deck: RateDeck, columns: DeckRater) -> None:
        self._deck = deck
        self._columns = columns
        self._core = _CoreRater(deck, "")

    async def rate(self, calls: Sequence[EndedCall]) -> list[NewPrice | None]:
        if not calls:
            return []
        rating = asyncio.ensure_future(asyncio.to_thread(self._rate, calls))
        try:
            return await asyncio.shield(rating)
        except asyncio.CancelledError:
            # The engine is closed by whoever opened it, and must not be while it works.
            await asyncio.wait({rating})
            raise
        except RecordsError:
            # A call that is longer than any should be: the core prices that, too.
            return await self._core.rate(calls)

    def _rate(self, calls: Sequence[EndedCall]) -> list[NewPrice | None]:
        with_origin = self._deck.services_with_origin
        table = call_records(
            CallRecord(
                call_id=call.session_id,
                service=call.service,
                number=call.callee,
                started_at=call.began_at,
                duration_seconds=call.seconds,
                origin_country=classify(call.caller).country if call.service in with_origin else "",
                included_seconds=call.included_seconds,
            )
            for call in calls
        )
        rated = self._columns.rate(table)
        rates = self._columns.rates
        return [
            None if rate is None else NewPrice(price_micros=price, destination=rates[rate].destination)
            for rate, price in zip(rated["rate"].to_pylist(), rated["price_micros"].to_pylist(), strict=True)
        ]


def _price_by_core(deck: RateDeck, call: EndedCall) -> NewPrice | None:
    """As commcredits.core.covering prices the money part of a call."""
    rate = rate_in(deck, call.service, call.caller, call.callee, call.began_at)
    if rate is None:
        return None
    began_at = call.began_at + timedelta(seconds=call.included_seconds)
    price = price_micros(rate, max(0, call.seconds - call.included_seconds), began_at)
    return NewPrice(price_micros=price, destination=rate.destination)


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
        user_id=None if row["user_id"] is None else str(row["user_id"]),
        is_running=row["live"],
        is_refused=row["state"] == SessionState.REFUSED,
        # A rate without a prefix is of no deck.
        is_free=service is Service.EMERGENCY
        or row["rate_prefix"] == ""
        or row["used_seconds"] <= row["included_seconds"],
    )
