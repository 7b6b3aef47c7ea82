"""The names under which a charge is known at Stripe: idempotency keys, and what is written into metadata.

One key of ours becomes one key for each call that acts, so that each of them can be repeated by itself. Stripe forgets
idempotency keys after a day and keeps metadata for ever (decision 0016).
"""

import hashlib
from typing import Final

from commcredits.gateways.protocol import IDEMPOTENCY_KEY_LENGTH_MAX, ChargeRequest, GatewayMisuseError, RefundRequest

KEY_FIELD: Final = "commcredits_key"
"""The caller's idempotency key as it is, for people and for events."""

DIGEST_FIELD: Final = "commcredits_digest"
"""A hash of that key: what is searched for, because it needs no escaping in Stripe's query language."""

CONTENT_FIELD: Final = "commcredits_content"
"""A hash of what was asked, so that a known key with other content is noticed also when Stripe has forgotten it."""

METHOD_FIELD: Final = "commcredits_payment_method"
"""The payment method that was asked for: Stripe empties its own field after a decline."""

CLOSED_FIELD: Final = "commcredits_closed"
"""Why the key was closed before anything was charged; an object that has it is never confirmed."""

REASON_FIELD: Final = "commcredits_reason"
"""Why a refund was given, in the operator's words."""

_METADATA_VALUE_LENGTH_MAX: Final = 500
_METADATA_NAME_LENGTH_MAX: Final = 40
_METADATA_FIELDS_MAX: Final = 50


def call_key(key: str, call: str) -> str:
    """Name one call of a key, in at most as many characters as Stripe allows."""
    named = f"{key}-{call}"
    if len(named) <= IDEMPOTENCY_KEY_LENGTH_MAX:
        return named
    return f"{digest_of(key)}-{call}"


def digest_of(text: str) -> str:
    """A text's SHA-256 in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def content_of(request: ChargeRequest | RefundRequest) -> str:
    """What must be the same when a key comes again: who pays how much, and whether they are present."""
    if isinstance(request, ChargeRequest):
        rest = (request.payment_method_reference, "off" if request.off_session else "on")
    else:
        rest = (request.charge_reference, "refund")
    return digest_of("|".join((str(request.amount_minor), request.currency, *rest)))[:32]


def key_metadata(key: str) -> dict[str, str]:
    """The two fields by which whatever was made for a key is found again."""
    return {KEY_FIELD: key, DIGEST_FIELD: digest_of(key)}


def charge_metadata(request: ChargeRequest) -> dict[str, str]:
    """What is kept beside a charge; ours wins where a caller's field has the same name."""
    metadata = {
        **request.metadata,
        **key_metadata(request.idempotency_key),
        CONTENT_FIELD: content_of(request),
        METHOD_FIELD: request.payment_method_reference,
    }
    check_metadata(metadata)
    return metadata


def check_metadata(metadata: dict[str, str]) -> None:
    """Raise `GatewayMisuseError` for metadata that Stripe can't keep."""
    fits = len(metadata) <= _METADATA_FIELDS_MAX and all(
        len(name) <= _METADATA_NAME_LENGTH_MAX and len(value) <= _METADATA_VALUE_LENGTH_MAX
        for name, value in metadata.items()
    )
    if not fits:
        raise GatewayMisuseError("metadata is at most 45 fields, their names 40 and their values 500 characters long")
