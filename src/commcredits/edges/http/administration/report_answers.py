"""What the JSON bodies of reports hold: balance, lots, journal, calls, the state of the books and of the service.

Knows how amounts, instants and ids are written. Refuses to leave a field out: what is not there is null.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from commcredits.core.account import SessionState
from commcredits.core.commands import CallType, Service
from commcredits.core.funds import LotSource
from commcredits.core.ledger import LedgerAccount, TransferReason
from commcredits.core.money import format_micros
from commcredits.core.outcomes import RefusalCode
from commcredits.edges.http.administration.answers import Amount, Currency, Identity, Seconds, Time, time, time_or_none
from commcredits.operations import reports
from commcredits.operations.verify import Verification as VerificationRecord

Minutes = Annotated[int, Field(ge=0)]


class Balance(BaseModel):
    """``available`` is what may be spent: ``posted`` less what running calls hold.

    ``owed`` is what calls recorded after the fact found no funds for; the next funds repay it first. An organization
    that pays after use (``post_usage``) has a ``credit_line`` beside its balance, ``credit_line_used`` of it.
    """

    posted: Amount
    held: Amount
    available: Amount
    owed: Amount
    currency: Currency
    as_of: Time
    post_usage: bool
    credit_line: Amount
    credit_line_used: Amount


class FundLot(BaseModel):
    """A fund lot with anything left: ``free`` of ``amount`` may be spent, ``held`` is set aside for running calls."""

    lot_id: Identity
    source: LotSource
    purchased_at: Time
    expires_at: Time
    amount: Amount
    free: Amount
    held: Amount
    currency: Currency


class JournalEntry(BaseModel):
    """One transfer: the amount left ``source`` and entered ``target``; ``lot_id`` is null where no lot is touched."""

    transfer_id: Identity
    at: Time
    source: LedgerAccount
    target: LedgerAccount
    amount: Amount
    currency: Currency
    reason: TransferReason
    lot_id: Identity | None
    session_id: str | None
    top_up_id: Identity | None


class Call(BaseModel):
    """One call, running, over or refused; ``refusal`` says why it was not let through.

    Whose call it is, its ``call_type`` and ``capability`` are told where the organization has people or rules;
    ``capability`` is the licence that paid first. ``pool_minutes`` of a minute pool paid so far, ``charged`` the rest.
    """

    session_id: str
    service: Service
    call_type: CallType | None
    user_id: Identity | None
    user_display_name: str
    caller: str
    callee: str
    destination: str
    state: SessionState
    authorised_at: Time
    started_at: Time | None
    ended_at: Time | None
    duration_seconds: Seconds
    overrun_seconds: Seconds
    switch: str
    pool_minutes: Minutes
    charged: Amount
    held: Amount
    currency: Currency
    capability: str
    cause: str
    refusal: RefusalCode | None
    rate_deck_id: Identity | None
    rate_prefix: str | None


class Discrepancy(BaseModel):
    """Where the books disagree: what was checked of whom, what one side says, and what the other does.

    Checks of money are in millionths of the major unit, checks of existence count things.
    """

    organization_id: Identity
    check: str
    subject: str
    expected_micros: int
    found_micros: int


class Verification(BaseModel):
    """How much was checked; the books agree when there is no discrepancy."""

    organizations: int
    transfers: int
    discrepancies: list[Discrepancy]


class Health(BaseModel):
    """Every part that a request needs answers."""

    status: str


def balance(record: reports.Balance) -> Balance:
    """A balance as it is answered."""
    return Balance(
        posted=format_micros(record.posted_micros),
        held=format_micros(record.held_micros),
        available=format_micros(record.available_micros),
        owed=format_micros(record.owed_micros),
        currency=record.currency,
        as_of=time(record.as_of),
        post_usage=record.post_usage,
        credit_line=format_micros(record.credit_line_micros),
        credit_line_used=format_micros(record.credit_line_used_micros),
    )


def fund_lot(record: reports.LotRecord, currency: str) -> FundLot:
    """A fund lot as it is answered."""
    return FundLot(
        lot_id=record.lot_id,
        source=record.source,
        purchased_at=time(record.purchased_at),
        expires_at=time(record.expires_at),
        amount=format_micros(record.amount_micros),
        free=format_micros(record.free_micros),
        held=format_micros(record.held_micros),
        currency=currency,
    )


def journal_entry(record: reports.JournalEntry, currency: str) -> JournalEntry:
    """A transfer as it is answered."""
    return JournalEntry(
        transfer_id=record.transfer_id,
        at=time(record.at),
        source=record.source,
        target=record.target,
        amount=format_micros(record.amount_micros),
        currency=currency,
        reason=record.reason,
        lot_id=record.lot_id,
        session_id=record.session_id,
        top_up_id=record.top_up_id,
    )


def call(record: reports.CallRecord) -> Call:
    """A call as it is answered."""
    return Call(
        session_id=record.session_id,
        service=record.service,
        call_type=record.call_type,
        user_id=record.user_id,
        user_display_name=record.user_display_name,
        caller=record.caller,
        callee=record.callee,
        destination=record.destination,
        state=record.state,
        authorised_at=time(record.authorised_at),
        started_at=time_or_none(record.started_at),
        ended_at=time_or_none(record.ended_at),
        duration_seconds=record.duration_seconds,
        overrun_seconds=record.overrun_seconds,
        switch=record.switch,
        pool_minutes=record.pool_minutes,
        charged=format_micros(record.charged_micros),
        held=format_micros(record.held_micros),
        currency=record.currency,
        capability=record.capability,
        cause=record.cause,
        refusal=record.refusal,
        rate_deck_id=record.rate_deck_id,
        rate_prefix=record.rate_prefix,
    )


def verification(record: VerificationRecord) -> Verification:
    """What was found in the books, as it is answered."""
    return Verification(
        organizations=record.organizations,
        transfers=record.transfers,
        discrepancies=[
            Discrepancy(
                organization_id=each.organization_id,
                check=each.check,
                subject=each.subject,
                expected_micros=each.expected_micros,
                found_micros=each.found_micros,
            )
            for each in record.discrepancies
        ],
    )
