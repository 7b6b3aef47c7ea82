"""Receipts and billing details as a browser without scripts gets them."""

from __future__ import annotations

import httpx
import pytest
from msgspec.structs import replace

from commcredits.core.parties import ROMANIAN_COUNTIES
from commcredits.edges.portal.headers import CONTENT_SECURITY_POLICY
from commcredits.edges.portal.receipt_forms import counties_of
from commcredits.edges.receipts.html import PAGE_POLICY
from tests.edges.portal.memory_operations import Books
from tests.edges.portal.visitor import Form, Visitor, at_the_page, text_of


async def at_billing(language: str = "en", *, history: bool = True) -> tuple[Visitor, Books, str]:
    """A visitor, and where the billing pages of the only organization begin."""
    visitor, books, path = await at_the_page(language, history=history)
    return visitor, books, path.removesuffix("/communications-credits")


async def details_form(visitor: Visitor, path: str) -> Form:
    """The billing details, fetched afresh."""
    return visitor.form((await visitor.get(f"{path}/billing-details")).text, f"{path}/billing-details")


async def test_receipts_are_listed_with_net_tax_and_gross_and_credit_notes_with_their_sign() -> None:
    visitor, _, path = await at_billing("ro")
    page = text_of((await visitor.get(f"{path}/receipts")).text)
    for said in ("1.250,00 RON", "262,50 RON", "1.512,50 RON", "−121,00 RON", "22 nov. 2026"):
        assert said in page
    assert f'pentru <a class="nowrap" href="{path}/receipts/CC-000001">' in page
    assert f'href="{path}/receipts/CN-000001"' in page
    assert f'href="{path}/receipts" aria-current="page"' in page


async def test_receipts_are_turned_page_by_page() -> None:
    visitor, books, path = await at_billing()
    papers = visitor.operations.papers[books.organization.organization_id]
    papers[:] = [replace(papers[0], number=f"CC-{row:06}") for row in range(60)]
    assert f'href="{path}/receipts?cursor=CC-000024"' in (await visitor.get(f"{path}/receipts")).text
    last = (await visitor.get(f"{path}/receipts?cursor=CC-000049")).text
    assert "First page" in last
    assert "Next page" not in last


async def test_without_receipts_the_page_says_what_will_fill_it() -> None:
    visitor, _, path = await at_billing(history=False)
    assert "No receipts yet" in (await visitor.get(f"{path}/receipts")).text


async def test_a_receipt_says_who_sells_who_buys_and_what_was_paid() -> None:
    visitor, _, path = await at_billing()
    page = text_of((await visitor.get(f"{path}/receipts/CC-000001")).text)
    for said in ("Telefonie Exemplu SRL", "Întreprinderea Țânțar &amp; Fiii SRL", "1,512.50", "Visa", "4242"):
        assert said in page
    for file_format in ("pdf", "xml", "html"):
        assert f'href="{path}/receipts/CC-000001.{file_format}"' in page


async def test_the_page_for_printing_brings_a_policy_of_its_own() -> None:
    visitor, _, path = await at_billing()
    answer = await visitor.get(f"{path}/receipts/CC-000001.html")
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'inline; filename="CC-000001.html"'
    page = await visitor.get(f"{path}/receipts")
    assert page.headers["content-security-policy"] == CONTENT_SECURITY_POLICY


@pytest.mark.parametrize(
    ("language", "field", "said"),
    [
        ("en", "format", "the operator has to install commcredits with its extra for invoices"),
        ("ro", "format", "operatorul trebuie să instaleze commcredits cu extensia pentru facturi"),
        ("en", "buyer.tax_id", "something that the standard wants is missing or not allowed on it (buyer.tax_id)"),
    ],
)
async def test_a_file_that_cannot_be_written_says_why_and_what_to_do(language: str, field: str, said: str) -> None:
    visitor, _, path = await at_billing(language)
    visitor.operations.missing_field = field
    answer = await visitor.get(f"{path}/receipts/CC-000001.xml")
    assert answer.status_code == 409
    assert said in text_of(answer.text)


async def test_a_file_is_saved_under_its_number() -> None:
    visitor, _, path = await at_billing()
    for file_format, media_type in (("pdf", "application/pdf"), ("xml", "application/xml")):
        answer = await visitor.get(f"{path}/receipts/CC-000001.{file_format}")
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["content-disposition"] == f'attachment; filename="CC-000001.{file_format}"'


