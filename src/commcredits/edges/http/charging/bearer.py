"""The bearer token that opens the charging endpoints (RFC 6750 §2.1).

Knows one secret and how to compare it in constant time. Refuses to show it.
"""

from __future__ import annotations

import hmac
from typing import Final

_SCHEME: Final = b"bearer "


class BearerToken:
    """One token. Raises ValueError for an empty one, which every request would match."""

    __slots__ = ("_header", "_secret")

    def __init__(self, secret: bytes) -> None:
        if not secret:
            raise ValueError("the charging token is empty")
        self._secret = secret
        self._header = b"Bearer " + secret

    def opens(self, authorization: bytes | None) -> bool:
        """Whether the value of an Authorization header carries the token; the scheme's case does not matter."""
        if authorization is None:
            return False
        if hmac.compare_digest(authorization, self._header):
            return True
        scheme, credentials = authorization[: len(_SCHEME)], authorization[len(_SCHEME) :]
        return scheme.lower() == _SCHEME and hmac.compare_digest(credentials.strip(), self._secret)

    def __repr__(self) -> str:
        return "BearerToken(…)"
