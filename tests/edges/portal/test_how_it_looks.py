"""What eyes and screen readers meet: nothing overflows or leaves its card, no rule of accessibility is broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it ships no types
from playwright.sync_api import Page

from commcredits.core.account import RechargeMode
from commcredits.core.recharge import RechargeStanding
from commcredits.core.recharge_outlook import NextKind, NextStep
from commcredits.edges.portal.recharge_ports import BalanceAlertsView
from tests.edges.portal.conftest import Portal, Surfer, photograph
from tests.edges.portal.memory_history import DECLINED_CARD
from tests.edges.portal.memory_operations import in_back_off
from tests.edges.portal.memory_recharge import a_rule
from tests.edges.portal.visitor import NOW

pytestmark = pytest.mark.browser

Scheme = Literal["light", "dark"]
VIEWS: Final[tuple[tuple[Scheme, int], ...]] = (
    ("light", 320),
    ("light", 390),
    ("light", 768),
    ("light", 1440),
    ("dark", 1440),
    ("dark", 768),
    ("dark", 390),
    ("dark", 320),
)
VIEWS_EXAMINED: Final[dict[str, frozenset[tuple[Scheme, int]]]] = {
    "en": frozenset({("light", 1440), ("dark", 1440)}),
    "ro": frozenset({("dark", 390)}),
}
"""Where a picture is kept and the rules of accessibility are asked: one language on a desk, the other on a phone."""

OVERFLOWS: Final = """
() => {
  const found = [];
  const name = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ` +
    `"${(element.textContent ?? "").trim().replace(/\\s+/g, " ").slice(0, 40)}"`;
  const hidden = (element) => element.closest("svg svg, svg > *, .skip, option") !== null ||
    getComputedStyle(element).clipPath !== "none" || element.getClientRects().length === 0;
  if (document.scrollingElement.scrollWidth > window.innerWidth) {
    found.push(`the page is ${document.scrollingElement.scrollWidth} wide`);
  }
  const boxes = "main, .top, .card, dialog, .message, td, th, dt, dd, p, li, label, button, .button, h1, h2, .input";
  for (const box of document.querySelectorAll(boxes)) {
    if (hidden(box) || box.closest("thead") && getComputedStyle(box.closest("thead")).clipPath !== "none") continue;
    const outer = box.getBoundingClientRect();
    for (const inner of box.querySelectorAll("*")) {
      if (hidden(inner) || inner.closest(".scroll") || inner.closest("thead")) continue;
      if (inner.closest("dialog") !== box.closest("dialog") && inner.closest("dialog")) continue;
      const rectangle = inner.getBoundingClientRect();
      const sideways = rectangle.left < outer.left - 1 || rectangle.right > outer.right + 1;
      const lengthways = box.matches(".card, dialog, .message, .input") &&
        (rectangle.top < outer.top - 1 || rectangle.bottom > outer.bottom + 1);
      if (rectangle.width > 1 && (sideways || lengthways)) found.push(`${name(inner)} leaves ${name(box)}`);
    }
    if (box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 1 && getComputedStyle(box).overflowX !== "visible") {
      found.push(`${name(box)} is cut off`);
    }
  }
  return found;
}
"""

AXE_OPTIONS: Final = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def full_page(surfer: Surfer, portal: Portal, language: str) -> Page:
    books = portal.operations.open_with_history()
    in_back_off(books, NOW)
    return surfer.open(portal.credits(books), language=language)


def empty_page(surfer: Surfer, portal: Portal, language: str) -> Page:
    return surfer.open(portal.credits(portal.operations.open()), language=language)


def large_amounts(surfer: Surfer, portal: Portal, language: str) -> Page:
    books = portal.operations.open_with_history(
        "Societatea Comercială cu un Nume Foarte Lung și Neobișnuit de Amplu SRL"
    )
    books.held_micros = -123_456_789_123_456
    return surfer.open(portal.credits(books), language=language)


def refused_dialog(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = full_page(surfer, portal, language)
    page.locator("#add-funds").click()
    page.locator("#funds-amount").fill("50.001")
    page.locator("dialog button[type=submit]").click()
    page.wait_for_selector("#funds-amount-error")
    return page


def declined_page(surfer: Surfer, portal: Portal, language: str) -> Page:
    address = f"{portal.credits(portal.operations.open())}/add-funds"
    page = surfer.open(address, language=language)
    page.locator("#funds-amount").fill("50")
    page.locator("#funds-payment_method").select_option(DECLINED_CARD.payment_method)
    page.locator("main button[type=submit]").click()
    page.wait_for_selector(".message.bad")
    return page


def refused_settings(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = full_page(surfer, portal, language)
    for field in ("recharge_amount", "trigger_amount", "monthly_cap"):
        page.locator(f"#recharge-{field}").fill("x")
    page.locator("#auto-recharge-form button[type=submit]").click()
    page.wait_for_selector("#recharge-monthly_cap-error")
    return page


def full_rule(surfer: Surfer, portal: Portal, language: str) -> Page:
    """A rule that fills up to a target and waits, with a debt, a tax and receipts beside it."""
    books = portal.operations.open_with_history()
    books.owed_micros = 3_200_000
    books.rule = a_rule(
        NOW,
        mode=RechargeMode.TO_TARGET,
        target_amount_micros=2_500_000_000,
        trigger_amount_micros=1_000_000_000,
        monthly_cap_micros=5_000_000_000,
        recharged_this_month_micros=4_900_000_000,
        cap_left_micros=100_000_000,
        backup_payment_method=DECLINED_CARD.payment_method,
        expiry_ahead_days=30,
        standing=RechargeStanding.CAP_REACHED,
        next_step=NextStep(kind=NextKind.NEXT_MONTH, at=NOW, amount_micros=1_234_567_890),
    )
    books.top_ups[0] = replace(books.top_ups[0], tax_micros=42_000_000, receipt_number="CC-000001")
    books.alerts = BalanceAlertsView(amounts_micros=(100_000_000, 50_000_000, 10_000_000), is_heard=False)
    return surfer.open(portal.credits(books), language=language)


def refused_target(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = full_rule(surfer, portal, language)
    page.locator("#recharge-target_amount").fill("x")
    page.locator("#recharge-backup_payment_method").select_option("card_good")
    page.locator("#recharge-expiry_ahead_days").fill("100")
    page.locator("#auto-recharge-form button[type=submit]").click()
    page.wait_for_selector("#recharge-target_amount-error")
    return page


def post_usage(surfer: Surfer, portal: Portal, language: str) -> Page:
    books = portal.operations.open_with_history()
    books.post_usage = True
    return surfer.open(portal.credits(books), language=language)


def attempts(surfer: Surfer, portal: Portal, language: str) -> Page:
    return surfer.open(f"{portal.credits(portal.operations.open_with_history())}/recharge-attempts", language=language)


def billing(surfer: Surfer, portal: Portal, language: str, page: str) -> Page:
    address = portal.credits(portal.operations.open_with_history()).replace("communications-credits", page)
    return surfer.open(address, language=language)


def receipts(surfer: Surfer, portal: Portal, language: str) -> Page:
    return billing(surfer, portal, language, "receipts")


def no_receipts(surfer: Surfer, portal: Portal, language: str) -> Page:
    address = portal.credits(portal.operations.open()).replace("communications-credits", "receipts")
    return surfer.open(address, language=language)


def receipt(surfer: Surfer, portal: Portal, language: str) -> Page:
    return billing(surfer, portal, language, "receipts/CN-000001")


def refused_details(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = billing(surfer, portal, language, "billing-details")
    page.locator("#details-legal_name").fill("")
    page.locator("#billing-details-form button[type=submit]").click()
    page.wait_for_selector("#details-legal_name-error")
    return page


def products(surfer: Surfer, portal: Portal, language: str) -> Page:
    address = portal.credits(portal.operations.open()).replace("communications-credits", "products-and-services")
    return surfer.open(address, language=language)


def organizations(surfer: Surfer, portal: Portal, language: str) -> Page:
    portal.operations.open("Prima")
    portal.operations.open("Zweite", country="DE", currency="EUR", zone="Europe/Berlin")
    return surfer.open(f"{portal.address}/", language=language)


def sign_in(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = surfer.open(f"{portal.address}/", language=language, own_visit=True)
    page.locator("button[popovertarget=account]").click()
    page.locator("form[action$=sign-out] button").click()
    page.locator("#operator-token").fill("wrong")
    page.locator("main button[type=submit]").click()
    page.wait_for_selector("#operator-token-error")
    return page


def missing(surfer: Surfer, portal: Portal, language: str) -> Page:
    page = surfer.open(f"{portal.address}/nothing", language=language)
    surfer.complaints.clear()  # the browser itself reports the answer 404
    return page


Arrival = Callable[[Surfer, Portal, str], Page]
ARRIVALS: Final[dict[Arrival, str]] = {
    full_page: "html",
    empty_page: "main",
    large_amounts: "h1",
    refused_dialog: "dialog",
    declined_page: "main",
    refused_settings: "#auto-recharge-settings",
    full_rule: "main",
    refused_target: "#auto-recharge-settings",
    post_usage: "main",
    attempts: "html",
    receipts: "html",
    no_receipts: "main",
    receipt: "html",
    refused_details: "html",
    products: "html",
    organizations: "html",
    sign_in: "html",
    missing: "html",
}
"""Each state that a page can be in, and the part of it that the rules of accessibility were not yet asked about."""


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
            photograph(page, f"{arrive.__name__}-{at}")
            violations = Axe().run(page, context=ARRIVALS[arrive], options=AXE_OPTIONS).response["violations"]
            found += [f"{at}: {each['id']}: {node['html']}" for each in violations for node in each["nodes"]]
    assert not found, "\n".join(found)


def test_the_browser_tells_what_the_policy_forbids(surfer: Surfer, portal: Portal) -> None:
    page = surfer.open(f"{portal.address}/")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.evaluate("document.body.append(Object.assign(document.createElement('script'), {textContent: '1'}))")
    assert [each for each in surfer.complaints if "Content Security Policy" in each]
    surfer.complaints.clear()
