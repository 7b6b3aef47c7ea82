"""The operator's own ways in: the token of the installation, and a password with one-time codes as break-glass.

Knows argon2id and TOTP (RFC 6238). Refuses to say which of the two was wrong, or whether there is a password at all:
the answer is the same and takes as long.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import pyotp
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import SecretStr

from commcredits.core.access import Permission, Role
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.inputs import invalid_input
from commcredits.operations.permitting import acts
from commcredits.operations.services import Services
from commcredits.operations.sign_in_throttle import count_account, count_try, forgive
from commcredits.operations.visits import Came, Entrant, Way
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

PASSWORD_CHARACTERS_MIN: Final = 14
PASSWORD_CHARACTERS_MAX: Final = 256
STEP_SECONDS: Final = 30
"""How long a code holds; the one before and the one after are taken too, for clocks differ."""

_SECRET_BITS: Final = 160
_CODE_DIGITS: Final = 6
_ISSUER: Final = "commcredits"
_ACCOUNT: Final = "break-glass"
_NOBODYS_ACCOUNT: Final = "nobody"
_NOBODYS_SECRET: Final = "A" * 32
_NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$zsgWJ1UhObW+bk4RwFFyKA$Lrg2OL400excrZC48nWQpKb59PozCryB4Ads4URjQLA"
)
"""Stands in where no password was set, so that trying one takes as long; what it was made of opens nothing."""

REFUSED: Final = Refused(code=RefusalCode.SIGN_IN_FAILED)
"""The one answer to everything that does not prove who somebody is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """What an authenticator app is told, once: ``otpauth://…``."""

    uri: SecretStr = field(repr=False)


async def sign_in_with_token(
    services: Services, token: str, *, expected: SecretStr, mark: str, came: Came
) -> Entrant | Refused:
    """Whoever knows the operator's token owns the installation. ``mark`` stands for the token in the visit.

    Tries are counted by address alone: what is random cannot be guessed from many addresses either, and a count of all
    tries would let any stranger keep its owner out.
    """
    counted = await count_try(services, source=came.source)
    if isinstance(counted, Refused):
        return counted
    if not mark or not hmac.compare_digest(token.encode("utf-8", "replace"), expected.get_secret_value().encode()):
        return REFUSED
    await forgive(services, counted)
    return _owner(Way.TOKEN, mark)


async def sign_in_with_password(services: Services, password: str, code: str, *, came: Came) -> Entrant | Refused:
    """The break-glass operator. Each code is taken once, whoever shows it and in whichever process.

    Whoever knows the password gets few codes to try, from wherever they come; whoever does not is counted by address
    alone, and so keeps nobody out. That codes are not looked at any more is not said: it would tell that the password
    is right.
    """
    counted = await count_try(services, source=came.source)
    if isinstance(counted, Refused):
        return counted
    row = await services.pool.fetchrow(load_statement("get_operator_credential"), services.shard_id, OPERATOR_ID)
    password_hash = _NOBODYS_HASH if row is None else row["password_hash"]
    async with services.rendering:  # a hash takes 64 MB: a few at a time
        is_password = await asyncio.to_thread(_is_password, password_hash, password)
    # The same work for a wrong password, under a name of which nothing is asked.
    may_try = await count_account(services, account=_ACCOUNT if is_password else _NOBODYS_ACCOUNT)
    step = _step_of(_NOBODYS_SECRET if row is None else row["totp_secret"], code, services.clock())
    if row is None or not is_password or not may_try or step is None:
        return REFUSED
    taken = await services.pool.fetchval(
        load_statement("take_operator_code"), services.shard_id, OPERATOR_ID, step, password_hash
    )
    if taken is None:
        return REFUSED
    await forgive(services, counted, account=_ACCOUNT)
    return _owner(Way.PASSWORD)


@acts(Permission.OPERATOR_STAFF)
async def set_operator_password(services: Services, *, password: SecretStr) -> Enrolment | Refused:
    """Give the break-glass operator a password and a new list of codes; whoever came with the old one is out."""
    text = password.get_secret_value()
    if not PASSWORD_CHARACTERS_MIN <= len(text) <= PASSWORD_CHARACTERS_MAX:
        allowed = f"{PASSWORD_CHARACTERS_MIN} to {PASSWORD_CHARACTERS_MAX} characters"
        return invalid_input("password", "", allowed)
    secret = base64.b32encode(services.random_bits(_SECRET_BITS).to_bytes(_SECRET_BITS // 8, "big")).decode()
    password_hash = await asyncio.to_thread(PasswordHasher().hash, text)
    now = services.clock()
    async with services.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            load_statement("save_operator_credential"), services.shard_id, OPERATOR_ID, password_hash, secret, now
        )
        await connection.execute(load_statement("end_password_visits"), services.shard_id, OPERATOR_ID, now)
    uri = pyotp.TOTP(secret, interval=STEP_SECONDS).provisioning_uri(name=_ACCOUNT, issuer_name=_ISSUER)
    return Enrolment(uri=SecretStr(uri))


def _owner(way: Way, detail: str = "") -> Entrant:
    return Entrant(
        organization_id=OPERATOR_ID, administrator_id=None, roles=(Role.OPERATOR_OWNER,), way=way, detail=detail
    )


def _is_password(password_hash: str, password: str) -> bool:
    # What is longer than any password is cut: the work does not grow with what a stranger sends.
    text = password[: PASSWORD_CHARACTERS_MAX + 1].encode("utf-8", "surrogatepass")
    try:
        return PasswordHasher().verify(password_hash, text)
    except (VerificationError, InvalidHashError):
        return False


def _step_of(secret: str, code: str, now: datetime) -> int | None:
    """The step that a code belongs to: this one or its neighbours."""
    step = int(now.timestamp()) // STEP_SECONDS
    given = code.replace(" ", "")[: _CODE_DIGITS + 1].encode("utf-8", "replace")
    generator = pyotp.TOTP(secret, interval=STEP_SECONDS)
    found = None
    for each in (step - 1, step, step + 1):
        if hmac.compare_digest(generator.generate_otp(each).encode(), given):
            found = each
    return found
