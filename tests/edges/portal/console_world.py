"""Organizations to which everything happened that the console shows, behind a portal over the real database.

Knows the shortest way to each of those things. Refuses to know any page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.access import Actor, ActorKind, Role, permissions_of
from commcredits.core.commands import RequestTopUp
from commcredits.core.outcomes import Granted, Refused, TopUpTaken
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.adjustments import Adjustment, request_adjustment
from commcredits.operations.blocks import BlockRecord, set_block
from commcredits.operations.cost_decks import set_cost_deck
from commcredits.operations.jobs import Diary
from commcredits.operations.margin_reports import MarginReport, ask_for_margins, make_margin_reports
from commcredits.operations.payments import take_payment
from commcredits.operations.refund_asking import request_refund
from commcredits.operations.refund_requests import RefundRequest
from commcredits.operations.services import Services
from commcredits.operations.tariffs import RateDeckInfo, draft_rate_deck
from commcredits.operations.verification_runs import run_verification
from tests.edges.portal.visitor import TOKEN, Form, forms_of
from tests.operations.office import DECK, HEADER, NOON, Office, new_id, open_office
from tests.operations.staff import hire
from tests.operations.till import Till, open_till

UNIT: Final = 1_000_000
COSTS: Final = f"{HEADER}\n44,United Kingdom,outbound,0.66,0,1,1,2020-01-01,\n".encode()
"""Ten per cent dearer than what the office charges: every call loses money."""

ORIGIN: Final = "http://127.0.0.1:8080"


@dataclass(kw_only=True)
class ConsoleWorld:
    """Services, the portal as an application, and the ids of what happened."""

    office: Office
    till: Till
    services: Services
    application: Starlette
    ids: dict[str, str] = field(default_factory=dict)


@asynccontextmanager
async def open_world(database_url: str, folder: Path) -> AsyncIterator[ConsoleWorld]:
    """The empty console: one organization that can call, and nothing else."""
    async with open_office(database_url) as office, open_till(office, folder) as till:
        services = till.services
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN),
            now=services.clock,
            services=services,
        )
        world = ConsoleWorld(
            office=office, till=till, services=services, application=Starlette(routes=[Mount("/portal", portal)])
        )
        world.ids["organization"] = await office.calling_organization(name="Exemplu SRL")
        yield world


async def fill(world: ConsoleWorld) -> None:
    """Let everything happen that the console has a page for."""
    office, services, organization = world.office, world.services, world.ids["organization"]
    for each in range(3):
        await office.call(organization, f"call-{each}", 60 * (each + 1))
    granted = await office.authorise(organization, "live/1", switch="kamailio:edge")
    assert isinstance(granted, Granted), granted
    await office.authorise(organization, "unlinked")
    world.ids["user"] = await hire(services, organization, "front.desk@example.com")
    block = await set_block(
        services, organization_id=organization, command_id=new_id(), kind="destination", subject="BG"
    )
    assert isinstance(block, BlockRecord), block
    world.ids["block"] = block.block_id
    world.ids["adjustment"] = (await adjust(services, organization, 500 * UNIT)).adjustment_id
    world.ids["refund"] = (await refund(world)).refund_request_id
    await open_purchase(world)
    await costs(world)
    diary = Diary(services)
    diary.note("issue_receipts", interval_seconds=1, began_at=services.clock(), did=2)
    diary.note("expire_lots", interval_seconds=1, began_at=services.clock(), did=0, failure="ValueError")
    await diary.write()
    assert not isinstance(await run_verification(services), Refused)


async def adjust(services: Services, organization: str, micros: int, by: str = "ana") -> Adjustment:
    """An adjustment that somebody has asked for."""
    asked = await request_adjustment(
        services,
        organization_id=organization,
        command_id=new_id(),
        amount_micros=micros,
        reason="goodwill after an outage",
        requested_by=by,
    )
    assert isinstance(asked, Adjustment), asked
    return asked


async def refund(world: ConsoleWorld, units: int | None = None, by: str = "ana") -> RefundRequest:
    """A refund of a fresh purchase of 300 that somebody has asked for."""
    organization = world.ids["organization"]
    bought = await world.till.buy(organization, await world.till.card(organization), 300 * UNIT)
    asked = await request_refund(
        world.services.acting_as(staff(by)),
        organization_id=organization,
        command_id=new_id(),
        top_up_id=bought.top_up_id,
        amount_micros=None if units is None else units * UNIT,
        reason="bought by mistake",
        requested_by=by,
    )
    assert isinstance(asked, RefundRequest), asked
    return asked


async def open_purchase(world: ConsoleWorld) -> None:
    """A purchase whose payer has not approved it."""
    card = await world.till.card(world.ids["organization"], "sim_authenticate")
    command = RequestTopUp(
        organization_id=world.ids["organization"],
        command_id=new_id(),
        amount_micros=50 * UNIT,
        payment_method=card.payment_method_id,
    )
    taken = await world.services.executor.execute(command)
    assert isinstance(taken, TopUpTaken), taken
    await take_payment(world.services, organization_id=world.ids["organization"], top_up=taken, off_session=False)
    world.ids["top_up"] = taken.top_up_id


async def costs(world: ConsoleWorld) -> MarginReport:
    """A draft, a cost deck, and a report on margins."""
    draft = await drafted(world.services, "Draft", DECK)
    world.ids["draft"] = draft.rate_deck_id
    cost = await drafted(world.services, "Costs", COSTS)
    made = await set_cost_deck(
        world.services,
        rate_deck_id=cost.rate_deck_id,
        in_force_at=world.services.clock().replace(year=2020),
    )
    assert isinstance(made, RateDeckInfo), made
    now = world.services.clock()
    asked = await ask_for_margins(
        world.services, currency="EUR", begins_at=now.replace(hour=0), ends_at=now.replace(hour=23)
    )
    assert isinstance(asked, MarginReport), asked
    assert await make_margin_reports(world.services) == 1
    world.ids["report"] = asked.report_id
    return asked


async def drafted(services: Services, name: str, content: bytes) -> RateDeckInfo:
    """A draft of these rates in EUR."""
    draft = await draft_rate_deck(services, command_id=new_id(), name=name, currency="EUR", lines=[content])
    assert isinstance(draft, RateDeckInfo), draft
    return draft


def staff(name: str) -> Actor:
    """Somebody of the operator's people, with an account of their own."""
    return Actor(
        kind=ActorKind.PERSON,
        actor_id=f"staff:{name}",
        name=name,
        permissions=permissions_of((Role.OPERATOR_STAFF,)),
        roles=(Role.OPERATOR_STAFF,),
        edge="portal",
        proved_at=NOON,
    )


