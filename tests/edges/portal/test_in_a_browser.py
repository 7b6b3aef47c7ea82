"""The page in Chromium: what an administrator does there, with scripts and without, in both languages."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.edges.portal.conftest import Portal, Surfer
from tests.edges.portal.memory_history import DECLINED_CARD, GOOD_CARD
from tests.edges.portal.memory_operations import UNIT, MemoryOperations

pytestmark = pytest.mark.browser

NBSP = "\u00a0"
WORDS = {
    "en": {
        "credits": "Communications Credits",
        "subscription": "Communications Credits subscription",
        "products": "Products & services",
        "add": "Add more funds",
        "amount": "Amount",
        "method": "Payment method",
        "pay": "Pay now",
        "added": "Funds were added",
        "declined": "Your payment was declined",
        "modify": "Modify recharge settings",
        "settings": "Auto recharge settings",
        "recharge": "Recharge amount",
        "trigger": "When the balance falls below",
        "save": "Save changes",
        "saved": "The auto recharge settings were saved",
        "bad": "Enter an amount in digits only, such as 1,234.50.",
        "typed": "1,250.50",
        "paid": f"RON{NBSP}1,250.50",
        "sign out": "Sign out",
    },
    "ro": {
        "credits": "Credite de comunicații",
        "subscription": "Abonamentul pentru Credite de comunicații",
        "products": "Produse și servicii",
        "add": "Adăugați mai multe fonduri",
        "amount": "Sumă",
        "method": "Metodă de plată",
        "pay": "Plătiți acum",
        "added": "Fondurile au fost adăugate",
        "declined": "Plata dvs. a fost refuzată",
        "modify": "Modificați setările de reîncărcare",
        "settings": "Setări de reîncărcare automată",
        "recharge": "Suma reîncărcării",
        "trigger": "Când soldul scade sub",
        "save": "Salvați modificările",
        "saved": "Setările de reîncărcare automată au fost salvate",
        "bad": "Introduceți o sumă scrisă numai cu cifre, de exemplu 1.234,50.",
        "typed": "1.250,50",
        "paid": f"1.250,50{NBSP}RON",
        "sign out": "Deconectare",
    },
}


def choose(page: Page, label: str, method: str) -> None:
    page.get_by_label(label).last.select_option(method)


@pytest.mark.parametrize("manner", ["with-scripts", "without-scripts"])
@pytest.mark.parametrize("language", ["en", "ro"])
def test_an_administrator_walks_the_whole_way(surfer: Surfer, portal: Portal, language: str, manner: str) -> None:
    words = WORDS[language]
    books = portal.operations.open(f"Walk {language} {manner}")
    products = portal.credits(books).replace("communications-credits", "products-and-services")
    page = surfer.open(products, language=language, scripts=manner == "with-scripts", own_visit=True)
    page.get_by_role("link", name=words["subscription"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(words["credits"])

    page.get_by_role("link", name=words["add"]).click()
    expect(page.locator("dialog[open]")).to_have_count(1 if manner == "with-scripts" else 0)
    page.get_by_label(words["amount"], exact=True).fill("12x")
    page.get_by_role("button", name=words["pay"]).click()
    expect(page.locator("#funds-amount-error")).to_have_text(words["bad"])
    expect(page.get_by_label(words["amount"], exact=True)).to_have_attribute("aria-invalid", "true")

    page.get_by_label(words["amount"], exact=True).fill(words["typed"])
    choose(page, words["method"], DECLINED_CARD.payment_method)
    page.get_by_role("button", name=words["pay"]).click()
    expect(page.get_by_role("alert")).to_contain_text(words["declined"])
    assert books.available_micros == 0

    choose(page, words["method"], GOOD_CARD.payment_method)
    page.get_by_role("button", name=words["pay"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["added"])
    expect(page.locator("#available")).to_have_text(words["paid"])
    assert page.locator("dialog").count() == 0
    assert books.available_micros == 1_250_500_000

    page.get_by_role("link", name=words["modify"]).click()
    expect(page.get_by_role("heading", name=words["settings"])).to_be_in_viewport()
    page.get_by_label(words["recharge"]).fill("500")
    page.get_by_label(words["trigger"]).fill("1,2,3")
    page.get_by_role("switch").check()
    page.get_by_role("button", name=words["save"]).click()
    expect(page.locator("#recharge-trigger_amount-error")).to_have_text(words["bad"])
    assert not books.answers_to("save_auto_recharge")

    page.get_by_label(words["trigger"]).fill("150")
    page.get_by_role("button", name=words["save"]).click()
    expect(page.get_by_role("status")).to_contain_text(words["saved"])
    assert books.rule is not None
    assert (books.rule.enabled, books.rule.trigger_amount_micros) == (True, 150 * UNIT)

    page.locator("button[popovertarget=account]").click()
    page.get_by_role("button", name=words["sign out"]).click()
    expect(page.locator("#operator-token")).to_be_visible()


def test_a_double_click_adds_funds_once(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Double")
    for scripts in (True, False):
        before = books.available_micros
        page = surfer.open(portal.credits(books) + ("" if scripts else "/add-funds"), scripts=scripts)
        if scripts:
            page.locator("#add-funds").click()
        page.locator("#funds-amount").fill("50")
        page.get_by_role("button", name="Pay now").dblclick()
        expect(page.get_by_role("status")).to_contain_text("Funds were added")
        assert books.available_micros - before == 50 * UNIT
    assert len(books.top_ups) == 2


def test_the_form_says_that_it_works_while_it_does(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Slow")
    page = surfer.open(portal.credits(books))
    page.locator("#add-funds").click()
    page.locator("#funds-amount").fill("50")
    delayed: MemoryOperations = portal.operations
    delayed.holds = True
    try:
        page.get_by_role("button", name="Pay now").click()
        expect(page.locator("dialog .spinner")).to_be_visible()
        expect(page.get_by_role("button", name="Pay now")).to_be_disabled()
    finally:
        delayed.holds = False
    expect(page.get_by_role("status")).to_contain_text("Funds were added")


def test_an_unanswered_form_says_so_and_can_be_sent_again(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Offline")
    page = surfer.open(portal.credits(books))
    page.locator("#add-funds").click()
    page.locator("#funds-amount").fill("50")
    page.context.set_offline(True)
    page.get_by_role("button", name="Pay now").click()
    expect(page.locator("dialog")).to_contain_text("The server did not answer")
    page.context.set_offline(False)
    page.get_by_role("button", name="Pay now").click()
    expect(page.get_by_role("status")).to_contain_text("Funds were added")
    assert len(books.top_ups) == 1
    surfer.complaints.clear()  # the browser itself reports the broken connection


def test_the_page_follows_the_balance_and_can_be_paused(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open_with_history("Live")
    page = surfer.open(portal.credits(books, quick=True))
    page.locator("#consumption-table summary").click()
    page.get_by_label("Recharge amount").fill("777")
    books.held_micros += 10 * UNIT
    expect(page.locator("#available")).to_have_text(f"RON{NBSP}300.62")
    assert page.locator("#consumption-table").get_attribute("open") is not None
    assert page.get_by_label("Recharge amount").input_value() == "777"
    toggle = page.get_by_role("button", name="Live updates")
    toggle.click()
    expect(toggle).to_have_attribute("aria-pressed", "false")
    books.held_micros += 10 * UNIT
    time.sleep(1.5)
    expect(page.locator("#available")).to_have_text(f"RON{NBSP}300.62")
    toggle.click()
    expect(page.locator("#available")).to_have_text(f"RON{NBSP}290.62")


def test_the_whole_way_can_be_gone_by_keyboard(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Keyboard")
    page = surfer.open(portal.credits(books))

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))

    def press_until(identity: str, key: str = "Tab") -> None:
        for _ in range(30):
            page.keyboard.press(key)
            if focused() == identity:
                return
        raise AssertionError(f"{identity} cannot be reached; the focus is at {focused()}")

    page.keyboard.press("Tab")
    assert focused() == "Skip to the content"
    expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
    page.keyboard.press("Enter")
    assert focused() == "main"
    press_until("add-funds")
    page.keyboard.press("Enter")
    expect(page.locator("#funds-amount")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#add-funds")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#funds-amount")).to_be_focused()
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    press_until("funds-amount")
    page.keyboard.press("Control+A")
    page.keyboard.type("50")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_focused()
    press_until("recharge-recharge_amount")
    page.keyboard.type("60")
    page.keyboard.press("Tab")
    page.keyboard.type("70")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("were saved")
    assert books.rule is not None
    assert (books.rule.recharge_amount_micros, books.rule.trigger_amount_micros) == (60 * UNIT, 70 * UNIT)


def test_language_and_theme_switch_in_place(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Switch")
    page = surfer.open(portal.credits(books))
    page.get_by_role("button", name="Română").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Credite de comunicații")
    assert page.url == portal.credits(books)
    background = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(background)
    page.get_by_role("button", name="Temă întunecată").click()
    page.wait_for_selector("html[data-theme=dark]")
    assert page.evaluate(background) != light
    page.get_by_role("button", name="Temă luminoasă").click()
    page.wait_for_selector("html[data-theme=light]")
    assert page.evaluate(background) == light


def test_a_visit_that_ended_leads_to_the_sign_in_page(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Ended")
    page = surfer.open(portal.credits(books))
    page.context.clear_cookies()
    page.locator("#add-funds").click()
    expect(page.locator("#operator-token")).to_be_visible()
    surfer.complaints.clear()  # the browser itself reports the answer 401


def test_on_a_phone_the_menu_opens_and_leads_on(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Phone")
    page = surfer.open(portal.credits(books), width=390)
    expect(page.locator("#menu")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.locator("#menu").get_by_role("link", name="Products & services").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Products"))


def test_nothing_of_an_organization_stays_in_the_browser(surfer: Surfer, portal: Portal) -> None:
    page = surfer.open(portal.credits(portal.operations.open_with_history("Traces")))
    page.locator("#add-funds").click()
    expect(page.locator("dialog")).to_be_visible()
    assert page.evaluate("[localStorage.length, sessionStorage.length]") == [0, 0]
