"""One search over an organization's users, numbers, calls and receipts.

Knows how each is found, so that none takes longer than a page may: names by any part, numbers by their digits however
they are written, calls by id or by a whole number among the latest, receipts by their number. Whoever searches sees
only the kinds that they could open: each is asked for by itself. Refuses to keep or to log what was searched for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

import asyncpg
import phonenumbers

from commcredits.core.access import Permission
from commcredits.core.account import SessionState
from commcredits.core.commands import Service
from commcredits.core.numbers import EMERGENCY_NUMBERS, is_e164
from commcredits.core.outcomes import Refused
from commcredits.core.roster import NumberKind, NumberPurpose, PartyKind
from commcredits.operations.inputs import invalid_input, is_identifier, refuse_name
from commcredits.operations.organizations import Organization, get_organization
from commcredits.operations.permitting import reads
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement

QUERY_CHARACTERS_MIN: Final = 2
QUERY_CHARACTERS_MAX: Final = 128
"""What can be searched for: more than one character, and no more than the longest id of a call."""

FOUND_MAX: Final = 20
"""Most results of each kind."""

CALLS_LOOKED_AT: Final = 10_000
"""Among how many of the latest calls a number is searched."""

DIGITS_MIN: Final = 3
"""Fewer digits than this are in nearly every number."""

_PUNCTUATION: Final = re.compile(r"[\s().\-/\u00a0\u2010-\u2015]+")
_NUMBER: Final = re.compile(r"\+?[0-9]{3,20}", re.ASCII)

_INBOUND: Final = frozenset({Service.TOLL_IN, Service.TOLL_FREE_IN})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPerson:
    """A user or resource account."""

    party_id: str
    kind: PartyKind
    display_name: str
    user_principal_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNumber:
    """A number of the organization; ``holder`` is the name of whoever has it, or empty."""

    number: str
    kind: NumberKind
    purpose: NumberPurpose
    holder: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundCall:
    """A call, with its numbers as the organization may see them (domain.md §7, Privacy)."""

    session_id: str
    service: Service
    caller: str
    callee: str
    state: SessionState
    authorised_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundReceipt:
    """A receipt or credit note."""

    number: str
    is_credit_note: bool
    issued_at: datetime
    gross_micros: int
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[T]):
    """Results of one kind; ``more`` tells that there are others beyond those."""

    items: tuple[T, ...]
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchResults:
    """What was found, by kind; None where whoever searches may not see that kind.

    ``number`` is the query as a number in E.164 form, empty where it is none: what calls were searched for.
    """

    query: str
    number: str
    people: Found[FoundPerson] | None
    numbers: Found[FoundNumber] | None
    calls: Found[FoundCall] | None
    receipts: Found[FoundReceipt] | None

    @property
    def count(self) -> int:
        """How many were found in all."""
        kinds = (self.people, self.numbers, self.calls, self.receipts)
        return sum(len(found.items) for found in kinds if found is not None)


@reads(Permission.ORGANIZATION_READ)
async def search(
    services: Services, *, organization_id: str, query: str, limit: int = FOUND_MAX
) -> SearchResults | Refused:
    """All of an organization that a query finds and that whoever asks may see, ``limit`` of each kind at most."""
    refused = refuse_name("q", query, QUERY_CHARACTERS_MAX)
    text = " ".join(query.split())
    if refused is not None or len(text) < QUERY_CHARACTERS_MIN:
        return invalid_input("q", query, f"{QUERY_CHARACTERS_MIN} to {QUERY_CHARACTERS_MAX} characters on one line")
    if not 1 <= limit <= FOUND_MAX:
        return invalid_input("limit", str(limit), f"a whole number from 1 to {FOUND_MAX}")
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization

    def may(permission: Permission) -> bool:
        return services.actor.holds(permission, organization_id)

    async with services.pool.acquire() as connection:
        searcher = _Searcher(connection, services, organization, text, limit)
        return SearchResults(
            query=text,
            number=searcher.number,
            people=await searcher.people() if may(Permission.USERS_READ) else None,
            numbers=await searcher.numbers() if may(Permission.NUMBERS_READ) else None,
            calls=await searcher.calls() if may(Permission.CALLS_READ) else None,
            receipts=await searcher.receipts() if may(Permission.RECEIPTS_READ) else None,
        )


def number_in(text: str, country: str) -> str:
    """The E.164 form of what is written like a number, national ones as in ``country``; empty for anything else.

    The short numbers of emergency services stay as they are.
    """
    plain = _PUNCTUATION.sub("", text)
    if plain in EMERGENCY_NUMBERS:
        return plain
    if not _NUMBER.fullmatch(plain):
        return ""
    if plain.startswith("00"):
        plain = f"+{plain[2:]}"
    if not plain.startswith("+"):
        try:
            parsed = phonenumbers.parse(plain, country)
        except phonenumbers.NumberParseException:
            return ""
        plain = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return plain if is_e164(plain) else ""


class _Searcher:
    """Asks the database for one query, kind by kind."""

    def __init__(
        self, connection: Connection, services: Services, organization: Organization, text: str, limit: int
    ) -> None:
        self._connection = connection
        self._place = (services.shard_id, organization.organization_id)
        self._country = organization.country
        self._privacy = services.reports.privacy
        self._now = services.clock()
        self._text = text
        self._limit = limit
        self.number = number_in(text, organization.country)

    async def people(self) -> Found[FoundPerson]:
        """By part of a name, or by object id."""
        party_id = self._text.lower() if is_identifier(self._text.lower()) else None
        rows = await self._fetch("search_people", self._text, party_id)
        return self._found(
            [
                FoundPerson(
                    party_id=str(row["party_id"]),
                    kind=PartyKind(row["kind"]),
                    display_name=row["display_name"],
                    user_principal_name=row["user_principal_name"],
                )
                for row in rows
            ]
        )

    async def numbers(self) -> Found[FoundNumber]:
        """By digits: of the whole number, or of any part of it, with or without what stands before a national one."""
        plain = _PUNCTUATION.sub("", self._text)
        digits = plain.removeprefix("+").lstrip("0")
        if not _NUMBER.fullmatch(plain) or len(digits) < DIGITS_MIN:
            return Found(items=(), more=False)
        rows = await self._fetch("search_numbers", digits)
        return self._found(
            [
                FoundNumber(
                    number=row["number"],
                    kind=NumberKind(row["kind"]),
                    purpose=NumberPurpose(row["purpose"]),
                    holder=row["holder_name"] or row["holder_principal_name"] or "",
                )
                for row in rows
            ]
        )

    async def calls(self) -> Found[FoundCall]:
        """By id; or by a whole number, among the latest calls."""
        rows = await self._connection.fetch(load_statement("search_call_by_id"), *self._place, self._text)
        if not rows and self.number:
            hidden = self._privacy.masked_digits.get(self._country, 0)
            rows = await self._fetch("search_calls", self.number, CALLS_LOOKED_AT, hidden)
        return self._found([call for row in rows if (call := self._call_of(row)) is not None])

    def _call_of(self, row: asyncpg.Record) -> FoundCall | None:
        """A call as it may be shown; None where its record is no longer kept."""
        if row["authorised_at"] < self._privacy.kept_since(row["usage_location"] or self._country, self._now):
            return None
        service = Service(row["service"])
        caller, callee = self._privacy.shown(
            row["caller"], row["callee"], inbound=service in _INBOUND, country=self._country
        )
        return FoundCall(
            session_id=row["session_id"],
            service=service,
            caller=caller,
            callee=callee,
            state=SessionState(row["state"]),
            authorised_at=row["authorised_at"],
        )

    async def receipts(self) -> Found[FoundReceipt]:
        """By part of the number."""
        rows = await self._fetch("search_receipts", self._text.upper())
        return self._found(
            [
                FoundReceipt(
                    number=row["number"],
                    is_credit_note=row["cause"] != "top_up",
                    issued_at=row["issued_at"],
                    gross_micros=row["net_micros"] + row["tax_micros"],
                    currency=row["currency"],
                )
                for row in rows
            ]
        )

    async def _fetch(self, statement: str, *values: object) -> list[Any]:
        return list(await self._connection.fetch(load_statement(statement), *self._place, *values, self._limit + 1))

    def _found(self, items: Sequence[T]) -> Found[T]:
        return Found(items=tuple(items[: self._limit]), more=len(items) > self._limit)
