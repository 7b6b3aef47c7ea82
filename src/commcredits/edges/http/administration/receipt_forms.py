"""The forms of billing details and of numbers of receipts.

Knows patterns and lengths. Refuses to know which tax ids are right: the operation does.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import Query
from pydantic import BaseModel, ConfigDict

from commcredits.core.parties import ADDRESS_LINES_MAX, Party
from commcredits.core.tax_ids import TAX_ID_CHARACTERS_MAX
from commcredits.edges.http.administration.forms import (
    FieldForm,
    LanguageCode,
    Name,
    NotOfFormError,
    prose_form,
    text_form,
)
from commcredits.operations.inputs import UNSHOWABLE

_LINE_CHARACTERS_MAX: Final = 150
_NUMBER: Final = re.compile(r"[A-Z][A-Z0-9]{0,9}-[0-9]{6,10}", re.ASCII)
_NO_COUNTRY_OR_CODE: Final = re.compile(r"|[A-Z]{2}", re.ASCII)


def _lines(value: object) -> tuple[str, ...]:
    if type(value) is not list or not 1 <= len(value) <= ADDRESS_LINES_MAX:
        raise NotOfFormError
    for line in value:
        if type(line) is not str or not 1 <= len(line) <= _LINE_CHARACTERS_MAX or UNSHOWABLE.search(line):
            raise NotOfFormError
    return tuple(value)


AddressLines = Annotated[
    tuple[str, ...],
    FieldForm(
        read=_lines,
        allowed=f"a list of 1 to {ADDRESS_LINES_MAX} lines, each a text of 1 to {_LINE_CHARACTERS_MAX} characters",
        schema={
            "type": "array",
            "items": {"type": "string", "minLength": 1, "maxLength": _LINE_CHARACTERS_MAX},
            "minItems": 1,
            "maxItems": ADDRESS_LINES_MAX,
            "examples": [["Bd. Unirii 10"]],
        },
    ),
]
City = Annotated[str, prose_form(1, 50, "Cluj-Napoca")]
PostalCode = Annotated[str, prose_form(0, 20, "400001")]
County = Annotated[str, prose_form(0, 50, "RO-CJ")]
BillingCountry = Annotated[
    str, text_form(_NO_COUNTRY_OR_CODE, "the organization's country (ISO 3166-1), or empty for it", "RO")
]
TaxIdText = Annotated[str, prose_form(0, TAX_ID_CHARACTERS_MAX, "RO18547290")]
RegistrationNumber = Annotated[str, prose_form(0, 50, "J12/34/2020")]
MailAddress = Annotated[str, prose_form(0, 254, "billing@example.com")]
BuyerReference = Annotated[str, prose_form(0, 100, "PO-77")]
ReceiptNumber = Annotated[
    str, text_form(_NUMBER, "the number of a receipt: its series, - and at least six digits", "CC-000001")
]
LanguageQuery = Annotated[
    LanguageCode | None, Query(description="The language of the file; left out, the organization's.")
]


class BillingDetailsToSave(BaseModel):
    """Who buys, as receipts from now on shall say it."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "legal_name": "Exemplu SRL",
                    "address_lines": ["Bd. Unirii 10"],
                    "city": "Cluj-Napoca",
                    "county": "RO-CJ",
                    "tax_id": "RO18547290",
                    "mail": "billing@example.com",
                }
            ]
        },
    )

    legal_name: Name
    address_lines: AddressLines
    city: City
    postal_code: PostalCode = ""
    county: County = ""
    country: BillingCountry = ""
    tax_id: TaxIdText = ""
    registration_number: RegistrationNumber = ""
    mail: MailAddress = ""
    reference: BuyerReference = ""

    def party(self) -> Party:
        """The details for the operation."""
        return Party(**self.model_dump())
