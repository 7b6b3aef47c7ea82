"""The pages of calls: the list, one call explained, and whether a call may be made now.

Knows which question each page asks and which template shows the answer. Refuses to reckon or decide anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from commcredits.core.calendar import zone_of
from commcredits.core.outcomes import Granted, RefusalCode, Refused
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.calls.links import call_links
from commcredits.edges.portal.calls.remedies import cap_words, remedies_for
from commcredits.edges.portal.calls.telling import story_of
from commcredits.edges.portal.calls.words import PLAIN_WALLET, ROWS, STEPS, WHY_REFUSED
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.reports.words import CALL_TYPES
from commcredits.edges.portal.sentences import REFUSALS, Speech
from commcredits.edges.translations import marked
from commcredits.operations.call_explaining import explain_call
from commcredits.operations.call_lookup import CallQuery, look_up_calls
from commcredits.operations.may_call import CallAnswer, may_call

CALLS_PER_PAGE: Final = 25
_FIELD_LENGTH_MAX: Final = 320
_FIELDS_OF: Final = {"number": "number", "until": "until", "user": "user", "callee": "callee", "caller": "caller"}
_WRONG: Final = {
    "user": marked("There is no such user."),
    "number": marked("Write the number in international form, such as +442079460000."),
    "callee": marked("Write the number in international form, such as +442079460000."),
    "caller": marked("Write the number in international form, such as +442079460000."),
    "until": marked("Write a day and a time."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPages:
    """Each method answers one address."""

    door: Door

    async def calls(self, page: Page) -> Response:
        """Calls by user, number and time, newest first."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        query = page.request.query_params
        values = {name: query.get(name, "").strip()[:_FIELD_LENGTH_MAX] for name in ("user", "number", "until")}
        until = _instant(values["until"], frame.organization.time_zone)
        listed = None
        errors: dict[str, str] = {}
        if values["until"] and until is None:
            errors = {"until": page.speech.say(_WRONG["until"])}
        else:
            found = await look_up_calls(
                frame.page.services,
                organization_id=page.organization_id,
                query=CallQuery(user=values["user"], number=_plain(values["number"]), until=until),
                cursor=query.get("cursor"),
                limit=CALLS_PER_PAGE,
            )
            if isinstance(found, Refused):
                errors = _errors(found, page.speech)
                if not errors:
                    return self.door.refused(page, found)
            else:
                listed = found
        return self.door.html(
            "calls/calls.html",
            frame.page,
            status=422 if errors else 200,
            organization=frame.organization,
            form=FormView(values=values, command_id="", errors=errors),
            listed=listed,
            query={name: value for name, value in values.items() if value},
            is_first=query.get("cursor") is None,
            calls=call_links(page),
            call_types=CALL_TYPES,
            why=WHY_REFUSED,
        )

    async def call(self, page: Page) -> Response:
        """One call explained."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        told = await explain_call(
            frame.page.services,
            organization_id=page.organization_id,
            session_id=str(page.request.path_params["session_id"]),
        )
        if isinstance(told, Refused):
            if told.code is RefusalCode.INVALID_INPUT:
                told = Refused(code=RefusalCode.UNKNOWN_SESSION)
            return self.door.refused(page, told)
        refusal = told.refusal
        return self.door.html(
            "calls/call.html",
            frame.page,
            organization=frame.organization,
            told=told,
            story=story_of(told, frame.page.speech),
            refusal=None if refusal is None else _why(refusal, frame.page.speech),
            facts=() if refusal is None else _facts(refusal, frame.page.speech, told.call.currency),
            remedies=() if refusal is None else remedies_for(frame.page, refusal.would_change_it),
            cap_words=cap_words,
            steps=STEPS,
            call_types=CALL_TYPES,
            calls=call_links(page),
        )

    async def may_call(self, page: Page) -> Response:
        """Whether a call may be made now; the form alone until a number is given."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        query = page.request.query_params
        values = {name: query.get(name, "").strip()[:_FIELD_LENGTH_MAX] for name in ("user", "caller", "callee")}
        answered: CallAnswer | None = None
        errors: dict[str, str] = {}
        if values["callee"]:
            found = await may_call(
                frame.page.services,
                organization_id=page.organization_id,
                callee=_plain(values["callee"]),
                caller=_plain(values["caller"]),
                user=values["user"],
            )
            if isinstance(found, Refused):
                errors = _errors(found, page.speech)
                if not errors:
                    return self.door.refused(page, found)
            else:
                answered = found
        return self._answer(frame, FormView(values=values, command_id="", errors=errors), answered)

    def _answer(self, frame: Framed, form: FormView, answered: CallAnswer | None) -> Response:
        page, speech = frame.page, frame.page.speech
        outcome = None if answered is None else answered.answer.outcome
        refused = outcome if isinstance(outcome, Refused) else None
        return self.door.html(
            "calls/may_call.html",
            page,
            status=422 if form.errors else 200,
            organization=frame.organization,
            form=form,
            answered=answered,
            is_allowed=isinstance(outcome, Granted),
            row_words=_row_words(answered),
            refusal=None if refused is None else _why(refused, speech),
            facts=() if refused is None or answered is None else _facts(refused, speech, answered.currency),
            remedies=() if refused is None else remedies_for(page, refused.would_change_it),
            licence_words=roster_words.LICENCES,
            source_words=roster_words.SOURCES,
            cap_words=cap_words,
            calls=call_links(page),
        )


