"""The hosted pages: the card's holder decides, the customer adds a card, and nothing else can happen there."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeRequest,
    Customer,
    CustomerRequest,
    Declined,
    NotFound,
    SetupRequest,
    SetupStarted,
    Succeeded,
)
from commcredits.gateways.simulator.cards import TEST_CARDS
from commcredits.gateways.simulator.client import SimulatorGateway
from commcredits.gateways.simulator.words import WORDS, language_of
from tests.gateways.simulator_process import NO_TRUST, SimulatorProcess, store_card

NBSP = "\N{NO-BREAK SPACE}"


async def ask(gateway: SimulatorGateway, simulator: SimulatorProcess, request: ChargeRequest) -> str:
    """Make a charge that its payer must approve; gives the page's address."""
    method = await store_card(simulator, "sim_authenticate")
    outcome = await gateway.charge(replace(request, payment_method_reference=method))
    assert isinstance(outcome, ActionRequired)
    return outcome.url


async def open_setup(gateway: SimulatorGateway, key: str) -> tuple[str, str]:
    """Begin a set-up; gives the customer's reference and the page's address."""
    customer = await gateway.create_customer(CustomerRequest(idempotency_key=f"{key}-customer", name="Ana"))
    assert isinstance(customer, Customer)
    started = await gateway.begin_setup(
        SetupRequest(
            idempotency_key=key, customer_reference=customer.reference, return_url="http://127.0.0.1:8080/billing"
        )
    )
    assert isinstance(started, SetupStarted)
    return customer.reference, started.hosted_url


@pytest.fixture
def charge(key: str) -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key,
        amount_minor=1_234_50,
        currency="RON",
        payment_method_reference="stored by ask()",
        off_session=False,
        description="Credite de comunicații <script>alert(1)</script>",
        return_url="http://127.0.0.1:8080/billing?top_up=1&x=<y>".replace("<y>", "%3Cy%3E"),
    )


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(trust_env=False, verify=NO_TRUST) as browser:
        yield browser


@pytest.mark.parametrize(
    ("language", "amount", "button"),
    [("en", "1,234.50", "Approve"), ("ro", "1.234,50", "Aprobați"), ("xx", "1,234.50", "Approve")],
)
async def test_the_page_asks_in_the_payers_language(
    gateway: SimulatorGateway,
    simulator: SimulatorProcess,
    browser: httpx.AsyncClient,
    charge: ChargeRequest,
    language: str,
    amount: str,
    button: str,
) -> None:
    url = await ask(gateway, simulator, charge)
    page = await browser.get(url, params={"lang": language})
    assert page.status_code == 200
    assert f"{amount}{NBSP}RON" in page.text
    assert f">{button}</button>" in page.text


@pytest.mark.parametrize(("currency", "amount"), [("JPY", "123,450"), ("KWD", "123.450"), ("RSD", "1,234.50")])
async def test_the_page_shows_what_will_be_charged_in_the_currencys_own_digits(
    gateway: SimulatorGateway,
    simulator: SimulatorProcess,
    browser: httpx.AsyncClient,
    charge: ChargeRequest,
    currency: str,
    amount: str,
) -> None:
    page = await browser.get(await ask(gateway, simulator, replace(charge, currency=currency)))
    assert f"{amount}{NBSP}{currency}" in page.text


@pytest.mark.parametrize(("decision", "outcome"), [("approve", Succeeded), ("refuse", Declined)])
async def test_the_holder_decides_once(
    gateway: SimulatorGateway,
    simulator: SimulatorProcess,
    browser: httpx.AsyncClient,
    charge: ChargeRequest,
    decision: str,
    outcome: type[Succeeded | Declined],
) -> None:
    url = await ask(gateway, simulator, charge)
    page = await browser.post(url, data={"decision": decision})
    assert "<form" not in page.text
    assert 'href="http://127.0.0.1:8080/billing?top_up=1&amp;x=%3Cy%3E"' in page.text
    other = "refuse" if decision == "approve" else "approve"
    await browser.post(url, data={"decision": other})
    assert isinstance(await gateway.lookup(charge.idempotency_key), outcome)


