"""The settings of an organization: what it is called, its language, what is fixed, and what is shown and kept of calls.

Knows which question the page asks and which forms it takes. Refuses to know rules: policies and caps have pages of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from commcredits.core.account import OrganizationStatus
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.roster import CallsWithoutUser
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView
from commcredits.edges.portal.framing import Framed, framed
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.rendering import OTHER_LANGUAGE_NAMES
from commcredits.edges.portal.sentences import Speech
from commcredits.edges.translations import marked
from commcredits.operations.closing import Closing, ClosingWait, get_closing
from commcredits.operations.organizations import NAME_CHARACTERS_MAX, change_organization
from commcredits.operations.rules import change_rules, read_rules

SETTINGS: Final = "/organizations/{organization_id:uuid}/settings"
UNASSIGNED: Final = f"{SETTINGS}/unassigned-calls"

_SAVED: Final = "saved"
_SENTENCES: Final[Mapping[str, str]] = {
    "name": marked("The name is 1 to %(characters)s characters on one line."),
    "language": marked("Choose one of the languages."),
    "calls": marked("Choose one of the two."),
}
_WAITS: Final[Mapping[ClosingWait, str]] = {
    ClosingWait.CALLS_IN_PROGRESS: marked("It waits until the calls in progress have ended."),
    ClosingWait.PAYMENTS_OPEN: marked("It waits for payments that are under way."),
    ClosingWait.REFUNDS_OPEN: marked("It waits for refunds that are under way."),
    ClosingWait.WORKER: marked("What is left of the balance is dealt with next."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsPages:
    """Each method answers one address."""

    door: Door

    async def show(self, page: Page) -> Response:
        """The settings as they are."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        values = {"name": frame.organization.name, "language": frame.organization.language}
        return await self._html(frame, FormView(values=values, command_id=""))

    async def save(self, page: Page) -> Response:
        """Take another name or language; a form with something wrong in it comes back."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        values = {name: page.form.get(name, "") for name in ("name", "language")}
        values["name"] = " ".join(values["name"].split())
        saved = await change_organization(page.services, organization_id=page.organization_id, **values)
        if isinstance(saved, Refused):
            if saved.code is not RefusalCode.INVALID_INPUT:
                return self.door.refused(page, saved)
            return await self._html(frame, _refused(values, str(saved.facts["field"]), page.speech), status=422)
        return self.door.see_other(_address(page, "organization"))

    async def save_calls(self, page: Page) -> Response:
        """Choose what becomes of calls that belong to nobody."""
        frame = await framed(self.door, page)
        if isinstance(frame, Refused):
            return self.door.refused(page, frame)
        chosen = page.form.get("calls", "")
        if chosen not in set(CallsWithoutUser):
            values = {"name": frame.organization.name, "language": frame.organization.language}
            return await self._html(frame, _refused(values, "calls", page.speech), status=422)
        saved = await change_rules(
            page.services,
            organization_id=page.organization_id,
            change=lambda rules: replace(rules, calls_without_user=CallsWithoutUser(chosen)),
        )
        return (
            self.door.refused(page, saved)
            if isinstance(saved, Refused)
            else self.door.see_other(_address(page, "calls"))
        )

    async def _html(self, frame: Framed, form: FormView, *, status: int = 200) -> Response:
        """The page with what whoever looks may know."""
        page, organization = frame.page, frame.organization
        closing: Closing | None = None
        if organization.status is not OrganizationStatus.OPEN:
            found = await get_closing(page.services, organization_id=organization.organization_id)
            closing = None if isinstance(found, Refused) else found
        rules = None
        if page.may("policies.read"):
            read = await read_rules(page.services, organization_id=organization.organization_id)
            rules = None if isinstance(read, Refused) else read.rules
        return self.door.html(
            "settings_pages/settings.html",
            page,
            status=status,
            organization=organization,
            form=form,
            saved=page.request.query_params.get(_SAVED, ""),
            addresses={"settings": _address(page), "calls": f"{_address(page)}/unassigned-calls"},
            languages_to_choose=tuple(OTHER_LANGUAGE_NAMES.items()),
            name_characters=NAME_CHARACTERS_MAX,
            rules=rules,
            closing=closing,
            closing_wait=_WAITS[closing.waits_for] if closing is not None and closing.waits_for is not None else "",
            **_of_calls(page, organization.country),
        )


def settings_routes(door: Door) -> list[BaseRoute]:
    """The addresses of the settings."""
    pages = SettingsPages(door=door)
    return [
        Route(SETTINGS, door.guarded(pages.show)),
        Route(SETTINGS, door.guarded(pages.save), methods=["POST"]),
        Route(UNASSIGNED, door.guarded(pages.save_calls), methods=["POST"]),
    ]


def _address(page: Page, saved: str = "") -> str:
    base = page.links.root + SETTINGS.replace("{organization_id:uuid}", page.organization_id)
    return f"{base}?{urlencode({_SAVED: saved})}" if saved else base


def _of_calls(page: Page, country: str) -> dict[str, Any]:
    """What is hidden of numbers, and for how long calls are kept, as the operator has set it."""
    privacy = page.services.reports.privacy
    return {
        "masked_digits": privacy.masked_digits.get(country, 0),
        "kept_days": privacy.kept_days(country),
        "other_periods": [
            (days, ", ".join(sorted(page.speech.formats.country(code) for code in codes)))
            for days in privacy.periods()
            if (codes := [code for code in privacy.locations_kept(days) if code != country])
        ],
        "kept_days_default": privacy.retention_days_default,
    }


def _refused(values: Mapping[str, str], field: str, speech: Speech) -> FormView:
    sentence = speech.say(_SENTENCES[field], characters=str(NAME_CHARACTERS_MAX)) if field in _SENTENCES else ""
    return FormView(values=values, command_id="", errors={field: sentence})
