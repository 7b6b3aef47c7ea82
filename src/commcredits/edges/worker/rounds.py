"""Rounds of upkeep, each at its own interval, until the worker is told to stop.

Knows how often. Refuses to let one failing round stop another, or to hide a failure: it is logged in full, and the
round is tried again at its next turn. Everything it starts may run twice, or in two workers, without harm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import asyncpg
import structlog

from commcredits.operations.adjustments import complete_adjustments
from commcredits.operations.advice_rounds import work_out_advice
from commcredits.operations.blocks import announce_blocks
from commcredits.operations.call_exports import remove_old_exports, write_exports
from commcredits.operations.call_flags import announce_flags
from commcredits.operations.closing import finish_closings
from commcredits.operations.forgetting import forget_what_was_told
from commcredits.operations.fraud_desk import watch_spend
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.jobs import NOTED_EVERY_SECONDS, Diary
from commcredits.operations.margin_reports import make_margin_reports
from commcredits.operations.notice_rounds import (
    FROM_THE_FIRST,
    tell_of_expiring_cards,
    tell_of_expiring_lots,
    tell_of_used_pools,
)
from commcredits.operations.payment_messages import deal_with_waiting_events
from commcredits.operations.payment_method_roles import detach_removed_methods
from commcredits.operations.payments import FROM_THE_OLDEST, Resolved, resolve_open_top_ups
from commcredits.operations.receipts import issue_receipts
from commcredits.operations.recharging import check_recharges, run_due_recharges
from commcredits.operations.refund_requests import complete_refund_requests
from commcredits.operations.refunds import resolve_open_refunds
from commcredits.operations.retention import FROM_THE_FIRST_ORGANIZATION, erase_old_calls
from commcredits.operations.services import Services
from commcredits.operations.spending_journal import sum_journal
from commcredits.operations.spending_sums import FROM_THE_FIRST as FROM_THE_FIRST_TO_SUM
from commcredits.operations.spending_sums import sum_spending
from commcredits.operations.sweeping import read_gateway_payouts, sweep_events
from commcredits.operations.upkeep import expire_lots, prune_batches, prune_meters, reap_silent_sessions
from commcredits.operations.usual_spend import learn_usual_spend
from commcredits.operations.verification_runs import run_asked_verifications
from commcredits.operations.visits import prune_sign_in
from commcredits.operations.vouchers import complete_vouchers

_EXPIRY_OVERLAP_SECONDS: Final = 3_600
"""Each look for expired lots reaches this far back, in case one was committed late."""

_SETTLEMENT_OVERLAP_SECONDS: Final = 3_600
"""Each look for receipts that are owed reaches this far back, in case a settlement was committed late."""

_HOUR_SECONDS: Final = 3_600.0
_DAY_SECONDS: Final = 24 * _HOUR_SECONDS

_POOLS_AT_ONCE: Final = 500
"""How many organizations' minute pools are looked at in a turn: a hundred thousand take under twenty minutes."""

_ORGANIZATIONS_AT_ONCE: Final = 200
"""Of how many organizations calls are looked for in a turn whose records are kept no longer."""

_RETRY_SECONDS_MAX: Final = 60.0
"""How long a round that failed waits at most: what is done once a day is not put off by a day."""

_BEGINNING_OF_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)

_DATABASE_AWAY: Final = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)
"""What the driver raises while its server is gone or comes back; said once, not at every turn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One thing to do again and again; ``run`` returns how much it did."""

    name: str
    interval_seconds: float  # a duration of the machine, not money
    run: Callable[[], Awaitable[int]]


