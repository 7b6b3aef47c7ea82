"""What the conformance tests share: the subject on the bench, the requests they send, patience, and an event loop."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import pytest

from commcredits.gateways.protocol import (
    ActionRequired,
    ChargeRequest,
    Declined,
    Gateway,
    RefundRequest,
    Succeeded,
)

CONCURRENT_TRIES: Final = 8
PATIENCE_SECONDS_MAX: Final = 20.0
POLL_SECONDS: Final = 0.1

T = TypeVar("T")
Stage = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A gateway on the test bench, and how to stage what can't be staged through the protocol.

    Each `*_method` makes a fresh payment method and gives its reference. `taken_minor` tells from the provider's own
    books how much was taken, in total, under one key; `lose_next_answer` lets the next charge act and its answer be
    lost; `approve` and `refuse` play the payer on the page of an `ActionRequired`.
    """

    open_gateway: Callable[[], Gateway]
    currency: str
    amount_minor: int
    approved_method: Stage
    taken_minor: Callable[[str], Awaitable[int]]
    declined_method: Stage | None = None
    action_method: Stage | None = None
    processing_method: Stage | None = None
    lose_next_answer: Callable[[], Awaitable[None]] | None = None
    approve: Callable[[ActionRequired], Awaitable[None]] | None = None
    refuse: Callable[[ActionRequired], Awaitable[None]] | None = None


def need(staged: T | None, what: str) -> T:
    """Give what the subject can stage, or skip the test that needs it."""
    if staged is None:
        pytest.skip(f"the subject can't stage {what}")
    return staged


def new_key() -> str:
    """Make an idempotency key that no earlier run has used."""
    return f"conformance-{secrets.token_hex(12)}"


def charge_of(subject: Subject, method: str, key: str, *, off_session: bool = True) -> ChargeRequest:
    """Make the request that most tests send."""
    return ChargeRequest(
        idempotency_key=key,
        amount_minor=subject.amount_minor,
        currency=subject.currency,
        payment_method_reference=method,
        off_session=off_session,
        description="Conformance",
        # Whoever is present comes back from the page on which they approve.
        return_url=None if off_session else "http://127.0.0.1/return",
    )


def refund_of(subject: Subject, charge_reference: str, amount_minor: int, key: str) -> RefundRequest:
    """Make a refund's request."""
    return RefundRequest(
        idempotency_key=key, charge_reference=charge_reference, amount_minor=amount_minor, currency=subject.currency
    )


async def settled_lookup(gateway: Gateway, key: str) -> Succeeded | Declined:
    """Look a key up until it is decided, as a patient caller does."""
    async with asyncio.timeout(PATIENCE_SECONDS_MAX):
        while True:
            found = await gateway.lookup(key)
            if isinstance(found, Succeeded | Declined):
                return found
            await asyncio.sleep(POLL_SECONDS)


async def charged_by(gateway: Gateway, subject: Subject) -> Succeeded:
    """Make a charge that succeeds."""
    request = charge_of(subject, await subject.approved_method(), new_key())
    await gateway.charge(request)
    final = await settled_lookup(gateway, request.idempotency_key)
    assert isinstance(final, Succeeded)
    return final


def need_cancelling(gateway: Gateway) -> None:
    """Skip the test if the gateway can't cancel."""
    if not gateway.capabilities().cancels:
        pytest.skip("the gateway can't cancel")


@asynccontextmanager
async def _opened(subject: Subject) -> AsyncIterator[Gateway]:
    gateway = subject.open_gateway()
    try:
        yield gateway
    finally:
        await gateway.aclose()


def check_with_one(subject: Subject, check: Callable[[Gateway], Coroutine[Any, Any, None]]) -> None:
    """Run a check over one open gateway, in a loop of its own."""

    async def run() -> None:
        async with _opened(subject) as gateway:
            await check(gateway)

    asyncio.run(run())


def check_with_two(subject: Subject, check: Callable[[Gateway, Gateway], Coroutine[Any, Any, None]]) -> None:
    """Run a check over two gateways that share nothing but the provider."""

    async def run() -> None:
        async with _opened(subject) as gateway, _opened(subject) as second:
            await check(gateway, second)

    asyncio.run(run())
