"""The Communications Credits page as a browser without scripts gets it, and what htmx gets instead."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from commcredits.core.account import TopUpState
from commcredits.core.recharge import RechargeStanding
from tests.edges.portal.memory_operations import (
    CARD_TO_APPROVE,
    DECLINED_CARD,
    GOOD_CARD,
    SLOW_TRANSFER,
    UNIT,
    UNREACHABLE_CARD,
    Books,
    MemoryOperations,
    close,
    in_back_off,
)
from tests.edges.portal.visitor import NOW, Form, Visitor, credits_path

NBSP = "\u00a0"


async def signed_in(books: Books, operations: MemoryOperations, language: str = "en") -> tuple[Visitor, str]:
    visitor = Visitor(operations, language=language)
    await visitor.sign_in()
    return visitor, credits_path(books.organization.organization_id)


async def at_the_page(language: str = "en", *, history: bool = True) -> tuple[Visitor, Books, str]:
    operations = MemoryOperations(NOW)
    books = operations.open_with_history() if history else operations.open()
    visitor, path = await signed_in(books, operations, language)
    return visitor, books, path


async def funds_form(visitor: Visitor, path: str) -> Form:
    return visitor.form((await visitor.get(f"{path}/add-funds")).text, f"{path}/add-funds")


async def recharge_form(visitor: Visitor, path: str) -> Form:
    return visitor.form((await visitor.get(path)).text, f"{path}/auto-recharge")


def text_of(html: str) -> str:
    return " ".join(html.replace(NBSP, " ").split())


async def test_the_page_shows_posted_held_and_available_balance() -> None:
    visitor, _, path = await at_the_page("ro")
    page = text_of((await visitor.get(path)).text)
    assert '<bdi class="number" id="available">310,62 RON</bdi>' in page
    for amount in ("323,0236 RON", "12,40 RON", "310,6236 RON"):
        assert f'<bdi class="number">{amount}</bdi>' in page


async def test_each_lot_says_what_is_left_and_when_it_expires() -> None:
    visitor, _, path = await at_the_page()
    page = text_of((await visitor.get(path)).text)
    assert 'expires <time datetime="2027-11-22T12:32:10Z">22 Nov 2027</time>' in page
    assert "RON 118.9036" in page
    assert 'left of <bdi class="number">RON 500.00</bdi>' in page
    assert (
        '<span class="soon">expires <time datetime="2026-12-16T15:32:10Z">16 Dec 2026</time> (in 24 days)</span>'
        in page
    )


async def test_lots_beyond_those_shown_are_counted_in_the_languages_plural() -> None:
    operations = MemoryOperations(NOW)
    books = operations.open_with_history()
    books.lots = books.lots[1:2] * 29
    visitor, path = await signed_in(books, operations, "ro")
    assert "Încă 21 de achiziții mai au fonduri." in (await visitor.get(path)).text
    books.lots = books.lots[:10]
    assert "Încă 2 achiziții mai au fonduri." in (await visitor.get(path)).text
    books.lots = books.lots[:9]
    assert "Încă o achiziție mai are fonduri." in (await visitor.get(path)).text


async def test_purchases_and_calls_say_their_state_and_the_reason() -> None:
    visitor, _, path = await at_the_page()
    page = text_of((await visitor.get(path)).text)
    for said in (
        "The account behind the payment method does not hold enough money.",
        "Auto-recharge was switched off before it was paid.",
        'href="https://payments.example/approve/1"',
        "The balance was too low.",
        '<bdi class="number">+40 21 555 0101</bdi>',
        '<bdi class="number">+40744***</bdi>',
        '<bdi class="number gain">+RON 200.00</bdi>',
        "4m 32s",
        "RON 0.0078",
    ):
        assert said in page


async def test_times_are_those_of_the_organization() -> None:
    visitor, _, path = await at_the_page()
    assert "22 Nov 2026, 17:32:10" in text_of((await visitor.get(path)).text)


async def test_empty_places_say_what_will_fill_them() -> None:
    visitor, _, path = await at_the_page(history=False)
    page = (await visitor.get(path)).text
    for title in ("Nothing was bought yet", "No funds", "No calls yet", "Nothing was spent in the last 30 days"):
        assert title in page
    assert "Auto-recharge is off" in page


async def test_a_rule_that_waits_says_what_for() -> None:
    operations = MemoryOperations(NOW)
    books = operations.open_with_history()
    visitor, path = await signed_in(books, operations)
    in_back_off(books, NOW)
    page = text_of((await visitor.get(path)).text)
    assert "The last payment was declined. The next attempt follows at 22 Nov, 18:32." in page
    assert "Auto-recharge is waiting" in page
    for standing in RechargeStanding:
        assert books.rule is not None
        books.rule = replace(books.rule, standing=standing)
        assert (await visitor.get(path)).status_code == 200


async def test_the_walk_goes_by_way_of_products_and_services() -> None:
    visitor, books, path = await at_the_page()
    products = f"/portal/organizations/{books.organization.organization_id}/billing/products-and-services"
    assert f'<a href="{products}">Products & services</a>' in (await visitor.get(path)).text
    page = (await visitor.get(products)).text
    assert f'<a href="{path}">Communications Credits subscription</a>' in page


async def test_every_link_and_form_of_the_page_leads_somewhere() -> None:
    visitor, books, path = await at_the_page()
    organization = f"/portal/organizations/{books.organization.organization_id}/billing"
    pages = ("/portal/", f"{organization}/products-and-services", path, f"{path}/add-funds", f"{path}/auto-recharge")
    for each in pages:
        html = (await visitor.http.get(each, follow_redirects=True)).text
        for address in {part.split('"')[0] for part in html.split('href="')[1:]}:
            if address.startswith("/"):
                assert (await visitor.get(address)).status_code == 200, address
            elif address.startswith("#") and len(address) > 1:
                assert f'id="{address[1:]}"' in html, address
            else:
                assert address == "https://payments.example/approve/1"
        for piece in html.split('action="')[1:]:
            assert (await visitor.post(piece.split('"')[0], {})).status_code == 403, piece[:80]


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


async def test_a_closed_organization_offers_nothing_to_buy() -> None:
    visitor, books, path = await at_the_page()
    stale = await funds_form(visitor, path)
    close(books)
    page = (await visitor.get(path)).text
    assert "No funds can be added: the organization is closed." in page
    assert "Add more funds" not in page
    assert "Save changes" not in page
    answer = await visitor.submit(stale, amount="50")
    assert answer.status_code == 422


async def test_without_a_payment_method_nothing_is_offered() -> None:
    visitor, books, path = await at_the_page(history=False)
    books.payment_methods = ()
    page = (await visitor.get(path)).text
    assert "there is no payment method on file" in page
    assert f"{path}/add-funds" not in page
    assert "Save changes" not in page


async def test_an_unknown_organization_is_a_page_that_leads_back() -> None:
    visitor, _, _ = await at_the_page()
    for address in (credits_path("018f0000-0000-7000-8000-000000000000"), "/portal/organizations/x/billing"):
        answer = await visitor.get(address)
        assert answer.status_code == 404
        assert "There is nothing here" in answer.text
        assert 'href="/portal/"' in answer.text


async def test_a_busy_system_asks_to_try_again() -> None:
    visitor, books, path = await at_the_page()
    books.busy = True
    answer = await visitor.get(path)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"
    assert "The system is busy." in answer.text
    fragment = await visitor.get(f"{path}/live", htmx=True)
    assert fragment.headers["hx-retarget"] == "#problem"
    assert "<html" not in fragment.text


async def test_a_fault_of_ours_is_a_page_too(monkeypatch: pytest.MonkeyPatch) -> None:
    visitor, _, path = await at_the_page()

    async def broken(_organization_id: str) -> None:
        raise RuntimeError("a table is on fire")

    monkeypatch.setattr(visitor.operations, "credits_overview", broken)
    answer = await visitor.get(path)
    assert answer.status_code == 500
    assert "Something went wrong on our side" in answer.text
    assert "fire" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_organizations_come_in_pages() -> None:
    operations = MemoryOperations(NOW)
    for number in range(60):
        operations.open(f"Organization {number:02}")
    visitor = Visitor(operations)
    await visitor.sign_in()
    first = (await visitor.get("/portal/")).text
    assert "Organization 49" in first
    assert "Organization 50" not in first
    second = (await visitor.get("/portal/?cursor=Organization+49")).text
    assert "Organization 50" in second
    assert "Next page" not in second
    assert (await visitor.get("/portal/?cursor=nobody")).status_code == 409


async def test_without_organizations_the_list_says_how_they_come() -> None:
    visitor = Visitor()
    await visitor.sign_in()
    assert "No organizations yet" in (await visitor.get("/portal/")).text


async def test_htmx_gets_a_dialog_then_the_form_then_the_page_in_place() -> None:
    visitor, books, path = await at_the_page(history=False)
    opened = await visitor.get(f"{path}/add-funds", htmx=True)
    assert opened.text.lstrip().startswith('<dialog id="add-funds-dialog"')
    form = visitor.form(opened.text, f"{path}/add-funds")
    refused = await visitor.submit(form, htmx=True, amount="1")
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith('<form class="fields" id="add-funds-form"')
    done = await visitor.submit(form, htmx=True, amount="50")
    assert (done.status_code, done.headers["hx-retarget"], done.headers["hx-reswap"]) == (200, "#main", "outerMorph")
    assert done.text.lstrip().startswith('<main id="main"')
    assert "Funds were added" in done.text
    assert books.available_micros == 50 * UNIT


async def test_htmx_gets_the_live_part_alone() -> None:
    visitor, _, path = await at_the_page()
    live = await visitor.get(f"{path}/live", htmx=True)
    assert live.text.lstrip().startswith('<div id="live"')
    assert "Auto recharge settings" not in live.text


async def test_htmx_gets_the_refused_settings_alone() -> None:
    visitor, _, path = await at_the_page()
    refused = await visitor.submit(await recharge_form(visitor, path), htmx=True, recharge_amount="x")
    assert refused.status_code == 422
    assert refused.text.lstrip().startswith('<form class="fields" id="auto-recharge-form"')
