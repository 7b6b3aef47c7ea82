"""What an operator may set, what is refused with which words, and that no secret is ever shown."""

import logging
import subprocess
import sys

import pytest
import stripe

from commcredits.gateways.minor_units import NotWholeMinorUnits, from_minor_units, to_minor_units
from commcredits.gateways.protocol import Gateway
from commcredits.gateways.registry import gateway_names, open_gateway
from commcredits.gateways.stripe.calls import API_VERSION
from commcredits.gateways.stripe.currencies import STRIPE_MINOR_UNITS
from commcredits.gateways.stripe.declines import known_codes, may_try_again
from commcredits.gateways.stripe.gateway import StripeGateway
from commcredits.gateways.stripe.options import StripeOptions, read_options
from tests.gateways.stripe.conftest import WEBHOOK_SECRET, open_gateway_at
from tests.gateways.stripe.fake_stripe import SECRET_KEY, FakeStripe, Fault
from tests.gateways.stripe.test_stripe_charges import charge_of

GOOD = {"secret_key": SECRET_KEY, "webhook_secret": WEBHOOK_SECRET}
SAYS_WITHOUT_SDK = """
import sys
sys.modules["stripe"] = None
from commcredits.gateways.registry import gateway_names, open_gateway
assert "stripe" in gateway_names()
try:
    open_gateway("stripe", {"secret_key": "sk_test_1"})
except ValueError as error:
    print(error)
"""


async def test_stripe_is_built_in_and_is_a_gateway() -> None:
    assert "stripe" in gateway_names()
    gateway = open_gateway("stripe", GOOD)
    assert isinstance(gateway, StripeGateway)
    assert isinstance(gateway, Gateway)
    await gateway.aclose()


def test_without_its_sdk_it_says_what_to_install() -> None:
    said = subprocess.run([sys.executable, "-c", SAYS_WITHOUT_SDK], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "the Stripe gateway needs Stripe's SDK: install commcredits[stripe]"


def test_knowing_of_stripe_does_not_load_its_sdk() -> None:
    code = (
        "import sys; import commcredits.gateways.stripe; from commcredits.gateways.registry import gateway_names;"
        "gateway_names(); sys.exit('stripe' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_version_of_the_interface_is_the_one_that_the_sdks_types_are_of() -> None:
    assert stripe.api_version == API_VERSION


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({}, "secret_key"),
        ({"secret_key": "pk_live_notasecretkey"}, "secret_key"),
        ({"secret_key": "sk_live_"}, "secret_key"),
        ({**GOOD, "webhook_secret": "notasecret"}, "webhook_secret"),
        ({**GOOD, "webhook_secret_previous": "notasecret"}, "webhook_secret_previous"),
        ({**GOOD, "api_base": "http://api.stripe.example"}, "https"),
        ({**GOOD, "api_base": "https://user:word@api.stripe.example"}, "api_base"),
        ({**GOOD, "answer_seconds_max": "0"}, "answer_seconds_max"),
        ({**GOOD, "answer_seconds_max": "nan"}, "answer_seconds_max"),
        ({**GOOD, "answer_seconds_max": "soon"}, "answer_seconds_max"),
        ({**GOOD, "payment_method_types": "card,cash"}, "payment_method_types"),
        ({**GOOD, "payment_method_types": ""}, "payment_method_types"),
        ({**GOOD, "secretkey": "sk_test_mistyped"}, "secretkey"),
    ],
)
def test_a_setting_that_will_not_do_is_named_and_its_value_is_not_shown(settings: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=says) as refused:
        read_options(settings)
    assert all(value not in str(refused.value) for value in settings.values() if len(value) > 8)


def test_a_restricted_key_and_a_live_key_will_do() -> None:
    assert read_options({"secret_key": "rk_live_abc123"}).live
    assert not read_options({"secret_key": "rk_test_abc123"}).live
    assert isinstance(read_options(GOOD), StripeOptions)


async def test_nothing_that_is_shown_or_logged_holds_a_secret(
    fake: FakeStripe, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway = open_gateway_at(fake)
    shown = [repr(gateway), repr(gateway._calls), repr(gateway._options), str(gateway._options)]  # noqa: SLF001 - whatever a debugger shows
    fake.faults.append(Fault("/confirm", status=500))
    shown += [repr(await gateway.charge(charge_of(fake.store_card())))]
    gateway_of_another = open_gateway_at(fake, secret_key="sk_test_revokedrevoked")
    shown += [repr(await gateway_of_another.charge(charge_of(fake.store_card())))]
    shown += [repr(await gateway_of_another.list_since(None)), repr(await gateway_of_another.diagnose())]
    await gateway.aclose()
    await gateway_of_another.aclose()
    for text in (*shown, caplog.text):
        assert SECRET_KEY not in text
        assert "revokedrevoked" not in text
        assert WEBHOOK_SECRET not in text


async def test_no_telemetry_is_sent_along(fake: FakeStripe, gateway: StripeGateway) -> None:
    for _ in range(2):
        await gateway.lookup("some-key")
    assert all("x-stripe-client-telemetry" not in request.headers for request in fake.requests)
    assert fake.requests


@pytest.mark.parametrize(
    ("currency", "amount_micros", "amount_minor"),
    [
        ("RON", 59_500_000, 5_950),
        ("JPY", 500_000_000, 500),
        ("ISK", 5_000_000, 500),
        ("UGX", 5_000_000, 500),
        ("HUF", 1_000_450_000, 100_045),
        ("TWD", 800_010_000, 80_001),
        ("MGA", 5_000_000, 5),
        ("KWD", 5_120_000, 5_120),
    ],
)
def test_stripes_way_of_counting_is_exact_both_ways(currency: str, amount_micros: int, amount_minor: int) -> None:
    assert to_minor_units(amount_micros, currency, STRIPE_MINOR_UNITS) == amount_minor
    assert from_minor_units(amount_minor, currency, STRIPE_MINOR_UNITS) == amount_micros


@pytest.mark.parametrize(
    ("currency", "amount_micros"),
    [("ISK", 5_500_000), ("UGX", 500_000), ("KWD", 5_124_000), ("MGA", 200_000)],
)
def test_what_stripe_can_not_count_is_refused_and_not_rounded(currency: str, amount_micros: int) -> None:
    assert isinstance(to_minor_units(amount_micros, currency, STRIPE_MINOR_UNITS), NotWholeMinorUnits)


@pytest.mark.parametrize(
    "code",
    [
        "stolen_card",
        "lost_card",
        "pickup_card",
        "fraudulent",
        "expired_card",
        "merchant_blacklist",
        "stop_payment_order",
    ],
)
@pytest.mark.parametrize("advice", [None, "try_again_later"])
def test_what_networks_fine_is_never_tried_again(code: str, advice: str | None) -> None:
    assert code in known_codes()
    assert not may_try_again(code, advice)


def test_advice_forbids_and_never_allows() -> None:
    for code in known_codes():
        assert not may_try_again(code, "do_not_try_again")
        assert may_try_again(code, "try_again_later") == may_try_again(code)
    assert not may_try_again("a_code_of_next_year", "try_again_later")
