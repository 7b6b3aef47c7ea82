"""The audit log and the settings as pages, over the real operations."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest_asyncio

from commcredits import operations
from commcredits.core.access import Role
from commcredits.core.roster import CallsWithoutUser
from commcredits.edges.portal.audit.words import ACTS
from commcredits.operations.closing import close_organization
from commcredits.operations.organizations import get_organization
from commcredits.operations.permitting import AUDITED
from commcredits.operations.recipients import save_recipient
from commcredits.operations.rules import RulesRecord, read_rules
from commcredits.operations.services import Services
from tests.edges.portal.visitor import text_of
from tests.operations.acting import administrator
from tests.operations.office import open_office
from tests.walks.acting_requests import Portal, Sender, browser_of, portal_of

HOSTILE = "<script>alert(1)</script>"


@dataclass(frozen=True, slots=True)
class Place:
    """A portal, and an organization in which somebody did something."""

    portal: Portal
    services: Services
    organization: str

    async def get(self, path: str, role: Role = Role.GLOBAL_ADMINISTRATOR, language: str = "en") -> httpx.Response:
        """A page as somebody with this role."""
        sender = Sender(role, None if role.is_operators else self.organization)
        async with browser_of(self.portal, await self.portal.enter(sender)) as (client, _token):
            return await client.get(f"/portal{path}", headers={"Accept-Language": language})

    async def post(self, path: str, **fields: str) -> httpx.Response:
        """A form as a global administrator."""
        sender = Sender(Role.GLOBAL_ADMINISTRATOR, self.organization)
        async with browser_of(self.portal, await self.portal.enter(sender)) as (client, token):
            return await client.post(f"/portal{path}", data={**fields, "form_token": token})


@pytest_asyncio.fixture
async def place(database_url: str) -> AsyncIterator[Place]:
    """See Place."""
    async with open_office(database_url) as office:
        organization = (await office.organization("Exemplu SRL")).organization_id
        services = administrator(office.services, organization, name=f"Ana {HOSTILE}")
        await save_recipient(services, organization_id=organization, address="front.desk@example.com")
        await save_recipient(services, organization_id=organization, address="nobody")
        yield Place(portal=portal_of(office.services), services=office.services, organization=organization)


async def test_an_administrator_reads_who_did_what_and_what_it_changed(place: Place) -> None:
    shown = await place.get(f"/organizations/{place.organization}/audit")
    text = text_of(shown.text)
    assert shown.status_code == 200
    for said in ("Saved a recipient", "Done", "Refused", "192.0.2.7", "front.desk@example.com", "Portal"):
        assert said in text
    assert "<del><bdi>Nothing</bdi></del>" in text
    assert "<ins><bdi>ro all</bdi></ins>" in text
    assert HOSTILE not in shown.text
    in_romanian = text_of((await place.get(f"/organizations/{place.organization}/audit", language="ro")).text)
    assert "A salvat un destinatar" in in_romanian
    assert "Jurnal de audit" in in_romanian


async def test_the_log_is_narrowed_by_its_form(place: Place) -> None:
    path = f"/organizations/{place.organization}/audit"
    for query, count in (
        ("operation=save_recipient", 2),
        ("subject=nobody", 1),
        ("actor=person:global_administrator", 2),
        ("from=2026-11-22&to=2026-11-22", 2),
        ("from=2026-11-23", 0),
        ("to=2026-11-21", 0),
        ("operation=add_funds", 0),
        ("from=yesterday&to=9999-12-31", 2),
    ):
        shown = await place.get(f"{path}?{query}")
        assert shown.text.count('<tr role="row" class="top-aligned">') == count, query
    assert "Nothing meets the filter" in (await place.get(f"{path}?from=2026-11-23")).text


async def test_the_log_is_a_file_too(place: Place) -> None:
    path = f"/organizations/{place.organization}/audit"
    for form in ("csv", "jsonl"):
        file = await place.get(f"{path}.{form}")
        assert file.headers["content-disposition"] == f'attachment; filename="audit.{form}"'
        assert "front.desk@example.com" in file.text
    assert (await place.get(f"{path}.pdf")).status_code == 404
    assert "Exported the audit log" in (await place.get(path)).text


async def test_the_console_shows_every_log_with_its_organization(place: Place) -> None:
    shown = await place.get("/console/audit", Role.OPERATOR_OWNER)
    assert shown.status_code == 200
    assert "Exemplu SRL" in shown.text
    assert f"/organizations/{place.organization}/audit" in shown.text
    assert "save_recipient" in (await place.get("/console/audit.csv", Role.OPERATOR_STAFF)).text


async def test_name_and_language_are_changed_and_checked(place: Place) -> None:
    path = f"/organizations/{place.organization}/settings"
    assert "Europe/Bucharest" in (await place.get(path)).text
    saved = await place.post(path, name="  Exemplu   Nou SRL ", language="en")
    assert saved.headers["location"].endswith("settings?saved=organization")
    assert "The settings were saved" in (await place.get(f"{path}?saved=organization")).text
    organization = await get_organization(place.services, organization_id=place.organization)
    assert (getattr(organization, "name", ""), getattr(organization, "language", "")) == ("Exemplu Nou SRL", "en")
    for name, language, said in (
        ("", "en", "The name is 1 to 200"),
        ("A\u202eB", "en", "The name is"),
        ("A", "fr", "one of the languages"),
    ):
        refused = await place.post(path, name=name, language=language)
        assert refused.status_code == 422
        assert said in refused.text
    log = text_of((await place.get(f"/organizations/{place.organization}/audit")).text)
    assert "Changed the settings of the organization" in log
    assert "<del><bdi>Exemplu SRL</bdi></del>" in log


async def test_calls_that_are_nobodys_are_refused_where_somebody_chose_so(place: Place) -> None:
    path = f"/organizations/{place.organization}/settings"
    assert (await place.post(f"{path}/unassigned-calls", calls="refused")).status_code == 303
    rules = await read_rules(place.services, organization_id=place.organization)
    assert isinstance(rules, RulesRecord)
    assert rules.rules.calls_without_user is CallsWithoutUser.REFUSED
    assert (await place.post(f"{path}/unassigned-calls", calls="perhaps")).status_code == 422


async def test_whoever_may_not_change_settings_sees_them_without_a_form(place: Place) -> None:
    shown = await place.get(f"/organizations/{place.organization}/settings", Role.REPORTS_READER)
    assert shown.status_code == 200
    assert f'action="/portal/organizations/{place.organization}/settings' not in shown.text
    assert "shown in full" in shown.text


async def test_a_closing_organization_says_so(place: Place) -> None:
    await close_organization(place.services, organization_id=place.organization, requested_by="front.desk")
    shown = text_of((await place.get(f"/organizations/{place.organization}/settings")).text)
    assert "New calls and purchases are refused." in shown


def test_everything_that_is_written_down_has_words() -> None:
    acts = {
        name
        for module in pkgutil.iter_modules(operations.__path__)
        for name, value in vars(importlib.import_module(f"commcredits.operations.{module.name}")).items()
        if getattr(value, AUDITED, False)
    }
    assert acts - set(ACTS) == set()
