"""Whom a bearer token of the administration API belongs to: an operator, a key, a token of a key, or a directory's.

Knows the kinds of tokens and in which order they are tried. Refuses to say why one opens nothing, and to remember the
text of any.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final

from commcredits.core.access import Actor
from commcredits.edges.http.administration.access import EDGE, KeyRing
from commcredits.edges.http.administration.guessing import Guesses
from commcredits.operations.key_holders import Holder, KeyHolders
from commcredits.operations.key_secrets import KEY_SIGN, is_token, read_key

CREDENTIALS_BYTES_MAX: Final = 8_192
"""Longest token that is looked at: those of directories hold a few kilobytes."""

_SCHEME: Final = b"bearer "
_DOTS_OF_A_SIGNED_TOKEN: Final = 2

ForeignTokens = Callable[[str], Awaitable[Actor | None]]
"""The actor of a token that an organization's own directory signed; None where it is nobody's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearers:
    """Everybody whom a bearer token can belong to. Raises what the driver raises, never anything about a token."""

    operators: KeyRing
    holders: KeyHolders
    guesses: Guesses = field(default_factory=Guesses)
    foreign: ForeignTokens | None = None

    async def actor_of(self, authorization: bytes, source: str) -> Actor | None:
        """Whoever sent this value of the header Authorization from this address; None for what opens nothing."""
        operator = self.operators.owner(authorization)
        if operator is not None:
            return replace(operator, source=source)
        seconds = asyncio.get_running_loop().time()
        may_search = not self.guesses.are_too_many(source, seconds)
        actor = await self._found(_credentials(authorization), source, may_search=may_search)
        if actor is None:
            self.guesses.note(source, seconds)
        return actor

    async def _found(self, credentials: str, source: str, *, may_search: bool) -> Actor | None:
        holder: Holder | None = None
        if credentials.startswith(KEY_SIGN):
            shown = read_key(credentials)
            holder = None if shown is None else await self.holders.of_key(shown, may_search=may_search)
        elif is_token(credentials):
            holder = await self.holders.of_token(credentials, may_search=may_search)
        elif self.foreign is not None and may_search and credentials.count(".") == _DOTS_OF_A_SIGNED_TOKEN:
            foreign = await self.foreign(credentials)
            return None if foreign is None else replace(foreign, source=source, edge=EDGE)
        if holder is None:
            return None
        await self.holders.note_use(holder)
        return holder.actor(edge=EDGE, source=source)


def _credentials(authorization: bytes) -> str:
    """The token in the header's value (RFC 6750 §2.1); empty where there is none that could be one."""
    scheme, token = authorization[: len(_SCHEME)], authorization[len(_SCHEME) :].strip()
    if scheme.lower() != _SCHEME or len(token) > CREDENTIALS_BYTES_MAX or not token.isascii():
        return ""
    return token.decode("ascii")
