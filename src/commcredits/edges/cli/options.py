"""The arguments and options that commands share, and how their text is read.

Knows forms: decimals, instants. Refuses to know what a value means; the operations do.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final

import typer

from commcredits.core.calendar import parse_instant
from commcredits.core.money import MoneyError, parse_micros

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 200

_WHOLE: Final = re.compile(r"[0-9]{1,9}", re.ASCII)

TAKES_NEGATIVE_TEXT: Final[dict[str, Any]] = {"ignore_unknown_options": True}
"""Context settings of a command whose argument is an amount: "-5" is then a wrong amount, not an unknown option."""


def read_amount(text: str) -> int:
    """An amount in millionths, for ``parser``."""
    try:
        amount_micros = parse_micros(text)
    except MoneyError as error:
        raise typer.BadParameter(str(error)) from None
    if amount_micros < 0:
        raise typer.BadParameter(f"amount {text[:32]!r} is below 0")
    return amount_micros


def _instant(text: str) -> datetime:
    try:
        return parse_instant(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def whole_option(help_text: str, smallest: int, largest: int) -> Any:
    """An option that is a whole number within bounds."""

    def read(text: str | int) -> int:
        # A default comes as it is.
        if isinstance(text, int):
            return text
        if _WHOLE.fullmatch(text) is None or not smallest <= int(text) <= largest:
            raise typer.BadParameter(f"{text[:32]!r} is not a whole number from {smallest} to {largest}")
        return int(text)

    return typer.Option(metavar="NUMBER", parser=read, help=f"{help_text}, {smallest} to {largest}.")


OrganizationId = Annotated[str, typer.Argument(metavar="ORGANIZATION", help="The organization's id.")]
AmountMicros = Annotated[
    int,
    typer.Argument(metavar="AMOUNT", parser=read_amount, help="Decimal in the organization's currency, such as 50.00."),
]
Instant = Annotated[
    datetime,
    typer.Option(metavar="INSTANT", parser=_instant, help="RFC 3339, such as 2027-01-31T00:00:00Z, or a date (UTC)."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Write JSON, with the fields of the administration API.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Change nothing, and say what would be changed.")]
Limit = Annotated[int, whole_option("How many items to show", 1, LIMIT_MAX)]
Cursor = Annotated[str | None, typer.Option(help="Show what follows: the next_cursor of the list before.")]
CommandId = Annotated[
    str | None,
    typer.Option(help="Names this command: the same id with the same content is done once. Default: a new one."),
]


def optional_instant(help_text: str) -> Any:
    """An option that is an instant, or left out."""
    return typer.Option(metavar="INSTANT", parser=_instant, help=f"{help_text} RFC 3339, or a date (UTC).")


def instant_option(name: str, help_text: str) -> Any:
    """An option of this name that is an instant."""
    return typer.Option(name, metavar="INSTANT", parser=_instant, help=f"{help_text} RFC 3339, or a date (UTC).")


def amount_option(help_text: str) -> Any:
    """An option that is an amount in the organization's currency."""
    return typer.Option(metavar="AMOUNT", parser=read_amount, help=help_text)
