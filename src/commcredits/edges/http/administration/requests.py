"""What the JSON bodies of requests hold.

Knows the names of fields on the wire. Refuses to know what is done with them. Amounts arrive here as millionths.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from commcredits.edges.http.administration.forms import (
    AmountMicros,
    CountryCode,
    CurrencyCode,
    DisplayName,
    E164Number,
    GatewayName,
    GatewayReference,
    Identifier,
    Instant,
    LanguageCode,
    Name,
    NumberKindWord,
    NumberPurposeWord,
    PlaceName,
    Reason,
    TimeZoneName,
    UserName,
)

_ID: Final = "019353b4-7c1e-7000-8000-0123456789ab"


def _strict(**example: str | bool) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class OrganizationToOpen(BaseModel):
    """A new organization."""

    model_config = _strict(
        name="Exemplu SRL", country="RO", currency="RON", time_zone="Europe/Bucharest", language="ro"
    )

    name: Name
    country: CountryCode
    currency: CurrencyCode
    time_zone: TimeZoneName
    language: LanguageCode


class NumberToAdd(BaseModel):
    """A telephone number of an organization."""

    model_config = _strict(number="+40212345678", kind="user", display_name="Recepție")

    number: E164Number
    kind: NumberKindWord
    display_name: DisplayName = ""


class NumberToAssign(BaseModel):
    """What a number is for. ``user`` is the object id or the user principal name of whom it serves, where somebody."""

    model_config = _strict(purpose="person", user="front.desk@example.com")

    purpose: NumberPurposeWord
    user: UserName | None = None


class NumberToReserve(BaseModel):
    """A number in stock that an organization has chosen."""

    model_config = _strict(number="+40212345678")

    number: E164Number


class NumberToAcquire(BaseModel):
    """A number that an organization has reserved."""

    model_config = _strict(number="+40212345678", display_name="Recepție")

    number: E164Number
    display_name: DisplayName = ""


class NumberToStock(BaseModel):
    """A number that organizations can have from now on. Without ``country`` it is the one that its range says."""

    model_config = _strict(number="+40212345678", kind="user", country="RO", place="București")

    number: E164Number
    kind: NumberKindWord
    country: CountryCode | None = None
    place: PlaceName = ""


class PaymentMethodToAdd(BaseModel):
    """A way to pay that a gateway keeps, under the gateway's own reference."""

    model_config = _strict(gateway="simulator", reference="pm_0123456789")

    gateway: GatewayName
    reference: GatewayReference


class TopUpToMake(BaseModel):
    """A purchase of funds. ``currency``, when given, must be the organization's."""

    model_config = _strict(amount="50.00", payment_method=_ID, currency="EUR")

    amount: AmountMicros
    payment_method: Identifier
    currency: CurrencyCode | None = None


class PromotionToGrant(BaseModel):
    """Promotional funds. ``currency``, when given, must be the organization's."""

    model_config = _strict(amount="5.00", expires_at="2027-01-31T00:00:00Z", reason="Welcome credit", currency="EUR")

    amount: AmountMicros
    expires_at: Instant
    reason: Reason
    currency: CurrencyCode | None = None
