"""Vouchers: codes that the operator issues and an organization turns into promotional funds, once.

Knows claims: a voucher becomes an organization's in one transaction and funds in the next, under the claim's own id, so
that a process that dies in between is made up for and nobody gets it twice. Refuses to keep codes: only their digests.
95 random bits cannot be tried through, so a plain SHA-256 is enough; a salt or a slow digest guards what people choose.
Refuses also to say why a code cannot be redeemed: that would tell a guesser which ones there are.
"""

from __future__ import annotations

import hashlib
from dataclasses import astuple, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg

from commcredits.core.access import Permission
from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import GrantPromotion
from commcredits.core.outcomes import LotGranted, RefusalCode, Refused
from commcredits.core.voucher_codes import CODE_BITS, read_code, write_code
from commcredits.operations.agreeing import NOT_SETTLED, locked_currency
from commcredits.operations.audit_looks import at_funds
from commcredits.operations.inputs import (
    check_currency,
    invalid_input,
    refuse_command_id,
    refuse_name,
    refuse_operator,
)
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import acts
from commcredits.operations.sandboxes import refuse_sandbox
from commcredits.operations.services import Services
from commcredits.storage.connection import Connection, load_statement
from commcredits.storage.identifiers import OPERATOR_ID
from commcredits.storage.remembering import digest, remember_command

BATCH_MAX: Final = 10_000
"""Most vouchers of a batch."""

LOT_DAYS_MAX: Final = 3_660
REDEEM_DAYS_MAX: Final = 3_660
NOTE_CHARACTERS_MAX: Final = 200

FAILURES_MAX: Final = 10
"""Codes that are none which one organization may try in an hour."""

_WINDOW_SECONDS: Final = 3_600
_ROUND_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VoucherTerms:
    """How many vouchers, of which amount each, redeemable until when, and for how many days their funds last then."""

    quantity: int
    amount_micros: int
    currency: str
    redeem_until: datetime
    lot_days: int
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedVouchers:
    """A batch that was issued now, with its codes: nobody can ever show them again."""

    batch_id: str
    codes: tuple[str, ...]
    terms: VoucherTerms
    issued_by: str
    issued_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeemedVoucher:
    """A voucher has become this lot of promotional funds."""

    voucher_id: str
    lot_id: str
    amount_micros: int
    currency: str
    expires_at: datetime


@acts(Permission.OPERATOR_FUNDS, needs_proof=True)
async def issue_vouchers(
    services: Services, *, command_id: str, terms: VoucherTerms, issued_by: str
) -> IssuedVouchers | Refused:
    """Issue vouchers, which become promotional funds when they are redeemed in time; amounts in millionths.

    The codes are in this answer and nowhere else. The same ``command_id`` issues nothing again: it is a conflict that
    names the batch, whose codes whoever got no answer voids.
    """
    now = services.clock()
    refused = refuse_command_id(command_id) or refuse_operator(issued_by) or _refuse_terms(services, terms, now)
    if refused is not None:
        return refused
    codes = tuple(write_code(services.random_bits(CODE_BITS)) for _ in range(terms.quantity))
    batch_id = services.new_id()
    async with services.pool.acquire() as connection, connection.transaction():
        known = await remember_command(
            connection,
            services.shard_id,
            operation="issue_vouchers",
            command_id=command_id,
            content=digest(*(str(each) for each in astuple(terms))),
            made_id=batch_id,
            at=now,
        )
        if known is not None:
            facts = {"command_id": command_id, "command": "issue_vouchers", "batch_id": known.made_id}
            return Refused(code=RefusalCode.CONFLICT, facts=facts)
        await connection.execute(
            load_statement("insert_voucher_batch"),
            services.shard_id,
            batch_id,
            *(terms.amount_micros, terms.currency, terms.redeem_until, terms.lot_days, terms.note, issued_by, now),
            [_digest(code) for code in codes],
            [services.new_id() for _ in codes],
        )
    return IssuedVouchers(batch_id=batch_id, codes=codes, terms=terms, issued_by=issued_by, issued_at=now)


@acts(Permission.FUNDS_WRITE, look=at_funds)
async def redeem_voucher(services: Services, *, organization_id: str, code: str) -> RedeemedVoucher | Refused:
    """Turn a voucher into promotional funds of this organization; the same code again gets the same funds' answer.

    Refused with VOUCHER_NOT_VALID: ``reason`` is mistyped when the code contradicts itself, else not_redeemable,
    whether it is unknown, used, void, too late or of another currency. Refused with TOO_MANY_ATTEMPTS after ten such
    codes within an hour.
    """
    organization = await get_organization(services, organization_id=organization_id)
    if isinstance(organization, Refused):
        return organization
    if organization.status is not OrganizationStatus.OPEN:
        return Refused(code=RefusalCode.ORGANIZATION_CLOSED)
    refused = await refuse_sandbox(services, organization_id)
    if refused is not None:
        return refused
    plain = read_code(code)
    if plain is None:
        return _not_valid("mistyped")
    async with services.pool.acquire() as connection, connection.transaction():
        now = services.clock()
        attempts = await connection.fetchrow(
            load_statement("lock_voucher_attempts"),
            services.shard_id,
            organization_id,
            now,
            now - timedelta(seconds=_WINDOW_SECONDS),
        )
        assert attempts is not None, "it was inserted or updated"
        if attempts["failures"] >= FAILURES_MAX:
            until = attempts["window_began_at"] + timedelta(seconds=_WINDOW_SECONDS)
            facts: dict[str, str | int] = {"maximum": FAILURES_MAX, "until": until.isoformat()}
            return Refused(code=RefusalCode.TOO_MANY_ATTEMPTS, facts=facts)
        found = await _claim(services, connection, organization_id, plain, now)
        if found is None:
            await connection.execute(load_statement("count_voucher_failure"), services.shard_id, organization_id)
            return _not_valid("not_redeemable")
    return await _redeem(services, found)


