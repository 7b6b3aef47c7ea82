"""What ids that Stripe gives out look like. Whatever looks otherwise was never given out and is not sent there."""

import re
from typing import Final

_PAYMENT_METHOD: Final = re.compile(r"(?:pm|src|card|ba)_[A-Za-z0-9_]{1,200}", re.ASCII)
_INTENT: Final = re.compile(r"pi_[A-Za-z0-9_]{1,200}", re.ASCII)
_CUSTOMER: Final = re.compile(r"cus_[A-Za-z0-9_]{1,200}", re.ASCII)


def is_payment_method(reference: str) -> bool:
    """Whether a reference can be that of a payment method."""
    return _PAYMENT_METHOD.fullmatch(reference) is not None


def is_charge(reference: str) -> bool:
    """Whether a reference can be that of a charge of ours, which is a PaymentIntent."""
    return _INTENT.fullmatch(reference) is not None


def is_customer(reference: str) -> bool:
    """Whether a reference can be that of a customer."""
    return _CUSTOMER.fullmatch(reference) is not None
