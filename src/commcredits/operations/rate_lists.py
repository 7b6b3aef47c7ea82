"""The rates of a deck, a page at a time: by service, by prefix, by the name of a destination, at an instant.

Knows what is shown of a rate. Refuses to say which one prices a call (commcredits.operations.rate_explaining).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.commands import Service
from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import UNSHOWABLE, invalid_input
from commcredits.operations.paging import (
    Page,
    check_limit,
    read_cursor,
    read_instant,
    refuse_cursor,
    write_cursor,
    write_instant,
)
from commcredits.operations.permitting import reads
from commcredits.operations.rate_rows import DESTINATION_CHARACTERS_MAX, RATED_SERVICES, is_prefix
from commcredits.operations.services import Services
from commcredits.operations.tariffs import get_rate_deck
from commcredits.storage.connection import load_statement
from commcredits.storage.decks import READ_SECONDS_MAX, decode_prices

_LIST: Final = "rates"
_FIRST: Final = ("", "", "", datetime.min.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class BandMinute:
    """What a minute costs while a band of the deck is in force."""

    band: str
    price_per_minute_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepMinute:
    """What a minute costs from that second of a call on."""

    from_seconds: int
    price_per_minute_micros: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RateRecord:
    """One rate of a deck, in the deck's currency; commcredits.core.tariffs.Rate says what its fields mean.

    ``band_prices`` stand in the order in which they count.
    """

    prefix: str
    destination: str
    service: Service
    origin_country: str
    price_per_minute_micros: int
    connection_fee_micros: int
    first_increment_seconds: int
    next_increment_seconds: int
    effective_from: datetime
    effective_to: datetime | None
    band_prices: tuple[BandMinute, ...]
    steps: tuple[StepMinute, ...]
    charge_max_micros: int | None


@reads(Permission.OPERATOR_RATES)
async def list_rates(
    services: Services,
    *,
    rate_deck_id: str,
    cursor: str | None,
    limit: int,
    service: str | None = None,
    prefix: str = "",
    destination: str = "",
    at: datetime | None = None,
) -> Page[RateRecord] | Refused:
    """Rates of a deck in order of service, prefix, origin and time.

    Of one service; whose prefix begins with these digits; whose destination's name holds this text, in capitals or
    not; that are in force at this instant.
    """
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, Refused):
        return deck
    refused = check_limit(limit) or refuse_service(service) or _refuse_prefix(prefix) or _refuse_text(destination)
    if refused is not None:
        return refused
    after = _FIRST if cursor is None else _read_position(cursor)
    if after is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("list_rates"),
        services.shard_id,
        rate_deck_id,
        *after,
        service,
        prefix.removeprefix("+"),
        destination,
        at,
        limit + 1,
        timeout=READ_SECONDS_MAX,
    )
    items = tuple(rate_record(row) for row in rows[:limit])
    if len(rows) <= limit:
        return Page(items=items, next_cursor=None)
    last = items[-1]
    position = (last.service.value, last.prefix, last.origin_country, write_instant(last.effective_from))
    return Page(items=items, next_cursor=write_cursor(_LIST, *position))


def rate_record(row: asyncpg.Record, before: str = "") -> RateRecord:
    """The rate in a row whose columns have such a beginning of their names."""
    own = decode_prices(row[f"{before}shape"])
    return RateRecord(
        prefix=row[f"{before}prefix"],
        destination=row[f"{before}destination"],
        service=Service(row[f"{before}service"]),
        origin_country=row[f"{before}origin_country"],
        price_per_minute_micros=row[f"{before}price_per_minute_micros"],
        connection_fee_micros=row[f"{before}connection_fee_micros"],
        first_increment_seconds=row[f"{before}first_increment_seconds"],
        next_increment_seconds=row[f"{before}next_increment_seconds"],
        effective_from=row[f"{before}effective_from"],
        effective_to=row[f"{before}effective_to"],
        band_prices=tuple(BandMinute(band=band, price_per_minute_micros=price) for band, price in own.bands),
        steps=tuple(StepMinute(from_seconds=start, price_per_minute_micros=price) for start, price in own.steps),
        charge_max_micros=own.charge_max_micros,
    )


def refuse_service(service: str | None) -> Refused | None:
    """Why no rate is for such a service, or None."""
    if service is None or service in RATED_SERVICES:
        return None
    return invalid_input("service", service, " or ".join(RATED_SERVICES))


def _refuse_prefix(prefix: str) -> Refused | None:
    if not prefix or is_prefix(prefix):
        return None
    return invalid_input("prefix", prefix, "empty, or 1 to 15 digits, the first not 0")


def _refuse_text(destination: str) -> Refused | None:
    if len(destination) <= DESTINATION_CHARACTERS_MAX and not UNSHOWABLE.search(destination):
        return None
    return invalid_input("destination", destination, f"at most {DESTINATION_CHARACTERS_MAX} characters on one line")


def _read_position(cursor: str) -> tuple[str, str, str, datetime] | None:
    key = read_cursor(_LIST, cursor, 4)
    effective_from = None if key is None else read_instant(key[3])
    return None if key is None or effective_from is None else (key[0], key[1], key[2], effective_from)
