"""Promises about refunds."""

import asyncio

from commcredits.gateways.conformance.subject import (
    CONCURRENT_TRIES,
    Subject,
    charge_of,
    charged_by,
    check_with_one,
    need,
    new_key,
    refund_of,
)
from commcredits.gateways.protocol import (
    Declined,
    Gateway,
    Refunded,
    RefundRefused,
)


class RefundPromises:
    """What is given back was taken before, and is given back once."""

    def test_refunds_never_exceed_the_charge(self, subject: Subject) -> None:
        """Not in parts, and not all at once."""

        async def check(gateway: Gateway) -> None:
            charged = await charged_by(gateway, subject)
            part = subject.amount_minor // 3 + 1
            requests = [refund_of(subject, charged.reference, part, new_key()) for _ in range(4)]
            outcomes = await asyncio.gather(*(gateway.refund(request) for request in requests))
            given = [outcome for outcome in outcomes if isinstance(outcome, Refunded)]
            refused = [outcome for outcome in outcomes if isinstance(outcome, RefundRefused)]
            assert len(given) == subject.amount_minor // part
            assert len(given) + len(refused) == len(requests)
            assert {outcome.code for outcome in refused} == {"exceeds_charge"}

        check_with_one(subject, check)

    def test_a_refund_is_given_once_per_key(self, subject: Subject) -> None:
        """Many tries at once, one refund; the rest can still be refunded."""

        async def check(gateway: Gateway) -> None:
            charged = await charged_by(gateway, subject)
            request = refund_of(subject, charged.reference, subject.amount_minor // 2, new_key())
            outcomes = await asyncio.gather(*(gateway.refund(request) for _ in range(CONCURRENT_TRIES)))
            assert len({outcome.reference for outcome in outcomes if isinstance(outcome, Refunded)}) == 1
            assert isinstance(await gateway.lookup_refund(request.idempotency_key), Refunded)
            rest = subject.amount_minor - subject.amount_minor // 2
            assert isinstance(await gateway.refund(refund_of(subject, charged.reference, rest, new_key())), Refunded)

        check_with_one(subject, check)

    def test_a_declined_charge_can_not_be_refunded(self, subject: Subject) -> None:
        """What was not taken is not given back."""

        async def check(gateway: Gateway) -> None:
            method = await need(subject.declined_method, "a decline")()
            declined = await gateway.charge(charge_of(subject, method, new_key()))
            assert isinstance(declined, Declined)
            reference = need(declined.reference, "a declined charge with a reference")
            assert isinstance(await gateway.refund(refund_of(subject, reference, 1, new_key())), RefundRefused)

        check_with_one(subject, check)

    def test_a_charge_that_does_not_exist_can_not_be_refunded(self, subject: Subject) -> None:
        """A wrong reference is a refusal."""

        async def check(gateway: Gateway) -> None:
            outcome = await gateway.refund(refund_of(subject, "no-such-charge", 1, new_key()))
            assert isinstance(outcome, RefundRefused)

        check_with_one(subject, check)
