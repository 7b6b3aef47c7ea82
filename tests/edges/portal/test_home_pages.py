"""An organization's home over the real operations: what each role sees, what needs attention, where buttons lead."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.commands import Authorise, Service
from commcredits.core.outcomes import Granted
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.advice_rounds import work_out_advice
from tests.edges.portal.visitor import TOKEN, forms_of, text_of
from tests.operations.office import CALLEE, CALLER, Office, open_office
from tests.operations.test_advice import UNIT, history

ORIGIN = "http://127.0.0.1:8080"


@dataclass(kw_only=True)
class Lobby:
    """An office, and a browser that is signed in at its portal."""

    office: Office
    transport: httpx.ASGITransport
    browser: httpx.AsyncClient

    async def text(self, path: str) -> str:
        """The words of a page, which must be there."""
        answer = await self.browser.get(path)
        assert answer.status_code == 200, (path, answer.status_code, text_of(answer.text))
        return text_of(answer.text)


@asynccontextmanager
async def lobby_of(office: Office, language: str = "en") -> AsyncIterator[Lobby]:
    """A browser of somebody who owns the installation."""
    portal = portal_app(
        lambda page: ServicesForPortal(page.services),
        PortalSettings(operator_token=TOKEN),
        now=office.clock,
        services=office.services,
    )
    transport = httpx.ASGITransport(Starlette(routes=[Mount("/portal", portal)]))
    async with httpx.AsyncClient(
        transport=transport, base_url=ORIGIN, headers={"Accept-Language": language}, timeout=20
    ) as browser:
        form = next(
            each for each in forms_of((await browser.get("/portal/sign-in")).text) if each.action == "/portal/sign-in"
        )
        await browser.post(form.action, data={**form.fields, "operator_token": TOKEN})
        yield Lobby(office=office, transport=transport, browser=browser)


@pytest.fixture
async def lobby(database_url: str) -> AsyncIterator[Lobby]:
    async with open_office(database_url) as office, lobby_of(office) as opened:
        yield opened


async def test_a_new_organizations_home_says_what_to_begin_with(lobby: Lobby) -> None:
    organization = await lobby.office.organization()
    text = await lobby.text(f"/portal/organizations/{organization.organization_id}")
    assert "The balance is empty" in text
    assert "There are no prices for calls yet" in text
    assert "There is no payment method" in text
    assert "No data" in text, "at no known pace"


async def test_a_home_tells_balance_days_left_calls_and_a_balance_that_will_not_last(lobby: Lobby) -> None:
    office = lobby.office
    organization_id = await office.calling_organization(funds_micros=50 * UNIT)
    await history(office, organization_id)
    await work_out_advice(office.services)
    granted = await office.execute(
        Authorise(
            organization_id=organization_id, session_id="now", service=Service.OUTBOUND, caller=CALLER, callee=CALLEE
        )
    )
    assert isinstance(granted, Granted)
    text = await lobby.text(f"/portal/organizations/{organization_id}")
    assert "EUR 47.00" in text, "three are held for the call"
    assert "2 days" in text, "what is left of a Sunday, and a Monday of 24"
    assert "The balance will not last long" in text
    assert 'id="live-calls">1<' in text


@pytest.mark.parametrize("page", ["advice", "advice/plans", "advice/forecast", "advice/anomalies", "advice/expiring"])
@pytest.mark.parametrize("language", ["en", "ro"])
async def test_every_page_of_advice_is_there_with_and_without_history(
    database_url: str, page: str, language: str
) -> None:
    async with open_office(database_url) as office, lobby_of(office, language) as lobby:
        organization_id = await office.calling_organization(funds_micros=50 * UNIT)
        path = f"/portal/organizations/{organization_id}/{page}"
        without = await lobby.text(path)
        await history(office, organization_id)
        await office.grant(organization_id, 5_000 * UNIT, days=40)
        await office.services.pool.execute(
            "update call_sessions set charged_micros = 40000000, other_country = 'CU' "
            "where organization_id = $1 and session_id like 'past-2-%'",
            organization_id,
        )
        await work_out_advice(office.services)
        assert await lobby.text(path) != without


async def test_use_these_amounts_opens_the_form_with_them_and_saves_nothing(lobby: Lobby) -> None:
    office = lobby.office
    organization_id = await office.calling_organization()
    await history(office, organization_id)
    await work_out_advice(office.services)
    html = (await lobby.browser.get(f"/portal/organizations/{organization_id}/advice")).text
    assert "Use these amounts" in html
    address = html.partition('id="use-amounts" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "recharge=" in address
    opened = await lobby.browser.get(address)
    assert opened.status_code == 200
    assert await office.services.pool.fetchval("select count(*) from recharge_rules") == 0


async def test_a_page_of_another_visit_sees_no_home(lobby: Lobby) -> None:
    organization = await lobby.office.organization()
    async with httpx.AsyncClient(transport=lobby.transport, base_url=ORIGIN) as stranger:
        for path in ("", "/live", "/advice/plans", "/advice"):
            answer = await stranger.get(f"/portal/organizations/{organization.organization_id}{path}")
            assert answer.status_code == 303, path
