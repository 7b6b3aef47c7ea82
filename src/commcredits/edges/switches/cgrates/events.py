"""The event in a request: whose call it is, where it goes, what was used of it.

Knows the names of fields, and where each version of the interface puts them: flat (SMGenericV1), under ``Event``
(SessionSv1, as OpenSIPS sends it), under ``CGREvent.Event`` (older clients). Refuses to know what a call may do.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from commcredits.core.numbers import E164
from commcredits.edges.switches.cgrates.usage import read_usage

VOICE: Final = "*voice"
_TEXT_CHARACTERS_MAX: Final = 256
_CAUSE_CHARACTERS_MAX: Final = 64
_HANDLE_MIN: Final = -(2**31)
_HANDLE_MAX: Final = 2**32 - 1
_DIGITS: Final = re.compile(r"[1-9][0-9]{6,14}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. Texts are empty, and seconds None, where a field is not there.

    ``dialog`` is what OpenSIPS wants to see again when it is to end the call. ``event_id`` is the client's own id of
    the request, the same in a retransmission. ``wrong_field`` names a field of usage that is there and says no usage.
    """

    event_id: str
    tenant: str
    origin_id: str
    origin_host: str
    tor: str
    account: str
    subject: str
    destination: str
    usage_seconds: int | None
    last_used_seconds: int | None
    was_answered: bool
    cause: str
    dialog: tuple[int, int] | None
    wrong_field: str

    def missing(self, *names: str) -> list[str]:
        """Which of these fields (OriginID, Account, Destination) are not there."""
        values = {"OriginID": self.origin_id, "Account": self.account, "Destination": self.destination}
        return [name for name in names if not values[name]]

    @property
    def caller(self) -> str:
        """The calling number: the account where that is a number, else the subject, else the account as it is."""
        account, subject = as_number(self.account), as_number(self.subject)
        return account if E164.fullmatch(account) or not E164.fullmatch(subject) else subject

    @property
    def user(self) -> str:
        """The user principal name of who calls, where the account is one."""
        return self.account if "@" in self.account and self.account.isprintable() else ""


def read_event(params: Mapping[str, Any]) -> Event:
    """The event of a request."""
    nested = params.get("CGREvent")
    outer: Mapping[str, Any] = nested if isinstance(nested, dict) else params
    within = outer.get("Event")
    fields: Mapping[str, Any] = within if isinstance(within, dict) else outer
    return Event(
        event_id=_text(outer.get("ID")),
        tenant=_text(outer.get("Tenant")) or _text(fields.get("Tenant")),
        origin_id=_text(fields.get("OriginID")),
        origin_host=_text(fields.get("OriginHost")),
        tor=_text(fields.get("ToR")) or _text(fields.get("TOR")),
        account=_text(fields.get("Account")),
        subject=_text(fields.get("Subject")),
        destination=as_number(_text(fields.get("Destination"))),
        usage_seconds=read_usage(fields.get("Usage")),
        last_used_seconds=read_usage(fields.get("LastUsed")),
        was_answered=_text(fields.get("AnswerTime")) not in ("", "0"),
        cause=_cause(_text(fields.get("DisconnectCause"))),
        dialog=_dialog(fields),
        wrong_field=next((name for name in ("Usage", "LastUsed") if _says_no_usage(fields.get(name))), ""),
    )


def asks_for(params: Mapping[str, Any], flag: str) -> bool:
    """Whether a request of SessionSv1 asks for this, such as GetMaxUsage. True also when it says nothing of any part.

    A client that names other parts alone, such as attributes, wants nothing that we have.
    """
    named = [name for name, value in params.items() if value is True]
    options = params.get("APIOpts")
    if isinstance(options, dict) and any(name.startswith("*") for name in options):
        return True
    return params.get(flag) is True or not named


def as_number(text: str) -> str:
    """A number in the form +E.164, where the text can only be one; anything else as it is.

    A leading 00 stands for the plus sign, and so does nothing at all before seven digits and more that do not begin
    with 0. Emergency numbers are shorter.
    """
    digits = text.removeprefix("00") if text.startswith("00") else text
    return f"+{digits}" if _DIGITS.fullmatch(digits) else text


def _text(value: object) -> str:
    if isinstance(value, str):
        return value[:_TEXT_CHARACTERS_MAX]
    return str(value)[:_TEXT_CHARACTERS_MAX] if isinstance(value, int) and not isinstance(value, bool) else ""


def _says_no_usage(value: object) -> bool:
    return value not in (None, "") and read_usage(value) is None


def _cause(text: str) -> str:
    return "".join(letter for letter in text[:_CAUSE_CHARACTERS_MAX] if letter.isprintable())


def _dialog(fields: Mapping[str, Any]) -> tuple[int, int] | None:
    number, entry = fields.get("DialogID"), fields.get("DialogEntry")
    for value in (number, entry):
        if not isinstance(value, int) or isinstance(value, bool) or not _HANDLE_MIN <= value <= _HANDLE_MAX:
            return None
    assert isinstance(number, int), "checked above"
    assert isinstance(entry, int), "checked above"
    return number, entry
