"""What each field of a request may be: the check, the words for people and the schema for OpenAPI, in one place each.

Knows forms: patterns, lengths, choices. Refuses to know what a value means; the operations do. A JSON number is never
taken for an amount, nor a text for a number: nothing is converted in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from commcredits.core.calendar import parse_instant
from commcredits.core.money import MoneyError, parse_micros
from commcredits.core.numbers import E164
from commcredits.core.roster import NumberKind, NumberPurpose
from commcredits.edges.http.charging.fields import ORGANIZATION_ID
from commcredits.operations.charging import SESSION_ID
from commcredits.operations.inputs import COMMAND_ID_CHARACTERS_MAX, UNSHOWABLE
from commcredits.operations.number_stock import DIGITS_MAX, PLACE_CHARACTERS_MAX
from commcredits.operations.numbers import DISPLAY_NAME_CHARACTERS_MAX, USER_PRINCIPAL_NAME_CHARACTERS_MAX
from commcredits.operations.organizations import NAME_CHARACTERS_MAX
from commcredits.operations.paging import CURSOR_CHARACTERS_MAX, LIMIT_MAX

W = TypeVar("W", bound=StrEnum)

FORM_ERROR: Final = "form"
"""The type of pydantic's error for a value that is not of its form."""

PAGE_ITEMS_DEFAULT: Final = 50
REASON_CHARACTERS_MAX: Final = 200

_AMOUNT: Final = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,6})?", re.ASCII)
_IDEMPOTENCY_KEY: Final = re.compile(rf"[!-~]{{1,{COMMAND_ID_CHARACTERS_MAX}}}", re.ASCII)
_CURSOR: Final = re.compile(rf"[A-Za-z0-9_-]{{1,{CURSOR_CHARACTERS_MAX}}}", re.ASCII)
_GATEWAY: Final = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)
_REFERENCE: Final = re.compile(r"[!-~]{1,255}", re.ASCII)
_DIGITS: Final = re.compile(rf"[0-9]{{1,{DIGITS_MAX}}}", re.ASCII)
_LIMIT: Final = re.compile(r"[0-9]{1,3}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Z]{2}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2}", re.ASCII)
_QUERY_FLAGS: Final = {"true": True, "false": False}
_TIME_ZONE: Final = re.compile(r"[A-Za-z0-9_+/-]{1,64}", re.ASCII)


class NotOfFormError(ValueError):
    """A value that is not of its form; the message, if any, completes "must be …" better than the form's own words.

    ``within`` names the field of an object that is wrong, and ``value`` is what it holds.
    """

    def __init__(self, message: str = "", *, within: str = "", value: object = None) -> None:
        super().__init__(message)
        self.within = within
        self.value = value


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldForm:
    """A form, to annotate a field or parameter with.

    ``read`` gives the value that the operation wants, or raises NotOfFormError; ``allowed`` completes "must be …";
    ``schema`` says it to OpenAPI.
    """

    read: Callable[[object], Any]
    allowed: str
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self.take)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)

    def take(self, value: object) -> Any:
        """The value for the operation. Raises pydantic's error with the words of this form."""
        try:
            return self.read(value)
        except NotOfFormError as error:
            context: dict[str, Any] = {"allowed": str(error) or self.allowed}
            if error.within:
                context |= {"within": error.within, "value": error.value}
            raise PydanticCustomError(FORM_ERROR, "{allowed}", context) from None


def text_form(pattern: re.Pattern[str], allowed: str, example: str) -> FieldForm:
    """A form that takes a text that matches as a whole."""

    def read(value: object) -> str:
        # Not isinstance: a number that is too long for any field arrives as a subclass of str.
        if type(value) is not str or pattern.fullmatch(value) is None:
            raise NotOfFormError
        return value

    schema = {"type": "string", "pattern": f"^{pattern.pattern}$", "examples": [example]}
    return FieldForm(read=read, allowed=allowed, schema=schema)


def prose_form(characters_min: int, characters_max: int, example: str) -> FieldForm:
    """A form that takes a text that people write and read on one line."""

    def read(value: object) -> str:
        if type(value) is not str or not characters_min <= len(value) <= characters_max or UNSHOWABLE.search(value):
            raise NotOfFormError
        return value

    return FieldForm(
        read=read,
        allowed=f"a text of {characters_min} to {characters_max} characters on one line",
        schema={
            "type": "string",
            "minLength": characters_min,
            "maxLength": characters_max,
            "examples": [example],
        },
    )


def _amount(value: object) -> int:
    if type(value) is not str:
        if isinstance(value, (int, float, str)) and not isinstance(value, bool):
            raise NotOfFormError('a decimal in a JSON string, such as "50.00"; a JSON number can lose digits')
        raise NotOfFormError
    if _AMOUNT.fullmatch(value) is None:
        raise NotOfFormError
    try:
        return parse_micros(value)
    except MoneyError as error:
        raise NotOfFormError(f"an amount within bounds: {error}") from None


def _instant(value: object) -> datetime:
    if type(value) is not str or len(value) > 40 or "T" not in value.upper():  # noqa: PLR2004 - no instant is longer
        raise NotOfFormError
    try:
        return parse_instant(value)
    except ValueError:
        raise NotOfFormError from None


def _flag(value: object) -> bool:
    if type(value) is not bool:
        raise NotOfFormError
    return value


