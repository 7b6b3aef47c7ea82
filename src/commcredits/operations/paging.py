"""Pages of long lists: how many, and where the next one begins.

Knows that a list is ordered by a key and that a cursor holds the key of the last item shown, so that what is added or
removed meanwhile neither repeats nor hides an item. Refuses to know what is listed. A cursor is not signed: it holds
nothing but a place in a list, and is read as strictly as any other input.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Generic, TypeVar

import msgspec

from commcredits.core.outcomes import Refused
from commcredits.operations.inputs import UNSHOWABLE, invalid_input

LIMIT_MAX: Final = 200
"""Most items on a page."""

CURSOR_CHARACTERS_MAX: Final = 2_048
"""Longer than any cursor that was ever given out."""

T = TypeVar("T")

_CURSOR: Final = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """Some items of a list; ``next_cursor`` asks for those after them, and is None at the end."""

    items: tuple[T, ...]
    next_cursor: str | None


def check_limit(limit: int) -> Refused | None:
    """Why a page cannot hold so many items, or None."""
    if 1 <= limit <= LIMIT_MAX:
        return None
    return invalid_input("limit", str(limit), f"a whole number from 1 to {LIMIT_MAX}")


def write_cursor(list_name: str, *key: str) -> str:
    """The cursor after the item with this key in the list of that name."""
    return base64.urlsafe_b64encode(msgspec.json.encode((list_name, *key))).rstrip(b"=").decode()


def read_cursor(list_name: str, cursor: str, key_length: int) -> tuple[str, ...] | None:
    """The key in a cursor that ``write_cursor`` could have made for this list; None for any other text."""
    if len(cursor) > CURSOR_CHARACTERS_MAX or not _CURSOR.fullmatch(cursor):
        return None
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        name, *key = msgspec.json.decode(raw, type=tuple[str, ...])
    except ValueError:
        return None
    if name != list_name or len(key) != key_length or any(UNSHOWABLE.search(part) for part in key):
        return None
    return tuple(key) if write_cursor(name, *key) == cursor else None


def refuse_cursor(cursor: str) -> Refused:
    """The refusal of a cursor that was never given out for this list."""
    return invalid_input("cursor", cursor, "the next_cursor of an earlier page of the same list")


def write_instant(instant: datetime) -> str:
    """An instant as a part of a cursor."""
    return str((instant - _EPOCH) // _MICROSECOND)


def read_instant(text: str) -> datetime | None:
    """The instant that ``write_instant`` wrote; None for any other text."""
    if not _WHOLE.fullmatch(text):
        return None
    try:
        return _EPOCH + int(text) * _MICROSECOND
    except OverflowError:
        return None
