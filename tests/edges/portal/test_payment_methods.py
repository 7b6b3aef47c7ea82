"""The pages of payment methods, asked for over HTTP by a visitor without scripts: what they show and what they do."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from tests.edges.portal.memory_history import BY_HAND, DECLINED_CARD
from tests.edges.portal.memory_methods import GATEWAY_PAGE, REFERENCE, Shelf, a_transfer, card
from tests.edges.portal.memory_operations import Books, MemoryOperations, close
from tests.edges.portal.visitor import HTMX, NOW, Form, Visitor, funds_form, signed_in, text_of

NOT_READY = Refused(code=RefusalCode.GATEWAY_NOT_READY, facts={"gateway": "simulator"})


class Desk:
    """A visitor at the payment methods of the only organization."""

    def __init__(self, visitor: Visitor, books: Books, credits_page: str) -> None:
        self.visitor = visitor
        self.books = books
        self.credits = credits_page
        self.path = credits_page.replace("communications-credits", "payment-methods")

    @property
    def shelf(self) -> Shelf:
        """What the organization has."""
        return self.visitor.operations.shelf(self.books)

    async def page(self, suffix: str = "") -> str:
        """A page's text in one line."""
        return text_of((await self.visitor.get(f"{self.path}{suffix}")).text)

    async def form(self, suffix: str) -> Form:
        """The form of a page that posts to itself."""
        path = f"{self.path}{suffix}"
        return self.visitor.form((await self.visitor.get(path)).text, path.partition("?")[0])

    async def begin(self, *, htmx: bool = False, **fields: str) -> httpx.Response:
        """Choose a way to pay, and continue."""
        return await self.visitor.submit(await self.form("/add"), htmx=htmx, **fields)


async def at_the_desk(language: str = "en", *, filled: bool = True) -> Desk:
    operations = MemoryOperations(NOW)
    books = operations.open()
    visitor, path = await signed_in(books, operations, language)
    desk = Desk(visitor, books, path)
    if filled:
        operations.fill(books)
    return desk


async def test_every_method_is_named_with_its_kind_its_expiry_and_its_roles() -> None:
    page = await (await at_the_desk()).page()
    for words in (
        "Visa",
        "4242",
        "03/2029",
        "12/2026",
        "Expires soon",
        "10/2026",
        "Expired",
        "Bank transfer",
        "Purchase order PO-2026/",
        "does not expire",
        '<span class="tag">Default</span>',
        '<span class="tag">Backup</span>',
        '<span class="tag">for auto-recharge</span>',
    ):
        assert words in page


async def test_the_product_is_spoken_of_in_its_own_words_in_romanian() -> None:
    page = await (await at_the_desk("ro")).page()
    for words in ("Metode de plată", "Adăugați metodă de plată", "Înlocuire", "Expiră curând", "Transfer bancar"):
        assert words in page


async def test_the_menu_and_the_billing_card_lead_to_the_payment_methods() -> None:
    operations = MemoryOperations(NOW)
    desk = Desk(*(await _at_a_page_with_history(operations)))
    page = (await desk.visitor.get(desk.credits)).text
    assert page.count(f'href="{desk.path}"') == 2


async def _at_a_page_with_history(operations: MemoryOperations) -> tuple[Visitor, Books, str]:
    books = operations.open_with_history()
    visitor, path = await signed_in(books, operations)
    return visitor, books, path


async def test_without_a_method_the_page_says_what_to_do_and_chooses_no_roles() -> None:
    desk = await at_the_desk(filled=False)
    page = await desk.page()
    assert "No payment method yet" in page
    assert f'href="{desk.path}/add"' in page
    assert "roles-form" not in page


async def test_a_card_is_added_through_a_plain_link_to_the_gateways_page() -> None:
    desk = await at_the_desk()
    answer = await desk.begin(way="gateway:simulator")
    assert answer.status_code == 200, "a redirect to another host would be stopped by the policy"
    assert "location" not in answer.headers
    assert f'href="{GATEWAY_PAGE}" rel="noreferrer"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_scripts_are_told_the_gateways_address_at_once() -> None:
    answer = await (await at_the_desk()).begin(htmx=True, way="gateway:simulator")
    assert answer.headers["hx-redirect"] == GATEWAY_PAGE
    assert not answer.text


async def test_the_gateway_leads_back_to_our_own_address_whatever_the_form_says() -> None:
    desk = await at_the_desk()
    await desk.begin(way="gateway:stripe", return_to="https://evil.example/", since="1e9", return_path="//evil.example")
    (back,) = desk.shelf.return_paths
    assert urlsplit(back).path == f"{desk.path}/added"
    assert parse_qs(urlsplit(back).query) == {"gateway": ["stripe"], "since": [str(int(NOW.timestamp()))]}


