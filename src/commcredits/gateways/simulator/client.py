"""The plug-in for the simulated gateway: our protocol on one side, its HTTP interface on the other.

What each thing that can go wrong means for a charge:

| what happened                                        | outcome                                  |
|------------------------------------------------------|------------------------------------------|
| no connection could be made; 429                      | `Unknown(this_call_did_nothing=True)`    |
| connection lost or time-out after that; 5xx           | `Unknown`                                |
| an answer that can't be read, or that we can't place  | `Unknown`                                |
| 422 with one of `REFUSALS_OF_CHARGE`                  | `Declined`, not retryable                |
| 409 (known key, other content), any other 4xx         | raises `GatewayMisuseError`: a bug       |
"""

import re
from collections.abc import Mapping
from typing import Final, TypeVar

import httpx
import msgspec
from pydantic import SecretStr

from commcredits.gateways.protocol import (
    Capabilities,
    ChargeOutcome,
    ChargeRequest,
    Customer,
    CustomerRequest,
    Declined,
    Detached,
    Dispute,
    EventPage,
    Finding,
    GatewayMisuseError,
    LookupOutcome,
    NotFound,
    PaymentMethod,
    PayoutPage,
    RefundOutcome,
    RefundRefused,
    RefundRequest,
    SetupRequest,
    SetupStarted,
    Unavailable,
    Unknown,
    WebhookEvent,
    WebhookRejected,
)
from commcredits.gateways.simulator import wire
from commcredits.gateways.simulator.signing import is_webhook_secret, signature_complaint
from commcredits.gateways.simulator.translation import (
    answer_of,
    charge_outcome_of,
    dispute_of,
    event_of,
    lookup_outcome_of,
    payment_method_of,
    payout_of,
    refund_outcome_of,
    sentence_of,
)

CONNECT_SECONDS_MAX: Final = 5.0
ANSWER_SECONDS_DEFAULT: Final = 30.0
# The gateway gives these only after it has made sure that the key was never charged with other content.
REFUSALS_OF_CHARGE: Final = frozenset({"unknown_payment_method", "unknown_currency", "amount_too_large"})
REFUSALS_OF_REFUND: Final = frozenset({"unknown_charge", "currency_mismatch"})
EVENTS_PER_PAGE: Final = 100
WEBHOOK_BYTES_MAX: Final = 65_536

# Other references were never given out, and some would not even fit into a path.
_REFERENCE: Final = re.compile(r"[a-z]{2,5}_[0-9a-f]{24}", re.ASCII)

A = TypeVar("A", bound=msgspec.Struct)


def open_simulator(settings: Mapping[str, str]) -> "SimulatorGateway":
    """Open the plug-in from an operator's settings.

    `base_url` is required; `webhook_secret` (whsec_…) lets webhooks be verified; `answer_seconds_max` is how long to
    wait for an answer. Raises `ValueError` for a setting that is missing, unknown or unusable.
    """
    unknown = set(settings) - {"base_url", "webhook_secret", "answer_seconds_max"}
    if unknown:
        raise ValueError(f"the simulator gateway has no setting {', '.join(sorted(unknown))}")
    if "base_url" not in settings:
        raise ValueError("the simulator gateway needs base_url, such as http://127.0.0.1:8082")
    secret = settings.get("webhook_secret")
    return SimulatorGateway(
        settings["base_url"],
        webhook_secret=None if secret is None else SecretStr(secret),
        answer_seconds_max=float(settings.get("answer_seconds_max", ANSWER_SECONDS_DEFAULT)),
    )


