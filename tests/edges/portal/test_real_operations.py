"""The pages of payments over the real operations: Stripe's stand-in, the real database, and the letter's own link."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from commcredits.core.commands import RequestTopUp
from commcredits.core.notices import NoticeKind
from commcredits.core.outcomes import TopUpTaken
from commcredits.core.purchases import TopUpState
from commcredits.edges.mail.letters import LetterWriter
from commcredits.edges.portal.adapter import ServicesForPortal
from commcredits.edges.portal.app import portal_app
from commcredits.edges.portal.settings import PortalSettings
from commcredits.gateways.bank_transfer.gateway import open_bank_transfer
from commcredits.gateways.protocol import Gateway
from commcredits.operations.mailing import OwedMail
from commcredits.operations.notices import NoticeToTell
from commcredits.operations.payment_methods import list_payment_methods
from commcredits.operations.payments import find_top_up, take_payment
from commcredits.storage.payments import TopUpRecord
from tests.edges.portal.visitor import TOKEN, forms_of, text_of
from tests.gateways.stripe.conftest import open_gateway_at
from tests.gateways.stripe.fake_stripe import fake_stripe
from tests.operations.office import NOON, new_id, open_office
from tests.operations.test_paying_through_stripe import FIFTY, Shop

ORIGIN = "http://127.0.0.1:8080"
"""Where the operations' own terms say that the portal is."""

ACCOUNT = "RO49 AAAA 1B31 0075 9384 0000"


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Shop]:
    """An organization that pays through Stripe or by hand."""
    async with open_office(database_url) as office:
        with fake_stripe() as fake:
            stripe = open_gateway_at(fake)
            gateways: dict[str, Gateway] = {"stripe": stripe, "bank_transfer": open_bank_transfer({"account": ACCOUNT})}
            organization = await office.organization()
            services = replace(office.services, gateways=gateways)
            yield Shop(fake=fake, services=services, organization_id=organization.organization_id)
            await stripe.aclose()


def _browser(store: Shop) -> httpx.AsyncClient:
    settings = PortalSettings(operator_token=TOKEN)
    portal = portal_app(
        lambda page: ServicesForPortal(page.services), settings, now=store.services.clock, services=store.services
    )
    application = Starlette(routes=[Mount("/portal", portal)])
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=ORIGIN)


async def _bought_while_away(store: Shop, method: str) -> TopUpRecord:
    """A purchase whose payer is not there, as auto-recharge makes it."""
    command = RequestTopUp(
        organization_id=store.organization_id, command_id=new_id(), amount_micros=FIFTY, payment_method=method
    )
    taken = await store.services.executor.execute(command)
    assert isinstance(taken, TopUpTaken), taken
    await take_payment(store.services, organization_id=store.organization_id, top_up=taken, off_session=True)
    found = await find_top_up(store.services, organization_id=store.organization_id, top_up_id=taken.top_up_id)
    assert isinstance(found, TopUpRecord)
    return found


def _link_of_letter(top_up: TopUpRecord) -> str:
    """Where the letter leads that asks for approval."""
    notice = NoticeToTell(
        notice_id=new_id(),
        organization_id=top_up.organization_id,
        kind=NoticeKind.AUTHENTICATION_NEEDED.value,
        facts={"top_up_id": top_up.top_up_id, "amount_micros": top_up.amount_micros, "currency": top_up.currency},
        noticed_at=NOON,
    )
    mail = OwedMail(
        mail_id=new_id(),
        notice=notice,
        organization_name="Example",
        time_zone="Europe/Bucharest",
        address="ana@example.com",
        language="en",
        attempts=1,
    )
    text = LetterWriter(public_url=ORIGIN).write(mail).text
    return next(word for word in text.split() if word.startswith(ORIGIN))


async def _post(browser: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    """Send the form of a page that goes back to it."""
    form = next(each for each in forms_of((await browser.get(path)).text) if each.action == urlsplit(path).path)
    return await browser.post(path, data={**form.fields, **fields})


async def test_the_letters_link_leads_an_absent_payer_to_stripes_page_and_back(store: Shop) -> None:
    asked = await _bought_while_away(store, await store.card("authenticate"))
    assert (asked.state, asked.action_url) == (TopUpState.ACTION_REQUIRED, ""), "Stripe has no page for the absent"
    link = _link_of_letter(asked)
    async with _browser(store) as browser:
        page = text_of((await browser.get(link)).text)
        assert "EUR 50.00" in page
        assert asked.last4 in page
        assert 'href="https://hooks.stripe.example/' in (await _post(browser, link)).text
        with store.fake.lock:
            intent = store.fake.books.intents[asked.gateway_reference]
            back = str(intent["next_action"]["redirect_to_url"]["return_url"])
            store.fake.books.authenticate(asked.gateway_reference, approve=True)
        assert back.startswith(f"{link}/done?proof=")
        assert (await store.shown(asked)).state is TopUpState.ACTION_REQUIRED, "no message of Stripe's has come yet"
        assert "The payment was made" in (await browser.get(back)).text
        assert (await store.shown(asked)).state is TopUpState.SUCCEEDED
        assert "Nothing waits for approval here" in (await browser.get(link)).text
    assert await store.books_agree()


async def test_a_purchase_order_is_added_beside_a_card_and_a_purchase_with_it_says_how_to_pay(store: Shop) -> None:
    billing = f"/portal/organizations/{store.organization_id}/billing"
    async with _browser(store) as browser:
        await _post(browser, "/portal/sign-in", operator_token=TOKEN)
        leaving = await _post(browser, f"{billing}/payment-methods/add")
        assert 'href="https://checkout.stripe.example/' in leaving.text
        await store.card()
        await _post(browser, f"{billing}/payment-methods/add", way="purchase_order", order_number="PO-9")
        listed = text_of((await browser.get(f"{billing}/payment-methods")).text)
        for words in ("Visa", "Purchase order PO-9", '<span class="tag">Default</span>'):
            assert words in listed

        methods = await list_payment_methods(store.services, organization_id=store.organization_id)
        assert isinstance(methods, tuple)
        order = next(each.payment_method_id for each in methods if each.kind == "purchase_order")
        path = f"{billing}/communications-credits/add-funds"
        bought = await _post(browser, path, amount="200", payment_method=order)
        assert bought.status_code == 303, bought.text
        transfer = text_of((await browser.get(bought.headers["location"])).text)
        for words in ("EUR 200.00", ACCOUNT, "your purchase order PO-9"):
            assert words in transfer
        removing = await _post(browser, f"{billing}/payment-methods/{order}/remove")
        assert "A payment with it is not settled yet." in removing.text