async def test_whoever_comes_back_sees_what_was_added() -> None:
    desk = await at_the_desk()
    await desk.begin(way="gateway:simulator")
    desk.shelf.entered = [card("card_new", "0002", NOW + timedelta(days=201), brand="Simcard")]
    back = await desk.visitor.get(desk.shelf.return_paths[0])
    assert back.status_code == 303
    page = text_of((await desk.visitor.get(back.headers["location"])).text)
    assert "The payment method was added" in page
    assert "Simcard" in page.partition("The payment method was added")[2].partition("</div>")[0]


async def test_whoever_comes_back_with_nothing_is_told_so() -> None:
    desk = await at_the_desk()
    await desk.begin(way="gateway:simulator")
    back = await desk.visitor.get(desk.shelf.return_paths[0])
    assert "Nothing was added" in (await desk.visitor.get(back.headers["location"])).text


async def test_a_gateway_that_is_silent_when_one_comes_back_can_be_asked_again() -> None:
    desk = await at_the_desk()
    await desk.begin(way="gateway:simulator")
    desk.shelf.refusal = NOT_READY
    back = await desk.visitor.get(desk.shelf.return_paths[0])
    assert back.status_code == 503
    assert "The payment service does not answer. Try again." in back.text
    assert f'href="{desk.shelf.return_paths[0].replace("&", "&amp;")}"' in back.text


async def test_a_gateway_that_is_silent_leaves_the_form_with_the_reason() -> None:
    desk = await at_the_desk()
    desk.shelf.refusal = NOT_READY
    answer = await desk.begin(way="gateway:simulator")
    assert answer.status_code == 422
    assert "The payment service does not answer. Try again." in answer.text


@pytest.mark.parametrize("way", ["", "gateway:nobody", "gateway:", "cash", "bank_transfer "])
async def test_a_way_to_pay_that_is_not_offered_is_refused(way: str) -> None:
    desk = await at_the_desk()
    answer = await desk.begin(way=way)
    assert answer.status_code == 422
    assert "Choose one of these ways to pay." in text_of(answer.text)
    assert desk.shelf.return_paths == []


async def test_ways_by_hand_are_offered_only_where_somebody_confirms_them() -> None:
    desk = await at_the_desk()
    desk.shelf.by_hand = False
    assert "Purchase order" not in await desk.page("/add")
    assert (await desk.begin(way="bank_transfer")).status_code == 422


async def test_a_purchase_order_is_added_with_its_number_and_shown() -> None:
    desk = await at_the_desk(filled=False)
    answer = await desk.begin(way="purchase_order", order_number=" PO-77/2026 ")
    assert answer.status_code == 303
    page = text_of((await desk.visitor.get(answer.headers["location"])).text)
    assert "The payment method was added" in page
    assert "Purchase order PO-77/2026" in page


@pytest.mark.parametrize("number", ["", "-1", "PO<script>", "x" * 41, "PO\u202e1"])
async def test_a_number_that_no_order_has_is_refused_beside_its_field(number: str) -> None:
    desk = await at_the_desk(filled=False)
    answer = await desk.begin(way="purchase_order", order_number=number)
    assert answer.status_code == 422
    assert 'aria-invalid="true" aria-describedby="method-order_number-error"' in answer.text
    assert "<script>" not in answer.text
    assert desk.shelf.methods == []


async def test_default_and_backup_are_chosen_on_the_list() -> None:
    desk = await at_the_desk()
    form = desk.visitor.form((await desk.visitor.get(desk.path)).text, f"{desk.path}/roles")
    assert (form.fields["default"], form.fields["backup"]) == ("card_good", "card_soon")
    answer = await desk.visitor.submit(form, default="card_old", backup="")
    assert "Your choice was saved" in (await desk.visitor.get(answer.headers["location"])).text
    assert [each.payment_method for each in desk.shelf.methods if each.is_default] == ["card_old"]
    assert not [each for each in desk.shelf.methods if each.is_backup]


async def test_a_backup_that_is_the_default_is_refused_with_the_reason() -> None:
    desk = await at_the_desk()
    form = desk.visitor.form((await desk.visitor.get(desk.path)).text, f"{desk.path}/roles")
    answer = await desk.visitor.submit(form, default="card_old", backup="card_old")
    assert answer.status_code == 422
    assert "The backup must be another payment method than the default." in answer.text


