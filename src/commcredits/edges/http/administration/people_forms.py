"""What each field of a request about people and licences may be; see commcredits.edges.http.administration.forms.

Knows forms. Refuses to know what a value means; the operations do.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from commcredits.core.roster import ConferenceDialOut, DialOutPolicy, Licence, UserDialOut
from commcredits.edges.http.administration.forms import FieldForm, NotOfFormError, prose_form, text_form, word_form
from commcredits.edges.http.charging.explaining import JsonObject
from commcredits.operations.licences import PURCHASED_MAX
from commcredits.operations.people import (
    DEPARTMENT_CHARACTERS_MAX,
    DISPLAY_NAME_CHARACTERS_MAX,
    USER_PRINCIPAL_NAME,
    USER_PRINCIPAL_NAME_ALLOWED,
    USER_PRINCIPAL_NAME_CHARACTERS_MAX,
)

USERS_MAX: Final = 1_000
"""Most people that one request names; files name more."""

_USAGE_LOCATION: Final = re.compile("(?:[A-Z]{2})?", re.ASCII)
_EXAMPLE: Final = "front.desk@example.com"
_CODES: Final[dict[str, Licence]] = {licence.value: licence for licence in Licence}
_CONFERENCE: Final[dict[str, ConferenceDialOut]] = {word.value: word for word in ConferenceDialOut}
_USER: Final[dict[str, UserDialOut]] = {word.value: word for word in UserDialOut}


def _texts(value: object, count_max: int) -> list[str]:
    """The texts in an array, each once."""
    if not isinstance(value, list) or len(value) > count_max or any(type(each) is not str for each in value):
        raise NotOfFormError
    if len(set(value)) != len(value):
        raise NotOfFormError
    return value


def _licences(value: object) -> frozenset[Licence]:
    if isinstance(value, frozenset):
        return value  # the default
    codes = _texts(value, len(_CODES))
    if any(code not in _CODES for code in codes):
        raise NotOfFormError
    return frozenset(_CODES[code] for code in codes)


def _users(value: object) -> list[str]:
    users = _texts(value, USERS_MAX)
    if not users or any(not 1 <= len(user) <= USER_PRINCIPAL_NAME_CHARACTERS_MAX for user in users):
        raise NotOfFormError
    return users


def _quantity(value: object) -> int:
    if type(value) is not int or not 0 <= value <= PURCHASED_MAX:
        raise NotOfFormError
    return value


def _dial_out(value: object) -> DialOutPolicy:
    if not isinstance(value, JsonObject) or value.keys() != {"conference", "user"} or value.twice:
        raise NotOfFormError
    conference, user = value["conference"], value["user"]
    if type(conference) is not str or type(user) is not str or conference not in _CONFERENCE or user not in _USER:
        raise NotOfFormError
    return DialOutPolicy(conference=_CONFERENCE[conference], user=_USER[user])


def _word(words: dict[str, Any]) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


UserPrincipalName = Annotated[str, text_form(USER_PRINCIPAL_NAME, USER_PRINCIPAL_NAME_ALLOWED, _EXAMPLE)]
PersonName = Annotated[str, prose_form(0, DISPLAY_NAME_CHARACTERS_MAX, "Recepție")]
DepartmentName = Annotated[str, prose_form(0, DEPARTMENT_CHARACTERS_MAX, "Vânzări")]
SearchText = Annotated[str, prose_form(0, USER_PRINCIPAL_NAME_CHARACTERS_MAX, "desk")]
UsageLocation = Annotated[
    str, text_form(_USAGE_LOCATION, "a country code of two capital letters (ISO 3166-1), or empty", "RO")
]
LicenceCode = Annotated[Licence, word_form(Licence)]
LicenceCodes = Annotated[
    frozenset[Licence],
    FieldForm(
        read=_licences,
        allowed=f"an array of codes, each once, of {', '.join(_CODES)}",
        schema={"type": "array", "items": _word(_CODES), "uniqueItems": True, "examples": [["MCOPSTN1", "MCOPSTNC"]]},
    ),
]
UserNames = Annotated[
    list[str],
    FieldForm(
        read=_users,
        allowed=f"an array of 1 to {USERS_MAX} object ids or user principal names, each once",
        schema={
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": USER_PRINCIPAL_NAME_CHARACTERS_MAX},
            "minItems": 1,
            "maxItems": USERS_MAX,
            "uniqueItems": True,
            "examples": [[_EXAMPLE]],
        },
    ),
]
Quantity = Annotated[
    int,
    FieldForm(
        read=_quantity,
        allowed=f"a whole number from 0 to {PURCHASED_MAX}",
        schema={"type": "integer", "minimum": 0, "maximum": PURCHASED_MAX, "examples": [25]},
    ),
]
DialOutWords = Annotated[
    DialOutPolicy,
    FieldForm(
        read=_dial_out,
        allowed=f"an object with conference ({', '.join(_CONFERENCE)}) and user ({', '.join(_USER)})",
        schema={
            "type": "object",
            "required": ["conference", "user"],
            "properties": {"conference": _word(_CONFERENCE), "user": _word(_USER)},
            "additionalProperties": False,
            "examples": [{"conference": "zone_a", "user": "domestic"}],
        },
    ),
]
