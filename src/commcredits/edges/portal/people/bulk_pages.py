"""Licences of many people at once: whose, which, what it would do, and doing just that.

Knows the three steps and what a form carries from one to the next. Refuses to know who can have which licence; and to
do anything that was not looked at: the digest of the preview goes along.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.allotting import Wish
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import Licence, PartyKind
from commcredits.edges.portal import roster_words
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.people import filters
from commcredits.edges.portal.people.links import people_links
from commcredits.edges.translations import marked
from commcredits.operations.inputs import is_identifier
from commcredits.operations.licences import list_licences
from commcredits.operations.people_bulk import PICKED_MAX, BulkReport, Selection, change_licences_together
from commcredits.operations.people_lists import count_people

PICK: Final = "pick-"
"""What the names of the boxes beside people begin with; an object id follows."""

PICKED: Final = "picked"
"""The field that carries the object ids of those who were picked, with commas between them."""

WHOM: Final = "whom"
ALL: Final = "all"
ASSIGN: Final = "assign-"
TAKE: Final = "take-"
REPLACES: Final = "replaces"
DIGEST: Final = "digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPages:
    """Each method answers one address, for people of one ``kind``."""

    door: Door
    kind: PartyKind

    async def to_list(self, page: Page) -> Response:
        """To the list, where the steps begin: an address that forms are posted to has nothing to show by itself."""
        return self.door.see_other(people_links(page).people(self.kind))

    async def choose(self, page: Page) -> Response:
        """Which licences shall be given and taken."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        if not page.may(Permission.USERS_WRITE):
            return self.door.refused(page, _not_permitted())
        return await self._choose(frame)

    async def preview(self, page: Page) -> Response:
        """What giving and taking them would do; back to the choice where nothing was chosen."""
        return await self._carry_out(page, dry_run=True)

    async def apply(self, page: Page) -> Response:
        """Give and take them, as the preview said; the preview comes back where something has changed since."""
        return await self._carry_out(page, dry_run=False)

    async def _carry_out(self, page: Page, *, dry_run: bool) -> Response:
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        selection, wish = _selection(page.form, self.kind), _wish(page.form)
        report = await change_licences_together(
            page.services,
            organization_id=page.organization_id,
            selection=selection,
            wish=wish,
            expected=page.form.get(DIGEST, ""),
            dry_run=dry_run,
        )
        if isinstance(report, Refused):
            if report.code is RefusalCode.INVALID_INPUT:
                return await self._choose(frame, problem=_problem(report, wish), status=422)
            return self.door.refused(page, report)
        if report.written:
            links = people_links(page)
            query = filters.written(selection.narrowed) if selection.narrowed else {}
            count = str(report.change_count)
            return self.door.see_other(links.people(self.kind, notice="licences", count=count, **query))
        return self._preview(frame, report, wish, selection)

    async def _choose(self, frame: Framed, *, problem: str = "", status: int = 200) -> Response:
        page = frame.page
        selection = _selection(page.form, self.kind)
        count: int | Refused = len(selection.party_ids)
        if selection.narrowed is not None:
            count = await count_people(page.services, organization_id=page.organization_id, narrowed=selection.narrowed)
        stock = await list_licences(page.services, organization_id=page.organization_id)
        if isinstance(count, Refused):
            return self.door.refused(page, count)
        if isinstance(stock, Refused):
            return self.door.refused(page, stock)
        free = {
            licence: None
            if any(each.free is None for each in stock if each.licence is licence)
            else sum(each.free or 0 for each in stock if each.licence is licence)
            for licence in Licence
        }
        free[Licence.COMMUNICATIONS_CREDITS] = None
        return self._html(
            "people/choose.html",
            frame,
            status=status,
            count=count,
            free=free,
            problem=page.speech.say(problem) if problem else "",
            hidden=_carried(selection),
            ticked=page.form,
        )

    def _preview(self, frame: Framed, report: BulkReport, wish: Wish, selection: Selection) -> Response:
        hidden = {**_carried(selection), DIGEST: report.digest}
        hidden |= {f"{ASSIGN}{licence}": "yes" for licence in wish.assign}
        hidden |= {f"{TAKE}{licence}": "yes" for licence in wish.take}
        if wish.replaces:
            hidden[REPLACES] = "yes"
        speech = frame.page.speech
        return self._html(
            "people/preview.html",
            frame,
            status=409 if report.moved else 200,
            report=report,
            wish=wish,
            hidden=hidden,
            why=lambda refused: roster_words.licence_refusal(speech, refused),
        )

    def _html(self, template: str, frame: Framed, *, status: int = 200, **values: object) -> Response:
        return self.door.html(
            template,
            frame.page,
            status=status,
            organization=frame.organization,
            people=people_links(frame.page),
            kind=self.kind,
            words=roster_words,
            licence_codes=tuple(Licence),
            **values,
        )


def _selection(fields: Mapping[str, str], kind: PartyKind) -> Selection:
    """Whom a form chose: everybody who meets its filter, or those who were picked."""
    if fields.get(WHOM) == ALL:
        return Selection(narrowed=filters.read_filter(fields, kind))
    named = [*fields.get(PICKED, "").split(","), *(name.removeprefix(PICK) for name in fields if name.startswith(PICK))]
    picked = dict.fromkeys(each for each in named if is_identifier(each))
    return Selection(party_ids=tuple(picked)[: PICKED_MAX + 1])


def _carried(selection: Selection) -> dict[str, str]:
    """The hidden fields that choose the same people again."""
    if selection.narrowed is None:
        return {WHOM: PICKED, PICKED: ",".join(selection.party_ids)}
    return {WHOM: ALL, **filters.written(selection.narrowed)}


def _wish(fields: Mapping[str, str]) -> Wish:
    return Wish(
        assign=frozenset(licence for licence in Licence if f"{ASSIGN}{licence}" in fields),
        take=frozenset(licence for licence in Licence if f"{TAKE}{licence}" in fields),
        replaces=REPLACES in fields,
    )


def _problem(refused: Refused, wish: Wish) -> str:
    if refused.facts.get("field") == "users":
        return marked("Nobody was ticked. Go back to the list and tick at least one person.")
    if wish.assign & wish.take:
        return marked("A licence can be either given or taken, not both.")
    return marked("Choose at least one licence to give or to take.")


def _not_permitted() -> Refused:
    return Refused(code=RefusalCode.NOT_PERMITTED, facts={"permission": Permission.USERS_WRITE.value})