async def test_what_needs_its_payer_is_refused_for_auto_recharge_with_the_way_out() -> None:
    desk = await at_the_desk()
    facts: dict[str, str | int] = {"payment_method_id": "transfer", "reason": "payer_must_be_present"}
    desk.shelf.refusal = Refused(code=RefusalCode.PAYMENT_METHOD_NOT_ALLOWED, facts=facts)
    form = desk.visitor.form((await desk.visitor.get(desk.path)).text, f"{desk.path}/roles")
    answer = await desk.visitor.submit(form, default="transfer")
    assert "Auto-recharge is on" in answer.text
    assert f'href="{desk.credits}#auto-recharge-settings"' in answer.text


async def test_a_method_is_replaced_by_another_one() -> None:
    desk = await at_the_desk()
    form = await desk.form("/card_good/replace")
    answer = await desk.visitor.submit(form, by="card_soon")
    assert "The payment method was replaced" in (await desk.visitor.get(answer.headers["location"])).text
    assert desk.shelf.method("card_soon").is_default
    assert "card_good" not in {each.payment_method for each in desk.shelf.methods}


async def test_a_card_can_be_replaced_by_one_that_is_added_on_the_way() -> None:
    desk = await at_the_desk()
    assert f'href="{desk.path}/add?instead=card_good"' in await desk.page("/card_good/replace")
    await desk.visitor.submit(await desk.form("/add?instead=card_good"), way="gateway:simulator")
    desk.shelf.entered = [card("card_new", "0002", NOW + timedelta(days=201))]
    back = await desk.visitor.get(desk.shelf.return_paths[0])
    assert back.headers["location"] == f"{desk.path}/card_good/replace?by=card_new"
    page = await desk.visitor.get(back.headers["location"])
    assert "Confirm that it takes the place of the old one." in page.text
    form = desk.visitor.form(page.text, f"{desk.path}/card_good/replace")
    assert form.fields["by"] == "card_new"
    assert desk.shelf.method("card_good").is_default, "coming back alone replaces nothing"


async def test_the_only_method_is_replaced_by_adding_the_new_one_first() -> None:
    desk = await at_the_desk()
    desk.shelf.methods = desk.shelf.methods[:1]
    page = await desk.page("/card_good/replace")
    assert "Add the new one first" in page
    assert "replace-form" not in page


async def test_removing_asks_first_and_then_removes() -> None:
    desk = await at_the_desk()
    form = await desk.form("/card_old/remove")
    assert len(desk.shelf.methods) == 5
    answer = await desk.visitor.submit(form)
    assert "The payment method was removed" in (await desk.visitor.get(answer.headers["location"])).text
    assert "card_old" not in {each.payment_method for each in desk.shelf.methods}


async def test_what_auto_recharge_pays_with_is_not_removed_and_the_way_out_is_shown() -> None:
    desk = await at_the_desk()
    answer = await desk.visitor.submit(await desk.form("/card_good/remove"))
    assert answer.status_code == 422
    assert "Auto-recharge pays with it." in answer.text
    assert f'href="{desk.credits}#auto-recharge-settings"' in answer.text
    assert f'href="{desk.path}/card_good/replace"' in answer.text


async def test_what_an_open_payment_uses_is_not_removed_and_the_payment_is_shown() -> None:
    desk = await at_the_desk()
    facts: dict[str, str | int] = {"used_by": "top_up", "top_up_id": "0190-open"}
    desk.shelf.refusal = Refused(code=RefusalCode.PAYMENT_METHOD_IN_USE, facts=facts)
    answer = await desk.visitor.submit(await desk.form("/card_old/remove"))
    assert "A payment with it is not settled yet." in answer.text
    assert f'href="{desk.credits}?top_up=0190-open"' in answer.text


@pytest.mark.parametrize("suffix", ["/nothing/replace", "/nothing/remove", "/%2e%2e/remove"])
async def test_a_method_of_nobody_or_of_somebody_else_is_not_there(suffix: str) -> None:
    desk = await at_the_desk()
    assert (await desk.visitor.get(f"{desk.path}{suffix}")).status_code == 404


@pytest.mark.parametrize("suffix", ["", "/add", "/added?gateway=simulator", "/card_good/replace", "/card_good/remove"])
async def test_nobody_sees_payment_methods_without_signing_in(suffix: str) -> None:
    desk = await at_the_desk()
    desk.visitor.http.cookies.clear()
    answer = await desk.visitor.get(f"{desk.path}{suffix}")
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/portal/sign-in")


@pytest.mark.parametrize("suffix", ["/add", "/roles", "/card_good/replace", "/card_good/remove"])
async def test_a_form_that_is_not_ours_changes_nothing(suffix: str) -> None:
    desk = await at_the_desk()
    before = list(desk.shelf.methods)
    fields = {"way": "bank_transfer", "default": "card_old", "by": "card_soon", "form_token": "forged"}
    assert (await desk.visitor.post(f"{desk.path}{suffix}", fields)).status_code == 403
    assert desk.shelf.methods == before


