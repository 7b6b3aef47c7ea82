"""Short-lived tokens for programs that speak OAuth 2 (RFC 6749 §4.4): got with a key, and good for what it may do.

Knows how long a token lasts and how many a key may have at a time. Refuses to sign anything: a token is random and its
hash is kept beside its key, so no secret is shared among processes, and a key that is revoked takes its tokens along.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from commcredits.operations.key_holders import Holder
from commcredits.operations.key_secrets import hashed, new_token
from commcredits.operations.services import Services
from commcredits.storage.connection import load_statement

TOKEN_SECONDS: Final = 600
"""How long a token lasts."""

TOKENS_MAX: Final = 100
"""Most tokens of one key: the one that would end first makes room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token, told this once, what it may do, and for how many seconds."""

    token: str = field(repr=False)
    scopes: tuple[str, ...]
    seconds: int


async def issue_token(services: Services, holder: Holder, scopes: Sequence[str] | None = None) -> IssuedToken | None:
    """A token of a key for some of its scopes, or all; None when one of them is not the key's, or the key is over.

    Whoever asks has shown the key: that is the permission.
    """
    wanted = holder.scopes if scopes is None else tuple(scope for scope in holder.scopes if scope in scopes)
    if not wanted or (scopes is not None and set(scopes) - set(holder.scopes)):
        return None
    now = services.clock()
    lasts = min(timedelta(seconds=TOKEN_SECONDS), holder.expires_at - now)
    token = new_token(services.random_bits)
    added = await services.pool.fetchval(
        load_statement("insert_api_key_token"),
        services.shard_id,
        holder.organization_id,
        holder.key_id,
        hashed(token),
        list(wanted),
        now,
        now + lasts,
        TOKENS_MAX - 1,
    )
    if added is None:
        return None
    return IssuedToken(token=token, scopes=wanted, seconds=int(lasts.total_seconds()))
