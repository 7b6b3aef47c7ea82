"""Users, numbers and policies as eyes, keyboards and screen readers meet them, over the real database."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Browser, FilePayload, Page, expect

from commcredits.core.outcomes import Refused
from commcredits.core.roster import PartyKind as Kind
from commcredits.operations.licences import set_purchased
from commcredits.operations.number_stock import add_to_stock, reserve_number
from commcredits.operations.people import PartyFields, change_party
from commcredits.operations.rules import Rules, save_rules
from tests.edges.portal.conftest import LOCALES, launched_chromium, photograph
from tests.edges.portal.desk import Desk, open_desk
from tests.edges.portal.test_how_it_looks import AXE_OPTIONS, OVERFLOWS
from tests.edges.portal.visitor import TOKEN
from tests.operations.staff import hire
from tests.picturing import PATIENCE_MILLISECONDS, follow

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

Scheme = Literal["light", "dark"]
VIEWS: Final[tuple[tuple[Scheme, int], ...]] = (
    ("light", 320),
    ("dark", 390),
    ("light", 390),
    ("dark", 768),
    ("light", 1440),
    ("dark", 1440),
)
LONG: Final = "Departamentul pentru Relații Internaționale, Achiziții Publice și Administrarea Patrimoniului Imobiliar"
NUMBERS: Final = ("+40212345600", "+40212345601")

PAGES: Final = {
    "users": "/users",
    "nobody": "/users?text=nobody",
    "accounts": "/resource-accounts",
    "licences": "/licences",
    "numbers": "/numbers",
    "stock": "/numbers/get?kind=user&country=RO",
    "stock-toll-free": "/numbers/get?kind=toll_free",
    "reserved": f"/numbers/get/{NUMBERS[0][1:]}",
    "policies": "/policies",
    "departments": f"/policies/departments?department={LONG}",
    "search": "/search?q=persoana",
}
"""Pages that an address alone leads to, by what their pictures are called."""


@dataclass(kw_only=True)
class Served:
    """The portal of a desk under the server that the product uses; ``users`` are object ids."""

    origin: str
    base: str = ""
    users: list[str] = field(default_factory=list)


async def _fill(desk: Desk) -> list[str]:
    services, organization_id = desk.services, desk.organization_id
    users = [
        await hire(services, organization_id, f"persoana.{each:02d}@exemplu.ro", licences=("MCOPSTNC",))
        for each in range(60)
    ]
    done: list[object] = [
        await set_purchased(services, organization_id=organization_id, licence="MCOPSTN5", country="RO", quantity=3),
        await change_party(
            services,
            organization_id=organization_id,
            kind=Kind.USER,
            user=users[0],
            content=PartyFields(display_name="Ștefan cel Foarte " + "Lung" * 12, department=LONG, monthly_cap_micros=0),
        ),
        await save_rules(services, organization_id=organization_id, rules=Rules()),
    ]
    done += [await add_to_stock(services, number=number, kind="user", place="București") for number in NUMBERS]
    done.append(await reserve_number(services, organization_id=organization_id, number=NUMBERS[0]))
    await hire(services, organization_id, "coada@exemplu.ro", kind="resource_account")
    assert not [each for each in done if isinstance(each, Refused)]
    return users


@pytest.fixture
def served(database_url: str) -> Iterator[Served]:
    """A desk with sixty users."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    found = Served(origin=f"http://127.0.0.1:{listener.getsockname()[1]}")
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        async with open_desk(database_url) as desk:
            found.users += await _fill(desk)
            found.base = f"{found.origin}{desk.base}"
            application = desk.http._transport.app  # type: ignore[attr-defined]  # noqa: SLF001 - the desk's own application
            server = uvicorn.Server(uvicorn.Config(application, log_level="warning", loop="asyncio", lifespan="off"))
            servers.append(server)
            ready.set()
            await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(60), "the portal never came up"
    yield found
    servers[0].should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def browser(served: Served) -> Iterator[Browser]:
    """A browser that starts once the database is there, for its thread can run no other loop from then on."""
    assert served.base
    with launched_chromium() as launched:
        yield launched


