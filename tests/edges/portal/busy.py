"""An organization in which everything happened that a page can show, behind a portal over the real database.

Knows the shortest way to each of those things. Refuses to know any page.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.account import OrganizationStatus
from commcredits.core.commands import Service
from commcredits.core.outcomes import Refused
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.adjustments import request_adjustment
from commcredits.operations.administrators import invite_administrator
from commcredits.operations.api_keys import NewApiKey, create_api_key, revoke_api_key
from commcredits.operations.billing_details import save_billing_details
from commcredits.operations.blocks import set_block
from commcredits.operations.call_exports import request_export, write_exports
from commcredits.operations.cost_decks import set_cost_deck
from commcredits.operations.handing_on import hand_on_notices
from commcredits.operations.licences import assign_licences, set_purchased
from commcredits.operations.margin_reports import ask_for_margins, make_margin_reports
from commcredits.operations.number_stock import add_to_stock
from commcredits.operations.numbers import add_number, assign_number
from commcredits.operations.organizations import get_organization
from commcredits.operations.recharging import RechargeTerms, save_auto_recharge
from commcredits.operations.recipients import save_recipient
from commcredits.operations.refund_asking import request_refund
from commcredits.operations.refund_requests import RefundRequest
from commcredits.operations.sandboxes import open_sandbox
from commcredits.operations.services import Services
from commcredits.operations.staff import invite_staff
from commcredits.operations.tariffs import assign_rate_deck, draft_rate_deck
from commcredits.operations.usage import UsageQuery
from commcredits.operations.verification_runs import run_verification
from commcredits.operations.webhook_endpoints import add_endpoint
from tests.edges.portal.visitor import TOKEN
from tests.operations.office import CALLEE, HEADER, Office, new_id
from tests.operations.selling import BUYER, Shop, open_shop
from tests.operations.staff import hire
from tests.operations.till import Till, open_till

DECK: Final = (
    f"{HEADER}\n"
    "44,United Kingdom,outbound,0.60,0.05,60,6,2020-01-01,\n"
    "40,Romania,outbound,0.06,0,60,60,2020-01-01,\n"
    "1,United States,conference_dial_out,0.30,0,60,60,2020-01-01,\n"
    "40800,Romania toll-free,toll_free_in,0.02,0,60,60,2020-01-01,\n"
).encode()
HOST: Final = "gazda@exemplu.ro"
MINUTES_USED: Final = """
    insert into meters (shard_id, organization_id, key, period, used, held)
    values ($1, $2, 'pool:MCOPSTN1:RO', '2026-11', 2400, 0)
