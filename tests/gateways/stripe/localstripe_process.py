"""localstripe, a stand-in for Stripe that others wrote, in a process of its own; and the SDK's way to it.

Nothing of it is imported: it is started, spoken to over HTTP, and stopped by its id. It answers as Stripe did years
ago, so `OldStripe` carries requests to it in the words that it knows, and answers from its lists what it has no search
for. What that leaves untested here is tested against `fake_stripe`.
"""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from commcredits.gateways.stripe.transport import LostAnswerError, NotSentError, Transport
from tests.gateways.stripe.fake_books import SEARCH

SECRET_KEY = "sk_test_localstripe0000SECRET"
START_SECONDS_MAX = 30
STOP_SECONDS_MAX = 10

BOOKS = Path("/", "tmp", "localstripe.pickle")
"""Where localstripe writes its books, whatever it is told; with --from-scratch nobody reads them."""

UNKNOWN_FIELDS = ("description", "off_session", "return_url", "cancellation_reason")
"""What localstripe answers with "Unexpected …"."""


class OldStripe(Transport):
    """Our own transport, in older words, and with faults: an answer lost after Stripe has acted, an answer twice."""

    def __init__(self, api_base: str) -> None:
        super().__init__(api_base, 10.0)
        self._api_base = api_base
        self.lose_next: list[str] = []
        self.refuse_next: list[tuple[str, int]] = []
        self.sent: list[tuple[str, str, dict[str, str]]] = []

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Send a request in the words that localstripe knows."""
        parts = urlsplit(url)
        form = dict(parse_qsl(post_data or parts.query, keep_blank_values=True))
        self.sent.append((method, parts.path, form))
        where = f"{method} {parts.path}"
        for ends, status in self.refuse_next:
            if where.endswith(ends):
                self.refuse_next.remove((ends, status))
                return b'{"error": {"type": "api_error", "message": "Busy."}}', status, {}
        if parts.path.endswith("/search"):
            return await self._search(parts.path.removesuffix("/search"), form["query"], headers)
        address, content = self._in_old_words(parts.path, form, posts=method == "post")
        answer = await super().request_async(method, address, headers, content)
        for ends in self.lose_next:
            if where.endswith(ends):
                self.lose_next.remove(ends)
                raise LostAnswerError("the answer was lost on its way")
        return answer

    def _in_old_words(self, path: str, form: dict[str, str], *, posts: bool) -> tuple[str, str | None]:
        form = {name: value for name, value in form.items() if name not in UNKNOWN_FIELDS}
        renamed = {name.replace("allowed_payment_method_types", "payment_method_types"): form[name] for name in form}
        if path.startswith("/v1/customers/") and path.endswith("/payment_methods"):
            renamed |= {"customer": path.split("/")[3], "type": "card"}
            path = "/v1/payment_methods"
        if path == "/v1/payment_intents" and not posts:
            renamed = {"limit": "100"}
        encoded = urlencode(renamed)
        return (f"{self._api_base}{path}", encoded) if posts else (f"{self._api_base}{path}?{encoded}", None)

    async def _search(self, path: str, query: str, headers: Mapping[str, str]) -> tuple[bytes, int, Mapping[str, str]]:
        clause = SEARCH.fullmatch(query)
        assert clause is not None, query
        name, value = clause.groups()
        content, status, answered = await super().request_async("get", f"{self._api_base}{path}?limit=100", headers)
        found = [each for each in json.loads(content)["data"] if each["metadata"].get(name) == value]
        return json.dumps({"object": "search_result", "data": found, "has_more": False}).encode(), status, answered


class Unplugged(OldStripe):
    """A network that is not there."""

    async def request_async(self, *_: Any, **__: Any) -> tuple[bytes, int, Mapping[str, str]]:
        """Say so."""
        raise NotSentError("no connection")


@dataclass(slots=True)
class LocalStripe:
    """A running process."""

    base_url: str

    def ask(self, path: str, form: dict[str, str] | None = None) -> dict[str, Any]:
        """What the stage manager does: an ordinary request, past the gateway."""
        content = None if form is None else urlencode(form).encode()
        request = urllib.request.Request(f"{self.base_url}{path}", data=content)  # noqa: S310 - a process of our own
        request.add_header("Authorization", f"Bearer {SECRET_KEY}")
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - a process of our own
            return dict(json.loads(answer.read() or b"{}"))

    def store_card(self, number: str) -> str:
        """A stored card of a new customer; the numbers are those of Stripe's page about testing."""
        customer = self.ask("/v1/customers", {"name": "Țepeș SRL"})["id"]
        card = {"number": number, "exp_month": "12", "exp_year": "2031", "cvc": "123"}
        form = {"type": "card", **{f"card[{name}]": value for name, value in card.items()}}
        method = str(self.ask("/v1/payment_methods", form)["id"])
        self.ask(f"/v1/payment_methods/{method}/attach", {"customer": customer})
        return method

    def authenticate(self, intent: str, *, approve: bool) -> None:
        """What the payer does in the browser."""
        secret = self.ask(f"/v1/payment_intents/{intent}")["client_secret"]
        form = {"client_secret": secret, "success": str(approve).lower()}
        self.ask(f"/v1/payment_intents/{intent}/_authenticate", form)

    def send_webhooks_to(self, url: str, secret: str) -> None:
        """What an operator sets up in Stripe's dashboard."""
        self.ask("/_config/webhooks/ours", {"url": url, "secret": secret})

    def intents_of(self, key: str) -> list[dict[str, Any]]:
        """Its own books."""
        listed = self.ask("/v1/payment_intents?limit=100")["data"]
        return [each for each in listed if each["metadata"].get("commcredits_key") == key]


@contextmanager
def local_stripe() -> Iterator[LocalStripe]:
    """Run localstripe with empty books on a free port."""
    with socket.socket(socket.AF_INET6) as free:
        free.bind(("::1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "localstripe", "--from-scratch", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    running = LocalStripe(f"http://127.0.0.1:{port}")
    try:
        _wait_until_it_answers(running, process)
        yield running
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)
        BOOKS.unlink(missing_ok=True)


def _wait_until_it_answers(running: LocalStripe, process: "subprocess.Popen[bytes]") -> None:
    give_up_at = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            running.ask("/v1/customers?limit=1")
        except OSError:
            assert process.poll() is None, "localstripe ended by itself"
            assert time.monotonic() < give_up_at, "localstripe does not answer"
            time.sleep(0.05)
        else:
            return
