"""The Communications Credits page as a browser without scripts gets it, and what htmx gets instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from commcredits.core.recharge import RechargeStanding
from tests.edges.portal.memory_operations import UNIT, MemoryOperations, close, in_back_off
from tests.edges.portal.visitor import (
    NOW,
    Visitor,
    at_the_page,
    credits_path,
    funds_form,
    recharge_form,
    signed_in,
    text_of,
)


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


@pytest.mark.parametrize(("language", "said"), [("en", "Included minutes: "), ("ro", "Minute incluse: ")])
async def test_a_call_says_which_minutes_paid_for_it_beside_its_charge(language: str, said: str) -> None:
    visitor, _, path = await at_the_page(language)
    page = text_of((await visitor.get(path)).text)
    assert f"{said}3</bdi>" in page
    assert f"{said}60</bdi>" in page
    assert page.count(said) == 2


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
    said = "The last payment was declined. The next attempt, RON 500.00 with Visa •••• 4242, follows at 22 Nov, 18:32."
    assert said in page
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
    pages = (
        "/portal/",
        f"{organization}/products-and-services",
        path,
        *(f"{path}/{part}" for part in ("add-funds", "auto-recharge", "balance-alerts", "recharge-attempts")),
        *(f"{organization}/{part}" for part in ("receipts", "receipts/CN-000001", "billing-details")),
    )
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
    assert (await visitor.get("/portal/?cursor=nobody")).status_code == 422


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
    assert refused.text.lstrip().startswith('<form class="fields recharge" id="auto-recharge-form"')
