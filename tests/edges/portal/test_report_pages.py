"""The pages of reports and of explained calls over the real operations, in both languages, without a script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from html import unescape
from urllib.parse import quote

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.commands import Service
from commcredits.core.outcomes import Refused
from commcredits.core.roster import Licence, Limits
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.reports import pages
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.blocks import set_block
from tests.edges.portal.visitor import TOKEN, forms_of, text_of
from tests.operations.office import new_id, open_office
from tests.operations.policed import ROMANIAN, Firm, open_firm

ORIGIN = "http://127.0.0.1:8080"
CREDITS = Licence.COMMUNICATIONS_CREDITS
ODD = "a/b?c=#d%2F&<x>"
"""An id that a switch may give a call, and that an address must carry."""


@dataclass(kw_only=True)
class Shown:
    """A firm with calls, and somebody at its pages."""

    firm: Firm
    browser: httpx.AsyncClient

    def at(self, path: str) -> str:
        return f"/portal/organizations/{self.firm.organization_id}{path}"

    async def page(self, path: str, *, status: int = 200, language: str = "en") -> str:
        answer = await self.browser.get(self.at(path), headers={"accept-language": language})
        assert answer.status_code == status, answer.text[:2_000]
        return answer.text

    async def text(self, path: str, **options: object) -> str:
        return text_of(await self.page(path, **options))  # type: ignore[arg-type] # status and language


@pytest.fixture
async def shown(database_url: str) -> AsyncIterator[Shown]:
    async with open_office(database_url) as office:
        firm = await open_firm(office)
        user = await firm.hire("sales.1", Licence.DOMESTIC_120, CREDITS, department="Sales", display_name="Front desk")
        host = await firm.hire("host.1", Licence.AUDIO_CONFERENCING, CREDITS, display_name="Host")
        own = await firm.hire("own.1", Licence.DOMESTIC_120_UNPOOLED)
        await firm.rule(Limits(user_monthly_max_micros=40_000_000))
        await office.services.pool.execute(
            """insert into meters (shard_id, organization_id, key, period, used, held)
            values (0, $1, 'pool:MCOPSTN5:RO', '2026-11', 118, 0)""",
            firm.organization_id,
        )
        await firm.recount()
        await firm.call("split", 200, user, callee=ROMANIAN)
        await firm.call("abroad", 61, user)
        await firm.call(ODD, 30, host, service=Service.CONFERENCE_DIAL_OUT, conference_id="weekly")
        await firm.call("own", 61, own, callee=ROMANIAN)
        assert isinstance(await firm.ask("refused", own), Refused)
        blocked = await set_block(
            office.services,
            organization_id=firm.organization_id,
            command_id=new_id(),
            kind="user",
            subject=own.party.user_principal_name,
        )
        assert not isinstance(blocked, Refused)
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN),
            now=office.services.clock,
            services=office.services,
        )
        application = Starlette(routes=[Mount("/portal", portal)])
        async with httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=ORIGIN) as browser:
            form = next(
                each for each in forms_of((await browser.get("/portal/sign-in")).text) if "sign-in" in each.action
            )
            await browser.post(form.action, data={**form.fields, "operator_token": TOKEN})
            yield Shown(firm=firm, browser=browser)


PAGES = (
    "/reports/spending",
    "/reports/spending?by=user&every=month",
    "/reports/spending?by=destination&every=week",
    "/reports/spending?by=service",
    "/reports/spending?by=capability",
    "/reports/statements",
    "/reports/statements/2026-11",
    "/reports/minute-pools",
    "/reports/minute-pools?month=2026-10",
    "/reports/blocked-users",
    "/reports/blocked-users?all=yes",
    "/reports/conference-dial-out",
    "/calls",
    "/calls?number=%2B442079460000",
    "/calls/split",
    "/calls/abroad",
    "/calls/refused",
    "/calls/own",
    "/calls/" + quote(ODD, safe=""),
    "/call-check",
)


@pytest.mark.parametrize("language", ["en", "ro"])
async def test_every_page_is_there_in_both_languages(shown: Shown, language: str) -> None:
    for path in PAGES:
        page = await shown.page(path, language=language)
        assert f'<html lang="{language}"' in page
        assert "%(" not in page, path
        assert len(re.findall("<h1", page)) == 1, path


async def test_a_split_call_is_told_step_by_step(shown: Shown) -> None:
    told = await shown.text("/calls/split")
    assert "first the domestic minutes, then credits" in told
    assert "this call used 2m" in told.replace("\u00a0", " ")
    assert "no minutes were left: credits took over" in told
    assert "billed as 2m, in increments of 1m first and 1m after that" in told.replace("\u00a0", " ")
    assert "Which funds paid it" in told
    assert "Monthly cap of the user" in told


async def test_a_refused_call_has_its_reason_and_the_button_that_fixes_it(shown: Shown) -> None:
    page = await shown.page("/calls/refused")
    assert "the Communications Credits licence is missing" in text_of(page)
    assert shown.at("/users") in page
    assert "Assign licences" in text_of(page)


async def test_a_call_is_found_under_whatever_id_its_switch_gave_it(shown: Shown) -> None:
    listed = await shown.page("/calls")
    address = shown.at("/calls/" + quote(ODD, safe=""))
    assert f'href="{address}"' in listed
    assert "Conference dial-out" in (await shown.text("/calls/" + quote(ODD, safe="")))
    await shown.page("/calls/nothing-by-that-name", status=404)


async def test_whether_a_call_may_be_made_is_answered_with_what_would_change_it(shown: Shown) -> None:
    yes = await shown.text("/call-check?user=sales.1@example.com&callee=%2B442079460000")
    assert "The call may be made now" in yes
    no = await shown.page("/call-check?user=own.1@example.com&callee=%2B44+20+7946+0000")
    assert "may not draw on the balance" in text_of(no) or "blocked" in text_of(no)
    assert "What would change it" in text_of(no)
    assert "who is not in this organization" in await shown.text(
        "/call-check?user=nobody@example.com&callee=%2B442079460000"
    )
    await shown.page("/call-check?user=own.1@example.com&callee=abc", status=422)
    await shown.page("/call-check?callee=%2B442079460000", status=422)


async def test_pools_warn_when_nothing_is_left_and_say_what_it_costs(shown: Shown) -> None:
    told = (await shown.text("/reports/minute-pools")).replace("\u00a0", " ")
    assert "Nothing is left of a pool" in told
    assert "EUR 0.12" in told or "€0.12" in told or "0.12" in told
    assert "Minutes of single users" in told
    await shown.page("/reports/minute-pools?month=2027-01", status=422)
    await shown.page("/reports/minute-pools?month=x", status=422)


async def test_a_block_is_lifted_from_its_page(shown: Shown) -> None:
    page = await shown.page("/reports/blocked-users")
    assert "Blocked by hand" in text_of(page)
    form = next(each for each in forms_of(page) if each.action.endswith("/lift"))
    answer = await shown.browser.post(form.action, data=form.fields)
    assert answer.status_code == 303
    assert "Nobody is blocked" in await shown.text("/reports/blocked-users?lifted=yes")


async def test_files_hold_what_pages_show_and_nothing_that_a_spreadsheet_runs(shown: Shown) -> None:
    await shown.firm.office.services.pool.execute(
        "update call_sessions set department = '=cmd()' where session_id = 'abroad'"
    )
    spending = await shown.page("/reports/spending.csv?by=department")
    assert spending.splitlines()[0] == "department,name,user_principal_name,calls,seconds,pool_minutes,charged,currency"
    assert "(total)" in spending
    assert "\r\n=cmd()" not in spending
    statement = await shown.page("/reports/statements/2026-11.csv")
    assert "2026-11,opening_balance,,0.000000,EUR" in statement
    dial_out = await shown.page("/reports/conference-dial-out.csv")
    assert ",host.1@example.com,Host,RO,1,30,1,0.000000,EUR" in dial_out
    user_id = dial_out.splitlines()[1].split(",")[0]
    legs = await shown.page(f"/reports/conference-dial-out/{user_id}/legs.csv")
    assert "weekly" in legs
    assert "Host" in await shown.text(f"/reports/conference-dial-out/{user_id}")


async def test_organizers_are_told_page_by_page_the_dearest_first(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = await shown.firm.hire("host.2", Licence.AUDIO_CONFERENCING, CREDITS, display_name="Second")
    await shown.firm.call("longer", 299, second, service=Service.CONFERENCE_DIAL_OUT, conference_id="monthly")
    monkeypatch.setattr(pages, "ORGANIZERS_PER_PAGE", 1)
    first = await shown.page("/reports/conference-dial-out")
    assert ("Second" in first, "host.1@example.com" in first, "First page" in first) == (True, False, False)
    address = unescape(re.findall(r'href="([^"]+)">Next page', first)[0])
    assert "after=1" in address
    last = await shown.page(address.removeprefix(shown.at("")))
    assert ("host.2@example.com" in last, "host.1@example.com" in last) == (False, True)
    assert ("First page" in last, "Next page" in last) == (True, False)
    for beyond in ("after=7", "after=999999999"):
        assert "First page" in await shown.page(f"/reports/conference-dial-out?{beyond}")
    assert "First page" not in await shown.page("/reports/conference-dial-out?after=x")


@pytest.mark.parametrize(
    "query",
    [
        "by=x",
        "every=century",
        "first=2026-12-01&last=2026-11-01",
        "first=x",
        "first=1900-01-01",
        "every=day&first=2026-01-01",
    ],
)
async def test_a_report_that_cannot_be_is_told_beside_its_field(shown: Shown, query: str) -> None:
    page = await shown.page(f"/reports/spending?{query}", status=422)
    assert 'aria-invalid="true"' in page


async def test_an_empty_organization_has_designed_pages(shown: Shown) -> None:
    other = await shown.firm.office.organization("Other")
    empty = replace(shown, firm=replace(shown.firm, organization_id=other.organization_id))
    for path in PAGES[:14]:
        await empty.page(path)
    assert "No calls in this time" in await empty.text("/reports/spending")
    assert "Nobody is blocked" in await empty.text("/reports/blocked-users")
