"""What an operator sets for Stripe, checked before anything is called. Knows no SDK and never shows a secret."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

API_BASE_DEFAULT: Final = "https://api.stripe.com"
ANSWER_SECONDS_DEFAULT: Final = 30.0
ANSWER_SECONDS_MAX: Final = 120.0
PAYMENT_METHOD_TYPES: Final = ("card", "sepa_debit")

_NAMES: Final = frozenset(
    {
        "secret_key",
        "webhook_secret",
        "webhook_secret_previous",
        "webhook_url",
        "api_base",
        "answer_seconds_max",
        "payment_method_types",
    }
)
_SECRET_KEY: Final = re.compile(r"(sk|rk)_(test|live)_[A-Za-z0-9_]{1,250}", re.ASCII)
_WEBHOOK_SECRET: Final = re.compile(r"whsec_[A-Za-z0-9+/=_-]{1,250}", re.ASCII)
_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StripeOptions:
    """The settings of one Stripe account.

    `secret_key` is a secret or a restricted key (sk_…, rk_…). `webhook_secrets` are the endpoint's signing secret and,
    while it is being rotated, the one before. `webhook_url` is where Stripe reaches us, for the doctor to compare.
    `api_base` is another place than Stripe's, for tests. `answer_seconds_max` bounds each call.
    `payment_method_types` are offered on the page that adds a method.
    """

    secret_key: SecretStr
    webhook_secrets: tuple[SecretStr, ...] = ()
    webhook_url: str = ""
    api_base: str = API_BASE_DEFAULT
    answer_seconds_max: float = ANSWER_SECONDS_DEFAULT
    payment_method_types: tuple[str, ...] = ("card",)

    @property
    def live(self) -> bool:
        """Whether the key moves real money; a test key does not."""
        return "_live_" in self.secret_key.get_secret_value()


def read_options(settings: Mapping[str, str]) -> StripeOptions:
    """Check an operator's settings; raises `ValueError` that names the setting and never shows a secret's value."""
    unknown = set(settings) - _NAMES
    if unknown:
        raise ValueError(f"the Stripe gateway has no setting {', '.join(sorted(unknown))}")
    secret_key = settings.get("secret_key", "")
    if not _SECRET_KEY.fullmatch(secret_key):
        raise ValueError("the Stripe gateway needs secret_key: sk_test_…, sk_live_…, rk_test_… or rk_live_…")
    return StripeOptions(
        secret_key=SecretStr(secret_key),
        webhook_secrets=tuple(
            _webhook_secret(settings[name], name)
            for name in ("webhook_secret", "webhook_secret_previous")
            if settings.get(name)
        ),
        webhook_url=settings.get("webhook_url", ""),
        api_base=_api_base(settings.get("api_base", API_BASE_DEFAULT)),
        answer_seconds_max=_seconds(settings.get("answer_seconds_max", str(ANSWER_SECONDS_DEFAULT))),
        payment_method_types=_types(settings.get("payment_method_types", "card")),
    )


def _webhook_secret(text: str, name: str) -> SecretStr:
    if not _WEBHOOK_SECRET.fullmatch(text):
        raise ValueError(f"{name} must be the signing secret of the webhook endpoint, whsec_…")
    return SecretStr(text)


def _api_base(text: str) -> str:
    parts = urlsplit(text)
    # The key travels with every call, so it leaves this machine over TLS or not at all.
    if not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)):
        raise ValueError("api_base must be https://…, or http:// on this machine")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("api_base must be an address and nothing else")
    return text.rstrip("/")


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= ANSWER_SECONDS_MAX:
        raise ValueError(f"answer_seconds_max must be more than 0 and at most {ANSWER_SECONDS_MAX:g} seconds")
    return seconds


def _types(text: str) -> tuple[str, ...]:
    types = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not types or set(types) - set(PAYMENT_METHOD_TYPES):
        raise ValueError(f"payment_method_types must be a list of {', '.join(PAYMENT_METHOD_TYPES)}")
    return types
