"""The books of a stand-in for Stripe: objects of the documented shapes, and what each request does to them.

Written from Stripe's API reference for 2026-10-28.endive. Knows no HTTP and no idempotency. It holds only what the
gateway uses; cards are known by what they do, never by a number.
"""

import itertools
import re
import time
from dataclasses import dataclass, field
from typing import Any

Thing = dict[str, Any]
Params = dict[str, str]

PROCESSING_SECONDS = 0.3
FEE_FIXED_MINOR = 25
SEARCH = re.compile(r"metadata\['(\w+)'\]:'([^']*)'")


@dataclass(frozen=True, slots=True)
class ApiError(Exception):
    """An error as Stripe answers it; `stored` says that the request was executed, so its key remembers the error."""

    status: int
    error: Thing
    stored: bool = False


def invalid(code: str, message: str = "No.", *, status: int = 400, param: str = "", stored: bool = False) -> ApiError:
    """A request that Stripe refuses."""
    return ApiError(status, {"type": "invalid_request_error", "code": code, "message": message, "param": param}, stored)


@dataclass(slots=True)
class Books:
    """Everything that the stand-in knows."""

    intents: dict[str, Thing] = field(default_factory=dict)
    charges: dict[str, Thing] = field(default_factory=dict)
    refunds: dict[str, Thing] = field(default_factory=dict)
    customers: dict[str, Thing] = field(default_factory=dict)
    methods: dict[str, Thing] = field(default_factory=dict)
    disputes: dict[str, Thing] = field(default_factory=dict)
    payouts: dict[str, Thing] = field(default_factory=dict)
    events: dict[str, Thing] = field(default_factory=dict)
    endpoints: dict[str, Thing] = field(default_factory=dict)
    behaviours: dict[str, str] = field(default_factory=dict)
    settle_at: dict[str, float] = field(default_factory=dict)
    account: Thing = field(
        default_factory=lambda: {
            "object": "account",
            "charges_enabled": True,
            "country": "RO",
            "default_currency": "ron",
        }
    )
    index: set[str] = field(default_factory=set)
    search_lags: bool = False
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def new_id(self, prefix: str) -> str:
        """An id that sorts by the order of making, which Stripe's do not and lists do not need."""
        return f"{prefix}_{next(self.numbers):08d}abc"

    def catch_up(self) -> None:
        """Let the search know everything."""
        self.index = {*self.intents, *self.customers}

    def tell(self, event_type: str, about: Thing) -> None:
        """Note an event with the object as it is now."""
        event_id = self.new_id("evt")
        self.events[event_id] = {
            "id": event_id,
            "object": "event",
            "type": event_type,
            "created": int(time.time()),
            "data": {"object": self.shown(about, [])},
        }

    def shown(self, thing: Thing, expand: list[str]) -> Thing:
        """An object as it is answered: what was not asked to be expanded is an id."""
        thing = dict(thing)
        if thing.get("object") == "payment_intent" and thing["latest_charge"] and expand:
            thing["latest_charge"] = self.charges[thing["latest_charge"]]
        return thing

    # Payment methods and customers.

    def make_customer(self, params: Params) -> Thing:
        """POST /v1/customers."""
        customer: Thing = {"id": self.new_id("cus"), "object": "customer", "name": params.get("name", "")}
        customer["metadata"] = nested(params, "metadata")
        self.customers[customer["id"]] = customer
        if not self.search_lags:
            self.index.add(customer["id"])
        return customer

    def attach(self, customer: str, behaviour: str, kind: str = "card") -> str:
        """What Stripe's hosted page does in life: store a card that behaves in some way."""
        method: Thing = {"id": self.new_id("pm"), "object": "payment_method", "type": kind, "customer": customer}
        method["created"] = int(time.time())
        if kind == "card":
            method["card"] = {"brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2031, "country": "RO"}
            method["card"]["fingerprint"] = f"fp-{behaviour}"
        else:
            method[kind] = {"last4": "3000", "country": "DE", "fingerprint": f"fp-{behaviour}"}
        self.methods[method["id"]] = method
        self.behaviours[method["id"]] = behaviour
        self.tell("payment_method.attached", method)
        return str(method["id"])

    def detach(self, reference: str) -> Thing:
        """POST /v1/payment_methods/{id}/detach."""
        method = found(self.methods, reference)
        if method["customer"] is None:
            raise invalid("", "The payment method is not attached to a customer.")
        method["customer"] = None
        self.tell("payment_method.detached", method)
        return method

    # PaymentIntents.

    def make_intent(self, params: Params) -> Thing:
        """POST /v1/payment_intents."""
        if any(name.startswith("payment_method_types") for name in params):
            raise invalid("payment_method_types_no_longer_supported")
        if int(params["amount"]) < 50:
            raise invalid("amount_too_small", param="amount")
        if params["currency"] in {"irr", "kpw"}:
            raise invalid("", f"Invalid currency: {params['currency']}", param="currency", stored=True)
        if "payment_method" in params:
            found(self.methods, params["payment_method"])
        intent: Thing = {
            "id": self.new_id("pi"),
            "object": "payment_intent",
            "amount": int(params["amount"]),
            "currency": params["currency"],
            "created": int(time.time()),
            "customer": params.get("customer"),
            "payment_method": params.get("payment_method"),
            "status": "requires_confirmation" if "payment_method" in params else "requires_payment_method",
            "metadata": nested(params, "metadata"),
            "description": params.get("description"),
            "latest_charge": None,
            "last_payment_error": None,
            "next_action": None,
        }
        self.intents[intent["id"]] = intent
        if not self.search_lags:
            self.index.add(intent["id"])
        return intent

    def confirm(self, reference: str, params: Params) -> Thing:
        """POST /v1/payment_intents/{id}/confirm."""
        intent = found(self.intents, reference)
        method = params.get("payment_method") or intent["payment_method"]
        tryable = {"requires_confirmation", "requires_action", "requires_payment_method"}
        if intent["status"] not in tryable or method is None:
            raise self._unexpected_state(intent)
        if found(self.methods, method)["customer"] != intent["customer"]:
            raise invalid("resource_missing", param="payment_method", stored=True)
        intent["payment_method"], intent["next_action"] = method, None
        behaviour = self.behaviours[method]
        off_session = params.get("off_session") == "true"
        if behaviour == "authenticate" and off_session:
            raise self._failed(intent, "authentication_required", "authentication_required")
        if behaviour == "authenticate":
            intent["status"] = "requires_action"
            intent["next_action"] = self._next_action(intent, params.get("return_url"))
            self.tell("payment_intent.requires_action", intent)
            return intent
        if behaviour.startswith("decline:"):
            _, decline_code, *advice = behaviour.split(":")
            code = decline_code if decline_code == "expired_card" else "card_declined"
            raise self._failed(intent, code, decline_code, *advice)
        if behaviour == "processing":
            intent["status"] = "processing"
            self.settle_at[intent["id"]] = time.monotonic() + PROCESSING_SECONDS
            self.tell("payment_intent.processing", intent)
            return intent
        return self._succeed(intent)

    def authenticate(self, reference: str, *, approve: bool) -> None:
        """What the payer does on Stripe's page; too late, it does nothing."""
        intent = self.intents[reference]
        if intent["status"] != "requires_action":
            return
        intent["next_action"] = None
        if approve:
            self._succeed(intent)
            return
        intent["status"], intent["payment_method"] = "requires_payment_method", None
        intent["last_payment_error"] = {
            "type": "invalid_request_error",
            "code": "payment_intent_authentication_failure",
            "message": "The provided payment method has failed authentication.",
        }
        self.tell("payment_intent.payment_failed", intent)

    def cancel(self, reference: str) -> Thing:
        """POST /v1/payment_intents/{id}/cancel."""
        intent = found(self.intents, reference)
        if intent["status"] not in {"requires_confirmation", "requires_action", "requires_payment_method"}:
            raise self._unexpected_state(intent)
        # An update clears the error, as Stripe documents; the failed charge stays.
        intent["status"], intent["next_action"], intent["last_payment_error"] = "canceled", None, None
        self.tell("payment_intent.canceled", intent)
        return intent

    def settle(self) -> None:
        """Decide what was processing for long enough."""
        for reference, at in list(self.settle_at.items()):
            if time.monotonic() >= at:
                del self.settle_at[reference]
                self._succeed(self.intents[reference])

    def search(self, things: dict[str, Thing], query: str) -> list[Thing]:
        """GET /v1/…/search, of what the index knows."""
        clause = SEARCH.fullmatch(query)
        if clause is None:
            raise invalid("", "We were unable to parse your search query.", param="query")
        name, value = clause.groups()
        return [each for each in things.values() if each["id"] in self.index and each["metadata"].get(name) == value]

    def make_refund(self, params: Params) -> Thing:
        """POST /v1/refunds."""
        intent = found(self.intents, params["payment_intent"])
        charge = self.charges.get(intent["latest_charge"] or "")
        if charge is None or charge["status"] != "succeeded":
            raise invalid("payment_intent_unexpected_state")
        amount = int(params["amount"])
        left = charge["amount"] - charge["amount_refunded"]
        if left == 0:
            raise invalid("charge_already_refunded", stored=True)
        if amount > left:
            raise invalid("", "Refund amount is greater than unrefunded amount on charge.", param="amount", stored=True)
        charge["amount_refunded"] += amount
        refund: Thing = {
            "id": self.new_id("re"),
            "object": "refund",
            "amount": amount,
            "currency": intent["currency"],
            "status": "succeeded",
            "payment_intent": intent["id"],
            "charge": charge["id"],
            "metadata": nested(params, "metadata"),
        }
        self.refunds[refund["id"]] = refund
        self.tell("refund.created", refund)
        return refund

    def dispute(self, intent: str, status: str) -> Thing:
        """What a payer's bank does."""
        dispute: Thing = {
            "id": self.new_id("du"),
            "object": "dispute",
            "amount": self.intents[intent]["amount"],
            "currency": self.intents[intent]["currency"],
            "reason": "fraudulent",
            "status": status,
            "payment_intent": intent,
            "charge": self.intents[intent]["latest_charge"],
            "metadata": {},
        }
        self.disputes[dispute["id"]] = dispute
        self.tell("charge.dispute.created", dispute)
        return dispute

    def pay_out(self, amount: int) -> str:
        """What Stripe does each day."""
        payout: Thing = {
            "id": self.new_id("po"),
            "object": "payout",
            "amount": amount,
            "currency": "ron",
            "status": "paid",
        }
        payout["arrival_date"] = 1_785_542_400
        self.payouts[payout["id"]] = payout
        return str(payout["id"])

    def taken_minor(self, key: str) -> int:
        """What was taken under a key of the gateway's caller, over all PaymentIntents."""
        return sum(
            intent["amount"]
            for intent in self.intents.values()
            if intent["metadata"].get("commcredits_key") == key and intent["status"] == "succeeded"
        )

    def _succeed(self, intent: Thing) -> Thing:
        assert intent["status"] != "succeeded", "a PaymentIntent succeeds once"
        charge = self._charge(intent, "succeeded")
        charge["balance_transaction"] = {
            "id": self.new_id("txn"),
            "object": "balance_transaction",
            "fee": FEE_FIXED_MINOR + intent["amount"] * 15 // 1000,
            "currency": intent["currency"],
        }
        intent["status"], intent["last_payment_error"] = "succeeded", None
        self.tell("payment_intent.succeeded", intent)
        return intent

    def _charge(self, intent: Thing, status: str) -> Thing:
        charge: Thing = {"id": self.new_id("ch"), "object": "charge", "amount": intent["amount"], "amount_refunded": 0}
        charge |= {"amount_captured": intent["amount"] if status == "succeeded" else 0, "status": status}
        charge |= {"currency": intent["currency"], "balance_transaction": None}
        self.charges[charge["id"]] = charge
        intent["latest_charge"] = charge["id"]
        return charge

    def _failed(self, intent: Thing, code: str, decline_code: str, advice_code: str | None = None) -> ApiError:
        charge = self._charge(intent, "failed")
        charge |= {"failure_code": code, "failure_message": "Your card was declined."}
        charge["outcome"] = {"reason": decline_code, "advice_code": advice_code, "type": "issuer_declined"}
        error = {
            "type": "card_error",
            "code": code,
            "decline_code": decline_code,
            "advice_code": advice_code,
            "message": "Your card was declined.",
            "charge": charge["id"],
            "payment_method": self.methods[intent["payment_method"]],
        }
        intent["status"], intent["payment_method"], intent["last_payment_error"] = (
            "requires_payment_method",
            None,
            error,
        )
        self.tell("payment_intent.payment_failed", intent)
        return ApiError(402, {**error, "payment_intent": self.shown(intent, [])}, stored=True)

    def _next_action(self, intent: Thing, return_url: str | None) -> Thing:
        if return_url is None:
            return {"type": "use_stripe_sdk", "use_stripe_sdk": {}}
        url = f"https://hooks.stripe.example/3d_secure_2/{intent['id']}/{next(self.numbers)}"
        return {"type": "redirect_to_url", "redirect_to_url": {"url": url, "return_url": return_url}}

    def _unexpected_state(self, intent: Thing) -> ApiError:
        error = invalid("payment_intent_unexpected_state", f"It is {intent['status']}.", stored=True)
        return ApiError(400, {**error.error, "payment_intent": self.shown(intent, [])}, stored=True)


def found(things: dict[str, Thing], reference: str) -> Thing:
    """The object of that id, or Stripe's refusal."""
    if reference not in things:
        raise invalid("resource_missing", f"No such object: {reference}", status=404, param="id")
    return things[reference]


def nested(params: Params, name: str) -> dict[str, str]:
    """The fields of `name[…]` in a form."""
    return {key[len(name) + 1 : -1]: value for key, value in params.items() if key.startswith(f"{name}[")}
