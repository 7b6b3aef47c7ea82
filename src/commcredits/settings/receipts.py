"""What receipts and taxes rest on: who sells, which tax holds where and since when, how series are called.

Knows the form of each setting. Refuses to know the law: whether a table of taxes is right is the operator's concern.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Final

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator
from stdnum import iban
from stdnum.exceptions import ValidationError

from commcredits.core.calendar import is_time_zone, parse_instant, zone_of
from commcredits.core.money import MICROS_PER_UNIT, MoneyError, parse_micros
from commcredits.core.parties import ROMANIA, Party, wrong_field
from commcredits.core.receipts import ExchangeRate
from commcredits.core.tax_ids import allowed_tax_id, read_tax_id
from commcredits.core.taxes import TaxRow, TaxTreatment

PERCENT_MAX: Final = 100
TAX_ROWS_MAX: Final = 1_000
EXCHANGE_RATES_MAX: Final = 4_000

_SERIES: Final = re.compile(r"[A-Z][A-Z0-9]{0,9}", re.ASCII)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_OWN_CURRENCIES: Final[Mapping[str, str]] = {ROMANIA: "RON"}
"""Where e-invoices must tell the tax in the currency of the country."""

_ALLOWED_TREATMENTS: Final = (TaxTreatment.NONE, TaxTreatment.ON_TOP_UP, TaxTreatment.ON_USE)


def _series(text: str) -> str:
    if not _SERIES.fullmatch(text):
        raise ValueError("must be a capital letter and up to 9 more capital letters or digits, such as CC")
    return text


Series = Annotated[str, AfterValidator(_series)]


class TaxSettings(BaseModel):
    """One row of the tax table: what holds for buyers in a country from a day or an instant on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    country: str
    since: str = Field(alias="from")
    treatment: TaxTreatment
    rate: str = ""
    """In percent; a tax that is due names it, even where it is 0."""
    reverse_charge_with_tax_id: bool = False

    @field_validator("treatment", mode="before")
    @classmethod
    def _offered(cls, treatment: object) -> object:
        if treatment not in _ALLOWED_TREATMENTS:
            raise ValueError(f"must be one of {', '.join(_ALLOWED_TREATMENTS)}")
        return treatment

    @model_validator(mode="after")
    def _makes_sense(self) -> TaxSettings:
        if self.country not in SUPPORTED_REGIONS:
            raise ValueError(f"country {self.country[:8]!r} is not the ISO 3166-1 code of a country, such as RO")
        parse_instant(self.since)
        if not self.rate and self.treatment is not TaxTreatment.NONE:
            raise ValueError(f"rate is needed for {self.treatment}: a percentage such as 21, or 0")
        rate_micros = _share_micros(self.rate or "0")
        if self.treatment is TaxTreatment.NONE and (rate_micros or self.reverse_charge_with_tax_id):
            raise ValueError("where the treatment is none there is no rate, and nothing for the buyer to owe")
        return self

    def row(self, time_zone: str) -> TaxRow:
        """The row as decisions read it; a day begins at midnight in that time zone."""
        return TaxRow(
            country=self.country,
            effective_from=_instant(self.since, time_zone),
            treatment=self.treatment,
            rate_micros=_share_micros(self.rate or "0"),
            reverse_charge_with_tax_id=self.reverse_charge_with_tax_id,
        )