async def complete_vouchers(services: Services) -> int:
    """Turn into funds what was claimed and is none yet, because whoever claimed it died or lost the database.

    Returns how many claims were settled. Those that an account cannot take now keep no other waiting.
    """
    settled, after = 0, OPERATOR_ID
    while True:
        rows = await services.pool.fetch(load_statement("list_claimed_vouchers"), services.shard_id, _ROUND_MAX, after)
        for row in rows:
            redeemed = await _redeem(services, row)
            settled += not (isinstance(redeemed, Refused) and redeemed.code in NOT_SETTLED)
        if len(rows) < _ROUND_MAX:
            return settled
        after = str(rows[-1]["voucher_id"])


def voucher_digest(code: str) -> bytes | None:
    """What is kept of a code; None for a text that is none."""
    plain = read_code(code)
    return None if plain is None else _digest(plain)


async def _claim(
    services: Services, connection: Connection, organization_id: str, code: str, now: datetime
) -> asyncpg.Record | None:
    """The voucher, if it is this organization's now, by this claim or an earlier one.

    The account is locked beside it: its currency cannot change between the claim and the funds.
    """
    key = (services.shard_id, _digest(code))
    currency = await locked_currency(services, connection, organization_id)
    if await connection.fetchval(load_statement("lock_voucher"), *key) is None:
        return None
    # Read by a statement of its own, so that it sees what whoever held the lock before has left.
    found = await connection.fetchrow(load_statement("find_voucher"), *key)
    assert found is not None, "it is locked"
    if found["state"] in {"claimed", "redeemed"}:
        return found if str(found["claimed_by"]) == organization_id else None
    if found["state"] != "open" or found["currency"] != currency or found["redeem_until"] <= now:
        return None
    expires_at = now + timedelta(days=found["lot_days"])
    claim = (services.shard_id, found["voucher_id"], organization_id, now, expires_at)
    await connection.execute(load_statement("claim_voucher"), *claim)
    return await connection.fetchrow(load_statement("find_voucher"), *key)


async def _redeem(services: Services, claim: asyncpg.Record) -> RedeemedVoucher | Refused:
    """Grant what a claim is worth and write down as which lot; again, the same answer and nothing more."""
    voucher_id, number = str(claim["voucher_id"]), claim["claim_number"]
    outcome = await services.executor.execute(
        GrantPromotion(
            organization_id=str(claim["claimed_by"]),
            command_id=f"voucher:{voucher_id}:{number}",
            amount_micros=claim["amount_micros"],
            expires_at=claim["lot_expires_at"],
            reason="voucher",
        )
    )
    place: tuple[Any, ...] = (services.shard_id, voucher_id, number)
    if isinstance(outcome, LotGranted):
        await services.pool.execute(load_statement("settle_voucher"), *place, outcome.lot_id)
        return RedeemedVoucher(
            voucher_id=voucher_id,
            lot_id=outcome.lot_id,
            amount_micros=outcome.amount_micros,
            currency=outcome.currency,
            expires_at=outcome.expires_at,
        )
    assert isinstance(outcome, Refused), outcome
    if outcome.code not in NOT_SETTLED:
        # The account has said no for good: the voucher is open again, and its next claim is another command.
        await services.pool.execute(load_statement("settle_voucher"), *place, None)
    return outcome


def _refuse_terms(services: Services, terms: VoucherTerms, now: datetime) -> Refused | None:
    digits = check_currency(terms.currency)
    refused = refuse_name("note", terms.note, NOTE_CHARACTERS_MAX, may_be_empty=True)
    if refused is not None or isinstance(digits, Refused):
        return refused or (digits if isinstance(digits, Refused) else None)
    maximum = services.funding.top_up_maximum_micros
    if not 0 < terms.amount_micros <= maximum:
        code = RefusalCode.AMOUNT_ABOVE_MAXIMUM if terms.amount_micros > 0 else RefusalCode.AMOUNT_BELOW_MINIMUM
        facts = {"amount_micros": terms.amount_micros, "minimum_micros": 1, "maximum_micros": maximum}
        return Refused(code=code, facts=facts)
    if not 1 <= terms.quantity <= BATCH_MAX:
        return invalid_input("quantity", str(terms.quantity), f"a whole number from 1 to {BATCH_MAX}")
    if not 1 <= terms.lot_days <= LOT_DAYS_MAX:
        return invalid_input("lot_days", str(terms.lot_days), f"a whole number from 1 to {LOT_DAYS_MAX}")
    if not now < terms.redeem_until <= now + timedelta(days=REDEEM_DAYS_MAX):
        allowed = f"an instant to come, at most {REDEEM_DAYS_MAX} days ahead"
        return invalid_input("redeem_until", terms.redeem_until.isoformat(), allowed)
    return None


def _digest(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()


def _not_valid(reason: str) -> Refused:
    return Refused(code=RefusalCode.VOUCHER_NOT_VALID, facts={"reason": reason})