class Browser:
    """Somebody at the console without scripts, signed in with the installation's own token."""

    def __init__(self, world: ConsoleWorld, language: str = "en") -> None:
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(world.application),
            base_url=ORIGIN,
            headers={"Accept-Language": language},
            follow_redirects=True,
        )

    async def sign_in(self) -> None:
        """Show the token."""
        page = await self.http.get("/portal/sign-in")
        form = next(each for each in forms_of(page.text) if "operator_token" in each.fields)
        answer = await self.http.post(form.action, data={**form.fields, "operator_token": TOKEN})
        assert answer.status_code in {200, 403}, answer.text

    async def get(self, path: str) -> httpx.Response:
        """A page of the console, or of the portal where the path begins with a slash."""
        return await self.http.get(path if path.startswith("/") else f"/portal/console/{path}".rstrip("/"))

    async def send(self, path: str, action: str, **fields: str) -> httpx.Response:
        """Fill in the form of a page that goes to this address below the console, and send it."""
        page = await self.get(path)
        form = form_to(page.text, action)
        return await self.http.post(form.action, data={**form.fields, **fields})

    async def upload(self, path: str, content: bytes, fields: Mapping[str, str]) -> httpx.Response:
        """Send the form of a page with a file."""
        page = await self.get(path)
        form = form_to(page.text, path)
        values: dict[str, Any] = {**form.fields, **fields}
        values.pop("file", None)
        return await self.http.post(form.action, data=values, files={"file": ("deck.csv", content, "text/csv")})


def form_to(html: str, action: str) -> Form:
    """The form that goes to this address below the console."""
    return next(each for each in forms_of(html) if each.action.endswith(f"/console/{action}"))
