"""The two forms of the page, sent without scripts: what they do, what they refuse, and what they say then."""

from __future__ import annotations

import asyncio

import pytest

from commcredits.core.purchases import TopUpState
from tests.edges.portal.memory_history import CARD_TO_APPROVE, DECLINED_CARD, GOOD_CARD, SLOW_TRANSFER, UNREACHABLE_CARD
from tests.edges.portal.memory_operations import UNIT, MemoryOperations
from tests.edges.portal.visitor import (
    NOW,
    at_the_page,
    funds_form,
    recharge_form,
    signed_in,
    text_of,
)


async def test_funds_are_added_and_announced() -> None:
    visitor, books, path = await at_the_page("ro", history=False)
    form = await funds_form(visitor, path)
    answer = await visitor.submit(form, amount="1.234,50", payment_method=GOOD_CARD.payment_method)
    assert answer.status_code == 303
    assert books.available_micros == 1_234_500_000
    page = text_of((await visitor.get(answer.headers["location"])).text)
    assert "Fondurile au fost adăugate" in page
    assert 'Ați plătit <bdi class="number">1.234,50 RON</bdi>' in page


async def test_sending_the_same_form_twice_adds_funds_once() -> None:
    operations = MemoryOperations(NOW, delay_seconds=0.01)
    books = operations.open()
    visitor, path = await signed_in(books, operations)
    form = await funds_form(visitor, path)
    answers = await asyncio.gather(*(visitor.submit(form, amount="50", payment_method="card_good") for _ in range(3)))
    assert {answer.headers["location"] for answer in answers} == {answers[0].headers["location"]}
    assert books.available_micros == 50 * UNIT


async def test_a_form_whose_key_was_used_for_something_else_is_refused_and_gets_a_new_key() -> None:
    visitor, books, path = await at_the_page(history=False)
    form = await funds_form(visitor, path)
    await visitor.submit(form, amount="50", payment_method="card_good")
    answer = await visitor.submit(form, amount="60", payment_method="card_good")
    assert answer.status_code == 422
    assert "This form was sent before with other content." in answer.text
    fresh = visitor.form(answer.text, form.action)
    assert fresh.fields["command_id"] != form.fields["command_id"]
    assert fresh.fields["amount"] == "60"
    assert books.available_micros == 50 * UNIT


async def test_a_declined_card_says_so_and_can_be_tried_again() -> None:
    visitor, books, path = await at_the_page("ro", history=False)
    form = await funds_form(visitor, path)
    answer = await visitor.submit(form, amount="50", payment_method=DECLINED_CARD.payment_method)
    assert answer.status_code == 422
    assert "Plata dvs. a fost refuzată" in answer.text
    assert "Contul metodei de plată nu are destui bani." in answer.text
    assert books.available_micros == 0
    again = visitor.form(answer.text, form.action)
    assert (again.fields["amount"], again.fields["payment_method"]) == ("50", DECLINED_CARD.payment_method)
    answer = await visitor.submit(again, payment_method=GOOD_CARD.payment_method)
    assert answer.status_code == 303
    assert books.available_micros == 50 * UNIT


async def test_a_payment_that_was_not_made_is_not_called_declined() -> None:
    visitor, books, path = await at_the_page(history=False)
    books.payment_methods = (UNREACHABLE_CARD,)
    answer = await visitor.submit(await funds_form(visitor, path), amount="50")
    assert answer.status_code == 422
    assert "The payment was not made" in answer.text
    assert "The payment provider could not be reached. No money was taken." in answer.text
    assert "declined" not in answer.text


@pytest.mark.parametrize(
    ("method", "state", "said"),
    [
        (CARD_TO_APPROVE, TopUpState.ACTION_REQUIRED, "Your bank asks for your approval"),
        (SLOW_TRANSFER, TopUpState.PROCESSING, "The payment is on its way"),
    ],
)
async def test_a_payment_that_is_not_settled_is_never_called_a_failure(
    method: object, state: TopUpState, said: str
) -> None:
    visitor, books, path = await at_the_page(history=False)
    form = await funds_form(visitor, path)
    chosen = next(each for each in books.payment_methods if each == method)
    answer = await visitor.submit(form, amount="50", payment_method=chosen.payment_method)
    assert answer.status_code == 303
    assert books.top_ups[0].state is state
    page = (await visitor.get(answer.headers["location"])).text
    assert said in page
    assert "Your payment was declined" not in page