def _signed_in(browser: Browser, served: Served, language: str, complaints: list[str]) -> Page:
    context = browser.new_context(locale=LOCALES[language], reduced_motion="reduce")
    context.set_default_timeout(PATIENCE_MILLISECONDS)
    page = context.new_page()

    def hear(kind: str, text: str) -> None:
        if kind in {"error", "warning"} and "status of 4" not in text:
            complaints.append(text)

    page.on("console", lambda message: hear(message.type, message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{served.origin}/portal/sign-in")
    page.locator("#operator-token").fill(TOKEN)
    follow(page.locator("main button[type=submit]"))
    return page


def _look(page: Page, name: str, language: str) -> list[str]:
    """What is wrong with a page in any view; pictures are kept."""
    wrong: list[str] = []
    for scheme, width in VIEWS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        at = f"{name} {language} {scheme} {width}"
        wrong += [f"{at}: {each}" for each in page.evaluate(OVERFLOWS)]
        photograph(page, f"people/{name}-{language}-{scheme}-{width}")
        if (scheme, width) in {("dark", 390), ("light", 1440)}:
            for each in Axe().run(page, options=AXE_OPTIONS).response["violations"]:
                wrong += [f"{at}: {each['id']}: {node['html'][:200]}" for node in each["nodes"]]
    return wrong


@pytest.mark.parametrize("language", ["en", "ro"])
def test_pages_that_links_and_forms_lead_to_fit_every_width_and_shut_nobody_out(
    served: Served, browser: Browser, language: str
) -> None:
    complaints: list[str] = []
    page = _signed_in(browser, served, language, complaints)
    wrong: list[str] = []

    def look(name: str, path: str = "") -> None:
        if path:
            page.goto(f"{served.base}{path}")
        wrong.extend(_look(page, name, language))

    look("user", f"/users/{served.users[0]}")
    page.goto(f"{served.base}/users/add")
    follow(page.locator("#person-form button[type=submit]"))
    look("user-refused")
    page.goto(f"{served.base}/users")
    page.locator("input[name=whom][value=all]").check()
    follow(page.locator("#people-form button[type=submit]"))
    look("choose")
    page.locator("input[name='assign-MCOPSTN5']").check()
    page.locator("input[name='assign-MCOMEETADV']").check()
    page.locator("input[name='take-MCOPSTNC']").check()
    follow(page.locator("#choose-form button[type=submit]"))
    look("preview")
    page.goto(f"{served.base}/users/import")
    look("import")
    rows = "user_principal_name,display_name,usage_location,department,licences\n"
    for name, content in (
        ("wrong", f"{rows}nobody,{'x' * 300},XX,,MCOPSTN77\n"),
        ("right", f"{rows}ana.pop@exemplu.ro,Ana Pop,RO,{LONG.replace(',', '')},MCOPSTNC\n"),
    ):
        page.goto(f"{served.base}/users/import")
        page.locator("#import-file").set_input_files(
            FilePayload(name="people.csv", mimeType="text/csv", buffer=content.encode())
        )
        follow(page.locator("#import-form button[type=submit]"))
        look(f"import-{name}")
    for name, path in PAGES.items():
        look(name, path)
    page.goto(f"{served.base}/policies/change")
    look("policies-change")
    page.locator("#rules-user_monthly_max_micros").fill("12")
    follow(page.locator("#rules-form button[type=submit]"))
    look("policies-review")
    look("user-policy", f"/policies/users/{served.users[0]}")
    page.goto(f"{served.base}/policies/try?user=persoana.00@exemplu.ro")
    page.locator("#try-number").fill("+44 20 7946 0000")
    follow(page.locator("#try-form button[type=submit]"))
    look("try")
    page.context.close()
    assert not wrong + complaints, "\n".join(wrong + complaints)


def _tab_to(page: Page, selector: str) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(400):
        if page.evaluate("(selector) => document.activeElement?.matches(selector) ?? false", selector):
            return
        page.keyboard.press("Tab")
    pytest.fail(f"the keyboard never reaches {selector}")


def test_a_licence_is_given_to_many_and_a_cap_is_set_by_keyboard_alone(served: Served, browser: Browser) -> None:
    complaints: list[str] = []
    page = _signed_in(browser, served, "en", complaints)
    page.goto(f"{served.base}/users?text=persoana.0")
    page.locator("body").press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    _tab_to(page, "[data-tick-all]")
    page.keyboard.press("Space")
    assert page.locator("input[name^=pick-]:checked").count() == 10
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("#choose-form")
    _tab_to(page, "input[name='assign-MCOPSTN5']")
    page.keyboard.press("Space")
    _tab_to(page, "#choose-form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector("#apply-form")
    _tab_to(page, "#apply-form button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("The licences of 3 people were changed")

    page.goto(f"{served.base}/policies/users/{served.users[1]}")
    _tab_to(page, "#policy-cap")
    page.keyboard.type("25")
    page.keyboard.press("Enter")
    page.wait_for_selector("#save-form")
    _tab_to(page, "#save-form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_selector(".message.good")
    expect(page.locator("main")).to_contain_text("25.00")
    page.context.close()
    assert complaints == []
