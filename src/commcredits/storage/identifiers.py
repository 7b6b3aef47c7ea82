"""Ids that are made here: UUID version 7, so that rows written together lie together (RFC 9562 §5.7).

Knows the wall clock and randomness, which the core must not. Refuses to be a secret: an id is a name, never a key.
"""

from __future__ import annotations

import os
import re
import time
from datetime import datetime
from random import Random
from typing import Final

OPERATOR_ID: Final = "00000000-0000-0000-0000-000000000000"
"""The organization id of rows that belong to the operator."""


_CANONICAL: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


def identifier_or_none(text: str) -> str | None:
    """The text when it is an id in canonical form, else None."""
    return text if _CANONICAL.fullmatch(text) else None


def first_identifier_at(instant: datetime) -> str:
    """The smallest id that can be made at this instant: every id made before it is less (RFC 9562 §5.7)."""
    text = f"{int(instant.timestamp() * 1_000) << 80 | 0x7 << 76 | 0x2 << 62:032x}"
    return _canonical(text)


class IdentifierSource:
    """Makes ids that rise within this process, even within a millisecond."""

    __slots__ = ("_last", "_millisecond", "_random_bits", "_time_digits")

    def __init__(self) -> None:
        random = Random(os.urandom(32))  # noqa: S311 - an id needs to be unique, not secret
        self._random_bits = random.getrandbits
        self._last = 0
        self._millisecond = 0
        self._time_digits = ""

    def __call__(self) -> str:
        """A fresh id in canonical lower-case form."""
        stamp = (time.time_ns() // 1_000_000) << 12
        # The 12 bits beside the milliseconds count up, so that ids of one millisecond keep their order.
        if stamp <= self._last:
            stamp = self._last + 1
        self._last = stamp
        millisecond = stamp >> 12
        if millisecond != self._millisecond:
            self._millisecond = millisecond
            self._time_digits = f"{millisecond >> 16:08x}-{millisecond & 0xFFFF:04x}-7"
        # The uppermost of 64 bits is the variant's; the next is 0, and 62 are random.
        digits = f"{0x8000_0000_0000_0000 | self._random_bits(62):x}"
        return f"{self._time_digits}{stamp & 0xFFF:03x}-{digits[:4]}-{digits[4:]}"


def _canonical(text: str) -> str:
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
