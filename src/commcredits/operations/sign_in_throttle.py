"""How often somebody may try to sign in: by account and by network address, in every process together.

Knows windows and counts. Refuses to know what was tried, and to keep addresses: digests of them are enough to count by.
A try is counted before it is looked at, so that many at once cannot pass before the first has failed.
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
    """One try, counted: for which account and from where, each as a digest."""

    account: bytes
    source: bytes


async def count_try(services: Services, *, account: str, source: str) -> Try | Refused:
    """The try, or SIGN_IN_FAILED with the ``wait_seconds`` until the window ends, where there were too many."""
    counted = Try(account=_digest("account", account), source=_digest("source", _network(source)))
    waits = [
        await _count(services, subject, tries_max)
        for subject, tries_max in ((counted.source, SOURCE_TRIES_MAX), (counted.account, ACCOUNT_TRIES_MAX))
    ]
    wait_seconds = max(waits)
    if wait_seconds:
        return Refused(code=RefusalCode.SIGN_IN_FAILED, facts={"wait_seconds": wait_seconds})
    return counted


async def forgive(services: Services, counted: Try) -> None:
    """Somebody did sign in: their account begins anew, their address has one try less."""
    for subject, whole in ((counted.account, True), (counted.source, False)):
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
