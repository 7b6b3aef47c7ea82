"""Receipts and billing details at the terminal."""

from dataclasses import replace
from pathlib import Path

from commcredits.core.account import FundingTerms
from commcredits.edges.http.administration.receipt_answers import BillingDetails, Receipt
from commcredits.operations.receipts import issue_receipts
from tests.edges.cli.terminal import NOBODY, Terminal
from tests.operations.office import open_office
from tests.operations.selling import LONG_AGO, TERMS
from tests.storage_fixtures import run

DETAILS = (
    "--legal-name", "Țânțar & Fiii SRL", "--address-line", "Bd. Unirii 10", "--address-line", "ap. 3",
    "--city", "Cluj-Napoca", "--county", "RO-CJ", "--tax-id", "10000008",
)  # fmt: skip


def _bought(terminal: Terminal, database_url: str) -> str:
    """An organization with one receipt."""
    organization = terminal.open_organization()
    terminal.do("billing-details", "set", organization, *DETAILS)
    terminal.do("funds", "add", organization, "50", "--payment-method", terminal.add_card(organization))

    async def issue() -> None:
        async with open_office(database_url, funding=FundingTerms(top_up_minimum_micros={})) as office:
            await issue_receipts(replace(office.services, receipts=TERMS), since=LONG_AGO)

    run(issue())
    return organization


def test_a_receipt_is_listed_shown_and_saved(terminal: Terminal, database_url: str) -> None:
    organization = _bought(terminal, database_url)
    listed = terminal.do("receipts", "list", organization)["items"]
    assert [each["number"] for each in listed] == ["CC-000001"]
    shown = terminal.do("receipts", "show", organization, "CC-000001")
    assert shown == listed[0]
    assert shown.keys() == Receipt.model_fields.keys()
    assert (shown["net"], shown["gross"], shown["buyer"]["tax_id"]) == ("50.000000", "50.000000", "RO10000008")
    for ending, begins in (("pdf", b"%PDF"), ("html", b"<!DOCTYPE html>"), ("xml", b"<?xml")):
        file = str(Path(terminal.directory) / f"receipt.{ending}")
        said = terminal.type(
            "receipts", "save", organization, "CC-000001", "--format", ending, "--language", "ro", "--output", file
        )
        assert (said.status, said.output.strip()) == (0, file)
        assert Path(file).read_bytes().startswith(begins)
        again = terminal.type("receipts", "save", organization, "CC-000001", "--format", ending, "--output", file)
        assert again.status == 2
        assert "cannot be written" in again.complaint
    said = terminal.type("receipts", "show", organization, "CC-000001")
    assert "50.00 EUR" in said.output
    assert "Telefonie Exemplu SRL" in said.output
    assert "CC-000001" in terminal.type("receipts", "list", organization).output


def test_what_is_not_there_is_refused(terminal: Terminal, database_url: str) -> None:
    organization = _bought(terminal, database_url)
    for words in (("show", organization, "CC-999999"), ("save", organization, "CC-999999")):
        said = terminal.type("receipts", *words)
        assert said.status == 1
        assert "unknown_receipt" in said.complaint
    said = terminal.type("receipts", "save", organization, "CC-000001", "--format", "docx")
    assert said.status != 0
    assert "one of html, pdf, xml" in said.complaint
    assert terminal.type("receipts", "list", NOBODY).status == 1


def test_billing_details_are_shown_as_they_were_set(terminal: Terminal) -> None:
    organization = terminal.open_organization()
    saved = terminal.do("billing-details", "set", organization, *DETAILS)
    assert saved == terminal.do("billing-details", "show", organization)
    assert saved.keys() == BillingDetails.model_fields.keys()
    assert saved["address_lines"] == ["Bd. Unirii 10", "ap. 3"]
    assert "RO10000008 (checked)" in terminal.type("billing-details", "show", organization).output
    said = terminal.type("billing-details", "set", organization, *DETAILS[:-1], "10000009")
    assert said.status == 1
    assert "tax_id_not_valid" in said.complaint
