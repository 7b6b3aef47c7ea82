"""Approving a payment without signing in: what a stranger with its address sees, and whoever pressed the button."""

from __future__ import annotations

import uuid
from datetime import timedelta

import httpx
import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.purchases import TopUpState
from commcredits.edges.portal import approve_pages
from commcredits.edges.portal.approve_pages import ATTEMPTS_PER_MINUTE, Attempts
from tests.edges.portal.memory_methods import APPROVAL_PAGE
from tests.edges.portal.memory_operations import Books, MemoryOperations
from tests.edges.portal.visitor import NOW, Visitor, text_of

SETTLED = [state for state in TopUpState if state is not TopUpState.ACTION_REQUIRED]


class Payer:
    """Somebody who was mailed the address of a payment, and is not signed in."""

    def __init__(self, state: TopUpState = TopUpState.ACTION_REQUIRED) -> None:
        self.operations = MemoryOperations(NOW)
        self.books: Books = self.operations.open("Exemplu SRL")
        self.operations.fill(self.books)
        self.visitor = Visitor(self.operations)
        self.top_up_id = str(uuid.uuid4())
        self.path = f"/portal/billing/approve/{self.top_up_id}"
        self.stands(state)

    def stands(self, state: TopUpState) -> None:
        """Let the payment stand in this state from now on."""
        self.operations.asks_approval(self.top_up_id, self.books, state)

    async def page(self, path: str = "") -> str:
        """A page in one line, less the two forms of language and theme that name the address itself."""
        return text_of((await self.visitor.get(path or self.path)).text)

    async def approve(self, *, htmx: bool = False) -> httpx.Response:
        """Press the button."""
        form = self.visitor.form((await self.visitor.get(self.path)).text, self.path)
        return await self.visitor.submit(form, htmx=htmx)

    async def come_back(self) -> str:
        """Approve, and be led back by the gateway."""
        await self.approve()
        return await self.page(self.operations.resumed[-1])


async def test_a_stranger_sees_amount_and_last_four_digits_and_nothing_else() -> None:
    payer = Payer()
    page = await payer.page()
    assert "RON 238.00" in page
    assert "3184" in page
    for secret in ("Exemplu SRL", payer.books.organization.organization_id, "American Express", APPROVAL_PAGE):
        assert secret not in page


@pytest.mark.parametrize("state", SETTLED)
async def test_a_settled_payment_looks_like_one_that_never_was(state: TopUpState) -> None:
    payer = Payer(state)
    settled = await payer.visitor.get(payer.path)
    other = f"/portal/billing/approve/{uuid.uuid4()}"
    unknown = await payer.visitor.get(other)
    assert settled.status_code == unknown.status_code == 200
    assert settled.text.replace(payer.path, "") == unknown.text.replace(other, "")
    assert "Nothing waits for approval here" in settled.text


async def test_the_button_leads_to_the_gateways_page_by_a_plain_link() -> None:
    answer = await Payer().approve()
    assert answer.status_code == 200
    assert f'href="{APPROVAL_PAGE}" rel="noreferrer"' in answer.text
    assert answer.headers["cache-control"] == "no-store"


async def test_scripts_are_led_to_the_gateways_page_at_once() -> None:
    assert (await Payer().approve(htmx=True)).headers["hx-redirect"] == APPROVAL_PAGE


async def test_the_gateway_leads_back_to_the_page_that_says_what_became_of_it() -> None:
    payer = Payer()
    await payer.approve()
    (back,) = payer.operations.resumed
    assert back.startswith(f"{payer.path}/done?proof=")


@pytest.mark.parametrize(
    ("state", "words", "looks_again"),
    [
        (TopUpState.SUCCEEDED, "The payment was made", False),
        (TopUpState.DECLINED, "The payment was not approved.", False),
        (TopUpState.CANCELLED, "The payment was not made", False),
        (TopUpState.PROCESSING, "The payment is on its way", True),
        (TopUpState.UNKNOWN, "There is no need to pay again.", True),
        (TopUpState.ACTION_REQUIRED, "The payment still waits for approval", True),
    ],
)
async def test_whoever_approved_is_told_what_became_of_it(state: TopUpState, words: str, *, looks_again: bool) -> None:
    payer = Payer()
    await payer.approve()
    payer.stands(state)
    page = await payer.page(payer.operations.resumed[0])
    assert words in page
    assert ("Look again" in page) is looks_again
    assert payer.operations.looked_up == [payer.top_up_id], "the gateway is asked, for its message may be late"


async def test_without_the_proof_nobody_is_told_what_became_of_it() -> None:
    payer = Payer()
    await payer.approve()
    payer.stands(TopUpState.SUCCEEDED)
    other = Payer()
    await other.approve()
    stolen = other.operations.resumed[0].partition("proof=")[2]
    for proof in ("", "?proof=", f"?proof={stolen}", "?proof=%FF", "?proof=ț"):
        page = await payer.page(f"{payer.path}/done{proof}")
        assert "Nothing waits for approval here" in page
        assert "238.00" not in page
    assert payer.operations.looked_up == []


