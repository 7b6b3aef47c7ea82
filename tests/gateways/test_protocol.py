"""The records of the protocol refuse what can't be meant and keep addresses out of logs."""

from typing import Any

import pytest

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeRequest,
    CustomerRequest,
    Gateway,
    RefundRequest,
    SetupRequest,
    SetupStarted,
)
from commcredits.gateways.simulator.client import SimulatorGateway

GOOD: dict[str, Any] = {
    "idempotency_key": "top-up-1",
    "amount_minor": 5_000,
    "currency": "EUR",
    "payment_method_reference": "pm_1",
    "off_session": True,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount_minor", 0),
        ("amount_minor", -1),
        ("amount_minor", 50.0),
        ("amount_minor", True),
        ("amount_minor", "5000"),
        ("currency", "eur"),
        ("currency", "EURO"),
        ("currency", "EUR\n"),
        ("currency", "ЕUR"),
        ("idempotency_key", ""),
        ("idempotency_key", "with space"),
        ("idempotency_key", "line\nbreak"),
        ("idempotency_key", "ș"),
        ("idempotency_key", "x" * 256),
    ],
)
def test_a_charge_that_can_not_be_meant_is_not_made(field: str, value: object) -> None:
    with pytest.raises(ValueError, match=field.partition("_")[0]):
        ChargeRequest(**{**GOOD, field: value})


@pytest.mark.parametrize("amount_minor", [0, -5, False])
def test_a_refund_that_can_not_be_meant_is_not_made(amount_minor: int) -> None:
    with pytest.raises(ValueError, match="amount_minor"):
        RefundRequest(idempotency_key="r", charge_reference="ch_1", amount_minor=amount_minor, currency="EUR")


def test_customers_and_setups_need_a_key_too() -> None:
    with pytest.raises(ValueError, match="idempotency key"):
        CustomerRequest(idempotency_key=" ", name="Ana")
    with pytest.raises(ValueError, match="idempotency key"):
        SetupRequest(idempotency_key="", customer_reference="cus_1", return_url="http://127.0.0.1/")


def test_addresses_of_hosted_pages_stay_out_of_logs() -> None:
    assert "hidden" not in repr(ActionRequired(reference="ch_1", url="http://127.0.0.1/hidden"))
    assert "hidden" not in repr(SetupStarted(reference="set_1", hosted_url="http://127.0.0.1/hidden"))


def test_a_record_can_not_be_changed() -> None:
    request = ChargeRequest(**GOOD)
    with pytest.raises(AttributeError):
        request.amount_minor = 1  # type: ignore[misc]  # the assignment that must fail
    with pytest.raises(TypeError):
        request.metadata["note"] = "x"  # type: ignore[index]  # the assignment that must fail


def test_the_simulator_is_a_gateway() -> None:
    gateway: Gateway = SimulatorGateway("http://127.0.0.1:1")
    assert isinstance(gateway, Gateway)
    assert gateway.capabilities().name == "simulator"
