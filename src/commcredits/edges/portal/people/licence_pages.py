"""The page of licences: how many were bought, assigned and are left, by country; buying and returning.

Knows the page and its form. Refuses to know which licence pays for a call.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.licensing import UNLIMITED
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.countries import countries_of
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.translations import marked
from commcredits.operations.licences import PURCHASED_MAX, list_licences, set_purchased

LICENCE: Final = "licence"
COUNTRY: Final = "country"
QUANTITY: Final = "quantity"
FIELDS: Final = (LICENCE, COUNTRY, QUANTITY)

_QUANTITY_CHARACTERS_MAX: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class LicencePages:
    """Each method answers one address."""

    door: Door

    async def licences(self, page: Page) -> Response:
        """How many there are of each."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        query = page.request.query_params
        values = {name: query.get(name, "")[:64] for name in FIELDS}
        return await self._licences(frame, FormView(values=values, command_id=""))

    async def set_purchased(self, page: Page) -> Response:
        """Say how many of a licence are bought; a form with something wrong in it comes back."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        values = {name: page.form.get(name, "").strip() for name in FIELDS}
        quantity = _whole(values[QUANTITY])
        if quantity is None or quantity > PURCHASED_MAX:
            sentence = page.speech.say(marked("Enter a whole number of 0 or more, in digits only."))
            return await self._licences(frame, FormView(values=values, errors={QUANTITY: sentence}, command_id=""), 422)
        done = await set_purchased(
            page.services,
            organization_id=page.organization_id,
            licence=values[LICENCE],
            country=values[COUNTRY],
            quantity=quantity,
        )
        if isinstance(done, Refused):
            return await self._refused(frame, values, done)
        return self.door.see_other(people_links(page).licences(notice="saved"))

    async def _refused(self, frame: Framed, values: dict[str, str], refused: Refused) -> Response:
        speech = frame.page.speech
        named = str(refused.facts.get("field", ""))
        if refused.code is RefusalCode.LICENCE_NOT_AVAILABLE:
            needed = speech.formats.count(int(refused.facts["needed"]))
            sentence = speech.say(
                marked("%(needed)s are assigned where these count. Take some away first."), needed=needed
            )
            form = FormView(values=values, errors={QUANTITY: sentence}, command_id="")
        elif refused.code is RefusalCode.INVALID_INPUT and named in FIELDS:
            sentence = speech.say(marked("Choose one from the list."))
            form = FormView(values=values, errors={named: sentence}, command_id="")
        else:
            return self.door.refused(frame.page, refused)
        return await self._licences(frame, form, 422)

    async def _licences(self, frame: Framed, form: FormView, status: int = 200) -> Response:
        page = frame.page
        stock = await list_licences(page.services, organization_id=page.organization_id)
        if isinstance(stock, Refused):
            return self.door.refused(page, stock)
        return self.door.html(
            "people/licences.html",
            page,
            status=status,
            organization=frame.organization,
            people=people_links(page),
            words=roster_words,
            stock=stock,
            form=form,
            buyable=tuple(
                (licence.value, page.speech.say(name))
                for licence, name in roster_words.LICENCES.items()
                if licence not in UNLIMITED
            ),
            countries=countries_of(page.language),
            licence_codes=tuple(Licence),
            notice=page.request.query_params.get("notice", ""),
        )


def _whole(text: str) -> int | None:
    """A count as typed, or None."""
    is_whole = text.isascii() and text.isdigit() and len(text) <= _QUANTITY_CHARACTERS_MAX
    return int(text) if is_whole else None