def rounds_of(services: Services, *more: Round) -> tuple[Round, ...]:
    """Everything that the worker does, with its intervals, and the rounds of what main has put together beside it."""
    expiry = _ExpiryRound(services)
    return (
        Round(name="run_due_recharges", interval_seconds=0.2, run=lambda: run_due_recharges(services)),
        Round(name="check_recharges", interval_seconds=1.0, run=lambda: check_recharges(services)),
        Round(
            name="resolve_open_top_ups", interval_seconds=10.0, run=_ResolvingRound(services, resolve_open_top_ups).run
        ),
        Round(
            name="resolve_open_refunds", interval_seconds=10.0, run=_ResolvingRound(services, resolve_open_refunds).run
        ),
        Round(name="deal_with_gateway_events", interval_seconds=2.0, run=lambda: deal_with_waiting_events(services)),
        Round(name="sweep_gateway_events", interval_seconds=60.0, run=lambda: sweep_events(services)),
        Round(name="read_gateway_payouts", interval_seconds=3_600.0, run=lambda: read_gateway_payouts(services)),
        Round(name="detach_removed_methods", interval_seconds=60.0, run=lambda: detach_removed_methods(services)),
        Round(name="issue_receipts", interval_seconds=1.0, run=_ReceiptRound(services).run),
        Round(name="expire_lots", interval_seconds=1.0, run=expiry.run),
        Round(name="reap_silent_sessions", interval_seconds=1.0, run=lambda: reap_silent_sessions(services)),
        Round(name="prune_batches", interval_seconds=600.0, run=lambda: prune_batches(services)),
        Round(name="announce_blocks", interval_seconds=1.0, run=lambda: announce_blocks(services)),
        Round(name="announce_flags", interval_seconds=1.0, run=lambda: announce_flags(services)),
        Round(name="learn_usual_spend", interval_seconds=_DAY_SECONDS, run=lambda: learn_usual_spend(services)),
        Round(name="complete_adjustments", interval_seconds=10.0, run=lambda: complete_adjustments(services)),
        Round(name="complete_refunds", interval_seconds=10.0, run=lambda: complete_refund_requests(services)),
        Round(name="complete_vouchers", interval_seconds=10.0, run=lambda: complete_vouchers(services)),
        Round(name="finish_closings", interval_seconds=5.0, run=lambda: finish_closings(services)),
        Round(name="prune_meters", interval_seconds=_DAY_SECONDS, run=lambda: prune_meters(services)),
        Round(name="hand_on_notices", interval_seconds=0.5, run=lambda: hand_on_notices(services)),
        Round(
            name="tell_of_expiring_lots", interval_seconds=_HOUR_SECONDS, run=lambda: tell_of_expiring_lots(services)
        ),
        Round(
            name="tell_of_expiring_cards", interval_seconds=_HOUR_SECONDS, run=lambda: tell_of_expiring_cards(services)
        ),
        Round(name="tell_of_used_pools", interval_seconds=5.0, run=_PoolsRound(services).run),
        Round(name="sum_spending", interval_seconds=15.0, run=_SpendingRound(services).run),
        Round(name="sum_journal", interval_seconds=60.0, run=lambda: sum_journal(services)),
        Round(name="work_out_advice", interval_seconds=60.0, run=lambda: work_out_advice(services)),
        Round(name="prune_sign_in", interval_seconds=_HOUR_SECONDS, run=lambda: prune_sign_in(services)),
        Round(name="forget_what_was_told", interval_seconds=_DAY_SECONDS, run=lambda: forget_what_was_told(services)),
        Round(name="run_asked_verifications", interval_seconds=2.0, run=lambda: run_asked_verifications(services)),
        Round(name="watch_spend", interval_seconds=300.0, run=lambda: watch_spend(services)),
        Round(name="make_margin_reports", interval_seconds=2.0, run=lambda: make_margin_reports(services)),
        Round(name="write_call_exports", interval_seconds=1.0, run=lambda: write_exports(services)),
        Round(name="remove_old_exports", interval_seconds=600.0, run=lambda: remove_old_exports(services)),
        Round(name="erase_old_calls", interval_seconds=60.0, run=_RetentionRound(services).run),
        *more,
    )


async def run_rounds(rounds: tuple[Round, ...], stop: asyncio.Event, diary: Diary | None = None) -> None:
    """Run every round at its interval until ``stop`` is set; a round under way is finished.

    What each did goes into ``diary``, which is written every few seconds.
    """
    if diary is not None:
        rounds = (*rounds, Round(name="note_rounds", interval_seconds=NOTED_EVERY_SECONDS, run=diary.write))
    async with asyncio.TaskGroup() as group:
        for each in rounds:
            group.create_task(_repeat(each, stop, diary), name=each.name)


