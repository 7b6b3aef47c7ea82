"""Signatures of webhooks, as the Standard Webhooks specification has them: both sides of the shared secret."""

import base64
import binascii
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from pydantic import SecretStr
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET_BYTES: Final = 32
_PREFIX: Final = "whsec_"


def new_webhook_secret() -> SecretStr:
    """Make a secret for the gateway and its receiver to share."""
    return SecretStr(_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode())


def is_webhook_secret(secret: SecretStr) -> bool:
    """Say whether this text can be a secret: the prefix, then base64 of at least 24 bytes."""
    value = secret.get_secret_value()
    if not value.startswith(_PREFIX):
        return False
    try:
        key = base64.b64decode(value.removeprefix(_PREFIX), validate=True)
    except binascii.Error:
        return False
    return len(key) >= SECRET_BYTES * 3 // 4


def signed_headers(secret: SecretStr, *, event_id: str, body: str, now: datetime) -> dict[str, str]:
    """Make the headers that prove `body`; the receiver refuses them five minutes from `now`."""
    signature = Webhook(secret.get_secret_value()).sign(event_id, now, body)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


def signature_complaint(secret: SecretStr, *, headers: Mapping[str, str], raw_body: bytes) -> str | None:
    """Say what is wrong with a message's proof of origin, or None if it is proven.

    The age is measured by the machine's own clock, inside the library.
    """
    try:
        Webhook(secret.get_secret_value()).verify(raw_body, dict(headers), json_parse=False)
    except WebhookVerificationError as error:
        return str(error)
    except ValueError:
        # Hostile headers: signatures without a version, bytes that are no text, base64 that is none.
        return "the signature's headers or the body can't be read"
    return None
