"""How often somebody may try to sign in: by account and by network address, in every process together.

Knows windows and counts. Refuses to know what was tried, and to keep addresses: digests of them are enough to count by.
A try is counted before it is looked at, so that many at once cannot pass before the first has failed. An account is
counted only where that shuts nobody out who did nothing: a stranger must not keep somebody out by failing on purpose.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement
from commcredits.storage.identifiers import OPERATOR_ID

WINDOW: Final = timedelta(minutes=15)
ACCOUNT_TRIES_MAX: Final = 10
"""Most tries for one account in a window."""

SOURCE_TRIES_MAX: Final = 30
"""Most tries from one network address in a window; a whole /64 counts as one, for that is what one line gets."""

_PREFIX_BITS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try, counted: from where, as a digest."""

    source: bytes


async def count_try(services: Services, *, source: str) -> Try | Refused:
    """The try, or SIGN_IN_FAILED with the ``wait_seconds`` until the window ends, where there were too many."""
    counted = Try(source=_digest("source", _network(source)))
    wait_seconds = await _count(services, counted.source, SOURCE_TRIES_MAX)
    if wait_seconds:
        return Refused(code=RefusalCode.SIGN_IN_FAILED, facts={"wait_seconds": wait_seconds})
    return counted


async def count_account(services: Services, *, account: str) -> bool:
    """Count a try for an account, wherever it comes from; False where there were too many in this window."""
    return not await _count(services, _digest("account", account), ACCOUNT_TRIES_MAX)


async def forgive(services: Services, counted: Try, *, account: str = "") -> None:
    """Somebody did sign in: their address has one try less, and the account that was counted begins anew."""
    begins_anew = ((counted.source, False), *(((_digest("account", account), True),) if account else ()))
    for subject, whole in begins_anew:
        await services.pool.execute(
            load_statement("forgive_sign_in_try"), services.shard_id, OPERATOR_ID, subject, whole
        )


async def _count(services: Services, subject: bytes, tries_max: int) -> int:
    now = services.clock()
    row = await services.pool.fetchrow(
        load_statement("count_sign_in_try"), services.shard_id, OPERATOR_ID, subject, now, now - WINDOW
    )
    assert row is not None, "an upsert gives its row"
    if row["tries"] <= tries_max:
        return 0
    left: timedelta = row["began_at"] + WINDOW - now
    return max(1, math.ceil(left.total_seconds()))


def _digest(kind: str, text: str) -> bytes:
    return hashlib.sha256(f"{kind}:{text}".encode("utf-8", "surrogatepass")).digest()


def _network(source: str) -> str:
    try:
        address = ip_address(source)
    except ValueError:
        return source
    if not isinstance(address, IPv6Address):
        return source
    mapped = address.ipv4_mapped
    return str(mapped) if mapped else str(ip_network((address, _PREFIX_BITS), strict=False))
