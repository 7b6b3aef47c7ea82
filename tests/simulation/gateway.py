"""The gateway plug-in of the provider in memory: what goes wrong on the way there and back.

Knows the calls of commcredits.gateways.protocol that these operations make. Refuses to hold anything: the provider
does, and outlives whoever asks it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from commcredits.gateways.protocol import (
    Capabilities,
    ChargeOutcome,
    ChargeRequest,
    Detached,
    Dispute,
    EventPage,
    LookupOutcome,
    NotFound,
    PaymentMethod,
    RefundOutcome,
    RefundRequest,
    Unavailable,
    Unknown,
    WebhookEvent,
    WebhookRejected,
)
from tests.simulation.providers import Provider
from tests.simulation.scheduling import pause

EVENTS_A_PAGE: Final = 3


@dataclass(kw_only=True)
class ProviderGateway:
    """The gateway plug-in of that provider: what of a call's way there and back goes wrong."""

    provider: Provider
    can_cancel: bool = True

    def capabilities(self) -> Capabilities:
        """Everything that this simulation uses."""
        return Capabilities(
            name="provider",
            off_session=True,
            hosted_setup=False,
            cancels=self.can_cancel,
            partial_refunds=True,
            webhooks=True,
            lists_events=True,
            disputes=True,
        )

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge, or lose the request on the way there, or the answer on the way back, or give up waiting."""
        provider, weather = self.provider, self.provider.weather
        provider.calls[request.idempotency_key] = provider.calls.get(request.idempotency_key, 0) + 1
        if request.payment_method_reference in provider.detached:
            provider.misuses.append(f"the removed payment method {request.payment_method_reference} was charged")
        await pause()
        if provider.strikes(weather.down):
            return Unknown(detail="connection refused", this_call_did_nothing=True)
        if provider.strikes(weather.lost_before):
            return Unknown(detail="no answer")
        if provider.strikes(weather.late):
            provider.late.append(request)
            return Unknown(detail="timed out")
        outcome = provider.take(request)
        await pause()
        if provider.strikes(weather.lost_after):
            return Unknown(detail="connection lost")
        return outcome

    async def lookup(self, idempotency_key: str) -> LookupOutcome:
        """What is known of a key."""
        await pause()
        if self._fails():
            return Unknown(detail="no answer")
        known = self.provider.charges.get(idempotency_key)
        found: LookupOutcome = NotFound() if known is None else known.outcome
        await pause()
        return found

    async def cancel(self, idempotency_key: str) -> ChargeOutcome:
        """Close a key."""
        await pause()
        if self._fails():
            return Unknown(detail="no answer")
        outcome = self.provider.close(idempotency_key)
        await pause()
        if self.provider.strikes(self.provider.weather.lost_after):
            return Unknown(detail="connection lost")
        return outcome

    async def resume(self, idempotency_key: str, return_url: str) -> LookupOutcome:
        """What is known of a key; a page of this provider does not run out."""
        assert return_url
        return await self.lookup(idempotency_key)

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Refund, with the same faults as a charge."""
        await pause()
        if self._fails():
            return Unknown(detail="no answer")
        outcome = self.provider.give_back(request)
        await pause()
        if self.provider.strikes(self.provider.weather.lost_after):
            return Unknown(detail="connection lost")
        return outcome

    async def lookup_refund(self, idempotency_key: str) -> RefundOutcome | NotFound:
        """What is known of a refund's key."""
        await pause()
        if self._fails():
            return Unknown(detail="no answer")
        known = self.provider.refunds.get(idempotency_key)
        return NotFound() if known is None else known.outcome

    async def describe_payment_method(self, payment_method_reference: str) -> PaymentMethod | NotFound | Unavailable:
        """A card of this provider."""
        await pause()
        if payment_method_reference not in self.provider.moods:
            return NotFound()
        return PaymentMethod(
            reference=payment_method_reference, customer_reference="cus_1", kind="card", brand="visa", last4="4242"
        )

    async def find_dispute(self, charge_reference: str) -> Dispute | NotFound | Unavailable:
        """The dispute of a charge, as things are now."""
        await pause()
        if self._fails():
            return Unavailable(detail="no answer")
        charge = self.provider.find_charge(charge_reference)
        return NotFound() if charge is None or charge.dispute is None else charge.dispute

    async def list_since(self, cursor: str | None) -> EventPage | Unavailable:
        """The events after a place in the list, a few at a time."""
        await pause()
        if self._fails():
            return Unavailable(detail="no answer")
        first = int(cursor or 0)
        page = self.provider.events[first : first + EVENTS_A_PAGE]
        has_more = len(self.provider.events) > first + len(page)
        return EventPage(events=tuple(page), next_cursor=str(first + len(page)), has_more=has_more)

    async def detach_payment_method(self, payment_method_reference: str) -> Detached | Unavailable:
        """Let a card go."""
        await pause()
        assert payment_method_reference in self.provider.moods
        if self._fails():
            return Unavailable(detail="no answer")
        self.provider.detached.add(payment_method_reference)
        return Detached()

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes) -> tuple[WebhookEvent, ...] | WebhookRejected:
        """The event that a message names, if it is signed."""
        if headers.get("signature") != "valid":
            return WebhookRejected(reason="no valid signature")
        return (self.provider.events[json.loads(raw_body)["event"]],)

    def _fails(self) -> bool:
        weather = self.provider.weather
        return self.provider.strikes(weather.down) or self.provider.strikes(weather.lost_before)
