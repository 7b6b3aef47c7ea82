"""Files of people: the columns of users with their licences and numbers, and those of licences to give and to take.

Knows what may stand in each column. Refuses to know what becomes of a line (commcredits.operations.people_import).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from commcredits.core.numbers import is_e164
from commcredits.core.roster import Licence, PartyKind
from commcredits.operations.csv_lines import Column, Row, read_list
from commcredits.operations.inputs import is_identifier, refuse_name
from commcredits.operations.people import (
    COUNTRY_ALLOWED,
    DEPARTMENT_CHARACTERS_MAX,
    DISPLAY_NAME_CHARACTERS_MAX,
    USER_PRINCIPAL_NAME,
    USER_PRINCIPAL_NAME_ALLOWED,
    is_country,
)

ROWS_MAX: Final = 200_000
"""Most lines of a file of people below its header."""

FILE_BYTES_MAX: Final = 128 * 1024 * 1024
"""Largest file of people."""

NUMBERS_PER_USER_MAX: Final = 100
"""Most numbers on a line."""

_FORMULA: Final = re.compile(r"'*[ \t\r]*[=+\-@\t\r]")
_VALUES_REMEMBERED_MAX: Final = 4_096
_NO_LICENCES: Final = frozenset[Licence]()


@dataclass(frozen=True, slots=True, kw_only=True)
class UserLine:
    """A line of a file of users; what its file has no column for is ``msgspec.UNSET``."""

    line: int
    user_principal_name: str
    object_id: Any
    display_name: Any
    usage_location: Any
    department: Any
    licences: Any
    kind: Any
    numbers: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceLine:
    """A line of a file of licences: whom they are given to and taken from."""

    line: int
    user_principal_name: str
    assign: frozenset[Licence]
    take: frozenset[Licence]


def guarded(text: str) -> str:
    """Text for a cell that no spreadsheet runs as a formula: an apostrophe before what would begin one.

    Apostrophes that stand there already count along, so that ``unguarded`` gives back every text as it was.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text of a cell that ``guarded`` wrote; every other text as it is."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def read_name(text: str) -> str:
    """A user principal name."""
    text = unguarded(text)
    if not USER_PRINCIPAL_NAME.fullmatch(text):
        raise ValueError(text)
    return text


def read_object_id(text: str) -> str:
    """An object id, in letters of any size; empty for one that is to be made."""
    if text and not is_identifier(text.lower()):
        raise ValueError(text)
    return text.lower()


def read_display_name(text: str) -> str:
    """A name that people see, or none."""
    text = unguarded(text)
    if refuse_name("display_name", text, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True):
        raise ValueError(text)
    return text


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_department(text: str) -> str:
    """A department, or none; files repeat few of them often, so equal ones become one object."""
    text = unguarded(text)
    if refuse_name("department", text, DEPARTMENT_CHARACTERS_MAX, may_be_empty=True):
        raise ValueError(text)
    return text


def read_country(text: str) -> str:
    """A usage location, or none."""
    if text and not is_country(text):
        raise ValueError(text)
    return text


@lru_cache(maxsize=_VALUES_REMEMBERED_MAX)
def read_licences(text: str) -> frozenset[Licence]:
    """Codes of licences, each once; equal sets become one object."""
    codes = read_list(text)
    licences = frozenset(map(Licence, codes))
    if len(licences) != len(codes):
        raise ValueError(text)
    return licences or _NO_LICENCES


def read_kind(text: str) -> PartyKind:
    """What somebody is; empty means a user."""
    return PartyKind(text) if text else PartyKind.USER


def read_numbers(text: str) -> tuple[str, ...]:
    """Numbers in E.164 form, each once."""
    numbers = read_list(text)
    if len(set(numbers)) != len(numbers) or len(numbers) > NUMBERS_PER_USER_MAX or not all(map(is_e164, numbers)):
        raise ValueError(text)
    return numbers


_LICENCES_ALLOWED: Final = f"each once, with a semicolon between them, of: {', '.join(Licence)}"

USER_COLUMNS: Final[Mapping[str, Column]] = {
    "user_principal_name": Column(read=read_name, allowed=USER_PRINCIPAL_NAME_ALLOWED, required=True),
    "object_id": Column(read=read_object_id, allowed="a UUID, or empty for a new one"),
    "display_name": Column(read=read_display_name, allowed=f"0 to {DISPLAY_NAME_CHARACTERS_MAX} characters"),
    "usage_location": Column(read=read_country, allowed=COUNTRY_ALLOWED),
    "department": Column(read=read_department, allowed=f"0 to {DEPARTMENT_CHARACTERS_MAX} characters"),
    "licences": Column(read=read_licences, allowed=_LICENCES_ALLOWED),
    "kind": Column(read=read_kind, allowed=f"{' or '.join(PartyKind)}, or empty for a user"),
    "numbers": Column(
        read=read_numbers,
        allowed=f"0 to {NUMBERS_PER_USER_MAX} numbers such as +40212345678, each once, with semicolons between them",
    ),
}
"""The columns of a file of users; all but the name may be left out, and then stay as they are."""

LICENCE_COLUMNS: Final[Mapping[str, Column]] = {
    "user_principal_name": Column(read=read_name, allowed=USER_PRINCIPAL_NAME_ALLOWED, required=True),
    "assign": Column(read=read_licences, allowed=_LICENCES_ALLOWED),
    "take": Column(read=read_licences, allowed=_LICENCES_ALLOWED),
}
"""The columns of a file of licences to give and to take."""


def user_line(row: Row) -> UserLine:
    """A row of a file of users by name."""
    return UserLine(line=row.line, **dict(zip(USER_COLUMNS, row.values, strict=True)))


def licence_line(row: Row) -> LicenceLine:
    """A row of a file of licences by name; a column that is left out gives, or takes, nothing."""
    name, assign, take = row.values
    return LicenceLine(
        line=row.line,
        user_principal_name=name,
        assign=assign or _NO_LICENCES,
        take=take or _NO_LICENCES,
    )
