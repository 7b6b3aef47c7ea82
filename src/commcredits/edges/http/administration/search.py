"""The path of the search over users, numbers, calls and receipts.

Knows fields and statuses. Refuses to know how anything is found, and what a caller may see; the operation does.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from commcredits.core.account import SessionState
from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode
from commcredits.core.roster import NumberKind, NumberPurpose, PartyKind
from commcredits.edges.http.administration.access import ActingServices
from commcredits.edges.http.administration.documenting import Tag, guarded
from commcredits.edges.http.administration.forms import Identifier
from commcredits.edges.http.administration.refusing import taken
from commcredits.operations import search
from commcredits.operations.search import SearchResults


class FoundPerson(BaseModel):
    """A user or resource account."""

    object_id: str
    kind: PartyKind
    display_name: str
    user_principal_name: str


class FoundNumber(BaseModel):
    """A number of the organization; ``holder`` is the name of whoever has it, or empty."""

    number: str
    kind: NumberKind
    purpose: NumberPurpose
    holder: str


class FoundCall(BaseModel):
    """A call, with its numbers as the organization may see them."""

    session_id: str
    service: Service
    caller: str
    callee: str
    state: SessionState


class FoundReceipt(BaseModel):
    """A receipt or credit note."""

    number: str
    is_credit_note: bool


class Found(BaseModel):
    """What was found by kind, twenty of each at most; a kind that the caller may not see is null."""

    users: list[FoundPerson] | None
    numbers: list[FoundNumber] | None
    calls: list[FoundCall] | None
    receipts: list[FoundReceipt] | None


def add_search(routes: APIRouter) -> None:
    """Search an organization."""

    @routes.get(
        "/v1/organizations/{organization_id}/search",
        tags=[Tag.ORGANIZATIONS],
        summary="Search users, numbers, calls and receipts",
        description="Users by any part of their names or by object id, numbers by any of their digits, calls by their "
        "id or by a whole number among the latest 10,000, receipts by any part of their number.",
        responses=guarded(RefusalCode.UNKNOWN_ORGANIZATION),
    )
    async def search_organization(
        services: ActingServices,
        organization_id: Identifier,
        q: Annotated[str, Query(description="What to search for: 2 to 128 characters on one line.", examples=["ana"])],
    ) -> Found:
        return _found(taken(await search.search(services, organization_id=organization_id, query=q)))


def _found(results: SearchResults) -> Found:
    return Found(
        users=None
        if results.people is None
        else [
            FoundPerson(
                object_id=each.party_id,
                kind=each.kind,
                display_name=each.display_name,
                user_principal_name=each.user_principal_name,
            )
            for each in results.people.items
        ],
        numbers=None
        if results.numbers is None
        else [
            FoundNumber(number=each.number, kind=each.kind, purpose=each.purpose, holder=each.holder)
            for each in results.numbers.items
        ],
        calls=None
        if results.calls is None
        else [
            FoundCall(
                session_id=each.session_id,
                service=each.service,
                caller=each.caller,
                callee=each.callee,
                state=each.state,
            )
            for each in results.calls.items
        ],
        receipts=None
        if results.receipts is None
        else [FoundReceipt(number=each.number, is_credit_note=each.is_credit_note) for each in results.receipts.items],
    )