@pytest.mark.parametrize(
    "form", ["", "decision=", "decision=maybe", "decision=%ff", "x=" * 5_000, "&".join("abcdefghijklmn")]
)
async def test_a_form_that_decides_nothing_changes_nothing(
    gateway: SimulatorGateway,
    simulator: SimulatorProcess,
    browser: httpx.AsyncClient,
    charge: ChargeRequest,
    form: str,
) -> None:
    url = await ask(gateway, simulator, charge)
    page = await browser.post(url, content=form, headers={"content-type": "application/x-www-form-urlencoded"})
    assert page.status_code == 200
    assert isinstance(await gateway.lookup(charge.idempotency_key), ActionRequired)


async def test_looking_at_a_page_decides_nothing(
    gateway: SimulatorGateway, simulator: SimulatorProcess, browser: httpx.AsyncClient, charge: ChargeRequest
) -> None:
    url = await ask(gateway, simulator, charge)
    await browser.get(url, params={"decision": "approve"})
    await browser.head(url)
    assert isinstance(await gateway.lookup(charge.idempotency_key), ActionRequired)


async def test_a_page_runs_nothing_and_may_not_be_framed_or_kept(
    gateway: SimulatorGateway, simulator: SimulatorProcess, browser: httpx.AsyncClient, charge: ChargeRequest
) -> None:
    page = await browser.get(await ask(gateway, simulator, charge))
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize("path", ["/authenticate/guess", "/setup/guess", "/authenticate/ch_0", "/authenticate/..%2f.."])
async def test_a_guessed_address_leads_nowhere(
    simulator: SimulatorProcess, browser: httpx.AsyncClient, path: str
) -> None:
    for answer in (
        await browser.get(simulator.base_url + path),
        await browser.post(simulator.base_url + path, data={"decision": "approve", "card": "sim_ok"}),
    ):
        assert answer.status_code == 404


async def test_a_customer_adds_a_card_once(gateway: SimulatorGateway, browser: httpx.AsyncClient, key: str) -> None:
    customer, url = await open_setup(gateway, key)
    page = await browser.get(url)
    assert all(f'value="{name}"' in page.text for name in TEST_CARDS)
    for card in ("sim_decline_expired_card", "sim_ok"):
        page = await browser.post(url, data={"card": card})
        assert 'href="http://127.0.0.1:8080/billing"' in page.text
    methods = await gateway.list_payment_methods(customer)
    assert isinstance(methods, tuple)
    assert [method.last4 for method in methods] == [TEST_CARDS["sim_decline_expired_card"].last4]


@pytest.mark.parametrize("card", ["", "sim_gold", "4" + "2" * 15])
async def test_a_card_that_is_no_test_card_is_not_added(
    gateway: SimulatorGateway, browser: httpx.AsyncClient, key: str, card: str
) -> None:
    customer, url = await open_setup(gateway, key)
    page = await browser.post(url, data={"card": card}, params={"lang": "ro"})
    assert page.status_code == 422
    assert WORDS["ro"]["setup_missing"] in page.text
    assert not card or card not in page.text
    assert await gateway.list_payment_methods(customer) == ()


def test_both_languages_have_every_word() -> None:
    assert WORDS["en"].keys() == WORDS["ro"].keys()
    assert all(WORDS["ro"][name] != WORDS["en"][name] for name in WORDS["en"] if name != "card")
    assert not re.search("[şţŞŢ]", " ".join(WORDS["ro"].values())), "Romanian has commas below, not cedillas"
    assert language_of(None) == language_of("de") == "en"


async def test_a_payer_who_comes_later_is_led_back_to_where_they_came_from(
    gateway: SimulatorGateway, simulator: SimulatorProcess, charge: ChargeRequest, browser: httpx.AsyncClient
) -> None:
    url = await ask(gateway, simulator, charge)
    elsewhere = "http://127.0.0.1:8080/approved?by=mail"
    assert await gateway.resume(charge.idempotency_key, elsewhere) == await gateway.lookup(charge.idempotency_key)
    decided = await browser.post(url, data={"decision": "approve"})
    assert f'href="{elsewhere}"' in decided.text
    assert isinstance(await gateway.resume(charge.idempotency_key, "http://127.0.0.1:8080/"), Succeeded)
    assert f'href="{elsewhere}"' in (await browser.get(url)).text, "what was decided leads back as it did"
    assert isinstance(await gateway.resume("never-seen", elsewhere), NotFound)
