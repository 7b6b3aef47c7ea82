"""Auto-recharge, alerts and receipts in Chromium: fields that follow the chosen way, the keyboard, printing."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from commcredits.core.account import RechargeMode
from tests.edges.portal.conftest import Portal, Surfer
from tests.edges.portal.memory_history import DECLINED_CARD, GOOD_CARD
from tests.edges.portal.memory_operations import UNIT

pytestmark = pytest.mark.browser


def test_the_chosen_way_shows_the_amount_that_it_needs(surfer: Surfer, portal: Portal) -> None:
    page = surfer.open(portal.credits(portal.operations.open("Ways")), language="ro")
    amount, target = page.locator("#recharge-recharge_amount"), page.locator("#recharge-target_amount")
    expect(amount).to_be_visible()
    expect(target).to_be_hidden()
    page.get_by_label("Până la o țintă").check()
    expect(amount).to_be_hidden()
    expect(target).to_be_visible()
    page.get_by_label("Acoperirea diferenței cu sume întregi").check()
    expect(amount).to_be_visible()
    expect(target).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_every_term_is_set_with_and_without_scripts(surfer: Surfer, portal: Portal, *, scripts: bool) -> None:
    books = portal.operations.open(f"Terms {scripts}")
    page = surfer.open(portal.credits(books), scripts=scripts)
    page.get_by_role("switch").check()
    page.get_by_label("Up to a target").check()
    page.locator("#recharge-target_amount").fill("x")
    page.locator("#recharge-trigger_amount").fill("100")
    page.locator("#recharge-expiry_ahead_days").fill("14")
    page.locator("#recharge-payment_method").select_option(DECLINED_CARD.payment_method)
    page.locator("#recharge-backup_payment_method").select_option(GOOD_CARD.payment_method)
    page.get_by_role("button", name="Save changes").click()
    expect(page.locator("#recharge-target_amount-error")).to_be_visible()
    expect(page.get_by_label("Up to a target")).to_be_checked()
    page.locator("#recharge-target_amount").fill("300")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("status")).to_contain_text("a recharge starts now")
    rule = books.rule
    assert rule is not None
    assert (rule.mode, rule.target_amount_micros, rule.expiry_ahead_days) == (RechargeMode.TO_TARGET, 300 * UNIT, 14)
    assert (rule.payment_method, rule.backup_payment_method) == (DECLINED_CARD.payment_method, GOOD_CARD.payment_method)


def test_the_way_is_chosen_by_keyboard_and_hidden_fields_are_passed_over(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open("Keys")
    page = surfer.open(portal.credits(books))
    page.get_by_role("switch").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.get_by_label("A fixed amount")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Up to a target")).to_be_checked()
    page.keyboard.press("Tab")
    expect(page.locator("#recharge-target_amount")).to_be_focused()
    page.keyboard.type("500")
    page.keyboard.press("Tab")
    page.keyboard.type("200")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_be_focused()
    assert books.rule is not None
    assert books.rule.target_amount_micros == 500 * UNIT


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without-scripts"])
def test_alerts_are_saved_with_and_without_scripts(surfer: Surfer, portal: Portal, *, scripts: bool) -> None:
    books = portal.operations.open(f"Alerts {scripts}")
    page = surfer.open(portal.credits(books), scripts=scripts)
    page.get_by_label("Alert 1").fill("a few")
    page.get_by_role("button", name="Save alerts").click()
    expect(page.locator("#alerts-alert_1-error")).to_be_visible()
    page.get_by_label("Alert 1").fill("75")
    page.get_by_role("button", name="Save alerts").click()
    expect(page.get_by_role("status")).to_contain_text("The balance alerts were saved")
    assert books.alerts.amounts_micros == (75 * UNIT,)


def test_a_receipt_is_opened_for_printing_under_its_own_policy(surfer: Surfer, portal: Portal) -> None:
    books = portal.operations.open_with_history("Print")
    page = surfer.open(portal.credits(books))
    page.locator("#menu").get_by_role("link", name="Receipts").click()
    page.get_by_role("link", name="CC-000001").first.click()  # its credit note leads there as well
    page.get_by_role("link", name="Open for printing").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Receipt CC-000001")
    # The page's own style counts, and nothing of the portal is around it.
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    expect(page.locator(".top")).to_have_count(0)
