"""Billing > Payment methods: the list, adding on a gateway's page, replacing, removing, default and backup.

Knows which question each page asks and which template shows the answer. Refuses to know card numbers, and to lead a
payer back to any address but one of the portal's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from starlette.responses import Response

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.portal import method_sentences
from commcredits.edges.portal.door import Door
from commcredits.edges.portal.forms import COMMAND_ID, new_command_id
from commcredits.edges.portal.leaving import lead_away
from commcredits.edges.portal.method_ports import ByHand, MethodOperations, MethodsView, MethodView
from commcredits.edges.portal.method_sentences import MethodProblem
from commcredits.edges.portal.page import Page
from commcredits.edges.translations import marked

WAY: Final = "way"
ORDER_NUMBER: Final = "order_number"
INSTEAD: Final = "instead"
GATEWAY: Final = "gateway"
SINCE: Final = "since"
_GATEWAY_WAY: Final = "gateway:"
_ROLES: Final = "roles"
_REMOVED: Final = "removed"
_REPLACED: Final = "replaced"
_SAID: Final = frozenset({_ROLES, _REMOVED, _REPLACED})

_ORDER: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_-]{0,39}", re.ASCII)
_COMMAND: Final = re.compile(r"[0-9a-f-]{36}", re.ASCII)
_SECONDS: Final = re.compile(r"[0-9]{1,11}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodNotice:
    """What the list announces: methods that were just added, something that was done, or why it was not."""

    added: tuple[MethodView, ...] = ()
    done: str = ""
    nothing_added: bool = False
    problem: MethodProblem | None = None
    again: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddView:
    """The form that adds a method, as it is shown; ``errors`` are sentences by field."""

    way: str
    order_number: str
    instead: str
    command_id: str
    errors: dict[str, str] = field(default_factory=dict)
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodPages:
    """Each method answers one address."""

    door: Door
    operations: Callable[[Page], MethodOperations]

    async def methods(self, page: Page) -> Response:
        """The list, with what was just done to it."""
        view = await self._view(page)
        if isinstance(view, Refused):
            return self._refused(page, view)
        query = page.request.query_params
        since = _instant(query.get("added", ""))
        added = () if since is None else tuple(each for each in view.methods if each.created_at >= since)
        said = query.get("done", "")
        notice = MethodNotice(
            added=added, nothing_added=since is not None and not added, done=said if said in _SAID else ""
        )
        return self._list(page, view, notice)

    async def add_form(self, page: Page) -> Response:
        """The ways to add one."""
        view = await self._view(page)
        if isinstance(view, Refused):
            return self._refused(page, view)
        instead = page.request.query_params.get(INSTEAD, "")
        form = AddView(
            way=f"{_GATEWAY_WAY}{view.gateways[0]}" if view.gateways else ByHand.BANK_TRANSFER.value,
            order_number="",
            instead=instead if view.method(instead) else "",
            command_id=new_command_id(),
        )
        return self._add_form(page, view, form)

    async def add(self, page: Page) -> Response:
        """Lead to the gateway's page, or add what is paid by hand at once."""
        view = await self._view(page)
        if isinstance(view, Refused):
            return self._refused(page, view)
        form = _posted(page, view)
        organization_id = view.organization.organization_id
        gateway = form.way.removeprefix(_GATEWAY_WAY)
        if form.way.startswith(_GATEWAY_WAY) and gateway in view.gateways:
            return await self._to_gateway(page, view, form, gateway)
        if form.way not in set(ByHand) or not view.by_hand:
            form.errors[WAY] = page.speech.say(marked("Choose one of these ways to pay."))
            return self._add_form(page, view, form, status=422)
        way = ByHand(form.way)
        if way is ByHand.PURCHASE_ORDER and not _ORDER.fullmatch(form.order_number):
            form.errors[ORDER_NUMBER] = method_sentences.order_number_allowed(page.speech)
            return self._add_form(page, view, form, status=422)
        added = await self.operations(page).add_method_by_hand(organization_id, way=way, order_number=form.order_number)
        if isinstance(added, Refused):
            return self._add_form(page, view, form, status=422, problem=page.speech.refusal(added, ""))
        if form.instead:
            return self._lead(page, page.links.replace_method(organization_id, form.instead, by=added.payment_method))
        return self._lead(page, page.links.methods(organization_id, added=_seconds(added.created_at)))

    async def added(self, page: Page) -> Response:
        """Whoever comes back from a gateway's page: keep what was entered there, and show it."""
        organization_id = _organization_id(page)
        query = page.request.query_params
        gateway, since, instead = query.get(GATEWAY, ""), query.get(SINCE, ""), query.get(INSTEAD, "")
        kept = await self.operations(page).finish_adding_methods(organization_id, gateway=gateway)
        view = await self._view(page)
        if isinstance(view, Refused):
            return self._refused(page, view)
        if isinstance(kept, Refused):
            problem = MethodProblem(sentence=page.speech.refusal(kept, ""))
            return self._list(page, view, MethodNotice(problem=problem, again=page.here), status=503)
        began = _instant(since)
        new = [each for each in view.methods if began is not None and each.created_at >= began]
        if new and view.method(instead) is not None:
            by = new[-1].payment_method
            return self.door.see_other(page.links.replace_method(organization_id, instead, by=by))
        return self.door.see_other(page.links.methods(organization_id, added=since))

    async def choose(self, page: Page) -> Response:
        """Put default and backup in force."""
        view = await self._view(page)
        if isinstance(view, Refused):
            return self._refused(page, view)
        chosen = await self.operations(page).choose_methods(
            view.organization.organization_id,
            default=page.form.get("default", ""),
            backup=page.form.get("backup", "") or None,
            command_id=_command_id(page),
        )
        return await self._done(page, view, chosen, _ROLES)

    async def replace_form(self, page: Page) -> Response:
        """Ask which other one takes its place."""
        view, method = await self._one(page)
        if isinstance(view, Refused) or method is None:
            return self._refused(page, view)
        return self._replace_form(page, view, method, by=page.request.query_params.get("by", ""))

    async def replace(self, page: Page) -> Response:
        """Let the other one take its place."""
        view, method = await self._one(page)
        if isinstance(view, Refused) or method is None:
            return self._refused(page, view)
        by = page.form.get("by", "")
        replaced = await self.operations(page).replace_method(
            view.organization.organization_id, payment_method=method.payment_method, by=by, command_id=_command_id(page)
        )
        if isinstance(replaced, Refused):
            problem = method_sentences.why(replaced, page.speech)
            return self._replace_form(page, view, method, by=by, problem=problem, status=422)
        return self._lead(page, page.links.methods(view.organization.organization_id, done=_REPLACED))

    async def remove_form(self, page: Page) -> Response:
        """Ask whether it shall really be removed."""
        view, method = await self._one(page)
        if isinstance(view, Refused) or method is None:
            return self._refused(page, view)
        return self._remove_form(page, view, method)

    async def remove(self, page: Page) -> Response:
        """Remove it, or say what stands against that."""
        view, method = await self._one(page)
        if isinstance(view, Refused) or method is None:
            return self._refused(page, view)
        organization_id = view.organization.organization_id
        removed = await self.operations(page).remove_method(organization_id, payment_method=method.payment_method)
        if isinstance(removed, Refused):
            return self._remove_form(page, view, method, method_sentences.why(removed, page.speech), status=422)
        return self._lead(page, page.links.methods(organization_id, done=_REMOVED))

    async def transfer(self, page: Page) -> Response:
        """What to pay by hand: how much, to whom, with which reference."""
        top_up_id = str(page.request.path_params["top_up_id"])
        found = await self.operations(page).transfer(_organization_id(page), top_up_id=top_up_id)
        if isinstance(found, Refused):
            return self._refused(page, found)
        return self.door.html("payment_method_transfer.html", page, organization=found.organization, transfer=found)

    async def _to_gateway(self, page: Page, view: MethodsView, form: AddView, gateway: str) -> Response:
        organization_id = view.organization.organization_id
        query = {GATEWAY: gateway, SINCE: page.form.get(SINCE, "")}
        if not _SECONDS.fullmatch(query[SINCE]):
            query[SINCE] = _seconds(view.as_of)
        if form.instead:
            query[INSTEAD] = form.instead
        address = await self.operations(page).begin_adding_method(
            organization_id,
            gateway=gateway,
            return_path=page.links.method_added(organization_id, **query),
            command_id=form.command_id,
        )
        if isinstance(address, Refused):
            return self._add_form(page, view, form, status=422, problem=page.speech.refusal(address, ""))
        return lead_away(
            self.door,
            page,
            address,
            gateway=_gateway_name(page, gateway),
            back=page.links.methods(organization_id),
            asks_for="method",
        )

    async def _view(self, page: Page) -> MethodsView | Refused:
        return await self.operations(page).payment_methods(_organization_id(page))

    async def _one(self, page: Page) -> tuple[MethodsView | Refused, MethodView | None]:
        """The method that the address names; one of another organization is as unknown as none."""
        view = await self._view(page)
        if isinstance(view, Refused):
            return view, None
        method = view.method(str(page.request.path_params["payment_method"]))
        return (view, method) if method else (Refused(code=RefusalCode.UNKNOWN_PAYMENT_METHOD), None)

    async def _done(self, page: Page, view: MethodsView, outcome: Refused | None, said: str) -> Response:
        if outcome is None:
            return self._lead(page, page.links.methods(view.organization.organization_id, done=said))
        problem = method_sentences.why(outcome, page.speech)
        return self._list(page, view, MethodNotice(problem=problem), status=422)

    def _lead(self, page: Page, address: str) -> Response:
        """Lead on after a form was done: htmx opens the page, a browser is redirected to it."""
        if page.is_fragment:
            return Response(status_code=200, headers={"HX-Redirect": address})
        return self.door.see_other(address)

    def _list(self, page: Page, view: MethodsView, notice: MethodNotice, *, status: int = 200) -> Response:
        return self.door.html(
            "payment_methods.html",
            page,
            status=status,
            view=view,
            organization=view.organization,
            notice=notice,
            command_id=new_command_id(),
        )

    def _add_form(
        self, page: Page, view: MethodsView, form: AddView, *, status: int = 200, problem: str = ""
    ) -> Response:
        return self.door.html(
            "_payment_method_add.html" if page.is_fragment else "payment_method_add.html",
            page,
            status=status,
            view=view,
            organization=view.organization,
            form=form,
            since=_seconds(view.as_of),
            problem=problem,
            gateways=[(f"{_GATEWAY_WAY}{each}", _gateway_name(page, each)) for each in view.gateways],
        )

    def _replace_form(
        self,
        page: Page,
        view: MethodsView,
        method: MethodView,
        *,
        by: str,
        problem: MethodProblem | None = None,
        status: int = 200,
    ) -> Response:
        others = tuple(each for each in view.methods if each is not method)
        return self.door.html(
            "payment_method_replace.html",
            page,
            status=status,
            organization=view.organization,
            method=method,
            others=others,
            by=by if any(each.payment_method == by for each in others) else "",
            problem=problem,
            command_id=new_command_id(),
        )

    def _remove_form(
        self,
        page: Page,
        view: MethodsView,
        method: MethodView,
        problem: MethodProblem | None = None,
        *,
        status: int = 200,
    ) -> Response:
        return self.door.html(
            "payment_method_remove.html",
            page,
            status=status,
            organization=view.organization,
            method=method,
            problem=problem,
        )

    def _refused(self, page: Page, refused: object) -> Response:
        assert isinstance(refused, Refused)
        return self.door.refused(page, refused)


def _organization_id(page: Page) -> str:
    return str(page.request.path_params["organization_id"])


def _posted(page: Page, view: MethodsView) -> AddView:
    """The form as it was posted; what it is to take the place of is one of the organization's own."""
    instead = page.form.get(INSTEAD, "")
    return AddView(
        way=page.form.get(WAY, ""),
        order_number=page.form.get(ORDER_NUMBER, "").strip(),
        instead=instead if view.method(instead) else "",
        command_id=_command_id(page),
    )


def _command_id(page: Page) -> str:
    """The form's one-time key, a fresh one where it carries none."""
    given = page.form.get(COMMAND_ID, "")
    return given if _COMMAND.fullmatch(given) else new_command_id()


def _gateway_name(page: Page, gateway: str) -> str:
    return page.speech.say(method_sentences.GATEWAYS[gateway]) if gateway in method_sentences.GATEWAYS else gateway


def _seconds(instant: datetime) -> str:
    return str(int(instant.timestamp()))


def _instant(seconds: str) -> datetime | None:
    return datetime.fromtimestamp(int(seconds), UTC) if _SECONDS.fullmatch(seconds) else None
