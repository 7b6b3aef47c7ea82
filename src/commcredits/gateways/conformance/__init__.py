"""The conformance suite: what every gateway promises, as tests that any plug-in can run against itself.

A plug-in's own test module derives from `GatewayConformance` and gives it a fixture:

    pytest.register_assert_rewrite("commcredits.gateways.conformance")

    class TestMyGateway(GatewayConformance):
        @pytest.fixture
        def subject(self) -> Subject:
            return Subject(open_gateway=..., currency="EUR", amount_minor=5_000, approved_method=..., taken_minor=...)

What a `Subject` can't stage (None) is skipped and said so; every promise that moves money wants all of it. The suite
knows no gateway, and needs nothing but pytest and the gateway's own sandbox.
"""

from commcredits.gateways.conformance.charges import ChargePromises
from commcredits.gateways.conformance.keys import KeyPromises
from commcredits.gateways.conformance.payers import PayerPromises
from commcredits.gateways.conformance.refunds import RefundPromises
from commcredits.gateways.conformance.subject import Subject

__all__ = ["GatewayConformance", "Subject"]


class GatewayConformance(KeyPromises, ChargePromises, RefundPromises, PayerPromises):
    """Every promise, one test each. Derive from it and give it the fixture `subject`."""
