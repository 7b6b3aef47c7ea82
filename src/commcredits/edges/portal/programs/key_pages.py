"""The pages of keys and of the sandbox: the list, a new one shown once, rotating, revoking, play money.

Knows which question each page asks of the operations and which template shows the answer. Refuses to keep a key for a
second look.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.programs import forms, words
from commcredits.edges.portal.programs.links import links_of
from commcredits.edges.translations import marked
from commcredits.operations import api_keys, sandboxes
from commcredits.operations.api_keys import PRESETS, ApiKey, NewApiKey, Preset
from commcredits.operations.organizations import Organization

KEYS_PER_PAGE: Final = 50
PLAY_MONEY_MICROS: Final = 100_000_000
"""How much play money a press of the button gives."""

_FIELDS: Final = (forms.NAME, forms.NOTE, forms.DAYS, forms.PLACE)
_OVERLAPS: Final = (0, 1, 24, 72, 168)
_DONE: Final = {
    "revoked": marked("The key was revoked"),
    "opened": marked("The sandbox is open"),
    "granted": marked("Play money was added"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPages:
    """Each method answers one address."""

    door: Door

    async def keys(self, page: Page) -> Response:
        """Every key, newest first, and the sandbox."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        page = page.in_time_zone(organization.time_zone)
        cursor = page.request.query_params.get("cursor")
        listed = await api_keys.list_api_keys(
            page.services, organization_id=page.organization_id, cursor=cursor, limit=KEYS_PER_PAGE
        )
        sandbox = await sandboxes.get_sandbox(page.services, organization_id=page.organization_id)
        if isinstance(listed, Refused) or isinstance(sandbox, Refused):
            return self.door.refused(page, listed if isinstance(listed, Refused) else sandbox)  # type: ignore[arg-type]  # one of the two is refused
        done = _DONE.get(page.request.query_params.get("done", ""), "")
        return self._html(
            "programs/keys.html",
            page,
            organization,
            listed=listed,
            sandbox=sandbox,
            done=done,
            is_first=cursor is None,
            command_id=new_command_id(),
        )

    async def new_form(self, page: Page) -> Response:
        """What a new key may do, and for how long."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        preset = page.request.query_params.get("preset", "")
        chosen = PRESETS[Preset(preset)] if preset in tuple(Preset) else frozenset()
        form = forms.blank_key(page.services.keys.days_max)
        return await self._form(page, organization, form, tuple(each.value for each in chosen), preset=preset)

    async def create(self, page: Page) -> Response:
        """Make a key and show it, this once."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        chosen = forms.ticked(page.form, forms.SCOPES, api_keys.SCOPES)
        days = forms.days_of(page.form, page.services.keys.days_max)
        if days is None:
            form = forms.wrong_days(page.form, _FIELDS, page.speech)
            return await self._form(page, organization, form, chosen, status=422)
        made = await api_keys.create_api_key(
            page.services,
            organization_id=page.organization_id,
            name=page.form.get(forms.NAME, "").strip(),
            scopes=chosen,
            note=page.form.get(forms.NOTE, "").strip(),
            expires_at=page.services.clock() + timedelta(days=days),
            is_sandbox=page.form.get(forms.PLACE) == forms.SANDBOX,
        )
        if isinstance(made, Refused):
            refused = forms.refused_form(made, page.form, _FIELDS, page.speech)
            if refused is None:
                return self.door.refused(page, made)
            return await self._form(page, organization, refused, chosen, status=422)
        return self._made(page, organization, made)

    async def rotate_form(self, page: Page) -> Response:
        """For how long the old key goes on."""
        return await self._about(page, "programs/key_rotate.html")

    async def rotate(self, page: Page) -> Response:
        """Make a key like another one, and show it, this once."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        given = page.form.get("overlap_hours", "")
        made = await api_keys.rotate_api_key(
            page.services,
            organization_id=page.organization_id,
            key_id=_key_id(page),
            overlap_hours=int(given) if given in {str(each) for each in _OVERLAPS} else -1,
        )
        if isinstance(made, Refused):
            return self.door.refused(page, made)
        return self._made(page, organization, made)

    async def revoke_form(self, page: Page) -> Response:
        """Whether to end a key."""
        return await self._about(page, "programs/key_revoke.html")

    async def revoke(self, page: Page) -> Response:
        """End a key."""
        done = await api_keys.revoke_api_key(page.services, organization_id=page.organization_id, key_id=_key_id(page))
        if isinstance(done, Refused):
            return self.door.refused(page, done)
        return self.door.see_other(links_of(page).keys(done="revoked"))

    async def open_sandbox(self, page: Page) -> Response:
        """Open the organization's sandbox."""
        opened = await sandboxes.open_sandbox(page.services, organization_id=page.organization_id)
        if isinstance(opened, Refused):
            return self.door.refused(page, opened)
        return self.door.see_other(links_of(page).keys(done="opened"))

    async def grant_play_money(self, page: Page) -> Response:
        """Put play money into the sandbox."""
        sandbox = await sandboxes.get_sandbox(page.services, organization_id=page.organization_id)
        granted = await sandboxes.grant_play_money(
            page.services,
            organization_id=page.organization_id,
            command_id=page.form.get("command_id", "") or new_command_id(),
            amount_micros=PLAY_MONEY_MICROS,
        )
        if isinstance(granted, Refused):
            currency = "" if isinstance(sandbox, Refused) or sandbox is None else sandbox.currency
            return self.door.refused(page, granted, currency)
        return self.door.see_other(links_of(page).keys(done="granted"))

    async def _about(self, page: Page, template: str) -> Response:
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        key = await self._one(page)
        if isinstance(key, Refused):
            return self.door.refused(page, key)
        return self._html(
            template, page.in_time_zone(organization.time_zone), organization, key=key, overlaps=_OVERLAPS
        )

    async def _one(self, page: Page) -> ApiKey | Refused:
        if not page.may(Permission.API_KEYS_WRITE):
            return Refused(code=RefusalCode.NOT_PERMITTED)
        return await api_keys.get_api_key(page.services, organization_id=page.organization_id, key_id=_key_id(page))

    async def _form(
        self,
        page: Page,
        organization: Organization,
        form: FormView,
        chosen: tuple[str, ...],
        *,
        status: int = 200,
        preset: str = "",
    ) -> Response:
        if not page.may(Permission.API_KEYS_WRITE):
            return self.door.refused(page, Refused(code=RefusalCode.NOT_PERMITTED))
        sandbox = await sandboxes.get_sandbox(page.services, organization_id=page.organization_id)
        days_max = page.services.keys.days_max
        return self._html(
            "programs/key_new.html",
            page,
            organization,
            status=status,
            form=form,
            chosen=chosen,
            preset=preset,
            presets=[each for each in Preset if PRESETS[each] <= page.actor.permissions],
            offered=api_keys.grantable(page.services),
            days=[each for each in forms.KEY_DAYS if each <= days_max] or [days_max],
            has_sandbox=sandbox is not None and not isinstance(sandbox, Refused),
        )

    def _made(self, page: Page, organization: Organization, made: NewApiKey) -> Response:
        page = page.in_time_zone(organization.time_zone)
        return self._html("programs/key_made.html", page, organization, made=made)

    def _html(
        self, template: str, page: Page, organization: Organization, *, status: int = 200, **values: object
    ) -> Response:
        return self.door.html(
            template,
            page,
            status=status,
            organization=organization,
            to=links_of(page),
            scope_words={each.value: sentence for each, sentence in words.SCOPES.items()},
            preset_words=words.PRESETS,
            state_words=words.STATES,
            **values,
        )


def _key_id(page: Page) -> str:
    return str(page.request.path_params["key_id"])
