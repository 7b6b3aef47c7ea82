"""Every term of auto-recharge on its form, what comes next in words, attempts and balance alerts."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from commcredits.core.account import PauseReason, RechargeMode
from commcredits.core.recharge import RechargeStanding
from commcredits.core.recharge_outlook import NextKind, NextStep
from commcredits.core.taxes import Tax, TaxTreatment
from commcredits.operations.recharge_attempts import AttemptOutcome
from tests.edges.portal.memory_history import CARD_TO_APPROVE, DECLINED_CARD, GOOD_CARD
from tests.edges.portal.memory_operations import UNIT, Books
from tests.edges.portal.visitor import NOW, Form, Visitor, at_the_page, funds_form, recharge_form, text_of


async def shown(visitor: Visitor, path: str) -> str:
    """The text of a page."""
    return text_of((await visitor.get(path)).text)


async def alerts_form(visitor: Visitor, path: str) -> Form:
    """The balance alerts, fetched afresh."""
    return visitor.form((await visitor.get(path)).text, f"{path}/balance-alerts")


async def test_a_target_with_a_backup_is_saved_and_shown_again() -> None:
    visitor, books, path = await at_the_page(history=False)
    answer = await visitor.submit(
        await recharge_form(visitor, path),
        enabled="on",
        mode="to_target",
        target_amount="600",
        trigger_amount="100",
        monthly_cap="2,000",
        expiry_ahead_days="30",
        payment_method=DECLINED_CARD.payment_method,
        backup_payment_method=GOOD_CARD.payment_method,
    )
    assert answer.status_code == 303
    rule = books.rule
    assert rule is not None
    assert (rule.mode, rule.target_amount_micros, rule.trigger_amount_micros) == ("to_target", 600 * UNIT, 100 * UNIT)
    assert (rule.monthly_cap_micros, rule.expiry_ahead_days) == (2_000 * UNIT, 30)
    assert (rule.payment_method, rule.backup_payment_method) == ("card_declined", "card_good")
    fields = (await recharge_form(visitor, path)).fields
    assert (fields["mode"], fields["target_amount"], fields["expiry_ahead_days"]) == ("to_target", "600.00", "30")
    assert fields["backup_payment_method"] == GOOD_CARD.payment_method
    page = await shown(visitor, path)
    assert "Below RON 100.00, what it lacks to RON 600.00 is bought with Mastercard •••• 0341." in page
    assert "backup for auto-recharge" in page


async def test_a_gap_is_closed_in_whole_amounts() -> None:
    visitor, books, path = await at_the_page(history=False)
    form = await recharge_form(visitor, path)
    await visitor.submit(form, enabled="on", mode="close_gap", recharge_amount="50", trigger_amount="200")
    assert books.rule is not None
    assert books.rule.mode is RechargeMode.CLOSE_GAP
    assert "as many times RON 50.00 as it takes are bought" in await shown(visitor, path)


async def test_the_amount_that_a_mode_does_not_use_is_never_wrong() -> None:
    visitor, books, path = await at_the_page()
    form = await recharge_form(visitor, path)
    answer = await visitor.submit(form, mode="to_target", target_amount="400", recharge_amount="nonsense")
    assert answer.status_code == 303
    assert books.rule is not None
    assert (books.rule.target_amount_micros, books.rule.recharge_amount_micros) == (400 * UNIT, 500 * UNIT)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"mode": "all_of_it"}, "How much a recharge adds: Choose one of the three ways."),
        ({"mode": "to_target", "target_amount": ""}, "Target: Enter an amount."),
        ({"backup_payment_method": "card_good"}, "Backup method: Choose another method than the one it stands in for."),
        ({"backup_payment_method": "of_others"}, "Backup method: Choose one of the payment methods on file."),
        ({"expiry_ahead_days": "91"}, "Funds about to expire: Enter a whole number of days from 0 to 90."),
        ({"expiry_ahead_days": "-1"}, "Funds about to expire: Enter a whole number of days from 0 to 90."),
        ({"expiry_ahead_days": "٣"}, "Funds about to expire: Enter a whole number of days from 0 to 90."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(fields: dict[str, str], said: str) -> None:
    visitor, books, path = await at_the_page()
    before = books.rule
    form = await recharge_form(visitor, path)
    answer = await visitor.post(form.action, form.fields | fields)
    assert answer.status_code == 422
    assert said in text_of(answer.text)
    assert books.rule is before


async def test_switching_off_keeps_all_that_cannot_be_read() -> None:
    visitor, books, path = await at_the_page()
    assert books.rule is not None
    books.rule = replace(books.rule, backup_payment_method=DECLINED_CARD.payment_method, expiry_ahead_days=7)
    form = await recharge_form(visitor, path)
    del form.fields["enabled"]
    answer = await visitor.submit(form, mode="x", backup_payment_method="x", expiry_ahead_days="x")
    assert answer.status_code == 303
    assert not books.rule.enabled
    assert (books.rule.backup_payment_method, books.rule.expiry_ahead_days) == (DECLINED_CARD.payment_method, 7)


STEPS = {
    NextKind.NOTHING: "The balance is not recharged by itself.",
    NextKind.WATCH: "Below RON 150.00, RON 500.00 is bought with Visa •••• 4242.",
    NextKind.CHARGE: "A recharge of RON 500.00 with Visa •••• 4242 starts now.",
    NextKind.ANSWER: "A recharge of RON 500.00 is being paid with Visa •••• 4242.",
    NextKind.APPROVAL: "approve RON 500.00 with Visa •••• 4242 until 22 Nov, 18:32.",
    NextKind.COOL_DOWN: "The next, RON 500.00 with Visa •••• 4242, is possible at 22 Nov, 18:32.",
    NextKind.RETRY: "The next attempt, RON 500.00 with Visa •••• 4242, follows at 22 Nov, 18:32.",
    NextKind.SAVE: "Stopped after several declined payments. Saving the settings starts it again.",
    NextKind.LOOK: "The payer&#39;s bank asked for a payment back.</p><p>Paused. Look whether all is in order",
    NextKind.NEXT_MONTH: "The monthly cap leaves no room for RON 500.00 until 22 Nov, 18:32.",
}


@pytest.mark.parametrize("kind", list(NextKind))
async def test_what_comes_next_is_said_with_its_amount_its_method_and_when(kind: NextKind) -> None:
    visitor, books, path = await at_the_page()
    assert books.rule is not None
    step = NextStep(
        kind=kind, at=NOW + timedelta(hours=1), amount_micros=500 * UNIT, payment_method_id=GOOD_CARD.payment_method
    )
    books.rule = replace(books.rule, next_step=step, paused=PauseReason.DISPUTE)
    page = await shown(visitor, path)
    assert STEPS[kind] in page
    said = "Funds that expire make it fall below that on 22 Nov, 18:32"
    assert (said in page) is (kind is NextKind.WATCH)


async def test_the_cap_is_shown_as_what_is_used_and_what_is_left() -> None:
    visitor, books, path = await at_the_page("ro")
    page = await shown(visitor, path)
    assert 'Reîncărcat luna aceasta</span><span class="strong"><bdi class="number">1.000,00 RON' in page
    assert 'rest: <bdi class="number">4.000,00 RON' in page
    assert 'class="fill" width="120"' in page  # a fifth of the bar
    assert books.rule is not None
    books.rule = replace(books.rule, cap_left_micros=1_000 * UNIT, standing=RechargeStanding.CAP_REACHED)
    assert 'class="soon" width="120"' in await shown(visitor, path)


async def test_attempts_say_what_became_of_them_why_and_what_followed() -> None:
    visitor, _, path = await at_the_page()
    assert f'href="{path}/recharge-attempts"' in await shown(visitor, path)
    page = await shown(visitor, f"{path}/recharge-attempts")
    for said in (
        'does not hold enough money.</p><p class="small">The backup method was tried next, at once.',
        'The card has expired.</p><p class="small">The next attempt was set for 22 Nov, 18:32.',
        'The card was reported stolen.</p><p class="small">Auto-recharge stopped until somebody saves the settings.',
        'Nobody approved the payment in time.</p><p class="small">The settings had changed meanwhile',
        "The answer was lost. It is looked up, and never sent a second time.",
        "+RON 500.00",
        'and <bdi class="number">RON 105.00</bdi> tax',
    ):
        assert said in page
    assert page.count('<tr role="row">') == len(AttemptOutcome) + 3  # three declines and the names of the columns


async def test_attempts_are_turned_page_by_page() -> None:
    visitor, books, path = await at_the_page()
    books.attempts = [replace(books.attempts[0], top_up_id=f"t{row}") for row in range(45)]
    first = await shown(visitor, f"{path}/recharge-attempts")
    assert "First page" not in first
    second = await shown(visitor, f"{path}/recharge-attempts?cursor=t19")
    assert f'href="{path}/recharge-attempts?cursor=t39"' in second
    assert "First page" in second
    assert "Next page" not in await shown(visitor, f"{path}/recharge-attempts?cursor=t39")
    assert (await visitor.get(f"{path}/recharge-attempts?cursor=nothing")).status_code == 422


async def test_without_attempts_the_page_says_what_will_fill_it() -> None:
    visitor, _, path = await at_the_page("ro", history=False)
    assert "Încă nu s-a încercat nimic" in await shown(visitor, f"{path}/recharge-attempts")


async def test_alerts_are_saved_without_order_or_doubles_and_leave_room_for_more() -> None:
    visitor, books, path = await at_the_page("ro", history=False)
    form = await alerts_form(visitor, path)
    assert [name for name in form.fields if name.startswith("alert_")] == ["alert_1", "alert_2", "alert_3"]
    answer = await visitor.submit(form, alert_1="50", alert_2="1.000", alert_3="50")
    assert answer.status_code == 303
    assert books.alerts.amounts_micros == (1_000 * UNIT, 50 * UNIT)
    page = await shown(visitor, answer.headers["location"])
    assert "Alertele de sold au fost salvate" in page
    assert "Încă nu află nimeni." in page
    fields = (await alerts_form(visitor, path)).fields
    assert [fields[f"alert_{row}"] for row in (1, 2, 3)] == ["1000,00", "50,00", ""]
    books.alerts = replace(books.alerts, is_heard=True, amounts_micros=tuple(range(UNIT, 11 * UNIT, UNIT)))
    assert "Încă nu află nimeni." not in await shown(visitor, path)
    assert "alert_11" not in (await alerts_form(visitor, path)).fields


async def test_a_bad_alert_is_said_at_its_field_and_saves_nothing() -> None:
    visitor, books, path = await at_the_page()
    answer = await visitor.submit(await alerts_form(visitor, path), alert_1="50", alert_2="x", alert_3="0")
    assert answer.status_code == 422
    page = text_of(answer.text)
    assert '<a href="#alerts-alert_2">Alert 2: Enter an amount in digits only' in page
    assert "Alert 3: The amount must be above zero." in page
    assert books.alerts.amounts_micros == ()
    partial = await visitor.submit(await alerts_form(visitor, path), htmx=True, alert_1="x")
    assert partial.text.lstrip().startswith('<form class="fields" id="balance-alerts-form"')


def with_tax(books: Books) -> None:
    books.purchase_tax = Tax(treatment=TaxTreatment.ON_TOP_UP, rate_micros=210_000)


async def test_a_taxed_purchase_says_so_before_and_shows_the_gross_amount_after() -> None:
    visitor, books, path = await at_the_page()
    assert "plus tax" not in await shown(visitor, f"{path}/add-funds")
    with_tax(books)
    assert "You pay the amount plus tax (21%)" in await shown(visitor, f"{path}/add-funds")
    books.top_ups[0] = replace(books.top_ups[0], tax_micros=42 * UNIT, receipt_number="CC-000001")
    page = await shown(visitor, path)
    assert '<bdi class="number">RON 242.00</bdi> with tax' in page
    assert "/billing/receipts/CC-000001" in page


async def test_whoever_pays_after_use_is_offered_nothing_to_buy() -> None:
    visitor, books, path = await at_the_page()
    stale = await recharge_form(visitor, path)
    books.post_usage = True
    page = await shown(visitor, path)
    assert "Calls are billed after use" in page
    assert "Add more funds" not in page
    assert "Modify recharge settings" not in page
    assert "Save changes" not in page
    assert 'Line of credit</dt><dd><bdi class="number">RON 1,000.00' in page
    assert "Pay now" not in await shown(visitor, f"{path}/add-funds")
    assert stale.fields["command_id"]


async def test_what_is_owed_is_shown_while_there_is_any() -> None:
    visitor, books, path = await at_the_page()
    assert "Owed" not in await shown(visitor, path)
    books.owed_micros = 3_200_000
    page = await shown(visitor, path)
    assert 'Owed</dt><dd><bdi class="number">RON 3.20' in page
    assert "repaid first" in page


async def test_a_method_that_is_no_longer_there_has_no_name() -> None:
    visitor, books, path = await at_the_page()
    books.payment_methods = (CARD_TO_APPROVE,)
    assert "with a payment method that is no longer on file" in await shown(visitor, path)
    assert (await funds_form(visitor, path)).fields["payment_method"] == CARD_TO_APPROVE.payment_method
