"""Whatever the network or the gateway does, the plug-in tells what is known and never more."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from commcredits.gateways.protocol import (
    ChargeRequest,
    CustomerRequest,
    Declined,
    EventPage,
    GatewayMisuseError,
    NotFound,
    RefundRefused,
    RefundRequest,
    SetupRequest,
    Succeeded,
    Unavailable,
    Unknown,
)
from commcredits.gateways.simulator.client import SimulatorGateway
from tests.gateways.simulator_process import SimulatorProcess, store_card

METHOD = "pm_" + "0" * 24
CHARGE = ChargeRequest(
    idempotency_key="outcome-1", amount_minor=5_000, currency="EUR", payment_method_reference=METHOD, off_session=True
)
REFUND = RefundRequest(idempotency_key="outcome-2", charge_reference="ch_1", amount_minor=1, currency="EUR")


@asynccontextmanager
async def answering(raw: bytes) -> AsyncIterator[SimulatorGateway]:
    """Connect the plug-in to a server that answers every request with these bytes and hangs up."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(raw)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    gateway = SimulatorGateway(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", answer_seconds_max=2)
    try:
        yield gateway
    finally:
        await gateway.aclose()
        server.close()
        await server.wait_closed()


def http(status: int, body: bytes) -> bytes:
    return b"HTTP/1.1 %d X\r\ncontent-length: %d\r\ncontent-type: application/json\r\n\r\n%s" % (
        status,
        len(body),
        body,
    )


UNBELIEVABLE = {
    "nothing": b"",
    "not HTTP": b"hello\r\n\r\n",
    "half an answer": b'HTTP/1.1 200 OK\r\ncontent-length: 500\r\n\r\n{"reference":',
    "no JSON": http(200, b"<html>welcome to the hotel</html>"),
    "another kind of JSON": http(200, b'{"ok": true}'),
    "a status that we don't know": http(
        200, b'{"reference": "ch_1", "idempotency_key": "outcome-1", "status": "captured"}'
    ),
    "a success without a reference": http(
        200, b'{"reference": null, "idempotency_key": "outcome-1", "status": "succeeded"}'
    ),
    "a decline without a reason": http(
        200, b'{"reference": "ch_1", "idempotency_key": "outcome-1", "status": "declined"}'
    ),
    "a not-found page of somebody else": http(404, b"<html>404</html>"),
    "a problem that contradicts its status": http(404, b'{"status": 500, "code": "no_such_charge", "message": ""}'),
    "a redirect": b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
    "broken compression": b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 4\r\n\r\nabcd",
    "an error": http(500, b""),
    "a gateway of a gateway": http(504, b"upstream timed out"),
}


