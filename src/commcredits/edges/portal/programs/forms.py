"""The forms of keys and webhook endpoints: read, and filled in again with what is wrong beside each field.

Knows the fields. Refuses to check what the operations check: their refusals come back here to be set beside a field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked

NAME: Final = "name"
NOTE: Final = "note"
SCOPES: Final = "scopes"
DAYS: Final = "days"
PLACE: Final = "place"
PRESET: Final = "preset"
URL: Final = "url"
DESCRIPTION: Final = "description"
KINDS: Final = "kinds"
SANDBOX: Final = "sandbox"
OWN: Final = "organization"

KEY_DAYS: Final = (30, 90, 180, 365, 730, 1_095, 1_825, 3_650)
"""What the form of a key offers, as far as the operator lets keys last."""

_DAYS_DEFAULT: Final = 365
_FIELD_OF: Final = {"expires_at": DAYS, "sandbox": PLACE}
_WRONG: Final[Mapping[str, str]] = {
    NAME: marked("Enter a name of at most 100 characters; an organization has at most 100 keys in use."),
    NOTE: marked("Enter at most 500 characters on one line."),
    SCOPES: marked("Choose at least one, and only what you may do yourself."),
    DAYS: marked("Choose one of the periods."),
    PLACE: marked("Open the sandbox first."),
    URL: marked("Enter a public https address; an organization has at most ten endpoints."),
    DESCRIPTION: marked("Enter at most 200 characters on one line."),
    KINDS: marked("Choose at least one."),
}


def blank_key(days_max: int) -> FormView:
    """The form of a new key."""
    days = max((each for each in KEY_DAYS if each <= min(days_max, _DAYS_DEFAULT)), default=days_max)
    values = {NAME: "", NOTE: "", DAYS: str(days), PLACE: OWN}
    return FormView(values=values, command_id=new_command_id())


def ticked(fields: Mapping[str, str], prefix: str, known: Iterable[str]) -> tuple[str, ...]:
    """Which of these words' boxes are ticked: each is a field of its own, named by the prefix and the word."""
    return tuple(word for word in known if fields.get(f"{prefix}:{word}") == "yes")


def days_of(fields: Mapping[str, str], days_max: int) -> int | None:
    """For how many days the form says, if it is one of those offered."""
    given = fields.get(DAYS, "")
    offered = {str(each): each for each in (*KEY_DAYS, days_max) if each <= days_max}
    return offered.get(given)


def refused_form(refused: Refused, fields: Mapping[str, str], names: Sequence[str], speech: Speech) -> FormView | None:
    """The form after the operation refused it; None where no field is what is wrong."""
    values = {name: fields.get(name, "") for name in names}
    wrong = str(refused.facts.get("field", ""))
    if refused.code is RefusalCode.ADDRESS_NOT_ALLOWED:
        return FormView(values=values, errors={URL: speech.refusal(refused, "")}, command_id=new_command_id())
    if refused.code is not RefusalCode.INVALID_INPUT:
        return None
    name = _FIELD_OF.get(wrong, wrong)
    if name not in _WRONG:
        return None
    return FormView(values=values, errors={name: speech.say(_WRONG[name])}, command_id=new_command_id())


def wrong_days(fields: Mapping[str, str], names: Sequence[str], speech: Speech) -> FormView:
    """The form with a period that was not offered."""
    values = {name: fields.get(name, "") for name in names}
    return FormView(values=values, errors={DAYS: speech.say(_WRONG[DAYS])}, command_id=new_command_id())
