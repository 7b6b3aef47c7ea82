"""The form of one user or resource account: read strictly, and filled in again with what is wrong beside each field.

Knows the fields. Refuses to check what the operations check: their refusals come back here to be set beside a field.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Party, PartyKind
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.roster_words import licence_refusal
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.people import PartyFields

NAME: Final = "user_principal_name"
DISPLAY_NAME: Final = "display_name"
LOCATION: Final = "usage_location"
DEPARTMENT: Final = "department"
SHARED: Final = "shared_calling_account"
PARTY_ID: Final = "party_id"
"""The object id that a form for somebody new carries, so that sending it twice adds one user."""

FIELDS: Final = (NAME, DISPLAY_NAME, LOCATION, DEPARTMENT, SHARED)

_WRONG: Final[Mapping[str, str]] = {
    NAME: marked("Enter a name that looks like a mail address, such as front.desk@example.com, without accents."),
    DISPLAY_NAME: marked("Enter at most 200 characters on one line."),
    LOCATION: marked("Choose a country, or none for whoever has no Calling Plan."),
    DEPARTMENT: marked("Enter at most 200 characters on one line."),
    SHARED: marked("Choose one of the resource accounts."),
}


def blank_person(party_id: str) -> FormView:
    """The form for somebody new, with the object id that they shall have."""
    return FormView(values=dict.fromkeys(FIELDS, ""), command_id=party_id)


def person_form(party: Party) -> FormView:
    """The form with what is known of somebody."""
    values = {name: str(getattr(party, name)) for name in FIELDS}
    return FormView(values=values, command_id=party.party_id)


def read_person(fields: Mapping[str, str], kind: PartyKind) -> PartyFields:
    """What the form says, without the spaces around it."""
    typed = {name: " ".join(fields.get(name, "").split()) for name in FIELDS}
    if kind is PartyKind.RESOURCE_ACCOUNT:
        typed[SHARED] = ""
    return PartyFields(**typed)  # type: ignore[arg-type]  # the names are those of its text fields


def refused_person(refused: Refused, fields: Mapping[str, str], command_id: str, speech: Speech) -> FormView:
    """The form after the operation refused it, with the sentence beside the field that it names."""
    values = {name: fields.get(name, "") for name in FIELDS}
    if refused.code is RefusalCode.USER_TAKEN:
        return FormView(values=values, errors={NAME: speech.refusal(refused, "")}, command_id=command_id)
    named = str(refused.facts.get("field", ""))
    if refused.code is RefusalCode.INVALID_INPUT and named in _WRONG:
        return FormView(values=values, errors={named: speech.say(_WRONG[named])}, command_id=command_id)
    if refused.code is RefusalCode.LICENCE_NOT_AVAILABLE:
        return FormView(values=values, errors={LOCATION: licence_refusal(speech, refused)}, command_id=command_id)
    return FormView(values=values, problem=speech.refusal(refused, ""), command_id=command_id or new_command_id())
