"""Rating a period of an organization's calls by another deck: what it would have cost, or what it shall cost.

Knows totals and differences, and that a correction is a reversing transfer for each call, never an update of the
journal. Refuses to price what is posted: the core does, call by call (commcredits.core.recorded).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b
from typing import Final

from commcredits.columnar.deck_tables import DeckError
from commcredits.columnar.engine import ColumnarMissingError
from commcredits.columnar.records import RecordsError
from commcredits.core.access import Permission
from commcredits.core.commands import CorrectCall
from commcredits.core.outcomes import Outcome, Recorded, RefusalCode, Refused
from commcredits.core.tariffs import RateDeck
from commcredits.operations.inputs import invalid_input, refuse_command_id
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.period_rating import (
    EndedCall,
    Period,
    calls_of_period,
    compare_in_columns,
    count_calls,
    price_by,
)
from commcredits.operations.permitting import acts, reads
from commcredits.operations.sending import COMMANDS_AT_ONCE, send_all
from commcredits.operations.services import Services
from commcredits.operations.simulated_totals import DEAREST_MAX, CallDifference, GroupTotals, Totals
from commcredits.operations.tariffs import get_rate_deck
from commcredits.storage.decks import RateDeckState, load_deck

KEPT_CALLS_MAX: Final = 200
"""How many calls a report names that were left as they are."""

Progress = Callable[[int, int], None]
"""Is told how many calls are done, and of how many."""


class Engine(StrEnum):
    """How calls were rated: in columns, or call by call as they are charged."""

    COLUMNAR = "columnar"
    CORE = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulation:
    """What a period would have cost under another deck; nothing was changed. Amounts in millionths.

    Of ``calls``, ``unpriced`` ones were refused, still run, or cost nothing under any deck. ``free_calls`` are those
    that the deck has no rate for: they would cost nothing, and a correction leaves them as they are. Groups stand in
    order of how much they differ, at most 200 of each kind, of ``destination_count`` and ``user_count`` in all.
    ``engine`` is how calls were rated, ``note`` why not the fast way.
    """

    rate_deck_id: str
    currency: str
    calls: int
    unpriced: int
    seconds: int
    charged_micros: int
    would_cost_micros: int
    difference_micros: int
    free_calls: int
    free_charged_micros: int
    destinations: tuple[GroupTotals, ...]
    destination_count: int
    services: tuple[GroupTotals, ...]
    users: tuple[GroupTotals, ...]
    user_count: int
    dearest: tuple[CallDifference, ...]
    engine: Engine
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCall:
    """A call that a correction left as it is, and why."""

    session_id: str
    code: RefusalCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What a correction did. Amounts in millionths.

    Of ``calls``, ``corrected`` ones cost another amount now; ``unchanged`` ones cost the same by the deck, or are
    corrected already; ``running`` and ``refused_calls`` cannot be; ``free_calls`` have no rate in the deck; ``kept``
    ones were refused for another reason, the first 200 of them in ``kept_calls``. ``charged_micros`` was charged on
    top, ``owed_micros`` of it found no funds; ``given_back_micros`` was given back, ``debt_forgiven_micros`` of it by
    owing less. ``refused`` is why it stopped before the end: the same correction again goes on where it did.
    """

    correction_id: str
    rate_deck_id: str
    currency: str
    calls: int
    corrected: int
    unchanged: int
    running: int
    refused_calls: int
    free_calls: int
    kept: int
    kept_calls: tuple[KeptCall, ...]
    charged_micros: int
    owed_micros: int
    given_back_micros: int
    debt_forgiven_micros: int
    refused: Refused | None


@reads(Permission.OPERATOR_RATES)
async def simulate(
    services: Services,
    *,
    organization_id: str,
    period: Period,
    rate_deck_id: str,
    progress: Progress | None = None,
) -> Simulation | Refused:
    """What the calls of a period would have cost under a deck, published or a draft. Changes nothing."""
    ready = await _prepare(services, organization_id, period, rate_deck_id, drafts=True)
    if isinstance(ready, Refused):
        return ready
    total = await count_calls(services, organization_id=organization_id, period=period)

    def tell(done: int) -> None:
        if progress is not None:
            progress(done, max(total, done))

    engine, note = Engine.COLUMNAR, ""
    try:
        totals = await _totals_by_columns(services, organization_id, period, ready.deck, tell)
    except (ColumnarMissingError, DeckError, RecordsError) as error:
        engine, note = Engine.CORE, str(error)
        totals = await _totals_by_core(services, organization_id, period, ready.deck, tell)
    priced = totals.all
    return Simulation(
        rate_deck_id=rate_deck_id,
        currency=ready.organization.currency,
        calls=totals.calls,
        unpriced=totals.unpriced,
        seconds=priced.seconds,
        charged_micros=priced.charged_micros,
        would_cost_micros=priced.would_cost_micros,
        difference_micros=priced.difference_micros,
        free_calls=totals.free_calls,
        free_charged_micros=totals.free_charged_micros,
        destinations=totals.destinations(),
        destination_count=totals.destination_count,
        services=totals.services(),
        users=await totals.named_users(services, organization_id),
        user_count=totals.user_count,
        dearest=totals.dearest(),
        engine=engine,
        note=note,
    )


