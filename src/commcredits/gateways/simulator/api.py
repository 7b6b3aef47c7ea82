"""The gateway's HTTP interface for machines: one handler per path, and the faults that strike answers.

Handlers translate. What an act is stands in `charges`, `refunds` and `customers`; an act runs in one piece, so two
requests never interleave inside one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commcredits.gateways.simulator import charges, customers, events, payouts, refunds, scripts, wire
from commcredits.gateways.simulator.cards import TEST_CARDS
from commcredits.gateways.simulator.faults import Delay, Error, LoseAnswer, Operation, ReplyFault
from commcredits.gateways.simulator.intake import header_key, query_key, query_page, read_json
from commcredits.gateways.simulator.store import Books
from commcredits.gateways.simulator.wire import Problem

HANG_SECONDS_MAX: Final = 600
_MILLISECONDS: Final = 1_000

B = TypeVar("B", bound=msgspec.Struct)
Act = Callable[[], msgspec.Struct | Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """The handlers; browsers reach the hosted pages at `base_url`, `drop_connection` cuts off who sent a request."""

    books: Books
    clock: Callable[[], datetime]
    base_url: str
    woken: asyncio.Event
    drop_connection: Callable[[Request], None]

    def routes(self) -> list[Route]:
        """List the paths."""
        return [
            Route("/health", self.health),
            Route("/cards", self.list_cards),
            Route("/customers", self.create_customer, methods=["POST"]),
            Route("/payment-methods", self.attach_payment_method, methods=["POST"]),
            Route("/payment-methods", self.list_payment_methods),
            Route("/payment-methods/{reference}", self.describe_payment_method),
            Route("/payment-methods/{reference}", self.detach_payment_method, methods=["DELETE"]),
            Route("/setups", self.begin_setup, methods=["POST"]),
            Route("/charges", self.charge, methods=["POST"]),
            Route("/charges", self.list_charges),
            Route("/charges/lookup", self.look_up_charge),
            Route("/charges/cancel", self.cancel_charge, methods=["POST"]),
            Route("/charges/resume", self.resume_charge, methods=["POST"]),
            Route("/charges/{reference}/dispute", self.dispute_charge, methods=["POST"]),
            Route("/charges/{reference}/dispute", self.find_dispute),
            Route("/payouts", self.list_payouts),
            Route("/refunds", self.refund, methods=["POST"]),
            Route("/refunds/lookup", self.look_up_refund),
            Route("/totals", self.total_charges),
            Route("/events", self.list_events),
            Route("/script", self.add_to_script, methods=["POST"]),
            Route("/script", self.list_script),
            Route("/script", self.clear_script, methods=["DELETE"]),
        ]

    async def health(self, _request: Request) -> Response:
        """Answer, which is all that is asked."""
        return json_answer({"status": "ok"})

    async def list_cards(self, _request: Request) -> Response:
        """List the test cards and what each does."""
        return json_answer({"items": [{"card": card.name, "does": card.does} for card in TEST_CARDS.values()]})

    async def create_customer(self, request: Request) -> Response:
        """Make a customer."""
        keyed = await _read_keyed(request, wire.CustomerBody)
        if isinstance(keyed, Problem):
            return problem_answer(keyed)
        key, body = keyed
        return self._done(customers.create_customer(self.books, idempotency_key=key, body=body, now=self.clock()))

    async def list_payment_methods(self, request: Request) -> Response:
        """List the stored cards of the customer in ?customer=."""
        return self._done(customers.list_payment_methods(self.books, request.query_params.get("customer", "")))

    async def attach_payment_method(self, request: Request) -> Response:
        """Store a test card without the hosted page."""
        body = await read_json(request, wire.PaymentMethodBody)
        if isinstance(body, Problem):
            return problem_answer(body)
        return self._done(customers.attach_payment_method(self.books, body=body, now=self.clock()))

    async def describe_payment_method(self, request: Request) -> Response:
        """Give a stored card."""
        return self._done(customers.describe_payment_method(self.books, request.path_params["reference"]))

    async def detach_payment_method(self, request: Request) -> Response:
        """Make a stored card unusable."""
        reference = request.path_params["reference"]
        return self._done(customers.detach_payment_method(self.books, reference=reference, now=self.clock()))

    async def begin_setup(self, request: Request) -> Response:
        """Open the hosted page for a new card."""
        keyed = await _read_keyed(request, wire.SetupBody)
        if isinstance(keyed, Problem):
            return problem_answer(keyed)
        key, body = keyed
        return self._done(customers.begin_setup(self.books, idempotency_key=key, body=body))

    async def charge(self, request: Request) -> Response:
        """Take money."""
        keyed = await _read_keyed(request, wire.ChargeBody)
        if isinstance(keyed, Problem):
            return problem_answer(keyed)
        key, body = keyed
        fault = charges.reply_fault_of_charge(self.books, idempotency_key=key, body=body)

        def act() -> wire.ChargeAnswer | Problem:
            return charges.charge(self.books, idempotency_key=key, body=body, now=self.clock())

        return await self._struck(request, fault, act)

    async def list_charges(self, request: Request) -> Response:
        """List the gateway's own books."""
        page = query_page(request)
        if isinstance(page, Problem):
            return problem_answer(page)
        after, limit = page
        return self._done(charges.list_charges(self.books, after=after, limit=limit, now=self.clock()))

    async def look_up_charge(self, request: Request) -> Response:
        """Tell what became of a charge's key."""
        key = query_key(request)
        if isinstance(key, Problem):
            return problem_answer(key)

        def act() -> wire.ChargeAnswer | Problem:
            return charges.look_up_charge(self.books, idempotency_key=key, now=self.clock())

        return await self._struck(request, self._scripted("lookup"), act)

    async def cancel_charge(self, request: Request) -> Response:
        """Close a charge's key."""
        body = await read_json(request, wire.CancelBody)
        if isinstance(body, Problem):
            return problem_answer(body)
        key = body.idempotency_key

        def act() -> wire.ChargeAnswer:
            return charges.cancel_charge(self.books, idempotency_key=key, now=self.clock())

        return await self._struck(request, self._scripted("cancel"), act)

    async def resume_charge(self, request: Request) -> Response:
        """Let a charge's page lead back to another address."""
        body = await read_json(request, wire.ResumeBody)
        if isinstance(body, Problem):
            return problem_answer(body)
        key, return_url = body.idempotency_key, body.return_url

        def act() -> wire.ChargeAnswer | Problem:
            return charges.resume_charge(self.books, idempotency_key=key, return_url=return_url, now=self.clock())

        return await self._struck(request, self._scripted("lookup"), act)

    async def dispute_charge(self, request: Request) -> Response:
        """Play the payer's bank."""
        body = await read_json(request, wire.DisputeBody)
        if isinstance(body, Problem):
            return problem_answer(body)
        reference = request.path_params["reference"]
        return self._done(charges.dispute_charge(self.books, reference=reference, state=body.state, now=self.clock()))

    async def find_dispute(self, request: Request) -> Response:
        """Tell of a charge's dispute."""
        return self._done(payouts.find_dispute(self.books, charge_reference=request.path_params["reference"]))

    async def list_payouts(self, request: Request) -> Response:
        """List what was sent to the merchant's bank."""
        page = query_page(request)
        if isinstance(page, Problem):
            return problem_answer(page)
        after, _limit = page
        return self._done(payouts.list_payouts(self.books, after=after, now=self.clock()))

    async def refund(self, request: Request) -> Response:
        """Give money back."""
        keyed = await _read_keyed(request, wire.RefundBody)
        if isinstance(keyed, Problem):
            return problem_answer(keyed)
        key, body = keyed

        def act() -> wire.RefundAnswer | Problem:
            return refunds.refund(self.books, idempotency_key=key, body=body, now=self.clock())

        return await self._struck(request, self._scripted("refund"), act)

    async def look_up_refund(self, request: Request) -> Response:
        """Tell what became of a refund's key."""
        key = query_key(request)
        if isinstance(key, Problem):
            return problem_answer(key)

        def act() -> wire.RefundAnswer | Problem:
            return refunds.look_up_refund(self.books, idempotency_key=key)

        return await self._struck(request, self._scripted("lookup"), act)

    async def total_charges(self, _request: Request) -> Response:
        """Sum up what was taken and given back."""
        return self._done(charges.total_charges(self.books, now=self.clock()))

    async def list_events(self, request: Request) -> Response:
        """List what happened."""
        page = query_page(request)
        if isinstance(page, Problem):
            return problem_answer(page)
        after, limit = page
        charges.settle_due(self.books, now=self.clock())
        return self._done(events.list_events(self.books, after=after, limit=limit))

    async def add_to_script(self, request: Request) -> Response:
        """Queue a fault."""
        body = await read_json(request, wire.ScriptBody)
        if isinstance(body, Problem):
            return problem_answer(body)
        return self._done(scripts.add_to_script(self.books.store, body))

    async def list_script(self, _request: Request) -> Response:
        """List the queued faults."""
        return json_answer({"items": scripts.list_script(self.books.store)})

    async def clear_script(self, _request: Request) -> Response:
        """Forget the queued faults."""
        scripts.clear_script(self.books.store)
        return Response(status_code=204)

    def _scripted(self, operation: Operation) -> ReplyFault | None:
        with self.books.store.transaction():
            return scripts.take_from_script(
                self.books.store, operation=operation, payment_method=None, kinds=charges.REPLY_FAULTS
            )

    async def _struck(self, request: Request, fault: ReplyFault | None, act: Act) -> Response:
        """Act, and answer as the fault has it. An act that was begun is done, even if the caller has gone."""
        match fault:
            case None:
                return self._done(act())
            case Delay(before_acting=True):
                await asyncio.sleep(fault.milliseconds / _MILLISECONDS)
                return self._done(act())
            case Delay():
                response = self._done(act())
                await asyncio.sleep(fault.milliseconds / _MILLISECONDS)
                return response
            case LoseAnswer():
                if not fault.before_acting:
                    self._done(act())
                return await self._lose(request, fault)
            case Error():
                if fault.after_acting and fault.status != 429:  # noqa: PLR2004 -- 429 promises that nothing was done
                    self._done(act())
                return problem_answer(
                    Problem(status=fault.status, code="scripted_error", message="the script asked for this error")
                )

    async def _lose(self, request: Request, fault: LoseAnswer) -> Response:
        try:
            async with asyncio.timeout(0 if fault.manner == "drop" else HANG_SECONDS_MAX):
                while (await request.receive())["type"] != "http.disconnect":
                    pass
        except TimeoutError:
            self.drop_connection(request)
        return Response(status_code=500)  # Nobody is left to read this; the server only wants something to discard.

    def _done(self, answer: msgspec.Struct | Problem) -> Response:
        self.woken.set()
        if isinstance(answer, Problem):
            return problem_answer(answer)
        if isinstance(answer, wire.ChargeAnswer) and answer.action_url is not None:
            return json_answer(msgspec.structs.replace(answer, action_url=self.base_url + answer.action_url))
        if isinstance(answer, wire.Setup):
            return json_answer(msgspec.structs.replace(answer, hosted_url=self.base_url + answer.hosted_url))
        return json_answer(answer)


def json_answer(content: object, status: int = 200) -> Response:
    """Make a JSON answer that nobody may store."""
    return Response(
        msgspec.json.encode(content),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store"},
    )


def problem_answer(problem: Problem) -> Response:
    """Say why a request was not carried out."""
    return json_answer(problem, status=problem.status)


async def _read_keyed(request: Request, body_type: type[B]) -> tuple[str, B] | Problem:
    key = header_key(request)
    if isinstance(key, Problem):
        return key
    body = await read_json(request, body_type)
    return body if isinstance(body, Problem) else (key, body)