class ExchangeRateSettings(BaseModel):
    """What one unit of a currency is in the seller's own, from a day on, as a decimal in text."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    currency: str
    since: str = Field(alias="from")
    rate: str

    @model_validator(mode="after")
    def _makes_sense(self) -> ExchangeRateSettings:
        if not _CURRENCY.fullmatch(self.currency):
            raise ValueError(f"currency {self.currency[:8]!r} is not a code of three capital letters (ISO 4217)")
        if not _DAY.fullmatch(self.since):
            raise ValueError(f"from {self.since[:40]!r} is not a day such as 2026-11-22")
        date.fromisoformat(self.since)
        if _micros("rate", self.rate) <= 0:
            raise ValueError("rate must be above 0")
        return self

    def exchange_rate(self) -> ExchangeRate:
        """The rate as documents use it."""
        return ExchangeRate(currency=self.currency, from_day=self.since, rate_micros=_micros("rate", self.rate))


class SellerSettings(BaseModel):
    """Who sells the credits, as it stands on receipts. ``time_zone`` (IANA) says which day a document is of."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    legal_name: str
    address_lines: tuple[str, ...]
    city: str
    postal_code: str = ""
    county: str = ""
    country: str
    tax_id: str = ""
    registration_number: str = ""
    mail: str = ""
    iban: str = ""
    time_zone: str = "UTC"
    exchange_rates: Annotated[tuple[ExchangeRateSettings, ...], Field(max_length=EXCHANGE_RATES_MAX)] = ()

    @model_validator(mode="after")
    def _makes_sense(self) -> SellerSettings:
        wrong = wrong_field(self._untaxed())
        if wrong is not None:
            raise ValueError(f"{wrong.field} must be {wrong.allowed}" + _not(wrong.value))
        if not self.tax_id and not self.registration_number:
            raise ValueError("needs a tax_id, or a registration_number where the seller has no tax id")
        if self.tax_id and read_tax_id(self.country, self.tax_id) is None:
            raise ValueError(f"tax_id must be {allowed_tax_id(self.country)}" + _not(self.tax_id))
        if self.iban:
            try:
                iban.validate(self.iban)
            except ValidationError:
                raise ValueError("iban must be an IBAN, its check digits right") from None
        if not is_time_zone(self.time_zone):
            raise ValueError(
                "time_zone must be the IANA name of a time zone, such as Europe/Bucharest" + _not(self.time_zone)
            )
        return self

    def party(self) -> Party:
        """The seller as documents show it."""
        tax_id = read_tax_id(self.country, self.tax_id) if self.tax_id else None
        untaxed = self._untaxed()
        return Party(
            legal_name=untaxed.legal_name,
            address_lines=untaxed.address_lines,
            city=untaxed.city,
            postal_code=untaxed.postal_code,
            county=untaxed.county,
            country=untaxed.country,
            tax_id="" if tax_id is None else tax_id.text,
            tax_id_checked=tax_id is not None and tax_id.checked,
            registration_number=untaxed.registration_number,
            mail=untaxed.mail,
            iban=iban.compact(self.iban),
        )

    def tax_currency(self) -> str:
        """The currency in which the seller's tax is told besides that of the purchase; empty where it need not be."""
        return _OWN_CURRENCIES.get(self.country, "")

    def _untaxed(self) -> Party:
        return Party(
            legal_name=self.legal_name,
            address_lines=self.address_lines,
            city=self.city,
            postal_code=self.postal_code,
            county=self.county,
            country=self.country,
            registration_number=self.registration_number,
            mail=self.mail,
        )


def refuse_receipt_settings(
    seller: SellerSettings | None, taxes: tuple[TaxSettings, ...], series: str, credit_note_series: str
) -> None:
    """Raise ValueError for settings of which each is well formed, but not beside the others."""
    if series == credit_note_series:
        raise ValueError(
            "COMMCREDITS_RECEIPT_SERIES and COMMCREDITS_CREDIT_NOTE_SERIES must differ, as each is numbered by itself"
            f"; both are {series!r}"
        )
    seen: set[tuple[str, str]] = set()
    for row in taxes:
        if (row.country, row.since) in seen:
            raise ValueError(f"COMMCREDITS_TAXES has two rows for {row.country} from {row.since}")
        seen.add((row.country, row.since))
        if seller is not None and not seller.tax_id and row.treatment is not TaxTreatment.NONE:
            raise ValueError(
                f"COMMCREDITS_TAXES has the treatment {row.treatment} for {row.country}, but a seller without a tax_id "
                "charges no tax: give COMMCREDITS_SELLER a tax_id, or make the treatment none"
            )


def _not(value: str) -> str:
    """The end of a sentence that says what was given instead, where something was."""
    return f", not {value[:64]!r}" if value else ""


def _share_micros(percent: str) -> int:
    """A rate in percent as a share in millionths: 21 is 210,000. Raises ValueError with what is allowed."""
    micros = _micros("rate", percent)
    if not 0 <= micros <= PERCENT_MAX * MICROS_PER_UNIT or micros % PERCENT_MAX:
        raise ValueError(f"rate must be a percentage from 0 to {PERCENT_MAX} with at most 4 decimals, such as 21")
    return micros // PERCENT_MAX


def _micros(name: str, text: str) -> int:
    try:
        return parse_micros(text)
    except MoneyError:
        raise ValueError(f"{name} {text[:32]!r} is not a decimal such as 21 or 4.9773") from None


def _instant(text: str, time_zone: str) -> datetime:
    if not _DAY.fullmatch(text):
        return parse_instant(text)
    return datetime.combine(date.fromisoformat(text), time(), tzinfo=zone_of(time_zone)).astimezone(UTC)
