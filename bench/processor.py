"""Processor time of what is measured: the core alone in this process, other processes by their ids."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import psutil

from bench.world import CALLEE, CALLER, END_SECONDS, UPDATE_SECONDS, now
from commcredits.core.account import (
    Account,
    ChargingTerms,
    Context,
    FundingTerms,
    OrganizationStatus,
    RechargeState,
    Session,
)
from commcredits.core.commands import Authorise, End, Service, Update
from commcredits.core.decide import decide
from commcredits.core.funds import Lot, LotSource, LotTerms
from commcredits.core.tariffs import Rate, index_deck
from commcredits.storage.identifiers import IdentifierSource

_CALLS: Final = 20_000


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    """Processor time that these processes have used, user and system."""
    total = 0.0
    for process in processes:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def with_children(process_id: int) -> list[psutil.Process]:
    """A process and everything below it; for the database, its server and all backends."""
    process = psutil.Process(process_id)
    return [process, *process.children(recursive=True)]


def children_seconds() -> float:
    """Processor time of this process's children that have ended, user and system: the loaders'."""
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


def core_microseconds_per_operation() -> float:
    """Processor time of ``decide`` alone, per operation, over calls of authorise, update and end."""
    new_id = IdentifierSource()
    at = now()
    rate = Rate(
        prefix="40",
        destination="Romania",
        service=Service.OUTBOUND,
        price_per_minute_micros=6_000,
        connection_fee_micros=0,
        first_increment_seconds=30,
        next_increment_seconds=6,
        effective_from=at - timedelta(days=1),
    )
    terms = LotTerms(lot_id=new_id(), source=LotSource.MANUAL, purchased_at=at, expires_at=at + timedelta(days=365))
    account = Account(
        organization_id=new_id(),
        status=OrganizationStatus.OPEN,
        country="RO",
        currency="EUR",
        minor_digits=2,
        time_zone="Europe/Bucharest",
        rate_deck_id="deck",
        lots=(Lot(terms=terms, free_micros=10**12, held_micros=0),),
        recharge=RechargeState(),
        open_top_ups=(),
    )
    context = Context(
        now=at,
        new_id=new_id,
        decks={"deck": index_deck("deck", "EUR", [rate])},
        charging=ChargingTerms(),
        funding=FundingTerms(top_up_minimum_micros={}),
    )
    session_ids = [new_id() for _ in range(_CALLS)]
    began = time.process_time()
    for session_id in session_ids:
        session: Session | None = None
        for command in _call(account.organization_id, session_id):
            decision = decide(account, session, command, context)
            account, session = decision.account, decision.session
    return (time.process_time() - began) / (_CALLS * 3) * 1_000_000


def _call(organization_id: str, session_id: str) -> tuple[Authorise, Update, End]:
    return (
        Authorise(
            organization_id=organization_id,
            session_id=session_id,
            service=Service.OUTBOUND,
            caller=CALLER,
            callee=CALLEE,
        ),
        Update(organization_id=organization_id, session_id=session_id, request_number=1, used_seconds=UPDATE_SECONDS),
        End(organization_id=organization_id, session_id=session_id, used_seconds=END_SECONDS),
    )
