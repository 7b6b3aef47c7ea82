"""What becomes of a draft: published, at an instant and in the place of another deck; rolled back; or discarded.

Knows the order of a deck's life and who is moved. Refuses to write an account: each organization is moved by a command
of its own, so that a publication that was cut short goes on where it stopped when it is repeated.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.commands import AssignRateDeck
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import invalid_input, refuse_command_id
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, get_rate_deck, rate_deck_info
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.decks import COPY_SECONDS_MAX, RateDeckState
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.remembering import RememberedCommand, digest, remember_command

ORGANIZATIONS_AT_ONCE: Final = 200
"""How many organizations are moved before the next ones are read."""

LEFT_NAMED_MAX: Final = 100
"""How many organizations that were not moved are named."""

_PUBLISH: Final = "publish_draft"
_ROLL_BACK: Final = "roll_back_rate_deck"


@dataclass(frozen=True, slots=True, kw_only=True)
class RateDeckMoved:
    """A deck whose life went on, and who is on which deck now.

    ``organizations`` counts those whose calls the other deck prices or will price: the published one, or the one that
    was rolled back to. ``left`` names those that stayed where they were, at most LEFT_NAMED_MAX of them, because they
    have yet another deck laid ready; whoever wants them moved assigns them a deck.
    """

    deck: RateDeckInfo
    organizations: int
    left: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OnDeck:
    """An organization, the deck that prices its calls now, and the one that is laid ready for it."""

    organization_id: str
    current_id: str | None
    next_id: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """To which deck an organization goes, and when; at once when there is no instant."""

    rate_deck_id: str
    at: datetime | None


def move_on_publishing(on: OnDeck, deck: RateDeckInfo) -> Move | None:
    """Where an organization goes when a deck takes the place of another; None when it stays as it is.

    Nobody is moved later than the deck that it had laid ready, nor earlier than the publication says.
    """
    if on.next_id in {None, deck.rate_deck_id}:
        on_it = on.current_id == deck.replaces_rate_deck_id
        return Move(rate_deck_id=deck.rate_deck_id, at=deck.in_force_at) if on_it else None
    if on.next_id != deck.replaces_rate_deck_id or on.next_at is None:
        return None
    in_time = deck.in_force_at is None or deck.in_force_at <= on.next_at
    return Move(rate_deck_id=deck.rate_deck_id, at=on.next_at) if in_time else None


def move_on_rolling_back(on: OnDeck, deck: RateDeckInfo) -> Move | None:
    """Where an organization goes when a deck is rolled back; None when it stays as it is."""
    assert deck.replaces_rate_deck_id is not None, "only a deck that replaced another is rolled back"
    if on.next_id not in {None, deck.rate_deck_id, deck.replaces_rate_deck_id}:
        return None
    # Laid ready for somebody who is on a third deck: the deck that was replaced takes its turn again.
    elsewhere = on.current_id not in {deck.rate_deck_id, deck.replaces_rate_deck_id}
    return Move(rate_deck_id=deck.replaces_rate_deck_id, at=on.next_at if elsewhere else None)


@acts(Permission.OPERATOR_RATES)
async def publish_draft(
    services: Services,
    *,
    command_id: str,
    rate_deck_id: str,
    in_force_at: datetime | None = None,
    replaces_rate_deck_id: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> RateDeckMoved | Refused:
    """Publish a draft, which never changes from then on.

    If it replaces a deck, every organization on that deck is moved to it at ``in_force_at``, or at once; one that has
    yet another deck laid ready is left as it is. The same ``command_id`` goes on where it was cut short, and gets the
    same deck again; with other content it is refused as a conflict. ``progress`` is told how many organizations were
    looked at so far.
    """
    deck = await _deck_for(services, command_id, rate_deck_id)
    if isinstance(deck, Refused):
        return deck
    refused = None if replaces_rate_deck_id is None else await _refuse_replacing(services, deck, replaces_rate_deck_id)
    if refused is not None:
        return refused
    written = "" if in_force_at is None else in_force_at.isoformat()
    content = digest(rate_deck_id, written, replaces_rate_deck_id or "")

    async def publish(connection: Connection) -> None:
        published = await connection.fetchval(
            load_statement("publish_rate_deck"),
            services.shard_id,
            rate_deck_id,
            services.clock(),
            in_force_at,
            replaces_rate_deck_id,
        )
        if published is None:
            raise _NotADraftError

    refused = await _once(services, _PUBLISH, command_id, content, rate_deck_id, publish)
    return refused or await _move_everybody(services, _PUBLISH, command_id, rate_deck_id, progress)


@acts(Permission.OPERATOR_RATES)
async def roll_back_rate_deck(
    services: Services, *, command_id: str, rate_deck_id: str, progress: Callable[[int], None] | None = None
) -> RateDeckMoved | Refused:
    """Put every organization on this deck, now or next, back on the deck that it replaced.

    Calls that run keep their rate. As ``publish_draft`` in all else.
    """
    deck = await _deck_for(services, command_id, rate_deck_id)
    if isinstance(deck, Refused):
        return deck
    if deck.state is not RateDeckState.PUBLISHED:
        return Refused(code=RefusalCode.RATE_DECK_NOT_PUBLISHED, facts={"rate_deck_id": rate_deck_id})
    if deck.replaces_rate_deck_id is None:
        return invalid_input("rate_deck_id", rate_deck_id, "a rate deck that was published in the place of another")

    async def roll_back(connection: Connection) -> None:
        await connection.execute(
            load_statement("roll_back_rate_deck"), services.shard_id, rate_deck_id, services.clock()
        )

    refused = await _once(services, _ROLL_BACK, command_id, digest(rate_deck_id), rate_deck_id, roll_back)
    return refused or await _move_everybody(services, _ROLL_BACK, command_id, rate_deck_id, progress)


@acts(Permission.OPERATOR_RATES)
async def discard_draft(services: Services, *, rate_deck_id: str) -> RateDeckInfo | Refused:
    """Discard a draft and its rates; one that was discarded before gets the same answer."""
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, Refused) or deck.state is RateDeckState.DISCARDED:
        return deck
    await services.pool.fetchval(
        load_statement("discard_rate_deck"), services.shard_id, rate_deck_id, timeout=COPY_SECONDS_MAX
    )
    deck = await get_rate_deck(services, rate_deck_id=rate_deck_id)
    if isinstance(deck, RateDeckInfo) and deck.state is not RateDeckState.DISCARDED:
        return Refused(code=RefusalCode.RATE_DECK_NOT_DRAFT, facts={"rate_deck_id": rate_deck_id})
    return deck


class _NotADraftError(Exception):
    """The deck was published or discarded before."""


async def _deck_for(services: Services, command_id: str, rate_deck_id: str) -> RateDeckInfo | Refused:
    return refuse_command_id(command_id) or await get_rate_deck(services, rate_deck_id=rate_deck_id)


async def _refuse_replacing(services: Services, deck: RateDeckInfo, replaces_rate_deck_id: str) -> Refused | None:
    replaced = await get_rate_deck(services, rate_deck_id=replaces_rate_deck_id)
    if isinstance(replaced, Refused):
        return replaced
    if replaced.state is not RateDeckState.PUBLISHED or replaced.rate_deck_id == deck.rate_deck_id:
        return Refused(code=RefusalCode.RATE_DECK_NOT_PUBLISHED, facts={"rate_deck_id": replaces_rate_deck_id})
    if replaced.currency != deck.currency:
        facts = {"currency": deck.currency, "allowed": replaced.currency}
        return Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=facts)
    return None


async def _once(
    services: Services,
    operation: str,
    command_id: str,
    content: str,
    rate_deck_id: str,
    act: Callable[[Connection], Awaitable[None]],
) -> Refused | None:
    """Do something to a deck if this command has not done it before; why it cannot be done, or None."""
    try:
        async with services.pool.acquire() as connection, connection.transaction():
            known = await _remember(services, connection, operation, command_id, content)
            if known is None:
                await act(connection)
    except _NotADraftError:
        return Refused(code=RefusalCode.RATE_DECK_NOT_DRAFT, facts={"rate_deck_id": rate_deck_id})
    if known is not None and known.content != content:
        return Refused(code=RefusalCode.CONFLICT, facts={"command_id": command_id, "command": operation})
    return None


async def _remember(
    services: Services, connection: Connection, operation: str, command_id: str, content: str
) -> RememberedCommand | None:
    return await remember_command(
        connection,
        services.shard_id,
        operation=operation,
        command_id=command_id,
        content=content,
        made_id="",
        at=services.clock(),
    )


async def _move_everybody(
    services: Services,
    operation: str,
    command_id: str,
    rate_deck_id: str,
    progress: Callable[[int], None] | None,
) -> RateDeckMoved | Refused:
    """Move the organizations that the command moves, unless it has moved them all before; then say where all are."""
    async with _locked(services, rate_deck_id) as connection:
        if connection is None:
            # Somebody else is moving them; whoever comes second must find all of them moved.
            return Refused(code=RefusalCode.BUSY, facts={"rate_deck_id": rate_deck_id})
        # Over the connection that is held: whoever waits for a second one while holding a first can wait for ever.
        row = await connection.fetchrow(load_statement("load_rate_deck"), services.shard_id, rate_deck_id)
        assert row is not None, "decks are never taken away"
        deck = rate_deck_info(row)
        if deck.replaces_rate_deck_id is None:
            return RateDeckMoved(deck=deck, organizations=0, left=())
        source, target = deck.replaces_rate_deck_id, deck.rate_deck_id
        if operation == _ROLL_BACK:
            source, target = target, source
        ending = f"{operation}_finished"
        finished = await connection.fetch(
            load_statement("load_commands"), services.shard_id, [OPERATOR_ID], [ending], [command_id]
        )
        # A publication that was cut short and then rolled back must not go on.
        if not finished and (operation == _ROLL_BACK or deck.rolled_back_at is None):
            refused = await _move_all(services, connection, operation, command_id, deck, source, progress)
            if refused is not None:
                return refused
            await _remember(services, connection, ending, command_id, "")
        counted = await connection.fetchrow(
            load_statement("count_organizations_on_deck"), services.shard_id, target, source, LEFT_NAMED_MAX
        )
        assert counted is not None, "a count is one row"
        left = tuple(str(organization_id) for organization_id in counted["left_ids"])
        return RateDeckMoved(deck=deck, organizations=counted["organizations"], left=left)


async def _move_all(
    services: Services,
    connection: Connection,
    operation: str,
    command_id: str,
    deck: RateDeckInfo,
    source: str,
    progress: Callable[[int], None] | None,
) -> Refused | None:
    plan = move_on_publishing if operation == _PUBLISH else move_on_rolling_back
    after, seen = OPERATOR_ID, 0
    while True:
        rows = await connection.fetch(
            load_statement("list_organizations_on_deck"), services.shard_id, after, source, ORGANIZATIONS_AT_ONCE
        )
        if not rows:
            return None
        now = services.clock()
        moves = [(on, plan(on, deck)) for on in (_on_deck(row, now) for row in rows)]
        outcomes = await asyncio.gather(
            *(
                services.executor.execute(
                    AssignRateDeck(
                        organization_id=on.organization_id,
                        command_id=digest(operation, command_id, on.organization_id),
                        rate_deck_id=move.rate_deck_id,
                        rate_deck_currency=deck.currency,
                        in_force_at=move.at,
                    )
                )
                for on, move in moves
                if move is not None
            )
        )
        for outcome in outcomes:
            if isinstance(outcome, Refused) and outcome.code in {RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR}:
                return outcome
        after, seen = str(rows[-1]["organization_id"]), seen + len(rows)
        if progress is not None:
            progress(seen)


def _on_deck(row: asyncpg.Record, now: datetime) -> OnDeck:
    current, following, at = row["rate_deck_id"], row["next_rate_deck_id"], row["next_rate_deck_at"]
    if at is not None and at <= now:
        current, following, at = following, None, None
    return OnDeck(
        organization_id=str(row["organization_id"]),
        current_id=None if current is None else str(current),
        next_id=None if following is None else str(following),
        next_at=at,
    )


@asynccontextmanager
async def _locked(services: Services, rate_deck_id: str) -> AsyncIterator[Connection | None]:
    """A connection while nobody else moves organizations on behalf of this deck; None when somebody does."""
    async with services.pool.acquire() as connection:
        locked = await connection.fetchval(load_statement("lock_rate_deck"), rate_deck_id)
        try:
            yield connection if locked else None
        finally:
            if locked:
                await connection.execute(load_statement("unlock_rate_deck"), rate_deck_id)