@pytest.mark.parametrize(
    ("language", "typed", "said"),
    [
        ("en", "", "Enter an amount."),
        ("en", "fifty", "Enter an amount in digits only, such as 1,234.50."),
        ("en", "1.234,50", "Enter an amount in digits only, such as 1,234.50."),
        ("en", "-50", "Enter an amount in digits only, such as 1,234.50."),
        ("en", "50.001", "Enter at most 2 decimals, as in 1,234.50."),
        ("en", "49.99", "The amount must be at least RON 50.00."),
        ("en", "10000.01", "The amount may be at most RON 10,000.00."),
        ("en", "9" * 30, "The amount may be at most RON 10,000.00."),
        ("ro", "", "Introduceți o sumă."),
        ("ro", "1,234.50", "Introduceți o sumă scrisă numai cu cifre, de exemplu 1.234,50."),
        ("ro", "50,001", "Introduceți cel mult 2 zecimale, de exemplu 1.234,50."),
        ("ro", "1e3", "Introduceți o sumă scrisă numai cu cifre, de exemplu 1.234,50."),
        ("ro", "٥٠", "Introduceți o sumă scrisă numai cu cifre, de exemplu 1.234,50."),
        ("ro", "49,99", "Suma trebuie să fie de cel puțin 50,00 RON."),
        ("ro", "NaN", "Introduceți o sumă scrisă numai cu cifre, de exemplu 1.234,50."),
    ],
)
async def test_a_bad_amount_is_told_what_is_allowed(language: str, typed: str, said: str) -> None:
    visitor, books, path = await at_the_page(language, history=False)
    answer = await visitor.submit(await funds_form(visitor, path), amount=typed)
    assert answer.status_code == 422
    page = text_of(answer.text)
    assert 'aria-describedby="funds-amount-error funds-amount-hint" aria-invalid="true"' in page
    assert page.count(said) == 2  # once in the summary, once beside the field
    assert books.top_ups == []


async def test_what_was_typed_is_shown_again_and_cannot_break_the_page() -> None:
    visitor, _, path = await at_the_page(history=False)
    typed = '"><script>alert(1)</script>'
    answer = await visitor.submit(await funds_form(visitor, path), amount=typed, payment_method=typed)
    assert "<script>alert" not in answer.text
    assert "&#34;&gt;&lt;script&gt;" in answer.text
    assert "Choose one of the payment methods on file." in answer.text


async def test_what_the_operations_refuse_stands_beside_its_field() -> None:
    visitor, _, path = await at_the_page(history=False)
    answer = await visitor.submit(await funds_form(visitor, path), amount="9500")
    assert answer.status_code == 422
    assert text_of(answer.text).count("The amount is too large. It may be at most RON 9,000.00.") == 2
    form = await recharge_form(visitor, path)
    answer = await visitor.submit(form, enabled="on", recharge_amount="100", trigger_amount="13")
    said = "The balance that triggers the recharge must be above zero and at most RON 9,000.00."
    assert text_of(answer.text).count(said) == 2
    assert 'id="recharge-trigger_amount-error"' in answer.text


async def test_settings_are_saved_and_shown_in_the_languages_form() -> None:
    visitor, books, path = await at_the_page("ro", history=False)
    form = await recharge_form(visitor, path)
    answer = await visitor.submit(
        form, enabled="on", recharge_amount="1.500", trigger_amount="150,5", monthly_cap="", payment_method="card_good"
    )
    assert answer.status_code == 303
    assert books.rule is not None
    assert (books.rule.recharge_amount_micros, books.rule.trigger_amount_micros) == (1_500 * UNIT, 150_500_000)
    page = (await visitor.get(answer.headers["location"])).text
    assert "Setările de reîncărcare automată au fost salvate" in page
    assert "reîncărcarea începe acum" in page
    shown = (await recharge_form(visitor, path)).fields
    amounts = (shown["recharge_amount"], shown["trigger_amount"], shown["monthly_cap"])
    assert amounts == ("1500,00", "150,50", "15000,00")
    assert shown["enabled"] == "on"


async def test_a_bad_setting_brings_the_form_back_within_its_page() -> None:
    visitor, books, path = await at_the_page()
    before = books.rule
    form = await recharge_form(visitor, path)
    answer = await visitor.submit(form, recharge_amount="20", trigger_amount="zero", monthly_cap="1")
    assert answer.status_code == 422
    page = text_of(answer.text)
    assert "<h1>Communications Credits</h1>" in page
    assert '<a href="#recharge-recharge_amount">Recharge amount: The amount must be at least RON 50.00.</a>' in page
    assert '<a href="#recharge-trigger_amount">When the balance falls below: Enter an amount in digits only' in page
    assert visitor.form(answer.text, form.action).fields["trigger_amount"] == "zero"
    assert books.rule is before


async def test_a_cap_below_one_recharge_is_refused_at_its_field() -> None:
    visitor, _, path = await at_the_page()
    answer = await visitor.submit(await recharge_form(visitor, path), recharge_amount="500", monthly_cap="499.99")
    assert "Monthly cap: The amount must be at least RON 500.00." in text_of(answer.text)


async def test_a_trigger_of_zero_is_refused() -> None:
    visitor, _, path = await at_the_page()
    answer = await visitor.submit(await recharge_form(visitor, path), trigger_amount="0")
    assert "When the balance falls below: The amount must be above zero." in text_of(answer.text)


async def test_switching_off_is_never_refused_for_what_stands_in_the_other_fields() -> None:
    visitor, books, path = await at_the_page()
    form = await recharge_form(visitor, path)
    del form.fields["enabled"]
    answer = await visitor.submit(
        form, recharge_amount="nonsense", trigger_amount="", monthly_cap="x", payment_method=""
    )
    assert answer.status_code == 303
    assert books.rule is not None
    assert not books.rule.enabled
    assert books.rule.recharge_amount_micros == 500 * UNIT
    assert books.rule.monthly_cap_micros == 5_000 * UNIT