"""
NAME: Final = "Societatea Comercială cu un Nume Lung SRL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """The portal as an application mounted at ``/portal``, and the organization that everything happened to."""

    application: Starlette
    services: Services
    organization_id: str


@asynccontextmanager
async def open_busy(database_url: str, folder: Path) -> AsyncIterator[Busy]:
    """Everything, once. Raises AssertionError for a part of it that was refused."""
    async with (
        open_shop(database_url) as shop,
        open_till(Office(services=shop.services, clock=shop.office.clock), folder) as till,
    ):
        services = till.services
        organization_id = await shop.buyer(name=NAME)
        await _money(shop, till, organization_id)
        await _people(services, organization_id)
        await _calls(shop, services, organization_id)
        await _operator(services, organization_id)
        await _programs(services, organization_id)
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN, live_seconds=600),
            now=services.clock,
            services=services,
        )
        yield Busy(
            application=Starlette(routes=[Mount("/portal", portal)]),
            services=services,
            organization_id=organization_id,
        )


async def _money(shop: Shop, till: Till, organization_id: str) -> None:
    _done(await save_billing_details(till.services, organization_id=organization_id, details=BUYER))
    top_up = await shop.buy(organization_id, 120_000_000)
    await shop.buy(organization_id, 50_000_000)
    await shop.give_back(organization_id, top_up, 10_000_000)
    mistaken = await shop.buy(organization_id, 150_000_000)
    asked = await request_refund(
        till.services,
        organization_id=organization_id,
        command_id=new_id(),
        top_up_id=mistaken,
        amount_micros=120_000_000,
        reason="Cumpărată din greșeală",
        requested_by="ana",
    )
    assert isinstance(asked, RefundRequest), asked
    await shop.issue()
    await till.buy(organization_id, await till.by_hand(organization_id), 75_000_000)
    card = await till.card(organization_id)
    declined = await till.card(organization_id, "sim_decline_insufficient_funds")
    rule = RechargeTerms(
        enabled=True,
        recharge_amount_micros=100_000_000,
        trigger_amount_micros=300_000_000,
        monthly_cap_micros=1_000_000_000,
        payment_method_id=declined.payment_method_id,
        backup_payment_method_id=card.payment_method_id,
    )
    _done(await save_auto_recharge(till.services, organization_id=organization_id, command_id=new_id(), terms=rule))


async def _programs(services: Services, organization_id: str) -> None:
    """Keys that are in use and over, a sandbox, an endpoint with a delivery, a recipient."""
    keys: list[str] = []
    for name in ("Panoul de bord al departamentului financiar și contabil", "Rapoarte"):
        key = await create_api_key(
            services,
            organization_id=organization_id,
            name=name,
            scopes=("call_records.read",),
            note="Întrebați-o pe Ana",
        )
        assert isinstance(key, NewApiKey), key
        keys.append(key.key.key_id)
    _done(await revoke_api_key(services, organization_id=organization_id, key_id=keys[-1]))
    _done(await open_sandbox(services, organization_id=organization_id))
    every = ("users.read", "funds.read", "receipts.read", "calls.read", "notices.read")
    _done(await create_api_key(services, organization_id=organization_id, name="Probă", scopes=every, is_sandbox=True))
    address = "https://93.184.215.14/hooks/" + "un-drum-foarte-lung/" * 6
    _done(await add_endpoint(services, organization_id=organization_id, url=address, description="Panou", kinds=()))
    _done(
        await save_recipient(
            services, organization_id=organization_id, address="facturare@exemplu.ro", language="ro", kinds=("balance",)
        )
    )
    await hand_on_notices(services)


async def _people(services: Services, organization_id: str) -> None:
    await hire(services, organization_id, *(f"persoana.{each}@exemplu.ro" for each in range(60)))
    for licence in ("MCOPSTN1", "MCOMEETADV"):
        _done(await set_purchased(services, organization_id=organization_id, licence=licence, country="", quantity=40))
    user = await hire(services, organization_id, "front.desk@exemplu.ro", licences=("MCOPSTNC", "MCOMEETADV"))
    host = await hire(services, organization_id, HOST, licences=("MCOPSTNC", "MCOMEETADV"))
    users = (user, host)
    _done(await assign_licences(services, organization_id=organization_id, licences=("MCOPSTN1",), users=users))
    await hire(services, organization_id, "coada.vanzari@exemplu.ro", kind="resource_account")
    await services.pool.execute(MINUTES_USED, services.shard_id, organization_id)
    _done(
        await add_number(
            services, organization_id=organization_id, number="+40722000001", kind="user", display_name="Recepție"
        )
    )
    _done(
        await add_number(
            services, organization_id=organization_id, number="+40800800800", kind="toll_free", display_name=""
        )
    )
    _done(
        await assign_number(
            services, organization_id=organization_id, number="+40722000001", purpose="person", user=user
        )
    )
    for last in range(3):
        _done(await add_to_stock(services, number=f"+4021234560{last}", kind="user", country="RO", place="București"))
    _done(
        await set_block(
            services, organization_id=organization_id, command_id=new_id(), kind="destination", subject="BG"
        )
    )


async def _calls(shop: Shop, services: Services, organization_id: str) -> None:
    organization = await get_organization(services, organization_id=organization_id)
    assert not isinstance(organization, Refused)
    assert organization.status is OrganizationStatus.OPEN
    deck = await shop.office.deck("EUR", DECK)
    _done(
        await assign_rate_deck(
            services, organization_id=organization_id, command_id=new_id(), rate_deck_id=deck.rate_deck_id
        )
    )
    for each in range(12):
        await shop.office.call(organization_id, f"call-{each}", 30 + 40 * each)
    await shop.office.call(organization_id, "call-ro", 90, callee="+40212345678")
    desk = {"user": "front.desk@exemplu.ro"}
    for each in range(6):
        await shop.office.call(organization_id, f"desk-{each}", 70 + 90 * each, **desk, callee="+40212345678")
    dial_out: dict[str, Any] = {
        "user": HOST,
        "service": Service.CONFERENCE_DIAL_OUT,
        "conference_id": "ședința-de-luni",
    }
    await shop.office.call(organization_id, "leg-1", 300, **dial_out, callee="+40212345678")
    await shop.office.call(organization_id, "leg-2", 400, **dial_out, callee="+12025550123")
    await shop.office.authorise(organization_id, "call-refused", callee="+8821600000")
    live = {"callee": CALLEE, "service": Service.OUTBOUND, "switch": "kamailio:edge"}
    await shop.office.authorise(organization_id, "call-live", **live)


async def _operator(services: Services, organization_id: str) -> None:
    """What the operator's people have asked for, and who they and the organization's administrators are."""
    who: dict[str, Any] = {"address": "ana.popescu@exemplu.ro", "name": "Ana Popescu", "language": "ro"}
    _done(await invite_staff(services, **who, roles=("operator_staff",)))
    roles = ("billing_administrator",)
    _done(await invite_administrator(services, organization_id=organization_id, **who, roles=roles))
    ended = services.clock()
    query = UsageQuery(begins=ended - timedelta(days=7), ends=ended)
    _done(await request_export(services, organization_id=organization_id, query=query))
    await write_exports(services)
    _done(await request_export(services, organization_id=organization_id, query=query))
    _done(
        await request_adjustment(
            services,
            organization_id=organization_id,
            command_id=new_id(),
            amount_micros=500_000_000,
            reason="Despăgubire pentru o întrerupere",
            requested_by="ana",
        )
    )
    costs = await draft_rate_deck(services, command_id=new_id(), name="Costuri", currency="EUR", lines=[DECK])
    assert not isinstance(costs, Refused)
    now = services.clock()
    _done(await set_cost_deck(services, rate_deck_id=costs.rate_deck_id, in_force_at=now - timedelta(days=90)))
    _done(await ask_for_margins(services, currency="EUR", begins_at=now - timedelta(days=1), ends_at=now))
    await make_margin_reports(services)
    _done(await run_verification(services))


def _done(outcome: object) -> None:
    assert not isinstance(outcome, Refused), outcome
