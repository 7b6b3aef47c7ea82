"""Signing in through a certified provider and with passkeys, in Chromium: what people do, and what attackers try."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.operations.payment_terms import PaymentTerms
from commcredits.storage.identifiers import OPERATOR_ID
from tests.edges.portal.identity_provider import RunningProvider, running_provider
from tests.edges.portal.people_at_browsers import Person, Running, shot
from tests.operations.office import open_office
from tests.picturing import follow
from tests.storage_fixtures import Housekeeper

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.timeout(180)]

TENANT: Final = "11111111-2222-3333-4444-555555555555"
PERSON: Final = {"name": "Front Desk", "tid": TENANT, "roles": ["Credits.Global"]}
ACCOUNTS: Final = {
    "desk": {**PERSON, "email": "front.desk@example.com"},
    "billing": {**PERSON, "email": "billing@example.com", "roles": ["Something", "Credits.Billing"]},
    "second": {**PERSON, "email": "second@example.com"},
    "linked": {**PERSON, "email": "other.address@example.com"},
    "foreign": {**PERSON, "email": "foreign@example.com", "tid": "99999999-2222-3333-4444-555555555555"},
    "roleless": {**PERSON, "email": "roleless@example.com", "roles": ["Something"]},
    "grabbing": {**PERSON, "email": "grabbing@example.com", "roles": ["Credits.Owner"]},
    "expired": {**PERSON, "email": "expired@example.com"},
    "tampered": {**PERSON, "email": "tampered@example.com", "roles": ["Something"]},
    "owner": {"name": "Owner", "email": "owner@example.com", "roles": ["Credits.Owner"]},
}


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@pytest.fixture
def apart(housekeeper: Housekeeper, migrated_template: str) -> Iterator[str]:
    """A fresh database, made in a thread of its own: the browser's driver runs a loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        database = housekeeper.fresh_database(migrated_template)
        yield thread.submit(database.__enter__).result()
        thread.submit(database.__exit__, None, None, None).result()


def _server(app: ASGIApp, port: int) -> uvicorn.Server:
    mounted = Starlette(routes=[Mount("/portal", app)])
    return uvicorn.Server(uvicorn.Config(mounted, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))


@pytest.fixture
def running(apart: str) -> Iterator[Running]:
    """The portal under the product's own server, beside a provider that knows it."""
    port, provider_port = free_port(), free_port()
    address = f"http://localhost:{port}/portal"
    names = ("entra", "staff")
    redirects = [f"{address}/sign-in/back/{name}" for name in names]
    started: list[Running] = []
    is_up, stop = threading.Event(), threading.Event()

    async def serve(provider: RunningProvider) -> None:
        async with open_office(apart) as office:
            services = replace(
                office.services,
                clock=lambda: datetime.now(UTC),
                payments=PaymentTerms(origin=f"http://localhost:{port}"),
            )
            organization_id = (await office.organization("Exemplu SRL")).organization_id
            settings = PortalSettings(
                operator_token="an operator token",
                origin=f"http://localhost:{port}",
                providers=(
                    provider.provider("entra", organizations={TENANT: organization_id}),
                    provider.provider("staff", title="Operator", organization_id=OPERATOR_ID),
                ),
            )
            app = portal_app(
                lambda page: ServicesForPortal(page.services), settings, now=services.clock, services=services
            )
            server = _server(app, port)
            serving = asyncio.create_task(server.serve())
            while not server.started:  # noqa: ASYNC110 - the server sets a flag and no event
                await asyncio.sleep(0.01)
            started.append(
                Running(
                    address=address,
                    provider=provider,
                    services=services,
                    loop=asyncio.get_running_loop(),
                    organization_id=organization_id,
                )
            )
            is_up.set()
            await asyncio.to_thread(stop.wait)
            server.should_exit = True
            await serving

    with running_provider(provider_port, redirects, ACCOUNTS) as provider:
        thread = threading.Thread(target=lambda: asyncio.run(serve(provider)))
        thread.start()
        assert is_up.wait(30)
        yield started[0]
        stop.set()
        thread.join()


