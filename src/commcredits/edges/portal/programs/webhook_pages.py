"""The pages of webhooks: endpoints, one with the log of its deliveries, its secret shown once.

Knows which question each page asks of the operations and which template shows the answer. Refuses to know where
webhooks may go.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from starlette.responses import Response

from commcredits.core.access import Permission
from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import FormView, new_command_id
from commcredits.edges.portal.page import Page
from commcredits.edges.portal.programs import forms
from commcredits.edges.portal.programs.links import links_of
from commcredits.edges.portal.telling.words import groups_of_kinds
from commcredits.edges.translations import marked
from commcredits.edges.translations.notice_words import EXPLANATIONS
from commcredits.operations import webhook_deliveries, webhook_endpoints
from commcredits.operations.notice_kinds import CHOICES, NoticeGroup
from commcredits.operations.organizations import Organization
from commcredits.operations.webhook_deliveries import STATES
from commcredits.operations.webhook_endpoints import Endpoint, EndpointWithSecret

DELIVERIES_PER_PAGE: Final = 25

_FIELDS: Final = (forms.URL, forms.DESCRIPTION)
_DONE: Final = {
    "changed": marked("The endpoint was changed"),
    "enabled": marked("The endpoint was enabled"),
    "disabled": marked("The endpoint was disabled"),
    "removed": marked("The endpoint was removed"),
    "resent": marked("The message is on its way again"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookPages:
    """Each method answers one address."""

    door: Door

    async def webhooks(self, page: Page) -> Response:
        """Every endpoint."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        page = page.in_time_zone(organization.time_zone)
        found = await webhook_endpoints.list_endpoints(page.services, organization_id=page.organization_id)
        if isinstance(found, Refused):
            return self.door.refused(page, found)
        done = _DONE.get(page.request.query_params.get("done", ""), "")
        return self._html("programs/webhooks.html", page, organization, endpoints=found, done=done)

    async def new_form(self, page: Page) -> Response:
        """Where a program hears of what."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        if not page.may(Permission.WEBHOOKS_WRITE):
            return self.door.refused(page, Refused(code=RefusalCode.NOT_PERMITTED))
        form = FormView(values=dict.fromkeys(_FIELDS, ""), command_id=new_command_id())
        return self._form(page, organization, form, (NoticeGroup.ALL.value,), None)

    async def add(self, page: Page) -> Response:
        """Add an endpoint, and show its secret, this once."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        chosen = forms.ticked(page.form, forms.KINDS, CHOICES)
        values = {name: page.form.get(name, "").strip() for name in _FIELDS}
        added = await webhook_endpoints.add_endpoint(
            page.services, organization_id=page.organization_id, kinds=chosen, **values
        )
        if isinstance(added, Refused):
            return self._refused(page, organization, added, chosen, None)
        return self._secret(page, organization, added)

    async def one(self, page: Page) -> Response:
        """One endpoint, and what was delivered to it."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        page = page.in_time_zone(organization.time_zone)
        endpoint = await self._endpoint(page)
        if isinstance(endpoint, Refused):
            return self.door.refused(page, endpoint)
        state = page.request.query_params.get("state", "")
        cursor = page.request.query_params.get("cursor")
        listed = await webhook_deliveries.list_deliveries(
            page.services,
            organization_id=page.organization_id,
            endpoint_id=endpoint.endpoint_id,
            state=state if state in STATES else None,
            cursor=cursor,
            limit=DELIVERIES_PER_PAGE,
        )
        if isinstance(listed, Refused):
            return self.door.refused(page, listed)
        return self._html(
            "programs/webhook.html",
            page,
            organization,
            endpoint=endpoint,
            listed=listed,
            state=state,
            is_first=cursor is None,
            done=_DONE.get(page.request.query_params.get("done", ""), ""),
        )

    async def change_form(self, page: Page) -> Response:
        """Where it is and what it hears of, to be changed."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        endpoint = await self._endpoint(page)
        if isinstance(endpoint, Refused) or not page.may(Permission.WEBHOOKS_WRITE):
            refused = endpoint if isinstance(endpoint, Refused) else Refused(code=RefusalCode.NOT_PERMITTED)
            return self.door.refused(page, refused)
        form = FormView(
            values={forms.URL: endpoint.url, forms.DESCRIPTION: endpoint.description}, command_id=new_command_id()
        )
        return self._form(page, organization, form, endpoint.kinds, endpoint)

    async def change(self, page: Page) -> Response:
        """Keep what was changed."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        endpoint = await self._endpoint(page)
        if isinstance(endpoint, Refused):
            return self.door.refused(page, endpoint)
        chosen = forms.ticked(page.form, forms.KINDS, CHOICES)
        values = {name: page.form.get(name, "").strip() for name in _FIELDS}
        changed = await webhook_endpoints.change_endpoint(
            page.services,
            organization_id=page.organization_id,
            endpoint_id=endpoint.endpoint_id,
            kinds=chosen,
            **values,
        )
        if isinstance(changed, Refused):
            return self._refused(page, organization, changed, chosen, endpoint)
        return self.door.see_other(links_of(page).webhook(endpoint.endpoint_id, done="changed"))

    async def rotate(self, page: Page) -> Response:
        """Give it a new secret, and show that, this once."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        rotated = await webhook_endpoints.rotate_secret(
            page.services, organization_id=page.organization_id, endpoint_id=_endpoint_id(page)
        )
        if isinstance(rotated, Refused):
            return self.door.refused(page, rotated)
        return self._secret(page, organization, rotated)

    async def enable(self, page: Page) -> Response:
        """Have it take messages again."""
        done = await webhook_endpoints.enable_endpoint(
            page.services, organization_id=page.organization_id, endpoint_id=_endpoint_id(page)
        )
        return self._back(page, done, "enabled")

    async def disable(self, page: Page) -> Response:
        """Send it nothing more."""
        done = await webhook_endpoints.disable_endpoint(
            page.services, organization_id=page.organization_id, endpoint_id=_endpoint_id(page)
        )
        return self._back(page, done, "disabled")

    async def remove_form(self, page: Page) -> Response:
        """Whether to forget it with its log."""
        organization = await self.door.organization(page)
        if isinstance(organization, Refused):
            return self.door.refused(page, organization)
        endpoint = await self._endpoint(page)
        if isinstance(endpoint, Refused):
            return self.door.refused(page, endpoint)
        return self._html("programs/webhook_remove.html", page, organization, endpoint=endpoint)

    async def remove(self, page: Page) -> Response:
        """Forget it with its log."""
        done = await webhook_endpoints.remove_endpoint(
            page.services, organization_id=page.organization_id, endpoint_id=_endpoint_id(page)
        )
        if isinstance(done, Refused):
            return self.door.refused(page, done)
        return self.door.see_other(links_of(page).webhooks(done="removed"))

    async def resend(self, page: Page) -> Response:
        """Have a message delivered again."""
        resent = await webhook_deliveries.resend_delivery(
            page.services,
            organization_id=page.organization_id,
            delivery_id=str(page.request.path_params["delivery_id"]),
        )
        return self._back(page, resent, "resent")

    async def _endpoint(self, page: Page) -> Endpoint | Refused:
        found = await webhook_endpoints.list_endpoints(page.services, organization_id=page.organization_id)
        if isinstance(found, Refused):
            return found
        wanted = _endpoint_id(page)
        unknown = Refused(code=RefusalCode.UNKNOWN_ENDPOINT, facts={"endpoint_id": wanted[:64]})
        return next((each for each in found if each.endpoint_id == wanted), unknown)

    def _back(self, page: Page, done: object, word: str) -> Response:
        if isinstance(done, Refused):
            return self.door.refused(page, done)
        return self.door.see_other(links_of(page).webhook(_endpoint_id(page), done=word))

    def _refused(
        self,
        page: Page,
        organization: Organization,
        refused: Refused,
        chosen: tuple[str, ...],
        endpoint: Endpoint | None,
    ) -> Response:
        form = forms.refused_form(refused, page.form, _FIELDS, page.speech)
        if form is None:
            return self.door.refused(page, refused)
        return self._form(page, organization, form, chosen, endpoint, status=422)

    def _form(
        self,
        page: Page,
        organization: Organization,
        form: FormView,
        chosen: tuple[str, ...],
        endpoint: Endpoint | None,
        *,
        status: int = 200,
    ) -> Response:
        return self._html(
            "programs/webhook_form.html",
            page,
            organization,
            status=status,
            form=form,
            chosen=chosen,
            endpoint=endpoint,
        )

    def _secret(self, page: Page, organization: Organization, made: EndpointWithSecret) -> Response:
        return self._html("programs/webhook_secret.html", page, organization, made=made)

    def _html(
        self, template: str, page: Page, organization: Organization, *, status: int = 200, **values: object
    ) -> Response:
        return self.door.html(
            template,
            page,
            status=status,
            organization=organization,
            to=links_of(page),
            groups=groups_of_kinds(),
            explanations={kind.value: sentence for kind, sentence in EXPLANATIONS.items()},
            **values,
        )


def _endpoint_id(page: Page) -> str:
    return str(page.request.path_params["endpoint_id"])
