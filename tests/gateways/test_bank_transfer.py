"""Bank transfers and purchase orders: asked for by us, confirmed by a person, remembered by nobody else."""

from hypothesis import given
from hypothesis import strategies as st

from commcredits.gateways.bank_transfer.gateway import BankTransferGateway, open_bank_transfer
from commcredits.gateways.bank_transfer.references import kind_of, payment_reference
from commcredits.gateways.protocol import (
    ChargeRequest,
    Customer,
    CustomerRequest,
    Declined,
    Detached,
    Gateway,
    NotFound,
    PaymentMethod,
    Processing,
    RefundProcessing,
    RefundRequest,
    WebhookRejected,
)
from commcredits.gateways.registry import open_gateway


def charge(key: str, method: str = "bank") -> ChargeRequest:
    return ChargeRequest(
        idempotency_key=key, amount_minor=5_000, currency="EUR", payment_method_reference=method, off_session=False
    )


async def test_a_charge_waits_for_a_person_and_names_what_the_payer_writes_on_it() -> None:
    gateway = BankTransferGateway()
    first = await gateway.charge(charge("attempt-1"))
    assert isinstance(first, Processing)
    assert await gateway.charge(charge("attempt-1")) == first
    assert await BankTransferGateway().lookup("attempt-1") == first
    assert await gateway.charge(charge("attempt-2")) != first


async def test_a_purchase_order_is_known_by_its_number() -> None:
    described = await BankTransferGateway().describe_payment_method("po:PO-4711/26")
    assert isinstance(described, PaymentMethod)
    assert (described.kind, described.brand, described.last4) == ("purchase_order", "PO-4711/26", "")


async def test_what_is_no_way_to_pay_by_hand_is_declined_and_unknown() -> None:
    gateway = BankTransferGateway()
    for reference in ("", "po:", "po: x", "pm_card", "bank ", "po:" + "9" * 41, "po:<b>", "po:ș"):
        assert kind_of(reference) is None
        assert isinstance(await gateway.charge(charge("attempt-3", reference or "x")), Declined)
        assert isinstance(await gateway.describe_payment_method(reference), NotFound)
        assert isinstance(await gateway.detach_payment_method(reference), NotFound)


async def test_a_refund_waits_for_a_person_too() -> None:
    request = RefundRequest(idempotency_key="refund-1", charge_reference="x", amount_minor=1, currency="EUR")
    refunded = await BankTransferGateway().refund(request)
    assert isinstance(refunded, RefundProcessing)
    assert await BankTransferGateway().lookup_refund("refund-1") == refunded


async def test_no_message_is_believed_and_nothing_is_left_to_sweep() -> None:
    gateway = BankTransferGateway()
    assert isinstance(gateway.verify_webhook({}, b"{}"), WebhookRejected)
    page = await gateway.list_since("7")
    assert getattr(page, "events", None) == ()
    assert isinstance(await gateway.find_dispute("x"), NotFound)


async def test_payers_are_named_once_per_key() -> None:
    gateway = BankTransferGateway()
    customer = await gateway.create_customer(CustomerRequest(idempotency_key="customer-1", name="Șantier SRL"))
    assert customer == await gateway.create_customer(CustomerRequest(idempotency_key="customer-1", name="other"))
    assert isinstance(customer, Customer)
    assert await gateway.list_payment_methods(customer.reference) == ()
    assert isinstance(await gateway.detach_payment_method("bank"), Detached)


async def test_the_doctor_misses_the_account_that_payers_pay_to() -> None:
    (finding,) = await open_bank_transfer({}).diagnose()
    assert not finding.well
    told = open_bank_transfer({"account": "RO49AAAA1B31007593840000, Example SRL"})
    (finding,) = await told.diagnose()
    assert finding.well
    assert told.capabilities().payee == "RO49AAAA1B31007593840000, Example SRL"


def test_it_is_built_in_and_speaks_the_protocol() -> None:
    gateway = open_gateway("bank_transfer", {})
    assert isinstance(gateway, Gateway)
    capabilities = gateway.capabilities()
    assert (capabilities.confirmed_by_hand, capabilities.off_session) == (True, False)


@given(st.text(min_size=1, max_size=60))
def test_a_payment_reference_can_be_read_out_over_a_telephone(key: str) -> None:
    reference = payment_reference(key)
    assert len(reference) == len("2345-ABCD-WXYZ")
    assert not set(reference) & set("01IOilo")