async def test_a_link_of_another_site_is_asked_again_from_within_and_keeps_the_visit() -> None:
    desk = await at_the_desk()
    elsewhere = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    visit = desk.visitor.http.cookies["commcredits_portal"]
    desk.visitor.http.cookies.clear()
    path = f"{desk.path}/added?gateway=simulator&since=1"
    withheld = await desk.visitor.http.get(path, headers=elsewhere)
    assert withheld.status_code == 200
    assert f'content="0;url={path.replace("&", "&amp;")}"' in withheld.text
    assert "set-cookie" not in withheld.headers
    assert str(desk.books.organization.name) not in withheld.text
    desk.visitor.http.cookies.set("commcredits_portal", visit, domain="portal.test", path="/portal")
    assert (await desk.visitor.http.get(path, headers={"Sec-Fetch-Site": "same-origin"})).status_code == 303


async def test_a_closed_organization_can_remove_methods_but_add_none() -> None:
    desk = await at_the_desk()
    close(desk.books)
    page = await desk.page()
    assert "add-method" not in page
    assert "/card_old/remove" in page


async def test_a_purchase_by_hand_leads_to_what_is_to_be_paid_and_says_it_again_later() -> None:
    desk = await at_the_desk()
    desk.books.payment_methods = (BY_HAND,)
    form = await funds_form(desk.visitor, desk.credits)
    answer = await desk.visitor.submit(form, amount="200")
    page = text_of((await desk.visitor.get(answer.headers["location"])).text)
    for words in ("RON 238.00", "RON 38.00", "RO49 AAAA 1B31 0075 9384 0000", REFERENCE, "Make a transfer"):
        assert words in page
    later = text_of((await desk.visitor.get(desk.credits)).text)
    assert f'<a href="{answer.headers["location"]}">How to pay</a>' in later
    assert "Bank transfer" in later


async def test_scripts_open_the_page_that_says_what_is_to_be_paid() -> None:
    desk = await at_the_desk()
    desk.books.payment_methods = (BY_HAND,)
    form = await funds_form(desk.visitor, desk.credits)
    answer = await desk.visitor.submit(form, htmx=True, amount="200")
    assert answer.headers["hx-redirect"].startswith(f"{desk.credits}/transfers/")


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (TopUpState.SUCCEEDED, "This payment has arrived"),
        (TopUpState.DECLINED, "This payment was called off"),
        (TopUpState.CANCELLED, "Don't pay it any more."),
    ],
)
async def test_what_is_settled_is_not_asked_for_again(state: TopUpState, words: str) -> None:
    desk = await at_the_desk()
    desk.shelf.transfers["one"] = a_transfer(desk.books, "one", state=state)
    page = (await desk.visitor.get(f"{desk.credits}/transfers/one")).text
    assert words in page.replace("&#39;", "'")
    assert "Make a transfer" not in page


async def test_an_order_names_its_number_and_an_untold_account_is_asked_for() -> None:
    desk = await at_the_desk()
    desk.shelf.transfers["one"] = a_transfer(desk.books, "one", order_number="PO-9", payee="")
    page = (await desk.visitor.get(f"{desk.credits}/transfers/one")).text
    assert "your purchase order PO-9" in page
    assert "Ask the operator for the account." in page


async def test_a_purchase_that_is_not_paid_by_hand_has_no_such_page() -> None:
    desk = await at_the_desk()
    assert (await desk.visitor.get(f"{desk.credits}/transfers/other")).status_code == 404


async def test_a_declined_purchase_leads_to_where_the_card_is_mended() -> None:
    desk = await at_the_desk()
    form = await funds_form(desk.visitor, desk.credits)
    answer = await desk.visitor.submit(form, amount="200", payment_method=DECLINED_CARD.payment_method)
    assert answer.status_code == 422
    assert f'<a id="fix-method" href="{desk.path}">' in answer.text


async def test_without_a_method_the_form_that_adds_funds_leads_to_adding_one() -> None:
    desk = await at_the_desk(filled=False)
    desk.books.payment_methods = ()
    for path in (f"{desk.credits}/add-funds", desk.credits):
        assert f'href="{desk.path}/add"' in (await desk.visitor.get(path)).text


async def test_no_page_of_payment_methods_is_kept_by_a_browser() -> None:
    desk = await at_the_desk()
    for path in (desk.path, f"{desk.path}/add", f"{desk.path}/card_good/remove"):
        assert (await desk.visitor.http.get(path, headers=HTMX)).headers["cache-control"] == "no-store"
