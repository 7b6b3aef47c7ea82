"""Sweeps: reading gateways' own lists of events and payouts, for messages that were lost and for the accounts.

Knows how far each list was read, in the database, so that any worker goes on where the last one ended. Refuses to deal
with events itself: they wait beside those of messages.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import date
from typing import Final

import structlog

from commcredits.core.access import Permission
from commcredits.core.outcomes import Refused
from commcredits.gateways.minor_units import from_minor_units
from commcredits.gateways.protocol import Gateway, Payout, Unavailable
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.payment_messages import events_to_keep
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage import gateway_records
from commcredits.storage.gateway_records import GatewayPayout, keep_page, keep_payouts, read_payouts

PAGES_A_ROUND_MAX: Final = 20
"""Most pages of one gateway's list read in one round; the next round goes on."""

_LIST: Final = "gateway_payouts"


async def sweep_events(services: Services) -> int:
    """Keep what gateways have noted since the last sweep and no message has told; returns how many events that is.

    Raises what a plug-in raised, which means that it is broken, after the other gateways were asked.
    """
    return await _of_each(
        _sweep(services, name, gateway)
        for name, gateway in services.gateways.items()
        if gateway.capabilities().lists_events
    )


async def read_gateway_payouts(services: Services) -> int:
    """Keep the payouts that gateways have noted since the last time; returns how many. Raises as sweeps do."""
    return await _of_each(
        _read_payouts(services, name, gateway)
        for name, gateway in services.gateways.items()
        if gateway.capabilities().payouts
    )


@reads(Permission.OPERATOR_GATEWAYS)
async def list_payouts(
    services: Services, *, gateway: str | None, cursor: str | None, limit: int
) -> Page[GatewayPayout] | Refused:
    """What gateways have sent to the operator's bank account, latest arrival first."""
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = None
    if cursor is not None:
        place = read_cursor(_LIST, cursor, 3)
        day = None if place is None else _day(place[0])
        if place is None or day is None:
            return refuse_cursor(cursor)
        before = (day, place[1], place[2])
    rows = await read_payouts(services.pool, services.shard_id, gateway=gateway, before=before, limit=limit + 1)
    shown = rows[:limit]
    if len(rows) <= limit:
        return Page(items=shown, next_cursor=None)
    last = shown[-1]
    return Page(items=shown, next_cursor=write_cursor(_LIST, last.arrives_on.isoformat(), last.gateway, last.reference))


async def _of_each(asked: Iterable[Coroutine[None, None, int]]) -> int:
    """The sum of what each gateway gave; one that fails keeps no other from being asked."""
    given = await asyncio.gather(*asked, return_exceptions=True)
    failures = [each for each in given if isinstance(each, Exception)]
    if failures:
        raise ExceptionGroup("gateways that could not be asked", failures)
    return sum(each for each in given if isinstance(each, int))


async def _sweep(services: Services, name: str, gateway: Gateway) -> int:
    found = 0
    cursor = await gateway_records.read_cursor(services.pool, services.shard_id, gateway=name, list_name="events")
    for _ in range(PAGES_A_ROUND_MAX):
        page = await gateway.list_since(cursor)
        if isinstance(page, Unavailable):
            break
        if page.events or page.next_cursor != cursor:
            found += await keep_page(
                services.pool,
                services.shard_id,
                events_to_keep(services, page.events),
                gateway=name,
                cursor=cursor,
                next_cursor=page.next_cursor,
                at=services.clock(),
            )
        if not page.has_more or page.next_cursor == cursor:
            break
        cursor = page.next_cursor
    return found


async def _read_payouts(services: Services, name: str, gateway: Gateway) -> int:
    found = 0
    cursor = await gateway_records.read_cursor(services.pool, services.shard_id, gateway=name, list_name="payouts")
    for _ in range(PAGES_A_ROUND_MAX):
        page = await gateway.list_payouts(cursor)
        if isinstance(page, Unavailable):
            break
        kept = {each.reference: each for each in _payouts_of(services, name, gateway, page.payouts)}
        if kept or page.next_cursor != cursor:
            found += await keep_payouts(
                services.pool,
                services.shard_id,
                tuple(kept.values()),
                gateway=name,
                next_cursor=page.next_cursor,
                at=services.clock(),
            )
        if not page.has_more or page.next_cursor == cursor:
            break
        cursor = page.next_cursor
    return found


def _payouts_of(
    services: Services, name: str, gateway: Gateway, payouts: tuple[Payout, ...]
) -> tuple[GatewayPayout, ...]:
    kept: list[GatewayPayout] = []
    for payout in payouts:
        micros = from_minor_units(payout.amount_minor, payout.currency, gateway.capabilities().minor_unit_exceptions)
        if not isinstance(micros, int):
            log = structlog.get_logger("gateways")
            log.warning("payout in no currency", gateway=name, payout=payout.reference, currency=payout.currency)
            continue
        kept.append(
            GatewayPayout(
                gateway=name,
                reference=payout.reference,
                amount_micros=micros,
                currency=payout.currency,
                arrives_on=payout.arrives_on,
                state=payout.state,
                noted_at=services.clock(),
            )
        )
    return tuple(kept)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