def _row_words(answered: CallAnswer | None) -> str:
    if answered is None or answered.answer.row is None:
        return PLAIN_WALLET
    return ROWS[answered.answer.row.number]


def _why(refused: Refused, speech: Speech) -> str:
    sentence = WHY_REFUSED.get(refused.code) or REFUSALS[refused.code].plain
    return speech.say(sentence)


_AMOUNTS: Final = {
    "needed_micros": marked("Needed for the first increment"),
    "available_micros": marked("Available then"),
    "limit_micros": marked("Limit"),
    "used_micros": marked("Used"),
    "held_micros": marked("Held for calls in progress"),
}
_COUNTS: Final = {
    "pool_minutes": marked("Minutes of the pool"),
    "pool_minutes_used": marked("Of these used"),
    "pool_minutes_held": marked("Of these held for calls in progress"),
    "allowed": marked("Calls allowed at once"),
    "running": marked("Calls running then"),
}
_COUNTRIES: Final = {
    "usage_location": marked("Usage location"),
    "destination_country": marked("Country of the destination"),
}
_INSTANTS: Final = {
    "pool_empty_since": marked("Pool used up since"),
    "reached_at": marked("Limit reached"),
    "stopped_since": marked("Stopped by another pool since"),
}


def _facts(refused: Refused, speech: Speech, currency: str) -> tuple[tuple[str, str], ...]:
    """What a refusal rests on, for people: amounts, minutes, countries and instants; no ids and no numbers."""
    fmt, facts = speech.formats, refused.facts
    told: list[tuple[str, str]] = []
    for name, value in facts.items():
        if name in _AMOUNTS:
            told.append((speech.say(_AMOUNTS[name]), fmt.money(int(value), str(facts.get("currency", currency)))))
        elif name in _COUNTS and isinstance(value, int):
            told.append((speech.say(_COUNTS[name]), fmt.count(value)))
        elif name in _COUNTRIES and value:
            told.append((speech.say(_COUNTRIES[name]), fmt.country(str(value))))
        elif name in _INSTANTS:
            told.append((speech.say(_INSTANTS[name]), fmt.second(datetime.fromisoformat(str(value)))))
        elif name == "meter":
            told.append((speech.say(marked("Which limit")), speech.say(cap_words(str(value)))))
    return tuple(told)


def _errors(refused: Refused, speech: Speech) -> dict[str, str]:
    if refused.code is RefusalCode.UNKNOWN_USER:
        return {"user": speech.say(_WRONG["user"])}
    if refused.code is not RefusalCode.INVALID_INPUT:
        return {}
    field = _FIELDS_OF.get(str(refused.facts.get("field", "")))
    if field is None:
        return {}
    if field == "user" and not refused.facts.get("value"):
        return {"user": speech.say(marked("Say who calls: a user, or the calling number."))}
    return {field: speech.say(_WRONG[field])}


def _plain(number: str) -> str:
    """A number as people write it, without spaces, dots, hyphens and brackets."""
    return "".join(each for each in number if each not in " .-()\u00a0")


def _instant(text: str, time_zone: str) -> datetime | None:
    """The instant of a field for day and time, in the organization's zone; None for what is none."""
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        return None
    if local.tzinfo is not None or not 2000 < local.year < 9000:  # noqa: PLR2004 - years that time zones can reckon with
        return None
    return local.replace(tzinfo=zone_of(time_zone)).astimezone(UTC)
