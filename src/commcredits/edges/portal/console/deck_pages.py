"""The console's pages of rate decks: the list, a new draft, one deck and its life, a comparison, an explanation.

Knows which question each page asks. Refuses to read files and to price calls.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from starlette.responses import Response

from commcredits.core.commands import Service
from commcredits.core.outcomes import Refused
from commcredits.edges.portal.console import words
from commcredits.edges.portal.console.desk import PER_PAGE, Desk, Fields, blank, cursor_of
from commcredits.edges.portal.console.links import console_links
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.uploads import FILE_BYTES_MAX, TOO_LARGE, bytes_of
from commcredits.operations.cost_decks import set_cost_deck
from commcredits.operations.rate_comparing import Difference, compare_rate_decks, list_rate_differences
from commcredits.operations.rate_deck_life import discard_draft, publish_draft, roll_back_rate_deck
from commcredits.operations.rate_explaining import RateExplanation, explain_rate
from commcredits.operations.rate_lists import list_rates
from commcredits.operations.tariffs import RateDeckInfo, draft_rate_deck, get_rate_deck, list_rate_decks
from commcredits.storage.decks import RateDeckState

NEW_FIELDS: Final = ("name", "currency", "file")
PUBLISH_FIELDS: Final = ("replaces", "in_force_at")
COST_FIELDS: Final = ("in_force_at",)
EXPLAIN_FIELDS: Final = ("number", "service", "at", "seconds", "rate_deck_id", "origin")
_DECKS_MAX: Final = 200
_SECONDS_DEFAULT: Final = "60"
_SECONDS_DIGITS_MAX: Final = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckPages:
    """Each method answers one address."""

    desk: Desk

    async def decks(self, page: Page) -> Response:
        """Decks, newest first; in one state if asked."""
        wanted = page.request.query_params.get("state", "")
        state = wanted if wanted in set(RateDeckState) else None
        listed = await list_rate_decks(page.services, cursor=cursor_of(page), limit=PER_PAGE, state=state)
        if isinstance(listed, Refused):
            return self.desk.refused(page, listed)
        return self.desk.show(page, "decks.html", listed=listed, state=state or "", words=words)

    async def new_form(self, page: Page) -> Response:
        """The form that uploads a draft."""
        return self._new(page, blank(NEW_FIELDS, {"currency": "EUR"}))

    async def new(self, page: Page) -> Response:
        """Keep the draft, or say what is wrong with the file by line and column."""
        fields = Fields(page)
        if page.form.get(TOO_LARGE):
            fields.wrong("file", words.FILE_TOO_LARGE)
            return self._new(page, fields.view(NEW_FIELDS), status=422)
        drafted = await draft_rate_deck(
            page.services,
            command_id=fields.command_id,
            name=fields.text("name"),
            currency=fields.text("currency").upper(),
            lines=[bytes_of(page.form.get("file", ""))],
        )
        if isinstance(drafted, Refused):
            return self._new(page, self._wrong(page, fields, drafted), status=422)
        return self.desk.done(console_links(page).deck(drafted.rate_deck_id, done="drafted"))

    async def deck(self, page: Page) -> Response:
        """One deck: what can be done with it, and its rates."""
        return await self._one(page)

    async def publish(self, page: Page) -> Response:
        """Publish a draft, in the place of another deck or of none, at once or at an instant."""
        fields = Fields(page)
        at = fields.instant("in_force_at")
        if fields.errors:
            return await self._one(page, publishing=fields.view(PUBLISH_FIELDS))
        moved = await publish_draft(
            page.services,
            command_id=fields.command_id,
            rate_deck_id=_deck_id(page),
            in_force_at=at,
            replaces_rate_deck_id=fields.identifier("replaces") or None,
        )
        if isinstance(moved, Refused):
            return await self._one(page, publishing=fields.refused(PUBLISH_FIELDS, moved))
        return self._back(page, "published", moved.organizations, len(moved.left))

    async def roll_back(self, page: Page) -> Response:
        """Put everybody back on the deck that this one replaced."""
        fields = Fields(page)
        moved = await roll_back_rate_deck(page.services, command_id=fields.command_id, rate_deck_id=_deck_id(page))
        if isinstance(moved, Refused):
            return self.desk.refused(page, moved)
        return self._back(page, "rolled_back", moved.organizations, len(moved.left))

    async def discard(self, page: Page) -> Response:
        """Discard a draft and its rates."""
        discarded = await discard_draft(page.services, rate_deck_id=_deck_id(page))
        if isinstance(discarded, Refused):
            return self.desk.refused(page, discarded)
        return self.desk.done(console_links(page).to("rate-decks", done="discarded"))

    async def cost(self, page: Page) -> Response:
        """Make a draft say what calls cost."""
        fields = Fields(page)
        at = fields.instant("in_force_at")
        if fields.errors:
            return await self._one(page, costing=fields.view(COST_FIELDS))
        made = await set_cost_deck(page.services, rate_deck_id=_deck_id(page), in_force_at=at)
        if isinstance(made, Refused):
            return await self._one(page, costing=fields.refused(COST_FIELDS, made))
        return self._back(page, "cost", 0, 0)

    async def compare(self, page: Page) -> Response:
        """What this deck would change in the place of another."""
        query = page.request.query_params
        deck = await get_rate_deck(page.services, rate_deck_id=_deck_id(page))
        if isinstance(deck, Refused):
            return self.desk.refused(page, deck)
        others = [each for each in await self._published(page, deck.currency) if each.rate_deck_id != _deck_id(page)]
        earlier_id = query.get("with", "") or (others[0].rate_deck_id if others else "")
        if not earlier_id:
            return self.desk.show(page, "compare.html", deck=deck, others=others, compared=None, words=words)
        compared = await compare_rate_decks(page.services, earlier_id=earlier_id, later_id=_deck_id(page))
        if isinstance(compared, Refused):
            return self.desk.refused(page, compared)
        kind = query.get("difference", "")
        differences = await list_rate_differences(
            page.services,
            earlier_id=earlier_id,
            later_id=_deck_id(page),
            cursor=cursor_of(page),
            limit=PER_PAGE,
            at=compared.at,
            difference=kind if kind in set(Difference) else None,
        )
        if isinstance(differences, Refused):
            return self.desk.refused(page, differences)
        return self.desk.show(
            page,
            "compare.html",
            deck=deck,
            others=others,
            compared=compared,
            differences=differences,
            difference=kind,
            words=words,
        )

    async def explain(self, page: Page) -> Response:
        """Why a call costs what it costs."""
        query = page.request.query_params
        decks = await list_rate_decks(page.services, cursor=None, limit=_DECKS_MAX)
        if isinstance(decks, Refused):
            return self.desk.refused(page, decks)
        values = {name: query.get(name, "") for name in EXPLAIN_FIELDS}
        values["seconds"] = values["seconds"] or _SECONDS_DEFAULT
        values["service"] = values["service"] or Service.OUTBOUND.value
        form = FormView(values=values, command_id="")
        explained: RateExplanation | None = None
        if values["number"]:
            asked = await self._explained(page, values)
            if isinstance(asked, Refused):
                form = FormView(values=values, command_id="", problem=_said(page, asked))
            else:
                explained = asked
        return self.desk.show(
            page,
            "explain.html",
            form=form,
            decks=decks.items,
            explained=explained,
            services=tuple(Service),
            words=words,
        )

    async def _explained(self, page: Page, values: dict[str, str]) -> RateExplanation | Refused:
        seconds = values["seconds"]
        readable = seconds.isascii() and seconds.isdigit() and len(seconds) <= _SECONDS_DIGITS_MAX
        read = Fields(replace(page, form=values)).instant("at")
        return await explain_rate(
            page.services,
            number=values["number"].replace(" ", ""),
            service=values["service"],
            at=read or page.services.clock(),
            seconds=int(seconds) if readable else -1,
            rate_deck_id=values["rate_deck_id"],
            organization_id=page.request.query_params.get("organization", ""),
            origin_country=values["origin"].upper(),
        )

    async def _published(self, page: Page, currency: str) -> list[RateDeckInfo]:
        listed = await list_rate_decks(page.services, cursor=None, limit=_DECKS_MAX, state="published")
        return [] if isinstance(listed, Refused) else [each for each in listed.items if each.currency == currency]

    async def _one(self, page: Page, **forms: FormView) -> Response:
        deck = await get_rate_deck(page.services, rate_deck_id=_deck_id(page))
        if isinstance(deck, Refused):
            return self.desk.refused(page, deck)
        prefix = page.request.query_params.get("prefix", "")
        rates = await list_rates(
            page.services,
            rate_deck_id=_deck_id(page),
            prefix=prefix if prefix.isascii() and prefix.isdigit() else "",
            cursor=cursor_of(page),
            limit=PER_PAGE,
        )
        if isinstance(rates, Refused):
            return self.desk.refused(page, rates)
        query = page.request.query_params
        return self.desk.show(
            page,
            "deck.html",
            status=422 if forms else 200,
            deck=deck,
            rates=rates,
            prefix=prefix,
            published=await self._published(page, deck.currency),
            moved=query.get("moved", "") if query.get("moved", "").isdigit() else "",
            left=query.get("left", "") if query.get("left", "").isdigit() else "",
            words=words,
            forms={
                "publishing": blank(PUBLISH_FIELDS),
                "costing": blank(COST_FIELDS),
                "other": blank(()),
                **forms,
            },
        )

    def _back(self, page: Page, done: str, moved: int, left: int) -> Response:
        links = console_links(page)
        return self.desk.done(links.deck(_deck_id(page), done=done, moved=str(moved), left=str(left)))

    def _new(self, page: Page, form: FormView, *, status: int = 200) -> Response:
        megabytes = page.speech.formats.count(FILE_BYTES_MAX // (1024 * 1024))
        return self.desk.show(page, "deck_new.html", status=status, form=form, megabytes=megabytes)

    def _wrong(self, page: Page, fields: Fields, refused: Refused) -> FormView:
        """What is wrong with the file, by line and column; or with another field."""
        if "line" in refused.facts:
            fields.wrong(
                "file",
                words.WRONG_LINE_AND_COLUMN if refused.facts.get("column") else words.WRONG_LINE,
                line=page.speech.formats.count(int(refused.facts["line"])),
                column=str(refused.facts.get("column", "")),
                value=str(refused.facts.get("value", "")),
                allowed=str(refused.facts.get("allowed", "")),
            )
            return fields.view(NEW_FIELDS)
        return fields.refused(NEW_FIELDS, refused)


def _deck_id(page: Page) -> str:
    return str(page.request.path_params["rate_deck_id"])


def _said(page: Page, refused: Refused) -> str:
    if "allowed" in refused.facts and "field" in refused.facts:
        return page.speech.say(
            words.FIELD_IS_WRONG, field=str(refused.facts["field"]), allowed=str(refused.facts["allowed"])
        )
    return page.speech.refusal(refused, "")
