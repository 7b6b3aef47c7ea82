"""An organization's numbers with whoever each serves, narrowed and page by page; and one number of the stock.

Knows filters. Refuses to change anything: assigning is commcredits.operations.numbers', reserving and acquiring
commcredits.operations.number_stock's.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberPurpose, PartyKind
from commcredits.operations.inputs import invalid_input
from commcredits.operations.number_stock import DIGITS_MAX, StockNumber, stock_number
from commcredits.operations.numbers import PhoneNumber, number_of, refuse_kind, refuse_number
from commcredits.operations.organizations import get_organization
from commcredits.operations.paging import Page, check_limit, read_cursor, refuse_cursor, write_cursor
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

_LIST = "held_numbers"


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldNumber:
    """A number and the names of the user or resource account that has it, empty where nobody does."""

    number: PhoneNumber
    holder_kind: PartyKind | None
    holder_name: str
    holder_principal_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StockState:
    """A number of the stock as one organization sees it.

    ``reserved_until`` is until when only this organization can acquire it, None where it has not reserved it or no
    longer has; ``is_own`` that it has acquired it; ``is_free`` that it may reserve it now.
    """

    number: StockNumber
    reserved_until: datetime | None
    is_own: bool
    is_free: bool


@reads(Permission.NUMBERS_READ)
async def find_numbers(
    services: Services,
    *,
    organization_id: str,
    kind: str = "",
    purpose: str = "",
    digits: str = "",
    cursor: str | None,
    limit: int,
) -> Page[HeldNumber] | Refused:
    """An organization's numbers of this kind, for this purpose and with these digits in them; empty is any."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = check_limit(limit) or (refuse_kind(kind) if kind else None)
    if refused is not None:
        return refused
    if purpose and purpose not in tuple(NumberPurpose):
        return invalid_input("purpose", purpose, ", ".join(NumberPurpose))
    if digits and not (digits.isascii() and digits.isdigit() and len(digits) <= DIGITS_MAX):
        return invalid_input("digits", digits, f"1 to {DIGITS_MAX} digits")
    after = ("",) if cursor is None else read_cursor(_LIST, cursor, 1)
    if after is None:
        return refuse_cursor(cursor or "")
    rows = await services.pool.fetch(
        load_statement("find_numbers"), services.shard_id, organization_id, *after, kind, purpose, digits, limit + 1
    )
    items = tuple(
        HeldNumber(
            number=number_of(row),
            holder_kind=None if row["holder_kind"] is None else PartyKind(row["holder_kind"]),
            holder_name=row["holder_name"] or "",
            holder_principal_name=row["holder_principal_name"] or "",
        )
        for row in rows[:limit]
    )
    next_cursor = write_cursor(_LIST, items[-1].number.number) if len(rows) > limit else None
    return Page(items=items, next_cursor=next_cursor)


@reads(Permission.NUMBERS_READ)
async def get_stock_number(services: Services, *, organization_id: str, number: str) -> StockState | Refused:
    """What an organization may know of a number in stock: nothing of whoever else has or reserved it."""
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    refused = refuse_number(number)
    if refused is not None:
        return refused
    row = await services.pool.fetchrow(load_statement("get_stock_number"), services.shard_id, number)
    if row is None:
        return Refused(code=RefusalCode.NUMBER_NOT_AVAILABLE, facts={"number": number})
    holds = row["reserved_until"] is not None and row["reserved_until"] > services.clock()
    is_ours = holds and str(row["reserved_by"]) == organization_id
    is_taken = row["acquired_by"] is not None or row["taken"]
    return StockState(
        number=stock_number(row["number"], row["kind"], row["country"], row["place"]),
        reserved_until=row["reserved_until"] if is_ours and not is_taken else None,
        is_own=row["acquired_by"] is not None and str(row["acquired_by"]) == organization_id,
        is_free=not is_taken and (not holds or is_ours),
    )
