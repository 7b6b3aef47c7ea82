"""What the JSON bodies of requests about payment methods, payments and refunds hold.

Knows the names of fields on the wire. Refuses to know what is done with them. Amounts arrive here as millionths.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict

from commcredits.edges.http.administration.forms import AmountMicros, GatewayName, Identifier, Reason, text_form
from commcredits.operations.payment_terms import RETURN_URL_CHARACTERS_MAX

_ID: Final = "019353b4-7c1e-7000-8000-0123456789ab"
_OTHER_ID: Final = "019353b4-7c1e-7000-8000-0123456789ac"
_URL: Final = re.compile(rf"https?://[!-~]{{1,{RETURN_URL_CHARACTERS_MAX - 8}}}", re.ASCII)

ReturnUrl = Annotated[
    str,
    text_form(
        _URL,
        "an address of a page of this installation, as COMMCREDITS_PUBLIC_URL says where it is",
        "https://credits.example.com/portal/",
    ),
]


def _strict(**example: str | None) -> ConfigDict:
    """A body that takes its own fields and no others."""
    return ConfigDict(extra="forbid", frozen=True, json_schema_extra={"examples": [dict(example)]})


class MethodSetupToBegin(BaseModel):
    """Where a payment method is entered. Without ``return_url`` the page leads back to the organization's credits."""

    model_config = _strict(gateway="simulator")

    gateway: GatewayName
    return_url: ReturnUrl | None = None


class MethodSetupToFinish(BaseModel):
    """Where payment methods were entered."""

    model_config = _strict(gateway="simulator")

    gateway: GatewayName


class MethodToReplace(BaseModel):
    """The payment method, added before, that takes the roles of another."""

    model_config = _strict(by=_OTHER_ID)

    by: Identifier


class RolesToGive(BaseModel):
    """The payment method that pays, and the one that is tried when it is declined."""

    model_config = _strict(default=_ID, backup=None)

    default: Identifier
    backup: Identifier | None = None


class PaymentToResume(BaseModel):
    """Where the payer returns to; left out, to the organization's credits."""

    model_config = _strict()

    return_url: ReturnUrl | None = None


class PaymentToConfirm(BaseModel):
    """Under which reference the money was seen, or sent, at the bank."""

    model_config = _strict(reference="statement 7, line 12")

    reference: Reason


class PaymentToReject(BaseModel):
    """Why the money did not come, or could not be sent."""

    model_config = _strict(reason="never arrived")

    reason: Reason


class RefundToMake(BaseModel):
    """A refund of what is unused of a top-up, net of tax; without ``amount``, of all of it."""

    model_config = _strict(top_up_id=_ID, amount="10.00", reason="Asked for by the customer")

    top_up_id: Identifier
    reason: Reason
    amount: AmountMicros | None = None