def test_people_come_in_through_the_provider_with_the_roles_that_it_says(chromium: Browser, running: Running) -> None:
    desk = Person(chromium, running)
    page = desk.through("desk")
    assert f"/organizations/{running.organization_id}" in page.url
    assert "Front Desk" in desk.open("/security").inner_text("main")
    assert "Global administrator" in page.inner_text("main")
    billing = Person(chromium, running)
    billing.through("billing")
    assert "Billing administrator" in billing.open("/security").inner_text("main")
    refused = billing.open(f"/organizations/{running.organization_id}/administrators")
    assert "You may not do this" in refused.inner_text("main")
    owner = Person(chromium, running)
    owner.through("owner", title="Operator")
    assert "Operator owner" in owner.open("/security").inner_text("main")
    assert owner.open("/console/staff").locator("h1").inner_text() == "Staff"
    assert desk.complaints + billing.complaints + owner.complaints == []


@pytest.mark.parametrize(
    ("account", "title", "sentence"),
    [
        ("foreign", "Exemplu Conturi", "belongs to an organization that has no portal here"),
        ("roleless", "Exemplu Conturi", "has no role here"),
        ("grabbing", "Exemplu Conturi", "has no role here"),
        ("desk", "Operator", "has no role here"),
        ("expired", "Exemplu Conturi", "does not prove who you are"),
        ("tampered", "Exemplu Conturi", "does not prove who you are"),
    ],
)
def test_nobody_comes_in_whom_the_settings_do_not_let_in_or_whose_token_is_bent(
    chromium: Browser, running: Running, account: str, title: str, sentence: str
) -> None:
    person = Person(chromium, running)
    page = person.through(account, title=title)
    assert sentence in page.inner_text("main")
    assert not person.is_in()
    assert running.do(running.services.pool.fetchval("select count(*) from administrators")) == 0


def test_a_state_opens_once_and_in_the_browser_that_was_led_away(chromium: Browser, running: Running) -> None:
    victim, thief = Person(chromium, running), Person(chromium, running)
    backs: list[str] = []
    victim.page.on("request", lambda asked: backs.append(asked.url) if "/sign-in/back/" in asked.url else None)
    victim.through("desk")
    assert victim.is_in()
    replayed = thief.open(backs[0])
    assert "does not prove who you are" in replayed.inner_text("main")
    assert not thief.is_in()
    # In the browser that it was for, but signed out and in again: the visit is another one, and the state is spent.
    victim.context.clear_cookies()
    assert "does not prove who you are" in victim.open(backs[0]).inner_text("main")
    for bent in (re.sub("state=[^&]*", "state=nonsense", backs[0]), re.sub("code=[^&]*", "code=", backs[0])):
        assert "You are not signed in" in thief.open(bent).inner_text("main")


def test_an_answer_of_another_issuer_or_for_another_question_is_refused(chromium: Browser, running: Running) -> None:
    person = Person(chromium, running)
    caught: list[str] = []

    def bend(route: Any) -> None:
        caught.append(route.request.url)
        route.fulfill(status=200, content_type="text/html", body="caught")

    person.context.route(re.compile("/sign-in/back/"), bend)
    person.through("desk")
    person.context.unroute(re.compile("/sign-in/back/"))
    issuer = re.sub("iss=[^&]*", "iss=https%3A%2F%2Fevil.example", caught[0])
    assert "does not prove who you are" in person.open(issuer).inner_text("main")
    assert not person.is_in()


def test_a_payment_form_asks_the_provider_to_sign_in_once_more(chromium: Browser, running: Running) -> None:
    person = Person(chromium, running)
    person.through("desk")
    running.do(running.services.pool.execute("update visits set proved_at = proved_at - interval '16 minutes'"))
    page = person.open(f"/organizations/{running.organization_id}/billing/payment-methods/add")
    assert "/prove" in page.url
    shot(page, "prove-en-1440")
    page.get_by_role("link", name="Continue with Exemplu Conturi").click()
    page.wait_for_url(re.compile("max_age|interaction"))
    person.at_provider("second")
    assert "not the account that you are signed in with" in page.inner_text("main")
    page = person.open(f"/organizations/{running.organization_id}/billing/payment-methods/add")
    page.get_by_role("link", name="Continue with Exemplu Conturi").click()
    person.at_provider("desk")
    assert page.url.endswith("/billing/payment-methods/add")


