"""Receipts: issuing what is owed, finding what was issued.

Knows the order: a purchase commits, then the worker numbers and keeps its receipt (decision record 0018). Refuses to
know languages and layouts: a document is values.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.receipts import (
    ReceiptDocument,
    ReceiptTerms,
    Settled,
    receipt_number,
    receipt_of,
    within_receipts,
)
from commcredits.operations.organizations import check_identifier, get_organization
from commcredits.operations.paging import Page, check_limit
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, Pool
from commcredits.storage.receipts import (
    NumberedReceipt,
    Place,
    insert_receipts,
    numbering,
    read_owed_credit_notes,
    read_owed_receipts,
    read_receipt_numbers,
    read_receipt_record,
    read_receipt_records,
)

AT_ONCE_MAX: Final = 50
"""Most documents that one transaction numbers; others who number wait for it."""

NUMBER_CHARACTERS_MAX: Final = 30
"""Longest number of a receipt that is looked for."""

_BEGINNING_OF_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)

_ReadOwed = Callable[[Connection | Pool, int, Place, int], Awaitable[tuple[Settled, ...]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """How many documents were issued, and what went wrong with the others, which are tried again."""

    count: int
    failures: tuple[Exception, ...]


async def issue_receipts(services: Services, *, since: datetime) -> Issued:
    """Issue the receipts and credit notes that are owed for what was settled since an instant; none without a seller.

    Any number of workers may do this at once: each thing gets one document, and numbers have no gaps. What comes late
    gets a later number.
    """
    terms = services.receipts
    if terms is None:
        return Issued(count=0, failures=())
    receipts = await _issue_series(services, terms, terms.series, read_owed_receipts, since)
    credit_notes = await _issue_series(services, terms, terms.credit_note_series, read_owed_credit_notes, since)
    return Issued(count=receipts.count + credit_notes.count, failures=(*receipts.failures, *credit_notes.failures))


@reads(Permission.RECEIPTS_READ)
async def list_receipts(
    services: Services, *, organization_id: str, cursor: str | None, limit: int
) -> Page[ReceiptDocument] | Refused:
    """An organization's receipts and credit notes, newest first; a cursor is the last id of the page before."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit)
    if refused is not None:
        return refused
    before = None if cursor is None else check_identifier("cursor", cursor)
    if isinstance(before, Refused):
        return before
    rows = await read_receipt_records(services.pool, services.shard_id, organization_id, before=before, limit=limit + 1)
    shown = rows[:limit]
    return Page(
        items=tuple(row.document for row in shown), next_cursor=shown[-1].receipt_id if len(rows) > limit else None
    )


@reads(Permission.RECEIPTS_READ)
async def get_receipt(services: Services, *, organization_id: str, number: str) -> ReceiptDocument | Refused:
    """One document of this organization; another's is as unknown as none."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    unknown = Refused(code=RefusalCode.UNKNOWN_RECEIPT, facts={"number": number[:NUMBER_CHARACTERS_MAX]})
    if len(number) > NUMBER_CHARACTERS_MAX or not (number.isascii() and number.isprintable()):
        return Refused(code=RefusalCode.UNKNOWN_RECEIPT)
    found = await read_receipt_record(services.pool, services.shard_id, organization_id, number)
    return unknown if found is None else found.document


@reads(Permission.FUNDS_READ)
async def find_receipt_numbers(
    services: Services, *, organization_id: str, top_up_ids: Sequence[str]
) -> Mapping[str, str] | Refused:
    """The numbers of receipts by top-up, of this organization's top-ups that have one already."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    return await read_receipt_numbers(services.pool, services.shard_id, organization_id, top_up_ids)


async def _issue_series(
    services: Services, terms: ReceiptTerms, series: str, read_owed: _ReadOwed, since: datetime
) -> Issued:
    count = 0
    failures: list[Exception] = []
    # What was paid long ago may be settled anew, by a dispute.
    place = Place(since=since, after_at=_BEGINNING_OF_TIME)
    while True:
        # Nobody takes the lock, and writes, only to find that nothing is owed.
        if not await read_owed(services.pool, services.shard_id, place, 1):
            return Issued(count=count, failures=tuple(failures))
        async with numbering(services.pool, services.shard_id, series) as (connection, state):
            owed = await read_owed(connection, services.shard_id, place, AT_ONCE_MAX)
            issued_at = max(services.clock(), state.last_issued_at)
            numbered: list[NumberedReceipt] = []
            for settled in within_receipts(owed):
                sequence = state.last_sequence + len(numbered) + 1
                try:
                    document = receipt_of(settled, terms, number=receipt_number(series, sequence), issued_at=issued_at)
                except (ValueError, ArithmeticError, LookupError) as error:
                    # One that cannot be written keeps no number and holds up no other.
                    failures.append(error)
                    continue
                numbered.append(
                    NumberedReceipt(
                        receipt_id=services.new_id(),
                        organization_id=settled.organization_id,
                        series=series,
                        sequence=sequence,
                        settled=settled,
                        document=document,
                    )
                )
            if numbered:
                await insert_receipts(connection, services.shard_id, numbered)
        count += len(numbered)
        if owed:
            place = replace(place, after_at=owed[-1].settled_at, after_id=owed[-1].subject_id)
        # Others who number get their turn.
        await asyncio.sleep(0)