def pause_after(each: Round, *, failed: bool) -> float:
    """How many seconds a round rests: its interval, or less when it failed."""
    return min(each.interval_seconds, _RETRY_SECONDS_MAX) if failed else each.interval_seconds


async def _repeat(each: Round, stop: asyncio.Event, diary: Diary | None) -> None:
    log = structlog.get_logger("worker").bind(round=each.name)
    away = False
    while not stop.is_set():
        count, failure = 0, ""
        began_at = None if diary is None else diary.clock()
        try:
            count = await each.run()
        except _DATABASE_AWAY as error:
            failure = type(error).__name__
            if not away:
                log.warning("round waits for the database", reason=f"{failure}: {error}")
            away = True
        except Exception as error:
            # The other rounds go on, and this one is tried again at its next turn.
            failure = type(error).__name__
            log.exception("round failed")
        else:
            if away:
                log.info("round goes on")
            away = False
            if count:
                log.info("round done", count=count)
        if diary is not None and began_at is not None:
            seconds = each.interval_seconds
            diary.note(each.name, interval_seconds=seconds, began_at=began_at, did=count, failure=failure)
        try:
            await asyncio.wait_for(stop.wait(), pause_after(each, failed=bool(failure)))
        except TimeoutError:
            continue


class _ExpiryRound:
    """Looks at the lots that expired since its last look; the first look goes back to the beginning."""

    __slots__ = ("_services", "_since")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._since = _BEGINNING_OF_TIME

    async def run(self) -> int:
        looked_at = self._services.clock()
        count = await expire_lots(self._services, since=self._since)
        if not count:
            # Only a look that found nothing more proves that everything before it is booked.
            self._since = looked_at - timedelta(seconds=_EXPIRY_OVERLAP_SECONDS)
        return count


class _ReceiptRound:
    """Issues what is owed for what was settled since its last look; the first look goes back to the beginning."""

    __slots__ = ("_services", "_since")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._since = _BEGINNING_OF_TIME

    async def run(self) -> int:
        looked_at = self._services.clock()
        issued = await issue_receipts(self._services, since=self._since)
        if issued.failures:
            raise ExceptionGroup("some receipts could not be written", issued.failures)
        # It went on until nothing was owed any more, so everything before it has its receipt.
        self._since = max(self._since, looked_at - timedelta(seconds=_SETTLEMENT_OVERLAP_SECONDS))
        return issued.count


class _PoolsRound:
    """Looks at the minute pools of some organizations, each look after the last, and begins anew at the end."""

    __slots__ = ("_after", "_services")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._after = FROM_THE_FIRST

    async def run(self) -> int:
        looked = await tell_of_used_pools(self._services, after=self._after, at_once=_POOLS_AT_ONCE)
        self._after = looked.next_after
        return looked.count


class _SpendingRound:
    """Sums what is due of some organizations, each look after the last, and begins anew at the end."""

    __slots__ = ("_after", "_services")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._after = FROM_THE_FIRST_TO_SUM

    async def run(self) -> int:
        turn = await sum_spending(self._services, after=self._after)
        self._after = turn.next_after
        return turn.count


class _RetentionRound:
    """Erases what is due of some organizations' calls, each look after the last, and begins anew at the end."""

    __slots__ = ("_after", "_services")

    def __init__(self, services: Services) -> None:
        self._services = services
        self._after = FROM_THE_FIRST_ORGANIZATION

    async def run(self) -> int:
        erased = await erase_old_calls(self._services, after=self._after, at_once=_ORGANIZATIONS_AT_ONCE)
        self._after = erased.next_after
        return erased.count


class _Resolving(Protocol):
    async def __call__(self, services: Services, *, after: str) -> Resolved: ...


class _ResolvingRound:
    """Looks up open attempts or refunds, a page at a time, each after the last, and begins anew at the end."""

    __slots__ = ("_after", "_resolve", "_services")

    def __init__(self, services: Services, resolve: _Resolving) -> None:
        self._services = services
        self._resolve = resolve
        self._after = FROM_THE_OLDEST

    async def run(self) -> int:
        resolved = await self._resolve(self._services, after=self._after)
        self._after = resolved.next_after
        if resolved.failures:
            raise ExceptionGroup("some attempts or refunds could not be looked up", resolved.failures)
        return resolved.settled
