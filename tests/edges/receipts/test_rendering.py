"""A receipt as a file: in the organization's language, of nobody else, without holding up anybody."""

import asyncio
import importlib.util
import threading
import time
from collections.abc import AsyncIterator

import pytest

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.edges.receipts import rendering
from commcredits.edges.receipts.rendering import MEDIA_TYPES, ReceiptFormat, RenderedDocument, render_receipt
from commcredits.operations.billing_details import save_billing_details
from commcredits.operations.services import RENDERED_AT_ONCE_MAX
from tests.operations.office import WAIT_SECONDS_MAX, soon
from tests.operations.selling import BUYER, Shop, open_shop

NUMBER = "CC-000001"


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    async with open_shop(database_url) as opened:
        yield opened


async def _sold(shop: Shop, **fields: str) -> str:
    """A buyer with billing details and one receipt."""
    buyer = await shop.buyer(**fields)
    await save_billing_details(shop.services, organization_id=buyer, details=BUYER)
    await shop.buy(buyer)
    await shop.issue()
    return buyer


async def _rendered(shop: Shop, buyer: str, file_format: str, language: str | None = None) -> RenderedDocument:
    document = await render_receipt(shop.services, buyer, NUMBER, file_format, language)
    assert isinstance(document, RenderedDocument), document
    return document


async def test_a_receipt_comes_in_every_format_under_its_number(shop: Shop) -> None:
    buyer = await _sold(shop)
    for file_format, begins in (("html", b"<!DOCTYPE html>"), ("pdf", b"%PDF"), ("xml", b"<?xml")):
        document = await _rendered(shop, buyer, file_format)
        assert document.filename == f"{NUMBER}.{file_format}"
        assert document.media_type == MEDIA_TYPES[ReceiptFormat(file_format)]
        assert document.content.startswith(begins)


async def test_its_language_is_the_organizations_unless_another_is_named(shop: Shop) -> None:
    buyer = await _sold(shop, language="ro")
    assert b'<html lang="ro">' in (await _rendered(shop, buyer, "html")).content
    assert "Cumpărător".encode() in (await _rendered(shop, buyer, "html")).content
    assert b'<html lang="en">' in (await _rendered(shop, buyer, "html", "en")).content
    assert b"Buyer" in (await _rendered(shop, buyer, "html", "en")).content


@pytest.mark.parametrize(
    ("file_format", "language", "field"),
    [("docx", None, "format"), ("../pdf", None, "format"), ("html", "xx", "language"), ("html", "", "language")],
)
async def test_other_formats_and_languages_are_refused(
    shop: Shop, file_format: str, language: str | None, field: str
) -> None:
    buyer = await _sold(shop)
    refused = await render_receipt(shop.services, buyer, NUMBER, file_format, language)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


@pytest.mark.parametrize("number", ["CC-000002", "", "x" * 10_000, "CC-000001\n", "'; drop table receipts --", "ȘȚ-1"])
async def test_a_number_of_nothing_and_a_receipt_of_others_are_unknown(shop: Shop, number: str) -> None:
    buyer, other = await _sold(shop), await shop.buyer()
    for organization, asked in ((buyer, number), (other, NUMBER)):
        refused = await render_receipt(shop.services, organization, asked, "html")
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.UNKNOWN_RECEIPT


@pytest.mark.parametrize("file_format", ["pdf", "xml"])
async def test_without_the_extra_a_format_is_refused_in_words_and_the_page_still_comes(
    shop: Shop, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = await _sold(shop)
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> object:
        return None if name in {"typst", "facturx"} else found(name, package)

    monkeypatch.setattr("commcredits.edges.receipts.pdf.find_spec", without)
    monkeypatch.setattr("commcredits.edges.receipts.einvoice.find_spec", without)
    refused = await render_receipt(shop.services, buyer, NUMBER, file_format)
    assert isinstance(refused, Refused)
    assert "commcredits[invoices]" in str(refused.facts["allowed"])
    assert (await _rendered(shop, buyer, "html")).content


async def test_an_einvoice_that_cannot_be_said_is_refused_while_pdf_and_page_come(shop: Shop) -> None:
    buyer = await shop.buyer()
    await shop.buy(buyer)
    await shop.issue()
    refused = await render_receipt(shop.services, buyer, NUMBER, "xml")
    assert isinstance(refused, Refused)
    assert refused.facts["field"] == "buyer.address_lines"
    assert (await _rendered(shop, buyer, "pdf")).content


async def test_the_loop_goes_on_while_many_are_rendered_a_few_at_a_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = await _sold(shop)
    running, most, go_on = 0, 0, threading.Event()

    def slow(*_arguments: object) -> bytes:
        nonlocal running, most
        running += 1
        most = max(most, running)
        go_on.wait(WAIT_SECONDS_MAX)
        time.sleep(0.02)
        running -= 1
        return b""

    monkeypatch.setattr(rendering, "_written", slow)
    asked = [asyncio.create_task(render_receipt(shop.services, buyer, NUMBER, "pdf")) for _ in range(8)]
    await soon(lambda: running == RENDERED_AT_ONCE_MAX)
    for _turn in range(10):
        await asyncio.sleep(0.005)
    assert running == most == RENDERED_AT_ONCE_MAX
    go_on.set()
    await asyncio.gather(*asked)
    assert most == RENDERED_AT_ONCE_MAX


async def test_whoever_waits_too_long_is_told_to_come_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    buyer = await _sold(shop)
    monkeypatch.setattr(rendering, "WAIT_SECONDS_MAX", 0.05)
    for _ in range(RENDERED_AT_ONCE_MAX):
        await shop.services.rendering.acquire()
    refused = await render_receipt(shop.services, buyer, NUMBER, "pdf")
    assert refused == Refused(code=RefusalCode.BUSY)


async def test_a_turn_lasts_until_the_work_is_done_also_when_nobody_waits_for_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    buyer = await _sold(shop)

    works, go_on = threading.Event(), threading.Event()

    def slow(*_arguments: object) -> bytes:
        works.set()
        go_on.wait(WAIT_SECONDS_MAX)
        return b""

    monkeypatch.setattr(rendering, "_written", slow)
    gone = asyncio.create_task(render_receipt(shop.services, buyer, NUMBER, "pdf"))
    await soon(works.is_set)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    taken = RENDERED_AT_ONCE_MAX - 1
    for _ in range(taken):
        await asyncio.wait_for(shop.services.rendering.acquire(), WAIT_SECONDS_MAX)
    assert shop.services.rendering.locked()
    go_on.set()
    await asyncio.wait_for(shop.services.rendering.acquire(), WAIT_SECONDS_MAX)
