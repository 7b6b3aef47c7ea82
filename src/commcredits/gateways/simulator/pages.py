"""The hosted pages: where a card's holder approves a charge, and where a customer adds a card.

Whoever knows a page's address may act on it; the address is the secret. No script, no outside resource, and no
redirect to the merchant: browsers refuse to follow a form's redirect to an origin that the page does not name.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qs

import jinja2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from commcredits.gateways.minor_units import UnknownCurrency, minor_unit_rule
from commcredits.gateways.simulator import charges, customers
from commcredits.gateways.simulator.cards import BRAND, TEST_CARDS
from commcredits.gateways.simulator.intake import read_bytes
from commcredits.gateways.simulator.store import Books
from commcredits.gateways.simulator.wire import Problem
from commcredits.gateways.simulator.words import WORDS, language_of

FORM_FIELDS_MAX: Final = 10

_TEMPLATES: Final = Path(__file__).parent / "templates"
_HEADERS: Final = {
    "cache-control": "no-store",
    "content-security-policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def page_templates() -> jinja2.Environment:
    """Open the pages' templates; every value in them is escaped."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """The handlers of the hosted pages."""

    books: Books
    clock: Callable[[], datetime]
    woken: Callable[[], None]
    templates: jinja2.Environment

    def routes(self) -> list[Route]:
        """List the paths."""
        return [
            Route("/style.css", self.style),
            Route("/authenticate/{page_token}", self.show_charge),
            Route("/authenticate/{page_token}", self.decide_charge, methods=["POST"]),
            Route("/setup/{page_token}", self.show_setup),
            Route("/setup/{page_token}", self.finish_setup, methods=["POST"]),
        ]

    async def style(self, _request: Request) -> Response:
        """Give the pages' style sheet."""
        return Response((_TEMPLATES / "style.css").read_text("utf-8"), media_type="text/css")

    async def show_charge(self, request: Request) -> Response:
        """Ask the card's holder, or say what was decided."""
        return self._charge_page(request)

    async def decide_charge(self, request: Request) -> Response:
        """Take the holder's decision."""
        form = await _read_form(request)
        decision = form.get("decision", "")
        if decision in ("approve", "refuse"):
            chosen: Literal["approve", "refuse"] = "approve" if decision == "approve" else "refuse"
            page_token = request.path_params["page_token"]
            charges.authenticate_charge(self.books, page_token=page_token, decision=chosen, now=self.clock())
            self.woken()
        return self._charge_page(request)

    async def show_setup(self, request: Request) -> Response:
        """Let the customer choose a card, or say that one was chosen."""
        return self._setup_page(request, complaint=None)

    async def finish_setup(self, request: Request) -> Response:
        """Store the chosen card."""
        form = await _read_form(request)
        result = customers.finish_setup(
            self.books,
            page_token=request.path_params["page_token"],
            card_name=form.get("card", ""),
            now=self.clock(),
        )
        self.woken()
        missing = isinstance(result, Problem) and result.code == "unknown_test_card"
        return self._setup_page(request, complaint="setup_missing" if missing else None)

    def _charge_page(self, request: Request) -> Response:
        charges.settle_due(self.books, now=self.clock())
        row = self.books.store.find("find_charge_by_page_token", page_token=request.path_params["page_token"])
        if row is None:
            return self._page(request, "not_found.html", status=404)
        method = self.books.store.find("find_payment_method", reference=row["payment_method_reference"])
        assert method is not None, "a charge names a stored card"
        return self._page(
            request,
            "charge.html",
            charge=row,
            amount=_amount(row["amount_minor"], row["currency"], _language(request)),
            card=f"{BRAND} •••• {method['last4']}",
        )

    def _setup_page(self, request: Request, *, complaint: str | None) -> Response:
        row = self.books.store.find("find_setup_by_page_token", page_token=request.path_params["page_token"])
        if row is None:
            return self._page(request, "not_found.html", status=404)
        return self._page(
            request,
            "setup.html",
            status=200 if complaint is None else 422,
            setup=row,
            cards=list(TEST_CARDS.values()),
            complaint=complaint,
        )

    def _page(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        language = _language(request)
        html = self.templates.get_template(template).render(
            language=language, words=WORDS[language], languages=tuple(WORDS), path=request.url.path, **values
        )
        return Response(html, status_code=status, media_type="text/html", headers=_HEADERS)


def _language(request: Request) -> str:
    return language_of(request.query_params.get("lang"))


def _amount(amount_minor: int, currency: str, language: str) -> str:
    rule = minor_unit_rule(currency)
    assert not isinstance(rule, UnknownCurrency), "a stored charge has a currency with minor units"
    # The digits are ISO 4217's, whatever the language: what is shown must be what is charged.
    english = f"{Decimal(amount_minor).scaleb(-rule.digits):,.{rule.digits}f}"
    separators = str.maketrans({",": WORDS[language]["thousands"], ".": WORDS[language]["point"]})
    return f"{english.translate(separators)}\N{NO-BREAK SPACE}{currency}"


async def _read_form(request: Request) -> dict[str, str]:
    raw = await read_bytes(request)
    if isinstance(raw, Problem):
        return {}
    try:
        fields = parse_qs(raw.decode("utf-8", "replace"), max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
