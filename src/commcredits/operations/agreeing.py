"""Money that one person asks for and another agrees to: what adjustments and refunds by hand have in common.

Knows who has to agree, and that what was agreed to is written down first and carried out after, so that a process that
dies in between leaves work for the next round. Refuses to know what is carried out, and in which table it stands.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

import asyncpg

from commcredits.core.account import OrganizationStatus
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import refuse_name
from commcredits.operations.organizations import check_identifier
from commcredits.operations.second_person import is_same_person, person_of
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.loading import lock_accounts

WHO_CHARACTERS_MAX: Final = 200
ALONE_HOURS: Final = 24
"""Over how long what one person did to an organization alone is added up: many small ones are one large one."""

NOT_SETTLED: Final = frozenset({RefusalCode.BUSY, RefusalCode.INTERNAL_ERROR})
"""Refusals that say nothing about the command; it may have been carried out, and is given again."""

NOBODY: Final = "00000000-0000-0000-0000-000000000000"
LAST: Final = "ffffffff-ffff-ffff-ffff-ffffffffffff"
"""An id before all others, and one after them."""

_ROUND_MAX: Final = 100


class RequestState(StrEnum):
    """Where a request stands: pending → approved → applied | refused by the account, or pending → rejected."""

    PENDING = "pending"
    APPROVED = "approved"
    APPLIED = "applied"
    REFUSED = "refused"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What an organization is while its account is locked."""

    currency: str
    is_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """Where requests of one kind are written down: the names of its statements and of its id, and what it refuses.

    ``refuse_approval`` says what stands against carrying out a request now, whoever agrees.
    """

    id_name: str
    get: str
    decide: str
    sum_alone: str
    list_approved: str
    unknown: RefusalCode
    settled: RefusalCode
    refuse_approval: Callable[[Services, Standing], Refused | None]


async def locked_standing(services: Services, connection: Connection, organization_id: str) -> Standing | None:
    """An organization as it stays until the transaction ends; None for one that does not exist.

    Locks the account first and reads after: whoever changes a currency holds that lock.
    """
    await lock_accounts(connection, services.shard_id, [organization_id])
    row = await connection.fetchrow(load_statement("get_organization"), services.shard_id, organization_id)
    if row is None:
        return None
    return Standing(currency=str(row["currency"]), is_closed=row["status"] == OrganizationStatus.CLOSED.value)


async def locked_currency(services: Services, connection: Connection, organization_id: str) -> str | None:
    """The currency, until the transaction ends, of an organization that is not closed; None of any other."""
    standing = await locked_standing(services, connection, organization_id)
    return None if standing is None or standing.is_closed else standing.currency


async def find_row(
    services: Services,
    connection: Connection,
    book: Book,
    organization_id: str,
    *,
    request_id: str,
    command_id: str = "",
) -> asyncpg.Record | None:
    """The request with this id, or of this command; another organization's is none."""
    return await connection.fetchrow(
        load_statement(book.get), services.shard_id, organization_id, request_id, command_id or None
    )


async def get_row(services: Services, book: Book, *, organization_id: str, request_id: str) -> asyncpg.Record | Refused:
    """One request of this organization; another's is as unknown as none."""
    for name, value in (("organization_id", organization_id), (book.id_name, request_id)):
        checked = check_identifier(name, value)
        if isinstance(checked, Refused):
            return checked
    async with services.pool.acquire() as connection:
        row = await find_row(services, connection, book, organization_id, request_id=request_id)
    return Refused(code=book.unknown, facts={book.id_name: request_id}) if row is None else row


async def first_state(
    services: Services, connection: Connection, book: Book, organization_id: str, *, micros: int, limit: int, name: str
) -> RequestState:
    """Approved while what this person has done alone, and these ``micros``, stay within the limit; else pending.

    The account's row is locked, so that nobody does two such things at once.
    """
    alone = await connection.fetchval(
        load_statement(book.sum_alone),
        services.shard_id,
        organization_id,
        person_of(services.actor, name),
        services.clock() - timedelta(hours=ALONE_HOURS),
    )
    return RequestState.APPROVED if alone + micros <= limit else RequestState.PENDING


async def decide(
    services: Services, book: Book, *, organization_id: str, request_id: str, person: str, state: RequestState
) -> asyncpg.Record | Refused:
    """The request after this person approved or rejected it; whoever has decided so before may do it again.

    Refused with SECOND_PERSON_REQUIRED for whoever asked, CURRENCY_MISMATCH when the organization has another currency
    by now, as ``book.settled`` says when the request is pending no more, and as ``book.refuse_approval`` says.
    """
    refused = refuse_name("as", person, WHO_CHARACTERS_MAX)
    if refused is not None:
        return refused
    known = await get_row(services, book, organization_id=organization_id, request_id=request_id)
    if isinstance(known, Refused):
        return known
    approves, actor = state is RequestState.APPROVED, person_of(services.actor, person)
    async with services.pool.acquire() as connection, connection.transaction():
        standing = await locked_standing(services, connection, organization_id)
        row = await find_row(services, connection, book, organization_id, request_id=request_id)
        assert row is not None, "it was there, and nobody deletes one"
        assert standing is not None, "nobody deletes an organization"
        refused = _refuse_approval(services, book, row, person, standing) if approves else None
        if refused is not None:
            return refused
        place = (services.shard_id, organization_id, request_id)
        decided = await connection.fetchval(
            load_statement(book.decide), *place, state.value, person, services.clock(), actor
        )
        row = await find_row(services, connection, book, organization_id, request_id=request_id)
    assert row is not None, "it was there, and nobody deletes one"
    repeated = row["decided_actor"] == actor and (row["state"] == RequestState.REJECTED) is not approves
    if decided is None and not repeated:
        return Refused(code=book.settled, facts={book.id_name: request_id, "state": row["state"]})
    return row


async def complete(services: Services, book: Book, apply: Callable[[asyncpg.Record], Awaitable[bool]]) -> int:
    """Carry out what was approved and is not yet, because whoever approved it died or lost the database.

    Returns how many ``apply`` settled. Each has its turn: those that an account cannot take now keep no other waiting.
    """
    settled, after = 0, NOBODY
    while True:
        rows = await services.pool.fetch(load_statement(book.list_approved), services.shard_id, _ROUND_MAX, after)
        for row in rows:
            settled += await apply(row)
        if len(rows) < _ROUND_MAX:
            return settled
        after = str(rows[-1][book.id_name])


def _refuse_approval(
    services: Services, book: Book, row: asyncpg.Record, person: str, standing: Standing
) -> Refused | None:
    """Why this person cannot agree to a request of an organization that stands so."""
    pending = row["state"] == RequestState.PENDING
    asked = {book.id_name: str(row[book.id_name]), "requested_by": row["requested_by"]}
    if pending and is_same_person(
        services.actor, person, asked_by=row["requested_by"], asked_actor=row["requested_actor"]
    ):
        return Refused(code=RefusalCode.SECOND_PERSON_REQUIRED, facts=asked)
    refused = book.refuse_approval(services, standing)
    if refused is None and pending and standing.currency != row["currency"]:
        changed = {"currency": row["currency"], "organization_currency": standing.currency}
        return Refused(code=RefusalCode.CURRENCY_MISMATCH, facts=changed)
    return refused
