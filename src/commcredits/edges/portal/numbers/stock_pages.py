"""Getting a number: looking for one in the operator's stock, keeping it for ten minutes, making it one's own.

Knows the steps. Refuses to know quotas and who comes first: the operations decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import NumberKind
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.countries import countries_of
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.numbers.links import number_links
from commcredits.edges.portal.page import Page
from commcredits.operations.inputs import refuse_name
from commcredits.operations.number_lists import get_stock_number
from commcredits.operations.number_stock import (
    DIGITS_MAX,
    PLACE_CHARACTERS_MAX,
    acquire_number,
    get_quotas,
    refuse_country,
    reserve_number,
    search_stock,
)
from commcredits.operations.numbers import DISPLAY_NAME_CHARACTERS_MAX

OFFERED_PER_PAGE: Final = 25
"""How many numbers a search offers at once."""

NAME: Final = "display_name"
FIELDS: Final = ("kind", "country", "place", "digits")

_NOT_DIGITS: Final = re.compile(r"[^0-9]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class StockPages:
    """Each method answers one address."""

    door: Door

    async def stock(self, page: Page) -> Response:
        """Numbers that can be had now, narrowed by what the address says."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        quotas = await get_quotas(page.services, organization_id=page.organization_id)
        if isinstance(quotas, Refused):
            return self.door.refused(page, quotas)
        values = _wanted(page, frame.organization.country)
        cursor = page.request.query_params.get("cursor")
        listed = await search_stock(
            page.services,
            kind=values["kind"],
            country=values["country"] or None,
            place=values["place"] or None,
            digits=values["digits"] or None,
            cursor=cursor,
            limit=OFFERED_PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        is_service = values["kind"] != NumberKind.USER
        used = quotas.service_numbers if is_service else quotas.user_numbers
        quota = quotas.service_number_quota if is_service else quotas.user_number_quota
        return self._html(
            "numbers/stock.html",
            frame,
            listed=listed,
            quotas=quotas,
            used=used,
            quota=quota,
            is_first=cursor is None,
            query={name: value for name, value in values.items() if value},
            form=FormView(values=values, command_id=""),
            kinds=tuple((kind.value, page.speech.say(words)) for kind, words in roster_words.NUMBER_KINDS.items()),
            countries=countries_of(page.language),
        )

    async def chosen(self, page: Page) -> Response:
        """One number of the stock: until when it is reserved, and the form that makes it the organization's."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        return await self._chosen(frame)

    async def reserve(self, page: Page) -> Response:
        """Keep a number for ten minutes."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        number = _number(page)
        reserved = await reserve_number(page.services, organization_id=page.organization_id, number=number)
        if isinstance(reserved, Refused):
            if reserved.code is RefusalCode.NUMBER_NOT_AVAILABLE:
                return await self._chosen(frame, status=409)
            return self.door.refused(page, reserved)
        return self.door.see_other(number_links(page).chosen(number))

    async def acquire(self, page: Page) -> Response:
        """Make a reserved number the organization's own, or say why it cannot be."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        number, name = _number(page), " ".join(page.form.get(NAME, "").split())
        if refuse_name(NAME, name, DISPLAY_NAME_CHARACTERS_MAX, may_be_empty=True) is not None:
            name = ""
        acquired = await acquire_number(
            page.services, organization_id=page.organization_id, number=number, display_name=name
        )
        if not isinstance(acquired, Refused):
            return self.door.see_other(number_links(page).number(number, notice="acquired"))
        if acquired.code in {
            RefusalCode.NUMBER_NOT_AVAILABLE,
            RefusalCode.QUOTA_REACHED,
            RefusalCode.CREDITS_NOT_SET_UP,
        }:
            return await self._chosen(frame, refused=acquired, status=409)
        return self.door.refused(page, acquired)

    async def _chosen(self, frame: Framed, *, refused: Refused | None = None, status: int = 200) -> Response:
        page = frame.page
        number = _number(page)
        state = await get_stock_number(page.services, organization_id=page.organization_id, number=number)
        quotas = await get_quotas(page.services, organization_id=page.organization_id)
        if isinstance(state, Refused):
            return self.door.refused(page, state)
        if isinstance(quotas, Refused):
            return self.door.refused(page, quotas)
        if state.is_own:
            return self.door.see_other(number_links(page).number(number))
        return self._html(
            "numbers/chosen.html",
            frame,
            status=status,
            state=state,
            quotas=quotas,
            why="" if refused is None else refused.code.value,
            form=FormView(values={NAME: page.form.get(NAME, "")}, command_id=""),
        )

    def _html(self, template: str, frame: Framed, *, status: int = 200, **values: object) -> Response:
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            numbers=number_links(frame.page),
            words=roster_words,
            **values,
        )


def _wanted(page: Page, country: str) -> dict[str, str]:
    """What the address asks for, a user number of the organization's own country where it asks for nothing."""
    given = page.request.query_params
    place = " ".join(given.get("place", "").split())[:PLACE_CHARACTERS_MAX]
    wanted = given.get("country", country)
    return {
        "kind": given.get("kind", "") if given.get("kind", "") in tuple(NumberKind) else NumberKind.USER.value,
        "country": wanted if wanted and refuse_country(wanted) is None else "",
        "place": "" if refuse_name("place", place, PLACE_CHARACTERS_MAX, may_be_empty=True) else place,
        "digits": _NOT_DIGITS.sub("", given.get("digits", ""))[:DIGITS_MAX],
    }


def _number(page: Page) -> str:
    return f"+{page.request.path_params['digits']}"
