"""The Stripe gateway: our protocol on one side, Stripe's official SDK on the other (decision 0016).

Opening it imports the SDK, which whoever takes no money through Stripe never loads and need not install.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commcredits.gateways.stripe.gateway import StripeGateway

__all__ = ["open_stripe"]


def open_stripe(settings: Mapping[str, str]) -> "StripeGateway":
    """Open the gateway from an operator's settings, which `options.StripeOptions` names and explains.

    Raises `ValueError` for a setting that is missing, unknown or unusable, and when the SDK is not installed; no
    message shows the value of a secret.
    """
    from commcredits.gateways.stripe.options import read_options  # noqa: PLC0415 - loaded by whoever opens it

    options = read_options(settings)
    try:
        import stripe  # noqa: F401, PLC0415 - 17 MB that only an installation with Stripe loads
    except ImportError as error:
        raise ValueError("the Stripe gateway needs Stripe's SDK: install commcredits[stripe]") from error
    from commcredits.gateways.stripe.gateway import StripeGateway  # noqa: PLC0415 - imports the SDK

    return StripeGateway(options)
