"""The texts of keys and of the tokens that they get: how one is made, read, and kept.

Knows signs and lengths. Refuses to keep a secret: what is stored is its SHA-256. It is made of 256 random bits, which
cannot be tried through, so a salt or a slow hash, which guard what people choose, would only make requests slow.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

KEY_SIGN: Final = "cck_"
"""What every key begins with, so that a scanner of repositories knows one when it sees it."""

TOKEN_SIGN: Final = "cct_"  # noqa: S105 - what every token begins with, not a token
"""What every short-lived token begins with."""

_PREFIX_BITS: Final = 40
_SECRET_BITS: Final = 256
_KEY: Final = re.compile(rf"{KEY_SIGN}([a-z2-7]{{8}})_([A-Za-z0-9_-]{{43}})", re.ASCII)
_TOKEN: Final = re.compile(rf"{TOKEN_SIGN}[A-Za-z0-9_-]{{43}}", re.ASCII)
_CLIENT: Final = re.compile(rf"(?:{KEY_SIGN})?([a-z2-7]{{8}})", re.ASCII)
_SECRET: Final = re.compile(rf"(?:{KEY_SIGN}[a-z2-7]{{8}}_)?([A-Za-z0-9_-]{{43}})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownKey:
    """A key as whoever sends it shows it: its public prefix, and the secret part."""

    prefix: str
    secret: str = field(repr=False)

    @property
    def text(self) -> str:
        """The whole key."""
        return f"{KEY_SIGN}{self.prefix}_{self.secret}"

    @property
    def secret_hash(self) -> bytes:
        """What is kept of the secret."""
        return hashed(self.secret)

    def opens(self, secret_hash: bytes) -> bool:
        """Whether it is the key whose hash this is; how long that takes says nothing."""
        return hmac.compare_digest(self.secret_hash, secret_hash)


def new_key(random_bits: Callable[[int], int]) -> ShownKey:
    """A fresh key."""
    drawn = random_bits(_PREFIX_BITS).to_bytes(_PREFIX_BITS // 8)
    return ShownKey(prefix=base64.b32encode(drawn).decode().lower(), secret=_new_secret(random_bits))


def new_token(random_bits: Callable[[int], int]) -> str:
    """A fresh short-lived token."""
    return TOKEN_SIGN + _new_secret(random_bits)


def read_key(text: str) -> ShownKey | None:
    """The key in a text that is one, else None."""
    found = _KEY.fullmatch(text)
    return None if found is None else ShownKey(prefix=found[1], secret=found[2])


def read_client(client_id: str, client_secret: str) -> ShownKey | None:
    """The key that an OAuth client's id and secret are: the prefix and the rest, or the whole key as the secret."""
    client, secret = _CLIENT.fullmatch(client_id), _SECRET.fullmatch(client_secret)
    return None if client is None or secret is None else ShownKey(prefix=client[1], secret=secret[1])


def is_token(text: str) -> bool:
    """Whether the text is of the form of a short-lived token."""
    return _TOKEN.fullmatch(text) is not None


def hashed(secret: str) -> bytes:
    """What is kept of a secret or a token."""
    return hashlib.sha256(secret.encode()).digest()


def _new_secret(random_bits: Callable[[int], int]) -> str:
    drawn = random_bits(_SECRET_BITS).to_bytes(_SECRET_BITS // 8)
    return base64.urlsafe_b64encode(drawn).rstrip(b"=").decode()
