"""A stand-in for Stripe over real HTTP, on loopback, in a thread: idempotency as Stripe documents it, and faults.

* A key that was executed answers again what it answered, with `Idempotent-Replayed`, also an error or a 500.
* A key with other parameters is a 400 `idempotency_error`; a key that is being executed right now is a 409.
* What fails validation is not remembered. `forget_keys` is the day after.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.gateways.stripe.fake_books import ApiError, Books, Params, Thing, found, invalid

SECRET_KEY = "sk_test_fakestripe0000000000SECRET"
ACT_SECONDS = 0.01
"""How long a request is being executed, so that requests with the same key meet."""


@dataclass(slots=True)
class Fault:
    """What goes wrong with the next requests whose "METHOD path" ends so: no answer, or this status."""

    ends: str
    status: int = 0
    after_acting: bool = True
    times: int = 1
    error: Thing = field(default_factory=lambda: {"type": "api_error", "message": "Something went wrong."})


@dataclass(slots=True)
class Request:
    """What came."""

    method: str
    path: str
    params: Params
    headers: dict[str, str]


@dataclass(slots=True)
class FakeStripe:
    """The server and its controls; the lock is held by whoever reads or writes the books."""

    books: Books = field(default_factory=Books)
    lock: threading.RLock = field(default_factory=threading.RLock)
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    remembered: dict[str, tuple[str, int, Thing]] = field(default_factory=dict)
    under_way: set[str] = field(default_factory=set)
    skew_seconds: int = 0
    base_url: str = ""

    def forget_keys(self) -> None:
        """Let a day pass for the idempotency keys, and an hour for the search."""
        self.remembered.clear()
        self.books.catch_up()

    def store_card(self, behaviour: str = "ok", kind: str = "card") -> str:
        """A payment method of a new customer."""
        with self.lock:
            return self.books.attach(self.books.make_customer({})["id"], behaviour, kind)

    def calls(self, ends: str) -> list[Request]:
        """The requests whose "METHOD path" ends so."""
        return [each for each in self.requests if f"{each.method} {each.path}".endswith(ends)]

    def answer(self, request: Request) -> tuple[int, Thing, bool] | None:
        """Answer one request: status, body and whether it is repeated; None to break the connection."""
        with self.lock:
            self.requests.append(request)
            fault = next((each for each in self.faults if f"{request.method} {request.path}".endswith(each.ends)), None)
            if fault is not None:
                fault.times -= 1
                if fault.times == 0:
                    self.faults.remove(fault)
        if request.headers.get("authorization") != f"Bearer {SECRET_KEY}":
            error = {"type": "invalid_request_error", "message": "Invalid API Key provided: sk_test_****CRET"}
            return 401, {"error": error}, False
        if fault is not None and not fault.after_acting:
            return (fault.status, {"error": fault.error}, False) if fault.status else None
        answered = self._once(request) if request.method == "POST" else (*self._act(request)[:2], False)
        if fault is not None:
            return (fault.status, {"error": fault.error}, False) if fault.status else None
        return answered

    def _once(self, request: Request) -> tuple[int, Thing, bool]:
        key = request.headers.get("idempotency-key", "")
        content = json.dumps([request.path, sorted(request.params.items())])
        with self.lock:
            if key in self.under_way:
                error = {"type": "idempotency_error", "code": "idempotency_key_in_use", "message": "In use."}
                return 409, {"error": error}, False
            if key in self.remembered:
                known, status, body = self.remembered[key]
                if known != content:
                    message = "Keys for idempotent requests can only be used with the same parameters."
                    return 400, {"error": {"type": "idempotency_error", "message": message}}, False
                return status, body, True
            self.under_way.add(key)
        time.sleep(ACT_SECONDS)
        with self.lock:
            status, body, stored = self._act(request)
            self.under_way.discard(key)
            if stored:
                self.remembered[key] = (content, status, json.loads(json.dumps(body)))
            return status, body, False

    def _act(self, request: Request) -> tuple[int, Thing, bool]:
        with self.lock:
            try:
                self.books.settle()
                return 200, json.loads(json.dumps(self._route(request))), True
            except ApiError as error:
                return error.status, {"error": error.error}, error.stored

    def _route(self, request: Request) -> Thing:
        books, params = self.books, request.params
        expand = [value for name, value in params.items() if name.startswith("expand")]
        match (request.method, *request.path.removeprefix("/v1/").split("/")):
            case ("POST", *rest):
                return self._change(rest, params, expand)
            case ("GET", "payment_intents" | "customers" as kind, "search"):
                things = books.intents if kind == "payment_intents" else books.customers
                return {"object": "search_result", "data": books.search(things, params["query"]), "has_more": False}
            case ("GET", "payment_intents", reference):
                return books.shown(found(books.intents, reference), expand)
            case ("GET", "payment_methods", reference):
                return found(books.methods, reference)
            case ("GET", "balance"):
                return {"object": "balance", "livemode": False, "available": []}
            case ("GET", "account"):
                return books.account
            case ("GET", *rest):
                return self._list(rest, params)
        raise invalid("", f"Unrecognized request URL {request.path}", status=404)

    def _change(self, path: list[str], params: Params, expand: list[str]) -> Thing:
        books = self.books
        match path:
            case ["payment_intents"]:
                return books.shown(books.make_intent(params), expand)
            case ["payment_intents", reference, "confirm"]:
                return books.shown(books.confirm(reference, params), expand)
            case ["payment_intents", reference, "cancel"]:
                return books.shown(books.cancel(reference), expand)
            case ["refunds"]:
                return books.make_refund(params)
            case ["customers"]:
                return books.make_customer(params)
            case ["payment_methods", reference, "detach"]:
                return books.detach(reference)
            case ["checkout", "sessions"]:
                found(books.customers, params["customer"])
                session = books.new_id("cs_test")
                return {
                    "id": session,
                    "object": "checkout.session",
                    "url": f"https://checkout.stripe.example/{session}",
                }
        raise invalid("", f"Unrecognized request URL {'/'.join(path)}", status=404)

    def _list(self, path: list[str], params: Params) -> Thing:
        books = self.books
        lists = {
            "payment_intents": books.intents,
            "refunds": books.refunds,
            "disputes": books.disputes,
            "payouts": books.payouts,
            "webhook_endpoints": books.endpoints,
        }
        match path:
            case ["customers", reference, "payment_methods"]:
                found(books.customers, reference)
                return page(books.methods, params, lambda each: bool(each["customer"] == reference))
            case ["events"]:
                types = {value for name, value in params.items() if name.startswith("types")}
                return page(books.events, params, lambda each: each["type"] in types)
            case [kind] if kind in lists:
                intent = params.get("payment_intent")
                return page(lists[kind], params, lambda each: intent in {None, each.get("payment_intent")})
        raise invalid("", f"Unrecognized request URL {'/'.join(path)}", status=404)


def page(things: dict[str, Thing], params: Params, wanted: Callable[[Thing], bool]) -> Thing:
    """A page of a list: the newest first, the one before or after an object when asked."""
    newest_first = [each for each in reversed(things.values()) if wanted(each)]
    ids = [each["id"] for each in newest_first]
    limit = int(params.get("limit", 10))
    for cursor in (params.get("starting_after"), params.get("ending_before")):
        if cursor is not None and cursor not in ids:
            raise invalid("resource_missing", param="starting_after")
    start, end = 0, limit
    if "starting_after" in params:
        start = ids.index(params["starting_after"]) + 1
        end = start + limit
    more = len(newest_first) > end
    if "ending_before" in params:
        end = ids.index(params["ending_before"])
        start = max(0, end - limit)
        more = start > 0
    return {"object": "list", "data": newest_first[start:end], "has_more": more, "url": "/v1"}


@contextmanager
def fake_stripe() -> Iterator[FakeStripe]:
    """Run a stand-in of its own on a free port."""
    stripe = FakeStripe()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            length = int(self.headers.get("content-length") or 0)
            form = self.rfile.read(length).decode() if length else parts.query
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = Request(self.command, parts.path, dict(parse_qsl(form, keep_blank_values=True)), headers)
            answered = stripe.answer(request)
            if answered is None:
                self.close_connection = True
                return
            status, body, repeated = answered
            self._send(status, body, headers, repeated=repeated)

        def _send(self, status: int, body: Thing, headers: dict[str, str], *, repeated: bool) -> None:
            content = json.dumps(body).encode()
            self.send_response_only(status)
            self.send_header("Date", self.date_time_string(int(time.time()) + stripe.skew_seconds))
            self.send_header("Request-Id", f"req_{len(stripe.requests)}")
            self.send_header("Stripe-Version", headers.get("stripe-version", ""))
            if repeated:
                self.send_header("Idempotent-Replayed", "true")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the library looks for these names

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    stripe.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield stripe
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
