"""Promises about charges that are not simply approved: declines, payers who must act, processing, cancelling."""

from commcredits.gateways.conformance.subject import (
    Subject,
    charge_of,
    check_with_one,
    need,
    need_cancelling,
    new_key,
    settled_lookup,
)
from commcredits.gateways.protocol import (
    ActionRequired,
    Declined,
    Gateway,
    Processing,
    Succeeded,
)


class ChargePromises:
    """What was not approved takes nothing."""

    def test_a_declined_charge_takes_nothing_and_stays_declined(self, subject: Subject) -> None:
        """A decline has a code and is final for its key."""

        async def check(gateway: Gateway) -> None:
            request = charge_of(subject, await need(subject.declined_method, "a decline")(), new_key())
            declined = await gateway.charge(request)
            assert isinstance(declined, Declined)
            assert declined.code
            assert isinstance(await gateway.charge(request), Declined)
            assert isinstance(await gateway.lookup(request.idempotency_key), Declined)
            assert await subject.taken_minor(request.idempotency_key) == 0

        check_with_one(subject, check)

    def test_an_unknown_payment_method_is_declined_and_not_an_exception(self, subject: Subject) -> None:
        """What an administrator may type can't break the caller."""

        async def check(gateway: Gateway) -> None:
            for reference in ("no-such-method", "../../charges?x=1", "'; drop table charges; --", "ș" * 200):
                outcome = await gateway.charge(charge_of(subject, reference, new_key()))
                assert isinstance(outcome, Declined), reference
                assert not outcome.retryable

        check_with_one(subject, check)

    def test_a_charge_that_needs_its_payer_takes_nothing_until_approved(self, subject: Subject) -> None:
        """The page decides, and the lookup knows."""

        async def check(gateway: Gateway) -> None:
            method = await need(subject.action_method, "a charge that needs its payer")()
            approve = need(subject.approve, "an approval")
            request = charge_of(subject, method, new_key(), off_session=False)
            asked = await gateway.charge(request)
            assert isinstance(asked, ActionRequired)
            assert asked.url not in repr(asked)
            assert await subject.taken_minor(request.idempotency_key) == 0
            await approve(asked)
            assert isinstance(await settled_lookup(gateway, request.idempotency_key), Succeeded)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_one(subject, check)

    def test_a_charge_that_its_payer_refuses_is_declined(self, subject: Subject) -> None:
        """No means no money."""

        async def check(gateway: Gateway) -> None:
            method = await need(subject.action_method, "a charge that needs its payer")()
            refuse = need(subject.refuse, "a refusal")
            request = charge_of(subject, method, new_key(), off_session=False)
            asked = await gateway.charge(request)
            assert isinstance(asked, ActionRequired)
            await refuse(asked)
            assert isinstance(await settled_lookup(gateway, request.idempotency_key), Declined)
            assert await subject.taken_minor(request.idempotency_key) == 0

        check_with_one(subject, check)

    def test_a_charge_in_processing_is_decided_in_the_end(self, subject: Subject) -> None:
        """Processing is no final answer."""

        async def check(gateway: Gateway) -> None:
            method = await need(subject.processing_method, "a charge in processing")()
            request = charge_of(subject, method, new_key())
            assert isinstance(await gateway.charge(request), Processing)
            assert isinstance(await settled_lookup(gateway, request.idempotency_key), Succeeded)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_one(subject, check)

    def test_a_cancelled_key_can_never_be_charged(self, subject: Subject) -> None:
        """Also not by a request that was on its way all the time."""

        async def check(gateway: Gateway) -> None:
            need_cancelling(gateway)
            request = charge_of(subject, await subject.approved_method(), new_key())
            assert isinstance(await gateway.cancel(request.idempotency_key), Declined)
            assert isinstance(await gateway.charge(request), Declined)
            assert isinstance(await gateway.lookup(request.idempotency_key), Declined)
            assert await subject.taken_minor(request.idempotency_key) == 0

        check_with_one(subject, check)

    def test_cancelling_what_was_charged_tells_so(self, subject: Subject) -> None:
        """A cancellation is no refund."""

        async def check(gateway: Gateway) -> None:
            need_cancelling(gateway)
            request = charge_of(subject, await subject.approved_method(), new_key())
            await gateway.charge(request)
            await settled_lookup(gateway, request.idempotency_key)
            assert isinstance(await gateway.cancel(request.idempotency_key), Succeeded)
            assert await subject.taken_minor(request.idempotency_key) == subject.amount_minor

        check_with_one(subject, check)

    def test_cancelling_ends_a_wait_for_the_payer(self, subject: Subject) -> None:
        """An approval that comes too late moves nothing."""

        async def check(gateway: Gateway) -> None:
            need_cancelling(gateway)
            method = await need(subject.action_method, "a charge that needs its payer")()
            approve = need(subject.approve, "an approval")
            request = charge_of(subject, method, new_key(), off_session=False)
            asked = await gateway.charge(request)
            assert isinstance(asked, ActionRequired)
            assert isinstance(await gateway.cancel(request.idempotency_key), Declined)
            await approve(asked)
            assert isinstance(await gateway.lookup(request.idempotency_key), Declined)
            assert await subject.taken_minor(request.idempotency_key) == 0

        check_with_one(subject, check)
