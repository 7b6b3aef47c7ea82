"""The pages of an organization's own numbers: the list, and one number with whom it serves.

Knows the form that says what a number is for. Refuses to know where new ones come from
(commcredits.edges.portal.numbers.stock_pages).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind, NumberPurpose
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.numbers.links import number_links
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.translations import marked
from commcredits.operations.number_lists import find_numbers
from commcredits.operations.number_stock import DIGITS_MAX, get_quotas
from commcredits.operations.numbers import PARTY_KINDS, PURPOSES, assign_number, get_number
from commcredits.operations.people import get_party

NUMBERS_PER_PAGE: Final = 50
"""How many numbers a list shows at once."""

PURPOSE: Final = "purpose"
USER: Final = "user"

_NOT_DIGITS: Final = re.compile(r"[^0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberPages:
    """Each method answers one address."""

    door: Door

    async def numbers(self, page: Page) -> Response:
        """The list, narrowed by what the address says, and how many there may be."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        query = _query(page)
        cursor = page.request.query_params.get("cursor")
        listed = await find_numbers(
            page.services,
            organization_id=page.organization_id,
            kind=query.get("kind", ""),
            purpose=query.get("purpose", ""),
            digits=query.get("digits", ""),
            cursor=cursor,
            limit=NUMBERS_PER_PAGE,
        )
        quotas = await get_quotas(page.services, organization_id=page.organization_id)
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        if isinstance(quotas, Refused):
            return self.door.refused(page, quotas)
        return self._html(
            "numbers/numbers.html",
            frame,
            listed=listed,
            quotas=quotas,
            query=query,
            is_first=cursor is None,
            options=_options(frame.page),
            form=FormView(values={name: query.get(name, "") for name in ("digits", "kind", "purpose")}, command_id=""),
        )

    async def number(self, page: Page) -> Response:
        """One number: what it is for, and whom it serves."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        return await self._number(frame, None)

    async def assign(self, page: Page) -> Response:
        """Say what a number is for; a form with something wrong in it comes back."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        number, values = _number(page), {name: page.form.get(name, "").strip() for name in (PURPOSE, USER)}
        purpose = values[PURPOSE]
        is_somebodys = purpose in tuple(NumberPurpose) and NumberPurpose(purpose) in PARTY_KINDS
        assigned = await assign_number(
            page.services,
            organization_id=page.organization_id,
            number=number,
            purpose=purpose,
            user=values[USER] or None if is_somebodys else None,
        )
        if not isinstance(assigned, Refused):
            notice = "unassigned" if assigned.purpose is NumberPurpose.UNASSIGNED else "assigned"
            return self.door.see_other(number_links(page).number(number, notice=notice))
        form = _refused(assigned, values, page)
        return self.door.refused(page, assigned) if form is None else await self._number(frame, form, status=422)

    async def _number(self, frame: Framed, form: FormView | None, *, status: int = 200) -> Response:
        page, place = frame.page, {"organization_id": frame.page.organization_id}
        found = await get_number(page.services, **place, number=_number(page))
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        holder = None
        if found.party_id is not None and page.may("users.read"):
            kind = PARTY_KINDS[found.purpose]
            party = await get_party(page.services, **place, kind=kind, user=found.party_id)
            holder = None if isinstance(party, Refused) else party
        purposes = PURPOSES[found.kind]
        return self._html(
            "numbers/number.html",
            frame,
            status=status,
            number=found,
            holder=holder,
            purposes=tuple(
                (purpose.value, page.speech.say(roster_words.NUMBER_PURPOSES[purpose]), "") for purpose in purposes
            ),
            needs_user=any(purpose in PARTY_KINDS for purpose in purposes),
            form=form or FormView(values={PURPOSE: purposes[0].value, USER: ""}, command_id=""),
        )

    def _html(self, template: str, frame: Framed, *, status: int = 200, **values: object) -> Response:
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            numbers=number_links(frame.page),
            people=people_links(frame.page),
            words=roster_words,
            notice=frame.page.request.query_params.get("notice", ""),
            **values,
        )


def _query(page: Page) -> dict[str, str]:
    """What the address narrows the list to; what cannot be meant is left out."""
    given = page.request.query_params
    query = {
        "digits": _NOT_DIGITS.sub("", given.get("digits", "")).lstrip("0")[:DIGITS_MAX],
        "kind": given.get("kind", "") if given.get("kind", "") in tuple(NumberKind) else "",
        "purpose": given.get("purpose", "") if given.get("purpose", "") in tuple(NumberPurpose) else "",
    }
    return {name: value for name, value in query.items() if value}


def _options(page: Page) -> dict[str, tuple[tuple[str, str], ...]]:
    """What the filter's lists offer."""
    say = page.speech.say
    return {
        "kinds": tuple((kind.value, say(words)) for kind, words in roster_words.NUMBER_KINDS.items()),
        "purposes": tuple((purpose.value, say(words)) for purpose, words in roster_words.NUMBER_PURPOSES.items()),
    }


def _number(page: Page) -> str:
    return f"+{page.request.path_params['digits']}"


def _refused(refused: Refused, values: dict[str, str], page: Page) -> FormView | None:
    """The form with the sentence beside the field that it speaks of; None for what concerns no field."""
    named = str(refused.facts.get("field", ""))
    if refused.code is RefusalCode.UNKNOWN_USER:
        return FormView(values=values, errors={USER: page.speech.refusal(refused, "")}, command_id="")
    if refused.code is RefusalCode.NUMBER_IN_USE:
        sentence = marked("The number serves somebody already. Take it away from them first.")
        return FormView(values=values, problem=page.speech.say(sentence), command_id="")
    if refused.code is not RefusalCode.INVALID_INPUT or named not in values:
        return None
    sentence = {
        USER: marked("Enter the user principal name of a user, or of a resource account for a service number."),
        PURPOSE: marked("Choose what the number is for."),
    }[named]
    return FormView(values=values, errors={named: page.speech.say(sentence)}, command_id="")
