"""The settings of receipts and taxes: what they become, and that what is wrong is told in words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from commcredits.core.taxes import TaxTreatment
from commcredits.main.supervisor import environment_of
from commcredits.settings import Settings

SELLER: dict[str, Any] = {
    "legal_name": "Telefonie Exemplu SRL",
    "address_lines": ["Str. Școlii 5"],
    "city": "SECTOR3",
    "county": "RO-B",
    "country": "RO",
    "tax_id": "18547290",
    "time_zone": "Europe/Bucharest",
    "exchange_rates": [{"currency": "EUR", "from": "2026-11-20", "rate": "5.0932"}],
}
RATE = {"currency": "EUR", "from": "2026-01-01", "rate": "5"}
TAX: dict[str, Any] = {"country": "RO", "from": "2025-08-01", "treatment": "on_top_up", "rate": "21"}


def test_a_seller_becomes_the_terms_of_receipts() -> None:
    terms = Settings(seller=SELLER, receipt_series="A1").receipt_terms()
    assert terms is not None
    assert (terms.seller.tax_id, terms.seller.tax_id_checked, terms.tax_currency) == ("RO18547290", True, "RON")
    assert (terms.series, terms.credit_note_series, terms.time_zone) == ("A1", "CN", "Europe/Bucharest")
    assert terms.exchange_rates[0].rate_micros == 5_093_200


def test_the_processes_of_a_system_are_handed_the_same_seller_and_taxes(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(seller=SELLER, taxes=[TAX])
    for name, text in environment_of(settings).items():
        if name.startswith("COMMCREDITS_"):
            monkeypatch.setenv(name, text)
    assert Settings() == settings


def test_without_a_seller_there_are_no_terms_of_receipts() -> None:
    assert Settings().receipt_terms() is None


def test_a_tax_row_holds_from_midnight_where_the_seller_is() -> None:
    (row,) = Settings(seller=SELLER, taxes=[TAX]).funding_terms().taxes
    assert row.effective_from == datetime(2025, 7, 31, 21, tzinfo=UTC)
    assert (row.country, row.treatment, row.rate_micros) == ("RO", TaxTreatment.ON_TOP_UP, 210_000)
    (exact,) = Settings(seller=SELLER, taxes=[{**TAX, "from": "2025-08-01T00:00:00Z"}]).funding_terms().taxes
    assert exact.effective_from == datetime(2025, 8, 1, tzinfo=UTC)
    assert Settings(taxes=[{**TAX, "rate": "5.5"}]).funding_terms().taxes[0].rate_micros == 55_000


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"seller": {**SELLER, "tax_id": "18547291"}}, "tax_id must be a VAT number of RO"),
        ({"seller": {**SELLER, "county": "Bucuresti"}}, "county must be the code of a Romanian county"),
        ({"seller": {**SELLER, "city": "București"}}, "Bucharest, not 'București'"),
        ({"seller": {**SELLER, "country": "XX"}}, "country must be the ISO 3166-1 code"),
        ({"seller": {**SELLER, "iban": "RO00"}}, "iban must be an IBAN"),
        ({"seller": {**SELLER, "time_zone": "Bucharest"}}, "time_zone must be the IANA name"),
        ({"seller": {**SELLER, "tax_id": ""}}, "needs a tax_id, or a registration_number"),
        ({"seller": {**SELLER, "legal_name": ""}}, "legal_name must be 1 to 200 characters"),
        ({"seller": {**SELLER, "colour": "red"}}, "colour"),
        ({"seller": {**SELLER, "exchange_rates": [{**RATE, "currency": "eur"}]}}, "three capital"),
        ({"seller": {**SELLER, "exchange_rates": [{**RATE, "from": "today"}]}}, "not a day"),
        ({"seller": {**SELLER, "exchange_rates": [{**RATE, "rate": "0"}]}}, "above 0"),
        ({"taxes": [{**TAX, "country": "ZZ"}]}, "country 'ZZ'"),
        ({"taxes": [{**TAX, "from": "soon"}]}, "not a date"),
        ({"taxes": [{**TAX, "rate": "21%"}]}, "is not a decimal"),
        ({"taxes": [{**TAX, "rate": "101"}]}, "from 0 to 100"),
        ({"taxes": [{**TAX, "rate": "0.00001"}]}, "at most 4 decimals"),
        ({"taxes": [{**TAX, "treatment": "reverse_charge"}]}, "must be one of none, on_top_up, on_use"),
        ({"taxes": [{**TAX, "treatment": "vat"}]}, "must be one of none, on_top_up, on_use"),
        ({"taxes": [{**TAX, "rate": ""}]}, "rate is needed for on_top_up"),
        ({"taxes": [{**TAX, "treatment": "none"}]}, "no rate"),
        ({"taxes": [TAX, TAX]}, "two rows for RO from 2025-08-01"),
        ({"seller": {**SELLER, "tax_id": "", "registration_number": "J40/1"}, "taxes": [TAX]}, "charges no tax"),
        ({"receipt_series": "cc"}, "a capital letter"),
        ({"receipt_series": "CC-"}, "a capital letter"),
        ({"receipt_series": "CN"}, "must differ"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_words(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Settings(**settings)
    assert told in str(caught.value)