async def test_a_payment_that_was_settled_meanwhile_is_told_without_a_gateways_page() -> None:
    payer = Payer()
    refusal = Refused(code=RefusalCode.PAYMENT_NOT_OPEN)
    payer.operations.shelf(payer.books).refusal = refusal
    answer = await payer.approve()
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{payer.path}/done?proof=")


async def test_a_silent_gateway_leaves_the_page_with_the_reason() -> None:
    payer = Payer()
    payer.operations.shelf(payer.books).refusal = Refused(code=RefusalCode.GATEWAY_NOT_READY)
    answer = await payer.approve()
    assert answer.status_code == 503
    assert "The payment service does not answer. Try again." in answer.text
    assert "3184" in answer.text


async def test_the_gateway_is_asked_a_few_times_a_minute_about_one_payment_and_then_no_more() -> None:
    payer = Payer()
    answers = [(await payer.approve()).status_code for _ in range(ATTEMPTS_PER_MINUTE + 2)]
    assert answers == [200] * ATTEMPTS_PER_MINUTE + [429, 429]
    assert len(payer.operations.resumed) == ATTEMPTS_PER_MINUTE
    other = str(uuid.uuid4())
    payer.operations.asks_approval(other, payer.books)
    form = payer.visitor.form((await payer.visitor.get(payer.path)).text, payer.path)
    answer = await payer.visitor.post(f"/portal/billing/approve/{other}", form.fields)
    assert answer.status_code == 200, "one payment's attempts do not count against another's"
    payer.visitor.clock.pass_seconds(60)
    assert (await payer.approve()).status_code == 200


async def test_a_stranger_who_tries_ids_neither_keeps_payers_from_approving_nor_lets_them_ask_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(approve_pages, "_IDS_MAX", 20)
    payer = Payer()
    form = payer.visitor.form((await payer.visitor.get(payer.path)).text, payer.path)
    for _ in range(320):
        await payer.visitor.get(f"/portal/billing/approve/{uuid.uuid4()}")
    assert "RON 238.00" in await payer.page()
    *_, last = [await payer.visitor.post(payer.path, form.fields) for _ in range(ATTEMPTS_PER_MINUTE + 1)]
    for number in range(30):
        await payer.visitor.post(f"/portal/billing/approve/{number}", form.fields)
    assert last.status_code == 429
    again = await payer.visitor.post(payer.path, form.fields)
    assert again.status_code == 429, "ids of nothing push no payment's count out"


async def test_looking_again_too_often_still_tells_but_asks_nobody() -> None:
    payer = Payer()
    await payer.approve()
    back = payer.operations.resumed[0]
    for _ in range(ATTEMPTS_PER_MINUTE + 3):
        assert "still waits" in await payer.page(back)
    assert len(payer.operations.looked_up) == ATTEMPTS_PER_MINUTE - 1


async def test_a_form_of_another_visit_approves_nothing() -> None:
    payer = Payer()
    answer = await payer.visitor.post(payer.path, {"form_token": "forged"})
    assert answer.status_code == 403
    assert payer.operations.resumed == []


@pytest.mark.parametrize("name", ["1", "%27%20or%201=1", "%00", "..%5c", "x" * 300])
async def test_anything_in_the_place_of_an_id_is_a_payment_that_never_was(name: str) -> None:
    payer = Payer()
    answer = await payer.visitor.get(f"/portal/billing/approve/{name}")
    assert answer.status_code == 200
    assert "Nothing waits for approval here" in answer.text


async def test_the_page_speaks_romanian_to_whoever_reads_it() -> None:
    payer = Payer()
    payer.visitor.http.headers["Accept-Language"] = "ro"
    page = await payer.page()
    assert "Aprobați o plată" in page
    assert "238,00 RON" in page


async def test_somebody_signed_in_is_led_on_to_the_organization() -> None:
    payer = Payer()
    payer.operations.open("Second")
    await payer.visitor.sign_in()
    payer.stands(TopUpState.ACTION_REQUIRED)
    await payer.approve()
    payer.stands(TopUpState.DECLINED)
    page = await payer.page(payer.operations.resumed[0])
    assert f'href="/portal/organizations/{payer.books.organization.organization_id}/billing/payment-methods"' in page


def test_attempts_of_many_names_take_no_more_room_than_those_of_some() -> None:
    attempts = Attempts()
    for number in range(5_000):
        assert attempts.allow(str(number), 1, NOW)
    assert not attempts.allow("4999", 1, NOW)
    assert attempts.allow("0", 1, NOW), "the quietest was forgotten"
    assert attempts.allow("4999", 1, NOW + timedelta(minutes=1))