def _query_flag(value: object) -> bool:
    if type(value) is bool:
        return value  # the default
    if value not in _QUERY_FLAGS:
        raise NotOfFormError
    return _QUERY_FLAGS[str(value)]


def whole_form(largest: int) -> FieldForm:
    """A whole number from 0 to ``largest``, as JSON has it."""

    def read(value: object) -> int:
        if type(value) is not int or not 0 <= value <= largest:
            raise NotOfFormError
        return value

    return FieldForm(
        read=read,
        allowed=f"a whole number from 0 to {largest}",
        schema={"type": "integer", "minimum": 0, "maximum": largest},
    )


def word_form(words: type[W]) -> FieldForm:
    """A form that takes the words of an enumeration."""
    known: Mapping[str, W] = {word.value: word for word in words}

    def read(value: object) -> W:
        if type(value) is not str or value not in known:
            raise NotOfFormError
        return known[value]

    return FieldForm(read=read, allowed="one of " + ", ".join(known), schema={"type": "string", "enum": list(known)})


def _limit(value: object) -> int:
    if type(value) is int:
        return value  # the default
    if type(value) is not str or _LIMIT.fullmatch(value) is None or not 1 <= int(value) <= LIMIT_MAX:
        raise NotOfFormError
    return int(value)


_UUID: Final = text_form(
    ORGANIZATION_ID, "a UUID in its canonical lower-case form", "019353b4-7c1e-7000-8000-0123456789ab"
)

Identifier = Annotated[str, _UUID]
SessionId = Annotated[
    str, text_form(SESSION_ID, "1 to 128 printable ASCII characters without a space", "a84b4c76e66710@192.0.2.1")
]
Name = Annotated[str, prose_form(1, NAME_CHARACTERS_MAX, "Exemplu SRL")]
DisplayName = Annotated[str, prose_form(0, DISPLAY_NAME_CHARACTERS_MAX, "Recepție")]
Reason = Annotated[str, prose_form(1, REASON_CHARACTERS_MAX, "Welcome credit")]
CountryCode = Annotated[str, text_form(_COUNTRY, "a country code of two capital letters (ISO 3166-1)", "RO")]
CurrencyCode = Annotated[str, text_form(_CURRENCY, "a currency code of three capital letters (ISO 4217)", "EUR")]
TimeZoneName = Annotated[str, text_form(_TIME_ZONE, "the name of an IANA time zone", "Europe/Bucharest")]
LanguageCode = Annotated[str, text_form(_LANGUAGE, "a language code of two small letters", "en")]
E164Number = Annotated[
    str, text_form(E164, "a number in E.164 form: + and 5 to 15 digits, the first not 0", "+40212345678")
]
GatewayName = Annotated[
    str, text_form(_GATEWAY, "a gateway's name: 1 to 64 small letters, digits, - or _", "simulator")
]
GatewayReference = Annotated[
    str, text_form(_REFERENCE, "1 to 255 printable ASCII characters without a space", "pm_0123456789")
]
IdempotencyKey = Annotated[
    str,
    text_form(
        _IDEMPOTENCY_KEY,
        f"1 to {COMMAND_ID_CHARACTERS_MAX} printable ASCII characters without a space, other for each new request",
        "top-up-2026-11-22-1",
    ),
]
Cursor = Annotated[
    str, text_form(_CURSOR, "a next_cursor that this list gave out", "019353b4-7c1e-7000-8000-0123456789ab")
]
AmountMicros = Annotated[
    int,
    FieldForm(
        read=_amount,
        allowed='a decimal in a JSON string, not negative, at most 10 digits before the point and 6 after: "50.00"',
        schema={
            "type": "string",
            "pattern": f"^{_AMOUNT.pattern}$",
            "description": "An amount in the currency's major unit, as a string: a JSON number can lose digits.",
            "examples": ["50.00"],
        },
    ),
]
Instant = Annotated[
    datetime,
    FieldForm(
        read=_instant,
        allowed="an RFC 3339 instant with an offset, such as 2027-01-31T00:00:00Z",
        schema={"type": "string", "format": "date-time", "examples": ["2027-01-31T00:00:00Z"]},
    ),
]
Flag = Annotated[bool, FieldForm(read=_flag, allowed="true or false", schema={"type": "boolean"})]
QueryFlag = Annotated[
    bool, FieldForm(read=_query_flag, allowed="true or false", schema={"type": "boolean", "default": False})
]
NumberKindWord = Annotated[NumberKind, word_form(NumberKind)]
NumberPurposeWord = Annotated[NumberPurpose, word_form(NumberPurpose)]
UserName = Annotated[str, prose_form(1, USER_PRINCIPAL_NAME_CHARACTERS_MAX, "front.desk@example.com")]
PlaceName = Annotated[str, prose_form(0, PLACE_CHARACTERS_MAX, "București")]
Digits = Annotated[str, text_form(_DIGITS, f"1 to {DIGITS_MAX} digits", "0212")]
PageLimit = Annotated[
    int,
    FieldForm(
        read=_limit,
        allowed=f"an integer from 1 to {LIMIT_MAX}",
        schema={"type": "integer", "minimum": 1, "maximum": LIMIT_MAX, "default": PAGE_ITEMS_DEFAULT},
    ),
]