@pytest.mark.parametrize("address", ["CC-000009", "CC-000009.html", "CC-000001.exe", "%2e%2e", "CC-000001.pdf.exe"])
async def test_what_is_no_receipt_is_a_page_that_leads_back(address: str) -> None:
    visitor, _, path = await at_billing()
    assert (await visitor.get(f"{path}/receipts/{address}")).status_code == 404


async def test_another_organizations_receipt_is_unknown() -> None:
    visitor, _, _ = await at_billing()
    other = visitor.operations.open("Andere GmbH").organization.organization_id
    answer = await visitor.get(f"/portal/organizations/{other}/billing/receipts/CC-000001")
    assert answer.status_code == 404


async def test_whoever_is_not_signed_in_gets_no_receipt() -> None:
    visitor, _, path = await at_billing()
    visitor.http.cookies.clear()
    for address in ("receipts", "receipts/CC-000001", "receipts/CC-000001.html", "billing-details"):
        assert (await visitor.get(f"{path}/{address}")).status_code == 303


DETAILS = {
    "legal_name": "  Exemplu   SRL ",
    "address_1": "Bd. Unirii 10",
    "address_2": "",
    "address_3": "ap. 3",
    "city": "Cluj-Napoca",
    "county": "RO-CJ",
    "postal_code": "400001",
    "tax_id": "ro 18547290",
    "mail": "facturi@example.com",
    "reference": "PO-77",
}


async def sent(visitor: Visitor, path: str, fields: dict[str, str]) -> httpx.Response:
    """The answer to good billing details, in which these fields are others."""
    form = await details_form(visitor, path)
    return await visitor.post(form.action, form.fields | DETAILS | fields)


async def test_billing_details_are_saved_and_say_that_the_tax_id_was_checked() -> None:
    visitor, books, path = await at_billing("ro")
    answer = await sent(visitor, path, {})
    assert answer.status_code == 303
    buyer = visitor.operations.buyers[books.organization.organization_id]
    assert (buyer.legal_name, buyer.address_lines, buyer.county) == (
        "Exemplu SRL",
        ("Bd. Unirii 10", "ap. 3"),
        "RO-CJ",
    )
    page = (await visitor.get(answer.headers["location"])).text
    assert "Datele de facturare au fost salvate" in page
    assert "Cifrele de control ale codului fiscal sunt corecte." in page
    shown = (await details_form(visitor, path)).fields
    assert (shown["tax_id"], shown["address_2"], shown["county"]) == (buyer.tax_id, "ap. 3", "RO-CJ")


@pytest.mark.parametrize(
    ("fields", "place", "said"),
    [
        ({"legal_name": ""}, "legal_name", "Enter the name in full, at most 200 characters."),
        ({"legal_name": "x" * 201}, "legal_name", "Enter the name in full, at most 200 characters."),
        ({"address_1": "", "address_3": ""}, "address_1", "Enter at least one line"),
        ({"city": ""}, "city", "Enter the town"),
        ({"county": ""}, "county", "Choose the county."),
        ({"county": "RO-B", "city": "București"}, "city", "In Bucharest, enter the sector: SECTOR1 to SECTOR6."),
        ({"tax_id": "RO18547291"}, "tax_id", "The tax ID is not valid."),
        ({"mail": "nobody"}, "mail", "Enter one mail address, such as billing@example.com."),
        ({"reference": "x" * 101}, "reference", "Enter at most 100 characters."),
    ],
)
async def test_what_is_wrong_is_said_at_its_field(fields: dict[str, str], place: str, said: str) -> None:
    visitor, books, path = await at_billing()
    answer = await sent(visitor, path, fields)
    assert answer.status_code == 422
    page = text_of(answer.text)
    assert page.count(said) == 2
    assert f'id="details-{place}-error"' in page
    assert f'href="#details-{place}"' in page
    assert visitor.form(answer.text, f"{path}/billing-details").fields["postal_code"] == "400001"
    assert books.organization.organization_id not in visitor.operations.buyers


async def test_a_sector_of_bucharest_may_be_written_as_people_do() -> None:
    visitor, books, path = await at_billing()
    answer = await sent(visitor, path, {"county": "RO-B", "city": "Sector 3"})
    assert answer.status_code == 303
    assert visitor.operations.buyers[books.organization.organization_id].city == "SECTOR3"


def test_every_county_of_romania_has_its_name_and_other_countries_choose_their_own() -> None:
    assert set(counties_of("RO")) == ROMANIAN_COUNTIES
    assert counties_of("DE") == {}
