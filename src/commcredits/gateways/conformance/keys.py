"""Promises about keys: one key moves money at most once, and what became of it can always be learned."""

import asyncio

import pytest

from commcredits.gateways.conformance.subject import (
    CONCURRENT_TRIES,
    Subject,
    charge_of,
    check_with_one,
    check_with_two,
    need,
    new_key,
    settled_lookup,
)
from commcredits.gateways.protocol import (
    ChargeRequest,
    Gateway,
    GatewayMisuseError,
    NotFound,
    Processing,
    Succeeded,
    Unknown,
)


class KeyPromises:
    """One key, one charge, one truth."""

    def test_a_key_is_charged_once_under_concurrent_retries(self, subject: Subject) -> None:
        """Many tries at once, over several connections: one charge, one truth."""

        async def check(gateway: Gateway, second: Gateway) -> None:
            request = charge_of(subject, await subject.approved_method(), new_key())
            tries = [(gateway, second)[number % 2].charge(request) for number in range(CONCURRENT_TRIES)]
            outcomes = await asyncio.gather(*tries)
            assert all(isinstance(outcome, Succeeded | Processing | Unknown) for outcome in outcomes), outcomes
            final = await settled_lookup(gateway, request.idempotency_key)
            assert isinstance(final, Succeeded)
            known = {outcome.reference for outcome in outcomes if isinstance(outcome, Succeeded | Processing)}
            assert known <= {final.reference}
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_two(subject, check)

    def test_a_key_answers_the_same_later_and_to_another_connection(self, subject: Subject) -> None:
        """The key is the gateway's to remember, not the connection's."""

        async def check(gateway: Gateway, second: Gateway) -> None:
            request = charge_of(subject, await subject.approved_method(), new_key())
            first = await gateway.charge(request)
            assert first == await second.charge(request)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_two(subject, check)

    def test_a_known_key_with_other_content_is_a_bug_and_takes_nothing_more(self, subject: Subject) -> None:
        """The same key can't mean two charges."""

        async def check(gateway: Gateway) -> None:
            method = await subject.approved_method()
            request = charge_of(subject, method, new_key())
            await gateway.charge(request)
            other = ChargeRequest(
                idempotency_key=request.idempotency_key,
                amount_minor=request.amount_minor * 2,
                currency=request.currency,
                payment_method_reference=method,
                off_session=True,
            )
            with pytest.raises(GatewayMisuseError):
                await gateway.charge(other)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_one(subject, check)

    def test_two_keys_are_two_charges(self, subject: Subject) -> None:
        """Nothing but the key makes two charges one."""

        async def check(gateway: Gateway) -> None:
            method = await subject.approved_method()
            keys = (new_key(), new_key())
            outcomes = [await gateway.charge(charge_of(subject, method, key)) for key in keys]
            assert len({outcome.reference for outcome in outcomes if isinstance(outcome, Succeeded)}) == len(keys)

        check_with_one(subject, check)

    def test_a_lookup_after_a_lost_answer_tells_the_truth(self, subject: Subject) -> None:
        """A lost answer is unknown, never a failure; the lookup knows."""

        async def check(gateway: Gateway) -> None:
            method = await subject.approved_method()
            await need(subject.lose_next_answer, "a lost answer")()
            request = charge_of(subject, method, new_key())
            lost = await gateway.charge(request)
            assert isinstance(lost, Unknown)
            assert not lost.this_call_did_nothing
            found = await settled_lookup(gateway, request.idempotency_key)
            assert isinstance(found, Succeeded)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_one(subject, check)

    def test_a_retry_after_a_lost_answer_takes_nothing_more(self, subject: Subject) -> None:
        """The same key, sent again, is answered and not charged."""

        async def check(gateway: Gateway) -> None:
            method = await subject.approved_method()
            await need(subject.lose_next_answer, "a lost answer")()
            request = charge_of(subject, method, new_key())
            assert isinstance(await gateway.charge(request), Unknown)
            assert isinstance(await gateway.charge(request), Succeeded | Processing)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_one(subject, check)

    def test_a_key_that_was_never_sent_is_not_found(self, subject: Subject) -> None:
        """Not found is not declined."""

        async def check(gateway: Gateway) -> None:
            assert await gateway.lookup(new_key()) == NotFound()
            assert await gateway.lookup_refund(new_key()) == NotFound()

        check_with_one(subject, check)

    def test_a_lookup_agrees_with_the_answer(self, subject: Subject) -> None:
        """The same outcome and the same reference."""

        async def check(gateway: Gateway) -> None:
            request = charge_of(subject, await subject.approved_method(), new_key())
            outcome = await gateway.charge(request)
            found = await settled_lookup(gateway, request.idempotency_key)
            assert isinstance(outcome, Succeeded | Processing)
            assert found.reference == outcome.reference

        check_with_one(subject, check)