@pytest.mark.parametrize("raw", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
async def test_an_answer_that_can_not_be_believed_is_unknown(raw: bytes) -> None:
    async with answering(raw) as gateway:
        for outcome in (
            await gateway.charge(CHARGE),
            await gateway.lookup("outcome-1"),
            await gateway.cancel("outcome-1"),
            await gateway.refund(REFUND),
            await gateway.lookup_refund("outcome-2"),
        ):
            assert isinstance(outcome, Unknown)
            assert not outcome.this_call_did_nothing


@pytest.mark.parametrize("raw", UNBELIEVABLE.values(), ids=UNBELIEVABLE)
async def test_a_question_that_moves_no_money_is_unavailable_then(raw: bytes) -> None:
    async with answering(raw) as gateway:
        setup = SetupRequest(idempotency_key="s", customer_reference="cus_1", return_url="http://127.0.0.1/")
        for answer in (
            await gateway.create_customer(CustomerRequest(idempotency_key="c", name="Ana")),
            await gateway.begin_setup(setup),
            await gateway.describe_payment_method(METHOD),
            await gateway.list_payment_methods("cus_1"),
            await gateway.detach_payment_method(METHOD),
            await gateway.list_since(None),
        ):
            assert isinstance(answer, Unavailable)


async def test_a_refused_connection_is_known_to_have_done_nothing() -> None:
    gateway = SimulatorGateway("http://127.0.0.1:1")
    outcome = await gateway.charge(CHARGE)
    assert isinstance(outcome, Unknown)
    assert outcome.this_call_did_nothing
    assert isinstance(await gateway.lookup("outcome-1"), Unknown)
    await gateway.aclose()


async def test_too_many_requests_is_known_to_have_done_nothing() -> None:
    async with answering(http(429, b"")) as gateway:
        assert await gateway.charge(CHARGE) == Unknown(detail="the gateway is busy (429)", this_call_did_nothing=True)


async def test_a_gateway_that_never_answers_is_given_up_and_unknown() -> None:
    hung_up = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        hung_up.set()

    server = await asyncio.start_server(hold, "127.0.0.1", 0)
    gateway = SimulatorGateway(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", answer_seconds_max=1)
    outcome = await gateway.charge(CHARGE)
    await gateway.aclose()
    await hung_up.wait()
    server.close()
    await server.wait_closed()
    assert outcome == Unknown(detail="no answer: ReadTimeout")


async def test_the_same_key_with_other_content_is_a_bug(gateway: SimulatorGateway, simulator: SimulatorProcess) -> None:
    method = await store_card(simulator, "sim_ok")
    first = ChargeRequest(
        idempotency_key="conflict-1",
        amount_minor=100,
        currency="EUR",
        payment_method_reference=method,
        off_session=True,
    )
    other = ChargeRequest(
        idempotency_key="conflict-1",
        amount_minor=100,
        currency="EUR",
        payment_method_reference=method,
        off_session=False,
    )
    assert isinstance(await gateway.charge(first), Succeeded)
    with pytest.raises(GatewayMisuseError, match="idempotency_conflict"):
        await gateway.charge(other)


@pytest.mark.parametrize(
    ("amount_minor", "currency", "code"),
    [(10**12, "EUR", "amount_too_large"), (2**63 - 1, "EUR", "amount_too_large"), (100, "XAU", "unknown_currency")],
)
async def test_what_the_gateway_does_not_charge_is_declined(
    gateway: SimulatorGateway, simulator: SimulatorProcess, amount_minor: int, currency: str, code: str
) -> None:
    method = await store_card(simulator, "sim_ok")
    request = ChargeRequest(
        idempotency_key=f"declined-{code}-{amount_minor}",
        amount_minor=amount_minor,
        currency=currency,
        payment_method_reference=method,
        off_session=True,
    )
    outcome = await gateway.charge(request)
    assert isinstance(outcome, Declined)
    assert (outcome.code, outcome.retryable) == (code, False)
    assert await gateway.lookup(request.idempotency_key) == NotFound()


async def test_a_refund_in_another_currency_is_refused(gateway: SimulatorGateway, simulator: SimulatorProcess) -> None:
    method = await store_card(simulator, "sim_ok")
    charged = await gateway.charge(
        ChargeRequest(
            idempotency_key="currency-1", amount_minor=100, currency="EUR", payment_method_reference=method,
            off_session=True,
        )
    )  # fmt: skip
    assert isinstance(charged, Succeeded)
    refused = await gateway.refund(
        RefundRequest(idempotency_key="currency-2", charge_reference=charged.reference, amount_minor=1, currency="RON")
    )
    assert isinstance(refused, RefundRefused)
    assert refused.code == "currency_mismatch"


async def test_strangers_references_are_not_found(gateway: SimulatorGateway) -> None:
    for reference in (METHOD, "pm_0", "", "..", "../charges", "%2e%2e", "a/b?c#d", "ș", "\x00", "x" * 3_000):
        assert await gateway.describe_payment_method(reference) == NotFound()
        assert await gateway.detach_payment_method(reference) == NotFound()
        assert await gateway.list_payment_methods(reference) == NotFound()


async def test_a_long_list_of_events_comes_in_pages(gateway: SimulatorGateway, simulator: SimulatorProcess) -> None:
    method = await store_card(simulator, "sim_ok")
    start: str | None = None
    while True:
        page = await gateway.list_since(start)
        assert isinstance(page, EventPage)
        start = page.next_cursor
        if not page.has_more:
            break
    for number in range(101):
        await gateway.charge(
            ChargeRequest(
                idempotency_key=f"page-{number}", amount_minor=100, currency="EUR", payment_method_reference=method,
                off_session=True,
            )
        )  # fmt: skip
    first = await gateway.list_since(start)
    assert isinstance(first, EventPage)
    second = await gateway.list_since(first.next_cursor)
    assert isinstance(second, EventPage)
    assert (len(first.events), first.has_more, len(second.events), second.has_more) == (100, True, 1, False)
    keys = [event.idempotency_key for event in (*first.events, *second.events)]
    assert keys == [f"page-{number}" for number in range(101)]