@acts(Permission.OPERATOR_CALLS)
async def correct_calls(
    services: Services,
    *,
    organization_id: str,
    correction_id: str,
    period: Period,
    rate_deck_id: str,
    progress: Progress | None = None,
) -> Correction | Refused:
    """Charge the calls of a period by a published deck: each that costs another amount is given back, or charged.

    ``correction_id`` names the correction: the same again does nothing twice, and goes on where one stopped.
    """
    refused = refuse_command_id(correction_id)
    if refused is not None:
        return refused
    ready = await _prepare(services, organization_id, period, rate_deck_id, drafts=False)
    if isinstance(ready, Refused):
        return ready
    total, done = await count_calls(services, organization_id=organization_id, period=period), 0
    tally = _Tally()
    async for calls in calls_of_period(services, organization_id=organization_id, period=period):
        to_correct = [call for call in calls if tally.is_to_correct(call, ready.deck)]
        for start in range(0, len(to_correct), COMMANDS_AT_ONCE):
            portion = to_correct[start : start + COMMANDS_AT_ONCE]
            commands = [_command(organization_id, call, correction_id, rate_deck_id) for call in portion]
            for call, outcome in zip(portion, await send_all(services, commands), strict=True):
                tally.note(call, outcome)
            if tally.refused is not None:
                break
        done += len(calls)
        if tally.refused is not None:
            break
        if progress is not None:
            progress(done, max(total, done))
    return Correction(
        correction_id=correction_id,
        rate_deck_id=rate_deck_id,
        currency=ready.organization.currency,
        calls=done,
        corrected=tally.corrected,
        unchanged=tally.unchanged,
        running=tally.running,
        refused_calls=tally.refused_calls,
        free_calls=tally.free_calls,
        kept=tally.kept,
        kept_calls=tuple(tally.kept_calls),
        charged_micros=tally.charged_micros,
        owed_micros=tally.owed_micros,
        given_back_micros=tally.given_back_micros,
        debt_forgiven_micros=tally.debt_forgiven_micros,
        refused=tally.refused,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    organization: Organization
    deck: RateDeck


async def _prepare(
    services: Services, organization_id: str, period: Period, rate_deck_id: str, *, drafts: bool
) -> _Ready | Refused:
    """The organization and the deck, or why its calls cannot be rated by it."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if period.begins_at >= period.ends_at:
        return invalid_input("ends_at", period.ends_at.isoformat(), f"an instant after {period.begins_at.isoformat()}")
    info = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(info, Refused):
        return info
    if info.state is RateDeckState.DISCARDED:
        return Refused(code=RefusalCode.UNKNOWN_RATE_DECK, facts={"rate_deck_id": rate_deck_id})
    if info.state is RateDeckState.DRAFT and not drafts:
        return Refused(code=RefusalCode.RATE_DECK_NOT_PUBLISHED, facts={"rate_deck_id": rate_deck_id})
    if info.currency != organization.currency:
        facts = {"currency": info.currency, "allowed": organization.currency}
        return Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=facts)
    async with services.pool.acquire() as connection:
        deck = await load_deck(connection, services.shard_id, rate_deck_id, drafts=drafts)
    return _Ready(organization=organization, deck=deck)


async def _totals_by_columns(
    services: Services, organization_id: str, period: Period, deck: RateDeck, tell: Callable[[int], None]
) -> Totals:
    totals = Totals()
    async for comparison in compare_in_columns(
        services, organization_id=organization_id, period=period, deck=deck, dearest_max=DEAREST_MAX
    ):
        totals.add_compared(comparison)
        tell(totals.calls)
    return totals


async def _totals_by_core(
    services: Services, organization_id: str, period: Period, deck: RateDeck, tell: Callable[[int], None]
) -> Totals:
    totals = Totals()
    async for calls in calls_of_period(services, organization_id=organization_id, period=period):
        for call in calls:
            totals.add(call, price_by(deck, call) if call.is_priced else None)
        tell(totals.calls)
    return totals


def _command(organization_id: str, call: EndedCall, correction_id: str, rate_deck_id: str) -> CorrectCall:
    # Known from the correction and the call alone, so that a correction that stopped can be taken up again.
    named = blake2b(f"{correction_id}|{call.session_id}".encode(), digest_size=16).hexdigest()
    return CorrectCall(
        organization_id=organization_id, session_id=call.session_id, command_id=named, rate_deck_id=rate_deck_id
    )


@dataclass(slots=True, kw_only=True)
class _Tally:
    """What has become of a correction so far."""

    corrected: int = 0
    unchanged: int = 0
    running: int = 0
    refused_calls: int = 0
    free_calls: int = 0
    kept: int = 0
    kept_calls: list[KeptCall] = field(default_factory=list)
    charged_micros: int = 0
    owed_micros: int = 0
    given_back_micros: int = 0
    debt_forgiven_micros: int = 0
    refused: Refused | None = None

    def is_to_correct(self, call: EndedCall, deck: RateDeck) -> bool:
        """Whether a call costs another amount by the deck; the others are counted."""
        price = price_by(deck, call) if call.is_priced else None
        if call.is_running or call.is_refused:
            self.running += call.is_running
            self.refused_calls += call.is_refused
        elif not call.is_priced:
            self.unchanged += 1
        elif price is None:
            self.free_calls += 1
        elif price.price_micros == call.charged_micros:
            self.unchanged += 1
        else:
            return True
        return False

    def note(self, call: EndedCall, outcome: Outcome) -> None:
        """Count what became of a call that was to be corrected."""
        if isinstance(outcome, Recorded):
            self.corrected += 1
            difference = outcome.charged_micros - call.charged_micros
            owed = outcome.owed_micros - call.owed_micros
            self.charged_micros += max(0, difference)
            self.owed_micros += max(0, owed)
            self.given_back_micros += max(0, -difference)
            self.debt_forgiven_micros += max(0, -owed)
            return
        assert isinstance(outcome, Refused), "a call is corrected or refused"
        if outcome.code is RefusalCode.BUSY:
            self.refused = outcome
            return
        self.kept += 1
        if len(self.kept_calls) < KEPT_CALLS_MAX:
            self.kept_calls.append(KeptCall(session_id=call.session_id, code=outcome.code))
