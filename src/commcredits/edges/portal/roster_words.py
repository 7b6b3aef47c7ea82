"""Words for what people have and may do: licences, kinds and purposes of numbers, policies, reasons of blocks.

Knows every member of those lists; a test fails on a hole. Refuses to know languages: the words are marked here and
translated where they are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.plans import Source
from commcredits.core.roster import (
    BlockReason,
    CallsWithoutUser,
    ConferenceDialOut,
    Licence,
    NumberKind,
    NumberPurpose,
    PartyKind,
    PoolSize,
    UserDialOut,
)
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked

LICENCES: Final[Mapping[Licence, str]] = {
    Licence.DOMESTIC_120: marked("Domestic Calling Plan, 120 minutes"),
    Licence.DOMESTIC_240: marked("Domestic Calling Plan, 240 minutes"),
    Licence.DOMESTIC: marked("Domestic Calling Plan"),
    Licence.DOMESTIC_AND_INTERNATIONAL: marked("Domestic and International Calling Plan"),
    Licence.DOMESTIC_120_UNPOOLED: marked("Domestic Calling Plan, 120 minutes of one's own"),
    Licence.PAY_AS_YOU_GO_1: marked("Pay-As-You-Go Calling Plan, zone 1"),
    Licence.PAY_AS_YOU_GO_2: marked("Pay-As-You-Go Calling Plan, zone 2"),
    Licence.AUDIO_CONFERENCING: marked("Audio Conferencing"),
    Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE: marked("Audio Conferencing, pay per minute"),
    Licence.EXTENDED_DIAL_OUT: marked("Extended dial-out to the US and Canada"),
    Licence.COMMUNICATIONS_CREDITS: marked("Communications Credits"),
}
"""Licences by name."""

LICENCE_NOTES: Final[Mapping[Licence, str]] = {
    Licence.DOMESTIC_120: marked("120 minutes a month, pooled with others in the same country"),
    Licence.DOMESTIC_240: marked("240 minutes a month, pooled with others in the same country"),
    Licence.DOMESTIC: marked("3,000 minutes in the US, Puerto Rico and Canada, 1,200 elsewhere; pooled"),
    Licence.DOMESTIC_AND_INTERNATIONAL: marked("domestic minutes, and 600 to the countries of the plan; pooled"),
    Licence.DOMESTIC_120_UNPOOLED: marked("120 minutes a month that nobody else can use"),
    Licence.PAY_AS_YOU_GO_1: marked("no minutes: every call is paid from the balance"),
    Licence.PAY_AS_YOU_GO_2: marked("no minutes: every call is paid from the balance"),
    Licence.AUDIO_CONFERENCING: marked("toll dial-in included, 60 minutes of dial-out to Zone A"),
    Licence.AUDIO_CONFERENCING_PAY_PER_MINUTE: marked("every conference leg is paid from the balance"),
    Licence.EXTENDED_DIAL_OUT: marked("unlimited conference dial-out to the US and Canada, beside Audio Conferencing"),
    Licence.COMMUNICATIONS_CREDITS: marked("free, in any quantity: the user may draw on the balance"),
}
"""What each licence gives (domain.md §4)."""

PARTY_KINDS: Final[Mapping[PartyKind, str]] = {
    PartyKind.USER: marked("User"),
    PartyKind.RESOURCE_ACCOUNT: marked("Resource account"),
}

NUMBER_KINDS: Final[Mapping[NumberKind, str]] = {
    NumberKind.USER: marked("User number"),
    NumberKind.TOLL: marked("Service number, toll"),
    NumberKind.TOLL_FREE: marked("Service number, toll-free"),
}

NUMBER_PURPOSES: Final[Mapping[NumberPurpose, str]] = {
    NumberPurpose.UNASSIGNED: marked("Not assigned"),
    NumberPurpose.PERSON: marked("A user"),
    NumberPurpose.CONFERENCE_BRIDGE: marked("Conference bridge"),
    NumberPurpose.AUTO_ATTENDANT: marked("Auto attendant"),
    NumberPurpose.CALL_QUEUE: marked("Call queue"),
}

CONFERENCE_DIAL_OUTS: Final[Mapping[ConferenceDialOut, str]] = {
    ConferenceDialOut.ANY: marked("Any destination"),
    ConferenceDialOut.SAME_COUNTRY: marked("Same country as the organizer"),
    ConferenceDialOut.ZONE_A: marked("Zone A countries only"),
    ConferenceDialOut.NONE: marked("Not allowed"),
}

USER_DIAL_OUTS: Final[Mapping[UserDialOut, str]] = {
    UserDialOut.INTERNATIONAL_AND_DOMESTIC: marked("International and domestic"),
    UserDialOut.DOMESTIC: marked("Domestic"),
    UserDialOut.NONE: marked("None"),
}

CALLS_WITHOUT_USER: Final[Mapping[CallsWithoutUser, str]] = {
    CallsWithoutUser.CREDITS: marked("Are made, and paid from the balance"),
    CallsWithoutUser.REFUSED: marked("Are refused"),
}

POOL_SIZES: Final[Mapping[PoolSize, str]] = {
    PoolSize.ASSIGNED: marked("Assigned licences"),
    PoolSize.PURCHASED: marked("Purchased licences"),
}

BLOCK_REASONS: Final[Mapping[BlockReason, str]] = {
    BlockReason.SPEND_VELOCITY: marked("Spent too much within an hour"),
    BlockReason.DESTINATION_ANOMALY: marked("Calls to a country cost far more than usual"),
    BlockReason.BY_ADMINISTRATOR: marked("Blocked by hand"),
}

SOURCES: Final[Mapping[Source, str]] = {
    Source.FREE: marked("Nobody: the call is free"),
    Source.INCLUDED: marked("Included in the licence"),
    Source.DOMESTIC_POOL: marked("Domestic minutes, then the balance"),
    Source.INTERNATIONAL_POOL: marked("International minutes, then the balance"),
    Source.CONFERENCE_POOL: marked("Dial-out minutes, then the balance"),
    Source.ADD_ON: marked("The extended dial-out licence"),
    Source.CREDITS: marked("Communications Credits"),
    Source.RESOURCE_ACCOUNT_PLAN: marked("The plan of the resource account"),
    Source.BY_DESTINATION: marked("By destination"),
    Source.OUTSIDE: marked("Your own carrier, outside of the balance"),
    Source.NEVER_CHARGED: marked("Nobody: emergency calls are never charged"),
}
"""What pays for a call first."""

_CONFLICT_BESIDE: Final = marked("%(licence)s cannot be held beside %(other)s.")
_CONFLICT_WITHOUT: Final = marked("%(licence)s needs %(other)s.")
_CONFLICT_KIND: Final = marked("A resource account cannot hold %(licence)s.")
_NO_LOCATION: Final = marked("A Calling Plan needs a usage location: choose one first.")
_NONE_LEFT: Final = marked("No licence is left: %(licence)s.")


def licence_name(speech: Speech, code: str) -> str:
    """A licence by name; its code where there is none."""
    return speech.say(LICENCES[Licence(code)]) if code in tuple(Licence) else code


def licence_refusal(speech: Speech, refused: Refused) -> str:
    """Why somebody cannot have a licence, with the names of the licences that it is about."""
    facts = refused.facts
    licence = licence_name(speech, str(facts.get("licence", "")))
    if refused.code is RefusalCode.LICENCE_NOT_AVAILABLE:
        return speech.say(_NONE_LEFT, licence=licence)
    if refused.code is RefusalCode.INVALID_INPUT and facts.get("field") == "usage_location":
        return speech.say(_NO_LOCATION)
    if refused.code is RefusalCode.LICENCE_CONFLICT:
        for fact, sentence in (("held_beside", _CONFLICT_BESIDE), ("held_without", _CONFLICT_WITHOUT)):
            if fact in facts:
                return speech.say(sentence, licence=licence, other=licence_name(speech, str(facts[fact])))
        return speech.say(_CONFLICT_KIND, licence=licence)
    return speech.refusal(refused, "")
