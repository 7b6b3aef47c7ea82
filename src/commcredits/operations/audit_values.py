"""What of an act's parameters and of what it changed may stand in the audit log.

Knows names and types that are secret, and how much of a value is kept. Refuses to write a secret, a file's content, or
a character that does something to whoever shows it. Telephone numbers and names stay as they are: an auditor asks
which number and whose.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any, Final

import msgspec

from commcredits.operations.inputs import UNSHOWABLE

TEXT_CHARACTERS_MAX: Final = 300
"""How much of a text is kept."""

ITEMS_MAX: Final = 50
"""How many items of a list, or fields of a record, are kept."""

DEPTH_MAX: Final = 5
"""How deep records in records are followed."""

DOCUMENT_BYTES_MAX: Final = 8_192
"""Longest text of all parameters of an act, or of what it looked at."""

WITHHELD: Final = "(withheld)"
STREAM: Final = "(stream)"

_SECRET_PARTS: Final = re.compile(
    r"secret|token|passw|passphrase|credential|assertion|challenge|totp|otp_|_otp|pin_|_pin|cookie|private|signature"
)
_SECRET_NAMES: Final = frozenset({"code", "otp", "pin", "key", "api_key", "authorization", "recovery_codes", "digest"})
_WHOLE_DIGITS_MAX: Final = 18
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def written(values: Mapping[str, object]) -> str:
    """These values as a JSON text, sorted by name; empty where there are none. Never longer than the log takes."""
    if not values:
        return ""
    text = _encode(_record(values.items(), DEPTH_MAX))
    if len(text) > DOCUMENT_BYTES_MAX:
        # Names and short values say more than the beginning of a long list.
        short = {
            name: value for name, value in _record(values.items(), 1).items() if not isinstance(value, list | dict)
        }
        text = _encode({**short, "shortened": True})
    if len(text) > DOCUMENT_BYTES_MAX:
        text = _encode({"shortened": True})
    return text.decode()


def written_value(value: object) -> str:
    """A record as a JSON text by the same rules; empty for None."""
    if value is None:
        return ""
    kept = shown(value)
    return written(kept if isinstance(kept, dict) else {"value": kept})


def one_line(text: object, characters_max: int = TEXT_CHARACTERS_MAX) -> str:
    """A text without characters that do something, cut where it is too long."""
    plain = UNSHOWABLE.sub("\ufffd", str(text)[: characters_max + 1])
    return plain if len(plain) <= characters_max else f"{plain[:characters_max]}…"


def shown(value: object, depth: int = DEPTH_MAX) -> Any:
    """A value as the log keeps it: JSON's own kinds, records by their fields, nothing secret."""
    match value:
        case None | bool():
            return value
        case Enum():
            return shown(value.value, depth)
        case int():
            return value if len(str(abs(value))) <= _WHOLE_DIGITS_MAX else one_line(value)
        case str():
            return one_line(value)
        case datetime() | date():
            return value.isoformat()
        case bytes() | bytearray() | memoryview():
            return f"({len(value)} bytes)"
    if hasattr(value, "get_secret_value"):
        return WITHHELD
    return _composed(value, depth)


def _composed(value: object, depth: int) -> Any:
    if depth < 1:
        return "…"
    if isinstance(value, Mapping):
        return _record(value.items(), depth - 1)
    if isinstance(value, msgspec.Struct):
        return _record(((name, getattr(value, name)) for name in value.__struct_fields__), depth - 1)
    if is_dataclass(value) and not isinstance(value, type):
        return _record(((each.name, getattr(value, each.name)) for each in fields(value)), depth - 1)
    if isinstance(value, list | tuple):
        return _items(value, len(value), depth - 1)
    if isinstance(value, AbstractSet):
        return _items(sorted(value, key=str), len(value), depth - 1)
    if hasattr(value, "read") or hasattr(value, "__aiter__") or isinstance(value, Iterable):
        return STREAM
    return f"({type(value).__name__})" if callable(value) else one_line(value)


def _items(values: Iterable[object], count: int, depth: int) -> list[Any]:
    kept = [shown(each, depth) for _place, each in zip(range(ITEMS_MAX), values, strict=False)]
    return kept if count <= ITEMS_MAX else [*kept, f"… {count - ITEMS_MAX}"]


def _record(items: Iterable[tuple[object, object]], depth: int) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for name, value in items:
        if value is msgspec.UNSET:
            continue  # what was left out was not said
        if len(kept) == ITEMS_MAX:
            kept["…"] = "…"
            break
        word = one_line(name, 100)
        kept[word] = WITHHELD if is_secret(word) and value not in (None, "", ()) else shown(value, depth)
    return kept


def is_secret(name: str) -> bool:
    """Whether what has this name is never written down."""
    word = name.lower()
    return word in _SECRET_NAMES or _SECRET_PARTS.search(word) is not None
