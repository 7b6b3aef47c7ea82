"""The pages of payment methods and approvals as eyes, screen readers and keyboards meet them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Page, expect

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from tests.edges.portal.conftest import Portal, Surfer, photograph
from tests.edges.portal.memory_methods import a_transfer, card
from tests.edges.portal.memory_operations import Books
from tests.edges.portal.test_how_it_looks import AXE_OPTIONS, OVERFLOWS, VIEWS, VIEWS_EXAMINED
from tests.edges.portal.visitor import NOW

pytestmark = pytest.mark.browser

IN_USE: Final = Refused(
    code=RefusalCode.PAYMENT_METHOD_IN_USE, facts={"used_by": "top_up", "top_up_id": str(uuid.uuid4())}
)


def methods_of(portal: Portal, books: Books) -> str:
    """The address of an organization's payment methods."""
    return portal.credits(books).replace("communications-credits", "payment-methods")


def _filled(portal: Portal) -> Books:
    books = portal.operations.open("Societatea Comercială cu un Nume Foarte Lung și Neobișnuit de Amplu SRL")
    portal.operations.fill(books)
    return books


def methods(surfer: Surfer, portal: Portal, language: str) -> Page:
    return surfer.open(f"{methods_of(portal, _filled(portal))}?added=1", language=language)


def no_methods(surfer: Surfer, portal: Portal, language: str) -> Page:
    return surfer.open(methods_of(portal, portal.operations.open()), language=language)


def refused_roles(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = surfer.open(methods_of(portal, _filled(portal)), language=language)
    page.locator("#roles-backup").select_option("card_good")
    page.locator("#roles-form button[type=submit]").click()
    page.wait_for_selector(".message.bad")
    return page


def refused_adding(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = surfer.open(f"{methods_of(portal, _filled(portal))}/add", language=language)
    page.locator("input[value=purchase_order]").check()
    page.locator("#add-method-form button[type=submit]").click()
    page.wait_for_selector("#method-order_number-error")
    return page


def leaving(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = surfer.open(f"{methods_of(portal, _filled(portal))}/add", language=language, scripts=False)
    page.locator("#add-method-form button[type=submit]").click()
    page.wait_for_selector("#continue")
    return page


def replacing(surfer: Surfer, portal: Portal, language: str) -> Page:
    return surfer.open(f"{methods_of(portal, _filled(portal))}/card_soon/replace?by=order", language=language)


def refused_removing(surfer: Surfer, portal: Portal, language: str) -> Page:
    books = _filled(portal)
    page = surfer.open(f"{methods_of(portal, books)}/card_old/remove", language=language)
    portal.operations.shelf(books).refusal = IN_USE
    page.locator("#remove-form button[type=submit]").click()
    page.wait_for_selector(".message.bad")
    return page


def transfer(surfer: Surfer, portal: Portal, language: str) -> Page:
    books = portal.operations.open()
    known = a_transfer(books, "one", amount_micros=9_999_999_990_000)
    portal.operations.shelf(books).transfers["one"] = known
    return surfer.open(f"{portal.credits(books)}/transfers/one", language=language)


def approving(surfer: Surfer, portal: Portal, language: str) -> Page:
    top_up_id = str(uuid.uuid4())
    portal.operations.asks_approval(top_up_id, portal.operations.open())
    return surfer.open(f"{portal.address}/billing/approve/{top_up_id}", language=language)


def approved(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = approving(surfer, portal, language)
    top_up_id = page.url.rpartition("/")[2]
    books = portal.operations.books[portal.operations.approvals[top_up_id].organization_id]
    portal.operations.shelf(books).refusal = Refused(code=RefusalCode.PAYMENT_NOT_OPEN)
    portal.operations.asks_approval(top_up_id, books, TopUpState.ACTION_REQUIRED)
    page.locator("#approve-form button[type=submit]").click()
    page.wait_for_selector(".message")
    return page


def nothing_to_approve(surfer: Surfer, portal: Portal, language: str) -> Page:
    return surfer.open(f"{portal.address}/billing/approve/{uuid.uuid4()}", language=language)


Arrival = Callable[[Surfer, Portal, str], Page]
ARRIVALS: Final[dict[Arrival, str]] = {
    methods: "html",
    no_methods: "main",
    refused_roles: "main",
    refused_adding: "main",
    leaving: "main",
    replacing: "main",
    refused_removing: "main",
    transfer: "main",
    approving: "html",
    approved: "main",
    nothing_to_approve: "main",
}
"""Each state that a page can be in, and the part of it that the rules of accessibility are asked about."""


@pytest.mark.parametrize("language", ["en", "ro"])
@pytest.mark.parametrize("arrive", ARRIVALS, ids=lambda arrive: arrive.__name__)
def test_a_page_fits_every_width_and_breaks_no_rule_of_accessibility(
    surfer: Surfer, portal: Portal, arrive: Arrival, language: str
) -> None:
    page = arrive(surfer, portal, language)
    found = []
    for scheme, width in VIEWS:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 1000})
        at = f"{language}-{scheme}-{width}"
        found += [f"{at}: {each}" for each in page.evaluate(OVERFLOWS)]
        if (scheme, width) in VIEWS_EXAMINED[language]:
            photograph(page, f"paying-{arrive.__name__}-{at}")
            if arrive is not leaving:  # axe is a script, and that page is met where none run
                violations = Axe().run(page, context=ARRIVALS[arrive], options=AXE_OPTIONS).response["violations"]
                found += [f"{at}: {each['id']}: {node['html']}" for each in violations for node in each["nodes"]]
    assert not found, "\n".join(found)


def test_a_card_is_added_and_replaced_by_keyboard_alone(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Keyboard")
    shelf = portal.operations.shelf(books)
    shelf.methods = [card("card_first", "0001", NOW, is_default=True)]
    page = surfer.open(methods_of(portal, books))

    def press_until(selector: str, key: str = "Tab") -> None:
        for _ in range(40):
            page.keyboard.press(key)
            if page.locator(selector).evaluate("(element) => element === document.activeElement"):
                return
        raise AssertionError(f"{selector} cannot be reached by {key}")

    press_until("#add-method")
    page.keyboard.press("Enter")
    press_until("input[name=way]:checked")
    page.keyboard.press("ArrowUp")
    expect(page.locator("input[value=purchase_order]")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.locator("#method-order_number")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    press_until("#method-order_number")
    page.keyboard.type("PO 7")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_focused()
    assert [each.kind for each in shelf.methods] == ["card", "purchase_order"]
    press_until("a[href$='/card_first/replace']")
    page.keyboard.press("Enter")
    press_until("#replace-form button[type=submit]")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("was replaced")
    assert [each.kind for each in shelf.methods] == ["purchase_order"]


def test_the_number_of_an_order_is_asked_for_only_of_an_order(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Choices")
    page = surfer.open(f"{methods_of(portal, books)}/add", scripts=False)
    expect(page.locator("#method-order_number")).to_be_hidden()
    page.locator("input[value=purchase_order]").check()
    expect(page.locator("#method-order_number")).to_be_visible()
