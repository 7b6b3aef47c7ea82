"""What commands write: tables for people, JSON for programs, and both from the same records.

Knows the form. Refuses to know what is told. JSON has the same fields as the administration API.
"""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from commcredits.core.money import format_micros

if TYPE_CHECKING:
    from rich.console import Console

_MICROS_SUFFIX: Final = "_micros"
_RENAMED: Final = {
    "backup_payment_method_id": "backup_payment_method",
    "payment_method_id": "payment_method",
    "first_increment_seconds": "first_increment",
    "next_increment_seconds": "next_increment",
}
_SIXTIETHS: Final = 60
_SIXTIETHS_DECIMALS: Final = 8
_DECIMALS_MIN: Final = 2
_PLAIN_WIDTH: Final = 250
"""Columns of a table that goes to a file: wide enough to be searched line by line."""


def document_of(record: Any, *, without: Iterable[str] = (), **extra: object) -> dict[str, object]:
    """A record of the operations as a JSON object: amounts as decimals with six digits, instants in UTC.

    ``extra`` are fields that the record does not carry itself, such as the currency of a lot.
    """
    if isinstance(record, msgspec.Struct):
        fields = msgspec.structs.asdict(record)
    else:
        fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    document: dict[str, object] = {}
    for name, value in fields.items():
        if name in without:
            continue
        if name.endswith(_MICROS_SUFFIX):
            document[name.removesuffix(_MICROS_SUFFIX)] = None if value is None else format_micros(value)
        else:
            document[_RENAMED.get(name, name)] = _value_of(value)
    return {**document, **extra}


def _value_of(value: Any) -> object:
    """A field's value in JSON; records within records are objects of their own."""
    if isinstance(value, datetime):
        return instant_text(value)
    if dataclasses.is_dataclass(value) or isinstance(value, msgspec.Struct):
        return document_of(value)
    if isinstance(value, (tuple, list)):
        return [_value_of(each) for each in value]
    return value


def listing_of(items: Iterable[Mapping[str, object]], next_cursor: str | None = None) -> dict[str, object]:
    """A list as one JSON object; ``next_cursor`` asks for what follows."""
    return {"items": list(items), "next_cursor": next_cursor}


def write_json(document: object) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def write_line(text: str) -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """One line on standard error, under the program's name."""
    sys.stderr.write(f"commcredits: {text}\n")


def say_more(next_cursor: str | None) -> None:
    """Say on standard error how the rest of a list is had."""
    if next_cursor is not None:
        complain(f"there are more: --cursor {next_cursor}")


def instant_text(instant: datetime) -> str:
    """An instant as RFC 3339 in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment_text(instant: datetime | None) -> str:
    """An instant in UTC as people read it, to the second; nothing for none."""
    return "" if instant is None else f"{instant.astimezone(UTC):%Y-%m-%d %H:%M:%SZ}"


def amount_text(amount_micros: int) -> str:
    """An amount with every digit that counts, and at least two decimals: 47.70, 0.0036."""
    whole, _, decimals = format_micros(amount_micros).partition(".")
    return f"{whole}.{decimals.rstrip('0').ljust(_DECIMALS_MIN, '0')}"


def exact_text(sixtieths: int) -> str:
    """An exact sum in sixtieths of a millionth: as an amount where it is one, else cut off after eight decimals."""
    micros, rest = divmod(abs(sixtieths), _SIXTIETHS)
    sign = "-" if sixtieths < 0 else ""
    if not rest:
        return sign + amount_text(micros)
    units, decimals = divmod(abs(sixtieths) * 100 // _SIXTIETHS, 10**_SIXTIETHS_DECIMALS)
    return f"{sign}{units}.{decimals:0{_SIXTIETHS_DECIMALS}d}…"


def write_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table on standard output. A column whose name ends in a blank is right-aligned: it holds numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table
    from rich.text import Text

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        justify: Any = "right" if name.endswith(" ") else "left"
        table.add_column(name.strip(), justify=justify, overflow="fold")
    for row in rows:
        # Never markup: names are what somebody typed.
        table.add_row(*(Text(cell) for cell in row))
    _console().print(table)


def write_facts(facts: Mapping[str, str]) -> None:
    """Names and values, one pair a line, on standard output."""
    width = max(map(len, facts), default=0)
    for name, value in facts.items():
        write_line(f"{name:<{width}}  {value}".rstrip())


@contextmanager
def progress(text: str) -> Iterator[Any]:
    """A progress bar on standard error, if somebody watches; ``update(completed=, total=, description=)`` moves it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar:
        task = bar.add_task(text, total=None)
        yield lambda **changes: bar.update(task, **changes)


def _console() -> Console:
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)
