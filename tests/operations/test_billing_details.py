"""Billing details: checked, kept, and heard of by every process that decides."""

import pytest
from msgspec.structs import replace as changed

from commcredits.core.outcomes import RefusalCode, Refused
from commcredits.core.parties import Party
from commcredits.core.taxes import Tax, TaxTreatment
from commcredits.operations.billing_details import get_billing_details, purchase_tax, save_billing_details
from tests.operations.selling import BUYER, TAXES, Shop, open_shop

GERMAN = Party(
    legal_name="Beispiel GmbH", address_lines=("Hauptstr. 1",), city="Berlin", country="DE", tax_id="DE 136695976"
)


async def _saved(shop: Shop, organization_id: str, details: Party) -> Party:
    saved = await save_billing_details(shop.services, organization_id=organization_id, details=details)
    assert isinstance(saved, Party), saved
    return saved


async def test_an_organization_of_which_nobody_said_more_has_its_name_and_country(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer("DE", name="Beispiel")
        found = await get_billing_details(shop.services, organization_id=buyer)
        assert found == Party(legal_name="Beispiel", country="DE")


async def test_a_tax_id_is_kept_the_way_documents_write_it(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer("DE")
        saved = await _saved(shop, buyer, GERMAN)
        assert (saved.tax_id, saved.tax_id_checked) == ("DE136695976", True)
        assert await get_billing_details(shop.services, organization_id=buyer) == saved


async def test_a_process_that_knows_the_account_hears_at_once_that_the_tax_id_was_checked(database_url: str) -> None:
    assert TAXES[1].reverse_charge_with_tax_id
    async with open_shop(database_url) as shop, open_shop(database_url) as elsewhere:
        buyer = await shop.buyer("DE")
        # This process now holds the account in memory.
        await elsewhere.buy(buyer, 10_000_000)
        await _saved(shop, buyer, GERMAN)
        await elsewhere.buy(buyer, 10_000_000)
        await _saved(shop, buyer, changed(GERMAN, tax_id=""))
        await elsewhere.buy(buyer, 10_000_000)
        await shop.issue()
        assert [receipt.tax_treatment for receipt in await shop.documents(buyer)] == [
            TaxTreatment.ON_TOP_UP,
            TaxTreatment.REVERSE_CHARGE,
            TaxTreatment.ON_TOP_UP,
        ]


async def test_what_a_purchase_would_be_taxed_with_is_what_it_then_is(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        told = []
        for country, details in (("RO", None), ("DE", None), ("DE", GERMAN), ("FR", None), ("AT", None)):
            buyer = await shop.buyer(country)
            if details is not None:
                await _saved(shop, buyer, details)
            tax = await purchase_tax(shop.services, organization_id=buyer)
            assert isinstance(tax, Tax), tax
            await shop.buy(buyer, 1_000_000)
            await shop.issue()
            (receipt,) = await shop.documents(buyer)
            assert (receipt.tax_treatment, receipt.tax_rate_micros) == (tax.treatment, tax.rate_micros)
            assert receipt.tax_micros == tax.micros
            told.append((country, tax.treatment, tax.micros))
        assert told == [
            ("RO", TaxTreatment.ON_TOP_UP, 210_000),
            ("DE", TaxTreatment.ON_TOP_UP, 190_000),
            ("DE", TaxTreatment.REVERSE_CHARGE, 0),
            ("FR", TaxTreatment.ON_USE, 0),
            ("AT", TaxTreatment.NONE, 0),
        ]


@pytest.mark.parametrize("tax_id", ["RO18547291", "DE136695976", "RO" + "1" * 40, "'; drop table x", "\u202eRO1"])
async def test_a_wrong_tax_id_is_refused_and_told_what_is_allowed(database_url: str, tax_id: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer("RO")
        refused = await save_billing_details(
            shop.services, organization_id=buyer, details=changed(BUYER, tax_id=tax_id)
        )
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.TAX_ID_NOT_VALID
        assert refused.facts["country"] == "RO"
        assert "VAT number of RO" in str(refused.facts["allowed"])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("legal_name", ""),
        ("legal_name", "x" * 201),
        ("legal_name", "two\nlines"),
        ("legal_name", "right \u202e to left"),
        ("address_lines", ()),
        ("address_lines", ("a", "b", "c", "d")),
        ("address_lines", ("x" * 151,)),
        ("city", ""),
        ("county", "Cluj"),
        ("county", "RO-B"),
        ("country", "DE"),
        ("mail", "nobody"),
        ("mail", "a@example.com, b@example.com"),
        ("mail", "a@example.com\r\nBcc: b@example.com"),
        ("iban", "RO49AAAA1B31007593840000"),
        ("reference", "x" * 101),
    ],
)
async def test_a_field_that_is_not_of_its_form_is_named(database_url: str, field: str, value: object) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer("RO")
        details = changed(BUYER, **{field: value})
        refused = await save_billing_details(shop.services, organization_id=buyer, details=details)
        assert isinstance(refused, Refused)
        assert refused.code is RefusalCode.INVALID_INPUT
        assert refused.facts["field"] == ("city" if (field, value) == ("county", "RO-B") else field)


async def test_in_bucharest_the_city_is_a_sector(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer("RO")
        assert (await _saved(shop, buyer, changed(BUYER, county="RO-B", city="SECTOR6"))).city == "SECTOR6"


async def test_where_no_rule_is_known_a_tax_id_is_kept_and_counts_as_not_checked(database_url: str) -> None:
    async with open_shop(database_url) as shop:
        buyer = await shop.buyer("MD")
        details = Party(legal_name="Exemplu", address_lines=("1",), city="Chișinău", country="MD", tax_id="1003600012")
        saved = await _saved(shop, buyer, details)
        assert (saved.tax_id, saved.tax_id_checked) == ("1003600012", False)