class SimulatorGateway:
    """The simulated gateway as a `Gateway`; its HTTP connections belong to the event loop that uses it first."""

    def __init__(
        self,
        base_url: str,
        *,
        webhook_secret: SecretStr | None = None,
        answer_seconds_max: float = ANSWER_SECONDS_DEFAULT,
    ) -> None:
        if webhook_secret is not None and not is_webhook_secret(webhook_secret):
            raise ValueError("webhook_secret must be whsec_ and at least 24 bytes in base64")
        if not answer_seconds_max > 0:
            raise ValueError("answer_seconds_max must be more than 0")
        self._webhook_secret = webhook_secret
        self._http = httpx.AsyncClient(
            base_url=base_url,
            timeout=httpx.Timeout(answer_seconds_max, connect=CONNECT_SECONDS_MAX),
            # The gateway is on this machine: a proxy from the environment would only stand in the way.
            trust_env=False,
            # Loading the roots of trust takes longer than a charge, and plain HTTP has no use for them.
            verify=base_url.startswith("https:"),
            follow_redirects=False,
        )

    def __repr__(self) -> str:
        return f"SimulatorGateway({self._http.base_url!r})"

    def capabilities(self) -> Capabilities:
        """Say what the simulated gateway can do: everything."""
        return Capabilities(
            name="simulator",
            off_session=True,
            hosted_setup=True,
            cancels=True,
            partial_refunds=True,
            webhooks=self._webhook_secret is not None,
            lists_events=True,
            disputes=True,
            payouts=True,
        )

    async def charge(self, request: ChargeRequest) -> ChargeOutcome:
        """Charge once per key."""
        body = {
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "payment_method": request.payment_method_reference,
            "off_session": request.off_session,
            "description": request.description,
            "metadata": dict(request.metadata),
            "return_url": request.return_url,
        }
        answer = await self._call("POST", "/charges", wire.ChargeAnswer, body=body, key=request.idempotency_key)
        match answer:
            case wire.ChargeAnswer():
                return charge_outcome_of(answer)
            case wire.Problem() if answer.code in REFUSALS_OF_CHARGE:
                return Declined(code=answer.code, retryable=False, message=answer.message)
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return answer

    async def lookup(self, idempotency_key: str) -> LookupOutcome:
        """Tell what became of the charge with this key."""
        query = {"idempotency_key": idempotency_key}
        return lookup_outcome_of(await self._call("GET", "/charges/lookup", wire.ChargeAnswer, query=query))

    async def cancel(self, idempotency_key: str) -> ChargeOutcome:
        """Close a key."""
        answer = await self._call(
            "POST", "/charges/cancel", wire.ChargeAnswer, body={"idempotency_key": idempotency_key}
        )
        match answer:
            case wire.ChargeAnswer():
                return charge_outcome_of(answer)
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return answer

    async def resume(self, idempotency_key: str, return_url: str) -> LookupOutcome:
        """Tell the page again on which the payer approves: it stays the same, and leads back to where he is now."""
        body = {"idempotency_key": idempotency_key, "return_url": return_url}
        return lookup_outcome_of(await self._call("POST", "/charges/resume", wire.ChargeAnswer, body=body))

    async def refund(self, request: RefundRequest) -> RefundOutcome:
        """Refund once per key."""
        body = {
            "charge": request.charge_reference,
            "amount_minor": request.amount_minor,
            "currency": request.currency,
            "reason": request.reason,
        }
        answer = await self._call("POST", "/refunds", wire.RefundAnswer, body=body, key=request.idempotency_key)
        match answer:
            case wire.RefundAnswer():
                return refund_outcome_of(answer)
            case wire.Problem() if answer.code in REFUSALS_OF_REFUND:
                return RefundRefused(code=answer.code, message=answer.message)
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return answer

    async def lookup_refund(self, idempotency_key: str) -> RefundOutcome | NotFound:
        """Tell what became of the refund with this key."""
        answer = await self._call(
            "GET", "/refunds/lookup", wire.RefundAnswer, query={"idempotency_key": idempotency_key}
        )
        match answer:
            case wire.RefundAnswer():
                return refund_outcome_of(answer)
            case wire.Problem(code="no_such_refund"):
                return NotFound()
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return answer

    async def create_customer(self, request: CustomerRequest) -> Customer | Unavailable:
        """Make a customer once per key."""
        body = {"name": request.name, "metadata": dict(request.metadata)}
        answer = await self._call("POST", "/customers", wire.Customer, body=body, key=request.idempotency_key)
        match answer:
            case wire.Customer():
                return Customer(reference=answer.reference)
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return Unavailable(detail=answer.detail)

    async def begin_setup(self, request: SetupRequest) -> SetupStarted | NotFound | Unavailable:
        """Open the page on which a test card is chosen."""
        body = {"customer": request.customer_reference, "return_url": request.return_url}
        answer = await self._call("POST", "/setups", wire.Setup, body=body, key=request.idempotency_key)
        match answer:
            case wire.Setup():
                return SetupStarted(reference=answer.reference, hosted_url=answer.hosted_url)
            case wire.Problem(code="no_such_customer"):
                return NotFound()
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return Unavailable(detail=answer.detail)

    async def describe_payment_method(self, payment_method_reference: str) -> PaymentMethod | NotFound | Unavailable:
        """Tell what may be shown of a stored test card."""
        if not _REFERENCE.fullmatch(payment_method_reference):
            return NotFound()
        path = f"/payment-methods/{payment_method_reference}"
        answer = await self._call("GET", path, wire.PaymentMethod)
        match answer:
            case wire.PaymentMethod():
                return payment_method_of(answer)
            case wire.Problem(code="no_such_payment_method"):
                return NotFound()
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return Unavailable(detail=answer.detail)

    async def list_payment_methods(self, customer_reference: str) -> tuple[PaymentMethod, ...] | NotFound | Unavailable:
        """List a customer's stored test cards."""
        query = {"customer": customer_reference}
        answer = await self._call("GET", "/payment-methods", wire.PaymentMethodList, query=query)
        match answer:
            case wire.PaymentMethodList():
                return tuple(payment_method_of(item) for item in answer.items)
            case wire.Problem(code="no_such_customer"):
                return NotFound()
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return Unavailable(detail=answer.detail)

    async def detach_payment_method(self, payment_method_reference: str) -> Detached | NotFound | Unavailable:
        """Make a stored test card unusable."""
        if not _REFERENCE.fullmatch(payment_method_reference):
            return NotFound()
        path = f"/payment-methods/{payment_method_reference}"
        answer = await self._call("DELETE", path, wire.PaymentMethod)
        match answer:
            case wire.PaymentMethod():
                return Detached()
            case wire.Problem(code="no_such_payment_method"):
                return NotFound()
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return Unavailable(detail=answer.detail)

    def verify_webhook(self, headers: Mapping[str, str], raw_body: bytes) -> tuple[WebhookEvent, ...] | WebhookRejected:
        """Prove that the message comes from the simulator, not more than five minutes ago, and translate it."""
        if self._webhook_secret is None:
            return WebhookRejected(reason="no webhook secret is set")
        if len(raw_body) > WEBHOOK_BYTES_MAX:
            return WebhookRejected(reason=f"the body is longer than {WEBHOOK_BYTES_MAX} bytes")
        complaint = signature_complaint(self._webhook_secret, headers=headers, raw_body=raw_body)
        if complaint is not None:
            return WebhookRejected(reason=complaint)
        try:
            return (event_of(msgspec.json.decode(raw_body, type=wire.Event)),)
        except (msgspec.DecodeError, ValueError):
            return WebhookRejected(reason="the body is not an event")

    async def list_since(self, cursor: str | None) -> EventPage | Unavailable:
        """List events noted after `cursor`."""
        query = {"after": cursor or "0", "limit": str(EVENTS_PER_PAGE)}
        answer = await self._call("GET", "/events", wire.EventList, query=query)
        match answer:
            case wire.EventList():
                try:
                    events = tuple(event_of(item) for item in answer.items)
                except ValueError:
                    return Unavailable(detail="the list of events can't be read")
                return EventPage(events=events, next_cursor=answer.next_cursor, has_more=answer.has_more)
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown():
                return Unavailable(detail=answer.detail)

    async def find_dispute(self, charge_reference: str) -> Dispute | NotFound | Unavailable:
        """Tell of the dispute of a charge."""
        if not _REFERENCE.fullmatch(charge_reference):
            return NotFound()
        answer = await self._call("GET", f"/charges/{charge_reference}/dispute", wire.DisputeAnswer)
        match answer:
            case wire.DisputeAnswer():
                return dispute_of(answer)
            case wire.Problem(status=404):
                return NotFound()
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown(detail=detail):
                return Unavailable(detail=detail)

    async def list_payouts(self, cursor: str | None) -> PayoutPage | Unavailable:
        """List what the simulated gateway has sent to the operator's bank, day by day."""
        query = {"after": cursor or "0", "limit": str(EVENTS_PER_PAGE)}
        answer = await self._call("GET", "/payouts", wire.PayoutList, query=query)
        match answer:
            case wire.PayoutList():
                return PayoutPage(
                    payouts=tuple(payout_of(each) for each in answer.items),
                    next_cursor=answer.next_cursor,
                    has_more=answer.has_more,
                )
            case wire.Problem():
                raise GatewayMisuseError(sentence_of(answer))
            case Unknown(detail=detail):
                return Unavailable(detail=detail)

    async def diagnose(self) -> tuple[Finding, ...]:
        """Say whether the simulated gateway answers, and whether its webhooks can be verified."""
        found = await self.lookup("diagnosis")
        answers = (
            Finding(check="answers", well=False, detail=f"start the simulated gateway: {found.detail}")
            if isinstance(found, Unknown)
            else Finding(check="answers", well=True, detail="the simulated gateway answers; no real money moves there")
        )
        secret = Finding(
            check="webhook_secret",
            well=self._webhook_secret is not None,
            detail="webhooks are verified with the secret that is set"
            if self._webhook_secret is not None
            else "set webhook_secret, or its webhooks are refused and payments are found out by asking alone",
        )
        return (answers, secret)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _call(
        self,
        method: str,
        path: str,
        answer_type: type[A],
        *,
        body: Mapping[str, object] | None = None,
        key: str | None = None,
        query: Mapping[str, str] | None = None,
    ) -> A | wire.Problem | Unknown:
        """Send one request, once, and read its answer; whatever leaves the truth open is `Unknown`."""
        headers = {} if key is None else {"idempotency-key": key}
        if body is not None:
            headers["content-type"] = "application/json"
        content = None if body is None else msgspec.json.encode(body)
        try:
            response = await self._http.request(method, path, content=content, headers=headers, params=query)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            # None of these three had a connection yet, so not one byte has reached the gateway.
            return Unknown(detail=f"no connection: {type(error).__name__}", this_call_did_nothing=True)
        except httpx.RequestError as error:
            return Unknown(detail=f"no answer: {type(error).__name__}")
        return answer_of(response, answer_type)
