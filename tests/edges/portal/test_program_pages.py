"""The pages of keys, the sandbox, webhooks and notices, as somebody without scripts uses them, in both languages."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.key_holders import KeyHolders
from commcredits.operations.key_secrets import read_key
from commcredits.operations.sandboxes import Sandbox, open_sandbox
from tests.edges.portal.busy import Busy
from tests.edges.portal.visitor import TOKEN, forms_of
from tests.edges.portal.walking import signed_in
from tests.operations.office import open_office
from tests.operations.telling import notice

SECRET = re.compile(r'value="((?:cck_|whsec_)[^"]+)"')


@dataclass(kw_only=True)
class Desk:
    """Somebody at the pages of one organization."""

    busy: Busy
    browser: httpx.AsyncClient

    def at(self, path: str) -> str:
        return f"/portal/organizations/{self.busy.organization_id}{path}"

    async def get(self, path: str) -> str:
        answer = await self.browser.get(self.at(path))
        assert answer.status_code == 200, answer.text[:2_000]
        return answer.text

    async def send(self, path: str, page: str, **fields: str) -> httpx.Response:
        """Send the form of this page that goes there, with these fields."""
        form = next(each for each in forms_of(page) if each.action == self.at(path))
        return await self.browser.post(
            form.action, data={**form.fields, **{k.replace("__", ":"): v for k, v in fields.items()}}
        )


@asynccontextmanager
async def at_the_desk(database_url: str, language: str = "en") -> AsyncIterator[Desk]:
    """The portal over an organization with a sandbox and a notice."""
    async with open_office(database_url) as office:
        organization_id = await office.calling_organization()
        assert isinstance(await open_sandbox(office.services, organization_id=organization_id), Sandbox)
        await notice(office.services, organization_id)
        portal = portal_app(
            lambda page: ServicesForPortal(page.services),
            PortalSettings(operator_token=TOKEN),
            now=office.clock,
            services=office.services,
        )
        application = Starlette(routes=[Mount("/portal", portal)])
        busy = Busy(application=application, services=office.services, organization_id=organization_id)
        browser = await signed_in(busy, language)
        yield Desk(busy=busy, browser=browser)
        await browser.aclose()


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    async with at_the_desk(database_url) as opened:
        yield opened


@pytest.mark.parametrize("language", ["en", "ro"])
async def test_the_pages_are_in_the_language_of_whoever_looks(database_url: str, language: str) -> None:
    words = {"en": ("API keys", "Recipients", "Webhooks"), "ro": ("Chei API", "Destinatari", "Webhookuri")}[language]
    async with at_the_desk(database_url, language) as desk:
        for path, word in zip(("/programs/api-keys", "/notices/recipients", "/programs/webhooks"), words, strict=True):
            assert f"<h1>{word}</h1>" in await desk.get(path)


async def test_a_key_is_created_shown_once_rotated_and_revoked(desk: Desk) -> None:
    keys = "/programs/api-keys"
    form = await desk.get(f"{keys}/new?preset=reporting_app")
    assert 'name="scopes:call_records.read" value="yes" checked' in form
    assert 'name="scopes:operator' not in form
    empty = await desk.send(f"{keys}/new", form, name="", days="30")
    assert empty.status_code == 422
    assert 'id="key-name-error"' in empty.text
    fields = {"name": "Tablou <b>", "days": "30", "place": "organization", "scopes:funds.read": "yes"}
    made = await desk.send(f"{keys}/new", form, **fields)
    assert made.status_code == 200, made.text[:3_000]
    (secret,) = SECRET.findall(made.text)
    shown = read_key(secret)
    assert shown is not None
    holders = KeyHolders(desk.busy.services)
    holder = await holders.of_key(shown)
    assert holder is not None
    assert set(holder.scopes) == {"call_records.read", "funds.read"}
    listed = await desk.get(keys)
    assert secret not in listed
    assert shown.secret not in listed
    assert "Tablou &lt;b&gt;" in listed
    rotating = await desk.get(f"{keys}/{holder.key_id}/rotate")
    rotated = await desk.send(f"{keys}/{holder.key_id}/rotate", rotating, overlap_hours="1")
    assert SECRET.findall(rotated.text) != [secret]
    revoking = await desk.get(f"{keys}/{holder.key_id}/revoke")
    assert (await desk.send(f"{keys}/{holder.key_id}/revoke", revoking)).status_code == 303
    assert (await KeyHolders(desk.busy.services).of_key(shown)) is None


async def test_play_money_is_added_once_for_each_press(desk: Desk) -> None:
    page = await desk.get("/programs/api-keys")
    for _ in range(2):
        assert (await desk.send("/programs/sandbox/funds", page)).status_code == 303
    left = await desk.busy.services.pool.fetchval(
        "select a.posted_micros from accounts a join organizations o using (shard_id, organization_id) "
        "where o.sandbox_of is not null"
    )
    assert left == 200_000_000


async def test_an_endpoint_is_added_changed_switched_given_a_secret_and_removed(desk: Desk) -> None:
    hooks = "/programs/webhooks"
    form = await desk.get(f"{hooks}/new")
    inside = await desk.send(f"{hooks}/new", form, url="https://127.0.0.1/x")
    assert inside.status_code == 422
    assert 'id="webhook-url-error"' in inside.text
    added = await desk.send(f"{hooks}/new", form, url="https://93.184.215.14/new", kinds__disputes="yes")
    (secret,) = SECRET.findall(added.text)
    endpoint = await desk.busy.services.pool.fetchval(
        "select endpoint_id from webhook_endpoints where url = 'https://93.184.215.14/new'"
    )
    one = f"{hooks}/{endpoint}"
    page = await desk.get(one)
    assert secret not in page
    rotated = await desk.send(f"{one}/rotate", page)
    assert SECRET.findall(rotated.text) != [secret]
    assert (await desk.send(f"{one}/disable", page)).status_code == 303
    page = await desk.get(one)
    assert (await desk.send(f"{one}/enable", page)).status_code == 303
    change = await desk.get(f"{one}/change")
    assert (await desk.send(f"{one}/change", change, description="Ours")).status_code == 303
    assert "Ours" in await desk.get(hooks)
    removing = await desk.get(f"{one}/remove")
    assert (await desk.send(f"{one}/remove", removing)).status_code == 303
    assert (await desk.browser.get(desk.at(one))).status_code == 404


async def test_recipients_are_chosen_and_notices_say_who_was_told(desk: Desk) -> None:
    people = "/notices/recipients"
    form = await desk.get(f"{people}/new")
    wrong = await desk.send(f"{people}/new", form, address="nobody")
    assert wrong.status_code == 422
    assert 'id="recipient-address-error"' in wrong.text
    saved = await desk.send(f"{people}/new", form, address="ana@example.com", kinds__payments="yes")
    assert saved.status_code == 303
    assert "ana@example.com" in await desk.get(people)
    notices = await desk.get("/notices")
    assert "<time " in notices
    assert (await desk.get("/notices?kind=dispute_opened")).count("<time ") == 0


async def test_no_form_of_these_pages_works_without_its_token_or_for_another_organization(desk: Desk) -> None:
    answer = await desk.browser.post(desk.at("/programs/sandbox/funds"), data={})
    assert answer.status_code == 403
    nowhere = "/portal/organizations/019353b4-7c1e-7000-8000-000000000000"
    for path in ("/programs/api-keys", "/programs/webhooks", "/notices", "/notices/recipients"):
        assert (await desk.browser.get(nowhere + path)).status_code == 404
