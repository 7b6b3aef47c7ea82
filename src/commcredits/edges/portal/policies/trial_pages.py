"""The page that answers "would this call be allowed?", and why not.

Knows the question's form and the words of the answer. Refuses to answer itself: the operation asks what charging asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.commands import Service
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.portal.policies.links import policy_links
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.may_call import CallAnswer, may_call
from commcredits.operations.search import number_in

USER: Final = "user"
NUMBER: Final = "number"
SERVICE: Final = "service"
FIELDS: Final = (USER, NUMBER, SERVICE)

KINDS: Final[Mapping[Service, str]] = {
    Service.OUTBOUND: marked("A user calls"),
    Service.CONFERENCE_DIAL_OUT: marked("A conference of this user dials out"),
}

_REMEDIES: Final[Mapping[str, str]] = {
    "add_funds": marked("Add funds."),
    "assign_licence": marked("Assign a licence: %(what)s."),
    "buy_licence": marked("Buy a licence: %(what)s."),
    "wait_until": marked("Wait until the minutes or the cap begin anew."),
    "raise_limit": marked("Raise the limit that is reached."),
    "lift_block": marked("Ask the operator to lift the block."),
    "change_policy": marked("Change the dial-out policy of the organization."),
    "change_user_policy": marked("Change the user's own dial-out policy."),
    "set_usage_location": marked("Give the user a usage location."),
    "change_rules": marked("Change the rule of the organization."),
    "change_user": marked("Change the user's own setting."),
    "assign_number": marked("Assign the calling number to somebody."),
    "name_user": marked("Say who calls."),
    "add_user": marked("Add the user."),
    "import_rate": marked("Ask the operator for a rate to this destination."),
    "assign_rate_deck": marked("Ask the operator for a rate deck."),
    "end_call": marked("Wait until a call that runs has ended."),
    "reopen_organization": marked("Ask the operator to open the organization again."),
}
"""What would change a refusal (commcredits.core.remedies), as a person is told."""

_MINUTE_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPages:
    """Each method answers one address."""

    door: Door

    async def form(self, page: Page) -> Response:
        """The question, perhaps about a user that the address names."""
        values = {
            USER: page.request.query_params.get(USER, "")[:320],
            NUMBER: "",
            SERVICE: Service.OUTBOUND.value,
        }
        return await self._html(page, FormView(values=values, command_id=""), None)

    async def ask(self, page: Page) -> Response:
        """The answer, with all that it rests on."""
        values = {name: page.form.get(name, "").strip()[:320] for name in FIELDS}
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        callee = number_in(values[NUMBER], frame.organization.country) or values[NUMBER]
        answer = await may_call(
            page.services,
            organization_id=page.organization_id,
            callee=callee,
            user=values[USER],
            service=values[SERVICE] if values[SERVICE] in tuple(KINDS) else Service.OUTBOUND.value,
        )
        if not isinstance(answer, Refused):
            return await self._html(page, FormView(values=values, command_id=""), answer)
        named = {"callee": NUMBER, "user": USER}.get(str(answer.facts.get("field", "")))
        if answer.code is not RefusalCode.INVALID_INPUT or named is None:
            return self.door.refused(page, answer)
        sentence = {
            NUMBER: marked("Enter a number such as +44 20 7946 0000, or a short number of an emergency service."),
            USER: marked("Enter the user principal name of whoever calls."),
        }[named]
        form = FormView(values=values, errors={named: page.speech.say(sentence)}, command_id="")
        return await self._html(page, form, None, status=422)

    async def _html(self, page: Page, form: FormView, answer: CallAnswer | None, *, status: int = 200) -> Response:
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        speech = frame.page.speech
        outcome = None if answer is None else answer.answer.outcome
        return self.door.html(
            "policies/try.html",
            frame.page,
            status=status,
            organization=frame.organization,
            policies=policy_links(page),
            people=people_links(page),
            form=form,
            kinds=tuple((service.value, speech.say(words), "") for service, words in KINDS.items()),
            answer=answer,
            reason=speech.refusal(outcome, answer.currency) if answer and isinstance(outcome, Refused) else "",
            remedies=() if answer is None else remedies_in_words(answer.answer.would_change_it, speech),
            words=roster_words,
            minutes_max=0 if answer is None else answer.answer.seconds_max // _MINUTE_SECONDS,
        )


def remedies_in_words(keys: Iterable[str], speech: Speech) -> tuple[str, ...]:
    """What would change a refusal, each once."""
    sentences = []
    for key in keys:
        kind, _, what = key.partition(":")
        sentence = _REMEDIES.get(kind)
        if sentence is not None:
            named = roster_words.licence_name(speech, what) if what in tuple(Licence) else what
            sentences.append(speech.say(sentence, what=named))
    return tuple(dict.fromkeys(sentences))