def test_an_invitation_leads_to_a_passkey_and_the_passkey_back_in(chromium: Browser, running: Running) -> None:
    person = Person(chromium, running)
    session, authenticator = person.passkeys()
    link = running.invited("passkey@example.com")
    page = person.open(link)
    shot(page, "invitation-en-1440")
    page.get_by_role("button", name="Set up a passkey").click()
    page.wait_for_url(re.compile(running.organization_id))
    kept = session.send("WebAuthn.getCredentials", {"authenticatorId": authenticator})["credentials"]
    assert [each["isResidentCredential"] for each in kept] == [True]
    page = person.open("/security")
    shot(page, "security-en-1440")
    page.locator("[popovertarget=account]").click()
    page.locator("#account").get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/sign-in"))
    shot(page, "sign-in-en-1440")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(re.compile(running.organization_id))
    running.do(running.services.pool.execute("update visits set proved_at = proved_at - interval '16 minutes'"))
    page = person.open(f"/organizations/{running.organization_id}/administrators/invite")
    page.get_by_role("button", name="Use your passkey").click()
    page.wait_for_url(re.compile("/administrators/invite"))
    assert "This invitation opens nothing" in person.open(link).inner_text("main")
    assert person.complaints == []


def test_a_passkey_that_does_not_make_sure_of_its_owner_opens_nothing(chromium: Browser, running: Running) -> None:
    person = Person(chromium, running)
    session, authenticator = person.passkeys()
    page = person.open(running.invited("passkey@example.com"))
    verified = {"authenticatorId": authenticator, "isUserVerified": False}
    session.send("WebAuthn.setUserVerified", verified)
    page.get_by_role("button", name="Set up a passkey").click()
    page.get_by_text("The passkey was not used.").first.wait_for()
    assert not person.is_in()


def test_an_account_is_linked_on_purpose_and_never_by_its_mail_address(chromium: Browser, running: Running) -> None:
    person = Person(chromium, running)
    person.passkeys()
    page = person.open(running.invited("front.desk@example.com", "support"))
    page.get_by_role("button", name="Set up a passkey").click()
    page.wait_for_url(re.compile(running.organization_id))
    stranger = Person(chromium, running)
    page_of_stranger = stranger.through("desk")
    assert "exists already" in page_of_stranger.inner_text("main")
    assert not stranger.is_in()
    page = person.open("/security")
    page.get_by_role("link", name="Link Exemplu Conturi").click()
    person.at_provider("linked")
    assert "The account was linked" in page.inner_text("main")
    again = Person(chromium, running)
    again.through("linked")
    assert "Support" in again.open("/security").inner_text("main"), "roles given here stay what they are"


OVERFLOW: Final = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.mark.parametrize(("language", "width", "dark"), [("en", 1440, False), ("ro", 390, True), ("ro", 320, False)])
def test_pages_of_access_fit_and_shut_nobody_out(
    chromium: Browser, running: Running, language: str, width: int, *, dark: bool
) -> None:
    person = Person(chromium, running, language=language, width=width)
    person.page.emulate_media(color_scheme="dark" if dark else "light")
    person.passkeys()
    link = running.invited("a.very.long.address.of.somebody@a-long-name-of-a-department.example.com")
    looked = [("sign-in", "/sign-in"), ("operator", "/sign-in/operator"), ("invitation", link)]

    def look(name: str) -> None:
        person.page.wait_for_load_state("networkidle")
        assert person.page.evaluate(OVERFLOW) <= 0, name
        shot(person.page, f"{name}-{language}-{width}{'-dark' if dark else ''}")
        violations = Axe().run(person.page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:120]) for each in violations] == [], name

    for name, path in looked:
        person.open(path)
        look(name)
    person.page.locator("form[data-passkey=create] button").click()
    person.page.wait_for_url(re.compile(running.organization_id))
    root = f"/organizations/{running.organization_id}/administrators"
    running.invited("second@example.com", "billing_administrator", "support")
    for name, path in (("security", "/security"), ("administrators", root), ("invite", f"{root}/invite")):
        person.open(path)
        look(name)
    follow(person.page.locator("#invite-form button[type=submit]"))
    look("invite-refused")
    follow(person.open(root).locator("td a").last)
    look("administrator")
    running.do(running.services.pool.execute("update visits set proved_at = proved_at - interval '16 minutes'"))
    person.open(f"{root}/invite")
    look("prove")
    person.page.locator("[popovertarget=account]").click()
    shot(person.page, f"account-{language}-{width}{'-dark' if dark else ''}")
    assert person.complaints == []
